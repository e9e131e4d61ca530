//! Heads that can be read two ways, or not at all: each is refused, recorded once, and heard of by no upstream.

use super::{
    client::{Request, send},
    gateway::{ALLOW_ALL, Gateway},
    signer::Signer,
    upstream::Upstream,
};

/// Name, the bytes (`^` stands for the host, a line feed for a line end), status, code.
const CASES: &[(&str, &str, u16, &str)] = &[
    // What hyper cannot read is answered by it, without a body and without an id.
    ("no request line", "nonsense\n\n", 400, ""),
    ("no version", "GET /photos/a\nhost: ^\n\n", 400, ""),
    ("another version", "GET /photos/a HTTP/3.0\nhost: ^\n\n", 400, ""),
    ("a folded line", "GET /photos/a HTTP/1.1\nhost: ^\nx-amz-acl: a\n b\n\n", 400, ""),
    ("a space before the colon", "GET /photos/a HTTP/1.1\nhost : H\n\n", 400, ""),
    ("a space in a name", "GET /photos/a HTTP/1.1\nhost: ^\nx amz: a\n\n", 400, ""),
    ("no colon", "GET /photos/a HTTP/1.1\nhost: ^\nx-amz-acl\n\n", 400, ""),
    ("nul in a value", "GET /photos/a HTTP/1.1\nhost: ^\na: \0\n\n", 400, ""),
    ("nul in the path", "GET /photos/\0 HTTP/1.1\nhost: ^\n\n", 400, ""),
    ("latin-1 in the path", "GET /photos/\u{e9} HTTP/1.1\nhost: ^\n\n", 400, ""),
    ("a space in the path", "GET /photos/a b HTTP/1.1\nhost: ^\n\n", 400, ""),
    ("another coding", "PUT /photos/a HTTP/1.1\nhost: ^\ntransfer-encoding: gzip\n\n", 400, ""),
    ("a coding after chunked", "PUT /photos/a HTTP/1.1\nhost: ^\ntransfer-encoding: chunked, gzip\n\n", 400, ""),
    ("two lengths", "PUT /photos/a HTTP/1.1\nhost: ^\ncontent-length: 1\ncontent-length: 2\n\nab", 400, ""),
    ("a signed length", "PUT /photos/a HTTP/1.1\nhost: ^\ncontent-length: +1\n\na", 400, ""),
    ("a negative length", "PUT /photos/a HTTP/1.1\nhost: ^\ncontent-length: -1\n\n", 400, ""),
    ("no chunk size", "PUT /photos/a HTTP/1.1\nhost: ^\ntransfer-encoding: chunked\n\nzz\n\n", 403, "AccessDenied"),
    // What hyper reads in one way and others may read in another.
    ("no host", "GET /photos/a HTTP/1.1\n\n", 400, "InvalidRequest"),
    ("no host in an old version", "GET /photos/a HTTP/1.0\n\n", 400, "InvalidRequest"),
    ("two hosts", "GET /photos/a HTTP/1.1\nhost: ^\nhost: ^\n\n", 400, "InvalidRequest"),
    ("a list of hosts", "GET /photos/a HTTP/1.1\nhost: ^, other\n\n", 400, "InvalidRequest"),
    ("a user in the host", "GET /photos/a HTTP/1.1\nhost: a@^\n\n", 400, "InvalidRequest"),
    ("an empty host", "GET /photos/a HTTP/1.1\nhost:\n\n", 400, "InvalidRequest"),
    ("another authority", "GET http://other/photos/a HTTP/1.1\nhost: ^\n\n", 400, "InvalidRequest"),
    ("an authority alone", "GET ^ HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("a tunnel", "CONNECT ^ HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("an asterisk", "OPTIONS * HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("an underscore", "GET /photos/a HTTP/1.1\nhost: ^\nx_amz_acl: a\n\n", 400, "InvalidRequest"),
    ("latin-1 in a value", "GET /photos/a HTTP/1.1\nhost: ^\na: \u{e9}\n\n", 400, "InvalidRequest"),
    // What no other object may be taken for.
    ("utf-8 in the path", "GET /photos/\u{c3}\u{a9} HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("a dot segment", "GET /photos/../other/a HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("an escaped dot segment", "GET /photos/%2e%2e/other/a HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("an escaped nul", "GET /photos/a%00 HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("half an escape", "GET /photos/a%4 HTTP/1.1\nhost: ^\n\n", 400, "InvalidURI"),
    ("no bucket", "GET //a HTTP/1.1\nhost: ^\n\n", 400, "InvalidBucketName"),
    ("a parameter twice", "GET /photos/a?versionId=a&versionId=b HTTP/1.1\nhost: ^\n\n", 400, "InvalidArgument"),
    ("two sub-resources", "GET /photos/a?acl&tagging HTTP/1.1\nhost: ^\n\n", 400, "InvalidArgument"),
    ("an unknown parameter", "GET /photos/a?unknown HTTP/1.1\nhost: ^\n\n", 501, "NotImplemented"),
    ("a method in lower case", "get /photos/a HTTP/1.1\nhost: ^\n\n", 405, "MethodNotAllowed"),
    ("an unknown method", "PATCH /photos/a HTTP/1.1\nhost: ^\n\n", 405, "MethodNotAllowed"),
    ("a preflight", "OPTIONS /photos/a HTTP/1.1\nhost: ^\norigin: o\n\n", 403, "AccessForbidden"),
    ("a body where none may be", "GET /photos/a HTTP/1.1\nhost: ^\ncontent-length: 1\n\na", 400, "InvalidRequest"),
    // Signatures that are none.
    ("version 2", "GET /photos/a HTTP/1.1\nhost: ^\nauthorization: AWS A:b\n\n", 400, "InvalidRequest"),
    ("another scheme", "GET /photos/a HTTP/1.1\nhost: ^\nauthorization: Bearer b\n\n", 400, "InvalidArgument"),
    (
        "no credential",
        "GET /photos/a HTTP/1.1\nhost: ^\nauthorization: AWS4-HMAC-SHA256 Signature=a\n\n",
        400,
        "AuthorizationHeaderMalformed",
    ),
    (
        "a presigned url without its date",
        "GET /photos/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=a HTTP/1.1\nhost: ^\n\n",
        400,
        "AuthorizationQueryParametersError",
    ),
    (
        "two mechanisms",
        "GET /photos/a?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1\nhost: ^\nauthorization: AWS4-HMAC-SHA256 a=b\n\n",
        400,
        "InvalidArgument",
    ),
    // Nothing is wrong with these heads.
    ("absolute form", "GET http://^/photos/a HTTP/1.1\nhost: ^\n\n", 403, "AccessDenied"),
    (
        "one length twice",
        "PUT /photos/a HTTP/1.1\nhost: ^\ncontent-length: 1\ncontent-length: 1\n\na",
        403,
        "AccessDenied",
    ),
    ("an empty line before", "\nGET /photos/a HTTP/1.1\nhost: ^\n\n", 403, "AccessDenied"),
];

#[test]
fn a_head_that_is_not_sound_is_refused_and_recorded_once() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    for (name, text, status, code) in CASES {
        let text = text.replace('\n', "\r\n").replace('^', &gateway.address.to_string());
        // Characters up to 255 are written as one byte.
        let bytes: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
        check(&gateway, name, &bytes, *status, code);
    }
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn a_head_that_is_too_large_is_refused_and_recorded_once() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let host = gateway.address;
    let many: String = (0..200).map(|at| format!("a{at}: b\r\n")).collect();
    let cases = [
        ("a long header", format!("GET /photos/a HTTP/1.1\r\nhost: {host}\r\na: {}\r\n\r\n", "b".repeat(70_000)), 431),
        ("a long target", format!("GET /photos/{} HTTP/1.1\r\nhost: {host}\r\n\r\n", "b".repeat(70_000)), 431),
        ("a head without end", format!("GET /photos/a HTTP/1.1\r\nhost: {host}\r\na: {}", "b".repeat(140_000)), 431),
        ("many headers", format!("GET /photos/a HTTP/1.1\r\nhost: {host}\r\n{many}\r\n"), 431),
    ];
    for (name, text, status) in cases {
        check(&gateway, name, text.as_bytes(), status, "");
    }
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn what_follows_a_length_and_chunks_is_no_request() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let hidden = gateway.signed(&Signer::s3(&ann), Request::new("DELETE", "/photos/a")).head();
    for framing in
        ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        let mut wire = gateway.wire();
        wire.write(
            format!("PUT /photos/a HTTP/1.1\r\nhost: {}\r\n{framing}\r\n\r\n0\r\n\r\n", gateway.address).as_bytes(),
        );
        wire.write(&hidden);
        assert_eq!(wire.response("PUT").status, 403);
        assert_eq!(wire.read_to_end().unwrap(), b"", "{framing}");
    }
    assert_eq!(gateway.end().len(), 2);
    assert_eq!(upstream.traffic(), (0, 0));
}

fn check(gateway: &Gateway, name: &str, bytes: &[u8], status: u16, code: &str) {
    let before = gateway.records().len();
    let mut wire = gateway.wire();
    wire.write(bytes);
    let response = wire.response(if name == "a tunnel" { "HEAD" } else { "GET" });
    assert_eq!(response.status, status, "{name}: {}", response.text());
    drop(wire);
    super::gateway::until(&format!("it is recorded: {name}"), || gateway.records().len() > before);
    let records = gateway.records();
    assert_eq!(records.len(), before + 1, "{name}");
    let record = &records[before];
    if response.header("x-amz-request-id").is_some() {
        assert_eq!(record["requestID"], response.id(), "{name}");
        assert_eq!(record["errorCode"], code, "{name}");
        if !response.body.is_empty() {
            assert_eq!(response.element("Code"), code, "{name}: {}", response.text());
        }
    } else {
        assert_eq!(code, "", "{name}: {response:?}");
        assert_eq!(record["eventName"], "Unknown", "{name}");
        assert!(record["errorCode"].is_string(), "{name}");
    }
}

#[test]
fn one_signature_is_enough_and_two_are_too_many() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let signed = |signer: Signer| gateway.signed(&signer, Request::new("GET", "/photos/a"));
    let twice = |mut request: Request| {
        let authorization = request.value("authorization").unwrap().to_owned();
        request.headers.push(("authorization".into(), authorization));
        request
    };
    let header = |mut request: Request, name: &str, value: &str| {
        request.headers.push((name.into(), value.into()));
        request
    };
    let query = |mut request: Request, more: &str| {
        request.target += more;
        request
    };
    let plain = || signed(Signer::s3(&ann));
    let presigned = || signed(Signer::s3(&ann).presigned(60));
    let cases = [
        ("two headers", twice(plain()), 400, "AuthorizationHeaderMalformed"),
        ("an unsigned acl", header(plain(), "x-amz-acl", "public-read"), 403, "AccessDenied"),
        ("an unsigned copy source", header(plain(), "x-amz-copy-source", "photos/b"), 403, "AccessDenied"),
        ("an unsigned token", header(plain(), "x-amz-security-token", "a"), 400, "InvalidToken"),
        ("an unsigned parameter", query(plain(), "?versionId=a"), 403, "SignatureDoesNotMatch"),
        ("an unsigned parameter of a presigned url", query(presigned(), "&versionId=a"), 403, "SignatureDoesNotMatch"),
        ("an unsigned acl of a presigned url", header(presigned(), "x-amz-acl", "public-read"), 403, "AccessDenied"),
        ("another method", Request { method: "DELETE".into(), ..presigned() }, 403, "SignatureDoesNotMatch"),
        (
            "another host",
            Request { headers: vec![("host".into(), "other".into())], ..presigned() },
            403,
            "SignatureDoesNotMatch",
        ),
        ("the header as well", header(presigned(), "authorization", "AWS4-HMAC-SHA256 a=b"), 400, "InvalidArgument"),
    ];
    for (name, request, status, code) in cases {
        let response = send(gateway.address, &request);
        assert_eq!(response.refusal(), (status, code.to_owned()), "{name}: {}", response.text());
        assert_eq!(gateway.record(&response)["errorCode"], code, "{name}");
    }
    assert_eq!(upstream.traffic(), (0, 0));
    for request in [plain(), presigned()] {
        assert_eq!(send(gateway.address, &request).status, 200);
    }
}
