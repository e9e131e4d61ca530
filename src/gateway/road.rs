//! The seven steps, in order.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::{ArcSwap, Guard};
use futures_util::FutureExt;
use http::{Request, Response};
use hyper::body::Incoming;

use super::{
    act,
    authenticate::{self, Authenticated, Claims, Service, authenticate, authenticate_form},
    authorize::{allows, authorize},
    backend::OwnApi,
    body::AnswerBody,
    clock,
    context::Circumstances,
    describe::{self, Described as Understood},
    keys::DerivedKeys,
    own,
    payload::{Arriving, Bounds},
    post_form::{self, Form},
    read::{Connection, read},
    record::{Ending, Recorder},
    reply::Reply,
    respond::respond,
    settings::Settings,
    trail::{Described, Head, Trail},
    upstream::{
        Upstreams,
        s3::{Forwarded, Refused, internal_error},
    },
};
use crate::{
    base::{Fault, Operation},
    mapping::s3::{Call, Op},
    sigv4::post_policy,
    store::{Directory, snapshot::Snapshot},
    telemetry::{Condition, event::RequestInFlight},
};

/// What all workers share.
pub struct Shared {
    /// Identities.
    pub directory: Arc<Directory>,
    /// Derived keys.
    pub keys: DerivedKeys,
    /// The present settings.
    pub settings: ArcSwap<Settings>,
    /// Our own APIs.
    pub apis: Vec<Arc<dyn OwnApi>>,
    /// Records.
    pub recorder: Recorder,
    /// Whether the store can be read: while it cannot, nobody knows whether the snapshot still holds.
    pub store: Condition,
}

/// The road, as one worker has it.
pub struct Gateway {
    shared: Arc<Shared>,
    /// This worker's upstream connections, and the settings that they were made for.
    upstreams: Mutex<(u64, Arc<Upstreams>)>,
}

impl Gateway {
    /// A worker's road.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        let settings = shared.settings.load();
        let upstreams = Mutex::new((settings.generation, Arc::new((settings.connect)())));
        drop(settings);
        Arc::new(Self { shared, upstreams })
    }

    /// Where records go.
    pub fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// Answers one request: walks the seven steps. Whatever happens, it is answered and recorded.
    pub async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Response<AnswerBody> {
        let _in_flight = RequestInFlight::enter();
        let settings = self.shared.settings.load_full();
        let trail = Box::new(Trail::begin(clock::request_id(), clock::now(), connection));
        let (trail, outcome) = self.walk(request, trail, &settings).await;
        respond(&self, settings, trail, outcome).await
    }

    /// A head that hyper could not parse: there is a record of it, though its answer was made without us.
    pub fn unreadable(&self, connection: Arc<Connection>, error: &hyper::Error) {
        let mut trail = Trail::begin(clock::request_id(), clock::now(), connection);
        trail.fault = Some(Fault::new(400, "BadRequest", "The request could not be read.").because(error));
        let settings = self.shared.settings.load();
        let ending = Ending { status: 400, bytes_out: 0, complete: true };
        drop(self.shared.recorder.record(&trail, &settings, ending));
    }

    async fn walk(
        &self,
        request: Request<Incoming>,
        mut trail: Box<Trail>,
        settings: &Settings,
    ) -> (Box<Trail>, Result<Reply, Fault>) {
        let (parts, body) = request.into_parts();
        let received = match read(parts, trail.connection.clone(), &settings.proxies) {
            Ok(received) => received,
            Err((parts, fault)) => {
                trail.head = Head::Refused(parts);
                return (trail, Err(fault));
            }
        };
        trail.head = Head::Sound(Box::new(received));
        if !self.shared.recorder.is_writable() {
            let fault = Fault::new(503, "ServiceUnavailable", "Service is unable to handle request.");
            return (trail, Err(fault.because("records cannot be written")));
        }
        if !self.shared.store.holds() {
            let fault = Fault::new(503, "ServiceUnavailable", "Service is unable to handle request.");
            return (trail, Err(fault.because("the store cannot be read")));
        }
        let snapshot = Guard::into_inner(self.shared.directory.snapshot());
        let service = match self.authenticated(&mut trail, body, settings, &snapshot).await {
            Ok(service) => service,
            Err(fault) => return (trail, Err(fault)),
        };
        let (service, promise, body) = service;
        match service {
            Service::S3 => {
                // A panic must not take the trail with it: this request is answered and recorded like any other.
                let road = AssertUnwindSafe(self.s3(&mut trail, promise, body, settings, &snapshot));
                let outcome = road.catch_unwind().await;
                let outcome = outcome.unwrap_or_else(|_| Err(internal_error().because("the road panicked")));
                (trail, outcome)
            }
            Service::ExecuteApi => {
                let outcome = self.internal(&mut trail, promise, body, settings, &snapshot).await;
                (trail, outcome)
            }
            Service::Own(api) => self.own(api, trail, promise, body, settings).await,
        }
    }

    async fn authenticated(
        &self,
        trail: &mut Trail,
        body: Incoming,
        settings: &Settings,
        snapshot: &Snapshot,
    ) -> Result<(Service, super::payload::Promise, Arriving), Fault> {
        let mut claims = Claims::new(trail);
        let now = trail.at;
        let Head::Sound(received) = &trail.head else { return Err(internal_error().because("a head went missing")) };
        let means = self.means(settings, snapshot, now);
        let outcome = authenticate(received, body, &means, &mut claims).await;
        trail.protocol = claims.protocol;
        trail.claimed_key = claims.access_key;
        trail.region = claims.region;
        trail.signature_version = claims.signature_version;
        let Authenticated { caller, service, region, promise, body } = outcome?;
        if let Some(key) = caller.access_key() {
            let name = match &service {
                Service::S3 => "s3",
                Service::ExecuteApi => "execute-api",
                Service::Own(api) => api.service(),
            };
            self.shared.directory.note_use(key, now, name, &region);
        }
        trail.caller = Some(caller);
        trail.region = Some(region);
        Ok((service, promise, body))
    }

    fn means<'a>(
        &'a self,
        settings: &'a Settings,
        snapshot: &'a Snapshot,
        now: crate::base::Timestamp,
    ) -> authenticate::Means<'a> {
        authenticate::Means { snapshot, keys: &self.shared.keys, apis: &self.shared.apis, settings, now }
    }

    /// Steps 3 to 5 for S3.
    async fn s3(
        &self,
        trail: &mut Trail,
        promise: super::payload::Promise,
        body: Arriving,
        settings: &Settings,
        snapshot: &Snapshot,
    ) -> Result<Reply, Fault> {
        let (Head::Sound(received), Some(caller)) = (&trail.head, &trail.caller) else {
            return Err(internal_error().because("a head or a caller went missing"));
        };
        let upstreams = self.upstreams(settings);
        let means = act::Means { received, settings, upstreams: &upstreams, at: trail.at, id: trail.id };
        let (call, body) = match describe::s3(received, settings, caller, &promise, body).await? {
            Understood::Form(call, body) => {
                return self.s3_form(trail, call, body, settings, snapshot, &upstreams).await;
            }
            Understood::Streaming(call, body) => (call, Some(body)),
            Understood::Bare(call) => (call, None),
            Understood::Read(call, bytes) => {
                trail.bytes_in = bytes;
                (call, None)
            }
        };
        let region = trail.region.as_deref().unwrap_or(settings.region());
        let around = Circumstances::new(caller, received, region, settings.account, snapshot);
        let outcome = match authorize(around, call, snapshot) {
            Ok((permit, verdict)) => {
                let forwarded = act::s3(permit, body, &promise, means).await;
                let reveals = reveals_absence(&around, &forwarded, snapshot);
                (forwarded, verdict, reveals)
            }
            Err((denied, call)) => {
                trail.operation = Described::S3(call);
                trail.verdict = Some(denied.verdict);
                return Err(denied.fault);
            }
        };
        let (Forwarded { call, bytes_in, outcome }, verdict, reveals) = outcome;
        trail.operation = Described::S3(call);
        trail.verdict = verdict;
        trail.bytes_in = trail.bytes_in.max(bytes_in);
        finished(trail, outcome, reveals)
    }

    /// Steps 2 to 5 for an upload by form, whose signature is in the fields.
    async fn s3_form(
        &self,
        trail: &mut Trail,
        mut call: Box<Call>,
        body: Arriving,
        settings: &Settings,
        snapshot: &Snapshot,
        upstreams: &Upstreams,
    ) -> Result<Reply, Fault> {
        let (Head::Sound(received), Arriving::Stream(body)) = (&trail.head, body) else {
            return Err(internal_error().because("a form without its stream"));
        };
        let mut form = Form::open(received, body, settings.limits.idle).await?;
        let mut claims = Claims::new(trail);
        let field = |name: &str| form.field(name).map(str::to_owned);
        let caller = authenticate_form(received, field, &self.means(settings, snapshot, trail.at), &mut claims);
        trail.claimed_key = claims.access_key;
        trail.signature_version = claims.signature_version;
        trail.region = claims.region;
        let caller = &*trail.caller.insert(caller?);
        form.put_in_file_name();
        let length = match form.field("policy") {
            Some(policy) => post_policy::check(policy, &form.fields, call.bucket(), trail.at)?,
            None => 0..=post_policy::OBJECT_BYTES_MAX,
        };
        call.with_form(&form.fields)?;
        let region = trail.region.as_deref().unwrap_or(settings.region());
        let around = Circumstances::new(caller, received, region, settings.account, snapshot);
        let (permit, verdict) = match authorize(around, call, snapshot) {
            Ok(permitted) => permitted,
            Err((denied, call)) => {
                trail.operation = Described::S3(call);
                trail.verdict = Some(denied.verdict);
                return Err(denied.fault);
            }
        };
        let after = post_form::After::of(&form, received, permit.operation());
        let means = act::Means { received, settings, upstreams, at: trail.at, id: trail.id };
        let (file, bytes) = form.file(length).await?;
        let Forwarded { call, outcome, .. } = act::s3_form(permit, file, means).await;
        trail.operation = Described::S3(call);
        trail.verdict = verdict;
        trail.bytes_in = bytes;
        finished(trail, outcome, true).map(|reply| after.reply(reply))
    }

    /// Steps 3 to 5 for internal HTTP APIs.
    async fn internal(
        &self,
        trail: &mut Trail,
        promise: super::payload::Promise,
        body: Arriving,
        settings: &Settings,
        snapshot: &Snapshot,
    ) -> Result<Reply, Fault> {
        let (Head::Sound(received), Some(caller)) = (&trail.head, &trail.caller) else {
            return Err(internal_error().because("a head or a caller went missing"));
        };
        let upstreams = self.upstreams(settings);
        let (upstream, call) = describe::internal(received, &upstreams)?;
        let region = trail.region.as_deref().unwrap_or(settings.region());
        let around = Circumstances::new(caller, received, region, settings.account, snapshot);
        let (permit, verdict) = match authorize(around, call, snapshot) {
            Ok(permitted) => permitted,
            Err((denied, call)) => {
                trail.operation = Described::Invoke(call);
                trail.verdict = Some(denied.verdict);
                return Err(Fault { code: "AccessDeniedException".into(), ..denied.fault });
            }
        };
        let means = act::Means { received, settings, upstreams: &upstreams, at: trail.at, id: trail.id };
        let outgoing = match promise.content_bytes(received) {
            None => act::outgoing_of_any_length(body, &promise, means).await?,
            Some(_) => act::outgoing(body, &promise, means).await?,
        };
        let Forwarded { call, bytes_in, outcome } =
            upstream.forward(permit, outgoing, caller, received, trail.id).await;
        trail.operation = Described::Invoke(call);
        trail.verdict = verdict;
        trail.bytes_in = bytes_in;
        finished(trail, outcome, true)
    }

    /// Steps 3 to 5 for an API of ours.
    async fn own(
        &self,
        api: Arc<dyn OwnApi>,
        mut trail: Box<Trail>,
        promise: super::payload::Promise,
        body: Arriving,
        settings: &Settings,
    ) -> (Box<Trail>, Result<Reply, Fault>) {
        let body = match &trail.head {
            Head::Sound(received) => {
                let bounds = Bounds { bytes_max: api.body_bytes_max(), time_max: settings.limits.idle };
                promise.whole(received, body, bounds, false).await
            }
            _ => Err(internal_error().because("a head went missing")),
        };
        let body = match body {
            Ok(body) => body,
            Err(fault) => return (trail, Err(fault)),
        };
        trail.bytes_in = body.len() as u64;
        let region = trail.region.clone().unwrap_or_else(|| settings.region().into());
        let directory = self.shared.directory.clone();
        own::call(own::Call { api, directory, body, account: settings.account, region }, trail).await
    }

    /// This worker's upstreams under these settings.
    fn upstreams(&self, settings: &Settings) -> Arc<Upstreams> {
        let mut known = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != settings.generation {
            *known = (settings.generation, Arc::new((settings.connect)()));
        }
        known.1.clone()
    }
}

/// An upstream's error is told as S3 tells it: that an object is absent is known only to those who may list the bucket.
fn finished(trail: &mut Trail, outcome: Result<Reply, Refused>, reveals_absence: bool) -> Result<Reply, Fault> {
    outcome.map_err(|Refused { fault, headers }| {
        if fault.status == 404 && !reveals_absence {
            let detail =
                format!("the upstream answered {}, which callers without s3:ListBucket do not see", fault.code);
            return Fault::new(403, "AccessDenied", "Access Denied").because(detail);
        }
        trail.refused_headers = headers;
        fault
    })
}

/// Whether the caller may know that the object is not there (S3 API reference, GetObject: "404 only with
/// s3:ListBucket").
fn reveals_absence(around: &Circumstances<'_>, forwarded: &Forwarded<Call>, snapshot: &Snapshot) -> bool {
    let is_read = matches!(forwarded.call.op(), Op::GetObject | Op::HeadObject);
    let is_absent = matches!(&forwarded.outcome, Err(refused) if refused.fault.status == 404);
    if !is_read || !is_absent || forwarded.call.needs().iter().any(|need| need.item.is_some()) {
        return true;
    }
    let bucket = format!("arn:aws:s3:::{}", forwarded.call.bucket());
    allows(*around, &forwarded.call, 0, "s3:ListBucket", &bucket, snapshot).is_ok()
}
