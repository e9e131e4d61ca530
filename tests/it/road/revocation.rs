//! What is revoked counts for every decision that comes after it, however long a request has been on its way.

use super::{
    client::Request,
    form::Form,
    gateway::{ALLOW_ALL, Gateway, Setup},
    signer::{Key, Signer},
    upstream::Upstream,
};

/// A request whose decision waits for its body, and the refusals without a key and without a policy.
type Case = (&'static str, fn(&Gateway, &Key) -> Request, (u16, &'static str), (u16, &'static str));

const CASES: [Case; 3] = [
    ("form", form, (403, "InvalidAccessKeyId"), (403, "AccessDenied")),
    ("document", tagging, (403, "InvalidAccessKeyId"), (403, "AccessDenied")),
    ("body under a hash", invocation, (403, "UnrecognizedClientException"), (403, "AccessDeniedException")),
];

fn form(gateway: &Gateway, key: &Key) -> Request {
    let form = Form { bucket: "photos", fields: &[("key", "a")], file: b"file", expires_in: 60 };
    gateway.addressed(form.signed(&Signer::s3(key)))
}

fn tagging(gateway: &Gateway, key: &Key) -> Request {
    let request = Request::new("PUT", "/photos/a?tagging").body("<Tagging><TagSet/></Tagging>");
    gateway.signed(&Signer::s3(key), request)
}

fn invocation(gateway: &Gateway, key: &Key) -> Request {
    let request = Request::new("POST", "/orders/1").header("host", "orders.test").body("an order");
    gateway.signed(&Signer::of("execute-api", key), request)
}

#[test]
fn a_body_that_is_waited_for_does_not_keep_a_right_alive() {
    let upstream = Upstream::start();
    let table = format!(
        "[[upstream]]\nname = \"orders\"\nkind = \"http\"\nurl = \"http://{}\"\napi_id = \"orders\"\nhost = \"orders.test\"",
        upstream.address
    );
    let gateway = Gateway::start_with(&upstream, &Setup { tables: &table, ..Setup::default() });
    for (at, (name, request, without_key, without_policy)) in CASES.into_iter().enumerate() {
        for (what, expected) in [("nothing", None), ("key", Some(without_key)), ("policy", Some(without_policy))] {
            let user = format!("Ann{at}{what}");
            let key = gateway.user(&user, Some(ALLOW_ALL));
            let request = request(&gateway, &key).header("expect", "100-continue");
            let mut wire = gateway.wire();
            wire.write(&request.head());
            // Whoever asks for the body has taken its view of the identities.
            assert_eq!(wire.read_head().unwrap().0, 100);
            wire.write(&request.body[..5]);
            match what {
                "key" => gateway.revoke_key(&key),
                "policy" => gateway.revoke_policy(&user),
                _ => gateway.revoke_key(&gateway.user(&format!("Other{at}"), None)),
            }
            wire.write(&request.body[5..]);
            let response = wire.response(&request.method);
            match expected {
                Some((status, code)) => {
                    assert_eq!(response.refusal(), (status, code.to_owned()), "{name} without {what}");
                    assert_eq!(gateway.record(&response)["errorCode"], code);
                    assert_eq!(upstream.take().len(), 0, "{name} without {what}");
                }
                None => {
                    assert!(response.status < 300, "{name}: {}", response.text());
                    assert_eq!(upstream.take().len(), 1, "{name}");
                }
            }
        }
    }
}
