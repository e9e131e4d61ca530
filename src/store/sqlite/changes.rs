//! The change table: what snapshots follow.

use super::{
    SqliteWork,
    errors::refused,
    rows::{Stored, unreadable},
};
use crate::{
    base::{AccessKeyId, AccountId},
    store::{Sequence, StoreError, Subject},
};

/// How many changes are kept for those who follow; whoever lags further behind reads everything.
const CHANGES_KEPT: i64 = 100_000;

const IDENTITY: &str = "identity";
const ACCESS_KEY: &str = "access_key";
const POLICY: &str = "policy";
const BUCKET: &str = "bucket";
const ACCOUNT: &str = "account";

impl SqliteWork<'_> {
    /// Notes a change to an identity.
    pub(super) fn changed_identity(&self, id: &str) -> Result<(), StoreError> {
        self.changed(IDENTITY, id).map(drop)
    }

    /// Notes a change to an access key; returns the change's sequence.
    pub(super) fn changed_access_key(&self, id: &AccessKeyId) -> Result<i64, StoreError> {
        self.changed(ACCESS_KEY, id.as_str())
    }

    /// Notes a change to a managed policy.
    pub(super) fn changed_policy(&self, id: &str) -> Result<(), StoreError> {
        self.changed(POLICY, id).map(drop)
    }

    /// Notes a change to a bucket.
    pub(super) fn changed_bucket(&self, name: &str) -> Result<(), StoreError> {
        self.changed(BUCKET, name).map(drop)
    }

    /// Notes a change to an account.
    pub(super) fn changed_account(&self, id: AccountId) -> Result<(), StoreError> {
        self.changed(ACCOUNT, id.as_str()).map(drop)
    }

    /// Forgets changes of long ago.
    pub(super) fn prune_changes(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM change WHERE sequence <= (SELECT max(sequence) FROM change) - ?1";
        self.execute(sql, &[&CHANGES_KEPT]).map(drop).map_err(refused)
    }

    fn changed(&self, kind: &str, id: &str) -> Result<i64, StoreError> {
        self.execute("INSERT INTO change (kind, id) VALUES (?1, ?2)", &[&kind, &id]).map_err(refused)?;
        Ok(self.connection.last_insert_rowid())
    }
}

pub(super) fn latest(work: &SqliteWork<'_>) -> Result<Sequence, StoreError> {
    let latest = work.row("SELECT max(sequence) FROM change", &[], |row| row.get::<_, Option<Stored<u64>>>(0))?;
    Ok(Sequence(latest.flatten().map_or(0, |Stored(latest)| latest)))
}

pub(super) fn since(work: &SqliteWork<'_>, since: Sequence) -> Result<Option<Vec<Subject>>, StoreError> {
    let oldest =
        work.row("SELECT min(sequence) FROM change", &[], |row| row.get::<_, Option<Stored<u64>>>(0))?.flatten();
    if oldest.is_some_and(|Stored(oldest)| oldest > since.0.saturating_add(1)) {
        return Ok(None);
    }
    let sql = "SELECT kind, id FROM change WHERE sequence > ?1 GROUP BY kind, id ORDER BY max(sequence)";
    let subjects = work.rows(sql, &[&Stored(since.0)], |row| {
        Ok(match row.get_ref(0)?.as_str()? {
            IDENTITY => Subject::Identity(row.get(1)?),
            POLICY => Subject::Policy(row.get(1)?),
            ACCESS_KEY => Subject::AccessKey(row.get::<_, Stored<_>>(1)?.0),
            BUCKET => Subject::Bucket(row.get(1)?),
            ACCOUNT => Subject::Account(row.get::<_, Stored<_>>(1)?.0),
            _ => return Err(unreadable(0)),
        })
    })?;
    Ok(Some(subjects))
}
