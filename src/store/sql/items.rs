//! Items: what an account keeps beside identities, policies and keys.

use zeroize::Zeroizing;

use super::{Done, Row, SqlWork, access_keys, count, kept};
use crate::{
    base::{AccountId, name::fold},
    store::{Item, ItemKind, Listing, Page, StoreError, seal},
};

const ITEM: &str = "t.id, t.account, t.kind, t.name, t.path, t.owner, t.created, t.details";

pub(super) fn add(work: &mut SqlWork<'_>, item: &Item, secret: Option<&[u8]>) -> Done {
    let sealed = secret.map(|secret| seal(work, item.account, &item.id, secret)).transpose()?;
    let sql = "INSERT INTO item (id, account, kind, name, folded, path, owner, created, details, sealed) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let (account, created, folded) = (item.account, item.created, fold(&item.name));
    work.execute(
        sql,
        &[
            &item.id,
            &account,
            &item.kind.word(),
            &item.name,
            &folded,
            &item.path,
            &item.owner,
            &created,
            &item.details,
            &sealed,
        ],
    )?;
    count::grow(work, item.account, item.kind.word(), 1)
}

pub(super) fn by_id(work: &SqlWork<'_>, id: &str) -> Done<Option<Item>> {
    work.row(&format!("SELECT {ITEM} FROM item t WHERE t.id = ?1"), &[&id], item)
}

pub(super) fn by_name(work: &SqlWork<'_>, account: AccountId, kind: ItemKind, name: &str) -> Done<Option<Item>> {
    let sql = format!("SELECT {ITEM} FROM item t WHERE t.account = ?1 AND t.kind = ?2 AND t.folded = ?3");
    work.row(&sql, &[&account, &kind.word(), &fold(name)], item)
}

pub(super) fn anywhere(work: &SqlWork<'_>, kind: ItemKind, name: &str) -> Done<Option<Item>> {
    let sql = format!("SELECT {ITEM} FROM item t WHERE t.kind = ?1 AND t.folded = ?2 ORDER BY t.account LIMIT 1");
    work.row(&sql, &[&kind.word(), &fold(name)], item)
}

pub(super) fn list(work: &SqlWork<'_>, account: AccountId, kind: ItemKind, page: Page<'_>) -> Done<Listing<Item>> {
    let from = "item t WHERE t.account = ?4 AND t.kind = ?5";
    work.listing([ITEM, "t", from], &[&account, &kind.word()], page, item, |it| &it.name)
}

pub(super) fn of_owner(work: &SqlWork<'_>, owner: &str, kind: ItemKind) -> Done<Vec<Item>> {
    let sql = format!("SELECT {ITEM} FROM item t WHERE t.owner = ?1 AND t.kind = ?2 ORDER BY t.created, t.id");
    work.rows(&sql, &[&owner, &kind.word()], item)
}

pub(super) fn update(work: &SqlWork<'_>, item: &Item) -> Done {
    let sql = "UPDATE item SET name = ?2, folded = ?3, path = ?4, owner = ?5, details = ?6 WHERE id = ?1";
    let folded = fold(&item.name);
    let known = work.execute(sql, &[&item.id, &item.name, &folded, &item.path, &item.owner, &item.details]);
    if known? == 0 { Err(StoreError::missing(&item.id)) } else { Ok(()) }
}

pub(super) fn delete(work: &SqlWork<'_>, id: &str) -> Done {
    let Some(found) = by_id(work, id)? else { return Err(StoreError::missing(id)) };
    work.execute("DELETE FROM tag WHERE resource = ?1", &[&id])?;
    work.execute("DELETE FROM item WHERE id = ?1", &[&id]).map_err(kept)?;
    count::grow(work, found.account, found.kind.word(), -1)
}

pub(super) fn put_secret(work: &mut SqlWork<'_>, id: &str, secret: &[u8]) -> Done {
    let Some(found) = by_id(work, id)? else { return Err(StoreError::missing(id)) };
    let sealed = seal(work, found.account, id, secret)?;
    work.execute("UPDATE item SET sealed = ?2 WHERE id = ?1", &[&id, &sealed]).map(drop)
}

pub(super) fn secret(work: &mut SqlWork<'_>, id: &str) -> Done<Option<Zeroizing<Vec<u8>>>> {
    let sql = "SELECT account, sealed FROM item WHERE id = ?1 AND sealed IS NOT NULL";
    let found: Option<(AccountId, Vec<u8>)> = work.row(sql, &[&id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((account, sealed)) = found else { return Ok(None) };
    let version = seal::data_key_version(&sealed)
        .ok_or_else(|| StoreError::damaged(format!("the secret of `{id}` has an unknown form")))?;
    access_keys::data_key(work, account, version)?.open_item(id, &sealed).map(Some)
}

fn seal(work: &mut SqlWork<'_>, account: AccountId, id: &str, secret: &[u8]) -> Done<Vec<u8>> {
    let version = access_keys::newest_data_key(work, account)?;
    let random = &*work.vault.random;
    access_keys::data_key(work, account, version)?.seal_item(id, secret, random)
}

fn item(row: &Row<'_>) -> Done<Item> {
    Ok(Item {
        id: row.get(0)?,
        account: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        path: row.get(4)?,
        owner: row.get(5)?,
        created: row.get(6)?,
        details: row.get(7)?,
    })
}
