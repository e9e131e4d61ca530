//! Floor 2: identities and their policies, kept.
//!
//! - [`entity`]: what is kept.
//! - [`aws_managed`]: the policies that AWS manages, and those of them in use.
//! - [`Store`] and [`UnitOfWork`]: a database, and one transaction on it. One behavioural suite holds for every back end.
//! - [`sqlite`]: the embedded back end; [`postgres`]: the one that several nodes share.
//! - [`bindings`]: principals of kept policies by unique id.
//! - [`seal`], [`master_key`]: secrets at rest; [`messages`]: what travels sealed with clients.
//! - [`snapshot`]: what the data path reads.
//! - [`Directory`]: a store and its snapshot, kept in step. Everything above this floor uses that.
//!
//! The order of names is that of their folded form ([`fold`](crate::base::name::fold)). Listings go by [`Page`]; a
//! marker is the folded name of the last item seen, so it stays good while entities come and go.

mod accesses;
pub mod aws_managed;
pub mod bindings;
pub mod directory;
pub mod entity;
pub mod error;
pub mod master_key;
pub mod messages;
pub mod postgres;
pub mod seal;
pub mod snapshot;
mod sql;
pub mod sqlite;
mod system_random;

pub use accesses::{Access, Accesses, DAYS_KEPT, accesses_of, principals};
pub use directory::{Directory, RootKey};
pub use entity::{
    AccessKey, Account, Bucket, EndedSession, Identity, IdentityKind, InlinePolicy, Item, ItemKind, KeyOwner,
    KeyStatus, LastUsed, ManagedPolicy, PolicyUse, PolicyVersion, PublicAccessBlock, RoleDetails,
};
pub use error::{ErrorKind, StoreError};
pub use master_key::MasterKey;
pub use messages::MessageKey;
pub use postgres::PostgresStore;
pub use snapshot::Snapshot;
pub use sqlite::SqliteStore;
pub use system_random::SystemRandom;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::base::{AccessKeyId, AccountId, Arn, SecretKey, Tag, Timestamp};

/// The place of a change in the order of all changes; grows, with gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sequence(pub u64);

/// Which part of a listing is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Only what comes after this marker, a former [`Listing::next`]; `None` for the beginning.
    pub after: Option<&'a str>,
    /// The most items to return; at least 1.
    pub items_max: usize,
    /// Only entities whose path starts so; `/` for all.
    pub path_prefix: &'a str,
}

impl Page<'_> {
    /// The whole listing.
    pub const ALL: Page<'static> = Page { after: None, items_max: usize::MAX, path_prefix: "/" };
}

/// A part of a listing, in the order of folded names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The items.
    pub items: Vec<T>,
    /// The marker to go on from; `None` at the end.
    pub next: Option<Box<str>>,
}

impl<T> Listing<T> {
    /// The same listing of something else about each item.
    pub fn try_map<U, E>(self, map: impl FnMut(T) -> Result<U, E>) -> Result<Listing<U>, E> {
        Ok(Listing { items: self.items.into_iter().map(map).collect::<Result<_, _>>()?, next: self.next })
    }
}

/// What a change concerns. A reader of changes looks at the entity as it is now, or finds it gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An identity by its unique id: itself, its tags, its policies or the groups that it belongs to.
    Identity(Box<str>),
    /// An access key.
    AccessKey(AccessKeyId),
    /// A managed policy by its unique id: itself or its default version.
    Policy(Box<str>),
    /// A bucket by its name.
    Bucket(Box<str>),
    /// What an account keeps from the public.
    Account(AccountId),
    /// A session that was ended, or that is forgotten, by its access key id.
    Session(AccessKeyId),
}

/// An access key with its secret.
pub struct OpenKey {
    /// The key.
    pub key: AccessKey,
    /// Its secret, opened.
    pub secret: SecretKey,
    /// Tells this secret apart from any other that ever had the same key id.
    pub generation: u64,
}

/// An identity with everything that decides what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The user, group or role.
    pub identity: Identity,
    /// Its tags, by folded key.
    pub tags: Vec<Tag>,
    /// Its inline policies, by folded name.
    pub inline: Vec<InlinePolicy>,
    /// The unique ids of the managed policies attached to it.
    pub attached: Vec<Box<str>>,
    /// The unique ids of the groups that it belongs to.
    pub groups: Vec<Box<str>>,
    /// The unique id of the managed policy that is its permissions boundary.
    pub boundary: Option<Box<str>>,
    /// What a role has beside; nothing for others.
    pub role: Option<RoleDetails>,
}

/// One piece of what a snapshot holds, as [`UnitOfWork::scan`] hands it over.
pub enum Record {
    /// A managed policy with the document of its default version.
    Policy(ManagedPolicy, Box<str>),
    /// A user, group or role.
    Identity(Holding),
    /// An access key. Comes after its owner.
    AccessKey(OpenKey),
    /// An account.
    Account(Account),
    /// A bucket.
    Bucket(Bucket),
    /// A session that was ended.
    EndedSession(EndedSession),
}

/// A database of identities.
pub trait Store: Send + Sync {
    /// Begins a unit of work: it sees one state of the database, and what it writes is seen by others after its commit,
    /// wholly or not at all.
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError>;

    /// Begins a unit of work that writes nothing, and so need not wait for those that do.
    fn begin_reading(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        self.begin()
    }

    /// Something to wait on that wakes, more often than not, when another node has committed a change. Whoever must know
    /// asks for [`UnitOfWork::latest`] from time to time as well. `None` where nobody else writes, or nothing tells of it.
    fn hints(&self) -> Option<watch::Receiver<()>> {
        None
    }
}

/// One transaction. Dropping it undoes it; after any error other than [`ErrorKind::Missing`] and [`ErrorKind::Exists`]
/// it is good for nothing but being dropped.
///
/// Identities and managed policies are named by their unique ids once found, so that a rename between two calls cannot
/// meet the wrong one. Names, paths, tags and documents are taken as valid: the API checks them.
pub trait UnitOfWork {
    /// Adds an account and makes its data key. [`ErrorKind::Exists`] if it is there.
    fn add_account(&mut self, account: &Account) -> Result<(), StoreError>;
    /// An account.
    fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError>;
    /// All accounts, by number.
    fn accounts(&mut self) -> Result<Vec<Account>, StoreError>;

    /// Adds a user, group or role. [`ErrorKind::Exists`] if the name is taken.
    fn add_identity(&mut self, identity: &Identity) -> Result<(), StoreError>;
    /// An identity by name, without regard to case.
    fn identity(&mut self, account: AccountId, kind: IdentityKind, name: &str) -> Result<Option<Identity>, StoreError>;
    /// An identity by unique id.
    fn identity_by_id(&mut self, id: &str) -> Result<Option<Identity>, StoreError>;
    /// The account's users, groups or roles.
    fn identities(
        &mut self,
        account: AccountId,
        kind: IdentityKind,
        page: Page<'_>,
    ) -> Result<Listing<Identity>, StoreError>;
    /// How many users, groups or roles the account has.
    fn count_identities(&mut self, account: AccountId, kind: IdentityKind) -> Result<u64, StoreError>;
    /// Gives an identity another name, path, or both. [`ErrorKind::Exists`] if the name is another's.
    fn rename_identity(&mut self, id: &str, name: &str, path: &str) -> Result<(), StoreError>;
    /// Deletes an identity and its tags. [`ErrorKind::InUse`] while it has keys, policies, groups or members.
    fn delete_identity(&mut self, id: &str) -> Result<(), StoreError>;

    /// Keeps what a role has beside what every identity has, in place of what it had before.
    fn put_role(&mut self, id: &str, role: &RoleDetails) -> Result<(), StoreError>;
    /// What a role has beside what every identity has.
    fn role(&mut self, id: &str) -> Result<Option<RoleDetails>, StoreError>;

    /// Adds a user to a group; `false` if it was a member already.
    fn add_member(&mut self, group: &str, user: &str) -> Result<bool, StoreError>;
    /// Takes a user out of a group; `false` if it was no member.
    fn remove_member(&mut self, group: &str, user: &str) -> Result<bool, StoreError>;
    /// The users of a group.
    fn members(&mut self, group: &str, page: Page<'_>) -> Result<Listing<Identity>, StoreError>;
    /// The groups of a user.
    fn groups_of(&mut self, user: &str, page: Page<'_>) -> Result<Listing<Identity>, StoreError>;

    /// Adds an access key with its secret, which is sealed. [`ErrorKind::Exists`] if the id is taken, in any account.
    fn add_access_key(&mut self, key: &AccessKey, secret: &SecretKey) -> Result<(), StoreError>;
    /// An access key.
    fn access_key(&mut self, id: &AccessKeyId) -> Result<Option<AccessKey>, StoreError>;
    /// The keys of root or of a user, oldest first.
    fn access_keys(&mut self, account: AccountId, owner: &KeyOwner) -> Result<Vec<AccessKey>, StoreError>;
    /// Makes a key usable, or not.
    fn set_access_key_status(&mut self, id: &AccessKeyId, status: KeyStatus) -> Result<(), StoreError>;
    /// Deletes a key.
    fn delete_access_key(&mut self, id: &AccessKeyId) -> Result<(), StoreError>;
    /// Notes the use of a key unless a later one is known; a key that is gone is passed over. Not a change to readers
    /// of changes.
    fn stamp_access_key(&mut self, id: &AccessKeyId, used: &LastUsed) -> Result<(), StoreError>;

    /// Adds a managed policy with its document as version 1. [`ErrorKind::Exists`] if the name is taken.
    fn add_policy(&mut self, policy: &ManagedPolicy, document: &str) -> Result<(), StoreError>;
    /// A managed policy by its ARN, which must match to the letter.
    fn policy(&mut self, arn: &Arn) -> Result<Option<ManagedPolicy>, StoreError>;
    /// A managed policy by unique id.
    fn policy_by_id(&mut self, id: &str) -> Result<Option<ManagedPolicy>, StoreError>;
    /// The account's managed policies, of those that are used so.
    fn policies(
        &mut self,
        account: AccountId,
        used: PolicyUse,
        page: Page<'_>,
    ) -> Result<Listing<ManagedPolicy>, StoreError>;
    /// How many managed policies the account has.
    fn count_policies(&mut self, account: AccountId) -> Result<u64, StoreError>;
    /// Deletes a policy with its default version and tags. [`ErrorKind::InUse`] while it is attached, is a boundary or has
    /// versions other than the default.
    fn delete_policy(&mut self, id: &str) -> Result<(), StoreError>;

    /// Adds a version and returns its number, which was never used before in this policy.
    fn add_policy_version(
        &mut self,
        policy: &str,
        document: &str,
        created: Timestamp,
        set_as_default: bool,
    ) -> Result<u32, StoreError>;
    /// All versions of a policy, oldest first.
    fn policy_versions(&mut self, policy: &str) -> Result<Vec<PolicyVersion>, StoreError>;
    /// One version of a policy.
    fn policy_version(&mut self, policy: &str, number: u32) -> Result<Option<PolicyVersion>, StoreError>;
    /// Puts a version in force.
    fn set_default_version(&mut self, policy: &str, number: u32) -> Result<(), StoreError>;
    /// Deletes a version. [`ErrorKind::InUse`] if it is the default.
    fn delete_policy_version(&mut self, policy: &str, number: u32) -> Result<(), StoreError>;

    /// Attaches a managed policy; `false` if it was attached already.
    fn attach(&mut self, identity: &str, policy: &str) -> Result<bool, StoreError>;
    /// Detaches a managed policy; `false` if it was not attached.
    fn detach(&mut self, identity: &str, policy: &str) -> Result<bool, StoreError>;
    /// The managed policies of an identity.
    fn attached_policies(&mut self, identity: &str, page: Page<'_>) -> Result<Listing<ManagedPolicy>, StoreError>;
    /// The users, groups or roles to which a managed policy is attached.
    fn attached_identities(
        &mut self,
        policy: &str,
        kind: IdentityKind,
        page: Page<'_>,
    ) -> Result<Listing<Identity>, StoreError>;

    /// Makes a managed policy the permissions boundary of a user or role, or takes it away; `true` if it had one.
    fn put_boundary(&mut self, identity: &str, policy: Option<&str>) -> Result<bool, StoreError>;
    /// The permissions boundary of a user or role.
    fn boundary(&mut self, identity: &str) -> Result<Option<ManagedPolicy>, StoreError>;
    /// The users or roles whose boundary a managed policy is.
    fn bounded_identities(
        &mut self,
        policy: &str,
        kind: IdentityKind,
        page: Page<'_>,
    ) -> Result<Listing<Identity>, StoreError>;

    /// Adds an inline policy, or replaces the one of that name.
    fn put_inline_policy(&mut self, identity: &str, policy: &InlinePolicy) -> Result<(), StoreError>;
    /// The inline policies of an identity; their whole size is bounded by quota.
    fn inline_policies(&mut self, identity: &str) -> Result<Vec<InlinePolicy>, StoreError>;
    /// One inline policy.
    fn inline_policy(&mut self, identity: &str, name: &str) -> Result<Option<InlinePolicy>, StoreError>;
    /// Deletes an inline policy; `false` if there was none.
    fn delete_inline_policy(&mut self, identity: &str, name: &str) -> Result<bool, StoreError>;

    /// The tags of an identity, managed policy or item, by folded key.
    fn tags(&mut self, resource: &str) -> Result<Vec<Tag>, StoreError>;
    /// Adds tags, or replaces those of the same key.
    fn put_tags(&mut self, resource: &str, tags: &[Tag]) -> Result<(), StoreError>;
    /// Deletes tags; keys without a tag are passed over.
    fn delete_tags(&mut self, resource: &str, keys: &[&str]) -> Result<(), StoreError>;

    /// Adds an item, with a secret of it, which is sealed. [`ErrorKind::Exists`] if the name or id is taken. Snapshots show
    /// no items, so changes of items are no changes to readers of changes.
    fn add_item(&mut self, item: &Item, secret: Option<&[u8]>) -> Result<(), StoreError>;
    /// An item by name, without regard to case.
    fn item(&mut self, account: AccountId, kind: ItemKind, name: &str) -> Result<Option<Item>, StoreError>;
    /// The same in whichever account; the first of them, if there are several.
    fn item_anywhere(&mut self, kind: ItemKind, name: &str) -> Result<Option<Item>, StoreError>;
    /// An item by unique id.
    fn item_by_id(&mut self, id: &str) -> Result<Option<Item>, StoreError>;
    /// The account's items of a kind.
    fn items(&mut self, account: AccountId, kind: ItemKind, page: Page<'_>) -> Result<Listing<Item>, StoreError>;
    /// The items of a kind that an identity owns, oldest first.
    fn items_of(&mut self, owner: &str, kind: ItemKind) -> Result<Vec<Item>, StoreError>;
    /// How many items of a kind the account has.
    fn count_items(&mut self, account: AccountId, kind: ItemKind) -> Result<u64, StoreError>;
    /// Gives an item another name, path, owner and details. [`ErrorKind::Exists`] if the name is another's.
    fn update_item(&mut self, item: &Item) -> Result<(), StoreError>;
    /// Gives an item another secret.
    fn put_item_secret(&mut self, id: &str, secret: &[u8]) -> Result<(), StoreError>;
    /// The secret of an item, opened; `None` if there is none.
    fn item_secret(&mut self, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;
    /// Deletes an item with its secret and tags.
    fn delete_item(&mut self, id: &str) -> Result<(), StoreError>;

    /// Adds a bucket. [`ErrorKind::Exists`] if the name is taken, in any account.
    fn add_bucket(&mut self, bucket: &Bucket) -> Result<(), StoreError>;
    /// A bucket.
    fn bucket(&mut self, name: &str) -> Result<Option<Bucket>, StoreError>;
    /// Puts the policy of a bucket in place of the one before, or takes it away.
    fn put_bucket_policy(&mut self, name: &str, policy: Option<&str>) -> Result<(), StoreError>;
    /// Says what of a bucket is kept from the public.
    fn put_public_access_block(&mut self, name: &str, block: Option<PublicAccessBlock>) -> Result<(), StoreError>;
    /// Deletes a bucket with its settings; `false` if it was not known.
    fn delete_bucket(&mut self, name: &str) -> Result<bool, StoreError>;
    /// Says what of all buckets of an account is kept from the public.
    fn put_account_public_access_block(
        &mut self,
        account: AccountId,
        block: Option<PublicAccessBlock>,
    ) -> Result<(), StoreError>;

    /// Ends a session before its time, and all that were made from it.
    fn end_session(&mut self, ended: &EndedSession) -> Result<(), StoreError>;
    /// A session that was ended.
    fn ended_session(&mut self, key: &AccessKeyId) -> Result<Option<EndedSession>, StoreError>;
    /// Forgets those that would be over by now anyway, and returns their number.
    fn forget_ended_sessions(&mut self, now: Timestamp) -> Result<u64, StoreError>;

    /// The sequence of the latest change that this unit of work sees, its own included.
    fn latest(&mut self) -> Result<Sequence, StoreError>;
    /// What has changed after `since`, its own changes included, each subject once. `None` if so much has changed that
    /// the store no longer tells; read everything then.
    fn changes(&mut self, since: Sequence) -> Result<Option<Vec<Subject>>, StoreError>;
    /// An identity with all that decides what it may do.
    fn holding(&mut self, id: &str) -> Result<Option<Holding>, StoreError>;
    /// An access key with its secret opened, for the snapshot.
    fn open_access_key(&mut self, id: &AccessKeyId) -> Result<Option<OpenKey>, StoreError>;
    /// Hands over everything that a snapshot holds, in the order of [`Record`]'s variants.
    fn scan(&mut self, visit: &mut dyn FnMut(Record) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Whether it failed only because others came first, so that the same may succeed in another unit of work.
    fn is_overtaken(&self) -> bool {
        false
    }

    /// What the store itself failed with, if it did: not what was asked of it.
    fn failure(&self) -> Option<StoreError> {
        None
    }

    /// Makes everything durable. Returns the sequence of the latest change of all.
    fn commit(self: Box<Self>) -> Result<Sequence, StoreError>;
}
