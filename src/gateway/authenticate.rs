//! Step 2, authenticate: who signed this request? The only maker of callers.
//!
//! The service that the credential scope names decides which API is meant; the signature covers the scope, so a
//! request signed for one API can never be read as one for another.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use http::{Method, header::CONTENT_TYPE};

use super::{
    backend::{ApiRequest, OwnApi},
    body::ClientBody,
    caller::{Caller, SignatureFacts},
    keys::DerivedKeys,
    payload::{Arriving, Bounds, Promise, collect},
    read::Received,
    settings::{GLOBAL_REGION, Settings},
    trail::{Protocol, Trail},
};
use crate::{
    base::{AccessKeyId, Fault, Head, Principal, SecretKey, Timestamp},
    mapping::s3::is_control,
    session::{Session, Sessions, Unopened},
    sigv4::{
        self, Algorithm, Dialect, Evidence, Expectations, Form, ProvingKey, Refusal, Scope, Signed,
        payload::{ChunkKey, ChunkSeed, PayloadRule},
    },
    store::{
        KeyStatus,
        snapshot::{Credential, Snapshot},
    },
    telemetry::{event::AuthenticationFailed, label::AuthFailure},
};

/// The longest body of a request without a signature to an API of ours: a SAML response, every character escaped, and
/// session policies.
const UNSIGNED_BYTES_MAX: usize = 512 * 1024;

/// Which API a request is for.
#[derive(Clone)]
pub enum Service {
    /// S3, served by an upstream.
    S3,
    /// An internal HTTP API.
    ExecuteApi,
    /// An API of ours.
    Own(Arc<dyn OwnApi>),
}

/// A request whose caller is known.
pub struct Authenticated {
    /// Who.
    pub caller: Caller,
    /// For what.
    pub service: Service,
    /// In which region.
    pub region: Box<str>,
    /// What was promised about the body.
    pub promise: Promise,
    /// The body, which some signatures demand to be read.
    pub body: Arriving,
}

/// What authentication works with.
pub struct Means<'a> {
    /// Where keys are found.
    pub snapshot: &'a Snapshot,
    /// Where derived keys are kept.
    pub keys: &'a DerivedKeys,
    /// What opens session tokens.
    pub sessions: &'a Sessions,
    /// Our own APIs.
    pub apis: &'a [Arc<dyn OwnApi>],
    /// Regions, limits.
    pub settings: &'a Settings,
    /// Now.
    pub now: Timestamp,
}

/// Finds out who a request is from. Notes in the trail what it learns on the way.
pub async fn authenticate(
    received: &Received,
    body: ClientBody,
    means: &Means<'_>,
    trail: &mut Claims,
) -> Result<Authenticated, Fault> {
    let head = received.head();
    let dialect = dialect_of(trail.protocol);
    let evidence = sigv4::read(&head).map_err(|refusal| trail.refuse(refusal, dialect))?;
    let Evidence::Signed(signed) = evidence else {
        return match trail.protocol {
            Protocol::Query(_) => unsigned(received, body, means, trail).await,
            _ => anonymous(received, body, means, trail, dialect),
        };
    };
    trail.claim(&signed);
    let service = service_of(&signed, &head, means, trail)?;
    let regions = match &service {
        // S3 Control is where S3 is.
        Service::Own(api) if api.service() != "s3" => &means.settings.regions_of_own_apis,
        Service::Own(_) | Service::S3 | Service::ExecuteApi => &means.settings.regions,
    };
    let expectations = Expectations { now: means.now, regions };
    let dialect = dialect_of(trail.protocol);
    let scope = sigv4::check_scope(&signed, &expectations).map_err(|refusal| trail.refuse(refusal, dialect))?;
    let credential =
        Credentials::of(&signed, &scope, means).map_err(|refused| trail.refuse_credentials(refused, dialect))?;
    let rule = PayloadRule::of(&head, scope.service, signed.form).map_err(|refusal| trail.refuse(refusal, dialect))?;
    let (line, body) = payload_line(&rule, body, &service, means.settings).await?;
    let proof = Proof::of(&signed, &scope, &credential, means.keys)
        .ok_or_else(|| trail.refuse(Refusal::UnknownKey(scope.access_key_id.to_owned()), dialect))?;
    sigv4::verify(&signed, &head, &line, &expectations, &proof.key())
        .map_err(|refusal| trail.refuse(refusal, dialect))?;
    let region: Box<str> = match signed.algorithm {
        Algorithm::Hmac => scope.region.into(),
        Algorithm::Ecdsa => means.settings.region().into(),
    };
    let seed = matches!(rule, PayloadRule::Streaming(form) if form.signs_chunks()).then(|| proof.seed(&signed));
    let caller = credential.caller(&scope, facts(&signed, &region), received, means.now);
    Ok(Authenticated { caller, service, region, promise: Promise { rule, seed }, body })
}

/// Whether a caller is still who it was when it was authenticated on an earlier snapshot.
pub fn authenticate_again(caller: &Caller, snapshot: &Snapshot, protocol: Protocol) -> Result<(), Fault> {
    let Some(key) = caller.access_key() else { return Ok(()) };
    let refusal = match &caller.session {
        None => {
            let known = snapshot.credential(key.as_str()).filter(|known| known.status == KeyStatus::Active);
            let is_same = known.is_some_and(|known| known.principal == *caller.principal());
            (!is_same).then(|| Refusal::UnknownKey(key.to_string()))
        }
        Some(session) => {
            let is_same = session.acting(snapshot).is_ok_and(|acting| acting == *caller.principal());
            (!is_same).then(|| Refusal::BadToken(String::new()))
        }
    };
    match refusal {
        None => Ok(()),
        Some(refusal) => {
            let fault = refusal.fault(dialect_of(protocol));
            Err(fault.because("the credentials were revoked while the request was being read"))
        }
    }
}

/// Finds out who signed a form: the signature covers the policy, which covers the fields.
pub fn authenticate_form(
    received: &Received,
    field: impl Fn(&str) -> Option<String>,
    means: &Means<'_>,
    trail: &mut Claims,
) -> Result<Caller, Fault> {
    let dialect = Dialect::S3;
    let (Some(policy), Some(credential), Some(date), Some(signature)) =
        (field("policy"), field("x-amz-credential"), field("x-amz-date"), field("x-amz-signature"))
    else {
        let any = ["policy", "x-amz-credential", "x-amz-signature", "AWSAccessKeyId"]
            .iter()
            .any(|name| field(name).is_some());
        return match any {
            false => Ok(nobody(received, means.now)),
            true => {
                Err(Fault::new(400, "InvalidArgument", "Bucket POST must contain the fields of signature version 4."))
            }
        };
    };
    let algorithm = field("x-amz-algorithm").unwrap_or_default();
    if algorithm != Algorithm::Hmac.name() {
        return Err(trail.refuse(Refusal::UnknownQueryAlgorithm(algorithm), dialect));
    }
    let at = crate::base::time::parse_amz_date(&date)
        .ok_or_else(|| trail.refuse(Refusal::BadQueryDate(date.clone()), dialect))?;
    let signed = Signed {
        form: Form::Post,
        algorithm: Algorithm::Hmac,
        credential: credential.into(),
        signed_headers: "".into(),
        signature: signature.into(),
        date: date.into(),
        at,
        expires: None,
        token: field("x-amz-security-token").map(Into::into),
        region_set: None,
    };
    trail.claim(&signed);
    let expectations = Expectations { now: means.now, regions: &means.settings.regions };
    let scope = sigv4::check_scope(&signed, &expectations).map_err(|refusal| trail.refuse(refusal, dialect))?;
    if scope.service != "s3" {
        let refusal = Refusal::WrongService(Form::Post, scope.service.to_owned(), "s3".into());
        return Err(trail.refuse(refusal, dialect));
    }
    let credential =
        Credentials::of(&signed, &scope, means).map_err(|refused| trail.refuse_credentials(refused, dialect))?;
    let key = means.keys.signing_key(credential.generation(), credential.secret(), &scope);
    sigv4::verify_form(&signed, &policy, &expectations, &key).map_err(|refusal| trail.refuse(refusal, dialect))?;
    Ok(credential.caller(&scope, facts(&signed, scope.region), received, means.now))
}

/// What is learned of a request while it is not proven yet.
pub struct Claims {
    /// The protocol of its answer.
    pub protocol: Protocol,
    /// The access key that it names.
    pub access_key: Option<Box<str>>,
    /// The region that it names.
    pub region: Option<Box<str>>,
    /// `SigV4`, `SigV4A`.
    pub signature_version: Option<&'static str>,
    id: crate::base::RequestId,
}

impl Claims {
    /// Nothing yet.
    pub fn new(trail: &Trail) -> Self {
        Self { protocol: trail.protocol, access_key: None, region: None, signature_version: None, id: trail.id }
    }

    fn claim(&mut self, signed: &Signed<'_>) {
        self.signature_version = Some(if signed.algorithm == Algorithm::Hmac { "SigV4" } else { "SigV4A" });
        if let Some(scope) = signed.scope() {
            self.access_key = Some(scope.access_key_id.into());
            self.region = (!scope.region.is_empty()).then(|| scope.region.into());
        }
    }

    /// The same with why, for the record.
    fn refuse_credentials(&self, (refusal, why): (Refusal, Option<String>), dialect: Dialect) -> Fault {
        let fault = self.refuse(refusal, dialect);
        match why {
            Some(why) => fault.because(why),
            None => fault,
        }
    }

    fn refuse(&self, refusal: Refusal, dialect: Dialect) -> Fault {
        AuthenticationFailed { reason: label(&refusal), request_id: self.id }.emit();
        let fault = refusal.fault(dialect);
        if fault.detail.is_some() { fault } else { fault.because(refusal.cause()) }
    }
}

fn anonymous(
    received: &Received,
    body: ClientBody,
    means: &Means<'_>,
    trail: &mut Claims,
    dialect: Dialect,
) -> Result<Authenticated, Fault> {
    if trail.protocol != Protocol::S3 {
        return Err(trail.refuse(Refusal::NoCredentials, dialect));
    }
    let rule = PayloadRule::of_anonymous(&received.head()).map_err(|refusal| trail.refuse(refusal, dialect))?;
    Ok(Authenticated {
        caller: nobody(received, means.now),
        service: Service::S3,
        region: means.settings.region().into(),
        promise: Promise { rule, seed: None },
        body: Arriving::Stream(body),
    })
}

/// A call of an API of ours that needs no credentials: what it brings instead is looked at when it is described.
async fn unsigned(
    received: &Received,
    body: ClientBody,
    means: &Means<'_>,
    trail: &mut Claims,
) -> Result<Authenticated, Fault> {
    let refuse = |refusal| trail.refuse(refusal, Dialect::Query);
    let rule = PayloadRule::of_anonymous(&received.head()).map_err(refuse)?;
    let bytes = collect(body, Bounds { bytes_max: UNSIGNED_BYTES_MAX, time_max: means.settings.limits.idle }).await?;
    let request = ApiRequest { head: received.head(), body: &bytes, request_id: trail.id };
    let api = means.apis.iter().find(|api| api.takes_unsigned(&request));
    let api = api.ok_or_else(|| trail.refuse(Refusal::NoCredentials, Dialect::Query))?;
    trail.protocol = Protocol::Query(api.namespace());
    Ok(Authenticated {
        caller: nobody(received, means.now),
        service: Service::Own(api.clone()),
        region: GLOBAL_REGION.into(),
        promise: Promise { rule, seed: None },
        body: Arriving::Proven(bytes),
    })
}

fn nobody(received: &Received, now: Timestamp) -> Caller {
    Caller {
        principal: Principal::Anonymous,
        access_key: None,
        session: None,
        signature: None,
        source_ip: received.source_ip,
        certificate: received.certificate.clone(),
        at: now,
    }
}

/// The API that the scope names.
fn service_of(signed: &Signed<'_>, head: &Head<'_>, means: &Means<'_>, trail: &mut Claims) -> Result<Service, Fault> {
    let name = signed.scope().map_or("", |scope| scope.service);
    let control = || means.apis.iter().find(|api| api.service() == "s3");
    if let ("s3", true, Some(api)) = (name, is_control(head, &means.settings.addressing), control()) {
        trail.protocol = Protocol::S3Control;
        return Ok(Service::Own(api.clone()));
    }
    if name == "s3" {
        trail.protocol = Protocol::S3;
        return Ok(Service::S3);
    }
    if name == "execute-api" {
        trail.protocol = Protocol::RestJson;
        return Ok(Service::ExecuteApi);
    }
    match means.apis.iter().find(|api| api.service() == name) {
        Some(api) => {
            trail.protocol = Protocol::Query(api.namespace());
            Ok(Service::Own(api.clone()))
        }
        None => {
            let expected = match trail.protocol {
                Protocol::S3 | Protocol::S3Control => "s3",
                Protocol::RestJson => "execute-api",
                Protocol::Query(_) => "iam",
            };
            let refusal = Refusal::WrongService(signed.form, name.to_owned(), expected.to_owned());
            Err(trail.refuse(refusal, dialect_of(trail.protocol)))
        }
    }
}

fn dialect_of(protocol: Protocol) -> Dialect {
    match protocol {
        Protocol::S3 | Protocol::S3Control => Dialect::S3,
        Protocol::RestJson => Dialect::Json,
        Protocol::Query(_) => Dialect::Query,
    }
}

/// The protocol of a request before its scope is read: the Query protocol has forms at the root, and the host of the token
/// issuers belongs to STS, JSON services name their operation in a header, internal APIs may have a host of their own, S3
/// Control has a header, everything else is S3.
pub fn by_shape(head: &Head<'_>, apis: &[Arc<dyn OwnApi>], settings: &Settings) -> Protocol {
    let namespace = apis.first().map_or("", |api| api.namespace());
    let is_form = head.single(CONTENT_TYPE.as_str()).is_some_and(|media| {
        media.get(..33).is_some_and(|media| media.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    });
    let names_action = head.query.split('&').any(|piece| piece.starts_with("Action="));
    let is_of_issuers = settings.issuer.as_ref().is_some_and(|issuer| issuer.is_asked(head));
    if head.path == "/" && (*head.method == Method::POST && is_form || names_action) || is_of_issuers {
        return Protocol::Query(namespace);
    }
    let is_internal = || settings.apis_by_host.iter().any(|api| api.answers(head));
    match head.headers.contains_key("x-amz-target") || is_internal() {
        true => Protocol::RestJson,
        false if is_control(head, &settings.addressing) => Protocol::S3Control,
        false => Protocol::S3,
    }
}

/// The credentials that a scope names.
enum Credentials<'a> {
    /// A long-term key.
    Kept(&'a Credential),
    /// Temporary ones, and who acts with them.
    Temporary(Arc<Session>, Principal),
}

impl<'a> Credentials<'a> {
    /// Temporary credentials bring their token, others bring none. Why they are refused is told to the record.
    fn of(signed: &Signed<'_>, scope: &Scope<'_>, means: &Means<'a>) -> Result<Self, (Refusal, Option<String>)> {
        let key = scope.access_key_id;
        let Some(token) = &signed.token else {
            let known = means.snapshot.credential(key).filter(|known| known.status == KeyStatus::Active);
            return known.map(Credentials::Kept).ok_or_else(|| (Refusal::UnknownKey(key.to_owned()), None));
        };
        let session = means.sessions.open(key, token, means.now).map_err(|unopened| match unopened {
            Unopened::Invalid => (Refusal::BadToken(token.clone().into_owned()), None),
            Unopened::Expired => (Refusal::ExpiredToken(token.clone().into_owned()), None),
        })?;
        let acting = session.acting(means.snapshot);
        let acting =
            acting.map_err(|ended| (Refusal::BadToken(token.clone().into_owned()), Some(ended.to_string())))?;
        Ok(Credentials::Temporary(session, acting))
    }

    fn secret(&self) -> &SecretKey {
        match self {
            Credentials::Kept(credential) => &credential.secret,
            Credentials::Temporary(session, _) => session.secret(),
        }
    }

    fn generation(&self) -> u64 {
        match self {
            Credentials::Kept(credential) => credential.generation,
            Credentials::Temporary(session, _) => session.generation(),
        }
    }

    /// Who signed with them.
    fn caller(self, scope: &Scope<'_>, signature: SignatureFacts, received: &Received, at: Timestamp) -> Caller {
        let (principal, session) = match self {
            Credentials::Kept(credential) => (credential.principal.clone(), None),
            Credentials::Temporary(session, acting) => (acting, Some(session)),
        };
        let access_key = AccessKeyId::parse(scope.access_key_id);
        let (source_ip, certificate) = (received.source_ip, received.certificate.clone());
        Caller { principal, access_key, session, signature: Some(signature), source_ip, certificate, at }
    }
}

/// The payload line. Where only the signature holds the hash, the body is read for it.
async fn payload_line(
    rule: &PayloadRule,
    body: ClientBody,
    service: &Service,
    settings: &Settings,
) -> Result<(Box<str>, Arriving), Fault> {
    if let Some(line) = rule.line() {
        return Ok((line.into(), Arriving::Stream(body)));
    }
    let bytes_max = match service {
        Service::Own(api) => api.body_bytes_max(),
        _ => settings.limits.buffered_bytes_max,
    };
    let bytes = collect(body, Bounds { bytes_max, time_max: settings.limits.idle }).await?;
    let hash = HEXLOWER.encode(digest(&SHA256, &bytes).as_ref());
    Ok((hash.into(), Arriving::Proven(bytes)))
}

/// The key that proves a signature, shared with the chunks that follow it.
struct Proof(ChunkKey);

impl Proof {
    fn of(signed: &Signed<'_>, scope: &Scope<'_>, credential: &Credentials<'_>, keys: &DerivedKeys) -> Option<Self> {
        let (generation, secret) = (credential.generation(), credential.secret());
        Some(Self(match signed.algorithm {
            Algorithm::Hmac => ChunkKey::Hmac(keys.signing_key(generation, secret, scope)),
            Algorithm::Ecdsa => ChunkKey::Ecdsa(keys.verifying_key(generation, scope.access_key_id, secret)?),
        }))
    }

    fn key(&self) -> ProvingKey<'_> {
        match &self.0 {
            ChunkKey::Hmac(key) => ProvingKey::Hmac(key),
            ChunkKey::Ecdsa(key) => ProvingKey::Ecdsa(key),
        }
    }

    fn seed(&self, signed: &Signed<'_>) -> ChunkSeed {
        ChunkSeed {
            key: self.0.clone(),
            date: signed.date.as_ref().into(),
            scope: signed.scope_text().into(),
            signature: signed.signature.as_ref().into(),
        }
    }
}

fn facts(signed: &Signed<'_>, region: &str) -> SignatureFacts {
    SignatureFacts {
        form: match signed.form {
            Form::Header => "REST-HEADER",
            Form::Query => "REST-QUERY-STRING",
            Form::Post => "POST",
        },
        algorithm: signed.algorithm.name(),
        signed_at: signed.at,
        region: region.into(),
    }
}

fn label(refusal: &Refusal) -> AuthFailure {
    match refusal {
        Refusal::NoCredentials => AuthFailure::Missing,
        Refusal::Version2 | Refusal::UnknownAlgorithm(_) | Refusal::UnknownQueryAlgorithm(_) => {
            AuthFailure::Unsupported
        }
        Refusal::UnknownKey(_) => AuthFailure::UnknownKey,
        Refusal::BadToken(_) | Refusal::ExpiredToken(_) => AuthFailure::Token,
        Refusal::Mismatch(_) => AuthFailure::Mismatch,
        Refusal::Skewed { .. } | Refusal::NotYetValid { .. } => AuthFailure::Skewed,
        Refusal::Expired { .. } => AuthFailure::Expired,
        Refusal::NoContentHash | Refusal::BadContentHash(_) => AuthFailure::Body,
        _ => AuthFailure::Malformed,
    }
}
