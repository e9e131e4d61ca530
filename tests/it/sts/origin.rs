//! Trusted identity propagation: a provider's tokens tell whom a session is for, and conditions, later roles and tokens of
//! our own know it.

use aws_lc_rs::digest::{SHA512, digest};
use serde_json::{Map, Value, json};

use super::{
    ALL, assume, credentials, done,
    identity_token::{AUDIENCE, HOST, URL, ask, read as read_document},
    outcome, read, role, role_arn, trust, trust_account,
    web_identity::{PROVIDER, SUBJECT, TAKE, claims, register, take, with_file},
};
use crate::{
    api::call,
    oidc::mint::RSA,
    road::{
        gateway::{Gateway, Setup},
        signer::Key,
        upstream::Upstream,
    },
};

const IDP: (&str, &str) = ("OpenIDConnectProviderArn", PROVIDER);
const ORIGIN: (&str, &str) = ("SubjectMode", "OriginIdentity");

/// The subject is the claim `email`, its kind is said, and two further claims stay.
const CONTEXT: [(&str, &str); 6] = [
    IDP,
    ("ContextProvider.SubjectSourceKey", "email"),
    ("ContextProvider.SubjectTypeSourceKey", "kind"),
    ("ContextProvider.KeyDefinitionList.member.1.SourceKey", "realm/team"),
    ("ContextProvider.KeyDefinitionList.member.1.TargetKey", "Team"),
    ("ContextProvider.KeyDefinitionList.member.2.SourceKey", "auth_level"),
];

fn gateway(upstream: &Upstream) -> (Gateway, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let tables = with_file(dir.path(), &[RSA.jwk()]);
    let setup = Setup { tables: &tables, keys: &[("STS__ISSUER_URL", URL)], ..Setup::default() };
    let gateway = Gateway::start_with(upstream, &setup);
    register(&gateway, &[]);
    (gateway, dir)
}

fn trusting(condition: Value) -> String {
    trust(json!({"Federated": PROVIDER}), &[TAKE], condition)
}

/// Reading, under a condition.
fn reading(condition: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition},
        {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]})
    .to_string()
}

/// A token with an email, a kind, a team and a level, and others over them.
fn token(others: Value) -> String {
    let mut all = json!({"email": "ann@example.com", "kind": "user", "realm": {"team": "blue"}, "auth_level": 2});
    all.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    RSA.mint(&claims(all))
}

#[test]
fn a_session_knows_whom_it_is_for_and_so_does_the_next() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    let knows = json!({"StringEquals": {
        "aws:OriginIdentity/Subject": "ann@example.com", "aws:OriginIdentity/SubjectType": "user",
        "aws:OriginIdentity/Issuer": "idp.example.com", "aws:OriginIdentity/FederatedProviderArn": PROVIDER,
        "aws:TransactionContext/IdentityProvider/Team": "blue",
        "aws:TransactionContext/IdentityProvider/auth_level": "2"}});
    role(&gateway, "reader", &trusting(Value::Null), Some(&reading(&knows)));
    role(&gateway, "next", &trust_account(), Some(&reading(&knows)));
    let without = credentials(&take(&gateway, "reader", &token(json!({})), &[]));
    assert_eq!(read(&gateway, &without, "/bucket/a"), 403);
    done(&gateway, "UpdateOpenIDConnectProvider", &CONTEXT);
    // It is what the token said when the session was made.
    assert_eq!(read(&gateway, &without, "/bucket/a"), 403);

    let answer = take(&gateway, "reader", &token(json!({})), &[]);
    let key = credentials(&answer);
    let told = format!(
        "<TrustedIdentityPropagationContext><OriginIdentity><Subject>ann@example.com</Subject><SubjectType>user</SubjectType>\
         <Issuer>idp.example.com</Issuer><FederatedProviderArn>{PROVIDER}</FederatedProviderArn></OriginIdentity>\
         <TransactionContext><IdentityProvider><entry><key>Team</key><value>blue</value></entry><entry><key>auth_level</key>\
         <value>2</value></entry></IdentityProvider></TransactionContext></TrustedIdentityPropagationContext>"
    );
    assert!(answer.text().contains(&told), "{}", answer.text());
    let record = gateway.record(&answer).to_string();
    assert!(!record.contains("ann@example.com") && !record.contains("rustedIdentity"), "{record}");
    let next = credentials(&assume(&gateway, &key, "next", &[]));
    let after = credentials(&assume(&gateway, &next, "next", &[]));
    for key in [&key, &next, &after] {
        assert_eq!(read(&gateway, key, "/bucket/a"), 200);
    }
    let others = [json!({"email": "bob@example.com"}), json!({"kind": "workload"}), json!({"realm": {}})];
    for other in others {
        let key = credentials(&take(&gateway, "reader", &token(other.clone()), &[]));
        assert_eq!(read(&gateway, &key, "/bucket/a"), 403, "{other}");
    }
    done(&gateway, "UpdateOpenIDConnectProvider", &[IDP, ("RemoveContextProvider", "true")]);
    assert_eq!(read(&gateway, &key, "/bucket/a"), 200);
    let answer = take(&gateway, "reader", &token(json!({})), &[]);
    assert!(!answer.text().contains("TrustedIdentityPropagationContext"));
    assert_eq!(read(&gateway, &credentials(&answer), "/bucket/a"), 403);
}

/// A token that does not say what it has to is refused: a condition that asks for somebody else would be met.
#[test]
fn what_is_not_told_is_not_made_up() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    let is_ann = json!({"StringEquals": {"aws:OriginIdentity/Subject": "ann@example.com"}});
    role(&gateway, "ann", &trusting(is_ann), Some(ALL));
    role(&gateway, "all", &trusting(Value::Null), Some(ALL));
    let denied = (403, "AccessDenied".to_owned());
    assert_eq!(outcome(&take(&gateway, "ann", &token(json!({})), &[])), denied);
    done(&gateway, "UpdateOpenIDConnectProvider", &CONTEXT);
    assert_eq!(take(&gateway, "ann", &token(json!({})), &[]).status, 200);
    assert_eq!(outcome(&take(&gateway, "ann", &token(json!({"email": "bob@example.com"})), &[])), denied);
    // Whoever signs lends nobody what its own session knows.
    let session = credentials(&take(&gateway, "all", &token(json!({})), &[]));
    done(&gateway, "UpdateOpenIDConnectProvider", &[IDP, ("RemoveContextProvider", "true")]);
    let (arn, foreign) = (role_arn("ann"), token(json!({"email": "bob@example.com"})));
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", &*foreign)];
    assert_eq!(outcome(&call(&gateway, &session, "AssumeRoleWithWebIdentity", &parameters)), denied);
    done(&gateway, "UpdateOpenIDConnectProvider", &CONTEXT);
    let long = "x".repeat(129);
    let rows = [
        json!({"email": null}),
        json!({"email": ""}),
        json!({"email": " "}),
        json!({"email": ["ann@example.com", "bob@example.com"]}),
        json!({"email": {"a": "b"}}),
        json!({"email": "x".repeat(256)}),
        json!({"kind": ["user", "workload"]}),
        json!({"kind": long}),
        json!({"realm": {"team": ["blue", "red"]}}),
        json!({"realm": {"team": {"a": "b"}}}),
        json!({"auth_level": 1.5}),
        json!({"auth_level": long}),
    ];
    for row in rows {
        let answer = take(&gateway, "all", &token(row.clone()), &[]);
        assert_eq!(outcome(&answer), (400, "InvalidIdentityToken".into()), "{row}: {}", answer.text());
        assert!(gateway.record(&answer).to_string().contains("web identity, claims"), "{row}");
    }
    // It takes its part of the room of a session, which has an end.
    let text = |at: usize| {
        let digest = |half: &str| digest(&SHA512, format!("{at}{half}").as_bytes());
        let whole = ["a", "b"].map(|half| data_encoding::BASE64.encode(digest(half).as_ref())).concat();
        whole[..128].to_owned()
    };
    let sources: Vec<String> =
        (1..=10).map(|at| format!("ContextProvider.KeyDefinitionList.member.{at}.SourceKey")).collect();
    let names: Vec<String> = (1..=10).map(|at| format!("k{at}")).collect();
    let keys = sources.iter().zip(&names).map(|(source, name)| (source.as_str(), name.as_str()));
    let ten: Vec<(&str, &str)> = [IDP, CONTEXT[1]].into_iter().chain(keys).collect();
    done(&gateway, "UpdateOpenIDConnectProvider", &ten);
    for (count, expected) in [(3, (200, String::new())), (10, (400, "PackedPolicyTooLarge".into()))] {
        let said: Map<String, Value> = (1..=count).map(|at| (format!("k{at}"), json!(text(at)))).collect();
        let answer = take(&gateway, "all", &token(said.into()), &[]);
        assert_eq!(outcome(&answer), expected, "{count}: {}", answer.text());
    }
}

/// The claims of a token of ours, not verified here.
fn said(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_token_of_ours_tells_others_whom_the_session_is_for() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    done(&gateway, "EnableOutboundWebIdentityFederation", &[]);
    role(&gateway, "all", &trusting(Value::Null), Some(ALL));
    let policy = |name: &str, statement: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        role(&gateway, name, &trusting(Value::Null), Some(&document));
    };
    let get = ["sts:GetWebIdentityToken"];
    policy("unscoped", json!({"Effect": "Allow", "Action": get, "Resource": "*"}));
    policy(
        "reads",
        json!({"Effect": "Allow", "Action": ["sts:GetWebIdentityToken", "sts:SetWebIdentityTokenScope"], "Resource": "*",
            "Condition": {"StringEquals": {"sts:SubjectMode": "OriginIdentity"},
                "ForAllValues:StringEquals": {"sts:IdentityTokenScope": ["read", "list"]}}}),
    );
    let session = |role: &str, others: Value| -> Key { credentials(&take(&gateway, role, &token(others), &[])) };
    let without = session("all", json!({}));
    assert_eq!(outcome(&ask(&gateway, &without, &[ORIGIN])), (400, "ValidationError".into()));
    done(&gateway, "UpdateOpenIDConnectProvider", &CONTEXT);

    let answer = ask(&gateway, &session("all", json!({})), &[ORIGIN, ("Scope", "read list")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let claims = said(&answer.element("WebIdentityToken"));
    let (told, own) = (["sub", "aud", "scope"].map(|name| &claims[name]), &claims["https://sts.amazonaws.com/"]);
    assert_eq!(told, [&json!("ann@example.com"), &json!(AUDIENCE.1), &json!("read list")]);
    assert_eq!([&own["subject_mode"], &own["principal_id"]], [&json!("OriginIdentity"), &json!(role_arn("all"))]);
    let keys = format!("{}/.well-known/jwks.json", claims["iss"].as_str().unwrap().strip_prefix(URL).unwrap());
    assert_eq!(read_document(&gateway, HOST, &keys).status, 200);
    let plain = said(&ask(&gateway, &session("all", json!({})), &[]).element("WebIdentityToken"));
    let absent = [&plain["scope"], &plain["https://sts.amazonaws.com/"]["subject_mode"]];
    assert_eq!((&plain["sub"], absent), (&json!(role_arn("all")), [&Value::Null; 2]));

    let second = ("Audience.member.2", "https://b.example");
    type Row<'a> = (&'a str, Value, &'a [(&'a str, &'a str)], (u16, &'a str));
    let rows: [Row<'_>; 11] = [
        ("all", json!({}), &[ORIGIN, ("Scope", "read"), second], (400, "ValidationError")),
        ("all", json!({}), &[ORIGIN, ("Scope", "read read")], (400, "ValidationError")),
        ("all", json!({}), &[("Scope", "read")], (400, "ValidationError")),
        ("all", json!({"email": "arn:aws:iam::123456789012:user/ann"}), &[ORIGIN], (403, "AccessDenied")),
        ("all", json!({"email": "ann@example.com "}), &[ORIGIN], (403, "AccessDenied")),
        ("unscoped", json!({}), &[ORIGIN], (200, "")),
        ("unscoped", json!({}), &[ORIGIN, ("Scope", "read")], (403, "AccessDenied")),
        ("reads", json!({}), &[], (403, "AccessDenied")),
        ("reads", json!({}), &[ORIGIN], (200, "")),
        ("reads", json!({}), &[ORIGIN, ("Scope", "list read")], (200, "")),
        ("reads", json!({}), &[ORIGIN, ("Scope", "read write")], (403, "AccessDenied")),
    ];
    for (role, others, further, (status, code)) in rows {
        let answer = ask(&gateway, &session(role, others.clone()), further);
        assert_eq!(outcome(&answer), (status, code.to_owned()), "{role} {others} {further:?}: {}", answer.text());
    }
    // `sub` is the provider's own in the meantime.
    assert_eq!(take(&gateway, "all", &token(json!({})), &[]).element("SubjectFromWebIdentityToken"), SUBJECT);
}
