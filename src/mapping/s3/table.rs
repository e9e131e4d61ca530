//! The operations of S3's REST API as one table.
//!
//! Source: the S3 service model (2006-03-01) for routes and parameters, the service authorization reference for actions.
//! A row reads: level, method, selectors => operation, actions (without and `|` with `versionId`), body, parameters.

use http::Method;

use super::selector::Selectors;

/// What a request target names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `/`: the account's buckets.
    Service,
    /// A bucket without a key.
    Bucket,
    /// A bucket and a key.
    Object,
    /// The fixed path of the object-lambda endpoint.
    Lambda,
}

/// The methods that S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verb {
    Get,
    Head,
    Put,
    Post,
    Delete,
}

impl Verb {
    /// `None` for methods that S3 does not serve.
    pub(super) fn of(method: &Method) -> Option<Self> {
        Some(match *method {
            Method::GET => Verb::Get,
            Method::HEAD => Verb::Head,
            Method::PUT => Verb::Put,
            Method::POST => Verb::Post,
            Method::DELETE => Verb::Delete,
            _ => return None,
        })
    }

    /// The method as HTTP spells it.
    pub fn method(self) -> Method {
        match self {
            Verb::Get => Method::GET,
            Verb::Head => Method::HEAD,
            Verb::Put => Method::PUT,
            Verb::Post => Method::POST,
            Verb::Delete => Method::DELETE,
        }
    }
}

/// What an operation takes as request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None: a request with a body is refused.
    None,
    /// Bytes of any length that nobody reads but the store.
    Stream,
    /// A document of at most this many bytes, which is read whole before the decision.
    Buffered(usize),
    /// `multipart/form-data`: fields first, then the file.
    Form,
}

/// What a successful answer of the upstream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Bytes of any length.
    Stream,
    /// A document, or nothing.
    Document,
    /// A document that may be an `<Error>` under status 200, because the status was sent before the work was done.
    LateDocument,
    /// A `DeleteResult`, with an outcome for each key.
    PerKey,
}

/// One operation.
#[derive(Debug)]
pub struct Row {
    /// What the target must name.
    pub level: Level,
    /// The method.
    pub verb: Verb,
    /// The query parameters and the header that select the operation.
    pub select: Selectors,
    /// The operation.
    pub op: Op,
    /// Its name in the API.
    pub name: &'static str,
    /// The actions that it needs on its own resource.
    pub actions: &'static [&'static str],
    /// The actions that replace them when `versionId` is in the query; empty if there are none.
    pub versioned: &'static [&'static str],
    /// Its body.
    pub body: Body,
    /// The query parameters that it takes besides its selectors.
    pub params: &'static [&'static str],
}

impl Row {
    /// Whether the operation changes nothing.
    pub fn is_read_only(&self) -> bool {
        matches!(self.verb, Verb::Get | Verb::Head) || self.op == Op::SelectObjectContent
    }

    /// What a successful answer holds.
    pub fn answer(&self) -> Answer {
        match self.op {
            Op::GetObject | Op::GetObjectAnnotation | Op::GetObjectTorrent | Op::SelectObjectContent => Answer::Stream,
            Op::CopyObject | Op::UploadPartCopy | Op::CompleteMultipartUpload => Answer::LateDocument,
            Op::DeleteObjects => Answer::PerKey,
            _ => Answer::Document,
        }
    }

    /// CloudTrail's event name, which is older than some operations' names.
    pub fn event_name(&self) -> &'static str {
        match self.op {
            Op::ListObjectsV2 => "ListObjects",
            Op::GetBucketLifecycleConfiguration => "GetBucketLifecycle",
            Op::PutBucketLifecycleConfiguration => "PutBucketLifecycle",
            Op::GetBucketNotificationConfiguration => "GetBucketNotification",
            Op::PutBucketNotificationConfiguration => "PutBucketNotification",
            Op::GetPublicAccessBlock => "GetBucketPublicAccessBlock",
            Op::PutPublicAccessBlock => "PutBucketPublicAccessBlock",
            Op::DeletePublicAccessBlock => "DeleteBucketPublicAccessBlock",
            Op::GetObjectLockConfiguration => "GetBucketObjectLockConfiguration",
            Op::PutObjectLockConfiguration => "PutBucketObjectLockConfiguration",
            _ => self.name,
        }
    }
}

/// Operations that are known and not served, each with the reason. This list may only shrink.
pub const NOT_SERVED: &[(Op, &str)] = &[
    (Op::ListDirectoryBuckets, "directory buckets exist only in S3 Express"),
    (Op::CreateSession, "directory buckets exist only in S3 Express"),
    (Op::RenameObject, "directory buckets exist only in S3 Express"),
    (Op::WriteGetObjectResponse, "there is no object-lambda endpoint"),
    (Op::CreateBucketMetadataConfiguration, TABLE_BUCKET),
    (Op::CreateBucketMetadataTableConfiguration, TABLE_BUCKET),
    (Op::UpdateBucketMetadataAnnotationTableConfiguration, TABLE_BUCKET),
    (Op::UpdateBucketMetadataInventoryTableConfiguration, TABLE_BUCKET),
    (Op::UpdateBucketMetadataJournalTableConfiguration, TABLE_BUCKET),
];

const TABLE_BUCKET: &str = "needs decisions on a table bucket, which are not mapped";

/// Operations of the model that share their route with a newer one, which is the one that is recognised.
pub const SUPERSEDED: &[(&str, Op)] = &[
    ("GetBucketLifecycle", Op::GetBucketLifecycleConfiguration),
    ("PutBucketLifecycle", Op::PutBucketLifecycleConfiguration),
    ("GetBucketNotification", Op::GetBucketNotificationConfiguration),
    ("PutBucketNotification", Op::PutBucketNotificationConfiguration),
];

const fn kib(count: usize) -> Body {
    Body::Buffered(count * 1024)
}

const NO: &[&str] = &[];
const ID: &[&str] = &["id"];
const NEXT: &[&str] = &["continuation-token"];
const VERSION: &[&str] = &["versionId"];
const NOTE: &[&str] = &["versionId", "annotationName"];
const NOTES: &[&str] = &["versionId", "annotation-prefix", "continuation-token", "max-annotation-results"];
const PART: &[&str] = &["partNumber", "uploadId"];
const UPLOAD: &[&str] = &["uploadId"];
const PARTS: &[&str] = &["uploadId", "max-parts", "part-number-marker"];
const SELECT: &[&str] = &["select-type"];
const BUCKETS: &[&str] = &["bucket-region", "continuation-token", "max-buckets", "prefix"];
const LIST: &[&str] = &["delimiter", "encoding-type", "marker", "max-keys", "prefix"];
const LIST_V2: &[&str] = &[
    "list-type",
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "max-keys",
    "prefix",
    "start-after",
];
const VERSIONS: &[&str] = &["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"];
const UPLOADS: &[&str] = &["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"];
const OBJECT: &[&str] = &[
    "versionId",
    "partNumber",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];

/// Makes the enum of operations and the table of rows from one listing.
macro_rules! operations {
    ($($level:ident $verb:ident $select:literal => $op:ident:
        $($plain:literal)&+ $(| $($versioned:literal)&+)?, $body:expr, $params:ident;)*) => {
        /// The operations, named as in the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        #[repr(u8)]
        pub enum Op { $($op),* }

        /// Every operation. No row hides a later one.
        pub static TABLE: &[Row] = &[$(Row {
            level: Level::$level,
            verb: Verb::$verb,
            select: Selectors::parse($select),
            op: Op::$op,
            name: stringify!($op),
            actions: &[$($plain),+],
            versioned: &[$($($versioned),+)?],
            body: $body,
            params: $params,
        }),*];
    };
}

use Body::{Form, None as Empty, Stream};

operations! {
    // the object's bytes
    Object  Get    ""                                => GetObject: "s3:GetObject" | "s3:GetObjectVersion", Empty, OBJECT;
    Object  Head   ""                                => HeadObject: "s3:GetObject" | "s3:GetObjectVersion", Empty, OBJECT;
    Object  Put    ""                                => PutObject: "s3:PutObject", Stream, NO;
    Object  Put    "hdr:x-amz-copy-source"           => CopyObject: "s3:PutObject", Empty, NO;
    Object  Delete ""                                => DeleteObject: "s3:DeleteObject" | "s3:DeleteObjectVersion", Empty, VERSION;
    Object  Post   "select&select-type"              => SelectObjectContent: "s3:GetObject", kib(256), SELECT;
    Object  Post   "restore"                         => RestoreObject: "s3:RestoreObject", kib(64), VERSION;
    // uploads in parts
    Object  Post   "uploads"                         => CreateMultipartUpload: "s3:PutObject", Empty, NO;
    Object  Put    "partNumber&uploadId"             => UploadPart: "s3:PutObject", Stream, PART;
    Object  Put    "partNumber&uploadId hdr:x-amz-copy-source" => UploadPartCopy: "s3:PutObject", Empty, PART;
    Object  Get    "uploadId"                        => ListParts: "s3:ListMultipartUploadParts", Empty, PARTS;
    Object  Post   "uploadId"                        => CompleteMultipartUpload: "s3:PutObject", kib(4096), UPLOAD;
    Object  Delete "uploadId"                        => AbortMultipartUpload: "s3:AbortMultipartUpload", Empty, UPLOAD;
    // what is kept beside the bytes
    Object  Get    "acl"                             => GetObjectAcl: "s3:GetObjectAcl" | "s3:GetObjectVersionAcl", Empty, VERSION;
    Object  Put    "acl"                             => PutObjectAcl: "s3:PutObjectAcl" | "s3:PutObjectVersionAcl", kib(64), VERSION;
    Object  Get    "attributes hdr:x-amz-object-attributes" => GetObjectAttributes: "s3:GetObject" & "s3:GetObjectAttributes" | "s3:GetObjectVersion" & "s3:GetObjectVersionAttributes", Empty, VERSION;
    Object  Get    "legal-hold"                      => GetObjectLegalHold: "s3:GetObjectLegalHold", Empty, VERSION;
    Object  Put    "legal-hold"                      => PutObjectLegalHold: "s3:PutObjectLegalHold", kib(16), VERSION;
    Object  Get    "retention"                       => GetObjectRetention: "s3:GetObjectRetention", Empty, VERSION;
    Object  Put    "retention"                       => PutObjectRetention: "s3:PutObjectRetention", kib(16), VERSION;
    Object  Get    "tagging"                         => GetObjectTagging: "s3:GetObjectTagging" | "s3:GetObjectVersionTagging", Empty, VERSION;
    Object  Put    "tagging"                         => PutObjectTagging: "s3:PutObjectTagging" | "s3:PutObjectVersionTagging", kib(64), VERSION;
    Object  Delete "tagging"                         => DeleteObjectTagging: "s3:DeleteObjectTagging" | "s3:DeleteObjectVersionTagging", Empty, VERSION;
    Object  Get    "torrent"                         => GetObjectTorrent: "s3:GetObjectTorrent" | "s3:GetObjectVersionTorrent", Empty, NO;
    Object  Put    "encryption"                      => UpdateObjectEncryption: "s3:UpdateObjectEncryption", kib(16), VERSION;
    Object  Get    "annotation"                      => ListObjectAnnotations: "s3:ListObjectAnnotations" | "s3:ListObjectVersionAnnotations", Empty, NOTES;
    Object  Get    "annotation&annotationName"       => GetObjectAnnotation: "s3:GetObjectAnnotation" | "s3:GetObjectVersionAnnotation", Empty, NOTE;
    Object  Put    "annotation&annotationName"       => PutObjectAnnotation: "s3:PutObjectAnnotation" | "s3:PutObjectVersionAnnotation", Stream, NOTE;
    Object  Delete "annotation&annotationName"       => DeleteObjectAnnotation: "s3:DeleteObjectAnnotation" | "s3:DeleteObjectVersionAnnotation", Empty, NOTE;
    Object  Put    "renameObject hdr:x-amz-rename-source" => RenameObject: "s3express:CreateSession", Empty, NO;
    // buckets and their contents
    Service Get    ""                                => ListBuckets: "s3:ListAllMyBuckets", Empty, BUCKETS;
    Service Get    "max-directory-buckets"           => ListDirectoryBuckets: "s3express:ListAllMyDirectoryBuckets", Empty, NEXT;
    Bucket  Put    ""                                => CreateBucket: "s3:CreateBucket", kib(64), NO;
    Bucket  Head   ""                                => HeadBucket: "s3:ListBucket", Empty, NO;
    Bucket  Delete ""                                => DeleteBucket: "s3:DeleteBucket", Empty, NO;
    Bucket  Get    ""                                => ListObjects: "s3:ListBucket", Empty, LIST;
    Bucket  Get    "list-type"                       => ListObjectsV2: "s3:ListBucket", Empty, LIST_V2;
    Bucket  Get    "versions"                        => ListObjectVersions: "s3:ListBucketVersions", Empty, VERSIONS;
    Bucket  Get    "uploads"                         => ListMultipartUploads: "s3:ListBucketMultipartUploads", Empty, UPLOADS;
    Bucket  Post   "delete"                          => DeleteObjects: "s3:DeleteObject" | "s3:DeleteObjectVersion", kib(2048), NO;
    Bucket  Post   ""                                => PostObject: "s3:PutObject", Form, NO;
    Bucket  Get    "location"                        => GetBucketLocation: "s3:GetBucketLocation", Empty, NO;
    Bucket  Get    "session"                         => CreateSession: "s3express:CreateSession", Empty, NO;
    // what is configured of a bucket
    Bucket  Get    "abac"                            => GetBucketAbac: "s3:GetBucketAbac", Empty, NO;
    Bucket  Put    "abac"                            => PutBucketAbac: "s3:PutBucketAbac", kib(16), NO;
    Bucket  Get    "accelerate"                      => GetBucketAccelerateConfiguration: "s3:GetAccelerateConfiguration", Empty, NO;
    Bucket  Put    "accelerate"                      => PutBucketAccelerateConfiguration: "s3:PutAccelerateConfiguration", kib(16), NO;
    Bucket  Get    "acl"                             => GetBucketAcl: "s3:GetBucketAcl", Empty, NO;
    Bucket  Put    "acl"                             => PutBucketAcl: "s3:PutBucketAcl", kib(64), NO;
    Bucket  Get    "analytics"                       => ListBucketAnalyticsConfigurations: "s3:GetAnalyticsConfiguration", Empty, NEXT;
    Bucket  Get    "analytics&id"                    => GetBucketAnalyticsConfiguration: "s3:GetAnalyticsConfiguration", Empty, ID;
    Bucket  Put    "analytics&id"                    => PutBucketAnalyticsConfiguration: "s3:PutAnalyticsConfiguration", kib(64), ID;
    Bucket  Delete "analytics&id"                    => DeleteBucketAnalyticsConfiguration: "s3:PutAnalyticsConfiguration", Empty, ID;
    Bucket  Get    "cors"                            => GetBucketCors: "s3:GetBucketCORS", Empty, NO;
    Bucket  Put    "cors"                            => PutBucketCors: "s3:PutBucketCORS", kib(128), NO;
    Bucket  Delete "cors"                            => DeleteBucketCors: "s3:PutBucketCORS", Empty, NO;
    Bucket  Get    "encryption"                      => GetBucketEncryption: "s3:GetEncryptionConfiguration", Empty, NO;
    Bucket  Put    "encryption"                      => PutBucketEncryption: "s3:PutEncryptionConfiguration", kib(16), NO;
    Bucket  Delete "encryption"                      => DeleteBucketEncryption: "s3:PutEncryptionConfiguration", Empty, NO;
    Bucket  Get    "intelligent-tiering"             => ListBucketIntelligentTieringConfigurations: "s3:GetIntelligentTieringConfiguration", Empty, NEXT;
    Bucket  Get    "intelligent-tiering&id"          => GetBucketIntelligentTieringConfiguration: "s3:GetIntelligentTieringConfiguration", Empty, ID;
    Bucket  Put    "intelligent-tiering&id"          => PutBucketIntelligentTieringConfiguration: "s3:PutIntelligentTieringConfiguration", kib(64), ID;
    Bucket  Delete "intelligent-tiering&id"          => DeleteBucketIntelligentTieringConfiguration: "s3:PutIntelligentTieringConfiguration", Empty, ID;
    Bucket  Get    "inventory"                       => ListBucketInventoryConfigurations: "s3:GetInventoryConfiguration", Empty, NEXT;
    Bucket  Get    "inventory&id"                    => GetBucketInventoryConfiguration: "s3:GetInventoryConfiguration", Empty, ID;
    Bucket  Put    "inventory&id"                    => PutBucketInventoryConfiguration: "s3:PutInventoryConfiguration", kib(64), ID;
    Bucket  Delete "inventory&id"                    => DeleteBucketInventoryConfiguration: "s3:PutInventoryConfiguration", Empty, ID;
    Bucket  Get    "lifecycle"                       => GetBucketLifecycleConfiguration: "s3:GetLifecycleConfiguration", Empty, NO;
    Bucket  Put    "lifecycle"                       => PutBucketLifecycleConfiguration: "s3:PutLifecycleConfiguration", kib(1024), NO;
    Bucket  Delete "lifecycle"                       => DeleteBucketLifecycle: "s3:PutLifecycleConfiguration", Empty, NO;
    Bucket  Get    "logging"                         => GetBucketLogging: "s3:GetBucketLogging", Empty, NO;
    Bucket  Put    "logging"                         => PutBucketLogging: "s3:PutBucketLogging", kib(64), NO;
    Bucket  Get    "metadataConfiguration"           => GetBucketMetadataConfiguration: "s3:GetBucketMetadataTableConfiguration", Empty, NO;
    Bucket  Post   "metadataConfiguration"           => CreateBucketMetadataConfiguration: "s3:CreateBucketMetadataTableConfiguration", kib(64), NO;
    Bucket  Delete "metadataConfiguration"           => DeleteBucketMetadataConfiguration: "s3:DeleteBucketMetadataTableConfiguration", Empty, NO;
    Bucket  Get    "metadataTable"                   => GetBucketMetadataTableConfiguration: "s3:GetBucketMetadataTableConfiguration", Empty, NO;
    Bucket  Post   "metadataTable"                   => CreateBucketMetadataTableConfiguration: "s3:CreateBucketMetadataTableConfiguration", kib(64), NO;
    Bucket  Delete "metadataTable"                   => DeleteBucketMetadataTableConfiguration: "s3:DeleteBucketMetadataTableConfiguration", Empty, NO;
    Bucket  Put    "metadataAnnotationTable"         => UpdateBucketMetadataAnnotationTableConfiguration: "s3:UpdateBucketMetadataAnnotationTableConfiguration", kib(64), NO;
    Bucket  Put    "metadataInventoryTable"          => UpdateBucketMetadataInventoryTableConfiguration: "s3:UpdateBucketMetadataInventoryTableConfiguration", kib(64), NO;
    Bucket  Put    "metadataJournalTable"            => UpdateBucketMetadataJournalTableConfiguration: "s3:UpdateBucketMetadataJournalTableConfiguration", kib(64), NO;
    Bucket  Get    "metrics"                         => ListBucketMetricsConfigurations: "s3:GetMetricsConfiguration", Empty, NEXT;
    Bucket  Get    "metrics&id"                      => GetBucketMetricsConfiguration: "s3:GetMetricsConfiguration", Empty, ID;
    Bucket  Put    "metrics&id"                      => PutBucketMetricsConfiguration: "s3:PutMetricsConfiguration", kib(64), ID;
    Bucket  Delete "metrics&id"                      => DeleteBucketMetricsConfiguration: "s3:PutMetricsConfiguration", Empty, ID;
    Bucket  Get    "notification"                    => GetBucketNotificationConfiguration: "s3:GetBucketNotification", Empty, NO;
    Bucket  Put    "notification"                    => PutBucketNotificationConfiguration: "s3:PutBucketNotification", kib(256), NO;
    Bucket  Get    "object-lock"                     => GetObjectLockConfiguration: "s3:GetBucketObjectLockConfiguration", Empty, NO;
    Bucket  Put    "object-lock"                     => PutObjectLockConfiguration: "s3:PutBucketObjectLockConfiguration", kib(16), NO;
    Bucket  Get    "ownershipControls"               => GetBucketOwnershipControls: "s3:GetBucketOwnershipControls", Empty, NO;
    Bucket  Put    "ownershipControls"               => PutBucketOwnershipControls: "s3:PutBucketOwnershipControls", kib(16), NO;
    Bucket  Delete "ownershipControls"               => DeleteBucketOwnershipControls: "s3:PutBucketOwnershipControls", Empty, NO;
    Bucket  Get    "policy"                          => GetBucketPolicy: "s3:GetBucketPolicy", Empty, NO;
    Bucket  Put    "policy"                          => PutBucketPolicy: "s3:PutBucketPolicy", kib(64), NO;
    Bucket  Delete "policy"                          => DeleteBucketPolicy: "s3:DeleteBucketPolicy", Empty, NO;
    Bucket  Get    "policyStatus"                    => GetBucketPolicyStatus: "s3:GetBucketPolicyStatus", Empty, NO;
    Bucket  Get    "publicAccessBlock"               => GetPublicAccessBlock: "s3:GetBucketPublicAccessBlock", Empty, NO;
    Bucket  Put    "publicAccessBlock"               => PutPublicAccessBlock: "s3:PutBucketPublicAccessBlock", kib(16), NO;
    Bucket  Delete "publicAccessBlock"               => DeletePublicAccessBlock: "s3:PutBucketPublicAccessBlock", Empty, NO;
    Bucket  Get    "replication"                     => GetBucketReplication: "s3:GetReplicationConfiguration", Empty, NO;
    Bucket  Put    "replication"                     => PutBucketReplication: "s3:PutReplicationConfiguration", kib(1024), NO;
    Bucket  Delete "replication"                     => DeleteBucketReplication: "s3:PutReplicationConfiguration", Empty, NO;
    Bucket  Get    "requestPayment"                  => GetBucketRequestPayment: "s3:GetBucketRequestPayment", Empty, NO;
    Bucket  Put    "requestPayment"                  => PutBucketRequestPayment: "s3:PutBucketRequestPayment", kib(16), NO;
    Bucket  Get    "tagging"                         => GetBucketTagging: "s3:GetBucketTagging", Empty, NO;
    Bucket  Put    "tagging"                         => PutBucketTagging: "s3:PutBucketTagging", kib(64), NO;
    Bucket  Delete "tagging"                         => DeleteBucketTagging: "s3:PutBucketTagging", Empty, NO;
    Bucket  Get    "versioning"                      => GetBucketVersioning: "s3:GetBucketVersioning", Empty, NO;
    Bucket  Put    "versioning"                      => PutBucketVersioning: "s3:PutBucketVersioning", kib(16), NO;
    Bucket  Get    "website"                         => GetBucketWebsite: "s3:GetBucketWebsite", Empty, NO;
    Bucket  Put    "website"                         => PutBucketWebsite: "s3:PutBucketWebsite", kib(128), NO;
    Bucket  Delete "website"                         => DeleteBucketWebsite: "s3:DeleteBucketWebsite", Empty, NO;
    Lambda  Post   "hdr:x-amz-request-route"         => WriteGetObjectResponse: "s3-object-lambda:WriteGetObjectResponse", Stream, NO;
}
