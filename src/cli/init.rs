//! `countersign init`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use super::{Failure, configuration, variables};
use crate::{
    config::{MasterKeySource, root},
    gateway::clock,
    server::state::{Missing, State},
    store::SqliteStore,
};

#[derive(Args)]
#[command(after_help = "Example:
  countersign init --data-dir /var/lib/countersign

COUNTERSIGN_ROOT_ACCESS_KEY_ID, COUNTERSIGN_ROOT_SECRET_ACCESS_KEY and COUNTERSIGN_ACCOUNT_ID fix what is otherwise
made at random and shown once.")]
pub(super) struct Init {
    /// The folder to make
    #[arg(long, env = "COUNTERSIGN_DATA_DIR", value_name = "DIR", required_unless_present = "config")]
    data_dir: Option<PathBuf>,
    /// The configuration whose data_dir, account_id and master_key count
    #[arg(long, value_name = "FILE", conflicts_with = "data_dir")]
    config: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self) -> Result<(), Failure> {
        let variables = variables();
        let (dir, master_key, account) = match (self.data_dir, self.config) {
            (Some(dir), _) => {
                let master_key = MasterKeySource::File(dir.join("master.key"));
                (dir, master_key, root::account(&variables)?)
            }
            (None, Some(path)) => {
                let config = configuration(&path)?;
                (config.data_dir, config.master_key, config.account_id)
            }
            (None, None) => return Err("name a folder with --data-dir".into()),
        };
        if !SqliteStore::is_fresh(&dir) {
            return Err(format!("`{}` holds an account already; nothing was changed", dir.display()).into());
        }
        let given = root::key(&variables)?;
        let (state, made) = State::open(&dir, &master_key, account, given, Missing::Make, clock::now())?;
        let mut out = io::stdout();
        writeln!(out, "Made {} with account {}.", dir.display(), state.account)?;
        match &master_key {
            MasterKeySource::File(path) => {
                writeln!(
                    out,
                    "Its master key is in {}: keep a copy apart; without it no secret can be read.",
                    path.display()
                )?;
            }
            MasterKeySource::Variable(name) => writeln!(out, "Its master key is in the variable {name}.")?,
        }
        if let Some(made) = made {
            writeln!(out, "\nThe root access key, shown this once:\n")?;
            writeln!(out, "  export AWS_ACCESS_KEY_ID={}", made.key.id)?;
            writeln!(out, "  export AWS_SECRET_ACCESS_KEY={}", made.key.secret.expose())?;
        }
        Ok(())
    }
}
