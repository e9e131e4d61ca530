//! The record of each kind of request, as the road writes it.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    api::form,
    road::{
        client::{PATIENCE, Request, Response, send},
        gateway::{ACCOUNT, ALLOW_ALL, Gateway, Setup},
        signer::{Key, Signer},
        upstream::{Answer, Upstream},
    },
};

/// A gateway in front of a store that says yes, with a user who may do everything and one who may do little.
struct Scene {
    gateway: Gateway,
    upstream: Upstream,
    ann: Key,
    bob: Key,
}

/// What bob may do.
const LITTLE: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/open/*"},
    {"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::data/open/*"},
    {"Sid":"Never","Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}"#;

impl Scene {
    fn new() -> Self {
        let upstream = Upstream::start();
        let gateway = Gateway::start(&upstream);
        let (ann, bob) = (gateway.user("ann", Some(ALLOW_ALL)), gateway.user("bob", Some(LITTLE)));
        Self { gateway, upstream, ann, bob }
    }

    /// Sends a signed request while the upstream gives this answer; the record.
    fn record(&self, key: &Key, request: Request, answer: Answer) -> Value {
        self.upstream.answer(move |_| answer.clone());
        self.gateway.record(&self.gateway.send(&Signer::s3(key), request))
    }

    fn of(&self, response: &Response) -> Value {
        self.gateway.record(response)
    }
}

/// Fails unless the record has these members, and lacks those that are `null` here and may be left out.
#[track_caller]
fn check(what: &str, record: &Value, expected: &Value) {
    for (member, expected) in expected.as_object().unwrap() {
        let found = record.get(member).unwrap_or(&Value::Null);
        match expected.as_object().filter(|_| matches!(member.as_str(), "userIdentity" | "additionalEventData")) {
            Some(inner) => {
                for (name, expected) in inner {
                    assert_eq!(
                        found.get(name).unwrap_or(&Value::Null),
                        expected,
                        "{what}: {member}.{name}\n{record:#}"
                    );
                }
            }
            None => assert_eq!(found, expected, "{what}: {member}\n{record:#}"),
        }
    }
}

fn object(key: &str) -> Value {
    json!({"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{key}")})
}

fn objects(prefix: &str) -> Value {
    json!({"type": "AWS::S3::Object", "ARNPrefix": format!("arn:aws:s3:::{prefix}")})
}

fn bucket(name: &str) -> Value {
    json!({"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{name}")})
}

#[test]
fn operations_of_s3() {
    let scene = Scene::new();
    let host = scene.gateway.address.to_string();
    let copied = "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>";
    let delete = "<Delete><Object><Key>open/a</Key></Object><Object><Key>b</Key></Object></Delete>";
    let deleted = "<DeleteResult><Deleted><Key>open/a</Key></Deleted><Deleted><Key>b</Key></Deleted></DeleteResult>";
    let md5 = |body: &str| {
        use md5::Digest;
        data_encoding::BASE64.encode(&md5::Md5::digest(body.as_bytes()))
    };
    let cases = [
        (
            Request::new("GET", "/data/a%20b?versionId=v1&x-id=GetObject").header("user-agent", "test/1.0"),
            Answer::ok("hello"),
            json!({
                "eventVersion": "1.11", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "us-east-1",
                "sourceIPAddress": "127.0.0.1", "userAgent": "[test/1.0]", "errorCode": null, "errorMessage": null,
                "requestParameters": {"bucketName": "data", "Host": host, "key": "a b", "versionId": "v1"},
                "responseElements": null, "readOnly": true, "resources": [object("data/a b"), bucket("data")],
                "eventType": "AwsApiCall", "managementEvent": false, "eventCategory": "Data", "apiVersion": null,
                "recipientAccountId": ACCOUNT, "tlsDetails": null,
                "userIdentity": {
                    "type": "IAMUser", "principalId": "AIDAann", "arn": format!("arn:aws:iam::{ACCOUNT}:user/ann"),
                    "accountId": ACCOUNT, "accessKeyId": scene.ann.id, "userName": "ann",
                },
                "additionalEventData": {
                    "SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0,
                    "bytesTransferredOut": 5, "CipherSuite": null, "detail": null, "request": null,
                },
            }),
        ),
        (
            Request::new("PUT", "/data/k").header("x-amz-acl", "private").header("x-amz-tagging", "a=b").body("hello"),
            Answer::ok(""),
            json!({
                "eventName": "PutObject", "readOnly": false, "managementEvent": false,
                "requestParameters": {
                    "bucketName": "data", "Host": host, "key": "k", "x-amz-acl": "private", "x-amz-tagging": "a=b",
                },
                "additionalEventData": {"bytesTransferredIn": 5, "bytesTransferredOut": 0},
            }),
        ),
        (
            Request::new("PUT", "/data/k")
                .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
                .header("x-amz-server-side-encryption-customer-key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
                .header("x-amz-server-side-encryption-customer-key-md5", "hRasmdxgYDKV3nvbahU1MA=="),
            Answer::ok(""),
            json!({
                "eventName": "PutObject",
                "requestParameters": {
                    "bucketName": "data", "Host": host, "key": "k",
                    "x-amz-server-side-encryption-customer-algorithm": "AES256",
                },
            }),
        ),
        (
            Request::new("PUT", "/data/k").header("x-amz-copy-source", "/other/from%20here"),
            Answer::ok(copied),
            json!({
                "eventName": "CopyObject", "readOnly": false,
                "requestParameters":
                    {"bucketName": "data", "Host": host, "key": "k", "x-amz-copy-source": "/other/from%20here"},
                "resources": [object("data/k"), bucket("data"), object("other/from here"), bucket("other")],
            }),
        ),
        (
            Request::new("PUT", "/data/k").header("x-amz-copy-source", "data/from"),
            Answer::ok(copied),
            json!({"eventName": "CopyObject", "resources": [object("data/k"), bucket("data"), object("data/from")]}),
        ),
        (
            Request::new("GET", "/data?list-type=2&prefix=a%2F"),
            Answer::ok("<ListBucketResult/>"),
            json!({
                "eventName": "ListObjects", "readOnly": true, "managementEvent": false, "eventCategory": "Data",
                "requestParameters": {"bucketName": "data", "Host": host, "list-type": "2", "prefix": "a/"},
                "resources": [objects("data/a/"), bucket("data")],
            }),
        ),
        (
            Request::new("HEAD", "/data"),
            Answer::ok(""),
            json!({"eventName": "HeadBucket", "eventCategory": "Data", "resources": [objects("data/"), bucket("data")]}),
        ),
        (
            Request::new("POST", "/data?delete").header("content-md5", md5(delete)).body(delete),
            Answer::ok(deleted),
            json!({
                "eventName": "DeleteObjects", "readOnly": false, "eventCategory": "Data", "managementEvent": false,
                "requestParameters": {"bucketName": "data", "Host": host, "delete": ""},
                "resources": [objects("data/"), bucket("data")],
            }),
        ),
        (
            Request::new("GET", "/"),
            Answer::ok("<ListAllMyBucketsResult/>"),
            json!({
                "eventName": "ListBuckets", "managementEvent": true, "eventCategory": "Management", "resources": null,
                "requestParameters": {"Host": host},
            }),
        ),
        (
            Request::new("PUT", "/data"),
            Answer::ok(""),
            json!({
                "eventName": "CreateBucket", "managementEvent": true, "readOnly": false, "resources": [bucket("data")],
                "requestParameters": {"bucketName": "data", "Host": host},
            }),
        ),
        (
            Request::new("GET", "/data?lifecycle"),
            Answer::error(404, "NoSuchLifecycleConfiguration"),
            json!({
                "eventName": "GetBucketLifecycle", "managementEvent": true, "readOnly": true,
                "requestParameters": {"bucketName": "data", "Host": host, "lifecycle": ""},
                "errorCode": "NoSuchLifecycleConfiguration", "errorMessage": "as told",
            }),
        ),
        (
            Request::new("GET", "/data/none"),
            Answer::error(404, "NoSuchKey"),
            json!({"eventName": "GetObject", "errorCode": "NoSuchKey", "errorMessage": "as told", "eventCategory": "Data"}),
        ),
    ];
    for (request, answer, expected) in cases {
        let what = format!("{} {}", request.method, request.target);
        check(&what, &scene.record(&scene.ann, request, answer), &expected);
    }
}

#[test]
fn who_is_asking() {
    let scene = Scene::new();
    let get = || Request::new("GET", "/data/open/k");
    let unknown = Key::new("AKIAUNKNOWN000000001", "x");
    let gateway = &scene.gateway;
    let unproven = |key: &str, code: &str| {
        json!({
            "eventName": "Unknown", "errorCode": code, "requestParameters": null, "managementEvent": true,
            "userIdentity": {"type": "Unknown", "principalId": "", "accessKeyId": key, "arn": null},
            "additionalEventData": {"request": "GET /data/open/k", "SignatureVersion": "SigV4"},
        })
    };
    let cases = [
        (
            "root",
            gateway.send(&Signer::s3(&gateway.root()), get()),
            json!({"eventName": "GetObject", "userIdentity": {
                "type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"),
                "accountId": ACCOUNT, "accessKeyId": gateway.root().id, "userName": null,
            }}),
        ),
        (
            "nobody",
            send(gateway.address, &gateway.addressed(get())),
            json!({
                "eventName": "GetObject", "errorCode": "AccessDenied",
                "userIdentity": {
                    "type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL", "accessKeyId": null,
                },
                "additionalEventData": {"SignatureVersion": null, "AuthenticationMethod": null},
            }),
        ),
        ("an unknown key", gateway.send(&Signer::s3(&unknown), get()), unproven(&unknown.id, "InvalidAccessKeyId")),
        (
            "a wrong signature",
            gateway.send(&Signer::s3(&scene.bob.forged()), get()),
            unproven(&scene.bob.id, "SignatureDoesNotMatch"),
        ),
        (
            "an old signature",
            gateway.send(&Signer::s3(&scene.bob).ago(3600), get()),
            unproven(&scene.bob.id, "RequestTimeTooSkewed"),
        ),
        (
            "a presigned request",
            gateway.send(&Signer::s3(&scene.bob).presigned(60), get()),
            json!({
                "eventName": "GetObject", "errorCode": null,
                "requestParameters": {"bucketName": "data", "Host": gateway.address.to_string(), "key": "open/k"},
                "additionalEventData": {"AuthenticationMethod": "QueryString", "SignatureVersion": "SigV4"},
            }),
        ),
        (
            "signature version 2",
            gateway
                .send(&Signer::s3(&scene.bob), get().header("authorization", "AWS AKIAIOSFODNN7EXAMPLE:c2lnbmF0dXJl")),
            json!({"eventName": "Unknown", "userIdentity": {"type": "Unknown"}}),
        ),
    ];
    for (what, response, expected) in cases {
        check(what, &scene.of(&response), &expected);
    }
}

#[test]
fn what_was_decided() {
    let scene = Scene::new();
    let denied = "<Delete><Object><Key>open/a</Key></Object><Object><Key>secret</Key></Object></Delete>";
    let answer = Answer::ok("<DeleteResult><Deleted><Key>open/a</Key></Deleted></DeleteResult>");
    let because = |action: &str, resource: &str, why: &str| {
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: {action} on resource: \
             \"arn:aws:s3:::{resource}\" {why}"
        )
    };
    let cases = [
        ("allowed", Request::new("GET", "/data/open/k"), json!({"errorCode": null, "errorMessage": null})),
        (
            "denied by nobody's allowing it",
            Request::new("GET", "/data/secret"),
            json!({
                "errorCode": "AccessDenied", "eventName": "GetObject",
                "errorMessage": because(
                    "s3:GetObject", "data/secret", "because no identity-based policy allows the s3:GetObject action",
                ),
                "additionalEventData": {"decision": "no statement allows it"},
            }),
        ),
        (
            "denied by a statement",
            Request::new("DELETE", "/data"),
            json!({
                "errorCode": "AccessDenied", "eventName": "DeleteBucket", "managementEvent": true,
                "errorMessage": because("s3:DeleteBucket", "data", "with an explicit deny in an identity-based policy"),
            }),
        ),
        (
            "denied in part",
            Request::new("POST", "/data?delete")
                .header("x-amz-checksum-crc32", checksum(denied))
                .header("x-amz-sdk-checksum-algorithm", "CRC32")
                .body(denied),
            json!({"errorCode": null, "eventName": "DeleteObjects", "additionalEventData": {
                "decision": "1 items of the batch were denied, the last: no statement allows it",
            }}),
        ),
    ];
    for (what, request, expected) in cases {
        check(what, &scene.record(&scene.bob, request, answer.clone()), &expected);
    }
    let allowed = scene.record(&scene.bob, Request::new("GET", "/data/open/k"), Answer::ok(""));
    let decision = allowed["additionalEventData"]["decision"].as_str().unwrap();
    assert_eq!(decision, format!("allowed by statement 0 (Read) of arn:aws:iam::{ACCOUNT}:user/bob/p"));
}

fn checksum(body: &str) -> String {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, body.as_bytes());
    data_encoding::BASE64.encode(&u32::try_from(crc).unwrap().to_be_bytes())
}

#[test]
fn what_cannot_be_read() {
    let scene = Scene::new();
    let cases = [
        (Request::new("GET", "/data/k?acl&tagging"), "GET /data/k?acl&tagging"),
        (Request::new("GET", "/data/k?nonsense=hidden"), "GET /data/k?nonsense"),
        (Request::new("PATCH", "/data/k"), "PATCH /data/k"),
        (Request::new("GET", "/data/a%2F..%2Fb?X-Amz-Signature=hidden"), "GET /data/a%2F..%2Fb?X-Amz-Signature"),
    ];
    for (request, expected) in cases {
        let record = scene.record(&scene.ann, request, Answer::ok(""));
        let about = json!({"eventName": "Unknown", "additionalEventData": {"request": expected}});
        check(expected, &record, &about);
        assert!(record["errorCode"].is_string(), "{record:#}");
        assert!(!record.to_string().contains("hidden"), "{record:#}");
    }
    assert_eq!(scene.upstream.traffic().0, 0);
}

#[test]
fn an_answer_that_breaks_off() {
    let scene = Scene::new();
    scene.upstream.answer(|_| Answer::Broken(100_000, 50_000));
    let response = scene.gateway.send(&Signer::s3(&scene.ann), Request::new("GET", "/data/k"));
    assert!(!response.complete);
    let record = scene.of(&response);
    check(
        "broken off",
        &record,
        &json!({"eventName": "GetObject", "additionalEventData": {
            "detail": "the response was not sent whole",
        }}),
    );
    assert!(record["additionalEventData"]["bytesTransferredOut"].as_u64().unwrap() <= 50_000, "{record:#}");
}

#[test]
fn a_connection_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["gateway.test".to_owned()]).unwrap();
    let [chain, key] = ["chain", "key"].map(|name| dir.path().join(name).to_str().unwrap().to_owned());
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let upstream = Upstream::start();
    let keys = [("TLS__CERTIFICATE", chain.as_str()), ("TLS__KEY", key.as_str())];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let cases = [
        (&rustls::version::TLS13, "TLSv1.3", vec!["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]),
        (&rustls::version::TLS12, "TLSv1.2", vec!["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]),
    ];
    for (version, name, suites) in cases {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let client = client.with_root_certificates(roots.clone()).with_no_client_auth();
        let session = rustls::ClientConnection::new(client.into(), "gateway.test".try_into().unwrap()).unwrap();
        let stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = rustls::StreamOwned::new(session, stream);
        let request = Request::new("GET", "/data/k").header("host", "gateway.test");
        let request = gateway.signed(&Signer::s3(&gateway.root()), request).header("connection", "close");
        stream.write_all(&request.head()).unwrap();
        let mut answer = String::new();
        // The server closes without a goodbye, which is an error to TLS and none to HTTP.
        let _ = stream.read_to_string(&mut answer);
        let id = answer.split_once("x-amz-request-id: ").unwrap_or_else(|| panic!("{answer}")).1;
        let response = Response {
            headers: vec![("x-amz-request-id".into(), id.lines().next().unwrap().into())],
            ..Response::default()
        };
        let record = gateway.record(&response);
        let suite = record["tlsDetails"]["cipherSuite"].as_str().unwrap();
        assert!(suites.contains(&suite), "{suite}");
        check(
            name,
            &record,
            &json!({
                "eventName": "GetObject", "errorCode": null, "additionalEventData": {"CipherSuite": suite},
                "tlsDetails": {"tlsVersion": name, "cipherSuite": suite, "clientProvidedHostHeader": "gateway.test"},
            }),
        );
    }
}

#[test]
fn calls_of_iam_and_sts() {
    let scene = Scene::new();
    let call = |service, key: &Key, action, parameters: &[(&str, &str)]| {
        scene.of(&scene.gateway.send(&Signer::of(service, key), form(action, parameters)))
    };
    let user = format!("arn:aws:iam::{ACCOUNT}:user/eve");
    let iam = json!({
        "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1", "apiVersion": "2010-05-08", "managementEvent": true,
        "eventCategory": "Management",
    });
    let cases = [
        (
            call("iam", &scene.ann, "CreateUser", &[("UserName", "eve")]),
            json!({
                "eventName": "CreateUser", "readOnly": false, "requestParameters": {"userName": "eve"}, "errorCode": null,
                "resources": [{"accountId": ACCOUNT, "type": "AWS::IAM::User", "ARN": user}],
            }),
        ),
        (
            call("iam", &scene.ann, "CreateUser", &[("UserName", "eve")]),
            json!({
                "eventName": "CreateUser", "errorCode": "EntityAlreadyExistsException", "responseElements": null,
                "errorMessage": "User with name eve already exists.",
            }),
        ),
        (
            call("iam", &scene.ann, "GetUser", &[("UserName", "none")]),
            json!({"eventName": "GetUser", "readOnly": true, "errorCode": "NoSuchEntityException"}),
        ),
        (
            call("iam", &scene.bob, "DeleteUser", &[("UserName", "eve")]),
            json!({"eventName": "DeleteUser", "errorCode": "AccessDenied", "requestParameters": {"userName": "eve"}}),
        ),
        (
            call("iam", &scene.ann, "ListUsers", &[]),
            json!({"eventName": "ListUsers", "readOnly": true, "responseElements": null, "errorCode": null}),
        ),
    ];
    for (record, expected) in cases {
        check("iam", &record, &iam);
        check("iam", &record, &expected);
    }
    let made = call("iam", &scene.ann, "CreateAccessKey", &[("UserName", "eve")]);
    let shown = &made["responseElements"]["accessKey"];
    assert!(shown["accessKeyId"].as_str().unwrap().starts_with("AKIA") && shown["status"] == "Active", "{made:#}");
    assert!(!made.to_string().to_lowercase().contains("secret"), "{made:#}");
    check(
        "sts",
        &call("sts", &scene.bob, "GetCallerIdentity", &[]),
        &json!({
            "eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity", "apiVersion": "2011-06-15", "readOnly": true,
            "managementEvent": true, "requestParameters": null, "responseElements": null, "errorCode": null,
        }),
    );
    check(
        "unsigned",
        &scene.of(&send(scene.gateway.address, &scene.gateway.addressed(form("ListUsers", &[])))),
        &json!({
            "errorCode": "MissingAuthenticationToken", "userIdentity": {"type": "Unknown"},
            "additionalEventData": {"request": "POST /"},
        }),
    );
}
