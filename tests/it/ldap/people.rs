//! Who takes which role, and who takes none.

use serde_json::{Value, json};

use super::slapd::Slapd;
use crate::{
    api::form,
    road::{
        client::{Request, Response, send},
        gateway::{ACCOUNT, Gateway, Setup},
        upstream::Upstream,
    },
    sts::{allow, credentials, outcome, read, role, role_arn, trust, who},
};

pub const TAKE: &str = "sts:AssumeRoleWithLDAPIdentity";
const PROVIDER: &str = "arn:aws:iam::123456789012:ldap-provider/default";

/// Operators before readers, whatever the order of groups.
pub const ROLES: &str = r#"
[[ldap.role]]
group = "CN=ops, OU=Groups, DC=example, DC=com"
role = "arn:aws:iam::123456789012:role/operator"
[[ldap.role]]
user = "uid=bob,ou=people,dc=example,dc=com"
role = "arn:aws:iam::123456789012:role/builder"
[[ldap.role]]
group = "cn=readers,ou=groups,dc=example,dc=com"
role = "arn:aws:iam::123456789012:role/reader"
"#;

pub fn trusting(condition: Value) -> String {
    trust(json!({"Federated": PROVIDER}), &[TAKE], condition)
}

pub fn gateway(upstream: &Upstream, tables: &str) -> Gateway {
    Gateway::start_with(upstream, &Setup { tables, ..Setup::default() })
}

/// The form as people of MinIO send it: without a signature.
pub fn take(gateway: &Gateway, name: &str, password: &str, further: &[(&str, &str)]) -> Response {
    let mut parameters = vec![("LDAPUsername", name), ("LDAPPassword", password)];
    parameters.extend(further);
    send(gateway.address, &gateway.addressed(form("AssumeRoleWithLDAPIdentity", &parameters)))
}

/// What the record says of the reason.
pub fn detail(gateway: &Gateway, answer: &Response) -> String {
    let record = gateway.record(answer);
    assert_eq!(record["eventName"], "AssumeRoleWithLDAPIdentity", "{record}");
    record.to_string()
}

#[test]
fn people_take_the_role_of_their_group() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let ways = [
        format!("url = \"ldaps://localhost:{}\"", slapd.tls),
        format!("url = \"ldap://127.0.0.1:{}\"", slapd.plain),
        format!("url = \"ldap://localhost:{}\"\nstart_tls = false", slapd.plain),
    ];
    for way in ways {
        let gateway = gateway(&upstream, &format!("[ldap]\n{way}\n{}{ROLES}", slapd.table()));
        let of_ops = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",
            "Resource":"arn:aws:s3:::bucket/${ldap:user}","Condition":{
            "ForAnyValue:StringEquals":{"ldap:groups":"cn=ops,ou=groups,dc=example,dc=com"},
            "StringEquals":{"ldap:dn":"uid=ann,ou=people,dc=example,dc=com"}}}}"#;
        role(&gateway, "operator", &trusting(Value::Null), Some(of_ops));
        let answer = take(&gateway, "ann", "ann's password", &[("DurationSeconds", "900")]);
        let key = credentials(&answer);
        assert!(
            answer.text().contains("<AssumeRoleWithLDAPIdentityResult><Credentials><AccessKeyId>"),
            "{}",
            answer.text()
        );
        assert_eq!(who(&gateway, &key)[1], format!("arn:aws:sts::{ACCOUNT}:assumed-role/operator/ann"), "{way}");
        assert_eq!([read(&gateway, &key, "/bucket/ann"), read(&gateway, &key, "/bucket/bob")], [200, 403]);

        let record = gateway.record(&answer);
        let dn = "uid=ann,ou=people,dc=example,dc=com";
        let identity = json!({"type": "LdapUser", "principalId": format!("{PROVIDER}:{dn}"), "userName": "ann",
            "identityProvider": PROVIDER});
        assert_eq!((&record["userIdentity"], &record["eventName"]), (&identity, &"AssumeRoleWithLDAPIdentity".into()));
        assert_eq!(record["requestParameters"], json!({"lDAPUsername": "ann", "durationSeconds": 900}));
        assert!(!record.to_string().contains("password"), "the password is told: {record}");
    }
}

#[test]
fn one_person_is_one_session_however_the_name_is_spelled() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let gateway =
        gateway(&upstream, &format!("[ldap]\nurl = \"ldaps://localhost:{}\"\n{}{ROLES}", slapd.tls, slapd.table()));
    role(&gateway, "operator", &trusting(Value::Null), None);
    for name in ["ann", "ANN", " ann ", "Ann"] {
        let key = credentials(&take(&gateway, name, "ann's password", &[]));
        assert_eq!(who(&gateway, &key)[1], format!("arn:aws:sts::{ACCOUNT}:assumed-role/operator/ann"), "{name}");
    }
    // In the query of a request without a body, as MinIO's client for Python sends it.
    let target =
        "/?Action=AssumeRoleWithLDAPIdentity&Version=2011-06-15&LDAPUsername=ann&LDAPPassword=ann%27s+password";
    let answer = send(gateway.address, &gateway.addressed(Request::new("POST", target)));
    credentials(&answer);
    assert!(!gateway.record(&answer).to_string().contains("password"));
}

#[test]
fn whoever_is_not_proven_takes_nothing_and_the_record_says_why() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let tables =
        format!("[ldap]\nurl = \"ldaps://localhost:{}\"\n{}failures_max = 100\n{ROLES}", slapd.tls, slapd.table());
    let gateway = gateway(&upstream, &tables);
    for name in ["operator", "builder", "reader"] {
        role(&gateway, name, &trusting(Value::Null), None);
    }
    let denied = (403, "AccessDenied");
    let cases = [
        ("ann", "wrong", denied, "ldap, password"),
        ("ann", "ANN'S PASSWORD", denied, "ldap, password"),
        ("ann", "ann's password ", denied, "ldap, password"),
        ("ann", "*", denied, "ldap, password"),
        ("nobody", "ann's password", denied, "ldap, user"),
        ("twin", "the twins' password", denied, "more than one"),
        ("aliased", "a password", denied, "has not one `uid`"),
        ("no name", "a password", denied, "ldap, session name"),
        ("eve", "eve's password", denied, "ldap, role"),
        // What would be found if a name could be a part of the filter.
        ("*", "ann's password", denied, "ldap, user"),
        ("an*", "ann's password", denied, "ldap, user"),
        ("ann)(objectClass=*", "ann's password", denied, "ldap, user"),
        ("x)(|(uid=ann", "ann's password", denied, "ldap, user"),
        ("\\61nn", "ann's password", denied, "ldap, user"),
        ("ann\0", "ann's password", denied, "ldap, user"),
        ("uid=ann,ou=people,dc=example,dc=com", "ann's password", denied, "ldap, user"),
        ("%d", "ann's password", denied, "ldap, user"),
        ("ann", "", (400, "ValidationError"), ""),
        ("", "ann's password", (400, "ValidationError"), ""),
    ];
    for (name, password, (status, code), why) in cases {
        let answer = take(&gateway, name, password, &[]);
        assert_eq!(outcome(&answer), (status, code.into()), "{name} {password}: {}", answer.text());
        let told = detail(&gateway, &answer);
        assert!(told.contains(why), "{name}: {told}");
        assert!(!told.contains("ann's password") && !answer.text().contains("ann's"), "{name}: {told}");
        // Whether there is somebody of that name is not told.
        if status == 403 {
            assert_eq!(answer.element("Message"), format!("Not authorized to perform {TAKE}"));
        }
    }
    for missing in ["LDAPUsername", "LDAPPassword"] {
        let mut request = form("AssumeRoleWithLDAPIdentity", &[("Other", "x")]);
        request.body = format!("Action=AssumeRoleWithLDAPIdentity&Version=2011-06-15&{missing}=x").into();
        let answer = send(gateway.address, &gateway.addressed(request));
        assert_eq!(outcome(&answer), (400, "ValidationError".into()), "{missing}");
    }
    assert_eq!(take(&gateway, "bob", "bob's password", &[]).status, 200);
}

#[test]
fn the_trust_policy_decides_and_session_policies_restrict() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let tables = |role: &str| {
        format!(
            "[ldap]\nurl = \"ldaps://localhost:{}\"\n{}\n[[ldap.role]]\nuser = \"uid=ann,ou=people,dc=example,dc=com\"\n\
             role = \"{}\"",
            slapd.tls,
            slapd.table(),
            role_arn(role)
        )
    };
    let gateway = gateway(&upstream, &tables("none"));
    let other = json!({"Federated": "arn:aws:iam::123456789012:certificate-provider/default"});
    let any = |groups: &str| json!({"ForAnyValue:StringLike": {"ldap:groups": groups}});
    let cases = [
        ("trusted", trusting(Value::Null), true),
        ("a-group", trusting(any("cn=ops,*")), true),
        ("another-group", trusting(any("cn=nobody,*")), false),
        ("a-user", trusting(json!({"StringEquals": {"ldap:user": "ann"}})), true),
        ("another-user", trusting(json!({"StringNotEquals": {"ldap:user": "ann"}})), false),
        ("another-provider", trust(other, &[TAKE], Value::Null), false),
        ("another-action", trust(json!({"Federated": PROVIDER}), &["sts:AssumeRoleWithSAML"], Value::Null), false),
        ("the-account", trust(json!({"AWS": ACCOUNT}), &[TAKE], Value::Null), false),
        ("everybody", trust(json!("*"), &[TAKE], Value::Null), false),
    ];
    for (name, policy, allowed) in cases {
        role(&gateway, name, &policy, Some(&allow("s3:GetObject", "arn:aws:s3:::bucket/*")));
        gateway.reload(&upstream, &Setup { tables: &tables(name), ..Setup::default() }).unwrap();
        let answer = take(&gateway, "ann", "ann's password", &[]);
        let expected = if allowed { (200, String::new()) } else { (403, "AccessDenied".into()) };
        assert_eq!(outcome(&answer), expected, "{name}: {}", answer.text());
    }
    gateway.reload(&upstream, &Setup { tables: &tables("missing"), ..Setup::default() }).unwrap();
    assert_eq!(outcome(&take(&gateway, "ann", "ann's password", &[])), (403, "AccessDenied".into()), "no such role");

    gateway.reload(&upstream, &Setup { tables: &tables("trusted"), ..Setup::default() }).unwrap();
    let policy = allow("s3:GetObject", "arn:aws:s3:::bucket/a");
    let key = credentials(&take(&gateway, "ann", "ann's password", &[("Policy", &policy)]));
    assert_eq!([read(&gateway, &key, "/bucket/a"), read(&gateway, &key, "/bucket/b")], [200, 403]);
    for (seconds, code) in [("899", "ValidationError"), ("7201", "ValidationError"), ("x", "ValidationError")] {
        let answer = take(&gateway, "ann", "ann's password", &[("DurationSeconds", seconds)]);
        assert_eq!(outcome(&answer), (400, code.into()), "{seconds}");
    }
    // Without a directory it is off.
    gateway.reload(&upstream, &Setup::default()).unwrap();
    assert_eq!(outcome(&take(&gateway, "ann", "ann's password", &[])), (501, "NotImplemented".into()));
}
