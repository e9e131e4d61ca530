//! Floor 2: what operators see: metrics, events, log, health, and the answers of the admin listener.
//!
//! A thing worth seeing is an [`event`]: a struct whose `emit` writes the log line *and* moves the metric, so that the two
//! cannot disagree.

pub mod admin;
pub mod event;
pub mod health;
pub mod label;
pub mod log;
pub mod metrics;

pub use health::{Condition, Health};
