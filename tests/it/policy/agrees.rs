//! The engine and the slow evaluator decide the same, on generated policies and requests.
//!
//! `COUNTERSIGN_POLICY_CASES` raises the number of sets of policies; each is asked [`ASKS`] times.

use std::cell::Cell;

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use super::cases::{ACTIONS, ASKS, CONTEXTS, Case, RESOURCES, VARIABLES, case_of, check, document, facts, statement};

/// Sets of policies in an ordinary run.
const CASES: u32 = 1_700;

#[test]
fn the_engine_decides_as_the_rules_do() {
    let cases = std::env::var("COUNTERSIGN_POLICY_CASES").map_or(CASES, |count| count.parse().unwrap());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::XorShift));
    let mix = [const { Cell::new(0_u32) }; 3];
    let result = runner.run(&case(), |case| {
        for outcome in check(&case).map_err(TestCaseError::fail)? {
            let count = &mix[outcome as usize];
            count.set(count.get() + 1);
        }
        Ok(())
    });
    if let Err(TestError::Fail(reason, case)) = result {
        panic!("{reason}\n{}", case.policies.join("\n"));
    }
    let [allowed, denied, implicit] = mix.map(|count| count.get());
    let total = cases * ASKS as u32;
    println!("{total} decisions: {allowed} allowed, {denied} denied explicitly, {implicit} implicitly");
    assert_eq!(allowed + denied + implicit, total);
    let least = total / 8;
    assert!(allowed > least && denied > least && implicit > least, "{allowed} {denied} {implicit} of {total}");
}

#[test]
fn bytes_make_cases_that_can_be_asked() {
    let statements = |bytes: &[u8]| {
        let case = case_of(bytes);
        assert_eq!(check(&case).unwrap().len(), ASKS, "{case:?}");
        case.policies.iter().map(|policy| policy.matches("\"Effect\"").count()).sum::<usize>()
    };
    for length in [0, 1, 7, 8, 24, 57, 400] {
        let bytes: Vec<u8> = (0..length).map(|at: usize| (at * at % 251) as u8).collect();
        assert!((1..=9).contains(&statements(&bytes)), "{length}");
    }
    for first in 0..9 {
        assert_eq!(statements(&[&[first; 8], &[1; 80][..]].concat()), 1 + usize::from(first));
    }
    // What is kept of the bytes is kept of the case.
    let [one, other] = [[7_u8; 40], [9; 40]].map(|bytes| case_of(&[&[200; 32], &bytes[..]].concat()).policies);
    assert_ne!(one, other);
    let first = |policy: &str| policy.split("\"Effect\"").nth(1).map(str::to_owned);
    assert_eq!(first(&one[0]), first(&other[0]));
}

pub fn case() -> impl Strategy<Value = Case> {
    let asks = vec((select(&ACTIONS[..]), select(&RESOURCES[..]), 0..CONTEXTS), ASKS);
    (vec(policy(), 1..4), vec(facts(), CONTEXTS), asks).prop_map(|(policies, facts, asks)| {
        let asks = asks.into_iter().map(|(action, resource, at)| (action, resource, facts[at].clone())).collect();
        Case { policies, asks }
    })
}

fn policy() -> impl Strategy<Value = String> {
    let version = prop_oneof![7 => Just(Some(VARIABLES)), 2 => Just(Some("2008-10-17")), 1 => Just(None)];
    version
        .prop_flat_map(|version| (Just(version), vec(statement(version == Some(VARIABLES)), 1..4)))
        .prop_map(|(version, statements)| document(version, &statements))
}
