//! What is offered of IAM and STS, told from the tables that calls are dispatched by.

use super::{
    iam,
    query::{self, Extension},
    sts,
};

/// An operation of AWS, or one that AWS does not have.
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
    /// The key of the configuration that turns it on, if AWS does not have it.
    pub extension: Option<&'static str>,
}

/// Every operation, by API and name.
pub fn coverage() -> Vec<Coverage> {
    let mut all = Vec::new();
    let none: &[Extension] = &[];
    for (service, offered, not_offered, extensions) in
        [("iam", iam::OFFERED, iam::NOT_OFFERED, none), ("sts", sts::OFFERED, sts::NOT_OFFERED, sts::EXTENSIONS)]
    {
        let offered = offered.iter().map(|operation| (operation.name, operation.read_only, None, None));
        let missing = not_offered.iter().map(|(name, why)| (*name, query::reads(name), Some(*why), None));
        let extensions = extensions.iter().map(|it| (it.operation.name, it.operation.read_only, None, Some(it.key)));
        let each = offered.chain(missing).chain(extensions);
        all.extend(each.map(|(name, read_only, missing, extension)| Coverage {
            service,
            name,
            read_only,
            missing,
            extension,
        }));
    }
    all.sort_by_key(|operation| (operation.service, operation.name));
    all
}
