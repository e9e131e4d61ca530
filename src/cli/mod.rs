//! Floor 5: the verbs of the command line.

mod account;
mod accounts;
mod check;
mod demo;
mod init;
mod operations;
mod run;
mod serve;
mod simulate;

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

/// AWS IAM, STS and CloudTrail in front of the S3 stores and HTTP APIs that you run yourself.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Start here:
  countersign demo                             S3, IAM and STS on http://127.0.0.1:9000
  countersign init --data-dir DIR              make a data folder, and its root access key
  countersign serve --config countersign.toml  run in earnest")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Try it: S3, IAM and STS on one port, with a store behind
    Demo(demo::Demo),
    /// Serve as a configuration says; SIGHUP reloads it, SIGTERM drains
    Serve(serve::Serve),
    /// Report every fault of a configuration at once
    Check(check::Check),
    /// Make a data folder: master key, account, root access key
    Init(init::Init),
    /// Make and list accounts, and give them root access keys
    Account(accounts::Account),
    /// Tell what policies in files would decide, and why
    Simulate(simulate::Simulate),
    /// Make an account as a file describes it, after showing what that takes
    Apply(account::Apply),
    /// Make an account as AWS tells of one of its own
    Import(account::Import),
    /// Print an account as AWS does, or as a file for apply
    Export(account::Export),
    /// List the operations of IAM and STS: what is offered, and what is not and why
    Operations(operations::Operations),
    /// Print the completions of a shell
    #[command(after_help = "Example:\n  countersign completions bash > /etc/bash_completion.d/countersign")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Runs the program as its arguments say.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Demo(demo) => demo.run(),
        Verb::Serve(serve) => serve.run(),
        Verb::Check(check) => check.run(),
        Verb::Init(init) => init.run(),
        Verb::Account(account) => account.run(),
        Verb::Simulate(simulate) => return ended(simulate.run()),
        Verb::Apply(apply) => return ended(apply.run()),
        Verb::Import(import) => return ended(import.run()),
        Verb::Export(export) => export.run(),
        Verb::Operations(operations) => operations.run(),
        Verb::Completions { shell } => completions(shell),
    };
    ended(done.map(|()| ExitCode::SUCCESS))
}

fn ended(done: Result<ExitCode, Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => {
            // Nobody is left to tell if standard error is gone.
            let _ = writeln!(io::stderr(), "countersign: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Why a verb failed, in words for the operator.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "countersign", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// The environment, as far as it is text.
fn variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Reads a configuration file and checks it, with the environment over it.
fn configuration(path: &Path, variables: &[(String, String)]) -> Result<crate::config::Config, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    crate::config::load(&text, variables).map_err(|faults| {
        let count = faults.0.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        format!("{} has {count} {noun}:\n{faults}", path.display()).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
    }
}
