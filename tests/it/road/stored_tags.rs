//! Tags that only a store knows: which decisions ask for them, what becomes of answers, and how long they are believed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use super::{
    client::{Request, Response, send},
    form::Form,
    gateway::Gateway,
    signer::{Key, Signer},
    upstream::{Answer, Seen, Upstream},
};
use crate::mapping_table::document_of;

const ALLOW: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const COPY: (&str, &str) = ("x-amz-copy-source", "/photos/source?versionId=v");

/// A store that tells tags as it is told, and `bytes` for everything else.
pub struct Scene {
    pub upstream: Upstream,
    pub gateway: Gateway,
    told: Arc<Mutex<HashMap<String, Answer>>>,
}

impl Scene {
    pub fn new() -> Self {
        let upstream = Upstream::start();
        let told: Arc<Mutex<HashMap<String, Answer>>> = Arc::default();
        let known = told.clone();
        upstream.answer(move |seen: &Seen| match known.lock().unwrap().get(&seen.target) {
            Some(answer) if seen.method == "GET" => answer.clone(),
            _ if is_lookup(seen) => Answer::error(404, "NoSuchKey"),
            _ => Answer::ok("bytes"),
        });
        let gateway = Gateway::start(&upstream);
        Self { upstream, gateway, told }
    }

    /// A user with these statements.
    pub fn user(&self, name: &str, statements: &[String]) -> Key {
        self.gateway.user(name, Some(&policy(&statements.join(","))))
    }

    pub fn tell(&self, target: &str, answer: Answer) {
        self.told.lock().unwrap().insert(target.to_owned(), answer);
    }

    pub fn ask(&self, key: &Key, request: Request) -> Response {
        self.gateway.send(&Signer::s3(key), request)
    }

    pub fn get(&self, key: &Key, target: &str) -> u16 {
        self.ask(key, Request::new("GET", target)).status
    }

    /// What the store was asked for since the last time: look-ups, and everything else.
    pub fn taken(&self) -> (Vec<String>, Vec<String>) {
        let (lookups, others): (Vec<_>, Vec<_>) = self.upstream.take().into_iter().partition(is_lookup);
        let targets = |seen: Vec<Seen>| seen.into_iter().map(|seen| format!("{} {}", seen.method, seen.target));
        (targets(lookups).map(|line| line[4..].to_owned()).collect(), targets(others).collect())
    }
}

pub fn is_lookup(seen: &Seen) -> bool {
    seen.method == "GET" && seen.target.contains("?tagging")
}

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn statement(effect: &str, action: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*","Condition":{{{condition}}}}}"#)
}

pub fn allow(condition: &str) -> Vec<String> {
    vec![statement("Allow", "s3:*", condition)]
}

pub fn deny(condition: &str) -> Vec<String> {
    vec![ALLOW.to_owned(), statement("Deny", "s3:*", condition)]
}

pub fn tags(tags: &[(&str, &str)]) -> Answer {
    let tags = tags.iter().map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
    let set: String = tags.collect();
    Answer::ok(&format!("<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>{set}</TagSet></Tagging>"))
}

pub const IS_RED: &str = r#""StringEquals":{"s3:ExistingObjectTag/team":"red"}"#;
const IS_NOT_RED: &str = r#""StringNotEquals":{"s3:ExistingObjectTag/team":"red"}"#;
const IS_RED_IF_ANY: &str = r#""StringEqualsIfExists":{"S3:existingobjecttag/TEAM":"red"}"#;
const HAS_NONE: &str = r#""Null":{"s3:ExistingObjectTag/team":"true"}"#;
const HAS_SOME: &str = r#""Null":{"s3:ExistingObjectTag/team":"false"}"#;
const OF_TEAM: &str = r#""StringEquals":{"aws:username":"${s3:ExistingObjectTag/team}"}"#;

#[test]
fn conditions_read_the_tags_of_the_object() {
    let scene = Scene::new();
    let (red, blue, none, absent) = (
        tags(&[("other", "red"), ("Team", "red")]),
        tags(&[("team", "blue")]),
        tags(&[("other", "red")]),
        Answer::error(404, "NoSuchKey"),
    );
    let marker = Answer::Whole(
        405,
        vec![("x-amz-delete-marker", "true".into())],
        b"<Error><Code>MethodNotAllowed</Code><Message>a marker</Message></Error>".into(),
    );
    // What each of the answers comes to, in this order.
    let answers = [red, blue, none, absent, marker];
    let cases = [
        (allow(IS_RED), [200, 403, 403, 403, 403]),
        (allow(IS_NOT_RED), [403, 200, 200, 200, 200]),
        (allow(IS_RED_IF_ANY), [200, 403, 200, 200, 200]),
        (allow(HAS_NONE), [403, 403, 200, 200, 200]),
        (allow(HAS_SOME), [200, 200, 403, 403, 403]),
        (deny(IS_RED), [403, 200, 200, 200, 200]),
        (deny(IS_NOT_RED), [200, 403, 403, 403, 403]),
        (deny(HAS_NONE), [200, 200, 403, 403, 403]),
        (deny(HAS_SOME), [403, 403, 200, 200, 200]),
    ];
    for (at, (statements, expected)) in cases.iter().enumerate() {
        let key = scene.user(&format!("user{at}"), statements);
        for (which, (answer, expected)) in answers.iter().zip(expected).enumerate() {
            let target = format!("/photos/{at}-{which}");
            scene.tell(&format!("{target}?tagging="), answer.clone());
            assert_eq!(scene.get(&key, &target), *expected, "case {at}, answer {which}");
            let forwarded = if *expected == 200 { vec![format!("GET {target}")] } else { vec![] };
            assert_eq!(scene.taken(), (vec![format!("{target}?tagging=")], forwarded));
        }
    }
    // As a variable, in a value and in a resource.
    let red = scene.user("red", &allow(OF_TEAM));
    assert_eq!([scene.get(&red, "/photos/0-0"), scene.get(&red, "/photos/0-1")], [200, 403]);
    let resource =
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photos/${s3:ExistingObjectTag/team}-1"}"#;
    let key = scene.user("resource", &[resource.to_owned()]);
    scene.tell("/photos/blue-1?tagging=", tags(&[("team", "blue")]));
    assert_eq!([scene.get(&key, "/photos/blue-1"), scene.get(&key, "/photos/0-1")], [200, 403]);
}

#[test]
fn what_a_store_does_not_tell_clearly_denies() {
    let scene = Scene::new();
    let page = |status| Answer::Whole(status, vec![], b"<html>not here</html>".into());
    let unclear = [
        Answer::error(500, "InternalError"),
        Answer::error(403, "AccessDenied"),
        Answer::error(501, "NotImplemented"),
        Answer::error(404, "NoSuchThing"),
        Answer::error(405, "MethodNotAllowed"),
        page(404),
        page(200),
        Answer::ok(""),
        Answer::ok("the bytes of an object"),
        tags(&[("team", "blue"), ("TEAM", "red")]),
        tags(&[("team", &"x".repeat(70_000))]),
        Answer::Whole(301, vec![("location", "http://127.0.0.1:1/".into())], vec![]),
        Answer::Whole(206, vec![], b"<Tagging><TagSet/></Tagging>".into()),
        Answer::Reset,
        Answer::Broken(100, 10),
    ];
    let mut policies = Vec::new();
    for condition in [IS_RED, IS_NOT_RED, IS_RED_IF_ANY, HAS_NONE, HAS_SOME] {
        policies.extend([allow(condition), deny(condition)]);
    }
    let keys: Vec<_> = (0..).zip(&policies).map(|(at, policy)| scene.user(&format!("user{at}"), policy)).collect();
    for (which, answer) in unclear.iter().enumerate() {
        scene.tell("/photos/a?tagging=", answer.clone());
        for (at, key) in keys.iter().enumerate() {
            let response = scene.ask(key, Request::new("GET", "/photos/a"));
            assert_eq!(response.refusal(), (403, "AccessDenied".into()), "answer {which}, policy {at}");
            let (lookups, forwarded) = scene.taken();
            // Nothing of it is kept, and a request that may have reached the store is not sent twice.
            assert_eq!((lookups.len(), forwarded.len()), (1, 0), "answer {which}, policy {at}");
            if at == 0 {
                let record = scene.gateway.record(&response).to_string();
                assert!(record.contains("the tags of arn:aws:s3:::photos/a are not known"), "answer {which}: {record}");
                assert!(!response.text().contains("not known"), "{}", response.text());
            }
        }
    }
    scene.tell("/photos/a?tagging=", tags(&[("team", "red")]));
    assert_eq!(scene.get(&keys[0], "/photos/a"), 200);
}

#[test]
fn a_store_is_asked_about_what_the_action_knows_tags_of() {
    let on_objects = r#""StringEquals":{"s3:ExistingObjectTag/team":"denied"}"#;
    let on_buckets = r#""StringEquals":{"aws:ResourceTag/team":"denied","s3:BucketTag/team":"denied"}"#;
    let acl = ("x-amz-acl", "private");
    let delete = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>v</VersionId></Object></Delete>";
    let set = "<Tagging><TagSet/></Tagging>";
    // Method, target, header, body, and the look-ups of objects' tags.
    type Case<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>, &'a str, &'a [&'a str]);
    let (plain, of_v) = (&["/photos/a?tagging="], &["/photos/a?tagging=&versionId=v"]);
    let of_source = &["/photos/source?tagging=&versionId=v"];
    let cases: &[Case<'_>] = &[
        ("GET", "/photos/a", None, "", plain),
        ("HEAD", "/photos/a", None, "", plain),
        ("GET", "/photos/a?versionId=v", None, "", of_v),
        ("GET", "/photos/a%20%3F?versionId=v%261", None, "", &["/photos/a%20%3F?tagging=&versionId=v%261"]),
        ("GET", "/photos/a?versionId=null", None, "", &["/photos/a?tagging=&versionId=null"]),
        ("GET", "/photos/a?acl", None, "", plain),
        ("PUT", "/photos/a?acl&versionId=v", Some(acl), "", of_v),
        ("PUT", "/photos/a?tagging", None, set, plain),
        ("DELETE", "/photos/a?tagging&versionId=v", None, "", of_v),
        ("PUT", "/photos/a?encryption&versionId=v", None, document_of("UpdateObjectEncryption"), of_v),
        ("GET", "/photos/a?retention", None, "", &[]),
        ("GET", "/photos/a?uploadId=u", None, "", &[]),
        ("PUT", "/photos/a", None, "new", &[]),
        ("PUT", "/photos/a", Some(("x-amz-tagging", "team=x")), "new", plain),
        ("PUT", "/albums/a", Some(COPY), "", of_source),
        ("PUT", "/albums/a?partNumber=1&uploadId=u", Some(COPY), "", of_source),
        ("DELETE", "/photos/a", None, "", &[]),
        ("DELETE", "/photos/a?versionId=v", None, "", &[]),
        ("POST", "/photos?delete", None, delete, &[]),
        ("GET", "/photos?list-type=2", None, "", &[]),
        ("GET", "/photos?policy", None, "", &[]),
        ("PUT", "/photos?tagging", None, set, &[]),
        ("PUT", "/albums", None, "", &[]),
        ("GET", "/", None, "", &[]),
    ];
    for (method, target, header, body, of_objects) in cases {
        // Every action on a bucket or in it knows the bucket's tags.
        let of_buckets: &[&str] = match *target {
            "/" | "/albums" => &[],
            target if target.starts_with("/albums/") => &["/albums?tagging=", "/photos?tagging="],
            _ => &["/photos?tagging="],
        };
        for (condition, expected) in [(on_objects, *of_objects), (on_buckets, of_buckets)] {
            let scene = Scene::new();
            let key = scene.user("Ann", &deny(condition));
            let asked = || {
                let request = Request::new(method, target).body(*body);
                header.iter().fold(request, |request, (name, value)| request.header(name, *value))
            };
            for lookup in [of_objects, of_buckets].concat() {
                scene.tell(lookup, tags(&[("team", "allowed")]));
            }
            scene.ask(&key, asked());
            let (lookups, forwarded) = scene.taken();
            assert_eq!(lookups, expected, "{method} {target}: {condition}");
            assert!(!forwarded.is_empty(), "{method} {target}: {condition}");
            // Each of the tags counts.
            for denied in expected {
                let scene = Scene::new();
                let key = scene.user("Ann", &deny(condition));
                for lookup in expected {
                    let team = if lookup == denied { "denied" } else { "allowed" };
                    scene.tell(lookup, tags(&[("team", team)]));
                }
                let text = scene.ask(&key, asked());
                let refused = text.status == 403 || text.text().matches("AccessDenied").count() == 2;
                assert!(refused, "{method} {target}: {denied}: {}", text.text());
                assert_eq!(scene.taken().1, Vec::<String>::new(), "{method} {target}: {denied}");
            }
        }
    }
}

#[test]
fn no_store_is_asked_unless_a_statement_that_fits_so_far_names_a_tag() {
    let scene = Scene::new();
    let elsewhere = r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::others/*",
        "Condition":{"StringEquals":{"s3:ExistingObjectTag/team":"red","aws:ResourceTag/team":"red"}}}"#;
    let cases = [
        vec![ALLOW.to_owned()],
        vec![ALLOW.to_owned(), elsewhere.to_owned()],
        vec![ALLOW.to_owned(), statement("Deny", "s3:PutObject", IS_RED)],
        vec![
            ALLOW.to_owned(),
            statement("Deny", "s3:*", &format!(r#""Bool":{{"aws:SecureTransport":"true"}},{IS_RED}"#)),
        ],
        vec![
            ALLOW.to_owned(),
            statement("Deny", "s3:*", r#""StringEquals":{"s3:RequestObjectTag/a":"b","aws:PrincipalTag/a":"b"}"#),
        ],
    ];
    for (at, statements) in cases.iter().enumerate() {
        let key = scene.user(&format!("user{at}"), statements);
        assert_eq!(scene.get(&key, "/photos/a"), 200);
        assert_eq!(scene.taken(), (vec![], vec!["GET /photos/a".to_owned()]), "case {at}");
    }
    // Root obeys nothing but the bucket's policy.
    assert_eq!(scene.get(&scene.gateway.root(), "/photos/a"), 200);
    assert_eq!(scene.taken().0, Vec::<String>::new());
    // A denial that is certain needs no tags.
    let key = scene
        .user("Denied", &[statement("Deny", "s3:*", r#""Null":{"aws:SourceIp":"false"}"#), allow(IS_RED).remove(0)]);
    assert_eq!(scene.get(&key, "/photos/a"), 403);
    assert_eq!(scene.taken(), (vec![], vec![]));
}

#[test]
fn a_bucket_policy_asks_for_tags_too() {
    let scene = Scene::new();
    let root = scene.gateway.root();
    let document = policy(
        r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*",
            "Condition":{"StringEquals":{"s3:ExistingObjectTag/public":"yes"}}}"#,
    );
    assert_eq!(scene.ask(&root, Request::new("PUT", "/photos?policy").body(document)).status, 204);
    scene.tell("/photos/a?tagging=", tags(&[("public", "yes")]));
    scene.tell("/photos/b?tagging=", tags(&[("public", "no")]));
    scene.tell("/photos/c?tagging=", Answer::error(503, "SlowDown"));
    for (target, expected) in [("/photos/a", 200), ("/photos/b", 403), ("/photos/c", 403), ("/photos/d", 403)] {
        let request = scene.gateway.addressed(Request::new("GET", target));
        assert_eq!(send(scene.gateway.address, &request).status, expected, "{target}");
    }
    let hold = policy(
        r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/*",
            "Condition":{"StringEquals":{"s3:BucketTag/hold":"yes"}}}"#,
    );
    assert_eq!(scene.ask(&root, Request::new("PUT", "/photos?policy").body(hold)).status, 204);
    scene.tell("/photos?tagging=", tags(&[("hold", "yes")]));
    assert_eq!(scene.ask(&root, Request::new("DELETE", "/photos/a")).status, 403);
}

#[test]
fn keys_of_a_batch_are_decided_one_by_one_on_one_look_up() {
    let kept = r#"{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/kept/*",
        "Condition":{"StringNotEquals":{"aws:ResourceTag/hold":"no"}}}"#;
    let objects = (0..500).map(|at| format!("<Object><Key>kept/{at}</Key></Object><Object><Key>{at}</Key></Object>"));
    let body = format!("<Delete>{}</Delete>", objects.collect::<String>());
    for (answer, refused) in [
        (tags(&[("hold", "no")]), 0),
        (tags(&[]), 500),
        (Answer::error(404, "NoSuchTagSet"), 500),
        (Answer::error(404, "NoSuchTagSetError"), 500),
        (Answer::error(500, "InternalError"), 500),
    ] {
        let scene = Scene::new();
        let key = scene.user("Ann", &[ALLOW.to_owned(), kept.to_owned()]);
        scene.tell("/photos?tagging=", answer);
        scene.upstream.take();
        let told = scene.told.clone();
        scene.upstream.answer(move |seen: &Seen| match told.lock().unwrap().get(&seen.target) {
            Some(answer) => answer.clone(),
            None => Answer::ok("<DeleteResult></DeleteResult>"),
        });
        let response = scene.ask(&key, Request::new("POST", "/photos?delete").body(body.as_str()));
        assert_eq!((response.status, response.text().matches("<Error>").count()), (200, refused));
        let seen = scene.upstream.take();
        let [lookup, forwarded] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(lookup.target, "/photos?tagging=");
        let forwarded = String::from_utf8_lossy(&forwarded.body).into_owned();
        assert_eq!(forwarded.matches("<Key>kept/").count(), 500 - refused);
        assert_eq!(forwarded.matches("<Key>").count(), 1000 - refused);
    }
}

#[test]
fn a_form_is_decided_on_tags_as_well() {
    for (team, expected) in [("red", 204), ("blue", 403)] {
        let scene = Scene::new();
        let key = scene.user("Ann", &allow(r#""StringEquals":{"aws:ResourceTag/team":"red"}"#));
        scene.tell("/photos?tagging=", tags(&[("team", team)]));
        let form = Form { bucket: "photos", fields: &[("key", "a")], file: b"abc", expires_in: 60 };
        let request = scene.gateway.addressed(form.signed(&Signer::s3(&key)));
        assert_eq!(send(scene.gateway.address, &request).status, expected, "{team}");
        assert_eq!(scene.taken().0, ["/photos?tagging="]);
    }
}

#[test]
fn who_may_list_by_a_tag_sees_that_an_object_is_absent() {
    for (listable, expected) in [("yes", 404), ("no", 403)] {
        let scene = Scene::new();
        let statements = [
            statement("Allow", "s3:GetObject", HAS_NONE),
            statement("Allow", "s3:ListBucket", r#""StringEquals":{"s3:BucketTag/listable":"yes"}"#),
        ];
        let key = scene.user("Ann", &statements);
        scene.tell("/photos?tagging=", tags(&[("listable", listable)]));
        scene.tell("/photos/a", Answer::error(404, "NoSuchKey"));
        assert_eq!(scene.get(&key, "/photos/a"), expected, "{listable}");
        assert_eq!(scene.taken().0, ["/photos/a?tagging=", "/photos?tagging="]);
    }
}
