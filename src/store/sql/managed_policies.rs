//! Managed policies, their versions and attachments.

use super::{
    Done, Row, SqlWork, count, kept,
    rows::{IDENTITY, POLICY, identity, policy},
};
use crate::{
    base::{AccountId, Arn, Timestamp, name::fold},
    store::{ErrorKind, Identity, IdentityKind, Listing, ManagedPolicy, Page, PolicyUse, PolicyVersion, StoreError},
};

pub(super) fn add(work: &SqlWork<'_>, new: &ManagedPolicy, document: &str) -> Done {
    let sql = "INSERT INTO managed_policy \
        (id, account, name, folded, path, description, created, updated, default_version, last_version) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 1)";
    let (account, folded) = (new.account, fold(&new.name));
    let (created, updated) = (new.created, new.updated);
    work.execute(sql, &[&new.id, &account, &new.name, &folded, &new.path, &new.description, &created, &updated])?;
    insert_version(work, &new.id, 1, document, new.created)?;
    count::grow(work, new.account, count::POLICY, 1)?;
    work.changed_policy(&new.id)
}

pub(super) fn by_arn(work: &SqlWork<'_>, arn: &Arn) -> Done<Option<ManagedPolicy>> {
    let Ok(account) = arn.account().parse::<AccountId>() else { return Ok(None) };
    let Some((_, name)) = arn.resource().rsplit_once('/') else { return Ok(None) };
    let sql = format!("SELECT {POLICY} FROM managed_policy p WHERE account = ?1 AND folded = ?2");
    let found = work.row(&sql, &[&account, &fold(name)], policy)?;
    Ok(found.filter(|policy| policy.arn() == *arn))
}

pub(super) fn by_id(work: &SqlWork<'_>, id: &str) -> Done<Option<ManagedPolicy>> {
    work.row(&format!("SELECT {POLICY} FROM managed_policy p WHERE id = ?1"), &[&id], policy)
}

pub(super) fn list(
    work: &SqlWork<'_>,
    account: AccountId,
    used: PolicyUse,
    page: Page<'_>,
) -> Done<Listing<ManagedPolicy>> {
    let from = match used {
        PolicyUse::Any => "managed_policy p WHERE p.account = ?4",
        PolicyUse::Attached => "managed_policy p WHERE p.account = ?4 AND p.attachments > 0",
        PolicyUse::Boundary => "managed_policy p WHERE p.account = ?4 AND p.boundaries > 0",
    };
    work.listing([POLICY, "p", from], &[&account], page, policy, |it| &it.name)
}

pub(super) fn delete(work: &SqlWork<'_>, id: &str) -> Done {
    let Some(found) = by_id(work, id)? else { return Err(StoreError::missing(id)) };
    let default = "DELETE FROM policy_version WHERE policy = ?1 AND number = ?2";
    work.execute(default, &[&id, &found.default_version])?;
    work.execute("DELETE FROM tag WHERE resource = ?1", &[&id])?;
    work.execute("DELETE FROM managed_policy WHERE id = ?1", &[&id]).map_err(kept)?;
    count::grow(work, found.account, count::POLICY, -1)?;
    work.changed_policy(id)
}

pub(super) fn add_version(
    work: &SqlWork<'_>,
    id: &str,
    document: &str,
    created: Timestamp,
    set_as_default: bool,
) -> Done<u32> {
    let sql = "UPDATE managed_policy SET last_version = last_version + 1, updated = ?2 WHERE id = ?1 \
               RETURNING last_version";
    let number: Option<u32> = work.row(sql, &[&id, &created], |row| row.get(0))?;
    let number = number.ok_or_else(|| StoreError::missing(id))?;
    insert_version(work, id, number, document, created)?;
    if set_as_default {
        set_default_version(work, id, number)?;
    }
    Ok(number)
}

pub(super) fn versions(work: &SqlWork<'_>, id: &str) -> Done<Vec<PolicyVersion>> {
    work.rows(&format!("{VERSIONS} ORDER BY v.number"), &[&id], version_row)
}

pub(super) fn version(work: &SqlWork<'_>, id: &str, number: u32) -> Done<Option<PolicyVersion>> {
    work.row(&format!("{VERSIONS} AND v.number = ?2"), &[&id, &number], version_row)
}

pub(super) fn set_default_version(work: &SqlWork<'_>, id: &str, number: u32) -> Done {
    let sql = "UPDATE managed_policy SET default_version = ?2 \
               WHERE id = ?1 AND EXISTS (SELECT 1 FROM policy_version WHERE policy = ?1 AND number = ?2)";
    match work.execute(sql, &[&id, &number])? {
        0 => Err(StoreError::missing(format!("{id} v{number}"))),
        _ => work.changed_policy(id),
    }
}

pub(super) fn delete_version(work: &SqlWork<'_>, id: &str, number: u32) -> Done {
    if by_id(work, id)?.is_some_and(|policy| policy.default_version == number) {
        return Err(StoreError::new(ErrorKind::InUse, format!("v{number} of `{id}` is the default version")));
    }
    let sql = "DELETE FROM policy_version WHERE policy = ?1 AND number = ?2";
    match work.execute(sql, &[&id, &number])? {
        0 => Err(StoreError::missing(format!("{id} v{number}"))),
        _ => Ok(()),
    }
}

pub(super) fn attach(work: &SqlWork<'_>, identity: &str, policy: &str) -> Done<bool> {
    let sql = "INSERT INTO attachment (identity, policy) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let new = work.execute(sql, &[&identity, &policy])? > 0;
    if new {
        work.execute("UPDATE managed_policy SET attachments = attachments + 1 WHERE id = ?1", &[&policy])?;
        work.changed_identity(identity)?;
    }
    Ok(new)
}

pub(super) fn detach(work: &SqlWork<'_>, identity: &str, policy: &str) -> Done<bool> {
    let sql = "DELETE FROM attachment WHERE identity = ?1 AND policy = ?2";
    let known = work.execute(sql, &[&identity, &policy])? > 0;
    if known {
        work.execute("UPDATE managed_policy SET attachments = attachments - 1 WHERE id = ?1", &[&policy])?;
        work.changed_identity(identity)?;
    }
    Ok(known)
}

pub(super) fn attached_policies(work: &SqlWork<'_>, id: &str, page: Page<'_>) -> Done<Listing<ManagedPolicy>> {
    let from = "attachment a JOIN managed_policy p ON p.id = a.policy WHERE a.identity = ?4";
    work.listing([POLICY, "p", from], &[&id], page, policy, |it| &it.name)
}

pub(super) fn attached_identities(
    work: &SqlWork<'_>,
    id: &str,
    kind: IdentityKind,
    page: Page<'_>,
) -> Done<Listing<Identity>> {
    let from = "attachment a JOIN identity i ON i.id = a.identity WHERE a.policy = ?4 AND i.kind = ?5";
    work.listing([IDENTITY, "i", from], &[&id, &kind.word()], page, identity, |it| &it.name)
}

const VERSIONS: &str = "SELECT v.number, v.document, v.created, v.number = p.default_version \
     FROM policy_version v JOIN managed_policy p ON p.id = v.policy WHERE v.policy = ?1";

/// Reads [`VERSIONS`].
fn version_row(row: &Row<'_>) -> Done<PolicyVersion> {
    let created = row.get(2)?;
    Ok(PolicyVersion { number: row.get(0)?, document: row.get(1)?, created, is_default: row.get(3)? })
}

fn insert_version(work: &SqlWork<'_>, id: &str, number: u32, document: &str, created: Timestamp) -> Done {
    let sql = "INSERT INTO policy_version (policy, number, document, created) VALUES (?1, ?2, ?3, ?4)";
    work.execute(sql, &[&id, &number, &document, &created]).map(drop)
}
