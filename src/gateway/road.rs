//! The seven steps, in order.

use std::{
    ops::RangeInclusive,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::{ArcSwap, Guard};
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    act,
    asking::{Allowed, Asking},
    authenticate::{
        self, Authenticated, Claims, Service, authenticate, authenticate_again, authenticate_form, by_shape,
    },
    authorize::authorize,
    backend::OwnApi,
    body::{AnswerBody, Budget, ClientBody, request_timeout},
    caller::Caller,
    clock,
    context::Circumstances,
    describe::{self, Described as Understood},
    keys::DerivedKeys,
    own,
    payload::{Arriving, Bounds, Promise},
    post_form::{self, Form},
    read::{Connection, Received, read},
    record::{Ending, Recorder},
    reply::Reply,
    respond::respond,
    settings::Settings,
    stored_tags::{Change, Lookups, TagCache},
    trail::{Described, Head, Protocol, Trail},
    upstream::{
        Upstreams,
        s3::{Forwarded, Refused, internal_error},
    },
};
use crate::{
    base::{Fault, RequestId, Timestamp},
    mapping::s3::{Call, Op},
    session::Sessions,
    sigv4::post_policy,
    store::{Directory, MessageKey, snapshot::Snapshot},
    telemetry::{Condition, event::RequestInFlight},
};

/// What all workers share.
pub struct Shared {
    /// Identities.
    pub directory: Arc<Directory>,
    /// Derived keys.
    pub keys: DerivedKeys,
    /// Temporary credentials.
    pub sessions: Arc<Sessions>,
    /// What denials tell sealed is sealed with this.
    pub messages: Arc<MessageKey>,
    /// What stores said of tags.
    pub tags: Arc<TagCache>,
    /// The present settings.
    pub settings: ArcSwap<Settings>,
    /// Our own APIs.
    pub apis: Vec<Arc<dyn OwnApi>>,
    /// Records.
    pub recorder: Recorder,
    /// Memory that bodies take.
    pub held: Budget,
    /// Whether the snapshot may be decided on: for a while after it was known to be current.
    pub snapshot: Condition,
}

/// The road, as one worker has it.
pub struct Gateway {
    shared: Arc<Shared>,
    /// This worker's upstream connections, and the settings that they were made for.
    upstreams: Mutex<(u64, Arc<Upstreams>)>,
}

/// What the road comes to on the data path.
enum Way {
    /// Its end.
    Answered(Reply),
    /// A call of an API of ours, which goes on where it may block.
    Own(own::Call),
}

/// A form up to its file.
struct Opened {
    form: Form,
    caller: Caller,
    /// How many bytes the file may have.
    length: RangeInclusive<u64>,
    snapshot: Arc<Snapshot>,
}

impl Gateway {
    /// A worker's road.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        let settings = shared.settings.load();
        let upstreams = Mutex::new((settings.generation, Arc::new((settings.connect)())));
        drop(settings);
        Arc::new(Self { shared, upstreams })
    }

    /// Answers one request: walks the seven steps. Whatever happens, it is answered and recorded.
    pub async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Response<AnswerBody> {
        let _in_flight = RequestInFlight::enter();
        let mut trail = self.begin(connection);
        let settings = trail.settings.clone();
        // A panic must not take the trail with it: such a request is answered and recorded like any other.
        let road = AssertUnwindSafe(self.walk(request, &mut trail, &settings));
        let outcome = match road.catch_unwind().await {
            Ok(Ok(Way::Answered(reply))) => Ok(reply),
            Ok(Ok(Way::Own(call))) => match own::call(call, trail).await {
                Some((back, outcome)) => {
                    trail = back;
                    outcome
                }
                None => return unserved(),
            },
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(internal_error().because("the road panicked")),
        };
        respond(trail, outcome).await
    }

    /// A head that hyper could not parse: there is a record of it, though its answer was made without us.
    pub fn unreadable(&self, connection: Arc<Connection>, error: &hyper::Error) {
        let mut trail = self.begin(connection);
        let (status, fault) = match error.is_parse_too_large() {
            true => (431, Fault::new(400, "RequestHeaderSectionTooLarge", HEAD_TOO_LARGE)),
            false => (400, Fault::new(400, "BadRequest", "The request could not be read.")),
        };
        trail.fault = Some(fault.because(error));
        drop(trail.record(Ending { status, bytes_out: 0, complete: true }));
    }

    fn begin(&self, connection: Arc<Connection>) -> Box<Trail> {
        let (settings, recorder) = (self.shared.settings.load_full(), self.shared.recorder.clone());
        Box::new(Trail::begin(clock::request_id(), clock::now(), connection, settings, recorder))
    }

    async fn walk(&self, request: Request<Incoming>, trail: &mut Trail, settings: &Settings) -> Result<Way, Fault> {
        let (parts, body) = request.into_parts();
        let (meter, budget) = (trail.received.clone(), self.shared.held.clone());
        let body = ClientBody::new(body, &parts.headers, meter, settings.patience(), budget);
        let received = match read(parts, trail.connection.clone(), &settings.proxies) {
            Ok(received) => received,
            Err((parts, fault)) => {
                trail.head = Head::Refused(parts);
                return Err(fault);
            }
        };
        trail.protocol = by_shape(&received.head(), &self.shared.apis, settings);
        trail.head = Head::Sound(Box::new(received));
        self.check_state()?;
        let snapshot = Guard::into_inner(self.shared.directory.snapshot());
        let (service, promise, body) = self.authenticated(trail, body, settings, &snapshot).await?;
        match service {
            Service::S3 => self.s3(trail, promise, body, settings, &snapshot).await.map(Way::Answered),
            Service::ExecuteApi => self.internal(trail, promise, body, settings, &snapshot).await.map(Way::Answered),
            Service::Own(api) => self.own(api, trail, promise, body, settings, &snapshot).await.map(Way::Own),
        }
    }

    /// Nothing is answered that cannot be recorded, or decided on what may be out of date.
    fn check_state(&self) -> Result<(), Fault> {
        let why = match (self.shared.recorder.is_writable(), self.shared.snapshot.holds()) {
            (true, true) => return Ok(()),
            (false, _) => "records cannot be written",
            (true, false) => "the store could not be read for too long",
        };
        Err(Fault::new(503, "ServiceUnavailable", "Service is unable to handle request.").because(why))
    }

    /// The identities as they are now that a body was waited for: what was revoked meanwhile counts.
    fn renewed(&self, taken: &Arc<Snapshot>, caller: &Caller, protocol: Protocol) -> Result<Arc<Snapshot>, Fault> {
        let present = Guard::into_inner(self.shared.directory.snapshot());
        if !Arc::ptr_eq(&present, taken) {
            authenticate_again(caller, &present, protocol)?;
        }
        self.check_state()?;
        Ok(present)
    }

    async fn authenticated(
        &self,
        trail: &mut Trail,
        body: ClientBody,
        settings: &Settings,
        snapshot: &Snapshot,
    ) -> Result<(Service, Promise, Arriving), Fault> {
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
        let name = match &service {
            Service::S3 => "s3",
            Service::ExecuteApi => "execute-api",
            Service::Own(api) => api.service(),
        };
        self.note_use(&caller, now, name, &region);
        trail.caller = Some(caller);
        trail.region = Some(region);
        Ok((service, promise, body))
    }

    fn note_use(&self, caller: &Caller, at: Timestamp, service: &str, region: &str) {
        // Of temporary keys, the last use is not kept.
        if let (Some(key), None) = (caller.access_key(), caller.session()) {
            self.shared.directory.note_use(key, at, service, region);
        }
    }

    fn means<'a>(&'a self, settings: &'a Settings, snapshot: &'a Snapshot, now: Timestamp) -> authenticate::Means<'a> {
        let Shared { keys, sessions, apis, .. } = &*self.shared;
        authenticate::Means { snapshot, keys, sessions, apis, settings, now }
    }

    fn acting<'a>(
        &'a self,
        (at, id): (Timestamp, RequestId),
        received: &'a Received,
        caller: &'a Caller,
        settings: &'a Settings,
        upstreams: &'a Upstreams,
        snapshot: &'a Snapshot,
    ) -> act::Means<'a> {
        let directory = &self.shared.directory;
        act::Means { received, settings, upstreams, at, id, directory, snapshot, caller }
    }

    /// Steps 3 to 5 for S3.
    async fn s3(
        &self,
        trail: &mut Trail,
        promise: Promise,
        body: Arriving,
        settings: &Settings,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Reply, Fault> {
        let (Head::Sound(received), Some(caller)) = (&trail.head, &trail.caller) else {
            return Err(internal_error().because("a head or a caller went missing"));
        };
        let upstreams = self.upstreams(settings);
        let (call, body) = match describe::s3(received, settings, snapshot, caller, &promise, body).await {
            Ok(Understood::Form(call, body)) => {
                return Box::pin(self.s3_form(trail, call, body, settings, &upstreams)).await;
            }
            Ok(Understood::Streaming(call, body)) => (call, Some(body)),
            Ok(Understood::Bare(call)) => (call, None),
            Err((fault, call)) => {
                trail.operation = call.map_or(Described::Nothing, Described::S3);
                return Err(fault);
            }
        };
        let protocol = trail.protocol;
        let snapshot = match self.renewed(snapshot, caller, protocol) {
            Ok(snapshot) => snapshot,
            Err(fault) => {
                trail.operation = Described::S3(call);
                return Err(fault);
            }
        };
        let region = trail.region.as_deref().unwrap_or(settings.region());
        let lookups = Lookups { cache: &self.shared.tags, upstreams: &upstreams, id: trail.id };
        let asking = Asking::new(caller, received, region, settings, lookups);
        let allowed = asking
            .authorize(call, snapshot, &self.shared.messages, |taken| self.renewed(taken, caller, protocol))
            .await;
        let Allowed { permit, verdict, snapshot } = match allowed {
            Ok(allowed) => allowed,
            Err(refusal) => {
                (trail.operation, trail.verdict) = (Described::S3(refusal.call), refusal.verdict);
                return Err(refusal.fault);
            }
        };
        trail.change = self.shared.tags.change(permit.operation());
        let means = self.acting((trail.at, trail.id), received, caller, settings, &upstreams, &snapshot);
        let forwarded = act::s3(permit, body, &promise, means).await;
        trail.change.iter().for_each(Change::count);
        let reveals = reveals_absence(&asking, &forwarded, &snapshot).await;
        let Forwarded { call, outcome } = forwarded;
        trail.operation = Described::S3(call);
        trail.verdict = verdict;
        finished(trail, outcome, reveals)
    }

    /// Steps 2 to 5 for an upload by form, whose signature is in the fields.
    async fn s3_form(
        &self,
        trail: &mut Trail,
        mut call: Box<Call>,
        body: Arriving,
        settings: &Settings,
        upstreams: &Upstreams,
    ) -> Result<Reply, Fault> {
        let (Head::Sound(received), Arriving::Stream(body)) = (&trail.head, body) else {
            return Err(internal_error().because("a form without its stream"));
        };
        let (claims, opened) = self.open_form(trail, received, body, &mut call, settings).await;
        trail.claimed_key = claims.access_key;
        trail.signature_version = claims.signature_version;
        trail.region = claims.region;
        let Opened { form, caller, length, snapshot } = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                trail.operation = Described::S3(call);
                return Err(fault);
            }
        };
        let caller = &*trail.caller.insert(caller);
        self.note_use(caller, trail.at, "s3", trail.region.as_deref().unwrap_or_default());
        let region = trail.region.as_deref().unwrap_or(settings.region());
        let lookups = Lookups { cache: &self.shared.tags, upstreams, id: trail.id };
        let asking = Asking::new(caller, received, region, settings, lookups);
        let protocol = trail.protocol;
        let allowed = asking
            .authorize(call, snapshot, &self.shared.messages, |taken| self.renewed(taken, caller, protocol))
            .await;
        let Allowed { permit, verdict, snapshot } = match allowed {
            Ok(allowed) => allowed,
            Err(refusal) => {
                (trail.operation, trail.verdict) = (Described::S3(refusal.call), refusal.verdict);
                return Err(refusal.fault);
            }
        };
        trail.verdict = verdict;
        trail.change = self.shared.tags.change(permit.operation());
        let after = post_form::After::of(&form, received, permit.operation());
        let means = self.acting((trail.at, trail.id), received, caller, settings, upstreams, &snapshot);
        let file = match form.file(length).await {
            Ok(file) => file,
            Err(fault) => {
                trail.operation = Described::S3(permit.redeem());
                return Err(fault);
            }
        };
        let Forwarded { call, outcome } = act::s3_form(permit, file, means).await;
        trail.change.iter().for_each(Change::count);
        trail.operation = Described::S3(call);
        finished(trail, outcome, true).map(|reply| after.reply(reply))
    }

    /// Reads the fields of a form and finds out whose they are and what they say of the call. Time and identities are
    /// those of the moment when the fields are all there.
    async fn open_form(
        &self,
        trail: &Trail,
        received: &Received,
        body: ClientBody,
        call: &mut Call,
        settings: &Settings,
    ) -> (Claims, Result<Opened, Fault>) {
        let mut claims = Claims::new(trail);
        let opened = async {
            let open = timeout(settings.limits.idle, Form::open(received, body));
            let mut form = open.await.map_err(|_| request_timeout())??;
            self.check_state()?;
            let (now, snapshot) = (clock::now(), Guard::into_inner(self.shared.directory.snapshot()));
            let field = |name: &str| form.field(name).map(str::to_owned);
            let caller = authenticate_form(received, field, &self.means(settings, &snapshot, now), &mut claims)?;
            form.put_in_file_name();
            let length = match form.field("policy") {
                Some(policy) => post_policy::check(policy, &form.fields, call.bucket(), now)?,
                None => 0..=post_policy::OBJECT_BYTES_MAX,
            };
            call.with_form(&form.fields)?;
            Ok(Opened { form, caller, length, snapshot })
        };
        let opened = opened.await;
        (claims, opened)
    }

    /// Steps 3 to 5 for internal HTTP APIs.
    async fn internal(
        &self,
        trail: &mut Trail,
        promise: Promise,
        body: Arriving,
        settings: &Settings,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Reply, Fault> {
        let (Head::Sound(received), Some(caller)) = (&trail.head, &trail.caller) else {
            return Err(internal_error().because("a head or a caller went missing"));
        };
        let upstreams = self.upstreams(settings);
        let snapshot = &self.renewed(snapshot, caller, trail.protocol)?;
        let (upstream, call) = describe::internal(received, &upstreams)?;
        let region = trail.region.as_deref().unwrap_or(settings.region());
        let around = Circumstances::new(caller, received, region, settings.account, snapshot, &settings.organization);
        let (permit, verdict) = match authorize(around, call, snapshot) {
            Ok(permitted) => permitted,
            Err((denied, call)) => {
                trail.operation = Described::Invoke(call);
                let (fault, verdict) = denied.refuse(&self.shared.messages);
                trail.verdict = Some(verdict);
                return Err(Fault { code: "AccessDeniedException".into(), ..fault });
            }
        };
        let means = self.acting((trail.at, trail.id), received, caller, settings, &upstreams, snapshot);
        trail.verdict = verdict;
        let outgoing = match promise.content_bytes(received) {
            None => act::outgoing_of_any_length(body, &promise, means).await,
            Some(_) => act::outgoing(body, &promise, means).await,
        };
        let outgoing = match outgoing {
            Ok(outgoing) => outgoing,
            Err(fault) => {
                trail.operation = Described::Invoke(permit.redeem());
                return Err(fault);
            }
        };
        let Forwarded { call, outcome } = upstream.forward(permit, outgoing, caller, received, trail.id).await;
        trail.operation = Described::Invoke(call);
        finished(trail, outcome, true)
    }

    /// Reads the body of a call of ours; its steps 3 to 5 are taken where they may block.
    async fn own(
        &self,
        api: Arc<dyn OwnApi>,
        trail: &Trail,
        promise: Promise,
        body: Arriving,
        settings: &Settings,
        snapshot: &Arc<Snapshot>,
    ) -> Result<own::Call, Fault> {
        let (Head::Sound(received), Some(caller)) = (&trail.head, &trail.caller) else {
            return Err(internal_error().because("a head or a caller went missing"));
        };
        let bounds = Bounds { bytes_max: api.body_bytes_max(), time_max: settings.limits.idle };
        let body = promise.whole(received, body, bounds, trail.protocol.is_of_s3()).await?;
        self.renewed(snapshot, caller, trail.protocol)?;
        let region = trail.region.clone().unwrap_or_else(|| settings.region().into());
        let directory = self.shared.directory.clone();
        let messages = self.shared.messages.clone();
        Ok(own::Call { api, directory, messages, body, account: settings.account, region })
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

/// The answer to a call of ours that the server's end has taken with it.
fn unserved() -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

const HEAD_TOO_LARGE: &str = "Your request header and query-string parameters exceeded the maximum allowed size.";

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

/// Whether the caller may know that the object is not there (S3 API reference, GetObject, HeadObject and
/// GetObjectAttributes: 404 only with `s3:ListBucket`).
async fn reveals_absence(asking: &Asking<'_>, forwarded: &Forwarded<Call>, snapshot: &Snapshot) -> bool {
    let is_read = matches!(forwarded.call.op(), Op::GetObject | Op::HeadObject | Op::GetObjectAttributes);
    // That a bucket is not there is told to everybody.
    let is_absent = matches!(&forwarded.outcome,
        Err(refused) if refused.fault.status == 404 && refused.fault.code != "NoSuchBucket");
    if !is_read || !is_absent {
        return true;
    }
    let bucket = format!("arn:aws:s3:::{}", forwarded.call.bucket());
    Box::pin(asking.may("s3:ListBucket", &bucket, &forwarded.call, snapshot)).await
}
