//! The upstream request, made of nothing but the typed call.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue, Method};
use md5::{Digest, Md5};

use super::{body::Document, call::Call, headers, table::Op};
use crate::{
    base::Fault,
    mapping::{UpstreamRequest, uri},
};

/// Where the upstream expects the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// In the path: `/bucket/key`.
    #[default]
    Path,
    /// In the host: the caller puts [`Call::bucket`] and a dot before the endpoint's host.
    VirtualHost,
}

impl Call {
    /// The upstream request. For [`Body::Buffered`](super::Body::Buffered) its body is [`Call::upstream_body`].
    pub fn upstream(&self, style: Style) -> UpstreamRequest {
        let method = if self.row.op == Op::PostObject { Method::PUT } else { self.row.verb.method() };
        UpstreamRequest {
            method,
            path: path(style, self.bucket(), self.key()),
            query: self.upstream_query(),
            headers: self.upstream_headers(),
        }
    }

    /// The whole body of a call with [`Body::Buffered`](super::Body::Buffered): as it came if no decision read it, else written anew. `None` for
    /// other calls, and for a `DeleteObjects` of which no key was allowed: that is answered by
    /// [`Call::merge_delete_result`] without the upstream.
    pub fn upstream_body(&self) -> Option<Bytes> {
        match &self.document {
            Document::Unread => None,
            Document::Opaque(body) => Some(body.clone()),
            Document::Delete(request) => request.upstream_body(),
            Document::Read(document) => {
                let mut text = String::new();
                document.write(&mut text);
                Some(text.into())
            }
        }
    }

    /// Whether the upstream's answer must go through [`Call::merge_delete_result`]: some keys were refused.
    pub fn answers_per_key(&self) -> bool {
        matches!(&self.document, Document::Delete(request) if request.is_any_refused())
    }

    /// The client's answer to `DeleteObjects`: the upstream's with an `<Error>` for every refused key; `None` stands for
    /// an upstream that was not asked, because no key was allowed.
    ///
    /// # Errors
    /// `InternalError` if the upstream's answer is not a `DeleteResult`.
    pub fn merge_delete_result(&self, upstream: Option<&[u8]>) -> Result<Bytes, Fault> {
        let internal = || Fault::new(500, "InternalError", "We encountered an internal error. Please try again.");
        match &self.document {
            Document::Delete(request) => {
                request.merge(upstream).map_err(|fault| internal().because(fault.detail.unwrap_or_default()))
            }
            _ => Err(internal().because("the call has no keys of its own")),
        }
    }

    fn upstream_query(&self) -> String {
        let mut names: Vec<(&str, &str)> = self.parameters().collect();
        // Names are of plain letters and differ, so their own order is the order of their escaped forms.
        names.sort_unstable();
        let mut query = String::new();
        for (name, value) in names {
            if !query.is_empty() {
                query.push('&');
            }
            uri::encode_query(name, &mut query);
            query.push('=');
            uri::encode_query(value, &mut query);
        }
        query
    }

    fn upstream_headers(&self) -> HeaderMap {
        let is_rewritten = matches!(self.document, Document::Delete(_) | Document::Read(_));
        let mut sent = HeaderMap::with_capacity(self.headers.len() + 8);
        for (name, value) in &self.headers {
            if headers::goes_upstream(name) && !(is_rewritten && headers::describes_body(name)) {
                sent.append(name.clone(), value.clone());
            }
        }
        if let Some(source) = self.source.as_ref().and_then(|source| source.header_value()) {
            sent.insert("x-amz-copy-source", source);
        }
        // S3 demands a digest with several of these documents, and the client's was one of other bytes.
        if let Some(body) = self.upstream_body().filter(|_| is_rewritten) {
            let digest = BASE64.encode(&Md5::digest(&body));
            if let Ok(digest) = HeaderValue::try_from(digest) {
                sent.insert("content-md5", digest);
            }
        }
        sent
    }
}

/// The path of an object, or, with an empty key, of a bucket.
pub(super) fn path(style: Style, bucket: &str, key: &str) -> String {
    let mut path = String::with_capacity(bucket.len() + key.len() + 16);
    path.push('/');
    if style == Style::Path {
        path.push_str(bucket);
        if !key.is_empty() {
            path.push('/');
        }
    }
    uri::encode_path(key, &mut path);
    path
}
