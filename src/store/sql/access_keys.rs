//! Access keys and their sealed secrets.

use std::collections::hash_map::Entry;

use super::{
    Done, Row, SqlWork,
    rows::{ACCESS_KEY, access_key},
};
use crate::{
    base::{AccessKeyId, AccountId, SecretKey},
    store::{
        AccessKey, KeyOwner, KeyStatus, LastUsed, OpenKey, StoreError,
        seal::{self, DataKey},
    },
};

/// An access key as it is stored: the key, the sealed secret, the generation.
pub(super) type Sealed = (AccessKey, Vec<u8>, u64);

/// The columns of [`Sealed`], after [`ACCESS_KEY`].
pub(super) const SEALED: &str = "k.sealed, k.generation";

pub(super) fn add(work: &mut SqlWork<'_>, key: &AccessKey, secret: &SecretKey) -> Done {
    let version = newest_data_key(work, key.account)?;
    let random = &*work.vault.random;
    let sealed = data_key(work, key.account, version)?.seal(&key.id, secret, random)?;
    let owner = match &key.owner {
        KeyOwner::Root => None,
        KeyOwner::User(id) => Some(id),
    };
    let generation = work.changed_access_key(&key.id)?;
    let used = key.last_used.as_ref();
    let sql = "INSERT INTO access_key \
        (id, account, owner, status, created, generation, sealed, used_at, used_service, used_region) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    work.execute(
        sql,
        &[
            &key.id.as_str(),
            &key.account,
            &owner,
            &key.status.as_str(),
            &key.created,
            &generation,
            &sealed,
            &used.map(|used| used.at),
            &used.map(|used| &used.service),
            &used.map(|used| &used.region),
        ],
    )
    .map(drop)
}

pub(super) fn by_id(work: &SqlWork<'_>, id: &AccessKeyId) -> Done<Option<AccessKey>> {
    let sql = format!("SELECT {ACCESS_KEY} FROM access_key k WHERE id = ?1");
    work.row(&sql, &[&id.as_str()], access_key)
}

pub(super) fn of_owner(work: &SqlWork<'_>, account: AccountId, owner: &KeyOwner) -> Done<Vec<AccessKey>> {
    let (owned, id) = match owner {
        KeyOwner::Root => ("k.owner IS NULL", None),
        KeyOwner::User(id) => ("k.owner = ?2", Some(id)),
    };
    let sql = format!("SELECT {ACCESS_KEY} FROM access_key k WHERE k.account = ?1 AND {owned} ORDER BY created, id");
    match id {
        None => work.rows(&sql, &[&account], access_key),
        Some(id) => work.rows(&sql, &[&account, id], access_key),
    }
}

pub(super) fn set_status(work: &SqlWork<'_>, id: &AccessKeyId, status: KeyStatus) -> Done {
    let sql = "UPDATE access_key SET status = ?2 WHERE id = ?1";
    match work.execute(sql, &[&id.as_str(), &status.as_str()])? {
        0 => Err(StoreError::missing(id)),
        _ => work.changed_access_key(id).map(drop),
    }
}

pub(super) fn delete(work: &SqlWork<'_>, id: &AccessKeyId) -> Done {
    match work.execute("DELETE FROM access_key WHERE id = ?1", &[&id.as_str()])? {
        0 => Err(StoreError::missing(id)),
        _ => work.changed_access_key(id).map(drop),
    }
}

pub(super) fn stamp(work: &SqlWork<'_>, id: &AccessKeyId, used: &LastUsed) -> Done {
    let sql = "UPDATE access_key SET used_at = ?2, used_service = ?3, used_region = ?4 \
               WHERE id = ?1 AND (used_at IS NULL OR used_at < ?2)";
    work.execute(sql, &[&id.as_str(), &used.at, &used.service, &used.region]).map(drop)
}

pub(super) fn open(work: &mut SqlWork<'_>, id: &AccessKeyId) -> Done<Option<OpenKey>> {
    let sql = format!("SELECT {ACCESS_KEY}, {SEALED} FROM access_key k WHERE id = ?1");
    let found = work.row(&sql, &[&id.as_str()], sealed)?;
    found.map(|found| unseal(work, found)).transpose()
}

/// Reads [`ACCESS_KEY`] and [`SEALED`].
pub(super) fn sealed(row: &Row<'_>) -> Done<Sealed> {
    Ok((access_key(row)?, row.get(8)?, row.get(9)?))
}

/// Opens the secret.
pub(super) fn unseal(work: &mut SqlWork<'_>, (key, sealed, generation): Sealed) -> Done<OpenKey> {
    let version = seal::data_key_version(&sealed)
        .ok_or_else(|| StoreError::damaged(format!("the secret of access key `{}` has an unknown form", key.id)))?;
    let secret = data_key(work, key.account, version)?.open(&key.id, &sealed)?;
    Ok(OpenKey { key, secret, generation })
}

/// The version that seals.
pub(super) fn newest_data_key(work: &SqlWork<'_>, account: AccountId) -> Done<u32> {
    let sql = "SELECT max(version) FROM data_key WHERE account = ?1";
    let version = work.row(sql, &[&account], |row| row.get(0))?.flatten();
    version.ok_or_else(|| StoreError::missing(account))
}

/// A data key, opened.
pub(super) fn data_key<'w>(work: &'w mut SqlWork<'_>, account: AccountId, version: u32) -> Done<&'w DataKey> {
    let wrapped = match work.data_keys.contains_key(&(account, version)) {
        true => None,
        false => {
            let sql = "SELECT wrapped FROM data_key WHERE account = ?1 AND version = ?2";
            work.row(sql, &[&account, &version], |row| row.get::<Vec<u8>>(0))?
        }
    };
    match work.data_keys.entry((account, version)) {
        Entry::Occupied(known) => Ok(known.into_mut()),
        Entry::Vacant(place) => {
            let wrapped = wrapped.ok_or_else(|| {
                StoreError::damaged(format!("account {account} has no data key of version {version}"))
            })?;
            Ok(place.insert(DataKey::unwrap(account, version, &wrapped, &work.vault.master)?))
        }
    }
}
