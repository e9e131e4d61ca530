//! Step 4, authorize: every decision that an operation needs, on one snapshot; the only maker of permits.
//!
//! The order of evaluation is [`policy`](crate::policy)'s. Here it is decided which policies take part: those of the
//! caller. Root is allowed everything in its own account. Boundaries, session policies, resource policies and the
//! organisation's policies take their places in [`Layers`] when they come.

use super::{
    context::{Circumstances, NeedContext},
    permit::Permit,
};
use crate::{
    base::{Fault, Need, Operation, Principal},
    policy::{self, Decision, Layers, Question},
    store::snapshot::Snapshot,
};

/// What was decided, for the record.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The action of the decision that counted: the first denial, else the first allow.
    pub action: String,
    /// Its resource.
    pub resource: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// What decided it, in words.
    pub reason: String,
}

/// Decides an operation. A denial of any of its needs refuses it whole, except for items of a batch, which are left out
/// one by one.
pub fn authorize<T: Operation>(
    around: Circumstances<'_>,
    mut operation: T,
    snapshot: &Snapshot,
) -> Result<Permit<T>, Denied> {
    if operation.needs().is_empty() && !is_open_to_all_authenticated(&operation) {
        return Err(Denied::unmapped(&operation));
    }
    let mut refused = Vec::new();
    for (index, need) in operation.needs().iter().enumerate() {
        let Err(denied) = decide(around, &operation, index, need, snapshot) else { continue };
        match need.item {
            Some(item) => refused.push((item, denied.fault.message)),
            None => return Err(denied),
        }
    }
    for (item, message) in refused {
        operation.refuse_item(item, &message);
    }
    Ok(Permit::seal(operation))
}

/// A denial: what the client is told, and what the record says.
pub struct Denied {
    /// `AccessDenied`, with AWS's wording of the reason.
    pub fault: Fault,
    /// The decision.
    pub verdict: Verdict,
}
