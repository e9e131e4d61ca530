//! What acting on a request gives, before it is written down for the client.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::Incoming;

use super::upstream::Lease;

/// An answer on its way back.
pub enum Reply {
    /// Made here, or read whole from an upstream.
    Made(Response<Bytes>),
    /// An upstream's body, passed on as it arrives.
    Passed(Box<Passed>),
}

/// An upstream's answer whose body has not been read yet.
pub struct Passed {
    /// Its status.
    pub status: StatusCode,
    /// Those of its headers that clients may see.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Incoming,
    /// The connection that it comes over; `None` if that cannot be used again.
    pub lease: Option<Lease>,
    /// The upstream's name, for the log.
    pub upstream: Arc<str>,
    /// The longest wait for the next part of the body.
    pub idle: Duration,
}

impl Reply {
    /// A reply without a body.
    pub fn empty(status: StatusCode, headers: HeaderMap) -> Self {
        Self::made(status, headers, Bytes::new())
    }

    /// A reply with a whole body.
    pub fn made(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Reply::Made(response)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        match self {
            Reply::Made(response) => response.status(),
            Reply::Passed(passed) => passed.status,
        }
    }
}
