//! Bodies that decisions depend on.

use bytes::Bytes;

use super::{
    addressing,
    call::Call,
    check,
    delete::DeleteRequest,
    fault, kept,
    needs::{self, Named},
    table::{Body, Op},
    tags,
    xml::Element,
};
use crate::base::{Arn, Fault};

/// What is known of the body.
#[derive(Debug)]
pub(super) enum Document {
    /// Nothing yet, or there is none to be read.
    Unread,
    /// No decision depends on it: it goes upstream as it came.
    Opaque(Bytes),
    /// The keys of `DeleteObjects`.
    Delete(DeleteRequest),
    /// Any other document that was read; it is written anew for the upstream.
    Read(Element),
}

impl Call {
    /// Takes the whole body of a call with [`Body::Buffered`](super::Body::Buffered), after its hash was verified, and
    /// works out what the call needs. `CreateBucket` takes an empty body too.
    ///
    /// # Errors
    /// `MalformedXML`; `NotImplemented` for documents that name what cannot be decided on; `MaxMessageLengthExceeded`.
    pub fn with_body(&mut self, body: &Bytes) -> Result<(), Fault> {
        let Body::Buffered(bytes_max) = self.row.body else {
            return Err(fault::invalid_request("This operation takes no document."));
        };
        if body.len() > bytes_max {
            return Err(Fault::new(400, "MaxMessageLengthExceeded", "Your request was too big.")
                .with("MaxMessageLengthBytes", bytes_max.to_string()));
        }
        self.document = self.read(body)?;
        needs::fill(self);
        Ok(())
    }

    fn read(&mut self, body: &Bytes) -> Result<Document, Fault> {
        let root = match self.row.op {
            Op::DeleteObjects => {
                return Ok(Document::Delete(DeleteRequest::parse(body, self.bucket(), self.keys_are_file_paths)?));
            }
            Op::PutBucketPolicy => {
                kept::check_policy(body)?;
                return Ok(Document::Opaque(body.clone()));
            }
            Op::CreateBucket if body.is_empty() => return Ok(Document::Opaque(Bytes::new())),
            Op::CreateBucket => "CreateBucketConfiguration",
            // The list stands in headers then.
            Op::PutBucketAcl | Op::PutObjectAcl if body.is_empty() => return Ok(Document::Opaque(Bytes::new())),
            Op::PutBucketAcl | Op::PutObjectAcl => "AccessControlPolicy",
            Op::PutObjectTagging | Op::PutBucketTagging => "Tagging",
            Op::PutObjectRetention => "Retention",
            Op::PutObjectLegalHold => "LegalHold",
            Op::PutBucketInventoryConfiguration => "InventoryConfiguration",
            Op::PutBucketAnalyticsConfiguration => "AnalyticsConfiguration",
            Op::PutBucketLogging => "BucketLoggingStatus",
            Op::PutBucketReplication => "ReplicationConfiguration",
            Op::PutPublicAccessBlock => "PublicAccessBlockConfiguration",
            Op::RestoreObject => "RestoreRequest",
            Op::UpdateObjectEncryption => "ObjectEncryption",
            _ => return Ok(Document::Opaque(body.clone())),
        };
        let document = Element::parse(body, root)?;
        self.check_document(&document)?;
        Ok(Document::Read(document))
    }

    /// What facts read from a document stands in it at most once.
    fn check_document(&mut self, document: &Element) -> Result<(), Fault> {
        check_named(&Named::of(self.row.op, document))?;
        match self.row.op {
            Op::CreateBucket => {
                document.only("LocationConstraint")?;
                if document.only("Location")?.is_some() || document.only("Bucket")?.is_some() {
                    return Err(fault::not_served("CreateBucket", "directory buckets exist only in S3 Express"));
                }
                if let Some(tags) = document.only("Tags")? {
                    self.tags = tags::of_element(tags)?;
                }
            }
            Op::PutObjectTagging | Op::PutBucketTagging => {
                let set = document.only("TagSet")?.ok_or_else(|| fault::malformed_xml("there is no tag set"))?;
                self.tags = tags::of_element(set)?;
            }
            Op::PutPublicAccessBlock => kept::check_public_access_block(document)?,
            Op::PutObjectRetention => check_retention(document)?,
            Op::PutObjectLegalHold => match document.only("Status")?.map(|status| status.text.as_str()) {
                Some("ON" | "OFF") => (),
                _ => return Err(fault::malformed_xml("the status of a legal hold is ON or OFF")),
            },
            Op::RestoreObject if !document.descendants("OutputLocation").is_empty() => {
                return Err(fault::not_served("RestoreObject with OutputLocation", "writes to a place not decided on"));
            }
            Op::PutBucketInventoryConfiguration => {
                document.only("OptionalFields")?;
            }
            Op::UpdateObjectEncryption => {
                document.only("SSE-KMS")?;
            }
            _ => (),
        }
        Ok(())
    }
}

/// Names that are not those of a role or a bucket could be allowed by a wildcard and mean something else to the store.
fn check_named(named: &Named<'_>) -> Result<(), Fault> {
    for bucket in &named.buckets {
        addressing::check_bucket(bucket)?;
    }
    let is_role =
        |role: &&str| Arn::parse(role).is_some_and(|arn| arn.service() == "iam" && arn.resource().starts_with("role/"));
    match named.roles.iter().all(is_role) {
        true => Ok(()),
        false => Err(fault::malformed_xml("a role is not the ARN of a role")),
    }
}

/// `<Retention/>` lifts a retention; else both parts are there.
fn check_retention(document: &Element) -> Result<(), Fault> {
    if document.children.iter().any(|child| !matches!(child.name.as_str(), "Mode" | "RetainUntilDate")) {
        return Err(fault::not_served("PutObjectRetention with event holds", "they are not mapped"));
    }
    let mode = document.only("Mode")?.map(|mode| mode.text.as_str());
    let until = document.only("RetainUntilDate")?.map(|until| until.text.as_str());
    match (mode, until) {
        (None, None) => Ok(()),
        (Some(mode), Some(until)) if check::is_lock_mode(mode) && check::moment(until).is_some() => Ok(()),
        _ => Err(fault::malformed_xml("a retention has a mode and a date")),
    }
}
