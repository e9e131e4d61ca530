//! Those in use, in the store: rows under an account of their own, which all accounts share.
//!
//! A row is made when a policy is first attached or made a boundary, and stays. Its unique id is that of the ARN, so it is
//! found without a search, and one that AWS gave up stays in force as it was kept. A tag holds AWS's number of the
//! version, since the store's own numbers begin at 1.

use std::collections::HashSet;

use super::{AwsPolicy, all, find, id};
use crate::{
    base::{AccountId, Arn, Tag, Timestamp, name::fold},
    store::{
        Account, Directory, Identity, IdentityKind, Listing, ManagedPolicy, Page, PolicyUse, PolicyVersion, StoreError,
        UnitOfWork,
    },
};

/// The tag of a row with AWS's number of the version that it holds. No client sees or sets it.
const VERSION_TAG: &str = "aws:version";
/// How many rows are read at a time where rows of other accounts are passed over.
const ROWS: usize = 1000;

type Work<'a> = &'a mut dyn UnitOfWork;

/// A policy by its ARN, with AWS's version number and the use that all accounts make of it. `None` for one that is neither
/// known nor kept.
pub fn known(arn: &Arn, work: Work<'_>) -> Result<Option<ManagedPolicy>, StoreError> {
    match work.policy_by_id(&id(arn))?.filter(|row| row.arn() == *arn) {
        Some(row) => shown(row, work).map(Some),
        None => Ok(find(arn).map(AwsPolicy::unused)),
    }
}

/// A policy with the use that one account makes of it: reads who uses it, where there are several accounts.
pub fn counted(policy: ManagedPolicy, account: AccountId, work: Work<'_>) -> Result<ManagedPolicy, StoreError> {
    // Where there is only one account beside AWS's, all use is its.
    if policy.attachments == 0 && policy.boundaries == 0 || work.accounts()?.len() <= 2 {
        return Ok(policy);
    }
    let (mut attached, mut bounded) = (0, 0);
    for kind in IdentityKind::ALL {
        let held = in_account(account, Page::ALL, |page| work.attached_identities(&policy.id, kind, page))?;
        attached += held.items.len();
        let held = in_account(account, Page::ALL, |page| work.bounded_identities(&policy.id, kind, page))?;
        bounded += held.items.len();
    }
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(ManagedPolicy { attachments: number(attached), boundaries: number(bounded), ..policy })
}

/// The policies that an account uses so, in the order of folded names; all that are known for [`PolicyUse::Any`].
pub fn in_use(account: AccountId, used: PolicyUse, work: Work<'_>) -> Result<Vec<ManagedPolicy>, StoreError> {
    let rows = work.policies(AccountId::AWS, PolicyUse::Any, Page::ALL)?.items;
    let mut found = Vec::new();
    if used == PolicyUse::Any {
        let kept: HashSet<(&str, &str)> = rows.iter().map(|row| (&*row.path, &*row.name)).collect();
        let is_kept = |policy: &&AwsPolicy| kept.contains(&(&*policy.path, &*policy.name));
        found.extend(all().iter().filter(|policy| !is_kept(policy)).map(AwsPolicy::unused));
    }
    for row in rows {
        let row = counted(row, account, work)?;
        found.push(shown(row, work)?);
    }
    found.retain(|policy| match used {
        PolicyUse::Any => true,
        PolicyUse::Attached => policy.attachments > 0,
        PolicyUse::Boundary => policy.boundaries > 0,
    });
    found.sort_by_cached_key(|policy| fold(&policy.name));
    Ok(found)
}

/// The row of a policy, made if need be, for attaching.
pub fn take(policy: &AwsPolicy, now: Timestamp, work: Work<'_>) -> Result<ManagedPolicy, StoreError> {
    let made = policy.unused();
    if let Some(row) = work.policy_by_id(&made.id)? {
        return Ok(row);
    }
    if work.account(AccountId::AWS)?.is_none() {
        work.add_account(&Account { id: AccountId::AWS, created: now, public_access_block: None })?;
    }
    let document = policy.document().ok_or_else(|| unreadable(policy))?;
    work.add_policy(&made, &document)?;
    note_version(&made.id, policy.version, work)?;
    Ok(made)
}

/// Puts the known versions of the policies in use in force where the store has older ones, and tells how many those were.
/// To be called at start.
pub fn renew(directory: &Directory) -> Result<usize, StoreError> {
    let behind = directory.read(behind)?;
    if behind.is_empty() {
        return Ok(0);
    }
    directory.write(|work| {
        for (row, policy) in &behind {
            let document = policy.document().ok_or_else(|| unreadable(policy))?;
            work.add_policy_version(&row.id, &document, policy.updated, true)?;
            work.delete_policy_version(&row.id, row.default_version)?;
            note_version(&row.id, policy.version, work)?;
        }
        Ok(behind.len())
    })
}

fn behind(work: Work<'_>) -> Result<Vec<(ManagedPolicy, &'static AwsPolicy)>, StoreError> {
    let mut behind = Vec::new();
    for row in work.policies(AccountId::AWS, PolicyUse::Any, Page::ALL)?.items {
        let Some(policy) = find(&row.arn()) else { continue };
        if version_of(&row, work)? < policy.version {
            behind.push((row, policy));
        }
    }
    Ok(behind)
}

/// The part of a listing of identities that is of one account: of those, in all accounts, that hold a policy.
pub fn in_account(
    account: AccountId,
    page: Page<'_>,
    mut list: impl FnMut(Page<'_>) -> Result<Listing<Identity>, StoreError>,
) -> Result<Listing<Identity>, StoreError> {
    let (mut items, mut after) = (Vec::new(), page.after.map(Into::into));
    loop {
        let part: Listing<Identity> = list(Page { after: after.as_deref(), items_max: ROWS, ..page })?;
        items.extend(part.items.into_iter().filter(|identity| identity.account == account));
        if items.len() > page.items_max || part.next.is_none() {
            break;
        }
        after = part.next;
    }
    let is_cut = items.len() > page.items_max;
    items.truncate(page.items_max);
    let next = items.last().filter(|_| is_cut).map(|last| fold(&last.name).into());
    Ok(Listing { items, next })
}

/// A row as clients see it.
fn shown(mut row: ManagedPolicy, work: Work<'_>) -> Result<ManagedPolicy, StoreError> {
    row.default_version = version_of(&row, work)?;
    if let Some(known) = find(&row.arn()) {
        row.updated = known.updated;
    }
    Ok(row)
}

/// The document in force of a policy that is known or kept.
pub fn version(policy: &ManagedPolicy, work: Work<'_>) -> Result<Option<PolicyVersion>, StoreError> {
    let kept = work.policy_by_id(&policy.id)?;
    let kept = kept.map_or(Ok(None), |row| work.policy_version(&row.id, row.default_version))?;
    let document = match kept {
        Some(version) => Some(version.document),
        None => find(&policy.arn()).and_then(AwsPolicy::document),
    };
    let (number, created) = (policy.default_version, policy.updated);
    Ok(document.map(|document| PolicyVersion { number, document, created, is_default: true }))
}

fn version_of(row: &ManagedPolicy, work: Work<'_>) -> Result<u32, StoreError> {
    let tags = work.tags(&row.id)?;
    let noted = tags.iter().find(|tag| &*tag.key == VERSION_TAG).and_then(|tag| tag.value.parse().ok());
    Ok(noted.unwrap_or(row.default_version))
}

fn note_version(id: &str, number: u32, work: Work<'_>) -> Result<(), StoreError> {
    work.put_tags(id, &[Tag { key: VERSION_TAG.into(), value: number.to_string().into() }])
}

fn unreadable(policy: &AwsPolicy) -> StoreError {
    StoreError::damaged(format!("the program's copy of `{}` cannot be read", policy.arn()))
}

impl AwsPolicy {
    /// As an account sees it that does not use it.
    fn unused(&self) -> ManagedPolicy {
        ManagedPolicy {
            account: AccountId::AWS,
            id: id(&self.arn()).into(),
            name: self.name.clone(),
            path: self.path.clone(),
            description: None,
            created: self.created,
            updated: self.updated,
            default_version: self.version,
            attachments: 0,
            boundaries: 0,
        }
    }
}
