//! Countersign.
#![forbid(unsafe_code)]
pub mod base;
pub mod gateway;
pub mod mapping;
