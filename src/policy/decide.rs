//! The order of evaluation, and the words of a denial.
//! Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".

use std::{borrow::Cow, fmt};

use smallvec::SmallVec;

use super::{
    compiled::Statement,
    document::{Effect, Span},
    principal::{Named, Party, PartyKind},
    resource::Resource,
    set::PolicySet,
    start::Sought,
};
use crate::base::condition::Context;

/// What is asked: may this action be done on this resource?
pub struct Question<'a> {
    /// `s3:GetObject`, in any case.
    pub action: &'a str,
    /// The resource.
    pub resource: Resource<'a>,
    /// The account that the resource belongs to; `None` for what belongs to whoever asks.
    pub resource_account: Option<&'a str>,
    /// The condition context.
    pub context: &'a dyn Context,
}

/// An action in lower case, whole and split at its colon.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// `s3:getobject`.
    pub whole: Sought<'a>,
    /// `s3`.
    pub service: Sought<'a>,
    /// `getobject`.
    pub name: Sought<'a>,
}

/// The policies that take part, by kind. A kind without policies takes no part, except where [`decide`] says otherwise.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// The identity-based policies of the caller and of its groups.
    pub identity: SmallVec<[&'a PolicySet; 8]>,
    /// The permissions boundary of the user or the role.
    pub boundary: Option<&'a PolicySet>,
    /// The session policies, inline and managed together.
    pub session: Option<&'a PolicySet>,
    /// The policy of the resource.
    pub resource: Option<&'a PolicySet>,
    /// The service control policies of the caller's account: those of the organization's root, of each unit, of the
    /// account. Each level has to allow.
    pub service_control: SmallVec<[&'a PolicySet; 1]>,
    /// The resource control policies of the resource's account, in the same way.
    pub resource_control: SmallVec<[&'a PolicySet; 1]>,
}

/// The kinds of policies, as decisions name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Identity-based policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// The policy of the resource.
    Resource,
    /// The policy of a role that says who may take it.
    Trust,
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
}

/// The answer.
#[derive(Debug)]
pub enum Decision<'a> {
    /// Allowed.
    Allow(AllowKind<'a>),
    /// Denied.
    Deny(DenyKind<'a>),
}

/// Why something is allowed.
#[derive(Debug, Clone, Copy)]
pub enum AllowKind<'a> {
    /// A statement allows it.
    Statement(Decided<'a>),
    /// The root user may do everything in its own account.
    Root,
}

/// Why something is denied.
#[derive(Debug, Clone, Copy)]
pub enum DenyKind<'a> {
    /// A statement denies it.
    Explicit(Decided<'a>),
    /// No statement of this kind of policy allows it, where one has to.
    Implicit(Layer),
}

/// The statement that decided.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The kind of the policy.
    pub layer: Layer,
    /// Its effect.
    pub effect: Effect,
    /// The policy that it stands in.
    pub source: &'a str,
    /// Its place in the policy, from 0.
    pub statement: u32,
    /// Its `Sid`.
    pub sid: &'a Option<Box<str>>,
    /// Where it stands in the document.
    pub span: Span,
}

/// Decides. Whatever no policy speaks of is denied.
///
/// An explicit deny in any policy ends it. Then each level of resource control and of service control policies has to
/// allow. Within one account it takes one more allowance: of the resource's policy, by words that name the caller or
/// everyone; or of identity-based policies, or of the resource's policy by words that name the caller's role, each within
/// the boundary and the session policies. Between accounts it takes both sides. A federated user's session without
/// session policies has nothing of the user's permissions.
pub fn decide<'a>(layers: &Layers<'a>, party: &Party<'_>, question: &Question<'_>) -> Decision<'a> {
    let lowered = lower(question.action);
    let Some(action) = Action::new(&lowered) else { return Decision::Deny(DenyKind::Implicit(Layer::Identity)) };
    let asked = Asked { action, party, question };
    match asked.answers(layers, layers.resource, Layer::Resource) {
        Ok(answers) => answers.conclude(&asked, Answers::permission),
        Err(decided) => Decision::Deny(DenyKind::Explicit(decided)),
    }
}

/// Decides whether a role may be taken. `layers` are the caller's, and those of control over both accounts; the role's
/// own policies have no say. The trust policy has to allow in any case. Where it names only the caller's account, and
/// for callers of other accounts, identity-based policies have to allow as well.
pub fn decide_trust<'a>(
    trust: &'a PolicySet,
    layers: &Layers<'a>,
    party: &Party<'_>,
    question: &Question<'_>,
) -> Decision<'a> {
    let lowered = lower(question.action);
    let Some(action) = Action::new(&lowered) else { return Decision::Deny(DenyKind::Implicit(Layer::Trust)) };
    let asked = Asked { action, party, question };
    match asked.answers(layers, Some(trust), Layer::Trust) {
        Ok(answers) => answers.conclude(&asked, Answers::trust),
        Err(decided) => Decision::Deny(DenyKind::Explicit(decided)),
    }
}

/// A question with who asks it.
pub(super) struct Asked<'q> {
    pub(super) action: Action<'q>,
    pub(super) party: &'q Party<'q>,
    pub(super) question: &'q Question<'q>,
}

/// What each kind of policy answers, once it is known that none denies.
#[derive(Clone, Copy)]
struct Answers<'a> {
    identity: Option<Decided<'a>>,
    resource: Option<(Decided<'a>, Named)>,
    boundary: bool,
    session: bool,
    service_control: bool,
    resource_control: bool,
}

impl<'q> Asked<'q> {
    /// The answers of all layers, or the statement that denies.
    fn answers<'a>(
        &self,
        layers: &Layers<'a>,
        resource: Option<&'a PolicySet>,
        kind: Layer,
    ) -> Result<Answers<'a>, Decided<'a>> {
        let resource_control = self.all(&layers.resource_control, Layer::ResourceControl)?;
        let service_control = self.all(&layers.service_control, Layer::ServiceControl)?;
        let resource = match resource.and_then(|set| set.decide_for(self.question, &self.action, kind, self.party)) {
            Some((decided, _)) if decided.effect == Effect::Deny && !self.is_repair() => return Err(decided),
            answer => answer.filter(|(decided, _)| decided.effect == Effect::Allow),
        };
        let mut identity = None;
        for set in &layers.identity {
            identity = self.one(set, Layer::Identity)?.or(identity);
        }
        // Without session policies a federated user has none of the permissions that its user has.
        let federated = self.party.kind == PartyKind::FederatedUser;
        let within = |set: Option<&'a PolicySet>, layer, without: bool| match set {
            Some(set) => self.one(set, layer).map(|allowed| allowed.is_some()),
            None => Ok(without),
        };
        let boundary = within(layers.boundary, Layer::Boundary, true)?;
        let session = within(layers.session, Layer::Session, !federated)?;
        Ok(Answers { identity, resource, boundary, session, service_control, resource_control })
    }

    /// What a set allows by, or the statement of it that denies.
    fn one<'a>(&self, set: &'a PolicySet, layer: Layer) -> Result<Option<Decided<'a>>, Decided<'a>> {
        match set.decide(self.question, &self.action, layer) {
            Some(decided) if decided.effect == Effect::Deny => Err(decided),
            allowed => Ok(allowed),
        }
    }

    /// Whether all levels allow, or the statement that denies.
    fn all<'a>(&self, levels: &[&'a PolicySet], layer: Layer) -> Result<bool, Decided<'a>> {
        levels.iter().try_fold(true, |allowed, set| Ok(self.one(set, layer)?.is_some() && allowed))
    }

    fn is_same_account(&self) -> bool {
        let account = self.party.account;
        account.is_some() && self.question.resource_account.is_none_or(|owner| account == Some(owner))
    }

    /// The root user can always mend the policy of a bucket of its account, whatever that policy denies.
    pub(super) fn is_repair(&self) -> bool {
        let action =
            matches!(self.action.whole.text, "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy");
        action && self.party.kind == PartyKind::Root && self.is_same_account()
    }
}

impl<'a> Answers<'a> {
    fn conclude(self, asked: &Asked<'_>, grant: fn(&Self, &Asked<'_>) -> Result<AllowKind<'a>, Layer>) -> Decision<'a> {
        let granted = match (self.resource_control, self.service_control) {
            (false, _) => Err(Layer::ResourceControl),
            (true, false) => Err(Layer::ServiceControl),
            (true, true) => grant(&self, asked),
        };
        match granted {
            Ok(allowed) => Decision::Allow(allowed),
            Err(layer) => Decision::Deny(DenyKind::Implicit(layer)),
        }
    }

    /// What grants, or the kind of policy that does not.
    fn permission(&self, asked: &Asked<'_>) -> Result<AllowKind<'a>, Layer> {
        let by_resource = self.resource.map(|(decided, _)| AllowKind::Statement(decided));
        if !asked.party.kind.is_of_account() {
            return by_resource.ok_or(Layer::Resource);
        }
        if !asked.is_same_account() {
            self.own(asked, self.identity)?;
            return by_resource.ok_or(Layer::Resource);
        }
        match self.resource {
            Some((decided, Named::Everyone | Named::Itself)) => Ok(AllowKind::Statement(decided)),
            Some((decided, Named::Role | Named::Issuer)) => self.own(asked, self.identity.or(Some(decided))),
            Some((_, Named::Account)) | None => self.own(asked, self.identity),
        }
    }

    /// What grants that a role is taken, or the kind of policy that does not. Everyone means every principal of an
    /// account here; others have to be named.
    fn trust(&self, asked: &Asked<'_>) -> Result<AllowKind<'a>, Layer> {
        let of_account = asked.party.kind.is_of_account();
        let trusted = self.resource.filter(|(_, named)| of_account || *named != Named::Everyone);
        let (decided, named) = trusted.ok_or(Layer::Trust)?;
        if of_account {
            let suffices = asked.is_same_account() && named != Named::Account;
            self.own(asked, if suffices { self.identity.or(Some(decided)) } else { self.identity })?;
        }
        Ok(AllowKind::Statement(decided))
    }

    /// What the caller's own account grants: what `granted` does, within the boundary and the session policies. Root
    /// needs no grant.
    fn own(&self, asked: &Asked<'_>, granted: Option<Decided<'a>>) -> Result<AllowKind<'a>, Layer> {
        let granted = match asked.party.kind {
            PartyKind::Root => AllowKind::Root,
            _ => AllowKind::Statement(granted.ok_or(Layer::Identity)?),
        };
        match (self.boundary, self.session) {
            (false, _) => Err(Layer::Boundary),
            (true, false) => Err(Layer::Session),
            (true, true) => Ok(granted),
        }
    }
}

impl DenyKind<'_> {
    /// The kind of policy that denies.
    pub fn layer(&self) -> Layer {
        match self {
            DenyKind::Explicit(decided) => decided.layer,
            DenyKind::Implicit(layer) => *layer,
        }
    }

    /// The end of AWS's message: `because no identity-based policy allows the s3:GetObject action`.
    pub fn words(&self, action: &str) -> String {
        match self {
            DenyKind::Explicit(Decided { layer, source, .. }) if is_managed(source) => {
                format!("with an explicit deny in {}: {source}", layer.with_article())
            }
            DenyKind::Explicit(decided) => format!("with an explicit deny in {}", decided.layer.with_article()),
            DenyKind::Implicit(layer) => format!("because no {layer} allows the {action} action"),
        }
    }
}

/// Whether a policy is told by the ARN of a managed policy.
fn is_managed(source: &str) -> bool {
    source.starts_with("arn:") && source.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("policy/"))
}

impl Layer {
    /// As AWS writes it after `with an explicit deny in`.
    fn with_article(self) -> &'static str {
        match self {
            Layer::Identity => "an identity-based policy",
            Layer::Boundary => "a permissions boundary",
            // AWS writes it so.
            Layer::Session => "a sessions policy",
            Layer::Resource => "a resource-based policy",
            Layer::Trust => "the role trust policy",
            Layer::ServiceControl => "a service control policy",
            Layer::ResourceControl => "a resource control policy",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Identity => "identity-based policy",
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policy",
            Layer::Resource => "resource-based policy",
            Layer::Trust => "role trust policy",
            Layer::ServiceControl => "service control policy",
            Layer::ResourceControl => "resource control policy",
        })
    }
}

impl<'a> Decided<'a> {
    pub(super) fn by(statement: &'a Statement, layer: Layer, source: &'a str, at: u32) -> Self {
        let Statement { effect, sid, span, .. } = statement;
        Self { layer, effect: *effect, source, statement: at, sid, span: *span }
    }
}

impl fmt::Display for AllowKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllowKind::Statement(decided) => decided.fmt(f),
            AllowKind::Root => f.write_str("allowed to root in its own account"),
        }
    }
}

impl fmt::Display for Decided<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = if self.effect == Effect::Allow { "allowed" } else { "denied" };
        write!(f, "{effect} by statement {}", self.statement)?;
        if let Some(sid) = self.sid {
            write!(f, " ({sid})")?;
        }
        write!(f, " of {}", self.source)
    }
}

/// Actions compare without regard to case. Those of the tables are short, so nothing is allocated for them.
pub(super) fn lower(action: &str) -> SmallVec<[u8; 64]> {
    let mut bytes = SmallVec::from_slice(action.as_bytes());
    bytes.make_ascii_lowercase();
    bytes
}

impl<'a> Action<'a> {
    /// Splits an action that is in lower case.
    pub fn new(lowered: &'a [u8]) -> Option<Self> {
        let whole = str::from_utf8(lowered).ok()?;
        let colon = lowered.iter().position(|&byte| byte == b':')?;
        let (service, name) = (whole.get(..colon)?, whole.get(colon + 1..)?);
        Some(Self { whole: Sought::new(whole), service: Sought::new(service), name: Sought::new(name) })
    }
}

/// AWS's message for a denied call. S3 puts the resource in quotation marks, other services do not.
pub fn denial(caller: &str, action: &str, resource: &str, why: &str) -> Cow<'static, str> {
    let quote = if action.starts_with("s3:") { "\"" } else { "" };
    format!("User: {caller} is not authorized to perform: {action} on resource: {quote}{resource}{quote} {why}").into()
}
