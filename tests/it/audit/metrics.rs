//! What `/metrics` shows, and that events move it.

use std::{collections::BTreeSet, time::Duration};

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

/// Names and labels of every line of values.
fn series(shown: &str) -> Vec<&str> {
    let lines = shown.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0).collect()
}

#[test]
fn names_say_what_is_counted_in_base_units() {
    metrics::install().unwrap();
    let shown = metrics::render();
    let kinds: Vec<(&str, &str)> =
        shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    assert!(kinds.len() >= 15, "{shown}");
    for (name, kind) in &kinds {
        let rest = name.strip_prefix("countersign_").unwrap_or_else(|| panic!("{name}"));
        assert!(rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        for unit in ["milli", "micro", "nano", "minutes", "hours", "kilo", "kib", "mega", "percent"] {
            assert!(!rest.contains(unit), "{name}");
        }
        match *kind {
            "counter" => assert!(name.ends_with("_total"), "{name}"),
            "gauge" => assert!(!name.ends_with("_total"), "{name}"),
            "histogram" => assert!(name.ends_with("_seconds") || name.ends_with("_bytes"), "{name}"),
            kind => panic!("{name}: {kind}"),
        }
        assert!(shown.contains(&format!("# HELP {name} ")), "{name} is not explained");
    }
    for series in series(&shown) {
        let name = series.split('{').next().unwrap();
        let is_of = |kind: &str| name == kind || name.strip_prefix(kind).is_some_and(|rest| PARTS.contains(&rest));
        assert!(kinds.iter().any(|(kind, _)| is_of(kind)), "{series} has no type");
    }
}

/// What stands behind a histogram's name.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

#[test]
fn what_a_client_writes_makes_no_new_series() {
    metrics::install().unwrap();
    let all = || series(&metrics::render()).into_iter().map(str::to_owned).collect::<BTreeSet<String>>();
    let before = all();
    assert!(before.len() < 300, "{}", before.len());
    let request_id = RequestId::from_random([7; 16]);
    for number in 0..1000 {
        let text = format!("made up by a client {number}");
        event::RequestFinished {
            service: Service::of(&text),
            operation: &text,
            outcome: Outcome::ClientError,
            status: 400 + number % 100,
            duration: Duration::from_millis(number.into()),
            bytes_in: 1,
            bytes_out: 1,
            request_id,
        }
        .emit();
        event::RequestDenied { kind: Denial::Implicit, action: &text, request_id }.emit();
        let error = &text;
        event::UpstreamFailed { reason: UpstreamFailure::Status, upstream: &text, error, request_id }.emit();
    }
    assert!(all() == before);
}
