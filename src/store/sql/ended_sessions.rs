//! Sessions that were ended before their time.

use super::{Done, Row, SqlWork};
use crate::{
    base::{AccessKeyId, Timestamp},
    store::EndedSession,
};

const ENDED: &str = "access_key, account, until";

pub(super) fn put(work: &SqlWork<'_>, ended: &EndedSession) -> Done {
    let sql = "INSERT INTO ended_session (access_key, account, until) VALUES (?1, ?2, ?3) \
               ON CONFLICT (access_key) DO UPDATE SET until = excluded.until";
    work.execute(sql, &[&ended.key, &ended.account, &ended.until])?;
    work.changed_session(&ended.key)
}

pub(super) fn by_key(work: &SqlWork<'_>, key: &AccessKeyId) -> Done<Option<EndedSession>> {
    work.row(&format!("SELECT {ENDED} FROM ended_session WHERE access_key = ?1"), &[key], read)
}

pub(super) fn all(work: &SqlWork<'_>) -> Done<Vec<EndedSession>> {
    work.rows(&format!("SELECT {ENDED} FROM ended_session ORDER BY access_key"), &[], read)
}

pub(super) fn forget(work: &SqlWork<'_>, now: Timestamp) -> Done<u64> {
    let past: Vec<AccessKeyId> =
        work.rows("SELECT access_key FROM ended_session WHERE until <= ?1", &[&now], |row| row.get(0))?;
    for key in &past {
        work.execute("DELETE FROM ended_session WHERE access_key = ?1", &[key])?;
        work.changed_session(key)?;
    }
    Ok(past.len() as u64)
}

fn read(row: &Row<'_>) -> Done<EndedSession> {
    Ok(EndedSession { key: row.get(0)?, account: row.get(1)?, until: row.get(2)? })
}
