//! Reading everything that a snapshot holds, in one pass over each table.
//!
//! Identities and what hangs on them are read side by side in the order of unique ids, so that no table is searched and
//! nothing is gathered in memory.

use rusqlite::{CachedStatement, Row, Rows};

use super::{
    SqliteWork, access_keys, buckets,
    errors::refused,
    identities, inline_policies,
    rows::{self, ACCESS_KEY, IDENTITY, POLICY},
};
use crate::{
    base::Tag,
    store::{Holding, InlinePolicy, Record, StoreError},
};

type Done<T = ()> = Result<T, StoreError>;
type Visit<'v> = &'v mut dyn FnMut(Record) -> Done;

/// How many access keys are read before they are opened.
const KEYS_BATCH: i64 = 1024;

pub(super) fn all(work: &mut SqliteWork<'_>, visit: Visit<'_>) -> Done {
    policies(work, visit)?;
    holdings(work, visit)?;
    keys(work, visit)?;
    identities::accounts(work)?.into_iter().map(Record::Account).try_for_each(&mut *visit)?;
    buckets::all(work)?.into_iter().map(Record::Bucket).try_for_each(visit)
}

/// One identity, searched by its id.
pub(super) fn holding(work: &SqliteWork<'_>, id: &str) -> Done<Option<Holding>> {
    let Some(identity) = identities::by_id(work, id)? else { return Ok(None) };
    let attached = "SELECT policy FROM attachment WHERE identity = ?1 ORDER BY policy";
    let groups = "SELECT \"group\" FROM membership WHERE member = ?1 ORDER BY \"group\"";
    Ok(Some(Holding {
        identity,
        tags: identities::tags(work, id)?,
        inline: inline_policies::all(work, id)?,
        attached: work.rows(attached, &[&id], |row| row.get(0))?,
        groups: work.rows(groups, &[&id], |row| row.get(0))?,
        boundary: work.row("SELECT policy FROM boundary WHERE identity = ?1", &[&id], |row| row.get(0))?,
    }))
}

fn policies(work: &SqliteWork<'_>, visit: Visit<'_>) -> Done {
    let sql = format!(
        "SELECT {POLICY}, v.document FROM managed_policy p \
         LEFT JOIN policy_version v ON v.policy = p.id AND v.number = p.default_version"
    );
    let mut statement = work.connection.prepare_cached(&sql).map_err(refused)?;
    let mut found = statement.query([]).map_err(refused)?;
    while let Some(row) = found.next().map_err(refused)? {
        let policy = rows::policy(row).map_err(refused)?;
        let document: Option<Box<str>> = row.get(10).map_err(refused)?;
        let document =
            document.ok_or_else(|| StoreError::damaged(format!("policy `{}` has no default version", policy.id)))?;
        visit(Record::Policy(policy, document))?;
    }
    Ok(())
}

fn holdings(work: &SqliteWork<'_>, visit: Visit<'_>) -> Done {
    let prepare = |sql: &str| work.connection.prepare_cached(sql).map_err(refused);
    let mut identities = prepare(&format!("SELECT {IDENTITY} FROM identity i ORDER BY i.id"))?;
    let mut tags = prepare("SELECT resource, key, value FROM tag ORDER BY resource, folded")?;
    let mut inline = prepare("SELECT identity, name, document FROM inline_policy ORDER BY identity, folded")?;
    let mut attached = prepare("SELECT identity, policy FROM attachment ORDER BY identity, policy")?;
    let mut groups = prepare("SELECT member, \"group\" FROM membership ORDER BY member, \"group\"")?;
    let mut bounded = prepare("SELECT identity, policy FROM boundary ORDER BY identity")?;

    let mut tags = Children::of(&mut tags, |row| Ok(Tag { key: row.get(1)?, value: row.get(2)? }))?;
    let mut inline = Children::of(&mut inline, |row| Ok(InlinePolicy { name: row.get(1)?, document: row.get(2)? }))?;
    let mut attached = Children::of(&mut attached, |row| row.get(1))?;
    let mut groups = Children::of(&mut groups, |row| row.get(1))?;
    let mut bounded = Children::of(&mut bounded, |row| row.get(1))?;

    let mut found = identities.query([]).map_err(refused)?;
    while let Some(row) = found.next().map_err(refused)? {
        let identity = rows::identity(row).map_err(refused)?;
        let (tags, inline) = (tags.take(&identity.id)?, inline.take(&identity.id)?);
        let (attached, groups) = (attached.take(&identity.id)?, groups.take(&identity.id)?);
        let boundary = bounded.take(&identity.id)?.pop();
        visit(Record::Identity(Holding { identity, tags, inline, attached, groups, boundary }))?;
    }
    Ok(())
}

/// Opening a secret may read a data key, so keys are read by the batch, each going on where the last one ended.
fn keys(work: &mut SqliteWork<'_>, visit: Visit<'_>) -> Done {
    let sql = format!(
        "SELECT {ACCESS_KEY}, {} FROM access_key k WHERE k.id > ?1 ORDER BY k.id LIMIT ?2",
        access_keys::SEALED
    );
    let mut after = String::new();
    loop {
        let batch = work.rows(&sql, &[&after, &KEYS_BATCH], access_keys::sealed)?;
        let Some((last, ..)) = batch.last() else { return Ok(()) };
        after = last.id.as_str().to_owned();
        for sealed in batch {
            visit(Record::AccessKey(access_keys::unseal(work, sealed)?))?;
        }
    }
}

/// The rows of a child table, by their parent's id in column 0.
struct Children<'s, T> {
    rows: Rows<'s>,
    next: Option<(Box<str>, T)>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
}

impl<'s, T> Children<'s, T> {
    fn of(statement: &'s mut CachedStatement<'_>, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Done<Self> {
        let mut children = Self { rows: statement.query([]).map_err(refused)?, next: None, read };
        children.advance()?;
        Ok(children)
    }

    /// The children of `parent`. Parents are to be asked for in ascending order; children of others are passed over
    /// (tags hang on managed policies too).
    fn take(&mut self, parent: &str) -> Done<Vec<T>> {
        let mut taken = Vec::new();
        while let Some((id, child)) = self.next.take_if(|(id, _)| &**id <= parent) {
            self.advance()?;
            if *id == *parent {
                taken.push(child);
            }
        }
        Ok(taken)
    }

    fn advance(&mut self) -> Done {
        self.next = match self.rows.next().map_err(refused)? {
            Some(row) => Some((row.get(0).map_err(refused)?, (self.read)(row).map_err(refused)?)),
            None => None,
        };
        Ok(())
    }
}
