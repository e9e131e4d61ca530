//! The embedded back end: one SQLite file, write-ahead log, every commit flushed to the disk.
//!
//! One connection serves all units of work, one after the other: the control plane stands apart from the data path, and
//! a snapshot keeps every reader that is in a hurry away from here. The folder is locked for this process.

mod driver;
mod errors;
mod open;

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;

use super::{
    MasterKey, Store, StoreError, UnitOfWork,
    sql::{SqlWork, Vault},
};
use crate::base::Random;

/// The name of the database in its folder. SQLite keeps two more files beside it while it is open.
pub const DATABASE_FILE: &str = "countersign.db";
/// The name of the file that is locked while a process has the database open.
pub const LOCK_FILE: &str = "countersign.lock";

/// A SQLite database in a folder of its own.
pub struct SqliteStore {
    connection: Mutex<Connection>,
    vault: Vault,
    /// Given back when the connection is closed: fields are dropped in their order.
    _lock: File,
}

impl SqliteStore {
    /// Whether the folder holds no database yet, so that a new master key may be made for it.
    pub fn is_fresh(dir: &Path) -> bool {
        !dir.join(DATABASE_FILE).exists()
    }

    /// Opens the database in `dir`, or makes it; brings an older one up to date. One that is damaged, newer than this
    /// program, in use by another process or sealed with another master key is refused and left as it is.
    pub fn open(dir: &Path, master: MasterKey, random: Arc<dyn Random>) -> Result<Self, StoreError> {
        let lock = open::lock(dir)?;
        let connection = open::database(dir, &master)?;
        Ok(Self { connection: Mutex::new(connection), vault: Vault { master, random }, _lock: lock })
    }
}

impl Store for SqliteStore {
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        // A panic in a unit of work undoes it as it is dropped; the connection stays good.
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(SqlWork::new(Box::new(driver::Transaction::begin(connection)?), &self.vault)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{AccountId, Timestamp},
        store::{Account, ErrorKind, SystemRandom},
    };

    #[test]
    fn a_full_disk_refuses_and_leaves_nothing_half_made() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::parse(&"07".repeat(32)).unwrap();
        let store = SqliteStore::open(dir.path(), master, Arc::new(SystemRandom)).unwrap();
        store.connection.lock().unwrap().pragma_update(None, "max_page_count", 1).unwrap();
        let fill = || {
            let mut work = store.begin()?;
            for number in 0..10_000 {
                let id = AccountId::from_number(number);
                work.add_account(&Account { id, created: Timestamp::UNIX_EPOCH, public_access_block: None })?;
            }
            work.commit()
        };
        assert_eq!(fill().map_err(|error| error.kind), Err(ErrorKind::Full));
        assert_eq!(store.begin().unwrap().accounts().unwrap(), []);
        store.connection.lock().unwrap().pragma_update(None, "max_page_count", 100_000).unwrap();
        fill().unwrap();
        assert_eq!(store.begin().unwrap().accounts().unwrap().len(), 10_000);
    }
}
