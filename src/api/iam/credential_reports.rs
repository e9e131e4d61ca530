//! The credential report: every user of an account with its password, MFA devices, keys and certificates, as CSV.
//!
//! It is made on a thread of its own, part by part, so that neither the call nor the store waits for it, and is handed
//! out for four hours. Source: IAM user guide, "Generate credential reports for your AWS account".

use std::{sync::Arc, thread};

use data_encoding::BASE64;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    account_summary::devices_of_root,
    items::{details, long_id, written},
    login_profiles,
    passwords::Rules,
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{AccountId, Arn, Fault, Timestamp},
    store::{AccessKey, Directory, Identity, IdentityKind, Item, ItemKind, KeyOwner, KeyStatus, Page, UnitOfWork},
};

/// The name of the one report of an account.
const NAME: &str = "CredentialReport";

/// How long a report is handed out before another is made.
const KEPT: SignedDuration = SignedDuration::from_hours(4);

/// After how long a report that is being made is taken for abandoned, as when the program ended meanwhile.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// How many users are read in one unit of work.
const PART: usize = 500;

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";

const NONE: &str = "N/A";

/// A report, as it is kept.
#[derive(Serialize, Deserialize)]
struct Report {
    /// When it was asked for, in seconds since 1970.
    asked: i64,
    /// What it says; nothing while it is made.
    content: Option<String>,
}

/// What a signing certificate says of itself.
#[derive(Deserialize)]
struct Certificate {
    status: String,
}

pub(super) fn generate(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:GenerateCredentialReport", "*", |scene| {
        let (account, now) = (scene.account(), scene.caller.at());
        let details = written(&Report { asked: now.as_second(), content: None })?;
        let id = long_id(scene)?;
        let (state, begun) = scene.world.directory.write(|work| {
            let Some(known) = work.item(account, ItemKind::Job, NAME)? else {
                let item = Item {
                    kind: ItemKind::Job,
                    account,
                    id: id.as_str().into(),
                    name: NAME.into(),
                    path: "/".into(),
                    owner: None,
                    created: now,
                    details: details.clone(),
                };
                work.add_item(&item, None)?;
                return Ok(("STARTED", Some(item)));
            };
            let report = Report::of(&known)?;
            if !report.is_older(if report.content.is_some() { KEPT } else { PATIENCE }, now) {
                return Ok((if report.content.is_some() { "COMPLETE" } else { "INPROGRESS" }, None));
            }
            let item = Item { details: details.clone(), ..known };
            work.update_item(&item)?;
            Ok::<_, Fault>(("STARTED", Some(item)))
        })?;
        let mut members = vec![("State", Node::text(state))];
        if let Some(item) = begun {
            begin(scene.world.directory.clone(), item, now)?;
            members.push(("Description", Node::text("No report exists. Starting a new report generation task")));
        }
        Ok(Node::Struct(members))
    }))
}

pub(super) fn get(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:GetCredentialReport", "*", |scene| {
        let (account, now) = (scene.account(), scene.caller.at());
        let known = scene.world.directory.read(|work| work.item(account, ItemKind::Job, NAME))?;
        let Some(known) = known else {
            return Err(Fault::new(410, "ReportNotPresent", "No report exists. Generate one first."));
        };
        let report = Report::of(&known)?;
        let is_expired = report.is_older(KEPT, now);
        let asked = Timestamp::from_second(report.asked).map_or(Node::Nothing, Node::Time);
        let Some(content) = report.content else {
            return Err(Fault::new(404, "ReportInProgress", "The report is still being generated."));
        };
        if is_expired {
            return Err(Fault::new(410, "ReportExpired", "The report is older than four hours. Generate another."));
        }
        Ok(Node::Struct(vec![
            ("Content", Node::Text(BASE64.encode(content.as_bytes()))),
            ("ReportFormat", Node::text("text/csv")),
            ("GeneratedTime", asked),
        ]))
    }))
}

impl Report {
    fn of(item: &Item) -> Result<Self, Fault> {
        Ok(details(item)?)
    }

    fn is_older(&self, than: SignedDuration, now: Timestamp) -> bool {
        now.as_second() >= self.asked.saturating_add(than.as_secs())
    }
}

/// Makes a report on a thread of its own. One that cannot be made is forgotten, so that it can be asked for again.
fn begin(directory: Arc<Directory>, item: Item, now: Timestamp) -> Result<(), Fault> {
    let forgotten = (directory.clone(), item.id.clone());
    let forget = move || {
        let (directory, id) = forgotten;
        directory.write(|work| work.delete_item(&id))
    };
    let task = {
        let forget = forget.clone();
        move || {
            if let Err(fault) = make(&directory, item, now) {
                tracing::error!(detail = fault.detail, "no credential report could be made: {}", fault.message);
                if let Err(error) = forget() {
                    tracing::error!("a credential report that failed is still there: {error}");
                }
            }
        }
    };
    if let Err(error) = thread::Builder::new().name("credential-report".into()).spawn(task) {
        forget()?;
        let message = "The report could not be begun.";
        return Err(Fault::new(500, "ServiceFailure", message).because(error));
    }
    Ok(())
}

fn make(directory: &Directory, item: Item, now: Timestamp) -> Result<(), Fault> {
    // Keys that were used a moment ago are known as such.
    directory.flush_last_used()?;
    let account = item.account;
    let (mut content, rules) = directory.read(|work| {
        let mut content = COLUMNS.to_owned();
        row(&mut content, &of_root(work, account)?);
        Ok::<_, Fault>((content, Rules::of(work, account)?))
    })?;
    let mut after: Option<Box<str>> = None;
    loop {
        let next = directory.read(|work| {
            let page = Page { after: after.as_deref(), items_max: PART, ..Page::ALL };
            let users = work.identities(account, IdentityKind::User, page)?;
            for user in &users.items {
                row(&mut content, &of_user(work, user, &rules)?);
            }
            Ok::<_, Fault>(users.next)
        })?;
        if next.is_none() {
            break;
        }
        after = next;
    }
    let details = written(&Report { asked: now.as_second(), content: Some(content) })?;
    let item = Item { details, ..item };
    Ok(directory.write(|work| work.update_item(&item))?)
}

fn of_user(work: &mut dyn UnitOfWork, user: &Identity, rules: &Rules) -> Result<Vec<String>, Fault> {
    let mut fields = vec![user.name.to_string(), user.arn().to_string(), date(user.created)];
    match login_profiles::changed(work, user)? {
        // Nobody signs in with it yet.
        Some(changed) => {
            let next = rules.expiry(changed).map_or(NONE.to_owned(), date);
            fields.extend(["true".into(), "no_information".into(), date(changed), next]);
        }
        None => fields.extend(["false", NONE, NONE, NONE].map(str::to_owned)),
    }
    fields.push((!work.items_of(&user.id, ItemKind::MfaDevice)?.is_empty()).to_string());
    keys(&mut fields, &work.access_keys(user.account, &KeyOwner::User(user.id.clone()))?);
    certificates(&mut fields, &work.items_of(&user.id, ItemKind::SigningCertificate)?)?;
    Ok(fields)
}

fn of_root(work: &mut dyn UnitOfWork, account: AccountId) -> Result<Vec<String>, Fault> {
    let created = work.account(account)?.map_or(NONE.to_owned(), |account| date(account.created));
    let arn = Arn::iam(account.as_str(), "root").to_string();
    let mut fields = vec!["<root_account>".to_owned(), arn, created];
    fields.extend(["not_supported", "no_information", "not_supported", "not_supported"].map(str::to_owned));
    fields.push((devices_of_root(work, account)? > 0).to_string());
    keys(&mut fields, &work.access_keys(account, &KeyOwner::Root)?);
    let all = work.items(account, ItemKind::SigningCertificate, Page::ALL)?.items;
    let own: Vec<Item> = all.into_iter().filter(|certificate| certificate.owner.is_none()).collect();
    certificates(&mut fields, &own)?;
    Ok(fields)
}

/// The oldest two.
fn keys(fields: &mut Vec<String>, keys: &[AccessKey]) {
    for at in 0..2 {
        let Some(key) = keys.get(at) else {
            fields.extend(["false", NONE, NONE, NONE, NONE].map(str::to_owned));
            continue;
        };
        fields.extend([(key.status == KeyStatus::Active).to_string(), date(key.created)]);
        match &key.last_used {
            Some(used) => fields.extend([date(used.at), used.region.to_string(), used.service.to_string()]),
            None => fields.extend([NONE, NONE, NONE].map(str::to_owned)),
        }
    }
}

/// The oldest two.
fn certificates(fields: &mut Vec<String>, certificates: &[Item]) -> Result<(), Fault> {
    for at in 0..2 {
        match certificates.get(at) {
            Some(item) => {
                let is_active = details::<Certificate>(item)?.status == "Active";
                fields.extend([is_active.to_string(), date(item.created)]);
            }
            None => fields.extend(["false", NONE].map(str::to_owned)),
        }
    }
    Ok(())
}

/// `2024-01-01T00:00:00+00:00`.
fn date(at: Timestamp) -> String {
    jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S+00:00", at).unwrap_or_default()
}

/// Names may hold commas; such fields stand in quotes (RFC 4180).
fn row(content: &mut String, fields: &[String]) {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            content.push(',');
        }
        match field.contains(',') {
            true => content.extend(["\"", field, "\""]),
            false => content.push_str(field),
        }
    }
    content.push('\n');
}
