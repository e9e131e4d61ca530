//! Policy documents: nothing panics, what is valid compiles, and what compiles is decided as the slow evaluator does.
#![no_main]

#[path = "../../tests/it/policy/asked.rs"]
mod asked;
#[path = "../../tests/it/policy/reference.rs"]
mod reference;

use std::sync::Arc;

use asked::{Facts, outcome};
use countersign::policy::{Policy, PolicySet, validate, validate_managed};
use libfuzzer_sys::fuzz_target;
use reference::Fact;

const ASKS: [(&str, &str); 6] = [
    ("s3:GetObject", "arn:aws:s3:::b/ann/k"),
    ("s3:ListBucket", "arn:aws:s3:::b"),
    ("s3:PutObject", "arn:aws:s3:::b/*:k"),
    ("iam:GetUser", "arn:aws:iam::123456789012:user/ann"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:q:ann"),
    ("sts:GetCallerIdentity", "*"),
];

const FACTS: [(&str, &[&str]); 12] = [
    ("aws:username", &["ann"]),
    ("aws:principaltag/team", &["a*"]),
    ("aws:empty", &[""]),
    ("aws:tagkeys", &["a", "b", "1"]),
    ("aws:currenttime", &["2024-06-30T12:00:00Z"]),
    ("aws:epochtime", &["1719748800"]),
    ("aws:securetransport", &["true"]),
    ("aws:sourceip", &["10.1.2.3"]),
    ("aws:vpcsourceip", &["2001:db8::1"]),
    ("aws:sourcearn", &["arn:aws:sns:us-east-1:123456789012:topic"]),
    ("s3:max-keys", &["10"]),
    ("aws:blob", &["YQ=="]),
];

fn facts() -> Facts {
    let fact = |values: &[&str]| match values {
        [one] => Fact::One((*one).into()),
        many => Fact::Many(many.iter().map(|&value| value.into()).collect()),
    };
    Facts(FACTS.iter().map(|(key, values)| ((*key).into(), fact(values))).collect())
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let valid = validate(text).is_ok();
    assert!(valid || validate_managed(text).is_err(), "valid as a managed policy only");
    let Ok(policy) = Policy::compile(text) else {
        assert!(!valid, "valid, but does not compile");
        return;
    };
    let set = PolicySet::new([("p".into(), Arc::new(policy))]);
    let read = reference::read(&[text.to_owned()]).expect("what compiles is JSON");
    let facts = facts();
    for (action, resource) in ASKS {
        let outcome = outcome(&[&set], action, resource, &facts);
        if let Ok(expected) = reference::decide(&read, action, resource, &facts.0) {
            assert_eq!(outcome, expected, "{action} {resource}");
        }
    }
});
