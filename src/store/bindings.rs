//! Principals of policies by unique id: looked up when a policy is kept, and shown by their present ARNs when it is read.
//! See [`Bound`].

use std::collections::BTreeMap;

use super::{Identity, IdentityKind, StoreError, UnitOfWork};
use crate::{
    base::{AccountId, Arn},
    policy::bound::{self, Bound},
};

/// A principal that nobody bears: a policy that names it cannot be kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown(pub String);

/// A policy in the form in which it is kept. Its form was checked before.
pub fn bind(work: &mut dyn UnitOfWork, text: &str) -> Result<Result<String, Unknown>, StoreError> {
    let mut ids = BTreeMap::new();
    let named = bound::named(text).map_err(|error| StoreError::damaged(format!("a policy to be kept: {error}")))?;
    for name in named {
        match id_of(work, &name)? {
            Bearer::Nobody => {}
            Bearer::Unknown => return Ok(Err(Unknown(name))),
            Bearer::Id(id) => drop(ids.insert(name, id)),
        }
    }
    Ok(Ok(Bound::keep(text, &ids)))
}

/// A kept policy as its readers see it.
pub fn shown(work: &mut dyn UnitOfWork, kept: &str) -> Result<String, StoreError> {
    let bound = Bound::read(kept).map_err(|error| StoreError::damaged(format!("a kept policy: {error}")))?;
    bound.shown(|id| {
        let (id, session) = id.split_once(':').map_or((id, None), |(id, session)| (id, Some(session)));
        let found = work.identity_by_id(id)?;
        Ok(found.map(|found| match session {
            Some(session) => session_arn(&found, session),
            None => found.arn().as_str().to_owned(),
        }))
    })
}

/// Whom a principal names.
enum Bearer {
    /// Everyone, an account, a federated user: there is no unique id.
    Nobody,
    /// One that there is not.
    Unknown,
    Id(String),
}

fn id_of(work: &mut dyn UnitOfWork, name: &str) -> Result<Bearer, StoreError> {
    let Some(arn) = Arn::parse(name) else {
        let is_id = name.starts_with('A');
        let found = if is_id { work.identity_by_id(name)? } else { None };
        return Ok(match found.filter(|found| found.kind != IdentityKind::Group) {
            Some(_) => Bearer::Id(name.to_owned()),
            None if is_id => Bearer::Unknown,
            None => Bearer::Nobody,
        });
    };
    // CloudFront's own identities stand below a word in the place of an account.
    let Ok(account) = arn.account().parse::<AccountId>() else { return Ok(Bearer::Nobody) };
    let Some((kind, below)) = arn.resource().split_once('/') else { return Ok(Bearer::Nobody) };
    let mut find = |kind, name: &str| work.identity(account, kind, name);
    let last = below.rsplit('/').next().unwrap_or(below);
    let id = match (arn.service(), kind) {
        ("iam", "user") => find(IdentityKind::User, last)?.filter(|found| found.arn() == arn).map(|found| found.id),
        ("iam", "role") => find(IdentityKind::Role, last)?.filter(|found| found.arn() == arn).map(|found| found.id),
        ("sts", "assumed-role") => {
            let (role, session) = below.split_once('/').unwrap_or((below, ""));
            let found = find(IdentityKind::Role, role)?.filter(|found| session_arn(found, session) == name);
            found.map(|found| format!("{}:{session}", found.id).into())
        }
        _ => return Ok(Bearer::Nobody),
    };
    Ok(id.map_or(Bearer::Unknown, |id| Bearer::Id(id.into())))
}

fn session_arn(role: &Identity, session: &str) -> String {
    Arn::of("sts", "", role.account.as_str(), &format!("assumed-role/{}/{session}", role.name)).as_str().to_owned()
}
