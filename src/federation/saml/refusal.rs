//! Why an assertion is not believed, and what AWS's STS says then.
//!
//! Sources of codes and words: STS API reference, "AssumeRoleWithSAML", Errors; IAM user guide, "Troubleshoot SAML
//! federation"; answers of AWS as users of its clients quote them (`Response has expired`, `Token must be redeemed within 5
//! minutes of issuance`). Where AWS's words are not known, the words are ours under AWS's code.

use std::{borrow::Cow, fmt};

use super::{replay::Again, signature::Unproven, xml::Flaw};
use crate::base::Fault;

/// Which check refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The text is no base 64, or too long.
    Base64,
    /// The response is not read as XML.
    Xml(Flaw),
    /// It is no response of SAML 2.0, or lacks one of these parts, or has it twice.
    Response(&'static str),
    /// The provider says that it did not authenticate anybody.
    Status(String),
    /// There is no such provider.
    Provider,
    /// The metadata of the provider holds no longer.
    MetadataExpired,
    /// The issuer is another one than the provider's.
    Issuer,
    /// The response is meant for another place.
    Destination,
    /// There is no assertion, or more than one, or one in an unusual place.
    Assertions,
    /// An encrypted assertion cannot be opened, or is not covered as its cipher asks for.
    Encryption,
    /// The provider is to encrypt its assertions, and this one is not.
    NotEncrypted,
    /// Neither the response nor the assertion is signed.
    Unsigned,
    /// The signature of this part is not believed.
    Signature(&'static str, Unproven),
    /// The assertion lacks this part, or has it twice, or it holds something else than it should.
    Form(&'static str),
    /// The subject is not named.
    Subject,
    /// The subject is confirmed in another way than by bearing the assertion, or not as AWS asks.
    Confirmation(&'static str),
    /// The assertion is for another recipient.
    Recipient,
    /// The assertion is for another audience.
    Audience,
    /// A condition that is not known.
    Condition,
    /// The assertion holds only later.
    Early(&'static str),
    /// The assertion holds no longer.
    Expired(&'static str),
    /// The response or the assertion was issued more than five minutes ago.
    Stale,
    /// No session name.
    NoSessionName,
    /// A session name that is none.
    SessionName,
    /// A source identity that is none.
    SourceIdentity,
    /// A session duration that is none.
    SessionDuration,
    /// A session tag, or a transitive key, that is none, or is there twice.
    Tags,
    /// The assertion gives this condition key more than one value.
    Ambiguous(&'static str),
    /// Something stands where SAML has nothing, or has something else.
    Schema(&'static str),
    /// The assertion does not name this role together with this provider.
    Role,
    /// The assertion was used before, or that cannot be told.
    Again(Again),
}

impl Refusal {
    /// What the client is told. The record has the reason too.
    pub fn fault(&self) -> Fault {
        let (status, code, message): (u16, _, Cow<'static, str>) = match self {
            Refusal::Status(_) => (403, "IDPRejectedClaim", "The identity provider rejected the claim.".into()),
            Refusal::Expired(_) => (400, "ExpiredTokenException", "Response has expired".into()),
            Refusal::Stale => {
                (400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance".into())
            }
            Refusal::Role | Refusal::Subject => {
                (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML".into())
            }
            Refusal::Again(Again::Full) => (503, "ServiceUnavailable", "Please reduce your request rate.".into()),
            other => (400, "InvalidIdentityToken", other.words().into()),
        };
        Fault::new(status, code, message).because(self)
    }

    /// The message of those that are `InvalidIdentityToken`.
    fn words(&self) -> &'static str {
        match self {
            Refusal::Base64 => "Invalid base64 SAMLResponse",
            Refusal::Provider => "Specified provider doesn't exist",
            Refusal::Issuer => "Issuer not present in specified provider",
            Refusal::Unsigned | Refusal::Signature(..) | Refusal::Encryption => "Response signature invalid",
            Refusal::Audience => "Response does not contain the required audience.",
            Refusal::NoSessionName => "RoleSessionName is required in AuthnResponse",
            Refusal::SessionName => "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
            Refusal::SourceIdentity => {
                "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\""
            }
            Refusal::Early(_) => "Response is not yet valid",
            Refusal::Again(_) => "Response has been used already",
            Refusal::NotEncrypted => "Response does not contain an encrypted assertion",
            Refusal::Recipient | Refusal::Destination => "Response is intended for another recipient",
            _ => "Response is not valid",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SAML: ")?;
        match self {
            Refusal::Base64 => f.write_str("the text is no base 64, or too long"),
            Refusal::Xml(flaw) => write!(f, "the response is not read: {flaw}"),
            Refusal::Response(part) => write!(f, "the response has no such part, or not as SAML has it: {part}"),
            Refusal::Status(status) => write!(f, "the provider answered with the status `{status}`"),
            Refusal::Provider => f.write_str("there is no such provider"),
            Refusal::MetadataExpired => f.write_str("the provider's metadata holds no longer"),
            Refusal::Issuer => f.write_str("the issuer is not the provider's entity id"),
            Refusal::Destination => f.write_str("the response is meant for another destination"),
            Refusal::Assertions => f.write_str("there is not exactly one assertion in its place"),
            Refusal::Encryption => {
                f.write_str("the encrypted assertion cannot be opened, or CBC is not covered by a signature")
            }
            Refusal::NotEncrypted => f.write_str("the assertion is not encrypted"),
            Refusal::Unsigned => f.write_str("neither the response nor the assertion is signed"),
            Refusal::Signature(part, why) => write!(f, "the signature of the {part} is not believed: {why}"),
            Refusal::Form(part) => write!(f, "the assertion has no such part, or not as SAML has it: {part}"),
            Refusal::Subject => f.write_str("the subject has no name"),
            Refusal::Confirmation(part) => write!(f, "the confirmation of the subject is not as AWS asks: {part}"),
            Refusal::Recipient => f.write_str("the assertion is for another recipient"),
            Refusal::Audience => f.write_str("the assertion is for another audience"),
            Refusal::Condition => f.write_str("the assertion has a condition that is not known"),
            Refusal::Early(part) => write!(f, "the assertion does not hold yet: {part}"),
            Refusal::Expired(part) => write!(f, "the assertion holds no longer: {part}"),
            Refusal::Stale => f.write_str("it was issued more than five minutes ago"),
            Refusal::NoSessionName => f.write_str("the assertion has no session name"),
            Refusal::SessionName => f.write_str("the session name has other characters or another length"),
            Refusal::SourceIdentity => f.write_str("the source identity has other characters or another length"),
            Refusal::SessionDuration => f.write_str("the session's duration is no number from 900 to 43200"),
            Refusal::Tags => f.write_str("a session tag or a transitive key does not fit, or is there twice"),
            Refusal::Ambiguous(key) => write!(f, "the assertion gives more than one value for {key}"),
            Refusal::Schema(what) => write!(f, "it is made of other parts than SAML's responses: {what}"),
            Refusal::Role => f.write_str("the assertion does not name this role with this provider"),
            Refusal::Again(Again::Used) => f.write_str("the assertion was used before"),
            Refusal::Again(Again::Full) => f.write_str("too many used assertions are remembered to take another"),
        }
    }
}

impl From<Flaw> for Refusal {
    fn from(flaw: Flaw) -> Self {
        Refusal::Xml(flaw)
    }
}
