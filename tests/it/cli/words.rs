//! What the program says of itself.

use super::run;

const VERBS: [&str; 9] = ["demo", "serve", "check", "init", "apply", "import", "export", "operations", "completions"];

#[test]
fn the_help_names_every_verb_and_where_to_start() {
    let said = run(&["--help"], &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    for verb in VERBS {
        assert!(said.out.contains(&format!("\n  {verb} ")), "{verb}");
    }
    assert!(said.out.contains("countersign demo                             S3, IAM and STS on http://127.0.0.1:9000"));
    let without_verb = run(&[], &[]);
    assert_eq!((without_verb.code, without_verb.out + &without_verb.err), (Some(2), said.out));
}

#[test]
fn the_help_of_every_verb_has_an_example_and_fits_a_terminal() {
    for verb in VERBS {
        let said = run(&[verb, "--help"], &[]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{verb}");
        assert!(said.out.contains(&format!("Usage: countersign {verb}")), "{verb}");
        assert!(said.out.contains(&format!("\n  countersign {verb}")), "{verb} has no example");
        for line in said.out.lines() {
            assert!(line.chars().count() <= 100, "{verb}: {line}");
        }
    }
}

#[test]
fn values_of_secrets_are_not_shown_in_the_help() {
    let secret = ("COUNTERSIGN_UPSTREAM_SECRET_KEY", "hunter2");
    let said = run(&["demo", "--help"], &[secret]);
    assert!(said.out.contains(secret.0) && !said.out.contains(secret.1), "{}", said.out);
}

#[test]
fn what_is_not_understood_is_said() {
    let cases: [(&[&str], &str); 6] = [
        (&["serv"], "similar subcommand exists: 'serve'"),
        (&["serve"], "--config <FILE>"),
        (&["demo", "--listen", "localhost:9000"], "write an IP address and a port, as 127.0.0.1:9000 or [::]:9000"),
        (&["demo", "--upstream", "http://127.0.0.1:1"], "--upstream-access-key <ID>"),
        (&["demo", "--upstream-region", "x"], "--upstream <URL>"),
        (&["completions", "tcsh"], "possible values: bash, elvish, fish, powershell, zsh"),
    ];
    for (arguments, expected) in cases {
        let said = run(arguments, &[]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.err.contains(expected), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn completions_know_the_verbs_and_their_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = run(&["completions", shell], &[]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{shell}");
        for word in VERBS.iter().chain(&["data-dir", "config", "upstream-access-key"]) {
            assert!(said.out.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(run(&["--version"], &[]).out, format!("countersign {}\n", env!("CARGO_PKG_VERSION")));
}
