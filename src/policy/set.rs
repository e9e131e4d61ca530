//! Policies that are decided together.

use std::sync::Arc;

use super::{
    compiled::{Policy, Statement},
    decide::{Action, Decided, Question},
    document::Effect,
    index::{Index, Place},
};

/// Where a policy comes from, for explanations: the ARN of a managed policy, `{identity arn}/{name}` of an inline one.
pub type Source = Arc<str>;

/// Compiled policies, shared with whoever else holds them.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Box<[(Source, Arc<Policy>)]>,
    /// `None` for few statements, of which each is asked.
    index: Option<Box<Indices>>,
}

/// Statements that deny, and statements that allow.
#[derive(Debug)]
struct Indices {
    deny: Index,
    allow: Index,
}

/// Statements and their patterns of actions, together, above which an index is faster than asking each. Most managed
/// policies stay below it, and cost no more than themselves.
const ASKED_MAX: usize = 24;

impl PolicySet {
    /// Puts policies together.
    pub fn new(policies: impl IntoIterator<Item = (Source, Arc<Policy>)>) -> Self {
        let mut set = Self { policies: policies.into_iter().collect(), index: None };
        let weight: usize = set.statements().map(|(_, statement)| 1 + statement.action_patterns()).sum();
        if weight > ASKED_MAX {
            let of = |effect| Index::new(set.statements().filter(move |(_, statement)| statement.effect == effect));
            set.index = Some(Box::new(Indices { deny: of(Effect::Deny), allow: of(Effect::Allow) }));
        }
        set
    }

    /// The first statement that denies, else the first that allows.
    pub(super) fn decide(&self, question: &Question<'_>, action: Action<'_>) -> Option<Decided<'_>> {
        let first = |effect| self.first(effect, question, action);
        let (policy, statement) = first(Effect::Deny).or_else(|| first(Effect::Allow))?;
        let (source, _) = self.policies.get(policy as usize)?;
        let Statement { effect, sid, .. } = self.statement((policy, statement))?;
        Some(Decided { effect: *effect, source, statement, sid })
    }

    fn first(&self, effect: Effect, question: &Question<'_>, action: Action<'_>) -> Option<Place> {
        let Some(index) = &self.index else {
            let mut statements = self.statements().filter(|(_, statement)| statement.effect == effect);
            return statements.find(|(_, statement)| statement.fits(action, question, false)).map(|(place, _)| place);
        };
        let index = if effect == Effect::Deny { &index.deny } else { &index.allow };
        index.first(action, question.resource.last(), |place, known| {
            self.statement(place).is_some_and(|statement| statement.fits(action, question, known))
        })
    }

    fn statements(&self) -> impl Iterator<Item = (Place, &Statement)> {
        let policies = (0u32..).zip(&self.policies);
        policies.flat_map(|(policy_at, (_, policy))| {
            (0u32..).zip(policy.statements()).map(move |(at, statement)| ((policy_at, at), statement))
        })
    }

    fn statement(&self, (policy, statement): Place) -> Option<&Statement> {
        self.policies.get(policy as usize)?.1.statements().get(statement as usize)
    }
}
