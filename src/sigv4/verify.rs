//! The checks, in AWS's order: the scope, (the key is looked up by whoever calls), the time, the signature, the headers
//! that had to be signed.

use super::{
    canonical::{PathRule, canonical_request, string_to_sign},
    evidence::{Algorithm, Form, Scope, Signed},
    key::{SigningKey, TERMINATOR},
    refusal::{Mismatch, Refusal},
};
use crate::base::{Head, Timestamp};

/// How far the clocks of client and server may differ, in seconds.
pub const SKEW_SECONDS_MAX: i64 = 15 * 60;

/// How long the signature of a form holds, in seconds: as long as AWS's signing keys live. The policy may end it earlier.
const FORM_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;

/// How long a presigned request of another service than S3 holds if it does not say, in seconds.
const EXPIRES_DEFAULT: u32 = 15 * 60;

/// What a signature is held against.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// Now.
    pub now: Timestamp,
    /// The regions that a scope may name. The first is named in errors.
    pub regions: &'a [Box<str>],
}

/// The keys that can prove a signature.
pub enum ProvingKey<'a> {
    /// SigV4.
    Hmac(&'a SigningKey),
    /// SigV4A.
    Ecdsa(&'a super::v4a::VerifyingKey),
}

/// Checks the credential scope, which decides which API is meant and which key is looked up. Services other than S3
/// tell of an unsigned host or a wrong time before they look at it.
pub fn check_scope<'s>(signed: &'s Signed<'_>, expectations: &Expectations<'_>) -> Result<Scope<'s>, Refusal> {
    let form = signed.form;
    let scope =
        signed.scope().ok_or_else(|| Refusal::CredentialMalformed(form, signed.credential.clone().into_owned()))?;
    if scope.service != "s3" && form != Form::Post {
        check_host(signed)?;
        check_time(signed, expectations.now)?;
    }
    if scope.terminator != TERMINATOR {
        return Err(Refusal::WrongTerminator(form, scope.terminator.to_owned()));
    }
    if signed.date.get(..8) != Some(scope.date) {
        return Err(Refusal::WrongDate(form, scope.date.to_owned(), signed.date.clone().into_owned()));
    }
    let expected = expectations.regions.first().map_or("", |region| region);
    match (signed.algorithm, &signed.region_set) {
        (Algorithm::Hmac, _) if expectations.regions.iter().any(|region| &**region == scope.region) => Ok(scope),
        (Algorithm::Hmac, _) => Err(Refusal::WrongRegion(form, scope.region.to_owned(), expected.to_owned())),
        (Algorithm::Ecdsa, Some(set)) if expectations.regions.iter().any(|region| in_set(set, region)) => Ok(scope),
        (Algorithm::Ecdsa, Some(set)) => Err(Refusal::WrongRegion(form, set.to_string(), expected.to_owned())),
        (Algorithm::Ecdsa, None) if form == Form::Query => Err(Refusal::MissingInQuery(vec!["X-Amz-Region-Set"])),
        (Algorithm::Ecdsa, None) => Err(Refusal::MissingInHeader(signed.algorithm, vec!["X-Amz-Region-Set"])),
    }
}

/// Whether a region set (`us-east-1,eu-*`) holds a region. `*` stands at the end of an entry or alone.
fn in_set(set: &str, region: &str) -> bool {
    set.split(',').map(str::trim).any(|entry| match entry.strip_suffix('*') {
        Some(start) => !start.contains('*') && region.starts_with(start),
        None => entry == region,
    })
}

/// Checks time, signature and signed headers. `payload` is the last line of the canonical request.
pub fn verify(
    signed: &Signed<'_>,
    head: &Head<'_>,
    payload: &str,
    expectations: &Expectations<'_>,
    key: &ProvingKey<'_>,
) -> Result<(), Refusal> {
    let service = signed.scope().map_or("", |scope| scope.service);
    check_time(signed, expectations.now)?;
    check_host(signed)?;
    if signed.form == Form::Header && signed.algorithm == Algorithm::Ecdsa && !signed.signs("x-amz-region-set") {
        return Err(Refusal::HeadersNotSigned(vec!["x-amz-region-set".into()]));
    }
    let canonical = canonical_request(head, PathRule::of(service), &signed.signed_headers, payload)?;
    let to_sign = string_to_sign(signed.algorithm.name(), &signed.date, signed.scope_text(), &canonical);
    if !proves(key, signed.algorithm, &to_sign, &signed.signature) {
        return Err(mismatch(signed, &to_sign, &canonical));
    }
    check_signed_headers(signed, head)
}

/// Checks time and signature of a form. What is signed is the policy, as the form has it.
pub fn verify_form(
    signed: &Signed<'_>,
    policy: &str,
    expectations: &Expectations<'_>,
    key: &SigningKey,
) -> Result<(), Refusal> {
    let now = expectations.now;
    let age = now.as_second() - signed.at.as_second();
    if !(-SKEW_SECONDS_MAX..=FORM_SECONDS_MAX).contains(&age) {
        return Err(Refusal::Skewed { signed: signed.at, now });
    }
    match proves(&ProvingKey::Hmac(key), signed.algorithm, policy.as_bytes(), &signed.signature) {
        true => Ok(()),
        false => Err(mismatch(signed, policy.as_bytes(), b"")),
    }
}

fn mismatch(signed: &Signed<'_>, to_sign: &[u8], canonical: &[u8]) -> Refusal {
    Refusal::Mismatch(Box::new(Mismatch {
        access_key_id: signed.scope().map_or("", |scope| scope.access_key_id).to_owned(),
        string_to_sign: String::from_utf8_lossy(to_sign).into_owned(),
        signature: signed.signature.clone().into_owned(),
        canonical_request: String::from_utf8_lossy(canonical).into_owned(),
    }))
}

fn proves(key: &ProvingKey<'_>, algorithm: Algorithm, to_sign: &[u8], signature: &str) -> bool {
    match (key, algorithm) {
        (ProvingKey::Hmac(key), Algorithm::Hmac) => key.verify(to_sign, signature),
        (ProvingKey::Ecdsa(key), Algorithm::Ecdsa) => key.verify(to_sign, signature),
        _ => false,
    }
}

fn check_host(signed: &Signed<'_>) -> Result<(), Refusal> {
    match signed.signs("host") || signed.signs(":authority") {
        true => Ok(()),
        false => Err(Refusal::HostNotSigned),
    }
}

fn check_time(signed: &Signed<'_>, now: Timestamp) -> Result<(), Refusal> {
    let age = now.as_second() - signed.at.as_second();
    if signed.form != Form::Query {
        return match age.abs() <= SKEW_SECONDS_MAX {
            true => Ok(()),
            false => Err(Refusal::Skewed { signed: signed.at, now }),
        };
    }
    let expires = signed.expires.unwrap_or(EXPIRES_DEFAULT);
    if age < -SKEW_SECONDS_MAX {
        return Err(Refusal::NotYetValid { signed: signed.at, now });
    }
    match age > i64::from(expires) {
        true => Err(Refusal::Expired { signed: signed.at, expires, now }),
        false => Ok(()),
    }
}

/// Every `x-amz-*` header has to be signed: else whoever sits in between could add an ACL or a copy source.
fn check_signed_headers(signed: &Signed<'_>, head: &Head<'_>) -> Result<(), Refusal> {
    let unsigned = |name: &&http::HeaderName| name.as_str().starts_with("x-amz-") && !signed.signs(name.as_str());
    let mut names = head.headers.keys().filter(unsigned).peekable();
    if names.peek().is_none() {
        return Ok(());
    }
    Err(Refusal::HeadersNotSigned(names.map(|name| name.as_str().to_owned()).collect()))
}
