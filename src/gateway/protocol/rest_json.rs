//! The errors of internal HTTP APIs, as API Gateway writes them: `{"message": "..."}` and the code in
//! `x-amzn-ErrorType`. Source: API Gateway developer guide, "Gateway response types".

use bytes::Bytes;
use serde_json::Value;

use crate::{base::Fault, gateway::message};

/// The content type of these errors.
pub const CONTENT_TYPE: &str = "application/json";

/// The header that carries the code.
pub const ERROR_TYPE: &str = "x-amzn-errortype";

/// Writes a fault's body. Denials spell the member `Message`, as API Gateway does.
pub fn error_body(fault: &Fault) -> Bytes {
    let member = if fault.code == "AccessDeniedException" { "Message" } else { "message" };
    let further = fault.fields.iter().filter(|(name, _)| name == message::ELEMENT);
    let further = further.map(|(name, value)| (name.to_string(), value.as_str().into()));
    let message = (member.to_owned(), Value::from(&*fault.message));
    Value::Object([message].into_iter().chain(further).collect()).to_string().into()
}
