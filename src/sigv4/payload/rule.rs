//! What the payload line of a signature promises about the body.

use std::borrow::Cow;

use crate::{
    base::Head,
    sigv4::{escape::decode_query, evidence::Form, refusal::Refusal},
};

/// The SHA-256 of nothing, in hexadecimal.
pub const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What is promised about a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadRule {
    /// Nothing.
    Unsigned,
    /// Its SHA-256, in hexadecimal.
    Hash(Box<str>),
    /// It comes in `aws-chunked` framing.
    Streaming(Streaming),
    /// Its SHA-256 is signed but not told: the body has to be read before the signature can be checked.
    Unknown,
}

/// The forms of `aws-chunked` bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    Signed,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    SignedTrailer,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    UnsignedTrailer,
    /// `STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD`.
    Ecdsa,
    /// `STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER`.
    EcdsaTrailer,
}

const STREAMING: [(&str, Streaming); 5] = [
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Streaming::Signed),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Streaming::SignedTrailer),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", Streaming::UnsignedTrailer),
    ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", Streaming::Ecdsa),
    ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", Streaming::EcdsaTrailer),
];

impl Streaming {
    /// Whether each chunk is signed.
    pub fn signs_chunks(self) -> bool {
        self != Streaming::UnsignedTrailer
    }

    /// Whether trailers follow the last chunk.
    pub fn has_trailer(self) -> bool {
        matches!(self, Streaming::SignedTrailer | Streaming::UnsignedTrailer | Streaming::EcdsaTrailer)
    }

    /// Whether chunks are signed with SigV4A.
    pub fn is_ecdsa(self) -> bool {
        matches!(self, Streaming::Ecdsa | Streaming::EcdsaTrailer)
    }
}

impl PayloadRule {
    /// The rule of a signed request. S3 demands the header. Other services know nothing but hashes: unless they are
    /// told one, they hash the body, so that a signature over anything else does not hold.
    pub fn of(head: &Head<'_>, service: &str, form: Form) -> Result<Self, Refusal> {
        let header = header_value(head)?.map(Cow::Borrowed);
        let in_query = match form {
            Form::Query => query_value(head.query)?,
            _ => None,
        };
        match (in_query.or(header), service, form) {
            (Some(value), "s3", _) => Self::parse(&value),
            (None, "s3", Form::Query) => Ok(PayloadRule::Unsigned),
            (None, "s3", _) => Err(Refusal::NoContentHash),
            (value, ..) => Ok(value.and_then(|value| Self::hash(&value)).unwrap_or(PayloadRule::Unknown)),
        }
    }

    /// The rule of an anonymous request: a hash is held to all the same, framing is taken off.
    pub fn of_anonymous(head: &Head<'_>) -> Result<Self, Refusal> {
        match header_value(head)? {
            Some(value) => match Self::parse(value)? {
                PayloadRule::Streaming(form) if form.signs_chunks() => Err(Refusal::BadContentHash(value.to_owned())),
                rule => Ok(rule),
            },
            None => Ok(PayloadRule::Unsigned),
        }
    }

    fn parse(value: &str) -> Result<Self, Refusal> {
        if value == UNSIGNED {
            return Ok(PayloadRule::Unsigned);
        }
        if let Some((_, form)) = STREAMING.iter().find(|(name, _)| *name == value) {
            return Ok(PayloadRule::Streaming(*form));
        }
        Self::hash(value).ok_or_else(|| Refusal::BadContentHash(value.to_owned()))
    }

    fn hash(value: &str) -> Option<Self> {
        let is_hash = value.len() == 64 && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| PayloadRule::Hash(value.into()))
    }

    /// The payload line of the canonical request; `None` if the body has to be hashed for it.
    pub fn line(&self) -> Option<&str> {
        match self {
            PayloadRule::Unsigned => Some(UNSIGNED),
            PayloadRule::Hash(hash) => Some(hash),
            PayloadRule::Streaming(form) => STREAMING.iter().find(|(_, known)| known == form).map(|(name, _)| *name),
            PayloadRule::Unknown => None,
        }
    }
}

/// `x-amz-content-sha256`, which may stand once.
fn header_value<'a>(head: &Head<'a>) -> Result<Option<&'a str>, Refusal> {
    const NAME: &str = "x-amz-content-sha256";
    match head.headers.contains_key(NAME) {
        true => head.single(NAME).map(Some).ok_or(Refusal::RepeatedHeader(NAME)),
        false => Ok(None),
    }
}

/// `X-Amz-Content-Sha256` in a presigned URL. Where it stands twice or under an escaped name, the evidence was refused.
fn query_value(query: &str) -> Result<Option<Cow<'_, str>>, Refusal> {
    let mut pairs = query.split('&').filter_map(|piece| piece.split_once('='));
    let found = pairs.find(|(name, _)| name.eq_ignore_ascii_case("x-amz-content-sha256"));
    found.map(|(_, value)| decode_query(value).map_err(Refusal::BadEscape)).transpose()
}
