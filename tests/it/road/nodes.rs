//! Several nodes on one database: a change on one is seen by all, and a database that is away is done without for a
//! while.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::{Key, Signer},
    upstream::Upstream,
};
use crate::{
    api::call,
    postgres,
    sts::{assume, credentials, done, role, trust_account},
};

/// Within this time every node shows a change.
const SEEN: Duration = Duration::from_secs(1);
const CHANGES: usize = 100;

/// A node on a database; nodes of one database have one master key.
fn node(upstream: &Upstream, url: &Path, staleness: &str) -> Gateway {
    let prepare = |dir: &Path| {
        fs::write(dir.join("master.key"), "5a".repeat(32)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(dir.join("master.key"), mode).unwrap();
    };
    let keys = &[("STORE__URL_FILE", url.to_str().unwrap()), ("STORE__STALENESS_SECONDS_MAX", staleness)];
    Gateway::start_with(upstream, &Setup { keys, prepare: Some(&prepare), ..Setup::default() })
}

fn get() -> Request {
    Request::new("GET", "/photos/a")
}

#[test]
fn a_change_on_one_node_is_seen_on_the_other_within_a_second() {
    let (upstream, dir) = (Upstream::start(), tempfile::tempdir().unwrap());
    let url = dir.path().join("url");
    fs::write(&url, postgres::server().database()).unwrap();
    let (one, other) = (node(&upstream, &url, "300"), node(&upstream, &url, "300"));
    let mut times = Vec::new();
    for number in 0..CHANGES {
        let key = one.user(&format!("U{number}"), Some(ALLOW_ALL));
        assert_eq!(one.send(&Signer::s3(&key), get()).status, 200, "seen at once where it was made");
        let since = Instant::now();
        until("the other node knows the user", || other.send(&Signer::s3(&key), get()).status == 200);
        times.push(since.elapsed());
        if number % 10 == 0 {
            let since = Instant::now();
            one.revoke_key(&key);
            assert_eq!(one.send(&Signer::s3(&key), get()).status, 403);
            until("the other node knows of the revocation", || other.send(&Signer::s3(&key), get()).status == 403);
            times.push(since.elapsed());
        }
    }
    times.sort();
    let (middle, late) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    eprintln!("seen on the other node after {middle:?} (half), {late:?} (99 of 100)");
    assert!(late < SEEN, "{times:?}");
    // What the other node writes goes the same way.
    let key = other.user("Back", Some(ALLOW_ALL));
    until("the first node knows the user", || one.send(&Signer::s3(&key), get()).status == 200);
}

#[test]
fn a_database_that_is_away_is_done_without_for_as_long_as_the_configuration_says() {
    let (upstream, dir) = (Upstream::start(), tempfile::tempdir().unwrap());
    let mut server = postgres::Server::start();
    let url = dir.path().join("url");
    fs::write(&url, server.database()).unwrap();
    let nodes = [node(&upstream, &url, "10"), node(&upstream, &url, "10")];
    let key = nodes[0].user("Ann", Some(ALLOW_ALL));
    let is_allowed = |node: &Gateway| node.send(&Signer::s3(&key), get()).status == 200;
    until("both nodes know the user", || nodes.iter().all(is_allowed));

    server.stop();
    let since = Instant::now();
    for node in &nodes {
        until("the node is not ready", || node.admin("/readyz").text().contains("store: "));
        // All servers of this process share their metrics; which of them asked last is chance.
        assert!(node.admin("/metrics").text().contains("countersign_store_reachable "));
        assert!(is_allowed(node), "decisions go on");
        let refused = call(node, &node.root(), "CreateUser", &[("UserName", "Half")]);
        assert_eq!(refused.refusal(), (500, "ServiceFailure".into()));
    }
    for node in &nodes {
        until("what was known is too old", || !is_allowed(node));
        let refusal = node.send(&Signer::s3(&key), get()).refusal();
        assert_eq!(refusal, (503, "ServiceUnavailable".into()));
        assert_eq!(call(node, &node.root(), "ListUsers", &[]).status, 503);
    }
    assert!(since.elapsed() > Duration::from_secs(8), "{:?}", since.elapsed());

    server.go_on();
    for node in &nodes {
        until("the node is ready again", || node.admin("/readyz").status == 200);
        assert!(is_allowed(node));
    }
    let made = call(&nodes[0], &nodes[0].root(), "CreateUser", &[("UserName", "Half")]);
    assert_eq!(made.status, 200, "nothing of it was made while the database was away: {}", made.text());
    thread::sleep(SEEN);
    assert_eq!(call(&nodes[1], &nodes[1].root(), "GetUser", &[("UserName", "Half")]).status, 200);
}

/// The longest file of the database, in blocks of 512 bytes.
const BLOCKS: u32 = 8192;
/// Writes rows, each by itself, until there is no room for another.
const FILL: &str = "DO $$ DECLARE at BIGINT; BEGIN SELECT min(sequence) INTO at FROM change WHERE sequence < 0; LOOP \
                    at := coalesce(at, 0) - 1; INSERT INTO change (sequence, kind, id) VALUES (at, '', repeat('x', SIZE)); \
                    COMMIT; END LOOP; END $$";

#[test]
fn a_database_without_room_is_read_on_and_written_again_once_there_is_room() {
    let (upstream, dir) = (Upstream::start(), tempfile::tempdir().unwrap());
    let mut server = postgres::Server::start();
    server.stop();
    server.file_blocks_max = Some(BLOCKS);
    server.go_on();
    let (url, database) = (dir.path().join("url"), server.database());
    fs::write(&url, &database).unwrap();
    let node = node(&upstream, &url, "300");
    let key = node.user("Ann", Some(ALLOW_ALL));
    let is_allowed = || node.send(&Signer::s3(&key), get()).status == 200;
    let half = [("UserName", "Half")];
    let users = || postgres::run(&database, "SELECT count FROM population WHERE kind = 'user'").unwrap();
    assert!(is_allowed() && node.admin("/readyz").status == 200);

    let hurried = format!("{database}?options=-c%20synchronous_commit%3Doff");
    for size in ["1000", "1"] {
        let full = postgres::run(&hurried, &FILL.replace("SIZE", size)).unwrap_err();
        assert!(full.as_db_error().unwrap().message().contains("could not extend file"), "{full:?}");
    }
    // Longer than it takes until it is tried whether there is room again.
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(7) {
        for (action, parameters) in [
            ("CreateUser", &half[..]),
            ("TagUser", &[("UserName", "Ann"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
            ("DeleteUserPolicy", &[("UserName", "Ann"), ("PolicyName", "p")]),
        ] {
            let refused = call(&node, &node.root(), action, parameters);
            assert_eq!(refused.refusal(), (500, "ServiceFailure".into()), "{action}");
        }
        let ready = node.admin("/readyz");
        assert!(ready.status == 503 && ready.text().contains("store: cannot be written: "), "{}", ready.text());
        assert!(is_allowed(), "decisions go on");
        assert_eq!(call(&node, &node.root(), "GetUser", &[("UserName", "Ann")]).status, 200, "and so does reading");
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(call(&node, &node.root(), "GetUser", &half).status, 404, "nothing was half made");
    assert_eq!(users(), ["1"]);

    postgres::run(&database, "DELETE FROM change WHERE sequence < 0").unwrap();
    postgres::run(&database, "VACUUM change").unwrap();
    until("the node is ready again", || node.admin("/readyz").status == 200);
    assert_eq!(call(&node, &node.root(), "CreateUser", &half).status, 200);
    assert_eq!(users(), ["2"]);
    assert!(is_allowed());
    let gone = call(&node, &node.root(), "DeleteUserPolicy", &[("UserName", "Ann"), ("PolicyName", "p")]);
    assert!(gone.status == 200 && !is_allowed(), "{}", gone.text());
}

/// Whichever node made a session, all of them open it, and all of them know within the bound that it is over.
#[test]
fn sessions_end_on_every_node() {
    const BOUND: Duration = Duration::from_secs(5);
    let (upstream, dir) = (Upstream::start(), tempfile::tempdir().unwrap());
    let url = dir.path().join("url");
    fs::write(&url, postgres::server().database()).unwrap();
    let (one, other) = (node(&upstream, &url, "300"), node(&upstream, &url, "300"));
    let revoking = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"DateLessThan":{"aws:TokenIssueTime":"2999-01-01T00:00:00Z"}}}}"#;
    type End<'a> = &'a dyn Fn(&Gateway, &Key, &Key);
    let rows: [(&str, End<'_>); 5] = [
        ("key", &|node, owner, _| node.revoke_key(owner)),
        ("detached", &|node, _, _| {
            drop(done(node, "DeleteRolePolicy", &[("RoleName", "detached"), ("PolicyName", "p")]))
        }),
        ("deleted", &|node, _, _| {
            done(node, "DeleteRolePolicy", &[("RoleName", "deleted"), ("PolicyName", "p")]);
            done(node, "DeleteRole", &[("RoleName", "deleted")]);
        }),
        ("denied", &|node, _, _| {
            let policy = [("PolicyName", "AWSRevokeOlderSessions"), ("PolicyDocument", revoking)];
            done(node, "PutRolePolicy", &[&[("RoleName", "denied")], &policy[..]].concat());
        }),
        ("ended", &|node, _, session| drop(done(node, "DeleteAccessKey", &[("AccessKeyId", &session.id)]))),
    ];
    for (name, end) in rows {
        let owner = one.user(name, Some(ALLOW_ALL));
        role(&one, name, &trust_account(), Some(ALLOW_ALL));
        let session = credentials(&assume(&one, &owner, name, &[]));
        let is_good = |node: &Gateway| node.send(&Signer::s3(&session), get()).status == 200;
        assert!(is_good(&one), "{name}");
        until("the other node knows the role", || is_good(&other));
        let since = Instant::now();
        end(&one, &owner, &session);
        assert!(!is_good(&one), "{name}: over at once where it was ended");
        until("the session is over on the other node", || !is_good(&other));
        eprintln!("{name}: over on the other node after {:?}", since.elapsed());
        assert!(since.elapsed() < BOUND, "{name}: {:?}", since.elapsed());
    }
    let metrics = other.admin("/metrics").text();
    assert!(metrics.contains("countersign_snapshot_confirmed_timestamp_seconds "), "how late a node may be is told");
}
