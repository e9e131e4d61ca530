//! The road as clients and upstreams see it: a server in this process, between a signer and an upstream that records.

pub mod client;
mod forms;
pub mod gateway;
pub mod signer;
pub mod upstream;

mod harness;
