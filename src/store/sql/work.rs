//! The unit of work: each method in the file of its entity.

use zeroize::Zeroizing;

use super::{
    Done, SqlWork, access_keys, boundaries, buckets, changes, count, ended_sessions, identities, inline_policies,
    items, managed_policies, roles, scan,
};
use crate::{
    base::{AccessKeyId, AccountId, Arn, SecretKey, Tag, Timestamp},
    store::{
        AccessKey, Account, Bucket, EndedSession, Holding, Identity, IdentityKind, InlinePolicy, Item, ItemKind,
        KeyOwner, KeyStatus, LastUsed, Listing, ManagedPolicy, OpenKey, Page, PolicyUse, PolicyVersion,
        PublicAccessBlock, Record, RoleDetails, Sequence, StoreError, Subject, UnitOfWork,
    },
};

impl UnitOfWork for SqlWork<'_> {
    fn add_account(&mut self, account: &Account) -> Done {
        identities::add_account(self, account)
    }

    fn account(&mut self, id: AccountId) -> Done<Option<Account>> {
        identities::account(self, id)
    }

    fn accounts(&mut self) -> Done<Vec<Account>> {
        identities::accounts(self)
    }

    fn add_identity(&mut self, identity: &Identity) -> Done {
        identities::add(self, identity)
    }

    fn identity(&mut self, account: AccountId, kind: IdentityKind, name: &str) -> Done<Option<Identity>> {
        identities::by_name(self, account, kind, name)
    }

    fn identity_by_id(&mut self, id: &str) -> Done<Option<Identity>> {
        identities::by_id(self, id)
    }

    fn identities(&mut self, account: AccountId, kind: IdentityKind, page: Page<'_>) -> Done<Listing<Identity>> {
        identities::list(self, account, kind, page)
    }

    fn count_identities(&mut self, account: AccountId, kind: IdentityKind) -> Done<u64> {
        count::of(self, account, kind.word())
    }

    fn rename_identity(&mut self, id: &str, name: &str, path: &str) -> Done {
        identities::rename(self, id, name, path)
    }

    fn delete_identity(&mut self, id: &str) -> Done {
        identities::delete(self, id)
    }

    fn put_role(&mut self, id: &str, role: &RoleDetails) -> Done {
        roles::put(self, id, role)
    }

    fn role(&mut self, id: &str) -> Done<Option<RoleDetails>> {
        roles::of(self, id)
    }

    fn add_member(&mut self, group: &str, user: &str) -> Done<bool> {
        identities::add_member(self, group, user)
    }

    fn remove_member(&mut self, group: &str, user: &str) -> Done<bool> {
        identities::remove_member(self, group, user)
    }

    fn members(&mut self, group: &str, page: Page<'_>) -> Done<Listing<Identity>> {
        identities::members(self, group, page)
    }

    fn groups_of(&mut self, user: &str, page: Page<'_>) -> Done<Listing<Identity>> {
        identities::groups_of(self, user, page)
    }

    fn add_access_key(&mut self, key: &AccessKey, secret: &SecretKey) -> Done {
        access_keys::add(self, key, secret)
    }

    fn access_key(&mut self, id: &AccessKeyId) -> Done<Option<AccessKey>> {
        access_keys::by_id(self, id)
    }

    fn access_keys(&mut self, account: AccountId, owner: &KeyOwner) -> Done<Vec<AccessKey>> {
        access_keys::of_owner(self, account, owner)
    }

    fn set_access_key_status(&mut self, id: &AccessKeyId, status: KeyStatus) -> Done {
        access_keys::set_status(self, id, status)
    }

    fn delete_access_key(&mut self, id: &AccessKeyId) -> Done {
        access_keys::delete(self, id)
    }

    fn stamp_access_key(&mut self, id: &AccessKeyId, used: &LastUsed) -> Done {
        access_keys::stamp(self, id, used)
    }

    fn add_policy(&mut self, policy: &ManagedPolicy, document: &str) -> Done {
        managed_policies::add(self, policy, document)
    }

    fn policy(&mut self, arn: &Arn) -> Done<Option<ManagedPolicy>> {
        managed_policies::by_arn(self, arn)
    }

    fn policy_by_id(&mut self, id: &str) -> Done<Option<ManagedPolicy>> {
        managed_policies::by_id(self, id)
    }

    fn policies(&mut self, account: AccountId, used: PolicyUse, page: Page<'_>) -> Done<Listing<ManagedPolicy>> {
        managed_policies::list(self, account, used, page)
    }

    fn count_policies(&mut self, account: AccountId) -> Done<u64> {
        count::of(self, account, count::POLICY)
    }

    fn delete_policy(&mut self, id: &str) -> Done {
        managed_policies::delete(self, id)
    }

    fn add_policy_version(
        &mut self,
        policy: &str,
        document: &str,
        created: Timestamp,
        set_as_default: bool,
    ) -> Done<u32> {
        managed_policies::add_version(self, policy, document, created, set_as_default)
    }

    fn policy_versions(&mut self, policy: &str) -> Done<Vec<PolicyVersion>> {
        managed_policies::versions(self, policy)
    }

    fn policy_version(&mut self, policy: &str, number: u32) -> Done<Option<PolicyVersion>> {
        managed_policies::version(self, policy, number)
    }

    fn set_default_version(&mut self, policy: &str, number: u32) -> Done {
        managed_policies::set_default_version(self, policy, number)
    }

    fn delete_policy_version(&mut self, policy: &str, number: u32) -> Done {
        managed_policies::delete_version(self, policy, number)
    }

    fn attach(&mut self, identity: &str, policy: &str) -> Done<bool> {
        managed_policies::attach(self, identity, policy)
    }

    fn detach(&mut self, identity: &str, policy: &str) -> Done<bool> {
        managed_policies::detach(self, identity, policy)
    }

    fn attached_policies(&mut self, identity: &str, page: Page<'_>) -> Done<Listing<ManagedPolicy>> {
        managed_policies::attached_policies(self, identity, page)
    }

    fn attached_identities(&mut self, policy: &str, kind: IdentityKind, page: Page<'_>) -> Done<Listing<Identity>> {
        managed_policies::attached_identities(self, policy, kind, page)
    }

    fn put_boundary(&mut self, identity: &str, policy: Option<&str>) -> Done<bool> {
        boundaries::put(self, identity, policy)
    }

    fn boundary(&mut self, identity: &str) -> Done<Option<ManagedPolicy>> {
        boundaries::of(self, identity)
    }

    fn bounded_identities(&mut self, policy: &str, kind: IdentityKind, page: Page<'_>) -> Done<Listing<Identity>> {
        boundaries::identities(self, policy, kind, page)
    }

    fn put_inline_policy(&mut self, identity: &str, policy: &InlinePolicy) -> Done {
        inline_policies::put(self, identity, policy)
    }

    fn inline_policies(&mut self, identity: &str) -> Done<Vec<InlinePolicy>> {
        inline_policies::all(self, identity)
    }

    fn inline_policy(&mut self, identity: &str, name: &str) -> Done<Option<InlinePolicy>> {
        inline_policies::by_name(self, identity, name)
    }

    fn delete_inline_policy(&mut self, identity: &str, name: &str) -> Done<bool> {
        inline_policies::delete(self, identity, name)
    }

    fn tags(&mut self, resource: &str) -> Done<Vec<Tag>> {
        identities::tags(self, resource)
    }

    fn put_tags(&mut self, resource: &str, tags: &[Tag]) -> Done {
        identities::put_tags(self, resource, tags)
    }

    fn delete_tags(&mut self, resource: &str, keys: &[&str]) -> Done {
        identities::delete_tags(self, resource, keys)
    }

    fn add_item(&mut self, item: &Item, secret: Option<&[u8]>) -> Done {
        items::add(self, item, secret)
    }

    fn item(&mut self, account: AccountId, kind: ItemKind, name: &str) -> Done<Option<Item>> {
        items::by_name(self, account, kind, name)
    }

    fn item_anywhere(&mut self, kind: ItemKind, name: &str) -> Done<Option<Item>> {
        items::anywhere(self, kind, name)
    }

    fn item_by_id(&mut self, id: &str) -> Done<Option<Item>> {
        items::by_id(self, id)
    }

    fn items(&mut self, account: AccountId, kind: ItemKind, page: Page<'_>) -> Done<Listing<Item>> {
        items::list(self, account, kind, page)
    }

    fn items_of(&mut self, owner: &str, kind: ItemKind) -> Done<Vec<Item>> {
        items::of_owner(self, owner, kind)
    }

    fn count_items(&mut self, account: AccountId, kind: ItemKind) -> Done<u64> {
        count::of(self, account, kind.word())
    }

    fn update_item(&mut self, item: &Item) -> Done {
        items::update(self, item)
    }

    fn put_item_secret(&mut self, id: &str, secret: &[u8]) -> Done {
        items::put_secret(self, id, secret)
    }

    fn item_secret(&mut self, id: &str) -> Done<Option<Zeroizing<Vec<u8>>>> {
        items::secret(self, id)
    }

    fn delete_item(&mut self, id: &str) -> Done {
        items::delete(self, id)
    }

    fn add_bucket(&mut self, bucket: &Bucket) -> Done {
        buckets::add(self, bucket)
    }

    fn bucket(&mut self, name: &str) -> Done<Option<Bucket>> {
        buckets::by_name(self, name)
    }

    fn put_bucket_policy(&mut self, name: &str, policy: Option<&str>) -> Done {
        buckets::put_policy(self, name, policy)
    }

    fn put_public_access_block(&mut self, name: &str, block: Option<PublicAccessBlock>) -> Done {
        buckets::put_public_access_block(self, name, block)
    }

    fn delete_bucket(&mut self, name: &str) -> Done<bool> {
        buckets::delete(self, name)
    }

    fn put_account_public_access_block(&mut self, account: AccountId, block: Option<PublicAccessBlock>) -> Done {
        buckets::put_account_public_access_block(self, account, block)
    }

    fn end_session(&mut self, ended: &EndedSession) -> Done {
        ended_sessions::put(self, ended)
    }

    fn ended_session(&mut self, key: &AccessKeyId) -> Done<Option<EndedSession>> {
        ended_sessions::by_key(self, key)
    }

    fn forget_ended_sessions(&mut self, now: Timestamp) -> Done<u64> {
        ended_sessions::forget(self, now)
    }

    fn latest(&mut self) -> Done<Sequence> {
        changes::latest(self)
    }

    fn changes(&mut self, since: Sequence) -> Done<Option<Vec<Subject>>> {
        changes::since(self, since)
    }

    fn holding(&mut self, id: &str) -> Done<Option<Holding>> {
        scan::holding(self, id)
    }

    fn open_access_key(&mut self, id: &AccessKeyId) -> Done<Option<OpenKey>> {
        access_keys::open(self, id)
    }

    fn scan(&mut self, visit: &mut dyn FnMut(Record) -> Done) -> Done {
        scan::all(self, visit)
    }

    fn is_overtaken(&self) -> bool {
        self.driver.is_overtaken()
    }

    fn failure(&self) -> Option<StoreError> {
        self.failure.borrow().clone()
    }

    fn commit(self: Box<Self>) -> Done<Sequence> {
        let latest = changes::latest(&self)?;
        self.prune_changes()?;
        // What fails to commit is undone as it is dropped.
        self.driver.commit()?;
        Ok(latest)
    }
}
