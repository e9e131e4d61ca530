//! Bucket settings that are kept here: policies and public access blocks hold in front of any store, and no store hears
//! of them. Steps 4 and 5 as for every other operation; what is written counts for the next request.
//!
//! Source: S3 API reference, `PutBucketPolicy` and its relatives; S3 user guide, "Blocking public access".

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};

use super::{permit::Permit, reply::Reply};
use crate::{
    base::{AccountId, Fault, Operation, Principal, Timestamp},
    mapping::s3::{Call, Op, PUBLIC_ACCESS_BLOCK},
    policy,
    store::{Bucket, Directory, PublicAccessBlock, StoreError, UnitOfWork, bindings, snapshot::Snapshot},
};

/// What the operations work with.
pub struct Means {
    /// Where the settings are.
    pub directory: Arc<Directory>,
    /// Whose the bucket is.
    pub account: AccountId,
    /// Now.
    pub at: Timestamp,
    /// The caller's ARN, for denials.
    pub caller: String,
}

/// Carries a permitted operation out. Blocks on the store.
pub fn carry_out(permit: Permit<Box<Call>>, means: &Means) -> (Box<Call>, Result<Reply, Fault>) {
    let call = permit.redeem();
    // A panic must not take the call with it: it is recorded like any other.
    let outcome = catch_unwind(AssertUnwindSafe(|| run(&call, means)));
    (call, outcome.unwrap_or_else(|_| Err(failed("a call that is carried out here panicked"))))
}

/// A bucket was made on its store: it belongs to whoever made it, and nothing of it is open to the public. `before` is when
/// a bucket of this name was last made that the store no longer has: what is left of that one is forgotten.
///
/// Source: S3 user guide, "Default settings for new S3 buckets".
pub fn made_bucket(name: &str, before: Option<Timestamp>, means: &Means) -> Result<(), Fault> {
    let closed = PublicAccessBlock::from_bits(15);
    let bucket = Bucket {
        name: name.into(),
        account: means.account,
        created: means.at,
        policy: None,
        public_access_block: Some(closed),
    };
    means.directory.write(|work| {
        match work.bucket(name).map_err(failed)? {
            // Somebody else was faster: to the store both were the same.
            Some(known) if Some(known.created) != before && known.account != means.account => {
                return Err(taken(name));
            }
            Some(_) => drop(work.delete_bucket(name).map_err(failed)?),
            None => {}
        }
        work.add_bucket(&bucket).map_err(failed)
    })
}

/// A bucket of this name is another account's.
pub fn taken(name: &str) -> Fault {
    let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                   Please select a different name and try again.";
    Fault::new(409, "BucketAlreadyExists", message).with("BucketName", name)
}

/// A bucket was deleted on its store: its settings go with it.
pub fn deleted_bucket(name: &str, means: &Means) -> Result<(), Fault> {
    means.directory.write(|work| work.delete_bucket(name).map(drop)).map_err(failed)
}

fn run(call: &Call, means: &Means) -> Result<Reply, Fault> {
    match call.op() {
        Op::GetBucketPolicy => policy_of(call, means).map(|policy| made("application/json", policy.into())),
        Op::GetBucketPolicyStatus => policy_status(call, means),
        Op::PutBucketPolicy => put_policy(call, means),
        Op::DeleteBucketPolicy => {
            change(call, means, StatusCode::NO_CONTENT, |work, bucket| Ok(work.put_bucket_policy(&bucket.name, None)?))
        }
        Op::GetPublicAccessBlock => public_access_block(call, means),
        Op::PutPublicAccessBlock => {
            let block = call.public_access_block().map(PublicAccessBlock::from_members).unwrap_or_default();
            change(call, means, StatusCode::OK, |work, bucket| {
                Ok(work.put_public_access_block(&bucket.name, Some(block))?)
            })
        }
        Op::DeletePublicAccessBlock => change(call, means, StatusCode::NO_CONTENT, |work, bucket| {
            Ok(work.put_public_access_block(&bucket.name, None)?)
        }),
        _ => Err(failed("an operation without kept settings")),
    }
}

fn policy_of(call: &Call, means: &Means) -> Result<String, Fault> {
    let policy = means.directory.read(|work| {
        let kept = work.bucket(call.bucket())?.and_then(|bucket| bucket.policy);
        kept.map(|kept| bindings::shown(work, &kept)).transpose()
    });
    policy.map_err(|error: StoreError| failed(error))?.ok_or_else(|| {
        Fault::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist").with("BucketName", call.bucket())
    })
}

fn policy_status(call: &Call, means: &Means) -> Result<Reply, Fault> {
    let policy = policy_of(call, means)?;
    let is_public = policy::Policy::compile_as(&policy, policy::Kind::Bucket).is_ok_and(|policy| policy.is_public());
    let word = if is_public { "TRUE" } else { "FALSE" };
    let document = xml("PolicyStatus", NAMESPACE, &[("IsPublic", word)]);
    Ok(made("application/xml", document.into()))
}

fn put_policy(call: &Call, means: &Means) -> Result<Reply, Fault> {
    let document = call.bucket_policy().ok_or_else(|| failed("a bucket policy without a document"))?;
    let compiled = policy::validate::bucket(document, call.bucket())?;
    let block = block_on(call, means.account, &means.directory.snapshot());
    if block.block_public_policy && compiled.is_public() {
        let why = "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.";
        return Err(prevented(call, &means.caller, why));
    }
    change(call, means, StatusCode::NO_CONTENT, |work, bucket| match bindings::bind(work, document)? {
        Ok(kept) => Ok(work.put_bucket_policy(&bucket.name, Some(&kept))?),
        Err(unknown) => Err(Refused(policy::validate::unknown_in_bucket(&unknown.0))),
    })
}

/// Refuses what brings a public access control list to where such are blocked. `account` is whose the bucket is.
pub fn check_acl(call: &Call, account: AccountId, snapshot: &Snapshot, caller: &Principal) -> Result<(), Fault> {
    if !call.grants_to_public() || !block_on(call, account, snapshot).block_public_acls {
        return Ok(());
    }
    let caller = caller.arn().map_or_else(|| "anonymous".to_owned(), |arn| arn.to_string());
    let why = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.";
    Err(prevented(call, &caller, why))
}

/// What is blocked for the call's bucket; for one that is to be made only its account's settings count.
fn block_on(call: &Call, account: AccountId, snapshot: &Snapshot) -> PublicAccessBlock {
    let of_account = snapshot.public_access_block(account);
    match snapshot.bucket(call.bucket()) {
        Some(bucket) if call.op() != Op::CreateBucket => bucket.public_access_block.or(of_account),
        _ => of_account,
    }
}

/// The denial of what a public access block prevents, whatever policies say.
fn prevented(call: &Call, caller: &str, why: &str) -> Fault {
    let Some(need) = call.needs().first() else { return failed("an operation that needs nothing") };
    Fault::new(403, "AccessDenied", policy::decide::denial(caller, &need.action, &need.resource, why))
}

fn public_access_block(call: &Call, means: &Means) -> Result<Reply, Fault> {
    let known = means.directory.read(|work| work.bucket(call.bucket())).map_err(failed)?;
    let block = known.and_then(|bucket| bucket.public_access_block);
    let block = block.ok_or_else(|| no_block().with("BucketName", call.bucket()))?;
    Ok(made("application/xml", block_document(block, NAMESPACE).into()))
}

/// A public access block as S3 writes it, for a bucket or, in the other namespace, for an account.
pub fn block_document(block: PublicAccessBlock, namespace: &str) -> String {
    let members = PUBLIC_ACCESS_BLOCK.iter().zip(block.members());
    let members = members.map(|(name, set)| (*name, if set { "true" } else { "false" }));
    xml("PublicAccessBlockConfiguration", namespace, &members.collect::<Vec<_>>())
}

/// What is answered where nothing is blocked by a setting.
pub fn no_block() -> Fault {
    Fault::new(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
}

/// Changes a bucket's settings; a bucket that was found on the store becomes known by that.
fn change(
    call: &Call,
    means: &Means,
    status: StatusCode,
    change: impl Fn(&mut dyn UnitOfWork, &Bucket) -> Result<(), Refused>,
) -> Result<Reply, Fault> {
    let changed = means.directory.write(|work| {
        let bucket = match work.bucket(call.bucket())? {
            Some(bucket) => bucket,
            None => {
                let bucket = Bucket {
                    name: call.bucket().into(),
                    account: means.account,
                    created: means.at,
                    policy: None,
                    public_access_block: None,
                };
                work.add_bucket(&bucket)?;
                bucket
            }
        };
        change(work, &bucket)
    });
    changed.map_err(|Refused(fault)| fault)?;
    Ok(Reply::empty(status, HeaderMap::new()))
}

/// Why a setting is not changed.
struct Refused(Fault);

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(failed(error))
    }
}

fn made(content_type: &'static str, body: Bytes) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Reply::made(StatusCode::OK, headers, body)
}

/// A document of plain members. Their texts need no escape.
fn xml(root: &str, namespace: &str, members: &[(&str, &str)]) -> String {
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{namespace}\">");
    for (name, value) in members {
        text.push_str(&format!("<{name}>{value}</{name}>"));
    }
    text.push_str(&format!("</{root}>"));
    text
}

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

fn failed(why: impl std::fmt::Display) -> Fault {
    super::upstream::s3::internal_error().because(why)
}
