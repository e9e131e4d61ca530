//! What cannot be recorded, or may no longer hold, is not done.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use countersign::{
    server::state::State,
    store::{Directory, ErrorKind, SqliteStore, Store, StoreError, UnitOfWork},
};

use super::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway, Setup, master_key, until},
    signer::Signer,
    upstream::Upstream,
};

/// The newest file of the spool, so that the spool goes on with it.
const NEWEST: &str = "audit/99991231-000001.jsonl";

fn get() -> Request {
    Request::new("GET", "/photos/a")
}

#[test]
fn a_full_disk_refuses_requests_and_says_so_until_there_is_room() {
    let upstream = Upstream::start();
    let full = |dir: &std::path::Path| {
        fs::create_dir(dir.join("audit")).unwrap();
        symlink("/dev/full", dir.join(NEWEST)).unwrap();
    };
    let gateway = Gateway::start_with(&upstream, &Setup { prepare: Some(&full), ..Setup::default() });
    let (ann, nobody) = (gateway.user("Ann", Some(ALLOW_ALL)), gateway.user("Nobody", None));
    // The first request finds out; it is denied anyhow.
    assert_eq!(gateway.send(&Signer::s3(&nobody), get()).status, 403);
    for request in [get(), Request::new("PUT", "/photos/a").body("abc"), Request::new("DELETE", "/photos/a")] {
        let response = gateway.send(&Signer::s3(&ann), request);
        assert_eq!(response.refusal(), (503, "ServiceUnavailable".into()));
        assert_eq!(response.header("retry-after"), Some("1"));
    }
    assert_eq!(upstream.traffic(), (0, 0));
    let ready = gateway.admin("/readyz");
    assert!(ready.status == 503 && ready.text().contains("audit: "), "{}", ready.text());
    let metrics = gateway.admin("/metrics").text();
    let failures = metrics.lines().find(|line| line.starts_with("countersign_audit_write_failures_total ")).unwrap();
    assert!(!failures.ends_with(" 0"), "{failures}");
    assert_eq!(gateway.admin("/healthz").status, 200);

    fs::remove_file(gateway.dir.path().join(NEWEST)).unwrap();
    until("there is room again", || gateway.admin("/readyz").status == 200);
    assert_eq!(gateway.send(&Signer::s3(&ann), get()).status, 200);
    // Nothing of what happened meanwhile is lost.
    assert_eq!(gateway.end().len(), 5);
}

/// A store that fails or hangs when it is told to.
struct Unreliable {
    store: SqliteStore,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl Store for Unreliable {
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StoreError> {
        while self.hangs.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        match self.fails.load(Ordering::SeqCst) {
            true => Err(StoreError::new(ErrorKind::Unavailable, "as told")),
            false => self.store.begin(),
        }
    }
}

#[test]
fn a_store_that_fails_or_hangs_refuses_requests_and_says_so_until_it_answers() {
    let upstream = Upstream::start();
    let (fails, hangs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (told, held) = (fails.clone(), hangs.clone());
    let wrap = move |state: State, dir: &std::path::Path| {
        let (account, messages, sessions) = (state.account, state.messages.clone(), state.sessions.clone());
        drop(state);
        let store = SqliteStore::open(dir, master_key(dir), Arc::new(countersign::store::SystemRandom)).unwrap();
        let store = Unreliable { store, fails: told.clone(), hangs: held.clone() };
        State { directory: Arc::new(Directory::open(Box::new(store)).unwrap()), account, messages, sessions }
    };
    let keys = &[("STORE__STALENESS_SECONDS_MAX", "0")];
    let gateway = Gateway::start_with(&upstream, &Setup { keys, wrap: Some(&wrap), ..Setup::default() });
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    assert_eq!(gateway.send(&Signer::s3(&ann), get()).status, 200);
    upstream.take();
    for (switch, reason) in [(&fails, "store: the store is unavailable: as told"), (&hangs, "store: no answer in time")]
    {
        switch.store(true, Ordering::SeqCst);
        until("it is known", || gateway.admin("/readyz").text().contains(reason));
        let response = gateway.send(&Signer::s3(&ann), get());
        assert_eq!(response.refusal(), (503, "ServiceUnavailable".into()), "{reason}");
        assert_eq!(gateway.record(&response)["errorCode"], "ServiceUnavailable");
        assert_eq!(upstream.requests().len(), 0);
        switch.store(false, Ordering::SeqCst);
        until("it answers again", || gateway.admin("/readyz").status == 200);
        assert_eq!(gateway.send(&Signer::s3(&ann), get()).status, 200);
        upstream.take();
    }
    assert!(gateway.admin("/metrics").text().contains("countersign_snapshot_confirmed_timestamp_seconds"));
}
