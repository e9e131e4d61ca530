//! The road as clients and upstreams see it: a server in this process, between a signer and an upstream that records.

mod client;
mod form;
mod gateway;
mod signer;
mod upstream;

mod harness;
mod operations;
