//! Taking a role that the configuration chooses, for somebody who is proven: what the extensions have in common. The role's
//! trust policy decides, as it does for everybody.

use super::{
    asked::{AskedPolicies, duration},
    assume_role::{Decided, SECONDS_MAX, Taken, said, take},
    texts::POLICY,
};
use crate::{
    api::query::{Input, Plan, Scene},
    base::{
        Arn, Fault, Timestamp,
        principal::{Vouched, Voucher},
    },
};

/// Somebody who is proven.
pub(super) struct Proven {
    /// By what.
    pub(super) by: Voucher,
    /// The action that the role's trust policy decides.
    pub(super) action: &'static str,
    /// The provider, in ARNs below the account.
    pub(super) provider: &'static str,
    /// The role that the configuration has for this somebody.
    pub(super) role: Arn,
    /// What the session is named.
    pub(super) session: String,
    /// Who it is, in full.
    pub(super) subject: String,
    /// Condition keys in lower case, which stay with the session.
    pub(super) facts: Vec<(String, Vec<String>)>,
    /// When the proof ends.
    pub(super) until: Option<Timestamp>,
}

/// What is asked of the session.
pub(super) struct Asked {
    policies: AskedPolicies,
    seconds: Option<i64>,
}

/// Condition keys with several values.
const LISTS: [&str; 2] = ["certificate:san", "ldap:groups"];

/// What an extension says that is not configured: as an operation that is not offered.
pub(super) fn not_configured(name: &str, key: &str) -> Fault {
    let fault = Fault::new(501, "NotImplemented", format!("The operation {name} is not implemented."));
    fault.because(format_args!("{key} is not configured"))
}

impl Asked {
    /// Reads it, and checks all that was read.
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let policies = AskedPolicies::read(input, &POLICY);
        let seconds = duration(input, 900..=SECONDS_MAX);
        input.check()?;
        policies.check()?;
        Ok(Self { policies, seconds })
    }
}

/// The plan of taking the role.
pub(super) fn plan(scene: &Scene<'_>, asked: Asked, proven: Proven) -> Plan {
    let Proven { by, action, provider, role, session, subject, facts, until } = proven;
    let provider = Arn::iam(role.account(), provider).to_string();
    let known: Vec<_> = said(&facts, |key| LISTS.contains(&key)).collect();
    let vouched = Vouched {
        by,
        principal_id: format!("{provider}:{subject}"),
        user_name: session.clone(),
        told_provider: provider.clone(),
        provider: provider.clone(),
    };
    let taken = Taken {
        role: role.to_string(),
        name: session,
        seconds: asked.seconds,
        policies: asked.policies,
        tags: Vec::new(),
        source_identity: None,
        provider: Some(provider),
        facts,
    };
    // Such a session rests on nothing but its role: not on credentials that somebody signed with all the same.
    let run = move |scene: &Scene<'_>, mut decided: Decided| {
        decided.taken.seconds = Some(lasting(scene, &decided.taken, until, action)?);
        take(scene, decided, Vec::new(), Vec::new())
    };
    taken.plan(scene, action, run).vouched(vouched).knowing(known)
}

/// How long the session lasts, in seconds: as long as is asked, or less where its proof ends before.
fn lasting(scene: &Scene<'_>, taken: &Taken, until: Option<Timestamp>, action: &str) -> Result<i64, Fault> {
    let seconds = taken.length(scene)?;
    let left = until.map(|until| until.as_second().saturating_sub(scene.caller.at().as_second()));
    let seconds = left.map_or(seconds, |left| seconds.min(left));
    if seconds > 0 {
        return Ok(seconds);
    }
    let fault = Fault::new(403, "AccessDenied", format!("Not authorized to perform {action}"));
    Err(fault.because("what proves the caller ends at this moment"))
}
