//! `countersign init`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use super::{Failure, configuration, variables};
use crate::{
    config::{MasterKeySource, StorePlace, root},
    gateway::clock,
    server::state::{Missing, State},
};

#[derive(Args)]
#[command(after_help = "Example:
  countersign init --data-dir /var/lib/countersign

COUNTERSIGN_ROOT_ACCESS_KEY_ID with COUNTERSIGN_ROOT_SECRET_ACCESS_KEY, and COUNTERSIGN_ACCOUNT_ID, fix what is \
otherwise made at random and shown once.")]
pub(super) struct Init {
    /// The folder to make
    #[arg(long, env = "COUNTERSIGN_DATA_DIR", value_name = "DIR", required_unless_present = "config")]
    data_dir: Option<PathBuf>,
    /// The configuration whose data_dir, account_id, master_key and store count; --data-dir stands over its data_dir
    #[arg(long, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut variables = variables();
        let dir = self.data_dir.map(std::path::absolute).transpose()?;
        let (dir, place, master_key, account) = match (dir, self.config) {
            (dir, Some(path)) => {
                if let Some(dir) = dir {
                    let dir = dir.to_str().ok_or("the data folder's name is no UTF-8")?.to_owned();
                    variables.push(("COUNTERSIGN_DATA_DIR".into(), dir));
                }
                let config = configuration(&path, &variables)?;
                (config.data_dir, config.store.place, config.master_key, config.account_id)
            }
            (Some(dir), None) => {
                let master_key = MasterKeySource::File(dir.join("master.key"));
                (dir, StorePlace::Folder, master_key, root::account(&variables)?)
            }
            (None, None) => return Err("name a folder with --data-dir".into()),
        };
        if !State::is_fresh(&dir, &place)? {
            return Err(match place {
                StorePlace::Folder => format!("`{}` holds an account already; nothing was changed", dir.display()),
                StorePlace::Postgres { .. } => "the database holds an account already; nothing was changed".to_owned(),
            }
            .into());
        }
        let given = root::key(&variables)?;
        let (state, made) = State::open(&dir, &place, &master_key, account, given, Missing::Make, clock::now())?;
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
