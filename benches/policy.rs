//! One decision, as `gateway/authorize.rs` asks for it: the sets of policies are built beforehand.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use countersign::{
    base::condition::{Context, Value},
    policy::{
        Decision, DenyKind, Layers, Party, Policy, PolicySet, Question, Source, decide, decide::Action,
        resource::Resource,
    },
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Two statements: a denial with wildcards that all policies share, and an allowance of a folder of its own. The
/// allowance of one of them is the one that fits, and begins with a wildcard after one character.
fn document(at: usize, count: usize) -> String {
    let resource = if at == count * 3 / 4 { "b*/*".to_owned() } else { format!("project-{at}/*") };
    format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Deny","Action":"s3:Delete*","Resource":"arn:aws:s3:::*/locked/*"}},
            {{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::{resource}"}}]}}"#
    )
}

/// The same with a condition and a variable.
fn document_with_conditions(at: usize) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}},
            {{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b{at}/${{aws:username}}/*",
              "Condition":{{"IpAddress":{{"aws:SourceIp":["10.0.0.0/8","192.168.0.0/16"]}}}}}}]}}"#
    )
}

/// As wide as AWS's `ReadOnlyAccess`: one statement, 300 services, seven patterns of actions for each.
fn wide_document() -> String {
    let names = ["BatchGet*", "Describe*", "Get*", "List*", "Search*", "LookupEvents", "Query"];
    let action = |service: usize| names.map(|name| format!("\"service{service}:{name}\"")).join(",");
    let actions = (0..300).map(action).collect::<Vec<_>>().join(",");
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}}}"#)
}

fn policies(documents: impl Iterator<Item = String>) -> Vec<(Source, Arc<Policy>)> {
    documents.map(|text| (Source::from("arn:aws:iam::1:policy/p"), Arc::new(Policy::compile(&text).unwrap()))).collect()
}

struct Facts;

impl Context for Facts {
    fn value(&self, key: &str) -> Value<'_> {
        match key {
            "aws:username" => Value::borrowed("ann"),
            "aws:securetransport" => Value::bool(true),
            "aws:sourceip" => Value::borrowed("192.168.1.1"),
            _ => Value::Absent,
        }
    }
}

fn question<'a>(action: &'a str, resource: &'a str) -> Question<'a> {
    Question { action, resource: Resource::new(resource), resource_account: None, context: &Facts }
}

/// What is expected, and the decision that is timed.
fn run(bencher: Bencher, sets: &[PolicySet], action: &str, resource: &str, expected: &str) {
    let party = Party::user("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDAAAAAAAAAAAAAUSER");
    let ask = || {
        let layers = Layers { identity: sets.iter().collect(), ..Layers::default() };
        match decide(&layers, &party, &question(black_box(action), resource)) {
            Decision::Allow(_) => "allow",
            Decision::Deny(DenyKind::Explicit(_)) => "deny",
            Decision::Deny(DenyKind::Implicit(_)) => "none",
        }
    };
    assert_eq!(ask(), expected);
    bencher.bench_local(ask);
}

/// All policies in one set; the statement that fits begins with a wildcard.
#[divan::bench(args = [10, 100, 1_000], sample_size = 1_000)]
fn allowed_by_wildcard(bencher: Bencher, count: usize) {
    let set = PolicySet::new(policies((0..count).map(|at| document(at, count))));
    run(bencher, &[set], "s3:GetObject", "arn:aws:s3:::b42/2026/summer/beach.jpg", "allow");
}

/// The statement that fits is one of many folders.
#[divan::bench(args = [10, 100, 1_000], sample_size = 1_000)]
fn allowed_by_folder(bencher: Bencher, count: usize) {
    let set = PolicySet::new(policies((0..count).map(|at| document(at, count))));
    run(bencher, &[set], "s3:PutObject", "arn:aws:s3:::project-3/2026/summer/beach.jpg", "allow");
}

#[divan::bench(args = [10, 100, 1_000], sample_size = 1_000)]
fn denied_implicitly(bencher: Bencher, count: usize) {
    let set = PolicySet::new(policies((0..count).map(|at| document(at, count))));
    run(bencher, &[set], "s3:GetObject", "arn:aws:s3:::other/2026/summer/beach.jpg", "none");
}

#[divan::bench(args = [10, 100, 1_000], sample_size = 1_000)]
fn denied_explicitly(bencher: Bencher, count: usize) {
    let set = PolicySet::new(policies((0..count).map(|at| document(at, count))));
    run(bencher, &[set], "s3:DeleteObject", "arn:aws:s3:::project-3/locked/beach.jpg", "deny");
}

/// Managed policies, each a set of its own, put together as the store does for a user.
#[divan::bench(args = [1, 10], sample_size = 1_000)]
fn attached(bencher: Bencher, count: usize) {
    let sets: Vec<_> =
        policies((0..count).map(|at| document(at, count))).into_iter().map(|it| PolicySet::new([it])).collect();
    run(bencher, &[PolicySet::together(&sets)], "s3:GetObject", "arn:aws:s3:::b42/2026/summer/beach.jpg", "allow");
}

#[divan::bench(args = [10, 1_000])]
fn with_conditions(bencher: Bencher, count: usize) {
    let set = PolicySet::new(policies((0..count).map(document_with_conditions)));
    run(bencher, &[set], "s3:GetObject", "arn:aws:s3:::b3/ann/beach.jpg", "allow");
}

#[divan::bench]
fn wide_statement(bencher: Bencher) {
    let set = PolicySet::new(policies(std::iter::once(wide_document())));
    run(bencher, &[set], "service299:Query", "arn:aws:service299:eu-west-1:1:x", "allow");
}

/// What an index is measured against: every statement asked in turn.
#[divan::bench(args = [10, 1_000])]
fn walk(bencher: Bencher, count: usize) {
    let policies = policies((0..count).map(|at| document(at, count)));
    let question = question("", "arn:aws:s3:::b42/2026/summer/beach.jpg");
    let walk = || {
        let action = Action::new(black_box("s3:getobject")).unwrap();
        let statements = policies.iter().flat_map(|(_, policy)| policy.statements());
        statements.filter(|statement| statement.fits(&action, &question, false)).count()
    };
    assert_eq!(walk(), 1);
    bencher.bench_local(walk);
}

/// The time of a hostile pattern grows with its length times no more than one.
#[divan::bench(args = [1_000, 10_000, 100_000])]
fn hostile_wildcards(bencher: Bencher, length: usize) {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*{}b*"}}}}"#,
        "a".repeat(length / 2)
    );
    let set = PolicySet::new(policies(std::iter::once(text)));
    run(bencher, &[set], "s3:GetObject", &format!("arn:aws:s3:::{}", "a".repeat(length)), "none");
}

#[divan::bench]
fn compile(bencher: Bencher) {
    let text = document_with_conditions(1);
    bencher.bench_local(|| Policy::compile(black_box(&text)).unwrap());
}

#[divan::bench(args = [10, 1_000])]
fn put_together(bencher: Bencher, count: usize) {
    let policies = policies((0..count).map(|at| document(at, count)));
    bencher.bench_local(|| PolicySet::new(policies.iter().cloned()));
}

/// Documents as long as managed policies may be, as hostile as they can be, the last but one with as much white space as
/// IAM's API takes: each is taken or refused within a millisecond.
#[divan::bench(args = ["statements", "actions", "conditions", "values", "variables", "nesting", "names", "spaces", "text"])]
fn hostile_document(bencher: Bencher, kind: &str) {
    const CHARACTERS: usize = 6_144;
    let statement = |inner: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{inner}]}}"#);
    let many = |piece: &str, around: &dyn Fn(&str) -> String| {
        let count = (CHARACTERS - around("").len()) / (piece.len() + 1);
        around(&vec![piece; count].join(","))
    };
    let allow = r#""Effect":"Allow","Action":"*","Resource":"*""#;
    let text = match kind {
        "statements" => many(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, &|inner| statement(inner)),
        "actions" => many(r#""s3:*a*b*""#, &|inner| {
            statement(&format!(r#"{{"Effect":"Allow","Action":[{inner}],"Resource":"*"}}"#))
        }),
        "conditions" => {
            let keys = (0..130).map(|at| format!(r#""aws:PrincipalTag/{at}":"${{aws:username}}*""#));
            statement(&format!(
                r#"{{{allow},"Condition":{{"StringLike":{{{}}}}}}}"#,
                keys.collect::<Vec<_>>().join(",")
            ))
        }
        "values" => many(r#""10.0.0.0/8""#, &|inner| {
            statement(&format!(r#"{{{allow},"Condition":{{"IpAddress":{{"aws:SourceIp":[{inner}]}}}}}}"#))
        }),
        "variables" => {
            let resource = "${aws:username}".repeat(380);
            statement(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::{resource}"}}"#))
        }
        "nesting" => "[".repeat(CHARACTERS),
        "names" => format!("{{{}}}", (0..550).map(|at| format!("\"k{at}\":1")).collect::<Vec<_>>().join(",")),
        "spaces" => format!("{}{}", " ".repeat(130_000), document(1, 1)),
        _ => statement(&format!(r#"{{"Sid":"{}",{allow}}}"#, "a".repeat(CHARACTERS - 200))),
    };
    bencher.bench_local(|| countersign::policy::validate_managed(black_box(&text)).is_ok());
}
