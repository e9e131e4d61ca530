//! Opening the database: look, and only then touch, one node at a time.

use std::time::Duration;

use refinery::{Migration, Runner};

use super::{
    errors::{self, refused},
    link::{Link, Links},
};
use crate::store::{ErrorKind, MasterKey, StoreError, sql::not_migrated};

type Done<T = ()> = Result<T, StoreError>;

/// How long migrations may take, and the wait for another node's.
const MIGRATION: Duration = Duration::from_secs(600);

/// The number of the lock that whoever migrates has.
const LOCK: &str = "pg_advisory_lock(7169345201)";
const UNLOCK: &str = "pg_advisory_unlock_all()";

const HAS_TABLE: &str = "SELECT count(*) FROM information_schema.tables \
                         WHERE table_schema = current_schema() AND table_name = $1";
const MASTER_KEY: &str = "SELECT value FROM meta WHERE name = 'master_key'";

mod embedded {
    refinery::embed_migrations!("src/store/postgres/migrations");
}

/// The database that takes no `COLLATE "C"` for columns. It orders texts by their bytes anyway.
/// Source: CockroachDB's pull request 96828, "support default, C, and POSIX in expressions".
const OF_BYTES: &str = "CockroachDB";

/// The migrations, as a database of this version takes them.
fn migrations(version: &str) -> Result<Runner, refinery::Error> {
    let runner = embedded::migrations::runner();
    if !version.contains(OF_BYTES) {
        return Ok(runner);
    }
    let plain = |known: &Migration| {
        let sql = known.sql().unwrap_or_default().replace(" COLLATE \"C\"", "");
        Migration::unapplied(&format!("{}{}__{}", known.prefix(), known.version(), known.name()), &sql)
    };
    let plain: Result<Vec<_>, _> = runner.get_migrations().iter().map(plain).collect();
    Ok(Runner::new(&plain?))
}

/// Whether the database holds no master key's id.
pub(super) fn is_fresh(links: &Links) -> Done<bool> {
    let mut lent = Lent::take(links)?;
    Ok(master_key(&mut lent)?.is_none())
}

/// Checks and migrates the database.
pub(super) fn prepare(links: &Links, master: &MasterKey) -> Done {
    let mut lent = Lent::take(links)?;
    refuse_foreign(&mut lent, master)?;
    let client = &lent.link()?.client;
    // Two nodes that start at once: the second finds everything done. A database without such locks lets one of them
    // fail, and it is started again.
    let locked = links.wait_for(MIGRATION, client.batch_execute(&format!("SET lock_timeout = 0; SELECT {LOCK}")))?;
    if let Err(error) = locked {
        tracing::debug!(%error, "the database has no advisory locks");
    }
    let version: String = links
        .wait(client.query_one("SELECT version()", &[]))
        .and_then(|row| row.try_get(0).map_err(|error| refused(&error)))?;
    let runner = migrations(&version).map_err(|error| not_migrated(&error, errors::kind))?;
    let migrated = links.wait_for(MIGRATION, runner.run_async(&mut lent.link()?.client))?;
    migrated.map_err(|error| not_migrated(&error, errors::kind))?;
    let client = &lent.link()?.client;
    let insert = "INSERT INTO meta (name, value) VALUES ('master_key', $1) ON CONFLICT (name) DO NOTHING";
    links.wait(client.execute(insert, &[&master.id().0.as_slice()]))?;
    // Another node may have been the first, with another key.
    refuse_foreign(&mut lent, master)?;
    // A connection of special settings is not used for anything else; the lock ends with it.
    let client = &lent.link()?.client;
    if let Ok(Err(error)) = links.wait_for(MIGRATION, client.batch_execute(&format!("SELECT {UNLOCK}"))) {
        tracing::debug!(%error, "the database has no advisory locks");
    }
    lent.link = None;
    Ok(())
}

/// A connection that is given back.
struct Lent<'a> {
    links: &'a Links,
    link: Option<Link>,
}

impl<'a> Lent<'a> {
    fn take(links: &'a Links) -> Done<Self> {
        Ok(Self { links, link: Some(links.take()?) })
    }

    fn link(&mut self) -> Done<&mut Link> {
        self.link.as_mut().ok_or_else(|| StoreError::new(ErrorKind::Unavailable, "no connection"))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.links.free(self.link.take());
    }
}

/// Refuses a database that is newer than this program, or sealed with another master key. Only reads.
fn refuse_foreign(lent: &mut Lent<'_>, master: &MasterKey) -> Done {
    if has_table(lent, "refinery_schema_history")? {
        let links = lent.links;
        let row = links.wait(
            lent.link()?.client.query_one("SELECT CAST(max(version) AS BIGINT) FROM refinery_schema_history", &[]),
        )?;
        let newest: Option<i64> = row.try_get(0).map_err(|error| refused(&error))?;
        let known = embedded::migrations::runner().get_migrations().iter().map(|it| i64::from(it.version())).max();
        if newest > known {
            let what = format!("the database has version {newest:?}, this program knows {known:?}");
            return Err(StoreError::new(ErrorKind::Newer, what));
        }
    }
    if master_key(lent)?.is_some_and(|id| id != master.id().0) {
        return Err(StoreError::new(ErrorKind::WrongMasterKey, "the database was sealed with another master key"));
    }
    Ok(())
}

/// The id of the master key that the database was sealed with.
fn master_key(lent: &mut Lent<'_>) -> Done<Option<Vec<u8>>> {
    if !has_table(lent, "meta")? {
        return Ok(None);
    }
    let links = lent.links;
    let row = links.wait(lent.link()?.client.query_opt(MASTER_KEY, &[]))?;
    row.map(|row| row.try_get(0)).transpose().map_err(|error| refused(&error))
}

fn has_table(lent: &mut Lent<'_>, name: &str) -> Done<bool> {
    let links = lent.links;
    let row = links.wait(lent.link()?.client.query_one(HAS_TABLE, &[&name]))?;
    row.try_get(0).map(|count: i64| count > 0).map_err(|error| refused(&error))
}
