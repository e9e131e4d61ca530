//! A transaction on one of the connections.
//!
//! Whoever writes locks the one row of `feed` before anything else, so that writers of all nodes come one after the
//! other, each seeing all that was committed before, and changes are committed in the order of their places. Whoever only
//! reads sees the state of its beginning and waits for nobody.

use std::{
    cell::{Cell, RefCell, RefMut},
    error::Error as StdError,
};

use bytes::BytesMut;
use futures_util::future::join3;
use tokio_postgres::{
    Row as PgRow,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use super::{
    errors::refused,
    link::{ANSWER, Link, Links},
};
use crate::store::{
    ErrorKind, Sequence, StoreError,
    sql::{Columns, Driver, Row, Value},
};

type Done<T = ()> = Result<T, StoreError>;

/// How often a beginning that was overtaken by others is tried.
const BEGINNINGS_MAX: usize = 10;

const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const NOTIFY: &str = "NOTIFY countersign_change";
const LATEST: &str = "SELECT value FROM feed WHERE one = 1";
const LOCK: &str = "SELECT value FROM feed WHERE one = 1 FOR UPDATE";

/// A transaction; undone as it is dropped, unless it was committed.
pub(super) struct Transaction<'a> {
    links: &'a Links,
    /// `None` once the connection was given back.
    link: RefCell<Option<Link>>,
    /// The place of the latest change of others, and how many of its own came after.
    before: i64,
    own: Cell<i64>,
    /// What made it good for nothing.
    broken: Cell<Option<ErrorKind>>,
}

impl<'a> Transaction<'a> {
    /// Begins to read.
    pub(super) fn reading(links: &'a Links) -> Done<Self> {
        Self::begin(links, BEGIN_READING, LATEST)
    }

    /// Begins to write; waits for others that do.
    pub(super) fn writing(links: &'a Links) -> Done<Self> {
        let mut tries = 0;
        loop {
            match Self::begin(links, BEGIN_WRITING, LOCK) {
                Err(error) if error.kind == ErrorKind::Conflict && tries < BEGINNINGS_MAX => tries += 1,
                begun => return begun,
            }
        }
    }

    fn begin(links: &'a Links, begin: &str, latest: &str) -> Done<Self> {
        let mut link = links.take()?;
        if let Err(error) = links.wait(link.client.batch_execute(begin)) {
            links.free(None);
            if !link.client.is_closed() {
                return Err(error);
            }
            // The server was started anew since this connection was used last, and the others are no better.
            links.forget();
            link = links.take()?;
            links.wait(link.client.batch_execute(begin)).inspect_err(|_| links.free(None))?;
        }
        let mut work =
            Self { links, link: RefCell::new(Some(link)), before: 0, own: Cell::new(0), broken: Cell::new(None) };
        let mut before = None;
        work.rows(latest, &[], &mut |row| {
            before = Some(row.get(0)?);
            Ok(())
        })?;
        work.before = before.ok_or_else(|| StoreError::damaged("table `feed` is empty"))?;
        Ok(work)
    }

    fn link(&self) -> Done<RefMut<'_, Link>> {
        if self.broken.get().is_some() {
            return Err(StoreError::new(ErrorKind::Unavailable, "the unit of work failed before"));
        }
        RefMut::filter_map(self.link.borrow_mut(), Option::as_mut)
            .map_err(|_| StoreError::new(ErrorKind::Unavailable, "the unit of work has ended"))
    }

    /// Notes a failure after which the transaction is good for nothing.
    fn broke(&self, error: StoreError) -> StoreError {
        self.broken.set(Some(error.kind));
        error
    }

    /// Runs what the transaction survives if it fails.
    fn guarded<T>(&self, link: &Link, act: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Done<T> {
        // Sent at once and answered in order: three statements, one round trip.
        let (save, release) =
            (link.client.batch_execute("SAVEPOINT s"), link.client.batch_execute("RELEASE SAVEPOINT s"));
        let (saved, done, released) =
            self.links.wait_for(ANSWER, join3(save, act, release)).map_err(|error| self.broke(error))?;
        let value = match saved.and(done) {
            Ok(value) => value,
            Err(error) => {
                let error = refused(&error);
                if !matches!(error.kind, ErrorKind::Exists | ErrorKind::Missing) {
                    return Err(self.broke(error));
                }
                let back = self.links.wait(link.client.batch_execute("ROLLBACK TO SAVEPOINT s"));
                return Err(back.map_or_else(|worse| self.broke(worse), |()| error));
            }
        };
        released.map_err(|error| self.broke(refused(&error)))?;
        Ok(value)
    }
}

impl Driver for Transaction<'_> {
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Done<u64> {
        let mut link = self.link()?;
        let statement = link.statement(self.links, sql).map_err(|error| self.broke(error))?;
        let parameters = parameters(values);
        self.guarded(&link, link.client.execute(&statement, &parameters))
    }

    fn rows(&self, sql: &str, values: &[Value<'_>], read: &mut dyn FnMut(&Row<'_>) -> Done) -> Done {
        let rows = {
            let mut link = self.link()?;
            let statement = link.statement(self.links, sql).map_err(|error| self.broke(error))?;
            let parameters = parameters(values);
            let rows = self.links.wait(link.client.query(&statement, &parameters));
            rows.map_err(|error| self.broke(error))?
        };
        rows.iter().try_for_each(|row| read(&Row(row)))
    }

    fn change(&self, kind: &str, id: &str) -> Done<i64> {
        let sequence = self.before.saturating_add(self.own.get()).saturating_add(1);
        let values = [Value::Int(sequence), Value::Text(kind), Value::Text(id)];
        self.execute("INSERT INTO change (sequence, kind, id) VALUES (?1, ?2, ?3)", &values)?;
        self.own.set(self.own.get().saturating_add(1));
        Ok(sequence)
    }

    fn latest(&self) -> Done<Sequence> {
        Ok(Sequence(self.before.saturating_add(self.own.get()).unsigned_abs()))
    }

    fn commit(self: Box<Self>) -> Done {
        if self.own.get() > 0 {
            let latest = self.before.saturating_add(self.own.get());
            self.execute("UPDATE feed SET value = ?1 WHERE one = 1", &[Value::Int(latest)])?;
            let link = self.link()?;
            // A hint for those who listen; where the database knows no such thing, they find out by asking.
            let notify = link.client.batch_execute(NOTIFY);
            let (saved, released) =
                (link.client.batch_execute("SAVEPOINT n"), link.client.batch_execute("RELEASE SAVEPOINT n"));
            let hinted = async {
                let (saved, notified, released) = join3(saved, notify, released).await;
                match saved.and(notified).and(released) {
                    Ok(()) => Ok(()),
                    Err(_) => link.client.batch_execute("ROLLBACK TO SAVEPOINT n").await,
                }
            };
            self.links.wait(hinted).map_err(|error| self.broke(error))?;
        }
        let committed = self.links.wait(self.link()?.client.batch_execute("COMMIT"));
        committed.map_err(|error| self.broke(error))?;
        self.links.free(self.link.take());
        Ok(())
    }

    fn is_overtaken(&self) -> bool {
        self.broken.get() == Some(ErrorKind::Conflict)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        if self.broken.get() == Some(ErrorKind::Unavailable) {
            // Perhaps it does not answer; the database undoes what it is told no end of.
            return self.links.free(None);
        }
        let undone = self.links.wait(link.client.batch_execute("ROLLBACK"));
        self.links.free(undone.ok().map(|()| link));
    }
}

fn parameters<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Columns for PgRow {
    fn value(&self, column: usize) -> Done<Value<'_>> {
        let unreadable = |error| StoreError::damaged(format!("column {column}: {error}"));
        let Some(kind) = self.columns().get(column).map(|column| column.type_().clone()) else {
            return Err(StoreError::damaged(format!("there is no column {column}")));
        };
        let value = match kind {
            Type::INT8 => self.try_get::<_, Option<i64>>(column).map(|number| number.map(Value::Int)),
            Type::INT4 => self.try_get::<_, Option<i32>>(column).map(|number| number.map(|it| Value::Int(it.into()))),
            Type::BOOL => self.try_get::<_, Option<bool>>(column).map(|truth| truth.map(|it| Value::Int(it.into()))),
            Type::BYTEA => self.try_get::<_, Option<&[u8]>>(column).map(|bytes| bytes.map(Value::Bytes)),
            _ => self.try_get::<_, Option<&str>>(column).map(|text| text.map(Value::Text)),
        };
        value.map(|value| value.unwrap_or(Value::Null)).map_err(unreadable)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (*self, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(number), &Type::INT4) => i32::try_from(number)?.to_sql(kind, out),
            (Value::Int(number), _) => number.to_sql(kind, out),
            (Value::Text(text), _) => text.to_sql(kind, out),
            (Value::Bytes(bytes), _) => bytes.to_sql(kind, out),
        }
    }

    /// Whether a value fits the column is for the statement to say: they are written for the columns that there are.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
