//! Roles. Source: IAM API reference and IAM user guide, "IAM roles".

use super::{
    boundaries,
    listing::{Asked, paged},
    nodes,
    target::{PolicyTarget, Target, in_use, over_quota, request_tags, within},
    texts::{ARN, DOCUMENT, PATH, ROLE_DESCRIPTION, ROLE_NAME},
    users::{new, refuse_with_policies, unless},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{Arn, Fault, Timestamp},
    policy::{self, quota},
    store::{ErrorKind, Identity, IdentityKind, ItemKind, RoleDetails, StoreError, UnitOfWork, accesses_of, bindings},
};

/// Below this path are the roles of AWS's services.
pub(super) const SERVICE_PATH: &str = "/aws-service-role/";
/// How long a session of a role may last, in seconds, where nothing is said.
pub(super) const SESSION_SECONDS: u32 = 3_600;

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let path = input.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let name = input.required("RoleName", &ROLE_NAME);
    let trust = input.required("AssumeRolePolicyDocument", &DOCUMENT);
    let description = input.optional("Description", &ROLE_DESCRIPTION);
    let session_seconds_max = session_seconds(input).unwrap_or(SESSION_SECONDS);
    let boundary = input.optional("PermissionsBoundary", &ARN);
    let tags = input.tags("Tags", false)?;
    input.check()?;
    let boundary = boundary.map(|arn| PolicyTarget::of(scene, &arn)).transpose()?;
    let arn = Arn::iam(scene.account().as_str(), &format!("role{path}{name}"));
    let mut facts = request_tags(&tags);
    facts.extend(boundary.as_ref().map(|boundary| boundaries::fact(boundary.arn())));
    let has_tags = !tags.is_empty();
    let plan = Plan::new("iam:CreateRole", arn.as_str(), move |scene| {
        if path.starts_with(SERVICE_PATH) {
            let message = format!("Path {path} is reserved for the roles of AWS services.");
            return Err(Fault::new(400, "InvalidInput", message));
        }
        check_trust(&trust)?;
        let identity = new(scene, IdentityKind::Role, &name, &path)?;
        scene.world.directory.write(|work| {
            let details = RoleDetails {
                trust: kept(work, &trust)?,
                description: shown(description.clone()),
                session_seconds_max,
            };
            let taken = || nodes::taken(IdentityKind::Role, &name);
            work.add_identity(&identity).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            within(scene, Quota::Roles, work.count_identities(identity.account, IdentityKind::Role)?)?;
            work.put_role(&identity.id, &details)?;
            work.put_tags(&identity.id, &tags)?;
            let boundary = boundary.as_ref().map(|boundary| boundaries::scope(boundary, scene, work)).transpose()?;
            if let Some(boundary) = &boundary {
                work.put_boundary(&identity.id, Some(&boundary.id))?;
            }
            let details = as_shown(work, details)?;
            Ok(Node::one("Role", Node::Struct(nodes::whole_role(&identity, &details, boundary.as_ref(), &tags))))
        })
    });
    let plan = if has_tags { plan.needing("iam:TagRole", arn.as_str()) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = named(scene, input)?;
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), target.boundary());
    let plan = Plan::new("iam:GetRole", arn, move |scene| {
        scene.world.directory.read(|work| {
            let role = target.still(work)?;
            let (details, tags, boundary) = (details(work, role)?, work.tags(&role.id)?, work.boundary(&role.id)?);
            let mut members = nodes::whole_role(role, &details, boundary.as_ref(), &tags);
            members.push(("RoleLastUsed", last_used(work, role, scene.caller.at())?));
            Ok(Node::one("Role", Node::Struct(members)))
        })
    });
    Ok(plan.knowing(facts).knowing(boundary))
}

/// When and where a session of the role last tried anything. It is known a minute late.
pub(super) fn last_used(work: &mut dyn UnitOfWork, role: &Identity, now: Timestamp) -> Result<Node, StoreError> {
    let last = accesses_of(work, &role.id, now)?.into_iter().max_by_key(|access| access.at);
    let members = last.map(|last| vec![("LastUsedDate", Node::Time(last.at)), ("Region", Node::text(&*last.region))]);
    Ok(Node::Struct(members.unwrap_or_default()))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::below_path(input)?;
    input.check()?;
    let below = Arn::iam(scene.account().as_str(), &format!("role{}", asked.path_prefix()));
    Ok(Plan::new("iam:ListRoles", below.as_str(), move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| {
            let listing = work.identities(account, IdentityKind::Role, asked.page())?;
            listing.try_map(|role| details(work, &role).map(|details| (role, details)))
        })?;
        Ok(paged("Roles", listing, |(role, details)| Node::Struct(nodes::role(role, details))))
    }))
}

/// What is left out stays as it is.
pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let description = input.optional("Description", &ROLE_DESCRIPTION);
    let session_seconds_max = session_seconds(input);
    let target = named(scene, input)?;
    // AWS's model has a result for this one, though nothing in it; some clients fail without.
    let empty: Shown = |_, _| Node::Struct(Vec::new());
    change("iam:UpdateRole", target, empty, move |_, role, details| {
        if is_of_service(role) && session_seconds_max.is_some() {
            let what = "is an AWS service linked role, max session duration cannot be changed.";
            return Err(Fault::new(400, "UnmodifiableEntity", format!("{} {what}", role.name)));
        }
        details.description = match &description {
            Some(text) => shown(Some(text.clone())),
            None => details.description.take(),
        };
        details.session_seconds_max = session_seconds_max.unwrap_or(details.session_seconds_max);
        Ok(())
    })
}

pub(super) fn update_description(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let description = input.required("Description", &ROLE_DESCRIPTION);
    let target = named(scene, input)?;
    let whole: Shown = |role, details| Node::one("Role", Node::Struct(nodes::role(role, details)));
    change("iam:UpdateRoleDescription", target, whole, move |_, _, details| {
        details.description = shown(Some(description.clone()));
        Ok(())
    })
}

pub(super) fn update_trust(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let trust = input.required("PolicyDocument", &DOCUMENT);
    let target = named(scene, input)?;
    let nothing: Shown = |_, _| Node::Nothing;
    change("iam:UpdateAssumeRolePolicy", target, nothing, move |work, role, details| {
        refuse_of_service(role)?;
        check_trust(&trust)?;
        details.trust = kept(work, &trust)?;
        Ok(())
    })
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = named(scene, input)?;
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), target.boundary());
    let plan = Plan::new("iam:DeleteRole", arn, move |scene| {
        scene.world.directory.write(|work| {
            let role = target.still(work)?;
            refuse_of_service(role)?;
            if !work.items_of(&role.id, ItemKind::InstanceProfile)?.is_empty() {
                return Err(in_use("Cannot delete entity, must remove roles from instance profile first."));
            }
            refuse_with_policies(work, role)?;
            work.delete_identity(&role.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing(boundary))
}

/// What a role has beside what every identity has, with its trust policy as it is shown.
pub(super) fn details(work: &mut dyn UnitOfWork, role: &Identity) -> Result<RoleDetails, StoreError> {
    let kept = as_kept(work, role)?;
    as_shown(work, kept)
}

/// The same, with its trust policy as it is kept.
fn as_kept(work: &mut dyn UnitOfWork, role: &Identity) -> Result<RoleDetails, StoreError> {
    work.role(&role.id)?.ok_or_else(|| StoreError::damaged(format!("role `{}` has no details", role.id)))
}

fn as_shown(work: &mut dyn UnitOfWork, kept: RoleDetails) -> Result<RoleDetails, StoreError> {
    Ok(RoleDetails { trust: bindings::shown(work, &kept.trust)?.into(), ..kept })
}

/// A trust policy as it is kept: whom it names is there.
pub(super) fn kept(work: &mut dyn UnitOfWork, trust: &str) -> Result<Box<str>, Fault> {
    let bound = bindings::bind(work, trust)?;
    bound.map(Into::into).map_err(|unknown| policy::validate::unknown_in_trust(&unknown.0))
}

/// Whether a trust policy can be kept. One that is too long is not read.
pub(super) fn check_trust(document: &str) -> Result<(), Fault> {
    match quota::characters(document) > quota::TRUST_CHARACTERS_MAX {
        true => Err(over_quota("ACLSizePerRole", quota::TRUST_CHARACTERS_MAX)),
        false => policy::validate::trust(document).map(drop),
    }
}

/// Whether it is the role of one of AWS's services.
pub(super) fn is_of_service(role: &Identity) -> bool {
    role.kind == IdentityKind::Role && role.path.starts_with(SERVICE_PATH)
}

/// Roles of services are changed by their service only.
pub(super) fn refuse_of_service(role: &Identity) -> Result<(), Fault> {
    if !is_of_service(role) {
        return Ok(());
    }
    let message = format!(
        "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
        role.name
    );
    Err(Fault::new(400, "UnmodifiableEntity", message))
}

/// What is answered of a role that was changed.
type Shown = fn(&Identity, &RoleDetails) -> Node;

/// Changes what a role has beside what every identity has. Roles of services have their descriptions changed, and no more.
fn change(
    action: &'static str,
    target: Target,
    shown: Shown,
    change: impl Fn(&mut dyn UnitOfWork, &Identity, &mut RoleDetails) -> Result<(), Fault> + Send + 'static,
) -> Result<Plan, Fault> {
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let role = target.still(work)?;
            let mut details = as_kept(work, role)?;
            change(work, role, &mut details)?;
            work.put_role(&role.id, &details)?;
            Ok(shown(role, &as_shown(work, details)?))
        })
    });
    Ok(plan.knowing(facts).knowing(boundary))
}

fn named(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Target, Fault> {
    let name = input.required("RoleName", &ROLE_NAME);
    input.check()?;
    Target::of(scene, IdentityKind::Role, &name)
}

fn session_seconds(input: &mut Input<'_>) -> Option<u32> {
    input.number("MaxSessionDuration", 3_600..=43_200).and_then(|seconds| u32::try_from(seconds).ok())
}

/// An empty description is none.
pub(super) fn shown(description: Option<String>) -> Option<Box<str>> {
    description.filter(|text| !text.is_empty()).map(Into::into)
}
