//! The PostgreSQL store: the common suite, and what only a database that others reach can suffer.

use std::sync::Arc;

use countersign::{
    base::SecretKey,
    config::StorePlace,
    server::state::State,
    store::{
        Account, ErrorKind, MasterKey, PostgresStore, Store, StoreError, SystemRandom,
        postgres::{Database, is_url},
    },
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;

use crate::{
    postgres::{self, open, trusting},
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

/// What PostgreSQL tells by its codes: nothing else of an error counts.
#[test]
fn what_the_database_refuses_with_is_told_by_its_code() {
    let url = written();
    let store = open(&url, 1).unwrap();
    let fail = "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = NEW.name; END $$; \
                CREATE TRIGGER t BEFORE INSERT ON identity FOR EACH ROW EXECUTE FUNCTION refused()";
    postgres::run(&url, fail).unwrap();
    for (code, kind) in [
        ("53100", ErrorKind::Full),
        ("53200", ErrorKind::Unavailable),
        ("25006", ErrorKind::Unavailable),
        ("40P01", ErrorKind::Conflict),
        ("XX000", ErrorKind::Unavailable),
        ("XX001", ErrorKind::Damaged),
    ] {
        let mut work = store.begin().unwrap();
        assert_eq!(work.add_identity(&user("AIDA1", code)).map_err(|error| error.kind), Err(kind), "{code}");
        let told = [ErrorKind::Full, ErrorKind::Unavailable].contains(&kind).then_some(kind);
        assert_eq!(work.failure().map(|error| error.kind), told, "{code}");
    }
}

/// An authority, and a certificate of it for a name, its key, and the authority's own certificate as PEM.
fn certificate(name: &str) -> (RootCertStore, [String; 3]) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    (roots, [signed.pem(), key.serialize_pem(), authority.pem()])
}

#[test]
fn tls_is_spoken_with_a_server_whose_certificate_is_good() {
    let (roots, [certificate_pem, key, authority]) = certificate("localhost");
    let (others, [.., other_authority]) = certificate("localhost");
    let server = postgres::Server::start_with_tls(&certificate_pem, &key);
    server.run("postgres", "CREATE DATABASE ours").unwrap();
    let port = server.port;
    // The host, what the URL asks for, whom the store trusts, and whether it speaks TLS then, if it speaks at all.
    for (at, (host, mode, trusted, expected)) in [
        ("localhost", "", &roots, Some("t")),
        ("localhost", "prefer", &roots, Some("t")),
        ("localhost", "require", &roots, Some("t")),
        ("localhost", "disable", &others, Some("f")),
        ("localhost", "", &others, None),
        ("localhost", "require", &others, None),
        ("localhost", "require", &RootCertStore::empty(), None),
        // The certificate is another host's.
        ("127.0.0.1", "require", &roots, None),
        ("127.0.0.1", "", &roots, None),
    ]
    .into_iter()
    .enumerate()
    {
        let mode = if mode.is_empty() { String::new() } else { format!("&sslmode={mode}") };
        let url = format!("postgresql://countersign@{host}:{port}/ours?application_name=row{at}{mode}");
        assert!(is_url(&url), "{url}");
        let found = Database::connect(&url, trusting(trusted.clone()));
        let spoken = format!(
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'row{at}'"
        );
        match expected {
            None => assert_eq!(found.err().map(|error| error.kind), Some(ErrorKind::Unavailable), "{url}"),
            Some(tls) => {
                let master = MasterKey::parse(&"01".repeat(32)).unwrap();
                let store = found.unwrap().open(master, Arc::new(SystemRandom)).unwrap();
                let work = store.begin().unwrap();
                assert_eq!(server.run("ours", &spoken).unwrap(), [tls], "{url}");
                work.commit().unwrap();
            }
        }
    }
    // The same as the configuration has it.
    let dir = tempfile::tempdir().unwrap();
    let (ca_file, url) =
        (dir.path().join("ca.pem"), format!("postgresql://countersign@localhost:{port}/ours?sslmode=require"));
    for (authority, is_good) in [(authority, true), (other_authority, false)] {
        std::fs::write(&ca_file, authority).unwrap();
        let place = StorePlace::Postgres { url: SecretKey::new(url.clone()), ca_file: Some(ca_file.clone()) };
        let found = State::is_fresh(dir.path(), &place);
        assert_eq!(found.is_ok(), is_good, "{:?}", found.err().map(|error| error.to_string()));
    }
    // What is asked for in words that this program does not know is not taken for less.
    for mode in ["verify-ca", "verify-full", "allow", "always"] {
        assert!(!is_url(&format!("postgresql://countersign@localhost:{port}/ours?sslmode={mode}")), "{mode}");
    }
    let plain = format!("{}?sslmode=require", postgres::server().database());
    assert_eq!(refusal(open(&plain, 1)), Some(ErrorKind::Unavailable), "a server without TLS");
}
