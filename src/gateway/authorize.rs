//! Step 4, authorize: every decision that an operation needs, on one snapshot; the only maker of permits.
//!
//! The order of evaluation is the policy engine's ([`policy::decide`](mod@crate::policy::decide)). Here it is decided
//! which policies take part: those of the caller. Root is allowed everything in its own account. An anonymous caller has
//! no policies of its own; until resource-based policies come, nothing can allow it anything.

use super::{
    context::{Circumstances, NeedContext},
    permit::Permit,
};
use crate::{
    base::{Fault, Operation, Principal},
    policy::{Decision, DenyKind, Layers, Party, Question, decide, decide::denial, resource::Resource},
    store::snapshot::Snapshot,
    telemetry::label::Denial,
};

/// What was decided, for the record.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Whether it was allowed.
    pub allowed: bool,
    /// The action of the decision that counted: the first denial, else the first need.
    pub action: String,
    /// Which kind of denial it was.
    pub kind: Denial,
    /// What decided it, in words.
    pub reason: String,
}

/// A denial: what the client is told, and what the record says.
#[derive(Debug)]
pub struct Denied {
    /// `AccessDenied`, with AWS's wording of the reason.
    pub fault: Fault,
    /// The decision.
    pub verdict: Verdict,
}

/// What comes of a decision: the permit with the verdict that allowed it, or the denial with the operation back.
pub type Decided<T> = Result<(Permit<T>, Option<Verdict>), (Box<Denied>, T)>;

/// Decides an operation. A denial of any of its needs refuses it whole, except for items of a batch, which are left out
/// one by one.
pub fn authorize<T: Operation>(around: Circumstances<'_>, mut operation: T, snapshot: &Snapshot) -> Decided<T> {
    if operation.needs().is_empty() && !is_open_to_all_authenticated(&around, &operation) {
        let why = "the operation names nothing to decide on";
        return Err((Denied::boxed("", Denial::Unmapped, access_denied(), why), operation));
    }
    let mut refused = Vec::new();
    let mut first_reason = None;
    for (at, need) in operation.needs().iter().enumerate() {
        match allows(around, &operation, at, &need.action, &need.resource, snapshot) {
            Ok(reason) => first_reason = first_reason.or(reason),
            Err(denied) => refused.push((need.item, denied)),
        }
        if refused.last().is_some_and(|(item, _)| item.is_none()) {
            break;
        }
    }
    let items = refused.len();
    let mut verdict = first_reason.map(Verdict::allow);
    for (item, denied) in refused {
        let Some(item) = item else { return Err((denied, operation)) };
        operation.refuse_item(item, &denied.fault.message);
        let reason = format!("{items} items of the batch were denied, the last: {}", denied.verdict.reason);
        verdict = Some(Verdict::allow(reason));
    }
    Ok((Permit::seal(operation), verdict))
}

/// One decision, also for questions that no operation asks (may this caller list the bucket?). What allowed it is told
/// where it was a policy.
pub fn allows<T: Operation>(
    around: Circumstances<'_>,
    operation: &T,
    need: usize,
    action: &str,
    resource: &str,
    snapshot: &Snapshot,
) -> Result<Option<String>, Box<Denied>> {
    let principal = around.caller.principal();
    let user = match principal {
        Principal::Root(account) if *account == around.resource_account => return Ok(None),
        Principal::User(user) if user.account == around.resource_account => user,
        // Another account's principals, and nobody: only a resource-based policy could allow them.
        Principal::Root(_) | Principal::User(_) | Principal::Anonymous => {
            let caller = principal.arn().map_or("anonymous".to_owned(), |arn| arn.to_string());
            let why = format!("because no resource-based policy allows the {action} action");
            let message = denial(&caller, action, resource, &why);
            return Err(Denied::boxed(action, Denial::Implicit, Fault::new(403, "AccessDenied", message), &why));
        }
    };
    let sets = match snapshot.identity_policies(&user.id) {
        Ok(sets) => sets,
        Err(poisoned) => {
            let why = "because no identity-based policy allows it";
            let message = denial(user.arn.as_str(), action, resource, why);
            let fault = Fault::new(403, "AccessDenied", message).because(&poisoned);
            return Err(Denied::boxed(action, Denial::Error, fault, &poisoned.to_string()));
        }
    };
    let context = NeedContext { around, operation, need };
    let owner = Some(around.resource_account.as_str());
    let question = Question { action, resource: Resource::new(resource), resource_account: owner, context: &context };
    let party = Party::user(user.account.as_str(), user.arn.as_str(), &user.id);
    match decide(&Layers { identity: sets, ..Layers::default() }, &party, &question) {
        Decision::Allow(decided) => Ok(Some(decided.to_string())),
        Decision::Deny(kind) => {
            let message = denial(user.arn.as_str(), action, resource, &kind.words(action));
            let fault = Fault::new(403, "AccessDenied", message);
            Err(match kind {
                DenyKind::Explicit(decided) => Denied::boxed(action, Denial::Explicit, fault, &decided.to_string()),
                DenyKind::Implicit(_) => Denied::boxed(action, Denial::Implicit, fault, "no statement allows it"),
            })
        }
    }
}

/// Operations that AWS allows to every authenticated caller have no needs; only our own APIs have such.
fn is_open_to_all_authenticated<T: Operation>(around: &Circumstances<'_>, operation: &T) -> bool {
    operation.service() == "sts" && *around.caller.principal() != Principal::Anonymous
}

fn access_denied() -> Fault {
    Fault::new(403, "AccessDenied", "Access Denied")
}

impl Verdict {
    fn allow(reason: String) -> Self {
        Self { allowed: true, action: String::new(), kind: Denial::Implicit, reason }
    }
}

impl Denied {
    fn boxed(action: &str, kind: Denial, fault: Fault, reason: &str) -> Box<Self> {
        let verdict = Verdict { allowed: false, action: action.to_owned(), kind, reason: reason.to_owned() };
        Box::new(Self { fault, verdict })
    }
}
