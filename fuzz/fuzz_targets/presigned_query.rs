//! A presigned request's query: what is read of it is what the canonical query says, in whatever spelling it came.
#![no_main]

use countersign::{
    base::Head,
    sigv4::{
        Dialect, Evidence, Form, Refusal,
        canonical::{PathRule, canonical_request},
        evidence::EXPIRES_MAX,
        payload::PayloadRule,
        read,
    },
};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

fn head<'a>(query: &'a str, headers: &'a HeaderMap) -> Head<'a> {
    Head { method: &Method::GET, host: "h", path: "/", query, headers }
}

fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fuzz_target!(|query: &str| {
    let none = HeaderMap::new();
    let head = |query| Head { query, ..head("", &none) };
    let signed = match read(&head(query)) {
        Ok(Evidence::Signed(signed)) => signed,
        Ok(Evidence::None) => return,
        Err(refusal) => {
            for dialect in [Dialect::S3, Dialect::Query, Dialect::Json] {
                assert!((400..=403).contains(&refusal.fault(dialect).status));
            }
            return;
        }
    };
    assert_eq!(signed.form, Form::Query);
    let service = signed.scope().expect("its parts were counted").service;
    match signed.expires {
        Some(seconds) => assert!((1..=EXPIRES_MAX).contains(&seconds)),
        None => assert_ne!(service, "s3"),
    }
    let Ok(canonical) = canonical_request(&head(query), PathRule::S3, "host", "") else { return };
    let canonical = String::from_utf8(canonical).expect("everything is escaped");
    let bare = canonical.lines().nth(2).expect("the query").to_owned();
    // The signature itself is left out, unless its name is spelt as nobody spells it.
    let canonical = match read(&head(&bare)) {
        Err(Refusal::MissingInQuery(missing)) => {
            assert_eq!(missing, ["X-Amz-Signature"]);
            format!("{bare}&X-Amz-Signature={}", escape(&signed.signature))
        }
        _ => bare.clone(),
    };
    match read(&head(&canonical)) {
        Ok(Evidence::Signed(again)) => assert_eq!(format!("{again:?}"), format!("{signed:?}")),
        other => panic!("{query} is read, its canonical form {canonical} is {other:?}"),
    }
    let rules = [query, &canonical].map(|query| PayloadRule::of(&head(query), service, Form::Query));
    assert_eq!(rules[0], rules[1]);
});
