//! The condition keys that come from the request.
//!
//! Source: the service authorization reference (which key belongs to which action). Keys that depend on the caller, the
//! connection or the signature (`s3:authType`, `s3:signatureAge`, `s3:signatureversion`, `s3:TlsVersion`,
//! `s3:x-amz-content-sha256`, `s3:ResourceAccount`) are the gateway's.

use std::borrow::Cow;

use super::{
    body::Document,
    call::Call,
    check,
    needs::Side,
    table::Op,
    tags::{self, Tags},
};
use crate::base::{Need, condition::Value};

const ACL: &[&str] = &[
    "s3:BypassGovernanceRetention",
    "s3:CreateBucket",
    "s3:PutBucketAcl",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
];
const PUT: &[&str] = &["s3:PutObject"];
const PUT_DELETE: &[&str] = &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"];
const NEW_BUCKET: &[&str] = &["s3:CreateBucket"];
const LOCK: &[&str] =
    &["s3:BypassGovernanceRetention", "s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention"];
const TAGS: &[&str] = &["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"];
const LIST: &[&str] = &["s3:ListBucket", "s3:ListBucketVersions"];

/// Keys that are a header's value: key, header, actions.
const HEADERS: &[(&str, &str, &[&str])] = &[
    ("s3:if-match", "if-match", PUT_DELETE),
    ("s3:if-none-match", "if-none-match", PUT),
    ("s3:object-lock-event-hold", "x-amz-object-lock-event-hold", LOCK),
    ("s3:object-lock-event-hold-duration-days", "x-amz-object-lock-event-hold-duration-days", LOCK),
    ("s3:object-lock-event-hold-duration-years", "x-amz-object-lock-event-hold-duration-years", LOCK),
    ("s3:x-amz-acl", "x-amz-acl", ACL),
    ("s3:x-amz-bucket-namespace", "x-amz-bucket-namespace", NEW_BUCKET),
    ("s3:x-amz-grant-full-control", "x-amz-grant-full-control", ACL),
    ("s3:x-amz-grant-read", "x-amz-grant-read", ACL),
    ("s3:x-amz-grant-read-acp", "x-amz-grant-read-acp", ACL),
    ("s3:x-amz-grant-write", "x-amz-grant-write", ACL),
    ("s3:x-amz-grant-write-acp", "x-amz-grant-write-acp", ACL),
    ("s3:x-amz-metadata-directive", "x-amz-metadata-directive", PUT),
    ("s3:x-amz-object-ownership", "x-amz-object-ownership", NEW_BUCKET),
    ("s3:x-amz-server-side-encryption", "x-amz-server-side-encryption", PUT),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-aws-kms-key-id", PUT),
    ("s3:x-amz-server-side-encryption-customer-algorithm", "x-amz-server-side-encryption-customer-algorithm", PUT),
    ("s3:x-amz-storage-class", "x-amz-storage-class", PUT),
    ("s3:x-amz-website-redirect-location", "x-amz-website-redirect-location", PUT),
];

/// The value of a key for the decision on the need with this index.
pub(super) fn fact<'a>(call: &'a Call, index: usize, key: &str) -> Value<'a> {
    let (Some(need), Some(side)) = (call.needs.get(index), call.sides.get(index)) else { return Value::Absent };
    match side {
        Side::Target => of_target(call, need, key),
        Side::Source => match key {
            "s3:versionid" => Value::maybe(call.source.as_ref().and_then(|source| source.version.as_deref())),
            _ => Value::Absent,
        },
        Side::Item => of_item(call, need, key),
        Side::Role => match key {
            "iam:passedtoservice" => Value::borrowed("s3.amazonaws.com"),
            _ => Value::Absent,
        },
        Side::Destination => Value::Absent,
    }
}

fn of_item<'a>(call: &'a Call, need: &Need, key: &str) -> Value<'a> {
    let Document::Delete(request) = &call.document else { return Value::Absent };
    let entry = need.item.and_then(|item| request.entries.get(usize::try_from(item).ok()?));
    match key {
        "s3:versionid" if need.action.ends_with("Version") => {
            Value::maybe(entry.and_then(|entry| entry.version.as_deref()))
        }
        _ => Value::Absent,
    }
}

fn of_target<'a>(call: &'a Call, need: &Need, key: &str) -> Value<'a> {
    let on = |actions: &[&str]| actions.contains(&&*need.action);
    if let Some((_, header, actions)) = HEADERS.iter().find(|(known, ..)| *known == key) {
        return match on(actions) {
            true => Value::maybe(call.header(header)),
            false => of_encryption(call, key),
        };
    }
    match key {
        "s3:versionid" if is_of_version(&need.action) => Value::maybe(call.param("versionId")),
        "s3:prefix" if on(LIST) && call.op() != Op::HeadBucket => Value::borrowed(call.param("prefix").unwrap_or("")),
        "s3:delimiter" if on(LIST) => Value::maybe(call.param("delimiter")),
        "s3:max-keys" if on(LIST) && call.op() != Op::HeadBucket => {
            Value::borrowed(call.param("max-keys").unwrap_or("1000"))
        }
        "s3:x-amz-copy-source" if on(PUT) => Value::maybe(call.source.as_ref().map(|source| source.path.as_str())),
        "s3:objectcreationoperation" if on(PUT) => Value::bool(creates_object(call.op())),
        "s3:locationconstraint" if on(NEW_BUCKET) => Value::maybe(document_text(call, "LocationConstraint")),
        "s3:annotation-prefix" => Value::maybe(call.param("annotation-prefix")),
        "s3:max-annotation-results" => Value::maybe(call.param("max-annotation-results")),
        "s3:inventoryaccessibleoptionalfields" => inventory_fields(call),
        "s3:requestobjecttagkeys" if on(TAGS) => keys_of(&call.tags),
        "aws:tagkeys" if tags_bucket(call) => keys_of(&call.tags),
        _ if key.starts_with("s3:object-lock-") && on(LOCK) => of_lock(call, key),
        _ => of_one_tag(call, key, on(TAGS)),
    }
}

/// Whether an action is about one version of an object (`ListBucketVersions` is not).
fn is_of_version(action: &str) -> bool {
    action.contains("ObjectVersion")
}

/// `CreateMultipartUpload` and parts make no object yet.
fn creates_object(op: Op) -> bool {
    matches!(op, Op::PutObject | Op::PostObject | Op::CopyObject | Op::CompleteMultipartUpload)
}

fn tags_bucket(call: &Call) -> bool {
    matches!(call.op(), Op::CreateBucket | Op::PutBucketTagging)
}

fn keys_of(tags: &Tags) -> Value<'_> {
    match tags.is_empty() {
        true => Value::Absent,
        false => Value::Many(tags.iter().map(|(key, _)| Cow::Borrowed(key.as_str())).collect()),
    }
}

/// `s3:RequestObjectTag/<key>` and `aws:RequestTag/<key>`.
fn of_one_tag<'a>(call: &'a Call, key: &str, on_object: bool) -> Value<'a> {
    match key.split_once('/') {
        Some(("s3:requestobjecttag", name)) if on_object => Value::maybe(tags::value(&call.tags, name)),
        Some(("aws:requesttag", name)) if tags_bucket(call) => Value::maybe(tags::value(&call.tags, name)),
        _ => Value::Absent,
    }
}

/// Retention and legal hold, from headers or from the body of their own operations.
fn of_lock<'a>(call: &'a Call, key: &str) -> Value<'a> {
    let until =
        || call.header("x-amz-object-lock-retain-until-date").or_else(|| document_text(call, "RetainUntilDate"));
    match key {
        "s3:object-lock-mode" => {
            Value::maybe(call.header("x-amz-object-lock-mode").or_else(|| document_text(call, "Mode")))
        }
        "s3:object-lock-legal-hold" => {
            Value::maybe(call.header("x-amz-object-lock-legal-hold").or_else(|| document_text(call, "Status")))
        }
        "s3:object-lock-retain-until-date" => Value::maybe(until().map(str::trim)),
        "s3:object-lock-remaining-retention-days" => until()
            .and_then(check::moment)
            .map_or(Value::Absent, |until| Value::owned(days_until(call, until.as_second()).to_string())),
        _ => Value::Absent,
    }
}

/// Days from the request's arrival, begun days counting whole.
fn days_until(call: &Call, until: i64) -> i64 {
    const DAY_SECONDS: i64 = 86_400;
    until.saturating_sub(call.received_at.as_second()).saturating_add(DAY_SECONDS - 1).div_euclid(DAY_SECONDS)
}

/// `UpdateObjectEncryption` names the encryption in its body.
fn of_encryption<'a>(call: &'a Call, key: &str) -> Value<'a> {
    let (Op::UpdateObjectEncryption, Document::Read(document)) = (call.op(), &call.document) else {
        return Value::Absent;
    };
    let kms = document.all("SSE-KMS").next();
    match key {
        "s3:x-amz-server-side-encryption" => Value::borrowed(if kms.is_some() { "aws:kms" } else { "AES256" }),
        "s3:x-amz-server-side-encryption-aws-kms-key-id" => {
            Value::maybe(kms.and_then(|kms| kms.child_text("KMSKeyArn")))
        }
        _ => Value::Absent,
    }
}

fn inventory_fields(call: &Call) -> Value<'_> {
    let (Op::PutBucketInventoryConfiguration, Document::Read(document)) = (call.op(), &call.document) else {
        return Value::Absent;
    };
    let fields = document.all("OptionalFields").flat_map(|fields| fields.all("Field"));
    let fields: Vec<_> = fields.map(|field| Cow::Borrowed(field.text.as_str())).collect();
    if fields.is_empty() { Value::Absent } else { Value::Many(fields) }
}

/// The text of a child of the document's root; empty counts as absent.
fn document_text<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    match &call.document {
        Document::Read(document) => document.child_text(name).filter(|text| !text.is_empty()),
        _ => None,
    }
}
