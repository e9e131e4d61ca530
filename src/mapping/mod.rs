//! Floor 1: what a request asks for, said in IAM's words.
//!
//! A request head becomes a typed call with the IAM actions and resource ARNs that it needs ([`crate::base::Operation`]),
//! and the upstream request is *rebuilt* from that call. What was authorized is what is forwarded: no raw path, query or
//! header of the client gets past this module. Whatever is unknown or can be read in two ways is refused.
//!
//! Pure: no I/O, no clock, no randomness.

pub mod execute_api;
pub mod s3;
mod uri;

use http::{HeaderMap, Method};

/// A request to sign and to send. It holds no header of the connection and none of the client's signature.
#[derive(Debug)]
pub struct UpstreamRequest {
    /// The method.
    pub method: Method,
    /// The path, escaped once.
    pub path: String,
    /// The query without `?`, escaped once. For S3 it is in SigV4's canonical form: sorted, `=` after every name.
    pub query: String,
    /// Headers that describe the request to the upstream.
    pub headers: HeaderMap,
}
