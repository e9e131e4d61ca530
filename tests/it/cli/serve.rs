//! `countersign init`, `check` and `serve`.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use super::{ROOT, Running, configuration, files, get, run, text};

const STORE: (&str, &str) = ("STORE", "secret+of/the+store");

/// A configuration whose data folder is made.
fn made(dir: &Path) -> std::path::PathBuf {
    let config = configuration(dir);
    let said = run(&["init", "--config", text(&config)], &[STORE]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    config
}

#[test]
fn init_makes_a_folder_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let said = run(&["init", "--data-dir", text(&data)], &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    for line in [
        format!("Made {} with account ", text(&data)),
        format!("\nIts master key is in {}/master.key: keep a copy apart", text(&data)),
        "\nThe root access key, shown this once:\n\n  export AWS_ACCESS_KEY_ID=AKIA".to_owned(),
        "\n  export AWS_SECRET_ACCESS_KEY=".to_owned(),
    ] {
        assert!(said.out.contains(&line), "{line} is not in\n{}", said.out);
    }
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    let before = files(&data);
    let again = run(&["init", "--data-dir", text(&data)], &[]);
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""));
    assert_eq!(again.err, format!("countersign: `{}` holds an account already; nothing was changed\n", text(&data)));
    assert!(files(&data) == before);
}

#[test]
fn init_takes_its_folder_from_wherever_serve_does() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path());
    let other = dir.path().join("other");
    let variable = ("COUNTERSIGN_DATA_DIR", text(&other));
    let said =
        run(&["init", "--config", text(&config)], &[STORE, variable, ("COUNTERSIGN_ACCOUNT_ID", "000011112222")]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains(&format!("Made {} with account 000011112222.", text(&other))), "{}", said.out);
    assert!(other.join("master.key").exists() && !dir.path().join("data").exists());
    Running::serve(&config, &[STORE, variable]).end();
}

#[test]
fn init_with_a_given_key_shows_none() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(&["init", "--data-dir", text(&dir.path().join("data"))], &ROOT);
    assert!(said.code == Some(0) && !said.out.contains("export"), "{}", said.out);
}

#[test]
fn check_says_good_or_everything_that_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path());
    let said = run(&["check", "--config", text(&config)], &[STORE]);
    assert_eq!((said.code, said.out), (Some(0), format!("{}: good\n", text(&config))));
    assert!(!dir.path().join("data").exists(), "checking makes nothing");

    let said = run(&["check"], &[("COUNTERSIGN_CONFIG", text(&config)), ("COUNTERSIGN_WORKERS", "x")]);
    let expected = format!(
        "countersign: {} has 2 faults:\nworkers: is \"x\"; write a whole number of at least 0 (said by COUNTERSIGN_WORKERS)\n\
         upstream.0.secret_access_key_variable: names the variable STORE, which is not set; set it, or name another\n",
        text(&config)
    );
    assert_eq!((said.code, said.err), (Some(1), expected));

    let none = dir.path().join("none.toml");
    let said = run(&["check", "--config", text(&none)], &[]);
    assert_eq!(said.err, format!("countersign: {}: No such file or directory (os error 2)\n", text(&none)));
}

#[test]
fn serve_does_not_make_what_nobody_would_see() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path());
    let data = dir.path().join("data");
    let said = run(&["serve", "--config", text(&config)], &[STORE]);
    let expected = format!("countersign: `{}` holds no account yet; make one with: countersign init\n", text(&data));
    assert_eq!((said.code, said.err), (Some(1), expected));
    assert!(!data.exists());
    // With a key that its operator knows, nothing would be lost.
    let serve = Running::serve(&config, &[STORE, ROOT[0], ROOT[1]]);
    assert!(get(&serve.shown("admin="), "/readyz").starts_with("HTTP/1.1 200 OK"));
    assert_eq!(serve.end().code, Some(0));
}

#[test]
fn another_account_than_the_folder_s_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = made(dir.path());
    let said = run(&["serve", "--config", text(&config)], &[STORE, ("COUNTERSIGN_ACCOUNT_ID", "000011112222")]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("does not hold account 000011112222; leave account_id out, or name its own"),
        "{}",
        said.err
    );
}

#[test]
fn a_wrong_master_key_refuses_and_touches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = made(dir.path());
    let key = dir.path().join("data/master.key");
    type Spoil = fn(&Path);
    let cases: [(Spoil, &str); 4] = [
        (
            |key| fs::write(key, format!("{}\n", "5a".repeat(32))).unwrap(),
            "the database was sealed with another master key",
        ),
        (|key| fs::write(key, "not a key").unwrap(), "a master key is 32 bytes in hexadecimal or base64"),
        (|key| fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap(), "make it 600"),
        (|key| fs::remove_file(key).unwrap(), "No such file or directory"),
    ];
    let right = fs::read(&key).unwrap();
    for (spoil, expected) in cases {
        spoil(&key);
        let before = files(&dir.path().join("data"));
        for verb in ["serve", "demo"] {
            let data = dir.path().join("data");
            let said = match verb {
                "serve" => run(&["serve", "--config", text(&config)], &[STORE]),
                _ => run(&["demo", "--listen", "127.0.0.1:0", "--data-dir", text(&data)], &[]),
            };
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{verb} {expected}");
            assert!(said.err.starts_with("countersign: ") && said.err.contains(expected), "{verb}: {}", said.err);
            assert!(files(&data) == before, "{verb} {expected}");
        }
        let _ = fs::remove_file(&key);
        fs::write(&key, &right).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(Running::serve(&config, &[STORE]).end().code, Some(0));
}

#[test]
fn the_master_key_may_be_in_a_variable() {
    let dir = tempfile::tempdir().unwrap();
    let config = configuration(dir.path());
    let key = "c3".repeat(32);
    let variables = [STORE, ("COUNTERSIGN_MASTER_KEY__VARIABLE", "MASTER"), ("MASTER", &key)];
    let said = run(&["init", "--config", text(&config)], &variables);
    assert!(said.out.contains("Its master key is in the variable MASTER."), "{}{}", said.out, said.err);
    assert!(!dir.path().join("data/master.key").exists());
    assert_eq!(Running::serve(&config, &variables).end().code, Some(0));
    let other = "d4".repeat(32);
    let said = run(&["serve", "--config", text(&config)], &[STORE, variables[1], ("MASTER", &other)]);
    assert!(said.err.contains("no fitting master key"), "{}", said.err);
}

#[test]
fn a_port_in_use_is_said_with_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let config = made(dir.path());
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap();
    for (variable, key) in [("COUNTERSIGN_LISTEN", "listen"), ("COUNTERSIGN_ADMIN_LISTEN", "admin_listen")] {
        let said = run(&["serve", "--config", text(&config)], &[STORE, (variable, &taken.to_string())]);
        let expected =
            format!("countersign: {taken} is in use by another program; choose another address with the key {key} ");
        assert_eq!(said.code, Some(1));
        assert!(said.err.starts_with(&expected), "{}", said.err);
    }
}

#[test]
fn a_reload_counts_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let config = made(dir.path());
    let good = fs::read_to_string(&config).unwrap();
    let serve = Running::serve(&config, &[STORE]);
    let public = serve.shown("address=");
    let reloaded = || serve.err().matches("configuration and certificates reloaded").count();
    let kept = || serve.err().matches("the configuration stays as it was").count();
    let region =
        |name: &str| get(&public, &format!("/?{}", presigned(name))).contains("<Code>InvalidAccessKeyId</Code>");
    assert!(region("us-east-1") && !region("eu-test-1"), "{}", get(&public, &format!("/?{}", presigned("us-east-1"))));

    fs::write(&config, format!("lisen = 1\n{}", good.replace("workers = 1", "workers = 1\nregions = [\"eu-test-1\"]")))
        .unwrap();
    serve.signal("HUP");
    serve.until("the fault is logged", || kept() >= 1);
    assert!(serve.err().contains("lisen: is no key; did you mean listen?"), "{}", serve.err());
    assert!(region("us-east-1") && !region("eu-test-1"));

    fs::write(&config, good.replace("workers = 1", "workers = 2\nregions = [\"eu-test-1\"]")).unwrap();
    serve.signal("HUP");
    serve.until("it is reloaded", || reloaded() >= 1);
    assert!(!region("us-east-1") && region("eu-test-1"));
    assert!(serve.err().contains("changed, which counts only after a restart key=\"workers\""), "{}", serve.err());

    let before = reloaded();
    fs::write(&config, good.replace("workers = 1", "workers = 1\nregions = [\"us-east-1\", \"eu-test-1\"]")).unwrap();
    serve.until("it is reloaded without a signal", || reloaded() > before);
    assert!(region("us-east-1") && region("eu-test-1"));
    assert_eq!(serve.end().code, Some(0));
}

/// The query of a request that nobody signed, for a region: it is refused for its region, or else for its key.
fn presigned(region: &str) -> String {
    let date = countersign::base::time::amz_date(countersign::base::Timestamp::now());
    let day = &date[..8];
    format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLEEXAMPLE99%2F{day}%2F{region}%2Fs3%2Faws4_request\
         &X-Amz-Date={date}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "0".repeat(64)
    )
}
