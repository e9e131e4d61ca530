//! A decision with everything that took part in it: for the simulator and for people who ask why.
//!
//! The decision is [`decide`]'s. What each kind of policy answers is found anew by the same matcher, statement by
//! statement and without the index.

use std::collections::BTreeSet;

use super::{
    compiled::Statement,
    decide::{Action, Asked, Decision, Layer, Layers, Question, decide, decide_trust, lower},
    document::{Effect, Span},
    principal::{Named, Party},
    set::PolicySet,
};

/// A decision, explained.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// The decision.
    pub decision: Decision<'a>,
    /// What each kind of policy that takes part answers; one answer for each level of policies of control.
    pub answers: Vec<Answer<'a>>,
    /// The keys, as written, that statements about this action and resource name and the context does not have.
    pub missing_keys: Vec<&'a str>,
}

/// What one kind of policy answers.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The kind.
    pub layer: Layer,
    /// What comes of it.
    pub verdict: Verdict,
    /// All statements that apply, in the order of the policies.
    pub matched: Vec<Matched<'a>>,
}

/// What comes of the statements that apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One allows, and none denies.
    Allowed,
    /// One denies.
    ExplicitDeny,
    /// None applies.
    ImplicitDeny,
}

/// A statement that applies.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'a> {
    /// Its effect.
    pub effect: Effect,
    /// The policy that it stands in.
    pub source: &'a str,
    /// Its place in the policy, from 0.
    pub statement: u32,
    /// Its `Sid`.
    pub sid: Option<&'a str>,
    /// Where it stands in the document.
    pub span: Span,
    /// In which words it names the caller, in a policy that names principals.
    pub named: Option<Named>,
}

/// Explains what [`decide`] decides.
pub fn explain<'a>(layers: &Layers<'a>, party: &Party<'_>, question: &Question<'_>) -> Explanation<'a> {
    let decision = decide(layers, party, question);
    let resource = layers.resource.map(|set| (Layer::Resource, set));
    explained(decision, resource, layers, party, question)
}

/// Explains what [`decide_trust`] decides.
pub fn explain_trust<'a>(
    trust: &'a PolicySet,
    layers: &Layers<'a>,
    party: &Party<'_>,
    question: &Question<'_>,
) -> Explanation<'a> {
    let decision = decide_trust(trust, layers, party, question);
    explained(decision, Some((Layer::Trust, trust)), layers, party, question)
}

fn explained<'a>(
    decision: Decision<'a>,
    resource: Option<(Layer, &'a PolicySet)>,
    layers: &Layers<'a>,
    party: &Party<'_>,
    question: &Question<'_>,
) -> Explanation<'a> {
    let lowered = lower(question.action);
    let mut explanation = Explanation { decision, answers: Vec::new(), missing_keys: Vec::new() };
    let Some(action) = lowered.as_deref().and_then(Action::new) else { return explanation };
    let asked = Asked { action, party, question };
    let mut missing = BTreeSet::new();
    let alone = |layer, sets: &[&'a PolicySet]| sets.iter().map(|set| (layer, vec![*set])).collect::<Vec<_>>();
    let mut taking_part = alone(Layer::ResourceControl, &layers.resource_control);
    taking_part.extend(alone(Layer::ServiceControl, &layers.service_control));
    taking_part.extend(resource.map(|(layer, set)| (layer, vec![set])));
    taking_part.push((Layer::Identity, layers.identity.to_vec()));
    taking_part.extend(layers.boundary.map(|set| (Layer::Boundary, vec![set])));
    taking_part.extend(layers.session.map(|set| (Layer::Session, vec![set])));
    for (layer, sets) in taking_part {
        let mut matched = Vec::new();
        for (source, policy) in sets.into_iter().flat_map(PolicySet::policies) {
            for (at, statement) in (0u32..).zip(policy.statements()) {
                let Some(named) = asked.takes_part(layer, statement) else { continue };
                if statement.concerns(&action, question) {
                    let keys = statement.context_keys().into_iter();
                    missing.extend(keys.filter(|key| question.context.value(&key.to_lowercase()).is_absent()));
                }
                if statement.fits(&action, question, false) {
                    let (effect, span, sid) = (statement.effect, statement.span, statement.sid.as_deref());
                    matched.push(Matched { effect, source, statement: at, sid, span, named });
                }
            }
        }
        explanation.answers.push(Answer { layer, verdict: Verdict::of(&matched), matched });
    }
    explanation.missing_keys = missing.into_iter().collect();
    explanation
}

impl Asked<'_> {
    /// Whether a statement of a kind of policy can apply to the caller, and in which words it names it.
    fn takes_part(&self, layer: Layer, statement: &Statement) -> Option<Option<Named>> {
        match layer {
            Layer::Resource | Layer::Trust if statement.effect == Effect::Deny && self.is_repair() => None,
            Layer::Resource | Layer::Trust => statement.names(self.party).map(Some),
            _ => statement.counts_for_identities().then_some(None),
        }
    }
}

impl Verdict {
    /// How much a verdict forbids.
    pub fn severity(self) -> u8 {
        match self {
            Verdict::Allowed => 0,
            Verdict::ImplicitDeny => 1,
            Verdict::ExplicitDeny => 2,
        }
    }

    fn of(matched: &[Matched<'_>]) -> Self {
        let any = |effect| matched.iter().any(|matched| matched.effect == effect);
        match (any(Effect::Deny), any(Effect::Allow)) {
            (true, _) => Verdict::ExplicitDeny,
            (false, true) => Verdict::Allowed,
            (false, false) => Verdict::ImplicitDeny,
        }
    }
}

impl Explanation<'_> {
    /// What a kind of policy answers, on its worst level; an implicit denial where it takes no part.
    pub fn verdict_of(&self, layer: Layer) -> Verdict {
        let verdicts = self.answers.iter().filter(|answer| answer.layer == layer).map(|answer| answer.verdict);
        verdicts.max_by_key(|verdict| verdict.severity()).unwrap_or(Verdict::ImplicitDeny)
    }

    /// Whether a kind of policy takes part and allows, on each of its levels; `None` if it takes no part.
    pub fn allowed_by(&self, layer: Layer) -> Option<bool> {
        let mut verdicts = self.answers.iter().filter(|answer| answer.layer == layer).peekable();
        verdicts.peek()?;
        Some(verdicts.all(|answer| answer.verdict == Verdict::Allowed))
    }
}
