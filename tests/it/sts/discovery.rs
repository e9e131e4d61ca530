//! What token issuers publish: at their host, for everybody, and in nobody's way.

use serde_json::{Value, json};

use super::identity_token::{HOST, RS256, URL, ask, document, enabled, read};
use crate::road::{
    client::{Request, send},
    gateway::{ALLOW_ALL, Gateway, Setup},
    signer::Signer,
    upstream::{Answer, Upstream},
};

#[test]
fn the_documents_are_what_the_specifications_ask_for() {
    let upstream = Upstream::start();
    let (gateway, issuer) = enabled(&upstream);
    let place = format!("{issuer}/.well-known/openid-configuration");
    assert_eq!(
        document(&gateway, &place),
        json!({"issuer": issuer, "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", "https://sts.amazonaws.com/"],
            "id_token_signing_alg_values_supported": ["RS256", "ES384"], "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"]})
    );
    let keys = document(&gateway, &format!("{issuer}/.well-known/jwks.json"));
    let [rsa, ec] = keys["keys"].as_array().unwrap().as_slice() else { panic!("{keys}") };
    for (key, kind, algorithm, members) in [(rsa, "RSA", "RS256", 6), (ec, "EC", "ES384", 7)] {
        let seen = ["kty", "alg", "use"].map(|name| key[name].as_str().unwrap());
        assert_eq!((seen, key.as_object().unwrap().len()), ([kind, algorithm, "sig"], members), "no private parts");
    }
    assert_eq!((rsa["n"].as_str().unwrap().len(), &rsa["e"]), (342, &Value::from("AQAB")));
    assert_eq!([&ec["x"], &ec["y"]].map(|number| number.as_str().unwrap().len()), [64, 64]);

    let path = place.strip_prefix(URL).unwrap();
    let answer = read(&gateway, HOST, path);
    let record = gateway.record(&answer);
    let shown = ["eventSource", "eventName", "readOnly", "errorCode"].map(|name| record[name].clone());
    assert_eq!(shown, [json!("sts.amazonaws.com"), json!("GetOpenIDConfiguration"), json!(true), Value::Null]);
    assert_eq!(record["requestParameters"], json!({"issuer": issuer}));
    let head = send(gateway.address, &Request::new("HEAD", path).header("host", HOST));
    assert_eq!((head.status, head.header("content-length")), (200, answer.header("content-length")));
    assert_eq!(upstream.traffic(), (0, 0));
}

/// Whoever may write a public object must not be able to write an issuer's document, and nobody's objects are hidden.
#[test]
fn at_the_issuers_host_no_object_is_read_without_a_signature_and_elsewhere_none_is_hidden() {
    let upstream = Upstream::start();
    let (gateway, issuer) = enabled(&upstream);
    upstream.answer(|_| Answer::ok("an object"));
    let root = gateway.root();
    let id = issuer.rsplit('/').next().unwrap().to_owned();
    let [documents, other] = [id.clone(), "00000000-0000-4000-8000-000000000000".into()]
        .map(|id: String| format!("/{id}/.well-known/openid-configuration"));
    // A bucket of the issuer's name, and one of another's, open to everybody.
    for bucket in [&*id, "00000000-0000-4000-8000-000000000000"] {
        let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",
            "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/*")}});
        let block = Request::new("DELETE", &format!("/{bucket}?publicAccessBlock="));
        let answer = gateway.send(&Signer::s3(&root), block);
        assert!(answer.status < 300, "{}", answer.text());
        let put = Request::new("PUT", &format!("/{bucket}?policy=")).body(policy.to_string());
        let answer = gateway.send(&Signer::s3(&root), put);
        assert!(answer.status < 300, "{}", answer.text());
    }
    let local = gateway.address.to_string();
    let asking = format!("{documents}?Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    let upper = documents.to_uppercase();
    let escaped = documents.replace(".well", "%2Ewell");
    let rows = [
        (HOST, &*documents, 200, "\"jwks_uri\""),
        ("STS.EXAMPLE.COM:9000", &documents, 200, "\"jwks_uri\""),
        ("sts.example.com.", &documents, 200, "\"jwks_uri\""),
        (HOST, &asking, 200, "\"jwks_uri\""),
        (HOST, &other, 404, "<Code>NotFound</Code>"),
        (HOST, &upper, 404, "<Code>NotFound</Code>"),
        (HOST, &escaped, 404, "<Code>NotFound</Code>"),
        (HOST, "/.well-known/openid-configuration", 404, "<Code>NotFound</Code>"),
        (HOST, "/bucket/a", 404, "<Code>NotFound</Code>"),
        (&local, &documents, 200, "an object"),
        (&local, &other, 200, "an object"),
        ("s3.example.com", &documents, 200, "an object"),
    ];
    for (host, path, status, holds) in rows {
        let answer = read(&gateway, host, path);
        let text = answer.text();
        assert!(answer.status == status && text.contains(holds), "{host} {path}: {} {text}", answer.status);
        let record = gateway.record(&answer);
        assert_eq!(record["eventSource"], if holds == "an object" { "s3.amazonaws.com" } else { "sts.amazonaws.com" });
    }
    // Who signs means the store, whatever the host.
    for signer in [Signer::s3(&root), Signer::s3(&root).presigned(60)] {
        let request = Request::new("GET", &documents).header("host", HOST);
        let answer = gateway.send(&signer, request);
        assert_eq!((answer.status, answer.text()), (200, "an object".into()));
    }
    for (method, body) in [("PUT", "x"), ("POST", "x"), ("DELETE", ""), ("OPTIONS", ""), ("GET", "x")] {
        let request = Request::new(method, &documents).header("host", HOST).body(body);
        let answer = send(gateway.address, &request);
        assert_eq!(answer.refusal(), (403, "MissingAuthenticationToken".into()), "{method}");
    }
}

#[test]
fn without_a_place_for_issuers_their_paths_are_the_stores() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let key = gateway.user("ann", Some(ALLOW_ALL));
    let path = "/00000000-0000-4000-8000-000000000000/.well-known/jwks.json";
    assert_eq!(read(&gateway, HOST, path).refusal(), (403, "AccessDenied".into()));
    assert_eq!(gateway.send(&Signer::s3(&key), Request::new("GET", path)).status, 200);
    assert_eq!(ask(&gateway, &key, &[RS256]).status, 403);
}

#[test]
fn a_path_of_the_url_is_part_of_the_issuer() {
    let upstream = Upstream::start();
    let keys = [("STS__ISSUER_URL", "https://sts.example.com/tokens")];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let issuer = super::done(&gateway, "EnableOutboundWebIdentityFederation", &[]).element("IssuerIdentifier");
    let path = issuer.strip_prefix(URL).unwrap();
    assert!(path.starts_with("/tokens/"), "{issuer}");
    assert_eq!(read(&gateway, HOST, &format!("{path}/.well-known/jwks.json")).status, 200);
    let below = path.strip_prefix("/tokens").unwrap();
    assert_eq!(read(&gateway, HOST, &format!("{below}/.well-known/jwks.json")).status, 404);
}
