//! CloudTrail's record: its members, its limits, and that any input gives one line of valid JSON.

use std::{net::IpAddr, sync::Arc};

use countersign::{
    audit::record::{
        ADDITIONAL_BYTES_MAX, Additional, Category, ELEMENT_BYTES_MAX, ErrorShown, Identity, Parameters, Record,
        Resource, S3Parameters, TlsDetails,
    },
    base::{AccessKeyId, AccountId, Arn, Principal, RequestId, principal::User, time::parse_amz_date},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const ACCOUNT: &str = "111122223333";

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn ann() -> Principal {
    Principal::User(Arc::new(User {
        account: account(),
        id: "AIDAEXAMPLEEXAMPLEAAA".into(),
        name: "ann".into(),
        arn: Arn::iam(ACCOUNT, "user/ann"),
    }))
}

/// The smallest record: a request that was too malformed to know anything of it.
fn unknown() -> Record<'static> {
    Record {
        at: parse_amz_date("20260101T100500Z").unwrap(),
        identity: Identity::Unproven { access_key: None },
        service: "s3",
        event_name: "Unknown",
        region: "us-east-1",
        source_ip: IpAddr::from([192, 0, 2, 7]),
        user_agent: None,
        error: None,
        parameters: Parameters::Null,
        response: None,
        additional: Additional::default(),
        request_id: RequestId::from_random([0; 16]),
        event_id: Uuid::from_u128(0xcdc4b7ed_e171_4cef_975a_ad829d4123e8),
        read_only: true,
        resources: &[],
        category: Category::Data,
        api_version: None,
        recipient: None,
        tls: None,
    }
}

/// The line as JSON. It is one line, and stands behind what was in the buffer.
fn line(record: &Record<'_>) -> Value {
    let mut out = b"before".to_vec();
    record.write(&mut out);
    let line = out.strip_prefix(b"before").unwrap();
    assert_eq!(line.iter().position(|&byte| byte == b'\n'), Some(line.len() - 1));
    serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
}

#[test]
fn a_denied_s3_call_has_exactly_the_members_of_the_schema() {
    let ann = ann();
    let key = AccessKeyId::parse("AKIAEXAMPLEEXAMPLE00").unwrap();
    let resources = [
        Resource::Object { bucket: "data", key: "a/b.txt" },
        Resource::Bucket { bucket: "data", account: Some(account()) },
    ];
    let record = Record {
        identity: Identity::Verified { principal: &ann, access_key: Some(&key), session: None },
        event_name: "PutObject",
        user_agent: Some(b"aws-cli/2.15.0 Python/3.11"),
        error: Some(ErrorShown { code: "AccessDenied", message: "User: arn is not authorized" }),
        parameters: Parameters::S3(S3Parameters {
            bucket: Some("data"),
            host: "s3.us-east-1.amazonaws.com",
            key: Some("a/b.txt"),
            further: &[("x-amz-acl", "private"), ("tagging", "")],
        }),
        additional: Additional {
            signature_version: Some("SigV4"),
            cipher_suite: Some("TLS_AES_128_GCM_SHA256"),
            bytes_in: Some(0),
            authentication_method: Some("AuthHeader"),
            id_2: Some("id2"),
            bytes_out: Some(512),
            sse_applied: None,
            decision: Some("no policy allows it"),
            detail: None,
            request: None,
        },
        read_only: false,
        resources: &resources,
        recipient: Some(account()),
        tls: Some(TlsDetails { version: "TLSv1.3", cipher_suite: "TLS_AES_128_GCM_SHA256", host: "s3.test" }),
        ..unknown()
    };
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLEAAA", "arn": "arn:aws:iam::111122223333:user/ann",
            "accountId": ACCOUNT, "accessKeyId": "AKIAEXAMPLEEXAMPLE00", "userName": "ann",
        },
        "eventTime": "2026-01-01T10:05:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "[aws-cli/2.15.0 Python/3.11]",
        "errorCode": "AccessDenied",
        "errorMessage": "User: arn is not authorized",
        "requestParameters": {
            "bucketName": "data", "Host": "s3.us-east-1.amazonaws.com", "key": "a/b.txt", "x-amz-acl": "private",
            "tagging": "",
        },
        "responseElements": null,
        "additionalEventData": {
            "SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0,
            "AuthenticationMethod": "AuthHeader", "x-amz-id-2": "id2", "bytesTransferredOut": 512,
            "decision": "no policy allows it",
        },
        "requestID": "00000000-0000-4000-8000-000000000000",
        "eventID": "cdc4b7ed-e171-4cef-975a-ad829d4123e8",
        "readOnly": false,
        "resources": [
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::data/a/b.txt"},
            {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::data"},
        ],
        "eventType": "AwsApiCall",
        "managementEvent": false,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "s3.test",
        },
    });
    assert_eq!(line(&record), expected);
}

#[test]
fn a_call_of_iam_has_its_parameters_and_answer() {
    let parameters = json!({"userName": "bob", "path": "/"});
    let response = json!({"user": {"userName": "bob"}});
    let root = Principal::Root(account());
    let record = line(&Record {
        identity: Identity::Verified { principal: &root, access_key: None, session: None },
        service: "iam",
        event_name: "CreateUser",
        user_agent: Some(b"Boto3"),
        parameters: Parameters::Json(&parameters),
        response: Some(&response),
        category: Category::Management,
        api_version: Some("2010-05-08"),
        ..unknown()
    });
    for (member, expected) in [
        ("eventSource", json!("iam.amazonaws.com")),
        ("userAgent", json!("Boto3")),
        ("requestParameters", parameters.clone()),
        ("responseElements", response.clone()),
        ("managementEvent", json!(true)),
        ("eventCategory", json!("Management")),
        ("apiVersion", json!("2010-05-08")),
    ] {
        assert_eq!(record[member], expected, "{member}");
    }
}

#[test]
fn every_kind_of_caller_has_its_identity() {
    let root = Principal::Root(account());
    let key = AccessKeyId::parse("AKIAEXAMPLEEXAMPLE00").unwrap();
    let long = "k".repeat(500);
    let cases = [
        (
            Identity::Verified { principal: &root, access_key: Some(&key), session: None },
            json!({"type": "Root", "principalId": ACCOUNT, "arn": "arn:aws:iam::111122223333:root", "accountId": ACCOUNT,
                   "accessKeyId": "AKIAEXAMPLEEXAMPLE00"}),
        ),
        (
            Identity::Verified { principal: &Principal::Anonymous, access_key: None, session: None },
            json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}),
        ),
        (Identity::Unproven { access_key: None }, json!({"type": "Unknown", "principalId": ""})),
        (
            Identity::Unproven { access_key: Some(&long) },
            json!({"type": "Unknown", "principalId": "", "accessKeyId": "k".repeat(128)}),
        ),
    ];
    for (identity, expected) in cases {
        assert_eq!(line(&Record { identity, ..unknown() })["userIdentity"], expected);
    }
}

#[test]
fn a_resource_is_an_arn_or_the_beginning_of_some() {
    let owner = Some(account());
    let cases = [
        (
            Resource::Object { bucket: "b", key: "a\"b" },
            json!({"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/a\"b"}),
        ),
        (
            Resource::Objects { bucket: "b", prefix: "" },
            json!({"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"}),
        ),
        (
            Resource::Objects { bucket: "b", prefix: "p/" },
            json!({"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/p/"}),
        ),
        (
            Resource::Bucket { bucket: "b", account: owner },
            json!({"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}),
        ),
        (
            Resource::Other { kind: "AWS::IAM::User", arn: "arn:aws:iam::1:user/u", account: None },
            json!({"type": "AWS::IAM::User", "ARN": "arn:aws:iam::1:user/u"}),
        ),
    ];
    for (resource, expected) in cases {
        assert_eq!(line(&Record { resources: &[resource], ..unknown() })["resources"], json!([expected]));
    }
}

#[test]
fn what_is_not_known_is_null_or_left_out() {
    let record = line(&unknown());
    for member in ["requestParameters", "responseElements"] {
        assert_eq!(record.get(member), Some(&Value::Null), "{member}");
    }
    let optional = [
        "userAgent",
        "errorCode",
        "errorMessage",
        "additionalEventData",
        "resources",
        "recipientAccountId",
        "tlsDetails",
    ];
    for member in optional {
        assert_eq!(record.get(member), None, "{member}");
    }
}

#[test]
fn a_query_parameter_cannot_stand_in_for_another_member_nor_show_a_secret() {
    let further = [
        ("key", "forged"),
        ("bucketname", "forged"),
        ("policy", ""),
        ("acl", ""),
        ("acl", "forged"),
        ("X-Amz-Signature", "f00d"),
        ("x-amz-security-token", "f00d"),
        ("X-Amz-Server-Side-Encryption-Customer-Key", "f00d"),
    ];
    let parameters = S3Parameters { bucket: Some("b"), host: "h", key: Some("k"), further: &further };
    let record = line(&Record { parameters: Parameters::S3(parameters), ..unknown() });
    let expected = json!({
        "bucketName": "b", "Host": "h", "key": "k", "policy": "", "acl": "", "X-Amz-Signature": "***", "x-amz-security-token": "***",
        "X-Amz-Server-Side-Encryption-Customer-Key": "***", "membersOmitted": 3,
    });
    assert_eq!(record["requestParameters"], expected);
}

#[test]
fn texts_are_cut_between_characters_at_their_limit() {
    let long = "é".repeat(2000);
    let record = line(&Record {
        user_agent: Some(long.as_bytes()),
        error: Some(ErrorShown { code: &long, message: &long }),
        additional: Additional { decision: Some(&long), ..Additional::default() },
        ..unknown()
    });
    assert_eq!(record["userAgent"], json!(format!("[{}]", "é".repeat(511))));
    assert_eq!(record["errorCode"], json!("é".repeat(512)));
    assert_eq!(record["errorMessage"], json!("é".repeat(512)));
    assert_eq!(record["additionalEventData"]["decision"], json!(long), "4,000 bytes are within the limit of 4 KiB");
}

#[test]
fn parameters_beyond_their_limit_are_left_out_and_counted() {
    let large = "x".repeat(60 * 1024);
    let further = [("first", large.as_str()), ("second", large.as_str()), ("third", "")];
    let parameters = S3Parameters { host: "h", further: &further, ..S3Parameters::default() };
    let record = line(&Record { parameters: Parameters::S3(parameters), ..unknown() });
    assert_eq!(record["requestParameters"], json!({"Host": "h", "first": large, "third": "", "membersOmitted": 1}));

    let tree = json!({"first": large, "second": large, "third": [1, {"a": null}]});
    let record = line(&Record { parameters: Parameters::Json(&tree), response: Some(&tree), ..unknown() });
    let expected = json!({"first": large, "third": [1, {"a": null}], "membersOmitted": 1});
    assert_eq!(record["requestParameters"], expected);
    assert_eq!(record["responseElements"], expected);

    let many: Vec<_> = (0..100).map(|number| format!("p{number}")).collect();
    let further: Vec<_> = many.iter().map(|name| (name.as_str(), "")).collect();
    let parameters = S3Parameters { host: "h", further: &further, ..S3Parameters::default() };
    let record = line(&Record { parameters: Parameters::S3(parameters), ..unknown() });
    assert_eq!(record["requestParameters"]["membersOmitted"], json!(36));
    assert_eq!(record["requestParameters"]["p63"], json!(""));
}

#[test]
fn times_are_whole_seconds_of_utc() {
    for (at, expected) in [
        ("19700101T000000Z", "1970-01-01T00:00:00Z"),
        ("20240229T235959Z", "2024-02-29T23:59:59Z"),
        ("99990101T010203Z", "9999-01-01T01:02:03Z"),
    ] {
        let record = line(&Record { at: parse_amz_date(at).unwrap(), ..unknown() });
        assert_eq!(record["eventTime"], json!(expected));
    }
}

/// Any text: with many characters that JSON escapes, or with a lone one.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["([\\x00-\\x7f]|(?s:.)){0,100}", "[a-zé]{0,70}[\\x00-\\x7f][a-zé]{0,70}"]
}

proptest! {
    #[test]
    fn any_text_comes_back_as_it_was(
        key in text(), further in proptest::collection::vec((text(), text()), 0..8), host in text(), name in text(),
        message in text(), decision in text(),
    ) {
        let borrowed: Vec<_> = further.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let resources = [Resource::Object { bucket: &host, key: &key }];
        let record = line(&Record {
            event_name: &name,
            error: Some(ErrorShown { code: &name, message: &message }),
            parameters: Parameters::S3(S3Parameters { bucket: Some(&host), host: &host, key: Some(&key), further: &borrowed }),
            additional: Additional { decision: Some(&decision), detail: Some(&message), ..Additional::default() },
            resources: &resources,
            ..unknown()
        });
        prop_assert_eq!(record["requestParameters"]["key"].as_str(), Some(key.as_str()));
        prop_assert_eq!(record["requestParameters"]["Host"].as_str(), Some(host.as_str()));
        prop_assert_eq!(record["eventName"].as_str(), Some(name.as_str()));
        prop_assert_eq!(record["errorMessage"].as_str(), Some(message.as_str()));
        prop_assert_eq!(record["additionalEventData"]["decision"].as_str(), Some(decision.as_str()));
        prop_assert_eq!(record["additionalEventData"]["detail"].as_str(), Some(message.as_str()));
        let arn = format!("arn:aws:s3:::{host}/{key}");
        prop_assert_eq!(record["resources"][0]["ARN"].as_str(), Some(arn.as_str()));
    }

    #[test]
    fn any_bytes_of_a_user_agent_give_a_line_within_the_limit(agent in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let record = line(&Record { user_agent: Some(&agent), ..unknown() });
        let shown = record["userAgent"].as_str().unwrap();
        prop_assert!(shown.len() <= 1024 && shown.starts_with('[') && shown.ends_with(']'));
    }
}

#[test]
fn the_limits_hold_for_texts_that_grow_when_escaped() {
    for piece in ["\u{1}", "\"", "x"] {
        let value = piece.repeat(90_000);
        let further = [("a", value.as_str()), ("b", value.as_str())];
        let additional =
            Additional { decision: Some(&value), detail: Some(&value), id_2: Some(&value), ..Additional::default() };
        let parameters = S3Parameters { host: "h", further: &further, ..S3Parameters::default() };
        let record = line(&Record { parameters: Parameters::S3(parameters), additional, ..unknown() });
        for (member, bytes_max) in
            [("requestParameters", ELEMENT_BYTES_MAX), ("additionalEventData", ADDITIONAL_BYTES_MAX)]
        {
            let bytes = record[member].to_string().len();
            // The count of what was left out comes on top.
            assert!(bytes <= bytes_max + 32, "{member}: {bytes}");
            assert!(record[member]["membersOmitted"].is_u64(), "{member}");
        }
    }
}
