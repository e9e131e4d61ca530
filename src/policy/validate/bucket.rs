//! What S3 refuses to save as the policy of a bucket (`MalformedPolicy`).

use super::{
    check_unique,
    principals::{self, INVALID_SYNTAX},
};
use crate::{
    base::Fault,
    policy::{
        compiled::{Kind, Policy},
        condition::Condition,
        document::{self, Effect, Matching, PrincipalKind, RawStatement, Version},
        operator::BadTest,
        pattern::Glob,
        principal::Principals,
        quota::BUCKET_POLICY_BYTES_MAX,
        s3_actions::{self, Target},
    },
};

/// Checks and compiles the policy of a bucket.
pub fn bucket(text: &str, bucket: &str) -> Result<Policy, Fault> {
    if !text.starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    let outline = principals::read(text, &[]).map_err(malformed)?;
    if outline.bytes > BUCKET_POLICY_BYTES_MAX {
        let limit = "Normalized policy document exceeds the maximum allowed size of";
        return Err(malformed(format!("{limit} {BUCKET_POLICY_BYTES_MAX} bytes")));
    }
    let principal_fault = outline.statements.iter().any(|members| !is_principal(members));
    if principal_fault {
        return Err(malformed(INVALID_PRINCIPAL));
    }
    let document = document::parse(text).map_err(|error| malformed(INVALID_SYNTAX).because(error))?;
    let version = document.version.unwrap_or(Version::V2008);
    for statement in &document.statements {
        check(statement, version, bucket)?;
    }
    // S3's ids may be whole sentences.
    check_unique(&document.statements).map_err(|fault| malformed(fault.message))?;
    for statement in document.statements {
        let effect = statement.effect.unwrap_or(Effect::Deny);
        let compiled = statement.principal.map(|principal| Principals::compile(principal, effect));
        compiled.transpose().map_err(|error| malformed(INVALID_PRINCIPAL).because(error))?;
    }
    Policy::compile_as(text, Kind::Bucket).map_err(|error| malformed(INVALID_SYNTAX).because(error))
}

/// A principal of a well-formed policy is nobody.
pub fn unknown_in_bucket(name: &str) -> Fault {
    malformed(INVALID_PRINCIPAL).with("Detail", format!("\"AWS\" : \"{name}\""))
}

const INVALID_PRINCIPAL: &str = "Invalid principal in policy";
const INVALID_ACTION: &str = "Policy has invalid action";
const INVALID_RESOURCE: &str = "Policy has invalid resource";

/// Whether the form of a principal is one of those that there are, before anything else of the statement counts.
fn is_principal(members: &serde_json::Map<String, serde_json::Value>) -> bool {
    ["Principal", "NotPrincipal"].iter().filter_map(|name| members.get(*name)).all(|value| match value {
        serde_json::Value::String(text) => text == "*",
        serde_json::Value::Object(kinds) => !kinds.is_empty(),
        _ => false,
    })
}

fn check(statement: &RawStatement, version: Version, bucket: &str) -> Result<(), Fault> {
    let empty = Matching { negated: false, patterns: Vec::new() };
    let principal = statement.principal.as_ref().and_then(|principal| principal.named.as_ref().ok());
    // Nobody's canonical id is known here, and S3 refuses unknown ones.
    let known = |(kind, _): &(PrincipalKind, String)| *kind != PrincipalKind::CanonicalUser;
    if !principal.is_some_and(|named| named.iter().all(known)) {
        return Err(malformed(INVALID_PRINCIPAL));
    }
    let actions = statement.action.as_ref().unwrap_or(&empty);
    let resources = statement.resource.as_ref().unwrap_or(&empty);
    if actions.patterns.is_empty() {
        return Err(malformed(INVALID_ACTION));
    }
    let below: Option<Vec<&str>> = resources.patterns.iter().map(|text| below(text, bucket)).collect();
    let below = below.unwrap_or_default();
    let all_apply = actions.negated || resources.negated;
    let applies = |target: Target| all_apply || below.iter().any(|rest| reaches(rest, target));
    let applies = [Target::Object, Target::Bucket].map(applies);
    let mut in_vain = false;
    for action in &actions.patterns {
        in_vain |= !selects(action, applies).ok_or_else(|| malformed(INVALID_ACTION))? && !all_apply;
    }
    if below.is_empty() {
        return Err(malformed(INVALID_RESOURCE));
    }
    if in_vain {
        return Err(malformed("Action does not apply to any resource(s) in statement"));
    }
    statement.conditions.iter().try_for_each(|(operator, key, values)| check_condition(operator, key, values, version))
}

/// Whether a pattern selects actions on a target that applies: objects, buckets; `None` if it selects none of S3's.
fn selects(pattern: &str, [objects, buckets]: [bool; 2]) -> Option<bool> {
    let pattern = pattern.to_ascii_lowercase();
    let name = if pattern == "*" { "*" } else { pattern.strip_prefix("s3:")? };
    let glob = Glob::new(name);
    let mut selected = None;
    for (_, target) in s3_actions::all().filter(|(name, _)| glob.matches(name)) {
        let applies = match target {
            Target::Object => objects,
            Target::Bucket => buckets,
            Target::Elsewhere => false,
        };
        if applies {
            return Some(true);
        }
        selected = Some(false);
    }
    selected
}

/// What follows the name of the bucket in a resource; `None` if that is something else.
fn below<'t>(text: &'t str, bucket: &str) -> Option<&'t str> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
    let rest = rest.strip_prefix("s3:::")?.strip_prefix(bucket)?;
    let is_bucket = rest.is_empty() || rest.starts_with(['/', '*']);
    (is_bucket && super::PARTITIONS.contains(&partition)).then_some(rest)
}

/// Whether what follows the bucket's name can be the end of a bucket's ARN, or of an object's.
fn reaches(rest: &str, target: Target) -> bool {
    match target {
        Target::Bucket => rest.bytes().all(|byte| byte == b'*'),
        Target::Object => !rest.is_empty(),
        Target::Elsewhere => false,
    }
}

fn check_condition(operator: &str, key: &str, values: &[String], version: Version) -> Result<(), Fault> {
    if !key.contains(':') {
        return Err(malformed("Policy has an invalid condition key"));
    }
    match Condition::new(operator, key, values, version) {
        Ok(_) => Ok(()),
        Err(BadTest::Operator) => Err(malformed(format!("Invalid Condition type : {operator}"))),
        Err(BadTest::Value) if operator.contains("IpAddress") => Err(malformed("Invalid IP address in Conditions")),
        Err(BadTest::Value) => Err(malformed(INVALID_SYNTAX).because(format_args!("values of `{key}`"))),
    }
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "MalformedPolicy", message)
}
