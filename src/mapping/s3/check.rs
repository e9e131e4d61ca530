//! Values that a store could read as another operation, as an absent parameter or not at all are refused here.

use super::{
    call::Headers,
    fault,
    tags::{self, Tags},
};
use crate::base::{Fault, Timestamp};

/// Checks the value of a query parameter that its operation takes.
pub(super) fn parameter(name: &'static str, value: &str) -> Result<(), Fault> {
    let message = match name {
        // An empty one would be ignored by some stores, which would then do something else than what was decided.
        "versionId" if value.is_empty() => "Version id cannot be the empty string",
        "uploadId" | "id" | "annotationName" if value.is_empty() => "This parameter must not be empty",
        "partNumber" if !is_number(value, 1, 10_000) => "Part number must be an integer between 1 and 10000, inclusive",
        "max-keys" | "max-uploads" | "max-parts" | "max-buckets" | "max-annotation-results" | "part-number-marker"
            if !is_number(value, 0, i32::MAX.unsigned_abs()) =>
        {
            "Argument must be an integer between 0 and 2147483647"
        }
        "list-type" | "select-type" if value != "2" => "Invalid type; only 2 is known",
        "encoding-type" if value != "url" => "Invalid Encoding Method specified in Request",
        name if name.starts_with("response-") && value.bytes().any(|byte| byte.is_ascii_control()) => {
            "A response header must not hold control characters"
        }
        _ => return Ok(()),
    };
    Err(fault::invalid_argument(message, name, value))
}

/// Only digits, no leading zeros beyond ten characters: what every store reads as the same number.
fn is_number(value: &str, min: u32, max: u32) -> bool {
    let is_plain = value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit());
    is_plain && value.parse::<u32>().is_ok_and(|number| (min..=max).contains(&number))
}

/// Checks the headers that decisions read, and returns the tags among them.
pub(super) fn headers(headers: &Headers) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for (name, value) in headers {
        let value = value.to_str().unwrap_or_default();
        let message = match name.as_str() {
            "x-amz-tagging" => {
                tags = tags::of_header(value)?;
                continue;
            }
            "x-amz-bypass-governance-retention" | "x-amz-bucket-object-lock-enabled" if !is_bool(value) => {
                "The value must be true or false"
            }
            "x-amz-metadata-directive" if !matches!(value, "COPY" | "REPLACE") => "Unknown metadata directive.",
            "x-amz-tagging-directive" if !matches!(value, "COPY" | "REPLACE") => "Unknown tagging directive.",
            "x-amz-object-lock-mode" if !is_lock_mode(value) => "Unknown wormMode directive.",
            "x-amz-object-lock-legal-hold" if !matches!(value, "ON" | "OFF") => {
                "Legal Hold must be either of 'ON' or 'OFF'"
            }
            "x-amz-object-lock-retain-until-date" if moment(value).is_none() => {
                "The retain until date must be provided in ISO 8601 format"
            }
            _ => continue,
        };
        return Err(fault::invalid_argument(message, name.as_str(), value));
    }
    Ok(tags)
}

fn is_bool(value: &str) -> bool {
    is_true(value) || value.eq_ignore_ascii_case("false")
}

/// S3 takes `True` as well.
pub(super) fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

pub(super) fn is_lock_mode(value: &str) -> bool {
    matches!(value, "GOVERNANCE" | "COMPLIANCE")
}

/// A date of retention, in ISO 8601 with an offset.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_one_way_or_refused() {
        let cases = [
            ("versionId", "null", true),
            ("versionId", "", false),
            ("uploadId", "", false),
            ("id", "", false),
            ("partNumber", "1", true),
            ("partNumber", "0", false),
            ("partNumber", "10001", false),
            ("partNumber", "+1", false),
            ("max-keys", "0", true),
            ("max-keys", "", false),
            ("max-keys", "-1", false),
            ("max-keys", "1e3", false),
            ("list-type", "1", false),
            ("encoding-type", "url", true),
            ("encoding-type", "xml", false),
            ("prefix", "", true),
            ("response-content-type", "a\r\nb", false),
        ];
        for (name, value, fits) in cases {
            assert_eq!(parameter(name, value).is_ok(), fits, "{name}={value}");
        }
    }
}
