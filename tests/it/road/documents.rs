//! Bodies that decide, and answers that are not passed on as they came.

use super::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway},
    signer::Signer,
    upstream::{Answer, Upstream},
};

#[test]
fn a_document_that_cannot_be_read_is_refused_with_the_name_of_its_operation() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let keys = |count: usize| format!("<Delete>{}</Delete>", "<Object><Key>a</Key></Object>".repeat(count));
    let entity =
        "<!DOCTYPE a [<!ENTITY e \"e\">]><Tagging><TagSet><Tag><Key>&e;</Key><Value/></Tag></TagSet></Tagging>";
    let deep = format!("{}{}", "<Tagging>".repeat(40), "</Tagging>".repeat(40));
    let cases = [
        ("POST /photos?delete", String::new(), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", "{}".into(), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", "<Delete>".into(), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", "<Delete></Remove>".into(), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", keys(0), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", keys(1001), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", "<Delete><Object/></Delete>".into(), "MalformedXML", "DeleteObjects"),
        ("POST /photos?delete", " ".repeat(3 << 20), "MaxMessageLengthExceeded", "DeleteObjects"),
        ("PUT /photos/a?tagging", "<Tagging/>".into(), "MalformedXML", "PutObjectTagging"),
        ("PUT /photos/a?tagging", "<Other/>".into(), "MalformedXML", "PutObjectTagging"),
        ("PUT /photos/a?tagging", entity.into(), "MalformedXML", "PutObjectTagging"),
        ("PUT /photos/a?tagging", deep, "MalformedXML", "PutObjectTagging"),
        ("PUT /photos/a?tagging", "<Tagging>\u{1}</Tagging>".into(), "MalformedXML", "PutObjectTagging"),
        ("PUT /photos?tagging", "<Tagging><TagSet>".into(), "MalformedXML", "PutBucketTagging"),
        ("PUT /photos", "<CreateBucket/>".into(), "MalformedXML", "CreateBucket"),
        ("PUT /photos", "nonsense".into(), "MalformedXML", "CreateBucket"),
        (
            "PUT /photos/a?retention",
            "<Retention><Mode>GOVERNANCE</Mode></Retention>".into(),
            "MalformedXML",
            "PutObjectRetention",
        ),
        (
            "PUT /photos/a?legal-hold",
            "<LegalHold><Status>on</Status></LegalHold>".into(),
            "MalformedXML",
            "PutObjectLegalHold",
        ),
        ("PUT /photos?replication", "<ReplicationConfiguration".into(), "MalformedXML", "PutBucketReplication"),
        ("DELETE /photos/a", "unwanted".into(), "InvalidRequest", "DeleteObject"),
        ("GET /photos/a", "unwanted".into(), "InvalidRequest", "GetObject"),
    ];
    for (line, body, code, event) in cases {
        let (method, target) = line.split_once(' ').unwrap();
        let what = format!("{line} {}", &body[..body.len().min(60)]);
        let response = gateway.send(&Signer::s3(&ann), Request::new(method, target).body(body));
        assert_eq!(response.refusal(), (400, code.into()), "{what}: {}", response.text());
        let record = gateway.record(&response);
        assert_eq!((&record["errorCode"], &record["eventName"]), (&code.into(), &event.into()), "{what}");
    }
    assert_eq!(upstream.traffic(), (0, 0));
}

/// Allows keys that start with `mine`.
const MINE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:DeleteObject",
    "Resource":"arn:aws:s3:::photos/mine*"}}"#;

#[test]
fn keys_that_are_denied_are_left_out_and_told_apart() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(MINE));
    let result = "<DeleteResult><Deleted><Key>mine/a</Key></Deleted><Error><Key>mine/b</Key><Code>InternalError</Code>\
                  <Message>m</Message></Error></DeleteResult>";
    upstream.answer(move |_| Answer::ok(result));
    let keys = |keys: &[&str]| {
        let objects: String = keys.iter().map(|key| format!("<Object><Key>{key}</Key></Object>")).collect();
        Request::new("POST", "/photos?delete").body(format!("<Delete>{objects}</Delete>"))
    };

    let response = gateway.send(&Signer::s3(&ann), keys(&["mine/a", "yours/a", "mine/b", "yours/b"]));
    assert_eq!(response.status, 200);
    let text = response.text();
    for part in ["<Deleted><Key>mine/a</Key></Deleted>", "<Key>mine/b</Key><Code>InternalError</Code>"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for key in ["yours/a", "yours/b"] {
        assert!(text.contains(&format!("<Error><Key>{key}</Key><Code>AccessDenied</Code>")), "{text}");
    }
    let [seen] = &upstream.take()[..] else { panic!("one request") };
    let asked = String::from_utf8(seen.body.clone()).unwrap();
    assert!(asked.contains("mine/a") && asked.contains("mine/b") && !asked.contains("yours"), "{asked}");
    assert!(gateway.record(&response)["additionalEventData"]["decision"].as_str().unwrap().contains("2 items"));

    // Nobody is asked where nothing is left.
    let response = gateway.send(&Signer::s3(&ann), keys(&["yours/a"]));
    assert_eq!((response.status, response.element("Code")), (200, "AccessDenied".into()));
    // What is all allowed is passed on as it came, and what cannot be merged is not.
    let response = gateway.send(&Signer::s3(&ann), keys(&["mine/a"]));
    assert_eq!(response.text(), result);
    upstream.take();
    upstream.answer(|_| Answer::ok("<html>"));
    let response = gateway.send(&Signer::s3(&ann), keys(&["mine/a", "yours/a"]));
    assert_eq!(response.refusal(), (500, "InternalError".into()));
    upstream.answer(|_| Answer::error(404, "NoSuchBucket"));
    let response = gateway.send(&Signer::s3(&ann), keys(&["mine/a", "yours/a"]));
    assert_eq!(response.refusal(), (404, "NoSuchBucket".into()));
    assert_eq!(gateway.end().len(), 5);
}

#[test]
fn that_an_object_is_absent_is_told_only_to_those_who_may_list() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let policy = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}}}"#)
    };
    let read = r#""s3:GetObject","s3:GetObjectVersion","s3:GetObjectAttributes","s3:GetObjectTagging","s3:PutObject""#;
    let reader = gateway.user("Reader", Some(&policy(read)));
    let lister = gateway.user("Lister", Some(&policy(&format!(r#"{read},"s3:ListBucket""#))));
    let get = Request::new("GET", "/photos/a");
    let attributes = Request::new("GET", "/photos/a?attributes").header("x-amz-object-attributes", "ETag");
    let cases = [
        (get.clone(), "NoSuchKey", 403, "AccessDenied"),
        (attributes, "NoSuchKey", 403, "AccessDenied"),
        (Request::new("HEAD", "/photos/a"), "", 403, ""),
        // That there is no such bucket is no secret.
        (get, "NoSuchBucket", 404, "NoSuchBucket"),
        (Request::new("GET", "/photos/a?tagging"), "NoSuchKey", 404, "NoSuchKey"),
    ];
    for (request, code, status, shown) in cases {
        let what = format!("{} {} {code}", request.method, request.target);
        let error = Answer::error(404, code);
        upstream.answer(move |_| match error.clone() {
            Answer::Whole(status, mut headers, body) => {
                headers.push(("x-amz-delete-marker", "true".into()));
                Answer::Whole(status, headers, body)
            }
            other => other,
        });
        let response = gateway.send(&Signer::s3(&reader), request.clone());
        assert_eq!(response.refusal(), (status, shown.into()), "{what}");
        assert_eq!(response.header("x-amz-delete-marker").is_some(), status == 404, "{what}");
        let response = gateway.send(&Signer::s3(&lister), request);
        assert_eq!(response.refusal(), (404, code.into()), "{what}");
        assert_eq!(response.header("x-amz-delete-marker"), Some("true"), "{what}");
    }
}

#[test]
fn errors_of_head_have_no_body_and_their_record_has_its_code() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (ann, nobody) = (gateway.user("Ann", Some(ALLOW_ALL)), gateway.user("Nobody", None));
    let cases = [
        ("HEAD", "/photos/a", &ann, 404, 404, "NotFound"),
        ("HEAD", "/photos", &ann, 404, 404, "NotFound"),
        ("HEAD", "/photos/a", &ann, 403, 403, "AccessDenied"),
        ("HEAD", "/photos/a", &ann, 412, 412, "PreconditionFailed"),
        ("HEAD", "/photos/a", &ann, 503, 503, "SlowDown"),
        ("HEAD", "/photos/a", &nobody, 200, 403, "AccessDenied"),
        ("HEAD", "/no", &ann, 200, 400, "InvalidBucketName"),
    ];
    for (method, target, key, told, status, code) in cases {
        upstream.answer(move |_| Answer::Whole(told, vec![], vec![]));
        let response = gateway.send(&Signer::s3(key), Request::new(method, target));
        assert_eq!((response.status, response.body.len()), (status, 0), "{target} {told}");
        assert_eq!(gateway.record(&response)["errorCode"], code, "{target} {told}");
    }
}

#[test]
fn buckets_are_listed_to_those_who_may_as_the_store_tells_them() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (ann, nobody) = (gateway.user("Ann", Some(ALLOW_ALL)), gateway.user("Nobody", None));
    let list =
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>photos</Name></Bucket></Buckets></ListAllMyBucketsResult>";
    upstream.answer(move |_| Answer::ok(list));
    let request = Request::new("GET", "/?max-buckets=10&prefix=p");
    assert_eq!(gateway.send(&Signer::s3(&nobody), request.clone()).refusal(), (403, "AccessDenied".into()));
    assert_eq!(upstream.traffic(), (0, 0));
    let response = gateway.send(&Signer::s3(&ann), request);
    assert_eq!((response.status, response.text().as_str()), (200, list));
    assert_eq!(upstream.take()[0].target, "/?max-buckets=10&prefix=p");
    let record = gateway.record(&response);
    assert_eq!((&record["eventName"], &record["managementEvent"]), (&"ListBuckets".into(), &true.into()));
}
