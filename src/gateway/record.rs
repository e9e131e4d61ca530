//! Step 7, record: what happened, in CloudTrail's schema. Runs for every outcome.

use std::{borrow::Cow, sync::Arc};

use http::header::USER_AGENT;
use smallvec::SmallVec;

use super::{
    caller::Caller,
    clock,
    settings::GLOBAL_REGION,
    trail::{Described, Head, OwnCall, Protocol, Trail},
};
use crate::{
    audit::{
        record::{
            Additional, Category, ErrorShown, Identity, Parameters, Record, Resource, S3Parameters, SessionShown,
            TlsDetails, UNKNOWN_EVENT,
        },
        spool::{Receipt, Spool, Urgency},
    },
    base::{AccountId, Operation, Principal},
    mapping::{execute_api, s3},
    session::Session,
    store::{Directory, Snapshot},
    telemetry::{
        event::{RequestDenied, RequestFinished},
        label::{self, Outcome},
    },
};

/// How a response ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// The status that the client was sent.
    pub status: u16,
    /// Bytes of the body that were passed on.
    pub bytes_out: u64,
    /// Whether that was all of it.
    pub complete: bool,
}

/// Where records go. A clone goes to the same place.
#[derive(Clone)]
pub struct Recorder {
    spool: Arc<Spool>,
    directory: Arc<Directory>,
}

impl Recorder {
    /// Writes to this spool; the directory tells whose buckets are, and keeps who tried what.
    pub fn new(spool: Arc<Spool>, directory: Arc<Directory>) -> Self {
        Self { spool, directory }
    }

    /// Whether records can be written. While they cannot, requests are refused: nothing happens unseen.
    pub fn is_writable(&self) -> bool {
        self.spool.is_writable()
    }

    /// Writes the record and counts the request. The receipt is to be awaited before the response of anything that
    /// changed state or was denied.
    pub(super) fn record(&self, trail: &Trail, ending: Ending) -> Receipt {
        count(trail, ending);
        self.note_accesses(trail);
        let mut line = Vec::with_capacity(2048);
        Shown::new(trail).write(trail, &self.directory.snapshot(), ending, &mut line);
        self.spool.append(&line, urgency(trail))
    }

    /// Notes what an authenticated caller tried, allowed or not.
    fn note_accesses(&self, trail: &Trail) {
        let Some(principal) = trail.caller.as_ref().map(Caller::principal) else { return };
        let Some(account) = principal.account() else { return };
        // A session counts for its role.
        // Whom root vouches for counts as root.
        let id = principal.identity_id().unwrap_or_else(|| account.as_str());
        let region = trail.region.as_deref().unwrap_or_default();
        let note = |action: &str| self.directory.note_access(id, account, action, region, trail.at);
        let needs = match &trail.operation {
            Described::Nothing => return,
            Described::S3(call) => call.needs(),
            Described::Invoke(call) => call.needs(),
            Described::Own(own) if own.needs.is_empty() => return note(&format!("{}:{}", own.service, own.name)),
            Described::Own(own) => &own.needs,
        };
        // A batch needs the same for each of its items.
        let mut last = "";
        for need in needs.iter().filter(|need| !need.action.is_empty()) {
            if need.action != last {
                note(&need.action);
            }
            last = &need.action;
        }
    }
}

/// Reads that succeeded may wait a little; everything else is on disk before the client knows.
pub fn urgency(trail: &Trail) -> Urgency {
    let read_only = match &trail.operation {
        Described::Nothing => false,
        Described::S3(call) => call.is_read_only(),
        Described::Invoke(call) => call.is_read_only(),
        Described::Own(own) => own.read_only,
    };
    if read_only && trail.fault.is_none() { Urgency::Soon } else { Urgency::BeforeResponse }
}

/// The parts of a record that have to be put together before it can borrow them.
struct Shown<'a> {
    further: SmallVec<[(&'a str, &'a str); 4]>,
    code: Option<Cow<'a, str>>,
    request: Option<String>,
    id_2: String,
}

impl<'a> Shown<'a> {
    fn new(trail: &'a Trail) -> Self {
        let mut further = SmallVec::new();
        if let Described::S3(call) = &trail.operation {
            further.extend(call.parameters().map(|(name, value)| -> (&str, &str) { (name, value) }));
            further.extend(call.headers().filter(|(name, _)| RECORDED_HEADERS.binary_search(name).is_ok()));
        }
        let code = trail.fault.as_ref().map(|fault| error_code(trail.protocol, &fault.code));
        Self { further, code, request: unknown_request(trail), id_2: trail.id.extended() }
    }

    fn write(&self, trail: &'a Trail, snapshot: &Snapshot, ending: Ending, line: &mut Vec<u8>) {
        let settings = &trail.settings;
        let mut resources = SmallVec::<[Resource<'_>; 2]>::new();
        let (service, event_name, read_only, category) = self.operation(trail, snapshot, &mut resources);
        let headers = match &trail.head {
            Head::Sound(received) => Some(&received.parts.headers),
            Head::Refused(parts) => Some(&parts.headers),
            Head::Away => None,
        };
        let host = match &trail.head {
            Head::Sound(received) => &received.host,
            _ => "",
        };
        let record = Record {
            at: clock::now(),
            identity: identity(trail),
            service,
            event_name,
            region: match service {
                "iam" => GLOBAL_REGION,
                _ => trail.region.as_deref().unwrap_or(settings.region()),
            },
            source_ip: match &trail.head {
                Head::Sound(received) => received.source_ip,
                _ => trail.connection.peer,
            },
            user_agent: headers.and_then(|headers| headers.get(USER_AGENT)).map(|value| value.as_bytes()),
            error: trail
                .fault
                .as_ref()
                .map(|fault| ErrorShown { code: self.code.as_deref().unwrap_or(&fault.code), message: &fault.message }),
            parameters: self.parameters(trail, host),
            response: match &trail.operation {
                Described::Own(own) if !own.response.is_null() => Some(&own.response),
                _ => None,
            },
            additional: self.additional(trail, ending),
            request_id: trail.id,
            event_id: clock::event_id(),
            read_only,
            resources: &resources,
            category,
            api_version: match &trail.operation {
                Described::Own(own) => Some(own.version),
                _ => None,
            },
            recipient: Some(trail.account()),
            tls: trail.connection.tls.map(|tls| TlsDetails {
                version: tls.version,
                cipher_suite: tls.cipher_suite,
                host,
            }),
        };
        record.write(line);
    }

    /// Service, event name, `readOnly` and category; fills in the resources.
    fn operation(
        &self,
        trail: &'a Trail,
        snapshot: &Snapshot,
        resources: &mut SmallVec<[Resource<'a>; 2]>,
    ) -> (&'a str, &'a str, bool, Category) {
        let account = trail.settings.account;
        match &trail.operation {
            Described::Nothing => (service_of(trail.protocol), UNKNOWN_EVENT, false, Category::Management),
            Described::S3(call) => {
                let unknown = match call.op() {
                    // It was its caller's while it was there.
                    s3::Op::DeleteBucket => trail.account(),
                    _ => account,
                };
                s3_resources(call, |name| snapshot.bucket(name).map_or(unknown, |known| known.account), resources);
                (call.service(), call.event_name(), call.is_read_only(), s3_category(call))
            }
            Described::Invoke(call) => {
                invoke_resources(call, account, resources);
                (call.service(), call.name(), call.is_read_only(), Category::Data)
            }
            Described::Own(own) => {
                own_resources(own, account, resources);
                (own.service, &own.name, own.read_only, Category::Management)
            }
        }
    }

    fn parameters<'b>(&'b self, trail: &'b Trail, host: &'b str) -> Parameters<'b> {
        match &trail.operation {
            Described::S3(call) => Parameters::S3(S3Parameters {
                bucket: some(call.bucket()),
                host,
                key: some(call.key()),
                further: &self.further,
            }),
            Described::Own(own) if !own.request.is_null() => Parameters::Json(&own.request),
            _ => Parameters::Null,
        }
    }

    fn additional<'b>(&'b self, trail: &'b Trail, ending: Ending) -> Additional<'b> {
        let form = trail.caller.as_ref().and_then(|caller| caller.signature()).map(|signature| signature.form);
        Additional {
            signature_version: trail.signature_version,
            cipher_suite: trail.connection.tls.map(|tls| tls.cipher_suite),
            bytes_in: Some(trail.received.bytes()),
            authentication_method: form.map(|form| match form {
                "REST-HEADER" => "AuthHeader",
                "POST" => "HtmlForm",
                _ => "QueryString",
            }),
            id_2: trail.protocol.is_of_s3().then_some(&*self.id_2),
            bytes_out: Some(ending.bytes_out),
            sse_applied: None,
            decision: trail.verdict.as_ref().map(|verdict| &*verdict.reason),
            detail: match trail.fault.as_ref().and_then(|fault| fault.detail.as_deref()) {
                None if !ending.complete => Some("the response was not sent whole"),
                detail => detail,
            },
            request: self.request.as_deref(),
        }
    }
}

/// Headers that AWS shows among the parameters of S3 requests, in order: those that decide what becomes of the bytes and
/// who may have them. None holds a secret.
const RECORDED_HEADERS: [&str; 24] = [
    "x-amz-acl",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bypass-governance-retention",
    "x-amz-copy-source",
    "x-amz-copy-source-range",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-source-expected-bucket-owner",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-website-redirect-location",
];

/// Errors of IAM and STS whose records name the shape of the exception, which is the code with this ending.
const EXCEPTIONS: [&str; 16] = [
    "ConcurrentModification",
    "DeleteConflict",
    "EntityAlreadyExists",
    "EntityTemporarilyUnmodifiable",
    "InvalidInput",
    "InvalidUserType",
    "LimitExceeded",
    "MalformedPolicyDocument",
    "NoSuchEntity",
    "PackedPolicyTooLarge",
    "PasswordPolicyViolation",
    "PolicyEvaluation",
    "PolicyNotAttachable",
    "ServiceFailure",
    "ServiceNotSupported",
    "UnmodifiableEntity",
];

/// Those whose shape has another name.
const RENAMED: [(&str, &str); 3] = [
    ("ReportExpired", "CredentialReportExpiredException"),
    ("ReportInProgress", "CredentialReportNotReadyException"),
    ("ReportNotPresent", "CredentialReportNotPresentException"),
];

/// `errorCode`: for IAM and STS the exception's name where there is one.
fn error_code(protocol: Protocol, code: &str) -> Cow<'_, str> {
    let Protocol::Query(_) = protocol else { return code.into() };
    let renamed = RENAMED.iter().find(|(known, _)| *known == code);
    match renamed {
        Some((_, name)) => (*name).into(),
        None if EXCEPTIONS.binary_search(&code).is_ok() => format!("{code}Exception").into(),
        None => code.into(),
    }
}

/// What was asked for where no operation is known: method, path and the names of the parameters. Their values may hold
/// signatures and tokens.
fn unknown_request(trail: &Trail) -> Option<String> {
    let (Described::Nothing, Head::Sound(_) | Head::Refused(_)) = (&trail.operation, &trail.head) else { return None };
    let parts = match &trail.head {
        Head::Sound(received) => &received.parts,
        Head::Refused(parts) => parts,
        Head::Away => return None,
    };
    let names = parts.uri.query().unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let mark = if names.is_empty() { "" } else { "?" };
    Some(format!("{} {}{mark}{}", parts.method, parts.uri.path(), names.join("&")))
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn identity(trail: &Trail) -> Identity<'_> {
    match &trail.caller {
        Some(caller) => match (&trail.operation, caller.principal()) {
            (Described::Own(own), Principal::Anonymous) => {
                own.vouched.as_ref().map_or(Identity::Unproven { access_key: None }, Identity::Vouched)
            }
            (_, principal) => Identity::Verified {
                principal,
                access_key: caller.access_key(),
                session: caller.session().map(|session| shown(principal, session)),
            },
        },
        None => Identity::Unproven { access_key: trail.claimed_key.as_deref() },
    }
}

fn shown<'a>(principal: &Principal, session: &'a Session) -> SessionShown<'a> {
    SessionShown {
        issued: session.issued(),
        has_mfa: session.is_own() && session.mfa().is_some(),
        source_identity: session.source_identity(),
        provider: session.provider(),
        facts: &session.packed().facts,
        is_assumed_root: matches!(principal, Principal::Root(_))
            && session.packed().policies.is_some()
            && session.delegate().is_none(),
        delegate: session.delegate(),
    }
}

fn service_of(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::S3 | Protocol::S3Control => "s3",
        Protocol::RestJson => "execute-api",
        Protocol::Query(namespace) if namespace.starts_with("https://sts.") => "sts",
        Protocol::Query(_) => "iam",
    }
}

/// Object-level calls are data events; so are listings and `HeadBucket` (CloudTrail user guide, "Data events").
fn s3_category(call: &s3::Call) -> Category {
    if is_about_contents(call) || !call.key().is_empty() { Category::Data } else { Category::Management }
}

/// Calls on a bucket that are about the objects in it.
fn is_about_contents(call: &s3::Call) -> bool {
    matches!(
        call.op(),
        s3::Op::HeadBucket
            | s3::Op::ListObjects
            | s3::Op::ListObjectsV2
            | s3::Op::ListObjectVersions
            | s3::Op::DeleteObjects
            | s3::Op::PostObject
    )
}

fn s3_resources<'a>(
    call: &'a s3::Call,
    owner: impl Fn(&str) -> AccountId,
    resources: &mut SmallVec<[Resource<'a>; 2]>,
) {
    let bucket = call.bucket();
    if !call.key().is_empty() {
        resources.push(Resource::Object { bucket, key: call.key() });
    } else if is_about_contents(call) {
        resources.push(Resource::Objects { bucket, prefix: call.prefix().unwrap_or_default() });
    }
    if !bucket.is_empty() {
        resources.push(Resource::Bucket { bucket, account: Some(owner(bucket)) });
    }
    if let (Some(source), Some(key)) = (call.source_bucket(), call.source_key()) {
        resources.push(Resource::Object { bucket: source, key });
        if source != bucket {
            resources.push(Resource::Bucket { bucket: source, account: Some(owner(source)) });
        }
    }
}

fn invoke_resources<'a>(
    call: &'a execute_api::Invocation,
    account: AccountId,
    resources: &mut SmallVec<[Resource<'a>; 2]>,
) {
    let arns = call.needs().iter().map(|need| need.resource.as_str());
    resources.extend(arns.map(|arn| Resource::Other { kind: "AWS::ApiGateway::Stage", arn, account: Some(account) }));
}

fn own_resources<'a>(own: &'a OwnCall, account: AccountId, resources: &mut SmallVec<[Resource<'a>; 2]>) {
    for need in own.needs.iter().filter(|need| need.resource.starts_with("arn:")) {
        let kind = match need.resource.split(':').nth(5).and_then(|resource| resource.split('/').next()) {
            Some("user") => "AWS::IAM::User",
            Some("group") => "AWS::IAM::Group",
            Some("role") => "AWS::IAM::Role",
            Some("policy") => "AWS::IAM::Policy",
            _ => continue,
        };
        let named = need.resource.split(':').nth(4).and_then(|account| account.parse().ok());
        resources.push(Resource::Other { kind, arn: &need.resource, account: named.or(Some(account)) });
    }
}

fn count(trail: &Trail, ending: Ending) {
    let (service, operation) = match &trail.operation {
        Described::Nothing => (service_of(trail.protocol), ""),
        Described::S3(call) => ("s3", call.name()),
        Described::Invoke(_) => ("execute-api", "Invoke"),
        Described::Own(own) => (own.service, own.name.as_str()),
    };
    if let Some(verdict) = trail.verdict.as_ref().filter(|verdict| !verdict.allowed) {
        RequestDenied { kind: verdict.kind, action: &verdict.action, request_id: trail.id }.emit();
    }
    RequestFinished {
        service: label::Service::of(service),
        operation,
        outcome: outcome(trail, ending),
        status: ending.status,
        duration: clock::now().duration_since(trail.at).unsigned_abs(),
        bytes_in: trail.received.bytes(),
        bytes_out: ending.bytes_out,
        request_id: trail.id,
    }
    .emit();
}

fn outcome(trail: &Trail, ending: Ending) -> Outcome {
    let denied = trail.verdict.as_ref().is_some_and(|verdict| !verdict.allowed);
    match ending.status {
        _ if !ending.complete => Outcome::Aborted,
        _ if denied => Outcome::Denied,
        500.. => Outcome::ServerError,
        400.. if trail.caller.is_none() => Outcome::Unauthenticated,
        400.. => Outcome::ClientError,
        _ => Outcome::Success,
    }
}
