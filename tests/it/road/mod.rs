//! The road as clients and upstreams see it: a server in this process, between a signer and an upstream that records.

mod chunked;
pub mod client;
mod deadlines;
mod form;
pub mod gateway;
mod harness;
mod operations;
pub mod signer;
mod transfers;
mod uploads;
pub mod upstream;
