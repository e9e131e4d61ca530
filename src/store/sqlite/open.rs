//! Opening the database: lock, look, and only then touch.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{
    DATABASE_FILE, LOCK_FILE,
    errors::{self, refused},
};
use crate::store::{ErrorKind, MasterKey, StoreError, sql::not_migrated};

/// How often the folder's lock is tried again, and after which pause: a process that is just ending still has it, or a child
/// that has not come to its own program yet.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How long a statement waits for a lock of another process (a backup, a person with a shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Prepared statements kept: more than this back end has.
const STATEMENTS_KEPT: usize = 128;

mod embedded {
    refinery::embed_migrations!("src/store/sqlite/migrations");
}

/// Locks the folder for this process.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK_FILE);
    let unavailable = |why: &dyn std::fmt::Display| {
        StoreError::new(ErrorKind::Unavailable, format!("cannot lock `{}`: {why}", path.display()))
    };
    let file = private().open(&path).map_err(|error| unavailable(&error))?;
    for attempt in 0.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(unavailable(&"another process has it")),
            Err(TryLockError::Error(error)) => return Err(unavailable(&error)),
        }
    }
    Ok(file)
}

/// Opens, checks and migrates the database.
pub(super) fn database(dir: &Path, master: &MasterKey) -> Result<Connection, StoreError> {
    let path = dir.join(DATABASE_FILE);
    if !path.exists() {
        create(dir, &path).map_err(|error| {
            StoreError::new(ErrorKind::Unavailable, format!("cannot make `{}`: {error}", path.display()))
        })?;
    }
    let mut connection = connect(&path)?;
    refuse_foreign(&connection, master)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(refused)?;
    embedded::migrations::runner().run(&mut connection).map_err(|error| not_migrated(&error, errors::kind))?;
    connection
        .execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('master_key', ?1)", params![master.id().0])
        .map_err(refused)?;
    Ok(connection)
}

/// Makes an empty file of our own mode, which SQLite gives its other files too, and makes sure that it stays.
fn create(dir: &Path, path: &Path) -> std::io::Result<()> {
    private().open(path)?.sync_all()?;
    File::open(dir)?.sync_all()
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    for (name, value) in [("synchronous", "FULL"), ("foreign_keys", "ON"), ("cell_size_check", "ON")] {
        connection.pragma_update(None, name, value).map_err(refused)?;
    }
    Ok(connection)
}

/// Refuses a database that is newer than this program, or sealed with another master key. Only reads.
fn refuse_foreign(connection: &Connection, master: &MasterKey) -> Result<(), StoreError> {
    if has_table(connection, "refinery_schema_history")? {
        let newest: Option<i64> = connection
            .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
            .map_err(refused)?;
        let known = embedded::migrations::runner().get_migrations().iter().map(|it| i64::from(it.version())).max();
        if newest > known {
            let what = format!("the database has version {newest:?}, this program knows {known:?}");
            return Err(StoreError::new(ErrorKind::Newer, what));
        }
    }
    if has_table(connection, "meta")? {
        let id: Option<Vec<u8>> = connection
            .query_row("SELECT value FROM meta WHERE name = 'master_key'", [], |row| row.get(0))
            .optional()
            .map_err(refused)?;
        if id.is_some_and(|id| id != master.id().0) {
            return Err(StoreError::new(ErrorKind::WrongMasterKey, "the database was sealed with another master key"));
        }
    }
    Ok(())
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |row| row.get(0))
        .map(|count: i64| count > 0)
        .map_err(refused)
}

/// For files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
