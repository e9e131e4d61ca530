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
    federation::origin,
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

/// The same, once its role is looked up.
pub(super) struct Decided {
    /// What is made.
    pub(super) taken: Taken,
    /// The role's unique id, as it was when it was decided on; `None` if there was none.
    role_id: Option<String>,
}

impl Taken {
    /// The plan of making it: what has to be allowed, and what all trust policies may ask of it.
    pub(super) fn plan(
        self,
        scene: &Scene<'_>,
        action: &'static str,
        run: impl FnOnce(&Scene<'_>, Decided) -> Result<Node, Fault> + Send + 'static,
    ) -> Plan {
        let snapshot = scene.world.directory.snapshot();
        let entry = snapshot.role_by_arn(&self.role);
        let mut facts: Vec<_> = resource_tags(entry.map_or(&[], |entry| entry.tags())).collect();
        facts.push(("sts:rolesessionname".into(), Value::owned(self.name.as_str())));
        facts.extend(self.source_identity.as_deref().map(|name| ("sts:sourceidentity".into(), Value::owned(name))));
        let (is_tagged, has_source) = (!self.tags.is_empty(), self.source_identity.is_some());
        let (role, role_id) = (self.role.clone(), entry.map(|entry| entry.role.id.to_string()));
        let mut plan = Plan::new(action, role.as_str(), move |scene| run(scene, Decided { taken: self, role_id }));
        if is_tagged {
            plan = plan.needing("sts:TagSession", role.as_str());
        }
        if has_source {
            plan = plan.needing("sts:SetSourceIdentity", role);
        }
        plan.knowing(facts)
    }

    /// How long it lasts, in seconds, before anything else shortens it.
    pub(super) fn length(&self, scene: &Scene<'_>) -> Result<i64, Fault> {
        let snapshot = scene.world.directory.snapshot();
        let entry = snapshot.role_by_arn(&self.role);
        length(self.seconds, entry.map_or(SECONDS_MAX as i64, |entry| entry.session_seconds_max.into()), false)
    }
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

    let mut facts = tags.facts();
    facts.extend(external_id.map(|id| ("sts:externalid".into(), Value::owned(id))));
    if has_mfa {
        facts.push(("aws:multifactorauthpresent".into(), Value::bool(true)));
        facts.push(("aws:multifactorauthage".into(), Value::owned("0")));
    }
    let facts_kept = propagated(scene);
    let taken =
        Taken { role, name, seconds, policies, tags: kept_tags, source_identity, provider: None, facts: facts_kept };
    let run = |scene: &Scene<'_>, taken: Decided| take(scene, taken, chain(scene)?, Vec::new());
    Ok(taken.plan(scene, "sts:AssumeRole", run).knowing(facts))
}

/// Makes the session, now that it is allowed. `further` is what the answer has beside.
pub(super) fn take(
    scene: &Scene<'_>,
    Decided { taken, role_id }: Decided,
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
    if role_id.as_deref() != Some(&*entry.role.id) {
        return Err(gone());
    }
    // Whom an identity provider vouches for has no session before, whoever signed.
    let is_chained = !chain.is_empty() && matches!(scene.caller.principal(), Principal::Role(_));
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
fn length(asked: Option<i64>, most: i64, is_chained: bool) -> Result<i64, Fault> {
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

/// What the caller's session knows of whom it is for: it stays whichever roles are taken.
fn propagated(scene: &Scene<'_>) -> Vec<(String, Vec<String>)> {
    let facts = scene.caller.session().map(|session| session.packed().facts.as_slice()).unwrap_or_default();
    facts.iter().filter(|(key, _)| origin::is_propagated(key)).cloned().collect()
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

/// What an identity provider says, as condition keys of the trust policy. Keys of lists have several values even where
/// there is one.
pub(super) fn said(
    facts: &[(String, Vec<String>)],
    is_list: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (String, Value<'static>)> {
    facts.iter().map(move |(key, values)| {
        let value = match values.as_slice() {
            [one] if !is_list(key) => Value::owned(one.as_str()),
            several => Value::Many(several.iter().map(|value| value.clone().into()).collect()),
        };
        (key.clone(), value)
    })
}

/// The condition keys of a role's tags.
fn resource_tags(tags: &[crate::base::Tag]) -> impl Iterator<Item = (String, Value<'static>)> + '_ {
    tags.iter().flat_map(|tag| {
        ["aws", "iam"]
            .map(|vendor| (format!("{vendor}:resourcetag/{}", tag.key.to_lowercase()), Value::owned(&*tag.value)))
    })
}
