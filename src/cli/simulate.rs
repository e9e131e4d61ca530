//! `countersign simulate`: what policies in files would decide, in words.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;

use super::Failure;
use crate::{
    base::condition::Value,
    policy::{
        AllowKind, Decision, Explanation, Kind, Policy, PolicySet, Source,
        explain::Verdict,
        simulate::{Caller, Simulation},
    },
};

#[derive(Args)]
#[command(
    after_help = "Exit status: 0 if everything asked is allowed, 3 if anything is denied, 1 for files or arguments
that cannot be used.

Example:
  countersign simulate --policy ann.json --action s3:GetObject \\
      --resource arn:aws:s3:::photos/a.jpg --context aws:SourceIp=192.0.2.7"
)]
pub(super) struct Simulate {
    /// An identity-based policy of the caller; more than one may be given
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// The caller's permissions boundary
    #[arg(long, value_name = "FILE")]
    boundary: Option<PathBuf>,
    /// A policy of the caller's session; more than one may be given
    #[arg(long, value_name = "FILE")]
    session_policy: Vec<PathBuf>,
    /// The policy of the bucket that the resources are in
    #[arg(long, value_name = "FILE")]
    resource_policy: Option<PathBuf>,
    /// Service control policies of one level; give it once a level, from the organization's root to the account
    #[arg(long, value_name = "FILE[,FILE]")]
    service_control: Vec<String>,
    /// Resource control policies of one level, in the same way
    #[arg(long, value_name = "FILE[,FILE]")]
    resource_control: Vec<String>,
    /// Who asks: a user, a role, root or a session
    #[arg(long, value_name = "ARN", default_value = "arn:aws:iam::123456789012:user/somebody")]
    caller: String,
    /// The account that owns resources whose ARNs do not say; the caller's if left out
    #[arg(long, value_name = "ACCOUNT")]
    resource_owner: Option<String>,
    /// What is to be done; more than one may be given
    #[arg(long, value_name = "ACTION", required = true)]
    action: Vec<String>,
    /// What it is to be done on; more than one may be given
    #[arg(long, value_name = "ARN", default_value = "*")]
    resource: Vec<String>,
    /// A condition key; give it again with the same key for a key of several values
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
}

/// The exit status of a denial.
const DENIED: u8 = 3;

impl Simulate {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let simulation = self.simulation()?;
        let mut all_allowed = true;
        let mut text = String::new();
        for action in &self.action {
            for resource in &self.resource {
                let outcome = simulation.ask(action, resource);
                all_allowed &= matches!(outcome.decision, Decision::Allow(_));
                tell(action, resource, &outcome, &mut text);
            }
        }
        io::stdout().write_all(text.as_bytes())?;
        Ok(if all_allowed { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
    }

    /// Reads everything; all faults are told at once.
    fn simulation(&self) -> Result<Simulation, Failure> {
        let mut faults = Vec::new();
        let mut set = |files: &[PathBuf], kind| {
            let policies = files.iter().filter_map(|file| read(file, kind).map_err(|fault| faults.push(fault)).ok());
            PolicySet::new(policies.collect::<Vec<_>>())
        };
        let level = |files: &String| files.split(',').map(PathBuf::from).collect::<Vec<_>>();
        let one = |file: &Option<PathBuf>| file.iter().cloned().collect::<Vec<_>>();
        let mut simulation = Simulation {
            identity: set(&self.policy, Kind::Identity),
            boundary: self.boundary.is_some().then(|| set(&one(&self.boundary), Kind::Boundary)),
            session: (!self.session_policy.is_empty()).then(|| set(&self.session_policy, Kind::Session)),
            resource: self.resource_policy.is_some().then(|| set(&one(&self.resource_policy), Kind::Bucket)),
            service_control: self.service_control.iter().map(|it| set(&level(it), Kind::ServiceControl)).collect(),
            resource_control: self.resource_control.iter().map(|it| set(&level(it), Kind::ResourceControl)).collect(),
            resource_owner: self.resource_owner.clone(),
            ..Simulation::default()
        };
        match Caller::of_arn(&self.caller) {
            Some(caller) => {
                // Across accounts both sides count, told or not.
                simulation.resource_owner.get_or_insert_with(|| caller.account().to_owned());
                simulation.caller = caller;
            }
            None => faults.push(format!("--caller {}: no ARN of a user, a role, root or a session", self.caller)),
        }
        for action in self.action.iter().filter(|action| !action.contains(':') || action.contains(['*', '?'])) {
            faults.push(format!("--action {action}: write one action, such as s3:GetObject"));
        }
        let mut facts: Vec<(&str, Vec<&str>)> = Vec::new();
        for fact in &self.context {
            match fact.split_once('=') {
                Some((key, value)) => match facts.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
                    Some((_, values)) => values.push(value),
                    None => facts.push((key, vec![value])),
                },
                None => faults.push(format!("--context {fact}: write KEY=VALUE, such as aws:SourceIp=192.0.2.7")),
            }
        }
        for (key, values) in facts {
            let value = match &*values {
                [value] => Value::owned(*value),
                _ => Value::Many(values.into_iter().map(|value| value.to_owned().into()).collect()),
            };
            simulation.facts.add(key, value);
        }
        match faults.is_empty() {
            true => Ok(simulation),
            false => Err(faults.join("\n").into()),
        }
    }
}

fn read(file: &Path, kind: Kind) -> Result<(Source, Arc<Policy>), String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let policy = Policy::compile_as(&text, kind).map_err(|error| format!("{name}: {error}"))?;
    Ok((Source::from(name.to_string()), Arc::new(policy)))
}

/// One verdict and what led to it.
fn tell(action: &str, resource: &str, outcome: &Explanation<'_>, out: &mut String) {
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let (word, why) = match &outcome.decision {
        Decision::Allow(AllowKind::Root) => ("ALLOWED", "root may do everything in its own account".to_owned()),
        Decision::Allow(AllowKind::Statement(decided)) => ("ALLOWED", format!("by the {}", decided.layer)),
        Decision::Deny(kind) => ("DENIED ", kind.words(action)),
    };
    line(format!("{word} {action} on {resource}: {why}"));
    for answer in &outcome.answers {
        let says = match answer.verdict {
            Verdict::Allowed => "allows",
            Verdict::ExplicitDeny => "denies",
            Verdict::ImplicitDeny => "does not speak of it",
        };
        line(format!("  {:<24} {says}", answer.layer.to_string()));
        for matched in &answer.matched {
            let name = matched.sid.map_or(String::new(), |sid| format!(" {sid}"));
            let ((from, _), (to, _)) = (matched.span.start, matched.span.end);
            let lines = if from == to { format!("line {to}") } else { format!("lines {from}-{to}") };
            let effect = format!("{:?}", matched.effect);
            line(format!("    {effect:<5} statement {}{name}, {}, {lines}", matched.statement, matched.source));
        }
    }
    if !outcome.missing_keys.is_empty() {
        line(format!("  not told, but asked for: {}", outcome.missing_keys.join(", ")));
    }
}
