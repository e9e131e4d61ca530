//! `aws-chunked` bodies: the outcome does not depend on the pieces they come in, never more is handed on than was promised,
//! and of signed bodies nothing but the signed content is ever accepted.
#![no_main]

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use countersign::{
    base::SecretKey,
    sigv4::{
        SigningKey,
        payload::{Announced, ChunkKey, ChunkSeed, EMPTY_HASH, PayloadRule, PayloadVerifier, Streaming},
    },
};
use data_encoding::HEXLOWER;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

const DATE: &str = "20130524T000000Z";
const SCOPE: &str = "20130524/us-east-1/s3/aws4_request";

fn key() -> SigningKey {
    SigningKey::derive(&SecretKey::new("secret".into()), "20130524", "us-east-1", "s3")
}

/// The content in one chunk and the last, signed.
fn signed(content: &[u8]) -> Vec<u8> {
    let (key, mut previous, mut body) = (key(), "seed".to_owned(), Vec::new());
    let chunks = [content, b""];
    for chunk in chunks.iter().skip(usize::from(content.is_empty())) {
        let hash = HEXLOWER.encode(digest(&SHA256, chunk).as_ref());
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{DATE}\n{SCOPE}\n{previous}\n{EMPTY_HASH}\n{hash}");
        previous = HEXLOWER.encode(key.sign(text.as_bytes()).as_ref());
        body.extend_from_slice(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body
}

/// What was handed on, and whether it all holds.
fn read(form: Streaming, headers: &HeaderMap, body: &[u8], cuts: &[u8]) -> (Vec<u8>, bool) {
    let announced = Announced { headers, content_length: None, checksums_are_of_body: true };
    let seed = ChunkSeed {
        key: ChunkKey::Hmac(key().into()),
        date: DATE.into(),
        scope: SCOPE.into(),
        signature: "seed".into(),
    };
    let verifier = PayloadVerifier::new(&PayloadRule::Streaming(form), announced, Some(seed));
    let (mut verifier, mut seen, mut rest) = (verifier.expect("the headers are sound"), Vec::new(), body);
    let mut cuts = cuts.iter();
    while !rest.is_empty() {
        let length = cuts.next().map_or(rest.len(), |cut| usize::from(*cut).min(rest.len()));
        let (piece, after) = rest.split_at(length);
        rest = after;
        if verifier.push(Bytes::copy_from_slice(piece), &mut |data| seen.extend_from_slice(&data)).is_err() {
            assert!(verifier.finish().is_err(), "an error was forgotten");
            return (seen, false);
        }
    }
    (seen, verifier.finish().is_ok())
}

fuzz_target!(|input: (bool, u8, &[u8], &[u8], Option<(u16, u8)>)| {
    let (is_signed, promised, content, cuts, change) = input;
    let mut headers = HeaderMap::new();
    let (form, body, promised) = match is_signed {
        false => (Streaming::UnsignedTrailer, content.to_vec(), usize::from(promised)),
        true => (Streaming::Signed, signed(content), content.len()),
    };
    headers.insert("x-amz-decoded-content-length", promised.into());
    if !is_signed && promised % 2 == 1 {
        headers.insert("x-amz-trailer", "x-amz-checksum-crc32".parse().expect("a value"));
    }
    let mut changed = body.clone();
    if let Some((at, byte)) = change
        && let Some(place) = changed.get_mut(usize::from(at))
    {
        *place = byte;
    }
    let (whole, holds) = read(form, &headers, &changed, &[]);
    let (pieces, holds_in_pieces) = read(form, &headers, &changed, cuts);
    assert_eq!(holds, holds_in_pieces);
    assert!(whole.len() <= promised && pieces.len() <= promised);
    if holds {
        assert_eq!(whole, pieces);
        assert_eq!(whole.len(), promised);
    }
    if is_signed {
        assert!(holds || changed != body, "what was signed is not accepted");
        assert!(!holds || whole == content, "something else was accepted");
    }
});
