//! SAML 2.0: what identity providers say of people, in the one form that AWS's STS takes.
//!
//! | step | file |
//! |---|---|
//! | the response is read, as narrowly as SAML allows | `xml.rs` |
//! | its signature, or the assertion's, is checked with the keys of the provider's metadata | `signature.rs` |
//! | over bytes in their canonical form | `canonical.rs` |
//! | an encrypted assertion is opened | `encrypted.rs` |
//! | issuer, subject, recipient, audience and times are checked | `assertion.rs` |
//! | attributes become roles, a session's name, tags and condition keys | `attributes.rs` |
//! | nothing else stands in the response | `schema.rs` |
//! | a use is remembered | `replay.rs` |
//!
//! Invariant: nothing is taken from the response that its signature does not cover. A verified element is read anew from the
//! bytes that its digest is of, and the response that they came from is not looked at again, but for what can only refuse:
//! its status, its destination, its issuer, and whether it is made of known parts.
//!
//! The signatures are our own code over `quick-xml` and `aws-lc-rs` rather than a library for all of XML Security: SAML
//! needs one canonicalization, two transforms and one reference, and the rest is what attacks are made of.

#[cfg(feature = "saml")]
mod assertion;
#[cfg(feature = "saml")]
mod attributes;
#[cfg(feature = "saml")]
mod canonical;
#[cfg(feature = "saml")]
mod encrypted;
#[cfg(feature = "saml")]
mod refusal;
mod replay;
#[cfg(feature = "saml")]
mod response;
#[cfg(feature = "saml")]
mod schema;
#[cfg(feature = "saml")]
mod signature;
#[cfg(feature = "saml")]
mod xml;

pub use self::replay::{Again, Used};
#[cfg(feature = "saml")]
pub use self::{
    attributes::is_list,
    refusal::Refusal,
    response::{Assertion, Provider, claim, unclaim, verify},
    signature::Unproven,
    xml::Flaw,
};

/// To whom assertions have to be addressed, and how often one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// One of them has to be an audience of the assertion.
    pub audiences: Vec<String>,
    /// One of them has to be the recipient of the assertion, as it stands or followed by `/acs/` and the provider's id.
    pub recipients: Vec<String>,
    /// How often an assertion is taken.
    pub reuse: Reuse,
}

/// How often an assertion is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// Once.
    Never,
    /// Once for each role that it names.
    #[default]
    OtherRoles,
    /// As often as wanted until it expires.
    Always,
}

impl Reuse {
    /// Reads the word of the configuration.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "never" => Some(Reuse::Never),
            "other-roles" => Some(Reuse::OtherRoles),
            "always" => Some(Reuse::Always),
            _ => None,
        }
    }
}

impl Settings {
    /// `{recipient}/acs/{id}` is the form that AWS gives to a provider's own sign-in URL.
    #[cfg(feature = "saml")]
    fn is_recipient(&self, text: &str, provider_id: &str) -> bool {
        let own = |base: &str| text.strip_prefix(base).and_then(|rest| rest.strip_prefix("/acs/")) == Some(provider_id);
        self.recipients.iter().any(|recipient| text == recipient || own(recipient))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_configuration() {
        let words = ["never", "other-roles", "always", "Never", ""].map(Reuse::parse);
        assert_eq!(words, [Some(Reuse::Never), Some(Reuse::OtherRoles), Some(Reuse::Always), None, None]);
    }
}
