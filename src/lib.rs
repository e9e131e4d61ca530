//! Countersign.
#![forbid(unsafe_code)]
pub mod audit;
pub mod base;
pub mod gateway;
pub mod telemetry;
