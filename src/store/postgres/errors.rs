//! PostgreSQL's errors in the store's words.

use tokio_postgres::{Error, error::SqlState};

use crate::store::{ErrorKind, StoreError};

/// A failed statement or connection. A missing parent row is a [`ErrorKind::Missing`].
pub(super) fn refused(error: &Error) -> StoreError {
    let detail = match error.as_db_error() {
        Some(told) => format!("{} (SQLSTATE {})", told.message(), told.code().code()),
        None => error.to_string(),
    };
    StoreError::new(kind(error), detail)
}

/// What a failure of PostgreSQL means for the store.
pub(super) fn kind(error: &Error) -> ErrorKind {
    let Some(state) = error.code() else { return ErrorKind::Unavailable };
    match *state {
        SqlState::UNIQUE_VIOLATION => ErrorKind::Exists,
        SqlState::FOREIGN_KEY_VIOLATION => ErrorKind::Missing,
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => ErrorKind::Conflict,
        SqlState::DISK_FULL => ErrorKind::Full,
        SqlState::DATA_CORRUPTED
        | SqlState::INDEX_CORRUPTED
        | SqlState::CHECK_VIOLATION
        | SqlState::NOT_NULL_VIOLATION
        | SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN => ErrorKind::Damaged,
        _ => ErrorKind::Unavailable,
    }
}
