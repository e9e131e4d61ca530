//! The examples of the S3 API reference's chapters on signatures (`data/sigv4-vectors.json`): canonical requests, strings to
//! sign and signatures of headers, presigned URLs, chunks, trailers and forms.

use bytes::Bytes;
use countersign::sigv4::{
    SigningKey,
    canonical::{PathRule, canonical_request, string_to_sign},
    payload::{
        Announced, ChunkKey, ChunkSeed, PayloadRule, PayloadVerifier,
        Streaming::{Signed, SignedTrailer},
    },
};
use data_encoding::HEXLOWER;
use serde_json::Value;

use super::request::{Request, Verifier, at, secret};

struct Vectors(Value);

impl Vectors {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../data/sigv4-vectors.json")).unwrap())
    }

    fn text<'a>(value: &'a Value, name: &str) -> &'a str {
        value[name].as_str().unwrap_or_else(|| panic!("no text `{name}`"))
    }

    fn meta(&self, name: &str) -> &str {
        Self::text(&self.0["_meta"], name)
    }

    fn key(&self) -> SigningKey {
        SigningKey::derive(&secret(self.meta("secret_key")), "20130524", "us-east-1", "s3")
    }

    fn sign(&self, text: &str) -> String {
        HEXLOWER.encode(self.key().sign(text.as_bytes()).as_ref())
    }
}

/// The request of a canonical request. Its path and query are canonical, which is one way to send them.
fn request_of(canonical: &str) -> (Request, String, String) {
    let mut lines = canonical.lines();
    let mut next = || lines.next().unwrap();
    let (method, path, query) = (next(), next(), next());
    let mut request = Request::new(method, "", path);
    request.query = query.to_owned();
    let headers: Vec<&str> = std::iter::from_fn(|| Some(next()).filter(|line| !line.is_empty())).collect();
    for header in headers {
        let (name, value) = header.split_once(':').unwrap();
        match name {
            "host" => request.host = value.to_owned(),
            name => request.add(name, value),
        }
    }
    (request, next().to_owned(), next().to_owned())
}

const REQUESTS: [&str; 7] = [
    "get_object_range",
    "put_object",
    "get_lifecycle",
    "list_objects",
    "presigned_get",
    "chunked_seed",
    "trailer_seed",
];

#[test]
fn the_signing_key_is_that_of_the_vectors() {
    let vectors = Vectors::read();
    let key = HEXLOWER.decode(vectors.meta("signing_key_hex").as_bytes()).unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    let theirs = HEXLOWER.encode(aws_lc_rs::hmac::sign(&key, b"text").as_ref());
    assert_eq!(vectors.sign("text"), theirs);
}

#[test]
fn every_vector_is_reached() {
    let vectors = Vectors::read();
    let mut names: Vec<&str> = vectors.0.as_object().unwrap().keys().map(String::as_str).collect();
    names.retain(|name| !REQUESTS.contains(name));
    names.sort_unstable();
    assert_eq!(names, ["_meta", "chunked_chunks", "post_policy", "trailer", "trailer_chunks"]);
}

#[test]
fn requests_are_canonical_and_proven() {
    let vectors = Vectors::read();
    for name in REQUESTS {
        let vector = &vectors.0[name];
        let (mut request, names, payload) = request_of(Vectors::text(vector, "canonical_request"));
        let canonical = canonical_request(&request.head(), PathRule::S3, &names, &payload).unwrap();
        assert_eq!(str::from_utf8(&canonical).unwrap(), Vectors::text(vector, "canonical_request"), "{name}");
        let (date, scope) = (vectors.meta("timestamp"), vectors.meta("scope"));
        let to_sign = string_to_sign("AWS4-HMAC-SHA256", date, scope, &canonical);
        assert_eq!(str::from_utf8(&to_sign).unwrap(), Vectors::text(vector, "string_to_sign"), "{name}");
        let signature = Vectors::text(vector, "signature");
        assert!(vectors.key().verify(&to_sign, signature), "{name}");
        match name {
            "presigned_get" => request.push_query(&format!("X-Amz-Signature={signature}")),
            _ => request.set(
                "authorization",
                &format!(
                    "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
                    vectors.meta("access_key")
                ),
            ),
        }
        // The body of the one request that tells a hash.
        if name == "put_object" {
            request.body = "Welcome to Amazon S3.".into();
        }
        let verifier = Verifier::new(vectors.meta("access_key"), vectors.meta("secret_key"), at(date));
        assert_eq!(verifier.judge(&request), Ok(()), "{name}");
    }
}

#[test]
fn chunks_and_trailers_are_proven() {
    let vectors = Vectors::read();
    for (seed, chunks, form) in
        [("chunked_seed", "chunked_chunks", Signed), ("trailer_seed", "trailer_chunks", SignedTrailer)]
    {
        let mut body = Vec::new();
        for chunk in vectors.0[chunks].as_array().unwrap() {
            let signature = Vectors::text(chunk, "signature");
            assert_eq!(vectors.sign(Vectors::text(chunk, "string_to_sign")), signature, "{chunks}");
            let length = usize::try_from(chunk["len"].as_u64().unwrap()).unwrap();
            body.extend_from_slice(format!("{length:x};chunk-signature={signature}\r\n").as_bytes());
            body.extend(std::iter::repeat_n(b'a', length));
            body.extend_from_slice(if length > 0 { b"\r\n" } else { b"" });
        }
        let (request, ..) = request_of(Vectors::text(&vectors.0[seed], "canonical_request"));
        if form.has_trailer() {
            let trailer = &vectors.0["trailer"];
            let signature = Vectors::text(trailer, "signature");
            assert_eq!(vectors.sign(Vectors::text(trailer, "string_to_sign")), signature);
            let block = Vectors::text(trailer, "trailer_block_hashed").trim_end();
            body.extend_from_slice(format!("{block}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        if let Some(length) = request.headers.get("content-length") {
            assert_eq!(length, &body.len().to_string(), "the length of the example's framing");
        }
        let announced = Announced {
            headers: &request.headers,
            content_length: Some(body.len() as u64),
            checksums_are_of_body: true,
        };
        let seed = ChunkSeed {
            key: ChunkKey::Hmac(vectors.key().into()),
            date: vectors.meta("timestamp").into(),
            scope: vectors.meta("scope").into(),
            signature: Vectors::text(&vectors.0[seed], "signature").into(),
        };
        let mut verifier = PayloadVerifier::new(&PayloadRule::Streaming(form), announced, Some(seed)).unwrap();
        let mut content = Vec::new();
        verifier.push(Bytes::from(body), &mut |data| content.extend_from_slice(&data)).unwrap();
        let verified = verifier.finish().unwrap();
        assert_eq!(content, vec![b'a'; 66_560]);
        let expected = [("x-amz-checksum-crc32c", "sOO8/Q==".to_owned())];
        assert_eq!(verified.checksums, if form.has_trailer() { expected.to_vec() } else { Vec::new() });
    }
}

#[test]
fn the_form_is_proven() {
    let vectors = Vectors::read();
    let vector = &vectors.0["post_policy"];
    let (policy, signature) = (Vectors::text(vector, "policy_base64"), Vectors::text(vector, "signature"));
    assert_eq!(vectors.sign(policy), signature);
    let credential = format!("{}/{}", vectors.meta("access_key"), vectors.meta("scope"));
    let fields = [
        ("key", "user/user1/a.jpg"),
        ("acl", "public-read"),
        ("x-amz-credential", credential.as_str()),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-date", vectors.meta("timestamp")),
        ("policy", policy),
        ("x-amz-signature", signature),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let now = at(vectors.meta("timestamp"));
    let check = |bucket: &str| countersign::sigv4::post_policy::check(policy, &fields, bucket, now);
    assert!(check("examplebucket").is_ok());
    assert_eq!(check("other").map_err(|fault| fault.code), Err("AccessDenied".into()));
}
