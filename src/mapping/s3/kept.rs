//! Bucket settings that the gateway keeps itself, so that they hold in front of stores that have none: policies and public
//! access blocks. What their operations bring is read here.

use super::{body::Document, call::Call, fault, table::Op, xml::Element};
use crate::base::Fault;

/// The members of a public access block, in the order of [`Call::public_access_block`].
pub const PUBLIC_ACCESS_BLOCK: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

impl Call {
    /// Whether the operation is about a setting that the gateway keeps: no store hears of it.
    pub fn is_about_kept_setting(&self) -> bool {
        matches!(
            self.op(),
            Op::GetBucketPolicy
                | Op::PutBucketPolicy
                | Op::DeleteBucketPolicy
                | Op::GetBucketPolicyStatus
                | Op::GetPublicAccessBlock
                | Op::PutPublicAccessBlock
                | Op::DeletePublicAccessBlock
        )
    }

    /// The document of `PutBucketPolicy`, byte for byte.
    pub fn bucket_policy(&self) -> Option<&str> {
        match (self.op(), &self.document) {
            (Op::PutBucketPolicy, Document::Opaque(body)) => str::from_utf8(body).ok(),
            _ => None,
        }
    }

    /// The members of the block of `PutPublicAccessBlock`; those that are left out are false.
    pub fn public_access_block(&self) -> Option<[bool; 4]> {
        match (self.op(), &self.document) {
            (Op::PutPublicAccessBlock, Document::Read(document)) => Some(members_of(document)),
            _ => None,
        }
    }
}

/// The members of a block that was checked; those that are left out are false.
pub(super) fn members_of(document: &Element) -> [bool; 4] {
    PUBLIC_ACCESS_BLOCK.map(|name| document.child_text(name).is_some_and(is_true))
}

/// Each member stands once and is `true` or `false`; nothing else is there.
pub(super) fn check_public_access_block(document: &Element) -> Result<(), Fault> {
    for child in &document.children {
        let known = PUBLIC_ACCESS_BLOCK.contains(&child.name.as_str());
        if !known || !(is_true(&child.text) || child.text.trim().eq_ignore_ascii_case("false")) {
            return Err(fault::malformed_xml("a public access block has four members, each true or false"));
        }
        document.only(&child.name)?;
    }
    Ok(())
}

/// Policies are text.
pub(super) fn check_policy(body: &[u8]) -> Result<(), Fault> {
    match str::from_utf8(body) {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = "Policies must be valid JSON and the first byte must be '{'";
            Err(Fault::new(400, "MalformedPolicy", message).because(error))
        }
    }
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}
