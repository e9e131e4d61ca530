//! The organization that the accounts here belong to: its policies of control, and the keys that tell of it.
//!
//! Source: AWS Organizations user guide, "Service control policies" and "Resource control policies".

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::{base::condition::Value, policy::PolicySet};

/// Levels from the organization's root down to the accounts. Each level has to allow.
#[derive(Debug, Default)]
pub struct Organization {
    /// `o-exampleorgid`; `None` if the accounts belong to none.
    pub id: Option<Box<str>>,
    /// From the root to the accounts: `o-exampleorgid/r-ab12/ou-ab12-11111111/`.
    pub path: Option<Box<str>>,
    /// Service control policies: the most that the principals of the accounts may do, root included.
    pub service_control: Vec<PolicySet>,
    /// Resource control policies: the most that may be done with the resources of the accounts, by whomever.
    pub resource_control: Vec<PolicySet>,
}

/// Services whose resources are under resource control, of those that are served here. Source: AWS Organizations user
/// guide, "Resource control policies", list of services.
const RESOURCE_CONTROLLED: [&str; 2] = ["s3:", "sts:"];

impl Organization {
    /// The levels that limit a principal; none limits who is of no account.
    pub fn limits_on_principals(&self, is_of_account: bool) -> SmallVec<[&PolicySet; 1]> {
        self.service_control.iter().filter(|_| is_of_account).collect()
    }

    /// The levels that limit what an action may do with a resource.
    pub fn limits_on_resources(&self, action: &str) -> SmallVec<[&PolicySet; 1]> {
        let is_controlled = RESOURCE_CONTROLLED.iter().any(|service| action.starts_with(service));
        self.resource_control.iter().filter(|_| is_controlled).collect()
    }

    /// Whether anything limits even root.
    pub fn limits_root(&self) -> bool {
        !self.service_control.is_empty() || !self.resource_control.is_empty()
    }

    /// A key that tells of the organization of a principal or of a resource, without `principal` and `resource`.
    pub fn fact(&self, name: &str) -> Value<'_> {
        match name {
            "orgid" => Value::maybe(self.id.as_deref()),
            "orgpaths" => match &self.path {
                Some(path) => Value::Many(vec![Cow::Borrowed(&**path)]),
                None => Value::Absent,
            },
            _ => Value::Absent,
        }
    }
}
