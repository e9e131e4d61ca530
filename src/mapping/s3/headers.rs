//! Which request headers count, for which operations, and what becomes of the others.
//!
//! Source: the S3 service model's header members. `x-amz-*` query parameters of presigned requests count as headers,
//! but for checksums (S3 user guide, "Uploading objects with presigned URLs").

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    call::Headers,
    fault,
    selector::Selectors,
    table::{Body, Op, Row},
};
use crate::base::Fault;

/// What becomes of a header.
#[derive(Clone, Copy)]
enum Fate {
    /// It belongs to these operations and goes upstream with them.
    With(Ops),
    /// It goes upstream with every operation that has a body.
    WithBody,
    /// It goes upstream with every operation.
    Always,
    /// It is kept for the gateway and does not go upstream.
    Kept,
    /// It belongs to the connection or to the signature, which the upstream request has of its own.
    Dropped,
}

use Fate::{Always, Dropped, Kept, With, WithBody};

/// A set of operations.
#[derive(Clone, Copy)]
struct Ops(u128);

impl Ops {
    const fn of(ops: &[Op]) -> Self {
        let (mut set, mut rest) = (0, ops);
        while let [op, more @ ..] = rest {
            set |= 1 << *op as u8;
            rest = more;
        }
        Self(set)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn contains(self, op: Op) -> bool {
        self.0 >> op as u8 & 1 == 1
    }
}

const COPY: Ops = Ops::of(&[Op::CopyObject, Op::UploadPartCopy]);
const CREATE: Ops = Ops::of(&[Op::PutObject, Op::PostObject, Op::CopyObject, Op::CreateMultipartUpload]);
const READ: Ops = Ops::of(&[Op::GetObject, Op::HeadObject]);
const WRITE_IF: Ops = Ops::of(&[Op::PutObject, Op::CopyObject, Op::CompleteMultipartUpload, Op::DeleteObject]);
const ACL: Ops = CREATE.and(Ops::of(&[Op::CreateBucket, Op::PutBucketAcl, Op::PutObjectAcl]));
const ENCRYPTED: Ops = CREATE.and(READ).and(COPY).and(Ops::of(&[
    Op::CompleteMultipartUpload,
    Op::GetObjectAttributes,
    Op::ListParts,
    Op::SelectObjectContent,
    Op::UploadPart,
]));
const LISTING: Ops = Ops::of(&[Op::ListObjects, Op::ListObjectsV2, Op::ListObjectVersions]);
const NEW_BUCKET: Ops = Ops::of(&[Op::CreateBucket]);
const NOTE: Ops = Ops::of(&[Op::PutObjectAnnotation, Op::DeleteObjectAnnotation]);
const CHECKED_READ: Ops = READ.and(Ops::of(&[Op::GetObjectAnnotation]));
const BYPASS: Ops = Ops::of(&[Op::DeleteObject, Op::DeleteObjects, Op::PutObjectRetention]);

/// The headers that are known, sorted by name. An `x-amz-*` header that is not here is refused, any other is dropped.
const KNOWN: &[(&str, Fate)] = &[
    ("cache-control", With(CREATE)),
    ("content-disposition", With(CREATE)),
    ("content-encoding", With(CREATE)),
    ("content-language", With(CREATE)),
    ("content-md5", WithBody),
    ("content-type", With(CREATE)),
    ("expires", With(CREATE)),
    ("if-match", With(READ.and(WRITE_IF))),
    ("if-modified-since", With(READ)),
    ("if-none-match", With(READ.and(WRITE_IF))),
    ("if-range", With(READ)),
    ("if-unmodified-since", With(READ)),
    ("range", With(READ)),
    ("x-amz-acl", With(ACL)),
    ("x-amz-algorithm", Dropped),
    ("x-amz-bucket-namespace", With(NEW_BUCKET)),
    ("x-amz-bucket-object-lock-enabled", With(NEW_BUCKET)),
    ("x-amz-bypass-governance-retention", With(BYPASS)),
    ("x-amz-checksum-algorithm", With(Ops::of(&[Op::CopyObject, Op::CreateMultipartUpload]))),
    ("x-amz-checksum-crc32", WithBody),
    ("x-amz-checksum-crc32c", WithBody),
    ("x-amz-checksum-crc64nvme", WithBody),
    ("x-amz-checksum-md5", WithBody),
    ("x-amz-checksum-mode", With(CHECKED_READ)),
    ("x-amz-checksum-sha1", WithBody),
    ("x-amz-checksum-sha256", WithBody),
    ("x-amz-checksum-sha512", WithBody),
    ("x-amz-checksum-type", With(Ops::of(&[Op::CompleteMultipartUpload, Op::CreateMultipartUpload]))),
    ("x-amz-checksum-xxhash128", WithBody),
    ("x-amz-checksum-xxhash3", WithBody),
    ("x-amz-checksum-xxhash64", WithBody),
    ("x-amz-confirm-remove-self-bucket-access", With(Ops::of(&[Op::PutBucketPolicy]))),
    ("x-amz-content-sha256", Dropped),
    ("x-amz-copy-source", With(COPY)),
    ("x-amz-copy-source-if-match", With(COPY)),
    ("x-amz-copy-source-if-modified-since", With(COPY)),
    ("x-amz-copy-source-if-none-match", With(COPY)),
    ("x-amz-copy-source-if-unmodified-since", With(COPY)),
    ("x-amz-copy-source-range", With(Ops::of(&[Op::UploadPartCopy]))),
    ("x-amz-copy-source-server-side-encryption-customer-algorithm", With(COPY)),
    ("x-amz-copy-source-server-side-encryption-customer-key", With(COPY)),
    ("x-amz-copy-source-server-side-encryption-customer-key-md5", With(COPY)),
    ("x-amz-credential", Dropped),
    ("x-amz-date", Dropped),
    ("x-amz-decoded-content-length", Dropped),
    ("x-amz-expected-bucket-owner", Kept),
    ("x-amz-expires", Dropped),
    ("x-amz-grant-full-control", With(ACL)),
    ("x-amz-grant-read", With(ACL)),
    ("x-amz-grant-read-acp", With(ACL)),
    ("x-amz-grant-write", With(ACL)),
    ("x-amz-grant-write-acp", With(ACL)),
    ("x-amz-if-match-initiated-time", With(Ops::of(&[Op::AbortMultipartUpload]))),
    ("x-amz-if-match-last-modified-time", With(Ops::of(&[Op::DeleteObject]))),
    ("x-amz-if-match-size", With(Ops::of(&[Op::DeleteObject]))),
    ("x-amz-max-parts", With(Ops::of(&[Op::GetObjectAttributes]))),
    ("x-amz-metadata-directive", With(Ops::of(&[Op::CopyObject]))),
    ("x-amz-mp-object-size", With(Ops::of(&[Op::CompleteMultipartUpload]))),
    ("x-amz-object-attributes", With(Ops::of(&[Op::GetObjectAttributes]))),
    ("x-amz-object-if-match", With(NOTE)),
    ("x-amz-object-lock-event-hold", With(CREATE)),
    ("x-amz-object-lock-event-hold-duration-days", With(CREATE)),
    ("x-amz-object-lock-event-hold-duration-years", With(CREATE)),
    ("x-amz-object-lock-legal-hold", With(CREATE)),
    ("x-amz-object-lock-mode", With(CREATE)),
    ("x-amz-object-lock-retain-until-date", With(CREATE)),
    ("x-amz-object-ownership", With(NEW_BUCKET)),
    ("x-amz-optional-object-attributes", With(LISTING)),
    ("x-amz-part-number-marker", With(Ops::of(&[Op::GetObjectAttributes]))),
    ("x-amz-region-set", Dropped),
    ("x-amz-rename-source", With(Ops::of(&[Op::RenameObject]))),
    ("x-amz-request-payer", Always),
    ("x-amz-sdk-checksum-algorithm", Dropped),
    ("x-amz-security-token", Dropped),
    ("x-amz-server-side-encryption", With(CREATE)),
    ("x-amz-server-side-encryption-aws-kms-key-id", With(CREATE)),
    ("x-amz-server-side-encryption-bucket-key-enabled", With(CREATE)),
    ("x-amz-server-side-encryption-context", With(CREATE)),
    ("x-amz-server-side-encryption-customer-algorithm", With(ENCRYPTED)),
    ("x-amz-server-side-encryption-customer-key", With(ENCRYPTED)),
    ("x-amz-server-side-encryption-customer-key-md5", With(ENCRYPTED)),
    ("x-amz-signature", Dropped),
    ("x-amz-signedheaders", Dropped),
    ("x-amz-skip-destination-validation", With(Ops::of(&[Op::PutBucketNotificationConfiguration]))),
    ("x-amz-source-expected-bucket-owner", Kept),
    ("x-amz-storage-class", With(CREATE)),
    ("x-amz-tagging", With(CREATE)),
    ("x-amz-tagging-directive", With(Ops::of(&[Op::CopyObject]))),
    ("x-amz-te", Dropped),
    ("x-amz-trailer", Dropped),
    ("x-amz-transition-default-minimum-object-size", With(Ops::of(&[Op::PutBucketLifecycleConfiguration]))),
    ("x-amz-user-agent", Dropped),
    ("x-amz-website-redirect-location", With(CREATE)),
];

/// The user's own metadata.
const META: &str = "x-amz-meta-";

/// What becomes of a header by its lower-case name.
fn fate(name: &str) -> Result<Fate, Fault> {
    // Most headers of most requests, decided without a search.
    if matches!(name, "x-amz-date" | "x-amz-content-sha256" | "x-amz-security-token")
        || !name.starts_with(['c', 'e', 'i', 'r', 'x'])
    {
        return Ok(Dropped);
    }
    match KNOWN.binary_search_by(|(known, _)| (*known).cmp(name)) {
        Ok(at) => Ok(KNOWN.get(at).map_or(Dropped, |(_, fate)| *fate)),
        Err(_) if name.len() > META.len() && name.starts_with(META) => Ok(With(CREATE)),
        Err(_) if name.starts_with("x-amz-") => Err(fault::not_implemented(name)),
        Err(_) => Ok(Dropped),
    }
}

/// The headers of a request that may count, and the selectors among them.
pub(super) struct Folded {
    pub(super) headers: Headers,
    pub(super) selectors: Selectors,
}

/// Brings headers and the `x-amz-*` parameters of the query together.
///
/// # Errors
/// `NotImplemented` for an unknown `x-amz-*` name; `InvalidArgument` if a header that counts stands twice, or in header and
/// query with different values, or is not text.
pub(super) fn fold(received: &HeaderMap, query: &[(String, String)]) -> Result<Folded, Fault> {
    let mut folded = Folded { headers: Headers::new(), selectors: Selectors::default() };
    for (name, value) in received {
        if !matches!(fate(name.as_str())?, Dropped) {
            folded.take(name.clone(), value.clone())?;
        }
    }
    for (name, value) in query {
        // A presigned checksum is that of the empty body which the SDK had when it signed: S3 takes no notice of it.
        if matches!(fate(name)?, Dropped | WithBody) {
            continue;
        }
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.trim()));
        let (Ok(parsed_name), Ok(parsed_value)) = parsed else {
            return Err(fault::invalid_argument("A header value holds characters that are not allowed.", name, ""));
        };
        if folded.headers.iter().any(|(known, held)| *known == parsed_name && *held == parsed_value) {
            continue;
        }
        folded.take(parsed_name, parsed_value)?;
    }
    Ok(folded)
}

impl Folded {
    fn take(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), Fault> {
        if self.headers.iter().any(|(known, _)| *known == name) {
            return Err(fault::invalid_argument("A header may be given only once.", name.as_str(), ""));
        }
        if is_read_by_decisions(name.as_str()) && value.to_str().is_err() {
            return Err(fault::invalid_argument(
                "A header value holds characters that are not allowed.",
                name.as_str(),
                "",
            ));
        }
        self.selectors = self.selectors.with(Selectors::of_header(name.as_str()));
        if let Some(value) = stored_form(&name, value) {
            self.headers.push((name, value));
        }
        Ok(())
    }
}

/// Headers that facts and needs may read, and which therefore must be text.
fn is_read_by_decisions(name: &str) -> bool {
    name.starts_with("x-amz-") && !name.starts_with(META) || name.starts_with("if-")
}

/// `aws-chunked` describes the transfer, not the object: it is taken off; `None` if nothing else is left.
fn stored_form(name: &HeaderName, value: HeaderValue) -> Option<HeaderValue> {
    if *name != http::header::CONTENT_ENCODING {
        return Some(value);
    }
    let Ok(text) = value.to_str() else { return Some(value) };
    let codings = || text.split(',').map(str::trim);
    let is_framing = |coding: &str| coding.eq_ignore_ascii_case("aws-chunked");
    if !codings().any(is_framing) {
        return Some(value);
    }
    let kept: Vec<&str> = codings().filter(|coding| !is_framing(coding) && !coding.is_empty()).collect();
    if kept.is_empty() { None } else { HeaderValue::from_str(&kept.join(",")).ok() }
}

/// Keeps the headers that the operation takes. Others are dropped, unless they are `x-amz-*`: what a client asks for in
/// those must not be ignored silently.
pub(super) fn keep_taken(row: &Row, headers: &mut Headers) -> Result<(), Fault> {
    let mut refused = None;
    headers.retain(|(name, _)| {
        let is_taken = match fate(name.as_str()) {
            Ok(With(ops)) => ops.contains(row.op),
            Ok(WithBody) => row.body != Body::None,
            Ok(Always | Kept) => true,
            Ok(Dropped) | Err(_) => false,
        };
        if !is_taken && name.as_str().starts_with("x-amz-") {
            refused = Some(fault::not_implemented(name.as_str()));
        }
        is_taken
    });
    refused.map_or(Ok(()), Err)
}

/// Whether a header that was kept goes upstream as it is. The copy source is written anew from its parsed form.
pub(super) fn goes_upstream(name: &HeaderName) -> bool {
    name.as_str() != "x-amz-copy-source" && !matches!(fate(name.as_str()), Ok(Kept | Dropped) | Err(_))
}

/// Whether a header or `x-amz-*` parameter is about the connection, the signature or the body's bytes, and asks for nothing.
pub(super) fn is_of_transfer(name: &str) -> bool {
    matches!(fate(name), Ok(Dropped | WithBody))
}

/// Whether a header speaks of the exact bytes of the body, and so not of a body that is written anew.
pub(super) fn describes_body(name: &HeaderName) -> bool {
    name == "content-md5" || matches!(fate(name.as_str()), Ok(WithBody))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_headers_are_sorted() {
        assert!(KNOWN.is_sorted_by(|(before, _), (after, _)| before < after));
    }

    #[test]
    fn framing_is_taken_off_the_content_encoding() {
        let cases = [
            ("aws-chunked", None),
            ("gzip", Some("gzip")),
            ("aws-chunked,gzip", Some("gzip")),
            ("gzip, AWS-Chunked , br", Some("gzip,br")),
        ];
        for (sent, expected) in cases {
            let kept = stored_form(&http::header::CONTENT_ENCODING, HeaderValue::from_static(sent));
            assert_eq!(kept, expected.map(HeaderValue::from_static), "{sent}");
        }
    }

    #[test]
    fn the_short_cut_passes_over_no_header_that_counts() {
        for (name, expected) in KNOWN {
            let same = matches!((fate(name), expected), (Ok(Dropped), Dropped)) || !matches!(fate(name), Ok(Dropped));
            assert!(same, "{name}");
        }
    }

    #[test]
    fn every_operation_fits_the_set() {
        assert!(super::super::table::TABLE.len() <= 128);
    }
}
