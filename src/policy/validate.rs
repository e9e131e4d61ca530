//! What AWS refuses to save, with its messages (`MalformedPolicyDocument`).
//!
//! AWS stores documents of version 2008-10-17, and without a version, as they are; so do we. The evaluator accepts
//! whatever passes here.

use std::collections::HashSet;

use super::{
    compiled::Policy,
    document::{self, Matching, RawStatement, Version},
    operator::Test,
};
use crate::base::Fault;

/// Checks an identity-based policy before it is stored.
pub fn validate(text: &str) -> Result<(), Fault> {
    let document = document::parse(text).map_err(|error| malformed(SYNTAX).because(error))?;
    if document.id.is_some() && text.len() > document::DOCUMENT_BYTES_MAX {
        return Err(malformed(SYNTAX));
    }
    let mut sids = HashSet::new();
    for statement in &document.statements {
        if let Some(sid) = &statement.sid {
            if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(malformed("Statement IDs (SID) must be alpha-numeric."));
            }
            if !sids.insert(sid) {
                return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
            }
        }
        check(statement, document.version.unwrap_or(Version::V2008))?;
    }
    Policy::compile(text).map(drop).map_err(|error| malformed(SYNTAX).because(error))
}

const SYNTAX: &str = "Syntax errors in policy.";

fn check(statement: &RawStatement, version: Version) -> Result<(), Fault> {
    if statement.has_principal {
        return Err(malformed("Policy document should not specify a principal."));
    }
    let empty = |matching: &Option<Matching>| matching.as_ref().is_none_or(|matching| matching.patterns.is_empty());
    if empty(&statement.action) {
        return Err(malformed("Policy statement must contain actions."));
    }
    if empty(&statement.resource) {
        return Err(malformed("Policy statement must contain resources."));
    }
    statement.action.iter().flat_map(|matching| &matching.patterns).try_for_each(|action| check_action(action))?;
    statement.resource.iter().flat_map(|matching| &matching.patterns).try_for_each(|text| check_resource(text))?;
    for (operator, key, values) in &statement.conditions {
        let test = Test::new(operator, values, version);
        let test = test.ok_or_else(|| malformed(format!("Invalid Condition type : {operator}.")))?;
        if !key.contains(':') {
            return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
        }
        if !test.comparison.is_well_typed() {
            return Err(malformed("The policy failed legacy parsing").because(format_args!("values of {key}")));
        }
    }
    Ok(())
}

fn check_action(action: &str) -> Result<(), Fault> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    if vendor.is_empty() || !vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
        return Err(malformed(format!("Vendor {vendor} is not valid")));
    }
    if name.contains(':') {
        return Err(malformed("Actions/Condition can contain only one colon."));
    }
    let plain = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?' | b'-' | b'_'));
    if plain { Ok(()) } else { Err(malformed(SYNTAX).because("the name of an action")) }
}

const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

fn check_resource(text: &str) -> Result<(), Fault> {
    if text == "*" {
        return Ok(());
    }
    let Some(rest) = text.strip_prefix("arn:") else {
        return Err(malformed(format!("Resource {text} must be in ARN format or \"*\".")));
    };
    let mut parts = rest.splitn(5, ':');
    let (partition, service, region) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next());
    if partition != "*" && !PARTITIONS.contains(&partition) {
        return Err(malformed(format!("Partition \"{partition}\" is not valid for resource \"{}\".", filled(text))));
    }
    if service.is_empty() || service.contains(['*', '?']) {
        return Err(malformed("Resource vendor must be fully qualified and cannot contain regexes."));
    }
    let has_region = region.is_some_and(|region| !matches!(region, "" | "*"));
    match service {
        "iam" if has_region => Err(malformed(format!("IAM resource {text} cannot contain region information."))),
        "s3" if has_region && !text.contains(":accesspoint/") => {
            Err(malformed(format!("Resource {text} can not contain region information.")))
        }
        _ => Ok(()),
    }
}

/// An ARN with `*` for the parts that it lacks, as AWS shows it.
fn filled(text: &str) -> String {
    let missing = 6usize.saturating_sub(text.splitn(6, ':').count());
    text.to_owned() + &":*".repeat(missing)
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "MalformedPolicyDocument", message)
}
