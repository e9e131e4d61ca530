//! The Query protocol's error bodies, of IAM and STS.
//! Source: IAM API reference, "Common errors".

use std::borrow::Cow;

use bytes::Bytes;
use quick_xml::escape::partial_escape;

use crate::base::Fault;

/// The content type of the Query protocol.
pub const CONTENT_TYPE: &str = "text/xml";

/// Writes a fault's body. Faults of the client are of type `Sender`, ours are of type `Receiver`.
pub fn error_body(fault: &Fault, request_id: &str, namespace: &str) -> Bytes {
    let element =
        |(name, value): &(Cow<'_, str>, String)| format!("<{name}>{}</{name}>", partial_escape(value.as_str()));
    let elements: String = fault.fields.iter().map(element).collect();
    let kind = if fault.status < 500 { "Sender" } else { "Receiver" };
    [
        "<ErrorResponse xmlns=\"",
        namespace,
        "\"><Error><Type>",
        kind,
        "</Type><Code>",
        &partial_escape(&*fault.code),
        "</Code><Message>",
        &partial_escape(&*fault.message),
        "</Message>",
        &elements,
        "</Error><RequestId>",
        request_id,
        "</RequestId></ErrorResponse>",
    ]
    .concat()
    .into()
}
