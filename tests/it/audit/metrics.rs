//! What `/metrics` shows, and that events move it.

use std::time::Duration;

use countersign::{
    base::{RequestId, Timestamp},
    telemetry::{
        Health, admin, event,
        label::{AuthFailure, Denial, Outcome, Service, UpstreamFailure},
        metrics,
    },
};

/// The value of a series, which is there.
fn value(series: &str) -> f64 {
    let shown = admin::answer("/metrics", &Health::new()).body;
    let line = shown.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in\n{shown}")).parse().unwrap()
}

#[test]
fn events_move_their_metrics() {
    metrics::install().unwrap();
    let request_id = RequestId::from_random([7; 16]);
    let finished = event::RequestFinished {
        service: Service::Sts,
        operation: "GetCallerIdentity",
        outcome: Outcome::Denied,
        status: 403,
        duration: Duration::from_millis(3),
        bytes_in: 10,
        bytes_out: 20,
        request_id,
    };
    // Other tests of this process may emit events at the same time, so that a counter may grow by more.
    let cases: [(&str, f64, &dyn Fn()); 7] = [
        ("countersign_requests_total{service=\"sts\",outcome=\"denied\"}", 1.0, &|| finished.emit()),
        ("countersign_request_duration_seconds_count{service=\"sts\"}", 1.0, &|| finished.emit()),
        ("countersign_received_bytes_total", 10.0, &|| finished.emit()),
        ("countersign_sent_bytes_total", 20.0, &|| finished.emit()),
        ("countersign_authentication_failures_total{reason=\"skewed\"}", 1.0, &|| {
            event::AuthenticationFailed { reason: AuthFailure::Skewed, request_id }.emit();
        }),
        ("countersign_denials_total{kind=\"explicit\"}", 1.0, &|| {
            event::RequestDenied { kind: Denial::Explicit, action: "s3:GetObject", request_id }.emit();
        }),
        ("countersign_upstream_errors_total{reason=\"timeout\"}", 1.0, &|| {
            let error = "no answer within 30 s";
            event::UpstreamFailed { reason: UpstreamFailure::Timeout, upstream: "a", error, request_id }.emit();
        }),
    ];
    for (series, step, emit) in cases {
        let before = value(series);
        emit();
        assert!(value(series) - before >= step, "{series}");
    }
    let shows_snapshot = || {
        event::SnapshotConfirmed { sequence: 42, at: Timestamp::from_second(1_000).unwrap() }.emit();
        value("countersign_snapshot_sequence") == 42.0
            && value("countersign_snapshot_confirmed_timestamp_seconds") == 1_000.0
    };
    assert!((0..100).any(|_| shows_snapshot()));
}

#[test]
fn a_request_is_in_flight_until_it_ends() {
    metrics::install().unwrap();
    let requests: Vec<_> = (0..1_000).map(|_| event::RequestInFlight::enter()).collect();
    assert!(value("countersign_requests_in_flight") >= 900.0);
    drop(requests);
    assert!(value("countersign_requests_in_flight") < 900.0);
}

#[test]
fn every_series_is_shown_before_its_first_event() {
    metrics::install().unwrap();
    let shown = metrics::render();
    for text in [
        "# TYPE countersign_requests_in_flight gauge",
        "# TYPE countersign_request_duration_seconds histogram",
        "# HELP countersign_audit_records_lost_total Audit records lost, by reason.",
        "countersign_audit_records_lost_total{reason=\"closed\"} ",
        "countersign_requests_total{service=\"other\",outcome=\"aborted\"} ",
    ] {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
}
