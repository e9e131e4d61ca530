//! From a request head to the needs that are decided on, and to the upstream request.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use countersign::{
    base::{Head, Operation as _, Timestamp},
    mapping::{
        execute_api,
        s3::{Addressing, Style, recognise},
    },
};
use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

fn main() {
    divan::main();
}

/// What SDKs send with every request.
const COMMON: &[(&str, &str)] = &[
    ("host", "photos.s3.example.com"),
    ("user-agent", "aws-sdk-rust/1.3.3 os/linux lang/rust/1.95"),
    ("accept-encoding", "identity"),
    ("amz-sdk-request", "attempt=1; max=3"),
    ("amz-sdk-invocation-id", "00000000-0000-0000-0000-000000000000"),
    ("x-amz-date", "20260101T000000Z"),
    ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    ("authorization", "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..."),
];

/// Name, method, path, query, headers.
type Case = (&'static str, Method, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    ("get", Method::GET, "/photos/2026/summer/beach.jpg", "", &[]),
    ("get escaped", Method::GET, "/photos/2026/summer%20holiday/%C3%A9t%C3%A9.jpg", "versionId=v1", &[]),
    ("list", Method::GET, "/photos", "list-type=2&prefix=2026%2F&delimiter=%2F&max-keys=1000", &[]),
    (
        "put",
        Method::PUT,
        "/photos/2026/beach.jpg",
        "x-id=PutObject",
        &[("content-type", "image/jpeg"), ("x-amz-checksum-crc32", "AAAAAA==")],
    ),
    (
        "copy",
        Method::PUT,
        "/photos/2026/beach.jpg",
        "",
        &[("x-amz-copy-source", "/other/a%20b.jpg"), ("x-amz-acl", "private")],
    ),
    ("part", Method::PUT, "/photos/big.bin", "partNumber=7&uploadId=2~abcdefghijklmnopqrstuvwxyz", &[]),
];

fn headers(more: &[(&str, &str)]) -> HeaderMap {
    let all = COMMON.iter().chain(more);
    all.map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

#[divan::bench(args = CASES.iter().map(|case| case.0))]
fn recognise_and_needs(bencher: Bencher, name: &str) {
    let (_, method, path, query, more) = CASES.iter().find(|case| case.0 == name).unwrap();
    let (headers, addressing) = (headers(more), Addressing::default());
    let head = Head { method, host: "s3.example.com", path, query, headers: &headers };
    bencher.bench_local(|| {
        let call = recognise(black_box(&head), &addressing, Timestamp::UNIX_EPOCH).unwrap();
        black_box(call.needs().len());
        call
    });
}

#[divan::bench(args = CASES.iter().map(|case| case.0))]
fn upstream(bencher: Bencher, name: &str) {
    let (_, method, path, query, more) = CASES.iter().find(|case| case.0 == name).unwrap();
    let headers = headers(more);
    let head = Head { method, host: "s3.example.com", path, query, headers: &headers };
    let call = recognise(&head, &Addressing::default(), Timestamp::UNIX_EPOCH).unwrap();
    bencher.bench_local(|| black_box(&call).upstream(Style::Path));
}

#[divan::bench]
fn execute_api(bencher: Bencher) {
    let api = execute_api::Api {
        id: "orders".into(),
        stage: "prod".into(),
        region: "eu-west-1".into(),
        account: "123456789012".parse().unwrap(),
        host: None,
        base_path: "/prod".into(),
    };
    let headers = headers(&[]);
    let head = Head {
        method: &Method::GET,
        host: "api.internal",
        path: "/prod/orders/17",
        query: "expand=lines",
        headers: &headers,
    };
    bencher.bench_local(|| execute_api::recognise(black_box(&head), &api).map(|call| call.upstream()).unwrap());
}
