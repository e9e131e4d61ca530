//! What is offered of IAM and STS, told from the tables that calls are dispatched by.

use super::{iam, query, sts};

/// An operation of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// The signing name of its API: `iam`.
    pub service: &'static str,
    /// `CreateUser`.
    pub name: &'static str,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// Why it is not offered; `None` if it is.
    pub missing: Option<&'static str>,
}

/// Every operation, by API and name.
pub fn coverage() -> Vec<Coverage> {
    let mut all = Vec::new();
    for (service, offered, not_offered) in
        [("iam", iam::OFFERED, iam::NOT_OFFERED), ("sts", sts::OFFERED, sts::NOT_OFFERED)]
    {
        let offered = offered.iter().map(|operation| (operation.name, operation.read_only, None));
        let missing = not_offered.iter().map(|(name, why)| (*name, query::reads(name), Some(*why)));
        let both = offered.chain(missing);
        all.extend(both.map(|(name, read_only, missing)| Coverage { service, name, read_only, missing }));
    }
    all.sort_by_key(|operation| (operation.service, operation.name));
    all
}
