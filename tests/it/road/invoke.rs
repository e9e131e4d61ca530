//! Internal HTTP APIs: what is decided on is what is forwarded, with a principal that nobody can forge.

use std::time::Duration;

use super::{
    client::{Request, send},
    gateway::{ALLOW_ALL, Gateway, Setup},
    signer::{Key, Signer},
    upstream::{Answer, Upstream, pattern},
};

/// A gateway before a store and two APIs: one under a path, one under a host.
fn start(store: &Upstream, api: &Upstream) -> Gateway {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "the api's own token\n").unwrap();
    let url = format!("http://{}", api.address);
    let tables = format!(
        "[[upstream]]\nname = \"orders\"\nkind = \"http\"\nurl = \"{url}\"\napi_id = \"orders\"\nstage = \"prod\"\n\
         host = \"orders.test\"\nbase_path = \"/v1\"\nhead_seconds = 1\nheaders = {{ authorization = \"file:{0}\", x-api-token = \"file:{0}\" }}\n\
         [[upstream]]\nname = \"bills\"\nkind = \"http\"\nurl = \"{url}\"\napi_id = \"bills\"\nbase_path = \"/bills\"\n",
        secret.path().display()
    );
    Gateway::start_with(store, &Setup { tables: &tables, ..Setup::default() })
}

fn of(key: &Key) -> Signer {
    Signer::of("execute-api", key)
}

/// Allows reading orders, and one way of changing them.
const CLERK: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":[
    "arn:aws:execute-api:us-east-1:123456789012:orders/prod/GET/orders/*",
    "arn:aws:execute-api:us-east-1:123456789012:orders/prod/POST/orders/4?/cancel"]}}"#;

#[test]
fn what_is_decided_on_is_what_is_forwarded() {
    let (store, api) = (Upstream::start(), Upstream::start());
    let gateway = start(&store, &api);
    let clerk = gateway.user("Clerk", Some(CLERK));
    let cases = [
        ("GET", "orders.test", "/v1/orders/42", Ok("/orders/42")),
        ("GET", "orders.test:9000", "/v1/orders/a%20b%7E", Ok("/orders/a%20b~")),
        ("GET", "orders.test", "/v1/orders/42?b=2&a=1&a=%2f&c", Ok("/orders/42?b=2&a=1&a=%2F&c")),
        ("POST", "orders.test", "/v1/orders/42/cancel", Ok("/orders/42/cancel")),
        ("POST", "orders.test", "/v1/orders/42", Err((403, "AccessDeniedException"))),
        ("DELETE", "orders.test", "/v1/orders/42", Err((403, "AccessDeniedException"))),
        ("HEAD", "orders.test", "/v1/orders/42", Err((403, "AccessDeniedException"))),
        ("GET", "orders.test", "/v1/customers/1", Err((403, "AccessDeniedException"))),
        ("GET", "orders.test", "/v1/Orders/42", Err((403, "AccessDeniedException"))),
        ("GET", "orders.test", "/v1/orders%2F42", Err((400, "BadRequestException"))),
        ("GET", "orders.test", "/v1/orders/42%252f", Err((400, "BadRequestException"))),
        ("GET", "orders.test", "/v1/orders//42", Err((400, "BadRequestException"))),
        ("GET", "orders.test", "/v1/orders/%2e%2e/customers", Err((400, "BadRequestException"))),
        ("GET", "orders.test", "/v1/orders/a%5cb", Err((400, "BadRequestException"))),
        ("GET", "orders.test", "/v1/orders/%00", Err((400, "BadRequestException"))),
        ("PROPFIND", "orders.test", "/v1/orders/42", Err((405, "MethodNotAllowedException"))),
        ("GET", "orders.test", "/v2/orders/42", Err((403, "ForbiddenException"))),
        ("GET", "orders.test", "/v1orders/42", Err((403, "ForbiddenException"))),
        ("GET", "other.test", "/v1/orders/42", Err((403, "ForbiddenException"))),
        ("GET", "other.test", "/bills/42", Err((403, "AccessDeniedException"))),
    ];
    for (method, host, target, expected) in cases {
        let response = gateway.send(&of(&clerk), Request::new(method, target).header("host", host));
        let record = gateway.record(&response);
        assert_eq!(record["eventSource"], "execute-api.amazonaws.com", "{target}");
        match expected {
            Ok(forwarded) => {
                assert_eq!(response.status, 200, "{method} {target}: {}", response.text());
                let [seen] = &api.take()[..] else { panic!("one request: {target}") };
                assert_eq!((seen.method.as_str(), seen.target.as_str()), (method, forwarded));
            }
            Err((status, code)) => {
                assert_eq!(response.refusal(), (status, code.to_owned()), "{method} {target}: {}", response.text());
                assert_eq!(record["errorCode"], code, "{target}");
                assert_eq!(api.take().len(), 0, "{method} {target}");
            }
        }
    }
    assert_eq!(store.traffic(), (0, 0));
}

#[test]
fn the_verified_principal_goes_along_and_no_other() {
    let (store, api) = (Upstream::start(), Upstream::start());
    let gateway = start(&store, &api);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let forged = [
        ("x-countersign-principal-arn", "arn:aws:iam::123456789012:root"),
        ("x-countersign-principal-type", "Account"),
        ("x-countersign-anything", "1"),
        ("x-api-token", "forged"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-user", "root"),
        ("forwarded", "for=192.0.2.1"),
        ("x-real-ip", "192.0.2.1"),
        ("via", "1.1 other"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/admin"),
        ("te", "trailers"),
        ("connection", "keep-alive, x-own"),
        ("x-own", "listed as of the connection"),
        ("accept", "text/plain"),
        ("x-custom", "kept"),
    ];
    for (key, arn, kind, principal) in [
        (&ann, "arn:aws:iam::123456789012:user/Ann", "User", "AIDAAnn"),
        (&gateway.root(), "arn:aws:iam::123456789012:root", "Account", "123456789012"),
    ] {
        let mut request = Request::new("PUT", "/v1/a").header("host", "orders.test").body("body");
        for (name, value) in forged {
            request = request.header(name, value);
        }
        let response = gateway.send(&of(key), request);
        assert_eq!(response.status, 200, "{}", response.text());
        let [seen] = &api.take()[..] else { panic!("one request") };
        let upstream_host = api.address.to_string();
        let expected = [
            ("x-countersign-principal-arn", arn),
            ("x-countersign-principal-account", "123456789012"),
            ("x-countersign-principal-id", principal),
            ("x-countersign-principal-type", kind),
            ("x-countersign-access-key-id", key.id.as_str()),
            ("x-countersign-request-id", response.id()),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-host", "orders.test"),
            ("x-forwarded-proto", "http"),
            ("authorization", "the api's own token"),
            ("x-api-token", "the api's own token"),
            ("host", upstream_host.as_str()),
            ("content-length", "4"),
            ("accept", "text/plain"),
            ("x-custom", "kept"),
        ];
        for (name, value) in expected {
            assert_eq!(seen.header(name), Some(value), "{name}");
        }
        let mut names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let mut all: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        all.sort_unstable();
        assert_eq!(names, all);
    }
}

#[test]
fn anonymous_callers_and_signatures_for_other_services_are_refused() {
    let (store, api) = (Upstream::start(), Upstream::start());
    let gateway = start(&store, &api);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let request = |host: &str, target: &str| Request::new("GET", target).header("host", host);
    let mut of_s3 = request("orders.test", "/v1/orders/42");
    Signer::s3(&ann).sign(&mut of_s3);
    let mut of_iam = request("orders.test", "/v1/orders/42");
    Signer::of("ec2", &ann).sign(&mut of_iam);
    let cases = [
        ("unsigned, by its host", request("orders.test", "/v1/orders/42"), "MissingAuthenticationTokenException"),
        // Without a host of its own an API cannot be told from the store, where nobody may read either.
        ("unsigned, by its path", request("other.test", "/bills/42"), "AccessDenied"),
        ("signed for another service", of_iam, "InvalidSignatureException"),
    ];
    for (name, request, code) in cases {
        let response = send(gateway.address, &request);
        assert_eq!(response.refusal(), (403, code.to_owned()), "{name}: {}", response.text());
        assert_eq!(gateway.record(&response)["errorCode"], code, "{name}");
    }
    assert_eq!((store.traffic(), api.traffic()), ((0, 0), (0, 0)));
    // The signature says which API is meant: this one is for the store, which has no bucket of that name.
    assert_eq!(send(gateway.address, &of_s3).refusal(), (400, "InvalidBucketName".into()));
    assert_eq!((store.traffic(), api.traffic()), ((0, 0), (0, 0)));
}

#[test]
fn bodies_are_proven_and_answers_are_passed_on_as_they_are() {
    let (store, api) = (Upstream::start(), Upstream::start());
    let gateway = start(&store, &api);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    let post = |bytes| Request::new("POST", "/v1/a").header("host", "orders.test").body(pattern(0, bytes));
    // The signature holds the hash without telling it: the body is read first.
    for bytes in [0, 10, 1_000_000] {
        assert_eq!(gateway.send(&of(&ann), post(bytes)).status, 200);
        let [seen] = &api.take()[..] else { panic!("one request") };
        assert!(seen.complete && seen.body == pattern(0, bytes));
    }
    let mut changed = gateway.signed(&of(&ann), post(1_000));
    changed.body[0] ^= 1;
    assert_eq!(send(gateway.address, &changed).refusal(), (403, "InvalidSignatureException".into()));
    let response = gateway.send(&of(&ann), post(11 << 20));
    assert_eq!(response.refusal().0, 400, "{}", response.text());
    assert_eq!(api.take().len(), 0);
    // The hash is told: the body is proven as it passes.
    let hash: &'static str = super::chunked::sha256(b"other").leak();
    for bytes in [1_000, 1_000_000] {
        let request = post(bytes).header("x-amz-content-sha256", hash);
        let response = gateway.send(&of(&ann).payload(hash), request);
        assert_eq!(response.refusal().0, 400, "{}", response.text());
        assert!(api.take().iter().all(|seen| !seen.complete));
    }
    let headers =
        vec![("x-own", "1".to_owned()), ("set-cookie", "a=b".to_owned()), ("keep-alive", "timeout=5".to_owned())];
    for status in [201, 302, 404, 500] {
        let answer = Answer::Whole(status, headers.clone(), b"as it is".to_vec());
        api.answer(move |_| answer.clone());
        let response = gateway.send(&of(&ann), post(0));
        assert_eq!((response.status, response.text().as_str()), (status, "as it is"));
        assert_eq!((response.header("x-own"), response.header("set-cookie")), (Some("1"), Some("a=b")));
        assert_eq!(response.header("keep-alive"), None);
    }
    let late = Answer::Late(Duration::from_secs(3), Answer::ok("").into());
    for (answer, status, code) in [(Answer::Reset, 502, "BadGatewayException"), (late, 504, "GatewayTimeoutException")]
    {
        api.answer(move |_| answer.clone());
        assert_eq!(gateway.send(&of(&ann), post(0)).refusal(), (status, code.to_owned()));
    }
}
