//! `PolicyExclusionList`: the policies of an entity that a simulation leaves out.
//!
//! Source: IAM API reference, `PolicyIdentifier`. Those that name no attached policy are without effect.

use super::{
    entity::Attached,
    texts::{ARN, NAME},
};
use crate::{
    api::query::{Input, Text},
    base::{Arn, Fault},
    policy::pattern::Glob,
    store::IdentityKind,
};

const MEMBERS_MAX: usize = 256;
const TYPES: [&str; 6] = ["inline", "aws-managed", "user-managed", "permission-boundary", "scp", "rcp"];
const HOLDER: Text = Text { length: 1..=128, pattern: "", fits: |_| true };

/// Where a policy is.
pub(super) enum Origin {
    /// In one user or group alone.
    Inline {
        /// Its kind.
        kind: IdentityKind,
        /// Its name.
        holder: Box<str>,
        /// The name of the policy.
        name: Box<str>,
    },
    /// On its own.
    Managed {
        /// Its ARN.
        arn: Arn,
    },
}

/// What is left out.
#[derive(Default)]
pub(super) struct Exclusions(Vec<Identifier>);

enum Identifier {
    Type(&'static str),
    Managed(Glob),
    Inline { name: String, kind: &'static str, holder: Glob },
}

impl Exclusions {
    /// Reads the list. `InvalidInput` for what identifies nothing, or by more than one member.
    pub(super) fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let mut all = Vec::new();
        for at in input.structures("PolicyExclusionList", MEMBERS_MAX) {
            let kind = input.one_of(&format!("{at}.PolicyType"), &TYPES);
            let arn = input.optional(&format!("{at}.PolicyArn"), &ARN);
            let inline = format!("{at}.InlinePolicyIdentifier");
            let name = input.optional(&format!("{inline}.PolicyName"), &NAME);
            let holder_kind = input.one_of(&format!("{inline}.AttachmentType"), &["user", "group", "role"]);
            let holder = input.optional(&format!("{inline}.AttachmentName"), &HOLDER);
            input.check()?;
            all.push(match (kind, arn, (name, holder_kind, holder)) {
                (Some(kind), None, (None, None, None)) => Identifier::Type(kind),
                (None, Some(arn), (None, None, None)) => Identifier::Managed(managed(&arn)?),
                (None, None, (Some(name), Some(kind), Some(holder))) => {
                    Identifier::Inline { name, kind, holder: pattern(&holder)? }
                }
                _ => {
                    let message = "A policy identifier must have exactly one of PolicyType, PolicyArn and \
                                   InlinePolicyIdentifier.";
                    return Err(Fault::new(400, "InvalidInput", message));
                }
            });
        }
        Ok(Self(all))
    }

    /// Whether all policies of a type are left out.
    pub(super) fn excludes(&self, kind: &str) -> bool {
        self.0.iter().any(|identifier| matches!(identifier, Identifier::Type(known) if *known == kind))
    }

    /// Whether an attached policy is left out.
    pub(super) fn leaves_out(&self, policy: &Attached) -> bool {
        self.0.iter().any(|identifier| match (identifier, &policy.origin) {
            (Identifier::Type(kind), Origin::Inline { .. }) => *kind == "inline",
            (Identifier::Type(kind), Origin::Managed { arn }) => {
                *kind == if arn.account() == "aws" { "aws-managed" } else { "user-managed" }
            }
            (Identifier::Managed(pattern), Origin::Managed { arn }) => pattern.matches(arn.as_str()),
            (Identifier::Inline { name, kind, holder }, Origin::Inline { kind: of, holder: by, name: its }) => {
                *name == **its && *kind == of.word() && holder.matches(by)
            }
            (Identifier::Managed(_), Origin::Inline { .. }) | (Identifier::Inline { .. }, Origin::Managed { .. }) => {
                false
            }
        })
    }
}

/// Wildcards stand in the name of the resource only.
fn managed(text: &str) -> Result<Glob, Fault> {
    let arn = Arn::parse(text).filter(|arn| arn.service() == "iam" && arn.resource().starts_with("policy/"));
    let is_plain = |arn: &Arn| ![arn.partition(), arn.region(), arn.account()].concat().contains(['*', '?']);
    match arn.filter(is_plain) {
        Some(_) => pattern(text),
        None => Err(Fault::new(400, "InvalidInput", format!("Invalid policy ARN in PolicyExclusionList: {text}"))),
    }
}

fn pattern(text: &str) -> Result<Glob, Fault> {
    match text.matches('*').count() {
        0 | 1 => Ok(Glob::new(text)),
        _ => Err(Fault::new(400, "InvalidInput", format!("More than one * in PolicyExclusionList: {text}"))),
    }
}
