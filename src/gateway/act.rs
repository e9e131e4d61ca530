//! Step 5, act: what was permitted is carried out. Every way in takes a permit.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    body::buffer,
    caller::Caller,
    kept,
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
    base::{AccountId, Fault, RequestId, Timestamp},
    mapping::s3::{Call, Op, only_buckets},
    store::{Directory, snapshot::Snapshot},
};

/// Bodies up to this many bytes are read and proven before the upstream is called, so that it never hears of one that
/// does not hold. Longer ones are proven as they pass.
const PROVEN_FIRST_BYTES_MAX: u64 = 64 << 10;

/// What such a body may have with its framing, in bytes: chunks of one byte are framed by five more.
const FRAMED_BYTES_MAX: usize = 8 * (64 << 10);

/// The longest answer that is read whole, in bytes: the outcomes of a thousand keys with messages, or a listing of ten
/// thousand buckets.
const READ_BYTES_MAX: usize = 8 << 20;

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
    /// Where buckets' settings are kept.
    pub directory: &'a Arc<Directory>,
    /// What is known of buckets.
    pub snapshot: &'a Snapshot,
    /// Who calls.
    pub caller: &'a Caller,
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
    let call = permit.operation();
    if let Err(fault) = means.check_acl(call) {
        return unsent(permit, fault);
    }
    // What is not simply forwarded is rare: it is apart, so that it takes no room in each request's future.
    if call.answers_per_key() {
        return Box::pin(delete_objects(permit, upstream, means)).await;
    }
    if call.is_about_kept_setting() {
        return Box::pin(kept_setting(permit, upstream, means)).await;
    }
    match call.op() {
        Op::CreateBucket => Box::pin(create_bucket(permit, upstream, means)).await,
        Op::DeleteBucket => Box::pin(delete_bucket(permit, upstream, means)).await,
        Op::ListBuckets => Box::pin(list_buckets(permit, upstream, means)).await,
        _ => forward(permit, body, promise, upstream, means).await,
    }
}

async fn forward(
    permit: Permit<Box<Call>>,
    body: Option<Arriving>,
    promise: &Promise,
    upstream: &S3Upstream,
    means: Means<'_>,
) -> Forwarded<Call> {
    let outgoing = match body {
        None => Ok(Outgoing::made(permit.operation().upstream_body().unwrap_or_default())),
        Some(body) => outgoing(body, promise, means).await,
    };
    match outgoing {
        Ok(outgoing) => upstream.forward(permit, outgoing, means.at, means.id).await,
        Err(fault) => unsent(permit, fault),
    }
}

/// A setting of a bucket that is kept here: the store is only asked whether it has the bucket.
async fn kept_setting(permit: Permit<Box<Call>>, upstream: &S3Upstream, means: Means<'_>) -> Forwarded<Call> {
    match upstream.has_bucket(permit.operation().bucket(), means.at, means.id).await {
        Ok(true) => {}
        Ok(false) => {
            let fault = nowhere(permit.operation().bucket());
            return unsent(permit, fault);
        }
        Err(fault) => return unsent(permit, fault),
    }
    let keeping = means.keeping(means.owner(permit.operation()));
    match spawn_blocking(move || kept::carry_out(permit, &keeping)).await {
        Ok((call, outcome)) => Forwarded { call, outcome: outcome.map_err(Refused::from) },
        // The call catches its own panics; this is the end of the runtime, which nobody survives to be told of.
        Err(error) => std::panic::resume_unwind(Box::new(error.to_string())),
    }
}

/// A new bucket belongs to whoever made it. One that is there already is made again only by its own account.
async fn create_bucket(permit: Permit<Box<Call>>, upstream: &S3Upstream, means: Means<'_>) -> Forwarded<Call> {
    let name = permit.operation().bucket().to_owned();
    let Some(account) = means.caller.principal().account() else {
        return unsent(permit, Fault::new(403, "AccessDenied", "Access Denied"));
    };
    let existed = match upstream.has_bucket(&name, means.at, means.id).await {
        Ok(existed) => existed,
        Err(fault) => return unsent(permit, fault),
    };
    let owner = means.snapshot.bucket(&name).map_or(means.settings.account, |known| known.account);
    if existed && owner != account {
        return unsent(permit, kept::taken(&name));
    }
    let before = means.snapshot.bucket(&name).map(|known| known.created);
    let body = permit.operation().upstream_body().unwrap_or_default();
    let mut forwarded = upstream.forward(permit, Outgoing::made(body), means.at, means.id).await;
    if forwarded.outcome.is_ok() && !existed {
        let keeping = means.keeping(account);
        let noted = spawn_blocking(move || kept::made_bucket(&name, before, &keeping)).await;
        forwarded.note(noted.map_err(|error| internal_error().because(error)).and_then(|noted| noted));
    }
    forwarded
}

async fn delete_bucket(permit: Permit<Box<Call>>, upstream: &S3Upstream, means: Means<'_>) -> Forwarded<Call> {
    let name = permit.operation().bucket().to_owned();
    let mut forwarded = upstream.forward(permit, Outgoing::made(Bytes::new()), means.at, means.id).await;
    if forwarded.outcome.is_ok() && means.snapshot.bucket(&name).is_some() {
        let keeping = means.keeping(means.settings.account);
        let noted = spawn_blocking(move || kept::deleted_bucket(&name, &keeping)).await;
        forwarded.note(noted.map_err(|error| internal_error().because(error)).and_then(|noted| noted));
    }
    forwarded
}

/// A listing shows the caller's account's own buckets. It is read only where there are others.
async fn list_buckets(permit: Permit<Box<Call>>, upstream: &S3Upstream, means: Means<'_>) -> Forwarded<Call> {
    let account = means.caller.principal().account();
    let mut forwarded = upstream.forward(permit, Outgoing::made(Bytes::new()), means.at, means.id).await;
    let all_are_its_own =
        account == Some(means.settings.account) && !means.snapshot.has_buckets_of_others(means.settings.account);
    if all_are_its_own {
        return forwarded;
    }
    if let Ok(Reply::Passed(passed)) = forwarded.outcome {
        let owner = |name: &str| means.snapshot.bucket(name).map_or(means.settings.account, |known| known.account);
        let listing = read_whole(*passed).await;
        let own = listing.and_then(|listing| only_buckets(&listing, |name| Some(owner(name)) == account));
        forwarded.outcome = own.map(xml).map_err(Refused::from);
    }
    forwarded
}

/// Carries a permitted upload by form out; its file was collected before.
pub async fn s3_form(permit: Permit<Box<Call>>, file: Outgoing, means: Means<'_>) -> Forwarded<Call> {
    let upstream = means.check_acl(permit.operation()).and_then(|()| upstream_of(permit.operation(), means.upstreams));
    match upstream {
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

impl Means<'_> {
    /// Whose a bucket is; one that is to be made is its maker's.
    fn owner(&self, call: &Call) -> AccountId {
        let maker = self.caller.principal().account().filter(|_| call.op() == Op::CreateBucket);
        let owner = || self.snapshot.bucket(call.bucket()).map_or(self.settings.account, |known| known.account);
        maker.unwrap_or_else(owner)
    }

    /// A public access block refuses public access control lists.
    fn check_acl(&self, call: &Call) -> Result<(), Fault> {
        kept::check_acl(call, self.owner(call), self.snapshot, self.caller.principal())
    }

    /// What keeping settings works with, for a bucket of this account.
    fn keeping(&self, account: AccountId) -> kept::Means {
        let caller = self.caller.principal().arn().map_or_else(String::new, |arn| arn.to_string());
        kept::Means { directory: self.directory.clone(), account, at: self.at, caller }
    }
}

fn nowhere(bucket: &str) -> Fault {
    Fault::new(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", bucket)
}

/// The store that holds the call's bucket, and that of its source.
fn upstream_of<'a>(call: &Call, upstreams: &'a Upstreams) -> Result<&'a S3Upstream, Fault> {
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
        let answer = read_whole(*passed).await;
        let merged = answer.and_then(|answer| forwarded.call.merge_delete_result(Some(&answer)));
        forwarded.outcome = merged.map(xml).map_err(Refused::from);
    }
    forwarded
}

/// An answer that is changed before it is passed on.
async fn read_whole(passed: Passed) -> Result<Bytes, Fault> {
    let Passed { body, lease, idle, .. } = passed;
    match timeout(idle, buffer(body, READ_BYTES_MAX)).await {
        Ok(Ok(Ok(answer))) => {
            if let Some(lease) = lease {
                lease.give_back();
            }
            Ok(answer)
        }
        Ok(Ok(Err(_))) => Err(internal_error().because("the upstream's answer is too long")),
        Ok(Err(error)) => Err(internal_error().because(error)),
        Err(_) => Err(internal_error().because("the upstream's answer takes too long")),
    }
}

fn unsent(permit: Permit<Box<Call>>, fault: Fault) -> Forwarded<Call> {
    Forwarded { call: permit.redeem(), outcome: Err(fault.into()) }
}

fn xml(body: Bytes) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Reply::made(StatusCode::OK, headers, body)
}
