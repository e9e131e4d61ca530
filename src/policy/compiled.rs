//! A compiled policy.

use std::collections::BTreeSet;

use super::{
    condition::Condition,
    decide::{Action, Question},
    document::{self, Document, Effect, Matching, RawStatement, Span, SyntaxError, Version},
    pattern::Glob,
    principal::{Named, Party, Principals},
    public,
    resource::{Resource, ResourcePattern, has_wildcard_type, is_complete},
    start::{Beginning, Key},
    truth::Truth,
    variable::Variable,
};
use crate::base::condition::Context;

/// A policy, ready to decide with.
#[derive(Debug)]
pub struct Policy {
    statements: Box<[Statement]>,
    public: bool,
}

/// What a policy is attached to. It settles which elements a statement must have, and which it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user, a group or a role: its permissions.
    Identity,
    /// The same, written by AWS, which does not refuse to itself all that it refuses to customers.
    OfAws,
    /// A user or a role: the most that its permissions can be.
    Boundary,
    /// A session.
    Session,
    /// A role: who may take it.
    Trust,
    /// A bucket.
    Bucket,
    /// An organization's accounts: the most that their principals may do.
    ServiceControl,
    /// An organization's accounts: the most that may be done with their resources.
    ResourceControl,
}

impl Kind {
    /// Whether a statement names principals.
    pub fn has_principals(self) -> bool {
        matches!(self, Kind::Trust | Kind::Bucket | Kind::ResourceControl)
    }

    /// Whether a statement names resources.
    pub fn has_resources(self) -> bool {
        self != Kind::Trust
    }
}

/// A compiled statement.
#[derive(Debug)]
pub struct Statement {
    /// `Sid`, for explanations.
    pub sid: Option<Box<str>>,
    /// `Effect`.
    pub effect: Effect,
    /// Where it stands in its document.
    pub span: Span,
    /// `Principal` or `NotPrincipal`, where it can name others than everyone.
    principals: Option<Principals>,
    actions: Actions,
    /// `None`: whatever the policy is attached to.
    resources: Option<Resources>,
    conditions: Box<[Condition]>,
}

/// `Action` or `NotAction`.
#[derive(Debug)]
pub(super) struct Actions {
    pub(super) negated: bool,
    pub(super) patterns: Box<[ActionPattern]>,
}

/// `*`, or a service and a pattern of names, both in lower case.
#[derive(Debug)]
pub(super) struct ActionPattern {
    /// `None`: every service.
    pub(super) service: Option<Key>,
    start: Beginning,
    name: Glob,
}

#[derive(Debug)]
struct Resources {
    negated: bool,
    /// Whether all ARNs were written with all their parts.
    complete: bool,
    patterns: Box<[ResourcePattern]>,
}

impl Policy {
    /// Compiles a stored identity-based policy, boundary or session policy. Whatever cannot be understood is an error,
    /// never a statement left out.
    pub fn compile(text: &str) -> Result<Self, SyntaxError> {
        Self::compile_as(text, Kind::Identity)
    }

    /// Compiles a stored document of a kind.
    pub fn compile_as(text: &str, kind: Kind) -> Result<Self, SyntaxError> {
        Self::of(document::parse(text)?, text, kind)
    }

    /// Compiles a document that was read from a text.
    pub(super) fn of(document: Document, text: &str, kind: Kind) -> Result<Self, SyntaxError> {
        let version = document.version.unwrap_or(Version::V2008);
        let public = kind == Kind::Bucket && document.statements.iter().any(public::is_public);
        let spans = document::spans(text).into_iter().chain(std::iter::repeat(Span::default()));
        let statements = document.statements.into_iter().zip(spans);
        let statements = statements.map(|(raw, span)| Statement::compile(raw, span, version, kind));
        Ok(Self { statements: statements.collect::<Result<_, _>>()?, public })
    }

    /// Whether it is the policy of a bucket and grants something to everyone, as S3 means it.
    pub fn is_public(&self) -> bool {
        self.public
    }

    /// The statements, in their order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The condition keys that the policy names, as written.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| statement.conditions.iter().map(|condition| &*condition.written))
    }

    /// The same with the keys that stand in variables, each once.
    pub fn context_keys(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let keys = self.statements.iter().flat_map(Statement::context_keys);
        keys.filter(|key| seen.insert(key.to_lowercase())).collect()
    }
}

impl Statement {
    fn compile(raw: RawStatement, span: Span, version: Version, kind: Kind) -> Result<Self, SyntaxError> {
        let error = |text: &str| SyntaxError(text.to_owned());
        let effect = raw.effect.ok_or_else(|| error("an effect is `Allow` or `Deny`, in that case"))?;
        let principals = match (raw.principal, kind.has_principals()) {
            (None, false) => None,
            (Some(principal), true) => Some(Principals::compile(principal, effect)?),
            (None, true) => return Err(error("a statement has no principal")),
            (Some(_), false) => return Err(error("such a policy names no principal")),
        };
        let principals = match principals {
            Some(principals) if kind != Kind::ResourceControl => Some(principals),
            Some(principals) if !principals.is_only_everyone() => {
                return Err(error("the principal of a resource control policy is `*`"));
            }
            _ => None,
        };
        let given = |element: &Matching| !element.patterns.is_empty();
        let action = raw.action.filter(given).ok_or_else(|| error("a statement has no action"))?;
        let resources = match (raw.resource, kind.has_resources()) {
            (Some(resource), true) if given(&resource) => {
                let resources = Resources::compile(&resource, version, effect, kind)?;
                // Only identity-based policies may leave parts of ARNs out.
                if kind == Kind::Bucket && !resources.complete {
                    return Err(error("a resource-based policy writes ARNs with all their parts"));
                }
                Some(resources)
            }
            (None, false) => None,
            (_, true) => return Err(error("a statement has no resource")),
            (Some(_), false) => return Err(error("such a policy names no resource")),
        };
        let conditions = raw.conditions.iter().map(|(operator, key, values)| {
            let condition = Condition::new(operator, key, values, version);
            condition.map_err(|error| SyntaxError(format!("`{operator}` of `{key}`: {error}")))
        });
        Ok(Self {
            sid: raw.sid.map(Into::into),
            effect,
            span,
            principals,
            actions: Actions::compile(&action)?,
            resources,
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// In which words the statement names a party. One without principals stands in no resource-based policy: where it
    /// is taken for one it denies everyone and allows nobody.
    pub fn names(&self, party: &Party<'_>) -> Option<Named> {
        match &self.principals {
            Some(principals) => principals.names(party),
            None => (self.effect == Effect::Deny).then_some(Named::Everyone),
        }
    }

    /// Whether the statement can stand in a policy that is not resource-based. One that names principals allows nothing
    /// there.
    pub fn counts_for_identities(&self) -> bool {
        self.principals.is_none() || self.effect == Effect::Deny
    }

    /// The keys that its conditions name and those that stand in variables, as written.
    pub fn context_keys(&self) -> Vec<&str> {
        let patterns = self.resources.iter().flat_map(|resources| &resources.patterns);
        let mut keys: Vec<&str> = patterns.flat_map(ResourcePattern::variables).map(Variable::written).collect();
        for condition in &self.conditions {
            keys.push(&condition.written);
            keys.extend(condition.test.variables().into_iter().map(Variable::written));
        }
        keys
    }

    /// Whether the statement allows any action of a service, which is given in lower case. What it asks beside is set
    /// aside.
    pub fn allows_any_of(&self, service: &str) -> bool {
        // All actions but some leave a service out only as a whole.
        let concerns = |pattern: &ActionPattern| {
            pattern.service.as_ref().is_none_or(|known| known.text() == service)
                && (!self.actions.negated || pattern.name == Glob::All)
        };
        self.effect == Effect::Allow && self.actions.patterns.iter().any(concerns) != self.actions.negated
    }

    /// The services that the statement names, in lower case.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.actions.patterns.iter().filter_map(|pattern| pattern.service.as_ref()).map(Key::text)
    }

    /// Whether the statement is about this action and this resource, or would be if variables had values.
    pub fn concerns(&self, action: &Action<'_>, question: &Question<'_>) -> bool {
        let Question { resource, context, .. } = question;
        let about = |resources: &Resources| {
            resources.matches(resource, *context) == Truth::True
                || resources.patterns.iter().any(|pattern| pattern.matches(resource, *context) == Truth::Unknown)
        };
        self.actions.matches(action) && self.resources.as_ref().is_none_or(about)
    }

    /// Whether the statement answers a question, whose action is given in lower case. That the action fits may be known.
    pub fn fits(&self, action: &Action<'_>, question: &Question<'_>, is_known: bool) -> bool {
        if !is_known && !self.actions.matches(action) {
            return false;
        }
        let about = |resources: &Resources| resources.matches(&question.resource, question.context);
        let resource = self.resources.as_ref().map_or(Truth::True, about);
        resource != Truth::False && {
            let conditions = Truth::all(self.conditions.iter().map(|condition| condition.holds(question.context)));
            resource.min(conditions).applies(self.effect)
        }
    }

    /// How many patterns of actions there are.
    pub(super) fn action_patterns(&self) -> usize {
        self.actions.patterns.len()
    }

    /// The services and patterns of names that the statement is about; `None` if it can be about any service.
    pub(super) fn actions(&self) -> Option<Vec<(&str, &Glob)>> {
        if self.actions.negated {
            return None;
        }
        let patterns = self.actions.patterns.iter();
        patterns.map(|pattern| Some((pattern.service.as_ref()?.text(), &pattern.name))).collect()
    }

    /// What the last parts of the resources begin with that the statement is about: anything, if it names none or all
    /// but some.
    pub(super) fn resource_prefixes(&self) -> impl Iterator<Item = &str> {
        let named = self.resources.as_ref().filter(|resources| !resources.negated);
        let any = named.is_none().then_some("");
        named.into_iter().flat_map(|resources| &resources.patterns).map(ResourcePattern::prefix).chain(any)
    }
}

impl Actions {
    fn compile(matching: &Matching) -> Result<Self, SyntaxError> {
        let patterns = matching.patterns.iter().map(|text| {
            ActionPattern::compile(text).ok_or_else(|| SyntaxError(format!("`{text}` is no pattern of actions")))
        });
        Ok(Self { negated: matching.negated, patterns: patterns.collect::<Result<_, _>>()? })
    }

    fn matches(&self, action: &Action<'_>) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(action)) != self.negated
    }
}

impl ActionPattern {
    /// `*`, or a service without wildcards and a name.
    fn compile(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { service: None, start: Beginning::of(""), name: Glob::All });
        }
        let text = text.to_ascii_lowercase();
        let (service, name) = text.split_once(':')?;
        let is_action = is_vendor(service) && !name.contains(':');
        let name = Glob::new(name);
        is_action.then(|| Self { service: Some(Key::new(service)), start: Beginning::of(name.prefix()), name })
    }

    fn matches(&self, action: &Action<'_>) -> bool {
        self.service.as_ref().is_none_or(|service| service.is(action.service))
            && self.start.can_be_of(action.name)
            && self.name.matches(action.name.text)
    }
}

/// What may stand before the colon of an action.
pub(super) fn is_vendor(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

impl Resources {
    fn compile(matching: &Matching, version: Version, effect: Effect, kind: Kind) -> Result<Self, SyntaxError> {
        // What AWS forbids to write allows nothing and spares nothing from a denial.
        let is_lenient = (effect == Effect::Allow) != matching.negated;
        let counts = |text: &&String| !(is_lenient && has_wildcard_type(text));
        let patterns = matching.patterns.iter().filter(counts).map(|text| {
            let pattern = match kind {
                Kind::OfAws => ResourcePattern::of_aws(text, version),
                _ => ResourcePattern::new(text, version),
            };
            pattern.ok_or_else(|| SyntaxError(format!("`{text}` is no pattern of resources")))
        });
        let complete = matching.patterns.iter().all(|text| is_complete(text));
        Ok(Self { negated: matching.negated, complete, patterns: patterns.collect::<Result<_, _>>()? })
    }

    /// A pattern whose variable has no value is documented to match nothing. Under `NotResource` that would spare
    /// nothing: right in a denial, but an allowance of everything; so it stays unknown there. So does what an ARN with
    /// missing parts spares: AWS allows nothing by it.
    fn matches(&self, resource: &Resource<'_>, context: &dyn Context) -> Truth {
        let matches = Truth::any(self.patterns.iter().map(|pattern| pattern.matches(resource, context)));
        match (self.negated, self.complete) {
            (false, _) => matches.known(),
            (true, true) => matches.negate(),
            (true, false) => matches.max(Truth::Unknown).negate(),
        }
    }
}
