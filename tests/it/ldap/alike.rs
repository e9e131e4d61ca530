//! Nobody learns whether a name is known: neither from the answer nor from how much the directory is asked.

use super::{
    people::{ROLES, detail, gateway, take, trusting},
    slapd::Slapd,
};
use crate::{
    road::upstream::Upstream,
    sts::{outcome, role},
};

/// Ann, in letters of full width: slapd takes them for the same.
const ANN_OTHERWISE: &str = "\u{ff41}nn";

fn table(slapd: &Slapd, failures_max: u32) -> String {
    let table = slapd.table();
    format!("[ldap]\nurl = \"ldaps://localhost:{}\"\n{table}failures_max = {failures_max}\n{ROLES}", slapd.tls)
}

/// The kinds of what is asked and answered: with whom it ends is left out.
fn kinds(conversation: &[String]) -> Vec<&str> {
    conversation.iter().map(|said| said.split([' ', '=']).next().unwrap()).collect()
}

#[test]
fn whoever_is_refused_costs_a_directory_the_same() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let gateway = gateway(&upstream, &table(&slapd, 100));
    role(&gateway, "operator", &trusting(serde_json::Value::Null), None);
    let mut many = 0;
    let mut asked = |name: &str, password: &str, code: &str| {
        let answer = take(&gateway, name, password, &[]);
        assert_eq!(outcome(&answer).1, code, "{name}: {}", detail(&gateway, &answer));
        many += 1;
        slapd.conversations(many).pop().unwrap()
    };
    let expected = ["BIND", "RESULT", "SRCH", "SEARCH", "BIND", "RESULT"];
    for name in ["ann", "nobody", "twin", "aliased", "*", "no name", ANN_OTHERWISE] {
        let conversation = asked(name, "wrong", "AccessDenied");
        assert_eq!(kinds(&conversation), expected, "{name}: {conversation:?}");
        // Nobody is locked out of the directory for somebody else: but for the user, only our own account is bound, with
        // its password.
        let binds: Vec<&String> = conversation.iter().filter(|said| said.starts_with("BIND")).collect();
        let last =
            if matches!(name, "ann" | "no name" | ANN_OTHERWISE) { "BIND dn=\"uid=" } else { "BIND dn=\"cn=search," };
        assert!(binds[0].starts_with("BIND dn=\"cn=search,") && binds[1].starts_with(last), "{name}: {binds:?}");
    }
    let right = asked("ann", "ann's password", "");
    assert_eq!(kinds(&right)[6..], ["BIND", "RESULT", "SRCH", "SEARCH", "UNBIND"], "{right:?}");
}

/// An entry whose passwords were wrong too often is not told apart from a name that nobody has, even by a spelling that was not
/// counted.
#[test]
fn too_many_tries_tell_nothing_either() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let gateway = gateway(&upstream, &table(&slapd, 3));
    role(&gateway, "operator", &trusting(serde_json::Value::Null), None);
    let tried = |name: &str, password: &str| {
        let answer = take(&gateway, name, password, &[]);
        (outcome(&answer).1, detail(&gateway, &answer))
    };
    for _ in 0..3 {
        assert_eq!(tried("ann", "wrong").0, "AccessDenied");
    }
    let conversations = slapd.conversations(3).len();
    for name in [ANN_OTHERWISE, "\u{ff41}nybody", "twin", "aliased"] {
        for _ in 0..3 {
            let (code, detail) = tried(name, "ann's password");
            assert_eq!(code, "AccessDenied", "{name}: {detail}");
            assert_eq!(detail.contains("ldap, rate"), name == ANN_OTHERWISE, "{name}: {detail}");
        }
        assert_eq!(tried(name, "ann's password").0, "Throttling", "{name}");
    }
    let expected = ["BIND", "RESULT", "SRCH", "SEARCH", "BIND", "RESULT"];
    for conversation in &slapd.conversations(conversations + 12)[conversations..] {
        assert_eq!(kinds(conversation), expected, "{conversation:?}");
    }
}
