//! When a request is recorded, and what its record says of late faults.

use super::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::Signer,
    upstream::{Answer, Upstream},
};

/// A setup in which the records of reads wait longer than any test.
const PATIENT: Setup<'_> =
    Setup { keys: &[("AUDIT__INTERVAL_MILLISECONDS", "3600000")], tables: "", prepare: None, wrap: None };

#[test]
fn changes_and_denials_are_recorded_before_their_answer_is_finished() {
    let upstream = Upstream::start();
    let gateway = Gateway::start_with(&upstream, &PATIENT);
    let (ann, nobody) = (gateway.user("Ann", Some(ALLOW_ALL)), gateway.user("Nobody", None));
    upstream.answer(|seen| match seen.method.as_str() {
        "DELETE" => Answer::Whole(204, vec![], vec![]),
        _ => Answer::ok("<An><Answer/></An>"),
    });
    let cases = [
        ("a read", Signer::s3(&ann), Request::new("GET", "/photos/a"), false),
        ("a change with an answer", Signer::s3(&ann), Request::new("POST", "/photos/a?uploads"), true),
        ("a change without one", Signer::s3(&ann), Request::new("DELETE", "/photos/a"), true),
        ("a denied read", Signer::s3(&nobody), Request::new("GET", "/photos/a"), true),
        ("a denied change", Signer::s3(&nobody), Request::new("DELETE", "/photos/a"), true),
        ("a forgery", Signer::s3(&ann.forged()), Request::new("HEAD", "/photos/a"), true),
    ];
    for (name, signer, request, at_once) in cases {
        let response = gateway.send(&signer, request);
        let is_there = gateway.records().iter().any(|record| record["requestID"] == response.id());
        assert_eq!(is_there, at_once, "{name}");
    }
    assert_eq!(gateway.end().len(), 6);
}

#[test]
fn an_error_under_a_success_is_recorded_as_one() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let error = "<Error><Code>InternalError</Code><Message>late</Message></Error>";
    let spaces = " ".repeat(2000);
    let complete = Request::new("POST", "/photos/a?uploadId=u").body("<CompleteMultipartUpload/>");
    let copy = Request::new("PUT", "/photos/a").header("x-amz-copy-source", "photos/b");
    let cases = [
        (complete.clone(), format!("<?xml version=\"1.0\"?>{spaces}{error}"), Some("InternalError")),
        (complete.clone(), format!("{spaces}<?xml version=\"1.0\"?>{error}"), Some("InternalError")),
        (copy.clone(), error.to_owned(), Some("InternalError")),
        (complete, "<CompleteMultipartUploadResult/>".to_owned(), None),
        (copy, "<CopyObjectResult/>".to_owned(), None),
        // An object may hold what it likes.
        (Request::new("GET", "/photos/a"), error.to_owned(), None),
    ];
    for (request, answer, code) in cases {
        let told = answer.clone();
        upstream.answer(move |_| Answer::ok(&told));
        let response = gateway.send(&Signer::s3(&ann), request);
        assert_eq!((response.status, response.text()), (200, answer.clone()));
        assert_eq!(gateway.record(&response)["errorCode"].as_str(), code, "{answer}");
    }
}

#[test]
fn a_record_has_what_cloudtrail_has() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::ok("abcde"));
    let request = Request::new("GET", "/photos/a%20b?versionId=v1").header("user-agent", "a client/1.0");
    let response = gateway.send(&Signer::s3(&ann).presigned(60), request);
    let record = gateway.record(&response);
    let cases = [
        ("/eventVersion", "1.11"),
        ("/userIdentity/type", "IAMUser"),
        ("/userIdentity/principalId", "AIDAAnn"),
        ("/userIdentity/arn", "arn:aws:iam::123456789012:user/Ann"),
        ("/userIdentity/accountId", "123456789012"),
        ("/userIdentity/accessKeyId", ann.id.as_str()),
        ("/userIdentity/userName", "Ann"),
        ("/eventSource", "s3.amazonaws.com"),
        ("/eventName", "GetObject"),
        ("/awsRegion", "us-east-1"),
        ("/sourceIPAddress", "127.0.0.1"),
        ("/userAgent", "[a client/1.0]"),
        ("/requestParameters/bucketName", "photos"),
        ("/requestParameters/key", "a b"),
        ("/requestParameters/versionId", "v1"),
        ("/additionalEventData/SignatureVersion", "SigV4"),
        ("/additionalEventData/AuthenticationMethod", "QueryString"),
        ("/additionalEventData/bytesTransferredOut", "5"),
        ("/additionalEventData/x-amz-id-2", response.header("x-amz-id-2").unwrap()),
        ("/readOnly", "true"),
        ("/resources/0/ARN", "arn:aws:s3:::photos/a b"),
        ("/resources/1/ARN", "arn:aws:s3:::photos"),
        ("/managementEvent", "false"),
        ("/recipientAccountId", "123456789012"),
        ("/eventCategory", "Data"),
    ];
    for (pointer, expected) in cases {
        let found = record.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {record}"));
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        assert_eq!(text, expected, "{pointer}");
    }
    let text = record.to_string();
    assert!(!text.contains("X-Amz-Signature") && !text.contains("secret"), "{text}");
    until("the request is counted", || {
        let shown = gateway.admin("/metrics").text();
        shown.lines().any(|line| {
            line.starts_with("countersign_requests_total{service=\"s3\",outcome=\"success\"}") && !line.ends_with(" 0")
        })
    });
}

#[test]
fn the_address_of_a_client_is_believed_of_a_configured_proxy_only() {
    const FROM_OFFICE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}"#;
    let upstream = Upstream::start();
    for (proxies, sent, source, status) in [
        ("[]", "192.0.2.7", "127.0.0.1", 403),
        ("[\"127.0.0.0/8\"]", "192.0.2.7", "192.0.2.7", 200),
        ("[\"127.0.0.0/8\"]", "192.0.2.7, 198.51.100.9", "198.51.100.9", 403),
    ] {
        let setup = Setup { keys: &[("TRUSTED_PROXIES", proxies)], ..Setup::default() };
        let gateway = Gateway::start_with(&upstream, &setup);
        let ann = gateway.user("Ann", Some(FROM_OFFICE));
        let request = Request::new("GET", "/photos/a").header("x-forwarded-for", sent);
        let response = gateway.send(&Signer::s3(&ann), request);
        assert_eq!(response.status, status, "{proxies} {sent}: {}", response.text());
        assert_eq!(gateway.record(&response)["sourceIPAddress"], source);
    }
}
