//! Whoever is slow, silent or gone ends in a bounded time, in S3's words and with a record.

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Request, Wire},
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::{Key, Signer},
    upstream::{Answer, Upstream, pattern},
};

const SECOND: Duration = Duration::from_secs(1);

/// A gateway whose deadlines are all one second.
fn impatient(upstream: &Upstream) -> Gateway {
    let keys = [
        ("LIMITS__IDLE_SECONDS", "1"),
        ("LIMITS__HEAD_SECONDS", "1"),
        ("UPSTREAM__0__CONNECT_SECONDS", "1"),
        ("UPSTREAM__0__HEAD_SECONDS", "1"),
        ("UPSTREAM__0__IDLE_SECONDS", "1"),
    ];
    Gateway::start_with(upstream, &Setup { keys: &keys, ..Setup::default() })
}

#[test]
fn an_upstream_that_fails_is_told_in_s3s_words() {
    let upstream = Upstream::start();
    let gateway = impatient(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let (get, small, big) = (("GET", 0), ("PUT", 1000), ("PUT", 1_000_000));
    let cases = [
        (get, Answer::Silent, 504, "GatewayTimeout"),
        (small, Answer::Silent, 504, "GatewayTimeout"),
        (big, Answer::Silent, 504, "GatewayTimeout"),
        (big, Answer::Deaf, 504, "GatewayTimeout"),
        (get, Answer::Late(4 * SECOND, Answer::ok("").into()), 504, "GatewayTimeout"),
        (get, Answer::Reset, 502, "BadGateway"),
        (small, Answer::Reset, 502, "BadGateway"),
        (big, Answer::Reset, 502, "BadGateway"),
        (get, Answer::error(500, "InternalError"), 500, "InternalError"),
        (get, Answer::error(503, "SlowDown"), 503, "SlowDown"),
        (get, Answer::Whole(503, vec![], vec![]), 503, "SlowDown"),
        (get, Answer::Whole(500, vec![], b"<html>".to_vec()), 500, "InternalError"),
        // What is wrong between us and the store is no fault of the client.
        (get, Answer::error(403, "SignatureDoesNotMatch"), 500, "InternalError"),
        (get, Answer::error(403, "InvalidAccessKeyId"), 500, "InternalError"),
        // Nobody is sent to an upstream's own address.
        (get, Answer::Whole(301, vec![("location", "http://store/".into())], vec![]), 502, "BadGateway"),
        (get, Answer::Whole(307, vec![("location", "http://store/".into())], vec![]), 502, "BadGateway"),
        // A success before the body was proven is none.
        (big, Answer::Early(200), 502, "BadGateway"),
        (big, Answer::Early(507), 507, "InternalError"),
    ];
    for ((method, bytes), answer, status, code) in cases {
        let what = format!("{method} {bytes} {answer:?}");
        upstream.answer(move |_| answer.clone());
        let request = Request::new(method, "/photos/a").body(pattern(0, bytes));
        let request = gateway.signed(&Signer::s3(&ann), request);
        // A success is told before the body is there: as much is sent as an upstream may hear unproven.
        let sent = if what.contains("Early(200)") { bytes / 2 } else { bytes };
        let since = Instant::now();
        let mut wire = gateway.wire();
        wire.write(&request.head());
        wire.write(&request.body[..sent]);
        let response = wire.response(method);
        assert_eq!(response.refusal(), (status, code.to_owned()), "{what}");
        assert!(since.elapsed() < 4 * SECOND, "{what}: {:?}", since.elapsed());
        assert_eq!(response.header("location"), None);
        let record = gateway.record(&response);
        assert_eq!((&record["errorCode"], record["eventName"] == "Unknown"), (&code.into(), false), "{what}");
    }
}

#[test]
fn nothing_more_is_sent_to_an_upstream_that_has_refused() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::Early(507));
    let request = gateway.signed(&Signer::s3(&ann), Request::new("PUT", "/photos/a").body(pattern(0, 1_000_000)));
    let mut wire = gateway.wire();
    wire.write(&request.head());
    wire.write(&request.body[..300_000]);
    assert_eq!(wire.response("PUT").status, 507);
    wire.write(&request.body[300_000..]);
    until("the upstream is left alone", || upstream.requests()[0].aborted);
    assert!(!upstream.requests()[0].complete);
    // The client's connection goes on: what it sent was read.
    wire.write(&request.head());
    wire.write(&request.body);
    assert_eq!(wire.response("PUT").status, 507);
}

#[test]
fn an_upstream_that_is_not_there_is_told_in_s3s_words() {
    let upstream = Upstream::start();
    // Nobody listens here, and here nobody accepts.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = full.local_addr().unwrap();
    for (address, status, code) in [(gone, 503, "ServiceUnavailable"), (deaf, 504, "GatewayTimeout")] {
        let url = format!("http://{address}");
        let keys = [("UPSTREAM__0__URL", url.as_str()), ("UPSTREAM__0__HEAD_SECONDS", "1")];
        let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
        let ann = gateway.user("Ann", Some(ALLOW_ALL));
        let response = gateway.send(&Signer::s3(&ann), Request::new("GET", "/photos/a"));
        assert_eq!(response.refusal(), (status, code.to_owned()));
        assert_eq!(response.header("retry-after").is_some(), status == 503);
        assert_eq!(gateway.record(&response)["errorCode"], code);
        assert!(gateway.admin("/metrics").text().contains("countersign_upstream_errors_total"));
    }
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn a_client_that_stops_sending_is_told_so() {
    let upstream = Upstream::start();
    let gateway = impatient(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let form = super::form::Form { bucket: "photos", fields: &[("key", "a")], file: &[7; 5000], expires_in: 60 };
    let form = gateway.addressed(form.signed(&Signer::s3(&ann)));
    let put = |bytes| Request::new("PUT", "/photos/a").body(pattern(0, bytes));
    let tags = Request::new("PUT", "/photos/a?tagging").body(vec![b' '; 5000]);
    let signed = |request| gateway.signed(&Signer::s3(&ann), request);
    let cases = [
        ("small", signed(put(5000)), 1000),
        ("big", signed(put(1_000_000)), 500_000),
        ("big, at its end", signed(put(1_000_000)), 999_999),
        ("document", signed(tags), 1000),
        ("fields of a form", form.clone(), 100),
        ("file of a form", form.clone(), form.body.len() - 1000),
        ("nothing at all", signed(put(5000)), 0),
    ];
    for (name, request, sent) in cases {
        let mut wire = gateway.wire();
        wire.write(&request.head());
        wire.write(&request.body[..sent]);
        let response = wire.response(&request.method);
        assert_eq!(response.refusal(), (400, "RequestTimeout".into()), "{name}: {}", response.text());
        let record = gateway.record(&response);
        assert_eq!(record["errorCode"], "RequestTimeout", "{name}");
        assert_eq!(record["additionalEventData"]["bytesTransferredIn"], sent, "{name}");
    }
    assert!(upstream.requests().iter().all(|seen| !seen.complete));
}

#[test]
fn a_client_that_pauses_is_waited_for() {
    let upstream = Upstream::start();
    let keys = [("LIMITS__IDLE_SECONDS", "5"), ("UPSTREAM__0__HEAD_SECONDS", "1")];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let request = Request::new("PUT", "/photos/a").body(pattern(0, 1_000_000));
    let request = gateway.signed(&Signer::s3(&ann), request);
    let mut wire = gateway.wire();
    wire.write(&request.head());
    // Longer than the upstream may take: that deadline is not the client's.
    for part in request.body.chunks(500_000) {
        wire.write(part);
        thread::sleep(2 * SECOND + SECOND / 2);
    }
    assert_eq!(wire.response("PUT").status, 200);
    assert!(upstream.take()[0].complete);
}

#[test]
fn an_answer_that_breaks_off_reaches_nobody_as_a_whole() {
    let upstream = Upstream::start();
    let gateway = impatient(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    for (answer, sent) in
        [(Answer::Broken(1_000_000, 400_000), 400_000), (Answer::Stalled(1_000_000, 400_000), 400_000)]
    {
        let what = format!("{answer:?}");
        upstream.answer(move |_| answer.clone());
        let since = Instant::now();
        let response = gateway.send(&Signer::s3(&ann), Request::new("GET", "/photos/a"));
        assert_eq!((response.status, response.complete), (200, false), "{what}");
        assert!(response.body.len() <= sent && since.elapsed() < 4 * SECOND, "{what}");
        let record = gateway.record(&response);
        assert_eq!(record["additionalEventData"]["bytesTransferredOut"], sent, "{what}");
    }
    assert!(gateway.admin("/metrics").text().contains("countersign_upstream_errors_total{reason=\"broken\"}"));
}

#[test]
fn a_client_that_says_nothing_is_shown_out() {
    let upstream = Upstream::start();
    let gateway = impatient(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let used = |wire: &mut Wire| {
        wire.write(&gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a")).head());
        assert_eq!(wire.response("GET").status, 200);
    };
    type Say<'a> = &'a dyn Fn(&mut Wire);
    let cases: [(&str, Say<'_>); 5] = [
        ("not a byte", &|_| ()),
        ("the beginning of a head", &|wire| wire.write(b"GET /photos/a HTTP/1.1\r\nhost: ")),
        ("the beginning of HTTP/2", &|wire| wire.write(b"PRI * HTTP/2")),
        ("HTTP/2 and no request", &|wire| wire.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")),
        ("nothing more", &used),
    ];
    for (name, say) in cases {
        let mut wire = gateway.wire();
        say(&mut wire);
        wire.stream.set_read_timeout(Some(5 * SECOND)).unwrap();
        wire.read_to_end().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_client_that_stops_reading_is_shown_out() {
    let upstream = Upstream::start();
    let gateway = impatient(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::Stream(1 << 30));
    let mut wire = gateway.wire();
    wire.write(&gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a")).head());
    let (status, headers) = wire.read_head().unwrap();
    assert_eq!(status, 200);
    let id = headers.iter().find(|(name, _)| name == "x-amz-request-id").unwrap().1.clone();
    until("the request is over", || gateway.records().iter().any(|record| record["requestID"] == id.as_str()));
    assert!(wire.count_body(1 << 30) < 1 << 30);
}

#[test]
fn a_vanished_client_leaves_its_record() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let late = Answer::Late(SECOND, Answer::ok("").into());
    let body = pattern(0, 1_000_000);
    let cases = [
        ("waits", "GET", late.clone(), 0, "GetObject", ""),
        ("changes", "DELETE", late.clone(), 0, "DeleteObject", ""),
        ("sends a little", "PUT", late, 1000, "PutObject", ""),
        ("sends", "PUT", Answer::ok(""), 500_000, "PutObject", "IncompleteBody"),
        ("reads", "GET", Answer::Stream(1 << 30), 0, "GetObject", ""),
    ];
    for (name, method, answer, sent, event, code) in cases {
        upstream.answer(move |_| answer.clone());
        let bytes = if sent == 500_000 { body.len() } else { sent };
        let request = Request::new(method, &format!("/photos/{}", name.replace(' ', "-"))).body(&body[..bytes]);
        let request = gateway.signed(&Signer::s3(&ann), request);
        let mut wire = gateway.wire();
        wire.write(&request.head());
        wire.write(&request.body[..sent]);
        until("the upstream has heard of it", || !upstream.requests().is_empty());
        drop(wire);
        let of = || {
            let key = name.replace(' ', "-");
            let records = gateway.records().into_iter();
            records.filter(|record| record["requestParameters"]["key"] == *key).collect::<Vec<_>>()
        };
        until(&format!("it is recorded that a client {name}"), || !of().is_empty());
        let [record] = &of()[..] else { panic!("one record: {:?}", of()) };
        assert_eq!((&record["eventName"], record["errorCode"].as_str().unwrap_or("")), (&event.into(), code), "{name}");
        upstream.take();
    }
    let users = |key: &Key| key.id.clone();
    assert!(gateway.end().iter().all(|record| record["userIdentity"]["accessKeyId"] == users(&ann)));
}
