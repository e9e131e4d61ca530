//! Policies and requests at random, and whether the engine and the slow evaluator decide them alike.
//!
//! Everything is drawn from small alphabets, so that patterns, keys and values meet. A fuzz target uses this file too.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, LazyLock},
};

use countersign::policy::{Policy, PolicySet, Source};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    strategy::ValueTree as _,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};

use super::{
    asked::{Facts, answer, outcome},
    reference::{self, Fact, Outcome},
};

/// Requests for each set of policies.
pub const ASKS: usize = 12;

/// Contexts that they share.
pub const CONTEXTS: usize = 4;

/// The version that has variables.
pub const VARIABLES: &str = "2012-10-17";

/// The versions of policies that are made from bytes.
const VERSIONS: [Option<&str>; 5] = [Some(VARIABLES), Some(VARIABLES), Some(VARIABLES), Some("2008-10-17"), None];

/// The most statements that are made from bytes.
const STATEMENTS: usize = 9;

pub const ACTIONS: [&str; 8] = [
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:PutObject",
    "s3:ListBucket",
    "S3:getobject",
    "iam:GetUser",
    "iam:PutUserPolicy",
    "sqs:SendMessage",
];

pub const RESOURCES: [&str; 10] = [
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/ann",
    "arn:aws:s3:::b/ann/k:1",
    "arn:aws:s3:::b/bob/*",
    "arn:aws:s3:::B/ann",
    "arn:aws:iam::1:user/ann",
    "arn:aws:iam::2:user/x/bob",
    "arn:aws:sqs:us-east-1:1:ann",
    "arn:aws:sqs:us-east-2:1:q:ann",
    "*",
];

/// A key for each kind of operator, and some of the wrong kind.
const KEYS: [&str; 9] = [
    "aws:username",
    "aws:PrincipalTag/Team",
    "aws:TagKeys",
    "s3:max-keys",
    "aws:CurrentTime",
    "aws:SecureTransport",
    "aws:SourceIp",
    "aws:SourceArn",
    "aws:blob",
];

const TEXTS: [&str; 10] = ["ann", "Ann", "bob", "", "a*", "?nn", "anna", "*", "${aws:username}", "b/ann"];
const NUMBERS: [&str; 7] = ["0", "5", "5.0", "-1.5", "10", "2024", "0.5"];
const DATES: [&str; 6] =
    ["2024", "2024-01-01", "2024-01-01T00:00:00Z", "2024-06-30T12:00:00+02:00", "1704067200", "1704067200000"];
const BOOLEANS: [&str; 4] = ["true", "false", "True", "FALSE"];
const ADDRESSES: [&str; 7] =
    ["10.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "2001:db8::1", "::ffff:10.0.0.1", "0.0.0.0"];
const NETWORKS: [&str; 8] = [
    "10.0.0.0/8",
    "10.0.0.1",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "::ffff:10.0.0.0/104",
    "::ffff:10.0.0.0/90",
    "192.168.0.1/16",
];
const BLOBS: [&str; 4] = ["YQ==", "YWI=", "YWJj", ""];

/// Values that are of no type but text.
const WRONG: [&str; 5] = ["x", "1e3", "10.0.0.256", "arn:aws:s3::b", "9999999999999999999999999999999"];

const OPERATORS: [(&str, Kind); 29] = [
    ("StringEquals", Kind::Text),
    ("StringNotEquals", Kind::Text),
    ("StringEqualsIgnoreCase", Kind::Text),
    ("StringNotEqualsIgnoreCase", Kind::Text),
    ("StringLike", Kind::Text),
    ("StringNotLike", Kind::Text),
    ("StringLike", Kind::Text),
    ("NumericEquals", Kind::Number),
    ("NumericNotEquals", Kind::Number),
    ("NumericLessThan", Kind::Number),
    ("NumericLessThanEquals", Kind::Number),
    ("NumericGreaterThan", Kind::Number),
    ("NumericGreaterThanEquals", Kind::Number),
    ("DateEquals", Kind::Date),
    ("DateNotEquals", Kind::Date),
    ("DateLessThan", Kind::Date),
    ("DateLessThanEquals", Kind::Date),
    ("DateGreaterThan", Kind::Date),
    ("DateGreaterThanEquals", Kind::Date),
    ("Bool", Kind::Bool),
    ("Bool", Kind::Bool),
    ("BinaryEquals", Kind::Binary),
    ("IpAddress", Kind::Ip),
    ("NotIpAddress", Kind::Ip),
    ("ArnEquals", Kind::Arn),
    ("ArnLike", Kind::Arn),
    ("ArnNotEquals", Kind::Arn),
    ("ArnNotLike", Kind::Arn),
    ("Null", Kind::Null),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Number,
    Date,
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// The policies of a principal, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Case {
    pub policies: Vec<String>,
    pub asks: Vec<(&'static str, &'static str, reference::Facts)>,
}

/// Asks both, and the engine with its policies put together in several ways: each apart, as the store holds managed
/// policies; few statements together, of which each is asked; and with so many more that they are found by an index.
pub fn check(case: &Case) -> Result<Vec<Outcome>, String> {
    let compile = |(at, text): (usize, &String)| {
        let policy = Policy::compile(text).map_err(|error| format!("{error}: {text}"))?;
        Ok((Source::from(at.to_string()), Arc::new(policy)))
    };
    let policies = case.policies.iter().enumerate().map(compile).collect::<Result<Vec<_>, String>>()?;
    let apart: Vec<PolicySet> = policies.iter().map(|policy| PolicySet::new([policy.clone()])).collect();
    let apart: Vec<&PolicySet> = apart.iter().collect();
    let together = PolicySet::new(policies.iter().cloned());
    let indexed = PolicySet::new(policies.iter().cloned().chain([(Source::from("padding"), PADDING.clone())]));
    let read = reference::read(&case.policies).unwrap();
    let ask = |(action, resource, facts): &(&str, &str, reference::Facts)| {
        let told = |what: &str, got: &dyn Debug, wanted: &dyn Debug| {
            format!("{what}: {got:?} instead of {wanted:?}: {action} {resource} {facts:?}")
        };
        let expected = reference::decide(&read, action, resource, facts);
        let expected = expected.map_err(|_| format!("beyond the reference: {action} {resource} {facts:?}"))?;
        let facts = Facts(facts.clone());
        let of_together = answer(&[&together], action, resource, &facts);
        if of_together.0 != expected {
            return Err(told("together", &of_together, &expected));
        }
        let of_apart = outcome(&apart, action, resource, &facts);
        if of_apart != expected {
            return Err(told("apart", &of_apart, &expected));
        }
        let of_index = answer(&[&indexed], action, resource, &facts);
        if of_index != of_together {
            return Err(told("indexed", &of_index, &of_together));
        }
        Ok(expected)
    };
    case.asks.iter().map(ask).collect()
}

/// A policy about nothing that is asked for, of more actions than are asked one by one.
static PADDING: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let actions: Vec<String> = (0..50).map(|at| format!("other:Action{at}")).collect();
    let text = json!({ "Statement": { "Effect": "Deny", "Action": actions, "Resource": "*" } }).to_string();
    Arc::new(Policy::compile(&text).unwrap())
});

/// A case from bytes. Each eight of them are the seed of a part, so that what a fuzzer keeps of its input it keeps of the
/// case: the requests, the contexts, and then a statement each, some of which begin another policy. What the bytes are too
/// few for follows from all of them.
pub fn case_of(bytes: &[u8]) -> Case {
    let seed = |at: usize| {
        let given = bytes.chunks_exact(8).nth(at).and_then(|seed| <[u8; 8]>::try_from(seed).ok());
        given.unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            (bytes, at).hash(&mut hasher);
            hasher.finish().to_le_bytes()
        })
    };
    let (of_asks, of_facts) = (seed(0), seed(1));
    let asks = made(&vec((select(&ACTIONS[..]), select(&RESOURCES[..]), 0..CONTEXTS), ASKS), of_asks);
    let facts = made(&vec(facts(), CONTEXTS), of_facts);
    let mut policies: Vec<(Option<&str>, Vec<Value>)> = Vec::new();
    for seed in (0..1 + usize::from(of_asks[0]) % STATEMENTS).map(|at| seed(2 + at)) {
        if policies.is_empty() || seed[0] < 64 {
            policies.push((VERSIONS[usize::from(seed[1]) % VERSIONS.len()], Vec::new()));
        }
        let Some((version, statements)) = policies.last_mut() else { continue };
        statements.push(made(&statement(version.is_some_and(|version| version == VARIABLES)), seed));
    }
    let policies = policies.into_iter().map(|(version, statements)| document(version, &statements));
    let asks = asks.into_iter().map(|(action, resource, at)| (action, resource, facts[at].clone())).collect();
    Case { policies: policies.collect(), asks }
}

/// Made once, for it looks through the environment.
static CONFIG: LazyLock<ProptestConfig> = LazyLock::new(ProptestConfig::default);

/// What a strategy makes of a seed.
fn made<S: Strategy>(strategy: &S, seed: [u8; 8]) -> S::Value {
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &[seed, seed].concat());
    let mut runner = TestRunner::new_with_rng(CONFIG.clone(), rng);
    strategy.new_tree(&mut runner).unwrap().current()
}

/// A policy of these statements.
pub fn document(version: Option<&str>, statements: &[Value]) -> String {
    let mut policy = json!({ "Statement": statements });
    version.into_iter().for_each(|version| policy["Version"] = json!(version));
    policy.to_string()
}

/// A statement, of a version with variables or without.
pub fn statement(variables: bool) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![3 => Just("Allow"), 2 => Just("Deny")];
    let action = prop_oneof![5 => Just("Action"), 1 => Just("NotAction")];
    let resource = prop_oneof![5 => Just("Resource"), 1 => Just("NotResource")];
    let count = prop_oneof![3 => Just(0_usize), 3 => Just(1), 1 => Just(2)];
    let conditions = count.prop_flat_map(move |count| vec(condition(variables), count));
    let resources = prop_oneof![9 => vec(resource_pattern(), 1..4), 1 => vec(resource_pattern(), 9..14)];
    let elements = (effect, action, vec(action_pattern(), 1..3), resource, resources);
    (elements, conditions).prop_map(|((effect, action, actions, resource, resources), conditions)| {
        let mut statement = json!({ "Effect": effect, action: actions, resource: resources });
        let mut operators: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for (operator, key, values) in conditions {
            operators.entry(operator).or_default().insert(key, values);
        }
        if !operators.is_empty() {
            statement["Condition"] = json!(operators);
        }
        statement
    })
}

/// An action of the list with its end, or a character, made a wildcard.
fn action_pattern() -> impl Strategy<Value = String> {
    let action = (select(&ACTIONS[..]), any::<proptest::sample::Index>(), 0..8_u8);
    action.prop_map(|(action, at, change)| {
        let (service, name) = action.split_once(':').unwrap();
        let at = at.index(name.len());
        match change {
            0 => "*".to_owned(),
            1 | 2 => format!("{service}:*"),
            3 => format!("{service}:{}*", &name[..at]),
            4 => format!("{service}:{}?{}", &name[..at], &name[at + 1..]),
            5 => format!("{service}:*{}", &name[at..]),
            6 => action.to_uppercase(),
            _ => action.to_owned(),
        }
    })
}

/// A resource of the list with some part made a wildcard or a variable. Where there are no variables they are text.
fn resource_pattern() -> impl Strategy<Value = String> {
    let resource = (select(&RESOURCES[..]), any::<proptest::sample::Index>(), 0..16_u8);
    resource
        .prop_map(move |(resource, at, change)| {
            let Some(last) = resource.match_indices(':').nth(4).map(|(colon, _)| colon + 1) else {
                return "*".to_owned();
            };
            let at = last + at.index(resource.len() - last);
            match change {
                0 | 1 => "*".to_owned(),
                2 | 3 => format!("{}*", &resource[..at]),
                4 => format!("{}?{}", &resource[..at], &resource[at + 1..]),
                5 => format!("{}*{}", &resource[..at], &resource[at + 1..]),
                6 => format!("{}*{}?*", &resource[..last], &resource[at..]),
                7 => resource.replace("us-east", "us-*").replace(":1:", ":*:"),
                8 => resource.replacen("aws", "*", 1).replace(":1:", ":?:"),
                9 => resource
                    .splitn(6, ':')
                    .take(2 + at % 4)
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(":"),
                10 | 11 => resource.replace("ann", "${aws:UserName}"),
                12 => resource.replace("ann", "${aws:PrincipalTag/Team, 'ann'}"),
                13 => resource.replace('*', "${*}"),
                14 => format!("{}${{aws:TagKeys}}", &resource[..at]),
                _ => resource.to_owned(),
            }
        })
        .prop_map(|pattern| if pattern.matches(':').count() < 2 { "*".to_owned() } else { pattern })
}

fn condition(variables: bool) -> impl Strategy<Value = (String, String, Value)> {
    let suffix = prop_oneof![3 => Just(""), 1 => Just("IfExists")];
    let prefix = prop_oneof![4 => Just(""), 1 => Just("ForAllValues:"), 1 => Just("ForAnyValue:")];
    (select(&OPERATORS[..]), prefix, suffix, any::<bool>(), select(&KEYS[..])).prop_flat_map(
        move |((name, kind), prefix, suffix, upper, any_key)| {
            let suffix = if kind == Kind::Null { "" } else { suffix };
            // The kind's own key mostly.
            let key = prop_oneof![3 => select(keys_of(kind)), 1 => Just(any_key)];
            let key = key.prop_map(move |key| if upper { key.to_uppercase() } else { key.to_owned() });
            let values = vec(value(kind, variables), 0..3);
            (Just(format!("{prefix}{name}{suffix}")), key, values).prop_map(|(operator, key, values)| {
                let values = if values.len() == 1 { json!(values[0]) } else { json!(values) };
                (operator, key, values)
            })
        },
    )
}

fn keys_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &KEYS[..3],
        Kind::Number => &KEYS[3..4],
        Kind::Date => &KEYS[4..5],
        Kind::Bool => &KEYS[5..6],
        Kind::Ip => &KEYS[6..7],
        Kind::Arn => &KEYS[7..8],
        Kind::Binary => &KEYS[8..9],
        Kind::Null => &KEYS,
    }
}

/// A value that a policy may hold for an operator.
fn value(kind: Kind, variables: bool) -> BoxedStrategy<String> {
    let owned = |texts: &'static [&'static str]| select(texts).prop_map(str::to_owned).boxed();
    match kind {
        Kind::Text => owned(&TEXTS),
        Kind::Number => owned(&NUMBERS),
        Kind::Date => owned(&DATES),
        Kind::Bool if variables => prop_oneof![4 => owned(&BOOLEANS), 1 => Just("${aws:SecureTransport}".into()), 1 => Just("${aws:username}".into())].boxed(),
        Kind::Bool | Kind::Null => owned(&BOOLEANS),
        Kind::Binary => owned(&BLOBS),
        Kind::Ip => owned(&NETWORKS),
        Kind::Arn if variables => prop_oneof![
            6 => resource_pattern(),
            1 => Just("${aws:SourceArn}".into()),
            1 => Just("arn:aws:iam::${s3:max-keys}:user/${aws:username}".into()),
        ]
        .boxed(),
        Kind::Arn => resource_pattern().boxed(),
    }
}

/// A context in which most keys have a value, mostly one of their kind.
pub fn facts() -> impl Strategy<Value = reference::Facts> {
    let kinds: [&[&str]; 9] = [&TEXTS, &TEXTS, &TEXTS, &NUMBERS, &DATES, &BOOLEANS, &ADDRESSES, &RESOURCES, &BLOBS];
    let fact = |texts: &'static [&'static str]| {
        let one = prop_oneof![6 => select(texts), 1 => select(&WRONG[..])].prop_map(str::to_owned);
        prop_oneof![
            2 => Just(None),
            6 => one.clone().prop_map(|one| Some(Fact::One(one))),
            1 => vec(one, 0..4).prop_map(|many| Some(Fact::Many(many))),
        ]
    };
    let facts: Vec<_> = kinds.into_iter().map(fact).collect();
    facts.prop_map(|facts| {
        let named = KEYS.iter().zip(facts);
        named.filter_map(|(key, fact)| Some((key.to_lowercase(), fact?))).collect()
    })
}
