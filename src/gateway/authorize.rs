//! Step 4, authorize: every decision that an operation needs, on one snapshot; the only maker of permits.
//!
//! The order of evaluation is the policy engine's ([`policy::decide`](mod@crate::policy::decide)). Here it is decided
//! which policies take part: those of the caller, and that of the bucket that the resource is in. Root is allowed
//! everything in its own account that no bucket policy denies. An anonymous caller has no policies of its own: only a
//! bucket policy can allow it anything.

use std::{
    cell::Cell,
    sync::{Arc, LazyLock},
};

use super::{
    context::{Circumstances, NeedContext},
    message,
    permit::Permit,
    stored_tags::AskedTags,
};
use crate::{
    base::{
        AccountId, Arn, Fault, Operation, Principal,
        principal::{Vouched, Voucher},
    },
    policy::{
        AllowKind, Decision, DenyKind, Layer, Layers, Party, PartyKind, Policy, Question, decide, decide::denial,
        decide_trust, resource::Resource,
    },
    session::{Restriction, Session},
    store::{
        MessageKey,
        snapshot::{
            IdentityPolicies, Snapshot,
            policies::{Compiled, Poisoned, PolicySet},
        },
    },
    telemetry::label::Denial,
};

/// What an account lends: to its users what `AllowUsersToChangePassword` of its password policy says, to the owners of
/// delegation requests what they do with them. Which operations that is, they say themselves. Source: IAM API reference,
/// `PasswordPolicy`; IAM user guide, "Managing Permissions for Delegation Requests".
static LENT: LazyLock<PolicySet> = LazyLock::new(|| everything("what the account lends"));

/// What the federated users of root may do before their session policies are looked at: all that root may.
static OF_ROOT: LazyLock<PolicySet> = LazyLock::new(|| everything("the root user's permissions"));

/// A policy of ours that allows everything. Without a policy, nothing would be allowed.
fn everything(source: &str) -> PolicySet {
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    PolicySet::new(Policy::compile(all).ok().map(|policy| (source.into(), Arc::new(policy))))
}

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
    /// What it was made of, for the account that may know.
    told: Option<(AccountId, String)>,
}

/// What comes of a decision: the permit with the verdict that allowed it, or the denial with the operation back.
pub type Decided<T> = Result<(Permit<T>, Option<Verdict>), (Box<Denied>, T)>;

/// Decides an operation. A denial of any of its needs refuses it whole, except for items of a batch, which are left out
/// one by one.
///
/// Where policies ask for tags that were not looked up yet ([`AskedTags::is_waiting`]) it is a denial that counts for
/// nothing: the caller looks them up and decides anew.
pub fn authorize<T: Operation>(around: Circumstances<'_>, mut operation: T, snapshot: &Snapshot) -> Decided<T> {
    let is_open = operation.is_published() || is_open_to_all_authenticated(&around, &operation);
    if operation.needs().is_empty() && !is_open {
        let why = "the operation names nothing to decide on";
        return Err((Denied::boxed("", Denial::Unmapped, access_denied(), why), operation));
    }
    let mut refused = Vec::new();
    let mut first_reason = None;
    for (at, need) in operation.needs().iter().enumerate() {
        match allows(around, &operation, at, &need.action, &need.resource, snapshot) {
            Ok(reason) => first_reason = first_reason.or(reason),
            Err(denied) if around.stored_tags.is_some_and(AskedTags::is_waiting) => return Err((denied, operation)),
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
    let around = Circumstances { is_vouched: operation.vouched().is_some(), ..around };
    let (principal, session) = (around.principal(), around.session());
    let guard = Guard::of(&around, operation.name(), action, resource, snapshot);
    let restriction = session.map_or(Ok(None), |session| session.restriction(snapshot));
    let is_limited = around.organization.limits_root() || !matches!(restriction, Ok(None));
    if *principal == Principal::Root(guard.account) && guard.spares_root(action) && !is_limited {
        return Ok(None);
    }
    let id = principal.identity_id();
    let identity = id.map_or(Ok(None), |id| snapshot.identity_policies(id).map(Some));
    let boundary = id.map_or(Ok(None), |id| snapshot.boundary(id));
    let refused = |why: &str| {
        let told = operation.told_resource(need);
        let why = if guard.is_trust { "" } else { why };
        match operation.vouched() {
            Some(_) => Fault::new(403, "AccessDenied", format!("Not authorized to perform {action}")),
            None => access_denied_to(principal, guard.account, action, told.as_deref().unwrap_or(resource), why),
        }
    };
    let broken = |detail: String| {
        let why = format!("because no identity-based policy allows the {action} action");
        Denied::boxed(action, Denial::Error, refused(&why).because(&detail), &detail)
    };
    let unusable = |poisoned: &Poisoned| broken(poisoned.to_string());
    let (identity, boundary, resource_policy, restriction) = match (identity, boundary, &guard.policy, restriction) {
        (Ok(identity), Ok(boundary), Ok(policy), Ok(restriction)) => (identity, boundary, *policy, restriction),
        (Err(poisoned), ..) | (_, Err(poisoned), ..) | (.., Err(poisoned)) => return Err(unusable(&poisoned)),
        (_, _, Err(poisoned), _) => return Err(unusable(poisoned)),
    };
    let around = Circumstances { resource_account: guard.account, ..around };
    let context = NeedContext { around, operation, need, action, resource, is_unsettled: Cell::new(false) };
    let question = Question {
        action,
        resource: Resource::new(resource),
        resource_account: Some(guard.account.as_str()),
        context: &context,
    };
    let arn = principal.arn();
    let party = match operation.vouched() {
        Some(vouched) => party_vouched(vouched),
        None => {
            let provider = session.and_then(Session::provider);
            let party = party(principal, arn.as_ref().map(Arn::as_str), provider);
            let is_delegate = session.is_some_and(|session| session.delegate().is_some());
            Party { has_boundary: boundary.is_some(), is_delegate, ..party }
        }
    };
    let mut identity = identity.as_ref().map(IdentityPolicies::sets).unwrap_or_default();
    if matches!(principal, Principal::Federated(federated) if federated.issuer.is_none()) {
        identity.push(&OF_ROOT);
    }
    if operation.is_lent() && principal.account() == Some(guard.account) && principal.identity_id().is_some() {
        identity.push(&LENT);
    }
    let layers = Layers {
        identity,
        boundary,
        session: restriction.as_ref().map(Restriction::set),
        resource: if guard.is_trust { None } else { resource_policy },
        service_control: around.organization.limits_on_principals(principal.account().is_some()),
        resource_control: around.organization.limits_on_resources(action),
    };
    let decision = match (guard.is_trust, resource_policy) {
        (false, _) => decide(&layers, &party, &question),
        (true, Some(trust)) => decide_trust(trust, &layers, &party, &question),
        (true, None) => Decision::Deny(DenyKind::Implicit(Layer::Trust)),
    };
    if context.is_unsettled.get() {
        return Err(broken(around.stored_tags.map_or_else(|| "no tags can be looked up".to_owned(), AskedTags::why)));
    }
    let kind = match &decision {
        Decision::Allow(AllowKind::Root) => return Ok(None),
        Decision::Allow(decided) => return Ok(Some(decided.to_string())),
        Decision::Deny(kind) => kind,
    };
    let fault = refused(&kind.words(action));
    let mut denied = match kind {
        DenyKind::Explicit(decided) => Denied::boxed(action, Denial::Explicit, fault, &decided.to_string()),
        DenyKind::Implicit(_) => Denied::boxed(action, Denial::Implicit, fault, &guard.implicitly()),
    };
    // Batches tell their items' denials without it.
    let is_whole = operation.needs().get(need).is_some_and(|need| need.item.is_none());
    if is_whole && principal.account() == Some(guard.account) {
        let told = message::of(&decision, principal, &question, resource);
        denied.told = told.map(|told| (guard.account, told));
    }
    Err(denied)
}

/// What guards a resource besides the caller's own policies.
struct Guard<'a> {
    /// Whose it is.
    account: AccountId,
    /// The policy of its bucket; an error if that cannot be used.
    policy: Result<Option<&'a PolicySet>, Poisoned>,
    /// Whether the bucket's policy was left out, because it is public and public buckets are restricted.
    is_restricted: bool,
    /// Whether the question is who may take a role, and the policy the trust policy of the role; none if there is no such
    /// role.
    is_trust: bool,
}

impl<'a> Guard<'a> {
    fn of(around: &Circumstances<'_>, operation: &str, action: &str, resource: &str, snapshot: &'a Snapshot) -> Self {
        let caller = around.principal().account();
        let plain = |account, is_trust| Self { account, policy: Ok(None), is_restricted: false, is_trust };
        let Some(rest) = resource.strip_prefix("arn:aws:s3:::") else {
            // What names no account, or is no ARN, belongs to whoever asks.
            let arn = resource.strip_prefix("arn:");
            let named = arn.and_then(|arn| arn.split(':').nth(3)).and_then(|account| account.parse().ok());
            // Root of a member is lent by the account that manages the organization: it is asked as that one's own.
            let named = named.filter(|_| action != "sts:AssumeRoot");
            let account = named.or(caller).unwrap_or(around.resource_account);
            let is_trust = takes_role(action, resource);
            let role = if is_trust { snapshot.role_by_arn(resource) } else { None };
            let policy = role.map(|role| role.trust.set()).transpose();
            return Self { policy, ..plain(account, is_trust) };
        };
        let bucket = rest.split('/').next().unwrap_or_default();
        // A bucket that is to be made is its maker's; whether another has it shows when it is made.
        if operation == "CreateBucket" {
            return plain(caller.unwrap_or(around.resource_account), false);
        }
        let Some(entry) = snapshot.bucket(bucket) else {
            return plain(around.resource_account, false);
        };
        let policy = entry.policy.as_ref().map(Compiled::set).transpose();
        let block = entry.public_access_block.or(snapshot.public_access_block(entry.account));
        let is_stranger = caller != Some(entry.account);
        let is_public = matches!(&policy, Ok(Some(set)) if set.is_public());
        // S3 user guide, "Blocking public access", RestrictPublicBuckets: nobody from outside the account.
        let is_restricted = block.restrict_public_buckets && is_stranger && is_public;
        let policy = if is_restricted { Ok(None) } else { policy };
        Self { policy, is_restricted, ..plain(entry.account, false) }
    }

    /// Whether root needs no look at the policy: there is none, or it is one that cannot be used and is to be mended.
    fn spares_root(&self, action: &str) -> bool {
        let mends = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"].contains(&action);
        !self.is_trust && (matches!(self.policy, Ok(None)) || mends && self.policy.is_err())
    }

    fn implicitly(&self) -> String {
        match self.is_restricted {
            true => "the bucket's policy is public, and RestrictPublicBuckets keeps others from it".into(),
            false => "no statement allows it".into(),
        }
    }
}

/// The caller, as principals of policies see it.
fn party<'a>(principal: &'a Principal, arn: Option<&'a str>, provider: Option<&'a str>) -> Party<'a> {
    match principal {
        Principal::Root(account) => Party {
            kind: PartyKind::Root,
            account: Some(account.as_str()),
            arn,
            unique_id: account.as_str(),
            ..Party::anonymous()
        },
        Principal::User(user) => Party::user(user.account.as_str(), user.arn.as_str(), &user.id),
        Principal::Role(session) => Party {
            kind: PartyKind::RoleSession,
            account: Some(session.role.account.as_str()),
            arn,
            role_arn: Some(session.role.arn.as_str()),
            unique_id: &session.user_id,
            issuer: provider,
            ..Party::anonymous()
        },
        Principal::Federated(federated) => Party {
            kind: PartyKind::FederatedUser,
            account: Some(federated.account.as_str()),
            arn,
            unique_id: &federated.user_id,
            issuer: federated.issuer.as_ref().map(|user| user.arn.as_str()),
            issuer_id: federated.issuer.as_ref().map(|user| &*user.id),
            ..Party::anonymous()
        },
        Principal::Anonymous => Party::anonymous(),
    }
}

/// Somebody for whom an identity provider vouches, as trust policies see it.
fn party_vouched(vouched: &Vouched) -> Party<'_> {
    let kind = match vouched.by {
        Voucher::WebIdentity => PartyKind::WebIdentity,
        Voucher::Saml => PartyKind::Saml,
        Voucher::Ldap => PartyKind::Ldap,
        Voucher::Certificate => PartyKind::Certificate,
    };
    Party { kind, issuer: Some(&vouched.provider), unique_id: &vouched.principal_id, ..Party::anonymous() }
}

/// Whether an action is decided by the trust policy of a role. Source: service authorization reference, "Actions defined by
/// AWS Security Token Service"; all of them on roles are.
fn takes_role(action: &str, resource: &str) -> bool {
    let is_role = || resource.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("role/"));
    action.starts_with("sts:") && resource.starts_with("arn:aws:iam::") && is_role()
}

/// S3 tells why only to callers of the account whose the resource is (S3 user guide, "Troubleshoot access denied (403
/// Forbidden) errors": none for requests across accounts and anonymous ones).
fn access_denied_to(principal: &Principal, owner: AccountId, action: &str, resource: &str, why: &str) -> Fault {
    match principal.arn() {
        Some(arn) if !action.starts_with("s3:") || principal.account() == Some(owner) => {
            Fault::new(403, "AccessDenied", denial(arn.as_str(), action, resource, why))
        }
        _ => access_denied(),
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
        Box::new(Self { fault, verdict, told: None })
    }

    /// What the client gets, with what the denial was made of sealed in it, and the verdict.
    pub fn refuse(self, messages: &MessageKey) -> (Fault, Verdict) {
        let sealed = self.told.and_then(|(account, told)| messages.seal(account, told.as_bytes()).ok());
        let fault = match sealed {
            Some(sealed) => self.fault.with(message::ELEMENT, sealed),
            None => self.fault,
        };
        (fault, self.verdict)
    }
}
