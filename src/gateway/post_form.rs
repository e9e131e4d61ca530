//! Browser uploads (`POST` to a bucket, `multipart/form-data`): the fields come first and carry the signature, the
//! policy and the key; then comes the file. The steps are the same as everywhere, only that reading goes on between
//! them. Source: S3 API reference, "POST Object" and "Authenticating requests: browser-based uploads".

use bytes::Bytes;
use futures_util::stream::unfold;
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION},
};
use http_body_util::BodyExt;
use multer::{Constraints, Field, Multipart, SizeLimit};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use super::{
    body::{BodyError, ClientBody, ClientBodyError, Spooled, UploadBody, incomplete_body, request_timeout},
    read::Received,
    reply::Reply,
    upstream::s3::{Outgoing, internal_error},
};
use crate::{base::Fault, mapping::s3::Call};

/// All fields before the file, in bytes: S3's limit for the form data is 20 KB.
const FIELDS_BYTES_MAX: usize = 20 << 10;

/// The most fields before the file.
const FIELDS_MAX: usize = 100;

/// A form that has been read up to its file.
pub struct Form {
    /// The fields before the file, names as sent, `${filename}` not yet put in.
    pub fields: Vec<(String, String)>,
    /// The name of the uploaded file, without directories.
    pub file_name: String,
    file: Field<'static>,
}

impl Form {
    /// Reads the fields before the file.
    pub async fn open(received: &Received, body: ClientBody) -> Result<Self, Fault> {
        let content_type = received.header(CONTENT_TYPE).unwrap_or_default();
        let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
        let limits = Constraints::new().size_limit(SizeLimit::new().per_field(u64::MAX));
        let mut parts = Multipart::with_constraints(frames(body), boundary, limits);
        let mut fields = Vec::new();
        let mut bytes = 0;
        while let Some(mut field) = parts.next_field().await.map_err(unreadable)? {
            let name = field.name().ok_or_else(|| malformed("a field without a name"))?.to_owned();
            if name.eq_ignore_ascii_case("file") {
                let file_name = field.file_name().unwrap_or_default();
                let file_name = file_name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                return Ok(Self { fields, file_name, file: field });
            }
            let mut value = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
                bytes += chunk.len();
                if bytes > FIELDS_BYTES_MAX {
                    return Err(too_long());
                }
                value.extend_from_slice(&chunk);
            }
            if fields.len() == FIELDS_MAX {
                return Err(too_long());
            }
            let value = String::from_utf8(value).map_err(|_| malformed("a field is not UTF-8"))?;
            fields.push((name, value));
        }
        Err(Fault::new(400, "InvalidArgument", "POST requires exactly one file upload per request.")
            .with("ArgumentName", "file")
            .with("ArgumentValue", "0"))
    }

    /// The value of a field, by name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Puts the file's name where the form says `${filename}`.
    pub fn put_in_file_name(&mut self) {
        for (name, value) in &mut self.fields {
            if !name.eq_ignore_ascii_case("policy") && value.contains("${filename}") {
                *value = value.replace("${filename}", &self.file_name);
            }
        }
    }

    /// Reads the file, whose length has to lie in `length`; whatever stands after it in the form is not read.
    pub async fn file(mut self, length: std::ops::RangeInclusive<u64>) -> Result<Outgoing, Fault> {
        let mut spooled = Spooled::default();
        while let Some(chunk) = self.file.chunk().await.map_err(unreadable)? {
            spooled.push(&chunk).await.map_err(|error| internal_error().because(error))?;
            if spooled.length() > *length.end() {
                return Err(Fault::new(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
                    .with("ProposedSize", spooled.length().to_string())
                    .with("MaxSizeAllowed", length.end().to_string()));
            }
        }
        let size = spooled.length();
        if size < *length.start() {
            return Err(Fault::new(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            )
            .with("ProposedSize", size.to_string())
            .with("MinSizeAllowed", length.start().to_string()));
        }
        let body = spooled.into_body().await.map_err(|error| internal_error().because(error))?;
        let (body, progress) = UploadBody::collected(body, size);
        Ok(Outgoing::Collected { body, progress })
    }
}

/// The data frames of a body.
fn frames(body: ClientBody) -> impl futures_util::Stream<Item = Result<Bytes, BodyError>> + Send + 'static {
    unfold(body, |mut body| async {
        loop {
            match body.frame().await? {
                Ok(frame) => match frame.into_data() {
                    Ok(data) => return Some((Ok(data), body)),
                    Err(_) => continue,
                },
                Err(error) => return Some((Err(error.into()), body)),
            }
        }
    })
}

/// What is wrong with a form, or with the connection that it comes over.
fn unreadable(error: multer::Error) -> Fault {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast_ref() {
            Some(ClientBodyError::Stalled) => request_timeout(),
            _ => incomplete_body().because(cause),
        },
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => incomplete_body().because(error),
        error => malformed(error),
    }
}

fn malformed(why: impl std::fmt::Display) -> Fault {
    Fault::new(400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
        .because(why)
}

fn too_long() -> Fault {
    Fault::new(
        400,
        "MaxPostPreDataLengthExceeded",
        "Your POST request fields preceding the upload file were too large.",
    )
}

/// What the form wants to be told when the upload is done.
pub struct After {
    redirect: Option<String>,
    status: StatusCode,
    location: String,
    bucket: String,
    key: String,
}

impl After {
    /// Reads `success_action_redirect` and `success_action_status`.
    pub fn of(form: &Form, received: &Received, call: &Call) -> Self {
        let status = match form.field("success_action_status") {
            Some("200") => StatusCode::OK,
            Some("201") => StatusCode::CREATED,
            _ => StatusCode::NO_CONTENT,
        };
        let scheme = if received.connection.tls.is_some() { "https" } else { "http" };
        let key = percent_encoding::utf8_percent_encode(call.key(), &PATH).to_string();
        Self {
            redirect: form.field("success_action_redirect").or(form.field("redirect")).map(str::to_owned),
            status,
            location: format!("{scheme}://{}/{}/{key}", received.host, call.bucket()),
            bucket: call.bucket().to_owned(),
            key: call.key().to_owned(),
        }
    }

    /// The answer to the browser, made of the store's.
    pub fn reply(self, stored: Reply) -> Reply {
        let (etag, mut headers) = match &stored {
            Reply::Passed(passed) => (passed.headers.get(ETAG).cloned(), passed.headers.clone()),
            Reply::Made(made) => (made.headers().get(ETAG).cloned(), made.headers().clone()),
        };
        headers.remove(CONTENT_LENGTH);
        headers.remove(CONTENT_TYPE);
        let etag = etag.as_ref().and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
        if let Some(target) = self.redirect.as_deref().and_then(|redirect| self.redirected(redirect, &etag)) {
            headers.insert(LOCATION, target);
            return Reply::empty(StatusCode::SEE_OTHER, headers);
        }
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            headers.insert(LOCATION, location);
        }
        if self.status != StatusCode::CREATED {
            return Reply::empty(self.status, headers);
        }
        let element = |name: &str, value: &str| format!("<{name}>{}</{name}>", quick_xml::escape::escape(value));
        let body = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>".to_owned(),
            element("Location", &self.location),
            element("Bucket", &self.bucket),
            element("Key", &self.key),
            element("ETag", &etag),
            "</PostResponse>".to_owned(),
        ]
        .concat();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        Reply::made(StatusCode::CREATED, headers, body.into())
    }

    /// The redirect with `bucket`, `key` and `etag` in its query; `None` if it is no URL that a browser can follow.
    fn redirected(&self, redirect: &str, etag: &str) -> Option<HeaderValue> {
        let is_url = redirect.starts_with("http://") || redirect.starts_with("https://");
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, &QUERY).to_string();
        let separator = if redirect.contains('?') { '&' } else { '?' };
        let (bucket, key, etag) = (encode(&self.bucket), encode(&self.key), encode(etag));
        let target = format!("{redirect}{separator}bucket={bucket}&key={key}&etag={etag}");
        HeaderValue::from_str(&target).ok().filter(|_| is_url)
    }
}

const QUERY: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: AsciiSet = QUERY.remove(b'/');
