//! The integration tests, one binary.

mod audit;
mod mapping;
mod store;
mod store_directory;
mod store_suite;
