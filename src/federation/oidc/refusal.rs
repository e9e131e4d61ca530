//! Why a web identity token is refused, and what the caller is told of it.
//!
//! Codes and statuses are those of STS's service model. Wordings are AWS's where its clients' bug reports quote them:
//! `No OpenIDConnect provider found ...`, `Incorrect token audience`, `Token expired ...`, `Missing a required claim`,
//! `Couldn't retrieve verification key ...` (with AWS's two spaces) and the thumbprint's; the others are ours.

use std::fmt;

use crate::base::Fault;

/// A reason. The caller is told its code and wording, the record and the log its check and detail too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than any token.
    Oversize,
    /// Not three parts of base 64, or not JSON that means one thing; which.
    Malformed(&'static str),
    /// A kind of token that proves no identity: its `typ`.
    Type(String),
    /// An extension that has to be understood, and is not.
    Critical,
    /// A signature algorithm that is not taken: none, symmetric, or unknown.
    Algorithm(String),
    /// A claim that has to be there.
    Missing(&'static str),
    /// A claim of a wrong type or form, and what is wrong.
    Claim(String, &'static str),
    /// Nobody registered this issuer in the account.
    NoProvider(String),
    /// It was issued by another than the provider.
    Issuer(String),
    /// The provider has no key of this id, or none that fits.
    UnknownKey(Option<String>),
    /// The signature was not made with the provider's key.
    Signature,
    /// It is meant for others.
    Audience(String),
    /// It has expired: now and then, in seconds since 1970.
    Expired(i64, i64),
    /// It does not hold yet: the claim, now and then, in seconds since 1970.
    NotYet(&'static str, i64, i64),
    /// What it asserts for the session cannot be taken: tags, source identity; which and why.
    Rejected(&'static str, String),
    /// The provider did not answer, or not in time.
    Unreachable(String),
    /// The provider answered, but not with keys.
    NoKeys(String),
    /// No authority that is trusted signed the provider's certificate, and no thumbprint fits it.
    Thumbprint(String),
}

/// AWS's wording, which all that is wrong with keys has in common.
const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
                      AssumeRoleWithWebIdentity documentation for requirements";

/// How much of what a token says is repeated.
const SAID_CHARACTERS_MAX: usize = 256;

impl Refusal {
    /// The check that refused, in a word: for the record.
    pub fn check(&self) -> &'static str {
        match self {
            Refusal::Oversize | Refusal::Malformed(_) => "form",
            Refusal::Type(_) => "type",
            Refusal::Critical => "critical header",
            Refusal::Algorithm(_) => "algorithm",
            Refusal::Missing(_) | Refusal::Claim(..) => "claims",
            Refusal::NoProvider(_) => "provider",
            Refusal::Issuer(_) => "issuer",
            Refusal::UnknownKey(_) => "key id",
            Refusal::Signature => "signature",
            Refusal::Audience(_) => "audience",
            Refusal::Expired(..) => "expiry",
            Refusal::NotYet(..) => "not before",
            Refusal::Rejected(..) => "session claims",
            Refusal::Unreachable(_) => "provider's answer",
            Refusal::NoKeys(_) => "provider's keys",
            Refusal::Thumbprint(_) => "provider's certificate",
        }
    }

    /// As an AWS client sees it. The detail names the check.
    pub fn fault(&self) -> Fault {
        let (status, code) = match self {
            Refusal::Expired(..) => (400, "ExpiredTokenException"),
            Refusal::Rejected(..) => (403, "IDPRejectedClaim"),
            Refusal::Unreachable(_) => (400, "IDPCommunicationError"),
            _ => (400, "InvalidIdentityToken"),
        };
        Fault::new(status, code, self.told()).because(format_args!("web identity, {}: {self}", self.check()))
    }

    /// What the caller is told.
    fn told(&self) -> String {
        match self {
            Refusal::Oversize | Refusal::Malformed(_) | Refusal::Type(_) | Refusal::Critical => {
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)".into()
            }
            Refusal::Algorithm(_) => "Token must be signed with RS256, RS384, RS512, ES256, ES384 or ES512".into(),
            Refusal::Missing(claim) => format!("Missing a required claim: {claim}"),
            Refusal::Claim(claim, _) => format!("Invalid claim: {}", short(claim)),
            Refusal::NoProvider(issuer) | Refusal::Issuer(issuer) => {
                format!("No OpenIDConnect provider found in your account for {}", short(issuer))
            }
            Refusal::UnknownKey(_) | Refusal::NoKeys(_) => NO_KEY.into(),
            Refusal::Signature => "Invalid token signature".into(),
            Refusal::Audience(_) => "Incorrect token audience".into(),
            // There is no space before the last number in AWS's wording.
            Refusal::Expired(now, expires) => {
                format!("Token expired: current date/time {now} must be before the expiration date/time{expires}")
            }
            Refusal::NotYet(claim, now, from) => {
                format!("Token is not valid yet: current date/time {now} must not be before its {claim} {from}")
            }
            Refusal::Rejected(claim, why) => format!("The claim {claim} is not valid: {}", short(why)),
            Refusal::Unreachable(_) => "The identity provider could not be reached to verify the token".into(),
            Refusal::Thumbprint(_) => {
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint".into()
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Oversize => f.write_str("it is too long"),
            Refusal::Malformed(what) => f.write_str(what),
            Refusal::Type(name) => write!(f, "a token of type `{}` proves no identity", short(name)),
            Refusal::Critical => f.write_str("its header demands extensions"),
            Refusal::Algorithm(name) => write!(f, "the algorithm `{}` is not taken", short(name)),
            Refusal::Missing(claim) => write!(f, "there is no `{claim}`"),
            Refusal::Claim(claim, what) => write!(f, "`{}` {what}", short(claim)),
            Refusal::NoProvider(issuer) => write!(f, "`{}` is not registered", short(issuer)),
            Refusal::Issuer(issuer) => write!(f, "it was issued by `{}`", short(issuer)),
            Refusal::UnknownKey(Some(id)) => write!(f, "the provider has no fitting key `{}`", short(id)),
            Refusal::UnknownKey(None) => f.write_str("it names no key, and the provider has none that fits"),
            Refusal::Signature => f.write_str("the provider's key did not make it"),
            Refusal::Audience(audience) => write!(f, "it is meant for `{}`", short(audience)),
            Refusal::Expired(now, expires) => write!(f, "`exp` is {expires}, now is {now}"),
            Refusal::NotYet(claim, now, from) => write!(f, "`{claim}` is {from}, now is {now}"),
            Refusal::Rejected(claim, why) => write!(f, "`{claim}`: {}", short(why)),
            Refusal::Unreachable(why) | Refusal::NoKeys(why) | Refusal::Thumbprint(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Refusal {}

/// The beginning of what a token says: whoever wrote it could say much.
fn short(said: &str) -> &str {
    said.char_indices().nth(SAID_CHARACTERS_MAX).and_then(|(end, _)| said.get(..end)).unwrap_or(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_aws_s_code_and_names_its_check() {
        let text = || "x".to_owned();
        let cases = [
            (Refusal::Oversize, 400, "InvalidIdentityToken", "form"),
            (Refusal::Malformed("x"), 400, "InvalidIdentityToken", "form"),
            (Refusal::Type(text()), 400, "InvalidIdentityToken", "type"),
            (Refusal::Critical, 400, "InvalidIdentityToken", "critical header"),
            (Refusal::Algorithm(text()), 400, "InvalidIdentityToken", "algorithm"),
            (Refusal::Missing("x"), 400, "InvalidIdentityToken", "claims"),
            (Refusal::Claim(text(), "x"), 400, "InvalidIdentityToken", "claims"),
            (Refusal::NoProvider(text()), 400, "InvalidIdentityToken", "provider"),
            (Refusal::Issuer(text()), 400, "InvalidIdentityToken", "issuer"),
            (Refusal::UnknownKey(None), 400, "InvalidIdentityToken", "key id"),
            (Refusal::UnknownKey(Some(text())), 400, "InvalidIdentityToken", "key id"),
            (Refusal::Signature, 400, "InvalidIdentityToken", "signature"),
            (Refusal::Audience(text()), 400, "InvalidIdentityToken", "audience"),
            (Refusal::Expired(2, 1), 400, "ExpiredTokenException", "expiry"),
            (Refusal::NotYet("nbf", 1, 2), 400, "InvalidIdentityToken", "not before"),
            (Refusal::Rejected("x", text()), 403, "IDPRejectedClaim", "session claims"),
            (Refusal::Unreachable(text()), 400, "IDPCommunicationError", "provider's answer"),
            (Refusal::NoKeys(text()), 400, "InvalidIdentityToken", "provider's keys"),
            (Refusal::Thumbprint(text()), 400, "InvalidIdentityToken", "provider's certificate"),
        ];
        for (refusal, status, code, check) in cases {
            let fault = refusal.fault();
            assert_eq!((fault.status, &*fault.code), (status, code), "{refusal:?}");
            let detail = fault.detail.unwrap();
            assert!(detail.starts_with(&format!("web identity, {check}: ")) && !refusal.to_string().is_empty());
        }
        let long = Refusal::NoProvider("\u{e9}".repeat(20_000)).fault();
        assert!(long.message.len() < 1024 && long.detail.unwrap().len() < 1024);
        let expired = Refusal::Expired(1_626_271_164, 1_626_191_469).fault();
        let told = "Token expired: current date/time 1626271164 must be before the expiration date/time1626191469";
        assert_eq!(expired.message, told);
    }
}
