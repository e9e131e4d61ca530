//! Making an account as described: the plan is shown, agreed to, and carried out.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
};

use clap::Args;

use super::{
    client::{Client, Refused},
    look::{self, More},
    model::Account,
    place::Connected,
    plan::{self, Call, Setting, Sign, Step},
    progress::Progress,
};
use crate::cli::Failure;

#[derive(Args)]
pub(super) struct How {
    /// Go on without asking
    #[arg(long)]
    yes: bool,
    /// Delete what is not described too: users with their keys, groups, roles, policies and their other versions
    #[arg(long)]
    prune: bool,
}

/// The exit status of a plan that was not carried out.
const NOT_DONE: u8 = 3;

/// What a user may have that keeps it from being deleted: how it is listed, the member of each, how it is deleted.
const BELONGINGS: [(&str, &str, &str, &str); 5] = [
    ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "DeleteAccessKey"),
    ("ListMFADevices", "MFADevices", "SerialNumber", "DeactivateMFADevice"),
    ("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId", "DeleteSSHPublicKey"),
    ("ListSigningCertificates", "Certificates", "CertificateId", "DeleteSigningCertificate"),
    (
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
        "DeleteServiceSpecificCredential",
    ),
];

/// Makes the account as described. Faults of the description are all told, and then nothing is changed.
pub(super) fn settle(
    connected: &Connected,
    mut described: Account,
    how: &How,
) -> Result<Result<ExitCode, Vec<String>>, Failure> {
    let Connected { client, account, caller, .. } = connected;
    let tags_of_policy = |name: &str| described.policy(name).is_some_and(|policy| policy.tags.is_some());
    let more = More { tags_of_policy: &tags_of_policy, profiles: how.prune || !described.profiles.is_empty() };
    let (found, has_profiles) = look::account(client, &look::details(client)?, &more)?;
    let mut faults = described.resolve(account, &found);
    described.find_waiting(account, &found);
    if !has_profiles {
        let what = "this server does not offer instance profiles; leave it out";
        faults.extend(described.profiles.iter().map(|profile| format!("{}: {what}", profile.place)));
    }
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let setting = Setting {
        account,
        caller,
        prune: how.prune,
        exists: &|arn| exists(client, arn),
        belongings: &|user| belongings(client, user),
    };
    let steps = match plan::plan(&described, &found, &setting)? {
        Ok(steps) => steps,
        Err(faults) => return Ok(Err(faults)),
    };
    let mut out = io::stdout();
    if steps.is_empty() {
        writeln!(out, "Nothing to do: account {account} is as described.")?;
        return Ok(Ok(ExitCode::SUCCESS));
    }
    show(&steps, account, &mut out)?;
    if !how.yes && !agreed(&mut out)? {
        writeln!(out, "Nothing was changed; --yes carries it out without asking.")?;
        return Ok(Ok(ExitCode::from(NOT_DONE)));
    }
    carry_out(client, &steps)?;
    writeln!(out, "Done.")?;
    Ok(Ok(ExitCode::SUCCESS))
}

fn show(steps: &[Step], account: &str, out: &mut impl Write) -> io::Result<()> {
    for step in steps {
        writeln!(out, "  {} {}", step.sign.character(), step.line)?;
    }
    let count = |sign| steps.iter().filter(|step| step.sign == sign).count();
    let [create, change, delete] = [Sign::Create, Sign::Change, Sign::Delete].map(count);
    writeln!(out, "\nPlan for account {account}: {create} to create, {change} to change, {delete} to delete.")
}

/// Whether somebody at a terminal agrees. Without one nobody does.
fn agreed(out: &mut impl Write) -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    write!(out, "Carry it out? Only `yes` does: ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

fn carry_out(client: &Client, steps: &[Step]) -> Result<(), Failure> {
    let mut progress = Progress::new("done", Some(steps.len()));
    for (at, step) in steps.iter().enumerate() {
        for call in &step.calls {
            client.call(&call.action, &call.parameters).map_err(|error| {
                format!(
                    "{}: {error}\n{at} of {} lines of the plan are carried out; mend this and run it again",
                    step.line,
                    steps.len()
                )
            })?;
        }
        progress.add(1);
    }
    Ok(())
}

/// The answer to a call, or `None` if what it asks for is not there.
fn unless_missing(client: &Client, call: &Call) -> Result<bool, Failure> {
    match client.call_if_offered(&call.action, &call.parameters) {
        Ok(answer) => Ok(answer.is_some()),
        Err(failure) => match failure.downcast_ref::<Refused>() {
            Some(refused) if refused.code == "NoSuchEntity" => Ok(false),
            _ => Err(failure),
        },
    }
}

fn exists(client: &Client, arn: &str) -> Result<bool, Failure> {
    unless_missing(client, &Call::new("GetPolicy", &[("PolicyArn", arn)]))
}

fn belongings(client: &Client, user: &str) -> Result<Vec<Call>, Failure> {
    let name = ("UserName", user);
    let mut calls = Vec::new();
    for (list, members, member, delete) in BELONGINGS {
        let Some(answer) = client.call_if_offered(list, &Call::new(list, &[name]).parameters)? else { continue };
        let ids = answer.members(members).iter().map(|found| found.said(member));
        calls.extend(ids.map(|id| Call::new(delete, &[name, (member, id)])));
    }
    if unless_missing(client, &Call::new("GetLoginProfile", &[name]))? {
        calls.push(Call::new("DeleteLoginProfile", &[name]));
    }
    Ok(calls)
}
