//! What the admin listener answers: `/healthz`, `/readyz`, `/metrics`.

use std::fmt::Write;

use http::StatusCode;

use super::{health::Health, metrics};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// Answers a `GET` or `HEAD` of `path`.
///
/// `/healthz` says that the process runs, `/readyz` whether it takes requests, with a line for each condition that
/// does not hold.
pub fn answer(path: &str, health: &Health) -> Answer {
    match path {
        "/healthz" => plain(StatusCode::OK, "ok\n".into()),
        "/readyz" => readiness(health),
        // The version of the text format that Prometheus and its relatives read.
        "/metrics" => Answer {
            status: StatusCode::OK,
            content_type: "text/plain; version=0.0.4; charset=utf-8",
            body: metrics::render(),
        },
        _ => plain(StatusCode::NOT_FOUND, "not found\n".into()),
    }
}

fn readiness(health: &Health) -> Answer {
    let faults = health.faults();
    if faults.is_empty() {
        return plain(StatusCode::OK, "ready\n".into());
    }
    let mut body = String::from("not ready\n");
    for fault in &faults {
        // Writing to memory does not fail.
        let _ = writeln!(body, "{fault}");
    }
    plain(StatusCode::SERVICE_UNAVAILABLE, body)
}

fn plain(status: StatusCode, body: String) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_answer() {
        let health = Health::new();
        let store = health.condition("store");
        let cases = [
            ("/healthz", StatusCode::OK, "ok\n"),
            ("/readyz", StatusCode::SERVICE_UNAVAILABLE, "not ready\nstore: not started\n"),
            ("/", StatusCode::NOT_FOUND, "not found\n"),
            ("/metrics/", StatusCode::NOT_FOUND, "not found\n"),
        ];
        for (path, status, body) in cases {
            let answer = answer(path, &health);
            assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path}");
        }
        store.hold();
        assert_eq!(answer("/readyz", &health).status, StatusCode::OK);
    }
}
