//! s3s-fs, with what clients rely on and it leaves out: buckets that must exist or must be empty, conditions on reads,
//! listings in order, in the encoding that was asked for and with ETags, quiet deletes, a word about tags.

use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, dto::*};
use s3s_fs::FileSystem;

/// The store.
pub(super) struct Store(pub(super) FileSystem);

/// Makes the trait's methods: those that s3s-fs answers itself, and those that are answered here.
macro_rules! answered {
    (
        by files { $($passed:ident($passed_input:ident) -> $passed_output:ident;)* }
        here { $($made:ident($input:ident) -> $output:ident;)* }
    ) => {
        #[async_trait]
        impl S3 for Store {
            $(async fn $passed(&self, request: S3Request<$passed_input>) -> S3Result<S3Response<$passed_output>> {
                self.0.$passed(request).await
            })*
            $(async fn $made(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                $made(self, request).await
            })*
        }
    };
}

answered! {
    by files {
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
        create_bucket(CreateBucketInput) -> CreateBucketOutput;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
        head_bucket(HeadBucketInput) -> HeadBucketOutput;
        list_buckets(ListBucketsInput) -> ListBucketsOutput;
        upload_part(UploadPartInput) -> UploadPartOutput;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    }
    here {
        copy_object(CopyObjectInput) -> CopyObjectOutput;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
        get_object(GetObjectInput) -> GetObjectOutput;
        get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput;
        head_object(HeadObjectInput) -> HeadObjectOutput;
        list_objects(ListObjectsInput) -> ListObjectsOutput;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
        list_parts(ListPartsInput) -> ListPartsOutput;
        put_object(PutObjectInput) -> PutObjectOutput;
    }
}

type Outcome<T> = S3Result<S3Response<T>>;

async fn copy_object(store: &Store, request: S3Request<CopyObjectInput>) -> Outcome<CopyObjectOutput> {
    has_no_tags(request.input.tagging.as_ref())?;
    store.0.copy_object(request).await
}

async fn create_multipart_upload(
    store: &Store,
    request: S3Request<CreateMultipartUploadInput>,
) -> Outcome<CreateMultipartUploadOutput> {
    has_no_tags(request.input.tagging.as_ref())?;
    store.is_there(&request.input.bucket).await?;
    store.0.create_multipart_upload(request).await
}

async fn put_object(store: &Store, request: S3Request<PutObjectInput>) -> Outcome<PutObjectOutput> {
    has_no_tags(request.input.tagging.as_ref())?;
    store.is_there(&request.input.bucket).await?;
    store.0.put_object(request).await
}

/// s3s-fs would drop them without a word.
fn has_no_tags(tags: Option<&String>) -> S3Result<()> {
    let message = "The embedded store keeps no tags.";
    tags.map_or(Ok(()), |_| Err(S3Error::with_message(S3ErrorCode::NotImplemented, message)))
}

/// The AWS CLI reads an object's tags before it copies it in parts.
async fn get_object_tagging(
    store: &Store,
    request: S3Request<GetObjectTaggingInput>,
) -> Outcome<GetObjectTaggingOutput> {
    let GetObjectTaggingInput { bucket, key, .. } = request.input;
    store.0.head_object(asked(HeadObjectInput { bucket, key, ..Default::default() })).await?;
    Ok(S3Response::new(GetObjectTaggingOutput::default()))
}

async fn delete_bucket(store: &Store, request: S3Request<DeleteBucketInput>) -> Outcome<DeleteBucketOutput> {
    let bucket = request.input.bucket.clone();
    let first = ListObjectsV2Input { bucket, max_keys: Some(1), ..Default::default() };
    if store.0.list_objects_v2(asked(first)).await?.output.key_count.unwrap_or(0) > 0 {
        let message = "The bucket you tried to delete is not empty";
        return Err(S3Error::with_message(S3ErrorCode::BucketNotEmpty, message));
    }
    store.0.delete_bucket(request).await
}

async fn delete_objects(store: &Store, request: S3Request<DeleteObjectsInput>) -> Outcome<DeleteObjectsOutput> {
    store.is_there(&request.input.bucket).await?;
    let is_quiet = request.input.delete.quiet.unwrap_or(false);
    let mut answer = store.0.delete_objects(request).await?;
    if is_quiet {
        answer.output.deleted = None;
    }
    Ok(answer)
}

async fn get_object(store: &Store, mut request: S3Request<GetObjectInput>) -> Outcome<GetObjectOutput> {
    let input = &mut request.input;
    store.is_there(&input.bucket).await?;
    let conditions = Conditions {
        matches: input.if_match.take(),
        none_matches: input.if_none_match.take(),
        modified_since: input.if_modified_since.take(),
        unmodified_since: input.if_unmodified_since.take(),
    };
    let answer = store.0.get_object(request).await?;
    conditions.hold(answer.output.e_tag.as_ref(), answer.output.last_modified.as_ref())?;
    Ok(answer)
}

async fn head_object(store: &Store, mut request: S3Request<HeadObjectInput>) -> Outcome<HeadObjectOutput> {
    let input = &mut request.input;
    let conditions = Conditions {
        matches: input.if_match.take(),
        none_matches: input.if_none_match.take(),
        modified_since: input.if_modified_since.take(),
        unmodified_since: input.if_unmodified_since.take(),
    };
    let answer = store.0.head_object(request).await?;
    conditions.hold(answer.output.e_tag.as_ref(), answer.output.last_modified.as_ref())?;
    Ok(answer)
}

async fn list_objects(store: &Store, request: S3Request<ListObjectsInput>) -> Outcome<ListObjectsOutput> {
    let marker = request.input.marker.clone();
    let answer = store.list(request.map_input(Into::into)).await?;
    let encoded = answer.output.encoding_type.is_some();
    Ok(answer.map_output(|listing| ListObjectsOutput {
        // Without a delimiter a client goes on from the last key; with one it is told from where.
        next_marker: listing.delimiter.is_some().then_some(listing.next_continuation_token).flatten(),
        marker: Some(in_encoding(marker.unwrap_or_default(), encoded)),
        contents: listing.contents,
        common_prefixes: listing.common_prefixes,
        delimiter: listing.delimiter,
        encoding_type: listing.encoding_type,
        name: listing.name,
        prefix: listing.prefix,
        max_keys: listing.max_keys,
        is_truncated: listing.is_truncated,
        ..Default::default()
    }))
}

async fn list_objects_v2(store: &Store, request: S3Request<ListObjectsV2Input>) -> Outcome<ListObjectsV2Output> {
    store.list(request).await
}

async fn list_parts(store: &Store, request: S3Request<ListPartsInput>) -> Outcome<ListPartsOutput> {
    let mut answer = store.0.list_parts(request).await?;
    answer.output.parts.iter_mut().for_each(|parts| parts.sort_by_key(|part| part.part_number));
    Ok(answer)
}

impl Store {
    /// The bucket exists: s3s-fs would make it on the way.
    async fn is_there(&self, bucket: &str) -> S3Result<()> {
        let input = HeadBucketInput { bucket: bucket.to_owned(), ..Default::default() };
        self.0.head_bucket(asked(input)).await.map(drop)
    }

    async fn list(&self, mut request: S3Request<ListObjectsV2Input>) -> Outcome<ListObjectsV2Output> {
        let input = &mut request.input;
        input.delimiter.take_if(|delimiter| delimiter.is_empty());
        if input.delimiter.as_ref().is_some_and(|delimiter| delimiter.len() > 1) {
            let message = "The embedded store takes delimiters of one character.";
            return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
        }
        let (bucket, keys_max) = (input.bucket.clone(), input.max_keys);
        // No key begins with a slash; s3s-fs would take the slash off the prefix and find others.
        if input.prefix.as_ref().is_some_and(|prefix| prefix.starts_with('/')) {
            input.max_keys = Some(0);
        }
        let mut answer = self.0.list_objects_v2(request).await?;
        let listing = &mut answer.output;
        listing.max_keys = keys_max.or(Some(1000));
        for object in listing.contents.iter_mut().flatten() {
            let key = object.key.clone().unwrap_or_default();
            let input = HeadObjectInput { bucket: bucket.clone(), key, ..Default::default() };
            // An object that went away meanwhile stays in the listing, without its ETag.
            object.e_tag = self.0.head_object(asked(input)).await.ok().and_then(|head| head.output.e_tag);
            object.storage_class = Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD));
        }
        encode(listing);
        Ok(answer)
    }
}

/// A question of the store to itself.
fn asked<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: http::Method::GET,
        uri: http::Uri::default(),
        headers: http::HeaderMap::new(),
        extensions: http::Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// What stays as it is in a listing with `encoding-type=url`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

fn encode(listing: &mut ListObjectsV2Output) {
    if listing.encoding_type.is_none() {
        return;
    }
    let keys = listing.contents.iter_mut().flatten().map(|object| &mut object.key);
    let folders = listing.common_prefixes.iter_mut().flatten().map(|folder| &mut folder.prefix);
    let others = [&mut listing.prefix, &mut listing.delimiter, &mut listing.start_after];
    for text in keys.chain(folders).chain(others) {
        *text = text.take().map(|text| in_encoding(text, true));
    }
}

fn in_encoding(text: String, encoded: bool) -> String {
    if encoded { utf8_percent_encode(&text, PLAIN).to_string() } else { text }
}

/// The conditions of a read. Source: RFC 9110, section 13.2.2.
struct Conditions {
    matches: Option<IfMatch>,
    none_matches: Option<IfNoneMatch>,
    modified_since: Option<Timestamp>,
    unmodified_since: Option<Timestamp>,
}

impl Conditions {
    fn hold(&self, e_tag: Option<&ETag>, modified: Option<&Timestamp>) -> S3Result<()> {
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(asked) => e_tag.is_some_and(|e_tag| e_tag.weak_cmp(asked)),
        };
        let modified = modified.and_then(in_whole_seconds);
        let later = |than: &Timestamp| modified.as_ref().is_some_and(|modified| modified > than);
        let failed = match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) => !is(condition),
            (None, Some(since)) => later(since),
            (None, None) => false,
        };
        if failed {
            return Err(S3Error::new(S3ErrorCode::PreconditionFailed));
        }
        let unchanged = match (&self.none_matches, &self.modified_since) {
            (Some(condition), _) => is(condition),
            (None, Some(since)) => !later(since),
            (None, None) => false,
        };
        if unchanged { Err(S3Error::new(S3ErrorCode::NotModified)) } else { Ok(()) }
    }
}

/// The time as headers tell it.
fn in_whole_seconds(time: &Timestamp) -> Option<Timestamp> {
    let mut text = Vec::new();
    time.format(TimestampFormat::HttpDate, &mut text).ok()?;
    Timestamp::parse(TimestampFormat::HttpDate, str::from_utf8(&text).ok()?).ok()
}
