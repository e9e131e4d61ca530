//! S3 requests: what they need and what is refused.

use bytes::Bytes;
use countersign::{
    base::{Fault, Head, Need, Operation as _, condition::Value},
    mapping::s3::{Addressing, Call, Style, recognise},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

pub fn addressing() -> Addressing {
    Addressing { base_domains: vec!["s3.example.com".into()], keys_are_file_paths: false }
}

pub fn head<'a>(method: &'a Method, path: &'a str, query: &'a str, headers: &'a HeaderMap) -> Head<'a> {
    Head { method, host: "localhost:9000", path, query, headers }
}

/// Headers as sent.
pub type Sent<'a> = &'a [(&'a str, &'a str)];

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
pub fn request(line: &str, sent: Sent<'_>) -> Result<Call, Fault> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    recognise(
        &head(&method.parse().unwrap(), path, query, &headers(sent)),
        &addressing(),
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )
}

pub fn with_body(line: &str, sent: Sent<'_>, body: &str) -> Result<Call, Fault> {
    let mut call = request(line, sent)?;
    call.with_body(&Bytes::copy_from_slice(body.as_bytes()))?;
    Ok(call)
}

/// `action resource`, without what all have in common.
pub fn needs(call: &Call) -> Vec<String> {
    let short = |need: &Need| {
        format!("{} {}", need.action.trim_start_matches("s3:"), need.resource.trim_start_matches("arn:aws:s3:::"))
    };
    call.needs().iter().map(short).collect()
}

pub fn fact(call: &Call, need: usize, key: &str) -> Option<String> {
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
fn a_header_that_decisions_read_is_text() {
    for (name, fits) in
        [("x-amz-acl", false), ("if-match", false), ("x-amz-meta-who", true), ("content-disposition", true)]
    {
        let mut sent = HeaderMap::new();
        sent.insert(HeaderName::from_static(name), HeaderValue::from_bytes(b"\xe9").unwrap());
        let found = recognise(
            &head(&Method::PUT, "/photos/a", "", &sent),
            &addressing(),
            "2026-01-01T00:00:00Z".parse().unwrap(),
        );
        assert_eq!(found.is_ok(), fits, "{name}");
    }
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
