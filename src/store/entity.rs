//! What the store keeps: accounts, identities, memberships, access keys, managed and inline policies.
//!
//! Entities are plain values. Whoever makes one brings its unique id and its moment of creation, which is kept to the
//! microsecond.

use crate::base::{AccessKeyId, AccountId, Arn, Timestamp};

/// An account: a world of its own, with a root user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The twelve digits.
    pub id: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// What is kept from the public in all buckets of the account.
    pub public_access_block: Option<PublicAccessBlock>,
}

/// What is kept from the public, whatever bucket policies say. Source: S3 user guide, "Blocking public access".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublicAccessBlock {
    /// `BlockPublicAcls`: ACLs that grant to the public are not taken.
    pub block_public_acls: bool,
    /// `IgnorePublicAcls`: those that are there have no effect.
    pub ignore_public_acls: bool,
    /// `BlockPublicPolicy`: bucket policies that grant to the public are not taken.
    pub block_public_policy: bool,
    /// `RestrictPublicBuckets`: a bucket with such a policy is open to its own account only.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// As four bits, the first member the lowest.
    pub fn bits(self) -> u8 {
        self.members().into_iter().rev().fold(0, |bits, set| bits << 1 | u8::from(set))
    }

    /// From its four bits.
    pub fn from_bits(bits: u8) -> Self {
        Self {
            block_public_acls: bits & 1 != 0,
            ignore_public_acls: bits & 2 != 0,
            block_public_policy: bits & 4 != 0,
            restrict_public_buckets: bits & 8 != 0,
        }
    }

    /// Its members, in the order of S3's model.
    pub fn members(self) -> [bool; 4] {
        [self.block_public_acls, self.ignore_public_acls, self.block_public_policy, self.restrict_public_buckets]
    }

    /// From its members.
    pub fn from_members([acls, ignored, policy, restricted]: [bool; 4]) -> Self {
        Self {
            block_public_acls: acls,
            ignore_public_acls: ignored,
            block_public_policy: policy,
            restrict_public_buckets: restricted,
        }
    }

    /// What either of two blocks: a bucket's and its account's.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::from_bits(self.bits() | other.bits())
    }
}

/// A bucket that an account made or keeps settings of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The name, unique over all accounts.
    pub name: Box<str>,
    /// Whose it is.
    pub account: AccountId,
    /// When this program came to know it.
    pub created: Timestamp,
    /// Its policy as it is kept: see [`Bound`](crate::policy::Bound).
    pub policy: Option<Box<str>>,
    /// What is kept from the public.
    pub public_access_block: Option<PublicAccessBlock>,
}

/// A session that was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// Its access key id, `ASIA...`.
    pub key: AccessKeyId,
    /// The account of its holder.
    pub account: AccountId,
    /// When it would have been over anyway: it is forgotten then.
    pub until: Timestamp,
}

/// The kinds of IAM identities: who policies can be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentityKind {
    /// A user: has access keys, belongs to groups.
    User,
    /// A group: lends its policies to its members; is not a principal.
    Group,
    /// A role: taken for a while by those whom its trust policy names.
    Role,
}

impl IdentityKind {
    /// All of them.
    pub const ALL: [IdentityKind; 3] = [IdentityKind::User, IdentityKind::Group, IdentityKind::Role];

    /// The word of ARNs: `user`, `group`, `role`.
    pub fn word(self) -> &'static str {
        match self {
            IdentityKind::User => "user",
            IdentityKind::Group => "group",
            IdentityKind::Role => "role",
        }
    }
}

/// A user, a group or a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which of the three.
    pub kind: IdentityKind,
    /// The account that it belongs to.
    pub account: AccountId,
    /// The unique id: `AIDA...`, `AGPA...`, `AROA...`. Never used again.
    pub id: Box<str>,
    /// The name, unique in the account and kind without regard to case.
    pub name: Box<str>,
    /// The path: `/`, `/division/`.
    pub path: Box<str>,
    /// When it was made.
    pub created: Timestamp,
}

impl Identity {
    /// `arn:aws:iam::{account}:user{path}{name}`.
    pub fn arn(&self) -> Arn {
        Arn::iam(self.account.as_str(), &format!("{}{}{}", self.kind.word(), self.path, self.name))
    }
}

/// What a role has beside what every identity has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDetails {
    /// Its trust policy as it is kept: see [`Bound`](crate::policy::Bound).
    pub trust: Box<str>,
    /// What its maker says of it.
    pub description: Option<Box<str>>,
    /// The longest that a session of it lasts, in seconds.
    pub session_seconds_max: u32,
}

/// Something else that an account keeps, with details that only the API of its kind reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The account that it belongs to.
    pub account: AccountId,
    /// The unique id over all kinds. Never used again.
    pub id: Box<str>,
    /// The name, unique in the account and kind without regard to case.
    pub name: Box<str>,
    /// The path; `/` for kinds without paths.
    pub path: Box<str>,
    /// The unique id of the user or role that it belongs to; `None` for the account or its root. An identity cannot be
    /// deleted while it owns items.
    pub owner: Option<Box<str>>,
    /// When it was made.
    pub created: Timestamp,
    /// The rest, as JSON.
    pub details: Box<str>,
}

/// The kinds of [`Item`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// The name that an account has beside its number.
    AccountAlias,
    /// An answer that is made once and asked for later: a report, a deletion.
    Job,
    /// A request that permissions be delegated.
    DelegationRequest,
    /// A place for one role, as machines know it.
    InstanceProfile,
    /// The password of a user.
    LoginProfile,
    /// A virtual MFA device, whether somebody's or not yet.
    MfaDevice,
    /// An OpenID Connect provider.
    OidcProvider,
    /// What an account asks of passwords.
    PasswordPolicy,
    /// A SAML provider.
    SamlProvider,
    /// A server certificate.
    ServerCertificate,
    /// A user's name and password, or token, for one service.
    ServiceCredential,
    /// An account's other choices.
    Setting,
    /// A user's X.509 certificate.
    SigningCertificate,
    /// A user's SSH public key.
    SshKey,
    /// An account as the issuer of web identity tokens.
    TokenIssuer,
}

impl ItemKind {
    /// All of them.
    pub const ALL: [ItemKind; 15] = [
        ItemKind::AccountAlias,
        ItemKind::Job,
        ItemKind::DelegationRequest,
        ItemKind::InstanceProfile,
        ItemKind::LoginProfile,
        ItemKind::MfaDevice,
        ItemKind::OidcProvider,
        ItemKind::PasswordPolicy,
        ItemKind::SamlProvider,
        ItemKind::ServerCertificate,
        ItemKind::ServiceCredential,
        ItemKind::Setting,
        ItemKind::SigningCertificate,
        ItemKind::SshKey,
        ItemKind::TokenIssuer,
    ];

    /// As the store writes it.
    pub fn word(self) -> &'static str {
        match self {
            ItemKind::AccountAlias => "account-alias",
            ItemKind::Job => "job",
            ItemKind::DelegationRequest => "delegation-request",
            ItemKind::InstanceProfile => "instance-profile",
            ItemKind::LoginProfile => "login-profile",
            ItemKind::MfaDevice => "mfa",
            ItemKind::OidcProvider => "oidc-provider",
            ItemKind::PasswordPolicy => "password-policy",
            ItemKind::SamlProvider => "saml-provider",
            ItemKind::ServerCertificate => "server-certificate",
            ItemKind::ServiceCredential => "service-credential",
            ItemKind::Setting => "setting",
            ItemKind::SigningCertificate => "signing-certificate",
            ItemKind::SshKey => "ssh-key",
            ItemKind::TokenIssuer => "token-issuer",
        }
    }
}

/// Whose access key it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// The account's root user.
    Root,
    /// The user with this unique id.
    User(Box<str>),
}

/// Whether an access key opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// Usable.
    Active,
    /// Refused until it is made active again.
    Inactive,
}

impl KeyStatus {
    /// `Active` or `Inactive`, as the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyStatus::Active => "Active",
            KeyStatus::Inactive => "Inactive",
        }
    }

    /// Reads the API's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [KeyStatus::Active, KeyStatus::Inactive].into_iter().find(|status| status.as_str() == text)
    }
}

/// An access key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA...`, unique over all accounts.
    pub id: AccessKeyId,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Root, or a user of the account.
    pub owner: KeyOwner,
    /// Whether it opens anything.
    pub status: KeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// The latest known use; the store learns of it some time after.
    pub last_used: Option<LastUsed>,
}

/// The latest use of an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    /// When.
    pub at: Timestamp,
    /// The signing name of the service: `s3`.
    pub service: Box<str>,
    /// The region of the credential scope.
    pub region: Box<str>,
}

/// A managed policy, without its documents: a customer's, or under [`AccountId::AWS`] one of AWS's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// The account that it belongs to.
    pub account: AccountId,
    /// The unique id, `ANPA...`.
    pub id: Box<str>,
    /// The name, unique in the account without regard to case.
    pub name: Box<str>,
    /// The path: `/`, `/division/`.
    pub path: Box<str>,
    /// What its maker says of it; cannot be changed later.
    pub description: Option<Box<str>>,
    /// When it was made.
    pub created: Timestamp,
    /// When its latest version was made.
    pub updated: Timestamp,
    /// The number of the version in force. Ignored by [`UnitOfWork::add_policy`](super::UnitOfWork::add_policy).
    pub default_version: u32,
    /// To how many identities it is attached. Ignored by [`UnitOfWork::add_policy`](super::UnitOfWork::add_policy).
    pub attachments: u32,
    /// Of how many users it is the boundary. Ignored by [`UnitOfWork::add_policy`](super::UnitOfWork::add_policy).
    pub boundaries: u32,
}

/// How managed policies are used, where a listing is of some only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyUse {
    /// In any way, or not at all.
    Any,
    /// Attached to somebody.
    Attached,
    /// Somebody's permissions boundary.
    Boundary,
}

impl ManagedPolicy {
    /// `arn:aws:iam::{account}:policy{path}{name}`; `aws` stands for the account of those that AWS manages.
    pub fn arn(&self) -> Arn {
        let account = if self.is_of_aws() { "aws" } else { self.account.as_str() };
        Arn::iam(account, &format!("policy{}{}", self.path, self.name))
    }

    /// Whether AWS manages it.
    pub fn is_of_aws(&self) -> bool {
        self.account == AccountId::AWS
    }
}

/// One version of a managed policy's document. The document is kept byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// 1, 2, ... Never used again within the policy.
    pub number: u32,
    /// The JSON text as it was given.
    pub document: Box<str>,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it is the version in force.
    pub is_default: bool,
}

/// A policy that belongs to one identity alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicy {
    /// The name, unique in its identity without regard to case.
    pub name: Box<str>,
    /// The JSON text as it was given.
    pub document: Box<str>,
}
