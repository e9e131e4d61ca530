//! How faults are written down for clients, one file a protocol, and how upstreams' faults are read.

pub mod rest_json;
pub mod s3;
