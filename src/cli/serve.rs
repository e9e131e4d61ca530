//! `countersign serve`.

use std::path::PathBuf;

use clap::Args;

use super::{
    Failure, configuration,
    run::{self, Signals, Source},
    variables,
};
use crate::{
    config::root,
    gateway::clock,
    server::{
        Places, Server,
        state::{Missing, State},
    },
    telemetry::log,
};

#[derive(Args)]
#[command(after_help = "Example:
  countersign serve --config countersign.toml

Every key of the configuration can be set by a variable too: COUNTERSIGN_LISTEN for listen, \
COUNTERSIGN_LIMITS__IDLE_SECONDS for limits.idle_seconds, COUNTERSIGN_UPSTREAM__0__URL for the first upstream's url. \
COUNTERSIGN_ROOT_ACCESS_KEY_ID with COUNTERSIGN_ROOT_SECRET_ACCESS_KEY replace the root access key; with _ and the number \
of an account at their ends, that of a further account.")]
pub(super) struct Serve {
    /// The configuration
    #[arg(long, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = configuration(&self.config, &variables())?;
        log::install(log::filter(&config.log_level)?, config.log_format);
        let given = root::key(&variables())?;
        let places = Places::take(&config)?;
        let (state, made) = State::open(
            &config.data_dir,
            &config.store.place,
            &config.master_key,
            config.account_id,
            given,
            Missing::Refuse,
            clock::now(),
        )?;
        state.ensure_accounts(&config.accounts, clock::now())?;
        debug_assert!(made.is_none(), "serve makes no root key, for there is nobody to show it to");
        let source = Source::new(self.config, &config);
        let signals = Signals::listen()?;
        let server = Server::start(config, state, places)?;
        tracing::info!(address = %server.address, admin = %server.admin_address, "serving");
        run::until_ended(server, signals, Some(source));
        Ok(())
    }
}
