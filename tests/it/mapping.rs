//! S3 requests: what they need, what is refused, and what reaches the upstream.

use bytes::Bytes;
use countersign::{
    base::{Fault, Head, Need, Operation as _, Timestamp, condition::Value},
    mapping::s3::{Addressing, Call, Op, Style, recognise},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

pub fn addressing() -> Addressing {
    Addressing { base_domains: vec!["s3.example.com".into()], keys_are_file_paths: false }
}

pub fn head<'a>(method: &'a Method, path: &'a str, query: &'a str, headers: &'a HeaderMap) -> Head<'a> {
    Head { method, host: "localhost:9000", path, query, headers }
}

/// Headers as sent.
type Sent<'a> = &'a [(&'a str, &'a str)];

fn headers(text: Sent<'_>) -> HeaderMap {
    let parse = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in text.iter().map(parse) {
        map.append(name, value);
    }
    map
}

/// Recognises `METHOD /path?query` with headers.
fn request(line: &str, sent: Sent<'_>) -> Result<Call, Fault> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    recognise(
        &head(&method.parse().unwrap(), path, query, &headers(sent)),
        &addressing(),
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )
}

fn with_body(line: &str, sent: Sent<'_>, body: &str) -> Result<Call, Fault> {
    let mut call = request(line, sent)?;
    call.with_body(&Bytes::copy_from_slice(body.as_bytes()))?;
    Ok(call)
}

/// `action resource`, without what all have in common.
fn needs(call: &Call) -> Vec<String> {
    let short = |need: &Need| {
        format!("{} {}", need.action.trim_start_matches("s3:"), need.resource.trim_start_matches("arn:aws:s3:::"))
    };
    call.needs().iter().map(short).collect()
}

fn fact(call: &Call, need: usize, key: &str) -> Option<String> {
    match call.fact(need, key) {
        Value::Absent => None,
        Value::One(value) => Some(value.into_owned()),
        Value::Many(values) => Some(values.join(",")),
    }
}

#[test]
fn headers_add_needs() {
    let put = "PUT /photos/a";
    let cases: &[(&str, Sent, &[&str])] = &[
        (put, &[], &["PutObject photos/a"]),
        (put, &[("x-amz-acl", "private")], &["PutObject photos/a", "PutObjectAcl photos/a"]),
        (put, &[("x-amz-grant-read", "id=1")], &["PutObject photos/a", "PutObjectAcl photos/a"]),
        (put, &[("x-amz-tagging", "a=1")], &["PutObject photos/a", "PutObjectTagging photos/a"]),
        (put, &[("x-amz-tagging", "")], &["PutObject photos/a"]),
        (
            put,
            &[("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-legal-hold", "ON")],
            &["PutObject photos/a", "PutObjectRetention photos/a", "PutObjectLegalHold photos/a"],
        ),
        ("POST /photos/a?uploads", &[("x-amz-acl", "private")], &["PutObject photos/a", "PutObjectAcl photos/a"]),
        ("DELETE /photos/a?versionId=v", &[], &["DeleteObjectVersion photos/a"]),
        ("DELETE /photos/a?versionId=null", &[], &["DeleteObjectVersion photos/a"]),
        (
            "DELETE /photos/a",
            &[("x-amz-bypass-governance-retention", "true")],
            &["DeleteObject photos/a", "BypassGovernanceRetention photos/a"],
        ),
        ("DELETE /photos/a", &[("x-amz-bypass-governance-retention", "false")], &["DeleteObject photos/a"]),
        (
            "GET /photos/a?attributes&versionId=v",
            &[("x-amz-object-attributes", "ETag")],
            &["GetObjectVersion photos/a", "GetObjectVersionAttributes photos/a"],
        ),
        ("GET /photos/a?partNumber=2", &[], &["GetObject photos/a"]),
        ("GET /", &[], &["ListAllMyBuckets *"]),
    ];
    for (line, sent, expected) in cases {
        assert_eq!(needs(&request(line, sent).unwrap()), *expected, "{line} {sent:?}");
    }
}

#[test]
fn copies_need_their_source() {
    let put = "PUT /photos/a";
    let cases: &[(&str, Sent, &[&str])] = &[
        (put, &[("x-amz-copy-source", "/other/b%20c")], &["PutObject photos/a", "GetObject other/b c"]),
        (
            put,
            &[("x-amz-copy-source", "other/b?versionId=v"), ("x-amz-acl", "private")],
            &["PutObject photos/a", "PutObjectAcl photos/a", "GetObjectVersion other/b"],
        ),
        (
            put,
            &[("x-amz-copy-source", "other/b"), ("x-amz-tagging-directive", "COPY")],
            &["PutObject photos/a", "PutObjectTagging photos/a", "GetObject other/b", "GetObjectTagging other/b"],
        ),
        (
            put,
            &[("x-amz-copy-source", "other/b"), ("x-amz-tagging-directive", "REPLACE"), ("x-amz-tagging", "a=1")],
            &["PutObject photos/a", "PutObjectTagging photos/a", "GetObject other/b"],
        ),
        (
            "PUT /photos/a?partNumber=1&uploadId=u",
            &[("x-amz-copy-source", "other/b?versionId=v")],
            &["PutObject photos/a", "GetObjectVersion other/b"],
        ),
        ("PUT /photos/a?x-amz-copy-source=other%2Fb", &[], &["PutObject photos/a", "GetObject other/b"]),
    ];
    for (line, sent, expected) in cases {
        let call = request(line, sent).unwrap();
        assert_eq!(needs(&call), *expected, "{line} {sent:?}");
        assert_eq!(call.source_bucket(), Some("other"));
    }
    let call = request(put, &[("x-amz-copy-source", "other%2Fb%20c?versionId=v"), ("x-amz-acl", "private")]).unwrap();
    assert_eq!(call.upstream(Style::Path).headers["x-amz-copy-source"], "/other/b%20c?versionId=v");
    assert_eq!(fact(&call, 0, "s3:x-amz-copy-source").as_deref(), Some("/other/b c"));
    assert_eq!(fact(&call, 2, "s3:x-amz-copy-source"), None);
    assert_eq!(fact(&call, 2, "s3:versionid").as_deref(), Some("v"));
    assert_eq!(fact(&call, 0, "s3:versionid"), None);
}

#[test]
fn documents_add_needs() {
    let lock: &[(&str, &str)] = &[
        ("x-amz-bucket-object-lock-enabled", "true"),
        ("x-amz-object-ownership", "ObjectWriter"),
        ("x-amz-acl", "public-read"),
    ];
    let tagged = "<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint>\
                  <Tags><Tag><Key>Team</Key><Value>a</Value></Tag></Tags></CreateBucketConfiguration>";
    let cases: &[(&str, Sent, &str, &[&str])] = &[
        ("PUT /photos", &[], "", &["CreateBucket photos"]),
        ("PUT /photos", &[("x-amz-acl", "private")], "", &["CreateBucket photos"]),
        (
            "PUT /photos",
            lock,
            "",
            &[
                "CreateBucket photos",
                "PutBucketAcl photos",
                "PutBucketObjectLockConfiguration photos",
                "PutBucketVersioning photos",
                "PutBucketOwnershipControls photos",
            ],
        ),
        ("PUT /photos", &[], tagged, &["CreateBucket photos", "TagResource photos"]),
        (
            "PUT /photos?logging",
            &[],
            "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled></BucketLoggingStatus>",
            &["PutBucketLogging photos", "PutObject logs/*"],
        ),
        (
            "PUT /photos?replication",
            &[],
            "<ReplicationConfiguration><Role>arn:aws:iam::1:role/r</Role><Rule><Destination>\
             <Bucket>arn:aws:s3:::copy</Bucket></Destination></Rule></ReplicationConfiguration>",
            &["PutReplicationConfiguration photos", "iam:PassRole arn:aws:iam::1:role/r", "PutObject copy/*"],
        ),
        (
            "PUT /photos/a?retention",
            &[("x-amz-bypass-governance-retention", "True")],
            "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-01-11T00:00:00Z</RetainUntilDate></Retention>",
            &["PutObjectRetention photos/a", "BypassGovernanceRetention photos/a"],
        ),
    ];
    for (line, sent, body, expected) in cases {
        assert_eq!(needs(&with_body(line, sent, body).unwrap()), *expected, "{line}");
    }
    let call = with_body("PUT /photos", &[], tagged).unwrap();
    assert_eq!(fact(&call, 0, "s3:locationconstraint").as_deref(), Some("eu"));
    assert_eq!(fact(&call, 1, "aws:requesttag/team").as_deref(), Some("a"));
    assert_eq!(call.upstream_body().unwrap(), tagged);
}

#[test]
fn facts_belong_to_their_actions() {
    type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str, usize, Option<&'static str>);
    let cases: &[Row] = &[
        ("GET /photos", &[], "s3:prefix", 0, Some("")),
        ("GET /photos", &[], "s3:max-keys", 0, Some("1000")),
        ("GET /photos", &[], "s3:delimiter", 0, None),
        ("GET /photos?list-type=2&prefix=a%2Fb+c&delimiter=/&max-keys=5", &[], "s3:prefix", 0, Some("a/b c")),
        ("GET /photos?list-type=2&delimiter=/", &[], "s3:delimiter", 0, Some("/")),
        ("GET /photos?list-type=2&max-keys=5", &[], "s3:max-keys", 0, Some("5")),
        ("GET /photos?versions&prefix=x", &[], "s3:prefix", 0, Some("x")),
        ("GET /photos?uploads&prefix=x", &[], "s3:prefix", 0, None),
        ("HEAD /photos", &[], "s3:prefix", 0, None),
        ("HEAD /photos", &[], "s3:max-keys", 0, None),
        ("GET /photos/a?versionId=v", &[], "s3:versionid", 0, Some("v")),
        ("GET /photos/a?retention&versionId=v", &[], "s3:versionid", 0, None),
        ("PUT /photos/a", &[("x-amz-acl", "public-read")], "s3:x-amz-acl", 1, Some("public-read")),
        ("PUT /photos/a", &[("x-amz-tagging", "Team=a&b=2")], "s3:requestobjecttag/team", 0, Some("a")),
        ("PUT /photos/a", &[("x-amz-tagging", "Team=a&b=2")], "s3:requestobjecttagkeys", 1, Some("Team,b")),
        ("PUT /photos/a", &[("x-amz-tagging", "Team=a")], "aws:requesttag/team", 0, None),
        ("PUT /photos/a", &[("x-amz-storage-class", "GLACIER")], "s3:x-amz-storage-class", 0, Some("GLACIER")),
        ("PUT /photos/a", &[("if-none-match", "*")], "s3:if-none-match", 0, Some("*")),
        ("DELETE /photos/a", &[("if-match", "x")], "s3:if-match", 0, Some("x")),
        ("PUT /photos/a", &[], "s3:objectcreationoperation", 0, Some("true")),
        ("PUT /photos/a?partNumber=1&uploadId=u", &[], "s3:objectcreationoperation", 0, Some("false")),
        ("POST /photos/a?uploads", &[], "s3:objectcreationoperation", 0, Some("false")),
        (
            "PUT /photos/a",
            &[
                ("x-amz-object-lock-mode", "COMPLIANCE"),
                ("x-amz-object-lock-retain-until-date", "2026-01-11T00:00:00Z"),
            ],
            "s3:object-lock-remaining-retention-days",
            1,
            Some("10"),
        ),
        ("PUT /photos/a", &[("x-amz-object-lock-legal-hold", "OFF")], "s3:object-lock-legal-hold", 1, Some("OFF")),
    ];
    for (line, sent, key, need, expected) in cases {
        let call = request(line, sent).unwrap();
        assert_eq!(fact(&call, *need, key).as_deref(), *expected, "{line} {key}");
    }
    let body = "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-01-02T00:00:01Z</RetainUntilDate></Retention>";
    let call = with_body("PUT /photos/a?retention", &[], body).unwrap();
    assert_eq!(fact(&call, 0, "s3:object-lock-mode").as_deref(), Some("GOVERNANCE"));
    assert_eq!(fact(&call, 0, "s3:object-lock-remaining-retention-days").as_deref(), Some("2"));
    let body = "<Tagging><TagSet><Tag><Key>Team</Key><Value>x</Value></Tag></TagSet></Tagging>";
    let call = with_body("PUT /photos/a?tagging", &[], body).unwrap();
    assert_eq!(fact(&call, 0, "s3:requestobjecttag/team").as_deref(), Some("x"));
    let call = with_body("PUT /photos?tagging", &[], body).unwrap();
    assert_eq!(fact(&call, 0, "aws:tagkeys").as_deref(), Some("Team"));
}

#[test]
fn what_is_unknown_or_ambiguous_is_refused() {
    let cases: &[(&str, Sent, u16, &str)] = &[
        ("GET /photos/a?acl&tagging", &[], 400, "InvalidArgument"),
        ("GET /photos?acl&policy", &[], 400, "InvalidArgument"),
        ("PUT /photos/a?partNumber=1", &[], 400, "InvalidArgument"),
        ("PUT /photos/a?uploadId=u", &[], 405, "MethodNotAllowed"),
        ("GET /photos/a?uploadId=u&partNumber=1", &[], 405, "MethodNotAllowed"),
        ("GET /photos/a?uploadId=", &[], 400, "InvalidArgument"),
        ("DELETE /photos/a?uploadId=", &[], 400, "InvalidArgument"),
        ("GET /photos/a?versionId=", &[], 400, "InvalidArgument"),
        ("GET /photos/a?versionId=1&versionId=2", &[], 400, "InvalidArgument"),
        ("GET /photos/a?versionId=1&VersionId=2", &[], 400, "InvalidArgument"),
        ("GET /photos?prefix=a&prefix=a", &[], 400, "InvalidArgument"),
        ("GET /photos?list-type=1", &[], 400, "InvalidArgument"),
        ("GET /photos?max-keys=many", &[], 400, "InvalidArgument"),
        ("GET /photos?prefix=%zz", &[], 400, "InvalidURI"),
        ("GET /photos?pre%00fix=a", &[], 400, "InvalidURI"),
        ("GET /photos/a?unknown", &[], 501, "NotImplemented"),
        ("GET /photos/a?Acl", &[], 501, "NotImplemented"),
        ("GET /photos/a?prefix=x", &[], 501, "NotImplemented"),
        ("PUT /photos/a?versionId=v", &[], 501, "NotImplemented"),
        ("PUT /photos/a?response-content-type=x", &[], 501, "NotImplemented"),
        ("GET /photos/a", &[("x-amz-unknown", "1")], 501, "NotImplemented"),
        ("GET /photos/a", &[("x-amz-acl", "private")], 501, "NotImplemented"),
        ("GET /photos/a?x-amz-unknown=1", &[], 501, "NotImplemented"),
        ("PUT /photos/a", &[("x-amz-acl", "a"), ("x-amz-acl", "b")], 400, "InvalidArgument"),
        ("PUT /photos/a?x-amz-acl=private", &[("x-amz-acl", "public-read")], 400, "InvalidArgument"),
        ("PUT /photos/a?X-Amz-Acl=private&x-amz-acl=private", &[], 400, "InvalidArgument"),
        (
            "PUT /photos/a",
            &[("x-amz-tagging-directive", "both"), ("x-amz-copy-source", "other/b")],
            400,
            "InvalidArgument",
        ),
        ("DELETE /photos/a", &[("x-amz-bypass-governance-retention", "1")], 400, "InvalidArgument"),
        ("PUT /photos/a?acl", &[("x-amz-copy-source", "other/b")], 400, "InvalidArgument"),
        ("GET /photos/a?attributes", &[], 400, "InvalidArgument"),
        ("POST /photos", &[], 405, "MethodNotAllowed"),
        ("POST /photos/a", &[], 405, "MethodNotAllowed"),
        ("PUT /", &[], 405, "MethodNotAllowed"),
        ("PATCH /photos/a", &[], 405, "MethodNotAllowed"),
        ("DELETE /photos/a?torrent", &[], 405, "MethodNotAllowed"),
        ("OPTIONS /photos/a", &[], 403, "AccessForbidden"),
        ("GET /photos/../x", &[], 400, "InvalidURI"),
    ];
    for (line, sent, status, code) in cases {
        let fault = request(line, sent).map(|call| call.op()).unwrap_err();
        assert_eq!((fault.status, &*fault.code), (*status, *code), "{line} {sent:?}");
    }
}

#[test]
fn presigned_parameters_count_as_headers() {
    let signing = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=60\
                   &X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=s&x-id=PutObject";
    let line =
        format!("PUT /photos/a?{signing}&x-amz-acl=public-read&x-amz-meta-who=me&x-amz-sdk-checksum-algorithm=CRC32");
    let call = request(&line, &[("x-amz-acl", "public-read")]).unwrap();
    assert_eq!(needs(&call), ["PutObject photos/a", "PutObjectAcl photos/a"]);
    assert_eq!(fact(&call, 0, "s3:x-amz-acl").as_deref(), Some("public-read"));
    let upstream = call.upstream(Style::Path);
    assert_eq!((upstream.path.as_str(), upstream.query.as_str()), ("/photos/a", ""));
    let mut names: Vec<_> = upstream.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["x-amz-acl", "x-amz-meta-who"]);

    let call = request(&format!("GET /photos/a?{signing}&x-amz-checksum-mode=ENABLED"), &[]).unwrap();
    assert_eq!(call.upstream(Style::Path).headers["x-amz-checksum-mode"], "ENABLED");
    assert!(!call.must_be_signed());
    let call = request("GET /photos/a?response-content-type=text%2Fplain", &[]).unwrap();
    assert!(call.must_be_signed());
    assert_eq!(call.upstream(Style::Path).query, "response-content-type=text%2Fplain");
}

#[test]
fn the_upstream_request_is_rebuilt() {
    let cases = [
        ("GET /photos/a%7eb+c%2fd", "/photos/a~b%2Bc/d", ""),
        ("GET /photos/?prefix=a+b%2B&list-type=2&delimiter=/", "/photos", "delimiter=%2F&list-type=2&prefix=a%20b%2B"),
        ("GET /photos/a?versionId=v&acl=1", "/photos/a", "acl=&versionId=v"),
        ("PUT /photos/a?uploadId=u%3D&partNumber=3", "/photos/a", "partNumber=3&uploadId=u%3D"),
        ("GET /", "/", ""),
    ];
    for (line, path, query) in cases {
        let upstream = request(line, &[]).unwrap().upstream(Style::Path);
        assert_eq!((upstream.path.as_str(), upstream.query.as_str()), (path, query), "{line}");
    }
    let upstream = request("GET /photos/a/b", &[]).unwrap().upstream(Style::VirtualHost);
    assert_eq!(upstream.path, "/a/b");
    let empty = HeaderMap::new();
    let hosted = Head { host: "photos.s3.example.com", ..head(&Method::GET, "/a/b", "", &empty) };
    let call = recognise(&hosted, &addressing(), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(call.upstream(Style::Path).path, "/photos/a/b");
}

#[test]
fn keys_are_deleted_one_by_one() {
    let body = "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                <Object><Key>a</Key></Object><Object><Key>b c</Key><VersionId>v</VersionId></Object>\
                <Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>";
    let sent = [("content-md5", "of-the-clients-bytes"), ("x-amz-checksum-crc32", "AAAAAA==")];
    let mut call = with_body("POST /photos?delete", &sent, body).unwrap();
    assert_eq!(needs(&call), ["DeleteObject photos/a", "DeleteObjectVersion photos/b c", "DeleteObject photos/a"]);
    assert_eq!(call.needs().iter().map(|need| need.item).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    assert_eq!(fact(&call, 1, "s3:versionid").as_deref(), Some("v"));
    assert_eq!(fact(&call, 0, "s3:versionid"), None);
    assert!(!call.answers_per_key());
    call.refuse_item(1, "denied");
    assert!(call.answers_per_key());
    let sent = String::from_utf8(call.upstream_body().unwrap().to_vec()).unwrap();
    assert!(!sent.contains("b c") && sent.matches("<Key>a</Key>").count() == 2 && sent.contains("<Quiet>true</Quiet>"));
    let headers = call.upstream(Style::Path).headers;
    assert!(!headers.contains_key("x-amz-checksum-crc32") && headers["content-md5"] != "of-the-clients-bytes");
    let answer = call.merge_delete_result(Some(b"<DeleteResult/>")).unwrap();
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert!(answer.contains(
        "<Error><Key>b c</Key><VersionId>v</VersionId><Code>AccessDenied</Code><Message>denied</Message></Error>"
    ));
    assert_eq!(call.merge_delete_result(Some(b"oops")).unwrap_err().status, 500);

    let bypass = [("x-amz-bypass-governance-retention", "true")];
    let call = with_body("POST /photos?delete", &bypass, "<Delete><Object><Key>a</Key></Object></Delete>").unwrap();
    assert_eq!(needs(&call), ["DeleteObject photos/a", "BypassGovernanceRetention photos/a"]);
    assert!(call.needs().iter().all(|need| need.item == Some(0)));
}

#[test]
fn documents_that_are_not_clear_are_refused() {
    let cases = [
        ("PUT /photos/a?tagging", "<Tagging/>", "MalformedXML"),
        ("PUT /photos/a?tagging", "<Tagging><TagSet/><TagSet/></Tagging>", "MalformedXML"),
        ("PUT /photos/a?tagging", "", "MalformedXML"),
        ("PUT /photos/a?legal-hold", "<LegalHold><Status>MAYBE</Status></LegalHold>", "MalformedXML"),
        ("PUT /photos/a?retention", "<Retention><Mode>GOVERNANCE</Mode></Retention>", "MalformedXML"),
        ("PUT /photos/a?retention", "<Retention><EventHold>ON</EventHold></Retention>", "NotImplemented"),
        (
            "POST /photos/a?restore",
            "<RestoreRequest><OutputLocation><S3/></OutputLocation></RestoreRequest>",
            "NotImplemented",
        ),
        (
            "PUT /photos",
            "<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>",
            "NotImplemented",
        ),
        ("PUT /photos", "<!DOCTYPE a><CreateBucketConfiguration/>", "MalformedXML"),
    ];
    for (line, body, code) in cases {
        assert_eq!(with_body(line, &[], body).map(|call| call.op()).unwrap_err().code, code, "{line} {body}");
    }
    assert!(request("GET /photos/a", &[]).unwrap().with_body(&Bytes::new()).is_err());
}

#[test]
fn a_form_becomes_a_put() {
    let sent = [("content-type", "multipart/form-data; boundary=x"), ("x-amz-acl", "ignored")];
    let form = |fields: &[(&str, &str)]| {
        let mut call = request("POST /photos", &sent)?;
        assert!(call.needs().is_empty());
        call.with_form(fields)?;
        Ok::<_, Fault>(call)
    };
    let tagging = "<Tagging><TagSet><Tag><Key>t</Key><Value>1 2</Value></Tag></TagSet></Tagging>";
    let call = form(&[
        ("Key", "up/a b"),
        ("acl", "public-read"),
        ("tagging", tagging),
        ("Content-Type", "image/png"),
        ("X-Amz-Signature", "s"),
        ("policy", "p"),
        ("x-amz-meta-who", "me"),
    ])
    .unwrap();
    let resource = "photos/up/a b";
    let expected = ["PutObject", "PutObjectAcl", "PutObjectTagging"].map(|action| format!("{action} {resource}"));
    assert_eq!((call.op(), needs(&call)), (Op::PostObject, expected.to_vec()));
    let upstream = call.upstream(Style::Path);
    assert_eq!((upstream.method, upstream.path.as_str()), (Method::PUT, "/photos/up/a%20b"));
    assert_eq!(upstream.headers["x-amz-tagging"], "t=1%202");
    assert_eq!(upstream.headers["content-type"], "image/png");
    assert_eq!(upstream.headers["x-amz-acl"], "public-read");
    assert_eq!(upstream.headers.len(), 4);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "InvalidArgument"),
        (&[("key", "a"), ("Key", "b")], "InvalidArgument"),
        (&[("key", "a"), ("acl", "x"), ("x-amz-acl", "y")], "InvalidArgument"),
        (&[("key", "../a")], "InvalidURI"),
        (&[("key", "a"), ("bucket", "other")], "InvalidArgument"),
        (&[("key", "a"), ("x-amz-copy-source", "other/b")], "NotImplemented"),
        (&[("key", "a"), ("authorization", "x")], "NotImplemented"),
    ];
    for (fields, code) in cases {
        assert_eq!(form(fields).map(|call| call.op()).unwrap_err().code, *code, "{fields:?}");
    }
}

/// Every name that may reach an upstream with an object's write.
const MAY_PASS: &[&str] = &["content-type", "cache-control", "x-amz-acl", "x-amz-meta-a", "x-amz-storage-class"];

proptest! {
    #[test]
    fn the_upstream_reaches_the_object_that_was_decided_on(
        bucket in "[a-z0-9][a-z0-9-]{1,20}[a-z0-9]",
        key in "[^\u{0}]{1,60}",
        upper in any::<bool>(),
    ) {
        let mut path = format!("/{bucket}/");
        for byte in key.bytes() {
            // Sent with every byte escaped, in either case: nothing of it survives but what it means.
            path += &if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        }
        let sent = HeaderMap::new();
        match recognise(&head(&Method::GET, &path, "", &sent), &addressing(), Timestamp::UNIX_EPOCH) {
            Ok(call) => {
                let arn = format!("arn:aws:s3:::{bucket}/{key}");
                prop_assert_eq!(&call.needs()[0].resource, &arn);
                let upstream = call.upstream(Style::Path).path;
                let decoded = percent_encoding::percent_decode_str(&upstream).decode_utf8().unwrap();
                prop_assert_eq!(format!("arn:aws:s3::{}", decoded.replacen('/', ":", 1)), arn);
            }
            Err(fault) => prop_assert!(
                key.split('/').any(|segment| segment == "." || segment == "..") || bucket.ends_with("-s3alias"),
                "{fault:?}"
            ),
        }
    }

    #[test]
    fn no_header_outside_the_list_passes(
        names in proptest::collection::vec("(x-amz-|x-amzn-|amz-sdk-|x-forwarded-|x_amz_|)[a-z][a-z-]{0,12}", 0..6),
        known in proptest::sample::subsequence(MAY_PASS, 0..=MAY_PASS.len()),
    ) {
        let always = ["authorization", "host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "connection",
            "transfer-encoding", "x-amzn-trace-id", "amz-sdk-request", "x-forwarded-for", "cookie", "te"];
        let mut sent = HeaderMap::new();
        for name in names.iter().map(String::as_str).chain(known.iter().copied()).chain(always) {
            sent.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("1"));
        }
        if let Ok(call) = recognise(&head(&Method::PUT, "/photos/a", "", &sent), &addressing(), Timestamp::UNIX_EPOCH) {
            for name in call.upstream(Style::Path).headers.keys() {
                let listed = known.contains(&name.as_str()) || ["expires", "range"].contains(&name.as_str());
                prop_assert!(listed, "{name}");
            }
        } else {
            prop_assert!(names.iter().any(|name| name.starts_with("x-amz-")));
        }
    }

    #[test]
    fn any_target_is_answered_without_a_panic(path in "/[ -~]{0,30}", query in "[ -~]{0,40}") {
        let sent = HeaderMap::new();
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            let _ = recognise(&head(&method, &path, &query, &sent), &addressing(), Timestamp::UNIX_EPOCH);
        }
    }
}
