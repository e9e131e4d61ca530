//! Processes that write are killed at any moment: what was acknowledged is there, and nothing is there in part.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use countersign::{
    base::AccessKeyId,
    store::{
        Directory, InlinePolicy, Item, ItemKind, MasterKey, Record, SqliteStore, Store, StoreError, SystemRandom,
        UnitOfWork,
    },
};

use crate::{
    postgres,
    store_suite::{access_key, account, at, owner, policy, secret, user},
};

/// Rounds for each back end; 200 in all.
const ROUNDS: u64 = 100;
/// More than a process writes before it is killed.
const ROUND: u64 = 10_000;

/// Where the process that writes finds its store, and the number that it begins with.
const PLACE: &str = "STORE_CRASH_PLACE";
const FIRST: &str = "STORE_CRASH_FIRST";

fn open(place: &str) -> Box<dyn Store> {
    if place.starts_with("postgresql:") {
        return Box::new(postgres::open(place, 1).unwrap());
    }
    let master = MasterKey::parse(&"01".repeat(32)).unwrap();
    Box::new(SqliteStore::open(Path::new(place), master, Arc::new(SystemRandom)).unwrap())
}

fn key_id(number: u64) -> String {
    format!("AKIA{number:016}")
}

/// A user with all that hangs on it: rows in seven tables, which belong together.
fn add(work: &mut dyn UnitOfWork, number: u64) -> Result<(), StoreError> {
    let id = format!("AIDA{number}");
    work.add_identity(&user(&id, &format!("u{number}")))?;
    work.add_access_key(&access_key(&key_id(number), owner(&id)), &secret("s"))?;
    work.put_inline_policy(&id, &InlinePolicy { name: "p".into(), document: "{}".into() })?;
    work.attach(&id, "ANPA1")?;
    let item = Item {
        kind: ItemKind::MfaDevice,
        account: account(),
        id: format!("M{number}").into(),
        name: format!("m{number}").into(),
        path: "/".into(),
        owner: Some(id.into()),
        created: at(0),
        details: "{}".into(),
    };
    work.add_item(&item, Some(b"seed"))
}

/// The process that writes; nothing where no store is named.
#[test]
fn writer() {
    let (Ok(place), Ok(first)) = (env::var(PLACE), env::var(FIRST)) else { return };
    let directory = Directory::open(open(&place)).unwrap();
    for number in first.parse::<u64>().unwrap().. {
        directory.write(|work| add(work, number)).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\ndone {number}").unwrap();
        out.flush().unwrap();
    }
}

/// Runs a writer until it has told of so many changes and a moment more; returns the last change that it told of.
fn killed(place: &str, first: u64, changes: u64, moment: Duration) -> Option<u64> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["store_crash::writer", "--exact", "--nocapture"])
        .env(PLACE, place)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let number = |line: String| line.strip_prefix("done ").and_then(|number| number.parse::<u64>().ok());
    let mut last = None;
    while last.is_none_or(|last| last < first + changes) {
        let Some(line) = told.next() else { panic!("the writer ended by itself after {last:?}") };
        last = number(line).or(last);
    }
    thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    told.filter_map(number).last().or(last)
}

/// Every user that is there is there with all that hangs on it; returns the numbers.
fn whole(place: &str) -> Vec<u64> {
    let store = open(place);
    let mut work = store.begin().unwrap();
    let (mut users, mut keys) = (Vec::new(), HashMap::new());
    work.scan(&mut |record| {
        match record {
            Record::Identity(holding) => {
                let number: u64 = holding.identity.id.trim_start_matches("AIDA").parse().unwrap();
                assert_eq!((holding.inline.len(), holding.attached.len()), (1, 1), "{number}");
                users.push(number);
            }
            Record::AccessKey(open) => drop(keys.insert(open.key.id.clone(), open.secret)),
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(users.len(), keys.len());
    for number in &users {
        assert!(keys.contains_key(&AccessKeyId::parse(&key_id(*number)).unwrap()), "{number}");
    }
    let count = users.len() as u64;
    assert_eq!(work.count_identities(account(), countersign::store::IdentityKind::User).unwrap(), count);
    assert_eq!(work.count_items(account(), ItemKind::MfaDevice).unwrap(), count);
    assert_eq!(work.policy_by_id("ANPA1").unwrap().unwrap().attachments as u64, count);
    users
}

fn survives(place: &str) {
    {
        let store = open(place);
        let mut work = store.begin().unwrap();
        work.add_account(&countersign::store::Account { id: account(), created: at(0), public_access_block: None })
            .unwrap();
        work.add_policy(&policy("ANPA1", "Read"), "{}").unwrap();
        work.commit().unwrap();
    }
    let (mut random, mut acknowledged) = (0x2545_f491_4f6c_dd1d_u64, Vec::new());
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let first = (round + 1) * ROUND;
        let moment = Duration::from_micros((random >> 40) % 4000);
        let last = killed(place, first, (random >> 33) % 4, moment).unwrap();
        acknowledged.extend(first..=last);
        if round % 10 == 9 || round < 10 {
            let there: std::collections::HashSet<u64> = whole(place).into_iter().collect();
            let lost: Vec<_> = acknowledged.iter().filter(|number| !there.contains(number)).collect();
            assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
            assert!(there.len() as u64 <= acknowledged.len() as u64 + round + 1, "made without being asked for");
        }
    }
    eprintln!("{ROUNDS} processes killed, {} acknowledged changes there", acknowledged.len());
}

#[test]
fn sqlite_survives_the_death_of_writers() {
    let dir = tempfile::tempdir().unwrap();
    survives(dir.path().to_str().unwrap());
}

#[test]
fn postgres_survives_the_death_of_writers() {
    survives(&postgres::server().database());
}
