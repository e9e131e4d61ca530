//! Buckets: who they belong to, their policies, their public access blocks and those of accounts.

use super::{Done, Row, SqlWork};
use crate::{
    base::AccountId,
    store::{Bucket, PublicAccessBlock, StoreError},
};

const BUCKET: &str = "name, account, created, policy, public_access_block";

pub(super) fn add(work: &SqlWork<'_>, bucket: &Bucket) -> Done {
    let sql = "INSERT INTO bucket (name, account, created, policy, public_access_block) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (account, created) = (bucket.account, bucket.created);
    let block = bucket.public_access_block.map(PublicAccessBlock::bits);
    work.execute(sql, &[&bucket.name, &account, &created, &bucket.policy, &block])?;
    work.changed_bucket(&bucket.name)
}

pub(super) fn by_name(work: &SqlWork<'_>, name: &str) -> Done<Option<Bucket>> {
    work.row(&format!("SELECT {BUCKET} FROM bucket WHERE name = ?1"), &[&name], bucket)
}

pub(super) fn all(work: &SqlWork<'_>) -> Done<Vec<Bucket>> {
    work.rows(&format!("SELECT {BUCKET} FROM bucket ORDER BY name"), &[], bucket)
}

pub(super) fn put_policy(work: &SqlWork<'_>, name: &str, policy: Option<&str>) -> Done {
    let known = work.execute("UPDATE bucket SET policy = ?2 WHERE name = ?1", &[&name, &policy])?;
    changed(work, name, known)
}

pub(super) fn put_public_access_block(work: &SqlWork<'_>, name: &str, block: Option<PublicAccessBlock>) -> Done {
    let sql = "UPDATE bucket SET public_access_block = ?2 WHERE name = ?1";
    let known = work.execute(sql, &[&name, &block.map(PublicAccessBlock::bits)])?;
    changed(work, name, known)
}

pub(super) fn delete(work: &SqlWork<'_>, name: &str) -> Done<bool> {
    let known = work.execute("DELETE FROM bucket WHERE name = ?1", &[&name])? > 0;
    if known {
        work.changed_bucket(name)?;
    }
    Ok(known)
}

pub(super) fn put_account_public_access_block(
    work: &SqlWork<'_>,
    account: AccountId,
    block: Option<PublicAccessBlock>,
) -> Done {
    let sql = "UPDATE account SET public_access_block = ?2 WHERE id = ?1";
    let known = work.execute(sql, &[&account, &block.map(PublicAccessBlock::bits)])?;
    if known == 0 {
        return Err(StoreError::missing(account));
    }
    work.changed_account(account)
}

fn changed(work: &SqlWork<'_>, name: &str, rows: u64) -> Done {
    if rows == 0 { Err(StoreError::missing(name)) } else { work.changed_bucket(name) }
}

fn bucket(row: &Row<'_>) -> Done<Bucket> {
    Ok(Bucket {
        name: row.get(0)?,
        account: row.get(1)?,
        created: row.get(2)?,
        policy: row.get(3)?,
        public_access_block: row.get::<Option<u8>>(4)?.map(PublicAccessBlock::from_bits),
    })
}
