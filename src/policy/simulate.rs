//! What would be decided: policies that need not be anybody's, a caller who need not exist, and facts that are told.
//!
//! Source: IAM API reference, `SimulateCustomPolicy`; IAM user guide, "IAM policy testing with the IAM policy simulator".

use std::collections::HashMap;

use super::{
    decide::{Decision, DenyKind, Layer, Layers, Question},
    document::Effect,
    explain::{Explanation, Matched, explain},
    principal::{Party, PartyKind, is_account},
    resource::Resource,
    set::PolicySet,
};
use crate::base::{
    Arn,
    condition::{Context, Value},
};

/// Policies, and who asks under which circumstances.
#[derive(Default)]
pub struct Simulation {
    /// The identity-based policies of the caller.
    pub identity: PolicySet,
    /// Its permissions boundary.
    pub boundary: Option<PolicySet>,
    /// The policies of its session.
    pub session: Option<PolicySet>,
    /// The policy of the resource.
    pub resource: Option<PolicySet>,
    /// Service control policies, from the organization's root down to the account.
    pub service_control: Vec<PolicySet>,
    /// Resource control policies, in the same way.
    pub resource_control: Vec<PolicySet>,
    /// Who asks.
    pub caller: Caller,
    /// Whose the resources are whose ARNs do not say. Without an owner and a policy of the resource nothing is asked of
    /// the resource's side, whoever's it is.
    pub resource_owner: Option<String>,
    /// What is known of the request.
    pub facts: Facts,
}

/// A caller by its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    kind: PartyKind,
    account: String,
    arn: Option<String>,
    role_arn: Option<String>,
    unique_id: String,
}

/// Condition keys with their values.
#[derive(Debug, Default)]
pub struct Facts(HashMap<String, Value<'static>>);

impl Simulation {
    /// Answers a question.
    pub fn ask(&self, action: &str, resource: &str) -> Explanation<'_> {
        let layers = Layers {
            identity: [&self.identity].into_iter().collect(),
            boundary: self.boundary.as_ref(),
            session: self.session.as_ref(),
            resource: self.resource.as_ref(),
            service_control: self.service_control.iter().collect(),
            resource_control: self.resource_control.iter().collect(),
        };
        let owner = self.owner_of(resource);
        let question = Question {
            action,
            resource: Resource::new(resource),
            resource_account: owner.as_deref(),
            context: &self.facts,
        };
        explain(&layers, &Party { has_boundary: self.boundary.is_some(), ..self.caller.party() }, &question)
    }

    /// Whether the caller and the owner of a resource are of different accounts.
    pub fn crosses_accounts(&self, resource: &str) -> bool {
        self.owner_of(resource).is_some_and(|owner| owner != self.caller.account)
    }

    fn owner_of(&self, resource: &str) -> Option<String> {
        if self.resource.is_none() && self.resource_owner.is_none() {
            return None;
        }
        let told = Arn::parse(resource).map(|arn| arn.account().to_owned()).filter(|account| is_account(account));
        told.or_else(|| self.resource_owner.clone()).or_else(|| Some(self.caller.account.clone()))
    }
}

impl Caller {
    /// Somebody of an account, whom no policy names.
    pub fn somebody(account: &str) -> Self {
        let account = account.to_owned();
        Self { kind: PartyKind::User, account, arn: None, role_arn: None, unique_id: String::new() }
    }

    /// Who an ARN names: a user, a group, a role, root, or a session; `None` for what is no caller. A role stands for
    /// any session of it, a group for any of its users.
    pub fn of_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text).filter(|arn| is_account(arn.account()) && arn.region().is_empty())?;
        let (kind, name) = arn.resource().split_once('/').unwrap_or((arn.resource(), ""));
        let (session_role, session) = name.split_once('/').unwrap_or_default();
        let somebody = Self::somebody(arn.account());
        let named = Some(text.to_owned());
        match (arn.service(), kind) {
            ("iam", "root") if name.is_empty() => {
                Some(Self { kind: PartyKind::Root, arn: named, unique_id: arn.account().to_owned(), ..somebody })
            }
            ("iam", "user") if !name.is_empty() => Some(Self { arn: named, ..somebody }),
            ("iam", "group") if !name.is_empty() => Some(somebody),
            ("iam", "role") if !name.is_empty() => {
                Some(Self { kind: PartyKind::RoleSession, role_arn: named, ..somebody })
            }
            ("sts", "assumed-role") if !session.is_empty() => {
                let role_arn = Some(Arn::iam(arn.account(), &format!("role/{session_role}")).to_string());
                Some(Self { kind: PartyKind::RoleSession, arn: named, role_arn, ..somebody })
            }
            ("sts", "federated-user") if !name.is_empty() => {
                Some(Self { kind: PartyKind::FederatedUser, arn: named, ..somebody })
            }
            _ => None,
        }
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    fn party(&self) -> Party<'_> {
        Party {
            kind: self.kind,
            account: Some(&self.account),
            arn: self.arn.as_deref(),
            role_arn: self.role_arn.as_deref(),
            unique_id: &self.unique_id,
            issuer: None,
            issuer_id: None,
            has_boundary: false,
            is_delegate: false,
        }
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::somebody("")
    }
}

impl Facts {
    /// Adds a key, in any case, unless it is known.
    pub fn add(&mut self, key: &str, value: Value<'static>) {
        self.0.entry(key.to_lowercase()).or_insert(value);
    }
}

impl Context for Facts {
    fn value(&self, key: &str) -> Value<'_> {
        self.0.get(key).cloned().unwrap_or(Value::Absent)
    }
}

impl<'a> Explanation<'a> {
    /// The statements that settled it, in the policies of the given kinds: those that deny where one does, those that
    /// allow where it is allowed.
    pub fn decisive(&self, layers: &[Layer]) -> Vec<(Layer, Matched<'a>)> {
        let wanted = match self.decision {
            Decision::Allow(_) => Effect::Allow,
            Decision::Deny(DenyKind::Explicit(_)) => Effect::Deny,
            Decision::Deny(DenyKind::Implicit(_)) => return Vec::new(),
        };
        let answers = self.answers.iter().filter(|answer| layers.contains(&answer.layer));
        let matched = answers.flat_map(|answer| answer.matched.iter().map(|matched| (answer.layer, *matched)));
        matched.filter(|(_, matched)| matched.effect == wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_by_their_arns() {
        let cases = [
            ("arn:aws:iam::111122223333:user/team/ann", Some((PartyKind::User, true, None))),
            ("arn:aws:iam::111122223333:group/staff", Some((PartyKind::User, false, None))),
            ("arn:aws:iam::111122223333:root", Some((PartyKind::Root, true, None))),
            (
                "arn:aws:iam::111122223333:role/x/app",
                Some((PartyKind::RoleSession, false, Some("arn:aws:iam::111122223333:role/x/app"))),
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/app/one",
                Some((PartyKind::RoleSession, true, Some("arn:aws:iam::111122223333:role/app"))),
            ),
            ("arn:aws:sts::111122223333:federated-user/guest", Some((PartyKind::FederatedUser, true, None))),
            ("arn:aws:sts::111122223333:assumed-role/app", None),
            ("arn:aws:iam::111122223333:user/", None),
            ("arn:aws:iam::111122223333:policy/p", None),
            ("arn:aws:iam::1:user/ann", None),
            ("arn:aws:s3:::bucket", None),
            ("ann", None),
        ];
        for (arn, expected) in cases {
            let caller = Caller::of_arn(arn);
            let seen = caller.as_ref().map(|caller| (caller.kind, caller.arn.is_some(), caller.role_arn.as_deref()));
            assert_eq!(seen, expected, "{arn}");
        }
    }
}
