//! Policies that belong to one identity alone.

use rusqlite::Row;

use super::{SqliteWork, errors::refused};
use crate::{
    base::name::fold,
    store::{InlinePolicy, StoreError},
};

type Done<T = ()> = Result<T, StoreError>;

pub(super) fn put(work: &SqliteWork<'_>, identity: &str, policy: &InlinePolicy) -> Done {
    let sql = "INSERT INTO inline_policy (identity, folded, name, document) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT DO UPDATE SET name = excluded.name, document = excluded.document";
    work.execute(sql, &[&identity, &fold(&policy.name), &policy.name, &policy.document]).map_err(refused)?;
    work.changed_identity(identity)
}

pub(super) fn all(work: &SqliteWork<'_>, identity: &str) -> Done<Vec<InlinePolicy>> {
    let sql = "SELECT name, document FROM inline_policy WHERE identity = ?1 ORDER BY folded";
    work.rows(sql, &[&identity], inline_policy)
}

pub(super) fn by_name(work: &SqliteWork<'_>, identity: &str, name: &str) -> Done<Option<InlinePolicy>> {
    let sql = "SELECT name, document FROM inline_policy WHERE identity = ?1 AND folded = ?2";
    work.row(sql, &[&identity, &fold(name)], inline_policy)
}

pub(super) fn delete(work: &SqliteWork<'_>, identity: &str, name: &str) -> Done<bool> {
    let sql = "DELETE FROM inline_policy WHERE identity = ?1 AND folded = ?2";
    let known = work.execute(sql, &[&identity, &fold(name)]).map_err(refused)? > 0;
    if known {
        work.changed_identity(identity)?;
    }
    Ok(known)
}

fn inline_policy(row: &Row<'_>) -> rusqlite::Result<InlinePolicy> {
    Ok(InlinePolicy { name: row.get(0)?, document: row.get(1)? })
}
