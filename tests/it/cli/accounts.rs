//! `countersign account`, and accounts by configuration.

use super::{ROOT, Running, configuration, run, text};

#[test]
fn accounts_are_made_listed_and_given_keys() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let place = ["--data-dir", text(&data)];
    let said = |arguments: &[&str]| run(&[arguments, &place].concat(), &[]);
    let before = said(&["account", "list"]);
    assert!(before.code == Some(1) && before.err.contains("make one with: countersign init"), "{}", before.err);
    assert_eq!(said(&["init"]).code, Some(0));
    let made = said(&["account", "create", "--id", "111122223333"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.out.starts_with("Made account 111122223333.\n"), "{}", made.out);
    let key = made.out.split("AWS_ACCESS_KEY_ID=").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let again = said(&["account", "create", "--id", "111122223333"]);
    assert!(again.code == Some(1) && again.err.contains("is there already; nothing was changed"), "{}", again.err);
    assert_eq!(said(&["account", "create"]).code, Some(0));
    let listed = said(&["account", "list"]).out;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.lines().any(|line| line.starts_with("111122223333") && line.ends_with(key)), "{listed}");
    let other = said(&["account", "root-key", "111122223333"]);
    assert!(other.code == Some(0) && !other.out.contains(key), "{}", other.out);
    assert!(!said(&["account", "list"]).out.contains(key));
    let unknown = said(&["account", "root-key", "999999999999"]);
    assert!(unknown.code == Some(1) && unknown.err.contains("there is no account 999999999999"), "{}", unknown.err);
    assert!(said(&["account", "create", "--id", "12"]).err.contains("write twelve digits"));
}

#[test]
fn a_configuration_makes_the_accounts_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let config = configuration(dir.path());
    let rest = std::fs::read_to_string(&config).unwrap();
    let write = |accounts: &str| std::fs::write(&config, format!("accounts = {accounts}\n{rest}")).unwrap();
    let secret = ("STORE", "s");
    let named = [
        ROOT[0],
        ROOT[1],
        secret,
        ("COUNTERSIGN_ACCOUNT_ID", "123456789012"),
        ("COUNTERSIGN_ROOT_ACCESS_KEY_ID_111122223333", "AKIAEXAMPLEEXAMPLE11"),
        ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY_111122223333", "another/example+of/a+secret"),
    ];
    write(r#"["111122223333", "444455556666"]"#);
    let serve = Running::serve(&config, &named);
    assert!(serve.err().contains("has no root access key"), "{}", serve.err());
    drop(serve);
    let listed = run(&["account", "list", "--data-dir", text(&data)], &[]).out;
    let starts: Vec<&str> = listed.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(starts, ["111122223333", "123456789012", "444455556666"], "{listed}");
    assert!(listed.contains("AKIAEXAMPLEEXAMPLE11") && listed.contains("no root access key"), "{listed}");
    write(r#"["1111", "444455556666", "444455556666"]"#);
    let check = run(&["check", "--config", text(&config)], &named);
    for fault in [
        "accounts: holds \"1111\"; write twelve digits",
        "accounts: names 444455556666 twice; leave one out",
        "is for an account that accounts does not name; add \"111122223333\" there",
    ] {
        assert!(check.err.contains(fault) || check.out.contains(fault), "{fault}\n{}{}", check.out, check.err);
    }
}
