//! Every decision that a call needs.
//!
//! Source: the S3 API reference's permissions paragraphs and the service authorization reference. Where the store would
//! act with our credentials on something that the caller names (a copy source, a bucket for logs, a role), the caller
//! needs a right on that too.

use super::{body::Document, call::Call, check, table::Op, xml::Element};
use crate::base::Need;

/// What a need is about, and so which facts belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The bucket or object of the request.
    Target,
    /// The object that is copied from.
    Source,
    /// One key of `DeleteObjects`.
    Item,
    /// A role that the body names.
    Role,
    /// A bucket that the body names as a place to write to.
    Destination,
}

/// Works out all needs of a call. Called when everything that they depend on is known.
pub(super) fn fill(call: &mut Call) {
    call.needs.clear();
    call.sides.clear();
    if let Document::Delete(_) = call.document {
        return fill_per_key(call);
    }
    let is_versioned = call.param("versionId").is_some() && !call.row.versioned.is_empty();
    let actions = if is_versioned { call.row.versioned } else { call.row.actions };
    // The operation's own actions come first: denials and records name the first.
    let mut actions = actions.iter().copied().chain(extra_actions(call)).peekable();
    let mut arn = call.target.arn();
    while let Some(action) = actions.next() {
        let resource = if actions.peek().is_some() { arn.clone() } else { std::mem::take(&mut arn) };
        push(call, Side::Target, action, resource);
    }
    fill_source(call);
    fill_document(call);
}

fn push(call: &mut Call, side: Side, action: &'static str, resource: String) {
    call.needs.push(Need::new(action, resource));
    call.sides.push(side);
}

/// Actions that headers add on the same resource.
fn extra_actions(call: &Call) -> impl Iterator<Item = &'static str> + use<> {
    const NONE: (bool, &str) = (false, "");
    let has = |name: &str| call.header(name).is_some();
    let grants = call.headers.iter().any(|(name, _)| name.as_str().starts_with("x-amz-grant-"));
    let is_set = |name: &str| call.header(name).is_some_and(check::is_true);
    let rows: [(bool, &'static str); 5] = match call.row.op {
        Op::PutObject | Op::PostObject | Op::CopyObject | Op::CreateMultipartUpload => [
            (has("x-amz-acl") || grants, "s3:PutObjectAcl"),
            (sets_tags(call), "s3:PutObjectTagging"),
            (sets_retention(call), "s3:PutObjectRetention"),
            (has("x-amz-object-lock-legal-hold"), "s3:PutObjectLegalHold"),
            NONE,
        ],
        Op::CreateBucket => [
            (call.header("x-amz-acl").is_some_and(|acl| acl != "private") || grants, "s3:PutBucketAcl"),
            (is_set("x-amz-bucket-object-lock-enabled"), "s3:PutBucketObjectLockConfiguration"),
            (is_set("x-amz-bucket-object-lock-enabled"), "s3:PutBucketVersioning"),
            (has("x-amz-object-ownership"), "s3:PutBucketOwnershipControls"),
            (!call.tags.is_empty(), "s3:TagResource"),
        ],
        Op::DeleteObject | Op::PutObjectRetention => {
            let bypasses = is_set("x-amz-bypass-governance-retention");
            [(bypasses, "s3:BypassGovernanceRetention"), NONE, NONE, NONE, NONE]
        }
        _ => [NONE; 5],
    };
    rows.into_iter().filter(|(applies, _)| *applies).map(|(_, action)| action)
}

/// Tags of its own, or those of the source when the request says so. Without a directive the source's tags come along
/// too, but whether it has any is not known here, and S3 asks for the right only if it has.
fn sets_tags(call: &Call) -> bool {
    !call.tags.is_empty() || call.header("x-amz-tagging-directive") == Some("COPY")
}

fn sets_retention(call: &Call) -> bool {
    call.headers.iter().any(|(name, _)| {
        let name = name.as_str();
        matches!(name, "x-amz-object-lock-mode" | "x-amz-object-lock-retain-until-date")
            || name.starts_with("x-amz-object-lock-event-hold")
    })
}

/// A copy reads its source, and the source's tags if it says that it wants them.
fn fill_source(call: &mut Call) {
    let Some(source) = &call.source else { return };
    let arn = source.target.arn();
    let (read, read_tags) = match source.version {
        Some(_) => ("s3:GetObjectVersion", "s3:GetObjectVersionTagging"),
        None => ("s3:GetObject", "s3:GetObjectTagging"),
    };
    if call.header("x-amz-tagging-directive") == Some("COPY") {
        push(call, Side::Source, read, arn.clone());
        push(call, Side::Source, read_tags, arn);
    } else {
        push(call, Side::Source, read, arn);
    }
}

/// Roles and buckets that a configuration names.
fn fill_document(call: &mut Call) {
    let Document::Read(document) = &call.document else { return };
    let named = Named::of(call.row.op, document);
    let roles: Vec<String> = named.roles.iter().map(|role| (*role).to_owned()).collect();
    // `*` stands for itself here: only a policy with a wildcard in this place allows it.
    let buckets: Vec<String> = named.buckets.iter().map(|name| format!("arn:aws:s3:::{name}/*")).collect();
    for role in roles {
        push(call, Side::Role, "iam:PassRole", role);
    }
    for bucket in buckets {
        push(call, Side::Destination, "s3:PutObject", bucket);
    }
}

/// What a configuration names for the store to act on or with.
pub(super) struct Named<'a> {
    /// ARNs of roles.
    pub(super) roles: Vec<&'a str>,
    /// Names of buckets, without `arn:aws:s3:::`.
    pub(super) buckets: Vec<&'a str>,
}

impl<'a> Named<'a> {
    pub(super) fn of(op: Op, document: &'a Element) -> Self {
        let (role, bucket) = match op {
            Op::PutBucketReplication => ("Role", "Bucket"),
            Op::PutBucketInventoryConfiguration | Op::PutBucketAnalyticsConfiguration => ("", "Bucket"),
            Op::PutBucketLogging => ("", "TargetBucket"),
            _ => return Self { roles: Vec::new(), buckets: Vec::new() },
        };
        let texts = |name| document.descendants(name).into_iter().map(|element| element.text.as_str());
        let name = |text: &'a str| text.strip_prefix("arn:aws:s3:::").unwrap_or(text);
        Self { roles: texts(role).collect(), buckets: texts(bucket).map(name).collect() }
    }
}

/// One decision for each key, or two where governance retention is to be bypassed.
fn fill_per_key(call: &mut Call) {
    let Document::Delete(request) = &call.document else { return };
    let bypasses = call.header("x-amz-bypass-governance-retention").is_some_and(check::is_true);
    let mut needs = Vec::with_capacity(request.entries.len() * (1 + usize::from(bypasses)));
    for (entry, item) in request.entries.iter().zip(0u32..) {
        let action = if entry.version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
        needs.push(Need { item: Some(item), ..Need::new(action, entry.target.arn()) });
        if bypasses {
            needs.push(Need { item: Some(item), ..Need::new("s3:BypassGovernanceRetention", entry.target.arn()) });
        }
    }
    call.sides.resize(needs.len(), Side::Item);
    call.needs = needs.into();
}
