//! From a [`Record`] to its line.

use std::io::Write;

use jiff::tz::TimeZone;
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    ADDITIONAL_BYTES_MAX, Additional, Category, ELEMENT_BYTES_MAX, EVENT_VERSION, Parameters, Record, Resource,
    TEXT_BYTES_MAX, TlsDetails, identity,
    json::{self, Object, cut},
};
use crate::base::{AccountId, Timestamp};

/// Most bytes of each of our own members of `additionalEventData`.
const REASON_BYTES_MAX: usize = 4096;
/// Most bytes of texts that a client chose and that AWS names no limit for: event names, regions, hosts.
const NAME_BYTES_MAX: usize = 1024;

impl Record<'_> {
    /// Appends the record to `out` as one line of JSON, the line feed included.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        self.write_request(&mut object);
        self.write_outcome(&mut object);
        self.write_event(&mut object);
        object.close();
        out.push(b'\n');
    }

    fn write_request(&self, object: &mut Object<'_>) {
        object.text("eventVersion", EVENT_VERSION);
        object.member("userIdentity", |out| identity::write(out, &self.identity));
        object.member("eventTime", |out| time(out, self.at));
        object.member("eventSource", |out| source(out, cut(self.service, NAME_BYTES_MAX)));
        object.text("eventName", cut(self.event_name, NAME_BYTES_MAX));
        object.text("awsRegion", cut(self.region, NAME_BYTES_MAX));
        object.member("sourceIPAddress", |out| {
            // Writing to a buffer in memory does not fail.
            let _ = write!(out, "\"{}\"", self.source_ip);
        });
        if let Some(agent) = self.user_agent {
            object.member("userAgent", |out| user_agent(out, agent, self.service == "s3"));
        }
    }

    fn write_outcome(&self, object: &mut Object<'_>) {
        if let Some(error) = &self.error {
            object.text("errorCode", cut(error.code, TEXT_BYTES_MAX));
            object.text("errorMessage", cut(error.message, TEXT_BYTES_MAX));
        }
        object.member("requestParameters", |out| match &self.parameters {
            Parameters::Null => out.extend_from_slice(b"null"),
            Parameters::S3(parameters) => parameters.write(out),
            Parameters::Json(tree) => json::value_limited(out, tree, ELEMENT_BYTES_MAX),
        });
        object.member("responseElements", |out| match self.response {
            None => out.extend_from_slice(b"null"),
            Some(tree) => json::value_limited(out, tree, ELEMENT_BYTES_MAX),
        });
        if !self.additional.is_empty() {
            object.member("additionalEventData", |out| self.additional.write(out));
        }
    }

    fn write_event(&self, object: &mut Object<'_>) {
        object.member("requestID", |out| id(out, self.request_id.hyphenated()));
        object.member("eventID", |out| id(out, self.event_id.hyphenated()));
        object.bool("readOnly", self.read_only);
        if !self.resources.is_empty() {
            object.member("resources", |out| resources(out, self.resources));
        }
        object.text("eventType", "AwsApiCall");
        object.maybe("apiVersion", self.api_version);
        object.bool("managementEvent", self.category == Category::Management);
        object.maybe("recipientAccountId", self.recipient.as_ref().map(AccountId::as_str));
        object.text("eventCategory", self.category.name());
        if let Some(details) = &self.tls {
            object.member("tlsDetails", |out| tls(out, details));
        }
    }
}

impl Category {
    fn name(self) -> &'static str {
        match self {
            Category::Management => "Management",
            Category::Data => "Data",
        }
    }
}

impl Additional<'_> {
    fn is_empty(&self) -> bool {
        let texts = [
            self.signature_version,
            self.cipher_suite,
            self.authentication_method,
            self.id_2,
            self.sse_applied,
            self.decision,
            self.detail,
            self.request,
        ];
        texts.iter().all(Option::is_none) && self.bytes_in.is_none() && self.bytes_out.is_none()
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::limited(out, ADDITIONAL_BYTES_MAX);
        object.maybe("SignatureVersion", self.signature_version);
        object.maybe("CipherSuite", self.cipher_suite);
        if let Some(bytes) = self.bytes_in {
            object.number("bytesTransferredIn", bytes);
        }
        object.maybe("AuthenticationMethod", self.authentication_method);
        object.maybe("x-amz-id-2", self.id_2);
        if let Some(bytes) = self.bytes_out {
            object.number("bytesTransferredOut", bytes);
        }
        object.maybe("SSEApplied", self.sse_applied);
        object.maybe("decision", self.decision.map(|text| cut(text, REASON_BYTES_MAX)));
        object.maybe("detail", self.detail.map(|text| cut(text, REASON_BYTES_MAX)));
        object.maybe("request", self.request.map(|text| cut(text, REASON_BYTES_MAX)));
        object.close();
    }
}

fn resources(out: &mut Vec<u8>, resources: &[Resource<'_>]) {
    out.push(b'[');
    for (at, resource) in resources.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        resource.write(out);
    }
    out.push(b']');
}

impl Resource<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let (account, kind) = match self {
            Resource::Object { .. } | Resource::Objects { .. } => (&None, "AWS::S3::Object"),
            Resource::Bucket { account, .. } => (account, "AWS::S3::Bucket"),
            Resource::Other { account, kind, .. } => (account, *kind),
        };
        let mut object = Object::open(out);
        object.maybe("accountId", account.as_ref().map(AccountId::as_str));
        object.text("type", kind);
        match self {
            Resource::Object { bucket, key } => object.member("ARN", |out| s3_arn(out, &[bucket, "/", key])),
            Resource::Objects { bucket, prefix } => {
                object.member("ARNPrefix", |out| s3_arn(out, &[bucket, "/", prefix]));
            }
            Resource::Bucket { bucket, .. } => object.member("ARN", |out| s3_arn(out, &[bucket])),
            Resource::Other { arn, .. } => object.text("ARN", arn),
        }
        object.close();
    }
}

/// The ARN of a bucket or an object, from the pieces of its last part.
fn s3_arn(out: &mut Vec<u8>, pieces: &[&str]) {
    out.extend_from_slice(b"\"arn:aws:s3:::");
    pieces.iter().for_each(|piece| json::escape(out, piece));
    out.push(b'"');
}

fn tls(out: &mut Vec<u8>, details: &TlsDetails<'_>) {
    let mut object = Object::open(out);
    object.text("tlsVersion", details.version);
    object.text("cipherSuite", details.cipher_suite);
    object.text("clientProvidedHostHeader", cut(details.host, NAME_BYTES_MAX));
    object.close();
}

/// `eventSource`: the signing name's domain.
fn source(out: &mut Vec<u8>, service: &str) {
    out.push(b'"');
    json::escape(out, service);
    out.extend_from_slice(b".amazonaws.com\"");
}

fn user_agent(out: &mut Vec<u8>, agent: &[u8], in_brackets: bool) {
    let (open, close): (&[u8], &[u8]) = if in_brackets { (b"\"[", b"]\"") } else { (b"\"", b"\"") };
    let bytes_max = TEXT_BYTES_MAX - if in_brackets { 2 } else { 0 };
    out.extend_from_slice(open);
    json::escape(out, cut(&String::from_utf8_lossy(agent), bytes_max));
    out.extend_from_slice(close);
}

fn id(out: &mut Vec<u8>, id: Hyphenated) {
    out.push(b'"');
    out.extend_from_slice(id.encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    out.push(b'"');
}

/// `"2026-01-01T10:05:00Z"`, by hand, since a record is written for each request.
fn time(out: &mut Vec<u8>, at: Timestamp) {
    let at = TimeZone::UTC.to_datetime(at);
    let year = at.year().unsigned_abs();
    let [century, year] = [two_digits(year / 100), two_digits(year % 100)];
    let [month, day, hour, minute, second] =
        [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(|part| two_digits(part.unsigned_abs().into()));
    let pieces: [&[u8]; 13] =
        [b"\"", &century, &year, b"-", &month, b"-", &day, b"T", &hour, b":", &minute, b":", &second];
    pieces.iter().for_each(|piece| out.extend_from_slice(piece));
    out.extend_from_slice(b"Z\"");
}

fn two_digits(number: u16) -> [u8; 2] {
    [number / 10, number].map(|number| b'0' + u8::try_from(number % 10).unwrap_or_default())
}
