//! The order of evaluation against the guide's formula, for every combination of caller, principal, layers and owner:
//! `allow = !deny && control && (direct || ((identity || indirect) && boundary && session))` within an account, and both
//! sides between accounts. The explanation has to tell the same story as the decision.

use std::{collections::HashMap, sync::Arc};

use countersign::policy::{
    Decision, DenyKind, Explanation, Kind, Layer, Layers, Party, Policy, PolicySet, Question, Source, decide, explain,
    explain::Verdict, resource::Resource,
};
use serde_json::json;

use super::evaluation::{FOREIGN, OWN, party, set, stock};

const STANCES: [Option<&str>; 4] = [None, Some("allow"), Some("other"), Some("deny")];

/// What service control and resource control policies do. Each is asked alone, so not every pair is needed.
const CONTROL: [(Option<&str>, Option<&str>); 6] = [
    (None, None),
    (Some("allow"), Some("allow")),
    (Some("other"), None),
    (None, Some("other")),
    (Some("deny"), Some("allow")),
    (Some("other"), Some("deny")),
];

/// The layers that the formula is about, in the order in which [`STANCES`] are chosen for them.
const CHOSEN: [(Layer, Kind); 5] = [
    (Layer::Identity, Kind::Identity),
    (Layer::Boundary, Kind::Boundary),
    (Layer::Session, Kind::Session),
    (Layer::ServiceControl, Kind::ServiceControl),
    (Layer::ResourceControl, Kind::ResourceControl),
];

/// A caller, and by which of the principals of [`PRINCIPALS`] it is named directly and indirectly.
const CALLERS: [(&str, &[&str], &[&str]); 7] = [
    ("root", &[], &[]),
    ("user", &["USER"], &[]),
    ("other user", &[], &[]),
    ("role session", &["SESSION"], &["ROLE"]),
    ("federated", &["FEDERATED"], &["USER"]),
    ("web session", &[], &[]),
    ("anonymous", &[], &[]),
];

const PRINCIPALS: [&str; 6] = ["*", "ACCOUNT", "USER", "ROLE", "SESSION", "FEDERATED"];

#[test]
fn decisions_follow_the_formula() {
    let stocks: HashMap<_, _> = CHOSEN
        .iter()
        .flat_map(|&(layer, kind)| STANCES.map(|stance| ((layer as u8, stance), stock(&json!(stance), kind))))
        .collect();
    let resources: Vec<_> = std::iter::once((None, None))
        .chain(PRINCIPALS.into_iter().flat_map(|principal| {
            ["Allow", "Deny"].map(|effect| {
                let statement = json!([{ "Effect": effect, "Principal": { "AWS": principal } }]);
                (Some((principal, effect)), set(&statement, Kind::Bucket, "s3:GetObject"))
            })
        }))
        .collect();
    let mut decided = 0;
    for (caller, direct, indirect) in CALLERS {
        for (named, resource) in &resources {
            for chosen in 0..64 * CONTROL.len() {
                let stances: [_; 5] = [
                    STANCES[chosen % 4],
                    STANCES[chosen / 4 % 4],
                    STANCES[chosen / 16 % 4],
                    CONTROL[chosen / 64].0,
                    CONTROL[chosen / 64].1,
                ];
                let of = |at: usize| stocks[&(CHOSEN[at].0 as u8, stances[at])].as_ref();
                let layers = Layers {
                    identity: of(0).into_iter().collect(),
                    boundary: of(1),
                    session: of(2),
                    service_control: of(3).into_iter().collect(),
                    resource_control: of(4).into_iter().collect(),
                    resource: resource.as_ref(),
                };
                for owner in [OWN, FOREIGN] {
                    let party = party(caller);
                    let expected = formula(&party, owner, &stances, *named, (caller, direct, indirect));
                    let what = || format!("{caller} of {owner}: {stances:?} {named:?}");
                    let question = Question {
                        action: "s3:GetObject",
                        resource: Resource::new("arn:aws:s3:::b/k"),
                        resource_account: Some(owner),
                        context: &(),
                    };
                    let allowed = matches!(decide(&layers, &party, &question), Decision::Allow(_));
                    assert_eq!(allowed, expected, "{}", what());
                    tells_the_same(&explain(&layers, &party, &question), expected, what);
                    decided += 1;
                }
            }
        }
    }
    assert_eq!(decided, 7 * 13 * 64 * 6 * 2);
}

fn formula(
    party: &Party<'_>,
    owner: &str,
    stances: &[Option<&str>],
    named: Option<(&str, &str)>,
    (caller, direct, indirect): (&str, &[&str], &[&str]),
) -> bool {
    let anonymous = caller == "anonymous";
    let root = caller == "root";
    let is_named = |principal: &str| match principal {
        "*" => true,
        "ACCOUNT" => !anonymous,
        other => direct.contains(&other) || indirect.contains(&other),
    };
    let denied =
        stances.contains(&Some("deny")) || named.is_some_and(|(who, effect)| effect == "Deny" && is_named(who));
    let allows = |at: usize| stances[at] == Some("allow");
    let within = |at: usize| stances[at].is_none() || allows(at);
    let granted = named.filter(|&(who, effect)| effect == "Allow" && is_named(who)).map(|(who, _)| who);
    let session = if caller == "federated" { allows(2) } else { within(2) };
    let own = |grant: bool| (grant || root) && within(1) && session;
    let permitted = match granted {
        _ if anonymous => granted == Some("*"),
        _ if party.account != Some(owner) => own(allows(0)) && granted.is_some(),
        Some(who) if who == "*" || direct.contains(&who) => true,
        Some(who) => own(allows(0) || indirect.contains(&who)),
        None => own(allows(0)),
    };
    !denied && within(3) && within(4) && permitted
}

/// The answers of the layers lead to the decision, and the statement that decided is among those that matched.
fn tells_the_same(explanation: &Explanation<'_>, allowed: bool, what: impl Fn() -> String) {
    let verdicts = |layer| explanation.answers.iter().filter(move |answer| answer.layer == layer);
    let denies = explanation.answers.iter().any(|answer| answer.verdict == Verdict::ExplicitDeny);
    match &explanation.decision {
        Decision::Allow(_) => assert!(allowed && !denies, "{}", what()),
        Decision::Deny(DenyKind::Explicit(decided)) => {
            assert!(!allowed && denies, "{}", what());
            let matched = verdicts(decided.layer).flat_map(|answer| &answer.matched);
            let it = matched.filter(|matched| matched.source == decided.found.source);
            assert!(it.into_iter().any(|matched| matched.statement == decided.found.at), "{}", what());
        }
        Decision::Deny(DenyKind::Implicit(layer)) => {
            assert!(!allowed && !denies, "{}", what());
            assert_ne!(explanation.allowed_by(*layer), Some(true), "{}", what());
        }
    }
}

#[test]
fn an_explanation_tells_statements_positions_and_keys() {
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Sid\": \"Ä\", \"Effect\": \"Allow\", \
                \"Action\": \"s3:Get*\", \"Resource\": \"arn:aws:s3:::b/${aws:username}/*\"}, {\n      \"Effect\": \"Deny\",\n      \
                \"Action\": \"*\", \"Resource\": \"*\",\n      \"Condition\": {\"StringEquals\": {\"aws:PrincipalTag/Team\": \"x\", \
                \"s3:prefix\": \"${saml:sub, 'none'}\"}}\n    },\n    {\"Effect\": \"Allow\", \"Action\": \"iam:*\", \
                \"Resource\": \"*\", \"Condition\": {\"Null\": {\"aws:TagKeys\": \"true\"}}}\n  ]\n}";
    let policy = Arc::new(Policy::compile(text).unwrap());
    assert_eq!(
        policy.context_keys(),
        ["aws:username", "aws:PrincipalTag/Team", "s3:prefix", "saml:sub", "aws:TagKeys"]
    );
    let set = PolicySet::new([(Source::from("p"), policy)]);
    let layers = Layers { identity: [&set].into_iter().collect(), ..Layers::default() };
    let facts = super::Facts([("aws:username".to_owned(), super::Fact::One("ann".into()))].into_iter().collect());
    let question = Question {
        action: "s3:GetObject",
        resource: Resource::new("arn:aws:s3:::b/ann/k"),
        resource_account: None,
        context: &facts,
    };
    let explanation = explain(&layers, &party("user"), &question);
    assert!(matches!(explanation.decision, Decision::Allow(_)));
    assert_eq!(explanation.missing_keys, ["aws:PrincipalTag/Team", "s3:prefix", "saml:sub"]);
    let matched = &explanation.answers[0].matched;
    assert_eq!(matched.len(), 1);
    assert_eq!((matched[0].source, matched[0].statement, matched[0].sid), ("p", 0, Some("Ä")));
    assert_eq!((matched[0].span.start, matched[0].span.end), ((3, 17), (4, 105)));
    let spans: Vec<_> = countersign::policy::document::spans(text).iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(spans[1..], [((4, 106), (8, 6)), ((8, 7), (9, 108))]);
    let single = countersign::policy::document::spans("{\"Statement\":{\"Effect\":\"Allow\"}}");
    assert_eq!(single.iter().map(|span| (span.start, span.end)).collect::<Vec<_>>(), [((1, 15), (1, 32))]);
}
