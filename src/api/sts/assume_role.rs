//! Taking a role: who may is decided by its trust policy and by the caller's policies.
//! Source: STS API reference, `AssumeRole`; IAM user guide, "Methods to assume a role".

use super::{
    asked::{AskedPolicies, AskedTags, device, duration, read_device},
    granted::{Grant, chain, credentials, issue, packed_size},
    texts::{ARN, EXTERNAL_ID, SESSION_NAME, SOURCE_IDENTITY, UNBOUNDED_POLICY},
};
use crate::{
    api::query::{Input, Node, Plan, Scene, input::validation_error},
    base::{Fault, Principal, condition::Value, principal::RoleSession},
    session::{Holder, Link, SessionTag, claims::Packed},
};

/// How long where nothing is said, and the longest session that another session of a role makes, in seconds.
pub(super) const SECONDS: i64 = 3_600;
/// How long at all, in seconds.
pub(super) const SECONDS_MAX: usize = 43_200;

/// What a session of a role is made of.
pub(super) struct Taken {
    /// The role's ARN.
    pub(super) role: String,
    /// The role's unique id, as it was when it was decided on; `None` if there was none.
    pub(super) role_id: Option<String>,
    /// The session's name.
    pub(super) name: String,
    /// How long, if it was said.
    pub(super) seconds: Option<i64>,
    /// Session policies.
    pub(super) policies: AskedPolicies,
    /// The tags of the session.
    pub(super) tags: Vec<SessionTag>,
    /// Who is behind it.
    pub(super) source_identity: Option<String>,
    /// The identity provider that vouched, by its ARN.
    pub(super) provider: Option<String>,
    /// What the identity provider said that stays with the session.
    pub(super) facts: Vec<(String, Vec<String>)>,
}

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let role = input.required("RoleArn", &ARN);
    let name = input.required("RoleSessionName", &SESSION_NAME);
    let policies = AskedPolicies::read(input, &UNBOUNDED_POLICY);
    let seconds = duration(input, 900..=SECONDS_MAX);
    let tags = AskedTags::read(input)?;
    let external_id = input.optional("ExternalId", &EXTERNAL_ID);
    let (serial, code) = read_device(input);
    let source_identity = input.optional("SourceIdentity", &SOURCE_IDENTITY);
    let contexts = input.structures("ProvidedContexts", 5);
    input.check()?;
    policies.check()?;
    if !contexts.is_empty() {
        let message = "The provided context assertion was not made by a context provider that is known here.";
        return Err(validation_error(message));
    }
    if matches!(scene.caller.principal(), Principal::Root(_)) {
        return Err(Fault::new(403, "AccessDenied", "Roles may not be assumed by root accounts."));
    }
    let inherited = scene.caller.session().map(|session| session.packed().tags.as_slice()).unwrap_or_default();
    let kept_tags = tags.kept(inherited)?;
    let source_identity = sticky(scene, source_identity)?;
    let has_mfa = device(scene, serial.as_deref(), code.as_deref())?;

    let snapshot = scene.world.directory.snapshot();
    let known = snapshot.role_by_arn(&role);
    let mut facts = tags.facts();
    facts.push(("sts:rolesessionname".into(), Value::owned(name.as_str())));
    facts.extend(external_id.map(|id| ("sts:externalid".into(), Value::owned(id))));
    facts.extend(source_identity.as_deref().map(|name| ("sts:sourceidentity".into(), Value::owned(name))));
    if has_mfa {
        facts.push(("aws:multifactorauthpresent".into(), Value::bool(true)));
        facts.push(("aws:multifactorauthage".into(), Value::owned("0")));
    }
    facts.extend(resource_tags(known.map_or(&[], |role| role.tags())));
    let role_id = known.map(|known| known.role.id.to_string());
    let taken = Taken {
        role: role.clone(),
        role_id,
        name,
        seconds,
        policies,
        tags: kept_tags,
        source_identity: source_identity.clone(),
        provider: None,
        facts: Vec::new(),
    };
    let is_tagged = !taken.tags.is_empty();
    let mut plan =
        Plan::new("sts:AssumeRole", role.as_str(), move |scene| take(scene, taken, chain(scene)?, Vec::new()));
    if is_tagged {
        plan = plan.needing("sts:TagSession", role.as_str());
    }
    if source_identity.is_some() {
        plan = plan.needing("sts:SetSourceIdentity", role);
    }
    Ok(plan.knowing(facts))
}

/// Makes the session, now that it is allowed. `further` is what the answer has beside.
pub(super) fn take(
    scene: &Scene<'_>,
    taken: Taken,
    chain: Vec<Link>,
    further: Vec<(&'static str, Node)>,
) -> Result<Node, Fault> {
    let gone = || {
        let fault =
            Fault::new(403, "AccessDenied", format!("Not authorized to perform sts:AssumeRole on {}", taken.role));
        fault.because("the role was deleted meanwhile")
    };
    let snapshot = scene.world.directory.snapshot();
    let entry = snapshot.role_by_arn(&taken.role).ok_or_else(gone)?;
    if taken.role_id.as_deref() != Some(&*entry.role.id) {
        return Err(gone());
    }
    let is_chained = matches!(scene.caller.principal(), Principal::Role(_));
    let seconds = length(taken.seconds, entry.session_seconds_max.into(), is_chained)?;
    let role = entry.role.clone();
    drop(snapshot);
    let policies = taken.policies.kept(scene, role.account)?;
    let issued = issue(
        scene,
        Grant {
            account: role.account,
            holder: Holder::Role { id: role.id.to_string(), session: taken.name.clone() },
            seconds,
            chain,
            has_mfa: false,
            source_identity: taken.source_identity.clone(),
            provider: taken.provider,
            packed: Packed { policies, tags: taken.tags, facts: taken.facts },
        },
    )?;
    let session = RoleSession::new(role, &taken.name);
    let mut members = vec![
        ("Credentials", credentials(&issued)),
        (
            "AssumedRoleUser",
            Node::Struct(vec![
                ("AssumedRoleId", Node::text(&*session.user_id)),
                ("Arn", Node::text(session.arn.as_str())),
            ]),
        ),
        ("PackedPolicySize", packed_size(&issued)),
        ("SourceIdentity", Node::maybe(taken.source_identity)),
    ];
    members.extend(further);
    Ok(Node::Struct(members))
}

/// How long the session lasts, in seconds. Where nothing is said, an hour: no role has less.
pub(super) fn length(asked: Option<i64>, most: i64, is_chained: bool) -> Result<i64, Fault> {
    let seconds = asked.unwrap_or(SECONDS);
    if is_chained && seconds > SECONDS {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        return Err(validation_error(message));
    }
    if seconds > most {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(validation_error(message));
    }
    Ok(seconds)
}

/// The source identity of the new session. Once there is one it stays, whoever passes which.
/// Source: IAM user guide, "Monitor and control actions taken with assumed roles".
fn sticky(scene: &Scene<'_>, passed: Option<String>) -> Result<Option<String>, Fault> {
    let known = scene.caller.session().and_then(|session| session.source_identity());
    match (known, passed) {
        (Some(known), Some(passed)) if known != passed => {
            let message = "The source identity of a session cannot be changed by a session that was made from it.";
            Err(Fault::new(403, "AccessDenied", message))
        }
        (Some(known), _) => Ok(Some(known.to_owned())),
        (None, passed) => Ok(passed),
    }
}

/// The condition keys of a role's tags.
pub(super) fn resource_tags(tags: &[crate::base::Tag]) -> impl Iterator<Item = (String, Value<'static>)> + '_ {
    tags.iter().flat_map(|tag| {
        ["aws", "iam"]
            .map(|vendor| (format!("{vendor}:resourcetag/{}", tag.key.to_lowercase()), Value::owned(&*tag.value)))
    })
}
