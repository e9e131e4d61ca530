//! The road as clients and upstreams see it: a server in this process, between a signer and an upstream that records.

mod account_settings;
mod bucket_settings;
mod chunked;
pub mod client;
mod deadlines;
mod documents;
mod drain;
mod form;
pub mod gateway;
mod harness;
mod heads;
mod invoke;
mod nodes;
mod operations;
mod organization;
mod outages;
mod records;
mod revocation;
pub mod secure;
pub mod signer;
mod stored_tags;
mod tags_kept;
mod tls;
mod transfers;
mod uploads;
pub mod upstream;
