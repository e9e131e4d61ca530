//! Accounts as files: `countersign apply`, `import` and `export`.
//!
//! All three work through IAM's API and nothing else, so that what they do is decided and recorded like any other call:
//! against a running server with the caller's credentials, or against a data folder that no server has, as root.
//! A description is checked whole before the first change; what it takes is shown before it is done, and doing it again
//! changes nothing.

mod answer;
mod aws_json;
mod change;
mod check;
mod client;
mod json;
mod look;
mod model;
mod place;
mod plan;
mod progress;
mod settle;
mod toml_file;
mod versions;

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use self::{
    look::More,
    place::{Connected, Place},
    settle::{How, settle},
};
use super::Failure;

/// What both verbs that change something say of their end.
const STATUS: &str =
    "Exit status: 0 if the account is as described, now or before; 3 if the plan was shown and not carried
out; 1 for anything else.";

#[derive(Args)]
#[command(after_help = format!("{STATUS}

A file names policies, groups, users, roles and instance profiles. A document is JSON in ''' or the
path of a file beside this one:

  [[policy]]
  name = \"read-reports\"
  document = \"policies/read-reports.json\"

  [[group]]
  name = \"staff\"
  policies = [\"read-reports\"]

  [[user]]
  name = \"ann\"
  groups = [\"staff\"]
  tags = {{ team = \"a\" }}

  [[role]]
  name = \"nightly\"
  trust = \"policies/nightly-trust.json\"
  inline.write = '''{{\"Version\": \"2012-10-17\", \"Statement\": [...]}}'''

What is named becomes exactly what the file says; what is not named stays, unless --prune is given.
Access keys are no part of it. `countersign export --toml` writes such a file.

Examples:
  countersign apply -f iam.toml --endpoint http://127.0.0.1:9000
  countersign apply -f iam.toml --data-dir /var/lib/countersign --yes"))]
pub(super) struct Apply {
    /// The description
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = format!("{STATUS}

What is imported has new ids and dates. Roles of services are passed over; instance profiles without a
role and descriptions of roles are not in such files. Documents stay as they are: an account of the
same number (COUNTERSIGN_ACCOUNT_ID with init) is the one in which they mean the same.

Examples:
  aws iam get-account-authorization-details > account.json
  countersign import account.json --endpoint http://127.0.0.1:9000"))]
pub(super) struct Import {
    /// What `aws iam get-account-authorization-details` printed; pages may be in one file or in several. - is standard
    /// input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(after_help = "Examples:
  countersign export --endpoint http://127.0.0.1:9000 > account.json
  countersign export --toml --data-dir /var/lib/countersign > iam.toml")]
pub(super) struct Export {
    /// Write a file for apply, in place of what `aws iam get-account-authorization-details` prints
    #[arg(long)]
    toml: bool,
    #[command(flatten)]
    place: Place,
}

impl Apply {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let text = read(&self.file)?;
        let beside = self.file.parent().unwrap_or(Path::new("."));
        let (described, mut faults) = toml_file::read(&text, beside);
        faults.extend(check::faults(&described));
        if !faults.is_empty() {
            return Err(told(&self.file, faults));
        }
        self.place.with(|connected| settle(connected, described, &self.how)?.map_err(|faults| told(&self.file, faults)))
    }
}

impl Import {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let texts = self.files.iter().map(|file| Ok((file.display().to_string(), read(file)?)));
        let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
        let whole = Path::new("what is imported");
        self.place.with(|connected| {
            let mut read = aws_json::read(&texts, &connected.account);
            read.faults.extend(check::faults(&read.account));
            if !read.faults.is_empty() {
                return Err(told(whole, read.faults));
            }
            for line in &read.passed_over {
                writeln!(io::stderr(), "passed over: {line}")?;
            }
            settle(connected, read.account, &self.how)?.map_err(|faults| told(whole, faults))
        })
    }
}

impl Export {
    pub(super) fn run(self) -> Result<(), Failure> {
        let text = self.place.with(|connected| {
            let lists = look::details(&connected.client)?;
            if !self.toml {
                return Ok(aws_json::write(&lists));
            }
            let more = More { tags_of_policy: &|_| true, profiles: true };
            let (account, _) = look::account(&connected.client, &lists, &more)?;
            Ok(toml_file::write(&account, &connected.account))
        })?;
        Ok(io::stdout().write_all(text.as_bytes())?)
    }
}

impl Place {
    /// Does something with the account, and lets go of it.
    fn with<T>(&self, work: impl FnOnce(&Connected) -> Result<T, Failure>) -> Result<T, Failure> {
        let connected = self.connect()?;
        let done = work(&connected);
        connected.end();
        done
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let text = match file.to_str() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        _ => fs::read_to_string(file),
    };
    text.map_err(|error| format!("{}: {error}", file.display()).into())
}

/// All faults of a file, by line where they have one.
fn told(file: &Path, mut faults: Vec<String>) -> Failure {
    let line = |fault: &String| fault.strip_prefix("line ")?.split(':').next()?.parse::<usize>().ok();
    faults.sort_by_key(line);
    let noun = if faults.len() == 1 { "fault" } else { "faults" };
    format!("{} has {} {noun}; nothing was changed:\n{}", file.display(), faults.len(), faults.join("\n")).into()
}
