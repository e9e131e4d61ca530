//! Method, host, path and query to an S3 operation: whatever is recognised is rebuilt into a target that is recognised as
//! the same operation with the same needs.
#![no_main]

use countersign::{
    base::{Head, Operation as _, Timestamp},
    mapping::s3::{Addressing, Body, Style, recognise},
};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &str, &str)| {
    let (method, host, path, query) = input;
    let methods = [Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS];
    let method = &methods[usize::from(method) % methods.len()];
    let addressing = Addressing { base_domains: vec!["s3.local".into()], keys_are_file_paths: false };
    let none = HeaderMap::new();
    let head = Head { method, host, path, query, headers: &none };
    let Ok(call) = recognise(&head, &addressing, Timestamp::UNIX_EPOCH) else { return };
    let upstream = call.upstream(Style::Path);
    if call.body() == Body::Form {
        return;
    }
    let again = Head {
        method: &upstream.method,
        host: "upstream",
        path: &upstream.path,
        query: &upstream.query,
        headers: &upstream.headers,
    };
    let again = recognise(&again, &addressing, Timestamp::UNIX_EPOCH).expect("what was rebuilt is recognised");
    assert_eq!((call.op(), call.needs()), (again.op(), again.needs()));
});
