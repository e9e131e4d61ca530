//! Requests as values, a signer that signs whatever it is given, and the verifier as the road uses it.

use bytes::Bytes;
use countersign::{
    base::{Head, SecretKey, Timestamp, time},
    sigv4::{
        Algorithm, Evidence, Expectations, Form, ProvingKey, Refusal, SigningKey, VerifyingKey,
        canonical::{PathRule, canonical_request, string_to_sign},
        check_scope,
        payload::{Announced, EMPTY_HASH, PayloadError, PayloadRule, PayloadVerifier},
        read, verify,
    },
};
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// AWS's example key.
pub const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// When the requests of these tests are signed.
pub const DATE: &str = "20130524T000000Z";

pub fn at(date: &str) -> Timestamp {
    time::parse_amz_date(date).expect("a date of the basic form")
}

pub fn secret(text: &str) -> SecretKey {
    SecretKey::new(text.to_owned())
}

pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

/// A request that is not sent anywhere.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub host: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn new(method: &str, host: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.parse().unwrap(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// A plain `GetObject`.
    pub fn get() -> Self {
        Self::new("GET", "examplebucket.s3.amazonaws.com", "/test.txt")
    }

    pub fn head(&self) -> Head<'_> {
        Head { method: &self.method, host: &self.host, path: &self.path, query: &self.query, headers: &self.headers }
    }

    pub fn set(&mut self, name: &str, value: &str) {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }

    pub fn add(&mut self, name: &str, value: &str) {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.add(name, value);
        self
    }

    /// Adds a parameter, which has to be escaped already.
    pub fn push_query(&mut self, piece: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(piece);
    }

    /// Puts one text for another in the query, which must hold it.
    pub fn edit_query(&mut self, from: &str, to: &str) {
        assert!(self.query.contains(from), "`{from}` is not in `{}`", self.query);
        self.query = self.query.replace(from, to);
    }

    /// Puts one text for another in a header, which must hold it.
    pub fn edit_header(&mut self, name: &str, from: &str, to: &str) {
        let value = self.headers[name].to_str().unwrap().to_owned();
        assert!(value.contains(from), "`{from}` is not in `{value}`");
        self.set(name, &value.replace(from, to));
    }
}

/// How to sign.
#[derive(Debug, Clone)]
pub struct Signing {
    pub form: Form,
    pub date: &'static str,
    pub region: &'static str,
    pub service: &'static str,
    /// The payload line; `None`: the hash of the body.
    pub payload: Option<String>,
    /// Of presigned requests; `None`: not said.
    pub expires: Option<&'static str>,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            form: Form::Header,
            date: DATE,
            region: "us-east-1",
            service: "s3",
            payload: Some("UNSIGNED-PAYLOAD".into()),
            expires: Some("3600"),
        }
    }
}

impl Signing {
    pub fn query() -> Self {
        Self { form: Form::Query, ..Self::default() }
    }

    pub fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", &self.date[..8], self.region, self.service)
    }

    /// Signs the host and every header that is there, whatever it says.
    pub fn sign(&self, request: &mut Request) {
        let told = request.headers.get("x-amz-content-sha256").map(|value| value.to_str().unwrap().to_owned());
        let payload = told.or_else(|| self.payload.clone()).unwrap_or_else(|| sha256(&request.body));
        if self.form == Form::Header {
            if !request.headers.contains_key("date") && !request.headers.contains_key("x-amz-date") {
                request.set("x-amz-date", self.date);
            }
            if self.service == "s3" && !request.headers.contains_key("x-amz-content-sha256") {
                request.set("x-amz-content-sha256", &payload);
            }
        }
        let mut names: Vec<&str> =
            request.headers.keys().map(HeaderName::as_str).filter(|name| *name != "host").collect();
        names.push("host");
        names.sort_unstable();
        let names = names.join(";");
        let credential = format!("{ACCESS_KEY}/{}", self.scope());
        if self.form == Form::Query {
            request.push_query("X-Amz-Algorithm=AWS4-HMAC-SHA256");
            request.push_query(&format!("X-Amz-Credential={}", credential.replace('/', "%2F")));
            request.push_query(&format!("X-Amz-Date={}", self.date));
            if let Some(expires) = self.expires {
                request.push_query(&format!("X-Amz-Expires={expires}"));
            }
            request.push_query(&format!("X-Amz-SignedHeaders={}", names.replace(';', "%3B")));
        }
        let canonical = canonical_request(&request.head(), PathRule::of(self.service), &names, &payload).unwrap();
        let to_sign = string_to_sign("AWS4-HMAC-SHA256", self.date, &self.scope(), &canonical);
        let key = SigningKey::derive(&secret(SECRET_KEY), &self.date[..8], self.region, self.service);
        let signature = HEXLOWER.encode(key.sign(&to_sign).as_ref());
        match self.form {
            Form::Query => request.push_query(&format!("X-Amz-Signature={signature}")),
            _ => request.set(
                "authorization",
                &format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"),
            ),
        }
    }

    pub fn signed(&self, mut request: Request) -> Request {
        self.sign(&mut request);
        request
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    Anonymous,
    Signature(Refusal),
    Body(PayloadError),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused::Signature(refusal)
    }
}

impl From<PayloadError> for Refused {
    fn from(error: PayloadError) -> Self {
        Refused::Body(error)
    }
}

/// The verifier, with one key and a clock that stands still.
pub struct Verifier {
    pub access_key: String,
    pub secret: SecretKey,
    pub regions: Vec<Box<str>>,
    pub now: Timestamp,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new(ACCESS_KEY, SECRET_KEY, at(DATE))
    }
}

impl Verifier {
    pub fn new(access_key: &str, secret_key: &str, now: Timestamp) -> Self {
        let regions = vec!["us-east-1".into(), "eu-west-1".into()];
        Self { access_key: access_key.into(), secret: secret(secret_key), regions, now }
    }

    /// The steps of the road, in its order.
    pub fn judge(&self, request: &Request) -> Result<(), Refused> {
        let head = request.head();
        let Evidence::Signed(signed) = read(&head)? else { return Err(Refused::Anonymous) };
        let expectations = Expectations { now: self.now, regions: &self.regions };
        let scope = check_scope(&signed, &expectations)?;
        if scope.access_key_id != self.access_key {
            return Err(Refusal::UnknownKey(scope.access_key_id.to_owned()).into());
        }
        let rule = PayloadRule::of(&head, scope.service, signed.form)?;
        let line = rule.line().map_or_else(|| sha256(&request.body), str::to_owned);
        match signed.algorithm {
            Algorithm::Hmac => {
                let key = SigningKey::derive(&self.secret, scope.date, scope.region, scope.service);
                verify(&signed, &head, &line, &expectations, &ProvingKey::Hmac(&key))?;
            }
            Algorithm::Ecdsa => {
                let key = VerifyingKey::derive(scope.access_key_id, &self.secret).unwrap();
                verify(&signed, &head, &line, &expectations, &ProvingKey::Ecdsa(&key))?;
            }
        }
        let announced = Announced {
            headers: &request.headers,
            content_length: Some(request.body.len() as u64),
            checksums_are_of_body: true,
        };
        if let PayloadRule::Streaming(_) = rule {
            return Ok(());
        }
        let mut verifier = PayloadVerifier::new(&rule, announced, None)?;
        verifier.push(request.body.clone(), &mut |_| ())?;
        verifier.finish()?;
        Ok(())
    }
}

/// Judged by the default verifier.
pub fn judge(request: &Request) -> Result<(), Refused> {
    Verifier::default().judge(request)
}

#[test]
fn the_signer_of_these_tests_is_believed() {
    assert_eq!(judge(&Signing::default().signed(Request::get())), Ok(()));
    assert_eq!(judge(&Signing::query().signed(Request::get())), Ok(()));
    let unsigned = Request::get().with("x-amz-content-sha256", EMPTY_HASH);
    assert_eq!(judge(&unsigned), Err(Refused::Anonymous));
}
