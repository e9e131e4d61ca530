//! The change table: what snapshots follow.

use super::{Done, SqlWork, value::unreadable};
use crate::{
    base::{AccessKeyId, AccountId},
    store::{Sequence, Subject},
};

/// How many changes are kept for those who follow; whoever lags further behind reads everything.
const CHANGES_KEPT: i64 = 100_000;
/// Old changes are looked for once in so many: each search costs as much as a change.
const PRUNED_EVERY: i64 = 1000;

const IDENTITY: &str = "identity";
const ACCESS_KEY: &str = "access_key";
const POLICY: &str = "policy";
const BUCKET: &str = "bucket";
const ACCOUNT: &str = "account";
const SESSION: &str = "session";

impl SqlWork<'_> {
    /// Notes a change to an identity.
    pub(super) fn changed_identity(&self, id: &str) -> Done {
        self.changed(IDENTITY, id).map(drop)
    }

    /// Notes a change to an access key; returns the change's sequence.
    pub(super) fn changed_access_key(&self, id: &AccessKeyId) -> Done<i64> {
        self.changed(ACCESS_KEY, id.as_str())
    }

    /// Notes a change to a managed policy.
    pub(super) fn changed_policy(&self, id: &str) -> Done {
        self.changed(POLICY, id).map(drop)
    }

    /// Notes a change to a bucket.
    pub(super) fn changed_bucket(&self, name: &str) -> Done {
        self.changed(BUCKET, name).map(drop)
    }

    /// Notes a change to an account.
    pub(super) fn changed_account(&self, id: AccountId) -> Done {
        self.changed(ACCOUNT, id.as_str()).map(drop)
    }

    /// Notes that a session was ended or is forgotten.
    pub(super) fn changed_session(&self, key: &AccessKeyId) -> Done {
        self.changed(SESSION, key.as_str()).map(drop)
    }

    /// Forgets changes of long ago, now and then.
    pub(super) fn prune_changes(&self) -> Done {
        let (Some(first), Sequence(latest)) = (self.first_change.get(), self.driver.latest()?) else { return Ok(()) };
        let latest = i64::try_from(latest).unwrap_or(i64::MAX);
        if first.saturating_sub(1) / PRUNED_EVERY == latest / PRUNED_EVERY {
            return Ok(());
        }
        self.execute("DELETE FROM change WHERE sequence <= ?1", &[&latest.saturating_sub(CHANGES_KEPT)]).map(drop)
    }

    fn changed(&self, kind: &str, id: &str) -> Done<i64> {
        let sequence = self.noted(self.driver.change(kind, id))?;
        if self.first_change.get().is_none() {
            self.first_change.set(Some(sequence));
        }
        Ok(sequence)
    }
}

pub(super) fn latest(work: &SqlWork<'_>) -> Done<Sequence> {
    work.driver.latest()
}

pub(super) fn since(work: &SqlWork<'_>, since: Sequence) -> Done<Option<Vec<Subject>>> {
    // A database put back from a copy does not tell what was undone.
    if since > work.driver.latest()? {
        return Ok(None);
    }
    let since = i64::try_from(since.0).unwrap_or(i64::MAX);
    let oldest: Option<i64> = work.row("SELECT min(sequence) FROM change", &[], |row| row.get(0))?.flatten();
    if oldest.is_some_and(|oldest| oldest > since.saturating_add(1)) {
        return Ok(None);
    }
    let sql = "SELECT kind, id FROM change WHERE sequence > ?1 GROUP BY kind, id ORDER BY max(sequence)";
    let subjects = work.rows(sql, &[&since], |row| {
        Ok(match row.text(0)? {
            IDENTITY => Subject::Identity(row.get(1)?),
            POLICY => Subject::Policy(row.get(1)?),
            ACCESS_KEY => Subject::AccessKey(row.get(1)?),
            BUCKET => Subject::Bucket(row.get(1)?),
            ACCOUNT => Subject::Account(row.get(1)?),
            SESSION => Subject::Session(row.get(1)?),
            _ => return Err(unreadable(0)),
        })
    })?;
    Ok(Some(subjects))
}
