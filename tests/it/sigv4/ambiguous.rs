//! What can be read in two ways, and what somebody on the way could add or change. The signatures are right unless a
//! case changes what was signed.

use countersign::{
    base::Fault,
    sigv4::{Dialect, payload::EMPTY_HASH},
};

use super::request::{Refused, Request, Signing, Verifier, at, judge};

/// The code of S3's error, or `ok`.
pub fn code(outcome: Result<(), Refused>) -> String {
    match outcome {
        Ok(()) => "ok".into(),
        Err(Refused::Anonymous) => "anonymous".into(),
        Err(Refused::Signature(refusal)) => refusal.fault(Dialect::S3).code.into(),
        Err(Refused::Body(error)) => Fault::from(error).code.into(),
    }
}

/// Name, form, what the signer adds, what happens on the way, the outcome.
type Case = (&'static str, fn() -> Signing, fn(&mut Request), fn(&mut Request), &'static str);

fn nothing(_: &mut Request) {}

const HEADER: fn() -> Signing = Signing::default;
const QUERY: fn() -> Signing = Signing::query;

const ON_THE_WAY: &[Case] = &[
    ("an ACL is added", HEADER, nothing, |r| r.set("x-amz-acl", "public-read"), "AccessDenied"),
    ("an ACL is added to a URL", QUERY, nothing, |r| r.set("x-amz-acl", "public-read"), "AccessDenied"),
    ("a copy source is added", QUERY, nothing, |r| r.set("x-amz-copy-source", "/b/k"), "AccessDenied"),
    ("a token is added", HEADER, nothing, |r| r.set("x-amz-security-token", "t"), "AccessDenied"),
    (
        "a signed value is doubled",
        HEADER,
        |r| r.set("x-amz-acl", "private"),
        |r| r.add("x-amz-acl", "public-read"),
        "SignatureDoesNotMatch",
    ),
    (
        "the order of equal headers",
        HEADER,
        |r| {
            r.add("a", "1");
            r.add("a", "2");
        },
        |r| {
            r.set("a", "2");
            r.add("a", "1");
        },
        "SignatureDoesNotMatch",
    ),
    (
        "two values become one",
        HEADER,
        |r| {
            r.add("a", "1");
            r.add("a", "2");
        },
        |r| r.set("a", "1,2"),
        "ok",
    ),
    ("blanks around a value", HEADER, |r| r.set("a", "1 2"), |r| r.set("a", " 1  2 "), "ok"),
    ("the case of an escape", HEADER, |r| r.path = "/a%2Bb".into(), |r| r.path = "/a%2bb".into(), "ok"),
    ("an escape that need not be", HEADER, |r| r.path = "/a~b".into(), |r| r.path = "/a%7Eb".into(), "ok"),
    ("a second escape", HEADER, |r| r.path = "/a%2Bb".into(), |r| r.path = "/a%252Bb".into(), "SignatureDoesNotMatch"),
    ("a dot segment", HEADER, |r| r.path = "/a/b".into(), |r| r.path = "/a/x/../b".into(), "SignatureDoesNotMatch"),
    ("a doubled slash", HEADER, |r| r.path = "/a/b".into(), |r| r.path = "/a//b".into(), "SignatureDoesNotMatch"),
    ("an escaped slash", HEADER, |r| r.path = "/a/b".into(), |r| r.path = "/a%2Fb".into(), "ok"),
    (
        "a plus in a path is no space",
        HEADER,
        |r| r.path = "/a%20b".into(),
        |r| r.path = "/a+b".into(),
        "SignatureDoesNotMatch",
    ),
    ("a plus in a query is a space", HEADER, |r| r.push_query("prefix=a%20b"), |r| r.query = "prefix=a+b".into(), "ok"),
    ("parameters change places", HEADER, |r| r.query = "b=2&a=1".into(), |r| r.query = "a=1&b=2".into(), "ok"),
    ("an empty piece", HEADER, |r| r.query = "a=1&b=2".into(), |r| r.query = "&a=1&&b=2&".into(), "ok"),
    (
        "a parameter is doubled",
        HEADER,
        |r| r.query = "a=1".into(),
        |r| r.query = "a=1&a=2".into(),
        "SignatureDoesNotMatch",
    ),
    ("equal names change values", HEADER, |r| r.query = "a=1&a=2".into(), |r| r.query = "a=2&a=1".into(), "ok"),
    ("the method", HEADER, nothing, |r| r.method = http::Method::DELETE, "SignatureDoesNotMatch"),
    ("the host", HEADER, nothing, |r| r.host = "other.s3.amazonaws.com".into(), "SignatureDoesNotMatch"),
    ("a port", HEADER, nothing, |r| r.host.push_str(":443"), "SignatureDoesNotMatch"),
    (
        "the body becomes unsigned",
        HEADER,
        |r| r.set("x-amz-content-sha256", EMPTY_HASH),
        |r| r.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        "SignatureDoesNotMatch",
    ),
    // The signature of a presigned request in other spellings.
    ("a longer time", QUERY, nothing, |r| r.edit_query("Expires=3600", "Expires=7200"), "SignatureDoesNotMatch"),
    ("a second signature", QUERY, nothing, |r| r.push_query("X-Amz-Signature=00"), "AuthorizationQueryParametersError"),
    (
        "a second signature, lower case",
        QUERY,
        nothing,
        |r| r.push_query("x-amz-signature=00"),
        "AuthorizationQueryParametersError",
    ),
    ("a second signature, escaped", QUERY, nothing, |r| r.push_query("X-Amz-%53ignature=00"), "InvalidURI"),
    (
        "an escaped name of the signature's own",
        QUERY,
        nothing,
        |r| r.edit_query("X-Amz-Expires", "X-Amz-%45xpires"),
        "InvalidURI",
    ),
    ("an Authorization header", QUERY, nothing, |r| r.set("authorization", "AWS4-HMAC-SHA256 a"), "InvalidArgument"),
    ("a signature in the query", HEADER, nothing, |r| r.push_query("X-Amz-Signature=00"), "InvalidArgument"),
    (
        "a second Authorization header",
        HEADER,
        nothing,
        |r| r.add("authorization", "AWS4-HMAC-SHA256 a"),
        "AuthorizationHeaderMalformed",
    ),
    ("a second date", HEADER, nothing, |r| r.add("x-amz-date", "20130524T000001Z"), "AuthorizationHeaderMalformed"),
    (
        "a plus in the credential is the space of the canonical query",
        QUERY,
        |r| r.push_query("X-Amz-Security-Token=a%20b"),
        |r| r.edit_query("X-Amz-Security-Token=a%20b", "X-Amz-Security-Token=a+b"),
        "ok",
    ),
];

#[test]
fn what_is_changed_on_the_way_is_refused_or_means_the_same() {
    let mut wrong = Vec::new();
    for (name, signing, before, after, expected) in ON_THE_WAY {
        let mut request = Request::get();
        before(&mut request);
        signing().sign(&mut request);
        let sound = code(judge(&request));
        after(&mut request);
        let outcome = (sound, code(judge(&request)));
        if outcome != ("ok".into(), (*expected).to_owned()) {
            wrong.push((name, outcome, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const BY_THE_SIGNER: &[Case] = &[
    // The query says one thing, the headers another.
    (
        "another date in the header of a URL",
        QUERY,
        |r| r.set("x-amz-date", "20130524T000500Z"),
        nothing,
        "AuthorizationQueryParametersError",
    ),
    ("the same date in both", QUERY, |r| r.set("x-amz-date", "20130524T000000Z"), nothing, "ok"),
    (
        "another token in the header of a URL",
        QUERY,
        |r| {
            r.set("x-amz-security-token", "a");
            r.push_query("X-Amz-Security-Token=b");
        },
        nothing,
        "AuthorizationQueryParametersError",
    ),
    (
        "a token in the header of a URL only",
        QUERY,
        |r| r.set("x-amz-security-token", "a"),
        nothing,
        "AuthorizationQueryParametersError",
    ),
    (
        "a token in the query of a signed header",
        HEADER,
        |r| r.push_query("X-Amz-Security-Token=b"),
        nothing,
        "InvalidArgument",
    ),
    (
        "a time in the query of a signed header",
        HEADER,
        |r| r.push_query("X-Amz-Expires=60"),
        nothing,
        "InvalidArgument",
    ),
    (
        "another hash in the header of a URL",
        QUERY,
        |r| {
            r.set("x-amz-content-sha256", EMPTY_HASH);
            r.push_query("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD");
        },
        nothing,
        "AuthorizationQueryParametersError",
    ),
    (
        "the same hash in both",
        QUERY,
        |r| {
            r.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
            r.push_query("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD");
        },
        nothing,
        "ok",
    ),
    (
        "a hash twice",
        QUERY,
        |r| {
            r.push_query("X-Amz-Content-Sha256=UNSIGNED-PAYLOAD");
            r.push_query("x-amz-content-sha256=UNSIGNED-PAYLOAD");
        },
        nothing,
        "AuthorizationQueryParametersError",
    ),
    (
        "a hash under an escaped name",
        QUERY,
        |r| r.push_query(&format!("X-Amz-Content-Sha25%36={EMPTY_HASH}")),
        nothing,
        "InvalidURI",
    ),
    ("a hash that is escaped", QUERY, |r| r.push_query("X-Amz-Content-Sha256=UNSIGNED%2DPAYLOAD"), nothing, "ok"),
    (
        "a hash header twice",
        HEADER,
        |r| {
            r.add("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
            r.add("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        },
        nothing,
        "AuthorizationHeaderMalformed",
    ),
    (
        "two digests of the body",
        HEADER,
        |r| {
            r.add("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==");
            r.add("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==");
        },
        nothing,
        "InvalidDigest",
    ),
];

#[test]
fn what_contradicts_itself_is_refused_though_it_is_signed() {
    let mut wrong = Vec::new();
    for (name, signing, before, _, expected) in BY_THE_SIGNER {
        let mut request = Request::get();
        before(&mut request);
        signing().sign(&mut request);
        let outcome = code(judge(&request));
        if outcome != *expected {
            wrong.push((name, outcome, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn presigned_requests_hold_for_one_second_to_a_week() {
    // Expires, seconds after signing, outcome.
    let cases = [
        ("1", 0, "ok"),
        ("1", 1, "ok"),
        ("1", 2, "AccessDenied"),
        ("604800", 604_800, "ok"),
        ("604800", 604_801, "AccessDenied"),
        ("604801", 0, "AuthorizationQueryParametersError"),
        ("99999999999999999999", 0, "AuthorizationQueryParametersError"),
        ("0", 0, "AuthorizationQueryParametersError"),
        ("00", 0, "AuthorizationQueryParametersError"),
        ("-1", 0, "AuthorizationQueryParametersError"),
        ("-", 0, "AuthorizationQueryParametersError"),
        ("+1", 0, "AuthorizationQueryParametersError"),
        ("1.5", 0, "AuthorizationQueryParametersError"),
        ("", 0, "AuthorizationQueryParametersError"),
        ("3600", -900, "ok"),
        ("3600", -901, "AccessDenied"),
    ];
    for (expires, after, expected) in cases {
        let request = Signing { expires: Some(expires), ..Signing::query() }.signed(Request::get());
        let now = at(super::request::DATE) + jiff::SignedDuration::from_secs(after);
        let verifier = Verifier { now, ..Verifier::default() };
        assert_eq!(code(verifier.judge(&request)), expected, "{expires} after {after} s");
    }
    // S3 wants it said, before it even looks for the key.
    let request = Signing { expires: None, ..Signing::query() }.signed(Request::get());
    let nobody = Verifier { access_key: "AKIANOBODY".into(), ..Verifier::default() };
    assert_eq!(code(nobody.judge(&request)), "AuthorizationQueryParametersError");
    // Other services have a default of a quarter of an hour.
    let signing = Signing { expires: None, service: "execute-api", payload: None, ..Signing::query() };
    let request = signing.signed(Request::get());
    for (after, expected) in [(900, "ok"), (901, "AccessDenied")] {
        let now = at(super::request::DATE) + jiff::SignedDuration::from_secs(after);
        assert_eq!(code(Verifier { now, ..Verifier::default() }.judge(&request)), expected, "default after {after} s");
    }
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let request = Signing::default().signed(Request::get());
    for (after, expected) in
        [(-901, "RequestTimeTooSkewed"), (-900, "ok"), (0, "ok"), (900, "ok"), (901, "RequestTimeTooSkewed")]
    {
        let now = at(super::request::DATE) + jiff::SignedDuration::from_secs(after);
        assert_eq!(code(Verifier { now, ..Verifier::default() }.judge(&request)), expected, "{after}");
    }
}

#[test]
fn dates_come_in_three_forms_in_headers() {
    // Header, its value, outcome: the string to sign always has the basic form.
    let cases = [
        ("x-amz-date", "20130524T000000Z", "ok"),
        ("x-amz-date", "2013-05-24T00:00:00Z", "ok"),
        ("date", "Fri, 24 May 2013 00:00:00 GMT", "ok"),
        ("date", "20130524T000000Z", "ok"),
        ("x-amz-date", "Fri, 24 May 2013 00:00:00 GMT", "ok"),
        ("x-amz-date", "2013-05-24T00:00:00", "AccessDenied"),
        ("x-amz-date", "20130524", "AccessDenied"),
        ("x-amz-date", "2013-05-24T000000Z", "AccessDenied"),
        ("x-amz-date", "20130524T000060Z", "AccessDenied"),
        ("date", "yesterday", "AccessDenied"),
    ];
    for (name, value, expected) in cases {
        let mut request = Request::get();
        request.set(name, value);
        Signing::default().sign(&mut request);
        assert_eq!(code(judge(&request)), expected, "{name}: {value}");
    }
    // `X-Amz-Date` wins.
    let mut request =
        Request::get().with("date", "Fri, 24 May 2012 00:00:00 GMT").with("x-amz-date", "20130524T000000Z");
    Signing::default().sign(&mut request);
    assert_eq!(code(judge(&request)), "ok");
}

#[test]
fn bodies_are_always_signed_for_services_other_than_s3() {
    // `UNSIGNED-PAYLOAD` and framing are S3's. AWS's other services hash the body, whatever the header says.
    for line in ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x"] {
        for form in [Signing::default(), Signing::query()] {
            let signing = Signing { service: "iam", payload: Some(line.into()), ..form };
            let mut request = Request::new("POST", "iam.amazonaws.com", "/");
            request.body = "Action=ListUsers&Version=2010-05-08".into();
            request.set("x-amz-content-sha256", line);
            signing.sign(&mut request);
            assert_eq!(code(judge(&request)), "SignatureDoesNotMatch", "{line} {:?}", signing.form);
        }
    }
    // A hash may be told, and is then held to.
    let signing = Signing { service: "iam", payload: None, ..Signing::default() };
    let mut request = Request::new("POST", "iam.amazonaws.com", "/");
    request.body = "Action=ListUsers".into();
    let told = request.clone().with("x-amz-content-sha256", &super::request::sha256(&request.body));
    for request in [request, told] {
        let mut request = signing.signed(request);
        assert_eq!(code(judge(&request)), "ok");
        request.body = "Action=ListRoles".into();
        assert_ne!(code(judge(&request)), "ok");
    }
}

#[test]
fn an_anonymous_body_is_announced_once() {
    use countersign::sigv4::payload::PayloadRule;
    let mut request = Request::get();
    assert_eq!(PayloadRule::of_anonymous(&request.head()), Ok(PayloadRule::Unsigned));
    request.add("x-amz-content-sha256", EMPTY_HASH);
    assert_eq!(PayloadRule::of_anonymous(&request.head()), Ok(PayloadRule::Hash(EMPTY_HASH.into())));
    request.add("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert!(PayloadRule::of_anonymous(&request.head()).is_err());
}
