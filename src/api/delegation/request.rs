//! A delegation request: as the store keeps it, and the states that it goes through.
//!
//! Source: IAM user guide, "Understanding the Request Lifecycle". A request is an item of the account that asks, named by
//! the digest of its workflow id, which is unique there. Once somebody owns it, the owner's account has a second item,
//! below a path that the owner's ARN makes, so that both are listed by pages.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::template::Parameter;
use crate::{
    base::{AccountId, Principal, Timestamp},
    session::{Holder, Link, SessionTag},
    store::{Item, ItemKind, StoreError, UnitOfWork},
};

/// The path of requests in the account that asks.
pub const ASKED: &str = "/asked/";
/// What the paths of requests in their owner's account begin with.
pub const OWNED: &str = "/owned/";

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// As the store keeps it.
    pub item: Item,
    /// What it is.
    pub details: Details,
}

/// What a request is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What whoever asks calls it.
    pub workflow: String,
    /// What it is for.
    pub description: String,
    /// What is said of it this time.
    pub message: Option<String>,
    /// The template's ARN.
    pub template: String,
    /// The values for its parameters.
    pub parameters: Vec<Parameter>,
    /// The policy that came of both when the request was made. A template that changes later changes no request.
    pub policy: String,
    /// The boundaries under which it lets roles be made.
    pub boundaries: Vec<String>,
    /// The name of the account that asks.
    pub requester_name: String,
    /// Where its notices go: the ARN of a topic.
    pub channel: String,
    /// Where to go when it is decided.
    pub redirect_url: Option<String>,
    /// How long the permissions are wanted, in seconds.
    pub seconds: u32,
    /// Whether only its owner may release the token.
    pub only_send_by_owner: bool,
    /// The account that is asked.
    pub owner_account: Option<String>,
    /// Who owns it.
    pub owner: Option<Somebody>,
    /// Who accepted it, and whose permissions it lends.
    pub approver: Option<Somebody>,
    /// What that one lends, as it was then.
    pub lender: Option<Lender>,
    /// How far it is.
    pub state: State,
    /// When its state ends by itself, in seconds since 1970.
    pub expires: i64,
    /// When it changed last, in seconds since 1970.
    pub updated: i64,
    /// What was said when it was passed on.
    pub notes: Option<String>,
    /// What was said when it was rejected.
    pub rejection: Option<String>,
    /// When its token was released, in seconds since 1970.
    pub released: Option<i64>,
}

/// Who did something. An ARN may be given to somebody else later, an id never is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Somebody {
    /// The ARN.
    pub arn: String,
    /// `aws:userid`.
    pub id: String,
}

/// What whoever accepted a request lends: who acts, and what the session that accepted says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lender {
    /// Who acts.
    pub holder: Holder,
    /// The credentials that it was accepted with, and what these rest on.
    pub chain: Vec<Link>,
    /// Session tags.
    pub tags: Vec<SessionTag>,
    /// What the identity provider said.
    pub facts: Vec<(String, Vec<String>)>,
    /// The identity provider.
    pub provider: Option<String>,
    /// Who is behind it.
    pub source_identity: Option<String>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nobody owns it.
    Unassigned,
    /// Somebody looks at it.
    Assigned,
    /// It was passed on to somebody who may do more.
    PendingApproval,
    /// It was accepted; its token is not released.
    Accepted,
    /// Its token is released.
    Finalized,
    /// It was refused.
    Rejected,
    /// Nothing came of it in time, or its time is over.
    Expired,
}

impl State {
    /// As the API spells it.
    pub fn word(self) -> &'static str {
        match self {
            State::Unassigned => "UNASSIGNED",
            State::Assigned => "ASSIGNED",
            State::PendingApproval => "PENDING_APPROVAL",
            State::Accepted => "ACCEPTED",
            State::Finalized => "FINALIZED",
            State::Rejected => "REJECTED",
            State::Expired => "EXPIRED",
        }
    }

    /// How long it lasts, in seconds.
    fn seconds(self) -> i64 {
        if self == State::Unassigned { DAY_SECONDS } else { 7 * DAY_SECONDS }
    }
}

impl Somebody {
    /// A caller; `None` for nobody.
    pub fn of(principal: &Principal) -> Option<Self> {
        Some(Self { arn: principal.arn()?.to_string(), id: principal.user_id().to_owned() })
    }
}

impl Details {
    /// Enters a state.
    pub fn enter(&mut self, state: State, at: Timestamp) {
        self.state = state;
        self.updated = at.as_second();
        self.expires = at.as_second() + state.seconds();
    }

    /// The state at a moment.
    pub fn state_at(&self, at: Timestamp) -> State {
        if at.as_second() >= self.expires { State::Expired } else { self.state }
    }

    /// When the permissions end, in seconds since 1970; `None` before the token is released.
    pub fn ends(&self) -> Option<i64> {
        Some(self.released? + i64::from(self.seconds))
    }

    /// Whether somebody owns it.
    pub fn is_owned_by(&self, principal: &Principal) -> bool {
        self.owner.is_some() && self.owner == Somebody::of(principal)
    }
}

impl Request {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.item.id
    }

    /// The account that asks.
    pub fn requester(&self) -> AccountId {
        self.item.account
    }

    /// A request by its id, in whichever account.
    pub fn find(work: &mut dyn UnitOfWork, id: &str) -> Result<Option<Self>, StoreError> {
        let item = work.item_by_id(id)?;
        let item = item.filter(|item| item.kind == ItemKind::DelegationRequest && &*item.path == ASKED);
        item.map(Self::read).transpose()
    }

    /// A request as the store has it.
    pub fn read(item: Item) -> Result<Self, StoreError> {
        let damaged = |error| StoreError::damaged(format!("the details of `{}` do not read: {error}", item.id));
        let details = serde_json::from_str(&item.details).map_err(damaged)?;
        Ok(Self { item, details })
    }

    /// Adds it to the store.
    pub fn added(mut self, work: &mut dyn UnitOfWork) -> Result<Self, StoreError> {
        self.item.details = written(&self.details)?;
        work.add_item(&self.item, None)?;
        Ok(self)
    }

    /// Keeps what it is now.
    pub fn keep(&mut self, work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        self.item.details = written(&self.details)?;
        work.update_item(&self.item)
    }

    /// Lists it in the account of its owner, whom it has.
    pub fn list(&self, work: &mut dyn UnitOfWork, account: AccountId, owner: &Somebody) -> Result<(), StoreError> {
        let item = Item {
            kind: ItemKind::DelegationRequest,
            account,
            id: listed_id(self.id()).into(),
            name: self.id().into(),
            path: path_of(&owner.arn).into(),
            owner: None,
            created: self.item.created,
            details: "{}".into(),
        };
        work.add_item(&item, None)
    }

    /// Takes it away, wherever it stands.
    pub fn delete(&self, work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let listed = listed_id(self.id());
        if work.item_by_id(&listed)?.is_some() {
            work.delete_item(&listed)?;
        }
        work.delete_item(self.id())
    }
}

/// The name of the request with a workflow id.
pub fn name_of(workflow: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, workflow.as_bytes()).as_ref())
}

/// Where the requests of an owner are listed.
pub fn path_of(owner: &str) -> String {
    format!("{OWNED}{}/", HEXLOWER.encode(digest(&SHA256, owner.as_bytes()).as_ref()))
}

fn listed_id(id: &str) -> String {
    format!("{id}/owned")
}

fn written(details: &Details) -> Result<Box<str>, StoreError> {
    let damaged = |error| StoreError::damaged(format!("details that cannot be written: {error}"));
    serde_json::to_string(details).map(Into::into).map_err(damaged)
}
