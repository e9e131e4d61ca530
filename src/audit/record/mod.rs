//! CloudTrail's record of one request.
//! Source: CloudTrail user guide, "CloudTrail record contents" (version 1.11) and "CloudTrail userIdentity element".
//!
//! A [`Record`] borrows what the request path already holds and is written straight to bytes: the hot path of an S3 data
//! event allocates nothing and builds no tree.

mod identity;
mod json;
mod parameters;
mod write;

use std::net::IpAddr;

use serde_json::Value;
use uuid::Uuid;

pub use self::parameters::S3Parameters;
use crate::base::{AccessKeyId, AccountId, Principal, RequestId, Timestamp, principal::Vouched};

/// `eventVersion`.
pub const EVENT_VERSION: &str = "1.11";
/// `eventName` of a request that could not be read far enough to know its operation.
pub const UNKNOWN_EVENT: &str = "Unknown";
/// Most bytes of `userAgent`, of `errorCode` and of `errorMessage`.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Most bytes of `requestParameters` and of `responseElements`, as JSON.
pub const ELEMENT_BYTES_MAX: usize = 100 * 1024;
/// Most bytes of `additionalEventData`, as JSON.
pub const ADDITIONAL_BYTES_MAX: usize = 28 * 1024;

/// One record. [`Record::write`] appends it to a buffer as one line of JSON.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// `eventTime`: when the request was finished.
    pub at: Timestamp,
    /// `userIdentity`.
    pub identity: Identity<'a>,
    /// The signing name, from which `eventSource` is made: `s3` stands for `s3.amazonaws.com`.
    pub service: &'a str,
    /// `eventName`: the operation as CloudTrail names it, or [`UNKNOWN_EVENT`].
    pub event_name: &'a str,
    /// `awsRegion`.
    pub region: &'a str,
    /// `sourceIPAddress`.
    pub source_ip: IpAddr,
    /// `userAgent` as received, which need not be UTF-8; S3's is written in brackets.
    pub user_agent: Option<&'a [u8]>,
    /// `errorCode` and `errorMessage`; `None` if the request succeeded.
    pub error: Option<ErrorShown<'a>>,
    /// `requestParameters`.
    pub parameters: Parameters<'a>,
    /// `responseElements`; `None` and `null` for reads.
    pub response: Option<&'a Value>,
    /// `additionalEventData`; left out if it holds nothing.
    pub additional: Additional<'a>,
    /// `requestID`: the one that the client saw.
    pub request_id: RequestId,
    /// `eventID`: a fresh version 4 UUID.
    pub event_id: Uuid,
    /// `readOnly`.
    pub read_only: bool,
    /// `resources`; left out if empty.
    pub resources: &'a [Resource<'a>],
    /// `eventCategory`, and with it `managementEvent`.
    pub category: Category,
    /// `apiVersion`: `2010-05-08`; S3 has none.
    pub api_version: Option<&'a str>,
    /// `recipientAccountId`.
    pub recipient: Option<AccountId>,
    /// `tlsDetails`; `None` for plain connections.
    pub tls: Option<TlsDetails<'a>>,
}

/// Who a record is about.
#[derive(Debug, Clone, Copy)]
pub enum Identity<'a> {
    /// A verified caller. Anonymous ones are written as `AWSAccount` with `ANONYMOUS_PRINCIPAL`.
    Verified {
        /// The principal.
        principal: &'a Principal,
        /// The key that signed.
        access_key: Option<&'a AccessKeyId>,
        /// Its session, for temporary credentials.
        session: Option<SessionShown<'a>>,
    },
    /// Somebody without credentials, for whom an identity provider vouches.
    Vouched(&'a Vouched),
    /// The request named a caller and did not prove it, or was too malformed to name one: type `Unknown`.
    Unproven {
        /// The access key id that the request claims, which may be any text.
        access_key: Option<&'a str>,
    },
}

/// `sessionContext`.
#[derive(Debug, Clone, Copy)]
pub struct SessionShown<'a> {
    /// `creationDate`.
    pub issued: Timestamp,
    /// `mfaAuthenticated`.
    pub has_mfa: bool,
    /// `sourceIdentity`.
    pub source_identity: Option<&'a str>,
    /// `federatedProvider` of `webIdFederationData`; only web identities have that.
    pub provider: Option<&'a str>,
    /// Its `attributes`: keys in lower case with their values.
    pub facts: &'a [(String, Vec<String>)],
    /// `assumedRoot`.
    pub is_assumed_root: bool,
    /// `accountId` of `invokedByDelegate`: the account that acts for the principal.
    pub delegate: Option<AccountId>,
}

/// An error as the client saw it.
#[derive(Debug, Clone, Copy)]
pub struct ErrorShown<'a> {
    /// `errorCode`.
    pub code: &'a str,
    /// `errorMessage`.
    pub message: &'a str,
}

/// What the request asked for.
#[derive(Debug, Clone, Copy)]
pub enum Parameters<'a> {
    /// `null`: nothing is known.
    Null,
    /// A request to S3.
    S3(S3Parameters<'a>),
    /// A request to one of our own APIs, secrets left out.
    Json(&'a Value),
}

/// `additionalEventData`. The first seven members are S3's own, the last three are ours.
#[derive(Debug, Clone, Copy, Default)]
pub struct Additional<'a> {
    /// `SignatureVersion`: `SigV4`, `SigV4A`.
    pub signature_version: Option<&'a str>,
    /// `CipherSuite`.
    pub cipher_suite: Option<&'a str>,
    /// `bytesTransferredIn`.
    pub bytes_in: Option<u64>,
    /// `AuthenticationMethod`: `AuthHeader`, `QueryString`.
    pub authentication_method: Option<&'a str>,
    /// `x-amz-id-2`.
    pub id_2: Option<&'a str>,
    /// `bytesTransferredOut`.
    pub bytes_out: Option<u64>,
    /// `SSEApplied`: `Default_SSE_S3`.
    pub sse_applied: Option<&'a str>,
    /// `decision`: why the request was allowed or denied, in more words than the client was given.
    pub decision: Option<&'a str>,
    /// `detail`: the cause of an error as only the operator may see it.
    pub detail: Option<&'a str>,
    /// `request`: what was asked for where no operation is known, without the values of its parameters.
    pub request: Option<&'a str>,
}

/// One element of `resources`.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// `AWS::S3::Object`.
    Object {
        /// The bucket's name.
        bucket: &'a str,
        /// The key, decoded.
        key: &'a str,
    },
    /// `AWS::S3::Object` for all keys that begin so: what a listing or a deletion of several is about.
    Objects {
        /// The bucket's name.
        bucket: &'a str,
        /// The beginning, decoded.
        prefix: &'a str,
    },
    /// `AWS::S3::Bucket`.
    Bucket {
        /// The bucket's name.
        bucket: &'a str,
        /// The account that owns it.
        account: Option<AccountId>,
    },
    /// Anything else.
    Other {
        /// `AWS::IAM::Role`.
        kind: &'a str,
        /// The ARN.
        arn: &'a str,
        /// The account that owns it.
        account: Option<AccountId>,
    },
}

/// `eventCategory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Calls that manage buckets and identities.
    Management,
    /// Calls on what buckets hold, and on internal APIs.
    Data,
}

/// `tlsDetails`.
#[derive(Debug, Clone, Copy)]
pub struct TlsDetails<'a> {
    /// `TLSv1.3`.
    pub version: &'a str,
    /// `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: &'a str,
    /// The host that the client asked for.
    pub host: &'a str,
}
