//! Rows and entities, both ways; and listings by page.

use smallvec::SmallVec;

use super::{Done, Row, SqlWork, value::ToValue};
use crate::{
    base::name::fold,
    store::{AccessKey, Identity, KeyOwner, LastUsed, Listing, ManagedPolicy, Page},
};

/// The columns of an identity `i`.
pub(super) const IDENTITY: &str = "i.id, i.account, i.kind, i.name, i.path, i.created";
/// The columns of a managed policy `p`.
pub(super) const POLICY: &str = "p.id, p.account, p.name, p.path, p.description, p.created, p.updated, p.default_version, p.attachments, \
     p.boundaries";
/// The columns of an access key `k`.
pub(super) const ACCESS_KEY: &str =
    "k.id, k.account, k.owner, k.status, k.created, k.used_at, k.used_service, k.used_region";

/// Reads [`IDENTITY`].
pub(super) fn identity(row: &Row<'_>) -> Done<Identity> {
    Ok(Identity {
        id: row.get(0)?,
        account: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        path: row.get(4)?,
        created: row.get(5)?,
    })
}

/// Reads [`POLICY`].
pub(super) fn policy(row: &Row<'_>) -> Done<ManagedPolicy> {
    Ok(ManagedPolicy {
        id: row.get(0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        path: row.get(3)?,
        description: row.get(4)?,
        created: row.get(5)?,
        updated: row.get(6)?,
        default_version: row.get(7)?,
        attachments: row.get(8)?,
        boundaries: row.get(9)?,
    })
}

/// Reads [`ACCESS_KEY`].
pub(super) fn access_key(row: &Row<'_>) -> Done<AccessKey> {
    let last_used = match row.get(5)? {
        Some(at) => Some(LastUsed { at, service: row.get(6)?, region: row.get(7)? }),
        None => None,
    };
    Ok(AccessKey {
        id: row.get(0)?,
        account: row.get(1)?,
        owner: row.get::<Option<Box<str>>>(2)?.map_or(KeyOwner::Root, KeyOwner::User),
        status: row.get(3)?,
        created: row.get(4)?,
        last_used,
    })
}

impl SqlWork<'_> {
    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        parameters: &[&dyn ToValue],
        read: fn(&Row<'_>) -> Done<T>,
    ) -> Done<Vec<T>> {
        let values: SmallVec<[_; 12]> = parameters.iter().map(|it| it.to_value()).collect();
        let mut rows = Vec::new();
        let done = self.driver.rows(sql, &values, &mut |row| {
            rows.push(read(row)?);
            Ok(())
        });
        self.noted(done)?;
        Ok(rows)
    }

    /// The one row of a query, if there is one.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        parameters: &[&dyn ToValue],
        read: fn(&Row<'_>) -> Done<T>,
    ) -> Done<Option<T>> {
        Ok(self.rows(sql, parameters, read)?.into_iter().next())
    }

    /// Executes a statement and returns the number of rows that it concerned.
    pub(super) fn execute(&self, sql: &str, parameters: &[&dyn ToValue]) -> Done<u64> {
        let values: SmallVec<[_; 12]> = parameters.iter().map(|it| it.to_value()).collect();
        self.noted(self.driver.execute(sql, &values))
    }

    /// A page of a listing. `from` is the query from `FROM` on, with a condition; the listed entity has the alias
    /// `alias`, and the query's own parameters begin at `?4`.
    pub(super) fn listing<T>(
        &self,
        [columns, alias, from]: [&str; 3],
        parameters: &[&dyn ToValue],
        page: Page<'_>,
        read: fn(&Row<'_>) -> Done<T>,
        name: fn(&T) -> &str,
    ) -> Done<Listing<T>> {
        // Databases that choose among several functions `length` are told of what.
        let sql = format!(
            "SELECT {columns} FROM {from} AND {alias}.folded > ?1 \
             AND substr({alias}.path, 1, length(CAST(?2 AS TEXT))) = ?2 ORDER BY {alias}.folded LIMIT ?3"
        );
        let after = page.after.unwrap_or_default();
        let limit = i64::try_from(page.items_max.saturating_add(1)).unwrap_or(i64::MAX);
        let mut all: Vec<&dyn ToValue> = vec![&after, &page.path_prefix, &limit];
        all.extend(parameters);
        let mut items = self.rows(&sql, &all, read)?;
        let more = items.len() > page.items_max;
        items.truncate(page.items_max);
        let next = items.last().filter(|_| more).map(|last| fold(name(last)).into());
        Ok(Listing { items, next })
    }
}
