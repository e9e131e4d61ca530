//! The road as clients and upstreams see it: a server in this process, between a signer and an upstream that records.

mod chunked;
mod client;
mod form;
mod gateway;
mod signer;
mod upstream;

mod deadlines;
mod documents;
mod drain;
mod harness;
mod heads;
mod invoke;
mod operations;
mod outages;
mod records;
mod revocation;
mod tls;
mod transfers;
mod uploads;
