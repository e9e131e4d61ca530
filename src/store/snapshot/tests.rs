//! A snapshot that was patched must be the snapshot that would be read anew.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use proptest::prelude::*;

use super::{Compiled, Credential, RoleEntry, Snapshot};
use crate::{
    base::{AccessKeyId, AccountId, SecretKey, Tag, Timestamp},
    store::{
        AccessKey, Account, Directory, EndedSession, ErrorKind, Identity, IdentityKind, InlinePolicy, KeyOwner,
        KeyStatus, ManagedPolicy, MasterKey, RoleDetails, SqliteStore, StoreError, SystemRandom, UnitOfWork,
    },
};

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000001"},"Action":"sts:AssumeRole"}]}"#;
const BROKEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe""#;

fn account() -> AccountId {
    AccountId::from_number(1)
}

fn directory() -> (Directory, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let master = MasterKey::parse(&"01".repeat(32)).unwrap();
    let store = SqliteStore::open(dir.path(), master, Arc::new(SystemRandom)).unwrap();
    let directory = Directory::open(Box::new(store)).unwrap();
    directory.ensure_account(account(), None, Timestamp::UNIX_EPOCH).unwrap();
    (directory, dir)
}

fn reloaded(directory: &Directory) -> Snapshot {
    directory.read::<_, StoreError>(|work| Snapshot::load(work)).unwrap()
}

/// Everything that a snapshot says, in words.
fn facts(snapshot: &Snapshot) -> BTreeSet<String> {
    let compiled = |compiled: &Compiled| format!("{:?}", compiled.set());
    let key = |(id, it): (&AccessKeyId, &Credential)| {
        let Credential { account, principal, secret, status, generation } = it;
        format!("key {id} {account} {principal:?} {} {status:?} {generation}", secret.expose())
    };
    let keys = snapshot.keys.iter().map(key);
    let users = snapshot.users.iter().map(|(user, it)| {
        let inline = it.grants.inline.as_ref().map(compiled);
        let counts = snapshot.identity_policies(&user.0.id).map(|policies| format!("{:?}", policies.sets()));
        format!(
            "user {:?} {:?} {:?} {:?} {inline:?} {counts:?} {:?}",
            user.0,
            it.tags,
            it.groups,
            it.grants.attached,
            snapshot.boundary(&user.0.id)
        )
    });
    let groups = snapshot.groups.iter().map(|(id, it)| {
        let inline = it.inline.as_ref().map(compiled);
        format!("group {id} {:?} {inline:?}", it.attached)
    });
    let roles = snapshot.roles.iter().map(|(id, it)| {
        let RoleEntry { role, trust, session_seconds_max, entry } = it;
        let by_arn = snapshot.role_by_arn(role.arn.as_str()).map(|found| &found.role.id);
        let trust = trust.set().map(|set| format!("{set:?}"));
        format!(
            "role {id} {role:?} {by_arn:?} {trust:?} {session_seconds_max} {:?} {:?}",
            entry.tags, entry.grants.attached
        )
    });
    let arns = std::iter::once(format!("roles by ARN {}", snapshot.roles_by_arn.size()));
    let ended = snapshot.ended.iter().map(|key| format!("ended {key}"));
    let policies = snapshot.policies.iter().map(|(id, it)| format!("policy {id} {}", compiled(it)));
    let sequence = std::iter::once(format!("sequence {:?}", snapshot.sequence));
    keys.chain(users).chain(groups).chain(policies).chain(roles).chain(arns).chain(ended).chain(sequence).collect()
}

/// One write. Numbers name the few entities there can be.
#[derive(Debug, Clone)]
enum Act {
    AddUser(u8),
    AddGroup(u8),
    Rename(u8, u8),
    DeleteUser(u8),
    DeleteGroup(u8),
    Join(u8, u8),
    Leave(u8, u8),
    AddKey(u8, u8),
    Status(u8, bool),
    DeleteKey(u8),
    AddPolicy(u8),
    AddVersion(u8, bool),
    DefaultVersion(u8, u32),
    DeletePolicy(u8),
    Attach(u8, u8),
    Detach(u8, u8),
    PutInline(u8, u8),
    DeleteInline(u8, u8),
    Tag(u8, u8),
    Untag(u8),
    Bound(u8, u8),
    AddRole(u8, u8),
    Trust(u8, bool),
    DeleteRole(u8),
    EndSession(u8),
    ForgetSessions,
}

fn act() -> impl Strategy<Value = Act> {
    use Act::*;
    let few = || 0..3u8;
    prop_oneof![
        3 => few().prop_map(AddUser),
        2 => few().prop_map(AddGroup),
        1 => (few(), few()).prop_map(|(a, b)| Rename(a, b)),
        1 => few().prop_map(DeleteUser),
        1 => few().prop_map(DeleteGroup),
        2 => (few(), few()).prop_map(|(a, b)| Join(a, b)),
        1 => (few(), few()).prop_map(|(a, b)| Leave(a, b)),
        3 => (few(), 0..4u8).prop_map(|(a, b)| AddKey(a, b)),
        1 => (few(), any::<bool>()).prop_map(|(a, b)| Status(a, b)),
        1 => few().prop_map(DeleteKey),
        3 => few().prop_map(AddPolicy),
        2 => (few(), any::<bool>()).prop_map(|(a, b)| AddVersion(a, b)),
        1 => (few(), 1..4u32).prop_map(|(a, b)| DefaultVersion(a, b)),
        1 => few().prop_map(DeletePolicy),
        3 => (0..6u8, few()).prop_map(|(a, b)| Attach(a, b)),
        1 => (0..6u8, few()).prop_map(|(a, b)| Detach(a, b)),
        2 => (0..6u8, few()).prop_map(|(a, b)| PutInline(a, b)),
        1 => (0..6u8, few()).prop_map(|(a, b)| DeleteInline(a, b)),
        1 => (few(), few()).prop_map(|(a, b)| Tag(a, b)),
        1 => few().prop_map(Untag),
        2 => (few(), 0..4u8).prop_map(|(a, b)| Bound(a, b)),
        3 => (few(), few()).prop_map(|(a, b)| AddRole(a, b)),
        1 => (few(), any::<bool>()).prop_map(|(a, b)| Trust(a, b)),
        2 => few().prop_map(DeleteRole),
        2 => few().prop_map(EndSession),
        1 => Just(ForgetSessions),
    ]
}

/// Users are 0 to 2, groups 3 to 5 where either may stand.
fn holder(number: u8) -> String {
    if number < 3 { format!("AIDA{number}") } else { format!("AGPA{}", number - 3) }
}

fn identity(kind: IdentityKind, id: &str) -> Identity {
    let created = Timestamp::UNIX_EPOCH;
    Identity { kind, account: account(), id: id.into(), name: id.into(), path: "/".into(), created }
}

fn policy(id: &str) -> ManagedPolicy {
    ManagedPolicy {
        account: account(),
        id: id.into(),
        name: id.into(),
        path: "/".into(),
        description: None,
        created: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
        default_version: 1,
        attachments: 0,
        boundaries: 0,
    }
}

fn key_id(number: u8) -> AccessKeyId {
    AccessKeyId::parse(&format!("AKIA000000000000000{number}")).unwrap()
}

fn add_key(work: &mut dyn UnitOfWork, key: u8, owner: KeyOwner) -> Result<(), StoreError> {
    let (created, status) = (Timestamp::UNIX_EPOCH, KeyStatus::Active);
    let key = AccessKey { id: key_id(key), account: account(), owner, status, created, last_used: None };
    work.add_access_key(&key, &SecretKey::new(format!("secret of {}", key.id)))
}

fn run(work: &mut dyn UnitOfWork, act: &Act) -> Result<(), StoreError> {
    let (user, group) = (|n: &u8| format!("AIDA{n}"), |n: &u8| format!("AGPA{n}"));
    let managed = |n: &u8| format!("ANPA{n}");
    match act {
        Act::AddUser(n) => work.add_identity(&identity(IdentityKind::User, &user(n))),
        Act::AddGroup(n) => work.add_identity(&identity(IdentityKind::Group, &group(n))),
        Act::Rename(n, to) => work.rename_identity(&user(n), &format!("name{to}"), "/new/"),
        Act::DeleteUser(n) => work.delete_identity(&user(n)),
        Act::DeleteGroup(n) => work.delete_identity(&group(n)),
        Act::Join(n, to) => work.add_member(&group(to), &user(n)).map(drop),
        Act::Leave(n, from) => work.remove_member(&group(from), &user(n)).map(drop),
        Act::AddKey(n, 3) => add_key(work, *n, KeyOwner::Root),
        Act::AddKey(n, of) => add_key(work, *n, KeyOwner::User(user(of).into())),
        Act::Status(n, true) => work.set_access_key_status(&key_id(*n), KeyStatus::Active),
        Act::Status(n, false) => work.set_access_key_status(&key_id(*n), KeyStatus::Inactive),
        Act::DeleteKey(n) => work.delete_access_key(&key_id(*n)),
        Act::AddPolicy(n) => work.add_policy(&policy(&managed(n)), ALLOW),
        Act::AddVersion(n, default) => {
            work.add_policy_version(&managed(n), DENY, Timestamp::UNIX_EPOCH, *default).map(drop)
        }
        Act::DefaultVersion(n, number) => work.set_default_version(&managed(n), *number),
        Act::DeletePolicy(n) => work.delete_policy(&managed(n)),
        Act::Attach(to, n) => work.attach(&holder(*to), &managed(n)).map(drop),
        Act::Detach(from, n) => work.detach(&holder(*from), &managed(n)).map(drop),
        Act::PutInline(to, n) => {
            let document = [ALLOW, DENY, BROKEN][usize::from(*n)];
            let policy = InlinePolicy { name: format!("p{n}").into(), document: document.into() };
            work.put_inline_policy(&holder(*to), &policy)
        }
        Act::DeleteInline(from, n) => work.delete_inline_policy(&holder(*from), &format!("p{n}")).map(drop),
        Act::Tag(n, value) => work.put_tags(&user(n), &[Tag::new("team", &value.to_string()).unwrap()]),
        Act::Bound(n, 3) => work.put_boundary(&user(n), None).map(drop),
        Act::Bound(n, to) => work.put_boundary(&user(n), Some(&managed(to))).map(drop),
        // Roles of other ids may have the same name, one after the other.
        Act::AddRole(n, name) => {
            let name = format!("role{name}").into();
            work.add_identity(&Identity { name, ..identity(IdentityKind::Role, &format!("AROA{n}")) })
        }
        Act::Trust(n, good) => {
            let trust = if *good { TRUST } else { BROKEN };
            let details = RoleDetails { trust: trust.into(), description: None, session_seconds_max: 3_600 };
            work.put_role(&format!("AROA{n}"), &details)
        }
        Act::DeleteRole(n) => work.delete_identity(&format!("AROA{n}")),
        Act::EndSession(n) => {
            let key = AccessKeyId::parse(&format!("ASIA000000000000000{n}")).unwrap();
            work.end_session(&EndedSession { key, account: account(), until: Timestamp::UNIX_EPOCH })
        }
        Act::ForgetSessions => work.forget_ended_sessions(Timestamp::UNIX_EPOCH).map(drop),
        Act::Untag(n) => work.delete_tags(&user(n), &["TEAM"]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_patched_snapshot_is_what_would_be_read_anew(
        writes in prop::collection::vec(prop::collection::vec(act(), 1..6), 1..40),
    ) {
        let (directory, _dir) = directory();
        for acts in writes {
            let before = facts(&directory.snapshot());
            let written = directory.write(|work| {
                // What is there already or not at all is passed over; every other refusal undoes the whole.
                acts.iter().try_for_each(|act| match run(work, act) {
                    Err(error) if matches!(error.kind, ErrorKind::Exists | ErrorKind::Missing) => Ok(()),
                    done => done,
                })
            });
            let after = facts(&directory.snapshot());
            prop_assert_eq!(&after, &facts(&reloaded(&directory)), "after {:?}", acts);
            if let Err(error) = written {
                prop_assert_eq!(error.kind, ErrorKind::InUse, "{}", error);
                prop_assert_eq!(after, before, "a refused write shows");
            }
        }
    }
}

fn write(directory: &Directory, write: impl FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>) {
    directory.write(write).unwrap();
}

#[test]
fn a_policy_is_compiled_once_for_all_who_hold_it() {
    let (directory, _dir) = directory();
    write(&directory, |work| {
        work.add_identity(&identity(IdentityKind::User, "AIDA0"))?;
        work.add_identity(&identity(IdentityKind::User, "AIDA1"))?;
        work.add_identity(&identity(IdentityKind::Group, "AGPA0"))?;
        work.add_member("AGPA0", "AIDA1")?;
        work.add_policy(&policy("ANPA0"), ALLOW)?;
        work.add_policy(&policy("ANPA1"), ALLOW)?;
        work.attach("AIDA0", "ANPA0")?;
        work.attach("AIDA0", "ANPA1")?;
        work.attach("AGPA0", "ANPA0").map(drop)
    });
    let parts = |snapshot: &Snapshot, user: &str| -> Vec<Compiled> {
        snapshot.parts(snapshot.users.get(user).unwrap()).unwrap().into_iter().cloned().collect()
    };
    let sets = |snapshot: &Snapshot, user: &str| format!("{:?}", snapshot.identity_policies(user).unwrap().sets());
    let before = directory.snapshot();
    let (own, through_group) = (parts(&before, "AIDA0"), parts(&before, "AIDA1"));
    assert!(own.len() == 2 && through_group.len() == 1 && own[0].is(&through_group[0]));
    let allowing = sets(&before, "AIDA0");
    assert!(!allowing.contains("Deny"));

    write(&directory, |work| work.add_policy_version("ANPA0", DENY, Timestamp::UNIX_EPOCH, true).map(drop));
    let after = directory.snapshot();
    let renewed = parts(&after, "AIDA0");
    assert!(!renewed[0].is(&own[0]), "the new version is in force");
    assert!(renewed[1].is(&own[1]), "what did not change is shared with the snapshot before");
    assert!(parts(&after, "AIDA1")[0].is(&renewed[0]));
    let denying = sets(&after, "AIDA0");
    assert!(denying.contains("Deny"));
    // Requests that hold the old snapshot keep it, in whatever order they come.
    for _ in 0..2 {
        assert_eq!((sets(&before, "AIDA0"), sets(&after, "AIDA0")), (allowing.clone(), denying.clone()));
    }
}

#[test]
fn a_stored_policy_that_cannot_be_used_denies_its_holders_everything() {
    let (directory, _dir) = directory();
    write(&directory, |work| {
        for user in ["AIDA0", "AIDA1", "AIDA2"] {
            work.add_identity(&identity(IdentityKind::User, user))?;
        }
        work.add_identity(&identity(IdentityKind::Group, "AGPA0"))?;
        work.add_member("AGPA0", "AIDA1")?;
        work.add_policy(&policy("ANPA0"), BROKEN)?;
        work.attach("AGPA0", "ANPA0")?;
        work.put_inline_policy("AIDA0", &InlinePolicy { name: "good".into(), document: ALLOW.into() })?;
        work.put_inline_policy("AIDA0", &InlinePolicy { name: "bad".into(), document: BROKEN.into() })?;
        work.put_inline_policy("AIDA2", &InlinePolicy { name: "good".into(), document: ALLOW.into() })
    });
    let snapshot = directory.snapshot();
    let told = |user: &str| snapshot.identity_policies(user).err().map(|reason| reason.to_string());
    assert!(told("AIDA0").unwrap().contains("arn:aws:iam::000000000001:user/AIDA0/bad"));
    assert!(told("AIDA1").unwrap().contains("arn:aws:iam::000000000001:policy/ANPA0"));
    assert_eq!(told("AIDA2"), None);
    assert!(told("AIDA9").is_some(), "an unknown user is denied too");
    drop(snapshot);
    write(&directory, |work| work.delete_inline_policy("AIDA0", "bad").map(drop));
    assert_eq!(directory.snapshot().identity_policies("AIDA0").unwrap().sets().len(), 1);
}

#[test]
fn a_key_and_its_user_share_one_user() {
    let (directory, _dir) = directory();
    write(&directory, |work| {
        work.add_account(&Account {
            id: AccountId::from_number(2),
            created: Timestamp::UNIX_EPOCH,
            public_access_block: None,
        })?;
        work.add_identity(&identity(IdentityKind::User, "AIDA0"))?;
        add_key(work, 0, KeyOwner::User("AIDA0".into()))
    });
    for rename in [false, true] {
        if rename {
            write(&directory, |work| work.rename_identity("AIDA0", "anna", "/x/"));
        }
        let snapshot = directory.snapshot();
        let credential = snapshot.credential(key_id(0).as_str()).unwrap();
        let crate::base::Principal::User(of_key) = &credential.principal else { panic!("not a user") };
        let (known, _) = snapshot.users.get_key_value("AIDA0").unwrap();
        assert!(Arc::ptr_eq(of_key, &known.0));
        assert_eq!(&*of_key.name, if rename { "anna" } else { "AIDA0" });
    }
}
