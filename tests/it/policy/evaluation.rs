//! One case per rule of the order of evaluation, in `data/policy-evaluation.json`: by kind of caller, what the resource's
//! or the role's policy says, and what the other layers do: `allow` everything, `deny` everything, or allow something
//! `other`. Rows are caller, layers, outcome, and `foreign` if the resource belongs to another account than the caller's.

use std::sync::Arc;

use countersign::policy::{
    AllowKind, Decision, DenyKind, Kind, Layer, Layers, Party, PartyKind, Policy, PolicySet, Question, Source, decide,
    decide_trust, resource::Resource,
};
use serde_json::{Value, json};

const CASES: &str = include_str!("../data/policy-evaluation.json");
pub(super) const OWN: &str = "111122223333";
pub(super) const FOREIGN: &str = "444455556666";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example";

/// What stands in the file for ARNs, longer names first.
const NAMES: [(&str, &str); 11] = [
    ("OTHERSESSION", "arn:aws:sts::111122223333:assumed-role/app/two"),
    ("OTHERUSER", "arn:aws:iam::111122223333:user/bob"),
    ("OTHERROLE", "arn:aws:iam::111122223333:role/other"),
    ("FEDERATED", "arn:aws:sts::111122223333:federated-user/guest"),
    ("PROVIDER", PROVIDER),
    ("SESSION", "arn:aws:sts::111122223333:assumed-role/app/one"),
    ("ACCOUNT", OWN),
    ("ROOT", "arn:aws:iam::111122223333:root"),
    ("USER", "arn:aws:iam::111122223333:user/team/ann"),
    ("ROLE", "arn:aws:iam::111122223333:role/service/app"),
    ("FOREIGN", FOREIGN),
];

#[test]
fn every_rule_holds() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    let faults: Vec<String> = cases.iter().flat_map(check).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn denials_read_as_awss_do() {
    let cases = [
        (json!({}), "because no identity-based policy allows the s3:GetObject action"),
        (json!({ "identity": "deny" }), "with an explicit deny in an identity-based policy"),
        (
            json!({ "identity": "allow", "boundary": "other" }),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (json!({ "boundary": "deny" }), "with an explicit deny in a permissions boundary"),
        (
            json!({ "identity": "allow", "session": "other" }),
            "because no session policy allows the s3:GetObject action",
        ),
        (json!({ "session": "deny" }), "with an explicit deny in a sessions policy"),
        (json!({ "scp": ["other"] }), "because no service control policy allows the s3:GetObject action"),
        (json!({ "scp": ["deny"] }), "with an explicit deny in a service control policy"),
        (json!({ "rcp": ["other"] }), "because no resource control policy allows the s3:GetObject action"),
        (json!({ "rcp": ["deny"] }), "with an explicit deny in a resource control policy"),
    ];
    for (layers, words) in cases {
        assert_eq!(told("user", &layers, OWN, None, None), words, "{layers}");
    }
    let deny = json!([{ "Effect": "Deny", "Principal": "*" }]);
    let (resource, trust) = (set(&deny, Kind::Bucket, "s3:GetObject"), set(&deny, Kind::Trust, "sts:AssumeRole"));
    let layers = json!({ "identity": "allow" });
    let none = "because no resource-based policy allows the s3:GetObject action";
    assert_eq!(told("anonymous", &layers, OWN, None, None), none);
    assert_eq!(told("user", &layers, FOREIGN, None, None), none);
    let words = told("user", &layers, OWN, resource.as_ref(), None);
    assert_eq!(words, "with an explicit deny in a resource-based policy");
    let words = told("user", &layers, OWN, None, trust.as_ref());
    assert_eq!(words, "with an explicit deny in the role trust policy");
    let trust =
        set(&json!([{ "Effect": "Allow", "Principal": { "AWS": "FEDERATED" } }]), Kind::Trust, "sts:AssumeRole");
    let words = told("user", &layers, OWN, None, trust.as_ref());
    assert_eq!(words, "because no role trust policy allows the sts:AssumeRole action");
}

/// A managed policy that denies is told by its ARN; AWS does so since 2026, and does not for inline ones.
#[test]
fn denials_name_the_managed_policy() {
    for (source, told) in [
        ("arn:aws:iam::111122223333:policy/team/no", ": arn:aws:iam::111122223333:policy/team/no"),
        ("arn:aws:iam::aws:policy/No", ": arn:aws:iam::aws:policy/No"),
        ("arn:aws:iam::111122223333:user/policy/no", ""),
    ] {
        let decided = policy_of(source);
        let layers = Layers { identity: [&decided].into_iter().collect(), ..Layers::default() };
        let party = Party::user(OWN, "arn:aws:iam::111122223333:user/ann", "AIDA");
        let question = Question {
            action: "s3:GetObject",
            resource: Resource::new("arn:aws:s3:::b/k"),
            resource_account: Some(OWN),
            context: &(),
        };
        let Decision::Deny(kind) = decide(&layers, &party, &question) else { panic!("{source} denies") };
        assert_eq!(kind.words("s3:GetObject"), format!("with an explicit deny in an identity-based policy{told}"));
    }
}

fn policy_of(source: &str) -> PolicySet {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    PolicySet::new([(Source::from(source), Arc::new(Policy::compile(text).unwrap()))])
}

/// Few statements are asked one by one, many are found by an index: in each layer with the same outcome.
#[test]
fn many_statements_decide_as_few_do() {
    let layers = |layer: &str, stance: String| {
        let mut layers = json!({ "identity": "allow" });
        layers[layer] = if matches!(layer, "scp" | "rcp") { json!(["allow", stance]) } else { json!(stance) };
        outcome("user", &layers, OWN, None, None, None)
    };
    for layer in ["identity", "boundary", "session", "scp", "rcp"] {
        for (stance, expected) in
            [("allow", "allow".into()), ("other", format!("implicit {layer}")), ("deny", format!("explicit {layer}"))]
        {
            assert_eq!(layers(layer, stance.into()), expected, "{layer} {stance}");
            assert_eq!(layers(layer, format!("{stance} of many")), expected, "{layer} {stance} of many");
        }
    }
}

/// A statement that names principals denies wherever it stands, and allows only where the policy is the resource's.
#[test]
fn identities_are_allowed_nothing_by_statements_that_name_principals() {
    for many in ["", " of many"] {
        for (stance, as_identity, as_resource) in
            [("allow", "implicit identity", "allow"), ("deny", "explicit identity", "explicit resource")]
        {
            let set = stock(&json!(format!("{stance}{many}")), Kind::Bucket).unwrap();
            let question = Question {
                action: "s3:GetObject",
                resource: Resource::new("arn:aws:s3:::b/k"),
                resource_account: Some(OWN),
                context: &(),
            };
            let told = |layers: Layers<'_>| verdict(&decide(&layers, &party("user"), &question));
            let identity = Layers { identity: [&set].into_iter().collect(), ..Layers::default() };
            assert_eq!(told(identity), as_identity, "{stance}{many}");
            assert_eq!(told(Layers { resource: Some(&set), ..Layers::default() }), as_resource, "{stance}{many}");
        }
    }
}

/// The end of the message of a denial.
fn told(caller: &str, layers: &Value, owner: &str, resource: Option<&PolicySet>, trust: Option<&PolicySet>) -> String {
    let action = if trust.is_some() { "sts:AssumeRole" } else { "s3:GetObject" };
    asked(caller, layers, owner, None, resource, trust, |decision| match decision {
        Decision::Allow(by) => panic!("{by}"),
        Decision::Deny(why) => why.words(action),
    })
}

/// The faults of one rule.
fn check(case: &Value) -> Vec<String> {
    let rule = case["rule"].as_str().unwrap();
    let action = case["action"].as_str();
    let resource = set(&case["resource"], Kind::Bucket, action.unwrap_or("s3:GetObject"));
    let trust = set(&case["trust"], Kind::Trust, "sts:AssumeRole");
    let wrong = |ask: &Value| {
        let row = ask.as_array().unwrap();
        let owner = if row.len() > 3 && row[3] == "foreign" { FOREIGN } else { OWN };
        let expected = row[2].as_str().unwrap();
        let got = outcome(row[0].as_str().unwrap(), &row[1], owner, action, resource.as_ref(), trust.as_ref());
        (got != expected).then(|| format!("{rule}: {got} for {ask}"))
    };
    case["asks"].as_array().unwrap().iter().filter_map(wrong).collect()
}

fn outcome(
    caller: &str,
    layers: &Value,
    owner: &str,
    action: Option<&str>,
    resource: Option<&PolicySet>,
    trust: Option<&PolicySet>,
) -> String {
    asked(caller, layers, owner, action, resource, trust, verdict)
}

fn verdict(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Allow(AllowKind::Statement(_) | AllowKind::Root) => "allow".into(),
        Decision::Deny(DenyKind::Explicit(decided)) => format!("explicit {}", name(decided.layer)),
        Decision::Deny(DenyKind::Implicit(layer)) => format!("implicit {}", name(*layer)),
    }
}

/// What is told of a decision.
fn asked(
    caller: &str,
    layers: &Value,
    owner: &str,
    action: Option<&str>,
    resource: Option<&PolicySet>,
    trust: Option<&PolicySet>,
    tell: impl Fn(&Decision<'_>) -> String,
) -> String {
    let identity = stock(&layers["identity"], Kind::Identity);
    let boundary = stock(&layers["boundary"], Kind::Boundary);
    let session = stock(&layers["session"], Kind::Session);
    let levels = |name: &str, kind| -> Vec<PolicySet> {
        layers[name].as_array().map_or(vec![], |levels| levels.iter().filter_map(|level| stock(level, kind)).collect())
    };
    let (scp, rcp) = (levels("scp", Kind::ServiceControl), levels("rcp", Kind::ResourceControl));
    let layers = Layers {
        identity: identity.iter().collect(),
        boundary: boundary.as_ref(),
        session: session.as_ref(),
        resource,
        service_control: scp.iter().collect(),
        resource_control: rcp.iter().collect(),
    };
    let party = Party { has_boundary: boundary.is_some(), ..party(caller) };
    let default = if trust.is_some() { "sts:AssumeRole" } else { "s3:GetObject" };
    let question = Question {
        action: action.unwrap_or(default),
        resource: Resource::new("arn:aws:s3:::b/k"),
        resource_account: Some(owner),
        context: &(),
    };
    let decision = match trust {
        Some(trust) => decide_trust(trust, &layers, &party, &question),
        None => decide(&layers, &party, &question),
    };
    tell(&decision)
}

fn name(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "identity",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
        Layer::Resource => "resource",
        Layer::Trust => "trust",
        Layer::ServiceControl => "scp",
        Layer::ResourceControl => "rcp",
    }
}

/// The policy of the resource or the role, from its statements without action and resource.
pub(super) fn set(statements: &Value, kind: Kind, action: &str) -> Option<PolicySet> {
    let statements = statements.as_array()?.iter().map(|statement| {
        let mut statement = statement.clone();
        statement["Action"] = json!(action);
        if kind != Kind::Trust {
            statement["Resource"] = json!("*");
        }
        statement
    });
    let mut text = json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() }).to_string();
    for (name, value) in NAMES {
        text = text.replace(&format!("\"{name}\""), &format!("\"{value}\""));
    }
    let policy = Policy::compile_as(&text, kind).unwrap_or_else(|error| panic!("{error}: {text}"));
    Some(PolicySet::new([(Source::from("resource"), Arc::new(policy))]))
}

/// `allow`, `deny` or `other`; `None` for nothing. `of many` puts the statement before one of many actions that nobody
/// asks for.
pub(super) fn stock(what: &Value, kind: Kind) -> Option<PolicySet> {
    let what = what.as_str()?;
    let (stance, many) = what.strip_suffix(" of many").map_or((what, false), |stance| (stance, true));
    let mut statement = match stance {
        "allow" => json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }),
        "deny" => json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }),
        "other" => json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" }),
        other => panic!("{other}"),
    };
    if kind.has_principals() {
        statement["Principal"] = json!("*");
    }
    let mut statements = vec![statement];
    if many {
        let mut rest = statements[0].clone();
        rest["Effect"] = json!("Deny");
        rest["Action"] = (0..50).map(|at| format!("other:Action{at}")).collect();
        statements.push(rest);
    }
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    Some(PolicySet::new([(Source::from("stock"), Arc::new(Policy::compile_as(&text, kind).unwrap()))]))
}

pub(super) fn party(caller: &str) -> Party<'static> {
    use PartyKind::*;
    let of = |kind, arn, unique_id, role_arn, issuer| Party {
        kind,
        account: Some(OWN),
        arn: Some(arn),
        role_arn,
        unique_id,
        issuer,
        issuer_id: None,
        has_boundary: false,
        is_delegate: false,
    };
    let without = |kind, unique_id, issuer| Party { kind, unique_id, issuer, ..Party::anonymous() };
    let named = |name: &str| NAMES.iter().find(|(known, _)| *known == name).map(|(_, arn)| *arn).unwrap();
    match caller {
        "root" => of(Root, named("ROOT"), OWN, None, None),
        "user" => of(User, named("USER"), "AIDAAAAAAAAAAAAAUSER", None, None),
        "other user" => of(User, named("OTHERUSER"), "AIDAAAAAAAAAAAAAOTHR", None, None),
        "foreign user" => Party::user(FOREIGN, "arn:aws:iam::444455556666:user/team/ann", "AIDAAAAAAAAAAAAAFORN"),
        "role session" => of(RoleSession, named("SESSION"), "AROAAAAAAAAAAAAAROLE:one", Some(named("ROLE")), None),
        "other session" => {
            of(RoleSession, named("OTHERSESSION"), "AROAAAAAAAAAAAAAROLE:two", Some(named("ROLE")), None)
        }
        "other role session" => {
            let arn = "arn:aws:sts::111122223333:assumed-role/other/one";
            of(RoleSession, arn, "AROAAAAAAAAAAAAAOTHR:one", Some(named("OTHERROLE")), None)
        }
        "web session" => {
            let arn = "arn:aws:sts::111122223333:assumed-role/web/one";
            of(RoleSession, arn, "AROAAAAAAAAAAAAAAWEB:one", Some("arn:aws:iam::111122223333:role/web"), Some(PROVIDER))
        }
        "federated" => of(FederatedUser, named("FEDERATED"), "111122223333:guest", None, Some(named("USER"))),
        "web identity" => without(WebIdentity, "", Some(PROVIDER)),
        "saml" => without(Saml, "", Some("arn:aws:iam::111122223333:saml-provider/idp")),
        "service" => without(Service, "ec2.amazonaws.com", None),
        "other service" => without(Service, "sns.amazonaws.com", None),
        "anonymous" => Party::anonymous(),
        other => panic!("{other}"),
    }
}
