//! A client of IAM's API, which signs with this program's own signatures: whatever is changed here is decided and
//! recorded like any other call.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::runtime::{self, Runtime};

use super::answer::Element;
use crate::{
    base::{SecretKey, time},
    cli::Failure,
    gateway::{
        body::UploadBody,
        clock,
        upstream::{Address, Pool, Timeouts},
    },
    sigv4::{Signer, SigningKey, sign::Target},
};

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where SDKs sign calls of IAM and STS for.
const REGION: &str = "us-east-1";

/// How long a call may take.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    head: Duration::from_secs(60),
    idle: Duration::from_secs(60),
    keep: Duration::from_secs(5),
};

/// The longest answer that is read: a page of a thousand users with all that they may have.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Codes of refusals that pass, before anything was done.
const PASSING: [&str; 4] = ["Throttling", "ThrottlingException", "ServiceUnavailable", "SlowDown"];

/// How often a call is made before such a refusal counts.
const TRIES: u32 = 6;

/// Names of parameters with their values.
pub(super) type Parameters = Vec<(String, String)>;

/// Who signs.
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret: SecretKey,
    pub(super) session_token: Option<String>,
}

/// A client with one connection.
pub(super) struct Client {
    runtime: Runtime,
    pool: Arc<Pool>,
    credentials: Credentials,
}

/// A call that AWS's API refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) action: String,
    pub(super) code: String,
    pub(super) message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.action, self.code, self.message)
    }
}

impl std::error::Error for Refused {}

impl Client {
    /// A client of an endpoint.
    pub(super) fn new(address: Address, credentials: Credentials) -> Result<Self, Failure> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, pool: Pool::new(address, TIMEOUTS, 1), credentials })
    }

    /// Calls an operation and returns its result.
    pub(super) fn call(&self, action: &str, parameters: &[(String, String)]) -> Result<Element, Failure> {
        self.runtime.block_on(async {
            let mut wait = Duration::from_millis(100);
            for _ in 1..TRIES {
                match self.call_once(action, parameters).await? {
                    Err(refused) if PASSING.contains(&refused.code.as_str()) => {
                        tokio::time::sleep(wait).await;
                        wait *= 2;
                    }
                    answer => return Ok(answer?),
                }
            }
            Ok(self.call_once(action, parameters).await??)
        })
    }

    /// Calls an operation; `None` if the server does not offer it.
    pub(super) fn call_if_offered(
        &self,
        action: &str,
        parameters: &[(String, String)],
    ) -> Result<Option<Element>, Failure> {
        match self.call(action, parameters) {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) => match failure.downcast_ref::<Refused>() {
                Some(refused) if refused.code == "NotImplemented" => Ok(None),
                _ => Err(failure),
            },
        }
    }

    /// Calls an operation for each page of its listing. `false` if the server does not offer it.
    pub(super) fn pages(
        &self,
        action: &str,
        parameters: &[(String, String)],
        mut page: impl FnMut(Element),
    ) -> Result<bool, Failure> {
        let mut marker = None;
        loop {
            let mut all = parameters.to_vec();
            all.push(("MaxItems".to_owned(), "1000".to_owned()));
            all.extend(marker.map(|marker| ("Marker".to_owned(), marker)));
            let Some(answer) = self.call_if_offered(action, &all)? else { return Ok(false) };
            marker = (answer.said("IsTruncated") == "true").then(|| answer.said("Marker").to_owned());
            page(answer);
            if marker.is_none() {
                return Ok(true);
            }
        }
    }

    async fn call_once(
        &self,
        action: &str,
        parameters: &[(String, String)],
    ) -> Result<Result<Element, Refused>, Failure> {
        let request = self.request(action, parameters)?;
        let address = self.pool.address().authority();
        let sent = self.pool.send(request, None).await;
        let (response, lease) = sent.map_err(|error| format!("{address}: {error}"))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect();
        let body =
            tokio::time::timeout(TIMEOUTS.head, body).await.map_err(|_| format!("{address}: no answer in time"))?;
        let body = body.map_err(|error| format!("{address}: {error}"))?.to_bytes();
        lease.give_back();
        let text = str::from_utf8(&body).map_err(|error| format!("{address}: {error}"))?;
        let strange =
            |why: String| format!("{address} answers {action} with {status} and {why}; is it an IAM endpoint?");
        let answer = Element::read(text).map_err(|error| strange(error.to_string()))?;
        if status.is_success() {
            let result = answer.children.into_iter().find(|child| child.name.ends_with("Result"));
            return Ok(Ok(result.unwrap_or_default()));
        }
        let error = answer.child("Error").ok_or_else(|| strange("no error of the Query protocol".into()))?;
        let [code, message] = ["Code", "Message"].map(|name| error.said(name).to_owned());
        Ok(Err(Refused { action: action.to_owned(), code, message }))
    }

    fn request(&self, action: &str, parameters: &[(String, String)]) -> Result<Request<UploadBody>, Failure> {
        let (service, version) = match action {
            "GetCallerIdentity" => ("sts", "2011-06-15"),
            _ => ("iam", "2010-05-08"),
        };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            body.extend(["&", name, "="]);
            body.extend(utf8_percent_encode(value, ESCAPED));
        }
        let host = self.pool.address().authority();
        let mut request = Request::new(UploadBody::full(Bytes::from(body.clone())));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_str(&host)?);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, form);
        if let Some(token) = &self.credentials.session_token {
            headers.insert("x-amz-security-token", HeaderValue::from_str(token)?);
        }
        let now = clock::now();
        let date = time::amz_date(now);
        let key = SigningKey::derive(&self.credentials.secret, date.get(..8).unwrap_or_default(), REGION, service);
        let payload = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
        let payload = data_encoding::HEXLOWER.encode(payload.as_ref());
        let target = Target { method: &Method::POST, host: &host, path: "/", query: "" };
        let signer = Signer { access_key_id: &self.credentials.access_key_id, region: REGION, service, key: &key };
        signer.sign(target, headers, &payload, now)?;
        Ok(request)
    }
}
