//! The simulator: what policies would decide, and which facts they ask for.
//!
//! Source: IAM API reference, `SimulateCustomPolicy`, `SimulatePrincipalPolicy` and `GetContextKeysForCustomPolicy`.
//! Beyond AWS, sessions and root can be callers too, and callers of any kind with a resource's policy.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{
    entity::{self, Attached, Entity},
    exclusions::Exclusions,
    listing::{Asked, marker, truncated},
    texts::{ARN, DOCUMENT},
};
use crate::{
    api::query::{Input, Node, Plan, Scene, Text},
    base::{Arn, Fault, condition::Value},
    policy::{
        Decision, DenyKind, Explanation, Kind, Layer, Policy, PolicySet, Source,
        document::Span,
        explain::{Matched, Verdict},
        s3_actions::{self, Target},
        simulate::{Caller, Simulation},
        validate,
    },
};

const ACTION: Text = Text { length: 3..=128, pattern: "", fits: |_| true };
const RESOURCE: Text = Text { length: 1..=2048, pattern: "", fits: |_| true };
const KEY: Text = Text { length: 5..=256, pattern: "", fits: |_| true };
const ANY: Text = Text { length: 0..=usize::MAX, pattern: "", fits: |_| true };
const OPTION: Text = Text { length: 1..=64, pattern: "", fits: |_| true };

/// The most members of a list that AWS sets no bound for: more would be no question but an attack.
const LIST_MAX: usize = 1000;
const LEVELS_MAX: usize = 7;
const TYPES: [&str; 12] = [
    "string",
    "stringList",
    "numeric",
    "numericList",
    "boolean",
    "booleanList",
    "ip",
    "ipList",
    "binary",
    "binaryList",
    "date",
    "dateList",
];

pub(super) fn custom(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let policies = input.texts("PolicyInputList", LIST_MAX, &DOCUMENT);
    let mut levels = Vec::new();
    for level in input.structures("OrderedOrganizationPolicyInputList", LEVELS_MAX) {
        levels.push(input.list(&format!("{level}.ServiceControlPolicyInputList"), LIST_MAX, &DOCUMENT));
    }
    let questions = Questions::read(input)?;
    input.check()?;
    Ok(Plan::new("iam:SimulateCustomPolicy", "*", move |scene| {
        let mut simulation = questions.simulation(scene.account().as_str())?;
        simulation.identity = PolicySet::new(given(&policies)?);
        for documents in &levels {
            let name = "ServiceControlPolicyInputList";
            simulation.service_control.push(inputs(name, documents, Kind::ServiceControl)?);
        }
        Ok(questions.answer(&simulation))
    }))
}

pub(super) fn principal(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let source = input.required("PolicySourceArn", &ARN);
    let policies = input.list("PolicyInputList", LIST_MAX, &DOCUMENT);
    let excluded = Exclusions::read(input)?;
    let questions = Questions::read(input)?;
    input.check()?;
    let entity = Entity::of(scene, &source)?;
    let (arn, facts) = (entity.arn().to_owned(), entity.facts());
    let plan = Plan::new("iam:SimulatePrincipalPolicy", arn, move |scene| {
        let mut simulation = questions.simulation(scene.account().as_str())?;
        let attached = scene.world.directory.read(|work| entity.attached(work))?;
        let mut all = Vec::new();
        for Attached { source, document, .. } in attached.iter().filter(|policy| !excluded.leaves_out(policy)) {
            let policy = compile("attached policy", document, Kind::Identity).map_err(not_evaluated)?;
            all.push((Source::from(source.as_str()), policy));
        }
        all.extend(given(&policies)?);
        simulation.identity = PolicySet::new(all);
        if simulation.boundary.is_none() && !excluded.excludes("permission-boundary") {
            let boundary = scene.world.directory.read(|work| entity.boundary(work))?;
            simulation.boundary =
                boundary.map(|(source, document)| one(source, &document).map_err(not_evaluated)).transpose()?;
        }
        if !excluded.excludes("scp") {
            let levels = &scene.world.organization.load().service_control;
            simulation.service_control = levels.iter().map(|level| PolicySet::together([level])).collect();
        }
        if questions.caller.is_none() {
            simulation.caller = Caller::of_arn(entity.arn()).unwrap_or(simulation.caller);
            entity.tell(&mut simulation.facts);
        }
        Ok(questions.answer(&simulation))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn keys_of_custom(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let policies = input.texts("PolicyInputList", LIST_MAX, &DOCUMENT);
    input.check()?;
    Ok(Plan::new("iam:GetContextKeysForCustomPolicy", "*", move |_| {
        let policies = given(&policies)?;
        Ok(keys(policies.iter().map(|(_, policy)| &**policy)))
    }))
}

pub(super) fn keys_of_principal(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let source = input.required("PolicySourceArn", &ARN);
    let policies = input.list("PolicyInputList", LIST_MAX, &DOCUMENT);
    input.check()?;
    let entity = Entity::of(scene, &source)?;
    let (arn, facts) = (entity.arn().to_owned(), entity.facts());
    let plan = Plan::new("iam:GetContextKeysForPrincipalPolicy", arn, move |scene| {
        let attached = scene.world.directory.read(|work| entity.attached(work))?;
        let of_entity = attached.iter().map(|policy| compile("attached policy", &policy.document, Kind::Identity));
        let mut all = of_entity.collect::<Result<Vec<_>, _>>()?;
        all.extend(given(&policies)?.into_iter().map(|(_, policy)| policy));
        Ok(keys(all.iter().map(|policy| &**policy)))
    });
    Ok(plan.knowing(facts))
}

fn keys<'a>(policies: impl Iterator<Item = &'a Policy>) -> Node {
    let mut seen = BTreeSet::new();
    let keys = policies.flat_map(Policy::context_keys).filter(|key| seen.insert(key.to_lowercase()));
    Node::one("ContextKeyNames", Node::List(keys.map(Node::text).collect()))
}

/// What both simulations are asked, besides the policies of the caller.
struct Questions {
    actions: Vec<String>,
    resources: Vec<String>,
    boundary: Vec<String>,
    resource_policy: Option<String>,
    resource_owner: Option<String>,
    caller: Option<String>,
    facts: Vec<(String, Value<'static>)>,
    page: Asked,
}

impl Questions {
    fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let actions = input.texts("ActionNames", LIST_MAX, &ACTION);
        let resources = input.list("ResourceArns", LIST_MAX, &RESOURCE);
        let questions = Self {
            boundary: input.list("PermissionsBoundaryPolicyInputList", LIST_MAX, &DOCUMENT),
            resource_policy: input.optional("ResourcePolicy", &DOCUMENT),
            resource_owner: input.optional("ResourceOwner", &RESOURCE),
            caller: input.optional("CallerArn", &RESOURCE),
            facts: facts(input)?,
            page: Asked::of(input)?,
            actions,
            resources,
        };
        let option = input.optional("ResourceHandlingOption", &OPTION);
        input.check()?;
        if let Some(option) = option {
            check_resources(&option, &questions.resources)?;
        }
        questions.check()?;
        Ok(questions)
    }

    fn check(&self) -> Result<(), Fault> {
        if let Some(action) = self.actions.iter().find(|action| !is_action(action)) {
            return Err(invalid(format!("Invalid action name: {action}")));
        }
        let is_resource = |resource: &&String| *resource == "*" || Arn::parse(resource).is_some();
        if let Some(resource) = self.resources.iter().find(|resource| !is_resource(resource)) {
            return Err(invalid(format!("Invalid resource ARN: {resource}")));
        }
        if self.boundary.len() > 1 {
            return Err(invalid("Only one permissions boundary policy can be specified.".into()));
        }
        Ok(())
    }

    fn simulation(&self, account: &str) -> Result<Simulation, Fault> {
        let caller = match &self.caller {
            Some(arn) => Caller::of_arn(arn).ok_or_else(|| entity::unclear(arn))?,
            None => Caller::somebody(account),
        };
        let owner = self.resource_owner.as_ref().map(|owner| {
            let account = owner.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
            let account = account.unwrap_or(owner);
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            if is_account { Ok(account.to_owned()) } else { Err(invalid(format!("Invalid resource owner: {owner}"))) }
        });
        let resource = self.resource_policy.as_ref().map(|document| {
            if self.caller.is_none() {
                return Err(invalid("CallerArn must be specified when ResourcePolicy is specified.".into()));
            }
            let policy = compile("ResourcePolicy", document, Kind::Bucket)?;
            Ok(PolicySet::new([(Source::from("ResourcePolicy"), policy)]))
        });
        let boundary = || inputs("PermissionsBoundaryPolicyInputList", &self.boundary, Kind::Boundary);
        let mut simulation = Simulation {
            boundary: (!self.boundary.is_empty()).then(boundary).transpose()?,
            resource: resource.transpose()?,
            resource_owner: owner.transpose()?,
            caller,
            ..Simulation::default()
        };
        for (key, value) in &self.facts {
            simulation.facts.add(key, value.clone());
        }
        Ok(simulation)
    }

    fn answer(&self, simulation: &Simulation) -> Node {
        let numbered = self.actions.iter().enumerate();
        let listing = self.page.cut(numbered, |(at, _)| format!("{at:08}"));
        let results = listing.items.iter().map(|(_, action)| self.result(simulation, action)).collect();
        let next = listing.next;
        Node::Struct(vec![("EvaluationResults", Node::List(results)), truncated(&next), marker(next)])
    }

    fn result(&self, simulation: &Simulation, action: &str) -> Node {
        let named: Vec<&str> = self.resources.iter().map(String::as_str).filter(|resource| *resource != "*").collect();
        let asked = if named.is_empty() { &["*"][..] } else { &named };
        let outcomes: Vec<_> = asked.iter().map(|resource| (*resource, simulation.ask(action, resource))).collect();
        let all = || outcomes.iter().map(|(_, outcome)| outcome);
        let worst = all().map(|outcome| verdict(&outcome.decision)).max_by_key(|verdict| verdict.severity());
        let worst = worst.unwrap_or(Verdict::ImplicitDeny);
        let (mut matched, mut missing) = (Vec::new(), BTreeSet::new());
        for outcome in all() {
            missing.extend(outcome.missing_keys.iter().copied());
            for statement in statements(outcome).into_iter().filter(|_| verdict(&outcome.decision) == worst) {
                if !matched.contains(&statement) {
                    matched.push(statement);
                }
            }
        }
        let crosses = asked.iter().any(|resource| simulation.crosses_accounts(resource));
        let specific = outcomes.iter().map(|(resource, outcome)| specific(simulation, resource, outcome)).collect();
        Node::Struct(vec![
            ("EvalActionName", Node::text(action)),
            ("EvalResourceName", Node::text(template(action))),
            ("EvalDecision", Node::text(word(worst))),
            ("MatchedStatements", Node::List(matched)),
            ("MissingContextValues", Node::List(missing.into_iter().map(Node::text).collect())),
            ("OrganizationsDecisionDetail", all_allow(all(), Layer::ServiceControl, "AllowedByOrganizations")),
            ("PermissionsBoundaryDecisionDetail", all_allow(all(), Layer::Boundary, "AllowedByPermissionsBoundary")),
            // Empty within an account, left out where no resource is named.
            (
                "EvalDecisionDetails",
                match (crosses, named.is_empty()) {
                    (true, _) => details(all()),
                    (false, false) => Node::Map(Vec::new()),
                    (false, true) => Node::Nothing,
                },
            ),
            ("ResourceSpecificResults", if named.is_empty() { Node::Nothing } else { Node::List(specific) }),
        ])
    }
}

fn specific(simulation: &Simulation, resource: &str, outcome: &Explanation<'_>) -> Node {
    let alone = || std::iter::once(outcome);
    let missing = outcome.missing_keys.iter().copied().map(Node::text).collect();
    Node::Struct(vec![
        ("EvalResourceName", Node::text(resource)),
        ("EvalResourceDecision", Node::text(word(verdict(&outcome.decision)))),
        ("MatchedStatements", Node::List(statements(outcome))),
        ("MissingContextValues", Node::List(missing)),
        ("EvalDecisionDetails", if simulation.crosses_accounts(resource) { details(alone()) } else { Node::Nothing }),
        ("PermissionsBoundaryDecisionDetail", all_allow(alone(), Layer::Boundary, "AllowedByPermissionsBoundary")),
    ])
}

fn verdict(decision: &Decision<'_>) -> Verdict {
    match decision {
        Decision::Allow(_) => Verdict::Allowed,
        Decision::Deny(DenyKind::Explicit(_)) => Verdict::ExplicitDeny,
        Decision::Deny(DenyKind::Implicit(_)) => Verdict::ImplicitDeny,
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::ExplicitDeny => "explicitDeny",
        Verdict::ImplicitDeny => "implicitDeny",
    }
}

/// What the resource of an action looks like. It is known for S3 only.
fn template(action: &str) -> &'static str {
    let name = action.split_once(':').filter(|(service, _)| service.eq_ignore_ascii_case("s3")).map(|(_, name)| name);
    match name.and_then(|name| s3_actions::target(&name.to_ascii_lowercase())) {
        Some(Target::Object) => "arn:aws:s3:::${BucketName}/${KeyName}",
        Some(Target::Bucket) => "arn:aws:s3:::${BucketName}",
        _ => "*",
    }
}

/// The statements of the caller's and the resource's policies that settled a decision.
fn statements(outcome: &Explanation<'_>) -> Vec<Node> {
    let settled = outcome.decisive(&[Layer::Identity, Layer::Resource]);
    settled.into_iter().map(|(layer, matched)| statement(layer, &matched)).collect()
}

fn statement(layer: Layer, matched: &Matched<'_>) -> Node {
    let place = |(line, column): (u32, u32)| {
        Node::Struct(vec![("Line", Node::Number(line.into())), ("Column", Node::Number(column.into()))])
    };
    let Span { start, end } = matched.span;
    Node::Struct(vec![
        ("SourcePolicyId", Node::text(matched.source)),
        // The model lists other words, which AWS never sends.
        ("SourcePolicyType", Node::text(if layer == Layer::Resource { "Resource Policy" } else { "IAM Policy" })),
        ("StartPosition", place(start)),
        ("EndPosition", place(end)),
    ])
}

/// Whether a kind of policy allows in all outcomes, if it takes part.
fn all_allow<'a>(outcomes: impl Iterator<Item = &'a Explanation<'a>>, layer: Layer, name: &'static str) -> Node {
    let allowed = outcomes.filter_map(|outcome| outcome.allowed_by(layer)).reduce(|one, other| one && other);
    allowed.map_or(Node::Nothing, |allowed| Node::one(name, Node::Bool(allowed)))
}

/// What each side of a request across accounts comes to, at its worst.
fn details<'a>(outcomes: impl Iterator<Item = &'a Explanation<'a>> + Clone) -> Node {
    let sides = [("IAM Policy", Layer::Identity), ("Resource Policy", Layer::Resource)];
    let side = |(key, layer)| {
        let verdicts = outcomes.clone().map(|outcome| outcome.verdict_of(layer));
        let worst = verdicts.max_by_key(|verdict| verdict.severity()).unwrap_or(Verdict::ImplicitDeny);
        (Cow::Borrowed(key), Node::text(word(worst)))
    };
    Node::Map(sides.into_iter().map(side).collect())
}

fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        let is_service = service.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        is_service && !service.is_empty() && !name.is_empty() && !name.contains(['*', '?', ':'])
    })
}

/// `ContextEntries`. A key of a plain type has one value; one that its operator cannot read compares with nothing.
fn facts(input: &mut Input<'_>) -> Result<Vec<(String, Value<'static>)>, Fault> {
    let mut facts: Vec<(String, Value<'static>)> = Vec::new();
    for entry in input.structures("ContextEntries", LIST_MAX) {
        let key = input.required(&format!("{entry}.ContextKeyName"), &KEY);
        let values = input.list(&format!("{entry}.ContextKeyValues"), LIST_MAX, &ANY);
        let kind = input.one_of(&format!("{entry}.ContextKeyType"), &TYPES).unwrap_or("string");
        let (kind, is_list) = kind.strip_suffix("List").map_or((kind, false), |kind| (kind, true));
        let value = match (&*values, is_list) {
            (_, true) => Value::Many(values.into_iter().map(Into::into).collect()),
            ([value], false) => Value::owned(value.as_str()),
            _ => return Err(invalid(format!("Context key {key} of type {kind} must have one value"))),
        };
        if facts.iter().any(|(known, _)| known.eq_ignore_ascii_case(&key)) {
            return Err(invalid(format!("Duplicate context key: {key}")));
        }
        facts.push((key, value));
    }
    Ok(facts)
}

/// The scenarios of EC2, each with the kinds of resources that have to be named.
const SCENARIOS: [(&str, &[&str]); 4] = [
    ("EC2-VPC-InstanceStore", &["instance", "image", "security-group", "network-interface"]),
    ("EC2-VPC-InstanceStore-Subnet", &["instance", "image", "security-group", "network-interface", "subnet"]),
    ("EC2-VPC-EBS", &["instance", "image", "security-group", "network-interface", "volume"]),
    ("EC2-VPC-EBS-Subnet", &["instance", "image", "security-group", "network-interface", "subnet", "volume"]),
];

fn check_resources(option: &str, resources: &[String]) -> Result<(), Fault> {
    let scenario = SCENARIOS.iter().find(|(name, _)| *name == option);
    let (_, kinds) = scenario.ok_or_else(|| invalid(format!("Invalid resource handling option: {option}")))?;
    let is_named = |kind: &str| {
        resources
            .iter()
            .filter_map(|resource| Arn::parse(resource))
            .any(|arn| arn.service() == "ec2" && arn.resource().split('/').next() == Some(kind))
    };
    match kinds.iter().find(|kind| !is_named(kind)) {
        Some(kind) => Err(invalid(format!("Resource handling option {option} requires a resource of type {kind}"))),
        None => Ok(()),
    }
}

/// The policies of `PolicyInputList`.
fn given(documents: &[String]) -> Result<Vec<(Source, Arc<Policy>)>, Fault> {
    named("PolicyInputList", documents, Kind::Identity)
}

fn one(source: String, document: &str) -> Result<PolicySet, Fault> {
    let policy = compile(&source, document, Kind::Boundary)?;
    Ok(PolicySet::new([(Source::from(source), policy)]))
}

fn inputs(name: &str, documents: &[String], kind: Kind) -> Result<PolicySet, Fault> {
    named(name, documents, kind).map(PolicySet::new)
}

fn named(name: &str, documents: &[String], kind: Kind) -> Result<Vec<(Source, Arc<Policy>)>, Fault> {
    let numbered = (1..).zip(documents).map(|(at, document)| {
        let name = format!("{name}.{at}");
        let policy = compile(&name, document, kind)?;
        Ok((Source::from(name), policy))
    });
    numbered.collect()
}

fn compile(name: &str, document: &str, kind: Kind) -> Result<Arc<Policy>, Fault> {
    let checked = if kind == Kind::Identity { validate(document) } else { Ok(()) };
    checked.map_err(|fault| invalid(format!("Invalid policy {name}: {}", fault.message)))?;
    let policy = Policy::compile_as(document, kind);
    policy.map(Arc::new).map_err(|error| invalid(format!("Invalid policy {name}: {error}")))
}

/// What is kept and does not compile is no fault of the caller's.
fn not_evaluated(fault: Fault) -> Fault {
    Fault::new(500, "PolicyEvaluation", fault.message)
}

fn invalid(message: String) -> Fault {
    Fault::new(400, "InvalidInput", message)
}
