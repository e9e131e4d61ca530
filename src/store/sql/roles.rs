//! What roles have beside what every identity has.

use super::{Done, Row, SqlWork};
use crate::store::RoleDetails;

pub(super) fn put(work: &SqlWork<'_>, id: &str, role: &RoleDetails) -> Done {
    let sql = "INSERT INTO role (identity, trust, description, session_seconds_max) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (identity) DO UPDATE SET trust = excluded.trust, description = excluded.description, \
               session_seconds_max = excluded.session_seconds_max";
    work.execute(sql, &[&id, &role.trust, &role.description, &role.session_seconds_max])?;
    work.changed_identity(id)
}

pub(super) fn of(work: &SqlWork<'_>, id: &str) -> Done<Option<RoleDetails>> {
    work.row(&format!("SELECT {COLUMNS} FROM role WHERE identity = ?1"), &[&id], |row| read(row, 0))
}

/// The columns of a role, in the order in which [`read`] finds them.
pub(super) const COLUMNS: &str = "trust, description, session_seconds_max";

pub(super) fn read(row: &Row<'_>, first: usize) -> Done<RoleDetails> {
    Ok(RoleDetails {
        trust: row.get(first)?,
        description: row.get(first + 1)?,
        session_seconds_max: row.get(first + 2)?,
    })
}
