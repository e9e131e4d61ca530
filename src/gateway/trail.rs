//! What is known of a request so far. Every step adds to it; the last one writes it down. A trail that is dropped before
//! that, because the server ends or the road panicked, writes itself down as it stands.

use std::sync::Arc;

use http::{HeaderMap, request::Parts};
use serde_json::Value;

use super::{
    authorize::Verdict,
    body::Meter,
    caller::Caller,
    read::{Connection, Received},
    record::{Ending, Recorder},
    settings::Settings,
    stored_tags::Change,
};
use crate::{
    audit::spool::Receipt,
    base::{AccountId, Fault, Need, RequestId, Timestamp, principal::Vouched},
    mapping::{execute_api, s3},
};

/// The facts of one request.
pub struct Trail {
    /// The id that the client sees.
    pub id: RequestId,
    /// When the head had arrived.
    pub at: Timestamp,
    /// The connection.
    pub connection: Arc<Connection>,
    /// In which protocol the client expects its answer.
    pub protocol: Protocol,
    /// The head.
    pub head: Head,
    /// The access key that the request claims, until it is proven.
    pub claimed_key: Option<Box<str>>,
    /// Who it is from.
    pub caller: Option<Caller>,
    /// The region of the credential scope.
    pub region: Option<Box<str>>,
    /// What it asks for.
    pub operation: Described,
    /// What was decided, if a decision was made.
    pub verdict: Option<Verdict>,
    /// What was answered instead of what was asked for.
    pub fault: Option<Fault>,
    /// Bytes of the body that were read, framing included.
    pub received: Meter,
    /// `SigV4` or `SigV4A`, once the signature was read.
    pub signature_version: Option<&'static str>,
    /// Headers that an upstream sent with its error.
    pub refused_headers: HeaderMap,
    /// What it changes of objects whose tags may be known. It counts until the last byte of the answer: some stores answer
    /// before the work is done.
    pub change: Option<Change>,
    /// The settings that were in force when it came.
    pub settings: Arc<Settings>,
    recorder: Recorder,
    is_recorded: bool,
}

/// The head of a request, sound or not.
pub enum Head {
    /// It passed step 1.
    Sound(Box<Received>),
    /// It did not.
    Refused(Box<Parts>),
    /// It was handed to a step that has not given it back.
    Away,
}

/// The protocols in which clients are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// S3's XML.
    S3,
    /// S3 Control's: S3's errors in an envelope.
    S3Control,
    /// The Query protocol of IAM and STS, with the namespace of its XML.
    Query(&'static str),
    /// API Gateway's JSON.
    RestJson,
}

impl Protocol {
    /// Whether it is one of S3's two.
    pub fn is_of_s3(self) -> bool {
        matches!(self, Protocol::S3 | Protocol::S3Control)
    }
}

/// What a request asks for, as far as it is known.
pub enum Described {
    /// Not known.
    Nothing,
    /// An S3 operation.
    S3(Box<s3::Call>),
    /// A call of an internal HTTP API.
    Invoke(Box<execute_api::Invocation>),
    /// A call of an API of ours.
    Own(Box<OwnCall>),
}

/// A call of an API of ours, as the record shows it.
pub struct OwnCall {
    /// The signing name.
    pub service: &'static str,
    /// The API version.
    pub version: &'static str,
    /// The operation.
    pub name: String,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// What it needed to be allowed.
    pub needs: Vec<Need>,
    /// Somebody whom the call itself proved.
    pub vouched: Option<Vouched>,
    /// CloudTrail's `requestParameters`.
    pub request: Value,
    /// CloudTrail's `responseElements`.
    pub response: Value,
}

impl Trail {
    /// The account that the record is for: the caller's.
    pub fn account(&self) -> AccountId {
        let caller = self.caller.as_ref().and_then(|caller| caller.principal().account());
        caller.unwrap_or(self.settings.account)
    }

    /// The beginning of a request.
    pub fn begin(
        id: RequestId,
        at: Timestamp,
        connection: Arc<Connection>,
        settings: Arc<Settings>,
        recorder: Recorder,
    ) -> Self {
        Self {
            id,
            at,
            connection,
            protocol: Protocol::S3,
            head: Head::Away,
            claimed_key: None,
            caller: None,
            region: None,
            operation: Described::Nothing,
            verdict: None,
            fault: None,
            received: Meter::default(),
            signature_version: None,
            refused_headers: HeaderMap::new(),
            change: None,
            settings,
            recorder,
            is_recorded: false,
        }
    }

    /// Writes it down, which is done once. The receipt is to be awaited before the response of anything that changed
    /// state or was denied.
    pub fn record(&mut self, ending: Ending) -> Receipt {
        self.is_recorded = true;
        self.recorder.record(self, ending)
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if self.is_recorded {
            return;
        }
        if self.fault.is_none() {
            let fault = Fault::new(503, "ServiceUnavailable", "Service is unable to handle request.");
            self.fault = Some(fault.because("the request was given up before it was answered"));
        }
        drop(self.record(Ending { status: 503, bytes_out: 0, complete: false }));
    }
}
