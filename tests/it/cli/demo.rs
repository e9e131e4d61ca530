//! `countersign demo`.

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
};

use super::{PATIENCE, ROOT, Running, get, run, text};

#[test]
fn the_banner_is_true_and_the_demo_answers() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Running::demo(dir.path(), &[]);
    let [public, admin] = ["S3, IAM, STS", "health, metrics"].map(|label| demo.shown(label));
    let out = demo.out();
    for line in [
        "  export AWS_ACCESS_KEY_ID=AKIA".to_owned(),
        format!("  export AWS_ENDPOINT_URL=http://{public}\n"),
        format!("\n  tail -n 2 {}/audit/*.jsonl\n", text(dir.path())),
        format!("embedded, files in {}/objects\n", text(dir.path())),
    ] {
        assert!(out.contains(&line), "{line} is not in\n{out}");
    }
    assert_eq!(demo.shown("AWS_SECRET_ACCESS_KEY=").len(), 40);
    for (address, path, status) in [
        (&admin, "/healthz", "200 OK"),
        (&admin, "/readyz", "200 OK"),
        (&admin, "/metrics", "200 OK"),
        (&admin, "/", "404 Not Found"),
        // The public port knows neither: these are a bucket's names there.
        (&public, "/healthz", "403 Forbidden"),
        (&public, "/metrics", "403 Forbidden"),
    ] {
        let answer = get(address, path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {answer}");
    }
    let said = demo.end();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.ends_with(&format!("Ended. Go on with: countersign demo --data-dir {}\n", text(dir.path()))));
}

#[test]
fn each_signal_ends_it_cleanly_though_a_client_stays_connected() {
    for signal in ["INT", "TERM", "HUP"] {
        let dir = tempfile::tempdir().unwrap();
        let mut demo = Running::demo(dir.path(), &[]);
        let mut idle = TcpStream::connect(demo.shown("S3, IAM, STS")).unwrap();
        demo.signal(signal);
        assert_eq!(demo.ended().code(), Some(0), "{signal}");
        idle.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(idle.read(&mut [0; 1]).unwrap_or_default(), 0);
        assert!(!demo.err().contains("ERROR") && !demo.err().contains("WARN"), "{}", demo.err());
    }
}

#[test]
fn a_folder_keeps_its_account_and_its_key_is_shown_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::demo(dir.path(), &[]);
    let account = first.shown("account");
    let secret = first.shown("AWS_SECRET_ACCESS_KEY=");
    assert!(first.out().contains("The root access key, shown this once"));
    first.end();
    let second = Running::demo(dir.path(), &[]);
    assert_eq!(second.shown("account"), account);
    let said = second.end();
    assert!(said.out.contains("The root access key was shown when this folder was made"), "{}", said.out);
    assert!(!said.out.contains(&secret) && said.out.contains("AWS_SECRET_ACCESS_KEY=...\n"));
}

#[test]
fn variables_fix_the_root_key_and_the_account() {
    let dir = tempfile::tempdir().unwrap();
    let variables = [ROOT[0], ROOT[1], ("COUNTERSIGN_ACCOUNT_ID", "000011112222")];
    let said = Running::demo(dir.path(), &variables).end();
    for line in [
        "  account          000011112222\n".to_owned(),
        format!("  export AWS_ACCESS_KEY_ID={}\n", ROOT[0].1),
        "  export AWS_SECRET_ACCESS_KEY=$COUNTERSIGN_ROOT_SECRET_ACCESS_KEY\n".to_owned(),
    ] {
        assert!(said.out.contains(&line), "{line} is not in\n{}", said.out);
    }
}

#[test]
fn variables_of_no_use_are_refused_before_anything_is_made() {
    let id = |value| (ROOT[0].0, value);
    let secret = |value| (ROOT[1].0, value);
    let cases: [(&[(&str, &str)], &str); 7] = [
        (
            &[ROOT[0]],
            "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY: is not set, but COUNTERSIGN_ROOT_ACCESS_KEY_ID is; set both or neither",
        ),
        (
            &[ROOT[1]],
            "COUNTERSIGN_ROOT_ACCESS_KEY_ID: is not set, but COUNTERSIGN_ROOT_SECRET_ACCESS_KEY is; set both or neither",
        ),
        (
            &[id("short"), ROOT[1]],
            "COUNTERSIGN_ROOT_ACCESS_KEY_ID: is no access key id; write 16 to 128 letters, digits and _",
        ),
        (
            &[id("AKIA/EXAMPLE/EXAMPLE"), ROOT[1]],
            "COUNTERSIGN_ROOT_ACCESS_KEY_ID: is no access key id; write 16 to 128 letters, digits and _",
        ),
        (
            &[ROOT[0], secret("hunter2")],
            "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY: is too short, or holds other than visible ASCII characters; write at least 8 visible ASCII characters, better 40",
        ),
        (
            &[ROOT[0], secret("a secret with spaces")],
            "COUNTERSIGN_ROOT_SECRET_ACCESS_KEY: is too short, or holds other than visible ASCII characters; write at least 8 visible ASCII characters, better 40",
        ),
        (&[("COUNTERSIGN_ACCOUNT_ID", "12")], "COUNTERSIGN_ACCOUNT_ID: is \"12\"; write twelve digits"),
    ];
    for verb in ["demo", "init"] {
        for (variables, expected) in cases {
            let dir = tempfile::tempdir().unwrap();
            let data = dir.path().join("data");
            let said = run(&[verb, "--data-dir", text(&data)], variables);
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{verb}");
            assert_eq!(said.err, format!("countersign: {expected}\n"), "{verb}");
            assert!(!data.exists(), "{verb} {variables:?}");
        }
    }
}

#[test]
fn a_port_in_use_is_said_and_no_key_is_made_for_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let said = run(&["demo", "--listen", &address.to_string(), "--data-dir", text(dir.path())], &[]);
    let expected = format!("countersign: {address} is in use by another program; choose another address with");
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with(&expected), "{}", said.err);
    drop(taken);
    let demo = Running::demo(dir.path(), &[]);
    assert!(demo.out().contains("The root access key, shown this once"), "it was not made before");
    demo.end();
}

#[test]
fn a_folder_is_used_by_one_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::demo(dir.path(), &[]);
    let said = run(&["demo", "--listen", "127.0.0.1:0", "--data-dir", text(dir.path())], &[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("another process has it"), "{}", said.err);
    first.end();
}

#[test]
fn ports_above_the_last_are_not_looked_for() {
    let said = run(&["demo", "--listen", "127.0.0.1:65534"], &[]);
    assert_eq!(said.err, "countersign: --listen: leave two ports above for health and metrics\n");
}
