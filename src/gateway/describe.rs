//! Step 3, describe: from a sound head, and from bodies on which decisions depend, to a typed operation.

use super::{
    caller::Caller,
    payload::{Arriving, Bounds, Promise},
    read::Received,
    settings::Settings,
    upstream::{Upstreams, http::HttpUpstream},
};
use crate::{
    base::{AccountId, Fault, Principal},
    mapping::{
        execute_api::{self, Invocation},
        s3::{self, Body, Call, Op},
    },
    store::snapshot::Snapshot,
};

/// An S3 call, with what is left of its body.
pub enum Described {
    /// The body streams, and no decision depends on it.
    Streaming(Box<Call>, Arriving),
    /// There is no body, or the decision needs it: it was read, proven, and the call holds it.
    Bare(Box<Call>),
    /// A form: its fields come before its signature can be checked.
    Form(Box<Call>, Arriving),
}

/// Why a request is not described any further, and the call, for the record, if it was recognised.
pub type Undescribed = (Fault, Option<Box<Call>>);

/// Describes an S3 request.
pub async fn s3(
    received: &Received,
    settings: &Settings,
    snapshot: &Snapshot,
    caller: &Caller,
    promise: &Promise,
    body: Arriving,
) -> Result<Described, Undescribed> {
    let recognised = s3::recognise(&received.head(), &settings.addressing, caller.at());
    let mut call = Box::new(recognised.map_err(|fault| (fault, None))?);
    let owner = |bucket: &str| snapshot.bucket(bucket).map_or(settings.account, |known| known.account);
    if let Err(fault) = check(&call, received, caller, owner, promise) {
        return Err((fault, Some(call)));
    }
    let time_max = settings.limits.idle;
    match call.body() {
        Body::Form => Ok(Described::Form(call, body)),
        Body::Stream => Ok(Described::Streaming(call, body)),
        Body::None => {
            // Nothing may follow a head that promises nothing, whatever its framing says.
            match promise.whole(received, body, Bounds { bytes_max: 0, time_max }, false).await {
                Ok(_) => Ok(Described::Bare(call)),
                Err(fault) => Err((fault, Some(call))),
            }
        }
        Body::Buffered(bytes_max) => {
            let bounds = Bounds { bytes_max: bytes_max.saturating_mul(2), time_max };
            let is_of_body = call.op() != Op::CompleteMultipartUpload;
            let whole = promise.whole(received, body, bounds, is_of_body).await;
            match whole.and_then(|whole| call.with_body(&whole)) {
                Ok(()) => Ok(Described::Bare(call)),
                Err(fault) => Err((fault, Some(call))),
            }
        }
    }
}

/// What a call must fulfil besides being allowed.
fn check(
    call: &Call,
    received: &Received,
    caller: &Caller,
    owner: impl Fn(&str) -> AccountId,
    promise: &Promise,
) -> Result<(), Fault> {
    if call.must_be_signed() && *caller.principal() == Principal::Anonymous {
        let message = "Request specific response headers cannot be used for anonymous GET requests.";
        return Err(Fault::new(400, "InvalidRequest", message));
    }
    if call.body() == Body::None && promise.content_bytes(received).unwrap_or(0) > 0 {
        return Err(Fault::new(400, "InvalidRequest", "This operation takes no request body."));
    }
    check_owner(call, owner)
}

/// `x-amz-expected-bucket-owner`: a bucket of another account is refused.
fn check_owner(call: &Call, owner: impl Fn(&str) -> AccountId) -> Result<(), Fault> {
    for (name, bucket) in [
        ("x-amz-expected-bucket-owner", call.bucket()),
        ("x-amz-source-expected-bucket-owner", call.source_bucket().unwrap_or_default()),
    ] {
        if call.header(name).is_some_and(|expected| expected != owner(bucket).as_str()) {
            return Err(
                Fault::new(403, "AccessDenied", "Access Denied").because(format_args!("`{name}` is not the owner"))
            );
        }
    }
    Ok(())
}

/// Describes a request to an internal API: which API it is for, and the invocation.
pub fn internal<'a>(
    received: &Received,
    upstreams: &'a Upstreams,
) -> Result<(&'a HttpUpstream, Box<Invocation>), Fault> {
    let head = received.head();
    let upstream = upstreams.http.iter().find(|upstream| upstream.api().answers(&head));
    // API Gateway's answer to a host or path that it does not know.
    let upstream = upstream.ok_or_else(|| Fault::new(403, "ForbiddenException", "Forbidden").because("no such api"))?;
    Ok((upstream, Box::new(execute_api::recognise(&head, upstream.api())?)))
}
