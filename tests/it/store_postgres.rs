//! The PostgreSQL store: the common suite, and what only a database that others reach can suffer.

use countersign::store::{Account, ErrorKind, PostgresStore, Store, StoreError};

use crate::{
    postgres::{self, open},
    store_suite::{account, at, store_suite, user},
};

store_suite!(on_postgres, || (crate::postgres::open(&crate::postgres::server().database(), 1).unwrap(), ()));

fn refusal(opened: Result<PostgresStore, StoreError>) -> Option<ErrorKind> {
    opened.err().map(|error| error.kind)
}

/// The URL of a database with an account.
fn written() -> String {
    let url = postgres::server().database();
    let store = open(&url, 1).unwrap();
    let mut work = store.begin().unwrap();
    work.add_account(&Account { id: account(), created: at(0), public_access_block: None }).unwrap();
    work.commit().unwrap();
    url
}

#[test]
fn a_wrong_master_key_and_a_newer_database_are_refused() {
    let url = written();
    assert_eq!(refusal(open(&url, 2)), Some(ErrorKind::WrongMasterKey));
    assert_eq!(refusal(open(&url, 1)), None);
    let sql = "INSERT INTO refinery_schema_history VALUES (9999, 'later', '2030-01-01T00:00:00Z', '0')";
    postgres::run(&url, sql).unwrap();
    assert_eq!(refusal(open(&url, 1)), Some(ErrorKind::Newer));
}

#[test]
fn nodes_that_start_at_once_make_one_database() {
    let url = postgres::server().database();
    std::thread::scope(|scope| {
        let nodes: Vec<_> = (0..4).map(|_| scope.spawn(|| refusal(open(&url, 1)))).collect();
        for node in nodes {
            assert_eq!(node.join().unwrap(), None);
        }
    });
    assert_eq!(postgres::run(&url, "SELECT count(*) FROM refinery_schema_history").unwrap(), ["2"]);
}

#[test]
fn what_points_nowhere_is_unavailable() {
    let nowhere = postgres::server().url("nowhere");
    for url in ["nonsense", "postgresql://x@127.0.0.1:1/x", &nowhere] {
        assert_eq!(refusal(open(url, 1)), Some(ErrorKind::Unavailable), "{url}");
    }
}

#[test]
fn writers_of_several_nodes_come_one_after_the_other() {
    let url = written();
    let nodes = [open(&url, 1).unwrap(), open(&url, 1).unwrap()];
    std::thread::scope(|scope| {
        for (node, store) in nodes.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..50 {
                    let mut work = store.begin().unwrap();
                    let before = work.latest().unwrap();
                    work.add_identity(&user(&format!("AIDA{node}{number}"), &format!("u{node}-{number}"))).unwrap();
                    let after = work.commit().unwrap();
                    assert_eq!(after.0, before.0 + 1, "nobody else's change came between");
                }
            });
        }
    });
    assert_eq!(postgres::run(&url, "SELECT count FROM population WHERE kind = 'user'").unwrap(), ["100"]);
    assert_eq!(postgres::run(&url, "SELECT count(*) FROM change").unwrap(), ["100"]);
    assert_eq!(postgres::run(&url, "SELECT value FROM feed").unwrap(), ["100"]);
}

#[test]
fn a_database_that_refuses_writes_is_unavailable_and_nothing_is_half_made() {
    let url = written();
    let store = open(&url, 1).unwrap();
    let add = || -> Result<(), StoreError> {
        let mut work = store.begin()?;
        work.add_identity(&user("AIDA1", "ann"))?;
        work.add_member("AIDA1", "AIDA1")?;
        work.commit().map(drop)
    };
    postgres::run(&url, "ALTER TABLE membership RENAME TO away").unwrap();
    assert_eq!(add().map_err(|error| error.kind), Err(ErrorKind::Damaged));
    assert_eq!(store.begin().unwrap().identity_by_id("AIDA1").unwrap(), None);
    postgres::run(&url, "ALTER TABLE away RENAME TO membership").unwrap();
    let database = url.rsplit_once('/').unwrap().1;
    postgres::run(&url, &format!("ALTER DATABASE {database} SET default_transaction_read_only = on")).unwrap();
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    postgres::run(&url, terminate).unwrap();
    assert_eq!(add().map_err(|error| error.kind), Err(ErrorKind::Unavailable));
    postgres::server().run("postgres", &format!("ALTER DATABASE {database} RESET ALL")).unwrap();
    postgres::run(&url, terminate).unwrap();
    add().unwrap();
}

#[test]
fn whoever_is_overtaken_is_told_so() {
    let url = written();
    let store = open(&url, 1).unwrap();
    let fail = "CREATE FUNCTION overtaken() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN RAISE EXCEPTION 'overtaken' USING ERRCODE = '40001'; END $$; \
                CREATE TRIGGER t BEFORE INSERT ON identity FOR EACH ROW EXECUTE FUNCTION overtaken()";
    postgres::run(&url, fail).unwrap();
    let mut work = store.begin().unwrap();
    assert_eq!(work.add_identity(&user("AIDA1", "ann")).map_err(|error| error.kind), Err(ErrorKind::Conflict));
    assert!(work.is_overtaken());
}
