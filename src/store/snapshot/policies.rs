//! The one place where the store meets the policy engine: documents become compiled sets.

use std::{fmt, sync::Arc};

pub use crate::policy::PolicySet;
use crate::{
    base::Arn,
    policy::{Bound, Kind, Policy},
};

/// The compiled policies of one holder, or why they cannot be used. Shared, never copied.
#[derive(Clone)]
pub struct Compiled(Arc<Result<PolicySet, Poisoned>>);

/// Why nothing can be decided for an identity, so that everything is denied. For the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poisoned {
    reason: Box<str>,
}

impl Compiled {
    /// Compiles documents, each with the label under which a decision names it. One that does not compile makes the
    /// whole set unusable: leaving it out could leave out a denial.
    pub fn of<'a>(documents: impl Iterator<Item = (String, &'a str)>) -> Self {
        let compile = |(label, document): (String, &str)| match Policy::compile_as(document, kind_of(&label)) {
            Ok(policy) => Ok((Arc::from(label), Arc::new(policy))),
            Err(error) => {
                tracing::error!(policy = label, %error, "stored policy cannot be used; its holders are denied everything");
                Err(Poisoned::new(format!("policy `{label}` cannot be used: {error}")))
            }
        };
        let policies: Result<Vec<_>, _> = documents.map(compile).collect();
        Self(Arc::new(policies.map(PolicySet::new)))
    }

    /// Compiles the policy of a bucket. One that does not compile denies everybody everything in the bucket, until its
    /// account's root mends it.
    pub fn of_bucket(bucket: &str, kept: &str) -> Self {
        Self::of_resource(format!("the policy of bucket {bucket}"), kept, Kind::Bucket)
    }

    /// Compiles the trust policy of a role. One that does not compile lets nobody take the role.
    pub fn of_role(role: &Arn, kept: &str) -> Self {
        Self::of_resource(format!("the trust policy of {role}"), kept, Kind::Trust)
    }

    fn of_resource(label: String, kept: &str, kind: Kind) -> Self {
        let compiled = Bound::read(kept).and_then(|bound| bound.compile(kind)).map_err(|error| {
            tracing::error!(policy = label, %error, "stored policy cannot be used; everybody is denied what it is about");
            Poisoned::new(format!("{label} cannot be used: {error}"))
        });
        Self(Arc::new(compiled.map(|policy| PolicySet::new([(Arc::from(label.as_str()), Arc::new(policy))]))))
    }

    /// Whether it is the same, not only equal.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The set.
    pub fn set(&self) -> Result<&PolicySet, Poisoned> {
        (*self.0).as_ref().map_err(Poisoned::clone)
    }
}

/// What a policy is: AWS's own are known by their ARN, which nobody else's has for its label.
fn kind_of(label: &str) -> Kind {
    if label.starts_with("arn:aws:iam::aws:policy/") { Kind::OfAws } else { Kind::Identity }
}

impl Poisoned {
    /// With the reason in words.
    pub fn new(reason: impl Into<Box<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Poisoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Poisoned {}
