//! Permissions boundaries: at most one managed policy for each user and role.

use super::{
    Done, SqlWork,
    rows::{IDENTITY, POLICY, identity, policy},
};
use crate::store::{Identity, IdentityKind, Listing, ManagedPolicy, Page};

pub(super) fn put(work: &SqlWork<'_>, id: &str, policy: Option<&str>) -> Done<bool> {
    let Some(policy) = policy else {
        let had = remove(work, id)?;
        if had {
            work.changed_identity(id)?;
        }
        return Ok(had);
    };
    let before: Option<String> =
        work.row("SELECT policy FROM boundary WHERE identity = ?1", &[&id], |row| row.get(0))?;
    // First, because it is refused where the policy is missing, and nothing may be changed then.
    let sql = "INSERT INTO boundary (identity, policy) VALUES (?1, ?2) \
               ON CONFLICT (identity) DO UPDATE SET policy = excluded.policy";
    work.execute(sql, &[&id, &policy])?;
    before.iter().try_for_each(|before| count(work, before, -1))?;
    count(work, policy, 1)?;
    work.changed_identity(id)?;
    Ok(before.is_some())
}

/// Takes the boundary of an identity away; `false` if it had none. The change is the caller's to note.
pub(super) fn remove(work: &SqlWork<'_>, id: &str) -> Done<bool> {
    let sql = "DELETE FROM boundary WHERE identity = ?1 RETURNING policy";
    let known: Option<String> = work.row(sql, &[&id], |row| row.get(0))?;
    known.map_or(Ok(false), |policy| count(work, &policy, -1).map(|()| true))
}

pub(super) fn of(work: &SqlWork<'_>, id: &str) -> Done<Option<ManagedPolicy>> {
    let sql = format!("SELECT {POLICY} FROM boundary b JOIN managed_policy p ON p.id = b.policy WHERE b.identity = ?1");
    work.row(&sql, &[&id], policy)
}

pub(super) fn identities(
    work: &SqlWork<'_>,
    policy: &str,
    kind: IdentityKind,
    page: Page<'_>,
) -> Done<Listing<Identity>> {
    let from = "boundary b JOIN identity i ON i.id = b.identity WHERE b.policy = ?4 AND i.kind = ?5";
    work.listing([IDENTITY, "i", from], &[&policy, &kind.word()], page, identity, |it| &it.name)
}

fn count(work: &SqlWork<'_>, policy: &str, by: i64) -> Done {
    let sql = "UPDATE managed_policy SET boundaries = boundaries + ?2 WHERE id = ?1";
    work.execute(sql, &[&policy, &by]).map(drop)
}
