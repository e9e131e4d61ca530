//! A directory: what is acknowledged is durable and shown, what is refused is neither.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign::{
    base::{AccountId, Principal},
    store::{
        Account, Directory, ErrorKind, KeyOwner, KeyStatus, MasterKey, SqliteStore, Store, StoreError, SystemRandom,
        UnitOfWork, directory::RootKey,
    },
};

use crate::store_suite::{access_key, account, at, key_id, owner, secret, user};

fn sqlite(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, MasterKey::parse(&"01".repeat(32)).unwrap(), Arc::new(SystemRandom)).unwrap()
}

fn directory(dir: &Path) -> Directory {
    Directory::open(Box::new(sqlite(dir))).unwrap()
}

fn root(id: &str, text: &str) -> Option<RootKey> {
    Some(RootKey { id: key_id(id), secret: secret(text) })
}

/// The ids of root's keys in the store.
fn root_keys(directory: &Directory, account: AccountId) -> Vec<String> {
    let keys = directory.read::<_, StoreError>(|work| work.access_keys(account, &KeyOwner::Root)).unwrap();
    keys.into_iter().map(|key| key.id.to_string()).collect()
}

#[test]
fn root_keys_from_outside_replace_those_that_were() {
    const FIRST: &str = "AKIAROOT000000000001";
    const SECOND: &str = "AKIAROOT000000000002";
    let dir = tempfile::tempdir().unwrap();
    let directory = directory(dir.path());
    let ensure = |key| directory.ensure_account(account(), key, at(0)).unwrap();
    let secret_of = |id: &str| {
        let snapshot = directory.snapshot();
        snapshot.credential(id).map(|it| (it.principal.clone(), it.secret.expose().to_owned()))
    };
    let root_with = |text: &str| Some((Principal::Root(account()), text.to_owned()));

    ensure(None);
    assert_eq!(root_keys(&directory, account()), [""; 0]);
    ensure(root(FIRST, "one"));
    assert_eq!(secret_of(FIRST), root_with("one"));
    let sequence = directory.snapshot().sequence();
    ensure(root(FIRST, "one"));
    ensure(None);
    assert_eq!(directory.snapshot().sequence(), sequence, "nothing is done twice");

    ensure(root(FIRST, "other"));
    assert_eq!(secret_of(FIRST), root_with("other"));
    ensure(root(SECOND, "two"));
    assert_eq!((secret_of(FIRST), secret_of(SECOND)), (None, root_with("two")));
    directory.write(|work| work.set_access_key_status(&key_id(SECOND), KeyStatus::Inactive)).unwrap();
    ensure(root(SECOND, "two"));
    assert_eq!(directory.snapshot().credential(SECOND).unwrap().status, KeyStatus::Active);
    assert_eq!(root_keys(&directory, account()), [SECOND]);

    // Another account cannot take it over.
    let taken = directory.ensure_account(AccountId::from_number(1), root(SECOND, "two"), at(0));
    assert_eq!(taken.map_err(|error| error.kind), Err(ErrorKind::Exists));
    assert_eq!(secret_of(SECOND), root_with("two"));
}

#[test]
fn a_change_is_shown_when_it_is_acknowledged_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let id = "AKIAUSER000000000001";
    {
        let directory = directory(dir.path());
        let before = directory.snapshot();
        directory
            .write::<_, StoreError>(|work| {
                work.add_account(&Account { id: account(), created: at(0), public_access_block: None })?;
                work.add_identity(&user("AIDA1", "ann"))?;
                work.add_access_key(&access_key(id, owner("AIDA1")), &secret("s"))
            })
            .unwrap();
        assert!(before.credential(id).is_none(), "a snapshot never changes");
        assert_eq!(directory.snapshot().credential(id).unwrap().secret.expose(), "s");
    }
    let directory = directory(dir.path());
    let snapshot = directory.snapshot();
    let credential = snapshot.credential(id).unwrap();
    assert_eq!(credential.principal.arn().unwrap().as_str(), "arn:aws:iam::123456789012:user/ann");
    assert_eq!(snapshot.identity_policies("AIDA1").unwrap().sets().len(), 0);
}

#[test]
fn uses_of_keys_are_flushed_and_kept_until_then() {
    let dir = tempfile::tempdir().unwrap();
    let directory = directory(dir.path());
    let id = key_id("AKIAROOT000000000001");
    directory.ensure_account(account(), root(id.as_str(), "s"), at(0)).unwrap();
    let stored = || directory.read::<_, StoreError>(|work| work.access_key(&id)).unwrap().unwrap().last_used;

    directory.note_use(&id, at(1), "s3", "us-east-1");
    directory.note_use(&id, at(2), "s3", "us-east-1");
    assert_eq!(stored(), None);
    assert_eq!(directory.flush_last_used(), Ok(1));
    assert_eq!(stored().unwrap().at, at(1));
    assert_eq!(directory.flush_last_used(), Ok(0));

    directory.note_use(&id, at(3), "s3", "us-east-1");
    directory.note_use(&id, at(4), "iam", "us-east-1");
    directory.note_use(&key_id("AKIAGONE000000000001"), at(4), "s3", "us-east-1");
    assert_eq!(directory.flush_last_used(), Ok(2));
    assert_eq!(stored().map(|used| (used.at, String::from(used.service))), Some((at(4), "iam".into())));
}

/// A store that is away while told to.
struct Failing {
    store: SqliteStore,
    fails: Arc<AtomicBool>,
}

impl Store for Failing {
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        match self.fails.load(Ordering::Relaxed) {
            true => Err(StoreError::new(ErrorKind::Full, "as told")),
            false => self.store.begin(),
        }
    }
}

#[test]
fn a_refused_write_changes_neither_store_nor_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let store = Failing { store: sqlite(dir.path()), fails: Arc::clone(&fails) };
    let directory = Directory::open(Box::new(store)).unwrap();
    let id = key_id("AKIAROOT000000000001");
    directory.ensure_account(account(), root(id.as_str(), "s"), at(0)).unwrap();
    let sequence = directory.snapshot().sequence();
    let fail = |work: &mut dyn UnitOfWork| -> Result<(), StoreError> {
        work.delete_access_key(&id)?;
        work.add_identity(&user("AIDA1", "ann"))?;
        Err(StoreError::new(ErrorKind::Conflict, "changed my mind"))
    };
    assert_eq!(directory.write(fail).map_err(|error| error.kind), Err(ErrorKind::Conflict));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        directory.write::<(), StoreError>(|work| {
            work.delete_access_key(&id)?;
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());

    fails.store(true, Ordering::Relaxed);
    directory.note_use(&id, at(7), "s3", "us-east-1");
    assert_eq!(directory.flush_last_used().map_err(|error| error.kind), Err(ErrorKind::Full));
    let deleted = directory.write::<(), StoreError>(|work| work.delete_access_key(&id));
    assert_eq!(deleted.map_err(|error| error.kind), Err(ErrorKind::Full));
    assert!(directory.snapshot().credential(id.as_str()).is_some(), "decisions go on without the store");

    fails.store(false, Ordering::Relaxed);
    assert_eq!(directory.flush_last_used(), Ok(1), "what could not be flushed was kept");
    assert_eq!(directory.snapshot().sequence(), sequence);
    assert_eq!(root_keys(&directory, account()), [id.to_string()]);
    directory.write::<_, StoreError>(|work| work.delete_access_key(&id)).unwrap();
    assert!(directory.snapshot().credential(id.as_str()).is_none());
}
