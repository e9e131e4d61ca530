//! Requests to internal HTTP APIs.

use countersign::{
    base::{Fault, Head, Operation as _},
    mapping::execute_api::{Api, Invocation, recognise},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

fn api() -> Api {
    Api {
        id: "orders".into(),
        stage: "prod".into(),
        region: "eu-west-1".into(),
        account: "123456789012".parse().unwrap(),
        host: Some("orders.internal".into()),
        base_path: "/prod".into(),
    }
}

fn request(method: Method, path: &str, query: &str, headers: &HeaderMap) -> Result<Invocation, Fault> {
    recognise(&Head { method: &method, host: "orders.internal", path, query, headers }, &api())
}

#[test]
fn what_is_decided_on_is_what_is_forwarded() {
    let cases = [
        ("/prod", "/", "/"),
        ("/prod/", "/", "/"),
        ("/prod/a/b", "/a/b", "/a/b"),
        ("/prod/a%20b/%7Ec", "/a b/~c", "/a%20b/~c"),
        ("/prod/a;v=1/", "/a;v=1/", "/a%3Bv%3D1/"),
        ("/prod/%3F", "/?", "/%3F"),
        ("/prod/100%25", "/100%", "/100%25"),
    ];
    for (sent, decided, forwarded) in cases {
        let invocation = request(Method::PATCH, sent, "", &HeaderMap::new()).unwrap();
        let need = &invocation.needs()[0];
        let resource = format!("arn:aws:execute-api:eu-west-1:123456789012:orders/prod/PATCH{decided}");
        assert_eq!((&*need.action, need.resource.as_str()), ("execute-api:Invoke", resource.as_str()));
        assert_eq!(invocation.upstream().path, forwarded);
        assert!(!invocation.is_read_only());
    }
}

#[test]
fn paths_that_servers_read_in_different_ways_are_refused() {
    let paths = [
        "/prod/../admin",
        "/prod/a/./b",
        "/prod/%2e%2e/admin",
        "/prod//admin",
        "/prod/a%2Fb",
        "/prod/a%2fb",
        "/prod/a%5Cb",
        "/prod/a\\b",
        "/prod/%252e%252e/admin",
        "/prod/%00",
        "/prod/a%0d",
        "/prod/%zz",
        "/prod/%ff",
        "/prodx/a",
        "/other",
    ];
    for path in paths {
        assert_eq!(request(Method::GET, path, "", &HeaderMap::new()).map(|_| ()).unwrap_err().status, 400, "{path}");
    }
    for method in [Method::TRACE, Method::CONNECT, "get".parse().unwrap()] {
        assert_eq!(request(method, "/prod/a", "", &HeaderMap::new()).map(|_| ()).unwrap_err().status, 405);
    }
}

#[test]
fn the_query_keeps_its_order_and_loses_its_signature() {
    let cases = [
        ("b=2&a=1&b=3&flag", "b=2&a=1&b=3&flag"),
        ("a=x+y%2b%2F", "a=x%20y%2B%2F"),
        ("X-Amz-Signature=s&a=1&x-amz-date=d", "a=1"),
        ("&&a==", "a=%3D"),
    ];
    for (sent, forwarded) in cases {
        assert_eq!(request(Method::GET, "/prod/a", sent, &HeaderMap::new()).unwrap().upstream().query, forwarded);
    }
    assert!(request(Method::GET, "/prod/a", "a=%zz", &HeaderMap::new()).is_err());
}

#[test]
fn identity_and_connection_headers_do_not_pass() {
    let dropped = [
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-forwarded-for",
        "x_forwarded_for",
        "forwarded",
        "x-countersign-principal",
        "x_countersign_principal",
        "x-countersign_account",
        "te",
        "transfer-encoding",
        "upgrade",
        "host",
        "x-http-method-override",
        "x_http_method_override",
        "x-original-url",
        "x-custom-hop",
        "proxy-authorization",
        "keep-alive",
        "content-length",
    ];
    let passed = ["accept", "content-type", "cookie", "x-request-id", "user-agent", "x-countersig"];
    let mut sent = HeaderMap::new();
    for name in dropped.iter().chain(&passed) {
        sent.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("1"));
    }
    sent.insert("connection", HeaderValue::from_static("close, X-Custom-Hop"));
    sent.append("accept", HeaderValue::from_static("2"));
    let headers = request(Method::GET, "/prod/a", "", &sent).unwrap().upstream().headers;
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let mut expected = passed.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(headers.get_all("accept").iter().count(), 2);
}

#[test]
fn an_api_answers_under_its_host_and_path() {
    let empty = HeaderMap::new();
    let cases = [
        ("orders.internal", "/prod/a", true),
        ("ORDERS.internal:8080", "/prod", true),
        ("other.internal", "/prod/a", false),
        ("orders.internal", "/production", false),
        ("orders.internal", "/", false),
    ];
    for (host, path, answers) in cases {
        let head = Head { method: &Method::GET, host, path, query: "", headers: &empty };
        assert_eq!(api().answers(&head), answers, "{host}{path}");
    }
}
