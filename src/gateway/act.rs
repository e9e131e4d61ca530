//! Step 5, act: what was permitted is carried out. Every way in takes a permit.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use tokio::time::timeout;

use super::{
    body::buffer,
    payload::{Arriving, Bounds, Promise, missing_length},
    permit::Permit,
    read::Received,
    reply::{Passed, Reply},
    settings::Settings,
    upstream::{
        Upstreams,
        s3::{Forwarded, Outgoing, Refused, S3Upstream, internal_error},
    },
};
use crate::{
    base::{Fault, RequestId, Timestamp},
    mapping::s3::Call,
};

/// Bodies up to this many bytes are read and proven before the upstream is called, so that it never hears of one that
/// does not hold. Longer ones are proven as they pass.
const PROVEN_FIRST_BYTES_MAX: u64 = 64 << 10;

/// What such a body may have with its framing, in bytes: chunks of one byte are framed by five more.
const FRAMED_BYTES_MAX: usize = 8 * (64 << 10);

/// The longest answer to `DeleteObjects` that is read, in bytes: a thousand keys with messages.
const DELETE_RESULT_BYTES_MAX: usize = 8 << 20;

/// What acting on an S3 call works with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The head.
    pub received: &'a Received,
    /// Limits.
    pub settings: &'a Settings,
    /// Where calls are forwarded to.
    pub upstreams: &'a Upstreams,
    /// Now.
    pub at: Timestamp,
    /// The id that the client sees.
    pub id: RequestId,
}

/// Carries a permitted S3 call out.
pub async fn s3(
    permit: Permit<Box<Call>>,
    body: Option<Arriving>,
    promise: &Promise,
    means: Means<'_>,
) -> Forwarded<Call> {
    let upstream = match upstream_of(permit.operation(), means.upstreams) {
        Ok(upstream) => upstream,
        Err(fault) => return unsent(permit, fault),
    };
    if permit.operation().answers_per_key() {
        return delete_objects(permit, upstream, means).await;
    }
    let outgoing = match body {
        None => Ok(Outgoing::made(permit.operation().upstream_body().unwrap_or_default())),
        Some(body) => outgoing(body, promise, means).await,
    };
    match outgoing {
        Ok(outgoing) => upstream.forward(permit, outgoing, means.at, means.id).await,
        Err(fault) => unsent(permit, fault),
    }
}

/// Carries a permitted upload by form out; its file was collected before.
pub async fn s3_form(permit: Permit<Box<Call>>, file: Outgoing, means: Means<'_>) -> Forwarded<Call> {
    match upstream_of(permit.operation(), means.upstreams) {
        Ok(upstream) => upstream.forward(permit, file, means.at, means.id).await,
        Err(fault) => unsent(permit, fault),
    }
}

/// The body of an upload, on its way.
pub async fn outgoing(body: Arriving, promise: &Promise, means: Means<'_>) -> Result<Outgoing, Fault> {
    let Means { received, settings, .. } = means;
    let length = promise.content_bytes(received).ok_or_else(missing_length)?;
    match body {
        Arriving::Stream(body) if length > PROVEN_FIRST_BYTES_MAX => {
            let (body, progress) = promise.streaming(received, body)?;
            Ok(Outgoing::Streaming { body, progress, hash: promise.hash() })
        }
        body => {
            let bounds = Bounds { bytes_max: FRAMED_BYTES_MAX, time_max: settings.limits.idle };
            let (bytes, checksums) = promise.proven(received, body, bounds, true).await?;
            Ok(Outgoing::Proven { bytes, hash: promise.hash(), checksums })
        }
    }
}

/// The body of a request to an internal API whose length was not told: read whole, within the limit.
pub async fn outgoing_of_any_length(body: Arriving, promise: &Promise, means: Means<'_>) -> Result<Outgoing, Fault> {
    let bounds = Bounds { bytes_max: means.settings.limits.buffered_bytes_max, time_max: means.settings.limits.idle };
    promise.whole(means.received, body, bounds, false).await.map(Outgoing::made)
}

/// The store that holds the call's bucket, and that of its source.
fn upstream_of<'a>(call: &Call, upstreams: &'a Upstreams) -> Result<&'a S3Upstream, Fault> {
    let nowhere = |bucket: &str| {
        Fault::new(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", bucket)
    };
    if call.bucket().is_empty() {
        return upstreams.s3.first().map(|(_, upstream)| &**upstream).ok_or_else(|| nowhere(""));
    }
    let upstream = upstreams.of_bucket(call.bucket()).ok_or_else(|| nowhere(call.bucket()))?;
    if let Some(source) = call.source_bucket() {
        let from = upstreams.of_bucket(source).ok_or_else(|| nowhere(source))?;
        if !std::ptr::eq(&**from, &**upstream) {
            return Err(Fault::new(501, "NotImplemented", "A copy between two storage backends is not implemented."));
        }
    }
    Ok(upstream)
}

/// `DeleteObjects` of which some keys were refused: the upstream is asked for the others only, and its answer gets an
/// error for each refused key.
async fn delete_objects(permit: Permit<Box<Call>>, upstream: &S3Upstream, means: Means<'_>) -> Forwarded<Call> {
    let Some(bytes) = permit.operation().upstream_body() else {
        let call = permit.redeem();
        let outcome = call.merge_delete_result(None).map(xml).map_err(Refused::from);
        return Forwarded { call, outcome };
    };
    let mut forwarded = upstream.forward(permit, Outgoing::made(bytes), means.at, means.id).await;
    if let Ok(Reply::Passed(passed)) = forwarded.outcome {
        let Passed { body, lease, idle, .. } = *passed;
        forwarded.outcome = match timeout(idle, buffer(body, DELETE_RESULT_BYTES_MAX)).await {
            Ok(Ok(Ok(answer))) => {
                if let Some(lease) = lease {
                    lease.give_back();
                }
                forwarded.call.merge_delete_result(Some(&answer)).map(xml).map_err(Refused::from)
            }
            Ok(Ok(Err(_))) => Err(internal_error().because("the upstream's answer is too long").into()),
            Ok(Err(error)) => Err(internal_error().because(error).into()),
            Err(_) => Err(internal_error().because("the upstream's answer takes too long").into()),
        };
    }
    forwarded
}

fn unsent(permit: Permit<Box<Call>>, fault: Fault) -> Forwarded<Call> {
    Forwarded { call: permit.redeem(), outcome: Err(fault.into()) }
}

fn xml(body: Bytes) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Reply::made(StatusCode::OK, headers, body)
}
