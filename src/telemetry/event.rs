//! The events: each is a struct, and `emit` writes its log line and moves its metric.
//!
//! Events of single requests are logged at `debug`: the audit record tells them in full.

use std::{fmt, io, path::Path, time::Duration};

use super::{
    label::{AuthFailure, Denial, Label, Loss, Outcome, Service, UpstreamFailure},
    metrics::installed,
};
use crate::base::{RequestId, Timestamp};

/// Counts a request as being worked on for as long as it lives.
#[derive(Debug)]
#[must_use]
pub struct RequestInFlight(());

impl RequestInFlight {
    /// A request has come.
    pub fn enter() -> Self {
        if let Some(metrics) = installed() {
            metrics.in_flight.increment(1);
        }
        Self(())
    }
}

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        if let Some(metrics) = installed() {
            metrics.in_flight.decrement(1);
        }
    }
}

/// A request is over: the last byte of its response was sent, or it ended before.
#[derive(Debug)]
pub struct RequestFinished<'a> {
    /// The service.
    pub service: Service,
    /// The operation's name; empty if it is not known.
    pub operation: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// The status that the client was sent.
    pub status: u16,
    /// The time since its head was read.
    pub duration: Duration,
    /// Bytes of its body that were received.
    pub bytes_in: u64,
    /// Bytes of the response's body that were sent.
    pub bytes_out: u64,
    /// The id that the client saw.
    pub request_id: RequestId,
}

impl RequestFinished<'_> {
    /// Emits it.
    pub fn emit(&self) {
        tracing::debug!(
            request_id = %self.request_id,
            service = self.service.value(),
            operation = self.operation,
            outcome = self.outcome.value(),
            status = self.status,
            duration_us = self.duration.as_micros(),
            bytes_in = self.bytes_in,
            bytes_out = self.bytes_out,
            "request finished"
        );
        let Some(metrics) = installed() else { return };
        if let Some(requests) = metrics.requests.get(self.service.index()) {
            requests.add(self.outcome, 1);
        }
        if let Some(duration) = metrics.request_duration.get(self.service.index()) {
            duration.record(self.duration);
        }
        metrics.received.increment(self.bytes_in);
        metrics.sent.increment(self.bytes_out);
    }
}

/// A caller could not be authenticated.
#[derive(Debug)]
pub struct AuthenticationFailed {
    /// Why.
    pub reason: AuthFailure,
    /// The id that the client saw.
    pub request_id: RequestId,
}

impl AuthenticationFailed {
    /// Emits it.
    pub fn emit(&self) {
        tracing::debug!(request_id = %self.request_id, reason = self.reason.value(), "authentication failed");
        if let Some(metrics) = installed() {
            metrics.auth_failures.add(self.reason, 1);
        }
    }
}

/// A decision denied a request.
#[derive(Debug)]
pub struct RequestDenied<'a> {
    /// Which kind of policy denied.
    pub kind: Denial,
    /// The action that was denied.
    pub action: &'a str,
    /// The id that the client saw.
    pub request_id: RequestId,
}

impl RequestDenied<'_> {
    /// Emits it.
    pub fn emit(&self) {
        tracing::debug!(request_id = %self.request_id, kind = self.kind.value(), action = self.action, "request denied");
        if let Some(metrics) = installed() {
            metrics.denials.add(self.kind, 1);
        }
    }
}

/// An upstream failed.
#[derive(Debug)]
pub struct UpstreamFailed<'a> {
    /// What went wrong.
    pub reason: UpstreamFailure,
    /// Which upstream.
    pub upstream: &'a str,
    /// The whole chain of causes.
    pub error: &'a str,
    /// The id that the client saw.
    pub request_id: RequestId,
}

impl UpstreamFailed<'_> {
    /// Emits it.
    pub fn emit(&self) {
        tracing::warn!(
            request_id = %self.request_id,
            upstream = self.upstream,
            reason = self.reason.value(),
            error = self.error,
            "upstream failed"
        );
        if let Some(metrics) = installed() {
            metrics.upstream_errors.add(self.reason, 1);
        }
    }
}

/// Audit records were written.
#[derive(Debug)]
pub struct RecordsWritten {
    /// How many.
    pub lines: u64,
    /// Their bytes.
    pub bytes: usize,
    /// Whether an attempt had failed before: writing works again.
    pub after_failure: bool,
}

impl RecordsWritten {
    /// Emits it.
    pub fn emit(&self) {
        if self.after_failure {
            tracing::info!(lines = self.lines, "audit records can be written again");
        }
        if let Some(metrics) = installed() {
            metrics.records_written.increment(self.lines);
            metrics.record_bytes.increment(self.bytes as u64);
        }
    }
}

/// Audit records could not be written; they are kept and tried again.
#[derive(Debug)]
pub struct RecordsNotWritten<'a> {
    /// How many.
    pub lines: u64,
    /// Why.
    pub error: &'a io::Error,
}

impl RecordsNotWritten<'_> {
    /// Emits it.
    pub fn emit(&self) {
        tracing::error!(lines = self.lines, error = %self.error, "audit records cannot be written; requests are refused");
        if let Some(metrics) = installed() {
            metrics.write_failures.increment(1);
        }
    }
}

/// Audit records are lost for good.
#[derive(Debug)]
pub struct RecordsLost {
    /// How many.
    pub lines: u64,
    /// Why.
    pub reason: Loss,
    /// Whether it is the first loss since records could last be written; only that one is logged, all are counted.
    pub is_first: bool,
}

impl RecordsLost {
    /// Emits it.
    pub fn emit(&self) {
        if self.is_first {
            tracing::error!(lines = self.lines, reason = self.reason.value(), "audit records are being lost");
        }
        if let Some(metrics) = installed() {
            metrics.records_lost.add(self.reason, self.lines);
        }
    }
}

/// The last line of the audit spool had been cut off by a crash.
#[derive(Debug)]
pub struct SpoolRepaired<'a> {
    /// The file.
    pub path: &'a Path,
    /// How many bytes of it were no whole record and were taken away.
    pub bytes_cut: u64,
}

impl SpoolRepaired<'_> {
    /// Emits it.
    pub fn emit(&self) {
        tracing::warn!(path = %self.path.display(), bytes_cut = self.bytes_cut, "audit spool repaired after a crash");
        if let Some(metrics) = installed() {
            metrics.spool_repairs.increment(1);
        }
    }
}

/// The snapshot of identities is known to be current.
#[derive(Debug)]
pub struct SnapshotConfirmed {
    /// The store's change that it shows.
    pub sequence: u64,
    /// When that was known.
    pub at: Timestamp,
}

impl SnapshotConfirmed {
    /// Emits it.
    pub fn emit(&self) {
        tracing::trace!(sequence = self.sequence, "snapshot confirmed");
        if let Some(metrics) = installed() {
            // Gauges are floating-point numbers: exact up to 2^53.
            metrics.snapshot_sequence.set(self.sequence as f64);
            metrics.store_reachable.set(1.0);
            metrics.snapshot_confirmed.set(self.at.as_millisecond() as f64 / 1000.0);
        }
    }
}

/// The store was asked, and did not answer as it should.
pub struct StoreAway<'a> {
    /// Why.
    pub error: &'a dyn fmt::Display,
    /// Whether it answered before.
    pub is_new: bool,
}

impl StoreAway<'_> {
    /// Emits it.
    pub fn emit(&self) {
        if self.is_new {
            tracing::error!(error = %self.error, "the store cannot be read; what was known of it counts for a while");
        }
        if let Some(metrics) = installed() {
            metrics.store_reachable.set(0.0);
        }
    }
}
