//! A transaction on the one connection.

use std::sync::MutexGuard;

use rusqlite::{
    Connection, Error, Row as SqliteRow, params_from_iter,
    types::{ToSql, ToSqlOutput, ValueRef},
};

use super::errors::refused;
use crate::store::{
    Sequence, StoreError,
    sql::{Columns, Driver, Row, Value},
};

type Done<T = ()> = Result<T, StoreError>;

/// A transaction; undone as it is dropped, unless it was committed.
pub(super) struct Transaction<'a>(MutexGuard<'a, Connection>);

impl<'a> Transaction<'a> {
    /// Begins.
    pub(super) fn begin(connection: MutexGuard<'a, Connection>) -> Done<Self> {
        connection.execute_batch("BEGIN").map_err(refused)?;
        Ok(Self(connection))
    }

    /// A full disk or a lost file makes SQLite undo a transaction by itself. What came after would stand alone.
    fn still(&self) -> Done<&Connection> {
        if self.0.is_autocommit() { Err(refused(Error::InvalidQuery)) } else { Ok(&self.0) }
    }
}

impl Driver for Transaction<'_> {
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Done<u64> {
        let mut statement = self.still()?.prepare_cached(sql).map_err(refused)?;
        statement.execute(params_from_iter(values)).map(|rows| rows as u64).map_err(refused)
    }

    fn rows(&self, sql: &str, values: &[Value<'_>], read: &mut dyn FnMut(&Row<'_>) -> Done) -> Done {
        let mut statement = self.still()?.prepare_cached(sql).map_err(refused)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(refused)?;
        while let Some(row) = rows.next().map_err(refused)? {
            read(&Row(row))?;
        }
        Ok(())
    }

    fn change(&self, kind: &str, id: &str) -> Done<i64> {
        self.execute("INSERT INTO change (kind, id) VALUES (?1, ?2)", &[Value::Text(kind), Value::Text(id)])?;
        Ok(self.0.last_insert_rowid())
    }

    fn latest(&self) -> Done<Sequence> {
        let mut latest = None;
        self.rows("SELECT max(sequence) FROM change", &[], &mut |row| {
            latest = row.get(0)?;
            Ok(())
        })?;
        Ok(Sequence(latest.map_or(0, i64::unsigned_abs)))
    }

    fn commit(self: Box<Self>) -> Done {
        self.still()?.execute_batch("COMMIT").map_err(refused)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a unit of work could not be undone");
        }
    }
}

impl Columns for SqliteRow<'_> {
    fn value(&self, column: usize) -> Done<Value<'_>> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|error| refused(Error::Utf8Error(column, error)));
        Ok(match self.get_ref(column).map_err(refused)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Text(bytes) => Value::Text(text(bytes)?),
            ValueRef::Blob(bytes) => Value::Bytes(bytes),
            ValueRef::Real(_) => return Err(StoreError::damaged(format!("column {column} holds a fraction"))),
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
