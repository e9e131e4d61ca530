//! How many entities of a kind an account has, counted as they come and go.

use super::{SqliteWork, errors::refused, rows::Stored};
use crate::{base::AccountId, store::StoreError};

/// The kind of managed policies; identities go by [`IdentityKind::word`](crate::store::IdentityKind::word).
pub(super) const POLICY: &str = "policy";

pub(super) fn of(work: &SqliteWork<'_>, account: AccountId, kind: &str) -> Result<u64, StoreError> {
    let sql = "SELECT count FROM population WHERE account = ?1 AND kind = ?2";
    let count = work.row(sql, &[&Stored(account), &kind], |row| row.get(0))?;
    Ok(count.map_or(0, |Stored(count)| count))
}

pub(super) fn grow(work: &SqliteWork<'_>, account: AccountId, kind: &str, by: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO population (account, kind, count) VALUES (?1, ?2, max(?3, 0)) \
               ON CONFLICT DO UPDATE SET count = count + ?3";
    work.execute(sql, &[&Stored(account), &kind, &by]).map(drop).map_err(refused)
}
