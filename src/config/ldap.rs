//! `[ldap]`: the directory whose people take roles.

use std::{net::IpAddr, path::PathBuf};

use super::{
    Raw,
    keys::{
        Key,
        Kind::{Bool, Number, Text},
        key,
    },
    pem,
    upstream::secret_at,
};
use crate::{
    base::{AccountId, Arn},
    federation::{
        Dn,
        ldap::{Allowance, Encryption, Filter, Rule, Settings, Who, tls},
    },
};

/// Its keys.
pub(super) const KEYS: &[Key] = &[
    key(
        "ldap.url",
        Text,
        "",
        "the directory whose people take roles: ldaps://host:port, or ldap://host:port",
        "left out: AssumeRoleWithLDAPIdentity is not offered",
    ),
    key(
        "ldap.start_tls",
        Bool,
        "true",
        "whether ldap:// goes on with TLS; only a directory on this machine can do without",
        "passwords never cross a network in plain text",
    ),
    key(
        "ldap.ca_file",
        Text,
        "",
        "PEM file with the authorities to trust instead of the system's",
        "left out: the system's",
    ),
    key(
        "ldap.bind_dn",
        Text,
        "",
        "distinguished name of the account that searches; it is bound once more in place of a user who is not found, so that \
         an unknown name costs what a wrong password does: let the directory keep its password as it keeps those of people",
        "no default: only you know",
    ),
    key("ldap.bind_password_file", Text, "", "file with its password", "no default: secrets stay out of this file"),
    key(
        "ldap.bind_password_variable",
        Text,
        "",
        "environment variable with its password",
        "no default: secrets stay out of this file",
    ),
    key("ldap.user_base", Text, "", "entry below which people are", "no default: only you know"),
    key(
        "ldap.user_filter",
        Text,
        "\"(uid=%s)\"",
        "which of them one is; %s stands for the name that was said",
        "what most directories have, but for Active Directory: sAMAccountName",
    ),
    key(
        "ldap.user_attribute",
        Text,
        "\"uid\"",
        "attribute with the one name that sessions and records show",
        "however somebody spells it, it is the same session",
    ),
    key("ldap.group_base", Text, "", "entry below which groups are", "left out: groups are not asked for"),
    key(
        "ldap.group_filter",
        Text,
        "\"(&(objectClass=groupOfNames)(member=%d))\"",
        "which of them are a user's; %d stands for the user's distinguished name, %s for the name",
        "the form of RFC 4519; up to 1000 groups are looked at, with more nobody is let in",
    ),
    key(
        "ldap.answer_seconds",
        Number,
        "5",
        "time for the directory to answer, for everything together",
        "only the call that needs it waits",
    ),
    key(
        "ldap.failures_max",
        Number,
        "10",
        "wrong passwords of one user before more are refused unasked",
        "enough for people, too few for guessing; whoever knows a name can lock it out for that long",
    ),
    key(
        "ldap.failures_seconds",
        Number,
        "60",
        "how long that many count, from the first",
        "short, because of those who lock others out",
    ),
];

/// The keys of each `[[ldap.role]]`.
pub(super) const ROLE_KEYS: &[Key] = &[
    key("group", Text, "", "the group's distinguished name", "left out: user says whom it is for"),
    key("user", Text, "", "or that of one user", "left out: group says whom it is for"),
    key("role", Text, "", "ARN of the role that they take", "no default: the first of these tables that fits counts"),
];

/// Reads it, with the files that it names. Without a URL nothing else may be said.
pub(super) fn ldap(raw: &mut Raw, variables: &[(String, String)]) -> (Option<Settings>, Vec<PathBuf>) {
    let before = raw.faults.0.len();
    if !raw.is_said("ldap.url") {
        let needed = ["bind_dn", "bind_password_file", "bind_password_variable", "user_base", "group_base"];
        let said = needed.iter().any(|name| raw.is_said(&format!("ldap.{name}"))) || raw.items("ldap.role") > 0;
        if said {
            raw.required("ldap.url", "ldaps://ldap.example.com");
        }
    }
    let url = raw.text("ldap.url");
    let start_tls = raw.bool("ldap.start_tls").unwrap_or(true);
    let ca_file = raw.pem("ldap.ca_file", pem::roots);
    let user_filter = filter(raw, "ldap.user_filter");
    let group_filter = filter(raw, "ldap.group_filter");
    let user_attribute = raw.text("ldap.user_attribute").unwrap_or_default();
    let answer_time = raw.seconds("ldap.answer_seconds");
    let failures = Allowance {
        tries: raw.positive("ldap.failures_max").and_then(|most| u32::try_from(most).ok()).unwrap_or(u32::MAX),
        time: raw.seconds("ldap.failures_seconds"),
    };
    let roles = roles(raw);
    let Some(url) = url else { return (None, Vec::new()) };
    let place = place(raw, &url, start_tls);
    let bind_dn = name(raw, "ldap.bind_dn", "cn=countersign,ou=services,dc=example,dc=com");
    let bind_password = secret_at(raw, "ldap.bind_password", "the password of ldap.bind_dn", variables);
    let user_base = name(raw, "ldap.user_base", "ou=people,dc=example,dc=com");
    let group_base =
        if raw.is_said("ldap.group_base") { name(raw, "ldap.group_base", "ou=groups,dc=example,dc=com") } else { None };
    check(raw, user_filter.as_ref(), group_filter.as_ref(), &user_attribute);
    if roles.is_empty() && raw.items("ldap.role") == 0 {
        raw.fault("ldap.role", "there is none; write [[ldap.role]] with group or user, and role");
    }
    let files =
        [ca_file.clone(), raw.text("ldap.bind_password_file").map(PathBuf::from)].into_iter().flatten().collect();
    if raw.faults.0.len() > before {
        return (None, files);
    }
    let trusted = tls(ca_file.as_ref().and_then(|path| pem::certificates(path).ok()));
    let trusted = trusted.map_err(|error| raw.fault("ldap.ca_file", error)).ok();
    let settings = || {
        let (host, port, encryption) = place?;
        Some(Settings {
            host,
            port,
            encryption,
            tls: trusted?,
            bind_dn: bind_dn?,
            bind_password: bind_password?,
            user_base: user_base?,
            user_filter: user_filter?,
            user_attribute,
            groups: group_base.zip(group_filter),
            answer_time,
            failures,
            roles,
        })
    };
    (settings(), files)
}

/// Host, port, and how passwords are kept from others on the way there.
fn place(raw: &mut Raw, url: &str, start_tls: bool) -> Option<(String, u16, Encryption)> {
    let parsed = parse(url);
    let Some((is_tls, host, port)) = parsed else {
        // A user and a password may stand before an `@`.
        let shown = if url.contains('@') { "no plain URL".into() } else { format!("{url:?}") };
        raw.fault("ldap.url", format!("is {shown}; write ldaps://host:port or ldap://host:port"));
        return None;
    };
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let encryption = match (is_tls, start_tls) {
        (true, _) => Encryption::Tls,
        (false, true) => Encryption::StartTls,
        (false, false) => Encryption::None,
    };
    if encryption == Encryption::None && !is_here {
        let why =
            "is false for a directory that is not on this machine, and passwords would cross the network in plain text";
        raw.fault("ldap.start_tls", format!("{why}; write true, or ldaps:// in ldap.url"));
    }
    Some((host, port, encryption))
}

fn parse(url: &str) -> Option<(bool, String, u16)> {
    let uri: http::Uri = url.parse().ok()?;
    let (is_tls, usual) = match uri.scheme_str()? {
        "ldaps" => (true, 636),
        "ldap" => (false, 389),
        _ => return None,
    };
    let authority = uri.authority()?;
    let port = match authority.as_str().strip_prefix(authority.host())? {
        "" => usual,
        port => port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let is_plain = matches!(uri.path(), "" | "/") && uri.query().is_none() && !host.is_empty();
    is_plain.then_some((is_tls, host, port))
}

/// A distinguished name, as its text.
fn name(raw: &mut Raw, key: &str, example: &str) -> Option<String> {
    let text = raw.required(key, example)?;
    if Dn::parse(&text).is_none() {
        raw.fault(key, format!("is {text:?}; write a distinguished name as {example:?}"));
        return None;
    }
    Some(text)
}

fn filter(raw: &mut Raw, key: &str) -> Option<Filter> {
    let text = raw.text(key)?;
    let filter = Filter::parse(&text);
    filter.map_err(|why| raw.fault(key, format!("{why}; write for example \"(uid=%s)\""))).ok()
}

/// What filters have to hold, and may not.
fn check(raw: &mut Raw, user: Option<&Filter>, group: Option<&Filter>, attribute: &str) {
    if user.is_some_and(|filter| !filter.has_name()) {
        raw.fault(
            "ldap.user_filter",
            "has no %s, and would find the same for everybody; write for example \"(uid=%s)\"",
        );
    }
    if user.is_some_and(Filter::has_dn) {
        raw.fault("ldap.user_filter", "has %d, which is known only after the search; write %s");
    }
    if group.is_some_and(|filter| !filter.has_name() && !filter.has_dn()) {
        raw.fault(
            "ldap.group_filter",
            "has neither %d nor %s, and would find all groups for everybody; write for example \"(member=%d)\"",
        );
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if attribute.is_empty() || !attribute.bytes().all(fits) {
        raw.fault("ldap.user_attribute", format!("is {attribute:?}; write the name of an attribute, as \"uid\""));
    }
}

fn roles(raw: &mut Raw) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for at in 0..raw.items("ldap.role") {
        let key = |name: &str| format!("ldap.role.{at}.{name}");
        let role = role(raw, &key("role"));
        let who = match (raw.is_said(&key("group")), raw.is_said(&key("user"))) {
            (true, false) => name(raw, &key("group"), "cn=ops,ou=groups,dc=example,dc=com").map(|text| (text, true)),
            (false, true) => name(raw, &key("user"), "uid=ann,ou=people,dc=example,dc=com").map(|text| (text, false)),
            (true, true) => {
                raw.fault(&key("user"), "is given together with group; write a table of its own for it");
                None
            }
            (false, false) => {
                raw.fault(&key("group"), "is missing; write whom the role is for, as group or user");
                None
            }
        };
        if matches!(who, Some((_, true))) && !raw.is_said("ldap.group_base") {
            raw.fault(&key("group"), "never fits, because groups are not asked for; write ldap.group_base");
        }
        let who = who.and_then(|(text, is_group)| {
            let dn = Dn::parse(&text)?;
            Some(if is_group { Who::Group(dn) } else { Who::User(dn) })
        });
        let Some((who, role)) = who.zip(role) else { continue };
        if rules.iter().any(|earlier| earlier.who == who) {
            raw.fault(&format!("ldap.role.{at}"), "is for whom one before it is for; leave it out");
        }
        rules.push(Rule { who, role });
    }
    rules
}

/// The ARN of a role.
pub(super) fn role(raw: &mut Raw, key: &str) -> Option<Arn> {
    let text = raw.required(key, "arn:aws:iam::111122223333:role/operator")?;
    let is_role = |arn: &Arn| {
        let is_named = arn.resource().strip_prefix("role/").is_some_and(|name| !name.is_empty());
        let account = arn.account().parse::<AccountId>();
        is_named && account.is_ok_and(|account| *arn == Arn::iam(account.as_str(), arn.resource()))
    };
    let arn = Arn::parse(&text).filter(is_role);
    if arn.is_none() {
        raw.fault(key, format!("is {text:?}; write the ARN of a role, as \"arn:aws:iam::111122223333:role/operator\""));
    }
    arn
}
