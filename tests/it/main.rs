//! The integration tests, as one binary.

mod mapping;
mod mapping_documents;
mod mapping_execute_api;
mod mapping_table;
mod mapping_upstream;
