//! What a request pays for identities, and what a change pays to be seen, in a directory with many users.
//!
//! `COUNTERSIGN_BENCH_USERS` sets how many (100,000 if unset); there are 10,000 policies, of which each user holds two.
//! `COUNTERSIGN_BENCH_URL` names an empty PostgreSQL database to use in place of SQLite. Prints how long they took to load
//! and the resident memory.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use std::{
    fs,
    ops::Range,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use countersign::{
    base::{AccessKeyId, AccountId, SecretKey, Timestamp},
    store::{
        AccessKey, Account, Directory, Identity, IdentityKind, KeyOwner, KeyStatus, ManagedPolicy, MasterKey,
        SqliteStore, Store, StoreError, SystemRandom, UnitOfWork, postgres::Database,
    },
};
use divan::{Bencher, black_box};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}]}"#;

/// How many entities are added in one transaction.
const PART: usize = 500;

/// How many policies there are besides the one that all users hold.
const POLICIES: u64 = 9_999;

static DIRECTORY: LazyLock<(Directory, tempfile::TempDir, u64)> = LazyLock::new(|| {
    let users = std::env::var("COUNTERSIGN_BENCH_USERS").ok().and_then(|it| it.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir().unwrap();
    let url = std::env::var("COUNTERSIGN_BENCH_URL").ok();
    let open = || -> Box<dyn Store> {
        let master = MasterKey::parse(&"01".repeat(32)).unwrap();
        match &url {
            None => Box::new(SqliteStore::open(dir.path(), master, Arc::new(SystemRandom)).unwrap()),
            Some(url) => {
                let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_root_certificates(RootCertStore::empty())
                    .with_no_client_auth();
                Box::new(Database::connect(url, tls).unwrap().open(master, Arc::new(SystemRandom)).unwrap())
            }
        }
    };
    populate(open().as_ref(), users).unwrap();
    let (start, before) = (Instant::now(), resident_kib());
    let directory = Directory::open(open()).unwrap();
    let grown = resident_kib() - before;
    println!("{users} users loaded in {:?}, {grown} KiB of resident memory more", start.elapsed());
    (directory, dir, users)
});

fn main() {
    LazyLock::force(&DIRECTORY);
    divan::main();
}

#[divan::bench(threads = [1, 2])]
fn credential_and_policies(bencher: Bencher) {
    let (directory, _, users) = &*DIRECTORY;
    let key = key_id(users / 2);
    bencher.bench(|| {
        let snapshot = directory.snapshot();
        let credential = snapshot.credential(black_box(key.as_str())).unwrap();
        let policies = snapshot.identity_policies(credential.principal.user_id()).unwrap();
        black_box((credential.generation, policies.sets().len()))
    });
}

#[divan::bench(sample_count = 50)]
fn change_of_a_policy_that_all_users_hold(bencher: Bencher) {
    let (directory, ..) = &*DIRECTORY;
    bencher.bench(|| directory.write::<_, StoreError>(|work| work.set_default_version("ANPA0", 1)).unwrap());
}

#[divan::bench(sample_count = 50)]
fn creation_of_a_user_with_a_key(bencher: Bencher) {
    static NEXT: AtomicU64 = AtomicU64::new(1 << 40);
    let (directory, ..) = &*DIRECTORY;
    bencher.bench(|| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        directory.write::<_, StoreError>(|work| add_user(work, number)).unwrap();
    });
}

fn populate(store: &dyn Store, users: u64) -> Result<(), StoreError> {
    let (account, created) = (AccountId::from_number(1), Timestamp::UNIX_EPOCH);
    let mut work = store.begin()?;
    work.add_account(&Account { id: account, created, public_access_block: None })?;
    work.add_identity(&identity(IdentityKind::Group, "AGPA0"))?;
    let policy = ManagedPolicy {
        account,
        id: "ANPA0".into(),
        name: "home".into(),
        path: "/".into(),
        description: None,
        created,
        updated: created,
        default_version: 1,
        attachments: 0,
        boundaries: 0,
    };
    work.add_policy(&policy, DOCUMENT)?;
    work.attach("AGPA0", "ANPA0")?;
    work.commit()?;
    in_parts(store, 1..POLICIES + 1, |work, number| {
        let policy =
            ManagedPolicy { id: policy_id(number).into(), name: format!("home{number}").into(), ..policy.clone() };
        work.add_policy(&policy, DOCUMENT)
    })?;
    in_parts(store, 0..users, add_user)
}

/// Many at a time, and not all: in one transaction, PostgreSQL looks through every version of a row that it has written.
fn in_parts(
    store: &dyn Store,
    numbers: Range<u64>,
    add: impl Fn(&mut dyn UnitOfWork, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for first in numbers.clone().step_by(PART) {
        let mut work = store.begin()?;
        (first..numbers.end.min(first + PART as u64)).try_for_each(|number| add(work.as_mut(), number))?;
        work.commit()?;
    }
    Ok(())
}

fn add_user(work: &mut dyn UnitOfWork, number: u64) -> Result<(), StoreError> {
    let id = format!("AIDA{number:017}");
    work.add_identity(&identity(IdentityKind::User, &id))?;
    work.add_member("AGPA0", &id)?;
    work.attach(&id, "ANPA0")?;
    work.attach(&id, &policy_id(1 + number % POLICIES))?;
    let (account, created, status) = (AccountId::from_number(1), Timestamp::UNIX_EPOCH, KeyStatus::Active);
    let owner = KeyOwner::User(id.into());
    let key = AccessKey { id: key_id(number), account, owner, status, created, last_used: None };
    work.add_access_key(&key, &SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into()))
}

fn identity(kind: IdentityKind, id: &str) -> Identity {
    let created = Timestamp::UNIX_EPOCH;
    Identity { kind, account: AccountId::from_number(1), id: id.into(), name: id.into(), path: "/".into(), created }
}

fn policy_id(number: u64) -> String {
    format!("ANPA{number}")
}

fn key_id(number: u64) -> AccessKeyId {
    AccessKeyId::parse(&format!("AKIA{number:016}")).unwrap()
}

/// The resident memory of this process; 0 where `/proc` does not tell.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
