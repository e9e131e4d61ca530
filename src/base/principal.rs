//! Who a request comes from.

use std::sync::Arc;

use super::{AccountId, Arn};

/// The identity behind a request, as policies and records see it.
///
/// A session of `GetSessionToken` is its user or root itself; that there is a session shows in the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user: allowed everything in its own account.
    Root(AccountId),
    /// An IAM user.
    User(Arc<User>),
    /// Somebody who has taken a role.
    Role(Arc<RoleSession>),
    /// Somebody for whom a user or root had credentials made by `GetFederationToken`.
    Federated(Arc<FederatedUser>),
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

/// What is known of a role wherever somebody acts as it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The account that the role belongs to.
    pub account: AccountId,
    /// The unique id, `AROA...`, never used again after the role is deleted.
    pub id: Box<str>,
    /// The name within the account, without path.
    pub name: Box<str>,
    /// `arn:aws:iam::{account}:role{path}{name}`.
    pub arn: Arn,
}

/// A session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSession {
    /// The role.
    pub role: Arc<Role>,
    /// `arn:aws:sts::{account}:assumed-role/{role}/{session}`.
    pub arn: Arn,
    /// `AROA...:session`.
    pub user_id: Box<str>,
}

/// A federated user's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedUser {
    /// The account.
    pub account: AccountId,
    /// The user whose permissions it shares; `None` for root's.
    pub issuer: Option<Arc<User>>,
    /// `arn:aws:sts::{account}:federated-user/{name}`.
    pub arn: Arn,
    /// `{account}:{name}`.
    pub user_id: Box<str>,
}

/// Somebody whom an identity provider vouches for in the very request, which bears no signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// By what.
    pub by: Voucher,
    /// The provider, as trust policies name it: an ARN.
    pub provider: String,
    /// `issuer:audience:subject` or `namequalifier:subject`, as records have it.
    pub principal_id: String,
    /// The subject.
    pub user_name: String,
    /// The provider, as records name it.
    pub told_provider: String,
}

/// What vouches for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voucher {
    /// A web identity token.
    WebIdentity,
    /// A SAML assertion.
    Saml,
    /// A directory, by a password.
    Ldap,
    /// An authority, by a client certificate.
    Certificate,
}

impl RoleSession {
    /// A session of a role under a name.
    pub fn new(role: Arc<Role>, name: &str) -> Self {
        let arn = Arn::of("sts", "", role.account.as_str(), &format!("assumed-role/{}/{name}", role.name));
        let user_id = format!("{}:{name}", role.id).into();
        Self { role, arn, user_id }
    }
}

impl FederatedUser {
    /// A federated user of a user, or of root.
    pub fn new(account: AccountId, issuer: Option<Arc<User>>, name: &str) -> Self {
        let arn = Arn::of("sts", "", account.as_str(), &format!("federated-user/{name}"));
        let user_id = format!("{account}:{name}").into();
        Self { account, issuer, arn, user_id }
    }
}

impl Principal {
    /// The account whose policies govern the caller; `None` for anonymous callers.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Principal::Root(account) => Some(*account),
            Principal::User(user) => Some(user.account),
            Principal::Role(session) => Some(session.role.account),
            Principal::Federated(federated) => Some(federated.account),
            Principal::Anonymous => None,
        }
    }

    /// The caller's ARN, as `GetCallerIdentity` and denials name it; `None` for anonymous callers.
    pub fn arn(&self) -> Option<Arn> {
        match self {
            Principal::Root(account) => Some(Arn::iam(account.as_str(), "root")),
            Principal::User(user) => Some(user.arn.clone()),
            Principal::Role(session) => Some(session.arn.clone()),
            Principal::Federated(federated) => Some(federated.arn.clone()),
            Principal::Anonymous => None,
        }
    }

    /// The value of `aws:userid`: the account for root, the unique id for users, with the session's name for sessions,
    /// `anonymous`.
    pub fn user_id(&self) -> &str {
        match self {
            Principal::Root(account) => account.as_str(),
            Principal::User(user) => &user.id,
            Principal::Role(session) => &session.user_id,
            Principal::Federated(federated) => &federated.user_id,
            Principal::Anonymous => "anonymous",
        }
    }

    /// The value of `aws:PrincipalType`.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::Root(_) => "Account",
            Principal::User(_) => "User",
            Principal::Role(_) => "AssumedRole",
            Principal::Federated(_) => "FederatedUser",
            Principal::Anonymous => "Anonymous",
        }
    }

    /// The unique id of the user or role that acts, to which what it uses is counted; `None` for root and for nobody.
    pub fn identity_id(&self) -> Option<&str> {
        match self {
            Principal::User(user) => Some(&user.id),
            Principal::Role(session) => Some(&session.role.id),
            Principal::Federated(federated) => federated.issuer.as_ref().map(|user| &*user.id),
            Principal::Root(_) | Principal::Anonymous => None,
        }
    }
}
