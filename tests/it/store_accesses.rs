//! Who tried what: noted in memory, written about once a minute, kept for 400 days.

use std::{path::Path, sync::Arc};

use countersign::{
    base::Timestamp,
    store::{Access, DAYS_KEPT, Directory, MasterKey, SqliteStore, StoreError, SystemRandom, accesses_of, principals},
};

use crate::store_suite::{account, at, user};

fn open(dir: &Path) -> Directory {
    let store = SqliteStore::open(dir, MasterKey::parse(&"01".repeat(32)).unwrap(), Arc::new(SystemRandom));
    Directory::open(Box::new(store.unwrap())).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(at(0).as_second() + seconds).unwrap()
}

fn accesses(directory: &Directory, id: &str, now: Timestamp) -> Vec<(String, i64, String)> {
    let found = directory.read::<_, StoreError>(|work| accesses_of(work, id, now)).unwrap();
    let told = |Access { action, at: when, region }| {
        let seconds = when.as_second() - at(0).as_second();
        (String::from(action), seconds, String::from(region))
    };
    found.into_iter().map(told).collect()
}

#[test]
fn the_latest_attempts_are_written_and_kept() {
    const DAY: i64 = 24 * 60 * 60;
    let dir = tempfile::tempdir().unwrap();
    let directory = open(dir.path());
    directory.ensure_account(account(), None, at(0)).unwrap();
    directory.write(|work| work.add_identity(&user("AIDA1", "ann"))).unwrap();
    let note = |id: &str, action: &str, region: &str, seconds| {
        directory.note_access(id, account(), action, region, after(seconds));
    };
    let flush = |seconds| directory.flush_accesses(after(seconds)).unwrap();
    let access = |action: &str, seconds, region: &str| (action.to_owned(), seconds, region.to_owned());

    assert_eq!(flush(0), 0);
    note("AIDA1", "s3:GetObject", "eu", 1);
    note("AIDA1", "s3:GetObject", "eu", 2);
    note("AIDA1", "iam:ListUsers", "us", 3);
    assert_eq!(accesses(&directory, "AIDA1", after(3)), []);
    assert_eq!((flush(60), flush(61)), (1, 0));
    let told = [access("iam:ListUsers", 3, "us"), access("s3:GetObject", 1, "eu")];
    assert_eq!(accesses(&directory, "AIDA1", after(60)), told);

    // Soon after it is not written again, but from elsewhere it is.
    note("AIDA1", "s3:GetObject", "eu", 60);
    assert_eq!(flush(120), 0);
    note("AIDA1", "s3:GetObject", "us", 121);
    note("AIDA1", "s3:GetObject", "us", 100);
    assert_eq!(flush(180), 1);
    assert_eq!(accesses(&directory, "AIDA1", after(180))[1], access("s3:GetObject", 121, "us"));
    note("AIDA1", "s3:GetObject", "us", 2000);
    assert_eq!(flush(2001), 1);

    // After 400 days nothing is told; what is of no more use is taken away once a day.
    let later = DAYS_KEPT * DAY + 100;
    assert_eq!(accesses(&directory, "AIDA1", after(later)), [access("s3:GetObject", 2000, "us")]);
    assert_eq!(accesses(&directory, "AIDA1", after(later + 2000)), []);
    note("AIDA2", "s3:GetObject", "eu", 2100);
    note(account().as_str(), "s3:GetObject", "eu", 2100);
    flush(2101);
    let all = |now| directory.read::<_, StoreError>(|work| principals(work, account(), None, now)).unwrap().items;
    let ids = |now| all(now).into_iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(after(2101)), [account().as_str(), "AIDA1", "AIDA2"]);
    flush(2101 + DAY);
    assert_eq!(ids(after(2101)), [account().as_str(), "AIDA1"], "the second user never was");
    flush(2101 + 402 * DAY);
    assert_eq!(ids(after(2101)), [""; 0]);
}
