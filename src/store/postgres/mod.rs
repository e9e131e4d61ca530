//! The back end that several nodes share: PostgreSQL, or a database that speaks as it does.
//!
//! What CockroachDB and YugabyteDB lack is not relied on: hints (`NOTIFY`) only shorten the wait of those who ask anyway,
//! places of changes come from a row and not from a sequence, an advisory lock that does nothing costs a failed start at
//! worst, whoever is overtaken (SQLSTATE 40001) begins anew, and where columns have no collations texts are ordered by
//! their bytes without. YugabyteDB makes each table by itself: a first start that was cut off there begins with an empty
//! database again. `tests/it/store_relatives.rs` lists what no statement may use.

mod driver;
mod errors;
mod link;
mod open;

use std::sync::Arc;

use rustls::ClientConfig;
use tokio::sync::watch;

use self::{driver::Transaction, link::Links};
use super::{
    MasterKey, Store, StoreError, UnitOfWork,
    sql::{SqlWork, Vault},
};
use crate::base::Random;

/// A database that was found, and not yet touched.
pub struct Database(Links);

/// A PostgreSQL database, or a schema of one.
pub struct PostgresStore {
    links: Links,
    vault: Vault,
}

/// Whether a text says where a PostgreSQL database is.
pub fn is_url(text: &str) -> bool {
    (text.starts_with("postgresql://") || text.starts_with("postgres://"))
        && text.parse::<tokio_postgres::Config>().is_ok()
}

impl Database {
    /// Finds the database of a URL such as `postgresql://user:password@host/name?sslmode=require`. Where TLS is spoken,
    /// the server's certificate is verified.
    pub fn connect(url: &str, tls: ClientConfig) -> Result<Self, StoreError> {
        let links = Links::new(url, tls)?;
        let link = links.take()?;
        links.free(Some(link));
        Ok(Self(links))
    }

    /// Whether it holds nothing of ours yet, so that a new master key may be made for it.
    pub fn is_fresh(&self) -> Result<bool, StoreError> {
        open::is_fresh(&self.0)
    }

    /// Brings the database up to date and opens it. One that is newer than this program or sealed with another master key
    /// is refused and left as it is.
    pub fn open(self, master: MasterKey, random: Arc<dyn Random>) -> Result<PostgresStore, StoreError> {
        open::prepare(&self.0, &master)?;
        Ok(PostgresStore { links: self.0, vault: Vault { master, random } })
    }
}

impl Store for PostgresStore {
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        Ok(Box::new(SqlWork::new(Box::new(Transaction::writing(&self.links)?), &self.vault)))
    }

    fn begin_reading(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        Ok(Box::new(SqlWork::new(Box::new(Transaction::reading(&self.links)?), &self.vault)))
    }

    fn hints(&self) -> Option<watch::Receiver<()>> {
        Some(self.links.listen())
    }
}
