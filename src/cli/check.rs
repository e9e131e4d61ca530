//! `countersign check`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use super::{Failure, configuration, variables};

#[derive(Args)]
#[command(after_help = "Example:\n  countersign check --config countersign.toml")]
pub(super) struct Check {
    /// The configuration
    #[arg(long, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        configuration(&self.config, &variables())?;
        Ok(writeln!(io::stdout(), "{}: good", self.config.display())?)
    }
}
