//! What is offered of IAM and STS, told from the tables that calls are dispatched by.

use super::{iam, query, sts};

/// An operation of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// The signing name of its API: `iam`.
    pub service: &'static str,
    /// `CreateUser`.
    pub name: &'static str,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// Why it is not offered; `None` if it is.
    pub missing: Option<&'static str>,
}

/// Why operations are not offered, by a part of their names; the first that fits counts.
const REASONS: [(&str, &str); 11] = [
    ("AssumeRoot", "there are no members of an organization here whose root could be taken"),
    ("Organizations", "there are no members of an organization here whose root could be managed"),
    ("OutboundWebIdentityFederation", "tokens for services outside are not issued yet"),
    ("GetWebIdentityToken", "tokens for services outside are not issued yet"),
    ("Delegat", "permissions are not delegated to products of partners yet"),
    ("ServiceSpecificCredential", "none of the services that take such credentials is served"),
    ("SigningCertificate", "no service that takes requests signed with X.509 is served"),
    ("ServerCertificate", "no load balancer that would use them is served"),
    ("SSHPublicKey", "no service that takes SSH keys is served"),
    ("LastAccessed", "it is not counted yet which services are used"),
    ("AssumeRole", "sessions are not issued yet"),
];

/// The reason of all others.
const NOT_YET: &str = "not yet";

/// Every operation, by API and name.
pub fn coverage() -> Vec<Coverage> {
    let mut all = Vec::new();
    for (service, offered, not_offered) in
        [("iam", iam::OFFERED, iam::NOT_OFFERED), ("sts", sts::OFFERED, sts::NOT_OFFERED)]
    {
        let offered = offered.iter().map(|operation| (operation.name, operation.read_only, None));
        let missing = not_offered.iter().map(|name| (*name, query::reads(name), Some(reason(name))));
        let both = offered.chain(missing);
        all.extend(both.map(|(name, read_only, missing)| Coverage { service, name, read_only, missing }));
    }
    all.sort_by_key(|operation| (operation.service, operation.name));
    all
}

fn reason(name: &str) -> &'static str {
    REASONS.iter().find(|(part, _)| name.contains(part)).map_or(NOT_YET, |(_, reason)| reason)
}
