//! botocore as an oracle: `botocore_signer.py` signs a generated set of requests with every signer that boto3 and the AWS
//! CLI use. All are proven here, and none is after a change.

use std::{borrow::Cow, process::Command};

use bytes::Bytes;
use countersign::sigv4::{
    Algorithm, Expectations, Form, Signed, SigningKey, check_scope,
    payload::{Announced, PayloadRule, PayloadVerifier, Streaming},
    post_policy, verify_form,
};
use data_encoding::BASE64;
use serde_json::Value;

use super::request::{DATE, Request, SECRET_KEY, at, judge, secret};

/// What the script printed. `COUNTERSIGN_PYTHON` names the interpreter that has botocore.
fn signed() -> Value {
    let python = std::env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sigv4/botocore_signer.py");
    let hint = "set COUNTERSIGN_PYTHON to a Python that has botocore (python3 -m pip install botocore)";
    let output = Command::new(&python).arg(script).output().unwrap_or_else(|error| panic!("{python}: {error}; {hint}"));
    assert!(output.status.success(), "{python}: {}; {hint}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}`"))
}

fn request(told: &Value) -> Request {
    let mut request = Request::new(text(told, "method"), text(told, "host"), text(told, "path"));
    request.query = text(told, "query").to_owned();
    request.body = BASE64.decode(text(told, "body").as_bytes()).unwrap().into();
    for header in told["headers"].as_array().unwrap() {
        let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
        if !name.eq_ignore_ascii_case("host") {
            request.add(name, value);
        }
    }
    request
}

/// Some other requests than the one that was signed.
fn changes(request: &Request) -> Vec<(&'static str, Request)> {
    let mut all = Vec::new();
    let mut change = |name, change: &dyn Fn(&mut Request)| {
        let mut changed = request.clone();
        change(&mut changed);
        all.push((name, changed));
    };
    change("the method", &|request| request.method = http::Method::PATCH);
    change("the path", &|request| request.path.push_str("/x"));
    change("the host", &|request| request.host.push('0'));
    change("a parameter", &|request| request.push_query("zz=1"));
    change("a header", &|request| request.set("x-amz-website-redirect-location", "/"));
    for name in request.headers.keys() {
        let is_signed = name.as_str().starts_with("x-amz-") || name == "x-custom" || name == "x-repeated";
        if is_signed {
            change("a header more", &|request| request.add(name.as_str(), "1"));
            change("a header less", &|request| drop(request.headers.remove(name)));
        }
    }
    for at in request.query.find("X-Amz-").into_iter().flat_map(|start| start..request.query.len()) {
        let other = if request.query.as_bytes()[at] == b'0' { "1" } else { "0" };
        change("the query", &|request| request.query.replace_range(at..=at, other));
    }
    if let Some(value) = request.headers.get("authorization") {
        let value = value.to_str().unwrap().to_owned();
        for at in 0..value.len() {
            let mut other = value.clone();
            other.replace_range(at..=at, if value.as_bytes()[at] == b'0' { "1" } else { "0" });
            change("the authorization", &|request| request.set("authorization", &other));
        }
    }
    all
}

/// Takes the framing off a body that has one.
fn unframe(request: &Request) -> Option<Result<usize, String>> {
    let length = countersign::sigv4::payload::decoded_length(&request.headers)?;
    let rule = PayloadRule::of(&request.head(), "s3", Form::Header).unwrap();
    assert_eq!(rule, PayloadRule::Streaming(Streaming::UnsignedTrailer));
    let announced = Announced {
        headers: &request.headers,
        content_length: Some(request.body.len() as u64),
        checksums_are_of_body: true,
    };
    let mut verifier = PayloadVerifier::new(&rule, announced, None).unwrap();
    let mut seen = 0;
    let outcome = verifier.push(request.body.clone(), &mut |data: Bytes| seen += data.len());
    let outcome = outcome.and_then(|()| verifier.finish());
    assert!(seen as u64 <= length);
    Some(outcome.map(|verified| verified.checksums.len()).map_err(|error| format!("{error:?}")))
}

#[test]
fn what_botocore_signs_is_proven_and_nothing_else() {
    let signed = signed();
    let requests = signed["requests"].as_array().unwrap();
    let signers = if signed["crt"] == true { 10 } else { 6 };
    assert_eq!(requests.len(), 60 * signers + 7, "botocore {}", signed["version"]);
    let mut framed = 0;
    for (number, told) in requests.iter().enumerate() {
        let request = request(told);
        let name = text(told, "name");
        assert_eq!(judge(&request), Ok(()), "{name}: {request:?}");
        if let Some(outcome) = unframe(&request) {
            framed += 1;
            assert_eq!(outcome, Ok(1), "{name}");
            let mut body = request.body.to_vec();
            body[3] ^= 1;
            let changed = Request { body: body.into(), ..request.clone() };
            assert!(unframe(&changed).unwrap().is_err(), "{name}: the body changed");
        }
        // Each change of some requests; a few changes of all.
        let every = if number % 40 < signers { 1 } else { 29 };
        for (what, changed) in changes(&request).into_iter().step_by(every) {
            assert!(judge(&changed).is_err(), "{name}: {what} changed: {changed:?}");
        }
    }
    assert_eq!(framed, 7);
}

#[test]
fn forms_that_botocore_signs_are_proven() {
    let signed = signed();
    let forms = signed["forms"].as_array().unwrap();
    assert_eq!(forms.len(), 4);
    for form in forms {
        let field = |name: &str| form[name].as_str().map(|value| Cow::Owned(value.to_owned()));
        let claims = Signed {
            form: Form::Post,
            algorithm: Algorithm::Hmac,
            credential: field("x-amz-credential").unwrap(),
            signed_headers: "".into(),
            signature: field("x-amz-signature").unwrap(),
            date: field("x-amz-date").unwrap(),
            at: at(DATE),
            expires: None,
            token: field("x-amz-security-token"),
            region_set: None,
        };
        assert_eq!(claims.date, DATE);
        let regions = ["us-east-1".into()];
        let expectations = Expectations { now: at(DATE), regions: &regions };
        let scope = check_scope(&claims, &expectations).unwrap();
        let key = SigningKey::derive(&secret(SECRET_KEY), scope.date, scope.region, scope.service);
        let policy = text(form, "policy");
        assert_eq!(verify_form(&claims, policy, &expectations, &key), Ok(()));
        let other = BASE64.encode(b"{}");
        assert!(verify_form(&claims, &other, &expectations, &key).is_err());
        let fields = form.as_object().unwrap().iter();
        let mut fields: Vec<_> =
            fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        assert_eq!(post_policy::check(policy, &fields, "bucket", at(DATE)), Ok(1..=100));
        assert!(post_policy::check(policy, &fields, "other", at(DATE)).is_err());
        fields.push(("x-amz-meta-a".into(), "1".into()));
        assert!(post_policy::check(policy, &fields, "bucket", at(DATE)).is_err());
    }
}
