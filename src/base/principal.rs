//! Who a request comes from.

use std::sync::Arc;

use super::{AccountId, Arn};

/// The identity behind a request, as policies and records see it.
/// Sessions of roles and federated users join when STS issues credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user: allowed everything in its own account.
    Root(AccountId),
    /// An IAM user, by long-term access key.
    User(Arc<User>),
    /// Nobody: the request carries no credentials.
    Anonymous,
}

/// What is known of an IAM user wherever it acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account that the user belongs to.
    pub account: AccountId,
    /// The unique id, `AIDA...`, never used again after the user is deleted.
    pub id: Box<str>,
    /// The name within the account, without path.
    pub name: Box<str>,
    /// `arn:aws:iam::{account}:user{path}{name}`.
    pub arn: Arn,
}

impl Principal {
    /// The account whose policies govern the caller; `None` for anonymous callers.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Principal::Root(account) => Some(*account),
            Principal::User(user) => Some(user.account),
            Principal::Anonymous => None,
        }
    }

    /// The caller's ARN, as `GetCallerIdentity` and denials name it; `None` for anonymous callers.
    pub fn arn(&self) -> Option<Arn> {
        match self {
            Principal::Root(account) => Some(Arn::iam(account.as_str(), "root")),
            Principal::User(user) => Some(user.arn.clone()),
            Principal::Anonymous => None,
        }
    }

    /// The value of `aws:userid`: the account for root, the unique id for users, `anonymous`.
    pub fn user_id(&self) -> &str {
        match self {
            Principal::Root(account) => account.as_str(),
            Principal::User(user) => &user.id,
            Principal::Anonymous => "anonymous",
        }
    }

    /// The value of `aws:PrincipalType`.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::Root(_) => "Account",
            Principal::User(_) => "User",
            Principal::Anonymous => "Anonymous",
        }
    }
}
