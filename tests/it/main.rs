//! The integration tests, as one binary.

mod audit;
mod mapping;
mod mapping_execute_api;
mod mapping_table;
mod store;
mod store_directory;
mod store_suite;
