//! What PostgreSQL's distributed relatives do not have is in no statement that is sent.
//!
//! Sources: CockroachDB, "PostgreSQL compatibility"; YugabyteDB, "PostgreSQL compatibility" and "SQL feature support".

use std::{fs, path::Path};

use countersign::store::{Account, IdentityKind, Page, Store};

use crate::{
    postgres::{self, open},
    store_suite::{account, at, user},
};

/// What CockroachDB or YugabyteDB lacks, or means something else by, in capitals.
const LACKING: &[&str] = &[
    "SERIAL",
    "CREATE SEQUENCE",
    "NEXTVAL",
    "AS IDENTITY",
    "GENERATED ALWAYS",
    "CREATE TRIGGER",
    "CREATE FUNCTION",
    "CREATE PROCEDURE",
    "CREATE RULE",
    "CREATE DOMAIN",
    "CREATE TYPE",
    "CREATE EXTENSION",
    "CREATE STATISTICS",
    "CREATE COLLATION",
    "DO $$",
    "LOCK TABLE",
    "EXCLUDE USING",
    "DEFERRABLE",
    "INHERITS",
    "UNLOGGED",
    "TEMPORARY",
    "TABLESPACE",
    "PARTITION BY",
    "USING GIN",
    "USING GIST",
    "USING BRIN",
    "TO_TSVECTOR",
    "XMLPARSE",
    "CTID",
    "XMIN",
    "SKIP LOCKED",
    "FOR SHARE",
    "DECLARE ",
    "FETCH ",
    "COPY ",
    "PREPARE TRANSACTION",
    "VACUUM",
    "CLUSTER ",
    "PG_ADVISORY",
    "LISTEN ",
    "NOTIFY ",
    "COLLATE ",
    "SYNCHRONOUS_COMMIT",
    "ISOLATION LEVEL READ UNCOMMITTED",
    "ILIKE",
    "SIMILAR TO",
    "MERGE INTO",
    "LATERAL",
];

/// Where one of them stands all the same: a failure there is foreseen, and the reason is beside it.
const FORESEEN: &[(&str, &str)] = &[
    ("postgres/driver.rs", "NOTIFY "),
    ("postgres/link.rs", "LISTEN "),
    ("postgres/link.rs", "SYNCHRONOUS_COMMIT"),
    ("postgres/open.rs", "PG_ADVISORY"),
    // Taken out where columns have no collations.
    ("postgres/open.rs", "COLLATE "),
    ("postgres/migrations/V1__whole.sql", "COLLATE "),
    ("postgres/migrations/V2__ended_sessions.sql", "COLLATE "),
];

/// The statements of a file: what is in quotes, or all of a migration but its comments.
fn statements(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !["//", "--"].iter().any(|start| line.trim_start().starts_with(start)));
    let text = lines.collect::<Vec<_>>().join(" ");
    if path.extension().is_some_and(|extension| extension == "sql") {
        return text.to_uppercase();
    }
    let text = text.replace("\\\"", "");
    let quoted = text.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ; ");
    quoted.to_uppercase()
}

#[test]
fn no_statement_uses_what_the_relatives_lack() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let folders = ["sql", "postgres", "postgres/migrations"].map(|folder| (folder, store.join(folder)));
    let (mut found, mut read) = (Vec::new(), String::new());
    for (folder, path) in folders {
        for file in fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let (name, text) = (format!("{folder}/{}", file.file_name().unwrap().display()), statements(&file));
            for lacking in LACKING.iter().filter(|lacking| text.contains(*lacking)) {
                found.push((name.clone(), *lacking));
            }
            read += &text;
        }
    }
    for told in ["INSERT INTO IDENTITY", "CREATE TABLE IDENTITY", "FOR UPDATE", "ON CONFLICT", "BEGIN ISOLATION LEVEL"]
    {
        assert!(read.contains(told), "the statements were not read: no {told}");
    }
    found.sort();
    let mut foreseen: Vec<(String, &str)> = FORESEEN.iter().map(|(file, what)| ((*file).to_owned(), *what)).collect();
    foreseen.sort();
    assert_eq!(found, foreseen);
}

/// A database that says that it is CockroachDB is given columns without collations, and works.
#[test]
fn a_database_without_collations_is_given_none() {
    let url = postgres::server().database();
    let version =
        "CREATE FUNCTION public.version() RETURNS text LANGUAGE sql AS $$ SELECT 'CockroachDB CCL v25.2.0' $$";
    postgres::run(&url, version).unwrap();
    let url = format!("{url}?options=-c%20search_path%3Dpublic,pg_catalog");
    let collated =
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND collation_name = 'C'";
    for again in [false, true] {
        let store = open(&url, 1).unwrap();
        assert_eq!(postgres::run(&url, collated).unwrap(), ["0"]);
        let mut work = store.begin().unwrap();
        if !again {
            work.add_account(&Account { id: account(), created: at(0), public_access_block: None }).unwrap();
            work.add_identity(&user("AIDA1", "ann")).unwrap();
        }
        let found = work.identities(account(), IdentityKind::User, Page::ALL).unwrap();
        assert_eq!(found.items.len(), 1);
        work.commit().unwrap();
    }
    let usual = postgres::server().database();
    open(&usual, 1).unwrap();
    assert_ne!(postgres::run(&usual, collated).unwrap(), ["0"]);
}
