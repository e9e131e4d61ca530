//! The Rust SDK's signer as an oracle: whatever it signs is proven here, and nothing else is.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningParams,
        SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::{v4, v4a},
};
use countersign::sigv4::Refusal;
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};

use super::request::{ACCESS_KEY, DATE, Refused, Request, SECRET_KEY, at, judge};

/// A request to sign, and how.
#[derive(Debug, Clone)]
struct Plan {
    method: &'static str,
    service: &'static str,
    region: &'static str,
    is_v4a: bool,
    is_presigned: bool,
    expires: u32,
    token: Option<&'static str>,
    payload: Payload,
    body: Vec<u8>,
    segments: Vec<String>,
    query: Vec<(String, Option<String>)>,
    spelling: Spelling,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Payload {
    Hashed,
    Unsigned,
    Streaming,
}

/// How a query is written: the same text has several spellings.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    lower_case: bool,
    plus: bool,
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn escape(text: &str, spelling: Spelling) -> String {
    let one = |byte: u8| match byte {
        byte if is_unreserved(byte) => char::from(byte).to_string(),
        b' ' if spelling.plus => "+".into(),
        byte if spelling.lower_case => format!("%{byte:02x}"),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

const CANONICAL: Spelling = Spelling { lower_case: false, plus: false };

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9._~-]{0,8}",
        2 => "[ -.0-~]{1,6}",
        1 => "\\PC{1,4}",
        1 => Just(String::new()),
        1 => Just(".".to_owned()),
        1 => Just("..".to_owned()),
        1 => Just("%2F%25".to_owned()),
    ]
}

fn parameter() -> impl Strategy<Value = (String, Option<String>)> {
    let text = || prop_oneof![3 => "[a-zA-Z0-9._~-]{0,6}", 2 => "[ -~]{0,6}", 1 => "\\PC{0,3}"];
    let name =
        prop_oneof![2 => text(), 1 => Just("a".to_owned()), 1 => Just("A".to_owned()), 1 => Just("prefix".to_owned())];
    (name, proptest::option::of(text()))
}

fn header() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        (prop::sample::select(vec!["content-type", "range", "x-custom", "x-amz-meta-a", "user-agent"]), "[ -~]{0,16}"),
        (Just("x-amz-meta-b"), "[ a-zé漢ü]{0,8}"),
        (prop::sample::select(vec!["x-amz-acl", "x-amz-storage-class"]), " {0,2}[a-z]{1,3}  {0,3}[a-z]{0,3} {0,2}"),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let choice = (
        prop::sample::select(vec!["GET", "PUT", "POST", "DELETE", "HEAD"]),
        prop::sample::select(vec!["s3", "s3", "s3", "execute-api", "iam"]),
        prop::sample::select(vec!["us-east-1", "eu-west-1"]),
        prop::bool::weighted(0.2),
        any::<bool>(),
        1..=604_800u32,
        proptest::option::weighted(0.3, Just("IQoJb3JpZ2luX2VjEN//////////wEaCXVzLWVhc3QtMSJI+A==")),
        prop::sample::select(vec![Payload::Hashed, Payload::Unsigned, Payload::Streaming]),
    );
    let parts = (
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(segment(), 0..5),
        prop::collection::vec(parameter(), 0..5),
        (any::<bool>(), any::<bool>()),
        prop::collection::vec(header(), 0..4),
    );
    (choice, parts).prop_map(|(choice, (body, segments, query, (lower_case, plus), headers))| {
        let (method, service, region, is_v4a, is_presigned, expires, token, payload) = choice;
        // Other services than S3 know nothing but hashes.
        let payload = if service == "s3" { payload } else { Payload::Hashed };
        let spelling = Spelling { lower_case, plus };
        Plan {
            method,
            service,
            region,
            is_v4a,
            is_presigned,
            expires,
            token,
            payload,
            body,
            segments,
            query,
            spelling,
            headers,
        }
    })
}

impl Plan {
    fn path(&self) -> String {
        // SDKs leave the slashes of S3 keys as they are.
        let keep = |segment: &String| if self.service == "s3" { segment.replace('/', "_") } else { segment.clone() };
        let segments: Vec<_> = self.segments.iter().map(|segment| escape(&keep(segment), CANONICAL)).collect();
        format!("/{}", segments.join("/"))
    }

    /// Whether `..` leads above the root, which this verifier refuses and the signer passes over.
    fn leads_above_root(&self) -> bool {
        let mut depth = 0;
        self.service != "s3"
            && self.segments.iter().any(|segment| {
                depth += match segment.as_str() {
                    "" | "." => 0,
                    ".." => -1,
                    _ => 1,
                };
                depth < 0
            })
    }

    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if self.is_presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(self.expires.into()));
        }
        settings
    }

    /// The request, signed by the SDK's signer.
    fn signed(&self) -> Request {
        let mut request = Request::new(self.method, "bucket.s3.local:9000", &self.path());
        for (name, value) in &self.query {
            let value = value.as_ref().map(|value| format!("={}", escape(value, self.spelling)));
            let piece = escape(name, self.spelling) + &value.unwrap_or_default();
            request.push_query(&piece);
        }
        for (name, value) in &self.headers {
            request.add(name, value);
        }
        request.body = self.body.clone().into();
        let identity =
            Credentials::new(ACCESS_KEY, SECRET_KEY, self.token.map(str::to_owned), None, "the tests").into();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(at(DATE).as_second().unsigned_abs());
        let params: SigningParams<'_> = match self.is_v4a {
            true => v4a::SigningParams::builder()
                .identity(&identity)
                .region_set("ap-south-1,us-*")
                .name(self.service)
                .time(time)
                .settings(self.settings())
                .build()
                .unwrap()
                .into(),
            false => v4::SigningParams::builder()
                .identity(&identity)
                .region(self.region)
                .name(self.service)
                .time(time)
                .settings(self.settings())
                .build()
                .unwrap()
                .into(),
        };
        let body = match (self.payload, self.is_presigned && self.service == "s3") {
            (_, true) | (Payload::Unsigned, _) => SignableBody::UnsignedPayload,
            (Payload::Streaming, _) => SignableBody::StreamingUnsignedPayloadTrailer,
            (Payload::Hashed, _) => SignableBody::Bytes(&self.body),
        };
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let uri = format!("https://{}{}{query}", request.host, request.path);
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new(self.method, uri, headers, body).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            request.set(name, value);
        }
        for (name, value) in instructions.params() {
            request.push_query(&format!("{name}={}", escape(value, CANONICAL)));
        }
        request
    }
}

/// Something else than what was signed.
fn change(request: &mut Request, kind: u8, place: prop::sample::Index) -> &'static str {
    match kind {
        0 => {
            request.method = http::Method::PATCH;
            "the method"
        }
        1 => {
            request.path.push_str("/x");
            "the path"
        }
        2 => {
            request.host.push('x');
            "the host"
        }
        3 => {
            request.push_query("zz=1");
            "a parameter more"
        }
        4 if !request.query.is_empty() => {
            let mut pieces: Vec<&str> = request.query.split('&').collect();
            pieces.remove(place.index(pieces.len()));
            // Empty pieces mean nothing.
            let had = request.query.split('&').filter(|piece| !piece.is_empty()).count();
            let has = pieces.iter().filter(|piece| !piece.is_empty()).count();
            request.query = pieces.join("&");
            if had == has { change(request, 3, place) } else { "a parameter less" }
        }
        5 => {
            request.set("x-amz-website-redirect-location", "/");
            "a header that has to be signed"
        }
        6 if request.headers.contains_key("x-amz-acl") => {
            request.add("x-amz-acl", "private");
            "a second value"
        }
        7 if request.headers.contains_key("authorization") => {
            let value = request.headers["authorization"].to_str().unwrap().to_owned();
            let mut bytes = value.into_bytes();
            let at = place.index(bytes.len());
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            request.set("authorization", str::from_utf8(&bytes).unwrap());
            "the authorization"
        }
        8 if request.headers.contains_key("x-amz-date") => {
            request.set("x-amz-date", "20130524T000001Z");
            "the date"
        }
        9 if request.headers.contains_key("x-amz-security-token") => {
            request.set("x-amz-security-token", "other");
            "the token"
        }
        10 if request.query.contains("X-Amz-") => {
            let signed = request.query.find("X-Amz-").unwrap();
            let at = signed + place.index(request.query.len() - signed);
            let other = if request.query.as_bytes()[at] == b'0' { "1" } else { "0" };
            request.query.replace_range(at..=at, other);
            "the signature's parameters"
        }
        _ => change(request, kind % 4, place),
    }
}

/// Blanks around a header value are not its own, and a spelling is not a meaning.
fn respell(request: &mut Request, is_s3: bool) {
    let mut acls = request.headers.get_all("x-amz-acl").iter();
    if let (Some(acl), None) = (acls.next(), acls.next()) {
        let acl = format!(" {} ", acl.to_str().unwrap().replace(' ', "  "));
        request.set("x-amz-acl", &acl);
    }
    if is_s3 {
        request.path = request.path.replace("%2F", "/").replace('a', "%61").replace("%C", "%c");
    }
    let mut pieces: Vec<&str> = request.query.split('&').collect();
    pieces.reverse();
    request.query = format!("&{}&", pieces.join("&").replace("%20", "+"));
}

fn config() -> Config {
    Config { cases: 1_000, failure_persistence: None, rng_seed: RngSeed::Fixed(20_130_524), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_the_sdk_signs_is_proven_and_nothing_else(
        plan in plan(),
        kind in 0..=10u8,
        place in any::<prop::sample::Index>(),
    ) {
        let signed = plan.signed();
        if plan.leads_above_root() {
            prop_assert_eq!(judge(&signed), Err(Refused::Signature(Refusal::AboveRoot)));
            return Ok(());
        }
        prop_assert_eq!(judge(&signed), Ok(()), "{:?}", signed);

        let mut respelled = signed.clone();
        respell(&mut respelled, plan.service == "s3");
        prop_assert_eq!(judge(&respelled), Ok(()), "{:?}", respelled);

        let mut changed = signed;
        let what = change(&mut changed, kind, place);
        prop_assert!(judge(&changed).is_err(), "{}: {:?}", what, changed);

        if !plan.body.is_empty() && plan.payload == Payload::Hashed && !(plan.is_presigned && plan.service == "s3") {
            let mut changed = plan.signed();
            changed.body = [&plan.body[..], b"x"].concat().into();
            prop_assert!(judge(&changed).is_err(), "the body: {:?}", changed);
        }
    }
}
