//! Signatures: a request's head from its claims to the proof, keys, and bodies in signed chunks.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods)]

use bytes::Bytes;
use countersign::{
    base::{Head, SecretKey, Timestamp, time},
    gateway::keys::DerivedKeys,
    sigv4::{
        Evidence, Expectations, Form, ProvingKey, Scope, Signer, SigningKey, VerifyingKey,
        canonical::{PathRule, canonical_request, string_to_sign},
        check_scope,
        payload::{Announced, ChunkKey, ChunkSeed, EMPTY_HASH, PayloadRule, PayloadVerifier, Streaming},
        read, sign, verify,
    },
};
use data_encoding::HEXLOWER;
use divan::{Bencher, black_box, counter::BytesCount};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

fn main() {
    divan::main();
}

const DATE: &str = "20260101T000000Z";
const DAY: &str = "20260101";
const HOST: &str = "photos.s3.example.com";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn now() -> Timestamp {
    time::parse_amz_date(DATE).unwrap()
}

fn secret() -> SecretKey {
    SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into())
}

fn key() -> SigningKey {
    SigningKey::derive(&secret(), DAY, "us-east-1", "s3")
}

/// Headers that SDKs send and do not sign.
const COMMON: &[(&str, &str)] = &[
    ("user-agent", "aws-sdk-rust/1.3.3 os/linux lang/rust/1.95"),
    ("accept-encoding", "identity"),
    ("amz-sdk-request", "attempt=1; max=3"),
    ("amz-sdk-invocation-id", "00000000-0000-0000-0000-000000000000"),
];

/// Name, path, query, further headers.
type Case = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    ("get", "/2026/summer/beach.jpg", "", &[]),
    ("get escaped", "/2026/summer%20holiday/%C3%A9t%C3%A9.jpg", "versionId=v1", &[]),
    ("list", "/", "list-type=2&prefix=2026%2F&delimiter=%2F&max-keys=1000", &[]),
    (
        "put",
        "/2026/beach.jpg",
        "x-id=PutObject",
        &[("content-type", "image/jpeg"), ("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-meta-camera", "a  camera")],
    ),
];

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.0 == name).unwrap()
}

/// The headers of a case, signed as SDKs sign.
fn signed_headers((_, path, query, more): &Case) -> HeaderMap {
    let all = COMMON.iter().chain(*more);
    let mut headers: HeaderMap = all
        .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let target = sign::Target { method: &Method::GET, host: HOST, path, query };
    let signer = Signer { access_key_id: ACCESS_KEY, region: "us-east-1", service: "s3", key: &key() };
    signer.sign(target, &mut headers, "UNSIGNED-PAYLOAD", now()).unwrap();
    headers
}

/// The query of a presigned `GetObject`.
fn presigned(path: &str) -> String {
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY}%2F{DAY}%2Fus-east-1%2Fs3%2Faws4_request&\
         X-Amz-Date={DATE}&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
    );
    let none = HeaderMap::new();
    let head = Head { method: &Method::GET, host: HOST, path, query: &query, headers: &none };
    let canonical = canonical_request(&head, PathRule::S3, "host", "UNSIGNED-PAYLOAD").unwrap();
    let scope = format!("{DAY}/us-east-1/s3/aws4_request");
    let to_sign = string_to_sign("AWS4-HMAC-SHA256", DATE, &scope, &canonical);
    format!("{query}&X-Amz-Signature={}", HEXLOWER.encode(key().sign(&to_sign).as_ref()))
}

/// What the road does with a head, the look-up of the access key left out.
fn prove(head: &Head<'_>, regions: &[Box<str>], keys: &DerivedKeys, secret: &SecretKey) {
    let Ok(Evidence::Signed(signed)) = read(head) else { panic!("no signature") };
    let expectations = Expectations { now: now(), regions };
    let scope = check_scope(&signed, &expectations).unwrap();
    let rule = PayloadRule::of(head, scope.service, signed.form).unwrap();
    let key = keys.signing_key(1, secret, &scope);
    verify(&signed, head, rule.line().unwrap(), &expectations, &ProvingKey::Hmac(&key)).unwrap();
}

#[divan::bench(args = CASES.iter().map(|case| case.0))]
fn header(bencher: Bencher<'_, '_>, name: &str) {
    let case = case(name);
    let headers = signed_headers(case);
    let head = Head { method: &Method::GET, host: HOST, path: case.1, query: case.2, headers: &headers };
    let (regions, keys, secret) = (["us-east-1".into()], DerivedKeys::default(), secret());
    bencher.bench_local(|| prove(black_box(&head), &regions, &keys, &secret));
}

#[divan::bench]
fn presigned_get(bencher: Bencher<'_, '_>) {
    let path = "/2026/summer/beach.jpg";
    let (query, none) = (presigned(path), HeaderMap::new());
    let head = Head { method: &Method::GET, host: HOST, path, query: &query, headers: &none };
    let (regions, keys, secret) = (["us-east-1".into()], DerivedKeys::default(), secret());
    bencher.bench_local(|| prove(black_box(&head), &regions, &keys, &secret));
}

/// The parts of a simple `GetObject`.
#[divan::bench(args = ["claims", "canonical request", "hash", "hmac"])]
fn parts(bencher: Bencher<'_, '_>, part: &str) {
    let case = case("get");
    let headers = signed_headers(case);
    let head = Head { method: &Method::GET, host: HOST, path: case.1, query: case.2, headers: &headers };
    let names = "host;x-amz-content-sha256;x-amz-date";
    let canonical = |head| canonical_request(head, PathRule::S3, names, "UNSIGNED-PAYLOAD").unwrap();
    let (text, key) = (canonical(&head), key());
    let hash = |text: &[u8]| string_to_sign("AWS4-HMAC-SHA256", DATE, "20260101/us-east-1/s3/aws4_request", text);
    let to_sign = hash(&text);
    match part {
        "claims" => bencher.bench_local(|| read(black_box(&head)).is_ok()),
        "canonical request" => bencher.bench_local(|| canonical(black_box(&head))),
        "hash" => bencher.bench_local(|| hash(black_box(&text))),
        _ => bencher.bench_local(|| key.verify(black_box(&to_sign), "")),
    }
}

#[divan::bench]
fn derive_signing_key(bencher: Bencher<'_, '_>) {
    let secret = secret();
    bencher.bench_local(|| SigningKey::derive(black_box(&secret), DAY, "us-east-1", "s3"));
}

#[divan::bench]
fn find_signing_key(bencher: Bencher<'_, '_>) {
    let (keys, secret) = (DerivedKeys::default(), secret());
    let scope =
        Scope { access_key_id: ACCESS_KEY, date: DAY, region: "us-east-1", service: "s3", terminator: "aws4_request" };
    bencher.bench_local(|| keys.signing_key(1, &secret, black_box(&scope)));
}

#[divan::bench]
fn derive_verifying_key(bencher: Bencher<'_, '_>) {
    let secret = secret();
    bencher.bench_local(|| VerifyingKey::derive(ACCESS_KEY, black_box(&secret)));
}

/// One MiB in signed chunks of 64 KiB, as it comes from the network.
fn chunked() -> (HeaderMap, Bytes) {
    let data = vec![7; 64 << 10];
    let hash = HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &data).as_ref());
    let (key, mut previous, mut body) = (key(), "seed".to_owned(), Vec::new());
    for (data, hash) in std::iter::repeat_n((data.as_slice(), hash.as_str()), 16).chain([(&[][..], EMPTY_HASH)]) {
        let scope = format!("{DAY}/us-east-1/s3/aws4_request");
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{DATE}\n{scope}\n{previous}\n{EMPTY_HASH}\n{hash}");
        previous = HEXLOWER.encode(key.sign(text.as_bytes()).as_ref());
        body.extend_from_slice(format!("{:x};chunk-signature={previous}\r\n", data.len()).as_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(b"\r\n");
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-decoded-content-length", HeaderValue::from(1 << 20));
    (headers, body.into())
}

/// In pieces of this many bytes.
#[divan::bench(args = [8 << 10, 64 << 10, 256 << 10])]
fn signed_chunks(bencher: Bencher<'_, '_>, piece: usize) {
    let (headers, body) = chunked();
    let announced = Announced { headers: &headers, content_length: None, checksums_are_of_body: true };
    let seed = ChunkSeed {
        key: ChunkKey::Hmac(key().into()),
        date: DATE.into(),
        scope: format!("{DAY}/us-east-1/s3/aws4_request").into(),
        signature: "seed".into(),
    };
    bencher.counter(BytesCount::new(1_usize << 20)).bench_local(|| {
        let rule = PayloadRule::Streaming(Streaming::Signed);
        let mut verifier = PayloadVerifier::new(&rule, announced, Some(seed.clone())).unwrap();
        let mut rest = body.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(piece.min(rest.len()));
            verifier.push(piece, &mut |data| drop(black_box(data))).unwrap();
        }
        verifier.finish().unwrap()
    });
}

/// One MiB against its hash, and with a checksum in a header.
#[divan::bench(args = ["sha256", "crc32", "crc64nvme", "md5"])]
fn whole_body(bencher: Bencher<'_, '_>, proof: &str) {
    let body = Bytes::from(vec![7; 1 << 20]);
    let hash = HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body).as_ref());
    let mut headers = HeaderMap::new();
    let rule = match proof {
        "sha256" => {
            headers.insert("x-amz-content-sha256", hash.parse().unwrap());
            let head = Head { method: &Method::PUT, host: HOST, path: "/", query: "", headers: &headers };
            PayloadRule::of(&head, "s3", Form::Header).unwrap()
        }
        "crc32" => {
            headers.insert("x-amz-checksum-crc32", "AAAAAA==".parse().unwrap());
            PayloadRule::Unsigned
        }
        "crc64nvme" => {
            headers.insert("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=".parse().unwrap());
            PayloadRule::Unsigned
        }
        _ => {
            headers.insert("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==".parse().unwrap());
            PayloadRule::Unsigned
        }
    };
    let announced = Announced { headers: &headers, content_length: Some(1 << 20), checksums_are_of_body: true };
    bencher.counter(BytesCount::new(1_usize << 20)).bench_local(|| {
        let mut verifier = PayloadVerifier::new(&rule, announced, None).unwrap();
        verifier.push(body.clone(), &mut |data| drop(black_box(data))).unwrap();
        // The checksums are wrong, which costs as much as if they were right.
        verifier.finish().is_ok()
    });
}
