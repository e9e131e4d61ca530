//! Step 6, respond: a reply or a fault, written down in the protocol's own shape; and, with step 7, recorded.

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, SERVER},
};
use hyper::body::Body;

use super::{
    Gateway,
    body::{AnswerBody, OnEnd},
    protocol::{query, rest_json, s3},
    record::{Ending, urgency},
    reply::{Passed, Reply},
    settings::Settings,
    trail::{Head, Protocol, Trail},
    upstream::Lease,
};
use crate::{audit::spool::Urgency, base::Fault};

const AMZ_REQUEST_ID: &str = "x-amz-request-id";
const AMZ_ID_2: &str = "x-amz-id-2";
const AMZN_REQUEST_ID: &str = "x-amzn-requestid";

/// Answers a request and records it. What changed state or was refused is recorded before its response is finished.
pub async fn respond(
    gateway: &Arc<Gateway>,
    settings: Arc<Settings>,
    mut trail: Box<Trail>,
    outcome: Result<Reply, Fault>,
) -> Response<AnswerBody> {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(fault) => {
            let reply = refusal(&fault, &trail);
            log(&fault, &trail);
            trail.fault = Some(fault);
            reply
        }
    };
    let ids = Ids::of(&trail);
    let status = reply.status();
    let mut response = match reply {
        Reply::Passed(passed) if urgency(&trail) == Urgency::Soon => pass(gateway, settings, trail, *passed),
        reply => {
            let bytes_out = length(&reply);
            let ending = Ending { status: status.as_u16(), bytes_out, complete: true };
            let written = gateway.recorder().record(&trail, &settings, ending).await;
            if let Err(error) = written {
                // The record is kept and tried again; until that succeeds, no further request is taken.
                tracing::error!(request_id = %trail.id, %error, "a record is late");
            }
            finished(reply)
        }
    };
    ids.add_to(response.headers_mut());
    response
}

/// A read's answer: recorded when its last byte was passed on.
fn pass(gateway: &Arc<Gateway>, settings: Arc<Settings>, trail: Box<Trail>, passed: Passed) -> Response<AnswerBody> {
    let Passed { status, headers, body, lease } = passed;
    let idle = settings.limits.idle;
    let end = End { gateway: gateway.clone(), settings, trail, status: status.as_u16(), lease };
    response(status, headers, AnswerBody::passing(body, idle, Box::new(end)))
}

/// What is done when a passed body ends: the record, and the connection's way back to its pool.
struct End {
    gateway: Arc<Gateway>,
    settings: Arc<Settings>,
    trail: Box<Trail>,
    status: u16,
    lease: Option<Lease>,
}

impl OnEnd for End {
    fn ended(self: Box<Self>, bytes_out: u64, complete: bool) {
        let ending = Ending { status: self.status, bytes_out, complete };
        // Nobody waits for the record of a read.
        drop(self.gateway.recorder().record(&self.trail, &self.settings, ending));
        if let Some(lease) = self.lease.filter(|_| complete) {
            lease.give_back();
        }
    }
}

/// The answer to a change, already recorded; its body, if an upstream sends one, is passed on all the same.
struct GiveBack(Option<Lease>);

impl OnEnd for GiveBack {
    fn ended(self: Box<Self>, _: u64, complete: bool) {
        if let Some(lease) = self.0.filter(|_| complete) {
            lease.give_back();
        }
    }
}

fn finished(reply: Reply) -> Response<AnswerBody> {
    match reply {
        Reply::Made(made) => {
            let (head, body) = made.into_parts();
            response(head.status, head.headers, AnswerBody::full(body))
        }
        Reply::Passed(passed) => {
            let Passed { status, headers, body, lease } = *passed;
            let idle = super::upstream::IDLE_OF_RECORDED_ANSWERS;
            response(status, headers, AnswerBody::passing(body, idle, Box::new(GiveBack(lease))))
        }
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn length(reply: &Reply) -> u64 {
    match reply {
        Reply::Made(made) => made.body().len() as u64,
        Reply::Passed(passed) => passed.body.size_hint().exact().unwrap_or(0),
    }
}

/// A fault in the protocol's own shape. Answers to `HEAD` have no body: the status says it all.
fn refusal(fault: &Fault, trail: &Trail) -> Reply {
    let id = trail.id.to_string();
    let mut headers = trail.refused_headers.clone();
    let (content_type, body) = match trail.protocol {
        Protocol::S3 => (s3::CONTENT_TYPE, s3::error_body(fault, &id, &trail.id.extended())),
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
        let id_2 = (trail.protocol == Protocol::S3).then(|| HeaderValue::from_str(&trail.id.extended()).ok()).flatten();
        Self { protocol: trail.protocol, id, id_2 }
    }

    fn add_to(self, headers: &mut HeaderMap) {
        headers.insert(SERVER, HeaderValue::from_static("Countersign"));
        headers.remove(CONNECTION);
        match self.protocol {
            Protocol::S3 => {
                headers.insert(AMZ_REQUEST_ID, self.id);
                if let Some(id_2) = self.id_2 {
                    headers.insert(AMZ_ID_2, id_2);
                }
            }
            Protocol::Query(_) | Protocol::RestJson => {
                headers.insert(AMZN_REQUEST_ID, self.id);
            }
        }
    }
}
