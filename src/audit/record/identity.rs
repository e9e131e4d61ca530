//! `userIdentity`.

use super::{
    Identity,
    json::{Object, cut},
};
use crate::base::{Principal, principal::User};

/// `accountId` of callers without credentials, as S3 writes it.
const ANONYMOUS: &str = "ANONYMOUS_PRINCIPAL";
/// Most bytes of an access key id that was claimed and not proven: the longest that IAM knows.
const CLAIMED_KEY_BYTES_MAX: usize = 128;

/// Writes the object.
pub(super) fn write(out: &mut Vec<u8>, identity: &Identity<'_>) {
    let mut object = Object::open(out);
    match identity {
        Identity::Verified { principal, access_key } => {
            principal_members(&mut object, principal);
            object.maybe("accessKeyId", access_key.map(|key| key.as_str()));
            if let Principal::User(user) = principal {
                object.text("userName", &user.name);
            }
        }
        Identity::Unproven { access_key } => {
            object.text("type", "Unknown");
            object.text("principalId", "");
            object.maybe("accessKeyId", access_key.map(|key| cut(key, CLAIMED_KEY_BYTES_MAX)));
        }
    }
    object.close();
}

fn principal_members(object: &mut Object<'_>, principal: &Principal) {
    match principal {
        Principal::Root(account) => {
            object.text("type", "Root");
            object.text("principalId", account.as_str());
            object.member("arn", |out| {
                out.extend_from_slice(b"\"arn:aws:iam::");
                out.extend_from_slice(account.as_str().as_bytes());
                out.extend_from_slice(b":root\"");
            });
            object.text("accountId", account.as_str());
        }
        Principal::User(user) => user_members(object, user),
        Principal::Anonymous => {
            object.text("type", "AWSAccount");
            object.text("principalId", "");
            object.text("accountId", ANONYMOUS);
        }
    }
}

fn user_members(object: &mut Object<'_>, user: &User) {
    object.text("type", "IAMUser");
    object.text("principalId", &user.id);
    object.text("arn", user.arn.as_str());
    object.text("accountId", user.account.as_str());
}
