//! The harness itself: what it says of the road is true only if these hold.

use super::{
    client::{Request, send},
    gateway::{ALLOW_ALL, Gateway},
    signer::{Signer, proves},
    upstream::{Answer, Upstream, pattern},
};

#[test]
fn a_request_passes_from_client_to_upstream_and_back() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let key = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::Stream(100_000));

    let response = gateway.send(&Signer::s3(&key), Request::new("GET", "/bucket/some%20key"));
    assert_eq!((response.status, response.complete), (200, true));
    assert!(response.body == pattern(0, 100_000));
    assert_eq!(gateway.record(&response)["eventName"], "GetObject");

    let [seen] = &upstream.requests()[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/bucket/some%20key"));
    let (signed, key) = (Request::from(seen), Gateway::upstream_key());
    assert!(proves(&signed, &key, "eu-test-1"));
    assert!(!proves(&signed, &key.forged(), "eu-test-1"));
    assert!(!proves(&Request { target: "/bucket/other".into(), ..signed }, &key, "eu-test-1"));
    assert_eq!(gateway.end().len(), 1);
}

#[test]
fn a_refusal_has_its_code_its_id_and_its_record_and_reaches_nobody() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let response = send(gateway.address, &gateway.addressed(Request::new("GET", "/bucket/key")));
    assert_eq!(response.refusal(), (403, "AccessDenied".into()));
    assert_eq!(gateway.record(&response)["errorCode"], "AccessDenied");
    assert_eq!(upstream.traffic(), (0, 0));
    assert_eq!(gateway.admin("/readyz").status, 200);
}
