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

use rpds::HashTrieMapSync;

pub use self::together::IdentityPolicies;
use self::{
    policies::{Compiled, Poisoned, PolicySet},
    together::{Parts, Together},
};
use super::{KeyStatus, PublicAccessBlock, Sequence};
use crate::base::{AccessKeyId, AccountId, Principal, SecretKey, Tag, Timestamp, principal::User};

/// One state of all accounts. Never changes; its successor replaces it as a whole.
#[derive(Clone)]
pub struct Snapshot {
    sequence: Sequence,
    keys: HashTrieMapSync<AccessKeyId, Credential>,
    users: HashTrieMapSync<ById, UserEntry>,
    groups: HashTrieMapSync<Arc<str>, Grants>,
    policies: HashTrieMapSync<Arc<str>, Compiled>,
    buckets: HashTrieMapSync<Arc<str>, BucketEntry>,
    blocks: HashTrieMapSync<AccountId, PublicAccessBlock>,
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

#[derive(Clone, Default)]
struct UserEntry {
    tags: Box<[Tag]>,
    groups: Box<[Arc<str>]>,
    grants: Grants,
    together: Together,
    /// The unique id of the policy that is its boundary.
    boundary: Option<Arc<str>>,
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
            groups: HashTrieMapSync::new_sync(),
            policies: HashTrieMapSync::new_sync(),
            buckets: HashTrieMapSync::new_sync(),
            blocks: HashTrieMapSync::new_sync(),
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

    /// The identity-based policies that apply to a user: its own and its groups', inline and managed.
    ///
    /// A user that is unknown, or any policy that cannot be used, is an error: such a user must be denied everything.
    pub fn identity_policies(&self, user_id: &str) -> Result<IdentityPolicies, Poisoned> {
        let entry = self.users.get(user_id).ok_or_else(|| Poisoned::new(format!("user `{user_id}` is unknown")))?;
        entry.together.get(self.sequence, || self.parts(entry))
    }

    /// The permissions boundary of a user. One that cannot be used is an error, like any other policy of it.
    pub fn boundary(&self, user_id: &str) -> Result<Option<&PolicySet>, Poisoned> {
        let Some(id) = self.users.get(user_id).and_then(|entry| entry.boundary.as_ref()) else { return Ok(None) };
        let policy = self.policies.get(id);
        policy.ok_or_else(|| Poisoned::new(format!("managed policy `{id}` is unknown")))?.set().map(Some)
    }

    /// The tags of a user, for `aws:PrincipalTag`.
    pub fn tags(&self, user_id: &str) -> &[Tag] {
        self.users.get(user_id).map_or(&[], |entry| &entry.tags)
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

    fn parts<'a>(&'a self, entry: &'a UserEntry) -> Result<Parts<'a>, Poisoned> {
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
            let policy =
                self.policies.get(id).ok_or_else(|| Poisoned::new(format!("managed policy `{id}` is unknown")))?;
            found.push(policy);
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
