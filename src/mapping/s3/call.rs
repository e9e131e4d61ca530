//! [`Call`]: one S3 request in its typed form.

use std::fmt;

use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::{
    addressing::Target,
    body::Document,
    copy_source::CopySource,
    facts,
    needs::Side,
    table::{Answer, Body, Op, Row},
    tags::Tags,
};
use crate::base::{Need, Operation, Timestamp, condition::Value};

// A plain read keeps no parameter and no header, so these lists are ones that cost nothing while they are empty: keeping
// room for a few inside the call made every call slower to move than the allocation it saved.

/// Query parameters by their known names, with decoded values.
pub(super) type Params = Vec<(&'static str, String)>;

/// Request headers that the operation takes, with names in lower case, each at most once.
pub(super) type Headers = Vec<(HeaderName, HeaderValue)>;

/// One S3 request: the operation, everything that it needs to be allowed, and all that its upstream request is made of.
pub struct Call {
    pub(super) row: &'static Row,
    pub(super) target: Target,
    pub(super) params: Params,
    pub(super) headers: Headers,
    pub(super) source: Option<CopySource>,
    pub(super) document: Document,
    pub(super) tags: Tags,
    pub(super) needs: SmallVec<[Need; 1]>,
    pub(super) sides: SmallVec<[Side; 8]>,
    pub(super) received_at: Timestamp,
    pub(super) keys_are_file_paths: bool,
}

impl Call {
    /// The operation.
    pub fn op(&self) -> Op {
        self.row.op
    }

    /// CloudTrail's event name.
    pub fn event_name(&self) -> &'static str {
        self.row.event_name()
    }

    /// What a successful answer of the upstream holds.
    pub fn answer(&self) -> Answer {
        self.row.answer()
    }

    /// What the operation takes as body.
    pub fn body(&self) -> Body {
        self.row.body
    }

    /// The bucket; empty for `ListBuckets`.
    pub fn bucket(&self) -> &str {
        self.target.bucket()
    }

    /// The decoded key; empty at bucket level.
    pub fn key(&self) -> &str {
        self.target.key()
    }

    /// The keys of `DeleteObjects`; `None` for every other operation.
    pub(super) fn keys_to_delete(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.document {
            Document::Delete(request) => Some(request.entries.iter().map(|entry| entry.target.key())),
            _ => None,
        }
    }

    /// The bucket that is copied from.
    pub fn source_bucket(&self) -> Option<&str> {
        self.source.as_ref().map(|source| source.target.bucket())
    }

    /// The decoded key that is copied from.
    pub fn source_key(&self) -> Option<&str> {
        self.source.as_ref().map(|source| source.target.key())
    }

    /// The beginning of the keys that a listing is about.
    pub fn prefix(&self) -> Option<&str> {
        self.param("prefix")
    }

    /// The query parameters that count, decoded, selecting flags with an empty value: for the record.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let flags = self.row.select.flags().map(|name| (name, ""));
        flags.chain(self.params.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// Whether the request must be signed whatever policies say: anonymous callers may not set response headers.
    pub fn must_be_signed(&self) -> bool {
        self.params.iter().any(|(name, _)| name.starts_with("response-"))
    }

    /// The value of a query parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The headers that count, by their names in lower case, as far as they are text: for the record.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The value of a header that counts (`x-amz-expected-bucket-owner`, which the gateway compares with its own table of
    /// buckets, is one of them and does not go upstream), or of the `x-amz-*` query parameter that stands for it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.as_str() == name).and_then(|(_, value)| value.to_str().ok())
    }
}

/// Headers may hold keys of SSE-C, so they are not shown.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("op", &self.row.op).field("needs", &self.needs).finish_non_exhaustive()
    }
}

impl Operation for Call {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn name(&self) -> &str {
        self.row.name
    }

    fn is_read_only(&self) -> bool {
        self.row.is_read_only()
    }

    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fact(&self, need: usize, key: &str) -> Value<'_> {
        facts::fact(self, need, key)
    }

    fn version(&self, need: usize) -> Option<&str> {
        match self.sides.get(need)? {
            Side::Target => self.param("versionId"),
            Side::Source => self.source.as_ref()?.version.as_deref(),
            Side::Item | Side::Role | Side::Destination => None,
        }
    }

    fn refuse_item(&mut self, item: u32, message: &str) {
        if let Document::Delete(request) = &mut self.document {
            request.refuse(item, message);
        }
    }
}
