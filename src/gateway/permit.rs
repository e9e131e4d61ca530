//! [`Permit`]: proof that an operation was allowed. Only the step `authorize` makes one, and every backend demands one.

use crate::base::Operation;

/// An operation that was authorized. It is not `Clone`, it can be made only by `authorize`, and the operation inside can
/// be had only by giving the permit up: "forwarded without authorization" does not compile.
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
