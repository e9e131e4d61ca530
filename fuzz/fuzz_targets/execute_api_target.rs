//! Path and query to an invocation: what is forwarded is recognised as the same need.
#![no_main]

use countersign::{
    base::{Head, Operation as _},
    mapping::execute_api::{Api, recognise},
};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (path, query) = input;
    let api = Api {
        id: "api".into(),
        stage: "prod".into(),
        region: "us-east-1".into(),
        account: "123456789012".parse().expect("twelve digits"),
        host: None,
        base_path: String::new(),
    };
    let none = HeaderMap::new();
    let head = Head { method: &Method::GET, host: "h", path, query, headers: &none };
    let Ok(call) = recognise(&head, &api) else { return };
    let upstream = call.upstream();
    let again = Head { path: &upstream.path, query: &upstream.query, ..head };
    let again = recognise(&again, &api).expect("what was rebuilt is recognised");
    assert_eq!(call.needs(), again.needs());
    assert_eq!(upstream.query, again.upstream().query);
});
