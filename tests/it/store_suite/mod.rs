//! What every store must do, written against the trait alone. A back end takes part with [`store_suite`].

pub mod access_keys;
pub mod bindings;
pub mod buckets;
pub mod following;
pub mod identities;
pub mod items;
pub mod policies;

use countersign::{
    base::{AccessKeyId, AccountId, SecretKey, Timestamp},
    store::{
        AccessKey, Account, ErrorKind, Identity, IdentityKind, KeyOwner, KeyStatus, ManagedPolicy, Store, StoreError,
        UnitOfWork,
    },
};

/// Runs each behaviour as a test of its own on a store that `$make` makes anew; what `$make` returns beside the store is
/// kept as long.
macro_rules! store_suite {
    ($back_end:ident, $make:expr) => {
        mod $back_end {
            $crate::store_suite::store_suite!(@tests $make,
                identities: accounts_are_made_once,
                identities: names_are_unique_without_regard_to_case,
                identities: a_renamed_identity_keeps_its_id,
                identities: listings_go_on_from_their_marker,
                identities: an_identity_in_use_is_kept,
                identities: members_and_groups_see_each_other,
                identities: tags_replace_each_other_by_key,
                identities: what_is_missing_is_refused_by_name,
                access_keys: access_keys_belong_to_root_or_a_user,
                access_keys: a_stamp_of_an_earlier_use_is_passed_over,
                access_keys: a_secret_opens_with_its_generation,
                policies: policies_are_found_by_their_arn_to_the_letter,
                policies: version_numbers_are_never_used_again,
                policies: a_user_has_one_boundary_at_most,
                policies: a_policy_in_use_is_kept,
                policies: attachments_are_counted_and_listed_from_both_ends,
                policies: inline_policies_replace_each_other_by_name,
                items: items_belong_to_accounts_and_identities,
                items: the_secret_of_an_item_opens_for_it_alone,
                items: a_role_keeps_its_details_as_long_as_it_is,
                bindings: whom_a_kept_policy_names_stays_the_same,
                buckets: a_bucket_has_one_owner_and_settings_of_its_own,
                buckets: changes_to_buckets_and_accounts_are_told,
                following: what_is_not_committed_never_was,
                following: changes_tell_what_to_look_at,
                following: a_scan_hands_over_everything_once,
                following: an_ended_session_is_known_until_it_is_forgotten,
            );
        }
    };
    (@tests $make:expr, $($part:ident: $name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            let (store, _kept) = $make();
            $crate::store_suite::$part::$name(&store);
        })*
    };
}
pub(crate) use store_suite;

pub type Done<T = ()> = Result<T, StoreError>;

pub fn account() -> AccountId {
    AccountId::from_number(123_456_789_012)
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub fn identity(kind: IdentityKind, id: &str, name: &str) -> Identity {
    Identity { kind, account: account(), id: id.into(), name: name.into(), path: "/".into(), created: at(0) }
}

pub fn user(id: &str, name: &str) -> Identity {
    identity(IdentityKind::User, id, name)
}

pub fn group(id: &str, name: &str) -> Identity {
    identity(IdentityKind::Group, id, name)
}

pub fn policy(id: &str, name: &str) -> ManagedPolicy {
    ManagedPolicy {
        account: account(),
        id: id.into(),
        name: name.into(),
        path: "/".into(),
        description: None,
        created: at(0),
        updated: at(0),
        default_version: 1,
        attachments: 0,
        boundaries: 0,
    }
}

pub fn key_id(text: &str) -> AccessKeyId {
    AccessKeyId::parse(text).unwrap()
}

pub fn access_key(id: &str, owner: KeyOwner) -> AccessKey {
    let (created, status) = (at(0), KeyStatus::Active);
    AccessKey { id: key_id(id), account: account(), owner, status, created, last_used: None }
}

pub fn secret(text: &str) -> SecretKey {
    SecretKey::new(text.to_owned())
}

pub fn owner(user: &str) -> KeyOwner {
    KeyOwner::User(user.into())
}

/// Writes and commits.
fn write<T>(store: &dyn Store, write: impl FnOnce(&mut dyn UnitOfWork) -> Done<T>) -> Done<T> {
    let mut work = store.begin()?;
    let value = write(work.as_mut())?;
    work.commit()?;
    Ok(value)
}

fn read<T>(store: &dyn Store, read: impl FnOnce(&mut dyn UnitOfWork) -> Done<T>) -> T {
    read(store.begin().unwrap().as_mut()).unwrap()
}

/// The account with two users, a group and two policies.
fn populate(store: &dyn Store) {
    write(store, |work| {
        work.add_account(&Account { id: account(), created: at(0), public_access_block: None })?;
        work.add_identity(&user("AIDA1", "Ann"))?;
        work.add_identity(&user("AIDA2", "bob"))?;
        work.add_identity(&group("AGPA1", "staff"))?;
        work.add_policy(&policy("ANPA1", "Read"), "{\"read\":1}")?;
        work.add_policy(&policy("ANPA2", "Write"), "{\"write\":1}")
    })
    .unwrap();
}

fn refusal<T>(store: &dyn Store, f: impl FnOnce(&mut dyn UnitOfWork) -> Done<T>) -> Option<ErrorKind> {
    write(store, f).err().map(|error| error.kind)
}

fn names(items: &[Identity]) -> Vec<&str> {
    items.iter().map(|it| &*it.name).collect()
}
