//! Taking a role by what a SAML provider says: who may is decided by the role's trust policy alone.
//! Source: STS API reference, `AssumeRoleWithSAML`; IAM user guide, "Configure SAML assertions for the authentication
//! response"; what the record shows: IAM user guide, "Logging IAM and AWS STS API calls with CloudTrail".

use serde_json::{Map, Value as Json};

use super::{
    asked::{AskedPolicies, AskedTags, duration},
    assume_role::{Decided, SECONDS_MAX, Taken, said, take},
    texts::{ARN, POLICY, SAML_RESPONSE},
};
use crate::{
    api::{
        iam::saml_providers::{self, Registered},
        query::{Input, Node, Plan, Scene, input::validation_error},
    },
    base::{
        AccountId, Arn, Fault,
        principal::{Vouched, Voucher},
    },
    federation::saml::{self, Assertion, Provider, Refusal, is_list},
};

/// What later conditions may ask of the session. Source: IAM user guide, "Available keys for SAML-based AWS STS federation".
const KEPT: [&str; 3] = ["saml:namequalifier", "saml:sub", "saml:sub_type"];

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let role = input.required("RoleArn", &ARN);
    let principal = input.required("PrincipalArn", &ARN);
    let response = input.secret("SAMLAssertion", &SAML_RESPONSE);
    let policies = AskedPolicies::read(input, &POLICY);
    let seconds = duration(input, 900..=SECONDS_MAX);
    input.check()?;
    policies.check()?;
    let (account, _) = named(&role, "role/")?;
    let (provider_account, name) = named(&principal, "saml-provider/")?;
    if account != provider_account {
        return Err(Refusal::Role.fault());
    }
    let known = scene.world.directory.read(|work| saml_providers::registered(work, account, &name))?;
    let known = known.filter(|known| *known.name == *name).ok_or_else(|| Refusal::Provider.fault())?;
    let assertion = verified(scene, &known, account, &response, &role).map_err(|refusal| refusal.fault())?;
    tell(input, &assertion);

    let asserted = &assertion.asserted;
    let passed = AskedTags::passed(asserted.tags.clone(), asserted.transitive_tag_keys.clone());
    let facts: Vec<_> = passed.facts().into_iter().chain(said(&asserted.facts, is_list)).collect();
    let vouched = vouched(&assertion, &principal);
    let taken = Taken {
        role,
        name: assertion.session_name.clone(),
        seconds,
        policies,
        tags: passed.kept(&[])?,
        source_identity: asserted.source_identity.clone(),
        provider: Some(principal),
        facts: asserted.facts.iter().filter(|(key, _)| KEPT.contains(&key.as_str())).cloned().collect(),
    };
    let run = move |scene: &Scene<'_>, taken: Decided| issue(scene, taken, &assertion);
    Ok(taken.plan(scene, "sts:AssumeRoleWithSAML", run).vouched(vouched).knowing(facts))
}

/// The account and the name in an ARN of IAM's.
fn named(text: &str, kind: &str) -> Result<(AccountId, String), Fault> {
    let arn = Arn::parse(text).filter(|arn| arn.service() == "iam");
    let found = arn.as_ref().and_then(|arn| {
        Some((
            arn.account().parse().ok()?,
            arn.resource().strip_prefix(kind).filter(|name| !name.is_empty())?.to_owned(),
        ))
    });
    found.ok_or_else(|| validation_error("Request ARN is invalid"))
}

fn verified(
    scene: &Scene<'_>,
    known: &Registered,
    account: AccountId,
    response: &str,
    role: &str,
) -> Result<Assertion, Refusal> {
    let provider = Provider {
        account,
        name: &known.name,
        id: &known.id,
        entity_id: &known.entity_id,
        certificates: &known.certificates,
        valid_until: known.valid_until,
        private_keys: &known.private_keys,
        must_encrypt: known.must_encrypt,
    };
    saml::verify(response, role, &provider, &scene.world.saml.load(), scene.caller.at())
}

/// The record has the assertion's id in place of all of it.
fn tell(input: &mut Input<'_>, assertion: &Assertion) {
    input.tell("SAMLAssertionID", assertion.id.as_str().into());
    input.tell("RoleSessionName", assertion.session_name.as_str().into());
    let asserted = &assertion.asserted;
    if let Some(name) = &asserted.source_identity {
        input.tell("SourceIdentity", name.as_str().into());
    }
    if !asserted.tags.is_empty() {
        let tags: Map<String, Json> =
            asserted.tags.iter().map(|tag| (tag.key.to_string(), (*tag.value).into())).collect();
        input.tell("PrincipalTags", tags.into());
    }
    if !asserted.transitive_tag_keys.is_empty() {
        input.tell("TransitiveTagKeys", asserted.transitive_tag_keys.clone().into());
    }
}

fn vouched(assertion: &Assertion, provider: &str) -> Vouched {
    let (qualifier, subject) = (&assertion.name_qualifier, &assertion.asserted.subject);
    Vouched {
        by: Voucher::Saml,
        provider: provider.to_owned(),
        principal_id: format!("{qualifier}:{subject}"),
        user_name: subject.clone(),
        told_provider: qualifier.clone(),
    }
}

/// Makes the session. The assertion counts as used only if that is done.
fn issue(scene: &Scene<'_>, mut decided: Decided, assertion: &Assertion) -> Result<Node, Fault> {
    decided.taken.seconds = Some(lasting(scene, &decided.taken, assertion)?);
    let role = decided.taken.role.clone();
    let (world, settings) = (scene.world, scene.world.saml.load());
    let claimed = saml::claim(&world.saml_used, assertion, &role, &settings, scene.caller.at());
    claimed.map_err(|refusal| refusal.fault())?;
    let asserted = &assertion.asserted;
    let further = vec![
        ("Subject", Node::text(asserted.subject.as_str())),
        ("SubjectType", Node::text(assertion.subject_type.as_str())),
        ("Issuer", Node::text(asserted.issuer.as_str())),
        ("Audience", Node::text(asserted.audience.as_str())),
        ("NameQualifier", Node::text(assertion.name_qualifier.as_str())),
    ];
    take(scene, decided, Vec::new(), further)
        .inspect_err(|_| saml::unclaim(&world.saml_used, assertion, &role, &settings))
}

/// How long the session lasts, in seconds: as long as is asked, or less where the provider says so.
fn lasting(scene: &Scene<'_>, taken: &Taken, assertion: &Assertion) -> Result<i64, Fault> {
    let mut seconds = taken.length(scene)?;
    if let Some(shorter) = assertion.session_seconds {
        seconds = seconds.min(shorter.into());
    }
    if let Some(until) = assertion.session_until {
        seconds = seconds.min(until.as_second().saturating_sub(scene.caller.at().as_second()));
    }
    if seconds <= 0 {
        return Err(Refusal::Expired("SessionNotOnOrAfter").fault());
    }
    Ok(seconds)
}
