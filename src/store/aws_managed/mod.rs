//! The policies that AWS manages: the same in all accounts, to be attached and not to be changed.
//!
//! All are in the program, deflated. The list of them is unpacked when it is first asked for and then stays in memory
//! (about 0.3 MB); documents are unpacked when one is asked for, with some neighbours, and not kept. Source of the data:
//! `README.md` beside this file.

mod kept;

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE32_NOPAD;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

pub use kept::{counted, in_account, in_use, known, renew, take, version};

use crate::base::{Arn, Timestamp, id::IdKind, name::fold};

/// The word of ARNs in place of an account.
const OWNER: &str = "aws";

static PACKED: &[u8] = include_bytes!("policies.bin");
/// More than any part has unpacked.
const PART_BYTES_MAX: usize = 1 << 20;

/// A policy that AWS manages, as the program knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsPolicy {
    /// The name; no two are the same without regard to case.
    pub name: Box<str>,
    /// The path: `/`, `/job-function/`.
    pub path: Box<str>,
    /// When AWS made it.
    pub created: Timestamp,
    /// When AWS made the version that is known.
    pub updated: Timestamp,
    /// The number of that version.
    pub version: u32,
    place: Place,
}

/// Where a document is: the group, and the bytes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    group: usize,
    offset: usize,
    length: usize,
}

static ALL: LazyLock<Vec<AwsPolicy>> = LazyLock::new(|| {
    let lines = part(0).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    lines.lines().filter_map(AwsPolicy::read).collect()
});

/// All of them, in the order of their folded names.
pub fn all() -> &'static [AwsPolicy] {
    &ALL
}

/// One by its ARN, which must match to the letter.
pub fn find(arn: &Arn) -> Option<&'static AwsPolicy> {
    let name = arn.resource().rsplit('/').next()?;
    let at = all().binary_search_by_key(&fold(name), |policy| fold(&policy.name)).ok()?;
    all().get(at).filter(|policy| policy.arn() == *arn)
}

/// Whether an ARN names a policy that AWS manages, known or not.
pub fn is_named(arn: &Arn) -> bool {
    arn.service() == "iam" && arn.account() == OWNER && arn.resource().starts_with("policy/")
}

/// The unique id of the policy with this ARN: always the same, in every deployment.
pub fn id(arn: &Arn) -> String {
    let text = BASE32_NOPAD.encode(digest(&SHA256, arn.as_str().as_bytes()).as_ref());
    let prefix = IdKind::Policy.prefix();
    prefix.chars().chain(text.chars()).take(21).collect()
}

impl AwsPolicy {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split('\t');
        let (name, path) = (words.next()?.into(), words.next()?.into());
        let mut numbers = words.map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let time = |seconds: u32| Timestamp::from_second(seconds.into()).ok();
        let (created, updated, version) = (time(next()?)?, time(next()?)?, next()?);
        let mut size = || next().and_then(|number| usize::try_from(number).ok());
        let place = Place { group: size()?, offset: size()?, length: size()? };
        Some(Self { name, path, created, updated, version, place })
    }

    /// `arn:aws:iam::aws:policy{path}{name}`.
    pub fn arn(&self) -> Arn {
        Arn::iam(OWNER, &format!("policy{}{}", self.path, self.name))
    }

    /// The JSON text of the version that is known; `None` only if the program's data are damaged.
    pub fn document(&self) -> Option<Box<str>> {
        let Place { group, offset, length } = self.place;
        let documents = part(group + 1)?;
        let document = documents.get(offset..offset.checked_add(length)?)?;
        str::from_utf8(document).ok().map(Into::into)
    }

    /// Whether only roles of AWS's own services take it.
    /// Source: IAM API reference, `AttachRolePolicy`, `PolicyNotAttachable`.
    pub fn is_of_a_service(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

/// A part of the data, unpacked.
fn part(number: usize) -> Option<Vec<u8>> {
    let word = |at: usize| {
        let bytes = PACKED.get(at * 4..at * 4 + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let (count, mut begin) = (word(0)?, 0);
    if number >= count {
        return None;
    }
    for earlier in 0..number {
        begin += word(1 + earlier)?;
    }
    begin += (1 + count) * 4;
    let packed = PACKED.get(begin..begin + word(1 + number)?)?;
    decompress_to_vec_with_limit(packed, PART_BYTES_MAX).ok()
}
