//! The order of evaluation, and the words of a denial.
//! Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{document::Effect, resource::Resource, set::PolicySet};
use crate::base::condition::Context;

/// What is asked: may this action be done on this resource?
pub struct Question<'a> {
    /// `s3:GetObject`, in any case.
    pub action: &'a str,
    /// The resource.
    pub resource: Resource<'a>,
    /// The condition context.
    pub context: &'a dyn Context,
}

/// An action in lower case, whole and split at its colon.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// `s3:getobject`.
    pub text: &'a str,
    /// `s3`.
    pub service: &'a str,
    /// `getobject`.
    pub name: &'a str,
}

/// The policies that take part, by kind, in the order in which they are asked.
///
/// AWS's order is: an explicit deny anywhere; resource control policies; service control policies; resource-based
/// policies; identity-based policies; the permissions boundary; session policies. Today identities have only
/// identity-based policies; each further kind joins as a field here and a step in [`decide`].
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// The identity-based policies of the caller and of its groups.
    pub identity: SmallVec<[&'a PolicySet; 8]>,
}

/// The answer.
#[derive(Debug)]
pub enum Decision<'a> {
    /// Allowed, by this statement.
    Allow(Decided<'a>),
    /// Denied.
    Deny(DenyKind<'a>),
}

/// Why something is denied.
#[derive(Debug)]
pub enum DenyKind<'a> {
    /// A statement denies it.
    Explicit(Decided<'a>),
    /// No statement of an identity-based policy allows it.
    Implicit,
}

/// The statement that decided.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// Its effect.
    pub effect: Effect,
    /// The policy that it stands in.
    pub source: &'a str,
    /// Its place in the policy, from 0.
    pub statement: u32,
    /// Its `Sid`.
    pub sid: &'a Option<Box<str>>,
}

/// Decides. Whatever no policy speaks of is denied.
pub fn decide<'a>(layers: &Layers<'a>, question: &Question<'_>) -> Decision<'a> {
    let action = lower(question.action);
    let Some(action) = Action::new(&action) else { return Decision::Deny(DenyKind::Implicit) };
    let mut allowed = None;
    // 1. An explicit deny in any policy ends it. 2.-4. Organisation's and resource-based policies take their place here.
    // 5. An identity-based policy has to allow.
    for set in &layers.identity {
        match set.decide(question, action) {
            Some(decided) if decided.effect == Effect::Deny => return Decision::Deny(DenyKind::Explicit(decided)),
            Some(decided) => allowed = allowed.or(Some(decided)),
            None => {}
        }
    }
    // 6. The permissions boundary and 7. session policies take their place here: each has to allow as well.
    allowed.map_or(Decision::Deny(DenyKind::Implicit), Decision::Allow)
}

impl DenyKind<'_> {
    /// The end of AWS's message: `because no identity-based policy allows the s3:GetObject action`.
    pub fn words(&self, action: &str) -> String {
        match self {
            DenyKind::Explicit(_) => "with an explicit deny in an identity-based policy".into(),
            DenyKind::Implicit => format!("because no identity-based policy allows the {action} action"),
        }
    }
}

impl std::fmt::Display for Decided<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let effect = if self.effect == Effect::Allow { "allowed" } else { "denied" };
        write!(f, "{effect} by statement {}", self.statement)?;
        if let Some(sid) = self.sid {
            write!(f, " ({sid})")?;
        }
        write!(f, " of {}", self.source)
    }
}

/// Actions compare without regard to case. Those of the tables are short, so nothing is allocated for them.
fn lower(action: &str) -> SmallVec<[u8; 64]> {
    let mut bytes = SmallVec::from_slice(action.as_bytes());
    bytes.make_ascii_lowercase();
    bytes
}

impl<'a> Action<'a> {
    /// Splits an action that is in lower case.
    pub fn new(lowered: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(lowered).ok()?;
        let (service, name) = text.split_once(':')?;
        Some(Self { text, service, name })
    }
}

/// AWS's message for a denied call.
pub fn denial(caller: &str, action: &str, resource: &str, why: &str) -> Cow<'static, str> {
    format!("User: {caller} is not authorized to perform: {action} on resource: \"{resource}\" {why}").into()
}
