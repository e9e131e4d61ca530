//! Temporary credentials: making a token, opening one for the first time and again, and finding out who acts with it.
//! `opened_again_and_acting` is what a request with a session token costs beyond one with a long-term key.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use std::sync::{Arc, LazyLock};

use countersign::{
    base::{AccessKeyId, AccountId, SecretKey, Timestamp},
    session::{Claims, Holder, Link, SecretBytes, Sessions, claims::Packed},
    store::{
        AccessKey, Account, Directory, Identity, IdentityKind, KeyOwner, KeyStatus, MasterKey, RoleDetails,
        SqliteStore, StoreError, SystemRandom,
    },
};
use divan::{Bencher, black_box};

const KEY: &str = "ASIAQAAAAAAAAAAAAAAA";
const OWNER: &str = "AKIAQAAAAAAAAAAAAAAA";
const NOW: i64 = 1_800_000_000;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"000000000001"},"Action":"sts:AssumeRole"}}"#;

static HOUSE: LazyLock<(Sessions, Directory, tempfile::TempDir)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let master = || MasterKey::parse(&"01".repeat(32)).unwrap();
    let sessions = Sessions::derive(&master(), Arc::new(SystemRandom));
    let store = SqliteStore::open(dir.path(), master(), Arc::new(SystemRandom)).unwrap();
    let directory = Directory::open(Box::new(store)).unwrap();
    let (account, created) = (AccountId::from_number(1), Timestamp::UNIX_EPOCH);
    let identity =
        |kind, id: &str| Identity { kind, account, id: id.into(), name: id.into(), path: "/".into(), created };
    let made = directory.write::<_, StoreError>(|work| {
        work.add_account(&Account { id: account, created, public_access_block: None })?;
        work.add_identity(&identity(IdentityKind::User, "AIDA1"))?;
        work.add_identity(&identity(IdentityKind::Role, "AROA1"))?;
        let details = RoleDetails { trust: TRUST.into(), description: None, session_seconds_max: 3_600 };
        work.put_role("AROA1", &details)?;
        let (id, status) = (AccessKeyId::parse(OWNER).unwrap(), KeyStatus::Active);
        let key = AccessKey { id, account, owner: KeyOwner::User("AIDA1".into()), status, created, last_used: None };
        work.add_access_key(&key, &SecretKey::new("secret".into()))
    });
    made.unwrap();
    (sessions, directory, dir)
});

fn claims() -> Claims {
    let generation = HOUSE.1.snapshot().credential(OWNER).unwrap().generation;
    Claims {
        account: 1,
        secret: SecretBytes([7; 30].into()),
        issued: NOW,
        expires: NOW + 3_600,
        holder: Holder::Role { id: "AROA1".into(), session: "a-session".into() },
        chain: vec![Link::Key { id: OWNER.into(), generation }],
        mfa: None,
        source_identity: None,
        provider: None,
        delegate: None,
        packed: Packed::default(),
    }
}

fn token() -> String {
    HOUSE.0.issue(AccessKeyId::parse(KEY).unwrap(), &claims()).ok().unwrap().token
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn main() {
    println!("a token of a role session has {} characters", token().len());
    divan::main();
}

#[divan::bench]
fn made(bencher: Bencher) {
    let (claims, key) = (claims(), AccessKeyId::parse(KEY).unwrap());
    bencher.bench(|| HOUSE.0.issue(key.clone(), black_box(&claims)).ok().unwrap().token.len());
}

#[divan::bench]
fn opened_for_the_first_time(bencher: Bencher) {
    bencher.with_inputs(token).bench_values(|token| HOUSE.0.open(KEY, black_box(&token), now()).is_ok());
}

#[divan::bench(threads = [1, 2])]
fn opened_again(bencher: Bencher) {
    let token = token();
    bencher.bench(|| HOUSE.0.open(KEY, black_box(&token), now()).is_ok());
}

#[divan::bench(threads = [1, 2])]
fn opened_again_and_acting(bencher: Bencher) {
    let token = token();
    bencher.bench(|| {
        let session = HOUSE.0.open(KEY, black_box(&token), now()).unwrap();
        session.acting(&HOUSE.1.snapshot()).is_ok()
    });
}
