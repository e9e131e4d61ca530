//! The audit record, the spool, and what operators see of them.

mod metrics;
mod record;
mod requests;
mod spool;
