//! How a server ends, and how many it takes at once.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Request, Wire},
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::Signer,
    upstream::{Answer, Upstream, pattern},
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn open_requests_end_and_new_ones_are_not_taken() {
    let upstream = Upstream::start();
    let mut gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|seen| match seen.method.as_str() {
        "GET" => Answer::Late(SECOND, Answer::Stream(1_000_000).into()),
        _ => Answer::ok(""),
    });
    let signed = |request| gateway.signed(&Signer::s3(&ann), request);
    let mut idle = gateway.wire();
    idle.write(&signed(Request::new("DELETE", "/photos/a")).head());
    assert_eq!(idle.response("DELETE").status, 200);
    let mut reading = gateway.wire();
    reading.write(&signed(Request::new("GET", "/photos/a")).head());
    let put = signed(Request::new("PUT", "/photos/b").body(pattern(0, 1_000_000)));
    let mut sending = gateway.wire();
    sending.write(&put.head());
    sending.write(&put.body[..500_000]);
    until("all have arrived", || upstream.requests().len() == 3);

    let (address, server) = (gateway.address, gateway.take_server());
    let draining = thread::spawn(move || server.drain());
    until("it is told that the server is ending", || {
        let ready = gateway.admin("/readyz");
        ready.status == 503 && ready.text().contains("draining: the server is ending")
    });
    until("no connection is taken", || std::net::TcpStream::connect(address).is_err());
    assert_eq!(idle.read_to_end().unwrap(), b"");
    sending.write(&put.body[500_000..]);
    assert_eq!(sending.response("PUT").status, 200);
    let response = reading.response("GET");
    assert_eq!((response.status, response.body.len(), response.complete), (200, 1_000_000, true));
    draining.join().unwrap();
    assert_eq!(gateway.records().len(), 3);
}

#[test]
fn what_does_not_end_in_time_is_given_up_and_recorded() {
    let upstream = Upstream::start();
    let mut gateway = Gateway::start_with(
        &upstream,
        &Setup { keys: &[("LIMITS__DRAIN_SECONDS", "1"), ("UPSTREAM__0__HEAD_SECONDS", "60")], ..Setup::default() },
    );
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::Silent);
    let mut waiting = gateway.wire();
    waiting.write(&gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a")).head());
    until("it has arrived", || upstream.requests().len() == 1);
    let since = Instant::now();
    gateway.take_server().drain();
    assert!(since.elapsed() < 5 * SECOND, "{:?}", since.elapsed());
    let [record] = &gateway.records()[..] else { panic!("one record") };
    assert_eq!(
        (&record["errorCode"], &record["userIdentity"]["userName"]),
        (&"ServiceUnavailable".into(), &"Ann".into())
    );
    assert!(waiting.read_to_end().is_ok());
}

#[test]
fn no_more_connections_are_taken_than_configured() {
    let upstream = Upstream::start();
    let setup = Setup { keys: &[("LIMITS__CONNECTIONS", "2")], ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let served = |wire: &mut Wire| {
        wire.write(&gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a")).head());
        wire.read_response("GET").is_ok_and(|response| response.status == 200)
    };
    let (mut first, mut second) = (gateway.wire(), gateway.wire());
    assert!(served(&mut first) && served(&mut second));
    assert!(!served(&mut gateway.wire()));
    assert!(served(&mut first) && served(&mut second));
    drop(first);
    until("there is room again", || served(&mut gateway.wire()));
}

#[test]
fn a_request_keeps_its_connections_place_though_its_client_has_gone() {
    let upstream = Upstream::start();
    let setup = Setup { keys: &[("LIMITS__CONNECTIONS", "1")], ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::Late(SECOND, Answer::ok("").into()));
    let request = gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a"));
    let mut wire = gateway.wire();
    wire.write(&request.head());
    until("it has arrived", || upstream.requests().len() == 1);
    drop(wire);
    until("there is room again", || {
        let mut next = gateway.wire();
        next.write(&request.head());
        next.read_response("GET").is_ok()
    });
    // The first was answered before the second was let in.
    assert!(gateway.records().iter().any(|record| record["requestParameters"]["key"] == "a"));
    assert_eq!(upstream.requests().len(), 2);
}
