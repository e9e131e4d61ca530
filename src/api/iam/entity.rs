//! A user, a group or a role by its ARN, with the policies that count for it.

use super::{
    exclusions::Origin,
    target::{Target, no_such},
};
use crate::{
    api::query::Scene,
    base::{Arn, Fault, condition::Value},
    policy::simulate::Facts,
    store::{Identity, IdentityKind, Page, StoreError, UnitOfWork},
};

/// The user, group or role that an ARN names, which may not exist.
pub(super) struct Entity {
    target: Target,
    arn: String,
}

/// A policy that counts for an entity.
pub(super) struct Attached {
    /// The simulator's name of it.
    pub(super) source: String,
    /// Where it is.
    pub(super) origin: Origin,
    /// The document in force.
    pub(super) document: Box<str>,
}

impl Entity {
    /// Looks it up. `InvalidInput` for what is no ARN of a user, group or role, or one of another account.
    pub(super) fn of(scene: &Scene<'_>, text: &str) -> Result<Self, Fault> {
        let arn = Arn::parse(text).filter(|arn| arn.service() == "iam").ok_or_else(|| unclear(text))?;
        let (kind, path) = arn.resource().split_once('/').ok_or_else(|| unclear(text))?;
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).ok_or_else(|| unclear(text))?;
        let account = scene.account();
        if arn.account() != account.as_str() {
            let owner = arn.account();
            let message = format!(
                "Invalid Policy Source Arn: caller's account {account} does not have access to policies in account {owner}"
            );
            return Err(Fault::new(400, "InvalidInput", message));
        }
        let kind = match kind {
            "user" => IdentityKind::User,
            "group" => IdentityKind::Group,
            "role" => IdentityKind::Role,
            _ => return Err(unclear(text)),
        };
        Ok(Self { target: Target::of(scene, kind, name)?, arn: text.to_owned() })
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// The condition keys of its tags.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        self.target.facts()
    }

    /// It, as it is.
    pub(super) fn identity(&self, work: &mut dyn UnitOfWork) -> Result<Identity, Fault> {
        let entity = self.target.still(work)?.clone();
        if entity.arn().as_str() != self.arn {
            let (kind, name) = (entity.kind.word(), &entity.name);
            return Err(no_such(format!("The {kind} with name {name} cannot be found.")));
        }
        Ok(entity)
    }

    /// Its policies and those of its groups.
    pub(super) fn attached(&self, work: &mut dyn UnitOfWork) -> Result<Vec<Attached>, Fault> {
        let entity = self.identity(work)?;
        let mut all = Vec::new();
        of_one(work, &entity, &mut all)?;
        if entity.kind == IdentityKind::User {
            for group in work.groups_of(&entity.id, Page::ALL)?.items {
                of_one(work, &group, &mut all)?;
            }
        }
        Ok(all)
    }

    /// Its permissions boundary: the ARN of the policy, and the document in force.
    pub(super) fn boundary(&self, work: &mut dyn UnitOfWork) -> Result<Option<(String, Box<str>)>, Fault> {
        let entity = self.target.still(work)?;
        let Some(policy) = work.boundary(&entity.id)? else { return Ok(None) };
        let version = work.policy_version(&policy.id, policy.default_version)?;
        Ok(version.map(|version| (policy.arn().to_string(), version.document)))
    }

    /// What is known of it, where it is the caller.
    pub(super) fn tell(&self, facts: &mut Facts) {
        let Ok(entity) = self.target.found() else { return };
        facts.add("aws:PrincipalAccount", Value::owned(entity.account.as_str()));
        let kind = match entity.kind {
            IdentityKind::User => "User",
            IdentityKind::Role => "AssumedRole",
            IdentityKind::Group => return,
        };
        facts.add("aws:PrincipalArn", Value::owned(self.arn.as_str()));
        facts.add("aws:PrincipalType", Value::owned(kind));
        for tag in self.target.tags() {
            facts.add(&format!("aws:PrincipalTag/{}", tag.key), Value::owned(&*tag.value));
        }
        if entity.kind == IdentityKind::User {
            facts.add("aws:username", Value::owned(&*entity.name));
            facts.add("aws:userid", Value::owned(&*entity.id));
        }
    }
}

fn of_one(work: &mut dyn UnitOfWork, holder: &Identity, all: &mut Vec<Attached>) -> Result<(), StoreError> {
    let (kind, holder_name) = (holder.kind, &holder.name);
    for policy in work.inline_policies(&holder.id)? {
        let source = format!("{}_{holder_name}_{}", kind.word(), policy.name);
        let origin = Origin::Inline { kind, holder: holder_name.clone(), name: policy.name };
        all.push(Attached { source, origin, document: policy.document });
    }
    for policy in work.attached_policies(&holder.id, Page::ALL)?.items {
        let Some(version) = work.policy_version(&policy.id, policy.default_version)? else { continue };
        let origin = Origin::Managed { arn: policy.arn() };
        all.push(Attached { source: policy.name.into(), origin, document: version.document });
    }
    Ok(())
}

/// AWS's word for an ARN that names no user, group or role.
pub(super) fn unclear(arn: &str) -> Fault {
    let message = format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
    Fault::new(400, "InvalidInput", message)
}
