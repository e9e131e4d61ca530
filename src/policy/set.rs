//! Policies that are decided together, found by the service of the action.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    compiled::{Policy, Statement},
    decide::{Decided, Question},
    document::Effect,
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
    pub(super) fn decide(&self, question: &Question<'_>, action: (&str, &str)) -> Option<Decided<'_>> {
        let named = self.by_service.binary_search_by(|(service, _)| (**service).cmp(action.0));
        let named = named.ok().and_then(|at| self.by_service.get(at)).map_or(&[][..], |(_, places)| places);
        let mut allowed = None;
        for &(policy_at, statement_at) in named.iter().chain(&self.others) {
            let Some((source, policy)) = self.policies.get(policy_at as usize) else { continue };
            let Some(statement) = policy.statements().get(statement_at as usize) else { continue };
            if statement.effect == Effect::Allow && allowed.is_some() {
                continue;
            }
            if statement.matches(action.0, action.1, &question.resource, question.context) {
                let decided =
                    Decided { effect: statement.effect, source, statement: statement_at, sid: &statement.sid };
                if statement.effect == Effect::Deny {
                    return Some(decided);
                }
                allowed = Some(decided);
            }
        }
        allowed
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
