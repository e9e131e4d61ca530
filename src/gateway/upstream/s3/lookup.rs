//! Questions of our own to a store: what a decision or an operation that is carried out here needs to know. Nothing of
//! the answer reaches a client but what follows from it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header::HOST};
use tokio::time::timeout;

use super::{S3Upstream, internal_error};
use crate::{
    base::{Fault, RequestId, Timestamp},
    gateway::body::{UploadBody, buffer},
    mapping::s3::Style,
};

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

impl S3Upstream {
    /// Whether the store has a bucket of this name.
    ///
    /// # Errors
    /// Those of an upstream that gives no answer, or one that says neither.
    pub async fn has_bucket(&self, bucket: &str, at: Timestamp, id: RequestId) -> Result<bool, Fault> {
        let (status, _) = self.ask(Method::HEAD, bucket, at, id).await?;
        match status.as_u16() {
            200..=299 => Ok(true),
            404 => Ok(false),
            status => Err(internal_error().because(format_args!("the upstream answered {status} to a look-up"))),
        }
    }

    async fn ask(
        &self,
        method: Method,
        bucket: &str,
        at: Timestamp,
        id: RequestId,
    ) -> Result<(StatusCode, Bytes), Fault> {
        let (host, path) = match self.style {
            Style::VirtualHost => (format!("{bucket}.{}", self.host.to_str().unwrap_or_default()), "/".to_owned()),
            Style::Path => (self.host.to_str().unwrap_or_default().to_owned(), format!("/{bucket}")),
        };
        let mut request = Request::new(UploadBody::full(Bytes::new()));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse::<Uri>().map_err(|error| internal_error().because(error))?;
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
                Ok((head.status, body))
            }
            _ => Err(internal_error().because("the upstream's answer to a look-up could not be read")),
        }
    }
}
