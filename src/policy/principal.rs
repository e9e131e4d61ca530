//! `Principal` and `NotPrincipal`: whom a resource-based policy is about, and in which words.
//! Source: IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use super::document::{Effect, PrincipalKind, RawPrincipal, SyntaxError};
use crate::base::arn::PARTITION;

/// Who asks, as principals of policies see it.
#[derive(Debug, Clone, Copy)]
pub struct Party<'a> {
    /// What it is.
    pub kind: PartyKind,
    /// Its account.
    pub account: Option<&'a str>,
    /// Its ARN; of a session of a role, that of the session.
    pub arn: Option<&'a str>,
    /// The ARN of the role, for a session of one.
    pub role_arn: Option<&'a str>,
    /// `AIDA...`, `AROA...:session`, the account of root, the name of a service.
    pub unique_id: &'a str,
    /// The ARN of the user that a federated user's session comes from, or the identity provider.
    pub issuer: Option<&'a str>,
    /// The unique id of that user.
    pub issuer_id: Option<&'a str>,
    /// Whether a permissions boundary is attached to the user or the role.
    pub has_boundary: bool,
    /// Whether somebody else acts for it: what it may do never goes past the session policies, whoever grants it.
    pub is_delegate: bool,
}

/// The kinds of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyKind {
    /// The root user of an account.
    Root,
    /// A user, by long-term keys or by `GetSessionToken`.
    User,
    /// A session of a role.
    RoleSession,
    /// A session by `GetFederationToken`.
    FederatedUser,
    /// Who asks for a role with a web identity token.
    WebIdentity,
    /// Who asks for a role with a SAML assertion.
    Saml,
    /// Who asks for a role with a password of a directory.
    Ldap,
    /// Who asks for a role with a client certificate.
    Certificate,
    /// An AWS service.
    Service,
    /// Nobody.
    Anonymous,
}

/// In which words a policy names a party. The later, the more is granted by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Its account, which leaves the decision to the account's own policies.
    Account,
    /// The user behind a federated user's session, or the identity provider behind a session.
    Issuer,
    /// The role of its session.
    Role,
    /// The user, the session or the service itself.
    Itself,
    /// Everyone.
    Everyone,
}

/// A compiled `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub struct Principals {
    negated: bool,
    effect: Effect,
    written: Box<[Written]>,
}

#[derive(Debug)]
enum Written {
    Everyone,
    Account(Box<str>),
    /// A user, a role, a session.
    Arn(Box<str>),
    /// `AIDA...`, `AROA...`, `AROA...:session`: what AWS puts in the place of an ARN.
    Id(Box<str>),
    Federated(Box<str>),
    Service(Box<str>),
    /// S3's id of an account. It cannot be told here whose it is, so it allows nobody and denies everyone.
    CanonicalUser,
}

impl PartyKind {
    /// Whether it is a principal of an account.
    pub fn is_of_account(self) -> bool {
        matches!(self, PartyKind::Root | PartyKind::User | PartyKind::RoleSession | PartyKind::FederatedUser)
    }

    /// Whether it is somebody for whom an identity provider vouches.
    fn is_vouched(self) -> bool {
        matches!(self, PartyKind::WebIdentity | PartyKind::Saml | PartyKind::Ldap | PartyKind::Certificate)
    }
}

impl<'a> Party<'a> {
    /// A user without a permissions boundary.
    pub fn user(account: &'a str, arn: &'a str, unique_id: &'a str) -> Self {
        let (account, arn) = (Some(account), Some(arn));
        Self { kind: PartyKind::User, account, arn, role_arn: None, unique_id, ..Self::anonymous() }
    }

    /// Nobody.
    pub fn anonymous() -> Self {
        Party {
            kind: PartyKind::Anonymous,
            account: None,
            arn: None,
            role_arn: None,
            unique_id: "anonymous",
            issuer: None,
            issuer_id: None,
            has_boundary: false,
            is_delegate: false,
        }
    }
}

impl Principals {
    /// Compiles the principals of a statement.
    pub fn compile(raw: RawPrincipal, effect: Effect) -> Result<Self, SyntaxError> {
        let written = raw.named?.into_iter().map(|(kind, text)| {
            Written::new(kind, &text).ok_or_else(|| SyntaxError(format!("`{text}` is no principal")))
        });
        Ok(Self { negated: raw.negated, effect, written: written.collect::<Result<_, _>>()? })
    }

    /// Whether everyone is named, whoever it is. Those that `NotPrincipal` does not list are everyone too.
    pub fn is_everyone(&self) -> bool {
        self.negated || self.written.iter().any(|written| matches!(written, Written::Everyone))
    }

    /// Whether `Principal` names everyone and nobody else: what a resource control policy has to say.
    pub fn is_only_everyone(&self) -> bool {
        !self.negated && self.written.iter().all(|written| matches!(written, Written::Everyone))
    }

    /// In which words a party is named; `None` if it is not.
    pub fn names(&self, party: &Party<'_>) -> Option<Named> {
        let named = || self.written.iter().filter_map(|written| written.names(party));
        let unknown = self.written.iter().any(|written| matches!(written, Written::CanonicalUser));
        match (self.negated, self.effect) {
            (false, Effect::Allow) => named().max(),
            (false, Effect::Deny) if unknown => Some(Named::Everyone),
            (false, Effect::Deny) => named().max(),
            (true, Effect::Allow) => (!unknown && named().next().is_none()).then_some(Named::Everyone),
            (true, Effect::Deny) => (!self.spares(party)).then_some(Named::Everyone),
        }
    }

    /// Whether a denial of all others spares a party: never one with a permissions boundary, whoever is listed; a session
    /// of a role if its account, its role and the session itself are listed; others if they or their account are.
    fn spares(&self, party: &Party<'_>) -> bool {
        let lists = |wanted| self.written.iter().any(|written| written.names(party) == Some(wanted));
        match party.kind {
            _ if party.has_boundary => false,
            _ if lists(Named::Everyone) => true,
            PartyKind::RoleSession => [Named::Account, Named::Role, Named::Itself].into_iter().all(lists),
            kind if kind.is_vouched() => lists(Named::Issuer),
            _ => lists(Named::Itself) || lists(Named::Account),
        }
    }
}

impl Written {
    fn new(kind: PrincipalKind, text: &str) -> Option<Self> {
        let plain = !text.is_empty() && !text.contains(['*', '?', '$']);
        match kind {
            PrincipalKind::Id => Some(Written::Id(text.into())),
            PrincipalKind::Everyone => Some(Written::Everyone),
            PrincipalKind::Aws if text == "*" => Some(Written::Everyone),
            _ if !plain => None,
            PrincipalKind::Aws => Self::aws(text),
            PrincipalKind::Federated => Some(Written::Federated(text.into())),
            PrincipalKind::Service => Some(Written::Service(text.into())),
            PrincipalKind::CanonicalUser => {
                let is_id = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                is_id.then_some(Written::CanonicalUser)
            }
        }
    }

    fn aws(text: &str) -> Option<Self> {
        if is_account(text) {
            return Some(Written::Account(text.into()));
        }
        if !text.starts_with("arn:") {
            let is_id = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            return (is_id && text.starts_with('A')).then(|| Written::Id(text.into()));
        }
        let mut parts = text.splitn(6, ':').skip(1);
        if parts.next() != Some(PARTITION) {
            return None;
        }
        let (service, region, account, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_known = match name.split_once('/') {
            None if service == "iam" && name == "root" && region.is_empty() => {
                return is_account(account).then(|| Written::Account(account.into()));
            }
            Some(("user" | "role", rest)) => service == "iam" && !rest.is_empty(),
            Some(("assumed-role", rest)) => {
                service == "sts"
                    && rest.split_once('/').is_some_and(|(role, name)| !role.is_empty() && !name.is_empty())
            }
            Some(("federated-user", rest)) => service == "sts" && !rest.is_empty(),
            _ => false,
        };
        // `cloudfront` stands in the place of an account for CloudFront's own identities, which nobody has here.
        let is_of_account = is_account(account) || account == "cloudfront";
        (is_known && region.is_empty() && is_of_account).then(|| Written::Arn(text.into()))
    }

    fn names(&self, party: &Party<'_>) -> Option<Named> {
        let is = |known: Option<&str>, text: &str| known == Some(text);
        match self {
            Written::Everyone => Some(Named::Everyone),
            Written::Account(account) => {
                (party.kind.is_of_account() && is(party.account, account)).then_some(Named::Account)
            }
            Written::Arn(arn) if is(party.arn, arn) => Some(Named::Itself),
            Written::Arn(arn) => match party.kind {
                PartyKind::RoleSession if is(party.role_arn, arn) => Some(Named::Role),
                PartyKind::FederatedUser if is(party.issuer, arn) => Some(Named::Issuer),
                _ => None,
            },
            Written::Id(id) => match party.kind {
                PartyKind::User | PartyKind::RoleSession if *party.unique_id == **id => Some(Named::Itself),
                PartyKind::RoleSession => {
                    let role = party.unique_id.split(':').next();
                    is(role, id).then_some(Named::Role)
                }
                PartyKind::FederatedUser if is(party.issuer_id, id) => Some(Named::Issuer),
                _ => None,
            },
            Written::Federated(provider) => {
                let by_provider = party.kind == PartyKind::RoleSession || party.kind.is_vouched();
                (by_provider && is(party.issuer, provider)).then_some(Named::Issuer)
            }
            Written::Service(service) => {
                (party.kind == PartyKind::Service && *party.unique_id == **service).then_some(Named::Itself)
            }
            Written::CanonicalUser => None,
        }
    }
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
