//! What principals tried to do, and when last: the data of "service last accessed".
//!
//! Every authenticated request is noted in memory, denied ones too; about once a minute the notes are written to the store,
//! one item a principal. An item holds the latest attempt at each action. Source: IAM user guide, "Refine permissions using
//! last accessed information".

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use dashmap::DashMap;
use serde::{Deserialize, Serialize};

use super::{Item, ItemKind, Listing, Page, Store, StoreError, UnitOfWork};
use crate::base::{AccountId, Timestamp};

/// How long an attempt is told of; AWS's tracking period.
pub const DAYS_KEPT: i64 = 400;

/// Attempts at the same action in the same region are passed over for so long after one.
const QUIET_SECONDS: i64 = 15 * 60;
/// The most principals with notes in memory; attempts of further ones are not noted until the next flush.
const PRINCIPALS_MAX: usize = 200_000;
/// The most actions of one principal; beyond it those tried longest ago are forgotten.
const ACTIONS_MAX: usize = 1000;
/// How many principals are written in one unit of work.
const BATCH: usize = 500;
/// How often what is of no more use is looked for, in seconds.
const SWEEP_SECONDS: i64 = 24 * 60 * 60;
/// The beginning of the names of items with accesses.
const PREFIX: &str = "accesses:";

/// The latest attempt at one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// `s3:GetObject`.
    pub action: Box<str>,
    /// When, to the second.
    pub at: Timestamp,
    /// The region of the credential scope.
    pub region: Box<str>,
}

/// A principal by its unique id, with its latest attempts.
pub type Accesses = (Box<str>, Vec<Access>);

impl Access {
    /// `s3`.
    pub fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or_default()
    }
}

/// The notes of this node.
#[derive(Default)]
pub(super) struct Notes {
    principals: DashMap<Box<str>, Noted>,
    swept: Mutex<Option<Timestamp>>,
}

struct Noted {
    account: AccountId,
    actions: Vec<(Access, bool)>,
}

impl Notes {
    /// Notes that a principal tried an action.
    pub(super) fn note(&self, principal: &str, account: AccountId, action: &str, region: &str, at: Timestamp) {
        let is_fresh = |access: &Access| {
            *access.action == *action
                && *access.region == *region
                && at.as_second() - access.at.as_second() < QUIET_SECONDS
        };
        let known = self.principals.get(principal);
        if known.is_some_and(|noted| noted.actions.iter().any(|(access, _)| is_fresh(access))) {
            return;
        }
        if self.principals.len() >= PRINCIPALS_MAX && !self.principals.contains_key(principal) {
            return;
        }
        let mut noted =
            self.principals.entry(principal.into()).or_insert_with(|| Noted { account, actions: Vec::new() });
        let access = Access { action: action.into(), at, region: region.into() };
        let is_full = noted.actions.len() >= ACTIONS_MAX;
        match noted.actions.iter_mut().find(|(known, _)| known.action == access.action) {
            Some(known) if known.0.at <= at => *known = (access, true),
            None if !is_full => noted.actions.push((access, true)),
            Some(_) | None => {}
        }
    }

    /// Writes what is new and returns the number of principals concerned. What the store refuses is kept for the next time.
    pub(super) fn flush(&self, store: &dyn Store, now: Timestamp) -> Result<usize, StoreError> {
        let mut batch = Vec::new();
        for mut noted in self.principals.iter_mut() {
            let id = noted.key().clone();
            let Noted { account, actions } = noted.value_mut();
            let new = actions.iter_mut().filter(|(_, is_new)| *is_new);
            let new: Vec<Access> = new.map(|(access, is_new)| (std::mem::take(is_new), access.clone()).1).collect();
            if !new.is_empty() {
                batch.push((id, *account, new));
            }
        }
        let mut failed = None;
        for part in batch.chunks(BATCH) {
            let written = store.begin().and_then(|mut work| {
                part.iter().try_for_each(|(id, account, new)| merge(work.as_mut(), id, *account, new, now))?;
                work.commit()
            });
            if let Err(error) = written {
                part.iter().for_each(|(id, ..)| self.soil(id));
                failed = Some(error);
            }
        }
        // Those who have been quiet for long are forgotten here; the store has them.
        let cutoff = now.as_second() - QUIET_SECONDS;
        let is_needed = |(access, is_new): &(Access, bool)| *is_new || access.at.as_second() > cutoff;
        self.principals.retain(|_, noted| {
            noted.actions.retain(is_needed);
            !noted.actions.is_empty()
        });
        if let Some(error) = failed {
            return Err(error);
        }
        self.sweep(store, now)?;
        Ok(batch.len())
    }

    fn soil(&self, id: &str) {
        if let Some(mut noted) = self.principals.get_mut(id) {
            noted.actions.iter_mut().for_each(|(_, is_new)| *is_new = true);
        }
    }

    /// Deletes, once a day, what nobody will be told of again.
    fn sweep(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.is_some_and(|swept| now.as_second() - swept.as_second() < SWEEP_SECONDS) {
            return Ok(());
        }
        let accounts = store.begin()?.accounts()?;
        for account in accounts {
            let mut after = None;
            // Page by page, so that nobody waits long for the store.
            loop {
                let mut work = store.begin()?;
                let page = principals(work.as_mut(), account.id, after.as_deref(), now)?;
                for (id, latest) in page.items {
                    let is_there = *id == *account.id.as_str() || work.identity_by_id(&id)?.is_some();
                    if !is_there || latest.is_empty() {
                        work.delete_item(&format!("{PREFIX}{id}"))?;
                    }
                }
                work.commit()?;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        *swept = Some(now);
        Ok(())
    }
}

/// The latest attempt of a principal at each action, by action; root's id is its account.
pub fn accesses_of(work: &mut dyn UnitOfWork, principal: &str, now: Timestamp) -> Result<Vec<Access>, StoreError> {
    let item = work.item_by_id(&format!("{PREFIX}{principal}"))?;
    item.map_or(Ok(Vec::new()), |item| Ok(kept(&item, now)?.told()))
}

/// A page of those of an account who ever tried anything, with their latest attempts.
pub fn principals(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    after: Option<&str>,
    now: Timestamp,
) -> Result<Listing<Accesses>, StoreError> {
    let page = Page { after: Some(after.unwrap_or(PREFIX)), items_max: BATCH, path_prefix: "/" };
    let Listing { items, mut next } = work.items(account, ItemKind::Setting, page)?;
    let mut found = Vec::with_capacity(items.len());
    for item in &items {
        let Some(id) = item.name.strip_prefix(PREFIX) else {
            next = None;
            break;
        };
        found.push((id.into(), kept(item, now)?.told()));
    }
    Ok(Listing { items: found, next })
}

/// What an item holds: by action, when in seconds and where.
#[derive(Default, Serialize, Deserialize)]
struct Kept(BTreeMap<String, (i64, String)>);

impl Kept {
    fn told(self) -> Vec<Access> {
        let told = self.0.into_iter().filter_map(|(action, (at, region))| {
            Some(Access { action: action.into(), at: Timestamp::from_second(at).ok()?, region: region.into() })
        });
        told.collect()
    }
}

fn kept(item: &Item, now: Timestamp) -> Result<Kept, StoreError> {
    let mut kept: Kept = serde_json::from_str(&item.details)
        .map_err(|error| StoreError::damaged(format!("the accesses `{}` cannot be read: {error}", item.id)))?;
    let oldest = now.as_second() - DAYS_KEPT * 24 * 60 * 60;
    kept.0.retain(|_, (at, _)| *at >= oldest);
    Ok(kept)
}

fn merge(
    work: &mut dyn UnitOfWork,
    principal: &str,
    account: AccountId,
    new: &[Access],
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = format!("{PREFIX}{principal}");
    let known = work.item_by_id(&name)?;
    let mut all = known.as_ref().map_or(Ok(Kept::default()), |item| kept(item, now))?;
    for access in new {
        let latest = (access.at.as_second(), access.region.to_string());
        let at = all.0.entry(access.action.to_string()).or_insert_with(|| latest.clone());
        if at.0 < latest.0 {
            *at = latest;
        }
    }
    if all.0.len() > ACTIONS_MAX {
        let mut times: Vec<i64> = all.0.values().map(|(at, _)| *at).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        let oldest = times.get(ACTIONS_MAX - 1).copied().unwrap_or_default();
        all.0.retain(|_, (at, _)| *at >= oldest);
    }
    let details = serde_json::to_string(&all).map_err(|error| StoreError::damaged(error.to_string()))?.into();
    match known {
        Some(item) => work.update_item(&Item { details, ..item }),
        None => {
            let (id, name) = (name.as_str().into(), name.as_str().into());
            let kind = ItemKind::Setting;
            work.add_item(&Item { kind, account, id, name, path: "/".into(), owner: None, created: now, details }, None)
        }
    }
}
