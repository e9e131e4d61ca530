//! Step 3, describe: from a sound head, and from bodies on which decisions depend, to a typed operation.

use bytes::Bytes;
use hyper::body::Incoming;

use super::{
    body::{buffer, incomplete_body},
    payload::Promise,
    read::Received,
    settings::Settings,
};
use crate::{
    base::{Fault, Timestamp},
    mapping::s3::{self, Body, Call},
};

/// An S3 call whose head is understood, with what is left of its body.
pub enum Described {
    /// Everything that decisions need is known; the body is still to come, or there is none.
    Open(Box<Call>, Incoming),
    /// The body was needed for the decision: it is here, proven.
    Read(Box<Call>),
    /// A form: its fields come before the signature can be checked.
    Form(Box<Call>, Incoming),
}

/// Describes an S3 request.
pub async fn s3(
    received: &Received,
    settings: &Settings,
    promise: &Promise,
    body: Incoming,
    at: Timestamp,
) -> Result<Described, Fault> {
    let mut call = Box::new(s3::recognise(&received.head(), &settings.addressing, at)?);
    match call.body() {
        Body::Form => Ok(Described::Form(call, body)),
        Body::Stream => Ok(Described::Open(call, body)),
        Body::None if received.content_length.unwrap_or(0) > 0 => {
            Err(Fault::new(400, "InvalidRequest", "This operation takes no request body."))
        }
        Body::None => Ok(Described::Open(call, body)),
        Body::Buffered(bytes_max) => {
            let whole = whole(promise, body, bytes_max).await?;
            call.with_body(&whole)?;
            Ok(Described::Read(call))
        }
    }
}
