//! Web identity tokens of our own: who gets them, what they say, and that somebody else's library believes them.

use countersign::{
    base::{AccessKeyId, AccountId, Timestamp},
    session::{Claims, Holder, SecretBytes, SessionPolicies, claims::Packed},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{ALL, allow, assume, credentials, done, outcome, role, trust_account};
use crate::{
    api::call,
    road::{
        client::{Request, Response, send},
        gateway::{ACCOUNT, Gateway, Setup},
        signer::Key,
        upstream::Upstream,
    },
};

pub const URL: &str = "https://sts.example.com";
pub const HOST: &str = "sts.example.com";
pub const AUDIENCE: (&str, &str) = ("Audience.member.1", "https://api.example.com");
pub const RS256: (&str, &str) = ("SigningAlgorithm", "RS256");
pub const ES384: (&str, &str) = ("SigningAlgorithm", "ES384");
const AWS: &str = "https://sts.amazonaws.com/";
const ENABLE: &str = "EnableOutboundWebIdentityFederation";

/// A gateway with a place for its issuers.
pub fn gateway(upstream: &Upstream) -> Gateway {
    Gateway::start_with(upstream, &Setup { keys: &[("STS__ISSUER_URL", URL)], ..Setup::default() })
}

/// One whose account gives out tokens, and the issuer.
pub fn enabled(upstream: &Upstream) -> (Gateway, String) {
    let gateway = gateway(upstream);
    let issuer = done(&gateway, ENABLE, &[]).element("IssuerIdentifier");
    (gateway, issuer)
}

/// Reads without a signature from a host.
pub fn read(gateway: &Gateway, host: &str, path: &str) -> Response {
    send(gateway.address, &Request::new("GET", path).header("host", host))
}

/// A document of an issuer, as whoever verifies a token finds it.
pub fn document(gateway: &Gateway, url: &str) -> Value {
    let answer = read(gateway, HOST, url.strip_prefix(URL).unwrap());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// The claims of a token, verified from nothing but its issuer's URL.
pub fn verified(gateway: &Gateway, issuer: &str, token: &str) -> (String, Value) {
    let configuration = document(gateway, &format!("{issuer}/.well-known/openid-configuration"));
    assert_eq!(configuration["issuer"], issuer);
    let keys = document(gateway, configuration["jwks_uri"].as_str().unwrap());
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let head = decode_header(token).unwrap();
    let id = head.kid.unwrap();
    let supported = configuration["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(supported.contains(&serde_json::to_value(head.alg).unwrap()));
    let mut validation = Validation::new(head.alg);
    validation.leeway = 0;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE.1]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(keys.find(&id).unwrap()).unwrap();
    (id, decode::<Value>(token, &key, &validation).unwrap().claims)
}

/// Asks for a token with the usual parameters, and others over them; an empty value takes one away.
pub fn ask(gateway: &Gateway, key: &Key, others: &[(&str, &str)]) -> Response {
    let mut parameters = vec![AUDIENCE, RS256];
    for (name, value) in others {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    call(gateway, key, "GetWebIdentityToken", &parameters)
}

fn told(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.element("WebIdentityToken")
}

#[test]
fn a_users_token_says_who_it_is_and_is_believed() {
    let upstream = Upstream::start();
    let path = "o-exampleorgid/r-ab12/";
    let keys = [("STS__ISSUER_URL", URL), ("ORGANIZATION__ID", "o-exampleorgid"), ("ORGANIZATION__PATH", path)];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let issuer = done(&gateway, ENABLE, &[]).element("IssuerIdentifier");
    assert_eq!(issuer.strip_prefix("https://sts.example.com/").map(str::len), Some(36), "{issuer}");
    let ann = gateway.user("ann", Some(ALL));
    done(&gateway, "TagUser", &[("UserName", "ann"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")]);
    for (algorithm, name) in [(RS256, Algorithm::RS256), (ES384, Algorithm::ES384)] {
        let before = Timestamp::now().as_second();
        let tags = [("Tags.member.1.Key", "job"), ("Tags.member.1.Value", "7"), ("DurationSeconds", "60"), algorithm];
        let answer = ask(&gateway, &ann, &tags);
        let token = told(&answer);
        assert_eq!(decode_header(&token).unwrap().alg, name);
        let (_, mut claims) = verified(&gateway, &issuer, &token);
        let issued = claims["iat"].as_i64().unwrap();
        assert!((before..=before + 20).contains(&issued), "{issued} {before}");
        assert_eq!(answer.element("Expiration"), Timestamp::from_second(issued + 60).unwrap().to_string());
        assert_eq!(claims["jti"].as_str().map(str::len), Some(36));
        for name in ["iat", "jti"] {
            claims.as_object_mut().unwrap().remove(name);
        }
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/ann");
        assert_eq!(
            claims,
            json!({"iss": issuer, "sub": arn, "aud": AUDIENCE.1, "exp": issued + 60, AWS: {
                "aws_account": ACCOUNT, "principal_id": arn, "source_region": "us-east-1", "org_id": "o-exampleorgid",
                "ou_path": [path], "principal_tags": {"Team": "blue"}, "request_tags": {"job": "7"}}})
        );
        let record = gateway.record(&answer);
        assert_eq!((&record["eventName"], &record["readOnly"]), (&"GetWebIdentityToken".into(), &true.into()));
        assert_eq!(record["requestParameters"]["signingAlgorithm"], algorithm.1);
        assert!(!record.to_string().contains(token.rsplit('.').next().unwrap()), "the token is told");
    }
    // Two tokens are never the same, and somebody else's bytes are no token.
    let [one, other] = [(); 2].map(|()| told(&ask(&gateway, &ann, &[])));
    assert_ne!(one, other);
    let parts: Vec<&str> = one.split('.').collect();
    let mixed = format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]);
    let keys: JwkSet = serde_json::from_value(document(&gateway, &format!("{issuer}/.well-known/jwks.json"))).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&decode_header(&one).unwrap().kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE.1]);
    assert!(decode::<Value>(&one, &key, &validation).is_ok());
    assert!(decode::<Value>(&mixed, &key, &validation).is_err());
}

#[test]
fn a_roles_token_is_the_roles_and_tells_of_its_session() {
    let upstream = Upstream::start();
    let (gateway, issuer) = enabled(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    role(&gateway, "worker", &trust_account(), Some(ALL));
    for (key, value) in [("Team", "role"), ("Place", "here")] {
        done(
            &gateway,
            "TagRole",
            &[("RoleName", "worker"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)],
        );
    }
    let further = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "session"),
        ("SourceIdentity", "somebody"),
        ("DurationSeconds", "900"),
    ];
    let taken = assume(&gateway, &ann, "worker", &further);
    let key = credentials(&taken);
    let (_, claims) = verified(&gateway, &issuer, &told(&ask(&gateway, &key, &[("DurationSeconds", "600")])));
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/worker");
    assert_eq!(claims["sub"], arn);
    let expires = taken.element("Expiration");
    assert_eq!(
        claims[AWS],
        json!({"aws_account": ACCOUNT, "principal_id": arn, "source_region": "us-east-1", "source_identity": "somebody",
            "original_session_exp": expires, "principal_tags": {"team": "session", "Place": "here"}})
    );
    // A token does not outlive the session that it comes from.
    let late = ask(&gateway, &key, &[("DurationSeconds", "901")]);
    assert_eq!(outcome(&late), (403, "SessionDurationEscalationException".into()));
    // A role that is gone gets none.
    done(&gateway, "DeleteRolePolicy", &[("RoleName", "worker"), ("PolicyName", "p")]);
    assert_eq!(outcome(&ask(&gateway, &key, &[])), (403, "AccessDenied".into()));
}

/// A session of another account that acts for a user who accepted a delegation request.
fn delegate(gateway: &Gateway) -> Key {
    let account: AccountId = ACCOUNT.parse().unwrap();
    let now = Timestamp::now().as_second();
    let policies = SessionPolicies { inline: Some(ALL.into()), managed: Vec::new() };
    let claims = Claims {
        account: account.number(),
        secret: SecretBytes(Zeroizing::new([7; 30])),
        issued: now,
        expires: now + 900,
        holder: Holder::User("AIDAann".into()),
        chain: Vec::new(),
        mfa: None,
        source_identity: None,
        provider: None,
        delegate: Some(222_222_222_222),
        packed: Packed { policies: Some(policies), ..Packed::default() },
    };
    let issued = gateway.sessions.issue(AccessKeyId::parse("ASIAQAAAAAAAAAAAAAAA").unwrap(), &claims).ok().unwrap();
    Key { id: issued.key.to_string(), secret: issued.secret.expose().into(), token: Some(issued.token) }
}

#[test]
fn who_may_ask() {
    let upstream = Upstream::start();
    let (gateway, issuer) = enabled(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    let own = credentials(&call(&gateway, &ann, "GetSessionToken", &[]));
    let federated = credentials(&call(&gateway, &ann, "GetFederationToken", &[("Name", "bob"), ("Policy", ALL)]));
    let denied = "AccessDenied";
    let delegate = delegate(&gateway);
    for (key, code) in
        [(&own, denied), (&federated, denied), (&delegate, denied), (&ann.forged(), "SignatureDoesNotMatch")]
    {
        assert_eq!(outcome(&ask(&gateway, key, &[])), (403, code.into()));
    }
    assert_eq!(super::read(&gateway, &delegate, "/bucket/a"), 200, "it is a session that may do all else");
    let (_, claims) = verified(&gateway, &issuer, &told(&ask(&gateway, &gateway.root(), &[])));
    assert_eq!(claims["sub"], format!("arn:aws:iam::{ACCOUNT}:root"));
    let unsigned = crate::api::form("GetWebIdentityToken", &[AUDIENCE, RS256]);
    for host in [HOST, "127.0.0.1"] {
        let answer = send(gateway.address, &unsigned.clone().header("host", host));
        assert_eq!(outcome(&answer), (403, "MissingAuthenticationToken".into()), "{host}");
    }
    // Another account has not enabled it, and is another issuer once it has.
    let other = gateway.user_of("222222222222", "eve", Some(ALL));
    let disabled = ask(&gateway, &other, &[]);
    assert_eq!(outcome(&disabled), (403, "OutboundWebIdentityFederationDisabledException".into()));
    let of_other = call(&gateway, &other, ENABLE, &[]).element("IssuerIdentifier");
    assert_ne!(of_other, issuer);
    let token = told(&ask(&gateway, &other, &[]));
    let (_, claims) = verified(&gateway, &of_other, &token);
    assert_eq!(claims[AWS]["aws_account"], "222222222222");
    let keys: JwkSet = serde_json::from_value(document(&gateway, &format!("{issuer}/.well-known/jwks.json"))).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&decode_header(&token).unwrap().kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE.1]);
    assert!(decode::<Value>(&token, &key, &validation).is_err(), "one account's keys verify another's token");
}

#[test]
fn policies_decide_on_what_is_asked_for() {
    let upstream = Upstream::start();
    let (gateway, _) = enabled(&upstream);
    let own = format!("arn:aws:sts::{ACCOUNT}:self");
    let with = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Condition": condition,
            "Action": ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"]}})
        .to_string()
    };
    let only = with(json!({"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": AUDIENCE.1},
        "Null": {"sts:IdentityTokenAudience": "false"}}));
    let tag = [("Tags.member.1.Key", "job"), ("Tags.member.1.Value", "7")];
    let second = ("Audience.member.2", "https://evil.example");
    type Row<'a> = (&'a str, String, &'a [(&'a str, &'a str)], u16);
    let rows: [Row<'_>; 18] = [
        ("action", allow("sts:GetWebIdentityToken", "*"), &[], 200),
        ("action without tags", allow("sts:GetWebIdentityToken", "*"), &tag, 403),
        ("both actions", allow("sts:*WebIdentityToken", "*"), &tag, 200),
        ("own session", allow("sts:GetWebIdentityToken", &own), &[], 200),
        ("another's", allow("sts:GetWebIdentityToken", "arn:aws:sts::222222222222:self"), &[], 403),
        ("a user", allow("sts:GetWebIdentityToken", "arn:aws:iam::123456789012:user/*"), &[], 403),
        ("another action", allow("sts:AssumeRole", "*"), &[], 403),
        ("audience", only.clone(), &[], 200),
        ("another audience", only.clone(), &[("Audience.member.1", "https://evil.example")], 403),
        ("one more audience", only, &[second], 403),
        ("duration", with(json!({"NumericLessThanEquals": {"sts:DurationSeconds": "300"}})), &[], 200),
        (
            "too long",
            with(json!({"NumericLessThanEquals": {"sts:DurationSeconds": "300"}})),
            &[("DurationSeconds", "301")],
            403,
        ),
        ("algorithm", with(json!({"StringEquals": {"sts:SigningAlgorithm": "ES384"}})), &[ES384], 200),
        ("another algorithm", with(json!({"StringEquals": {"sts:SigningAlgorithm": "ES384"}})), &[], 403),
        ("tag", with(json!({"StringEquals": {"aws:RequestTag/job": "7"}})), &tag, 200),
        ("another tag", with(json!({"StringEquals": {"aws:RequestTag/job": "8"}})), &tag, 403),
        ("keys of tags", with(json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}})), &tag, 403),
        ("mode", with(json!({"StringEquals": {"sts:SubjectMode": "OriginIdentity"}})), &[], 403),
    ];
    for (at, (what, policy, others, status)) in rows.iter().enumerate() {
        let key = gateway.user(&format!("u{at}"), Some(policy));
        let answer = ask(&gateway, &key, others);
        assert_eq!(answer.status, *status, "{what}: {}", answer.text());
        if *status == 403 {
            assert!(answer.text().contains(&format!("on resource: {own} ")), "{what}: {}", answer.text());
        }
    }
}

#[test]
fn what_is_asked_for_wrongly_is_refused() {
    let upstream = Upstream::start();
    let (gateway, _) = enabled(&upstream);
    let root = gateway.root();
    let long = "a".repeat(1_001);
    let many: Vec<(String, &str)> = (1..=11).map(|at| (format!("Audience.member.{at}"), "a")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, *value)).collect();
    let origin = ("SubjectMode", "OriginIdentity");
    let tags = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let named = pairs.iter().enumerate().map(|(at, (key, value))| {
            let name = |part: &str| format!("Tags.member.{}.{part}", at + 1);
            [(name("Key"), (*key).to_owned()), (name("Value"), (*value).to_owned())]
        });
        named.flatten().collect()
    };
    let twice = tags(&[("a", "1"), ("A", "2")]);
    let reserved = tags(&[("aws:a", "1")]);
    fn shown(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
        pairs.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
    let rows: [(&[(&str, &str)], &str); 18] = [
        (&[(AUDIENCE.0, "")], "Value null at 'audience' failed to satisfy constraint: Member must not be null"),
        (&[(AUDIENCE.0, ""), ("Audience", " ")], "greater than or equal to 1"),
        (&[(AUDIENCE.0, &long)], "Member must have length less than or equal to 1000"),
        (&many, "at 'audience' failed to satisfy constraint: Member must have length less than or equal to 10"),
        (&[("SigningAlgorithm", "")], "Value null at 'signingAlgorithm'"),
        (&[("SigningAlgorithm", "none")], "Member must satisfy enum value set: [RS256, ES384]"),
        (&[("SigningAlgorithm", "HS256")], "Member must satisfy enum value set: [RS256, ES384]"),
        (&[("SigningAlgorithm", "rs256")], "Member must satisfy enum value set: [RS256, ES384]"),
        (&[("DurationSeconds", "59")], "greater than or equal to 60"),
        (&[("DurationSeconds", "3601")], "less than or equal to 3600"),
        (&[("DurationSeconds", "x")], "Member must be a number"),
        (&[("Scope", "read")], "Scope can be specified only when SubjectMode is OriginIdentity"),
        (&[("Scope", "read  write")], "Member must satisfy regular expression pattern"),
        (&[("SubjectMode", "Human")], "Member must satisfy enum value set: [AWSIdentity, OriginIdentity]"),
        (&[origin], "aws:OriginIdentity/Subject"),
        (&[origin, ("Scope", "read")], "aws:OriginIdentity/Subject"),
        (&shown(&twice), "Duplicate tag keys found"),
        (&shown(&reserved), "Tag keys cannot start with 'aws:'"),
    ];
    for (others, holds) in rows {
        let answer = ask(&gateway, &root, others);
        let text = answer.text();
        assert!(answer.status == 400 && text.contains(holds), "{others:?}: {text}");
    }
}

/// Measured in bytes of the payload before it is encoded.
#[test]
fn a_token_is_as_long_as_aws_takes_it_and_no_longer() {
    let upstream = Upstream::start();
    let (gateway, _) = enabled(&upstream);
    let root = gateway.root();
    let with = |last: usize| {
        let audiences = (1..=10).map(|at| (format!("Audience.member.{at}"), "a".repeat(1_000)));
        let tags = (1..=19).flat_map(|at| {
            let value = "v".repeat(if at == 19 { last } else { 240 });
            [(format!("Tags.member.{at}.Key"), format!("k{at:02}")), (format!("Tags.member.{at}.Value"), value)]
        });
        let parameters: Vec<(String, String)> = audiences.chain(tags).collect();
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        ask(&gateway, &root, &parameters)
    };
    let payload = |answer: &Response| {
        let token = told(answer);
        data_encoding::BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap().len()
    };
    let base = payload(&with(1));
    let room = 14_984 - base + 1;
    assert!((1..256).contains(&room), "{base}");
    assert_eq!(payload(&with(room)), 14_984);
    assert_eq!(outcome(&with(room + 1)), (400, "JWTPayloadSizeExceededException".into()));
}

#[test]
fn an_account_enables_and_disables_it() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let root = gateway.root();
    let disabled = (403, "OutboundWebIdentityFederationDisabledException".to_owned());
    assert_eq!(outcome(&ask(&gateway, &root, &[])), disabled);
    let issuer = done(&gateway, ENABLE, &[]).element("IssuerIdentifier");
    let info = done(&gateway, "GetOutboundWebIdentityFederationInfo", &[]);
    assert_eq!([info.element("IssuerIdentifier"), info.element("JwtVendingEnabled")], [&*issuer, "true"]);
    assert_eq!(outcome(&call(&gateway, &root, ENABLE, &[])), (409, "FeatureEnabled".into()));
    let token = told(&ask(&gateway, &root, &[]));
    done(&gateway, "DisableOutboundWebIdentityFederation", &[]);
    for action in ["DisableOutboundWebIdentityFederation", "GetOutboundWebIdentityFederationInfo"] {
        assert_eq!(outcome(&call(&gateway, &root, action, &[])), (404, "FeatureDisabled".into()));
    }
    assert_eq!(outcome(&ask(&gateway, &root, &[])), disabled);
    // What was given out is good until it expires.
    let (id, _) = verified(&gateway, &issuer, &token);
    let again = done(&gateway, ENABLE, &[]).element("IssuerIdentifier");
    assert_eq!(again, issuer);
    assert_eq!(verified(&gateway, &issuer, &told(&ask(&gateway, &root, &[]))).0, id);
    // Its issuer is kept where no place for it is configured, but gives out nothing.
    gateway.reload(&upstream, &Setup::default()).unwrap();
    assert_eq!(outcome(&ask(&gateway, &root, &[])), disabled);
    let info = call(&gateway, &root, "GetOutboundWebIdentityFederationInfo", &[]);
    assert_eq!(outcome(&info), (404, "FeatureDisabled".into()));
    let keys = [("STS__ISSUER_URL", "https://tokens.example.org/a")];
    gateway.reload(&upstream, &Setup { keys: &keys, ..Setup::default() }).unwrap();
    let info = done(&gateway, "GetOutboundWebIdentityFederationInfo", &[]);
    let id = issuer.rsplit('/').next().unwrap();
    assert_eq!(info.element("IssuerIdentifier"), format!("https://tokens.example.org/a/{id}"));
}
