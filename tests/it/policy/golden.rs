//! One case per rule of the policy language, in `data/policy-golden.json`: the number before the colon is that of the
//! rule's group (1 grammar, 2 matching, 3 operators, 4 variables).
//!
//! `statements` become a policy of `version` (2012-10-17 if left out, none if null); `text` is a whole document. `asks`
//! are rows of action, resource, context and outcome, or `refused` for a policy that must not compile. The slow evaluator
//! is asked the same.

use std::sync::Arc;

use countersign::policy::{Policy, PolicySet, Source};
use serde_json::{Value, json};

use super::{
    Facts, outcome,
    reference::{self, Fact, Outcome},
};

const CASES: &str = include_str!("../data/policy-golden.json");

/// Rules on forms that the slow evaluator does not read, so as to stay obvious.
const BEYOND_THE_REFERENCE: [&str; 6] = [
    "3: StringEqualsIgnoreCase folds case",
    "3: NumericEquals compares numbers, not texts",
    "3: DateEquals compares moments in all forms",
    "3: dates of any year",
    "3: numbers beyond the year 9999",
    "4: a default counts when the key is absent",
];

#[test]
fn every_rule_holds() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    let faults: Vec<String> = cases.iter().flat_map(check).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The faults of one rule.
fn check(case: &Value) -> Vec<String> {
    let rule = case["rule"].as_str().unwrap();
    let document = document(case);
    let compiled = Policy::compile(&document);
    let Some(asks) = case["asks"].as_array() else {
        assert_eq!(case["asks"], "refused", "{rule}");
        return compiled.map_or(vec![], |_| vec![format!("{rule}: not refused: {document}")]);
    };
    let policy = match compiled {
        Ok(policy) => Arc::new(policy),
        Err(error) => return vec![format!("{rule}: refused: {error}: {document}")],
    };
    let set = PolicySet::new([(Source::from("golden"), policy)]);
    let wrong = |ask: &Value| {
        let [action, resource, context, expected] = ask.as_array().unwrap().as_slice() else { panic!("{rule}: {ask}") };
        let expected = match expected.as_str() {
            Some("allow") => Outcome::Allow,
            Some("deny") => Outcome::Explicit,
            Some("none") => Outcome::Implicit,
            _ => panic!("{rule}: {expected}"),
        };
        let (action, resource, facts) = (action.as_str().unwrap(), resource.as_str().unwrap(), facts(context));
        let got = outcome(&[&set], action, resource, &facts);
        let slow =
            reference::read(&[document.clone()]).and_then(|read| reference::decide(&read, action, resource, &facts.0));
        let slow = slow.ok();
        let puzzling = BEYOND_THE_REFERENCE.iter().any(|start| rule.starts_with(start));
        let agrees = slow == Some(expected) || puzzling;
        (got != expected || !agrees).then(|| format!("{rule}: {got:?}, {slow:?} for {ask}"))
    };
    asks.iter().filter_map(wrong).collect()
}

fn document(case: &Value) -> String {
    if let Some(text) = case["text"].as_str() {
        return text.to_owned();
    }
    let mut document = json!({ "Statement": case["statements"] });
    match case.get("version") {
        None => document["Version"] = json!("2012-10-17"),
        Some(Value::Null) => {}
        Some(version) => document["Version"] = version.clone(),
    }
    document.to_string()
}

fn facts(context: &Value) -> Facts {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fact = |value: &Value| match value.as_array() {
        Some(values) => Fact::Many(values.iter().map(text).collect()),
        None => Fact::One(text(value)),
    };
    Facts(context.as_object().unwrap().iter().map(|(key, value)| (key.clone(), fact(value))).collect())
}
