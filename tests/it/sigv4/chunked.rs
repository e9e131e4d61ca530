//! Bodies in `aws-chunked` framing: whole, in pieces of every size, and with every byte changed.

use aws_sigv4::sign::v4a;
use bytes::Bytes;
use countersign::{
    base::Fault,
    sigv4::{
        SigningKey, VerifyingKey,
        payload::{
            Announced, Checksum, ChecksumAlgorithm, ChunkKey, ChunkSeed, PayloadError, PayloadRule, PayloadVerifier,
            Streaming, Verified,
        },
    },
};
use data_encoding::HEXLOWER;
use http::HeaderMap;

use super::request::{ACCESS_KEY, DATE, SECRET_KEY, secret, sha256};

const SCOPE: &str = "20130524/us-east-1/s3/aws4_request";
const SCOPE_V4A: &str = "20130524/s3/aws4_request";

/// The signature of the request, from which the first chunk's follows. Any text does.
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

const FORMS: [Streaming; 5] = [
    Streaming::Signed,
    Streaming::SignedTrailer,
    Streaming::UnsignedTrailer,
    Streaming::Ecdsa,
    Streaming::EcdsaTrailer,
];

/// Writes framed bodies, as SDKs do.
struct Writer {
    form: Streaming,
    previous: String,
    out: Vec<u8>,
}

impl Writer {
    fn new(form: Streaming) -> Self {
        Self { form, previous: SEED.into(), out: Vec::new() }
    }

    fn sign(&mut self, what: &str, hashes: &str) -> String {
        let (algorithm, scope) = match self.form.is_ecdsa() {
            true => ("AWS4-ECDSA-P256-SHA256", SCOPE_V4A),
            false => ("AWS4-HMAC-SHA256", SCOPE),
        };
        let to_sign = format!("{algorithm}-{what}\n{DATE}\n{scope}\n{}\n{hashes}", self.previous);
        if self.form.is_ecdsa() {
            let key = v4a::generate_signing_key(ACCESS_KEY, SECRET_KEY);
            self.previous = v4a::calculate_signature(key, to_sign.as_bytes());
            return format!("{:*<144}", self.previous);
        }
        let key = SigningKey::derive(&secret(SECRET_KEY), "20130524", "us-east-1", "s3");
        self.previous = HEXLOWER.encode(key.sign(to_sign.as_bytes()).as_ref());
        self.previous.clone()
    }

    fn chunk(&mut self, data: &[u8]) {
        self.out.extend_from_slice(format!("{:x}", data.len()).as_bytes());
        if self.form.signs_chunks() {
            let signature = self.sign("PAYLOAD", &format!("{}\n{}", sha256(b""), sha256(data)));
            self.out.extend_from_slice(format!(";chunk-signature={signature}").as_bytes());
        }
        self.out.extend_from_slice(b"\r\n");
        if !data.is_empty() {
            self.out.extend_from_slice(data);
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// `end` stands behind each trailer; the signature, if there is one, is over `name:value\n`.
    fn trailers(&mut self, trailers: &[(&str, &str)], end: &str) {
        let mut block = String::new();
        for (name, value) in trailers {
            block.push_str(&format!("{name}:{value}\n"));
            self.out.extend_from_slice(format!("{name}:{value}{end}").as_bytes());
        }
        if self.form.signs_chunks() && self.form.has_trailer() {
            let signature = self.sign("TRAILER", &sha256(block.as_bytes()));
            self.out.extend_from_slice(format!("x-amz-trailer-signature:{signature}\r\n").as_bytes());
        }
        self.out.extend_from_slice(b"\r\n");
    }
}

fn checksum(algorithm: ChecksumAlgorithm, data: &[u8]) -> String {
    let mut checksum = Checksum::new(algorithm);
    checksum.update(data);
    checksum.finish()
}

/// A body in its framing, and the headers that announce it.
#[derive(Clone)]
struct Upload {
    form: Streaming,
    data: Vec<u8>,
    body: Vec<u8>,
    headers: HeaderMap,
}

impl Upload {
    fn of(form: Streaming, chunks: &[&[u8]]) -> Self {
        let data = chunks.concat();
        let mut writer = Writer::new(form);
        for chunk in chunks {
            writer.chunk(chunk);
        }
        writer.chunk(b"");
        let crc = checksum(ChecksumAlgorithm::Crc32c, &data);
        let trailers: &[_] = if form.has_trailer() { &[("x-amz-checksum-crc32c", crc.as_str())] } else { &[] };
        writer.trailers(trailers, "\r\n");
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-decoded-content-length", data.len().into());
        if form.has_trailer() {
            headers.insert("x-amz-trailer", "x-amz-checksum-crc32c".parse().unwrap());
        }
        Self { form, data, body: writer.out, headers }
    }

    fn verifier(&self) -> Result<PayloadVerifier, PayloadError> {
        let key = match self.form.is_ecdsa() {
            true => ChunkKey::Ecdsa(VerifyingKey::derive(ACCESS_KEY, &secret(SECRET_KEY)).unwrap().into()),
            false => ChunkKey::Hmac(SigningKey::derive(&secret(SECRET_KEY), "20130524", "us-east-1", "s3").into()),
        };
        let scope = if self.form.is_ecdsa() { SCOPE_V4A } else { SCOPE };
        let seed = ChunkSeed { key, date: DATE.into(), scope: scope.into(), signature: SEED.into() };
        let announced = Announced {
            headers: &self.headers,
            content_length: Some(self.body.len() as u64),
            checksums_are_of_body: true,
        };
        PayloadVerifier::new(&PayloadRule::Streaming(self.form), announced, Some(seed))
    }

    /// What was handed on, and the outcome, if the body comes in these pieces.
    fn read<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Result<Verified, PayloadError>) {
        let mut seen = Vec::new();
        let outcome = self.verifier().and_then(|mut verifier| {
            for piece in pieces {
                let piece = Bytes::copy_from_slice(piece);
                if let Err(error) = verifier.push(piece, &mut |data| seen.extend_from_slice(&data)) {
                    assert!(verifier.finish().is_err(), "forgot {error:?}");
                    return Err(error);
                }
            }
            verifier.finish()
        });
        (seen, outcome)
    }

    fn read_whole(&self) -> (Vec<u8>, Result<Verified, PayloadError>) {
        self.read([self.body.as_slice()])
    }

    fn outcome(&self) -> String {
        match self.read_whole() {
            (seen, Ok(_)) if seen == self.data => "ok".into(),
            (_, Ok(_)) => "other data".into(),
            (_, Err(error)) => Fault::from(error).code.into(),
        }
    }

    /// The same with another body.
    fn with_body(&self, body: Vec<u8>) -> Self {
        Self { body, ..self.clone() }
    }

    fn proves(&self) -> Vec<(&'static str, String)> {
        match self.form.has_trailer() {
            true => vec![("x-amz-checksum-crc32c", checksum(ChecksumAlgorithm::Crc32c, &self.data))],
            false => Vec::new(),
        }
    }
}

/// Chunks of 8 KiB and a rest.
fn long(rest: usize) -> Vec<Vec<u8>> {
    let bytes = |count: usize, start: usize| (0..count).map(|at| ((start + at) % 251) as u8).collect();
    vec![bytes(8192, 0), bytes(8192, 3), bytes(rest, 7)]
}

fn slices(chunks: &[Vec<u8>]) -> Vec<&[u8]> {
    chunks.iter().map(Vec::as_slice).collect()
}

#[test]
fn every_form_is_read_whatever_pieces_it_comes_in() {
    for form in FORMS {
        let short = Upload::of(form, &[b"the content of the object"]);
        for at in 0..=short.body.len() {
            let (left, right) = short.body.split_at(at);
            let (seen, outcome) = short.read([left, right]);
            assert_eq!(outcome.map(|verified| verified.checksums), Ok(short.proves()), "{form:?} split at {at}");
            assert_eq!(seen, short.data, "{form:?} split at {at}");
        }
        for (name, upload) in [
            ("empty", Upload::of(form, &[])),
            ("short", short),
            ("long", Upload::of(form, &slices(&long(5)))),
            ("a last chunk of full length", Upload::of(form, &slices(&long(9000)))),
        ] {
            for size in [1, 2, 3, 7, 64, 1000, 8192, 8193, 100_000] {
                let (seen, outcome) = upload.read(upload.body.chunks(size));
                assert_eq!(
                    outcome.map(|verified| verified.checksums),
                    Ok(upload.proves()),
                    "{form:?} {name} by {size}"
                );
                assert_eq!(seen, upload.data, "{form:?} {name} by {size}");
            }
        }
    }
}

#[test]
fn a_change_of_any_byte_is_refused() {
    for form in FORMS {
        let upload = Upload::of(form, &[b"the content of the object"]);
        assert_eq!(upload.outcome(), "ok");
        for at in 0..upload.body.len() {
            let mut body = upload.body.clone();
            body[at] ^= 1;
            assert!(upload.with_body(body).read_whole().1.is_err(), "{form:?}: byte {at} changed");
            let mut body = upload.body.clone();
            // The filling of an ECDSA signature is not counted.
            if body.remove(at) == b'*' {
                continue;
            }
            assert!(upload.with_body(body).read_whole().1.is_err(), "{form:?}: byte {at} missing");
            let body = upload.body[..at].to_vec();
            assert!(upload.with_body(body).read_whole().1.is_err(), "{form:?}: cut off at {at}");
        }
        let more = [upload.body.as_slice(), b"\r\n"].concat();
        assert!(upload.with_body(more).read_whole().1.is_err(), "{form:?}: bytes after the end");
    }
}

#[test]
fn chunks_stand_in_their_order_and_all_of_them() {
    for form in FORMS.into_iter().filter(|form| form.signs_chunks()) {
        let chunks = long(8192);
        let upload = Upload::of(form, &slices(&chunks));
        let framed = |chunk: &[u8]| {
            let at = memchr::memmem::find(&upload.body, chunk).unwrap();
            let start = upload.body[..at].iter().rposition(|byte| *byte == b';').unwrap() - 4;
            upload.body[start..at + chunk.len() + 2].to_vec()
        };
        let [one, two, three] = [framed(&chunks[0]), framed(&chunks[1]), framed(&chunks[2])];
        let end = upload.body[one.len() + two.len() + three.len()..].to_vec();
        let whole = [one.clone(), two.clone(), three.clone(), end.clone()].concat();
        assert_eq!(whole, upload.body);
        let orders = [
            ("swapped", vec![&two, &one, &three]),
            ("repeated", vec![&one, &one, &two, &three]),
            ("left out", vec![&one, &three]),
            ("ended early", vec![&one, &two]),
        ];
        for (name, order) in orders {
            let parts: Vec<u8> = order.iter().flat_map(|part| part.iter().copied()).chain(end.clone()).collect();
            let upload = Upload { body: parts, ..upload.clone() };
            assert_eq!(upload.outcome(), "SignatureDoesNotMatch", "{form:?} {name}");
        }
    }
}

#[test]
fn nothing_is_handed_on_beyond_what_was_promised() {
    for form in FORMS {
        let upload = Upload::of(form, &slices(&long(100)));
        let length = upload.data.len() as u64;
        for (told, expected) in [(length - 1, "IncompleteBody"), (length + 1, "IncompleteBody"), (0, "IncompleteBody")]
        {
            let mut upload = upload.clone();
            upload.headers.insert("x-amz-decoded-content-length", told.into());
            assert_eq!(upload.outcome(), expected, "{form:?} told {told}");
            let (seen, _) = upload.read_whole();
            assert!(seen.len() as u64 <= told, "{form:?} told {told}, handed on {}", seen.len());
        }
        for told in [None, Some(""), Some("-1"), Some("+5"), Some("5a"), Some("99999999999999999999")] {
            let mut upload = upload.clone();
            upload.headers.remove("x-amz-decoded-content-length");
            told.map(|told| upload.headers.insert("x-amz-decoded-content-length", told.parse().unwrap()));
            assert_eq!(upload.outcome(), "MissingContentLength", "{form:?} told {told:?}");
        }
        let mut twice = upload.clone();
        twice.headers.append("x-amz-decoded-content-length", length.into());
        assert_eq!(twice.outcome(), "MissingContentLength", "{form:?} told twice");
    }
}

#[test]
fn a_chunk_after_a_short_one_is_refused_if_chunks_are_signed() {
    let chunks: [&[u8]; 3] = [&[1; 8192], &[2; 8191], &[3; 1]];
    for form in FORMS {
        let expected = if form.signs_chunks() { "InvalidChunkSizeError" } else { "ok" };
        assert_eq!(Upload::of(form, &chunks).outcome(), expected, "{form:?}");
    }
}

#[test]
fn heads_of_chunks_are_read_strictly() {
    let end = "0\r\n\r\n";
    // The head of one chunk, its data, the outcome. No signatures: it is about sizes.
    let cases = [
        ("5\r\n", "hello\r\n", "ok"),
        ("05\r\n", "hello\r\n", "ok"),
        ("000000000000005\r\n", "hello\r\n", "ok"),
        ("5\n", "hello\r\n", "IncompleteBody"),
        ("5\r\r\n", "hello\r\n", "IncompleteBody"),
        ("\r\n5\r\n", "hello\r\n", "IncompleteBody"),
        ("5;a=b\r\n", "hello\r\n", "IncompleteBody"),
        ("5;\r\n", "hello\r\n", "IncompleteBody"),
        (" 5\r\n", "hello\r\n", "IncompleteBody"),
        ("5 \r\n", "hello\r\n", "IncompleteBody"),
        ("+5\r\n", "hello\r\n", "IncompleteBody"),
        ("-5\r\n", "hello\r\n", "IncompleteBody"),
        ("0x5\r\n", "hello\r\n", "IncompleteBody"),
        ("g\r\n", "hello\r\n", "IncompleteBody"),
        ("4\r\n", "hello\r\n", "IncompleteBody"),
        ("6\r\n", "hello\r\n", "IncompleteBody"),
        ("5\r\n", "hello", "IncompleteBody"),
        ("5\r\n", "hello\n", "IncompleteBody"),
        ("ffffffffffffffff\r\n", "hello\r\n", "IncompleteBody"),
        ("fffffffffffffff\r\n", "hello\r\n", "IncompleteBody"),
        ("\u{e9}\r\n", "hello\r\n", "IncompleteBody"),
    ];
    let mut upload = Upload { data: b"hello".to_vec(), ..Upload::of(Streaming::UnsignedTrailer, &[]) };
    upload.headers.remove("x-amz-trailer");
    upload.headers.insert("x-amz-decoded-content-length", 5.into());
    for (head, data, expected) in cases {
        let body = [head, data, end].concat().into_bytes();
        assert_eq!(upload.with_body(body).outcome(), expected, "{head:?} {data:?}");
    }
    // A head has an end, whatever the pieces it comes in.
    for size in [1, 100, 1000] {
        let head = vec![b'0'; 300];
        let (seen, outcome) = upload.read(head.chunks(size));
        assert_eq!(outcome.map_err(|error| Fault::from(error).code), Err("IncompleteBody".into()), "by {size}");
        assert!(seen.is_empty());
    }
}

#[test]
fn signed_chunks_need_their_signature() {
    let signature = "0".repeat(64);
    let heads = ["5\r\n", "5;\r\n", "5;chunk-signature=\r\n", "5;signature=a\r\n", "5;chunk-signature=*\r\n"];
    for form in FORMS.into_iter().filter(|form| form.signs_chunks()) {
        let mut upload = Upload { data: b"hello".to_vec(), ..Upload::of(form, &[]) };
        upload.headers.insert("x-amz-decoded-content-length", 5.into());
        for head in heads.map(str::to_owned).into_iter().chain([format!("5;chunk-signature={signature}\r\n")]) {
            let body = [head.as_bytes(), b"hello\r\n", &upload.body].concat();
            assert_eq!(upload.with_body(body).outcome(), "SignatureDoesNotMatch", "{form:?} {head:?}");
        }
    }
    // Without a seed nothing that is signed holds, and a key of the other algorithm proves nothing.
    let upload = Upload::of(Streaming::Signed, &[b"hello"]);
    let announced = Announced { headers: &upload.headers, content_length: None, checksums_are_of_body: true };
    let ecdsa = ChunkKey::Ecdsa(VerifyingKey::derive(ACCESS_KEY, &secret(SECRET_KEY)).unwrap().into());
    let seed = ChunkSeed { key: ecdsa, date: DATE.into(), scope: SCOPE.into(), signature: SEED.into() };
    for seed in [None, Some(seed)] {
        let rule = PayloadRule::Streaming(Streaming::Signed);
        let mut verifier = PayloadVerifier::new(&rule, announced, seed).unwrap();
        let outcome = verifier.push(Bytes::copy_from_slice(&upload.body), &mut |_| ());
        assert_eq!(outcome, Err(PayloadError::SignatureMismatch));
    }
}

/// An upload of `hello` whose trailers are written by hand behind the last chunk.
fn with_trailers(form: Streaming, announced: Option<&str>, trailers: &[(&str, &str)], end: &str) -> Upload {
    let mut writer = Writer::new(form);
    writer.chunk(b"hello");
    writer.chunk(b"");
    writer.trailers(trailers, end);
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-decoded-content-length", 5.into());
    announced.map(|announced| headers.insert("x-amz-trailer", announced.parse().unwrap()));
    Upload { form, data: b"hello".to_vec(), body: writer.out, headers }
}

/// Name, what `x-amz-trailer` announces, the trailers, the outcome.
type TrailerCase<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn trailers_are_those_that_were_announced() {
    use Streaming::{EcdsaTrailer, Signed, SignedTrailer, UnsignedTrailer};
    let crc = checksum(ChecksumAlgorithm::Crc32, b"hello");
    let (crc, other) = (("x-amz-checksum-crc32", crc.as_str()), ("x-amz-checksum-crc32", "AAAAAA=="));
    let named = Some("x-amz-checksum-crc32");
    for form in [SignedTrailer, UnsignedTrailer, EcdsaTrailer] {
        let cases: &[TrailerCase<'_>] = &[
            ("as announced", named, &[crc], "ok"),
            ("announced in upper case", Some("X-Amz-Checksum-CRC32"), &[crc], "ok"),
            ("none and none announced", None, &[], "ok"),
            ("another value", named, &[other], "BadDigest"),
            ("no base 64", named, &[("x-amz-checksum-crc32", "!")], "BadDigest"),
            ("missing", named, &[], "MalformedTrailerError"),
            ("not announced", None, &[crc], "MalformedTrailerError"),
            ("another one", named, &[("x-amz-checksum-sha1", "AAAAAA==")], "MalformedTrailerError"),
            ("another one too", named, &[crc, ("x-amz-meta-a", "1")], "MalformedTrailerError"),
            ("twice", named, &[crc, crc], "MalformedTrailerError"),
            ("without a name", named, &[("", crc.1)], "MalformedTrailerError"),
            ("announced, not a checksum", Some("x-amz-meta-a"), &[("x-amz-meta-a", "1")], "InvalidRequest"),
            ("two announced", Some("x-amz-checksum-crc32,x-amz-checksum-sha1"), &[crc], "InvalidRequest"),
        ];
        for (name, announced, trailers, expected) in cases {
            assert_eq!(with_trailers(form, *announced, trailers, "\r\n").outcome(), *expected, "{form:?}: {name}");
        }
        // A checksum both in a header and in the trailer.
        let mut upload = with_trailers(form, named, &[crc], "\r\n");
        upload.headers.insert("x-amz-checksum-crc32", crc.1.parse().unwrap());
        assert_eq!(upload.outcome(), "InvalidRequest", "{form:?}");
    }
    assert_eq!(with_trailers(Signed, None, &[crc], "\r\n").outcome(), "MalformedTrailerError");
    assert_eq!(with_trailers(Signed, named, &[], "\r\n").outcome(), "InvalidRequest");
}

#[test]
fn trailers_are_written_in_several_ways() {
    use Streaming::{SignedTrailer, UnsignedTrailer};
    let crc = checksum(ChecksumAlgorithm::Crc32, b"hello");
    let trailers = [("x-amz-checksum-crc32", crc.as_str())];
    let named = Some("x-amz-checksum-crc32");
    // The Go client of MinIO ends a trailer with LF CR LF, which S3 takes.
    for form in [SignedTrailer, UnsignedTrailer] {
        let upload = with_trailers(form, named, &trailers, "\n\r\n");
        for at in 0..=upload.body.len() {
            let (left, right) = upload.body.split_at(at);
            assert!(upload.read([left, right]).1.is_ok(), "{form:?} split at {at}");
        }
    }
    let lines = [
        (format!("x-amz-checksum-crc32:{crc}\r\n"), "ok"),
        (format!("X-Amz-Checksum-Crc32 : {crc} \r\n"), "ok"),
        (format!("x-amz-checksum-crc32:{crc}\n"), "IncompleteBody"),
        (format!("x-amz-checksum-crc32:{crc}\nx-amz-meta-a:1\n\r\n"), "BadDigest"),
        (format!("x-amz-checksum-crc32={crc}\r\n"), "MalformedTrailerError"),
        (format!("x-amz-checksum-crc32:\u{e9}{crc}\r\n"), "BadDigest"),
        (format!("x-amz-checksum-crc32:{crc}{}\r\n", " ".repeat(3000)), "IncompleteBody"),
        (format!("x-amz-trailer-signature:{crc}\r\n"), "MalformedTrailerError"),
    ];
    let upload = with_trailers(UnsignedTrailer, named, &[], "\r\n");
    let start = upload.body.strip_suffix(b"\r\n").unwrap();
    for (line, expected) in lines {
        let body = [start, line.as_bytes(), b"\r\n"].concat();
        assert_eq!(upload.with_body(body).outcome(), expected, "{line:?}");
    }
}

#[test]
fn every_checksum_is_held_to_in_headers_and_trailers() {
    use ChecksumAlgorithm::{Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
    for algorithm in [Crc32, Crc32c, Crc64Nvme, Sha1, Sha256] {
        let (name, right) = (algorithm.header(), checksum(algorithm, b"hello"));
        let wrong = checksum(algorithm, b"hallo");
        for (value, expected) in [(&right, "ok"), (&wrong, "BadDigest")] {
            let trailing = with_trailers(Streaming::UnsignedTrailer, Some(name), &[(name, value)], "\r\n");
            assert_eq!(trailing.outcome(), expected, "{name} in the trailer");
            let mut leading = with_trailers(Streaming::UnsignedTrailer, None, &[], "\r\n");
            leading.headers.insert(name, value.parse().unwrap());
            assert_eq!(leading.outcome(), expected, "{name} in a header");
        }
        let mut invalid = with_trailers(Streaming::UnsignedTrailer, None, &[], "\r\n");
        invalid.headers.insert(name, "AAAA".parse().unwrap());
        assert_eq!(invalid.outcome(), "InvalidRequest", "{name}");
    }
    for (value, expected) in [
        ("XUFAKrxLKna5cZ2REBfFkg==", "ok"),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"),
        ("AAAA", "InvalidDigest"),
        ("", "InvalidDigest"),
    ] {
        let mut upload = with_trailers(Streaming::UnsignedTrailer, None, &[], "\r\n");
        upload.headers.insert("content-md5", value.parse().unwrap());
        assert_eq!(upload.outcome(), expected, "Content-MD5: {value}");
    }
}
