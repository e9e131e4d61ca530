//! Backends that are reached over HTTP: their connections, and how a permitted operation becomes a request to them.

mod connect;
mod pool;
mod routes;

pub mod http;
pub mod s3;

pub use connect::{Address, ConnectError};
pub use pool::{Lease, Pool, SendError, Timeouts};
pub use routes::{BucketPattern, Upstreams};
