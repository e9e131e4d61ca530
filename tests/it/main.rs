//! The integration tests, as one binary.
// A failing test panics, and its helpers with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods
)]

mod audit;
mod mapping;
mod mapping_execute_api;
mod mapping_table;
mod policy;
mod store;
mod store_directory;
mod store_suite;
