//! Uploads whose body has to be proven: what holds arrives without its framing, what does not never completes upstream.

use data_encoding::BASE64;

use super::{
    chunked::{Flaw, Framing, crc32, sha256, upload},
    client::{Request, send},
    gateway::{ALLOW_ALL, Gateway, until},
    signer::{Signer, proves},
    upstream::{Upstream, pattern},
};

/// Read whole before the upstream is called, and proven as they pass.
const SIZES: [usize; 2] = [20_000, 1_000_000];

#[test]
fn framing_is_taken_off_and_the_content_arrives() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    for size in [0, 1, SIZES[0], 65_536, 65_537, SIZES[1]] {
        for framing in [Framing::Signed, Framing::SignedTrailer, Framing::UnsignedTrailer] {
            let content = pattern(1, size);
            let request = upload(&gateway, &Signer::s3(&ann), &content, framing, Flaw::None);
            let response = send(gateway.address, &request);
            assert_eq!(response.status, 200, "{framing:?} {size}: {}", response.text());
            let [seen] = &upstream.take()[..] else { panic!("one request") };
            assert!(seen.complete && seen.body == content, "{framing:?} {size}");
            assert_eq!(seen.header("content-length"), Some(size.to_string().as_str()));
            assert_eq!(seen.header("content-encoding"), Some("gzip"));
            for gone in ["x-amz-decoded-content-length", "x-amz-trailer", "transfer-encoding", "trailer"] {
                assert_eq!(seen.header(gone), None, "{gone}");
            }
            assert!(proves(&seen.into(), &Gateway::upstream_key(), "eu-test-1"));
            let record = gateway.record(&response);
            assert_eq!(record["additionalEventData"]["bytesTransferredIn"], request.body.len());
        }
    }
}

#[test]
fn a_proven_checksum_goes_with_its_object_where_it_is_known_in_time() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let content = pattern(1, SIZES[0]);
    for framing in [Framing::SignedTrailer, Framing::UnsignedTrailer] {
        let response = send(gateway.address, &upload(&gateway, &Signer::s3(&ann), &content, framing, Flaw::None));
        assert_eq!(response.status, 200);
        assert_eq!(upstream.take()[0].header("x-amz-checksum-crc32"), Some(crc32(&content).as_str()));
    }
}

#[test]
fn a_framed_body_that_does_not_hold_never_completes() {
    use Framing::{Signed, SignedTrailer, UnsignedTrailer};
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let cases = [
        (Signed, Flaw::FirstChunk, 403, "SignatureDoesNotMatch"),
        (Signed, Flaw::LastChunk, 403, "SignatureDoesNotMatch"),
        (Signed, Flaw::Short, 400, "IncompleteBody"),
        (Signed, Flaw::Long, 400, "IncompleteBody"),
        (SignedTrailer, Flaw::LastChunk, 403, "SignatureDoesNotMatch"),
        (SignedTrailer, Flaw::Checksum, 400, "BadDigest"),
        (SignedTrailer, Flaw::TrailerSignature, 403, "SignatureDoesNotMatch"),
        (SignedTrailer, Flaw::NoTrailer, 403, "SignatureDoesNotMatch"),
        (UnsignedTrailer, Flaw::FirstChunk, 400, "BadDigest"),
        (UnsignedTrailer, Flaw::LastChunk, 400, "BadDigest"),
        (UnsignedTrailer, Flaw::Checksum, 400, "BadDigest"),
        (UnsignedTrailer, Flaw::NoTrailer, 400, "MalformedTrailerError"),
        (UnsignedTrailer, Flaw::Short, 400, "IncompleteBody"),
        (UnsignedTrailer, Flaw::Long, 400, "IncompleteBody"),
    ];
    for size in SIZES {
        for (framing, flaw, status, code) in cases {
            let request = upload(&gateway, &Signer::s3(&ann), &pattern(1, size), framing, flaw);
            check_refused(&gateway, &upstream, &request, (status, code), &format!("{framing:?} {flaw:?} {size}"));
        }
    }
}

#[test]
fn a_plain_body_that_does_not_hold_never_completes() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let other_hash: &'static str = sha256(b"other").leak();
    let other_md5 = BASE64.encode(&[7; 16]);
    for size in SIZES {
        let request = || Request::new("PUT", "/photos/a").body(pattern(1, size));
        let unsigned = Signer::s3(&ann).payload("UNSIGNED-PAYLOAD");
        let cases = [
            ("hash", Signer::s3(&ann).payload(other_hash), request(), 400, "XAmzContentSHA256Mismatch"),
            ("md5", unsigned.clone(), request().header("content-md5", &other_md5), 400, "BadDigest"),
            ("no md5", unsigned.clone(), request().header("content-md5", "eA=="), 400, "InvalidDigest"),
            ("checksum", unsigned, request().header("x-amz-checksum-crc32", crc32(b"other")), 400, "BadDigest"),
        ];
        for (name, signer, request, status, code) in cases {
            let request = gateway.signed(&signer, request);
            check_refused(&gateway, &upstream, &request, (status, code), &format!("{name} {size}"));
        }
    }
}

fn check_refused(gateway: &Gateway, upstream: &Upstream, request: &Request, refusal: (u16, &str), what: &str) {
    let response = send(gateway.address, request);
    assert_eq!(response.refusal(), (refusal.0, refusal.1.to_owned()), "{what}: {}", response.text());
    assert_eq!(gateway.record(&response)["errorCode"], refusal.1, "{what}");
    until("the upstream has seen the end", || upstream.requests().iter().all(|seen| seen.aborted));
    for seen in upstream.take() {
        let promised: u64 = seen.header("content-length").unwrap().parse().unwrap();
        assert!(!seen.complete && seen.body_bytes < promised, "{what}");
    }
}

#[test]
fn an_upload_of_unknown_length_is_refused() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let request = Request::new("PUT", "/photos/a");
    let mut request = gateway.signed(&Signer::s3(&ann).payload("UNSIGNED-PAYLOAD"), request);
    request.headers.push(("transfer-encoding".into(), "chunked".into()));
    request.body = b"5\r\nhello\r\n0\r\n\r\n".to_vec();
    assert_eq!(send(gateway.address, &request).refusal(), (411, "MissingContentLength".into()));
    assert_eq!(upstream.traffic(), (0, 0));

    // Framing of HTTP around that of AWS: the length is told inside.
    let content = pattern(1, SIZES[1]);
    let mut request = upload(&gateway, &Signer::s3(&ann), &content, Framing::UnsignedTrailer, Flaw::None);
    request.headers.push(("transfer-encoding".into(), "chunked".into()));
    let mut body = format!("{:x}\r\n", request.body.len()).into_bytes();
    body.append(&mut request.body);
    body.extend_from_slice(b"\r\n0\r\n\r\n");
    request.body = body;
    assert_eq!(send(gateway.address, &request).status, 200);
    assert!(upstream.take()[0].body == content);
}
