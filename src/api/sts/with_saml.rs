//! Taking a role by what a SAML provider says: who may is decided by the role's trust policy alone.
//! Source: STS API reference, `AssumeRoleWithSAML`; IAM user guide, "Configure SAML assertions for the authentication
//! response"; what the record shows: IAM user guide, "Logging IAM and AWS STS API calls with CloudTrail".

use serde_json::{Map, Value as Json};

use super::{
    asked::{AskedPolicies, AskedTags, duration},
    assume_role::{SECONDS_MAX, Taken, length, resource_tags, take},
    texts::{ARN, POLICY, SAML_RESPONSE},
};
use crate::{
    api::{
        iam::saml_providers::{self, Registered},
        query::{Input, Node, Plan, Scene, input::validation_error},
    },
    base::{
        AccountId, Arn, Fault,
        condition::Value,
        principal::{Vouched, Voucher},
    },
    federation::saml::{self, Assertion, Provider, Refusal, is_list},
    session::SessionTag,
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
    let tags = passed.kept(&[])?;
    let snapshot = scene.world.directory.snapshot();
    let entry = snapshot.role_by_arn(&role);
    let mut facts = passed.facts();
    facts.push(("sts:rolesessionname".into(), Value::owned(assertion.session_name.as_str())));
    facts.extend(asserted.source_identity.as_deref().map(|name| ("sts:sourceidentity".into(), Value::owned(name))));
    facts.extend(asserted.facts.iter().map(|(key, values)| (key.clone(), fact(key, values))));
    facts.extend(resource_tags(entry.map_or(&[], |role| role.tags())));
    let role_id = entry.map(|entry| entry.role.id.to_string());
    let vouched = vouched(&assertion, &principal);
    let has_source = asserted.source_identity.is_some();
    let is_tagged = !tags.is_empty();
    let asked = Asked { role: role.clone(), role_id, provider: principal, seconds, policies, tags };
    let mut plan = Plan::new("sts:AssumeRoleWithSAML", role.as_str(), move |scene| issue(scene, asked, &assertion))
        .vouched(vouched);
    if is_tagged {
        plan = plan.needing("sts:TagSession", role.as_str());
    }
    if has_source {
        plan = plan.needing("sts:SetSourceIdentity", role);
    }
    Ok(plan.knowing(facts))
}

/// What is left to do once it is allowed.
struct Asked {
    role: String,
    role_id: Option<String>,
    provider: String,
    seconds: Option<i64>,
    policies: AskedPolicies,
    tags: Vec<SessionTag>,
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

/// A condition key of the trust policy. Keys of lists have several values even where there is one.
fn fact(key: &str, values: &[String]) -> Value<'static> {
    match values {
        [one] if !is_list(key) => Value::owned(one.as_str()),
        several => Value::Many(several.iter().map(|value| value.clone().into()).collect()),
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
fn issue(scene: &Scene<'_>, asked: Asked, assertion: &Assertion) -> Result<Node, Fault> {
    let Asked { role, role_id, provider, seconds, policies, tags } = asked;
    let seconds = lasting(scene, &role, seconds, assertion)?;
    let (world, settings) = (scene.world, scene.world.saml.load());
    let claimed = saml::claim(&world.saml_used, assertion, &role, &settings, scene.caller.at());
    claimed.map_err(|refusal| refusal.fault())?;
    let asserted = &assertion.asserted;
    let facts = asserted.facts.iter().filter(|(key, _)| KEPT.contains(&key.as_str()));
    let taken = Taken {
        role: role.clone(),
        role_id,
        name: assertion.session_name.clone(),
        seconds: Some(seconds),
        policies,
        tags,
        source_identity: asserted.source_identity.clone(),
        provider: Some(provider),
        facts: facts.cloned().collect(),
    };
    let further = vec![
        ("Subject", Node::text(asserted.subject.as_str())),
        ("SubjectType", Node::text(assertion.subject_type.as_str())),
        ("Issuer", Node::text(asserted.issuer.as_str())),
        ("Audience", Node::text(asserted.audience.as_str())),
        ("NameQualifier", Node::text(assertion.name_qualifier.as_str())),
    ];
    take(scene, taken, Vec::new(), further)
        .inspect_err(|_| saml::unclaim(&world.saml_used, assertion, &role, &settings))
}

/// How long the session lasts, in seconds: as long as is asked, or less where the provider says so.
fn lasting(scene: &Scene<'_>, role: &str, asked: Option<i64>, assertion: &Assertion) -> Result<i64, Fault> {
    let snapshot = scene.world.directory.snapshot();
    let most = snapshot.role_by_arn(role).map_or(SECONDS_MAX as i64, |entry| entry.session_seconds_max.into());
    let mut seconds = length(asked, most, false)?;
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
