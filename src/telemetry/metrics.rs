//! The metrics: one table of names, and the handles behind them.
//!
//! Every series is registered once, by [`install`]; on the data path an event adds to an atomic and looks nothing up.

use std::{marker::PhantomData, sync::OnceLock, thread, time::Duration};

use metrics::{Counter, Gauge, Histogram, SharedString};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::label::{AuthFailure, Denial, Label, Loss, Outcome, Service, UpstreamFailure};

/// Names and meanings. Base units: seconds and bytes.
mod name {
    /// A metric's name and its help text.
    pub(super) type Metric = (&'static str, &'static str);

    pub(super) const REQUESTS: Metric = ("countersign_requests_total", "Requests finished, by service and outcome.");
    pub(super) const REQUEST_DURATION: Metric =
        ("countersign_request_duration_seconds", "From the head of a request to the end of its response, by service.");
    pub(super) const REQUESTS_IN_FLIGHT: Metric = ("countersign_requests_in_flight", "Requests being worked on.");
    pub(super) const RECEIVED: Metric = ("countersign_received_bytes_total", "Body bytes received from clients.");
    pub(super) const SENT: Metric = ("countersign_sent_bytes_total", "Body bytes sent to clients.");
    pub(super) const AUTH_FAILURES: Metric =
        ("countersign_authentication_failures_total", "Callers not authenticated, by reason.");
    pub(super) const DENIALS: Metric = ("countersign_denials_total", "Requests denied by a decision, by its kind.");
    pub(super) const UPSTREAM_ERRORS: Metric = ("countersign_upstream_errors_total", "Upstream failures, by reason.");
    pub(super) const RECORDS_WRITTEN: Metric = ("countersign_audit_records_written_total", "Audit records written.");
    pub(super) const RECORD_BYTES: Metric =
        ("countersign_audit_written_bytes_total", "Bytes of audit records written.");
    pub(super) const RECORDS_LOST: Metric = ("countersign_audit_records_lost_total", "Audit records lost, by reason.");
    pub(super) const WRITE_FAILURES: Metric =
        ("countersign_audit_write_failures_total", "Attempts to write audit records that failed and are repeated.");
    pub(super) const SPOOL_REPAIRS: Metric =
        ("countersign_audit_repairs_total", "Last lines of the audit spool that a crash had cut off.");
    pub(super) const SNAPSHOT_SEQUENCE: Metric =
        ("countersign_snapshot_sequence", "The store's change that the current snapshot of identities shows.");
    pub(super) const SNAPSHOT_CONFIRMED: Metric = (
        "countersign_snapshot_confirmed_timestamp_seconds",
        "When the current snapshot was last known to be current; time() minus it is the staleness.",
    );
    pub(super) const STORE_REACHABLE: Metric =
        ("countersign_store_reachable", "Whether the store answered when it was last asked: 1 or 0.");
}

/// Upper bounds of the duration's buckets, in seconds.
const DURATION_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// How often the histogram's samples are folded into its buckets; until then each takes memory.
const UPKEEP: Duration = Duration::from_secs(1);

static METRICS: OnceLock<Metrics> = OnceLock::new();

/// One counter for each value of a label.
pub(super) struct Family<L: Label> {
    counters: Box<[Counter]>,
    label: PhantomData<L>,
}

/// Every metric, registered.
pub(super) struct Metrics {
    handle: PrometheusHandle,
    pub(super) requests: Box<[Family<Outcome>]>,
    pub(super) request_duration: Box<[Histogram]>,
    pub(super) in_flight: Gauge,
    pub(super) received: Counter,
    pub(super) sent: Counter,
    pub(super) auth_failures: Family<AuthFailure>,
    pub(super) denials: Family<Denial>,
    pub(super) upstream_errors: Family<UpstreamFailure>,
    pub(super) records_written: Counter,
    pub(super) record_bytes: Counter,
    pub(super) records_lost: Family<Loss>,
    pub(super) write_failures: Counter,
    pub(super) spool_repairs: Counter,
    pub(super) snapshot_sequence: Gauge,
    pub(super) snapshot_confirmed: Gauge,
    pub(super) store_reachable: Gauge,
}

/// Registers every metric and starts the thread that folds histograms. Repeating it changes nothing.
pub fn install() -> Result<(), BuildError> {
    let (name, _) = name::REQUEST_DURATION;
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(name.into()), &DURATION_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    if METRICS.set(metrics::with_local_recorder(&recorder, || Metrics::register(handle.clone()))).is_ok() {
        let spawned = thread::Builder::new().name("metrics-upkeep".into()).spawn(move || {
            loop {
                thread::sleep(UPKEEP);
                handle.run_upkeep();
            }
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "metrics are folded only when they are read");
        }
    }
    Ok(())
}

/// All metrics in Prometheus' text form; empty before [`install`].
pub fn render() -> String {
    installed().map(|metrics| metrics.handle.render()).unwrap_or_default()
}

/// The metrics; `None` before [`install`].
pub(super) fn installed() -> Option<&'static Metrics> {
    METRICS.get()
}

impl Metrics {
    fn register(handle: PrometheusHandle) -> Self {
        let requests = |service: &Service| Family::new(name::REQUESTS, vec![label(*service)]);
        let duration = |service: &Service| histogram(name::REQUEST_DURATION, vec![label(*service)]);
        Self {
            handle,
            requests: Service::ALL.iter().map(requests).collect(),
            request_duration: Service::ALL.iter().map(duration).collect(),
            in_flight: gauge(name::REQUESTS_IN_FLIGHT),
            received: counter(name::RECEIVED, Vec::new()),
            sent: counter(name::SENT, Vec::new()),
            auth_failures: Family::new(name::AUTH_FAILURES, Vec::new()),
            denials: Family::new(name::DENIALS, Vec::new()),
            upstream_errors: Family::new(name::UPSTREAM_ERRORS, Vec::new()),
            records_written: counter(name::RECORDS_WRITTEN, Vec::new()),
            record_bytes: counter(name::RECORD_BYTES, Vec::new()),
            records_lost: Family::new(name::RECORDS_LOST, Vec::new()),
            write_failures: counter(name::WRITE_FAILURES, Vec::new()),
            spool_repairs: counter(name::SPOOL_REPAIRS, Vec::new()),
            snapshot_sequence: gauge(name::SNAPSHOT_SEQUENCE),
            snapshot_confirmed: gauge(name::SNAPSHOT_CONFIRMED),
            store_reachable: gauge(name::STORE_REACHABLE),
        }
    }
}

impl<L: Label> Family<L> {
    fn new(metric: name::Metric, labels: Labels) -> Self {
        let one = |value: &L| counter(metric, labels.iter().cloned().chain([label(*value)]).collect());
        Self { counters: L::ALL.iter().map(one).collect(), label: PhantomData }
    }

    /// Adds to the counter of one value.
    pub(super) fn add(&self, value: L, count: u64) {
        if let Some(counter) = self.counters.get(value.index()) {
            counter.increment(count);
        }
    }
}

type Labels = Vec<(&'static str, SharedString)>;

fn label<L: Label>(value: L) -> (&'static str, SharedString) {
    (L::NAME, SharedString::const_str(value.value()))
}

fn counter((name, help): name::Metric, labels: Labels) -> Counter {
    metrics::describe_counter!(name, help);
    let counter = metrics::counter!(name, &labels);
    // A series that stands at zero is shown, so that its first increase can be seen.
    counter.increment(0);
    counter
}

fn gauge((name, help): name::Metric) -> Gauge {
    metrics::describe_gauge!(name, help);
    metrics::gauge!(name)
}

fn histogram((name, help): name::Metric, labels: Labels) -> Histogram {
    metrics::describe_histogram!(name, help);
    metrics::histogram!(name, &labels)
}
