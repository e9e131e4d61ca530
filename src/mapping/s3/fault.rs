//! S3's errors that the mapping answers with: code, status and wording as S3 has them.

use crate::{base::Fault, mapping::uri::Unreadable};

/// The target has escapes that cannot be read, or a key that a store might read as another.
pub(super) fn invalid_uri(detail: &'static str) -> Fault {
    Fault::new(400, "InvalidURI", "Couldn't parse the specified URI.").because(detail)
}

pub(super) fn unreadable(why: Unreadable) -> Fault {
    invalid_uri(match why {
        Unreadable::Escape => "an escape is not `%` and two hexadecimal digits",
        Unreadable::NotUtf8 => "the decoded text is not UTF-8",
        Unreadable::Control => "a control character or a raw byte outside visible ASCII",
    })
}

pub(super) fn invalid_argument(message: &'static str, name: &str, value: &str) -> Fault {
    Fault::new(400, "InvalidArgument", message).with("ArgumentName", name).with("ArgumentValue", value)
}

pub(super) fn invalid_request(message: &'static str) -> Fault {
    Fault::new(400, "InvalidRequest", message)
}

pub(super) fn key_too_long(bytes: usize, bytes_max: usize) -> Fault {
    Fault::new(400, "KeyTooLongError", "Your key is too long")
        .with("Size", bytes.to_string())
        .with("MaxSizeAllowed", bytes_max.to_string())
}

pub(super) fn invalid_bucket(name: &str) -> Fault {
    Fault::new(400, "InvalidBucketName", "The specified bucket is not valid.").with("BucketName", name)
}

/// Something that asks for a behaviour which is not served; `what` is named in the error body and in the record.
pub(super) fn not_implemented(what: &str) -> Fault {
    Fault::new(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
        .with("Header", what)
        .because(format_args!("`{what}` is not known for this operation"))
}

/// An operation that is known by name and not served.
pub(super) fn not_served(operation: &str, reason: &str) -> Fault {
    Fault::new(501, "NotImplemented", format!("{operation} is not implemented: {reason}"))
}

pub(super) fn method_not_allowed(method: &str, resource: &'static str) -> Fault {
    Fault::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        .with("Method", method)
        .with("ResourceType", resource)
}

pub(super) fn malformed_xml(detail: impl std::fmt::Display) -> Fault {
    Fault::new(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    .because(detail)
}

/// A preflight request: no bucket here answers CORS.
pub(super) fn cors_not_enabled(method: &str, resource: &'static str) -> Fault {
    Fault::new(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
        .with("Method", method)
        .with("ResourceType", resource)
}
