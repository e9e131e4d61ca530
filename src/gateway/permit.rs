//! [`Permit`]: proof that an operation was allowed. Only the step `authorize` makes one, and every backend demands one.
//!
//! This compiles, because the permit comes from somewhere:
//!
//! ```
//! use countersign::{base::RequestId, base::Timestamp, gateway::permit::Permit, mapping::s3::Call};
//! use countersign::gateway::upstream::s3::{Outgoing, S3Upstream};
//!
//! async fn forward(upstream: &S3Upstream, permit: Permit<Box<Call>>, body: Outgoing, at: Timestamp, id: RequestId) {
//!     let _ = upstream.forward(permit, body, at, id).await;
//! }
//! ```
//!
//! This does not, because a call is not a permit:
//!
//! ```compile_fail,E0308
//! use countersign::{base::RequestId, base::Timestamp, gateway::permit::Permit, mapping::s3::Call};
//! use countersign::gateway::upstream::s3::{Outgoing, S3Upstream};
//!
//! async fn forward(upstream: &S3Upstream, permit: Box<Call>, body: Outgoing, at: Timestamp, id: RequestId) {
//!     let _ = upstream.forward(permit, body, at, id).await;
//! }
//! ```
//!
//! Nor does this, because only `authorize` seals one:
//!
//! ```compile_fail,E0624
//! fn forge(call: Box<countersign::mapping::s3::Call>) {
//!     let _ = countersign::gateway::permit::Permit::seal(call);
//! }
//! ```
//!
//! Nor this, because a permit cannot be used twice:
//!
//! ```compile_fail,E0382
//! fn twice(permit: countersign::gateway::permit::Permit<Box<countersign::mapping::s3::Call>>) {
//!     let _ = (permit.redeem(), permit.redeem());
//! }
//! ```

use crate::base::Operation;

/// An operation that was authorized. It is not `Clone`, it can be made only by `authorize`, and the operation inside can
/// be had only by giving the permit up.
#[must_use]
pub struct Permit<T: Operation> {
    operation: T,
}

impl<T: Operation> Permit<T> {
    /// Seals an operation after every decision that it needs was an allow.
    pub(super) fn seal(operation: T) -> Self {
        Self { operation }
    }

    /// The permitted operation.
    pub fn operation(&self) -> &T {
        &self.operation
    }

    /// Gives the permit up for the operation, which is now carried out.
    pub fn redeem(self) -> T {
        self.operation
    }
}
