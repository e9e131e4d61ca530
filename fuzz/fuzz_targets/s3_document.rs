//! XML bodies: whatever is understood is written anew as a document that means the same.
#![no_main]

use bytes::Bytes;
use countersign::{
    base::{Head, Operation as _, Timestamp},
    mapping::s3::{Addressing, Call, recognise},
};
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;

const CALLS: [(Method, &str, &str); 9] = [
    (Method::POST, "/photos", "delete"),
    (Method::PUT, "/photos", ""),
    (Method::PUT, "/photos/a", "tagging"),
    (Method::PUT, "/photos/a", "retention"),
    (Method::PUT, "/photos/a", "legal-hold"),
    (Method::PUT, "/photos", "replication"),
    (Method::PUT, "/photos", "logging"),
    (Method::PUT, "/photos", "inventory&id=x"),
    (Method::POST, "/photos/a", "restore"),
];

fn call(method: &Method, path: &str, query: &str) -> Call {
    let none = HeaderMap::new();
    let head = Head { method, host: "h", path, query, headers: &none };
    recognise(&head, &Addressing::default(), Timestamp::UNIX_EPOCH).expect("the calls above are known")
}

fuzz_target!(|body: &[u8]| {
    let body = Bytes::copy_from_slice(body);
    for (method, path, query) in &CALLS {
        let mut first = call(method, path, query);
        if first.with_body(&body).is_err() {
            continue;
        }
        let mut second = call(method, path, query);
        let rebuilt = first.upstream_body().expect("a document that was read is written again");
        second.with_body(&rebuilt).expect("what was rebuilt is understood");
        assert_eq!(first.needs(), second.needs());
        let _ = first.merge_delete_result(Some(&body));
    }
});
