//! Uploads by form: the signature over the policy, and the policy over the fields.

use std::borrow::Cow;

use countersign::{
    base::Timestamp,
    sigv4::{Algorithm, Dialect, Expectations, Form, Signed, SigningKey, check_scope, post_policy, verify_form},
};
use data_encoding::{BASE64, HEXLOWER};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::request::{ACCESS_KEY, DATE, SECRET_KEY, at, secret};

const SCOPE: &str = "20130524/us-east-1/s3/aws4_request";

fn key() -> SigningKey {
    SigningKey::derive(&secret(SECRET_KEY), "20130524", "us-east-1", "s3")
}

fn signature(policy: &str) -> String {
    HEXLOWER.encode(key().sign(policy.as_bytes()).as_ref())
}

fn signed(signature: &str) -> Signed<'static> {
    Signed {
        form: Form::Post,
        algorithm: Algorithm::Hmac,
        credential: format!("{ACCESS_KEY}/{SCOPE}").into(),
        signed_headers: Cow::Borrowed(""),
        signature: signature.to_owned().into(),
        date: DATE.into(),
        at: at(DATE),
        expires: None,
        token: None,
        region_set: None,
    }
}

fn judge(signed: &Signed<'_>, policy: &str, now: Timestamp) -> String {
    let regions = ["us-east-1".into()];
    let expectations = Expectations { now, regions: &regions };
    let outcome = check_scope(signed, &expectations).map(|_| ());
    let outcome = outcome.and_then(|()| verify_form(signed, policy, &expectations, &key()));
    outcome.map_or_else(|refusal| refusal.fault(Dialect::S3).code.into(), |()| "ok".into())
}

#[test]
fn a_policy_is_proven_by_its_signature() {
    let policy = BASE64.encode(b"{}");
    let right = signature(&policy);
    assert_eq!(judge(&signed(&right), &policy, at(DATE)), "ok");
    assert_eq!(judge(&signed(&right), &BASE64.encode(b"{ }"), at(DATE)), "SignatureDoesNotMatch");
    for at_byte in 0..right.len() {
        let mut wrong = right.clone().into_bytes();
        wrong[at_byte] = if wrong[at_byte] == b'0' { b'1' } else { b'0' };
        let wrong = String::from_utf8(wrong).unwrap();
        assert_eq!(judge(&signed(&wrong), &policy, at(DATE)), "SignatureDoesNotMatch", "{at_byte}");
    }
    for wrong in ["", &right[..63], &right.to_uppercase(), &format!("{right}0")] {
        assert_eq!(judge(&signed(wrong), &policy, at(DATE)), "SignatureDoesNotMatch", "{wrong}");
    }
}

#[test]
fn a_form_can_be_signed_long_before_it_is_sent_but_not_longer_than_its_key_lives() {
    let policy = BASE64.encode(b"{}");
    let (quarter, week) = (SignedDuration::from_mins(15), SignedDuration::from_hours(7 * 24));
    let second = SignedDuration::from_secs(1);
    let cases = [
        (SignedDuration::ZERO, "ok"),
        (SignedDuration::from_hours(24), "ok"),
        (week, "ok"),
        (week + second, "RequestTimeTooSkewed"),
        (-quarter, "ok"),
        (-quarter - second, "RequestTimeTooSkewed"),
    ];
    for (after, expected) in cases {
        assert_eq!(judge(&signed(&signature(&policy)), &policy, at(DATE) + after), expected, "{after}");
    }
}

/// What a policy says of fields: `ok`, or the fault's message.
fn check(conditions: &Value, fields: &[(&str, &str)]) -> String {
    let policy = json!({ "expiration": "2013-05-25T00:00:00.000Z", "conditions": conditions });
    let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let policy = BASE64.encode(policy.to_string().as_bytes());
    post_policy::check(&policy, &fields, "photos", at(DATE))
        .map_or_else(|fault| fault.message.into(), |length| format!("{}..={}", length.start(), length.end()))
}

/// Conditions, fields, what is said of them.
type PolicyCase = (Value, &'static [(&'static str, &'static str)], String);

#[test]
fn every_field_is_covered_and_every_condition_holds() {
    let any = "0..=5368709120";
    let failed = |condition: &str| format!("Invalid according to Policy: Policy Condition failed: {condition}");
    let extra = |field: &str| format!("Invalid according to Policy: Extra input fields: {field}");
    let malformed = "The content of the form does not meet the conditions specified in the policy document.";
    let cases: &[PolicyCase] = &[
        (json!([]), &[], any.into()),
        (json!([]), &[("policy", "p"), ("x-amz-signature", "s"), ("x-ignore-a", "1"), ("file", "f")], any.into()),
        (json!([]), &[("key", "a")], extra("key")),
        (json!([]), &[("bucket", "photos")], extra("bucket")),
        (json!([{"bucket": "photos"}]), &[("bucket", "photos")], any.into()),
        (json!([{"bucket": "photos"}]), &[], any.into()),
        (json!([{"bucket": "other"}]), &[], failed(r#"["eq", "$bucket", "other"]"#)),
        (json!([{"bucket": "other"}]), &[("bucket", "other")], failed(r#"["eq", "$bucket", "other"]"#)),
        (json!([{"key": "a"}]), &[("Key", "a")], any.into()),
        (json!([{"key": "a"}]), &[("key", "b")], failed(r#"["eq", "$key", "a"]"#)),
        (json!([{"key": "a"}]), &[("key", "a"), ("KEY", "b")], failed(r#"["eq", "$key", "a"]"#)),
        (json!([{"bucket": "photos"}]), &[("bucket", "other")], failed(r#"["eq", "$bucket", "photos"]"#)),
        (json!([["eq", "$key", "a"]]), &[], failed(r#"["eq", "$key", "a"]"#)),
        (json!([["starts-with", "$key", "user/"]]), &[("key", "user/a")], any.into()),
        (json!([["starts-with", "$key", "user/"]]), &[("key", "a")], failed(r#"["starts-with", "$key", "user/"]"#)),
        (json!([["starts-with", "$key", ""]]), &[("key", "")], any.into()),
        (json!([["starts-with", "$acl", ""]]), &[], failed(r#"["starts-with", "$acl", ""]"#)),
        (json!([["starts-with", "$key", ""]]), &[("key", "a"), ("x-amz-meta-a", "1")], extra("x-amz-meta-a")),
        (json!([["content-length-range", 1, 10]]), &[], "1..=10".into()),
        (json!([["content-length-range", "1", "10"], ["content-length-range", 5, 20]]), &[], "5..=10".into()),
        (json!([["content-length-range", -1, 10]]), &[], malformed.into()),
        (json!([["ends-with", "$key", "a"]]), &[("key", "a")], malformed.into()),
        (json!([["eq", "key", "a"]]), &[("key", "a")], malformed.into()),
        (json!([{"key": "a", "acl": "b"}]), &[("key", "a")], malformed.into()),
        (json!([{"key": 1}]), &[("key", "1")], malformed.into()),
        (json!({}), &[], malformed.into()),
    ];
    for (conditions, fields, expected) in cases {
        assert_eq!(check(conditions, fields), *expected, "{conditions} {fields:?}");
    }
}

#[test]
fn a_policy_expires_and_has_to_be_readable() {
    let check = |policy: &[u8], now: &str| {
        let outcome = post_policy::check(&BASE64.encode(policy), &[], "photos", at(now));
        outcome.map_or_else(|fault| (fault.status, fault.code.to_string()), |_| (200, "ok".into()))
    };
    let policy = br#"{"expiration": "2013-05-24T12:00:00.000Z", "conditions": []}"#;
    assert_eq!(check(policy, "20130524T120000Z"), (200, "ok".into()));
    assert_eq!(check(policy, "20130524T120001Z"), (403, "AccessDenied".into()));
    let unreadable: [&[u8]; 5] = [
        b"",
        b"{",
        br#"{"conditions": []}"#,
        br#"{"expiration": "soon", "conditions": []}"#,
        br#"{"expiration": "2013-05-24T12:00:00Z"}"#,
    ];
    for policy in unreadable {
        assert_eq!(check(policy, DATE), (400, "InvalidPolicyDocument".into()), "{}", policy.escape_ascii());
    }
    let outcome = post_policy::check("not base 64", &[], "photos", at(DATE));
    assert_eq!(outcome.map_err(|fault| fault.code), Err("InvalidPolicyDocument".into()));
}
