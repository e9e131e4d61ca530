//! The `[delegation]` table: who may ask other accounts for permissions, with what templates, and where notices go.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Raw, pem, raw::RELATIVE};
use crate::{
    api::delegation::{Delegation, channel_account, notice::Webhook, template::Template, template_account},
    base::AccountId,
};

const REQUESTERS: &str = "delegation.requesters";
const TEMPLATES: &str = "delegation.templates";
const CHANNELS: &str = "delegation.channels";

/// The longest name of a requester, in characters, as AWS's model has it.
const NAME_CHARACTERS_MAX: usize = 30;

/// What is read of it.
pub(super) struct Read {
    pub(super) delegation: Delegation,
    /// The files that were read.
    pub(super) files: Vec<PathBuf>,
    /// Authorities to trust instead of the system's.
    pub(super) ca_file: Option<PathBuf>,
}

/// Reads it, with the files that it names.
pub(super) fn delegation(raw: &mut Raw) -> Read {
    let mut delegation = Delegation { deadline: raw.seconds("delegation.deadline_seconds"), ..Delegation::default() };
    requesters(raw, &mut delegation);
    let files = templates(raw, &mut delegation);
    channels(raw, &mut delegation);
    delegation.console_url = raw.parsed(
        "delegation.console_url",
        "the beginning of a link, as \"https://console.example.com/requests/\"",
        |text| {
            let is_url = text.starts_with("https://") || text.starts_with("http://");
            (is_url && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
        },
    );
    Read { delegation, files, ca_file: raw.pem("delegation.ca_file", pem::roots) }
}

fn requesters(raw: &mut Raw, delegation: &mut Delegation) {
    for (account, name) in raw.table(REQUESTERS) {
        let fits = |character: char| matches!(character, '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
        let is_name = (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) && name.chars().all(fits);
        match account.parse::<AccountId>() {
            Ok(AccountId::AWS) => raw.fault(REQUESTERS, "holds the number of AWS's own; write another"),
            Ok(id) if is_name => drop(delegation.requesters.insert(id, name)),
            Ok(id) => {
                raw.fault(REQUESTERS, format!("names {id} {name:?}; write 1 to {NAME_CHARACTERS_MAX} Latin characters"))
            }
            Err(_) => raw.fault(REQUESTERS, format!("holds {account:?}; write twelve digits")),
        }
    }
}

fn templates(raw: &mut Raw, delegation: &mut Delegation) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (arn, file) in raw.table(TEMPLATES) {
        let form = "write arn:aws:iam::ACCOUNT:delegation-template/NAME";
        if !is_of_requester(raw, delegation, TEMPLATES, &arn, template_account(&arn), form) {
            continue;
        }
        match read(Path::new(&file)) {
            Ok(template) => drop(delegation.templates.insert(arn, template)),
            Err(fault) => raw.fault(TEMPLATES, fault),
        }
        files.push(PathBuf::from(file));
    }
    files
}

fn channels(raw: &mut Raw, delegation: &mut Delegation) {
    for (arn, url) in raw.table(CHANNELS) {
        let form = "write arn:aws:sns:REGION:ACCOUNT:NAME";
        if !is_of_requester(raw, delegation, CHANNELS, &arn, channel_account(&arn), form) {
            continue;
        }
        match Webhook::parse(&url) {
            Some(webhook) => drop(delegation.channels.insert(arn, webhook)),
            // What is secret of it may be in its path.
            None => {
                let wanted = "write https://host/path, or http://localhost/path for this machine";
                raw.fault(CHANNELS, format!("has no such URL for {arn}; {wanted}"));
            }
        }
    }
}

/// Whether an ARN has the form, and is of an account that may ask.
fn is_of_requester(
    raw: &mut Raw,
    delegation: &Delegation,
    key: &str,
    arn: &str,
    account: Option<AccountId>,
    form: &str,
) -> bool {
    match account {
        None => raw.fault(key, format!("holds {arn:?}; {form}")),
        Some(account) if delegation.requester(account).is_none() => {
            raw.fault(key, format!("is of account {account}, which {REQUESTERS} does not name; add it there"));
        }
        Some(_) => return true,
    }
    false
}

fn read(file: &Path) -> Result<Template, String> {
    let name = file.display();
    if !file.is_absolute() {
        return Err(format!("`{name}` {RELATIVE}"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
    Template::read(&text).map_err(|fault| format!("`{name}` {fault}"))
}
