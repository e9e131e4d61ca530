//! What the SQL back ends have in common: every statement, written once for both dialects.
//!
//! Statements number their parameters `?1`, `?2`, ... A [`Driver`] is one transaction of a back end; it knows how to run
//! statements, how changes get their places, and nothing of what they mean.

mod access_keys;
mod boundaries;
mod buckets;
mod changes;
mod count;
mod ended_sessions;
mod identities;
mod inline_policies;
mod items;
mod managed_policies;
mod roles;
mod rows;
mod scan;
mod value;
mod work;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    error::Error,
    sync::Arc,
};

use refinery::error::Kind;

pub(super) use self::value::{Columns, Row, Value};
use super::{ErrorKind, MasterKey, Sequence, StoreError, seal::DataKey};
use crate::base::{AccountId, Random};

type Done<T = ()> = Result<T, StoreError>;

/// One transaction of a back end. Dropping it undoes it.
///
/// A statement that fails with [`ErrorKind::Exists`] (a row of that key is there) or [`ErrorKind::Missing`] (a row that
/// it points at is not) has changed nothing, and the transaction goes on.
pub(super) trait Driver {
    /// Executes a statement and returns the number of rows that it concerned.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Done<u64>;
    /// Hands over the rows of a query, or of a statement that returns rows.
    fn rows(&self, sql: &str, values: &[Value<'_>], read: &mut dyn FnMut(&Row<'_>) -> Done) -> Done;
    /// Notes a change and returns its place, which is after that of every change that can be seen.
    fn change(&self, kind: &str, id: &str) -> Done<i64>;
    /// The place of the latest change that can be seen.
    fn latest(&self) -> Done<Sequence>;
    /// Makes everything durable.
    fn commit(self: Box<Self>) -> Done;
    /// Whether it failed only because others came first.
    fn is_overtaken(&self) -> bool {
        false
    }
}

/// What opens and seals secrets.
pub(super) struct Vault {
    /// Wraps the data keys.
    pub master: MasterKey,
    /// For data keys and nonces.
    pub random: Arc<dyn Random>,
}

/// A unit of work on either back end.
pub(super) struct SqlWork<'a> {
    driver: Box<dyn Driver + 'a>,
    vault: &'a Vault,
    /// The data keys opened so far, by account and version. Not kept longer than the transaction: were it undone, they
    /// might be keys that do not exist.
    data_keys: HashMap<(AccountId, u32), DataKey>,
    /// The first change of its own.
    first_change: Cell<Option<i64>>,
    /// What the back end failed with last.
    failure: RefCell<Option<StoreError>>,
}

impl<'a> SqlWork<'a> {
    /// A unit of work that is this transaction.
    pub(super) fn new(driver: Box<dyn Driver + 'a>, vault: &'a Vault) -> Self {
        let (first_change, failure) = (Cell::new(None), RefCell::new(None));
        Self { driver, vault, data_keys: HashMap::new(), first_change, failure }
    }

    /// Notes a failure of the back end itself.
    fn noted<T>(&self, done: Done<T>) -> Done<T> {
        done.inspect_err(|error| {
            if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Full) {
                self.failure.replace(Some(error.clone()));
            }
        })
    }
}

/// A failed deletion: what still points at the row keeps it.
fn kept(error: StoreError) -> StoreError {
    match error.kind {
        ErrorKind::Missing => StoreError { kind: ErrorKind::InUse, ..error },
        _ => error,
    }
}

/// A failed migration, of which `kind` knows what the back end's own failures mean.
pub(super) fn not_migrated<E: Error + 'static>(error: &refinery::Error, kind: fn(&E) -> ErrorKind) -> StoreError {
    let kind = match error.kind() {
        Kind::DivergentVersion(..) | Kind::MissingVersion(..) => ErrorKind::Newer,
        Kind::Connection(_, source) => source.downcast_ref().map_or(ErrorKind::Unavailable, kind),
        _ => ErrorKind::Unavailable,
    };
    StoreError::new(kind, format!("cannot bring the database up to date: {error}"))
}
