//! Is a token of a provider, for us, now? Pure: keys and time are given.

use super::{KeySet, Provider, Refusal, Token, claims, jwks::Proof};
use crate::{base::Timestamp, federation::Asserted};

/// How far a provider's clock may be ahead of ours, in seconds. None the other way: what has expired is over.
const AHEAD_MAX: i64 = 300;

/// Verifies a token against the provider that it names.
///
/// A token is good for any number of calls until it expires, as on AWS: its holders are programs that read it from a
/// file, again and again. What it is good for is the trust policy's affair.
///
/// # Errors
/// The first check that refuses: key and signature, then issuer, time, audience, subject, the other claims.
pub fn verify(token: &Token, provider: &Provider, keys: &KeySet, now: Timestamp) -> Result<Asserted, Refusal> {
    match keys.check(token.key_id(), token.algorithm(), token.signed(), token.signature()) {
        Proof::Made => {}
        Proof::NotMade => return Err(Refusal::Signature),
        Proof::NoKey => return Err(Refusal::UnknownKey(token.key_id().map(str::to_owned))),
    }
    if token.issuer() != provider.url {
        return Err(Refusal::Issuer(token.issuer().to_owned()));
    }
    let claims = token.claims();
    let expires = in_time(claims, now.as_second())?;
    let audience = claims::audience(claims, provider)?;
    let facts = claims::facts(claims, provider, &audience)?;
    let session = claims::session(claims)?;
    Ok(Asserted {
        issuer: token.issuer().to_owned(),
        subject: claims::subject(claims)?,
        audience,
        expires: Timestamp::from_second(expires).map_err(|_| Refusal::Claim("exp".into(), "is no moment"))?,
        facts,
        tags: session.tags,
        transitive_tag_keys: session.transitive_tag_keys,
        source_identity: session.source_identity,
        origin: provider.context.as_ref().map(|context| claims::origin(claims, provider, context)).transpose()?,
    })
}

/// When it expires, which is yet to come.
fn in_time(claims: &serde_json::Map<String, serde_json::Value>, now: i64) -> Result<i64, Refusal> {
    let expires = claims::seconds(claims, "exp")?.ok_or(Refusal::Missing("exp"))?;
    if now >= expires {
        return Err(Refusal::Expired(now, expires));
    }
    let issued = claims::seconds(claims, "iat")?.ok_or(Refusal::Missing("iat"))?;
    let from = claims::seconds(claims, "nbf")?;
    for (claim, moment) in [("iat", Some(issued)), ("nbf", from)] {
        if let Some(moment) = moment.filter(|moment| moment.saturating_sub(AHEAD_MAX) > now) {
            return Err(Refusal::NotYet(claim, now, moment));
        }
    }
    Ok(expires)
}
