//! Roles by SAML assertions, over the wire: unsigned calls in, credentials out.

use countersign::base::Timestamp;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{ALL, allow, credentials, done, outcome, read, role, role_arn, trust, who};
use crate::{
    api::form,
    road::{
        client::{Response, send},
        gateway::{ACCOUNT, Gateway, Setup},
        signer::{Key, Signer},
        upstream::Upstream,
    },
    saml::maker::{ISSUER, Idp, PROVIDER, RECIPIENT, assertion, attributes, moment, response},
};

const NAMES: &str = "https://aws.amazon.com/SAML/Attributes/";

pub fn metadata(idp: &Idp) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ISSUER}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor \
         use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor></md:IDPSSODescriptor></md:EntityDescriptor>",
        idp.certificate
    )
}

/// A gateway with a provider named `idp`.
fn with_provider(upstream: &Upstream, idp: &Idp) -> Gateway {
    let gateway = Gateway::start(upstream);
    let document = metadata(idp);
    done(&gateway, "CreateSAMLProvider", &[("Name", "idp"), ("SAMLMetadataDocument", &document)]);
    gateway
}

/// Trust in the provider, for these actions under a condition.
fn trusting(actions: &[&str], condition: Value) -> String {
    trust(json!({"Federated": PROVIDER}), actions, condition)
}

/// Attributes with their values.
pub type Said<'a> = &'a [(&'a str, &'a [&'a str])];

const TAKE: &[&str] = &["sts:AssumeRoleWithSAML"];

/// A response of now with these attributes beside the two that have to be there, under an id of its own.
pub fn say(idp: &Idp, id: &str, role: &str, further: Said<'_>) -> String {
    let pair = format!("{},{PROVIDER}", role_arn(role));
    let (role, name) = (format!("{NAMES}Role"), format!("{NAMES}RoleSessionName"));
    let mut rows: Vec<(&str, &[&str])> = Vec::new();
    let pairs = [pair.as_str()];
    rows.push((&role, &pairs));
    rows.push((&name, &["alice"]));
    rows.extend(further);
    let now = Timestamp::now();
    let plain = assertion(now);
    let (start, _) = plain.split_once("<saml:AttributeStatement>").unwrap();
    let plain = format!("{start}{}</saml:Assertion>", attributes(&rows)).replace("_a1", id);
    BASE64.encode(response(now, &idp.sign(&plain)).as_bytes())
}

/// An unsigned call.
pub fn take(gateway: &Gateway, role: &str, response: &str, further: &[(&str, &str)]) -> Response {
    let arn = role_arn(role);
    let mut parameters = vec![("RoleArn", &*arn), ("PrincipalArn", PROVIDER), ("SAMLAssertion", response)];
    parameters.extend(further);
    unsigned(gateway, &parameters)
}

fn unsigned(gateway: &Gateway, parameters: &[(&str, &str)]) -> Response {
    send(gateway.address, &gateway.addressed(form("AssumeRoleWithSAML", parameters)))
}

#[test]
fn a_role_is_taken_and_used() {
    let (upstream, idp) = (Upstream::start(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    role(&gateway, "reader", &trusting(TAKE, Value::Null), Some(&allow("s3:*", "*")));
    let answer = take(&gateway, "reader", &say(&idp, "_1", "reader", &[]), &[]);
    let key = credentials(&answer);
    let [id, arn] = who(&gateway, &key);
    assert!(id.starts_with("AROA") && id.ends_with(":alice"), "{id}");
    assert_eq!(arn, format!("arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"));
    assert_eq!(read(&gateway, &key, "/bucket/a"), 200);
    let told = ["Subject", "SubjectType", "Issuer", "Audience"].map(|name| answer.element(name));
    assert_eq!(told, ["alice@example.com", "persistent", ISSUER, RECIPIENT]);
    let qualifier = answer.element("NameQualifier");

    let mut record = gateway.record(&answer);
    let request = record["requestParameters"].take();
    assert_eq!(
        request,
        json!({"roleArn": role_arn("reader"), "principalArn": PROVIDER, "sAMLAssertionID": "_1", "roleSessionName": "alice"})
    );
    assert_eq!(
        record["userIdentity"],
        json!({"type": "SAMLUser", "principalId": format!("{qualifier}:alice@example.com"),
            "userName": "alice@example.com", "identityProvider": qualifier})
    );
    let response = &record["responseElements"];
    assert_eq!((&response["subject"], &response["nameQualifier"]), (&json!("alice@example.com"), &json!(qualifier)));
    assert!(!record.to_string().contains(&key.secret));
}

/// The trust policy decides, and nothing else: whom it names, under which conditions.
#[test]
fn the_trust_policy_decides() {
    let (upstream, idp) = (Upstream::start(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    let equals = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    let any = |key: &str, value: &str| json!({"ForAnyValue:StringEquals": {key: value}});
    let denied = (403, "AccessDenied".to_owned());
    let taken = (200, String::new());
    let deny = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithSAML"},
        {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithSAML", "Condition": equals("saml:sub", "alice@example.com")}]});
    let cases = [
        ("the provider", trusting(TAKE, Value::Null), &taken),
        ("another provider", trust(json!({"Federated": format!("{PROVIDER}2")}), TAKE, Value::Null), &denied),
        ("everybody", trust(json!("*"), TAKE, Value::Null), &denied),
        ("the account", trust(json!({"AWS": ACCOUNT}), TAKE, Value::Null), &denied),
        ("another action", trusting(&["sts:AssumeRoleWithWebIdentity"], Value::Null), &denied),
        ("and denies", deny.to_string(), &denied),
        ("the recipient", trusting(TAKE, equals("saml:aud", RECIPIENT)), &taken),
        ("the recipient of AWS", trusting(TAKE, equals("SAML:aud", "https://example.com/saml")), &denied),
        ("the issuer", trusting(TAKE, equals("saml:iss", ISSUER)), &taken),
        ("another issuer", trusting(TAKE, equals("saml:iss", "x")), &denied),
        ("the subject", trusting(TAKE, equals("saml:sub", "alice@example.com")), &taken),
        ("another subject", trusting(TAKE, equals("saml:sub", "bob@example.com")), &denied),
        ("the kind of subject", trusting(TAKE, equals("saml:sub_type", "persistent")), &taken),
        ("the provider's place", trusting(TAKE, equals("saml:doc", &format!("{ACCOUNT}/idp"))), &taken),
        ("another place", trusting(TAKE, equals("saml:doc", &format!("{ACCOUNT}/idp2"))), &denied),
        ("one of several", trusting(TAKE, any("saml:edupersonaffiliation", "staff")), &taken),
        ("none of several", trusting(TAKE, any("saml:edupersonaffiliation", "student")), &denied),
        ("an address", trusting(TAKE, equals("saml:mail", "alice@example.com")), &taken),
        ("a name", trusting(TAKE, equals("saml:cn", "Alice")), &denied),
        ("one of names", trusting(TAKE, any("saml:cn", "Alice")), &taken),
        ("the session's name", trusting(TAKE, equals("sts:RoleSessionName", "alice")), &taken),
        ("what was not said", trusting(TAKE, equals("saml:uid", "alice")), &denied),
    ];
    let further: [(&str, &[&str]); 3] = [
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["staff", "member"]),
        ("0.9.2342.19200300100.1.3", &["alice@example.com"]),
        ("urn:oid:2.5.4.3", &["Alice"]),
    ];
    for (at, (what, policy, expected)) in cases.into_iter().enumerate() {
        let name = format!("r{at}");
        role(&gateway, &name, &policy, None);
        let answer = take(&gateway, &name, &say(&idp, &format!("_{at}"), &name, &further), &[]);
        assert_eq!(outcome(&answer), *expected, "{what}: {}", answer.text());
        if *expected == denied {
            let message = "<Message>Not authorized to perform sts:AssumeRoleWithSAML</Message>";
            assert!(answer.text().contains(message), "{what}: {}", answer.text());
        }
    }
    let answer = take(&gateway, "none", &say(&idp, "_none", "none", &[]), &[]);
    assert_eq!(outcome(&answer), denied);
}

/// Tags and who is behind it need the role's trust too; both stay with the session, and with what is asked later.
#[test]
fn what_the_provider_passes_stays_with_the_session() {
    let (upstream, idp) = (Upstream::start(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    let all = ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"];
    let needs = json!({"StringEquals": {
        "aws:PrincipalTag/Team": "a", "aws:SourceIdentity": "alice.lee", "saml:sub": "alice@example.com",
        "saml:sub_type": "persistent", "aws:FederatedProvider": PROVIDER}});
    let policy = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": needs}});
    let (team, source) = (format!("{NAMES}PrincipalTag:Team"), format!("{NAMES}SourceIdentity"));
    let transitive = format!("{NAMES}TransitiveTagKeys");
    let tagged: [(&str, &[&str]); 3] = [(&team, &["a"]), (&source, &["alice.lee"]), (&transitive, &["Team"])];
    for (name, actions, expected) in
        [("both", &all[..], 200), ("no-tags", &[all[0], all[2]][..], 403), ("no-source", &all[..2], 403)]
    {
        role(&gateway, name, &trusting(actions, Value::Null), Some(&policy.to_string()));
        let answer = take(&gateway, name, &say(&idp, &format!("_{name}"), name, &tagged), &[]);
        assert_eq!(answer.status, expected, "{name}: {}", answer.text());
        if expected == 200 {
            assert_eq!(answer.element("SourceIdentity"), "alice.lee");
            let key = credentials(&answer);
            assert_eq!(read(&gateway, &key, "/bucket/a"), 200);
            let request = &gateway.record(&answer)["requestParameters"];
            assert_eq!(request["principalTags"], json!({"Team": "a"}));
            assert_eq!(request["transitiveTagKeys"], json!(["Team"]));
        }
    }
    // The very tags count in the decision.
    let asks = json!({"StringEquals": {"aws:RequestTag/Team": "b"}});
    role(&gateway, "asks", &trusting(&all, asks), None);
    let answer = take(&gateway, "asks", &say(&idp, "_asks", "asks", &tagged), &[]);
    assert_eq!(answer.status, 403);
}

/// The shortest of what is asked for, what the provider says, and what is left of the session there.
#[test]
fn sessions_last_as_long_as_both_sides_say() {
    let (upstream, idp) = (Upstream::start(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    role(&gateway, "reader", &trusting(TAKE, Value::Null), None);
    let duration = format!("{NAMES}SessionDuration");
    let cases: [(&str, Option<&str>, Said<'_>, Option<i64>); 6] = [
        ("nothing said", None, &[], Some(3600)),
        ("asked", Some("900"), &[], Some(900)),
        ("the role's most", Some("7200"), &[], Some(7200)),
        ("more than the role's most", Some("7201"), &[], None),
        ("the provider says less", None, &[(&duration, &["1200"])], Some(1200)),
        ("the provider says more", Some("900"), &[(&duration, &["43200"])], Some(900)),
    ];
    for (at, (what, asked, said, expected)) in cases.into_iter().enumerate() {
        let asked: Vec<(&str, &str)> = asked.map(|seconds| ("DurationSeconds", seconds)).into_iter().collect();
        let answer = take(&gateway, "reader", &say(&idp, &format!("_{at}"), "reader", said), &asked);
        match expected {
            Some(seconds) => {
                let expires: Timestamp = answer.element("Expiration").parse().unwrap();
                let left = expires.as_second() - Timestamp::now().as_second();
                assert!((seconds - 20..=seconds).contains(&left), "{what}: {left}");
            }
            None => assert_eq!(outcome(&answer), (400, "ValidationError".into()), "{what}"),
        }
    }
}

/// AWS's codes, and in the record the check that refused.
#[test]
#[rustfmt::skip]
fn what_is_not_believed_is_told_in_the_record() {
    let (upstream, idp, other) = (Upstream::start(), Idp::rsa(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    role(&gateway, "reader", &trusting(TAKE, Value::Null), None);
    let sound = say(&idp, "_1", "reader", &[]);
    let text = |response: &str| String::from_utf8(BASE64.decode(response.as_bytes()).unwrap()).unwrap();
    let edited = |from: &str, to: &str| BASE64.encode(text(&sound).replace(from, to).as_bytes());
    let now = Timestamp::now();
    let old = assertion(Timestamp::from_second(now.as_second() - 400).unwrap());
    let late = assertion(now).replace(&moment(now, 290), &moment(now, -1));
    let old = BASE64.encode(response(now, &idp.sign(&old)).as_bytes());
    let late = BASE64.encode(response(now, &idp.sign(&late)).as_bytes());
    let success = "status:Success";
    let cases = [
        ("another key", say(&other, "_2", "reader", &[]), 400, "InvalidIdentityToken", "no key of the provider's metadata made it"),
        ("altered", edited("alice@example.com", "root@example.com"), 400, "InvalidIdentityToken", "its digest is of another content"),
        ("cut off", sound[..400].to_owned(), 400, "InvalidIdentityToken", "not well formed"),
        ("no base 64", "----".to_owned(), 400, "InvalidIdentityToken", "no base 64"),
        ("long ago", old, 400, "ExpiredTokenException", "more than five minutes ago"),
        ("over", late, 400, "ExpiredTokenException", "holds no longer"),
        ("refused by the provider", edited(success, "status:Responder"), 403, "IDPRejectedClaim", "status:Responder"),
        ("for another role", say(&idp, "_3", "writer", &[]), 403, "AccessDenied", "does not name this role"),
        ("for another recipient", edited(RECIPIENT, "https://example.com/"), 400, "InvalidIdentityToken", "destination"),
    ];
    for (what, response, status, code, why) in cases {
        let answer = take(&gateway, "reader", &response, &[]);
        assert_eq!(outcome(&answer), (status, code.to_owned()), "{what}: {}", answer.text());
        let record = gateway.record(&answer);
        assert_eq!((&record["eventName"], &record["errorCode"]), (&json!("AssumeRoleWithSAML"), &json!(code)), "{what}");
        assert!(record.to_string().contains(why), "{what}: {record:#}");
        assert!(!record.to_string().contains(&response[..response.len().min(40)]) || response.len() < 40, "{what}");
    }
    assert_eq!(take(&gateway, "reader", &sound, &[]).status, 200);
    // A second use.
    let again = take(&gateway, "reader", &sound, &[]);
    assert_eq!(outcome(&again), (400, "InvalidIdentityToken".into()));
    assert!(gateway.record(&again).to_string().contains("was used before"));
}

#[test]
fn what_is_asked_is_checked() {
    let (upstream, idp) = (Upstream::start(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    role(&gateway, "reader", &trusting(TAKE, Value::Null), Some(ALL));
    let sound = say(&idp, "_1", "reader", &[]);
    let reader = role_arn("reader");
    let cases = [
        ("another provider", &*reader, "arn:aws:iam::123456789012:saml-provider/none", "InvalidIdentityToken"),
        ("the provider in other case", &reader, "arn:aws:iam::123456789012:saml-provider/IDP", "InvalidIdentityToken"),
        ("another account's", &reader, "arn:aws:iam::999999999999:saml-provider/idp", "AccessDenied"),
        ("no provider", &reader, "arn:aws:iam::123456789012:role/reader", "ValidationError"),
        ("no role", PROVIDER, PROVIDER, "ValidationError"),
        ("a bucket", "arn:aws:s3:::bucket/and/more", PROVIDER, "ValidationError"),
        ("no ARN", "reader-reader-reader-reader", PROVIDER, "ValidationError"),
    ];
    for (what, role, provider, code) in cases {
        let parameters = [("RoleArn", role), ("PrincipalArn", provider), ("SAMLAssertion", sound.as_str())];
        let answer = unsigned(&gateway, &parameters);
        assert_eq!(outcome(&answer).1, code, "{what}: {}", answer.text());
    }
    let answer = take(&gateway, "reader", &sound, &[("Policy", &allow("s3:GetObject", "arn:aws:s3:::bucket/a"))]);
    let key = credentials(&answer);
    assert_eq!([read(&gateway, &key, "/bucket/a"), read(&gateway, &key, "/bucket/b")], [200, 403]);
    // A signature changes nothing.
    let sound = say(&idp, "_2", "reader", &[]);
    let parameters = [("RoleArn", &*reader), ("PrincipalArn", PROVIDER), ("SAMLAssertion", sound.as_str())];
    let signed = gateway.send(&Signer::of("sts", &gateway.root()), form("AssumeRoleWithSAML", &parameters));
    assert_eq!(signed.status, 200, "{}", signed.text());
    let key: Key = credentials(&signed);
    assert_eq!(who(&gateway, &key)[1], format!("arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"));
}

/// A provider that is gone, or has another key, vouches for nobody; sessions that it vouched for go on.
#[test]
fn a_provider_that_is_gone_vouches_for_nobody() {
    let (upstream, idp, next) = (Upstream::start(), Idp::rsa(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    role(&gateway, "reader", &trusting(TAKE, Value::Null), Some(ALL));
    let named = ("SAMLProviderArn", PROVIDER);
    assert_eq!(take(&gateway, "reader", &say(&next, "_1", "reader", &[]), &[]).status, 400);
    done(&gateway, "UpdateSAMLProvider", &[named, ("SAMLMetadataDocument", &metadata(&next))]);
    let taken = take(&gateway, "reader", &say(&next, "_2", "reader", &[]), &[]);
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(take(&gateway, "reader", &say(&idp, "_3", "reader", &[]), &[]).status, 400);
    done(&gateway, "DeleteSAMLProvider", &[named]);
    let answer = take(&gateway, "reader", &say(&next, "_4", "reader", &[]), &[]);
    assert_eq!(outcome(&answer), (400, "InvalidIdentityToken".into()));
    assert!(answer.text().contains("Specified provider doesn't exist"));
    assert_eq!(who(&gateway, &credentials(&taken))[1], format!("arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"));
}

/// What the configuration says of addressees and of reuse counts, also after a reload.
#[test]
fn addressees_are_configured() {
    let (upstream, idp) = (Upstream::start(), Idp::rsa());
    let gateway = with_provider(&upstream, &idp);
    role(&gateway, "reader", &trusting(TAKE, Value::Null), None);
    let sound = say(&idp, "_1", "reader", &[]);
    assert_eq!(take(&gateway, "reader", &sound, &[]).status, 200);
    let keys = [("SAML__REUSE", "always")];
    gateway.reload(&upstream, &Setup { keys: &keys, ..Setup::default() }).unwrap();
    assert_eq!([(); 2].map(|()| take(&gateway, "reader", &sound, &[]).status), [200, 200]);
    let keys = [("SAML__RECIPIENTS", "[\"https://example.com/saml\"]")];
    gateway.reload(&upstream, &Setup { keys: &keys, ..Setup::default() }).unwrap();
    let answer = take(&gateway, "reader", &say(&idp, "_2", "reader", &[]), &[]);
    assert_eq!(outcome(&answer), (400, "InvalidIdentityToken".into()));
}
