//! Whether a caller has the permissions that a request asks for, as far as that can be told beforehand.
//!
//! Source: IAM API reference, `GetDelegationRequest`: an approximate result. Every action on every resource that the
//! request's policy allows is put to the caller's own policies. What they allow under conditions is unsure, and so is what
//! stands for many things while they deny some.

use std::sync::Arc;

use crate::{
    api::{iam::entity::Entity, query::Scene},
    base::{Arn, Fault, Principal},
    policy::{
        Decision, DenyKind, Kind, Policy, PolicySet, Source,
        document::{self, Effect},
        simulate::{Caller, Simulation},
    },
    store::StoreError,
};

/// What a check finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covered {
    All,
    Unsure,
    NotAll,
}

impl Covered {
    /// As the API spells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Covered::All => "ALLOWED",
            Covered::Unsure => "UNSURE",
            Covered::NotAll => "DENIED",
        }
    }

    /// The worse of two.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Covered::NotAll, _) | (_, Covered::NotAll) => Covered::NotAll,
            (Covered::All, Covered::All) => Covered::All,
            _ => Covered::Unsure,
        }
    }
}

/// Whether the caller has what a policy allows.
pub(super) fn check(scene: &Scene<'_>, policy: &str) -> Result<Covered, Fault> {
    let damaged = |error: document::SyntaxError| StoreError::damaged(error.to_string());
    let parsed = document::parse(policy).map_err(damaged)?;
    let Some((simulation, denies)) = simulation(scene)? else { return Ok(Covered::Unsure) };
    let mut covered = Covered::All;
    for statement in parsed.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow)) {
        let (Some(actions), Some(resources)) = (&statement.action, &statement.resource) else { continue };
        if actions.negated || resources.negated {
            covered = covered.and(Covered::Unsure);
            continue;
        }
        for action in &actions.patterns {
            for resource in &resources.patterns {
                covered = covered.and(of_one(&simulation, denies, action, resource));
            }
        }
    }
    Ok(covered)
}

/// What stands for many is put as it is written: whatever allows it so allows all of it, but for single characters.
fn of_one(simulation: &Simulation, denies: bool, action: &str, resource: &str) -> Covered {
    let is_many = |text: &str| text.contains(['*', '?', '$']);
    let outcome = simulation.ask(action, resource);
    match outcome.decision {
        Decision::Deny(DenyKind::Explicit(_)) => Covered::NotAll,
        _ if !outcome.missing_keys.is_empty() => Covered::Unsure,
        Decision::Deny(_) => Covered::NotAll,
        Decision::Allow(_) if denies && (is_many(action) || is_many(resource)) => Covered::Unsure,
        Decision::Allow(_) => Covered::All,
    }
}

/// The caller's policies, and whether any of them denies something; `None` for callers of whom that is not known.
fn simulation(scene: &Scene<'_>) -> Result<Option<(Simulation, bool)>, Fault> {
    let principal = scene.caller.principal();
    let Some(arn) = principal.arn() else { return Ok(None) };
    let Some(caller) = Caller::of_arn(arn.as_str()) else { return Ok(None) };
    let organization = scene.world.organization.load();
    let levels = &organization.service_control;
    let mut simulation = Simulation { caller, ..Simulation::default() };
    simulation.service_control = levels.iter().map(|level| PolicySet::together([level])).collect();
    let mut denies = !levels.is_empty();
    match principal {
        Principal::Root(_) => {}
        Principal::User(_) => of_user(scene, &arn, &mut simulation, &mut denies)?,
        _ => return Ok(None),
    }
    Ok(Some((simulation, denies)))
}

fn of_user(scene: &Scene<'_>, arn: &Arn, simulation: &mut Simulation, denies: &mut bool) -> Result<(), Fault> {
    let entity = Entity::of(scene, arn.as_str())?;
    let (attached, boundary) = scene.world.directory.read(|work| {
        let attached = entity.attached(work)?;
        Ok::<_, Fault>((attached, entity.boundary(work)?))
    })?;
    let mut compile = |document: &str, kind: Kind| {
        let parsed = document::parse(document).map_err(|error| StoreError::damaged(error.to_string()))?;
        *denies |= parsed.statements.iter().any(|statement| statement.effect != Some(Effect::Allow));
        Policy::compile_as(document, kind).map(Arc::new).map_err(|error| StoreError::damaged(error.to_string()))
    };
    let mut all = Vec::new();
    for policy in &attached {
        all.push((Source::from(policy.source.as_str()), compile(&policy.document, Kind::Identity)?));
    }
    simulation.identity = PolicySet::new(all);
    if let Some((source, document)) = boundary {
        let policy = compile(&document, Kind::Boundary)?;
        simulation.boundary = Some(PolicySet::new([(Source::from(source), policy)]));
    }
    entity.tell(&mut simulation.facts);
    Ok(())
}
