//! Reading everything that a snapshot holds, in one pass over each table.
//!
//! Identities and what hangs on them are read side by side in the order of unique ids, so that no table is searched and
//! no more than a page of each is in memory.

use std::{iter::Peekable, vec};

use super::{
    Done, Row, SqlWork, Value, access_keys, buckets, ended_sessions, identities, inline_policies, roles,
    rows::{self, ACCESS_KEY, IDENTITY, POLICY},
};
use crate::{
    base::Tag,
    store::{Holding, InlinePolicy, ManagedPolicy, Record, StoreError},
};

type Visit<'v> = &'v mut dyn FnMut(Record) -> Done;

/// How many rows are read at a time.
const PAGE: i64 = 1024;

pub(super) fn all(work: &mut SqlWork<'_>, visit: Visit<'_>) -> Done {
    policies(work, visit)?;
    holdings(work, visit)?;
    keys(work, visit)?;
    identities::accounts(work)?.into_iter().map(Record::Account).try_for_each(&mut *visit)?;
    buckets::all(work)?.into_iter().map(Record::Bucket).try_for_each(&mut *visit)?;
    ended_sessions::all(work)?.into_iter().map(Record::EndedSession).try_for_each(visit)
}

/// One identity, searched by its id.
pub(super) fn holding(work: &SqlWork<'_>, id: &str) -> Done<Option<Holding>> {
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
        role: roles::of(work, id)?,
    }))
}

fn policies(work: &SqlWork<'_>, visit: Visit<'_>) -> Done {
    let sql = format!(
        "SELECT {POLICY}, v.document FROM managed_policy p \
         LEFT JOIN policy_version v ON v.policy = p.id AND v.number = p.default_version \
         WHERE p.id > ?1 ORDER BY p.id LIMIT ?2"
    );
    let read = |row: &Row<'_>| Ok((rows::policy(row)?, row.get::<Option<Box<str>>>(10)?));
    let id = |(policy, _): &(ManagedPolicy, Option<Box<str>>)| policy.id.clone();
    pages(work, &sql, read, id, &mut |(policy, document)| {
        let document =
            document.ok_or_else(|| StoreError::damaged(format!("policy `{}` has no default version", policy.id)))?;
        visit(Record::Policy(policy, document))
    })
}

fn holdings(work: &SqlWork<'_>, visit: Visit<'_>) -> Done {
    let mut tags = Children::of(work, ["tag", "resource", "folded", "key, value"], |row| {
        Ok(Tag { key: row.get(2)?, value: row.get(3)? })
    })?;
    let mut inline = Children::of(work, ["inline_policy", "identity", "folded", "name, document"], |row| {
        Ok(InlinePolicy { name: row.get(2)?, document: row.get(3)? })
    })?;
    let mut attached = Children::of(work, ["attachment", "identity", "policy", "policy"], |row| row.get(2))?;
    let mut groups = Children::of(work, ["membership", "member", "\"group\"", "\"group\""], |row| row.get(2))?;
    let mut bounded = Children::of(work, ["boundary", "identity", "policy", "policy"], |row| row.get(2))?;
    // A role has one row, told from its siblings by nothing.
    let mut roles = Children::of(work, ["role", "identity", "identity", roles::COLUMNS], |row| roles::read(row, 2))?;

    let sql = format!("SELECT {IDENTITY} FROM identity i WHERE i.id > ?1 ORDER BY i.id LIMIT ?2");
    pages(work, &sql, rows::identity, |identity| identity.id.clone(), &mut |identity| {
        let (tags, inline) = (tags.take(&identity.id)?, inline.take(&identity.id)?);
        let (attached, groups) = (attached.take(&identity.id)?, groups.take(&identity.id)?);
        let boundary = bounded.take(&identity.id)?.pop();
        let role = roles.take(&identity.id)?.pop();
        visit(Record::Identity(Holding { identity, tags, inline, attached, groups, boundary, role }))
    })
}

fn keys(work: &mut SqlWork<'_>, visit: Visit<'_>) -> Done {
    let sql = format!(
        "SELECT {ACCESS_KEY}, {} FROM access_key k WHERE k.id > ?1 ORDER BY k.id LIMIT ?2",
        access_keys::SEALED
    );
    let mut after: Box<str> = "".into();
    loop {
        let page = work.rows(&sql, &[&after, &PAGE], access_keys::sealed)?;
        let Some((last, ..)) = page.last() else { return Ok(()) };
        after = last.id.as_str().into();
        for sealed in page {
            visit(Record::AccessKey(access_keys::unseal(work, sealed)?))?;
        }
    }
}

/// Reads a table page by page, each going on after the id that ended the one before.
fn pages<T>(
    work: &SqlWork<'_>,
    sql: &str,
    read: fn(&Row<'_>) -> Done<T>,
    id: fn(&T) -> Box<str>,
    each: &mut dyn FnMut(T) -> Done,
) -> Done {
    let mut after: Box<str> = "".into();
    loop {
        let page = work.rows(sql, &[&after, &PAGE], read)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = id(last);
        page.into_iter().try_for_each(&mut *each)?;
    }
}

/// A row of a child table: its parent's id, what tells it from its siblings, and the child.
type Child<T> = (Box<str>, Box<str>, T);

/// The rows of a child table by their parent's id, read page by page.
struct Children<'w, T> {
    work: &'w SqlWork<'w>,
    sql: String,
    page: Peekable<vec::IntoIter<Child<T>>>,
    /// The last row of the page; `None` if it was the last of all.
    last: Option<(Box<str>, Box<str>)>,
    read: fn(&Row<'_>) -> Done<T>,
}

impl<'w, T> Children<'w, T> {
    /// The children of a table, whose columns for the parent and among siblings are its key. `read` finds `columns` from
    /// the third on.
    fn of(
        work: &'w SqlWork<'w>,
        [table, parent, sibling, columns]: [&str; 4],
        read: fn(&Row<'_>) -> Done<T>,
    ) -> Done<Self> {
        let sql = format!(
            "SELECT {parent}, {sibling}, {columns} FROM {table} WHERE ({parent}, {sibling}) > (?1, ?2) \
             ORDER BY {parent}, {sibling} LIMIT ?3"
        );
        let mut children = Self { work, sql, page: Vec::new().into_iter().peekable(), last: None, read };
        children.turn("", "")?;
        Ok(children)
    }

    /// The children of `parent`. Parents are to be asked for in ascending order; children of others are passed over
    /// (tags hang on managed policies too).
    fn take(&mut self, parent: &str) -> Done<Vec<T>> {
        let mut taken = Vec::new();
        loop {
            while let Some((id, _, child)) = self.page.next_if(|(id, ..)| &**id <= parent) {
                if *id == *parent {
                    taken.push(child);
                }
            }
            if self.page.peek().is_some() {
                return Ok(taken);
            }
            let Some((id, sibling)) = self.last.take() else { return Ok(taken) };
            self.turn(&id, &sibling)?;
        }
    }

    fn turn(&mut self, parent: &str, sibling: &str) -> Done {
        let read = self.read;
        let mut page = Vec::new();
        self.work.driver.rows(
            &self.sql,
            &[Value::Text(parent), Value::Text(sibling), Value::Int(PAGE)],
            &mut |row| {
                page.push((row.get(0)?, row.get(1)?, read(row)?));
                Ok(())
            },
        )?;
        self.last = page.last().map(|(parent, sibling, _): &Child<T>| (parent.clone(), sibling.clone()));
        self.page = page.into_iter().peekable();
        Ok(())
    }
}
