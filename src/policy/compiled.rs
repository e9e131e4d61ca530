//! A compiled policy.

use super::{
    condition::Condition,
    decide::{Action, Question},
    document::{self, Effect, Matching, RawStatement, SyntaxError, Version},
    pattern::Glob,
    resource::{Resource, ResourcePattern, is_complete},
    truth::Truth,
};
use crate::base::condition::Context;

/// A policy, ready to decide with.
#[derive(Debug)]
pub struct Policy {
    statements: Box<[Statement]>,
}

/// A compiled statement.
#[derive(Debug)]
pub struct Statement {
    /// `Sid`, for explanations.
    pub sid: Option<Box<str>>,
    /// `Effect`.
    pub effect: Effect,
    actions: Actions,
    resources: Resources,
    conditions: Box<[Condition]>,
}

/// `Action` or `NotAction`.
#[derive(Debug)]
struct Actions {
    negated: bool,
    patterns: Box<[ActionPattern]>,
}

/// `*`, or a service and a pattern of names, both in lower case.
#[derive(Debug)]
struct ActionPattern {
    /// `None`: every service.
    service: Option<Box<str>>,
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
    /// Compiles a stored document. Whatever cannot be understood is an error, never a statement left out.
    pub fn compile(text: &str) -> Result<Self, SyntaxError> {
        let document = document::parse(text)?;
        let version = document.version.unwrap_or(Version::V2008);
        let statements = document.statements.into_iter().map(|raw| Statement::compile(raw, version));
        Ok(Self { statements: statements.collect::<Result<_, _>>()? })
    }

    /// The statements, in their order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The condition keys that the policy names, as written.
    pub fn condition_keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| statement.conditions.iter().map(|condition| &*condition.written))
    }
}

impl Statement {
    fn compile(raw: RawStatement, version: Version) -> Result<Self, SyntaxError> {
        if raw.has_principal {
            return Err(SyntaxError("an identity-based policy names no principal".into()));
        }
        let missing = |what: &str| SyntaxError(format!("a statement has no {what}"));
        let action = raw.action.filter(|action| !action.patterns.is_empty()).ok_or_else(|| missing("action"))?;
        let resource =
            raw.resource.filter(|element| !element.patterns.is_empty()).ok_or_else(|| missing("resource"))?;
        let conditions = raw.conditions.iter().map(|(operator, key, values)| {
            let condition = Condition::new(operator, key, values, version);
            condition.map_err(|error| SyntaxError(format!("`{operator}` of `{key}`: {error}")))
        });
        Ok(Self {
            sid: raw.sid.map(Into::into),
            effect: raw.effect.ok_or_else(|| SyntaxError("an effect is `Allow` or `Deny`, in that case".into()))?,
            actions: Actions::compile(&action)?,
            resources: Resources::compile(&resource, version)?,
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the statement answers a question, whose action is given in lower case. That the action fits may be known.
    pub fn fits(&self, action: Action<'_>, question: &Question<'_>, is_known: bool) -> bool {
        if !is_known && !self.actions.matches(action) {
            return false;
        }
        let resource = std::iter::once_with(|| self.resources.matches(&question.resource, question.context));
        let conditions = self.conditions.iter().map(|condition| condition.holds(question.context));
        Truth::all(resource.chain(conditions)).applies(self.effect)
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
        patterns.map(|pattern| Some((pattern.service.as_deref()?, &pattern.name))).collect()
    }

    /// What the last parts of the resources begin with that the statement is about.
    pub(super) fn resource_prefixes(&self) -> impl Iterator<Item = &str> {
        let patterns = if self.resources.negated { &[] } else { &*self.resources.patterns };
        let any = self.resources.negated.then_some("");
        patterns.iter().map(ResourcePattern::prefix).chain(any)
    }
}

impl Actions {
    fn compile(matching: &Matching) -> Result<Self, SyntaxError> {
        let patterns = matching.patterns.iter().map(|text| {
            ActionPattern::compile(text).ok_or_else(|| SyntaxError(format!("`{text}` is no pattern of actions")))
        });
        Ok(Self { negated: matching.negated, patterns: patterns.collect::<Result<_, _>>()? })
    }

    fn matches(&self, action: Action<'_>) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(action)) != self.negated
    }
}

impl ActionPattern {
    /// `*`, or a service without wildcards and a name.
    fn compile(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { service: None, name: Glob::All });
        }
        let text = text.to_ascii_lowercase();
        let (service, name) = text.split_once(':')?;
        let is_action = is_vendor(service) && !name.contains(':');
        is_action.then(|| Self { service: Some(service.into()), name: Glob::new(name) })
    }

    fn matches(&self, action: Action<'_>) -> bool {
        self.service.as_deref().is_none_or(|known| known == action.service) && self.name.matches(action.name)
    }
}

/// What may stand before the colon of an action.
pub(super) fn is_vendor(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

impl Resources {
    fn compile(matching: &Matching, version: Version) -> Result<Self, SyntaxError> {
        let patterns = matching.patterns.iter().map(|text| {
            let pattern = ResourcePattern::new(text, version);
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
