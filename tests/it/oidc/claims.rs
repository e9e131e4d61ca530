//! What claims have to say, and what is made of them.

use countersign::{
    base::Tag,
    federation::{
        Asserted,
        oidc::{Provider, Refusal, Token, verify},
    },
};
use serde_json::{Value, json};

use super::mint::{ISSUER, NOW, RSA, check, claims_with, later, now, provider, set};

fn with(others: Value) -> Result<Asserted, Refusal> {
    check(&RSA.mint(&claims_with(others)))
}

/// What a provider of that URL asserts with these claims.
fn by(provider: &Provider, others: Value) -> Result<Asserted, Refusal> {
    let mut claims = claims_with(others);
    claims["iss"] = json!(provider.url);
    verify(&Token::read(&RSA.mint(&claims)).unwrap(), provider, &set(&[RSA.jwk()]), now())
}

fn fact<'a>(asserted: &'a Asserted, key: &str) -> Option<Vec<&'a str>> {
    let (_, values) = asserted.facts.iter().find(|(known, _)| known == key)?;
    Some(values.iter().map(String::as_str).collect())
}

#[test]
fn what_is_said_is_asserted() {
    let asserted = with(json!({})).unwrap();
    let fact = |name: &str, value: &str| (format!("idp.example.com:{name}"), vec![value.to_owned()]);
    let expected = Asserted {
        issuer: ISSUER.into(),
        subject: "system:serviceaccount:reports:writer".into(),
        audience: "sts.amazonaws.com".into(),
        expires: later(3600),
        facts: vec![fact("aud", "sts.amazonaws.com"), fact("sub", "system:serviceaccount:reports:writer")],
        tags: vec![],
        transitive_tag_keys: vec![],
        source_identity: None,
        origin: None,
    };
    assert_eq!(asserted, expected);
}

#[test]
fn claims_have_to_hold() {
    let cases: [(&str, Value, &str); 47] = [
        ("another issuer", json!({"iss": "https://evil.example.com"}), "issuer"),
        ("an issuer with a slash", json!({"iss": "https://idp.example.com/"}), "issuer"),
        ("an issuer in other case", json!({"iss": "https://IDP.example.com"}), "issuer"),
        ("an issuer with its port", json!({"iss": "https://idp.example.com:443"}), "issuer"),
        ("an issuer by http", json!({"iss": "http://idp.example.com"}), "issuer"),
        ("an issuer without scheme", json!({"iss": "idp.example.com"}), "issuer"),
        ("no issuer", json!({"iss": null}), "claims"),
        ("a list of issuers", json!({"iss": [ISSUER]}), "claims"),
        ("no subject", json!({"sub": null}), "claims"),
        ("an empty subject", json!({"sub": ""}), "claims"),
        ("a number as subject", json!({"sub": 1}), "claims"),
        ("the longest subject", json!({"sub": "x".repeat(255)}), "nothing"),
        ("a longer subject", json!({"sub": "x".repeat(256)}), "claims"),
        ("no audience", json!({"aud": null}), "claims"),
        ("no audience in a list", json!({"aud": []}), "claims"),
        ("a number as audience", json!({"aud": 1}), "claims"),
        ("a number among audiences", json!({"aud": ["sts.amazonaws.com", 1]}), "claims"),
        ("another audience", json!({"aud": "sts.example.com"}), "audience"),
        ("an audience in other case", json!({"aud": "STS.amazonaws.com"}), "audience"),
        ("the beginning of an audience", json!({"aud": "sts.amazonaws.co"}), "audience"),
        ("a list of one audience", json!({"aud": ["sts.amazonaws.com"]}), "nothing"),
        ("one of several audiences", json!({"aud": ["https://kubernetes.default.svc", "reports"]}), "nothing"),
        ("none of several audiences", json!({"aud": ["a", "b"]}), "audience"),
        ("an authorised party", json!({"aud": "x", "azp": "reports"}), "nothing"),
        ("another authorised party", json!({"azp": "x"}), "audience"),
        ("an authorised party without audience", json!({"aud": null, "azp": "reports"}), "claims"),
        ("a list of authorised parties", json!({"azp": ["reports"]}), "claims"),
        ("no expiry", json!({"exp": null}), "claims"),
        ("expiry now", json!({"exp": NOW}), "expiry"),
        ("expiry a second ago", json!({"exp": NOW - 1}), "expiry"),
        ("expiry in a second", json!({"exp": NOW + 1}), "nothing"),
        ("expiry with a fraction", json!({"exp": NOW as f64 + 60.5}), "claims"),
        ("expiry as a float", json!({"exp": 1.7e9 + 60.0}), "claims"),
        ("expiry as text", json!({"exp": (NOW + 60).to_string()}), "claims"),
        ("expiry beyond time", json!({"exp": i64::MAX}), "claims"),
        ("expiry beyond numbers", json!({"exp": u64::MAX}), "claims"),
        ("expiry before time", json!({"exp": i64::MIN}), "expiry"),
        ("no time of issue", json!({"iat": null}), "claims"),
        ("time of issue as a float", json!({"iat": NOW as f64}), "claims"),
        ("issued by a clock ahead", json!({"iat": NOW + 300}), "nothing"),
        ("issued in the future", json!({"iat": NOW + 301}), "not before"),
        ("good since now", json!({"nbf": NOW}), "nothing"),
        ("good soon, by a clock ahead", json!({"nbf": NOW + 300}), "nothing"),
        ("good later", json!({"nbf": NOW + 301}), "not before"),
        ("good from a float on", json!({"nbf": 0.0}), "claims"),
        ("good always", json!({"nbf": i64::MIN}), "nothing"),
        ("methods that are numbers", json!({"amr": [1]}), "claims"),
    ];
    for (name, others, expected) in cases {
        let outcome = with(others);
        assert_eq!(outcome.map_or_else(|refusal| refusal.check(), |_| "nothing"), expected, "{name}");
    }
}

#[test]
fn a_token_may_be_used_again_until_it_expires() {
    let token = Token::read(&RSA.mint(&claims_with(json!({"jti": "once"})))).unwrap();
    let at = |seconds| verify(&token, &provider(ISSUER), &set(&[RSA.jwk()]), later(seconds));
    assert!(at(0).is_ok() && at(0).is_ok() && at(3599).is_ok());
    assert_eq!(at(3600), Err(Refusal::Expired(NOW + 3600, NOW + 3600)));
    assert!(matches!(at(-311), Err(Refusal::NotYet("iat", ..))));
}

#[test]
fn the_audience_that_is_believed_is_told() {
    let cases = [
        (json!({"aud": ["x", "reports", "sts.amazonaws.com"]}), "reports", None),
        (json!({"aud": "x", "azp": "reports"}), "reports", None),
    ];
    for (others, audience, oaud) in cases {
        let asserted = with(others).unwrap();
        assert_eq!(asserted.audience, audience);
        assert_eq!(fact(&asserted, "idp.example.com:aud"), Some(vec![audience]));
        assert_eq!(fact(&asserted, "idp.example.com:oaud"), oaud);
    }
    let google = provider("https://accounts.google.com");
    let asserted =
        by(&google, json!({"aud": "web", "azp": "reports", "google": {"organization_number": 12345}})).unwrap();
    assert_eq!(fact(&asserted, "accounts.google.com:aud"), Some(vec!["reports"]));
    assert_eq!(fact(&asserted, "accounts.google.com:azp"), Some(vec!["reports"]));
    assert_eq!(fact(&asserted, "accounts.google.com:oaud"), Some(vec!["web"]));
    assert_eq!(fact(&asserted, "accounts.google.com:google/organization_number"), Some(vec!["12345"]));
}

#[test]
fn an_address_that_the_provider_does_not_vouch_for_is_no_condition_key() {
    for (verified, is_told) in
        [(json!(true), true), (json!(false), false), (json!("true"), false), (json!(1), false), (json!(null), false)]
    {
        let asserted = with(json!({"email": "ann@example.com", "email_verified": verified})).unwrap();
        assert_eq!(fact(&asserted, "idp.example.com:email").is_some(), is_told, "{verified}");
    }
}

#[test]
fn providers_that_aws_knows_have_further_condition_keys() {
    let github = json!({"repository": "Example/reports", "repository_id": "7", "ref": "refs/heads/main", "actor": "ann",
        "environment": null, "head_ref": "x"});
    let gitlab = json!({"project_id": "7", "ref_protected": "true", "user_login": "ann", "project_path": "x"});
    let cases: [(&str, Value, &str, Option<&str>); 19] = [
        ("https://token.actions.githubusercontent.com", github.clone(), "repository", Some("Example/reports")),
        ("https://token.actions.githubusercontent.com", github.clone(), "ref", Some("refs/heads/main")),
        ("https://token.actions.githubusercontent.com", github.clone(), "environment", None),
        ("https://token.actions.githubusercontent.com", github.clone(), "head_ref", None),
        ("https://token.actions.githubusercontent.com/acme", github.clone(), "repository_id", Some("7")),
        ("https://token.actions.githubusercontent.com/a/b", github.clone(), "repository_id", None),
        ("https://token.actions.acme.ghe.com", github.clone(), "actor", Some("ann")),
        ("https://token.actions.a.b.ghe.com", github.clone(), "actor", None),
        ("https://token.actions.githubusercontent.com.evil.example", github.clone(), "actor", None),
        ("https://github.com/enterprises/acme", github.clone(), "actor", Some("ann")),
        ("https://github.example.com", github, "actor", None),
        ("https://gitlab.com", gitlab.clone(), "project_id", Some("7")),
        ("https://gitlab.com", gitlab.clone(), "ref_protected", Some("true")),
        ("https://gitlab.com", gitlab.clone(), "project_path", None),
        ("https://gitlab.example.com", gitlab, "project_id", None),
        ("https://agent.buildkite.com", json!({"pipeline_slug": "p"}), "pipeline_slug", Some("p")),
        (
            "https://oidc.circleci.com/org/1-2",
            json!({"oidc.circleci.com/project-id": "p"}),
            "oidc.circleci.com/project-id",
            Some("p"),
        ),
        ("https://idcs-ab12.identity.oraclecloud.com", json!({"rpst_id": "r"}), "rpst_id", Some("r")),
        ("https://idp.example.com/Realms/A", json!({"amr": ["pwd", "mfa"]}), "amr", Some("pwd mfa")),
    ];
    for (url, others, claim, expected) in cases {
        let asserted = by(&provider(url), others).unwrap();
        let key = format!("{}:{claim}", url.trim_start_matches("https://").to_lowercase());
        assert_eq!(fact(&asserted, &key).map(|values| values.join(" ")).as_deref(), expected, "{key}");
    }
}

#[test]
fn an_operator_may_have_further_claims_as_condition_keys() {
    let names = ["project_path", "Protected", "job/id", "groups", "sub", "email", "absent"];
    let gitlab = Provider { claims: names.map(str::to_owned).to_vec(), ..provider("https://gitlab.example.com") };
    let said =
        json!({"project_path": "a/b", "Protected": true, "job": {"id": 7}, "groups": ["a", "b"], "email": "e@x"});
    let asserted = by(&gitlab, said.clone()).unwrap();
    let keys: Vec<&str> = asserted.facts.iter().map(|(key, _)| key.split_once(':').unwrap().1).collect();
    assert_eq!(keys, ["aud", "sub", "project_path", "protected", "job/id", "groups"]);
    assert_eq!(fact(&asserted, "gitlab.example.com:protected"), Some(vec!["true"]));
    assert_eq!(fact(&asserted, "gitlab.example.com:job/id"), Some(vec!["7"]));
    assert_eq!(fact(&asserted, "gitlab.example.com:groups"), Some(vec!["a", "b"]));
    for wrong in [json!({"groups": {"a": 1}}), json!({"groups": [["a"]]}), json!({"project_path": 1.5})] {
        assert!(matches!(by(&gitlab, wrong.clone()), Err(Refusal::Claim(..))), "{wrong}");
    }
}

#[test]
fn a_token_carries_tags_and_a_source_identity() {
    let nested = json!({"https://aws.amazon.com/tags": {
        "principal_tags": {"Project": ["Automation"], "team": "blue", "empty": [""]},
        "transitive_tag_keys": ["Project", "TEAM"]}, "https://aws.amazon.com/source_identity": "ann@example.com"});
    let flat = json!({"https://aws.amazon.com/tags/principal_tags/Project": "Automation",
        "https://aws.amazon.com/tags/principal_tags/team": ["blue"],
        "https://aws.amazon.com/tags/principal_tags/empty": "",
        "https://aws.amazon.com/tags/transitive_tag_keys": ["Project", "TEAM"],
        "https://aws.amazon.com/source_identity": "ann@example.com"});
    for said in [nested, flat] {
        let mut asserted = with(said).unwrap();
        asserted.tags.sort_by(|a, b| a.key.cmp(&b.key));
        let tag = |key: &str, value: &str| Tag::new(key, value).unwrap();
        assert_eq!(asserted.tags, [tag("Project", "Automation"), tag("empty", ""), tag("team", "blue")]);
        assert_eq!(asserted.transitive_tag_keys, ["Project", "TEAM"]);
        assert_eq!(asserted.source_identity.as_deref(), Some("ann@example.com"));
    }
}

#[test]
fn tags_and_source_identities_have_their_rules() {
    let tags = |tags: Value| json!({"https://aws.amazon.com/tags": {"principal_tags": tags}});
    let many: serde_json::Map<String, Value> = (0..51).map(|number| (format!("k{number}"), json!("v"))).collect();
    let mut most = many.clone();
    most.remove("k50");
    assert_eq!(with(tags(most.into())).map(|asserted| asserted.tags.len()), Ok(50));
    let cases = [
        ("a text", json!({"https://aws.amazon.com/tags": "x"})),
        ("a list", json!({"https://aws.amazon.com/tags": [{"principal_tags": {}}]})),
        ("an unknown member", json!({"https://aws.amazon.com/tags": {"principal": {}}})),
        ("an unknown claim", json!({"https://aws.amazon.com/tags/principal": "x"})),
        ("tags that are a list", tags(json!(["a"]))),
        ("no value", tags(json!({"a": []}))),
        ("two values", tags(json!({"a": ["x", "y"]}))),
        ("a number", tags(json!({"a": [1]}))),
        ("an empty key", tags(json!({"": "x"}))),
        ("a long key", tags(json!({"k".repeat(129): "x"}))),
        ("a long value", tags(json!({"a": "v".repeat(257)}))),
        ("a character", tags(json!({"a": "<"}))),
        ("a reserved key", tags(json!({"AWS:x": "y"}))),
        ("keys that differ in case", tags(json!({"a": "x", "A": "y"}))),
        ("too many", tags(many.into())),
        ("keys that are no list", json!({"https://aws.amazon.com/tags": {"transitive_tag_keys": {"a": 1}}})),
        ("a key without a tag", json!({"https://aws.amazon.com/tags": {"transitive_tag_keys": ["a"]}})),
        (
            "both forms",
            json!({"https://aws.amazon.com/tags": {"principal_tags": {"a": "x"}},
            "https://aws.amazon.com/tags/principal_tags/a": "y"}),
        ),
        ("a short identity", json!({"https://aws.amazon.com/source_identity": "x"})),
        ("a long identity", json!({"https://aws.amazon.com/source_identity": "x".repeat(257)})),
        ("an identity with a space", json!({"https://aws.amazon.com/source_identity": "a b"})),
        ("an identity that is a list", json!({"https://aws.amazon.com/source_identity": ["ann"]})),
    ];
    for (name, said) in cases {
        let refusal = with(said).map(|_| name).unwrap_err();
        assert_eq!(refusal.check(), "session claims", "{name}");
        assert_eq!((refusal.fault().status, &*refusal.fault().code), (403, "IDPRejectedClaim"), "{name}");
    }
}
