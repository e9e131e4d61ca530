//! Signing requests of our own, with the verifier's canonicaliser and a key that is derived once a day.

use std::fmt;

use data_encoding::HEXLOWER;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, InvalidHeaderValue},
};

use super::{
    canonical::{PathRule, canonical_request, string_to_sign},
    evidence::Algorithm,
    key::{SigningKey, TERMINATOR},
    refusal::Refusal,
};
use crate::base::{Head, Timestamp, time};

// Made once: a name that is no standard one is allocated for each use.
static AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
static AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Signs requests with one key.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// Whose key.
    pub access_key_id: &'a str,
    /// The region of the scope.
    pub region: &'a str,
    /// The signing name of the service.
    pub service: &'a str,
    /// The key, derived for the date of the signature.
    pub key: &'a SigningKey,
}

/// What is signed besides the headers.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The method.
    pub method: &'a Method,
    /// The `Host` header.
    pub host: &'a str,
    /// The path, escaped.
    pub path: &'a str,
    /// The query, escaped, without `?`.
    pub query: &'a str,
}

/// Why a request could not be signed.
#[derive(Debug)]
pub enum SignError {
    /// The path or the query cannot be read.
    Unreadable(Refusal),
    /// A value that is no header value.
    Header(InvalidHeaderValue),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignError::Unreadable(refusal) => write!(f, "the request cannot be canonicalised: {}", refusal.cause()),
            SignError::Header(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SignError {}

impl Signer<'_> {
    /// Adds `x-amz-date`, `x-amz-content-sha256` and `authorization`. Signs the host and every `x-amz-*` header, and
    /// `content-type`, `content-md5` and `range` where they are there. `payload` is the payload line: a hash in
    /// hexadecimal or `UNSIGNED-PAYLOAD`.
    pub fn sign(
        &self,
        target: Target<'_>,
        headers: &mut HeaderMap,
        payload: &str,
        at: Timestamp,
    ) -> Result<(), SignError> {
        let date = time::amz_date(at);
        headers.insert(&AMZ_DATE, HeaderValue::from_str(&date).map_err(SignError::Header)?);
        headers.insert(&AMZ_CONTENT_SHA256, HeaderValue::from_str(payload).map_err(SignError::Header)?);
        let signed_headers = signed_headers(headers);
        let head = Head { method: target.method, host: target.host, path: target.path, query: target.query, headers };
        let canonical = canonical_request(&head, PathRule::of(self.service), &signed_headers, payload)
            .map_err(SignError::Unreadable)?;
        let day = date.get(..8).unwrap_or_default();
        let scope = [day, self.region, self.service, TERMINATOR].join("/");
        let to_sign = string_to_sign(Algorithm::Hmac.name(), &date, &scope, &canonical);
        let signature = HEXLOWER.encode(self.key.sign(&to_sign).as_ref());
        let authorization = [
            "AWS4-HMAC-SHA256 Credential=",
            self.access_key_id,
            "/",
            &scope,
            ", SignedHeaders=",
            &signed_headers,
            ", Signature=",
            &signature,
        ]
        .concat();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(authorization).map_err(SignError::Header)?);
        Ok(())
    }
}

/// The names to sign, in order.
fn signed_headers(headers: &HeaderMap) -> String {
    let is_signed =
        |name: &&str| name.starts_with("x-amz-") || matches!(*name, "content-type" | "content-md5" | "range");
    let mut names: smallvec::SmallVec<[&str; 16]> =
        headers.keys().map(|name| name.as_str()).filter(is_signed).collect();
    names.push("host");
    names.sort_unstable();
    names.join(";")
}
