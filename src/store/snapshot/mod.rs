//! [`Snapshot`]: the identities and compiled policies that one request decides with, from its first step to its last.
//!
//! The maps are persistent: a changed snapshot shares all that did not change with the one before, so publishing a
//! change costs its own size. Users name their groups and managed policies by unique id and find them here at each
//! request; so a policy that ten thousand users hold is compiled once, and a new version of it is one insertion.

mod patch;
pub mod policies;
#[cfg(test)]
mod tests;
mod together;

use std::{borrow::Borrow, hash, sync::Arc};

use rpds::{HashTrieMapSync, HashTrieSetSync};

pub use self::together::IdentityPolicies;
use self::{
    policies::{Compiled, Poisoned, PolicySet},
    together::{Parts, Together},
};
use super::{KeyStatus, PublicAccessBlock, Sequence};
use crate::base::{
    AccessKeyId, AccountId, Principal, SecretKey, Tag, Timestamp,
    principal::{Role, User},
};

/// One state of all accounts. Never changes; its successor replaces it as a whole.
#[derive(Clone)]
pub struct Snapshot {
    sequence: Sequence,
    keys: HashTrieMapSync<AccessKeyId, Credential>,
    users: HashTrieMapSync<ById, Entry>,
    roles: HashTrieMapSync<Arc<str>, RoleEntry>,
    /// The unique ids of roles by their ARNs.
    roles_by_arn: HashTrieMapSync<Arc<str>, Arc<str>>,
    groups: HashTrieMapSync<Arc<str>, Grants>,
    policies: HashTrieMapSync<Arc<str>, Compiled>,
    buckets: HashTrieMapSync<Arc<str>, BucketEntry>,
    blocks: HashTrieMapSync<AccountId, PublicAccessBlock>,
    /// Sessions that were ended before their time.
    ended: HashTrieSetSync<AccessKeyId>,
}

/// What is known of a bucket.
#[derive(Clone)]
pub struct BucketEntry {
    /// Whose it is.
    pub account: AccountId,
    /// When this program came to know it: tells it from one of the same name before or after.
    pub created: Timestamp,
    /// Its policy, compiled.
    pub policy: Option<Compiled>,
    /// What of it is kept from the public, by its own block.
    pub public_access_block: PublicAccessBlock,
}

/// What an access key id stands for.
#[derive(Clone)]
pub struct Credential {
    /// The account of the principal.
    pub account: AccountId,
    /// Root, or the user that owns the key.
    pub principal: Principal,
    /// The secret access key.
    pub secret: Arc<SecretKey>,
    /// Inactive keys open nothing.
    pub status: KeyStatus,
    /// Differs for any two secrets that ever had the same key id: part of the key of every cache of derived keys.
    pub generation: u64,
}

/// A user's place in the map of users: its unique id, without a second copy of it.
#[derive(Clone)]
struct ById(Arc<User>);

/// What decides what a user or a role may do.
#[derive(Clone, Default)]
struct Entry {
    tags: Box<[Tag]>,
    groups: Box<[Arc<str>]>,
    grants: Grants,
    together: Together,
    /// The unique id of the policy that is its boundary.
    boundary: Option<Arc<str>>,
}

/// What is known of a role.
#[derive(Clone)]
pub struct RoleEntry {
    /// The role.
    pub role: Arc<Role>,
    /// Who may take it.
    pub trust: Compiled,
    /// The longest session, in seconds.
    pub session_seconds_max: u32,
    entry: Entry,
}

impl RoleEntry {
    /// Its tags.
    pub fn tags(&self) -> &[Tag] {
        &self.entry.tags
    }
}

/// The policies of one identity: its inline policies, and the unique ids of the managed ones.
#[derive(Clone, Default)]
struct Grants {
    inline: Option<Compiled>,
    attached: Box<[Arc<str>]>,
}

impl Snapshot {
    /// A snapshot of a store without accounts.
    pub fn empty() -> Self {
        Self {
            sequence: Sequence::default(),
            keys: HashTrieMapSync::new_sync(),
            users: HashTrieMapSync::new_sync(),
            roles: HashTrieMapSync::new_sync(),
            roles_by_arn: HashTrieMapSync::new_sync(),
            groups: HashTrieMapSync::new_sync(),
            policies: HashTrieMapSync::new_sync(),
            buckets: HashTrieMapSync::new_sync(),
            blocks: HashTrieMapSync::new_sync(),
            ended: HashTrieSetSync::new_sync(),
        }
    }

    /// The latest change that this snapshot shows.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// What an access key id stands for; `None` if there is no such key. The caller checks the status.
    pub fn credential(&self, access_key_id: &str) -> Option<&Credential> {
        self.keys.get(access_key_id)
    }

    /// Whether any session was ended before its time.
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Whether a session was ended before its time, by its access key id.
    pub fn is_ended(&self, session: &str) -> bool {
        !self.ended.is_empty() && self.ended.contains(session)
    }

    /// A user by its unique id.
    pub fn user(&self, user_id: &str) -> Option<&Arc<User>> {
        self.users.get_key_value(user_id).map(|(ById(user), _)| user)
    }

    /// A role by its unique id.
    pub fn role(&self, role_id: &str) -> Option<&RoleEntry> {
        self.roles.get(role_id)
    }

    /// A role by its ARN, which must match to the letter.
    pub fn role_by_arn(&self, arn: &str) -> Option<&RoleEntry> {
        self.roles_by_arn.get(arn).and_then(|id| self.roles.get(id))
    }

    /// The identity-based policies that apply to a user or a role: its own and its groups', inline and managed.
    ///
    /// One that is unknown, or any policy that cannot be used, is an error: such a one must be denied everything.
    pub fn identity_policies(&self, id: &str) -> Result<IdentityPolicies, Poisoned> {
        let entry = self.entry(id).ok_or_else(|| Poisoned::new(format!("user or role `{id}` is unknown")))?;
        entry.together.get(self.sequence, || self.parts(entry))
    }

    /// The permissions boundary of a user or a role. One that cannot be used is an error, like any other policy of it.
    pub fn boundary(&self, id: &str) -> Result<Option<&PolicySet>, Poisoned> {
        let Some(id) = self.entry(id).and_then(|entry| entry.boundary.as_ref()) else { return Ok(None) };
        self.policy(id)?.set().map(Some)
    }

    /// A managed policy by its unique id, in its default version.
    pub fn policy(&self, id: &str) -> Result<&Compiled, Poisoned> {
        self.policies.get(id).ok_or_else(|| Poisoned::new(format!("managed policy `{id}` is unknown")))
    }

    /// The tags of a user or a role, for `aws:PrincipalTag`.
    pub fn tags(&self, id: &str) -> &[Tag] {
        self.entry(id).map_or(&[], |entry| &entry.tags)
    }

    fn entry(&self, id: &str) -> Option<&Entry> {
        self.users.get(id).or_else(|| self.roles.get(id).map(|role| &role.entry))
    }

    /// What is known of a bucket; `None` if no account of ours made it or set anything of it.
    pub fn bucket(&self, name: &str) -> Option<&BucketEntry> {
        self.buckets.get(name)
    }

    /// The buckets that are known to belong to other accounts than this one; few, where there are several accounts.
    pub fn has_buckets_of_others(&self, account: AccountId) -> bool {
        self.buckets.iter().any(|(_, entry)| entry.account != account)
    }

    /// What is kept from the public in all buckets of an account.
    pub fn public_access_block(&self, account: AccountId) -> PublicAccessBlock {
        self.blocks.get(&account).copied().unwrap_or_default()
    }

    fn parts<'a>(&'a self, entry: &'a Entry) -> Result<Parts<'a>, Poisoned> {
        let mut found = Parts::new();
        self.collect(&entry.grants, &mut found)?;
        for group in &entry.groups {
            let grants = self.groups.get(group).ok_or_else(|| Poisoned::new(format!("group `{group}` is unknown")))?;
            self.collect(grants, &mut found)?;
        }
        Ok(found)
    }

    fn collect<'a>(&'a self, grants: &'a Grants, found: &mut Parts<'a>) -> Result<(), Poisoned> {
        found.extend(&grants.inline);
        for id in &grants.attached {
            found.push(self.policy(id)?);
        }
        Ok(())
    }
}

impl Borrow<str> for ById {
    fn borrow(&self) -> &str {
        &self.0.id
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ById {}

/// As [`Borrow`] demands: like the `str` that it lends.
impl hash::Hash for ById {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}
