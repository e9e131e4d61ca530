//! Signs with the SDKs' own signer, so that client and server do not share a mistake.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;

use super::client::Request;

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub secret: String,
    /// The session token, of temporary ones.
    pub token: Option<String>,
}

impl Key {
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.into(), secret: secret.into(), token: None }
    }

    /// The same key with another secret.
    pub fn forged(&self) -> Self {
        Self { secret: "not the secret".into(), ..self.clone() }
    }
}

/// How a request is signed.
#[derive(Clone)]
pub struct Signer {
    pub key: Key,
    pub service: &'static str,
    pub region: &'static str,
    pub at: SystemTime,
    /// The payload line; `None`: the hash of the body.
    pub payload: Option<&'static str>,
    /// For presigned requests.
    pub expires: Option<Duration>,
}

impl Signer {
    /// A signature for S3, now, in the header.
    pub fn s3(key: &Key) -> Self {
        Self {
            key: key.clone(),
            service: "s3",
            region: "us-east-1",
            at: SystemTime::now(),
            payload: None,
            expires: None,
        }
    }

    /// A signature for another service.
    pub fn of(service: &'static str, key: &Key) -> Self {
        Self { service, ..Self::s3(key) }
    }

    pub fn payload(self, payload: &'static str) -> Self {
        Self { payload: Some(payload), ..self }
    }

    pub fn ago(self, seconds: u64) -> Self {
        Self { at: self.at - Duration::from_secs(seconds), ..self }
    }

    pub fn presigned(self, seconds: u64) -> Self {
        Self { expires: Some(Duration::from_secs(seconds)), ..self }
    }

    /// Signs a request that has its `host`; every header that it has is signed. Returns the signature.
    pub fn sign(&self, request: &mut Request) -> String {
        let is_s3 = self.service == "s3";
        let mut settings = SigningSettings::default();
        if is_s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if self.expires.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = self.expires;
        } else if is_s3 {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let credentials = Credentials::from_keys(&self.key.id, &self.key.secret, self.key.token.clone());
        let identity: Identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at)
            .settings(settings)
            .build()
            .unwrap();
        let body = match self.payload {
            Some(line) => SignableBody::Precomputed(line.to_owned()),
            None if is_s3 && self.expires.is_some() => SignableBody::UnsignedPayload,
            None => SignableBody::Bytes(&request.body),
        };
        let uri = format!("http://{}{}", request.value("host").unwrap(), request.target);
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&request.method, uri, headers, body).unwrap();
        let (instructions, signature) = sign(signable, &params.into()).unwrap().into_parts();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            request.headers.push((header.name().to_owned(), header.value().to_owned()));
        }
        for (name, value) in query {
            request.target.push(if request.target.contains('?') { '&' } else { '?' });
            request.target += &format!("{name}={}", percent_encoding::utf8_percent_encode(&value, QUERY));
        }
        signature
    }

    /// `20130524T000000Z`.
    pub fn date(&self) -> String {
        let at = jiff::Timestamp::try_from(self.at).unwrap();
        at.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `20130524/us-east-1/s3/aws4_request`.
    pub fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", &self.date()[..8], self.region, self.service)
    }

    /// The signature of any text under this scope: of chunks, trailers and form policies.
    pub fn sign_text(&self, text: &str) -> String {
        let key = v4::generate_signing_key(&self.key.secret, self.at, self.region, self.service);
        v4::calculate_signature(key, text.as_bytes())
    }
}

const QUERY: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether the signature of a request is the one that its own signer would have made with this key.
pub fn proves(request: &Request, key: &Key, region: &'static str) -> bool {
    let authorization = request.value("authorization").unwrap();
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}=")).unwrap();
        rest.split(", ").next().unwrap().to_owned()
    };
    let signed: Vec<String> = part("SignedHeaders").split(';').map(str::to_owned).collect();
    let date = request.value("x-amz-date").unwrap();
    let at: jiff::Timestamp =
        jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", date.replace('Z', "+0000")).unwrap().to_timestamp().unwrap();
    let payload: &'static str = request.value("x-amz-content-sha256").unwrap().to_owned().leak();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_second().unsigned_abs());
    let signer = Signer { region, at, ..Signer::s3(key) }.payload(payload);
    let made_by_signer = ["x-amz-date", "x-amz-content-sha256"];
    let mut again = Request { headers: Vec::new(), ..request.clone() };
    for (name, value) in &request.headers {
        if signed.contains(name) && !made_by_signer.contains(&name.as_str()) {
            again.headers.push((name.clone(), value.clone()));
        }
    }
    let credential = format!("{}/{}", key.id, signer.scope());
    part("Credential") == credential && signer.sign(&mut again) == part("Signature")
}
