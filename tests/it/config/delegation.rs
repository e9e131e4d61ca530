//! The `[delegation]` table: what is refused, all at once, and what it comes to.

use std::fs;

use super::{SECRET, faults, load, minimal};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::@{bucketName}/*"}}"#;

/// The faults of a table in which `DIR` stands for a folder with a template and a file that is none.
fn said(lines: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("good.json"), POLICY).unwrap();
    fs::write(dir.path().join("bad.json"), POLICY.replace("bucketName", "b")).unwrap();
    let path = dir.path().display().to_string();
    let text = minimal(&format!("[delegation]\n{}", lines.replace("DIR", &path)), "");
    faults(&text, &[SECRET]).into_iter().map(|fault| fault.replace(&path, "DIR")).collect()
}

#[test]
fn each_fault_of_delegation_is_said() {
    let of = "requesters = { \"444455556666\" = \"CI\" }\n";
    let arn = "arn:aws:iam::444455556666:delegation-template/t";
    let topic = "arn:aws:sns:us-east-1:444455556666:t";
    let template = |arn: &str, file: &str| format!("{of}templates = {{ \"{arn}\" = \"{file}\" }}");
    let channel = |arn: &str, url: &str| format!("{of}channels = {{ \"{arn}\" = \"{url}\" }}");
    let other_arn = "is of account 111122223333, which delegation.requesters does not name; add it there";
    let url =
        format!("has no such URL for {topic}; write https://host/path, or http://localhost/path for this machine");
    for (lines, key, fault) in [
        ("requesters = \"CI\"".to_owned(), "requesters", "is \"CI\"; write a table of texts"),
        ("requesters = { \"1234\" = \"CI\" }".into(), "requesters", "holds \"1234\"; write twelve digits"),
        (
            "requesters = { \"444455556666\" = \"\" }".into(),
            "requesters",
            "names 444455556666 \"\"; write 1 to 30 Latin characters",
        ),
        (
            "requesters = { \"444455556666\" = 7 }".into(),
            "requesters",
            "names 444455556666 \"\"; write 1 to 30 Latin characters",
        ),
        (
            template("t", "DIR/good.json"),
            "templates",
            "holds \"t\"; write arn:aws:iam::ACCOUNT:delegation-template/NAME",
        ),
        (
            template(&arn.replace("delegation-template", "policy"), "DIR/good.json"),
            "templates",
            "holds \"arn:aws:iam::444455556666:policy/t\"; write arn:aws:iam::ACCOUNT:delegation-template/NAME",
        ),
        (template(&arn.replace("444455556666", "111122223333"), "DIR/good.json"), "templates", other_arn),
        (
            template(arn, "good.json"),
            "templates",
            "`good.json` is no absolute path, and would mean another file wherever the program is started; begin it with a /",
        ),
        (
            template(arn, "DIR/none.json"),
            "templates",
            "`DIR/none.json` cannot be read: No such file or directory (os error 2)",
        ),
        (
            template(arn, "DIR/bad.json"),
            "templates",
            "`DIR/bad.json` has a parameter `b`; its name has 5 to 256 printable ASCII characters",
        ),
        (channel("t", "https://ci.test/"), "channels", "holds \"t\"; write arn:aws:sns:REGION:ACCOUNT:NAME"),
        (channel(&topic.replace("444455556666", "111122223333"), "https://ci.test/"), "channels", other_arn),
        (channel(topic, "http://ci.test/secret"), "channels", &url),
        (
            "console_url = \"ftp://x\"".into(),
            "console_url",
            "is \"ftp://x\"; write the beginning of a link, as \"https://console.example.com/requests/\"",
        ),
        ("deadline_seconds = 0".into(), "deadline_seconds", "is 0; write a number of at least 1"),
        (
            "ca_file = \"DIR/none.pem\"".into(),
            "ca_file",
            "DIR/none.pem: I/O error: No such file or directory (os error 2)",
        ),
        ("requestors = {}\nrequesters2 = 1".into(), "requesters2", "is no key; did you mean delegation.requesters?"),
    ] {
        assert_eq!(said(&lines), [format!("delegation.{key}: {fault}")], "{lines}");
    }
    let both = format!("{of}templates = {{ \"x\" = \"y\" }}\nchannels = {{ \"x\" = \"y\" }}\ndeadline_seconds = 0");
    assert_eq!(said(&both).len(), 3, "{:?}", said(&both));
}

#[test]
fn a_table_comes_to_who_may_ask_for_what() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("t.json");
    fs::write(&file, POLICY).unwrap();
    let text = minimal(
        &format!(
            "[delegation]\nrequesters = {{ \"444455556666\" = \"CI\", \"111122223333\" = \"Other\" }}\n\
             templates = {{ \"arn:aws:iam::444455556666:delegation-template/example.com/t\" = \"{}\" }}\n\
             channels = {{ \"arn:aws:sns:eu-west-1:444455556666:t\" = \"https://ci.test/a\" }}\n",
            file.display()
        ),
        "",
    );
    let config = load(&text, &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    let (ci, other) = ("444455556666".parse().unwrap(), "111122223333".parse().unwrap());
    let delegation = &config.delegation;
    assert_eq!((delegation.requester(ci), delegation.requester(other)), (Some("CI"), Some("Other")));
    assert_eq!(config.delegation_files, [file]);
    // What is one account's is no other's.
    for (account, there) in [(ci, true), (other, false)] {
        let template = delegation.template(account, "arn:aws:iam::444455556666:delegation-template/example.com/t");
        let channel = delegation.channel(account, "arn:aws:sns:eu-west-1:444455556666:t");
        assert_eq!((template.is_some(), channel.is_some()), (there, there), "{account}");
    }
}
