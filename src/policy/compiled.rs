//! A compiled policy.

use super::{
    condition::Condition,
    document::{self, Effect, Matching, RawStatement, SyntaxError, Version},
    pattern::Glob,
    resource::{Resource, ResourcePattern},
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
    pub(super) actions: Actions,
    resources: Resources,
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
    pub(super) service: Option<Box<str>>,
    name: Glob,
}

#[derive(Debug)]
struct Resources {
    negated: bool,
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
        let action = raw.action.ok_or_else(|| missing("action"))?;
        let resource = raw.resource.ok_or_else(|| missing("resource"))?;
        let conditions = raw.conditions.iter().map(|(operator, key, values)| {
            Condition::new(operator, key, values, version)
                .ok_or_else(|| SyntaxError(format!("`{operator}` is no condition operator, or has a wrong value")))
        });
        Ok(Self {
            sid: raw.sid.map(Into::into),
            effect: raw.effect,
            actions: Actions::compile(&action),
            resources: Resources {
                negated: resource.negated,
                patterns: resource.patterns.iter().map(|text| ResourcePattern::new(text, version)).collect(),
            },
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the statement is about this action (in lower case, split at its colon) on this resource.
    pub fn matches(&self, service: &str, name: &str, resource: &Resource<'_>, context: &dyn Context) -> bool {
        self.actions.matches(service, name)
            && self.resources.matches(resource, context)
            && self.conditions.iter().all(|condition| condition.holds(context))
    }
}

impl Actions {
    fn compile(matching: &Matching) -> Self {
        let patterns = matching.patterns.iter().map(|text| ActionPattern::compile(text)).collect();
        Self { negated: matching.negated, patterns }
    }

    fn matches(&self, service: &str, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(service, name)) != self.negated
    }
}

impl ActionPattern {
    fn compile(text: &str) -> Self {
        let text = text.to_lowercase();
        match text.split_once(':') {
            Some((service, name)) => Self { service: Some(service.into()), name: Glob::new(name) },
            None if text == "*" => Self { service: None, name: Glob::All },
            // Without a colon it names no action; validation refuses it, evaluation never matches it.
            None => Self { service: Some("".into()), name: Glob::new(&text) },
        }
    }

    fn matches(&self, service: &str, name: &str) -> bool {
        self.service.as_deref().is_none_or(|known| known == service) && self.name.matches(name)
    }
}

impl Resources {
    fn matches(&self, resource: &Resource<'_>, context: &dyn Context) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(resource, context)) != self.negated
    }
}
