//! Bodies pass both ways as they come: without being kept, without being changed, and only as fast as they are taken.

use std::{
    fs,
    io::Write,
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use super::{
    client::{Request, Response, Wire},
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::{Key, Signer},
    upstream::{Answer, Upstream, pattern},
};

/// What the process may grow by, in bytes, whatever passes.
const GROWTH_MAX: u64 = 64 << 20;

#[test]
fn a_transfer_of_any_size_takes_little_memory() {
    // Other tests take memory too, so this one has a process of its own. 5 GiB are for release builds.
    let gibibytes = if std::env::var_os("COUNTERSIGN_BIG").is_some() { 5 } else { 1 };
    if std::env::var_os("COUNTERSIGN_ALONE").is_some() {
        return pass_through(gibibytes << 30);
    }
    let name = "road::transfers::a_transfer_of_any_size_takes_little_memory";
    let mut alone = Command::new(std::env::current_exe().unwrap());
    let outcome = alone.args(["--exact", name, "--nocapture"]).env("COUNTERSIGN_ALONE", "1").output().unwrap();
    let told = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{told}{}", String::from_utf8_lossy(&outcome.stderr));
    println!("{told}");
}

fn pass_through(bytes: u64) {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(move |seen| if seen.method == "GET" { Answer::Stream(bytes) } else { Answer::ok("") });
    // Buffers that are there to stay do not count as growth.
    assert_eq!(upload(&gateway, &ann, 32 << 20).status, 200);
    assert!(download(&gateway, &ann, 32 << 20) >= 32 << 20);

    let (before, peak, is_over) = (resident(), AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                peak.fetch_max(resident(), Ordering::SeqCst);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let start = SystemTime::now();
        assert_eq!(upload(&gateway, &ann, bytes).status, 200);
        let half = SystemTime::now();
        assert_eq!(download(&gateway, &ann, bytes), bytes);
        is_over.store(true, Ordering::SeqCst);
        let growth = peak.load(Ordering::SeqCst).saturating_sub(before);
        let (up, down) = (half.duration_since(start).unwrap(), half.elapsed().unwrap());
        println!("{bytes} bytes up in {up:?}, down in {down:?}, memory grew by {growth} from {before}");
        assert!(growth < GROWTH_MAX, "grew by {growth}");
    });
    assert!(upstream.requests().iter().all(|seen| seen.complete));
    assert_eq!(upstream.requests().iter().map(|seen| seen.body_bytes).sum::<u64>(), bytes + (32 << 20));
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn upload(gateway: &Gateway, key: &Key, bytes: u64) -> Response {
    let request = Request::new("PUT", "/photos/big").header("content-length", bytes.to_string());
    let request = gateway.signed(&Signer::s3(key).payload("UNSIGNED-PAYLOAD"), request);
    let mut wire = gateway.wire();
    wire.write(&request.head());
    let mut at = 0;
    let block = pattern(0, 251 * 1024);
    while at < bytes {
        let here = (bytes - at).min(block.len() as u64) as usize;
        wire.stream.write_all(&block[..here]).unwrap();
        at += here as u64;
    }
    wire.response("PUT")
}

/// Asks for an object and counts its bytes, up to a number.
fn download(gateway: &Gateway, key: &Key, at_most: u64) -> u64 {
    let request = gateway.signed(&Signer::s3(key), Request::new("GET", "/photos/big"));
    let mut wire = gateway.wire();
    wire.write(&request.head());
    assert_eq!(wire.read_head().unwrap().0, 200);
    wire.count_body(at_most)
}

#[test]
fn nobody_reads_ahead_of_whoever_is_slow() {
    let upstream = Upstream::start();
    let setup = Setup { keys: &[("UPSTREAM__0__HEAD_SECONDS", "1")], ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|seen| if seen.method == "GET" { Answer::Stream(1 << 30) } else { Answer::Deaf });
    // What the sockets of both connections hold, and hyper between them.
    let held_max = 64 << 20;

    let request = Request::new("PUT", "/photos/big").header("content-length", (1u64 << 30).to_string());
    let request = gateway.signed(&Signer::s3(&ann).payload("UNSIGNED-PAYLOAD"), request);
    let mut wire = gateway.wire();
    wire.write(&request.head());
    wire.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let (mut sent, block) = (0, vec![7; 1 << 16]);
    while let Ok(bytes) = wire.stream.write(&block) {
        sent += bytes;
        assert!(sent < held_max, "{sent}");
    }
    assert_eq!(wire.response("PUT").refusal(), (504, "GatewayTimeout".into()));

    let request = gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/big"));
    let mut wire = gateway.wire();
    wire.write(&request.head());
    assert_eq!(wire.read_head().unwrap().0, 200);
    let got = || upstream.sent();
    until("the upstream has to wait", || {
        let before = got();
        thread::sleep(Duration::from_millis(200));
        before == got()
    });
    assert!(got() < held_max as u64, "{}", got());
}

#[test]
fn an_expectation_is_met_only_for_what_is_allowed() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (ann, nobody) = (gateway.user("Ann", Some(ALLOW_ALL)), gateway.user("Nobody", None));
    for bytes in [10, 1_000_000] {
        let body = pattern(0, bytes);
        let request = Request::new("PUT", "/photos/a").header("expect", "100-continue").body(body.clone());
        let cases = [
            (Signer::s3(&nobody), 403, "AccessDenied"),
            (Signer::s3(&ann.forged()), 403, "SignatureDoesNotMatch"),
            (Signer::s3(&ann).ago(3600), 403, "RequestTimeTooSkewed"),
        ];
        for (signer, status, code) in cases {
            let request = gateway.signed(&signer, request.clone());
            let mut wire = gateway.wire();
            wire.write(&request.head());
            let response = wire.response("PUT");
            assert_eq!((response.refusal(), &*response.interim), ((status, code.into()), &[][..]));
            assert_eq!(response.header("connection"), Some("close"), "{code}");
            // Whoever was refused has not sent the body, so the connection cannot go on.
            assert_eq!(wire.read_to_end().unwrap(), b"", "{code}");
        }
        assert_eq!(upstream.take().len(), 0);

        let request = gateway.signed(&Signer::s3(&ann), request.clone());
        let mut wire = gateway.wire();
        wire.write(&request.head());
        assert_eq!(wire.read_head().unwrap().0, 100);
        wire.write(&body);
        assert_eq!(wire.response("PUT").status, 200);
        let [seen] = &upstream.take()[..] else { panic!("one request") };
        assert!(seen.complete && seen.body_bytes == bytes as u64 && seen.header("expect").is_none());
    }
}

#[test]
fn a_refused_client_that_sends_on_reads_its_refusal() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let nobody = gateway.user("Nobody", None);
    for (bytes, goes_on) in [(100_000, true), (900_000, true), (30_000_000, false)] {
        let request = Request::new("PUT", "/photos/a").body(pattern(0, bytes));
        let request = gateway.signed(&Signer::s3(&nobody).payload("UNSIGNED-PAYLOAD"), request);
        let mut wire = gateway.wire();
        wire.write(&request.head());
        // The whole body is written before the answer is looked at, as simple clients do.
        wire.write(&request.body);
        if goes_on {
            let response = wire.response("PUT");
            assert_eq!(response.refusal(), (403, "AccessDenied".into()));
            assert_eq!(response.header("connection"), None);
            wire.write(&request.head());
            wire.write(&request.body);
            assert_eq!(wire.response("PUT").refusal(), (403, "AccessDenied".into()), "{bytes}");
        }
    }
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn ranges_and_conditions_pass_both_ways() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let headers = || {
        let pairs = [
            ("content-range", "bytes 0-3/9"),
            ("etag", "\"e\""),
            ("x-amz-meta-a", "b"),
            ("x-amz-request-id", "theirs"),
            ("x-amz-id-2", "theirs"),
            ("server", "theirs"),
            ("set-cookie", "a=b"),
            ("x-internal", "1"),
        ];
        pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
    };
    let error = |status, code: &str| match Answer::error(status, code) {
        Answer::Whole(status, _, body) => Answer::Whole(status, headers(), body),
        other => other,
    };
    let cases = [
        ("GET", "range", "bytes=0-3", Answer::Whole(206, headers(), b"abcd".to_vec()), ""),
        ("HEAD", "range", "bytes=0-3", Answer::Whole(206, headers(), b"abcd".to_vec()), ""),
        ("GET", "if-none-match", "\"e\"", Answer::Whole(304, headers(), vec![]), ""),
        ("GET", "if-modified-since", "Sat, 29 Oct 1994 19:43:31 GMT", Answer::Whole(304, headers(), vec![]), ""),
        ("GET", "if-match", "\"f\"", error(412, "PreconditionFailed"), "PreconditionFailed"),
        ("GET", "range", "bytes=99-", error(416, "InvalidRange"), "InvalidRange"),
        ("PUT", "if-none-match", "*", error(412, "PreconditionFailed"), "PreconditionFailed"),
    ];
    for (method, name, value, answer, code) in cases {
        let Answer::Whole(status, _, body) = answer.clone() else { panic!("only whole answers") };
        upstream.answer(move |_| answer.clone());
        let request = Request::new(method, "/photos/a").header(name, value);
        let response = gateway.send(&Signer::s3(&ann), request);
        assert_eq!(upstream.take()[0].header(name), Some(value));
        assert_eq!((response.status, response.complete), (status, true), "{method} {name}");
        assert_eq!(response.element("Code"), code, "{method} {name}");
        if code.is_empty() {
            assert_eq!(response.body, if method == "HEAD" { vec![] } else { body }, "{method} {name}");
            assert_eq!(response.header("content-range"), Some("bytes 0-3/9"));
            assert_eq!(
                response.header("content-length"),
                if status == 304 { None } else { Some("4") },
                "{method} {name}"
            );
        } else {
            assert_eq!(response.element("RequestId"), response.id());
        }
        assert_eq!((response.header("etag"), response.header("x-amz-meta-a")), (Some("\"e\""), Some("b")));
        assert!(response.id() != "theirs" && response.header("x-amz-id-2") != Some("theirs"));
        assert!(response.header("x-internal").is_none() && response.header("set-cookie").is_none());
        assert_eq!(response.header("server"), Some("Countersign"));
    }
}

#[test]
fn one_connection_serves_many_requests_on_both_sides() {
    let upstream = Upstream::start();
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &[("WORKERS", "1")], ..Setup::default() });
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|seen| match seen.target.as_str() {
        "/photos/missing" => Answer::error(404, "NoSuchKey"),
        _ => Answer::ok("abc"),
    });
    let mut wire = Wire::open(gateway.address);
    for round in 0..20 {
        for (method, key, status) in [("GET", "a", 200), ("PUT", "a", 200), ("GET", "missing", 404), ("HEAD", "a", 200)]
        {
            let request = Request::new(method, &format!("/photos/{key}"));
            let request = gateway.signed(&Signer::s3(&ann), request);
            wire.write(&request.head());
            assert_eq!(wire.response(method).status, status, "{round} {method} {key}");
        }
    }
    assert_eq!((upstream.traffic().0, upstream.requests().len()), (1, 80));
}

#[test]
fn bodies_that_are_held_before_anybody_is_known_share_a_bound() {
    let upstream = Upstream::start();
    let mib = 1 << 20;
    let keys = [("LIMITS__BUFFERED_BYTES", "1048576"), ("LIMITS__IDLE_SECONDS", "20")];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    // Signed with a key that exists and a secret that does not fit: that is known only when the whole body is here.
    let signer = Signer::of("execute-api", &ann.forged());
    let request = gateway.signed(&signer, Request::new("POST", "/orders").body(vec![7; mib]));
    let open: Vec<Wire> = (0..40)
        .map(|_| {
            let mut wire = gateway.wire();
            wire.write(&request.head());
            wire.write(&request.body[..mib - 1]);
            wire
        })
        .collect();
    let refused = || gateway.records().iter().filter(|record| record["errorCode"] == "ServiceUnavailable").count();
    until("those beyond 32 are refused", || refused() >= 8);
    let ends = open.into_iter().map(|mut wire| {
        wire.write(b"\x07");
        let response = wire.response("POST");
        assert_eq!(response.header("retry-after").is_some(), response.status == 503);
        response.refusal()
    });
    let ends: Vec<(u16, String)> = ends.collect();
    let known = |code: &str| ends.iter().filter(|(_, known)| known == code).count();
    let (mismatched, unserved) = (known("InvalidSignatureException"), known("ServiceUnavailable"));
    assert!(mismatched + unserved == 40 && (8..40).contains(&unserved), "{ends:?}");
    // There is room again.
    let response = gateway.send(&signer, Request::new("POST", "/orders").body(vec![7; mib]));
    assert_eq!(response.refusal(), (403, "InvalidSignatureException".into()));
}
