//! What S3 calls a public bucket policy.
//! Source: S3 user guide, "Blocking public access to your Amazon S3 storage: The meaning of public".
//!
//! A policy is taken for public until each statement that allows something to everyone is limited by a condition to fixed
//! values: ones without a wildcard and without a policy variable.

use super::{
    document::{Effect, PrincipalKind, RawPrincipal, RawStatement},
    principal::is_account,
    value::Network,
};

/// Keys, in lower case, whose fixed values limit a statement to known callers.
const LIMITING_KEYS: [&str; 11] = [
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointaccount",
];

/// Operators under which a key has to be there and has to match. `ForAllValues`, `IfExists` and negations also hold for
/// requests that lack it.
const LIMITING_OPERATORS: [&str; 5] = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"];

/// The widest networks that are not public, by the bits of their prefix.
const PREFIX_BITS_MIN: (u32, u32) = (8, 32);

/// Whether a statement allows something to everyone.
pub fn is_public(statement: &RawStatement) -> bool {
    let to_everyone = statement.principal.as_ref().is_none_or(names_everyone);
    let limited = || statement.conditions.iter().any(|(operator, key, values)| limits(operator, key, values));
    statement.effect != Some(Effect::Deny) && to_everyone && !limited()
}

fn names_everyone(principal: &RawPrincipal) -> bool {
    let everyone = |(kind, text): &(PrincipalKind, String)| *kind == PrincipalKind::Everyone || text.contains('*');
    principal.negated || principal.named.as_ref().map_or(true, |named| named.iter().any(everyone))
}

fn limits(operator: &str, key: &str, values: &[String]) -> bool {
    let operator = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let is_limiting: fn(&str) -> bool = match &*key.to_ascii_lowercase() {
        "aws:sourceip" if operator == "IpAddress" => is_narrow,
        _ if !LIMITING_OPERATORS.contains(&operator) => return false,
        "s3:dataaccesspointarn" => is_access_point_of_one_account,
        "aws:userid" => |value| is_fixed(value) && !is_session_of_role(value),
        key if LIMITING_KEYS.contains(&key) => is_fixed,
        _ => return false,
    };
    !values.is_empty() && values.iter().all(|value| is_limiting(value))
}

fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !value.contains(['*', '?']) && !value.contains("${")
}

/// The guide leaves values of this form out: the name after the colon is the caller's choice.
fn is_session_of_role(value: &str) -> bool {
    value.starts_with("AROA") && value.contains(':')
}

/// Whoever the access point is, its account is fixed: `arn:aws:s3:us-west-2:123456789012:accesspoint/*`.
fn is_access_point_of_one_account(value: &str) -> bool {
    let mut parts = value.splitn(6, ':').skip(4);
    parts.next().is_some_and(is_account) && parts.next().is_some_and(|name| name.starts_with("accesspoint/"))
}

fn is_narrow(value: &str) -> bool {
    match Network::new(value) {
        Some(Network::V4(_, mask)) => mask.count_ones() >= PREFIX_BITS_MIN.0,
        Some(Network::V6(_, mask)) => mask.count_ones() >= PREFIX_BITS_MIN.1,
        None => false,
    }
}
