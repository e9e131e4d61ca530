//! Countersign.
#![forbid(unsafe_code)]
pub mod base;
