//! Rows and entities, both ways; and listings by page.

use rusqlite::{
    Error, Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Type, ValueRef},
};

use super::{SqliteWork, errors::refused};
use crate::{
    base::{AccessKeyId, AccountId, Timestamp, name::fold},
    store::{
        AccessKey, Identity, IdentityKind, ItemKind, KeyOwner, KeyStatus, LastUsed, Listing, ManagedPolicy, Page,
        StoreError,
    },
};

/// A value as it stands in a column.
pub(super) struct Stored<T>(pub T);

/// The columns of an identity `i`.
pub(super) const IDENTITY: &str = "i.id, i.account, i.kind, i.name, i.path, i.created";
/// The columns of a managed policy `p`.
pub(super) const POLICY: &str = "p.id, p.account, p.name, p.path, p.description, p.created, p.updated, p.default_version, p.attachments, \
     p.boundaries";
/// The columns of an access key `k`.
pub(super) const ACCESS_KEY: &str =
    "k.id, k.account, k.owner, k.status, k.created, k.used_at, k.used_service, k.used_region";

/// Reads [`IDENTITY`].
pub(super) fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    Ok(Identity {
        id: row.get(0)?,
        account: row.get::<_, Stored<_>>(1)?.0,
        kind: row.get::<_, Stored<_>>(2)?.0,
        name: row.get(3)?,
        path: row.get(4)?,
        created: row.get::<_, Stored<_>>(5)?.0,
    })
}

/// Reads [`POLICY`].
pub(super) fn policy(row: &Row<'_>) -> rusqlite::Result<ManagedPolicy> {
    Ok(ManagedPolicy {
        id: row.get(0)?,
        account: row.get::<_, Stored<_>>(1)?.0,
        name: row.get(2)?,
        path: row.get(3)?,
        description: row.get(4)?,
        created: row.get::<_, Stored<_>>(5)?.0,
        updated: row.get::<_, Stored<_>>(6)?.0,
        default_version: row.get(7)?,
        attachments: row.get(8)?,
        boundaries: row.get(9)?,
    })
}

/// Reads [`ACCESS_KEY`].
pub(super) fn access_key(row: &Row<'_>) -> rusqlite::Result<AccessKey> {
    let last_used = match row.get::<_, Option<Stored<Timestamp>>>(5)? {
        Some(Stored(at)) => Some(LastUsed { at, service: row.get(6)?, region: row.get(7)? }),
        None => None,
    };
    Ok(AccessKey {
        id: row.get::<_, Stored<_>>(0)?.0,
        account: row.get::<_, Stored<_>>(1)?.0,
        owner: row.get::<_, Option<Box<str>>>(2)?.map_or(KeyOwner::Root, KeyOwner::User),
        status: row.get::<_, Stored<_>>(3)?.0,
        created: row.get::<_, Stored<_>>(4)?.0,
        last_used,
    })
}

impl SqliteWork<'_> {
    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        parameters: &[&dyn ToSql],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(refused)?;
        let rows = statement.query_map(parameters, read).map_err(refused)?;
        rows.collect::<Result<_, _>>().map_err(refused)
    }

    /// The one row of a query, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        parameters: &[&dyn ToSql],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, parameters, read)?.into_iter().next())
    }

    /// Executes a statement and returns the number of rows that it concerned.
    pub(super) fn execute(&self, sql: &str, parameters: &[&dyn ToSql]) -> rusqlite::Result<usize> {
        if self.connection.is_autocommit() {
            // A full disk or a lost file makes SQLite undo a transaction by itself. What came after would stand alone.
            return Err(Error::InvalidQuery);
        }
        self.connection.prepare_cached(sql)?.execute(parameters)
    }

    /// A page of a listing. `from` is the query from `FROM` on, with a condition; the listed entity has the alias
    /// `alias`, and the query's own parameters begin at `?4`.
    pub(super) fn listing<T>(
        &self,
        [columns, alias, from]: [&str; 3],
        parameters: &[&dyn ToSql],
        page: Page<'_>,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
        name: fn(&T) -> &str,
    ) -> Result<Listing<T>, StoreError> {
        let sql = format!(
            "SELECT {columns} FROM {from} AND {alias}.folded > ?1 AND substr({alias}.path, 1, length(?2)) = ?2 \
             ORDER BY {alias}.folded LIMIT ?3"
        );
        let after = page.after.unwrap_or_default();
        let limit = i64::try_from(page.items_max.saturating_add(1)).unwrap_or(i64::MAX);
        let mut all: Vec<&dyn ToSql> = vec![&after, &page.path_prefix, &limit];
        all.extend(parameters);
        let mut items = self.rows(&sql, &all, read)?;
        let more = items.len() > page.items_max;
        items.truncate(page.items_max);
        let next = items.last().filter(|_| more).map(|last| fold(name(last)).into());
        Ok(Listing { items, next })
    }
}

/// The column does not hold what this program writes.
pub(super) fn unreadable(column: usize) -> Error {
    Error::FromSqlConversionFailure(column, Type::Null, "not a value that is ever written".into())
}

impl ToSql for Stored<Timestamp> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for Stored<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let at = value.as_i64()?;
        Timestamp::from_microsecond(at).map(Stored).map_err(|_| FromSqlError::OutOfRange(at))
    }
}

impl ToSql for Stored<AccountId> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_str().into())
    }
}

impl FromSql for Stored<AccountId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Stored).map_err(FromSqlError::other)
    }
}

impl FromSql for Stored<AccessKeyId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        AccessKeyId::parse(value.as_str()?).map(Stored).ok_or(FromSqlError::InvalidType)
    }
}

impl FromSql for Stored<IdentityKind> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        IdentityKind::ALL.into_iter().find(|kind| kind.word() == word).map(Stored).ok_or(FromSqlError::InvalidType)
    }
}

impl FromSql for Stored<ItemKind> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        ItemKind::ALL.into_iter().find(|kind| kind.word() == word).map(Stored).ok_or(FromSqlError::InvalidType)
    }
}

impl FromSql for Stored<KeyStatus> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        KeyStatus::parse(value.as_str()?).map(Stored).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Stored<u64> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        i64::try_from(self.0).map(Into::into).map_err(|error| Error::ToSqlConversionFailure(error.into()))
    }
}

impl FromSql for Stored<u64> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Stored).map_err(|_| FromSqlError::OutOfRange(number))
    }
}
