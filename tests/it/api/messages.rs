//! What a denial was made of: sealed for the client, opened by whoever may.

use serde_json::{Value, json};

use super::call;
use crate::road::{
    client::{Request, Response},
    gateway::{ALLOW_ALL, Gateway},
    signer::Signer,
    upstream::Upstream,
};

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"NotThese","Effect":"Deny","Action":["s3:GetObject","iam:GetUser"],"Resource":"*"}]}"#;

fn sealed(answer: &Response) -> String {
    assert_eq!(answer.status, 403, "{}", answer.text());
    answer.element("EncodedAuthorizationMessage")
}

#[test]
fn a_denial_opens_for_whoever_may_open_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, ann) = (gateway.root(), gateway.user("ann", None));
    let (bob, eve) = (gateway.user("bob", Some(DENY)), gateway.user_of("999999999999", "eve", Some(ALLOW_ALL)));
    let get =
        |key| gateway.send(&Signer::s3(key), Request::new("GET", "/photos/a?versionId=7").header("user-agent", "u"));
    let opened = |message: &str| -> Value {
        let answer = call(&gateway, &root, "DecodeAuthorizationMessage", &[("EncodedMessage", message)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_str(&answer.element("DecodedMessage")).unwrap()
    };

    let message = sealed(&get(&ann));
    let told = opened(&message);
    assert_eq!((&told["allowed"], &told["explicitDeny"]), (&json!(false), &json!(false)));
    assert_eq!((&told["matchedStatements"], &told["failures"]), (&json!({ "items": [] }), &json!({ "items": [] })));
    let context = &told["context"];
    assert_eq!(context["principal"]["arn"], "arn:aws:iam::123456789012:user/ann");
    assert_eq!((&context["principal"]["name"], &context["action"]), (&json!("ann"), &json!("s3:GetObjectVersion")));
    assert_eq!(context["resource"], "arn:aws:s3:::photos/a");
    let fact = |key: &str| {
        let items = context["conditions"]["items"].as_array().unwrap();
        items.iter().find(|item| item["key"] == key).map(|item| item["values"]["items"][0]["value"].clone())
    };
    assert_eq!(fact("aws:SourceIp"), Some(json!("127.0.0.1")));
    assert_eq!(fact("aws:UserAgent"), Some(json!("u")));
    assert_eq!((fact("s3:VersionId"), fact("s3:prefix")), (Some(json!("7")), None));

    // The statement that denies, in S3's shape and in IAM's.
    let by_s3 = gateway.send(&Signer::s3(&bob), Request::new("GET", "/photos/a"));
    let by_iam = call(&gateway, &bob, "GetUser", &[("UserName", "ann")]);
    for (answer, action) in [(by_s3, "s3:GetObject"), (by_iam, "iam:GetUser")] {
        let told = opened(&sealed(&answer));
        assert_eq!((&told["explicitDeny"], &told["context"]["action"]), (&json!(true), &json!(action)));
        let statement = &told["matchedStatements"]["items"][0];
        assert_eq!((&statement["statementId"], &statement["effect"]), (&json!("NotThese"), &json!("DENY")));
        assert_eq!(statement["statement"], 1);
    }

    // Who may not know is told nothing, and who may not open does not.
    assert_eq!(sealed(&get(&eve)), "");
    let anonymous = crate::road::client::send(gateway.address, &gateway.addressed(Request::new("GET", "/photos/a")));
    assert_eq!(sealed(&anonymous), "");
    let answer = call(&gateway, &ann, "DecodeAuthorizationMessage", &[("EncodedMessage", &message)]);
    assert_eq!(answer.refusal(), (403, "AccessDenied".to_owned()));
    assert!(answer.text().contains("to perform: sts:DecodeAuthorizationMessage on resource: *"), "{}", answer.text());
    for broken in ["x", &message.replacen('A', "B", 1), &message.to_lowercase()] {
        let answer = call(&gateway, &root, "DecodeAuthorizationMessage", &[("EncodedMessage", broken)]);
        assert_eq!(answer.refusal(), (400, "InvalidAuthorizationMessageException".to_owned()), "{broken}");
    }
    let answer = call(&gateway, &root, "DecodeAuthorizationMessage", &[]);
    assert_eq!(answer.refusal(), (400, "ValidationError".to_owned()));
}
