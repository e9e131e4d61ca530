//! The order of evaluation, and the words of a denial.
//! Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".

use std::{borrow::Cow, fmt};

use arrayvec::ArrayString;
use memchr::memchr;
use smallvec::SmallVec;

use super::{
    principal::{Named, Party, PartyKind},
    resource::Resource,
    set::{Found, Granted, PolicySet},
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
    /// The statement, and where it stands.
    pub found: Found<'a>,
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
    let Some(action) = lowered.as_deref().and_then(Action::new) else {
        return Decision::Deny(DenyKind::Implicit(Layer::Identity));
    };
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
    let Some(action) = lowered.as_deref().and_then(Action::new) else {
        return Decision::Deny(DenyKind::Implicit(Layer::Trust));
    };
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
    identity: Option<Found<'a>>,
    resource: Option<Granted<'a>>,
    /// The kind of the policy that `resource` is about.
    kind: Layer,
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
        let resource = match resource.and_then(|set| set.decide_for(self.question, &self.action, self.party)) {
            Some(Granted { found, .. }) if found.denies() && !self.is_repair() => {
                return Err(Decided { layer: kind, found });
            }
            answer => answer.filter(|granted| !granted.found.denies()),
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
        Ok(Answers { identity, resource, kind, boundary, session, service_control, resource_control })
    }

    /// What a set allows by, or the statement of it that denies.
    fn one<'a>(&self, set: &'a PolicySet, layer: Layer) -> Result<Option<Found<'a>>, Decided<'a>> {
        match set.decide(self.question, &self.action) {
            Some(found) if found.denies() => Err(Decided { layer, found }),
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

    /// What grants, or the kind of policy that does not. Nothing gets whoever acts for somebody else past the session
    /// policies.
    fn permission(&self, asked: &Asked<'_>) -> Result<AllowKind<'a>, Layer> {
        let granted = self.granted(asked)?;
        if asked.party.is_delegate && !self.session { Err(Layer::Session) } else { Ok(granted) }
    }

    fn granted(&self, asked: &Asked<'_>) -> Result<AllowKind<'a>, Layer> {
        if !asked.party.kind.is_of_account() {
            return Ok(self.by_resource(self.resource.ok_or(Layer::Resource)?.found));
        }
        if !asked.is_same_account() {
            self.own(asked, self.identity.map(by_identity))?;
            return Ok(self.by_resource(self.resource.ok_or(Layer::Resource)?.found));
        }
        match self.resource {
            Some(Granted { found, named: Named::Everyone | Named::Itself }) => Ok(self.by_resource(found)),
            Some(Granted { found, named: Named::Role | Named::Issuer }) => {
                self.own(asked, Some(self.identity.map_or(self.by_resource(found), by_identity)))
            }
            Some(Granted { named: Named::Account, .. }) | None => self.own(asked, self.identity.map(by_identity)),
        }
    }

    /// What grants that a role is taken, or the kind of policy that does not. Everyone means every principal of an
    /// account here; others have to be named.
    fn trust(&self, asked: &Asked<'_>) -> Result<AllowKind<'a>, Layer> {
        let of_account = asked.party.kind.is_of_account();
        let trusted = self.resource.filter(|granted| of_account || granted.named != Named::Everyone);
        let Granted { found, named } = trusted.ok_or(Layer::Trust)?;
        let granted = self.by_resource(found);
        if of_account {
            let suffices = (asked.is_same_account() && named != Named::Account).then_some(granted);
            self.own(asked, self.identity.map(by_identity).or(suffices))?;
        }
        Ok(granted)
    }

    /// What the caller's own account grants: what `granted` does, within the boundary and the session policies. Root
    /// needs no grant.
    fn own(&self, asked: &Asked<'_>, granted: Option<AllowKind<'a>>) -> Result<AllowKind<'a>, Layer> {
        let granted = match asked.party.kind {
            PartyKind::Root => AllowKind::Root,
            _ => granted.ok_or(Layer::Identity)?,
        };
        match (self.boundary, self.session) {
            (false, _) => Err(Layer::Boundary),
            (true, false) => Err(Layer::Session),
            (true, true) => Ok(granted),
        }
    }

    fn by_resource(&self, found: Found<'a>) -> AllowKind<'a> {
        AllowKind::Statement(Decided { layer: self.kind, found })
    }
}

fn by_identity(found: Found<'_>) -> AllowKind<'_> {
    AllowKind::Statement(Decided { layer: Layer::Identity, found })
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
            DenyKind::Explicit(Decided { layer, found }) if is_managed(found.source) => {
                format!("with an explicit deny in {}: {}", layer.with_article(), found.source)
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
        let Found { statement, source, at } = self.found;
        let effect = if self.found.denies() { "denied" } else { "allowed" };
        write!(f, "{effect} by statement {at}")?;
        if let Some(sid) = &statement.sid {
            write!(f, " ({sid})")?;
        }
        write!(f, " of {source}")
    }
}

/// An action in lower case: actions compare without regard to case.
pub type Lowered = ArrayString<ACTION_LENGTH_MAX>;

/// The longest name of an action that the API's model has (`ActionNameType`). A longer one is allowed to nobody.
const ACTION_LENGTH_MAX: usize = 128;

/// `None` if it is no action.
#[inline]
pub(super) fn lower(action: &str) -> Option<Lowered> {
    let mut lowered = Lowered::from(action).ok()?;
    lowered.make_ascii_lowercase();
    Some(lowered)
}

impl<'a> Action<'a> {
    /// Splits an action that is in lower case.
    pub fn new(whole: &'a str) -> Option<Self> {
        let (service, name) = whole.split_at_checked(memchr(b':', whole.as_bytes())?)?;
        let name = name.get(1..)?;
        Some(Self { whole: Sought::new(whole), service: Sought::new(service), name: Sought::new(name) })
    }
}

/// AWS's message for a denied call. S3 puts the resource in quotation marks, other services do not.
pub fn denial(caller: &str, action: &str, resource: &str, why: &str) -> Cow<'static, str> {
    let quote = if action.starts_with("s3:") { "\"" } else { "" };
    let gap = if why.is_empty() { "" } else { " " };
    format!("User: {caller} is not authorized to perform: {action} on resource: {quote}{resource}{quote}{gap}{why}")
        .into()
}
