//! `[ldap]` and `[[client_certificates.role]]`: who takes which role without a key of his own.

use std::{fs, time::Duration};

use countersign::{
    base::Arn,
    federation::{
        Dn,
        ldap::{Encryption, Rule, Who},
    },
};

use super::{SECRET, faults, load, minimal};

const PASSWORD: (&str, &str) = ("LDAP_PASSWORD", "not-a-secret");
const BASE: &str = "[ldap]\nurl = \"ldaps://ldap.example.com\"\nbind_dn = \"cn=s,dc=x\"\n\
                    bind_password_variable = \"LDAP_PASSWORD\"\nuser_base = \"ou=p,dc=x\"\ngroup_base = \"ou=g,dc=x\"\n";
const RULE: &str =
    "[[ldap.role]]\ngroup = \"cn=ops,ou=g,dc=x\"\nrole = \"arn:aws:iam::111122223333:role/a/operator\"\n";

/// The faults of a configuration like the usual one, with one text in place of another.
fn changed(old: &str, new: &str) -> Vec<String> {
    let text = format!("{BASE}{RULE}");
    assert!(text.contains(old), "{old}");
    faults(&minimal(&text.replace(old, new), ""), &[SECRET, PASSWORD])
}

#[test]
fn a_directory_is_what_is_said_of_it() {
    let ca = tempfile::NamedTempFile::new().unwrap();
    let authority = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap();
    fs::write(ca.path(), authority.cert.pem()).unwrap();
    let further = format!(
        "ca_file = {:?}\nanswer_seconds = 2\nfailures_max = 3\nfailures_seconds = 7\nuser_attribute = \"cn\"\n",
        ca.path()
    );
    let user = "[[ldap.role]]\nuser = \"uid=ann,ou=p,dc=x\"\nrole = \"arn:aws:iam::111122223333:role/ann\"\n";
    let text = minimal(&format!("{BASE}{further}{RULE}{user}"), "");
    let config = load(&text, &[SECRET, PASSWORD]).unwrap_or_else(|faults| panic!("{faults}"));
    let ldap = config.ldap.unwrap();
    assert_eq!((&*ldap.host, ldap.port, ldap.encryption), ("ldap.example.com", 636, Encryption::Tls));
    assert_eq!((ldap.bind_password.expose(), &*ldap.user_attribute), ("not-a-secret", "cn"));
    assert_eq!((ldap.answer_time, ldap.failures.tries), (Duration::from_secs(2), 3));
    assert_eq!(config.ldap_files, [ca.path()]);
    let rule = |who, name: &str| Rule { who, role: Arn::iam("111122223333", name) };
    let dn = |text| Dn::parse(text).unwrap();
    let expected = [
        rule(Who::Group(dn("CN=ops, OU=g, DC=x")), "role/a/operator"),
        rule(Who::User(dn("uid=Ann,ou=p,dc=x")), "role/ann"),
    ];
    assert_eq!(ldap.roles, expected);

    let ways = [
        ("ldap://10.0.0.1:1389\"", Some(("10.0.0.1", 1389, Encryption::StartTls))),
        ("ldap://ldap.example.com\"", Some(("ldap.example.com", 389, Encryption::StartTls))),
        ("ldap://[::1]\"\nstart_tls = false", Some(("::1", 389, Encryption::None))),
        ("ldap://localhost\"\nstart_tls = false", Some(("localhost", 389, Encryption::None))),
        ("ldaps://ldap.example.com\"\nstart_tls = false", Some(("ldap.example.com", 636, Encryption::Tls))),
        ("ldap://ldap.example.com\"\nstart_tls = false", None),
        ("ldap://10.0.0.1\"\nstart_tls = false", None),
    ];
    for (way, expected) in ways {
        let text = format!("{BASE}{RULE}").replace("ldaps://ldap.example.com\"", way);
        let config = load(&minimal(&text, ""), &[SECRET, PASSWORD]).ok();
        let ldap = config.map(|config| config.ldap.unwrap());
        let place = ldap.as_ref().map(|ldap| (&*ldap.host, ldap.port, ldap.encryption));
        assert_eq!(place, expected, "{way}");
    }
    let config =
        load(&minimal("[ldap]\nanswer_seconds = 7", ""), &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(config.ldap.is_none() && config.ldap_files.is_empty() && config.client_certificates.is_empty());
}

#[test]
fn each_fault_of_a_directory_is_said() {
    let url = |said: &str| format!("ldap.url: is {said}; write ldaps://host:port or ldap://host:port");
    let dn =
        |key: &str, said: &str, example: &str| format!("{key}: is {said:?}; write a distinguished name as {example:?}");
    let role = "write the ARN of a role, as \"arn:aws:iam::111122223333:role/operator\"";
    let cases = [
        ("ldaps://ldap.example.com", "https://ldap.example.com", url("\"https://ldap.example.com\"")),
        ("ldaps://ldap.example.com", "ldaps://u:hidden@ldap.example.com", url("no plain URL")),
        ("ldaps://ldap.example.com", "ldaps://ldap.example.com/dc=x", url("\"ldaps://ldap.example.com/dc=x\"")),
        (
            "url = \"ldaps://ldap.example.com\"",
            "",
            "ldap.url: is missing; write for example url = \"ldaps://ldap.example.com\"".into(),
        ),
        ("cn=s,dc=x", "search", dn("ldap.bind_dn", "search", "cn=countersign,ou=services,dc=example,dc=com")),
        (
            "bind_password_variable = \"LDAP_PASSWORD\"",
            "",
            "ldap.bind_password_file: is missing; write the path of a file that holds the password of ldap.bind_dn".into(),
        ),
        (
            "LDAP_PASSWORD",
            "OTHER",
            "ldap.bind_password_variable: names the variable OTHER, which is not set; set it, or name another".into(),
        ),
        (
            "user_base = \"ou=p,dc=x\"",
            "",
            "ldap.user_base: is missing; write for example user_base = \"ou=people,dc=example,dc=com\"".into(),
        ),
        (
            "bind_dn",
            "user_filter = \"(uid=ann)\"\nbind_dn",
            "ldap.user_filter: has no %s, and would find the same for everybody; write for example \"(uid=%s)\"".into(),
        ),
        (
            "bind_dn",
            "user_filter = \"(&(uid=%s)(dn=%d))\"\nbind_dn",
            "ldap.user_filter: has %d, which is known only after the search; write %s".into(),
        ),
        (
            "bind_dn",
            "user_filter = \"uid=%s\"\nbind_dn",
            "ldap.user_filter: does not begin with a bracket; write for example \"(uid=%s)\"".into(),
        ),
        (
            "bind_dn",
            "group_filter = \"(cn=*)\"\nbind_dn",
            "ldap.group_filter: has neither %d nor %s, and would find all groups for everybody; write for example \
             \"(member=%d)\""
                .into(),
        ),
        (
            "bind_dn",
            "user_attribute = \"a b\"\nbind_dn",
            "ldap.user_attribute: is \"a b\"; write the name of an attribute, as \"uid\"".into(),
        ),
        (
            "group_base = \"ou=g,dc=x\"",
            "",
            "ldap.role.0.group: never fits, because groups are not asked for; write ldap.group_base".into(),
        ),
        (RULE, "", "ldap.role: there is none; write [[ldap.role]] with group or user, and role".into()),
        (
            "group = \"cn=ops,ou=g,dc=x\"",
            "",
            "ldap.role.0.group: is missing; write whom the role is for, as group or user".into(),
        ),
        (
            "role = \"arn",
            "user = \"cn=a\"\nrole = \"arn",
            "ldap.role.0.user: is given together with group; write a table of its own for it".into(),
        ),
        ("group = \"cn=ops,ou=g,dc=x\"", "group = \"ops\"", dn("ldap.role.0.group", "ops", "cn=ops,ou=groups,dc=example,dc=com")),
        ("role/a/operator", "user/ann", format!("ldap.role.0.role: is \"arn:aws:iam::111122223333:user/ann\"; {role}")),
        ("111122223333", "1", format!("ldap.role.0.role: is \"arn:aws:iam::1:role/a/operator\"; {role}")),
        ("arn:aws:iam:", "arn:other:iam:", format!("ldap.role.0.role: is \"arn:other:iam::111122223333:role/a/operator\"; {role}")),
        ("group = ", "groups = ", "ldap.role.0.groups: is no key; did you mean ldap.role.0.group?".into()),
        ("[[ldap.role]]", "[ldap.role]", "ldap.role.group: does not stand in a list; write [[ldap.role]] in two pairs of brackets, once for each group or user".into()),
    ];
    for (old, new, said) in cases {
        let all = changed(old, new);
        assert!(all.contains(&said), "{new}: {all:#?}\n{said}");
    }
    let twice = format!("{BASE}{RULE}{}", RULE.replace("cn=ops", "CN=Ops"));
    let said = faults(&minimal(&twice, ""), &[SECRET, PASSWORD]);
    assert_eq!(said, ["ldap.role.1: is for whom one before it is for; leave it out"]);
}

#[test]
fn each_fault_of_a_rule_for_certificates_is_said() {
    let ca = tempfile::NamedTempFile::new().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap();
    fs::write(ca.path(), own.cert.pem()).unwrap();
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), own.signing_key.serialize_pem()).unwrap();
    let tls = format!("[tls]\ncertificate = {0:?}\nkey = {1:?}\nclient_ca = {0:?}\n", ca.path(), key.path());
    let rule =
        |lines: &str| format!("[[client_certificates.role]]\n{lines}\nrole = \"arn:aws:iam::111122223333:role/r\"\n");
    let good = rule("common_name = \"a\"\nsan = \"dns:A.example\"\nissuer = \"CN=x\"");
    let config = load(&minimal(&format!("{tls}{good}"), ""), &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    let [read] = &*config.client_certificates else { panic!("one rule") };
    assert_eq!((read.common_name.as_deref(), read.name.as_deref()), (Some("a"), Some("dns:a.example")));
    assert_eq!(read.issuer, Dn::parse("cn=X"));
    let of = "client_certificates.role.0";
    let cases = [
        (rule(""), format!("{of}.common_name: is missing; write whom the role is for, as common_name, san or issuer")),
        (rule("common_name = \"\""), format!("{of}.common_name: is empty; write a name, or leave it out")),
        (
            rule("san = \"host\""),
            format!(
                "{of}.san: is \"host\"; write a name with its kind, as \"dns:host.example.com\", \
                 \"uri:spiffe://example.com/a\", \"email:..\", \"ip:..\""
            ),
        ),
        (
            rule("issuer = \"x\""),
            format!("{of}.issuer: is \"x\"; write a distinguished name as \"CN=Machines,O=Example\""),
        ),
        (format!("{good}{good}"), "client_certificates.role.1: is for whom one before it is for; leave it out".into()),
    ];
    for (lines, said) in cases {
        assert_eq!(faults(&minimal(&format!("{tls}{lines}"), ""), &[SECRET]), [said], "{lines}");
    }
    let without = "tls.client_ca: is missing, but [[client_certificates.role]] is there; write the path of a PEM file";
    assert_eq!(faults(&minimal(&good, ""), &[SECRET]), [without]);
    let lists = format!("client_crl = {:?}\n", ca.path());
    let said = faults(&minimal(&format!("{tls}{lists}"), ""), &[SECRET]);
    assert_eq!(said, [format!("tls.client_crl: {}: holds no revocation list", ca.path().display())]);
}
