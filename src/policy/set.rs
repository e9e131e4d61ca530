//! Policies that are decided together.

use std::sync::Arc;

use super::{
    compiled::{Policy, Statement},
    decide::{Action, Decided, Layer, Question},
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
        let weight: usize = set.statements().map(|(_, statement)| 1 + statement.action_patterns()).sum();
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
    pub(super) fn decide(&self, question: &Question<'_>, action: &Action<'_>, layer: Layer) -> Option<Decided<'_>> {
        let place = match &self.index {
            Some(index) => {
                let first = |index: &Index| {
                    index.first(action, question.resource.last(), |place, is_known| {
                        self.statement(place).is_some_and(|statement| statement.fits(action, question, is_known))
                    })
                };
                first(&index.deny).or_else(|| first(&index.allow))?
            }
            None => self.ask_each(question, action)?,
        };
        self.decided(place, self.statement(place)?, layer)
    }

    /// The same of a resource-based policy, with the words in which it names the party: the first statement that denies,
    /// else the one that grants most by its words. Such policies are short, so each statement is asked.
    pub(super) fn decide_for(
        &self,
        question: &Question<'_>,
        action: &Action<'_>,
        layer: Layer,
        party: &Party<'_>,
    ) -> Option<(Decided<'_>, Named)> {
        let mut allowed: Option<(Decided<'_>, Named)> = None;
        for (place, statement) in self.statements() {
            let Some(named) = statement.names(party) else { continue };
            if statement.effect == Effect::Allow && allowed.is_some_and(|(_, before)| before >= named) {
                continue;
            }
            if statement.fits(action, question, false) {
                let decided = (self.decided(place, statement, layer)?, named);
                if statement.effect == Effect::Deny {
                    return Some(decided);
                }
                allowed = Some(decided);
            }
        }
        allowed
    }

    /// Whether a policy of the set grants something to everyone, as S3 means it.
    pub fn is_public(&self) -> bool {
        self.policies.iter().any(|(_, policy)| policy.is_public())
    }

    /// The policies, in their order.
    pub(super) fn policies(&self) -> impl Iterator<Item = (&Source, &Policy)> {
        self.policies.iter().map(|(source, policy)| (source, &**policy))
    }

    fn ask_each(&self, question: &Question<'_>, action: &Action<'_>) -> Option<Place> {
        let mut allowed = None;
        for (policy_at, (_, policy)) in (0u32..).zip(&self.policies) {
            for (at, statement) in (0u32..).zip(policy.statements()) {
                let is_of_use = statement.effect == Effect::Deny || allowed.is_none();
                if is_of_use && statement.counts_for_identities() && statement.fits(action, question, false) {
                    if statement.effect == Effect::Deny {
                        return Some((policy_at, at));
                    }
                    allowed = Some((policy_at, at));
                }
            }
        }
        allowed
    }

    /// The statements of an effect that can stand in a policy that is not resource-based.
    fn for_identities(&self, effect: Effect) -> impl Iterator<Item = (Place, &Statement)> {
        self.statements().filter(move |(_, statement)| statement.effect == effect && statement.counts_for_identities())
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

    fn decided<'a>(&'a self, place: Place, statement: &'a Statement, layer: Layer) -> Option<Decided<'a>> {
        let (source, _) = self.policies.get(place.0 as usize)?;
        Some(Decided::by(statement, layer, source, place.1))
    }
}
