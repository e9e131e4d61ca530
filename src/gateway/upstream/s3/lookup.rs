//! Questions of our own to a store: what a decision or an operation that is carried out here needs to know. Nothing of
//! the answer reaches a client but what follows from it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::HOST, response::Parts};
use tokio::time::timeout;

use super::{S3Upstream, internal_error};
use crate::{
    base::{Fault, RequestId, Timestamp},
    gateway::{
        body::{UploadBody, buffer},
        protocol::s3 as protocol,
    },
    mapping::s3::{StoredTags, Style, tagging_target},
    telemetry::label::UpstreamFailure,
};

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// By which codes stores say that there are no tags. Any other 404 may come from a store that knows no tags at all.
const NO_TAGS: [&str; 5] = ["NoSuchBucket", "NoSuchKey", "NoSuchTagSet", "NoSuchTagSetError", "NoSuchVersion"];

impl S3Upstream {
    /// Whether the store has a bucket of this name.
    ///
    /// # Errors
    /// Those of an upstream that gives no answer, or one that says neither.
    pub async fn has_bucket(&self, bucket: &str, at: Timestamp, id: RequestId) -> Result<bool, Fault> {
        let target = match self.style {
            Style::VirtualHost => "/".to_owned(),
            Style::Path => format!("/{bucket}"),
        };
        let (head, _) = self.ask(Method::HEAD, bucket, &target, at, id).await?;
        match head.status.as_u16() {
            200..=299 => Ok(true),
            404 => Ok(false),
            status => Err(internal_error().because(format_args!("the upstream answered {status} to a look-up"))),
        }
    }

    /// The tags of an object, of one version of it, or, with an empty key, of a bucket. `None` if there is no such object;
    /// for a bucket without tags, an empty set.
    ///
    /// # Errors
    /// Those of an upstream that gives no answer, or none that says clearly what tags there are.
    pub async fn tags(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        at: Timestamp,
        id: RequestId,
    ) -> Result<Option<StoredTags>, Fault> {
        let target = tagging_target(self.style, bucket, key, version);
        let (head, body) = self.ask(Method::GET, bucket, &target, at, id).await?;
        let why = match head.status.as_u16() {
            200 => match StoredTags::read(&body) {
                Ok(tags) => return Ok(Some(tags)),
                Err(fault) => fault.detail.as_ref().map_or_else(|| fault.to_string(), Clone::clone),
            },
            _ if has_none(&head, &body) => return Ok(key.is_empty().then(StoredTags::default)),
            status => format!("the answer was {status}"),
        };
        let why = format!("the upstream does not tell tags: {why}");
        self.report(UpstreamFailure::Protocol, &why, id);
        Err(internal_error().because(why))
    }

    async fn ask(
        &self,
        method: Method,
        bucket: &str,
        target: &str,
        at: Timestamp,
        id: RequestId,
    ) -> Result<(Parts, Bytes), Fault> {
        let host = self.host.to_str().unwrap_or_default();
        let host = match self.style {
            Style::VirtualHost => format!("{bucket}.{host}"),
            Style::Path => host.to_owned(),
        };
        let mut request = Request::new(UploadBody::full(Bytes::new()));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse::<Uri>().map_err(|error| internal_error().because(error))?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::try_from(host).map_err(|error| internal_error().because(error))?);
        *request.headers_mut() = headers;
        self.sign(&mut request, "UNSIGNED-PAYLOAD", at)?;
        let (response, lease) = self.pool.send(request, None).await.map_err(|error| self.failed(&error, id))?;
        let (head, body) = response.into_parts();
        let read = timeout(self.pool.timeouts().idle, buffer(body, ANSWER_BYTES_MAX)).await;
        match read {
            Ok(Ok(Ok(body))) => {
                lease.give_back();
                Ok((head, body))
            }
            _ => Err(internal_error().because("the upstream's answer to a look-up could not be read")),
        }
    }
}

/// Whether an answer says that there are no tags: no set of them, no object, or a delete marker in its place.
fn has_none(head: &Parts, body: &[u8]) -> bool {
    let code = protocol::read_error(head.status.as_u16(), body).map(|fault| fault.code);
    match (head.status.as_u16(), code.as_deref()) {
        (404, Some(code)) => NO_TAGS.contains(&code),
        (405, Some("MethodNotAllowed")) => head.headers.get("x-amz-delete-marker").is_some_and(|is| is == "true"),
        _ => false,
    }
}
