//! The SQLite store: the common suite, and what only a file on a disk can suffer.

use std::{fs, path::Path, sync::Arc};

use countersign::{
    base::AccountId,
    store::{
        AccessKey, Account, ErrorKind, Identity, InlinePolicy, KeyOwner, MasterKey, Record, SqliteStore, Store,
        StoreError, SystemRandom, sqlite,
    },
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::store_suite::{access_key, at, key_id, secret, store_suite, user};

store_suite!(on_sqlite, || {
    let dir = tempfile::tempdir().unwrap();
    (super::open(dir.path()).unwrap(), dir)
});

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn open(dir: &Path) -> Result<SqliteStore, StoreError> {
    open_with(dir, 1)
}

fn open_with(dir: &Path, master: u8) -> Result<SqliteStore, StoreError> {
    let master = MasterKey::parse(&format!("{master:02x}").repeat(32))?;
    SqliteStore::open(dir, master, Arc::new(SystemRandom))
}

fn refusal(opened: Result<SqliteStore, StoreError>) -> Option<ErrorKind> {
    opened.err().map(|error| error.kind)
}

/// A folder with a closed database that holds two accounts with a root key each.
fn written() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut work = store.begin().unwrap();
    for (number, id) in [(1, "AKIAROOT000000000001"), (2, "AKIAROOT000000000002")] {
        let account = AccountId::from_number(number);
        work.add_account(&Account { id: account, created: at(0), public_access_block: None }).unwrap();
        let key = AccessKey { account, ..access_key(id, KeyOwner::Root) };
        work.add_access_key(&key, &secret(SECRET)).unwrap();
    }
    work.commit().unwrap();
    dir
}

fn database(dir: &TempDir) -> std::path::PathBuf {
    dir.path().join(sqlite::DATABASE_FILE)
}

/// Every byte of every file in the folder.
fn bytes(dir: &TempDir) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    assert!(SqliteStore::is_fresh(tempfile::tempdir().unwrap().path()));
    let dir = written();
    assert!(!SqliteStore::is_fresh(dir.path()));
    let store = open(dir.path()).unwrap();
    let mut work = store.begin().unwrap();
    assert_eq!(work.accounts().unwrap().len(), 2);
    let open = work.open_access_key(&key_id("AKIAROOT000000000002")).unwrap().unwrap();
    assert_eq!(open.secret.expose(), SECRET);
}

/// What a crash leaves is what the files hold at that moment, the log among them.
#[test]
fn a_crash_leaves_what_was_committed_and_nothing_else() {
    let dir = written();
    let store = open(dir.path()).unwrap();
    let add = |id: &str, name: &str| {
        let mut work = store.begin().unwrap();
        let account = AccountId::from_number(1);
        work.add_identity(&Identity { account, ..user(id, name) }).unwrap();
        for number in 0..2000 {
            let policy = InlinePolicy { name: format!("p{number}").into(), document: "x".repeat(2000).into() };
            work.put_inline_policy(id, &policy).unwrap();
        }
        work
    };
    let after_crash = || {
        let copy = tempfile::tempdir().unwrap();
        for (name, bytes) in bytes(&dir) {
            fs::write(copy.path().join(name), bytes).unwrap();
        }
        let store = open(copy.path()).unwrap();
        let mut holdings = Vec::new();
        let mut work = store.begin().unwrap();
        work.scan(&mut |record| {
            if let Record::Identity(holding) = record {
                holdings.push((holding.identity.id, holding.inline.len()));
            }
            Ok(())
        })
        .unwrap();
        holdings
    };
    let work = add("AIDA1", "ann");
    assert_eq!(after_crash(), []);
    work.commit().unwrap();
    let _unfinished = add("AIDA2", "bob");
    assert_eq!(after_crash(), [("AIDA1".into(), 2000)]);
}

#[test]
fn no_file_holds_a_secret_in_the_clear() {
    let dir = written();
    let store = open(dir.path()).unwrap();
    for (name, bytes) in bytes(&dir) {
        let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "{name}");
    }
    drop(store);
    let connection = Connection::open(database(&dir)).unwrap();
    let sealed: i64 = connection.query_row("SELECT count(DISTINCT sealed) FROM access_key", [], |r| r.get(0)).unwrap();
    assert_eq!(sealed, 2, "the same secret sealed twice must not look the same");
}

#[test]
fn a_sealed_record_moved_elsewhere_does_not_open() {
    let moves = [
        "UPDATE access_key SET sealed = (SELECT sealed FROM access_key WHERE id = 'AKIAROOT000000000002') \
         WHERE id = 'AKIAROOT000000000001'",
        "UPDATE access_key SET id = 'AKIAROOT000000000003' WHERE id = 'AKIAROOT000000000001'",
        "UPDATE access_key SET account = '000000000002' WHERE id = 'AKIAROOT000000000001'",
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE account = '000000000002') \
         WHERE account = '000000000001'",
        "UPDATE access_key SET sealed = x'' WHERE id = 'AKIAROOT000000000001'",
        "DELETE FROM data_key WHERE account = '000000000001'",
    ];
    for sql in moves {
        let dir = written();
        assert_eq!(Connection::open(database(&dir)).unwrap().execute(sql, []).unwrap(), 1, "{sql}");
        let store = open(dir.path()).unwrap();
        let scanned = store.begin().unwrap().scan(&mut |_| Ok(()));
        assert_eq!(scanned.map_err(|error| error.kind), Err(ErrorKind::Damaged), "{sql}");
    }
}

#[test]
fn a_wrong_master_key_is_refused_and_touches_nothing() {
    let dir = written();
    let before = bytes(&dir);
    assert_eq!(refusal(open_with(dir.path(), 2)), Some(ErrorKind::WrongMasterKey));
    assert!(bytes(&dir) == before, "the files changed");
    assert_eq!(refusal(open(dir.path())), None);
}

#[test]
fn a_newer_database_is_refused_and_touched_by_nothing() {
    let dir = written();
    let sql = "INSERT INTO refinery_schema_history VALUES (9999, 'later', '2030-01-01T00:00:00Z', '0')";
    Connection::open(database(&dir)).unwrap().execute(sql, []).unwrap();
    let before = bytes(&dir);
    assert_eq!(refusal(open(dir.path())), Some(ErrorKind::Newer));
    assert!(bytes(&dir) == before, "the files changed");
}

#[test]
fn damage_is_told_as_damage() {
    let dir = written();
    let whole = fs::read(database(&dir)).unwrap();
    let mut no_header = whole.clone();
    no_header[..16].fill(0);
    let mut no_pages = whole.clone();
    no_pages[100..].fill(0xff);
    for (what, bytes) in [("header", &no_header), ("pages", &no_pages), ("cut", &whole[..whole.len() / 2].to_vec())] {
        fs::write(database(&dir), bytes).unwrap();
        let told = open(dir.path()).and_then(|store| store.begin()?.scan(&mut |_| Ok(())));
        assert_eq!(told.map_err(|error| error.kind), Err(ErrorKind::Damaged), "{what}");
    }
    for column in ["account SET id = 'x'", "access_key SET status = 'Open'", "access_key SET id = 'short'"] {
        fs::write(database(&dir), &whole).unwrap();
        let connection = Connection::open(database(&dir)).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let first = column.split_once(' ').unwrap().0;
        let sql = format!("UPDATE {column} WHERE id = (SELECT min(id) FROM {first})");
        assert_eq!(connection.execute(&sql, []).unwrap(), 1, "{column}");
        drop(connection);
        let store = open(dir.path()).unwrap();
        let mut work = store.begin().unwrap();
        let told = work.accounts().map(drop).and_then(|()| work.scan(&mut |_| Ok(())));
        assert_eq!(told.map_err(|error| error.kind), Err(ErrorKind::Damaged), "{column}");
    }
}

#[test]
fn a_second_process_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    assert_eq!(refusal(open(dir.path())), Some(ErrorKind::Unavailable));
    drop(store);
    assert_eq!(refusal(open(dir.path())), None);
}

#[test]
fn a_folder_that_cannot_be_written_is_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(refusal(open(&dir.path().join("none"))), Some(ErrorKind::Unavailable));
    // Where not even the superuser makes files.
    #[cfg(target_os = "linux")]
    assert_eq!(refusal(open(Path::new("/proc"))), Some(ErrorKind::Unavailable));
    fs::create_dir(database(&dir)).unwrap();
    assert_eq!(refusal(open(dir.path())), Some(ErrorKind::Unavailable));
}

#[test]
fn a_database_locked_by_another_is_unavailable_until_it_is_let_go() {
    let dir = written();
    let store = open(dir.path()).unwrap();
    let other = Connection::open(database(&dir)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let rename = || {
        let mut work = store.begin()?;
        work.add_identity(&Identity { account: AccountId::from_number(1), ..user("AIDA1", "ann") })?;
        work.commit()
    };
    assert_eq!(rename().map_err(|error| error.kind), Err(ErrorKind::Unavailable));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(rename().is_ok());
}

#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = written();
    let _store = open(dir.path()).unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}
