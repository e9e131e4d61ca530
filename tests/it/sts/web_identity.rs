//! Roles taken with tokens of OpenID Connect providers, over the wire and without a signature.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use countersign::base::Timestamp;
use serde_json::{Value, json};

use super::{ALL, allow, credentials, done, outcome, read, role, role_arn, trust, who};
use crate::{
    api::{call, form},
    oidc::{
        mint::{Minter, OTHER_RSA, RSA},
        web::{Answer, Authorities, KEYS, Web, thumbprint},
    },
    road::{
        client::{Response, send},
        gateway::{ACCOUNT, DENY_ALL, Gateway, Setup},
        signer::Key,
        upstream::Upstream,
    },
};

pub const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/idp.example.com";
pub const SUBJECT: &str = "system:serviceaccount:reports:writer";
pub const TAKE: &str = "sts:AssumeRoleWithWebIdentity";

/// Claims that are good now, with others over them; null takes one away.
pub fn claims(others: Value) -> Value {
    let now = Timestamp::now().as_second();
    let usual = json!({"iss": "https://idp.example.com", "sub": SUBJECT, "aud": "sts.amazonaws.com", "iat": now,
        "exp": now + 600});
    let mut members = usual.as_object().unwrap().clone();
    for (name, value) in others.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    members.into()
}

/// A table `[oidc]` with the keys of the usual provider in a file.
pub fn with_file(dir: &Path, keys: &[Value]) -> String {
    let file = dir.join("keys.json");
    fs::write(&file, json!({"keys": keys}).to_string()).unwrap();
    format!("[oidc]\njwks_files = {{ \"https://idp.example.com\" = {file:?} }}\n")
}

/// A gateway that has the RSA key of the usual provider, which is registered.
fn gateway(upstream: &Upstream) -> (Gateway, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let tables = with_file(dir.path(), &[RSA.jwk()]);
    let gateway = Gateway::start_with(upstream, &Setup { tables: &tables, ..Setup::default() });
    register(&gateway, &[]);
    (gateway, dir)
}

pub fn register(gateway: &Gateway, thumbprints: &[&str]) {
    let mut parameters =
        vec![("Url".to_owned(), "https://idp.example.com"), ("ClientIDList.member.1".into(), "sts.amazonaws.com")];
    for (at, thumbprint) in thumbprints.iter().enumerate() {
        parameters.push((format!("ThumbprintList.member.{}", at + 1), thumbprint));
    }
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    done(gateway, "CreateOpenIDConnectProvider", &parameters);
}

/// Trust in one subject of the usual provider.
fn trusting(actions: &[&str]) -> String {
    let is = json!({"StringEquals": {"idp.example.com:aud": "sts.amazonaws.com", "idp.example.com:sub": SUBJECT}});
    trust(json!({"Federated": PROVIDER}), actions, is)
}

/// Asks for a role with a token, without a signature.
pub fn take(gateway: &Gateway, role: &str, token: &str, further: &[(&str, &str)]) -> Response {
    let arn = role_arn(role);
    let mut parameters = vec![("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", token)];
    for (name, value) in further {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    send(gateway.address, &gateway.addressed(form("AssumeRoleWithWebIdentity", &parameters)))
}

#[test]
fn a_token_of_a_provider_takes_a_role() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    role(&gateway, "writer", &trusting(&[TAKE]), Some(&allow("s3:GetObject", "arn:aws:s3:::bucket/a")));
    // Of what it says more, conditions of later calls know nothing.
    let token = RSA.mint(&claims(json!({"email": "ann@example.com", "email_verified": true})));
    let answer = take(&gateway, "writer", &token, &[]);
    let key = credentials(&answer);
    let elements = ["SubjectFromWebIdentityToken", "Provider", "Audience"].map(|name| answer.element(name));
    assert_eq!(elements, [SUBJECT, PROVIDER, "sts.amazonaws.com"].map(str::to_owned));
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/writer/se");
    assert_eq!(who(&gateway, &key)[1], arn);
    assert_eq!([read(&gateway, &key, "/bucket/a"), read(&gateway, &key, "/bucket/b")], [200, 403]);

    let record = gateway.record(&answer);
    assert_eq!(
        record["userIdentity"],
        json!({"type": "WebIdentityUser", "principalId": format!("{PROVIDER}:sts.amazonaws.com:{SUBJECT}"),
            "userName": SUBJECT, "identityProvider": PROVIDER})
    );
    assert_eq!(record["responseElements"]["provider"], PROVIDER);
    assert_eq!(record["responseElements"]["subjectFromWebIdentityToken"], SUBJECT);
    assert!(!record.to_string().contains(token.rsplit('.').next().unwrap()), "the token is told");

    let used = call(&gateway, &key, "GetCallerIdentity", &[]);
    let federation = &gateway.record(&used)["userIdentity"]["sessionContext"]["webIdFederationData"];
    let attributes = json!({"idp.example.com:aud": "sts.amazonaws.com", "idp.example.com:sub": SUBJECT});
    assert_eq!(*federation, json!({"federatedProvider": PROVIDER, "attributes": attributes}));
    // As often as its holder likes, until it expires.
    assert_eq!(take(&gateway, "writer", &token, &[("DurationSeconds", "900")]).status, 200);
}

#[test]
fn the_trust_policy_decides() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    let to = |principal: Value, condition: Value| trust(principal, &[TAKE], condition);
    let federated = |provider: &str| json!({"Federated": provider});
    let sub = |operator: &str, value: &str| json!({operator: {"idp.example.com:sub": value}});
    let denies = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": TAKE},
        {"Effect": "Deny", "Principal": {"Federated": PROVIDER}, "Action": TAKE,
            "Condition": {"StringLike": {"idp.example.com:sub": "*writer"}}}]});
    let other = "arn:aws:iam::123456789012:oidc-provider/other.example.com";
    let cases = [
        ("trusted", to(federated(PROVIDER), Value::Null), true),
        ("subject", to(federated(PROVIDER), sub("StringEquals", SUBJECT)), true),
        ("pattern", to(federated(PROVIDER), sub("StringLike", "system:serviceaccount:*")), true),
        (
            "another-subject",
            to(federated(PROVIDER), sub("StringEquals", "system:serviceaccount:reports:reader")),
            false,
        ),
        ("another-claim", to(federated(PROVIDER), json!({"StringEquals": {"idp.example.com:ref": "x"}})), false),
        ("another-key", to(federated(PROVIDER), json!({"StringEquals": {"other.example.com:sub": SUBJECT}})), false),
        ("another-provider", to(federated(other), Value::Null), false),
        (
            "another-account",
            to(federated("arn:aws:iam::999999999999:oidc-provider/idp.example.com"), Value::Null),
            false,
        ),
        (
            "a-method",
            to(federated(PROVIDER), json!({"ForAnyValue:StringEquals": {"idp.example.com:amr": "mfa"}})),
            true,
        ),
        ("a-session-name", to(federated(PROVIDER), json!({"StringEquals": {"sts:RoleSessionName": "se"}})), true),
        ("another-action", trust(federated(PROVIDER), &["sts:AssumeRoleWithSAML"], Value::Null), false),
        ("the-account", to(json!({"AWS": ACCOUNT}), Value::Null), false),
        ("everybody", to(json!("*"), Value::Null), false),
        ("denied", denies.to_string(), false),
    ];
    let token = RSA.mint(&claims(json!({"amr": ["pwd", "mfa"], "ref": "x"})));
    for (name, policy, allowed) in cases {
        role(&gateway, name, &policy, None);
        let answer = take(&gateway, name, &token, &[]);
        let expected = if allowed { (200, String::new()) } else { (403, "AccessDenied".into()) };
        assert_eq!(outcome(&answer), expected, "{name}: {}", answer.text());
    }
    // A role that is not there is told like one that may not be taken.
    for name in ["denied", "missing"] {
        let answer = take(&gateway, name, &token, &[]);
        assert_eq!(answer.element("Message"), format!("Not authorized to perform {TAKE}"), "{name}");
    }
    // Another action than the one with a token is not taken with one.
    let plain = form(
        "AssumeRole",
        &[("RoleArn", &role_arn("trusted")), ("RoleSessionName", "se"), ("WebIdentityToken", &token)],
    );
    let answer = send(gateway.address, &gateway.addressed(plain));
    assert_eq!(outcome(&answer), (403, "MissingAuthenticationToken".into()), "{}", answer.text());
}

#[test]
fn tags_and_a_source_identity_have_to_be_allowed_and_stay() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    let of_team = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::bucket/${aws:PrincipalTag/team}","Condition":{"StringEquals":{"aws:SourceIdentity":"ann"}}}}"#;
    role(&gateway, "plain", &trusting(&[TAKE]), Some(of_team));
    role(&gateway, "tagged", &trusting(&[TAKE, "sts:TagSession"]), Some(of_team));
    role(&gateway, "whole", &trusting(&[TAKE, "sts:TagSession", "sts:SetSourceIdentity"]), Some(of_team));
    let tags = json!({"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["team"]});
    let with_tags = RSA.mint(&claims(json!({"https://aws.amazon.com/tags": tags})));
    let with_both = RSA
        .mint(&claims(json!({"https://aws.amazon.com/tags": tags, "https://aws.amazon.com/source_identity": "ann"})));
    for (name, token, status) in [
        ("plain", &with_tags, 403),
        ("tagged", &with_tags, 200),
        ("tagged", &with_both, 403),
        ("whole", &with_both, 200),
    ] {
        assert_eq!(take(&gateway, name, token, &[]).status, status, "{name}");
    }
    let answer = take(&gateway, "whole", &with_both, &[]);
    assert_eq!(answer.element("SourceIdentity"), "ann");
    let key = credentials(&answer);
    assert_eq!([read(&gateway, &key, "/bucket/a"), read(&gateway, &key, "/bucket/b")], [200, 403]);
    let broken = RSA.mint(&claims(json!({"https://aws.amazon.com/source_identity": "x"})));
    assert_eq!(outcome(&take(&gateway, "whole", &broken, &[])), (403, "IDPRejectedClaim".into()));
}

#[test]
fn each_wrong_token_has_aws_s_code_and_the_record_says_why() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    role(&gateway, "writer", &trusting(&[TAKE]), None);
    let good = RSA.mint(&claims(json!({})));
    let now = Timestamp::now().as_second();
    let evil = Minter::rsa("rsa");
    let invalid = "InvalidIdentityToken";
    let minted = |others: Value| RSA.mint(&claims(others));
    let cases = [
        ("expired", minted(json!({"exp": now - 1})), "ExpiredTokenException", "expiry"),
        ("too early", minted(json!({"nbf": now + 3600})), invalid, "not before"),
        ("foreign", minted(json!({"iss": "https://other.example.com"})), invalid, "provider"),
        ("of no provider", minted(json!({"iss": "http://idp.example.com"})), invalid, "provider"),
        ("in other case", minted(json!({"iss": "https://IDP.example.com"})), invalid, "issuer"),
        ("for others", minted(json!({"aud": "sts.example.com"})), invalid, "audience"),
        ("forged", evil.mint(&claims(json!({}))), invalid, "signature"),
        ("of an unknown key", OTHER_RSA.mint(&claims(json!({}))), invalid, "key id"),
        (
            "without a signature",
            RSA.mint_texts("", r#"{"alg":"none"}"#, &claims(json!({})).to_string()),
            invalid,
            "algorithm",
        ),
        ("truncated", good[..good.len() - 1].to_owned(), invalid, ""),
        ("altered", good.replacen('.', ".e", 1), invalid, ""),
        ("no token", "Atza|IQEBLjAsAhRFiXuWpUXuRvQ9PZL3GMFcYevydwIUFAHZwXZ".into(), invalid, "form"),
        ("without a subject", minted(json!({"sub": null})), invalid, "claims"),
        ("with a float", minted(json!({"exp": now as f64 + 60.5})), invalid, "claims"),
        (
            "a logout token",
            RSA.mint_with(&json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}), &claims(json!({}))),
            invalid,
            "type",
        ),
    ];
    for (name, token, code, check) in cases {
        let answer = take(&gateway, "writer", &token, &[]);
        assert_eq!(outcome(&answer), (400, code.into()), "{name}: {}", answer.text());
        let record = gateway.record(&answer);
        let told = record.to_string();
        assert_eq!((&record["eventName"], &record["errorCode"]), (&"AssumeRoleWithWebIdentity".into(), &code.into()));
        assert!(told.contains(&format!("web identity, {check}")), "{name}: {told}");
        let secret = token.rsplit('.').next().unwrap();
        assert!(secret.is_empty() || !told.contains(secret), "{name}: the token is told");
    }
    let unknown = take(&gateway, "writer", &minted(json!({"iss": "https://other.example.com"})), &[]);
    let told = "No OpenIDConnect provider found in your account for https://other.example.com";
    assert_eq!(unknown.element("Message"), told);
    // Providers are those of the role's account.
    let elsewhere = [("RoleArn", "arn:aws:iam::999999999999:role/writer")];
    assert_eq!(outcome(&take(&gateway, "writer", &good, &elsewhere)), (400, invalid.into()));
    assert_eq!(take(&gateway, "writer", &good, &[]).status, 200);
    done(
        &gateway,
        "RemoveClientIDFromOpenIDConnectProvider",
        &[("OpenIDConnectProviderArn", PROVIDER), ("ClientID", "sts.amazonaws.com")],
    );
    assert_eq!(take(&gateway, "writer", &good, &[]).element("Message"), "Incorrect token audience");
    done(&gateway, "DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", PROVIDER)]);
    assert_eq!(outcome(&take(&gateway, "writer", &good, &[])), (400, invalid.into()));
}

#[test]
fn parameters_have_their_constraints() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    role(&gateway, "writer", &trusting(&[TAKE]), Some(ALL));
    let token = RSA.mint(&claims(json!({})));
    let long = "x".repeat(20_001);
    let policy = allow("s3:GetObject", "arn:aws:s3:::bucket/a");
    type Further<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Further<'_>, (u16, &str)); 9] = [
        ("no role", &[("RoleArn", "")], (400, "ValidationError")),
        ("a short name", &[("RoleSessionName", "x")], (400, "ValidationError")),
        ("a short token", &[("WebIdentityToken", "abc")], (400, "ValidationError")),
        ("a long token", &[("WebIdentityToken", &long)], (400, "ValidationError")),
        ("a short session", &[("DurationSeconds", "899")], (400, "ValidationError")),
        ("the longest session", &[("DurationSeconds", "7200")], (200, "")),
        ("a longer session", &[("DurationSeconds", "7201")], (400, "ValidationError")),
        ("another protocol", &[("ProviderId", "graph.facebook.com")], (400, "ValidationError")),
        ("no policy", &[("Policy", "{}")], (400, "MalformedPolicyDocument")),
    ];
    for (name, further, (status, code)) in cases {
        let answer = take(&gateway, "writer", &token, further);
        assert_eq!(outcome(&answer), (status, code.to_owned()), "{name}: {}", answer.text());
        assert!(!answer.text().contains(&long), "{name}");
    }
    let key = credentials(&take(&gateway, "writer", &token, &[("Policy", &policy)]));
    assert_eq!([read(&gateway, &key, "/bucket/a"), read(&gateway, &key, "/bucket/b")], [200, 403]);
}

/// SDKs leave the signature out; who has one anyway gets no more and no less by it.
#[test]
fn a_signature_changes_nothing() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    role(&gateway, "writer", &trusting(&[TAKE]), Some(ALL));
    let (arn, token) = (role_arn("writer"), RSA.mint(&claims(json!({}))));
    let ann = gateway.user("ann", Some(ALL));
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", &*token)];
    let key = credentials(&call(&gateway, &ann, "AssumeRoleWithWebIdentity", &parameters));
    gateway.revoke_key(&ann);
    assert_eq!(who(&gateway, &key)[1], format!("arn:aws:sts::{ACCOUNT}:assumed-role/writer/se"));
    let stranger = RSA.mint(&claims(json!({"sub": "another"})));
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", &*stranger)];
    let bob = gateway.user("bob", Some(ALL));
    assert_eq!(call(&gateway, &bob, "AssumeRoleWithWebIdentity", &parameters).status, 403);
    assert_eq!(call(&gateway, &gateway.root(), "AssumeRoleWithWebIdentity", &parameters).status, 403);
}

/// What is known of whoever signed is not said of whoever the token is about.
#[test]
fn what_the_signer_is_decides_nothing() {
    let upstream = Upstream::start();
    let (gateway, _dir) = gateway(&upstream);
    let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    let rows = [
        ("method", json!({"ForAnyValue:StringEquals": {"idp.example.com:amr": "mfa"}})),
        ("tag", equals("aws:PrincipalTag/team", "a")),
        ("name", equals("aws:username", "ann")),
        ("account", equals("aws:PrincipalAccount", ACCOUNT)),
        ("provider", equals("aws:FederatedProvider", PROVIDER)),
        ("behind", equals("aws:SourceIdentity", "ann")),
    ];
    for (name, condition) in &rows {
        role(&gateway, name, &trust(json!({"Federated": PROVIDER}), &[TAKE], condition.clone()), Some(ALL));
    }
    let all = [TAKE, "sts:TagSession", "sts:SetSourceIdentity"];
    role(&gateway, "open", &trust(json!({"Federated": PROVIDER}), &all, Value::Null), Some(ALL));
    let ann = gateway.user("ann", Some(ALL));
    done(&gateway, "TagUser", &[("UserName", "ann"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]);
    let full = RSA.mint(&claims(json!({"amr": ["mfa"], "https://aws.amazon.com/source_identity": "ann",
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["a"]}}})));
    let session = credentials(&take(&gateway, "open", &full, &[]));
    let plain = RSA.mint(&claims(json!({})));
    for (name, _) in rows {
        let arn = role_arn(name);
        let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", &*plain)];
        let unsigned = outcome(&take(&gateway, name, &plain, &[]));
        assert_eq!(unsigned.0, 403, "{name}");
        for key in [&ann, &session] {
            assert_eq!(outcome(&call(&gateway, key, "AssumeRoleWithWebIdentity", &parameters)), unsigned, "{name}");
        }
    }
    // Nor does it lose anything by being somebody.
    let denied = gateway.user("bob", Some(DENY_ALL));
    let arn = role_arn("open");
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", &*plain)];
    assert_eq!(outcome(&call(&gateway, &denied, "AssumeRoleWithWebIdentity", &parameters)), (200, String::new()));
}

#[test]
fn a_file_of_keys_is_read_anew_with_the_configuration() {
    let upstream = Upstream::start();
    let (gateway, dir) = gateway(&upstream);
    role(&gateway, "writer", &trusting(&[TAKE]), None);
    let (old, new) = (RSA.mint(&claims(json!({}))), OTHER_RSA.mint(&claims(json!({}))));
    assert_eq!([&old, &new].map(|token| take(&gateway, "writer", token, &[]).status), [200, 400]);
    let tables = with_file(dir.path(), &[OTHER_RSA.jwk()]);
    gateway.reload(&upstream, &Setup { tables: &tables, ..Setup::default() }).unwrap();
    assert_eq!([&old, &new].map(|token| take(&gateway, "writer", token, &[]).status), [400, 200]);
    fs::write(dir.path().join("keys.json"), "{}").unwrap();
    assert!(gateway.reload(&upstream, &Setup { tables: &tables, ..Setup::default() }).is_err());
    assert_eq!(take(&gateway, "writer", &new, &[]).status, 200);
}

#[test]
fn a_provider_is_asked_over_https_and_only_its_own_calls_wait_for_it() {
    let upstream = Upstream::start();
    let authorities = Authorities::new();
    let web = Web::start(authorities.show("idp.example.com"), &[RSA.jwk()]);
    let tables = format!(
        "[oidc]\nanswer_seconds = 2\naddresses = {{ \"https://idp.example.com\" = \"127.0.0.1:{}\" }}\n",
        web.port
    );
    let gateway = Gateway::start_with(&upstream, &Setup { tables: &tables, ..Setup::default() });
    register(&gateway, &[]);
    role(&gateway, "writer", &trusting(&[TAKE]), Some(ALL));
    let token = RSA.mint(&claims(json!({})));
    let answer = take(&gateway, "writer", &token, &[]);
    let told = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
    assert_eq!(answer.element("Message"), told);
    let thumbprints =
        [("OpenIDConnectProviderArn", PROVIDER), ("ThumbprintList.member.1", &*thumbprint(&authorities.root))];
    web.set(KEYS, Answer::text(200, "").after(Duration::from_secs(60)));
    done(&gateway, "UpdateOpenIDConnectProviderThumbprint", &thumbprints);
    let ann = gateway.user("ann", Some(ALL));
    std::thread::scope(|scope| {
        let began = Instant::now();
        let waiting = scope.spawn(|| take(&gateway, "writer", &token, &[]));
        while began.elapsed() < Duration::from_millis(1500) {
            let asked = Instant::now();
            assert_eq!(read(&gateway, &ann, "/bucket/a"), 200);
            assert_eq!(call(&gateway, &ann, "GetCallerIdentity", &[]).status, 200);
            assert!(asked.elapsed() < Duration::from_secs(1), "others wait: {:?}", asked.elapsed());
        }
        let answer = waiting.join().unwrap();
        assert_eq!(outcome(&answer), (400, "IDPCommunicationError".into()), "{}", answer.text());
        assert!(began.elapsed() < Duration::from_secs(8), "took {:?}", began.elapsed());
        assert!(gateway.record(&answer).to_string().contains("web identity, provider's answer"));
    });
    web.rotate(&[RSA.jwk()]);
    let key: Key = until_taken(&gateway, &token);
    assert_eq!(read(&gateway, &key, "/bucket/a"), 200);
}

/// A provider that did not answer is asked again after ten seconds.
fn until_taken(gateway: &Gateway, token: &str) -> Key {
    let began = Instant::now();
    loop {
        let answer = take(gateway, "writer", token, &[]);
        if answer.status == 200 || began.elapsed() > Duration::from_secs(15) {
            return credentials(&answer);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
