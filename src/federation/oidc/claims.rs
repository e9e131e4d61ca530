//! What a token's claims say: one by one, as condition keys, and for the session.
//! Sources: OpenID Connect Core 1.0, section 2; IAM user guide, "Available keys for AWS OIDC federation" and "Passing
//! session tags using AssumeRoleWithWebIdentity"; service authorization reference, STS.

use serde_json::{Map, Value};

use super::{Provider, Refusal};
use crate::{
    base::Tag,
    federation::origin::{ContextProvider, Origin, SubjectType},
};

/// The most characters of a subject. Source: OpenID Connect Core 1.0, section 2, and STS's service model.
const SUBJECT_CHARACTERS_MAX: usize = 255;

/// The most characters of what a session keeps of a claim. Source: STS's service model, `TransactionContext`.
const CONTEXT_CHARACTERS_MAX: usize = 128;

/// The most session tags. Source: IAM user guide, "IAM and AWS STS quotas".
const TAGS_MAX: usize = 50;

/// The claim with session tags, and what begins the claims of its flat form.
const TAGS: &str = "https://aws.amazon.com/tags";
const TAGS_FLAT: &str = "https://aws.amazon.com/tags/principal_tags/";
const TRANSITIVE_FLAT: &str = "https://aws.amazon.com/tags/transitive_tag_keys";

/// The claim with the session's source identity.
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// The claims that are condition keys for every provider, under rules of their own.
pub const RULED_CLAIMS: [&str; 6] = ["amr", "aud", "azp", "email", "oaud", "sub"];

const GOOGLE: &str = "accounts.google.com";

const GITHUB: &[&str] = &[
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
];

const GITLAB: &[&str] = &[
    "namespace_id",
    "pipeline_source",
    "project_id",
    "ref_protected",
    "runner_environment",
    "user_access_level",
    "user_email",
    "user_id",
    "user_login",
];

const BUILDKITE: &[&str] = &[
    "build_branch",
    "cluster_id",
    "cluster_name",
    "organization_id",
    "organization_slug",
    "pipeline_id",
    "pipeline_slug",
];

/// Providers of whose tokens AWS knows further claims; a `*` stands for one part of a name, without dots and slashes.
/// Source: service authorization reference, STS, condition keys of `AssumeRoleWithWebIdentity`.
const KNOWN: [(&str, &[&str]); 11] = [
    ("accounts.google.com", &["google/organization_number"]),
    ("agent.buildkite.com", BUILDKITE),
    ("agent.*.buildkite.dev", BUILDKITE),
    ("agent.*.buildkite.site", BUILDKITE),
    ("github.com/enterprises/*", GITHUB),
    ("token.actions.githubusercontent.com", GITHUB),
    ("token.actions.githubusercontent.com/*", GITHUB),
    ("token.actions.*.ghe.com", GITHUB),
    ("gitlab.com", GITLAB),
    ("idcs-*.identity.oraclecloud.com", &["rpst_id"]),
    ("oidc.circleci.com/org/*", &["oidc.circleci.com/project-id"]),
];

/// What tells a session apart.
pub(super) struct Session {
    pub(super) tags: Vec<Tag>,
    pub(super) transitive_tag_keys: Vec<String>,
    pub(super) source_identity: Option<String>,
}

type Claims = Map<String, Value>;

/// A moment, in whole seconds since 1970. STS takes no other form.
pub(super) fn seconds(claims: &Claims, name: &'static str) -> Result<Option<i64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(Refusal::Claim(name.into(), "is no whole number")),
    }
}

/// Whom it is about.
pub(super) fn subject(claims: &Claims) -> Result<String, Refusal> {
    let subject = text(claims, "sub")?.ok_or(Refusal::Missing("sub"))?;
    match subject.chars().count() {
        1..=SUBJECT_CHARACTERS_MAX => Ok(subject.to_owned()),
        _ => Err(Refusal::Claim("sub".into(), "is empty or too long")),
    }
}

/// Whom it is meant for: that one of the provider's client ids which is believed. Where there is an authorised party, that
/// is the audience, as on AWS ("STS will use the value in the `azp` claim as the `aud` claim").
pub(super) fn audience(claims: &Claims, provider: &Provider) -> Result<String, Refusal> {
    let audiences = audiences(claims)?;
    let meant = match text(claims, "azp")? {
        Some(party) => vec![party],
        None => audiences,
    };
    let is_known = |audience: &&&str| provider.client_ids.iter().any(|known| known == **audience);
    match meant.iter().find(is_known) {
        Some(audience) => Ok((*audience).to_owned()),
        None => Err(Refusal::Audience(meant.join(", "))),
    }
}

fn audiences(claims: &Claims) -> Result<Vec<&str>, Refusal> {
    let audiences = texts(claims.get("aud").ok_or(Refusal::Missing("aud"))?);
    audiences.filter(|all| !all.is_empty()).ok_or(Refusal::Claim("aud".into(), "is neither a text nor a list of texts"))
}

/// Condition keys: `{provider}:{claim}` in lower case. A claim of another type than its key takes is refused, for a
/// condition that asks whether a value is another one would be met by its absence.
pub(super) fn facts(
    claims: &Claims,
    provider: &Provider,
    audience: &str,
) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let mut facts = Vec::new();
    let mut add = |claim: &str, values: Vec<String>| {
        facts.push((format!("{}:{claim}", provider.name()).to_lowercase(), values));
    };
    add("aud", vec![audience.to_owned()]);
    if provider.name() == GOOGLE {
        add("oaud", audiences(claims)?.into_iter().map(str::to_owned).collect());
    }
    add("sub", vec![subject(claims)?]);
    if let Some(party) = text(claims, "azp")? {
        add("azp", vec![party.to_owned()]);
    }
    if let Some(email) = text(claims, "email")?.filter(|_| is_own_email(claims)) {
        add("email", vec![email.to_owned()]);
    }
    if let Some(methods) = claims.get("amr").filter(|methods| !methods.is_null()) {
        let methods = texts(methods).ok_or(Refusal::Claim("amr".into(), "is neither a text nor a list of texts"))?;
        add("amr", methods.into_iter().map(str::to_owned).collect());
    }
    let known = KNOWN.iter().filter(|(pattern, _)| fits(pattern, provider.name())).flat_map(|(_, names)| *names);
    let further = provider.claims.iter().map(String::as_str).filter(|name| !RULED_CLAIMS.contains(name));
    for name in known.copied().chain(further) {
        if let Some(value) = find(claims, name).filter(|value| !value.is_null()) {
            let values = plain(value).ok_or_else(|| Refusal::Claim(name.to_owned(), "is no plain value"))?;
            add(name, values);
        }
    }
    Ok(facts)
}

/// Whom the session is for. Where the provider is to say it, a token that does not is refused; what is left out of the rest
/// is not known of the session.
pub(super) fn origin(claims: &Claims, provider: &Provider, context: &ContextProvider) -> Result<Origin, Refusal> {
    let missing = || Refusal::Claim(context.subject.clone(), "is missing, and the provider's context needs it");
    let subject = single(claims, &context.subject, SUBJECT_CHARACTERS_MAX)?;
    let subject = subject.filter(|subject| !subject.trim().is_empty()).ok_or_else(missing)?;
    let subject_type = match &context.subject_type {
        Some(SubjectType::Value(value)) => Some(value.clone()),
        Some(SubjectType::Source(source)) => single(claims, source, CONTEXT_CHARACTERS_MAX)?,
        None => None,
    };
    let mut said = Vec::new();
    for (source, target) in &context.keys {
        let value = single(claims, source, CONTEXT_CHARACTERS_MAX)?;
        said.extend(value.map(|value| (target.as_ref().unwrap_or(source).clone(), value)));
    }
    Ok(Origin { subject, subject_type, issuer: provider.name().to_owned(), said })
}

/// The one value of a claim. What has another form is refused, for a condition that asks whether it is something else would
/// be met by its absence.
fn single(claims: &Claims, name: &str, characters_max: usize) -> Result<Option<String>, Refusal> {
    let Some(value) = find(claims, name).filter(|value| !value.is_null()) else { return Ok(None) };
    let one = plain(value).and_then(|mut values| if values.len() == 1 { values.pop() } else { None });
    match one.filter(|value| value.chars().count() <= characters_max) {
        Some(value) => Ok(Some(value)),
        None => Err(Refusal::Claim(name.to_owned(), "is not one plain value, or is too long")),
    }
}

/// Whether the provider says that the address is the subject's own. With some providers everyone may write any address
/// there.
fn is_own_email(claims: &Claims) -> bool {
    claims.get("email_verified").and_then(Value::as_bool) == Some(true)
}

/// Tags and source identity. Tags are nested, or one claim each; a tag's value is a text, alone or in a list.
pub(super) fn session(claims: &Claims) -> Result<Session, Refusal> {
    let rejected = |why: String| Refusal::Rejected(TAGS, why);
    let mut tags: Vec<Tag> = Vec::new();
    let mut transitive_tag_keys = Vec::new();
    let nested = match claims.get(TAGS) {
        None => None,
        Some(nested) => Some(nested.as_object().ok_or_else(|| rejected("it is no object".into()))?),
    };
    for (name, value) in nested.into_iter().flatten() {
        match name.as_str() {
            "principal_tags" => {
                let given = value.as_object().ok_or_else(|| rejected("principal_tags is no object".into()))?;
                for (key, value) in given {
                    add_tag(&mut tags, key, value)?;
                }
            }
            "transitive_tag_keys" => add_keys(&mut transitive_tag_keys, value)?,
            other => return Err(rejected(format!("{other} is not known"))),
        }
    }
    for (name, value) in claims.iter().filter(|(name, _)| name.starts_with("https://aws.amazon.com/tags/")) {
        match name.strip_prefix(TAGS_FLAT) {
            Some(key) => add_tag(&mut tags, key, value)?,
            None if name == TRANSITIVE_FLAT => add_keys(&mut transitive_tag_keys, value)?,
            None => return Err(rejected(format!("{name} is not known"))),
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(rejected(format!("there are more than {TAGS_MAX} tags")));
    }
    let is_tag = |key: &String| tags.iter().any(|tag| tag.key.eq_ignore_ascii_case(key));
    if let Some(key) = transitive_tag_keys.iter().find(|key| !is_tag(key)) {
        return Err(rejected(format!("{key} is transitive, but there is no such tag")));
    }
    Ok(Session { tags, transitive_tag_keys, source_identity: source_identity(claims)? })
}

fn add_tag(tags: &mut Vec<Tag>, key: &str, value: &Value) -> Result<(), Refusal> {
    let rejected = |why: &str| Refusal::Rejected(TAGS, format!("the tag {key} {why}"));
    let values = texts(value).ok_or_else(|| rejected("is no text"))?;
    let [value] = values.as_slice() else { return Err(rejected("has not one value")) };
    let tag = Tag::new(key, value).ok_or_else(|| rejected("is too long, or has characters that tags do not have"))?;
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(rejected("is reserved"));
    }
    if tags.iter().any(|known| known.key.to_lowercase() == key.to_lowercase()) {
        return Err(rejected("stands twice"));
    }
    tags.push(tag);
    Ok(())
}

fn add_keys(keys: &mut Vec<String>, value: &Value) -> Result<(), Refusal> {
    let given = texts(value).ok_or_else(|| Refusal::Rejected(TAGS, "transitive_tag_keys is no list".into()))?;
    keys.extend(given.into_iter().map(str::to_owned));
    Ok(())
}

fn source_identity(claims: &Claims) -> Result<Option<String>, Refusal> {
    let Some(value) = claims.get(SOURCE_IDENTITY) else { return Ok(None) };
    let fits = |text: &&str| {
        (2..=256).contains(&text.chars().count())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
    };
    match value.as_str().filter(fits) {
        Some(identity) => Ok(Some(identity.to_owned())),
        None => Err(Refusal::Rejected(SOURCE_IDENTITY, "it is not 2 to 256 letters, digits and _+=,.@-".into())),
    }
}

/// A claim that is a text, if it is there. Nothing is the same as no claim.
fn text<'a>(claims: &'a Claims, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::Claim(name.into(), "is no text")),
    }
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// What conditions compare: texts, whole numbers, true and false, or a list of them.
fn plain(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        value => one(value).map(|value| vec![value]),
    }
}

/// The claim of a name, or the member of an object that a `/` names. A claim's own name may have one too.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    let nested = || {
        let (outer, inner) = name.split_once('/')?;
        claims.get(outer)?.get(inner)
    };
    claims.get(name).or_else(nested)
}

/// Whether a provider has a name of this pattern.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let part = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    part.is_some_and(|part| !part.is_empty() && !part.contains(['.', '/']))
}
