//! An internal HTTP API: a permitted invocation is forwarded with the verified principal in headers that no client can
//! set, and with the credentials that the configuration names.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header::HOST};

use super::{
    Pool, SendError,
    s3::{Forwarded, Outgoing},
};
use crate::{
    base::{Fault, RequestId},
    gateway::{
        body::{UploadBody, Uploaded},
        caller::Caller,
        permit::Permit,
        read::Received,
        reply::{Passed, Reply},
    },
    mapping::execute_api::{Api, Invocation},
    telemetry::{event::UpstreamFailed, label::UpstreamFailure},
};

/// An internal HTTP API, as one worker sees it.
pub struct HttpUpstream {
    name: Arc<str>,
    api: Api,
    pool: Arc<Pool>,
    host: HeaderValue,
    /// Set on every request: the upstream's credentials, as configured.
    credentials: HeaderMap,
}

/// Headers that tell the upstream who the verified caller is. Clients cannot set them: the mapping drops all that begin
/// so.
const PRINCIPAL_ARN: HeaderName = HeaderName::from_static("x-countersign-principal-arn");
const PRINCIPAL_ACCOUNT: HeaderName = HeaderName::from_static("x-countersign-principal-account");
const PRINCIPAL_ID: HeaderName = HeaderName::from_static("x-countersign-principal-id");
const PRINCIPAL_TYPE: HeaderName = HeaderName::from_static("x-countersign-principal-type");
const ACCESS_KEY_ID: HeaderName = HeaderName::from_static("x-countersign-access-key-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-countersign-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Headers of one connection, which no proxy passes on (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "transfer-encoding", "upgrade"];

impl HttpUpstream {
    /// An API behind a pool. `credentials` are set on every request.
    pub fn new(name: &str, api: Api, pool: Arc<Pool>, credentials: HeaderMap) -> Self {
        let host = HeaderValue::from_str(&pool.address().authority()).unwrap_or(HeaderValue::from_static("localhost"));
        Self { name: name.into(), api, pool, host, credentials }
    }

    /// The API that this upstream serves.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Carries a permitted invocation out. Whatever the API answers is the client's answer.
    pub async fn forward(
        &self,
        permit: Permit<Box<Invocation>>,
        outgoing: Outgoing,
        caller: &Caller,
        received: &Received,
        id: RequestId,
    ) -> Forwarded<Invocation> {
        let call = permit.redeem();
        let (body, progress) = match outgoing {
            Outgoing::Proven { bytes, .. } => (UploadBody::full(bytes), None),
            Outgoing::Streaming { body, progress, .. } | Outgoing::Collected { body, progress } => {
                (body, Some(progress))
            }
        };
        let outcome = match self.request(&call, body, caller, received, id) {
            Ok(request) => self.exchange(request, progress.as_ref(), id).await,
            Err(fault) => Err(fault),
        };
        Forwarded { call, outcome: outcome.map_err(Into::into) }
    }

    async fn exchange(
        &self,
        request: Request<UploadBody>,
        progress: Option<&Uploaded>,
        id: RequestId,
    ) -> Result<Reply, Fault> {
        let sent = self.pool.send(request, progress).await;
        // A body that did not hold is why the exchange broke, whatever the connection says.
        if let Some(fault) = progress.and_then(|progress| progress.take_failure()) {
            return Err(fault);
        }
        let (response, lease) = sent.map_err(|error| self.failed(&error, id))?;
        let unproven = progress.filter(|progress| !progress.is_done());
        if let Some(progress) = unproven.filter(|_| response.status().is_success()) {
            progress.stop();
            return Err(self.failed(&SendError::Unsound("a success before the whole body was there"), id));
        }
        let (head, body) = response.into_parts();
        let (status, headers, lease) = (head.status, end_to_end(head.headers), unproven.is_none().then_some(lease));
        let (upstream, idle) = (self.name.clone(), self.pool.timeouts().idle);
        Ok(Reply::Passed(Box::new(Passed { status, headers, body, lease, upstream, idle })))
    }

    fn request(
        &self,
        call: &Invocation,
        body: UploadBody,
        caller: &Caller,
        received: &Received,
        id: RequestId,
    ) -> Result<Request<UploadBody>, Fault> {
        let rebuilt = call.upstream();
        let target = if rebuilt.query.is_empty() { rebuilt.path } else { rebuilt.path + "?" + &rebuilt.query };
        let uri: Uri = target.parse().map_err(|error| internal_error().because(error))?;
        let mut request = Request::new(body);
        *request.method_mut() = rebuilt.method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        *headers = rebuilt.headers;
        headers.extend(self.credentials.clone());
        headers.insert(HOST, self.host.clone());
        identify(headers, caller, id)?;
        let proto = if received.connection.tls.is_some() { "https" } else { "http" };
        set(headers, FORWARDED_FOR, &received.source_ip.to_string())?;
        set(headers, FORWARDED_HOST, &received.host)?;
        set(headers, FORWARDED_PROTO, proto)?;
        Ok(request)
    }

    fn failed(&self, error: &SendError, id: RequestId) -> Fault {
        let (reason, fault) = match error {
            SendError::Connect(_) | SendError::ConnectTimeout => {
                (UpstreamFailure::Connect, Fault::new(503, "ServiceUnavailableException", "Service Unavailable"))
            }
            SendError::HeadTimeout => {
                (UpstreamFailure::Timeout, Fault::new(504, "GatewayTimeoutException", "Endpoint request timed out"))
            }
            SendError::Broken(_) => (UpstreamFailure::Broken, Fault::new(502, "BadGatewayException", "Bad Gateway")),
            SendError::Unsound(_) => (UpstreamFailure::Protocol, Fault::new(502, "BadGatewayException", "Bad Gateway")),
        };
        UpstreamFailed { reason, upstream: &self.name, error: &error.to_string(), request_id: id }.emit();
        fault.because(format_args!("upstream `{}`: {error}", self.name))
    }
}

/// Says who the verified caller is.
fn identify(headers: &mut HeaderMap, caller: &Caller, id: RequestId) -> Result<(), Fault> {
    let principal = caller.principal();
    if let Some(arn) = principal.arn() {
        set(headers, PRINCIPAL_ARN, arn.as_str())?;
    }
    if let Some(account) = principal.account() {
        set(headers, PRINCIPAL_ACCOUNT, account.as_str())?;
    }
    if let Some(key) = caller.access_key() {
        set(headers, ACCESS_KEY_ID, key.as_str())?;
    }
    set(headers, PRINCIPAL_ID, principal.user_id())?;
    set(headers, PRINCIPAL_TYPE, principal.kind())?;
    set(headers, REQUEST_ID, &id.to_string())
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Fault> {
    let value = HeaderValue::from_str(value).map_err(|error| internal_error().because(error))?;
    headers.insert(name, value);
    Ok(())
}

/// Those of an answer's headers that are not of the connection, nor listed as such.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    let listed: Vec<HeaderName> = headers
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    for name in listed {
        headers.remove(name);
    }
    headers
}

fn internal_error() -> Fault {
    Fault::new(500, "InternalServerErrorException", "Internal server error")
}
