//! Policies that are decided together, found by the service of the action.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    compiled::{Policy, Statement},
    decide::{Decided, Layer, Question},
    document::Effect,
    principal::{Named, Party},
};

/// Where a policy comes from, for explanations: the ARN of a managed policy, `{identity arn}/{name}` of an inline one.
pub type Source = Arc<str>;

/// Compiled policies, shared with whoever else holds them.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Box<[(Source, Arc<Policy>)]>,
    /// By service, in order: places of statements that name actions of that service only.
    by_service: Box<[(Box<str>, Box<[Place]>)]>,
    /// Places of all other statements.
    others: Box<[Place]>,
}

/// The policy, and the statement in it.
type Place = (u32, u32);

impl PolicySet {
    /// Puts policies together.
    pub fn new(policies: impl IntoIterator<Item = (Source, Arc<Policy>)>) -> Self {
        let policies: Box<[_]> = policies.into_iter().collect();
        let mut by_service: BTreeMap<Box<str>, Vec<Place>> = BTreeMap::new();
        let mut others = Vec::new();
        for (policy_at, (_, policy)) in (0u32..).zip(&policies) {
            for (statement_at, statement) in (0u32..).zip(policy.statements()) {
                let place = (policy_at, statement_at);
                match services(statement) {
                    None => others.push(place),
                    Some(services) => {
                        for service in services {
                            by_service.entry(service.into()).or_default().push(place);
                        }
                    }
                }
            }
        }
        let by_service = by_service.into_iter().map(|(service, places)| (service, places.into())).collect();
        Self { policies, by_service, others: others.into() }
    }

    /// The first statement that denies, else the first that allows.
    pub(super) fn decide(&self, question: &Question<'_>, action: (&str, &str), layer: Layer) -> Option<Decided<'_>> {
        let mut allowed = None;
        for (source, at, statement) in self.candidates(action.0) {
            if statement.effect == Effect::Allow && (allowed.is_some() || !statement.counts_for_identities()) {
                continue;
            }
            if statement.matches(action.0, action.1, &question.resource, question.context) {
                let decided = Decided::by(statement, layer, source, at);
                if statement.effect == Effect::Deny {
                    return Some(decided);
                }
                allowed = Some(decided);
            }
        }
        allowed
    }

    /// The same of a resource-based policy, with the words in which it names the party: the first statement that denies,
    /// else the one that grants most by its words.
    pub(super) fn decide_for(
        &self,
        question: &Question<'_>,
        action: (&str, &str),
        layer: Layer,
        party: &Party<'_>,
    ) -> Option<(Decided<'_>, Named)> {
        let mut allowed: Option<(Decided<'_>, Named)> = None;
        for (source, at, statement) in self.candidates(action.0) {
            let Some(named) = statement.names(party) else { continue };
            if statement.effect == Effect::Allow && allowed.is_some_and(|(_, before)| before >= named) {
                continue;
            }
            if statement.matches(action.0, action.1, &question.resource, question.context) {
                let decided = Decided::by(statement, layer, source, at);
                if statement.effect == Effect::Deny {
                    return Some((decided, named));
                }
                allowed = Some((decided, named));
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

    /// The statements that can be about a service.
    fn candidates(&self, service: &str) -> impl Iterator<Item = (&str, u32, &Statement)> {
        let named = self.by_service.binary_search_by(|(name, _)| (**name).cmp(service));
        let named = named.ok().and_then(|at| self.by_service.get(at)).map_or(&[][..], |(_, places)| places);
        named.iter().chain(&self.others).filter_map(|&(policy_at, statement_at)| {
            let (source, policy) = self.policies.get(policy_at as usize)?;
            Some((&**source, statement_at, policy.statements().get(statement_at as usize)?))
        })
    }
}

/// The services that a statement names; `None` if it can be about any.
fn services(statement: &Statement) -> Option<Vec<&str>> {
    if statement.actions.negated {
        return None;
    }
    let mut services = statement
        .actions
        .patterns
        .iter()
        .map(|pattern| pattern.service.as_deref().filter(|service| !service.contains(['*', '?'])))
        .collect::<Option<Vec<_>>>()?;
    services.sort_unstable();
    services.dedup();
    Some(services)
}
