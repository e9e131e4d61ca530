//! What reaches the upstream of an S3 request.

use countersign::{
    base::{Head, Operation as _, Timestamp},
    mapping::s3::{Style, recognise},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::mapping::{addressing, fact, head, needs, request};

/// Every name that may reach an upstream with an object's write.
const MAY_PASS: &[&str] = &["content-type", "cache-control", "x-amz-acl", "x-amz-meta-a", "x-amz-storage-class"];

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

/// SDKs presign uploads with the checksum of the empty body that they had at that time. S3 takes no notice of it.
#[test]
fn a_presigned_checksum_is_of_no_body() {
    let line = "PUT /photos/a?X-Amz-Signature=s&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32";
    for (sent, expected) in [(None, None), (Some("NSRBwg=="), Some("NSRBwg=="))] {
        let headers: Vec<_> = sent.map(|value| ("x-amz-checksum-crc32", value)).into_iter().collect();
        let upstream = request(line, &headers).unwrap().upstream(Style::Path);
        let passed = upstream.headers.get("x-amz-checksum-crc32").map(|value| value.to_str().unwrap());
        assert_eq!(passed, expected);
    }
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
