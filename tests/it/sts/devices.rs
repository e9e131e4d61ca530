//! What a device proves: `aws:MultiFactorAuthPresent` and `aws:MultiFactorAuthAge`, in the sessions that have them.
//! Source: IAM user guide, "Secure API access with MFA".

use serde_json::{Value, json};

use super::{assume, credentials, outcome, read, role, trust};
use crate::{
    api::{call, story_mfa::Held},
    road::{gateway::ACCOUNT, upstream::Upstream},
};

const PHONE: &str = "arn:aws:iam::123456789012:mfa/phone";

fn condition(operator: &str, key: &str, value: &str) -> Value {
    json!({ operator: { key: value } })
}

#[test]
fn conditions_ask_for_a_device() {
    let upstream = Upstream::start();
    let held = Held::new(&upstream);
    let gateway = &held.gateway;
    held.codes("EnableMFADevice", "ann", [-1, 0], 200, "");
    let keys = call(gateway, &gateway.root(), "CreateAccessKey", &[("UserName", "ann")]);
    let ann = crate::road::signer::Key::new(&keys.element("AccessKeyId"), &keys.element("SecretAccessKey"));
    let statements: Vec<Value> = [
        ("present", condition("Bool", "aws:MultiFactorAuthPresent", "true")),
        ("absent", condition("Bool", "aws:MultiFactorAuthPresent", "false")),
        ("unknown", condition("Null", "aws:MultiFactorAuthPresent", "true")),
        ("young", condition("NumericLessThan", "aws:MultiFactorAuthAge", "3600")),
        ("old", condition("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600")),
    ]
    .into_iter()
    .map(|(key, condition)| {
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::bucket/{key}"),
            "Condition": condition})
    })
    .chain([json!({"Effect": "Allow", "Action": ["sts:AssumeRole", "iam:GetUser"], "Resource": "*"})])
    .collect();
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let put = [("UserName", "ann"), ("PolicyName", "p"), ("PolicyDocument", &*policy)];
    assert_eq!(call(gateway, &gateway.root(), "PutUserPolicy", &put).status, 200);
    let secure = trust(
        json!({"AWS": ACCOUNT}),
        &["sts:AssumeRole"],
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}),
    );
    role(gateway, "secure", &secure, Some(&policy));

    let session = |further: &[(&str, &str)]| call(gateway, &ann, "GetSessionToken", further);
    let plain = credentials(&session(&[]));
    assert_eq!(outcome(&assume(gateway, &ann, "secure", &[])), (403, "AccessDenied".into()));
    assert_eq!(outcome(&assume(gateway, &plain, "secure", &[])), (403, "AccessDenied".into()));
    let code = held.code(1);
    let wrong = session(&[("SerialNumber", PHONE), ("TokenCode", "000000")]);
    assert!(wrong.status == 403 && wrong.text().contains("invalid MFA one time pass code"), "{}", wrong.text());
    let proven = credentials(&session(&[("SerialNumber", PHONE), ("TokenCode", &code)]));
    let again = session(&[("SerialNumber", PHONE), ("TokenCode", &code)]);
    assert_eq!(again.refusal(), (403, "AccessDenied".into()), "a code is good once");
    // The session that a device proved takes the role; the session of the role tells of no device.
    let of_role = credentials(&assume(gateway, &proven, "secure", &[]));
    let keys = ["present", "absent", "unknown", "young", "old"];
    for (what, key, expected) in [
        ("a long-term key", &ann, [false, false, true, false, false]),
        ("a session", &plain, [false, true, false, false, false]),
        ("a session with a device", &proven, [true, false, false, true, false]),
        ("a role", &of_role, [false, true, false, false, false]),
    ] {
        let seen = keys.map(|name| read(gateway, key, &format!("/bucket/{name}")) == 200);
        assert_eq!(seen, expected, "{what}");
    }
    let user = |key| outcome(&call(gateway, key, "GetUser", &[]));
    assert_eq!(user(&plain), (403, "InvalidClientTokenId".into()));
    assert_eq!(user(&proven), (200, String::new()));
    let record = gateway.record(&call(gateway, &proven, "GetCallerIdentity", &[]));
    assert_eq!(record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"], "true");
}
