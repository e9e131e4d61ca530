//! One body, from its first byte to the proof that all of it is what was promised.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::HeaderMap;
use md5::{Digest, Md5};
use smallvec::SmallVec;

use super::{
    checksum::{Checksum, ChecksumAlgorithm},
    chunks::{ChunkDecoder, ChunkSeed},
    error::PayloadError,
    rule::PayloadRule,
};

/// What a request announces about its body, besides the payload line.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// The headers: `content-md5`, `x-amz-checksum-*`, `x-amz-trailer`, `x-amz-decoded-content-length`.
    pub headers: &'a HeaderMap,
    /// The `Content-Length` of the body as it comes.
    pub content_length: Option<u64>,
    /// Whether `x-amz-checksum-*` headers are about this body. Those of `CompleteMultipartUpload` are about the object.
    pub checksums_are_of_body: bool,
}

/// Proves a body as it passes.
pub struct PayloadVerifier {
    framing: Option<ChunkDecoder>,
    hash: Option<(Context, Box<str>)>,
    checksums: SmallVec<[Expected; 1]>,
    md5: Option<(Md5, [u8; 16])>,
    length: Option<u64>,
    seen: u64,
}

struct Expected {
    running: Checksum,
    /// `None`: the value comes in the trailer.
    value: Option<String>,
}

/// A body that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checksums that were proven: header name and value in base 64.
    pub checksums: Vec<(&'static str, String)>,
}

impl PayloadVerifier {
    /// Gets ready for a body. `seed` is what the signatures of chunks follow from.
    pub fn new(rule: &PayloadRule, announced: Announced<'_>, seed: Option<ChunkSeed>) -> Result<Self, PayloadError> {
        let (framing, length) = match rule {
            PayloadRule::Streaming(form) => {
                let length = decoded_length(announced.headers).ok_or(PayloadError::NoDecodedLength)?;
                (Some(ChunkDecoder::new(*form, seed)), Some(length))
            }
            _ => (None, announced.content_length),
        };
        let trailer_allowed = matches!(rule, PayloadRule::Streaming(form) if form.has_trailer());
        Ok(Self {
            framing,
            hash: match rule {
                PayloadRule::Hash(hash) => Some((Context::new(&SHA256), hash.clone())),
                _ => None,
            },
            checksums: expected_checksums(announced, trailer_allowed)?,
            md5: expected_md5(announced.headers)?,
            length,
            seen: 0,
        })
    }

    /// How many bytes of content were promised; `None` if no length was told.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Takes more of the body as it came and hands its content on, but nothing beyond the promised length.
    pub fn push(&mut self, data: Bytes, emit: &mut impl FnMut(Bytes)) -> Result<(), PayloadError> {
        let Self { framing, hash, checksums, md5, length, seen } = self;
        let mut content = |data: Bytes| {
            *seen += data.len() as u64;
            if length.is_some_and(|length| *seen > length) {
                return;
            }
            if let Some((hash, _)) = hash {
                hash.update(&data);
            }
            for expected in checksums.iter_mut() {
                expected.running.update(&data);
            }
            if let Some((md5, _)) = md5 {
                md5.update(&data);
            }
            emit(data);
        };
        match framing {
            Some(framing) => framing.push(data, &mut content)?,
            None => content(data),
        }
        match *length {
            Some(length) if *seen > length => Err(PayloadError::Length),
            _ => Ok(()),
        }
    }

    /// Whether all of it holds. Takes the same care for a body that ended too early.
    pub fn finish(self) -> Result<Verified, PayloadError> {
        let trailers = match self.framing {
            Some(framing) => framing.finish()?,
            None => Vec::new(),
        };
        if self.length.is_some_and(|length| length != self.seen) {
            return Err(PayloadError::Length);
        }
        if let Some((hash, signed)) = self.hash {
            let computed = HEXLOWER.encode(hash.finish().as_ref());
            if computed != *signed {
                return Err(PayloadError::HashMismatch(signed.into(), computed));
            }
        }
        if let Some((md5, expected)) = self.md5
            && <[u8; 16]>::from(md5.finalize()) != expected
        {
            return Err(PayloadError::Md5Mismatch);
        }
        check_trailer_names(&trailers, &self.checksums)?;
        let mut checksums = Vec::new();
        for expected in self.checksums {
            checksums.push(expected.prove(&trailers)?);
        }
        Ok(Verified { checksums })
    }
}

impl Expected {
    fn prove(self, trailers: &[(String, String)]) -> Result<(&'static str, String), PayloadError> {
        let header = self.running.algorithm().header();
        let in_trailer = || trailers.iter().find(|(name, _)| name == header).map(|(_, value)| value.clone());
        let value = self.value.or_else(in_trailer).ok_or(PayloadError::Trailer("the announced trailer is missing"))?;
        match self.running.finish() == value {
            true => Ok((header, value)),
            false => Err(PayloadError::ChecksumMismatch(header.to_owned())),
        }
    }
}

/// Trailers that were not announced are not read past.
fn check_trailer_names(trailers: &[(String, String)], expected: &[Expected]) -> Result<(), PayloadError> {
    let announced = |name: &str| {
        expected.iter().any(|expected| expected.value.is_none() && expected.running.algorithm().header() == name)
    };
    match trailers.iter().all(|(name, _)| announced(name)) {
        true => Ok(()),
        false => Err(PayloadError::Trailer("a trailer that was not announced")),
    }
}

/// `x-amz-decoded-content-length`, if it stands once and is a number.
pub fn decoded_length(headers: &HeaderMap) -> Option<u64> {
    let text = single(headers, "x-amz-decoded-content-length")?.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn expected_checksums(
    announced: Announced<'_>,
    trailer_allowed: bool,
) -> Result<SmallVec<[Expected; 1]>, PayloadError> {
    let mut expected = SmallVec::new();
    if !announced.checksums_are_of_body {
        return Ok(expected);
    }
    for (name, value) in announced.headers {
        let name = name.as_str();
        if !name.starts_with("x-amz-checksum-") || NOT_VALUES.contains(&name) {
            continue;
        }
        let invalid = || PayloadError::ChecksumInvalid(name.to_owned());
        let algorithm = ChecksumAlgorithm::of_header(name)
            .ok_or_else(|| PayloadError::ChecksumsUnclear(format!("`{name}` is not offered")))?;
        let value = value.to_str().map_err(|_| invalid())?;
        if BASE64.decode(value.as_bytes()).map(|bytes| bytes.len()) != Ok(algorithm.value_bytes()) {
            return Err(invalid());
        }
        expected.push(Expected { running: Checksum::new(algorithm), value: Some(value.to_owned()) });
    }
    for name in announced.headers.get_all("x-amz-trailer") {
        let name = name.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        let algorithm = ChecksumAlgorithm::of_header(&name).filter(|_| trailer_allowed);
        let algorithm =
            algorithm.ok_or(PayloadError::ChecksumsUnclear(format!("the trailer `{name}` is not offered here")))?;
        expected.push(Expected { running: Checksum::new(algorithm), value: None });
    }
    match expected.len() {
        0 | 1 => Ok(expected),
        _ => Err(PayloadError::ChecksumsUnclear("several checksums".into())),
    }
}

/// Headers of that prefix that carry no checksum of the body.
const NOT_VALUES: [&str; 3] = ["x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"];

fn expected_md5(headers: &HeaderMap) -> Result<Option<(Md5, [u8; 16])>, PayloadError> {
    if !headers.contains_key("content-md5") {
        return Ok(None);
    }
    let value = single(headers, "content-md5").and_then(|value| BASE64.decode(value.as_bytes()).ok());
    let bytes = value.and_then(|bytes| bytes.try_into().ok());
    Ok(Some((Md5::new(), bytes.ok_or(PayloadError::Md5Invalid)?)))
}

/// A header that stands exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a http::HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
