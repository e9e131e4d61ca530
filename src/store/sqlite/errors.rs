//! SQLite's errors in the store's words.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::{ErrorKind, StoreError};

/// A failed statement or connection. A missing parent row is a [`ErrorKind::Missing`].
pub(super) fn refused(error: Error) -> StoreError {
    StoreError::new(kind(&error), error)
}

/// What a failure of SQLite means for the store.
pub(super) fn kind(error: &Error) -> ErrorKind {
    let failure = match error {
        Error::SqliteFailure(failure, _) => failure,
        // A column that holds what this program does not write.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => return ErrorKind::Damaged,
        _ => return ErrorKind::Unavailable,
    };
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => ErrorKind::Exists,
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => ErrorKind::Missing,
        (ErrorCode::DiskFull, _) => ErrorKind::Full,
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation, _) => {
            ErrorKind::Damaged
        }
        _ => ErrorKind::Unavailable,
    }
}
