//! STS's API, version 2011-06-15. Source: STS API reference.
//!
//! Nothing is written for temporary credentials: their token says everything ([`crate::session`]).

mod asked;
mod assume_role;
mod assume_root;
mod delegated_access;
mod federation_token;
mod granted;
mod identity;
mod identity_token;
mod session_token;
mod texts;
mod vouched;
mod web_identity;
mod with_certificate;
mod with_ldap;
#[cfg(feature = "saml")]
mod with_saml;

use std::sync::Arc;

pub(in crate::api) use self::{delegated_access::fits, granted::chain};

use super::{
    World,
    query::{Api, Extension, NotOffered, Operation},
};
use crate::{
    base::{Fault, Principal},
    gateway::caller::Caller,
};

/// The version of the API.
pub const VERSION: &str = "2011-06-15";
/// The `xmlns` of its answers.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The member of a web identity token that AWS's own claims are in.
pub const CLAIMS: &str = "https://sts.amazonaws.com/";

/// The API.
pub fn api(world: Arc<World>) -> Api {
    Api {
        service: "sts",
        version: VERSION,
        namespace: NAMESPACE,
        body_bytes_max: 512 * 1024,
        offered: OFFERED,
        extensions: EXTENSIONS,
        unsigned: UNSIGNED,
        session_rule,
        not_offered: NOT_OFFERED,
        told_resource: |_, _| None,
        world,
    }
}

/// What is offered.
pub static OFFERED: &[Operation] = &[
    Operation { name: "AssumeRole", read_only: true, plan: assume_role::plan },
    #[cfg(feature = "saml")]
    Operation { name: "AssumeRoleWithSAML", read_only: true, plan: with_saml::plan },
    Operation { name: "AssumeRoleWithWebIdentity", read_only: true, plan: web_identity::plan },
    Operation { name: "AssumeRoot", read_only: true, plan: assume_root::plan },
    Operation { name: "DecodeAuthorizationMessage", read_only: true, plan: identity::decode_authorization_message },
    Operation { name: "GetAccessKeyInfo", read_only: true, plan: identity::get_access_key_info },
    Operation { name: "GetCallerIdentity", read_only: true, plan: identity::get_caller_identity },
    Operation { name: "GetDelegatedAccessToken", read_only: true, plan: delegated_access::plan },
    Operation { name: "GetFederationToken", read_only: true, plan: federation_token::plan },
    Operation { name: "GetSessionToken", read_only: true, plan: session_token::plan },
    Operation { name: "GetWebIdentityToken", read_only: true, plan: identity_token::plan },
];

/// What AWS does not offer, and MinIO does. Off unless configured.
pub static EXTENSIONS: &[Extension] = &[
    Extension {
        operation: Operation { name: "AssumeRoleWithCertificate", read_only: true, plan: with_certificate::plan },
        key: with_certificate::KEY,
    },
    Extension {
        operation: Operation { name: "AssumeRoleWithLDAPIdentity", read_only: true, plan: with_ldap::plan },
        key: with_ldap::KEY,
    },
];

/// Those that an identity provider's word is enough for.
const UNSIGNED: &[&str] = &[
    "AssumeRoleWithCertificate",
    "AssumeRoleWithLDAPIdentity",
    #[cfg(feature = "saml")]
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
];

/// What AWS offers beyond that, in order, each with the reason. May only shrink.
pub static NOT_OFFERED: &[NotOffered] = &[
    #[cfg(not(feature = "saml"))]
    ("AssumeRoleWithSAML", "this program was built without the feature `saml`"),
    ("GetScopedCredentials", "a session has one layer of session policies here"),
];

/// What temporary credentials may call. Source: IAM user guide, "Compare AWS STS credentials".
fn session_rule(caller: &Caller, operation: &str) -> Result<(), Fault> {
    let Some(session) = caller.session() else { return Ok(()) };
    let passes = match (operation, caller.principal()) {
        ("GetCallerIdentity", _) => true,
        // Others could not tell from a token that somebody acts for whom it names.
        ("GetWebIdentityToken", principal) => matches!(principal, Principal::Role(_)) && session.delegate().is_none(),
        ("GetSessionToken" | "GetFederationToken", _) | (_, Principal::Federated(_) | Principal::Anonymous) => false,
        (_, Principal::Role(_)) => true,
        // What root was given for one task says itself what it is good for.
        (_, Principal::Root(_) | Principal::User(_)) => {
            operation == "AssumeRole" || session.packed().policies.is_some()
        }
    };
    if passes {
        return Ok(());
    }
    Err(Fault::new(403, "AccessDenied", format!("Cannot call {operation} with session credentials")))
}
