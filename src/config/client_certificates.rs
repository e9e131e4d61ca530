//! `[[client_certificates.role]]`: which clients' certificates take which roles.

use super::{
    Raw,
    keys::{Key, Kind::Text, key},
    ldap::role,
};
use crate::federation::{
    Dn,
    certificate::{self, Rule},
};

/// The keys of each.
pub(super) const ROLE_KEYS: &[Key] = &[
    key("common_name", Text, "", "the subject's common name, exactly", "left out: any, if another line fits"),
    key(
        "san",
        Text,
        "",
        "one of the subject's alternative names, as dns:host, uri:.., email:.. or ip:..",
        "left out: any, if another line fits",
    ),
    key("issuer", Text, "", "the issuer's distinguished name", "left out: any that tls.client_ca vouches for"),
    key("role", Text, "", "ARN of the role that they take", "no default: the first of these tables that fits counts"),
];

const LIST: &str = "client_certificates.role";

/// Reads them.
pub(super) fn rules(raw: &mut Raw) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let count = raw.items(LIST);
    if count > 0 && !raw.is_said("tls.client_ca") {
        raw.fault("tls.client_ca", format!("is missing, but [[{LIST}]] is there; write the path of a PEM file"));
    }
    for at in 0..count {
        let key = |name: &str| format!("{LIST}.{at}.{name}");
        let before = raw.faults.0.len();
        let role = role(raw, &key("role"));
        let common_name = raw.text(&key("common_name"));
        if common_name.as_ref().is_some_and(String::is_empty) {
            raw.fault(&key("common_name"), "is empty; write a name, or leave it out");
        }
        let wanted = "a name with its kind, as \"dns:host.example.com\", \"uri:spiffe://example.com/a\", \"email:..\", \"ip:..\"";
        let name = raw.parsed(&key("san"), wanted, certificate::name);
        let issuer = raw.parsed(&key("issuer"), "a distinguished name as \"CN=Machines,O=Example\"", Dn::parse);
        if raw.faults.0.len() > before {
            continue;
        }
        let Some(role) = role else { continue };
        if common_name.is_none() && name.is_none() && issuer.is_none() {
            raw.fault(&key("common_name"), "is missing; write whom the role is for, as common_name, san or issuer");
            continue;
        }
        let rule = Rule { common_name, name, issuer, role };
        let is_same = |earlier: &Rule| Rule { role: rule.role.clone(), ..earlier.clone() } == rule;
        if rules.iter().any(is_same) {
            raw.fault(&format!("{LIST}.{at}"), "is for whom one before it is for; leave it out");
        }
        rules.push(rule);
    }
    rules
}
