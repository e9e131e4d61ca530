//! How long what a store said of tags is believed.

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{
    client::{Request, send},
    form::Form,
    gateway::until,
    signer::Signer,
    stored_tags::{IS_RED, Scene, allow, deny, is_lookup, tags},
    upstream::{Answer, Seen},
};

/// How long.
const BOUND: Duration = Duration::from_secs(5);

#[test]
fn an_answer_is_believed_until_it_is_changed_through_the_gateway() {
    let scene = Scene::new();
    let key = scene.user("Ann", &deny(IS_RED));
    let (lookup, set) = ("/photos/a?tagging=", "<Tagging><TagSet/></Tagging>");
    scene.tell(lookup, tags(&[("team", "blue")]));
    // A pair of reads within the bound asks once, on any worker. A machine that stands still gets another chance.
    let asks_once = || {
        for _ in 0..20 {
            scene.get(&key, "/photos/a");
            scene.taken();
            let since = Instant::now();
            let statuses = [(); 8].map(|()| scene.get(&key, "/photos/a"));
            let (lookups, forwarded) = scene.taken();
            assert_eq!((statuses, forwarded.len()), ([200; 8], 8));
            if lookups.is_empty() {
                return true;
            }
            assert!(lookups.len() == 1 || since.elapsed() >= BOUND, "{lookups:?}");
        }
        false
    };
    assert!(asks_once());
    let other = ("x-amz-copy-source", "/photos/other");
    let delete = "<Delete><Object><Key>b</Key></Object><Object><Key>a</Key><VersionId>v</VersionId></Object></Delete>";
    let parts =
        "<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>";
    type Change<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>, &'a str);
    let changes: &[Change<'_>] = &[
        ("PUT", "/photos/a?tagging", None, set),
        ("PUT", "/photos/a?tagging&versionId=v", None, set),
        ("DELETE", "/photos/a?tagging", None, ""),
        ("PUT", "/photos/a", None, "new"),
        ("PUT", "/photos/a", Some(other), ""),
        ("POST", "/photos/a?uploadId=u", None, parts),
        ("DELETE", "/photos/a", None, ""),
        ("POST", "/photos?delete", None, delete),
    ];
    for (method, target, header, body) in changes {
        let request = Request::new(method, target).body(*body);
        let request = header.iter().fold(request, |request, (name, value)| request.header(name, *value));
        scene.get(&key, "/photos/a");
        scene.tell(lookup, tags(&[("team", "red")]));
        // Whoever changes it is not asked about its tags, which are red by now.
        let change = scene.ask(&scene.gateway.root(), request);
        assert_eq!(change.status, 200, "{method} {target}: {}", change.text());
        scene.taken();
        assert_eq!(scene.get(&key, "/photos/a"), 403, "{method} {target}");
        assert_eq!(scene.taken().0, [lookup], "{method} {target}");
        scene.tell(lookup, tags(&[("team", "blue")]));
        scene.ask(&scene.gateway.root(), Request::new("PUT", "/photos/a?tagging").body(set));
    }
    let form = Form { bucket: "photos", fields: &[("key", "a")], file: b"abc", expires_in: 60 };
    scene.get(&key, "/photos/a");
    scene.tell(lookup, tags(&[("team", "red")]));
    let request = scene.gateway.addressed(form.signed(&Signer::s3(&scene.gateway.root())));
    assert_eq!(send(scene.gateway.address, &request).status, 204);
    assert_eq!(scene.get(&key, "/photos/a"), 403);
}

#[test]
fn tags_of_a_bucket_are_believed_until_they_are_changed_through_the_gateway() {
    let scene = Scene::new();
    let key = scene.user("Ann", &deny(r#""StringEquals":{"aws:ResourceTag/team":"red"}"#));
    let lookup = "/photos?tagging=";
    for (method, body) in [("PUT", "<Tagging><TagSet/></Tagging>"), ("DELETE", "")] {
        scene.tell(lookup, tags(&[("team", "blue")]));
        scene.ask(&scene.gateway.root(), Request::new("DELETE", "/photos?tagging"));
        assert_eq!(scene.get(&key, "/photos/a"), 200);
        scene.tell(lookup, tags(&[("team", "red")]));
        scene.ask(&scene.gateway.root(), Request::new(method, "/photos?tagging").body(body));
        assert_eq!(scene.get(&key, "/photos/a"), 403, "{method}");
    }
}

#[test]
fn what_is_revoked_while_tags_are_looked_up_counts() {
    for revoke in [true, false] {
        let scene = Scene::new();
        let key = scene.user("Ann", &allow(IS_RED));
        let (go, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        scene.upstream.answer(move |seen: &Seen| match is_lookup(seen) {
            true => {
                // An end of the test that was not planned drops the other side.
                let _ = wait.lock().unwrap().recv();
                tags(&[("team", "red")])
            }
            false => Answer::ok("bytes"),
        });
        let status = thread::scope(|scope| {
            let asking = scope.spawn(|| scene.get(&key, "/photos/a"));
            until("the store is asked", || !scene.upstream.requests().is_empty());
            if revoke {
                scene.gateway.revoke_policy("Ann");
            }
            go.send(()).unwrap();
            asking.join().unwrap()
        });
        assert_eq!(status, if revoke { 403 } else { 200 });
    }
}
