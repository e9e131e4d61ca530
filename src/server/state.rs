//! The identities of a data folder: opened, or made.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::tls;
use crate::{
    base::{AccountId, Random, SecretKey, Timestamp, random::NoRandomness},
    config::{MasterKeySource, StorePlace, root},
    session::Sessions,
    store::{
        Directory, KeyOwner, MasterKey, MessageKey, RootKey, SqliteStore, Store, StoreError, SystemRandom, aws_managed,
        postgres::Database,
    },
};

/// What is kept over restarts.
pub struct State {
    /// Identities.
    pub directory: Arc<Directory>,
    /// The account of this deployment.
    pub account: AccountId,
    /// What denials tell sealed is sealed with this.
    pub messages: Arc<MessageKey>,
    /// Temporary credentials.
    pub sessions: Arc<Sessions>,
}

/// Whether a data folder may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is made, with a master key and an account.
    Make,
    /// It is an error.
    Refuse,
}

/// A root key that was made just now, to be shown once.
pub struct Made {
    /// The key.
    pub key: RootKey,
}

/// Why a data folder is not opened.
#[derive(Debug)]
pub enum StateError {
    /// It holds no account, and none may be made.
    NoAccount(PathBuf),
    /// It does not hold this account, which may not be made.
    OtherAccount(PathBuf, AccountId),
    /// The folder cannot be made.
    Folder(PathBuf, io::Error),
    /// The variable that holds the master key is not set.
    NoMasterKey(String),
    /// The authorities of the database's certificate cannot be used.
    Tls(String),
    /// The store refuses.
    Store(StoreError),
}

/// Where the identities of a configuration are, looked at but not opened.
enum Found {
    Folder { is_fresh: bool },
    Database { database: Box<Database>, is_fresh: bool },
}

impl Found {
    fn look(dir: &Path, place: &StorePlace) -> Result<Self, StateError> {
        match place {
            StorePlace::Folder => Ok(Found::Folder { is_fresh: SqliteStore::is_fresh(dir) }),
            StorePlace::Postgres { url, ca_file } => {
                let database = connect(url, ca_file.as_deref())?;
                let is_fresh = database.is_fresh()?;
                Ok(Found::Database { database, is_fresh })
            }
        }
    }

    fn is_fresh(&self) -> bool {
        match self {
            Found::Folder { is_fresh } | Found::Database { is_fresh, .. } => *is_fresh,
        }
    }

    fn open(self, dir: &Path, master: MasterKey, random: Arc<dyn Random>) -> Result<Box<dyn Store>, StoreError> {
        Ok(match self {
            Found::Folder { .. } => Box::new(SqliteStore::open(dir, master, random)?),
            Found::Database { database, .. } => Box::new(database.open(master, random)?),
        })
    }
}

fn connect(url: &SecretKey, ca_file: Option<&Path>) -> Result<Box<Database>, StateError> {
    let tls = tls::database(ca_file).map_err(|error| StateError::Tls(error.to_string()))?;
    Ok(Box::new(Database::connect(url.expose(), tls)?))
}

impl State {
    /// Whether nothing is kept at a place yet.
    pub fn is_fresh(dir: &Path, place: &StorePlace) -> Result<bool, StateError> {
        Found::look(dir, place).map(|found| found.is_fresh())
    }

    /// Opens a data folder and the store that belongs to it. `root` fixes the root key; `account` is the one that the configuration names.
    ///
    /// A folder without an account gets one if `missing` allows it; with no root key given, one is made and returned.
    pub fn open(
        dir: &Path,
        place: &StorePlace,
        master_key: &MasterKeySource,
        account: Option<AccountId>,
        root: Option<RootKey>,
        missing: Missing,
        now: Timestamp,
    ) -> Result<(Self, Option<Made>), StateError> {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let found = Found::look(dir, place)?;
        let is_fresh = found.is_fresh();
        if is_fresh && missing == Missing::Refuse && root.is_none() {
            return Err(StateError::NoAccount(dir.to_owned()));
        }
        make_folder(dir)?;
        let master = match master_key {
            MasterKeySource::File(path) => MasterKey::read_or_create(path, is_fresh, &*random)?,
            MasterKeySource::Variable(name) => {
                #[expect(clippy::disallowed_methods, reason = "the one variable that no configuration holds")]
                let text = std::env::var(name).map_err(|_| StateError::NoMasterKey(name.clone()))?;
                MasterKey::parse(&text)?
            }
        };
        let messages = Arc::new(MessageKey::derive(&master, random.clone())?);
        let sessions = Arc::new(Sessions::derive(&master, random.clone()));
        let directory = Directory::open(found.open(dir, master, random.clone())?)?;
        let mut known = directory.read(|work| work.accounts())?;
        known.retain(|account| account.id != AccountId::AWS);
        let account = match (account, known.as_slice()) {
            (Some(account), _) => account,
            // The one that `init` made is the oldest.
            (None, known) => known
                .iter()
                .min_by_key(|known| known.created)
                .map_or_else(|| root::random_account(&*random), |oldest| Ok(oldest.id))?,
        };
        let is_new = !known.iter().any(|known| known.id == account);
        if is_new && missing == Missing::Refuse && root.is_none() {
            return Err(StateError::OtherAccount(dir.to_owned(), account));
        }
        let made = if is_new && root.is_none() { Some(root::random_key(account, &*random)?) } else { None };
        let shown = made.as_ref().map(|key| Made { key: copy(key) });
        directory.ensure_account(account, root.or(made), now)?;
        let renewed = aws_managed::renew(&directory)?;
        if renewed > 0 {
            tracing::info!(renewed, "newer versions of AWS managed policies are in force");
        }
        Ok((Self { directory: Arc::new(directory), account, messages, sessions }, shown))
    }
}

impl State {
    /// Makes further accounts that are missing, and lets the given root keys be theirs. An account without a root key is
    /// of no use yet, which is said.
    pub fn ensure_accounts(&self, accounts: &[(AccountId, Option<RootKey>)], now: Timestamp) -> Result<(), StoreError> {
        for (id, root) in accounts {
            self.directory.ensure_account(*id, root.as_ref().map(copy), now)?;
            if self.directory.read(|work| work.access_keys(*id, &KeyOwner::Root))?.is_empty() {
                tracing::warn!(account = %id, "has no root access key; make one with: countersign account root-key");
            }
        }
        Ok(())
    }
}

/// The same key again: one to keep, one to show.
pub fn copy(key: &RootKey) -> RootKey {
    RootKey { id: key.id.clone(), secret: SecretKey::new(key.secret.expose().to_owned()) }
}

/// Makes the folder for its owner alone; one that is there is left as it is.
pub fn make_folder(dir: &Path) -> Result<(), StateError> {
    if dir.is_dir() {
        return Ok(());
    }
    let made = fs::create_dir_all(dir).and_then(|()| private(dir));
    made.map_err(|error| StateError::Folder(dir.to_owned(), error))
}

#[cfg(unix)]
fn private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        StateError::Store(error)
    }
}

impl From<NoRandomness> for StateError {
    fn from(error: NoRandomness) -> Self {
        StateError::Store(error.into())
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::NoAccount(dir) => {
                write!(f, "`{}` holds no account yet; make one with: countersign init", dir.display())
            }
            StateError::OtherAccount(dir, account) => {
                write!(f, "`{}` does not hold account {account}; leave account_id out, or name its own", dir.display())
            }
            StateError::Folder(dir, error) => write!(f, "cannot make `{}`: {error}", dir.display()),
            StateError::NoMasterKey(name) => write!(f, "the variable {name} with the master key is not set"),
            StateError::Tls(error) => write!(f, "store.ca_file: {error}"),
            StateError::Store(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StateError {}
