//! `GetWebIdentityToken`: who the caller is, signed for others to believe.
//! Sources: STS API reference, `GetWebIdentityToken`; IAM user guide, "Outbound identity federation" with "Understanding
//! token claims"; service authorization reference, "AWS Security Token Service".

use serde_json::{Map, Value as Json, json};

use super::{
    CLAIMS,
    asked::{AskedTags, duration, tags},
    texts::{AUDIENCE, SCOPE},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene, input::validation_error},
        token_issuers,
    },
    base::{Arn, Fault, Principal, RequestId, Tag, Timestamp, condition::Value, time},
    federation::{
        origin::{ISSUER, PROVIDER, SUBJECT, is_tellable},
        outbound::{Algorithm, KeyFailure, TOKEN_SECONDS_MAX},
    },
    gateway::caller::Caller,
};

/// For how many a token may be.
const AUDIENCES_MAX: usize = 10;
/// How long it is good where nothing is said, in seconds.
const SECONDS: i64 = 300;
/// The longest payload, in bytes before encoding: what AWS was seen to take.
const PAYLOAD_BYTES_MAX: usize = 14_984;

/// What is asked for.
struct Asked {
    audiences: Vec<String>,
    algorithm: Algorithm,
    seconds: i64,
    tags: Vec<Tag>,
    /// Whom the calling session is for, if that is to be told in place of the caller.
    origin: Option<String>,
    scope: Option<String>,
}

const MODES: [&str; 2] = ["AWSIdentity", "OriginIdentity"];

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = read(scene, input)?;
    let [of_caller, of_origin] = MODES;
    let mut facts = AskedTags::passed(asked.tags.clone(), Vec::new()).facts();
    let audiences = asked.audiences.iter().map(|audience| audience.clone().into()).collect();
    facts.extend([
        ("sts:identitytokenaudience".into(), Value::Many(audiences)),
        ("sts:durationseconds".into(), Value::owned(asked.seconds.to_string())),
        ("sts:signingalgorithm".into(), Value::borrowed(asked.algorithm.name())),
        ("sts:subjectmode".into(), Value::borrowed(if asked.origin.is_some() { of_origin } else { of_caller })),
    ]);
    let scopes: Option<Vec<_>> =
        asked.scope.as_ref().map(|scope| scope.split(' ').map(|scope| scope.to_owned().into()).collect());
    facts.extend(scopes.map(|scopes| ("sts:identitytokenscope".into(), Value::Many(scopes))));
    let own = Arn::of("sts", "", scene.account().as_str(), "self");
    let (is_tagged, is_scoped) = (!asked.tags.is_empty(), asked.scope.is_some());
    let mut plan = Plan::new("sts:GetWebIdentityToken", own.as_str(), move |scene| give(scene, &asked));
    if is_tagged {
        plan = plan.needing("sts:TagGetWebIdentityToken", own.as_str());
    }
    if is_scoped {
        plan = plan.needing("sts:SetWebIdentityTokenScope", own.as_str());
    }
    Ok(plan.knowing(facts))
}

fn read(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Asked, Fault> {
    let audiences = input.texts("Audience", AUDIENCES_MAX, &AUDIENCE);
    let algorithm = input.required_one_of("SigningAlgorithm", &Algorithm::ALL.map(Algorithm::name));
    let seconds = duration(input, 60..=usize::try_from(TOKEN_SECONDS_MAX).unwrap_or_default()).unwrap_or(SECONDS);
    let tags = tags(input)?;
    let scope = input.optional("Scope", &SCOPE);
    let mode = input.one_of("SubjectMode", &MODES);
    input.check()?;
    if audiences.is_empty() {
        let constraint = "Member must have length greater than or equal to 1";
        let message =
            format!("1 validation error detected: Value at 'audience' failed to satisfy constraint: {constraint}");
        return Err(validation_error(message));
    }
    let origin = if mode == Some("OriginIdentity") { Some(origin(scene)?) } else { None };
    if scope.is_some() && (origin.is_none() || audiences.len() != 1) {
        return Err(validation_error(
            "Scope can be specified only when SubjectMode is OriginIdentity and exactly one audience is requested.",
        ));
    }
    let mut scopes: Vec<&str> = scope.iter().flat_map(|scope| scope.split(' ')).collect();
    scopes.sort_unstable();
    if scopes.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(validation_error("Scope cannot have a value twice."));
    }
    let algorithm = algorithm.and_then(Algorithm::parse).ok_or_else(|| validation_error("SigningAlgorithm"))?;
    Ok(Asked { audiences, algorithm, seconds, tags, origin, scope })
}

/// Whom the calling session is for.
fn origin(scene: &Scene<'_>) -> Result<String, Fault> {
    let fact = |key: &str| scene.caller.session()?.fact(key)?.first();
    let known = fact(SUBJECT).filter(|subject| !subject.trim().is_empty());
    let Some(subject) = known.filter(|_| fact(ISSUER).or_else(|| fact(PROVIDER)).is_some()) else {
        return Err(validation_error(
            "SubjectMode OriginIdentity needs a session with a trusted identity propagation context that contains the \
             aws:OriginIdentity/Subject key, and aws:OriginIdentity/Issuer or aws:OriginIdentity/FederatedProviderArn.",
        ));
    };
    match is_tellable(subject) {
        true => Ok(subject.clone()),
        false => Err(Fault::new(403, "AccessDenied", "The subject of the session cannot be told to others.")),
    }
}

fn give(scene: &Scene<'_>, asked: &Asked) -> Result<Node, Fault> {
    let issued = scene.caller.at().as_second();
    let expires = issued.saturating_add(asked.seconds);
    if scene.caller.session().is_some_and(|session| session.expires().as_second() < expires) {
        let message = "The requested token duration would extend the session beyond its original expiration time.";
        return Err(Fault::new(403, "SessionDurationEscalationException", message));
    }
    let issuers = scene.world.issuer.load_full().ok_or_else(|| disabled("sts.issuer_url is not set"))?;
    let signer = token_issuers::signer(scene)?.ok_or_else(|| disabled("it was not enabled"))?;
    let id = RequestId::from_random(scene.random()?).to_string();
    let mut claims = standard(asked, scene.caller, issued, expires)?;
    claims.insert("iss".into(), issuers.issuer(&signer.id).into());
    claims.insert("jti".into(), id.into());
    claims.extend(asked.scope.as_ref().map(|scope| ("scope".into(), scope.as_str().into())));
    claims.insert(CLAIMS.into(), Json::Object(of_aws(scene, asked)?));
    let payload = Json::Object(claims).to_string();
    if payload.len() > PAYLOAD_BYTES_MAX {
        let message = "The requested token payload size exceeds the maximum allowed size.";
        return Err(Fault::new(400, "JWTPayloadSizeExceededException", message));
    }
    let token = signer.keys.sign(asked.algorithm, &signer.private, &payload, issued).map_err(unsigned)?;
    let expires = Timestamp::from_second(expires).map_err(|error| validation_error(error.to_string()))?;
    Ok(Node::Struct(vec![("WebIdentityToken", Node::Secret(token)), ("Expiration", Node::Time(expires))]))
}

/// Those of RFC 7519, but for the issuer and the id.
fn standard(asked: &Asked, caller: &Caller, issued: i64, expires: i64) -> Result<Map<String, Json>, Fault> {
    let subject = match &asked.origin {
        Some(subject) => subject.clone(),
        None => subject(caller.principal())?,
    };
    let audience = match asked.audiences.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let claims = [("sub", subject.into()), ("aud", audience), ("iat", issued.into()), ("exp", expires.into())];
    Ok(claims.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
}

/// The ARN of the user, or of the role whatever the session.
fn subject(principal: &Principal) -> Result<String, Fault> {
    let arn = match principal {
        Principal::Role(session) => Some(session.role.arn.to_string()),
        Principal::Root(_) | Principal::User(_) => principal.arn().map(|arn| arn.to_string()),
        Principal::Federated(_) | Principal::Anonymous => None,
    };
    arn.ok_or_else(|| Fault::new(403, "AccessDenied", "Access denied"))
}

/// Those of AWS's own, as far as there is something to tell.
fn of_aws(scene: &Scene<'_>, asked: &Asked) -> Result<Map<String, Json>, Fault> {
    let (caller, organization) = (scene.caller, scene.world.organization.load());
    let mut claims = Map::new();
    let mut tell = |name: &str, value: Option<Json>| claims.extend(value.map(|value| (name.to_owned(), value)));
    tell("aws_account", Some(scene.account().as_str().into()));
    tell("principal_id", Some(subject(caller.principal())?.into()));
    tell("subject_mode", asked.origin.as_ref().map(|_| "OriginIdentity".into()));
    tell("source_region", caller.signature().map(|signature| (*signature.region).into()));
    tell("org_id", organization.id.as_deref().map(Json::from));
    tell("ou_path", organization.path.as_deref().map(|path| json!([path])));
    tell("principal_tags", shown(&principal_tags(scene)));
    tell("request_tags", shown(&asked.tags));
    if let Some(session) = caller.session() {
        tell("original_session_exp", Some(time::iso8601(session.expires()).into()));
        tell("source_identity", session.source_identity().map(Json::from));
        tell("federated_provider", session.provider().map(Json::from));
    }
    Ok(claims)
}

/// As `aws:PrincipalTag` tells them: those of the session come before those of the user or role.
fn principal_tags(scene: &Scene<'_>) -> Vec<Tag> {
    let caller = scene.caller;
    let mut tags: Vec<Tag> = caller.session().map_or_else(Vec::new, |session| session.tags().to_vec());
    let snapshot = scene.world.directory.snapshot();
    let stored = caller.principal().identity_id().map_or(&[] as &[Tag], |id| snapshot.tags(id));
    let is = |one: &Tag, other: &Tag| one.key.to_lowercase() == other.key.to_lowercase();
    let further: Vec<Tag> = stored.iter().filter(|tag| !tags.iter().any(|known| is(known, tag))).cloned().collect();
    tags.extend(further);
    tags
}

fn shown(tags: &[Tag]) -> Option<Json> {
    let members = tags.iter().map(|tag| (tag.key.to_string(), Json::from(&*tag.value)));
    (!tags.is_empty()).then(|| Json::Object(members.collect()))
}

fn disabled(why: &str) -> Fault {
    let message = "The outbound web identity federation feature is not enabled for this account. An administrator enables \
                   it with EnableOutboundWebIdentityFederation.";
    Fault::new(403, "OutboundWebIdentityFederationDisabledException", message).because(why)
}

fn unsigned(failure: KeyFailure) -> Fault {
    Fault::new(500, "ServiceFailure", "No token could be signed.").because(failure)
}
