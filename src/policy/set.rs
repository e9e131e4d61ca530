//! Policies that are decided together.

use std::sync::Arc;

use super::{
    compiled::{Policy, Statement},
    decide::{Action, Question},
    document::Effect,
    index::{Index, Place},
    principal::{Named, Party},
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

/// A statement that answers.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// The policy that it stands in.
    pub source: &'a str,
    /// Its place in the policy, from 0.
    pub at: u32,
}

/// A statement of a resource-based policy that answers, and the words in which it names who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Granted<'a> {
    pub(super) found: Found<'a>,
    pub(super) named: Named,
}

/// Statements that deny, and statements that allow, where no principals are asked for.
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
        let weight: usize = set.statements().map(|found| 1 + found.statement.action_patterns()).sum();
        if weight > ASKED_MAX {
            let of = |effect| Index::new(set.for_identities(effect));
            set.index = Some(Box::new(Indices { deny: of(Effect::Deny), allow: of(Effect::Allow) }));
        }
        set
    }

    /// Puts the policies of several sets together.
    pub fn together<'a>(sets: impl IntoIterator<Item = &'a PolicySet>) -> Self {
        Self::new(sets.into_iter().flat_map(|set| set.policies.iter().cloned()))
    }

    /// Whether its statements are found by an index, because there are many.
    pub fn is_indexed(&self) -> bool {
        self.index.is_some()
    }

    /// The first statement that denies, else the first that allows.
    pub(super) fn decide(&self, question: &Question<'_>, action: &Action<'_>) -> Option<Found<'_>> {
        let Some(index) = &self.index else { return self.ask_each(question, action) };
        let first = |index: &Index| {
            index.first(action, question.resource.last(), |place, is_known| {
                self.statement(place).is_some_and(|statement| statement.fits(action, question, is_known))
            })
        };
        let (policy, at) = first(&index.deny).or_else(|| first(&index.allow))?;
        let (source, policy) = self.policies.get(policy as usize)?;
        Some(Found { statement: policy.statements().get(at as usize)?, source, at })
    }

    /// The same of a resource-based policy, with the words in which it names the party: the first statement that denies,
    /// else the one that grants most by its words. Such policies are short, so each statement is asked.
    pub(super) fn decide_for(
        &self,
        question: &Question<'_>,
        action: &Action<'_>,
        party: &Party<'_>,
    ) -> Option<Granted<'_>> {
        let mut allowed: Option<Granted<'_>> = None;
        for found in self.statements() {
            let Some(named) = found.statement.names(party) else { continue };
            if !found.denies() && allowed.is_some_and(|before| before.named >= named) {
                continue;
            }
            if found.statement.fits(action, question, false) {
                let granted = Granted { found, named };
                if found.denies() {
                    return Some(granted);
                }
                allowed = Some(granted);
            }
        }
        allowed
    }

    /// Whether a policy of the set grants something to everyone, as S3 means it.
    pub fn is_public(&self) -> bool {
        self.policies.iter().any(|(_, policy)| policy.is_public())
    }

    /// Whether a statement of the set allows any action of a service, which is given in lower case.
    pub fn allows_any_of(&self, service: &str) -> bool {
        self.statements().any(|found| found.statement.allows_any_of(service))
    }

    /// The policies, in their order.
    pub(super) fn policies(&self) -> impl Iterator<Item = (&Source, &Policy)> {
        self.policies.iter().map(|(source, policy)| (source, &**policy))
    }

    fn ask_each(&self, question: &Question<'_>, action: &Action<'_>) -> Option<Found<'_>> {
        let mut allowed = None;
        for found in self.statements() {
            let is_of_use = found.denies() || allowed.is_none();
            if is_of_use && found.statement.counts_for_identities() && found.statement.fits(action, question, false) {
                if found.denies() {
                    return Some(found);
                }
                allowed = Some(found);
            }
        }
        allowed
    }

    /// The statements of an effect that can stand in a policy that is not resource-based.
    fn for_identities(&self, effect: Effect) -> impl Iterator<Item = (Place, &Statement)> {
        let places = (0u32..).zip(&self.policies).flat_map(|(policy, (_, compiled))| {
            (0u32..).zip(compiled.statements()).map(move |(at, statement)| ((policy, at), statement))
        });
        places.filter(move |(_, statement)| statement.effect == effect && statement.counts_for_identities())
    }

    fn statements(&self) -> impl Iterator<Item = Found<'_>> {
        self.policies.iter().flat_map(|(source, policy)| {
            (0u32..).zip(policy.statements()).map(move |(at, statement)| Found { statement, source, at })
        })
    }

    fn statement(&self, (policy, statement): Place) -> Option<&Statement> {
        self.policies.get(policy as usize)?.1.statements().get(statement as usize)
    }
}

impl Found<'_> {
    /// Whether it denies.
    pub fn denies(&self) -> bool {
        self.statement.effect == Effect::Deny
    }
}
