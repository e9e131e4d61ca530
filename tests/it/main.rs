//! The integration tests, one binary.

mod audit;
mod store;
