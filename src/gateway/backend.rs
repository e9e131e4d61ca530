//! What a backend is. Our own APIs stand on the road like any upstream: they describe a request as an operation, the
//! gateway authorizes it, and only a [`Permit`](super::permit::Permit) runs it.

use bytes::Bytes;

use super::caller::Caller;
use crate::base::{Fault, Head, Operation, RequestId};

/// A request to one of our own APIs. Its body is buffered, within the API's limit.
pub struct ApiRequest<'a> {
    /// The head.
    pub head: Head<'a>,
    /// The whole body.
    pub body: &'a Bytes,
    /// The id that the client sees.
    pub request_id: RequestId,
}

/// An API that this program serves itself: IAM, STS, S3 Control, later CloudTrail.
pub trait OwnApi: Send + Sync {
    /// The signing name: `iam`, `sts`; `s3` is S3 Control, which shares it with S3.
    fn service(&self) -> &'static str;

    /// The `xmlns` of its answers: `https://iam.amazonaws.com/doc/2010-05-08/`.
    fn namespace(&self) -> &'static str;

    /// The API version: `2010-05-08`.
    fn version(&self) -> &'static str;

    /// The most bytes that a body may have.
    fn body_bytes_max(&self) -> usize;

    /// Whether a request without a signature is for an operation that takes none.
    fn takes_unsigned(&self, _: &ApiRequest<'_>) -> bool {
        false
    }

    /// Reads the request into an operation, with everything that it needs to be allowed.
    fn describe(&self, request: &ApiRequest<'_>, caller: &Caller) -> Result<Box<dyn OwnOperation>, Box<Undescribed>>;
}

/// A request that an API of ours refuses before anything is decided on.
#[derive(Debug)]
pub struct Undescribed {
    /// What the client is told.
    pub fault: Fault,
    /// The operation that was asked for, if the API knows it: the record names it.
    pub operation: Option<&'static str>,
    /// Whether that operation changes nothing.
    pub read_only: bool,
}

impl Undescribed {
    /// A request for nothing that the API knows.
    pub fn unknown(fault: Fault) -> Box<Self> {
        Box::new(Self { fault, operation: None, read_only: false })
    }

    /// A request for a known operation, in a form that it does not take.
    pub fn known(operation: &'static str, read_only: bool, fault: Fault) -> Box<Self> {
        Box::new(Self { fault, operation: Some(operation), read_only })
    }
}

/// One call of an API of ours. `run` may block on the store; it is called apart from the data path.
pub trait OwnOperation: Operation + Send {
    /// Carries the operation out. Called only with a redeemed permit.
    fn run(self: Box<Self>, caller: &Caller) -> Result<Answer, Fault>;

    /// CloudTrail's `requestParameters`: lower-camel-case members, secrets left out.
    fn request_parameters(&self) -> serde_json::Value;
}

/// The answer of an API of ours.
pub struct Answer {
    /// The whole body, in the API's protocol, or nothing; status 200.
    pub body: Bytes,
    /// `text/xml`.
    pub content_type: &'static str,
    /// CloudTrail's `responseElements`: `null` for reads, secrets left out.
    pub response_elements: serde_json::Value,
}
