//! Policies that belong to one identity alone.

use super::{Done, Row, SqlWork};
use crate::{base::name::fold, store::InlinePolicy};

pub(super) fn put(work: &SqlWork<'_>, identity: &str, policy: &InlinePolicy) -> Done {
    let sql = "INSERT INTO inline_policy (identity, folded, name, document) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (identity, folded) DO UPDATE SET name = excluded.name, document = excluded.document";
    work.execute(sql, &[&identity, &fold(&policy.name), &policy.name, &policy.document])?;
    work.changed_identity(identity)
}

pub(super) fn all(work: &SqlWork<'_>, identity: &str) -> Done<Vec<InlinePolicy>> {
    let sql = "SELECT name, document FROM inline_policy WHERE identity = ?1 ORDER BY folded";
    work.rows(sql, &[&identity], inline_policy)
}

pub(super) fn by_name(work: &SqlWork<'_>, identity: &str, name: &str) -> Done<Option<InlinePolicy>> {
    let sql = "SELECT name, document FROM inline_policy WHERE identity = ?1 AND folded = ?2";
    work.row(sql, &[&identity, &fold(name)], inline_policy)
}

pub(super) fn delete(work: &SqlWork<'_>, identity: &str, name: &str) -> Done<bool> {
    let sql = "DELETE FROM inline_policy WHERE identity = ?1 AND folded = ?2";
    let known = work.execute(sql, &[&identity, &fold(name)])? > 0;
    if known {
        work.changed_identity(identity)?;
    }
    Ok(known)
}

fn inline_policy(row: &Row<'_>) -> Done<InlinePolicy> {
    Ok(InlinePolicy { name: row.get(0)?, document: row.get(1)? })
}
