//! What roles have beside what every identity has.

use super::{Done, SqlWork};
use crate::store::RoleDetails;

pub(super) fn put(work: &SqlWork<'_>, id: &str, role: &RoleDetails) -> Done {
    let sql = "INSERT INTO role (identity, trust, description, session_seconds_max) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (identity) DO UPDATE SET trust = excluded.trust, description = excluded.description, \
               session_seconds_max = excluded.session_seconds_max";
    work.execute(sql, &[&id, &role.trust, &role.description, &role.session_seconds_max])?;
    work.changed_identity(id)
}

pub(super) fn of(work: &SqlWork<'_>, id: &str) -> Done<Option<RoleDetails>> {
    let sql = "SELECT trust, description, session_seconds_max FROM role WHERE identity = ?1";
    work.row(sql, &[&id], |row| {
        Ok(RoleDetails { trust: row.get(0)?, description: row.get(1)?, session_seconds_max: row.get(2)? })
    })
}
