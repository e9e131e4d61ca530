//! Delegation requests: made by one account, owned and decided by another.
//!
//! Source: IAM API reference, `CreateDelegationRequest` and its relatives; IAM user guide, "Managing Permissions for
//! Delegation Requests". Until somebody owns a request, whoever knows its id sees it, in the account that it names or,
//! where it names none, in any; then it is its owner's, and of those whom the owner's account lets. Whoever asked is told
//! by notices only.
//!
//! A request is `arn:aws:iam::{account}:delegation-request/{id}` in the account that looks at it.

mod check;
mod create;
mod decide;
mod send;
mod show;
mod summary;

pub(super) use self::{
    create::create,
    decide::{accept, associate, reject, update},
    send::send_token,
    show::{get, list},
    summary::summary,
};
use super::target::no_such;
use crate::{
    api::{
        delegation::request::Request,
        query::{Input, Plan, Scene, Text},
    },
    base::{Arn, Fault, RequestId, condition::Value},
    store::UnitOfWork,
};

/// The id of a request.
const ID: Text = Text { length: 16..=128, pattern: r"[\w-]+", fits: is_id };
/// What is said where a request is passed on or rejected.
const NOTES: Text = Text { length: 0..=500, pattern: PRINTED, fits: is_described };

const PRINTED: &str = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*";

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// What AWS takes in descriptions.
fn is_described(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}'))
}

/// To whom an operation on a request is lent, whatever policies allow. What denies still denies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lent {
    /// To nobody.
    No,
    /// To its owner.
    Owner,
    /// To its owner, and to whoever sees it before somebody owns it.
    OwnerOrFirst,
    /// To whoever sees it before somebody owns it.
    First,
}

/// A request by its id, which may not exist, or not for the caller: then the decision is made on the ARN that it would
/// have.
struct Target {
    id: String,
    arn: String,
    found: Option<Request>,
}

impl Target {
    /// The one that a call names.
    fn read(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let id = input.required("DelegationRequestId", &ID);
        input.check()?;
        Self::of(scene, id)
    }

    /// Looks a request up. One that another account owns, or that is meant for another, is as good as absent.
    fn of(scene: &Scene<'_>, id: String) -> Result<Self, Fault> {
        let account = scene.account();
        let found = scene.world.directory.read(|work| Request::find(work, &id))?;
        let is_ours = |request: &Request| match &request.details.owner_account {
            Some(owner) => owner == account.as_str(),
            None => true,
        };
        Ok(Self { arn: arn(account.as_str(), &id), id, found: found.filter(is_ours) })
    }

    /// A plan for an operation on it.
    fn plan(
        &self,
        scene: &Scene<'_>,
        action: &'static str,
        lent: Lent,
        run: impl FnOnce(&Scene<'_>) -> Result<crate::api::query::Node, Fault> + Send + 'static,
    ) -> Plan {
        let details = self.found.as_ref().map(|request| &request.details);
        let is_owner = details.is_some_and(|details| details.is_owned_by(scene.caller.principal()));
        let is_first = details.is_some_and(|details| details.owner.is_none());
        let is_lent = match lent {
            Lent::No => false,
            Lent::Owner => is_owner,
            Lent::First => is_first,
            Lent::OwnerOrFirst => is_owner || is_first,
        };
        let owner = details.and_then(|details| details.owner.as_ref());
        let owner = owner.map(|owner| owner_fact(&owner.arn));
        Plan::new(action, self.arn.clone(), run).lent(is_lent).knowing(owner)
    }

    /// It, if it exists.
    fn found(&self) -> Result<&Request, Fault> {
        self.found.as_ref().ok_or_else(|| self.missing())
    }

    /// It, in a unit of work: what was decided on is what is acted on.
    fn still(&self, work: &mut dyn UnitOfWork) -> Result<Request, Fault> {
        let found = self.found()?;
        match Request::find(work, &self.id)? {
            Some(now) if now == *found => Ok(now),
            Some(_) => {
                let message = "The request was rejected because another request changed the entity. Try again.";
                Err(Fault::new(409, "ConcurrentModification", message))
            }
            None => Err(self.missing()),
        }
    }

    fn missing(&self) -> Fault {
        no_such(format!("The delegation request with id {} cannot be found.", self.id))
    }
}

/// The ARN of a request for an account.
fn arn(account: &str, id: &str) -> String {
    Arn::iam(account, &format!("delegation-request/{id}")).to_string()
}

/// `iam:DelegationRequestOwner`.
fn owner_fact(arn: &str) -> (String, Value<'static>) {
    ("iam:delegationrequestowner".to_owned(), Value::owned(arn))
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "InvalidInput", message)
}

/// An id for a message.
fn message_id(scene: &Scene<'_>) -> Result<RequestId, Fault> {
    Ok(RequestId::from_random(super::users::random(scene)?))
}
