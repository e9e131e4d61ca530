//! What access control lists grant to the public.
//!
//! Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of public"; "Access control
//! list (ACL) overview", the predefined groups and the canned lists.

use super::{body::Document, call::Call, table::Op};

const PUBLIC_CANNED: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];
const PUBLIC_GROUPS: [&str; 2] = ["groups/global/allusers", "groups/global/authenticatedusers"];

impl Call {
    /// Whether the request brings an access control list that grants anything to everybody, or to everybody with an AWS
    /// account.
    pub fn grants_to_public(&self) -> bool {
        let in_headers = self.headers().any(|(name, value)| match name {
            "x-amz-acl" => PUBLIC_CANNED.iter().any(|canned| value.trim().eq_ignore_ascii_case(canned)),
            _ => name.starts_with("x-amz-grant-") && names_public_group(value),
        });
        let in_document = || match &self.document {
            Document::Read(document) => document.descendants("URI").iter().any(|uri| names_public_group(&uri.text)),
            _ => false,
        };
        in_headers || matches!(self.op(), Op::PutBucketAcl | Op::PutObjectAcl) && in_document()
    }
}

/// Whatever else stands around the group's name: a store may be less strict about it than AWS.
fn names_public_group(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    PUBLIC_GROUPS.iter().any(|group| text.contains(group))
}
