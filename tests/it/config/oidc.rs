//! `[oidc]`: providers by their URLs, and the files of their keys.

use std::{fs, time::Duration};

use countersign::federation::oidc::jwks::Algorithm;

use super::{SECRET, faults, load, minimal};

const SET: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

fn oidc(lines: &str) -> String {
    minimal(&format!("[oidc]\n{lines}"), "")
}

#[test]
fn what_is_said_of_providers_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    fs::write(&file, SET).unwrap();
    let text = oidc(&format!(
        "answer_seconds = 2\nkeys_seconds = 60\nstale_seconds_max = 0\n\
         jwks_files = {{ \"https://a.example.com/x\" = {file:?} }}\n\
         addresses = {{ \"https://b.example.com\" = \"127.0.0.1:8443\", \"https://c.example.com/\" = \"idp\" }}\n\
         claims = {{ \"https://b.example.com\" = \"project_id, Ref/name\" }}"
    ));
    let config = load(&text, &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    let settings = config.oidc;
    let seconds = [settings.answer_time, settings.keys_time, settings.stale_time_max].map(|time| time.as_secs());
    assert_eq!((seconds, config.oidc_files), ([2, 60, 0], vec![file]));
    let [a, b, c] = ["https://a.example.com/x", "https://b.example.com", "https://c.example.com/"]
        .map(|url| settings.known.get(url).unwrap_or_else(|| panic!("{url}")));
    assert!(a.keys.as_ref().unwrap().has(Some("a"), Algorithm::Es256) && a.address.is_none());
    assert_eq!(b.address, Some(("127.0.0.1".to_owned(), 8443)));
    assert_eq!(b.claims, ["project_id", "Ref/name"]);
    assert_eq!(c.address, Some(("idp".to_owned(), 443)));
    let config = load(&minimal("", ""), &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.oidc.answer_time, Duration::from_secs(5));
    assert!(config.oidc.known.is_empty() && config.oidc_files.is_empty());
}

#[test]
fn each_fault_of_a_provider_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("secret"), r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#).unwrap();
    fs::write(path("none"), "{}").unwrap();
    fs::write(path("set"), SET).unwrap();
    let file = |name: &str| format!("jwks_files = {{ \"https://a.example.com\" = {:?} }}", path(name));
    let of = "oidc.jwks_files.https://a.example.com: names a file";
    let url = "is for no provider; write its URL as it is registered, \"https://idp.example.com\"";
    let cases = [
        (file("secret"), format!("{of} of which the key set has no key for signatures that are taken")),
        (file("none"), format!("{of} of which the key set has no list of keys")),
        (file("absent"), format!("{of} that cannot be read (No such file or directory (os error 2))")),
        (
            "jwks_files = { \"https://a.example.com\" = \"keys.json\" }".into(),
            "oidc.jwks_files.https://a.example.com: is no absolute path, and would mean another file wherever the \
             program is started; begin it with a /"
                .into(),
        ),
        ("jwks_files = [\"a\"]".into(), "oidc.jwks_files: is [\"a\"]; write a table of texts".into()),
        ("addresses = { \"http://a.example.com\" = \"b\" }".into(), format!("oidc.addresses.http://a.example.com: {url}")),
        ("addresses = { \"https://a.example.com:1\" = \"b\" }".into(), format!("oidc.addresses.https://a.example.com:1: {url}")),
        ("claims = { \"a.example.com\" = \"b\" }".into(), format!("oidc.claims.a.example.com: {url}")),
        (
            "addresses = { \"https://a.example.com\" = \"b/c\" }".into(),
            "oidc.addresses.https://a.example.com: is no address; write for example \"10.0.0.7:8443\"".into(),
        ),
        (
            "addresses = { \"https://a.example.com\" = 7 }".into(),
            "oidc.addresses.https://a.example.com: is no address; write for example \"10.0.0.7:8443\"".into(),
        ),
        (
            "claims = { \"https://a.example.com\" = \"a,,b\" }".into(),
            "oidc.claims.https://a.example.com: is \"a,,b\"; write names of claims with commas between them".into(),
        ),
        (
            "claims = { \"https://a.example.com\" = \"Email\" }".into(),
            "oidc.claims.https://a.example.com: names `Email`, which has rules of its own; leave it out".into(),
        ),
        (
            "claims = { \"https://a.example.com\" = \"a,A\" }".into(),
            "oidc.claims.https://a.example.com: names `A` twice, for case does not count in condition keys; leave one out"
                .into(),
        ),
        (
            format!("addresses = {{ \"https://a.example.com\" = \"b\" }}\n{}", file("set")),
            "oidc.addresses.https://a.example.com: means nothing where oidc.jwks_files has a file for the provider; leave \
             one of them out"
                .into(),
        ),
        ("answer_seconds = 0".into(), "oidc.answer_seconds: is 0; write a number of at least 1".into()),
        ("keys_seconds = 0".into(), "oidc.keys_seconds: is 0; write a number of at least 1".into()),
        ("jwks_file = \"/a\"".into(), "oidc.jwks_file: is no key; did you mean oidc.jwks_files?".into()),
    ];
    for (lines, said) in cases {
        assert_eq!(faults(&oidc(&lines), &[SECRET]), [said], "{lines}");
    }
}
