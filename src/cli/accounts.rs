//! `countersign account`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};

use super::{Failure, configuration, variables};
use crate::{
    base::AccountId,
    config::{MasterKeySource, StorePlace, root},
    gateway::clock,
    server::state::{Missing, State, copy},
    store::{KeyOwner, RootKey, SystemRandom},
};

#[derive(Args)]
#[command(after_help = "Examples:
  countersign account create --data-dir /var/lib/countersign
  countersign account list --config countersign.toml

An account is a world of its own: users, policies and buckets of one are strangers to another. A server that holds the \
data folder has to be stopped first, unless the accounts are in PostgreSQL; the configuration's key accounts makes accounts as a server starts.")]
pub(super) struct Account {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make an account and its root access key
    Create {
        #[command(flatten)]
        place: Place,
        /// Its number, twelve digits [default: made at random]
        #[arg(long, value_name = "ID", value_parser = account)]
        id: Option<AccountId>,
    },
    /// List the accounts: number, moment of creation, root access keys
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make a root access key for an account, in place of the one before
    RootKey {
        #[command(flatten)]
        place: Place,
        /// The account
        #[arg(value_name = "ID", value_parser = account)]
        id: AccountId,
    },
}

/// Where the accounts are kept.
#[derive(Args)]
struct Place {
    /// The data folder
    #[arg(long, env = "COUNTERSIGN_DATA_DIR", value_name = "DIR", required_unless_present = "config")]
    data_dir: Option<PathBuf>,
    /// The configuration that names the data folder and the master key
    #[arg(long, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn account(text: &str) -> Result<AccountId, &'static str> {
    text.parse().map_err(|_| "write twelve digits")
}

impl Account {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut out = io::stdout();
        match self.verb {
            Verb::Create { place, id } => {
                let state = place.open()?;
                let id = id.map_or_else(|| root::random_account(&SystemRandom), Ok)?;
                if id == AccountId::AWS || state.directory.read(|work| work.account(id))?.is_some() {
                    return Err(format!("account {id} is there already; nothing was changed").into());
                }
                let key = root_key(&state, id)?;
                writeln!(out, "Made account {id}.\n")?;
                show(&mut out, &key)
            }
            Verb::List { place } => {
                let state = place.open()?;
                let accounts = state.directory.read(|work| work.accounts())?;
                for account in accounts.into_iter().filter(|account| account.id != AccountId::AWS) {
                    let keys = state.directory.read(|work| work.access_keys(account.id, &KeyOwner::Root))?;
                    let keys: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
                    let created = account.created.strftime("%Y-%m-%dT%H:%M:%SZ");
                    let keys = if keys.is_empty() { "no root access key".to_owned() } else { keys.join(" ") };
                    writeln!(out, "{}  {created}  {keys}", account.id)?;
                }
                Ok(())
            }
            Verb::RootKey { place, id } => {
                let state = place.open()?;
                if id == AccountId::AWS || state.directory.read(|work| work.account(id))?.is_none() {
                    return Err(format!("there is no account {id}; make it with: countersign account create").into());
                }
                let key = root_key(&state, id)?;
                show(&mut out, &key)
            }
        }
    }
}

impl Place {
    fn open(self) -> Result<State, Failure> {
        let (dir, place, master_key, account) = match (self.data_dir, self.config) {
            (dir, Some(path)) => {
                let config = configuration(&path, &variables())?;
                (dir.unwrap_or(config.data_dir), config.store.place, config.master_key, config.account_id)
            }
            (Some(dir), None) => {
                let dir = std::path::absolute(dir)?;
                let master_key = MasterKeySource::File(dir.join("master.key"));
                (dir, StorePlace::Folder, master_key, None)
            }
            (None, None) => return Err("name a folder with --data-dir".into()),
        };
        let (state, _) = State::open(&dir, &place, &master_key, account, None, Missing::Refuse, clock::now())?;
        Ok(state)
    }
}

/// Makes a root access key of an account, which is made too if it is missing.
fn root_key(state: &State, id: AccountId) -> Result<RootKey, Failure> {
    let key = root::random_key(id, &SystemRandom)?;
    state.directory.ensure_account(id, Some(copy(&key)), clock::now())?;
    Ok(key)
}

fn show(out: &mut impl Write, key: &RootKey) -> Result<(), Failure> {
    writeln!(out, "Its root access key, shown this once:\n")?;
    writeln!(out, "  export AWS_ACCESS_KEY_ID={}", key.id)?;
    writeln!(out, "  export AWS_SECRET_ACCESS_KEY={}", key.secret.expose())?;
    Ok(())
}
