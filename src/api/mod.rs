//! Floor 4: the APIs that this program serves itself, backends on the road like any other.
//!
//! [`query`] is the protocol of IAM and STS. Each of them is a table of [`query::Operation`]s, one entry an operation, and
//! a list of the operations that it does not offer yet; a test holds both against AWS's list, and [`coverage`] tells them.
//! S3 Control has S3's XML; [`discovery`] answers without credentials what token issuers publish.

pub mod coverage;
pub mod delegation;
pub mod discovery;
pub mod iam;
pub mod query;
pub mod quotas;
pub mod s3_control;
pub mod sts;
pub mod token_issuers;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

use self::{delegation::Delegation, quotas::Quotas};
use crate::{
    base::{AccountId, Random},
    federation::{certificate::Certificates, ldap::Ldap, oidc::Keys, saml},
    gateway::{backend::OwnApi, issuer::IssuerUrl, organization::Organization},
    session::Sessions,
    store::{Directory, MessageKey},
};

/// What the operations of our APIs work with.
pub struct World {
    /// Identities.
    pub directory: Arc<Directory>,
    /// The account of the deployment, which there is before any other.
    pub account: AccountId,
    /// What limits all accounts.
    pub organization: Arc<ArcSwap<Organization>>,
    /// Where the discovery documents of token issuers can be had.
    pub issuer: Arc<ArcSwapOption<IssuerUrl>>,
    /// The keys of identity providers.
    pub provider_keys: Arc<ArcSwap<Keys>>,
    /// How much there may be of what.
    pub quotas: Arc<ArcSwap<Quotas>>,
    /// Who may ask other accounts for permissions.
    pub delegation: Arc<ArcSwap<Delegation>>,
    /// Opens what denials tell sealed.
    pub messages: Arc<MessageKey>,
    /// Makes temporary credentials.
    pub sessions: Arc<Sessions>,
    /// To whom SAML assertions have to be addressed.
    pub saml: Arc<ArcSwap<saml::Settings>>,
    /// The SAML assertions that were used here.
    pub saml_used: saml::Used,
    /// The directory whose people take roles.
    pub ldap: Arc<Ldap>,
    /// The clients' certificates that take roles.
    pub certificates: Arc<Certificates>,
    /// For unique ids and secrets.
    pub random: Arc<dyn Random>,
}

/// Every API of ours.
pub fn all(world: World) -> Vec<Arc<dyn OwnApi>> {
    let world = Arc::new(world);
    vec![
        Arc::new(iam::api(world.clone())),
        Arc::new(sts::api(world.clone())),
        Arc::new(s3_control::api(world.clone())),
        Arc::new(discovery::api(world)),
    ]
}
