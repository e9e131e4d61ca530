//! Step 6, respond: a reply or a fault, written down in the protocol's own shape; and, with step 7, recorded.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version,
    header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, SERVER},
};
use hyper::body::Body;
use tokio::time::timeout;

use super::{
    body::{AnswerBody, Ended, OnEnd},
    protocol::{query, rest_json, s3},
    record::{Ending, urgency},
    reply::{Passed, Reply},
    trail::{Described, Head, Protocol, Trail},
    upstream::Lease,
};
use crate::{
    audit::spool::{Receipt, Urgency},
    base::Fault,
    mapping::s3::Answer,
    telemetry::{event::UpstreamFailed, label::UpstreamFailure},
};

static AMZ_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
static AMZ_ID_2: HeaderName = HeaderName::from_static("x-amz-id-2");
static AMZN_REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Answers a request and records it. What changed state or was refused is recorded before its response is finished.
pub async fn respond(mut trail: Box<Trail>, outcome: Result<Reply, Fault>) -> Response<AnswerBody> {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(fault) => {
            let reply = refusal(&fault, &trail);
            log(&fault, &trail);
            trail.fault = Some(fault);
            reply
        }
    };
    let (ids, ends_connection) = (Ids::of(&trail), ends_connection(&trail));
    let mut response = match reply {
        Reply::Made(made) => {
            let (head, body) = made.into_parts();
            record(&mut trail, head.status, body.len() as u64).await;
            response(head.status, head.headers, AnswerBody::full(body))
        }
        Reply::Passed(passed) if passed.body.is_end_stream() => {
            let Passed { status, headers, lease, .. } = *passed;
            if let Some(lease) = lease {
                lease.give_back();
            }
            record(&mut trail, status, 0).await;
            response(status, headers, AnswerBody::empty())
        }
        Reply::Passed(passed) => pass(trail, *passed),
    };
    ids.add_to(response.headers_mut());
    if ends_connection {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the connection ends with the response, which has to say so (RFC 9112, section 9.6). HTTP/2 ends the stream.
fn ends_connection(trail: &Trail) -> bool {
    let version = match &trail.head {
        Head::Sound(received) => received.parts.version,
        Head::Refused(parts) => parts.version,
        Head::Away => return false,
    };
    trail.received.is_left() && version < Version::HTTP_2
}

/// Records a request whose answer is at hand. Reads are not waited for.
async fn record(trail: &mut Trail, status: StatusCode, bytes_out: u64) {
    let wait_max = trail.settings.limits.idle;
    let receipt = trail.record(Ending { status: status.as_u16(), bytes_out, complete: true });
    // Where it is late, it is kept and tried again, and until that succeeds no further request is taken.
    match timeout(wait_max, receipt).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(request_id = %trail.id, %error, "a record is late"),
        Err(_) => tracing::error!(request_id = %trail.id, "a record is late: the disk does not answer"),
    }
}

/// An upstream's answer: recorded when its last byte was passed on, or right before that.
fn pass(trail: Box<Trail>, passed: Passed) -> Response<AnswerBody> {
    let Passed { status, headers, body, lease, upstream, idle } = passed;
    let holds_back = urgency(&trail) == Urgency::BeforeResponse;
    let may_be_error = matches!(&trail.operation, Described::S3(call) if call.answer() == Answer::LateDocument);
    let document = may_be_error.then(Vec::new);
    let end = End { trail, status: status.as_u16(), lease, upstream, document };
    response(status, headers, AnswerBody::passing(body, idle, holds_back, Box::new(end)))
}

/// What is done when a passed body ends: the record, and the connection's way back to its pool.
struct End {
    trail: Box<Trail>,
    status: u16,
    lease: Option<Lease>,
    upstream: Arc<str>,
    /// The beginning of a document that may be an error under a status of success.
    document: Option<Vec<u8>>,
}

impl OnEnd for End {
    fn passes(&mut self, data: &Bytes) {
        if let Some(document) = &mut self.document {
            let room = s3::ERROR_BODY_BYTES_MAX.saturating_sub(document.len());
            document.extend_from_slice(data.get(..room).unwrap_or(data));
        }
    }

    fn ended(mut self: Box<Self>, bytes_out: u64, how: Ended) -> Option<Receipt> {
        let complete = matches!(how, Ended::Whole);
        if let Ended::Failed(error) = &how {
            let (reason, error, request_id) = (UpstreamFailure::Broken, error.to_string(), self.trail.id);
            UpstreamFailed { reason, upstream: &self.upstream, error: &error, request_id }.emit();
        }
        if let Some(fault) = self.document.as_deref().and_then(|text| s3::read_error(self.status, text)) {
            self.trail.fault = Some(fault);
        }
        let waits = urgency(&self.trail) == Urgency::BeforeResponse;
        let receipt = self.trail.record(Ending { status: self.status, bytes_out, complete });
        if let Some(lease) = self.lease.filter(|_| complete) {
            lease.give_back();
        }
        waits.then_some(receipt)
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A fault in the protocol's own shape. Answers to `HEAD` have no body: the status says it all.
fn refusal(fault: &Fault, trail: &Trail) -> Reply {
    let id = trail.id.to_string();
    let mut headers = trail.refused_headers.clone();
    let (content_type, body) = match trail.protocol {
        Protocol::S3 => (s3::CONTENT_TYPE, s3::error_body(fault, &id, &trail.id.extended())),
        Protocol::S3Control => (s3::CONTENT_TYPE, s3::control_error_body(fault, &id, &trail.id.extended())),
        Protocol::Query(namespace) => (query::CONTENT_TYPE, query::error_body(fault, &id, namespace)),
        Protocol::RestJson => {
            if let Ok(code) = HeaderValue::from_str(&fault.code) {
                headers.insert(rest_json::ERROR_TYPE, code);
            }
            (rest_json::CONTENT_TYPE, rest_json::error_body(fault))
        }
    };
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let body = if is_head(trail) || status == StatusCode::NOT_MODIFIED { Bytes::new() } else { body };
    Reply::made(status, headers, body)
}

fn is_head(trail: &Trail) -> bool {
    match &trail.head {
        Head::Sound(received) => received.parts.method == Method::HEAD,
        Head::Refused(parts) => parts.method == Method::HEAD,
        Head::Away => false,
    }
}

fn log(fault: &Fault, trail: &Trail) {
    let detail = fault.detail.as_deref().unwrap_or_default();
    if fault.status >= 500 && fault.status != 501 {
        tracing::error!(request_id = %trail.id, status = fault.status, code = %fault.code, detail, "request failed");
    } else {
        tracing::debug!(request_id = %trail.id, status = fault.status, code = %fault.code, detail, "request refused");
    }
}

/// The headers in which each protocol shows the request's id.
struct Ids {
    protocol: Protocol,
    id: HeaderValue,
    id_2: Option<HeaderValue>,
}

impl Ids {
    fn of(trail: &Trail) -> Self {
        let empty = || HeaderValue::from_static("");
        let id = HeaderValue::from_str(&trail.id.to_string()).unwrap_or_else(|_| empty());
        let has_second = trail.protocol.is_of_s3();
        let id_2 = has_second.then(|| HeaderValue::from_str(&trail.id.extended()).ok()).flatten();
        Self { protocol: trail.protocol, id, id_2 }
    }

    fn add_to(self, headers: &mut HeaderMap) {
        headers.insert(SERVER, HeaderValue::from_static("Countersign"));
        headers.remove(CONNECTION);
        match self.protocol {
            Protocol::S3 | Protocol::S3Control => {
                headers.insert(&AMZ_REQUEST_ID, self.id);
                if let Some(id_2) = self.id_2 {
                    headers.insert(&AMZ_ID_2, id_2);
                }
            }
            Protocol::Query(_) | Protocol::RestJson => {
                headers.insert(&AMZN_REQUEST_ID, self.id);
            }
        }
    }
}
