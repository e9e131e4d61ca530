//! An S3-compatible upstream: a permitted call is rebuilt from its typed form, signed with the upstream's own
//! credentials, and sent. Nothing of the client's request is copied through.

mod lookup;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HOST},
};
use hyper::body::Incoming;
use smallvec::SmallVec;
use tokio::time::timeout;

use super::{Lease, Pool, SendError};
use crate::{
    base::{Fault, RequestId, SecretKey, Timestamp, time},
    gateway::{
        body::{UploadBody, Uploaded, buffer},
        payload::Checksums,
        permit::Permit,
        protocol::s3 as protocol,
        reply::{Passed, Reply},
    },
    mapping::s3::{Call, Style, returns_to_client},
    sigv4::{Signer, SigningKey, sign::Target},
    telemetry::{event::UpstreamFailed, label::UpstreamFailure},
};

/// An S3-compatible upstream, as one worker sees it.
pub struct S3Upstream {
    name: Arc<str>,
    pool: Arc<Pool>,
    host: HeaderValue,
    style: Style,
    region: Box<str>,
    access_key: Box<str>,
    secret: SecretKey,
    /// The signing key of the day, and the day, counted from 1970-01-01.
    of_the_day: Mutex<Option<(i64, Arc<SigningKey>)>>,
}

/// What goes with a call: its body, proven or being proven.
pub enum Outgoing {
    /// The body is here, whole and proven. `hash` is its SHA-256 in hexadecimal, if that was proven on the way.
    Proven {
        /// The bytes.
        bytes: Bytes,
        /// What is signed for them.
        hash: Option<Box<str>>,
        /// Checksums that came after the body, where no header could tell them.
        checksums: Checksums,
    },
    /// The body streams, and is proven before its last byte leaves.
    Streaming {
        /// The stream.
        body: UploadBody,
        /// How far it is.
        progress: Uploaded,
        /// What is signed for it.
        hash: Option<Box<str>>,
    },
    /// The body was collected before.
    Collected {
        /// The stream.
        body: UploadBody,
        /// How far it is.
        progress: Uploaded,
    },
}

impl Outgoing {
    /// A body that was made here, or that nothing is promised of.
    pub fn made(bytes: Bytes) -> Self {
        Self::Proven { bytes, hash: None, checksums: Checksums::new() }
    }
}

/// An answer, and the call that it answers.
pub struct Forwarded<T> {
    /// The call, for the record.
    pub call: Box<T>,
    /// The answer, or why there is none.
    pub outcome: Result<Reply, Refused>,
}

impl<T> Forwarded<T> {
    /// What the store did had to be noted here as well; if that failed, so did the call.
    pub fn note(&mut self, noted: Result<(), Fault>) {
        if let Err(fault) = noted {
            self.outcome = Err(fault.into());
        }
    }
}

/// An upstream's error, with those of its headers that clients may see (`x-amz-delete-marker` of a 404).
pub struct Refused {
    /// The error.
    pub fault: Fault,
    /// Its headers.
    pub headers: HeaderMap,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self { fault, headers: HeaderMap::new() }
    }
}

impl S3Upstream {
    /// An upstream behind a pool.
    pub fn new(name: &str, pool: Arc<Pool>, style: Style, region: &str, access_key: &str, secret: SecretKey) -> Self {
        let host = HeaderValue::from_str(&pool.address().authority()).unwrap_or(HeaderValue::from_static("localhost"));
        Self {
            name: name.into(),
            pool,
            host,
            style,
            region: region.into(),
            access_key: access_key.into(),
            secret,
            of_the_day: Mutex::new(None),
        }
    }

    /// Carries a permitted call out. An error of the upstream comes back as a fault in S3's words, with the request's
    /// own ids; an error of ours with the upstream's credentials is not shown to the client as its own.
    pub async fn forward(
        &self,
        permit: Permit<Box<Call>>,
        outgoing: Outgoing,
        at: Timestamp,
        id: RequestId,
    ) -> Forwarded<Call> {
        let call = permit.redeem();
        let (outgoing, checksums) = match outgoing {
            Outgoing::Proven { bytes, hash, checksums } => ((UploadBody::full(bytes), None, hash), checksums),
            Outgoing::Streaming { body, progress, hash } => ((body, Some(progress), hash), Checksums::new()),
            Outgoing::Collected { body, progress } => ((body, Some(progress), None), Checksums::new()),
        };
        let (body, progress, hash) = outgoing;
        let outcome = match self.request(&call, body, hash.as_deref(), &checksums, at) {
            Ok(request) => self.exchange(request, progress.as_ref(), id).await,
            Err(fault) => Err(fault.into()),
        };
        Forwarded { call, outcome }
    }

    /// The request to the upstream.
    fn request(
        &self,
        call: &Call,
        body: UploadBody,
        hash: Option<&str>,
        checksums: &Checksums,
        at: Timestamp,
    ) -> Result<Request<UploadBody>, Fault> {
        let rebuilt = call.upstream(self.style);
        let host = match self.style {
            Style::VirtualHost if !call.bucket().is_empty() => {
                let host = format!("{}.{}", call.bucket(), self.host.to_str().unwrap_or_default());
                HeaderValue::try_from(host).map_err(|error| internal_error().because(error))?
            }
            _ => self.host.clone(),
        };
        let target = if rebuilt.query.is_empty() { rebuilt.path } else { rebuilt.path + "?" + &rebuilt.query };
        let uri: Uri = target.parse().map_err(|error| internal_error().because(error))?;
        let mut request = Request::new(body);
        *request.method_mut() = rebuilt.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = rebuilt.headers;
        request.headers_mut().insert(HOST, host);
        for (name, value) in checksums {
            let value = HeaderValue::from_str(value).map_err(|error| internal_error().because(error))?;
            request.headers_mut().insert(*name, value);
        }
        self.sign(&mut request, hash.unwrap_or("UNSIGNED-PAYLOAD"), at)?;
        Ok(request)
    }

    async fn exchange(
        &self,
        request: Request<UploadBody>,
        progress: Option<&Uploaded>,
        id: RequestId,
    ) -> Result<Reply, Refused> {
        let is_head = request.method() == Method::HEAD;
        let sent = self.pool.send(request, progress).await;
        // A body that did not hold is why the exchange broke, whatever the connection says.
        if let Some(fault) = progress.and_then(|progress| progress.take_failure()) {
            return Err(fault.into());
        }
        let (response, lease) = sent.map_err(|error| self.failed(&error, id))?;
        let unproven = progress.filter(|progress| !progress.is_done());
        let lease = unproven.is_none().then_some(lease);
        let is_error = response.status().as_u16() >= 400;
        let refused = match unsound(response.status(), unproven.is_none()) {
            _ if is_error => self.refused(response, lease, is_head, id).await,
            Some(why) => self.failed(&SendError::Unsound(why), id).into(),
            None => return Ok(self.passed(response, lease)),
        };
        if let Some(progress) = unproven {
            progress.stop();
        }
        Err(refused)
    }

    fn passed(&self, response: Response<Incoming>, lease: Option<Lease>) -> Reply {
        let (head, body) = response.into_parts();
        let (status, headers) = (head.status, for_client(head.headers));
        let (upstream, idle) = (self.name.clone(), self.pool.timeouts().idle);
        Reply::Passed(Box::new(Passed { status, headers, body, lease, upstream, idle }))
    }

    /// An upstream's error, in S3's words.
    async fn refused(
        &self,
        response: Response<Incoming>,
        lease: Option<Lease>,
        is_head: bool,
        id: RequestId,
    ) -> Refused {
        let status = response.status();
        let (head, body) = response.into_parts();
        let body = timeout(self.pool.timeouts().idle, buffer(body, protocol::ERROR_BODY_BYTES_MAX)).await;
        let fault = match body {
            Ok(Ok(Ok(body))) => {
                if let Some(lease) = lease {
                    lease.give_back();
                }
                protocol::read_error(status.as_u16(), &body)
            }
            _ => None,
        };
        let fault = fault.unwrap_or_else(|| by_status(status, is_head));
        if status.is_server_error() {
            self.report(UpstreamFailure::Status, &fault.to_string(), id);
        }
        if OUR_CREDENTIALS.contains(&&*fault.code) {
            self.report(UpstreamFailure::Protocol, &fault.to_string(), id);
            let fault = internal_error().because(format_args!("the upstream does not accept our credentials: {fault}"));
            return fault.into();
        }
        let mut headers = for_client(head.headers);
        headers.remove(CONTENT_LENGTH);
        headers.remove(CONTENT_TYPE);
        Refused { fault, headers }
    }

    /// What the client is told when there is no answer.
    fn failed(&self, error: &SendError, id: RequestId) -> Fault {
        let (reason, fault) = match error {
            SendError::Connect(_) | SendError::ConnectTimeout => (
                UpstreamFailure::Connect,
                Fault::new(503, "ServiceUnavailable", "Service is unable to handle request."),
            ),
            SendError::HeadTimeout => (
                UpstreamFailure::Timeout,
                Fault::new(504, "GatewayTimeout", "The storage backend did not answer in time. Please try again."),
            ),
            SendError::Broken(_) => (
                UpstreamFailure::Broken,
                Fault::new(502, "BadGateway", "The storage backend broke the connection. Please try again."),
            ),
            SendError::Unsound(_) => (
                UpstreamFailure::Protocol,
                Fault::new(502, "BadGateway", "The storage backend gave no answer that can be passed on."),
            ),
        };
        self.report(reason, &error.to_string(), id);
        fault.because(format_args!("upstream `{}`: {error}", self.name))
    }

    fn report(&self, reason: UpstreamFailure, error: &str, request_id: RequestId) {
        UpstreamFailed { reason, upstream: &self.name, error, request_id }.emit();
    }

    fn sign(&self, request: &mut Request<UploadBody>, payload: &str, at: Timestamp) -> Result<(), Fault> {
        let key = self.signing_key(at);
        let signer = Signer { access_key_id: &self.access_key, region: &self.region, service: "s3", key: &key };
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        let target = Target { method: &method, host: &host, path: uri.path(), query: uri.query().unwrap_or_default() };
        signer.sign(target, request.headers_mut(), payload, at).map_err(|error| internal_error().because(error))
    }

    /// The signing key of the day, derived once a day.
    fn signing_key(&self, at: Timestamp) -> Arc<SigningKey> {
        let day = at.as_second().div_euclid(86_400);
        let mut known = self.of_the_day.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((known_day, key)) if *known_day == day => key.clone(),
            _ => {
                let date = time::amz_date(at);
                let date = date.get(..8).unwrap_or_default();
                let key = Arc::new(SigningKey::derive(&self.secret, date, &self.region, "s3"));
                *known = Some((day, key.clone()));
                key
            }
        }
    }
}

/// Why an answer that is no error is none that a client may get.
fn unsound(status: StatusCode, body_is_proven: bool) -> Option<&'static str> {
    if status.is_success() && !body_is_proven {
        return Some("a success before the whole body was there");
    }
    // A client that followed would ask the store itself, with a signature for us.
    (status.is_redirection() && status != StatusCode::NOT_MODIFIED).then_some("a redirect to another address")
}

/// Those of an upstream's headers that clients may see.
fn for_client(mut headers: HeaderMap) -> HeaderMap {
    let dropped: SmallVec<[HeaderName; 8]> =
        headers.keys().filter(|name| !returns_to_client(name.as_str())).cloned().collect();
    for name in dropped {
        headers.remove(name);
    }
    headers
}

/// Codes by which an upstream says that it does not accept our signature. A client that got them would look for the
/// fault in its own key.
const OUR_CREDENTIALS: [&str; 8] = [
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "MissingSecurityHeader",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "XAmzContentSHA256Mismatch",
];

/// An error without a body that can be read: of `HEAD`, or of something that is no S3 server.
fn by_status(status: StatusCode, is_head: bool) -> Fault {
    let (code, message) = match status.as_u16() {
        400 => ("BadRequest", "Bad Request"),
        403 => ("AccessDenied", "Access Denied"),
        404 if is_head => ("NotFound", "Not Found"),
        404 => ("NoSuchKey", "The specified key does not exist."),
        409 => ("OperationAborted", "A conflicting conditional operation is currently in progress."),
        412 => ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
        416 => ("InvalidRange", "The requested range is not satisfiable"),
        503 => ("SlowDown", "Please reduce your request rate."),
        status if status < 500 => ("InvalidRequest", "The storage backend refused the request."),
        _ => ("InternalError", "We encountered an internal error. Please try again."),
    };
    Fault::new(status.as_u16(), code, message).because("the upstream's error has no body that can be read")
}

/// S3's answer to a fault of ours.
pub fn internal_error() -> Fault {
    Fault::new(500, "InternalError", "We encountered an internal error. Please try again.")
}
