//! Bucket policies and public access blocks: kept by the gateway, in front of a store that has none, and part of every
//! decision.

use super::{
    client::{Request, Response, send},
    gateway::{ALLOW_ALL, Gateway},
    signer::{Key, Signer},
    upstream::{Answer, Seen, Upstream},
};

const OTHER_ACCOUNT: &str = "999999999999";

/// A store with the buckets `photos` and `theirs`, which grows by those that are made.
fn store() -> Upstream {
    let upstream = Upstream::start();
    let made = std::sync::Mutex::new(vec!["/photos".to_owned(), "/theirs".to_owned()]);
    upstream.answer(move |seen: &Seen| {
        let bucket = format!("/{}", seen.target[1..].split(['/', '?']).next().unwrap());
        let mut made = made.lock().unwrap();
        let known = made.contains(&bucket);
        match (&*seen.method, seen.target == bucket) {
            ("PUT", true) => made.push(bucket),
            ("DELETE", true) if known => made.retain(|name| *name != bucket),
            _ if seen.target == "/" => {
                let names = made.iter().map(|name| format!("<Bucket><Name>{}</Name></Bucket>", &name[1..]));
                let buckets: String = names.collect();
                let listing = format!("<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>");
                return Answer::ok(&listing);
            }
            _ if !known => return Answer::error(404, "NoSuchBucket"),
            _ => {}
        }
        Answer::ok("bytes")
    });
    upstream
}

struct Scene {
    upstream: Upstream,
    gateway: Gateway,
}

impl Scene {
    fn new() -> Self {
        let upstream = store();
        let gateway = Gateway::start(&upstream);
        Self { upstream, gateway }
    }

    /// Sends a request of a user, or of nobody.
    fn ask(&self, who: Option<&Key>, method: &str, target: &str, body: &str) -> Response {
        let request = Request::new(method, target).body(body);
        match who {
            Some(key) => self.gateway.send(&Signer::s3(key), request),
            None => send(self.gateway.address, &self.gateway.addressed(request)),
        }
    }

    /// Does what has to succeed as root.
    fn settle(&self, method: &str, target: &str, body: &str) {
        let answer = self.ask(Some(&self.gateway.root()), method, target, body);
        assert!(answer.status < 300, "{method} {target}: {}", answer.text());
    }

    fn put_policy(&self, statements: &str) {
        self.settle("PUT", "/photos?policy", &policy(statements));
    }
}

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn allow(principal: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}}"#
    )
}

const DENY: &str =
    r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]}"#;

#[test]
fn settings_are_kept_here_and_told_as_they_were_given() {
    let scene = Scene::new();
    let root = scene.gateway.root();
    let document = format!("{} \n", policy(&allow(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#)));
    let block = "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>\
                 <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets>\
                 </PublicAccessBlockConfiguration>";
    let public = policy(&allow("\"*\""));
    let cases: &[(&str, &str, &str, u16, &str)] = &[
        ("GET", "/photos?policy", "", 404, "<Code>NoSuchBucketPolicy</Code>"),
        ("GET", "/photos?policyStatus", "", 404, "<Code>NoSuchBucketPolicy</Code>"),
        ("GET", "/photos?publicAccessBlock", "", 404, "<Code>NoSuchPublicAccessBlockConfiguration</Code>"),
        ("PUT", "/photos?policy", "{", 400, "<Code>MalformedPolicy</Code>"),
        ("PUT", "/photos?policy", &document, 204, ""),
        ("GET", "/photos?policy", "", 200, &document),
        ("GET", "/photos?policyStatus", "", 200, "<IsPublic>FALSE</IsPublic>"),
        ("PUT", "/photos?policy", &public, 204, ""),
        ("GET", "/photos?policyStatus", "", 200, "<IsPublic>TRUE</IsPublic>"),
        (
            "PUT",
            "/photos?publicAccessBlock",
            "<PublicAccessBlockConfiguration><Other>true</Other></PublicAccessBlockConfiguration>",
            400,
            "<Code>MalformedXML</Code>",
        ),
        ("PUT", "/photos?publicAccessBlock", block, 200, ""),
        ("GET", "/photos?publicAccessBlock", "", 200, block),
        (
            "PUT",
            "/photos?policy",
            &public,
            403,
            "because public policies are prevented by the BlockPublicPolicy setting",
        ),
        ("DELETE", "/photos?publicAccessBlock", "", 204, ""),
        ("DELETE", "/photos?publicAccessBlock", "", 204, ""),
        ("GET", "/photos?publicAccessBlock", "", 404, ""),
        ("DELETE", "/photos?policy", "", 204, ""),
        ("DELETE", "/photos?policy", "", 204, ""),
        ("GET", "/photos?policy", "", 404, ""),
        ("PUT", "/nowhere?policy", &document.replace("photos", "nowhere"), 404, "<Code>NoSuchBucket</Code>"),
    ];
    for (at, (method, target, body, status, holds)) in cases.iter().enumerate() {
        let answer = scene.ask(Some(&root), method, target, body);
        let text = answer.text();
        assert!(answer.status == *status && text.contains(holds), "step {at}, {method} {target}: {text}");
    }
    // The store was asked whether it has the bucket, and nothing else.
    assert!(scene.upstream.requests().iter().all(|seen| seen.method == "HEAD"));
}

#[test]
fn a_bucket_policy_takes_part_in_every_decision() {
    let scene = Scene::new();
    let (ann, bob) = (scene.gateway.user("ann", None), scene.gateway.user("bob", Some(ALLOW_ALL)));
    let root = scene.gateway.root();
    let reads = |who: Option<&Key>, expected: u16, why: &str| {
        let answer = scene.ask(who, "GET", "/photos/a", "");
        assert_eq!(answer.status, expected, "{why}: {}", answer.text());
        assert!(answer.status == 200 || answer.text().contains(why), "{why}: {}", answer.text());
    };
    // Why is told within the account only.
    let plain = "<Message>Access Denied</Message>";
    reads(None, 403, plain);
    reads(Some(&ann), 403, "because no identity-based policy allows the s3:GetObject action");
    scene.put_policy(&allow(r#"{"AWS":"arn:aws:iam::123456789012:user/ann"}"#));
    reads(Some(&ann), 200, "");
    reads(None, 403, plain);
    scene.put_policy(&allow(r#"{"AWS":"123456789012"}"#));
    reads(Some(&ann), 403, "because no identity-based policy allows");
    scene.put_policy(&allow("\"*\""));
    for who in [Some(&ann), Some(&bob), Some(&root), None] {
        reads(who, 200, "");
    }
    scene.put_policy(DENY);
    for who in [&ann, &bob, &root] {
        reads(Some(who), 403, "with an explicit deny in a resource-based policy");
    }
    reads(None, 403, plain);
    reads(Some(&scene.gateway.user_of(OTHER_ACCOUNT, "eve", Some(ALLOW_ALL))), 403, plain);
    // Root can always mend the policy.
    let answer = scene.ask(Some(&bob), "DELETE", "/photos?policy", "");
    assert_eq!(answer.refusal(), (403, "AccessDenied".to_owned()));
    assert!(scene.ask(Some(&root), "GET", "/photos?policy", "").text().contains("Deny"));
    scene.settle("DELETE", "/photos?policy", "");
    reads(Some(&root), 200, "");
}

#[test]
fn a_restricted_bucket_is_closed_to_everybody_else() {
    let scene = Scene::new();
    let (ann, eve) = (scene.gateway.user("ann", None), scene.gateway.user_of(OTHER_ACCOUNT, "eve", Some(ALLOW_ALL)));
    scene.put_policy(&allow("\"*\""));
    let status = |who| scene.ask(who, "GET", "/photos/a", "").status;
    assert_eq!([status(Some(&ann)), status(Some(&eve)), status(None)], [200, 200, 200]);
    let block = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets>\
                 </PublicAccessBlockConfiguration>";
    scene.settle("PUT", "/photos?publicAccessBlock", block);
    assert_eq!([status(Some(&ann)), status(Some(&eve)), status(None)], [200, 403, 403]);
}

#[test]
fn another_account_needs_both_sides() {
    let scene = Scene::new();
    let eve = scene.gateway.user_of(OTHER_ACCOUNT, "eve", Some(ALLOW_ALL));
    let mal = scene.gateway.user_of(OTHER_ACCOUNT, "mal", None);
    let status = |who| scene.ask(Some(who), "GET", "/photos/a", "").status;
    assert_eq!([status(&eve), status(&mal)], [403, 403]);
    for principal in ["\"*\"", r#"{"AWS":"999999999999"}"#] {
        scene.put_policy(&allow(principal));
        assert_eq!([status(&eve), status(&mal)], [200, 403], "{principal}");
    }
    scene.put_policy(&allow(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#));
    assert_eq!([status(&eve), status(&mal)], [403, 403]);
}

#[test]
fn buckets_belong_to_whoever_made_them() {
    let scene = Scene::new();
    let eve = scene.gateway.user_of(OTHER_ACCOUNT, "eve", Some(ALLOW_ALL));
    let bob = scene.gateway.user("bob", Some(ALLOW_ALL));
    assert_eq!(scene.ask(Some(&eve), "PUT", "/photos", "").refusal(), (409, "BucketAlreadyExists".to_owned()));
    assert_eq!(scene.ask(Some(&eve), "PUT", "/eves-own", "").status, 200);
    // Hers alone: not even root of the other account gets in.
    assert_eq!(scene.ask(Some(&eve), "GET", "/eves-own/a", "").status, 200);
    assert_eq!(scene.ask(Some(&scene.gateway.root()), "GET", "/eves-own/a", "").status, 403);
    let listed = |who| {
        let text = scene.ask(Some(who), "GET", "/", "").text();
        ["photos", "theirs", "eves-own"].map(|name| text.contains(&format!("<Name>{name}</Name>")))
    };
    assert_eq!(listed(&eve), [false, false, true]);
    assert_eq!(listed(&bob), [true, true, false]);
    // As AWS makes them: closed to the public.
    let block = scene.ask(Some(&eve), "GET", "/eves-own?publicAccessBlock", "").text();
    assert_eq!(block.matches("true").count(), 4, "{block}");
    assert_eq!(scene.ask(Some(&eve), "DELETE", "/eves-own", "").status, 200);
    assert_eq!(scene.ask(Some(&bob), "PUT", "/eves-own", "").status, 200);
    assert_eq!(scene.ask(Some(&eve), "GET", "/eves-own/a", "").status, 403);
}

#[test]
fn public_lists_are_refused_where_they_are_blocked() {
    let scene = Scene::new();
    let root = scene.gateway.root();
    let list = |grantee: &str| {
        format!(
            "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>o</ID></Owner>\
             <AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:type=\"Group\">{grantee}</Grantee><Permission>READ</Permission></Grant></AccessControlList>\
             </AccessControlPolicy>"
        )
    };
    let everybody = "http://acs.amazonaws.com/groups/global/AllUsers";
    let in_document = list(&format!("<URI>{everybody}</URI>"));
    let authenticated = list("<URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI>");
    let to_one = list("<ID>o</ID>");
    let granted = format!("uri=\"{everybody}\"");
    let canned = |value: &'static str| ("x-amz-acl", value);
    let none = ("x-a", "b");
    // Target, header, body, whether it is public.
    let cases = [
        ("/photos/a", canned("public-read"), "x", true),
        ("/photos/a", canned("authenticated-read"), "x", true),
        ("/photos/a", canned("bucket-owner-full-control"), "x", false),
        ("/photos/a", ("x-amz-grant-read", &*granted), "x", true),
        ("/photos/a", ("x-amz-grant-read", "id=\"o\""), "x", false),
        ("/photos/a?acl", canned("public-read-write"), "", true),
        ("/photos/a?acl", canned("private"), "", false),
        ("/photos/a?acl", none, &in_document, true),
        ("/photos/a?acl", none, &to_one, false),
        ("/photos?acl", none, &authenticated, true),
        ("/photos?acl", canned("public-read"), "", true),
        ("/photos?acl", none, &to_one, false),
    ];
    for (is_blocked, block) in [("false", false), ("true", true)] {
        let blocks = format!(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>{is_blocked}</BlockPublicAcls></PublicAccessBlockConfiguration>"
        );
        scene.settle("PUT", "/photos?publicAccessBlock", &blocks);
        for (target, (name, value), body, is_public) in cases {
            scene.upstream.take();
            let request = Request::new("PUT", target).header(name, value).body(body);
            let answer = scene.gateway.send(&Signer::s3(&root), request);
            let text = answer.text();
            if block && is_public {
                let why = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.";
                assert!(
                    answer.refusal() == (403, "AccessDenied".into()) && text.contains(why),
                    "{target} {value}: {text}"
                );
                assert_eq!(scene.gateway.record(&answer)["errorCode"], "AccessDenied");
                assert!(scene.upstream.take().is_empty(), "{target} {value}");
            } else {
                assert_eq!(answer.status, 200, "{target} {name} {value}: {text}");
            }
        }
    }
    // A new bucket is bound by its account's settings only; AWS closes it once it is made.
    let request = Request::new("PUT", "/albums").header("x-amz-acl", "public-read");
    assert_eq!(scene.gateway.send(&Signer::s3(&root), request).status, 200);
}

#[test]
fn an_expected_owner_is_the_bucket_s_account() {
    let scene = Scene::new();
    let eve = scene.gateway.user_of(OTHER_ACCOUNT, "eve", Some(ALLOW_ALL));
    assert_eq!(scene.ask(Some(&eve), "PUT", "/eves-own", "").status, 200);
    let root = scene.gateway.root();
    let own = "123456789012";
    for (who, target, owner, status) in [
        (&root, "/photos/a", own, 200),
        (&root, "/photos/a", OTHER_ACCOUNT, 403),
        (&eve, "/eves-own/a", OTHER_ACCOUNT, 200),
        (&eve, "/eves-own/a", own, 403),
    ] {
        let request = Request::new("GET", target).header("x-amz-expected-bucket-owner", owner);
        assert_eq!(scene.gateway.send(&Signer::s3(who), request).status, status, "{target} {owner}");
    }
}
