//! S3 Control: an account's public access block is kept by the gateway, holds for all its buckets, and no store hears of it.

use super::{
    client::{Request, Response, send},
    gateway::{ALLOW_ALL, Gateway},
    signer::Signer,
    upstream::{Answer, Upstream},
};

const OWN: &str = "123456789012";
const OTHER: &str = "999999999999";
const BLOCK: &str = "/v20180820/configuration/publicAccessBlock";

/// A request of S3 Control.
fn control(method: &str, target: &str, account: &str, body: &str) -> Request {
    Request::new(method, target).header("x-amz-account-id", account).body(body)
}

fn document(restrict: bool) -> String {
    format!(
        "<PublicAccessBlockConfiguration xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">\
         <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>\
         <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>{restrict}</RestrictPublicBuckets>\
         </PublicAccessBlockConfiguration>"
    )
}

/// The error of S3 Control's shape: its code, and that it is in the envelope and has its ids.
fn refusal(answer: &Response) -> (u16, String) {
    let text = answer.text();
    let start = "<ErrorResponse xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><Error><Code>";
    assert!(text.contains(start) && text.ends_with("</HostId></ErrorResponse>"), "{text}");
    assert!(text.contains(&format!("</Error><RequestId>{}</RequestId>", answer.id())), "{text}");
    assert!(answer.header("x-amz-id-2").is_some());
    answer.refusal()
}

#[test]
fn an_account_s_block_is_kept_and_told() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let (whole, wrong) = (document(true), document(true).replace("IgnorePublicAcls", "Other"));
    let partly = "<PublicAccessBlockConfiguration><IgnorePublicAcls>TRUE</IgnorePublicAcls>\
                  </PublicAccessBlockConfiguration>";
    let none = "NoSuchPublicAccessBlockConfiguration";
    let get = ("GetAccountPublicAccessBlock", true);
    let (put, delete) = (("PutAccountPublicAccessBlock", false), ("DeleteAccountPublicAccessBlock", false));
    // Method, body, status, what the answer holds, the record's event.
    let cases = [
        ("GET", "", 404, none, get),
        ("DELETE", "", 200, "", delete),
        ("PUT", &*whole, 200, "", put),
        ("GET", "", 200, &*whole, get),
        ("PUT", &*wrong, 400, "MalformedXML", put),
        ("PUT", "", 400, "MalformedXML", put),
        ("GET", "x", 400, "InvalidRequest", get),
        ("DELETE", "x", 400, "InvalidRequest", delete),
        ("GET", "", 200, &*whole, get),
        ("PUT", partly, 200, "", put),
        ("GET", "", 200, "<IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false<", get),
        ("DELETE", "", 200, "", delete),
        ("DELETE", "", 200, "", delete),
        ("GET", "", 404, none, get),
    ];
    for (at, (method, body, status, holds, (event, read_only))) in cases.into_iter().enumerate() {
        let answer = gateway.send(&Signer::s3(&root), control(method, BLOCK, OWN, body));
        assert!(answer.text().contains(holds), "step {at}, {method}: {}", answer.text());
        let record = gateway.record(&answer);
        if status == 200 {
            assert_eq!((answer.status, answer.body.is_empty()), (200, method != "GET"), "step {at}");
            assert_eq!(record["errorCode"], serde_json::Value::Null);
            assert_eq!(record["requestParameters"]["accountId"], OWN);
        } else {
            assert_eq!(refusal(&answer), (status, holds.to_owned()), "step {at}");
            assert_eq!(record["errorCode"], holds);
        }
        let told = (&record["eventSource"], &record["eventName"], &record["readOnly"], &record["managementEvent"]);
        let [source, event] = ["s3.amazonaws.com", event].map(serde_json::Value::from);
        assert_eq!(told, (&source, &event, &read_only.into(), &true.into()), "step {at}");
    }
    let answer = gateway.send(&Signer::s3(&root), control("GET", BLOCK, OWN, ""));
    assert!(answer.text().contains("<Message>The public access block configuration was not found</Message>"));
    assert_eq!(answer.element("AccountId"), OWN);
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn who_may_set_it_is_decided_by_policies() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let may = |action: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
        format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
    };
    let all = gateway.user("all", Some(ALLOW_ALL));
    let reader = gateway.user("reader", Some(&may("s3:GetAccountPublicAccessBlock")));
    let writer = gateway.user("writer", Some(&may("s3:PutAccountPublicAccessBlock")));
    let of_bucket = gateway.user("bucket", Some(&may("s3:*BucketPublicAccessBlock")));
    let eve = gateway.user_of(OTHER, "eve", Some(ALLOW_ALL));
    let put = document(false);
    // Who, the account that is named, the statuses of a read, a write and a deletion.
    let cases = [
        (&all, OWN, [200, 200, 200]),
        (&reader, OWN, [200, 403, 403]),
        (&writer, OWN, [403, 200, 200]),
        (&of_bucket, OWN, [403, 403, 403]),
        (&all, OTHER, [403, 403, 403]),
        (&eve, OWN, [403, 403, 403]),
        (&eve, OTHER, [200, 200, 200]),
    ];
    for (who, account, expected) in cases {
        for key in [&all, &eve] {
            let own = if key == &eve { OTHER } else { OWN };
            assert_eq!(gateway.send(&Signer::s3(key), control("PUT", BLOCK, own, &put)).status, 200);
        }
        let ask = |method, body| gateway.send(&Signer::s3(who), control(method, BLOCK, account, body));
        let answers = [ask("GET", ""), ask("PUT", &put), ask("DELETE", "")];
        assert_eq!(answers.each_ref().map(|answer| answer.status), expected, "{} {account}", who.id);
        for answer in answers.iter().filter(|answer| answer.status == 403) {
            assert_eq!(refusal(answer), (403, "AccessDenied".to_owned()));
        }
    }
    let denied = gateway.send(&Signer::s3(&of_bucket), control("DELETE", BLOCK, OWN, ""));
    let why = "because no identity-based policy allows the s3:PutAccountPublicAccessBlock action";
    assert!(denied.text().contains(why), "{}", denied.text());
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn it_holds_for_every_bucket_of_the_account() {
    let upstream = Upstream::start();
    upstream.answer(|_| Answer::ok("bytes"));
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let settle = |request: Request| {
        let answer = gateway.send(&Signer::s3(&root), request);
        assert!(answer.status < 300, "{}", answer.text());
    };
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",
                     "Resource":"arn:aws:s3:::photos/*"}]}"#;
    let anonymous = || send(gateway.address, &gateway.addressed(Request::new("GET", "/photos/a"))).status;
    let public_list = || {
        let request = Request::new("PUT", "/photos/a").header("x-amz-acl", "public-read").body("x");
        gateway.send(&Signer::s3(&root), request).status
    };
    let put_policy = || gateway.send(&Signer::s3(&root), Request::new("PUT", "/photos?policy").body(policy)).status;
    assert_eq!([u16::from(put_policy() < 300), anonymous(), public_list()], [1, 200, 200]);
    settle(control("PUT", BLOCK, OWN, &document(false)));
    assert_eq!([put_policy(), anonymous(), public_list()], [403, 200, 403]);
    settle(control("PUT", BLOCK, OWN, &document(true)));
    assert_eq!([put_policy(), anonymous(), public_list()], [403, 403, 403]);
    // A bucket's own settings take nothing back.
    let open = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>false</RestrictPublicBuckets>\
                </PublicAccessBlockConfiguration>";
    settle(Request::new("PUT", "/photos?publicAccessBlock").body(open));
    assert_eq!([put_policy(), anonymous(), public_list()], [403, 403, 403]);
    settle(control("DELETE", BLOCK, OWN, ""));
    assert_eq!([u16::from(put_policy() < 300), anonymous(), public_list()], [1, 200, 200]);
}

#[test]
fn what_is_not_meant_for_it_or_not_served_is_refused() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let twice = control("GET", BLOCK, OWN, "").header("x-amz-account-id", OWN);
    let with_list = control("PUT", BLOCK, OWN, &document(true)).header("x-amz-acl", "private");
    let jobs = |method| control(method, "/v20180820/jobs", OWN, "");
    let with_query = |query: &str| control("GET", &format!("{BLOCK}?{query}"), OWN, "");
    // The request, status, code, the record's event.
    let cases = [
        (control("GET", BLOCK, "", ""), 400, "InvalidRequest", "unknown"),
        (control("GET", BLOCK, "1234", ""), 400, "InvalidRequest", "unknown"),
        (control("GET", "/v20180820/jobs", "12345678901x", ""), 400, "InvalidRequest", "unknown"),
        (twice, 400, "InvalidRequest", "unknown"),
        (control("POST", BLOCK, OWN, ""), 405, "MethodNotAllowed", "unknown"),
        (with_query("policy"), 501, "NotImplemented", "GetAccountPublicAccessBlock"),
        (with_query("x-amz-account-id=999999999999"), 501, "NotImplemented", "GetAccountPublicAccessBlock"),
        (with_list, 501, "NotImplemented", "PutAccountPublicAccessBlock"),
        (jobs("GET"), 501, "NotImplemented", "ListJobs"),
        (jobs("POST"), 501, "NotImplemented", "CreateJob"),
        (control("GET", "/v20180820/accesspoint/a/policy", OWN, ""), 501, "NotImplemented", "GetAccessPointPolicy"),
        (control("GET", "/v20180820/nothing", OWN, ""), 501, "NotImplemented", "unknown"),
    ];
    for (request, status, code, event) in cases {
        let what = format!("{} {}", request.method, request.target);
        let answer = gateway.send(&Signer::s3(&root), request);
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{what}");
        let record = gateway.record(&answer);
        let event = if event == "unknown" { record["eventName"].clone() } else { event.into() };
        assert_eq!((&record["eventName"], &record["errorCode"]), (&event, &code.into()), "{what}");
        assert_eq!(record["eventSource"], "s3.amazonaws.com", "{what}");
    }
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn nobody_gets_in_without_a_signature_over_the_account() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let anonymous = send(gateway.address, &gateway.addressed(control("GET", BLOCK, OWN, "")));
    assert_eq!(refusal(&anonymous), (403, "AccessDenied".to_owned()));
    let forged = gateway.send(&Signer::s3(&root.forged()), control("GET", BLOCK, OWN, ""));
    assert_eq!(refusal(&forged), (403, "SignatureDoesNotMatch".to_owned()));
    // Signed as a read of an object, and made into another by a header that is not signed.
    let mut added = gateway.signed(&Signer::s3(&root), Request::new("DELETE", BLOCK));
    added = added.header("x-amz-account-id", OWN);
    assert_eq!(refusal(&send(gateway.address, &added)), (403, "AccessDenied".to_owned()));
    let mut changed = gateway.signed(&Signer::s3(&root), control("DELETE", BLOCK, OTHER, ""));
    changed
        .headers
        .iter_mut()
        .filter(|(name, _)| name == "x-amz-account-id")
        .for_each(|(_, value)| *value = OWN.into());
    assert_eq!(refusal(&send(gateway.address, &changed)), (403, "SignatureDoesNotMatch".to_owned()));
    assert_eq!(upstream.traffic(), (0, 0));
}

#[test]
fn a_bucket_of_the_api_s_name_is_a_bucket() {
    let upstream = Upstream::start();
    upstream.answer(|_| Answer::ok("bytes"));
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    let ask = |request| gateway.send(&Signer::s3(&root), request);
    let read = ask(Request::new("GET", BLOCK));
    assert_eq!((read.status, read.text()), (200, "bytes".to_owned()));
    assert_eq!(gateway.record(&read)["eventName"], "GetObject");
    assert_eq!(upstream.take().len(), 1);
    // Outside the API's paths the header is one that S3 does not know, in S3's own shape.
    for (signed, target) in [
        ("/v20180820", "/v20180820"),
        ("/photos/v20180820/jobs", "/photos/v20180820/jobs"),
        ("/v20180820/jobs", "/%7620180820/jobs"),
    ] {
        let mut request = gateway.signed(&Signer::s3(&root), control("GET", signed, OWN, ""));
        request.target = target.into();
        let answer = send(gateway.address, &request);
        assert_eq!(answer.refusal(), (501, "NotImplemented".to_owned()), "{target}");
        assert!(!answer.text().contains("ErrorResponse"), "{target}");
    }
    // Clients put the account in front of the host.
    let host = format!("{OWN}.localhost:{}", gateway.address.port());
    let answer = ask(control("PUT", BLOCK, OWN, &document(true)).header("host", host.clone()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let presigned = control("GET", BLOCK, OWN, "").header("host", host);
    let answer = gateway.send(&Signer::s3(&root).presigned(60), presigned);
    assert!(answer.status == 200 && answer.text().ends_with(&document(true)), "{}", answer.text());
    assert!(upstream.take().is_empty());
}
