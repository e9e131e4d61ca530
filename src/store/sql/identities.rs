//! Accounts, users, groups, memberships and tags.

use super::{
    Done, Row, SqlWork, boundaries, count, kept,
    rows::{IDENTITY, identity},
};
use crate::{
    base::{AccountId, Tag, name::fold},
    store::{Account, Identity, IdentityKind, Listing, Page, PublicAccessBlock, StoreError, seal::DataKey},
};

/// The version of an account's first data key.
const FIRST_DATA_KEY: u32 = 1;

pub(super) fn add_account(work: &mut SqlWork<'_>, account: &Account) -> Done {
    let id = account.id;
    let block = account.public_access_block.map(PublicAccessBlock::bits);
    let sql = "INSERT INTO account (id, created, public_access_block) VALUES (?1, ?2, ?3)";
    work.execute(sql, &[&id, &account.created, &block])?;
    let wrapped = DataKey::generate(account.id, FIRST_DATA_KEY, &work.vault.master, &*work.vault.random)?;
    let sql = "INSERT INTO data_key (account, version, wrapped) VALUES (?1, ?2, ?3)";
    work.execute(sql, &[&id, &FIRST_DATA_KEY, &wrapped]).map(drop)
}

pub(super) fn accounts(work: &SqlWork<'_>) -> Done<Vec<Account>> {
    work.rows("SELECT id, created, public_access_block FROM account ORDER BY id", &[], read_account)
}

pub(super) fn account(work: &SqlWork<'_>, id: AccountId) -> Done<Option<Account>> {
    let sql = "SELECT id, created, public_access_block FROM account WHERE id = ?1";
    work.row(sql, &[&id], read_account)
}

fn read_account(row: &Row<'_>) -> Done<Account> {
    Ok(Account {
        id: row.get(0)?,
        created: row.get(1)?,
        public_access_block: row.get::<Option<u8>>(2)?.map(PublicAccessBlock::from_bits),
    })
}

pub(super) fn add(work: &SqlWork<'_>, new: &Identity) -> Done {
    let sql =
        "INSERT INTO identity (id, account, kind, name, folded, path, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (account, created, folded) = (new.account, new.created, fold(&new.name));
    work.execute(sql, &[&new.id, &account, &new.kind.word(), &new.name, &folded, &new.path, &created])?;
    count::grow(work, new.account, new.kind.word(), 1)?;
    work.changed_identity(&new.id)
}

pub(super) fn by_name(
    work: &SqlWork<'_>,
    account: AccountId,
    kind: IdentityKind,
    name: &str,
) -> Done<Option<Identity>> {
    let sql = format!("SELECT {IDENTITY} FROM identity i WHERE account = ?1 AND kind = ?2 AND folded = ?3");
    work.row(&sql, &[&account, &kind.word(), &fold(name)], identity)
}

pub(super) fn by_id(work: &SqlWork<'_>, id: &str) -> Done<Option<Identity>> {
    work.row(&format!("SELECT {IDENTITY} FROM identity i WHERE id = ?1"), &[&id], identity)
}

pub(super) fn list(
    work: &SqlWork<'_>,
    account: AccountId,
    kind: IdentityKind,
    page: Page<'_>,
) -> Done<Listing<Identity>> {
    let from = "identity i WHERE i.account = ?4 AND i.kind = ?5";
    work.listing([IDENTITY, "i", from], &[&account, &kind.word()], page, identity, |it| &it.name)
}

pub(super) fn rename(work: &SqlWork<'_>, id: &str, name: &str, path: &str) -> Done {
    let sql = "UPDATE identity SET name = ?2, folded = ?3, path = ?4 WHERE id = ?1";
    match work.execute(sql, &[&id, &name, &fold(name), &path])? {
        0 => Err(StoreError::missing(id)),
        _ => work.changed_identity(id),
    }
}

pub(super) fn delete(work: &SqlWork<'_>, id: &str) -> Done {
    let Some(found) = by_id(work, id)? else { return Err(StoreError::missing(id)) };
    work.execute("DELETE FROM tag WHERE resource = ?1", &[&id])?;
    boundaries::remove(work, id)?;
    work.execute("DELETE FROM role WHERE identity = ?1", &[&id])?;
    work.execute("DELETE FROM identity WHERE id = ?1", &[&id]).map_err(kept)?;
    count::grow(work, found.account, found.kind.word(), -1)?;
    work.changed_identity(id)
}

pub(super) fn add_member(work: &SqlWork<'_>, group: &str, user: &str) -> Done<bool> {
    let sql = "INSERT INTO membership (member, \"group\") VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let new = work.execute(sql, &[&user, &group])? > 0;
    if new {
        work.changed_identity(user)?;
    }
    Ok(new)
}

pub(super) fn remove_member(work: &SqlWork<'_>, group: &str, user: &str) -> Done<bool> {
    let sql = "DELETE FROM membership WHERE member = ?1 AND \"group\" = ?2";
    let known = work.execute(sql, &[&user, &group])? > 0;
    if known {
        work.changed_identity(user)?;
    }
    Ok(known)
}

pub(super) fn members(work: &SqlWork<'_>, group: &str, page: Page<'_>) -> Done<Listing<Identity>> {
    let from = "membership m JOIN identity i ON i.id = m.member WHERE m.\"group\" = ?4";
    work.listing([IDENTITY, "i", from], &[&group], page, identity, |it| &it.name)
}

pub(super) fn groups_of(work: &SqlWork<'_>, user: &str, page: Page<'_>) -> Done<Listing<Identity>> {
    let from = "membership m JOIN identity i ON i.id = m.\"group\" WHERE m.member = ?4";
    work.listing([IDENTITY, "i", from], &[&user], page, identity, |it| &it.name)
}

pub(super) fn tags(work: &SqlWork<'_>, resource: &str) -> Done<Vec<Tag>> {
    work.rows("SELECT key, value FROM tag WHERE resource = ?1 ORDER BY folded", &[&resource], |row| {
        Ok(Tag { key: row.get(0)?, value: row.get(1)? })
    })
}

pub(super) fn put_tags(work: &SqlWork<'_>, resource: &str, tags: &[Tag]) -> Done {
    tagged(work, resource)?;
    // Unlike a replaced row, an updated one cannot lose a column that a later version adds.
    let sql = "INSERT INTO tag (resource, folded, key, value) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (resource, folded) DO UPDATE SET key = excluded.key, value = excluded.value";
    tags.iter().try_for_each(|tag| {
        // Tag keys may hold any letters; names hold ASCII only.
        let folded = tag.key.to_lowercase();
        work.execute(sql, &[&resource, &folded, &tag.key, &tag.value]).map(drop)
    })
}

pub(super) fn delete_tags(work: &SqlWork<'_>, resource: &str, keys: &[&str]) -> Done {
    tagged(work, resource)?;
    let sql = "DELETE FROM tag WHERE resource = ?1 AND folded = ?2";
    keys.iter().try_for_each(|key| work.execute(sql, &[&resource, &key.to_lowercase()]).map(drop))
}

/// Notes that the tags of an identity, managed policy or item change.
fn tagged(work: &SqlWork<'_>, resource: &str) -> Done {
    if by_id(work, resource)?.is_some() {
        return work.changed_identity(resource);
    }
    match super::managed_policies::by_id(work, resource)? {
        Some(_) => work.changed_policy(resource),
        None if super::items::by_id(work, resource)?.is_some() => Ok(()),
        None => Err(StoreError::missing(resource)),
    }
}
