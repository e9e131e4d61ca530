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
};

/// An S3 call, with what is left of its body.
pub enum Described {
    /// The body streams, and no decision depends on it.
    Streaming(Box<Call>, Arriving),
    /// There is no body.
    Bare(Box<Call>),
    /// The body was needed for the decision: it was read, proven, and the call holds it.
    Read(Box<Call>, u64),
    /// A form: its fields come before its signature can be checked.
    Form(Box<Call>, Arriving),
}

/// Describes an S3 request.
pub async fn s3(
    received: &Received,
    settings: &Settings,
    caller: &Caller,
    promise: &Promise,
    body: Arriving,
) -> Result<Described, Fault> {
    let mut call = Box::new(s3::recognise(&received.head(), &settings.addressing, caller.at())?);
    if call.must_be_signed() && *caller.principal() == Principal::Anonymous {
        let message = "Request specific response headers cannot be used for anonymous GET requests.";
        return Err(Fault::new(400, "InvalidRequest", message));
    }
    check_owner(&call, settings.account)?;
    Ok(match call.body() {
        Body::Form => Described::Form(call, body),
        Body::Stream => Described::Streaming(call, body),
        Body::None => {
            if promise.content_bytes(received).unwrap_or(0) > 0 {
                return Err(Fault::new(400, "InvalidRequest", "This operation takes no request body."));
            }
            // Nothing may follow a head that promises nothing, whatever its framing says.
            promise.whole(received, body, Bounds { bytes_max: 0, time_max: settings.limits.idle }, false).await?;
            Described::Bare(call)
        }
        Body::Buffered(bytes_max) => {
            let bounds = Bounds { bytes_max: bytes_max.saturating_mul(2), time_max: settings.limits.idle };
            let is_of_body = call.op() != Op::CompleteMultipartUpload;
            let whole = promise.whole(received, body, bounds, is_of_body).await?;
            let bytes = whole.len() as u64;
            call.with_body(&whole)?;
            Described::Read(call, bytes)
        }
    })
}

/// `x-amz-expected-bucket-owner`: another account's bucket is refused. Every bucket here is the deployment's account's.
fn check_owner(call: &Call, account: AccountId) -> Result<(), Fault> {
    for name in ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"] {
        if call.header(name).is_some_and(|owner| owner != account.as_str()) {
            return Err(
                Fault::new(403, "AccessDenied", "Access Denied").because(format_args!("`{name}` is another account"))
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
