//! The table of S3 operations against the list made from the service model and the authorization reference.

use countersign::{
    base::{Operation as _, Timestamp},
    mapping::s3::{Body, Level, NOT_SERVED, Op, SUPERSEDED, TABLE, Verb, recognise},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::mapping::{addressing, head};

const LIST: &str = include_str!("data/s3-operations.tsv");

/// A line of the list.
pub struct Line {
    pub level: &'static str,
    pub method: &'static str,
    pub discriminator: &'static str,
    pub operation: &'static str,
    actions: &'static str,
}

pub fn lines() -> Vec<Line> {
    let read = |line: &'static str| {
        let [level, method, discriminator, operation, actions, ..] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a line with too few columns: {line}");
        };
        Line { level, method, discriminator, operation, actions }
    };
    LIST.lines().skip(1).map(read).collect()
}

/// `a+b | c` as lists of actions with their prefix.
fn actions(text: &str) -> [Vec<String>; 2] {
    let full = |name: &str| if name.contains(':') { name.to_owned() } else { format!("s3:{name}") };
    let mut alternatives = text.split('|').map(|side| side.trim().split('+').map(full).collect());
    [alternatives.next().unwrap_or_default(), alternatives.next().unwrap_or_default()]
}

#[test]
fn the_table_holds_every_operation_of_the_list() {
    let lines = lines();
    assert_eq!(lines.len(), 116);
    for line in &lines {
        let name = match SUPERSEDED.iter().find(|(old, _)| *old == line.operation) {
            Some((_, new)) => format!("{new:?}"),
            None => line.operation.to_owned(),
        };
        let row = TABLE.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} is missing"));
        let level = match row.level {
            Level::Service => "service",
            Level::Bucket => "bucket",
            Level::Object => "object",
            Level::Lambda => "/WriteGetObjectResponse",
        };
        assert_eq!((level, row.verb.method().as_str()), (line.level, line.method), "{name}");
        assert_eq!([row.actions.to_vec(), row.versioned.to_vec()], actions(line.actions), "{name}");
    }
    let listed = |name: &str| name == "PostObject" || lines.iter().any(|line| line.operation == name);
    assert!(TABLE.iter().all(|row| listed(row.name)));
}

#[test]
fn no_row_hides_a_later_one() {
    for (at, row) in TABLE.iter().enumerate() {
        for later in TABLE.iter().skip(at + 1) {
            let same = (row.level, row.verb, row.select) == (later.level, later.verb, later.select);
            assert!(!same, "{} hides {}", row.name, later.name);
        }
    }
}

#[test]
fn event_names_are_cloudtrails() {
    let cases = [
        (Op::ListObjectsV2, "ListObjects"),
        (Op::ListObjects, "ListObjects"),
        (Op::GetBucketLifecycleConfiguration, "GetBucketLifecycle"),
        (Op::PutBucketNotificationConfiguration, "PutBucketNotification"),
        (Op::GetPublicAccessBlock, "GetBucketPublicAccessBlock"),
        (Op::GetObjectLockConfiguration, "GetBucketObjectLockConfiguration"),
        (Op::PutBucketEncryption, "PutBucketEncryption"),
        (Op::HeadObject, "HeadObject"),
    ];
    for (op, event) in cases {
        assert_eq!(TABLE.iter().find(|row| row.op == op).unwrap().event_name(), event);
    }
}

#[test]
fn what_is_not_served_may_only_shrink() {
    assert!(NOT_SERVED.len() <= 9);
}

/// The request that the list's discriminator describes, recognised, with and without a version.
#[test]
fn every_line_of_the_list_is_recognised_with_its_needs() {
    for line in lines() {
        if matches!(line.operation, "ListDirectoryBuckets" | "WriteGetObjectResponse") {
            continue; // Their routes belong to other endpoints; see the cases of their own.
        }
        check_line(&line, false);
        let row = TABLE.iter().find(|row| row.name == line.operation);
        if row.is_some_and(|row| !row.versioned.is_empty() && row.params.contains(&"versionId")) {
            check_line(&line, true);
        }
    }
}

fn check_line(line: &Line, is_versioned: bool) {
    let (query, mut headers) = request_of(line.discriminator);
    let query = if is_versioned { format!("{query}&versionId=v1") } else { query };
    if line.operation == "UploadPart" || line.operation == "UploadPartCopy" {
        assert!(query.contains("partNumber=7"));
    }
    let (path, resource) = match line.level {
        "service" => ("/", "*"),
        "bucket" => ("/photos", "arn:aws:s3:::photos"),
        _ => ("/photos/a%20b", "arn:aws:s3:::photos/a b"),
    };
    if line.operation == "DeleteObjects" {
        return; // Its needs are those of its keys.
    }
    headers.insert("host", HeaderValue::from_static("localhost"));
    let method: Method = line.method.parse().unwrap();
    let found = recognise(&head(&method, path, &query, &headers), &addressing(), Timestamp::UNIX_EPOCH);
    let expected = SUPERSEDED.iter().find(|(old, _)| *old == line.operation).map(|(_, new)| format!("{new:?}"));
    let expected = expected.unwrap_or_else(|| line.operation.to_owned());
    if let Some((_, reason)) = NOT_SERVED.iter().find(|(op, _)| format!("{op:?}") == expected) {
        let fault = found.unwrap_err();
        assert_eq!((fault.status, &*fault.code), (501, "NotImplemented"), "{expected}");
        assert!(fault.message.contains(reason) && fault.message.contains(&expected), "{}", fault.message);
        return;
    }
    let mut call = found.unwrap_or_else(|fault| panic!("{expected}: {fault:?}"));
    assert_eq!(call.name(), expected);
    if let Body::Buffered(bytes_max) = call.body() {
        assert!(call.needs().is_empty(), "{expected} must not be decided on before its body is known");
        assert!(call.with_body(&vec![b' '; bytes_max + 1].into()).is_err());
        call.with_body(&document_of(&expected).into()).unwrap_or_else(|fault| panic!("{expected}: {fault:?}"));
    }
    let wanted = actions(line.actions);
    let wanted = if is_versioned { &wanted[1] } else { &wanted[0] };
    let own = call.needs().iter().take(wanted.len());
    assert_eq!(own.map(|need| need.action.to_string()).collect::<Vec<_>>(), *wanted, "{expected}");
    assert!(call.needs().iter().take(wanted.len()).all(|need| need.resource == resource), "{expected}");
    let is_read = matches!(line.method, "GET" | "HEAD") || expected == "SelectObjectContent";
    assert_eq!(call.is_read_only(), is_read, "{expected}");
    let is_copy = matches!(call.op(), Op::CopyObject | Op::UploadPartCopy);
    assert_eq!(call.needs().len(), wanted.len() + usize::from(is_copy), "{expected}");
}

/// `analytics&id hdr:x-y` as a query and headers.
pub fn request_of(discriminator: &str) -> (String, HeaderMap) {
    let (mut query, mut headers) = (Vec::new(), HeaderMap::new());
    for word in discriminator.split(' ').filter(|word| !word.is_empty()) {
        if let Some(names) = word.strip_prefix("hdr:") {
            for name in names.split(',') {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("other/key"));
            }
            continue;
        }
        for name in word.split('&') {
            query.push(match name {
                "partNumber" => "partNumber=7".to_owned(),
                "id" | "uploadId" | "annotationName" => format!("{name}=x"),
                _ => name.to_owned(),
            });
        }
    }
    (query.join("&"), headers)
}

/// The smallest document that an operation takes.
pub fn document_of(operation: &str) -> &'static str {
    match operation {
        "CreateBucket" => "",
        "PutBucketAcl" | "PutObjectAcl" => "<AccessControlPolicy/>",
        "PutObjectTagging" | "PutBucketTagging" => "<Tagging><TagSet/></Tagging>",
        "PutObjectRetention" => "<Retention/>",
        "PutObjectLegalHold" => "<LegalHold><Status>ON</Status></LegalHold>",
        "PutBucketInventoryConfiguration" => "<InventoryConfiguration/>",
        "PutBucketAnalyticsConfiguration" => "<AnalyticsConfiguration/>",
        "PutBucketLogging" => "<BucketLoggingStatus/>",
        "PutBucketReplication" => "<ReplicationConfiguration/>",
        "PutPublicAccessBlock" => "<PublicAccessBlockConfiguration/>",
        "RestoreObject" => "<RestoreRequest/>",
        "UpdateObjectEncryption" => "<ObjectEncryption/>",
        _ => "<Anything/>",
    }
}

#[test]
fn other_endpoints_operations_are_answered_by_name() {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-request-route", HeaderValue::from_static("r"));
    let cases = [
        (Method::POST, "/WriteGetObjectResponse", "", "WriteGetObjectResponse"),
        (Method::GET, "/", "max-directory-buckets=1", "ListDirectoryBuckets"),
    ];
    for (method, path, query, name) in cases {
        let sent = if query.is_empty() { headers.clone() } else { HeaderMap::new() };
        let fault = recognise(&head(&method, path, query, &sent), &addressing(), Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(fault.status, 501);
        assert!(fault.message.starts_with(name), "{fault}");
    }
}

#[test]
fn a_verb_is_its_method() {
    for verb in [Verb::Get, Verb::Head, Verb::Put, Verb::Post, Verb::Delete] {
        assert!(TABLE.iter().any(|row| row.verb == verb && row.verb.method() == verb.method()));
    }
}
