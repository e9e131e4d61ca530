//! The policy of a browser's upload: what the signer allows a form to say.
//! Source: S3 API reference, "Creating a POST policy".

use std::ops::RangeInclusive;

use data_encoding::BASE64;
use serde_json::Value;

use crate::base::{Fault, Timestamp};

/// The largest object that one upload may make, in bytes.
pub const OBJECT_BYTES_MAX: u64 = 5 << 30;

/// Checks the fields of a form against its policy, whose signature the caller has verified. `fields` are those before
/// the file with their values as they count; `bucket` is the request's. Gives the lengths that the file may have.
pub fn check(
    policy: &str,
    fields: &[(String, String)],
    bucket: &str,
    now: Timestamp,
) -> Result<RangeInclusive<u64>, Fault> {
    let text = BASE64.decode(policy.trim().as_bytes()).map_err(|_| malformed("the policy is not base 64"))?;
    let policy: Value = serde_json::from_slice(&text).map_err(malformed)?;
    let expiration = policy.get("expiration").and_then(Value::as_str);
    let expiration = expiration.and_then(|text| text.parse::<Timestamp>().ok());
    if expiration.ok_or_else(|| malformed("the expiration is missing or no date"))? < now {
        return Err(invalid("Policy expired."));
    }
    let conditions = policy.get("conditions").and_then(Value::as_array);
    let conditions = conditions.ok_or_else(|| malformed("the conditions are missing"))?;
    let mut covered = Vec::new();
    let mut length = 0..=OBJECT_BYTES_MAX;
    for condition in conditions {
        match Condition::read(condition)? {
            Condition::Length(range) => length = *length.start().max(range.start())..=*length.end().min(range.end()),
            Condition::Field { name, value, is_prefix } => {
                let fits = |given: &str| if is_prefix { given.starts_with(&value) } else { given == value };
                if !all_fit(fields, &name, bucket, fits) {
                    return Err(invalid(&format!("Policy Condition failed: {}", as_list(condition))));
                }
                covered.push(name);
            }
        }
    }
    let is_free = |name: &str| matches!(name, "x-amz-signature" | "file" | "policy") || name.starts_with("x-ignore-");
    for (name, _) in fields {
        let name = name.to_ascii_lowercase();
        if !is_free(&name) && !covered.contains(&name) {
            return Err(invalid(&format!("Extra input fields: {name}")));
        }
    }
    Ok(length)
}

enum Condition {
    Field { name: String, value: String, is_prefix: bool },
    Length(RangeInclusive<u64>),
}

impl Condition {
    fn read(condition: &Value) -> Result<Self, Fault> {
        let unknown = || malformed("a condition of another form");
        match condition {
            Value::Object(pairs) if pairs.len() == 1 => {
                let (name, value) = pairs.iter().next().ok_or_else(unknown)?;
                let value = value.as_str().ok_or_else(unknown)?.to_owned();
                Ok(Condition::Field { name: name.to_ascii_lowercase(), value, is_prefix: false })
            }
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(kind), from, to] if kind == "content-length-range" => {
                    let (from, to) = (number(from).ok_or_else(unknown)?, number(to).ok_or_else(unknown)?);
                    Ok(Condition::Length(from..=to))
                }
                [Value::String(kind), Value::String(name), Value::String(value)] => {
                    let is_prefix = match kind.as_str() {
                        "eq" => false,
                        "starts-with" => true,
                        _ => return Err(unknown()),
                    };
                    let name = name.strip_prefix('$').ok_or_else(unknown)?.to_ascii_lowercase();
                    Ok(Condition::Field { name, value: value.clone(), is_prefix })
                }
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Whether a field is there and fits, as often as it is there; the bucket is the request's as well.
fn all_fit(fields: &[(String, String)], name: &str, bucket: &str, fits: impl Fn(&str) -> bool) -> bool {
    let of_request = (name == "bucket").then_some(bucket);
    let given = fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let mut given = of_request.into_iter().chain(given).peekable();
    given.peek().is_some() && given.all(fits)
}

/// A condition as S3 shows it in errors: `["eq", "$key", "value"]`.
fn as_list(condition: &Value) -> String {
    if let Some((name, value)) = condition.as_object().and_then(|pairs| pairs.iter().next()) {
        return format!("[\"eq\", \"${name}\", {value}]");
    }
    let parts: Vec<String> = condition.as_array().into_iter().flatten().map(Value::to_string).collect();
    format!("[{}]", parts.join(", "))
}

fn invalid(what: &str) -> Fault {
    Fault::new(403, "AccessDenied", format!("Invalid according to Policy: {what}"))
}

fn malformed(why: impl std::fmt::Display) -> Fault {
    Fault::new(
        400,
        "InvalidPolicyDocument",
        "The content of the form does not meet the conditions specified in the policy document.",
    )
    .because(why)
}
