//! Every operation, asked for in every way that must be refused, and in the one that is allowed: what is refused has
//! AWS's code and one record, and not a byte of it reaches an upstream.

use std::collections::HashMap;

use countersign::mapping::s3::NOT_SERVED;
use serde_json::Value;

use super::{
    client::{Request, Response, send},
    form::Form,
    gateway::{ALLOW_ALL, DENY_ALL, Gateway, Setup},
    signer::{Key, Signer, proves},
    upstream::{Seen, Upstream},
};
use crate::mapping_table::{document_of, lines, request_of};

/// An operation as it is asked for.
struct Asked {
    name: String,
    request: Request,
    is_served: bool,
}

/// Every operation of the list.
fn operations() -> Vec<Asked> {
    let asked = lines().into_iter().map(|line| {
        let (query, headers) = request_of(line.discriminator);
        let (path, query) = match (line.operation, line.level) {
            ("ListDirectoryBuckets", _) => ("/", "max-directory-buckets=1".to_owned()),
            ("WriteGetObjectResponse", _) => ("/WriteGetObjectResponse", query),
            (_, "service") => ("/", query),
            (_, "bucket") => ("/photos", query),
            _ => ("/photos/a%20b", query),
        };
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let mut request = Request::new(line.method, &target);
        for (name, value) in &headers {
            request = request.header(name.as_str(), value.to_str().unwrap());
        }
        if takes_body(line.operation, line.method) {
            request = request.body(document(line.operation));
        }
        let is_served = !NOT_SERVED.iter().any(|(op, _)| format!("{op:?}") == line.operation);
        Asked { name: line.operation.to_owned(), request, is_served }
    });
    asked.collect()
}

fn takes_body(operation: &str, method: &str) -> bool {
    let is_bare = matches!(operation, "CopyObject" | "UploadPartCopy" | "CreateMultipartUpload" | "CreateBucket");
    matches!(method, "PUT" | "POST") && !is_bare
}

fn document(operation: &str) -> &'static str {
    match operation {
        "DeleteObjects" => "<Delete><Object><Key>a b</Key></Object></Delete>",
        _ => document_of(operation),
    }
}

/// The ways to be refused: how the request is signed, the code, words of the message, and whether the caller was known.
struct Way {
    name: &'static str,
    signer: Option<Signer>,
    status: u16,
    code: &'static str,
    message: &'static str,
    is_decided: bool,
}

fn ways(ann: &Key, nobody: &Key, denied: &Key) -> Vec<Way> {
    let way = |name, signer, status, code, message, is_decided| Way { name, signer, status, code, message, is_decided };
    let unknown = Key::new("AKIAUNKNOWN000000001", "any");
    let other_region = Signer { region: "eu-central-9", ..Signer::s3(ann) };
    let expired = "Request has expired";
    let mismatch = "signature we calculated does not match";
    vec![
        way("unsigned", None, 403, "AccessDenied", "", true),
        way("wrong secret", Some(Signer::s3(&ann.forged())), 403, "SignatureDoesNotMatch", mismatch, false),
        way("unknown key", Some(Signer::s3(&unknown)), 403, "InvalidAccessKeyId", "does not exist", false),
        way("other region", Some(other_region), 400, "AuthorizationHeaderMalformed", "eu-central-9", false),
        way("skewed", Some(Signer::s3(ann).ago(16 * 60)), 403, "RequestTimeTooSkewed", "too large", false),
        way("expired", Some(Signer::s3(ann).presigned(60).ago(61)), 403, "AccessDenied", expired, false),
        way("no policy", Some(Signer::s3(nobody)), 403, "AccessDenied", "because no identity-based policy", true),
        way("denied", Some(Signer::s3(denied)), 403, "AccessDenied", "with an explicit deny in an identity", true),
    ]
}

/// The records of one gateway by the id of their request.
struct Records(HashMap<String, Vec<Value>>);

impl Records {
    fn of(records: Vec<Value>) -> Self {
        let mut by_id: HashMap<String, Vec<Value>> = HashMap::new();
        for record in records {
            by_id.entry(record["requestID"].as_str().unwrap().to_owned()).or_default().push(record);
        }
        Self(by_id)
    }

    fn take(&mut self, response: &Response, what: &str) -> Value {
        let mut found = self.0.remove(response.id()).unwrap_or_default();
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        found.remove(0)
    }
}

#[test]
fn what_is_refused_has_its_code_and_its_record_and_reaches_no_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let (nobody, denied) = (gateway.user("Nobody", None), gateway.user("Denied", Some(DENY_ALL)));
    let mut answers = Vec::new();
    for asked in operations() {
        for way in ways(&ann, &nobody, &denied) {
            let mut request = gateway.addressed(asked.request.clone());
            if let Some(signer) = &way.signer {
                signer.sign(&mut request);
            }
            let response = send(gateway.address, &request);
            check_refusal(&asked, &way, &response);
            answers.push((asked.name.clone(), way, response));
        }
    }
    assert!(answers.len() > 900, "{}", answers.len());
    assert_eq!(upstream.traffic(), (0, 0));
    let mut records = Records::of(gateway.end());
    for (name, way, response) in answers {
        let what = format!("{name}, {}", way.name);
        let record = records.take(&response, &what);
        let is_known = record["userIdentity"]["type"] != "Unknown";
        assert_eq!(is_known, way.is_decided, "{what}: {record}");
        if response.status != 200 {
            let code = if response.status == 501 { "NotImplemented" } else { way.code };
            assert_eq!(record["errorCode"], code, "{what}");
        }
        let is_described = record["eventName"] != "Unknown";
        assert_eq!(is_described, way.is_decided && response.status != 501, "{what}: {record}");
    }
    assert!(records.0.is_empty(), "{:?}", records.0);
}

fn check_refusal(asked: &Asked, way: &Way, response: &Response) {
    let what = format!("{}, {}: {response:?}", asked.name, way.name);
    let (status, code) = response.refusal();
    if way.is_decided && !asked.is_served {
        assert_eq!((status, code.as_str()), (501, "NotImplemented"), "{what}");
        return;
    }
    // Keys are refused one by one, in an answer that is a success.
    let is_per_key = way.is_decided && asked.name == "DeleteObjects";
    assert_eq!(status, if is_per_key { 200 } else { way.status }, "{what}");
    if asked.request.method == "HEAD" {
        assert!(response.body.is_empty(), "{what}");
        return;
    }
    assert_eq!(code, way.code, "{what}");
    assert!(response.element("Message").contains(way.message), "{what}");
    if !is_per_key {
        assert_eq!(response.element("RequestId"), response.id(), "{what}");
    }
}

/// What a client sends that is of no concern to an upstream, or that an upstream must not believe.
const NOISE: [(&str, &str); 9] = [
    ("user-agent", "a client"),
    ("accept", "*/*"),
    ("cookie", "a=b"),
    ("via", "1.1 somewhere"),
    ("te", "trailers"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-custom", "1"),
    ("x-countersign-principal-arn", "arn:aws:iam::123456789012:root"),
    ("connection", "keep-alive, x-custom"),
];

/// Headers that every request to an upstream has, or may have by its framing.
const OURS: [&str; 5] = ["authorization", "host", "x-amz-date", "x-amz-content-sha256", "content-length"];

#[test]
fn what_is_allowed_arrives_rebuilt_and_signed_with_the_upstreams_own_key() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let mut answers = Vec::new();
    // Settings that are kept here reach no upstream: `bucket_settings` has them.
    let is_kept = |name: &str| name.contains("BucketPolicy") || name.contains("PublicAccessBlock");
    for asked in operations().into_iter().filter(|asked| asked.is_served && !is_kept(&asked.name)) {
        let mut request = asked.request.clone();
        for (name, value) in NOISE {
            request = request.header(name, value);
        }
        let response = gateway.send(&Signer::s3(&ann), request);
        assert_eq!(response.status, 200, "{}: {response:?}", asked.name);
        let mut arrived = upstream.take();
        if asked.name == "CreateBucket" {
            let looked_up = arrived.remove(0);
            assert_eq!(looked_up.method, "HEAD");
        }
        let [seen] = &arrived[..] else { panic!("{}: one request", asked.name) };
        check_arrived(&asked, seen, upstream.address.to_string());
        answers.push((asked, response));
    }
    let mut records = Records::of(gateway.end());
    for (asked, response) in answers {
        let record = records.take(&response, &asked.name);
        assert_eq!(record["userIdentity"]["userName"], "Ann");
        assert_eq!(record["errorCode"], Value::Null, "{record}");
        assert_eq!(record["additionalEventData"]["bytesTransferredIn"], asked.request.body.len(), "{record}");
        assert!(record["eventName"] != "Unknown", "{record}");
    }
    assert!(records.0.is_empty(), "{:?}", records.0);
}

fn check_arrived(asked: &Asked, seen: &Seen, host: String) {
    let name = &asked.name;
    let path = |target: &str| target.split('?').next().unwrap().to_owned();
    assert_eq!((&seen.method, path(&seen.target)), (&asked.request.method, path(&asked.request.target)), "{name}");
    assert_eq!(seen.header("host"), Some(host.as_str()), "{name}");
    assert!(proves(&seen.into(), &Gateway::upstream_key(), "eu-test-1"), "{name}: {seen:?}");
    for (header, value) in &seen.headers {
        let is_of_request = asked.request.value(header).is_some_and(|sent| value.contains(sent));
        let is_of_document = header == "content-md5";
        assert!(OURS.contains(&header.as_str()) || is_of_request || is_of_document, "{name}: {header}: {value}");
    }
    if !asked.request.body.is_empty() {
        assert!(seen.complete && seen.body_bytes > 0, "{name}");
    }
}

#[test]
fn a_form_is_refused_in_every_way_and_arrives_as_an_object() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let (nobody, denied) = (gateway.user("Nobody", None), gateway.user("Denied", Some(DENY_ALL)));
    let form = |expires_in| Form {
        bucket: "photos",
        fields: &[("key", "a ${filename}"), ("content-type", "text/plain")],
        file: b"the file",
        expires_in,
    };
    let fresh = Form { fields: &[("key", "a f.txt")], ..form(60) };
    let cases = [
        ("unsigned", form(60).with(&[]), "AccessDenied"),
        ("half signed", form(60).with(&[("policy", "e30=")]), "InvalidArgument"),
        ("wrong secret", fresh.signed(&Signer::s3(&ann.forged())), "SignatureDoesNotMatch"),
        ("of another service", fresh.signed(&Signer::of("iam", &ann)), "AuthorizationQueryParametersError"),
        ("expired", Form { expires_in: -1, ..fresh }.signed(&Signer::s3(&ann)), "AccessDenied"),
        ("no policy", fresh.signed(&Signer::s3(&nobody)), "AccessDenied"),
        ("denied", fresh.signed(&Signer::s3(&denied)), "AccessDenied"),
        ("not as the policy says", form(60).signed(&Signer::s3(&ann)), "AccessDenied"),
    ];
    for (name, request, code) in cases {
        let response = send(gateway.address, &gateway.addressed(request));
        assert_eq!(response.refusal().1, code, "{name}: {}", response.text());
        assert_eq!(gateway.record(&response)["errorCode"], code, "{name}");
    }
    assert_eq!(upstream.traffic(), (0, 0));

    let response = send(gateway.address, &gateway.addressed(fresh.signed(&Signer::s3(&ann))));
    assert_eq!(response.status, 204, "{}", response.text());
    let record = gateway.record(&response);
    assert_eq!((&record["eventName"], &record["userIdentity"]["userName"]), (&"PostObject".into(), &"Ann".into()));
    assert_eq!(record["additionalEventData"]["AuthenticationMethod"], "HtmlForm");
    let [seen] = &upstream.take()[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PUT", "/photos/a%20f.txt"));
    assert_eq!((seen.body.as_slice(), seen.complete), (b"the file".as_slice(), true));
    assert!(proves(&seen.into(), &Gateway::upstream_key(), "eu-test-1"));
}

#[test]
fn an_internal_api_is_refused_in_every_way_and_invoked_in_one() {
    let (store, api) = (Upstream::start(), Upstream::start());
    let table = format!(
        "[[upstream]]\nname = \"orders\"\nkind = \"http\"\nurl = \"http://{}\"\napi_id = \"orders\"\nhost = \"orders.test\"",
        api.address
    );
    let gateway = Gateway::start_with(&store, &Setup { tables: &table, ..Setup::default() });
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let (nobody, denied) = (gateway.user("Nobody", None), gateway.user("Denied", Some(DENY_ALL)));
    let of = |key: &Key| Signer::of("execute-api", key);
    let unknown = Key::new("AKIAUNKNOWN000000001", "any");
    let cases = [
        ("unsigned", None, "MissingAuthenticationTokenException"),
        ("wrong secret", Some(of(&ann.forged())), "InvalidSignatureException"),
        ("unknown key", Some(of(&unknown)), "UnrecognizedClientException"),
        ("skewed", Some(of(&ann).ago(16 * 60)), "InvalidSignatureException"),
        ("expired", Some(of(&ann).presigned(60).ago(61)), "InvalidSignatureException"),
        ("no policy", Some(of(&nobody)), "AccessDeniedException"),
        ("denied", Some(of(&denied)), "AccessDeniedException"),
    ];
    for method in ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"] {
        for (name, signer, code) in &cases {
            let mut request = Request::new(method, "/orders/42?a=b").header("host", "orders.test");
            if let Some(signer) = signer {
                signer.sign(&mut request);
            }
            let response = send(gateway.address, &request);
            let refusal = response.refusal();
            assert_eq!((refusal.0, refusal.1.as_str()), (403, *code), "{method} {name}: {}", response.text());
            assert_eq!(gateway.record(&response)["errorCode"], *code, "{method} {name}");
        }
    }
    assert_eq!((store.traffic(), api.traffic()), ((0, 0), (0, 0)));

    let request = Request::new("POST", "/orders/42?a=b").header("host", "orders.test").body("an order");
    let response = gateway.send(&of(&ann), request);
    assert_eq!(response.status, 200);
    let record = gateway.record(&response);
    assert_eq!(
        record["resources"][0]["ARN"],
        "arn:aws:execute-api:us-east-1:123456789012:orders/default/POST/orders/42"
    );
    assert_eq!(record["additionalEventData"]["bytesTransferredIn"], 8);
    assert_eq!((store.traffic().0, api.take().len()), (0, 1));
}
