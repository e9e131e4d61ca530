//! Why the store refuses.

use std::fmt;

use crate::base::{Fault, random::NoRandomness};

/// A kind of failure, and what the operator should know of it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// What to do about it.
    pub kind: ErrorKind,
    /// The cause in words, for the operator only.
    pub detail: String,
}

/// The kinds of failure. The first four tell of the entities, the others of the store itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An entity of that name or id exists.
    Exists,
    /// The entity does not exist.
    Missing,
    /// The entity still has, or is used by, others.
    InUse,
    /// Another unit of work changed the same; beginning anew may succeed.
    Conflict,
    /// Locked, unreachable, read-only, or an I/O error. May pass.
    Unavailable,
    /// No space left.
    Full,
    /// The database or a record in it is not what was written.
    Damaged,
    /// Written by a newer version of this program.
    Newer,
    /// The master key is not the one that the secrets were sealed with, or there is none.
    WrongMasterKey,
}

impl StoreError {
    /// An error with its cause in words.
    pub fn new(kind: ErrorKind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string() }
    }

    /// The entity named by `what` does not exist.
    pub fn missing(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Missing, format!("`{what}` does not exist"))
    }

    /// The database holds something that this program cannot have written.
    pub fn damaged(detail: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Damaged, detail)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ErrorKind::Exists => "exists already",
            ErrorKind::Missing => "does not exist",
            ErrorKind::InUse => "still in use",
            ErrorKind::Conflict => "changed at the same time",
            ErrorKind::Unavailable => "the store is unavailable",
            ErrorKind::Full => "the store is full",
            ErrorKind::Damaged => "the store is damaged",
            ErrorKind::Newer => "the store was written by a newer version",
            ErrorKind::WrongMasterKey => "no fitting master key",
        };
        write!(f, "{kind}: {}", self.detail)
    }
}

impl std::error::Error for StoreError {}

impl From<NoRandomness> for StoreError {
    fn from(error: NoRandomness) -> Self {
        Self::new(ErrorKind::Unavailable, error)
    }
}

/// The fallback towards clients. Operations that know better words (which user, which policy) say them before it
/// comes to this.
impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let (status, code, message) = match error.kind {
            ErrorKind::Exists => (409, "EntityAlreadyExists", "An entity with this name already exists."),
            ErrorKind::Missing => (404, "NoSuchEntity", "The entity cannot be found."),
            ErrorKind::InUse => (409, "DeleteConflict", "Cannot delete entity, must remove its subordinates first."),
            ErrorKind::Conflict => {
                (409, "ConcurrentModification", "The entity was changed by another request. Try again.")
            }
            _ => (500, "ServiceFailure", "The request could not be carried out because of an internal failure."),
        };
        Fault::new(status, code, message).because(error)
    }
}
