//! How many entities of a kind an account has, counted as they come and go.

use super::{Done, SqlWork, value::unreadable};
use crate::base::AccountId;

/// The kind of managed policies; identities go by [`IdentityKind::word`](crate::store::IdentityKind::word).
pub(super) const POLICY: &str = "policy";

pub(super) fn of(work: &SqlWork<'_>, account: AccountId, kind: &str) -> Done<u64> {
    let sql = "SELECT count FROM population WHERE account = ?1 AND kind = ?2";
    let count = work.row(sql, &[&account, &kind], |row| row.get(0))?;
    u64::try_from(count.unwrap_or(0_i64)).map_err(|_| unreadable(0))
}

pub(super) fn grow(work: &SqlWork<'_>, account: AccountId, kind: &str, by: i64) -> Done {
    let sql = "INSERT INTO population (account, kind, count) VALUES (?1, ?2, ?3) \
               ON CONFLICT (account, kind) DO UPDATE SET count = population.count + ?4";
    work.execute(sql, &[&account, &kind, &by.max(0), &by]).map(drop)
}
