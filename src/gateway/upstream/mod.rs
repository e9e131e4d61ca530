//! Backends that are reached over HTTP: their connections, and how a permitted operation becomes a request to them.

mod connect;
mod pool;
mod routes;

pub mod http;
pub mod s3;

pub use connect::{Address, ConnectError};
pub use pool::{Lease, Pool, SendError, Timeouts};
pub use routes::{BucketPattern, Upstreams};

/// How long the rest of an answer that was recorded already may stall.
pub const IDLE_OF_RECORDED_ANSWERS: std::time::Duration = std::time::Duration::from_secs(60);
