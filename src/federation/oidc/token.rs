//! A token as it came: read into what it says, nothing of it believed yet. Sources: RFC 7515 (JWS, compact form),
//! RFC 7519 (JWT), RFC 8725 (best practices).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::{Refusal, json, jwks::Algorithm};

/// The longest token, in characters. Source: STS's service model.
pub const CHARACTERS_MAX: usize = 20_000;

/// A token that has its form. Keys that it carries or points at (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
#[derive(Debug, Clone)]
pub struct Token {
    /// What was signed: the first two parts with the dot between them.
    signed: String,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
    issuer: String,
    claims: Map<String, Value>,
}

impl Token {
    /// Reads a token.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.len() > CHARACTERS_MAX {
            return Err(Refusal::Oversize);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed("it is not three parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed("it is not three parts"))?;
        let header = decode(header, "its header is not base 64")?;
        let header = json::object(&header).ok_or(Refusal::Malformed("its header is not JSON that means one thing"))?;
        let (algorithm, key_id) = said(&header)?;
        let payload = decode(payload, "its claims are not base 64")?;
        let claims =
            json::object(&payload).ok_or(Refusal::Malformed("its claims are not JSON that means one thing"))?;
        let signature = decode(signature, "its signature is not base 64")?;
        let issuer = match claims.get("iss") {
            None => return Err(Refusal::Missing("iss")),
            Some(issuer) => issuer.as_str().ok_or(Refusal::Claim("iss".into(), "is no text"))?.to_owned(),
        };
        Ok(Self { signed: signed.to_owned(), signature, algorithm, key_id, issuer, claims })
    }

    /// Who it says has issued it. Nothing is proven by that: it tells which provider to ask.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that it says it was signed with.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// How it says it was signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(super) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

/// What a header says of the signature.
fn said(header: &Map<String, Value>) -> Result<(Algorithm, Option<String>), Refusal> {
    if header.contains_key("crit") {
        return Err(Refusal::Critical);
    }
    let algorithm = header.get("alg").and_then(Value::as_str).ok_or(Refusal::Malformed("it names no algorithm"))?;
    let known = Algorithm::parse(algorithm).ok_or_else(|| Refusal::Algorithm(algorithm.to_owned()))?;
    match header.get("typ") {
        None => {}
        Some(Value::String(name)) if is_taken_type(name) => {}
        Some(other) => return Err(Refusal::Type(other.as_str().map_or_else(|| other.to_string(), str::to_owned))),
    }
    let key_id = match header.get("kid") {
        None => None,
        Some(id) => Some(id.as_str().ok_or(Refusal::Malformed("its key id is no text"))?.to_owned()),
    };
    Ok((known, key_id))
}

/// Identity tokens, and access tokens in the form of JWTs, whose audience is checked like any other's (RFC 9068). Logout
/// tokens, proofs of possession, security events and the like are signed with the same keys and are no identities
/// (RFC 8725, section 3.11).
fn is_taken_type(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.strip_prefix("application/").unwrap_or(&name), "jwt" | "at+jwt")
}

/// Base 64 for URLs, without padding, with no bit left over: one text for each sequence of bytes.
fn decode(part: &str, otherwise: &'static str) -> Result<Vec<u8>, Refusal> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Refusal::Malformed(otherwise))
}
