//! Floor 2: what identity providers say of people and programs, verified.
//!
//! A verifier takes what a provider signed, the provider as it is registered and the time, and gives an [`Asserted`] or the
//! reason why not. What a role's trust policy makes of it is decided on the road, like everything else.
//!
//! [`outbound`] is the other way: the keys with which accounts sign tokens for others to believe.

pub mod certificate;
mod dn;
pub mod ldap;
pub mod oidc;
pub mod origin;
pub mod outbound;
pub mod saml;

pub use self::{
    dn::Dn,
    origin::{ContextProvider, Origin},
};
use crate::base::{Tag, Timestamp};

/// What a provider says of whoever holds its token or assertion. Every part of it was covered by the provider's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// Who said it: the issuer of the token, the entity id of the assertion.
    pub issuer: String,
    /// Of whom.
    pub subject: String,
    /// To whom it was said, and the one that was believed.
    pub audience: String,
    /// Not believed from this moment on.
    pub expires: Timestamp,
    /// Condition keys in lower case with their values: `idp.example.com:sub`, `saml:iss`. A key with several values keeps
    /// their order.
    pub facts: Vec<(String, Vec<String>)>,
    /// Session tags that the provider passes.
    pub tags: Vec<Tag>,
    /// The keys of those of them that later sessions inherit.
    pub transitive_tag_keys: Vec<String>,
    /// Who is behind the session, where the provider says so.
    pub source_identity: Option<String>,
    /// Whom the session is for, where the provider is to say so.
    pub origin: Option<Origin>,
}
