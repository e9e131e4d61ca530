//! The integration tests, as one binary.
// A failing test panics, and its helpers with it. Its futures are made once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::large_futures
)]

mod api;
mod audit;
mod cli;
mod client_certificates;
mod config;
mod ldap;
mod mapping;
mod mapping_documents;
mod mapping_execute_api;
mod mapping_table;
mod mapping_upstream;
mod oidc;
mod policy;
mod postgres;
mod road;
mod saml;
mod sigv4;
mod store;
mod store_accesses;
mod store_aws_managed;
mod store_crash;
mod store_directory;
mod store_postgres;
mod store_relatives;
mod store_suite;
mod sts;
