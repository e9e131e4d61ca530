//! A directory that is away, is another, or is asked too often.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use countersign::federation::ldap::message::Entry;
use serde_json::Value;

use super::{
    people::{ROLES, detail, gateway, take, trusting},
    reference,
    slapd::{Slapd, free_port},
};
use crate::{
    road::{
        gateway::{ALLOW_ALL, Gateway, Setup},
        upstream::Upstream,
    },
    sts::{outcome, read, role},
};

#[test]
fn an_unreachable_directory_fails_its_call_in_time_and_nothing_else() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let other = Slapd::start();
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let tables = |way: &str| format!("[ldap]\n{way}\nanswer_seconds = 1\n{}{ROLES}", slapd.table());
    let cases = [
        ("gone", format!("url = \"ldaps://localhost:{}\"", free_port()), "directory's answer"),
        ("silent", format!("url = \"ldaps://localhost:{silent_port}\""), "no answer within 1 s"),
        ("silent before TLS", format!("url = \"ldap://localhost:{silent_port}\""), "no answer within 1 s"),
        ("without a name", "url = \"ldaps://directory.invalid\"".into(), "directory's answer"),
        ("no TLS there", format!("url = \"ldaps://localhost:{}\"", slapd.plain), "directory's answer"),
        ("of another authority", format!("url = \"ldaps://localhost:{}\"", other.tls), "certificate"),
        ("of another authority, later", format!("url = \"ldap://localhost:{}\"", other.plain), "certificate"),
        ("of another name", format!("url = \"ldaps://127.0.0.2:{silent_port}\""), "directory's answer"),
    ];
    let gateway = gateway(&upstream, &tables(&cases[0].1));
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    for (name, way, why) in cases {
        gateway.reload(&upstream, &Setup { tables: &tables(&way), ..Setup::default() }).unwrap();
        let since = Instant::now();
        let (answer, status) = std::thread::scope(|scope| {
            let taking = scope.spawn(|| take(&gateway, "ann", "ann's password", &[]));
            let status = read(&gateway, &ann, "/bucket/a");
            (taking.join().unwrap(), status)
        });
        assert!(since.elapsed() < Duration::from_secs(8), "{name}: {:?}", since.elapsed());
        assert_eq!(status, 200, "{name}");
        assert_eq!(outcome(&answer), (400, "IDPCommunicationError".into()), "{name}: {}", answer.text());
        let told = detail(&gateway, &answer);
        assert!(told.contains(why), "{name}: {told}");
    }
    drop(silent);
}

/// Waits for a question.
fn hear(client: &mut TcpStream) {
    assert!(client.read(&mut [0; 1024]).unwrap() > 0, "nothing is asked");
}

/// A directory that refers to others without an end, and one whose groups have long names and attributes that nobody asked
/// for.
#[test]
fn a_directory_that_says_too_much_is_not_listened_to() {
    let upstream = Upstream::start();
    let bound = |id: u8| reference::message(id, 97, &reference::outcome(0, ""));
    let ended = |id: u8| reference::message(id, 101, &reference::outcome(0, ""));
    let found = |id: u8, name: &str, value: &[u8]| {
        let entry = Entry { dn: "uid=ann,dc=x".into(), attributes: vec![(name.into(), vec![value.to_vec()])] };
        reference::message(id, 100, &reference::entry(&entry, 0))
    };
    let cases = [
        ("referrals", vec![bound(1)], reference::message(2, 115, &[0; 10_000])),
        (
            "groups",
            vec![bound(1), [found(2, "uid", b"ann"), ended(2)].concat(), bound(3), bound(4)],
            found(5, "member", &[0; 10_000]),
        ),
    ];
    for (what, answers, endless) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let directory = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            for answer in answers {
                hear(&mut client);
                client.write_all(&answer).unwrap();
            }
            hear(&mut client);
            (0..10_000).find(|_| client.write_all(&endless).is_err())
        });
        let slapd = Slapd::start();
        let way = format!("[ldap]\nurl = \"ldap://localhost:{port}\"\nstart_tls = false\nanswer_seconds = 60");
        let gateway = gateway(&upstream, &format!("{way}\n{}{ROLES}", slapd.table()));
        let answer = take(&gateway, "ann", "ann's password", &[]);
        assert_eq!(outcome(&answer), (400, "IDPCommunicationError".into()), "{what}: {}", answer.text());
        assert!(detail(&gateway, &answer).contains("more than 1 MiB"), "{what}: {}", detail(&gateway, &answer));
        assert!(directory.join().unwrap().is_some(), "{what}: all of it was listened to");
    }
}

#[test]
fn what_the_configuration_has_wrong_is_said_in_the_record() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let way = format!("[ldap]\nurl = \"ldaps://localhost:{}\"\n{}", slapd.tls, slapd.table());
    let cases = [
        (way.replace("cn=search", "cn=nobody"), "refuses ldap.bind_dn with code 49"),
        (way.replace("ou=people,", "ou=animals,"), "no entry `ou=animals,dc=example,dc=com`"),
    ];
    let gateway = gateway(&upstream, &format!("{way}{ROLES}"));
    for (tables, why) in cases {
        gateway.reload(&upstream, &Setup { tables: &format!("{tables}{ROLES}"), ..Setup::default() }).unwrap();
        let answer = take(&gateway, "ann", "ann's password", &[]);
        assert_eq!(outcome(&answer), (400, "IDPCommunicationError".into()), "{}", answer.text());
        assert!(detail(&gateway, &answer).contains(why), "{}", detail(&gateway, &answer));
    }
}

#[test]
fn passwords_cannot_be_tried_out() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let tables = format!(
        "[ldap]\nurl = \"ldaps://localhost:{}\"\n{}failures_max = 3\nfailures_seconds = 600\n{ROLES}",
        slapd.tls,
        slapd.table()
    );
    let gateway = gateway(&upstream, &tables);
    role(&gateway, "operator", &trusting(Value::Null), None);
    role(&gateway, "builder", &trusting(Value::Null), None);
    let tried = |gateway: &Gateway, name: &str, password: &str| outcome(&take(gateway, name, password, &[])).1;
    // A right one starts anew.
    for _ in 0..2 {
        assert_eq!([tried(&gateway, "ann", "a"), tried(&gateway, "ann", "b")], ["AccessDenied", "AccessDenied"]);
        assert_eq!(tried(&gateway, "ann", "ann's password"), "");
    }
    for name in ["ann", "ANN", "Ann "] {
        assert_eq!(tried(&gateway, name, "wrong"), "AccessDenied", "{name}");
    }
    let answer = take(&gateway, "ann", "ann's password", &[]);
    assert_eq!(outcome(&answer), (400, "Throttling".into()), "the right one comes too late");
    assert!(detail(&gateway, &answer).contains("ldap, rate"));
    // A change of the configuration forgives nothing; others are not held up.
    gateway.reload(&upstream, &Setup { tables: &tables, ..Setup::default() }).unwrap();
    assert_eq!(tried(&gateway, "ann", "ann's password"), "Throttling");
    assert_eq!(tried(&gateway, "bob", "bob's password"), "");
    for name in ["nobody", "nobody", "nobody"] {
        assert_eq!(tried(&gateway, name, "wrong"), "AccessDenied");
    }
    assert_eq!(tried(&gateway, "nobody", "wrong"), "Throttling", "those who are not there look like those who are");
}
