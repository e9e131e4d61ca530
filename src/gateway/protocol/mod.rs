//! How faults are written down for clients, one file a protocol, and how upstreams' faults are read.

pub mod query;
pub mod rest_json;
pub mod s3;
