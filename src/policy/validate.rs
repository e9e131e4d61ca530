//! What AWS refuses to save, with its messages (`MalformedPolicyDocument`).
//!
//! A document with several faults gets the message of the fault that AWS finds first, so the checks stand in AWS's
//! order: syntax, version, what AWS calls legacy parsing, statement ids, principals, and then the semantics of actions
//! and resources. Whatever passes compiles.
//!
//! Policies that name principals go through another parser at AWS, with other words: those of buckets and of roles'
//! trust. Organizations has one message for all faults of policies of control.

mod bucket;
mod principals;
mod trust;

use std::collections::BTreeSet;

pub use self::{
    bucket::{bucket, unknown_in_bucket},
    trust::{trust, unknown_in_trust},
};
use super::{
    compiled::{Kind, Policy, is_vendor},
    condition::Condition,
    document::{self, Matching, RawStatement, Version},
    operator::BadTest,
    resource::ResourcePattern,
};
use crate::base::Fault;

/// Checks an inline policy. AWS takes those of version 2008-10-17, and without a version, to this day.
pub fn validate(text: &str) -> Result<(), Fault> {
    check(text, false)
}

/// Checks a managed policy, which has to be of version 2012-10-17.
pub fn validate_managed(text: &str) -> Result<(), Fault> {
    check(text, true)
}

/// Checks a policy of control, which has to be of version 2012-10-17.
pub fn control(text: &str, kind: Kind) -> Result<Policy, Fault> {
    let refused = |cause: String| {
        let message = "The provided policy document does not meet the requirements of the specified policy type.";
        Fault::new(400, "MalformedPolicyDocumentException", message).because(cause)
    };
    let document = document::parse(text).map_err(|error| refused(error.to_string()))?;
    if document.version != Some(Version::V2012) {
        return Err(refused("of another version".into()));
    }
    check_ids(&document.statements).map_err(|fault| refused(fault.message.into()))?;
    Policy::of(document, text, kind).map_err(|error| refused(error.to_string()))
}

const SYNTAX: &str = "Syntax errors in policy.";
const LEGACY: &str = "The policy failed legacy parsing";

fn check(text: &str, managed: bool) -> Result<(), Fault> {
    let document = document::parse(text).map_err(|error| malformed(SYNTAX).because(error))?;
    let (version, statements) = (document.version.unwrap_or(Version::V2008), &*document.statements);
    check_conditions(statements, version, BadTest::Operator, SYNTAX)?;
    if managed && version != Version::V2012 {
        return Err(malformed("Policy document must be version 2012-10-17 or greater."));
    }
    if statements.iter().any(|statement| statement.effect.is_none()) {
        return Err(malformed(LEGACY).because("the case of an effect"));
    }
    check_conditions(statements, version, BadTest::Value, LEGACY)?;
    let resource_fault = check_resources(statements, version)?;
    check_ids(statements)?;
    if statements.iter().any(|statement| statement.principal.is_some()) {
        return Err(malformed("Policy document should not specify a principal."));
    }
    if statements.iter().any(|statement| is_empty(&statement.action)) {
        return Err(malformed("Policy statement must contain actions."));
    }
    resource_fault.map_or(Ok(()), |message| Err(malformed(message)))?;
    elements(statements, |statement| &statement.action)
        .flat_map(|action| &action.patterns)
        .try_for_each(check_action)?;
    if statements.iter().any(|statement| is_empty(&statement.resource)) {
        return Err(malformed("Policy statement must contain resources."));
    }
    Policy::of(document, text, Kind::Identity).map(drop).map_err(|error| malformed(LEGACY).because(error))
}

fn is_empty(element: &Option<Matching>) -> bool {
    element.as_ref().is_none_or(|matching| matching.patterns.is_empty())
}

/// One element of all statements: first as it is, then with `Not`. That is AWS's order.
fn elements<'a>(
    statements: &'a [RawStatement],
    of: impl Fn(&RawStatement) -> &Option<Matching> + Copy + 'a,
) -> impl Iterator<Item = &'a Matching> {
    [false, true].into_iter().flat_map(move |negated| {
        statements.iter().filter_map(move |statement| of(statement).as_ref()).filter(move |it| it.negated == negated)
    })
}

/// Refuses conditions that are no tests for one reason.
fn check_conditions(
    statements: &[RawStatement],
    version: Version,
    reason: BadTest,
    message: &'static str,
) -> Result<(), Fault> {
    for (operator, key, values) in statements.iter().flat_map(|statement| &statement.conditions) {
        match Condition::new(operator, key, values, version) {
            Err(error) if error == reason => {
                return Err(malformed(message).because(format_args!("`{operator}` of `{key}`: {error}")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_ids(statements: &[RawStatement]) -> Result<(), Fault> {
    let ids = || statements.iter().filter_map(|statement| statement.sid.as_deref()).filter(|id| !id.is_empty());
    if !ids().flat_map(str::bytes).all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(malformed(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ));
    }
    check_unique(statements)
}

fn check_unique(statements: &[RawStatement]) -> Result<(), Fault> {
    let mut ids = statements.iter().filter_map(|statement| statement.sid.as_deref()).filter(|id| !id.is_empty());
    let mut seen = BTreeSet::new();
    if ids.all(|id| seen.insert(id)) {
        Ok(())
    } else {
        Err(malformed("Statement IDs (SID) in a single policy must be unique."))
    }
}

fn check_action(action: &String) -> Result<(), Fault> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    if name.contains(':') {
        return Err(malformed("Actions/Condition can contain only one colon."));
    }
    if is_vendor(vendor) { Ok(()) } else { Err(malformed(format!("Vendor {vendor} is not valid"))) }
}

/// Refuses what legacy parsing does, and tells the message of another fault. AWS goes through the resources of a
/// statement from the last in order to the first, and after one such fault parses no further.
fn check_resources(statements: &[RawStatement], version: Version) -> Result<Option<String>, Fault> {
    let mut fault = None;
    for resource in elements(statements, |statement| &statement.resource) {
        let mut patterns: Vec<&str> = resource.patterns.iter().map(String::as_str).collect();
        patterns.sort_unstable_by(|one, other| other.cmp(one));
        for text in &patterns {
            fault = resource_fault(text).or(fault);
        }
        match patterns.iter().find(|text| ResourcePattern::new(text, version).is_none()) {
            Some(text) if fault.is_none() => return Err(malformed(LEGACY).because(format_args!("resource `{text}`"))),
            _ => {}
        }
    }
    Ok(fault)
}

const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// The resources of S3 that have a region.
const S3_REGIONAL: [&str; 6] =
    ["accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens/", "storage-lens-group/"];

/// What is wrong with the form of a resource, in AWS's words.
fn resource_fault(text: &str) -> Option<String> {
    if text == "*" {
        return None;
    }
    let no_arn = || Some(format!("Resource {text} must be in ARN format or \"*\"."));
    let Some((scheme, rest)) = text.split_once(':') else { return no_arn() };
    let (partition, rest) = rest.split_once(':').map_or((rest, None), |(partition, rest)| (partition, Some(rest)));
    if partition != "*" && !PARTITIONS.contains(&partition) {
        let given = rest.filter(|rest| !rest.is_empty()).into_iter().flat_map(|rest| rest.splitn(4, ':'));
        let parts: Vec<&str> = given.chain(["*"; 4]).take(4).collect();
        let arn = format!("arn:{partition}:{}", parts.join(":"));
        return Some(format!("Partition \"{partition}\" is not valid for resource \"{arn}\"."));
    }
    if scheme != "arn" {
        return no_arn();
    }
    let mut parts = rest.unwrap_or("*").splitn(4, ':');
    let mut part = || parts.next();
    let (vendor, region, _account, path) = (part().unwrap_or(""), part().unwrap_or(""), part(), part().unwrap_or("*"));
    if vendor.contains(['*', '?']) {
        return Some("Resource vendor must be fully qualified and cannot contain regexes.".into());
    }
    match vendor {
        "iam" if !region.is_empty() => Some(format!("IAM resource {text} cannot contain region information.")),
        "iam" if !IAM_PATHS.iter().any(|start| path.starts_with(start)) && !matches!(path, "*" | "root") => {
            let starts = IAM_PATHS.join(", ");
            Some(format!("IAM resource path must either be \"*\" or start with {starts}."))
        }
        "s3" if !region.is_empty() && !S3_REGIONAL.iter().any(|start| path.starts_with(start)) => {
            Some(format!("Resource {text} can not contain region information."))
        }
        _ => None,
    }
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "MalformedPolicyDocument", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MEMBERS: [&str; 13] = [
        r#""Effect":"Allow""#,
        r#""Effect":"Deny""#,
        r#""Principal":"*""#,
        r#""Principal":{"AWS":"arn:aws:iam::111122223333:root"}"#,
        r#""NotPrincipal":{"AWS":["111122223333"],"Service":"é"}"#,
        r#""Action":"s3:*""#,
        r#""Action":"sts:AssumeRole""#,
        r#""Resource":"arn:aws:s3:::b*""#,
        "\"Resource\":\n\"*\"",
        r#""Condition":{"StringLike":{"a:b":"${c:d}\ud83d\ude00"}}"#,
        r#""Sid":"é""#,
        "{",
        "]",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn whatever_passes_compiles(members in proptest::sample::subsequence(MEMBERS.to_vec(), 2..6), twice in any::<bool>()) {
            let statement = format!("{{{}}}", members.join(","));
            let statements = if twice { format!("[{statement},\n {statement}]") } else { statement };
            let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":{statements}}}");
            for kind in [Kind::Identity, Kind::Trust, Kind::Bucket, Kind::ServiceControl, Kind::ResourceControl] {
                if let Ok(policy) = Policy::compile_as(&text, kind) {
                    prop_assert_eq!(policy.statements().len(), document::spans(&text).len());
                }
                prop_assert!(control(&text, kind).is_err() || Policy::compile_as(&text, kind).is_ok());
            }
            prop_assert!(validate(&text).is_err() || Policy::compile(&text).is_ok());
            prop_assert!(bucket(&text, "b").is_err() || Policy::compile_as(&text, Kind::Bucket).is_ok());
            prop_assert!(trust(&text).is_err() || Policy::compile_as(&text, Kind::Trust).is_ok());
        }

        #[test]
        fn nothing_panics(text in any::<String>(), cut in 0..200_usize) {
            let good = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"é","Action":"*"}]}"#;
            let cut: String = good.chars().take(cut).collect();
            for text in [text.clone(), format!("{cut}{text}"), good.replace('é', &text)] {
                let _ = (document::spans(&text), bucket(&text, &text), trust(&text), control(&text, Kind::ServiceControl));
            }
        }
    }
}
