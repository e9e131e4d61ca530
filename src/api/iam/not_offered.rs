//! The operations of IAM that are not offered, in order, each with the reason. May only shrink.

use crate::api::query::NotOffered;

const MANAGER: &str = "the properties are of AWS's Role Manager, which takes its roles from templates of AWS";
const TEMPLATES: &str = "role templates are kept by AWS alone";

/// Answered by name with `NotImplemented`.
pub static NOT_OFFERED: &[NotOffered] = &[
    ("AcquireRole", TEMPLATES),
    ("GetAccountProperties", MANAGER),
    ("GetRoleTemplateVersion", TEMPLATES),
    ("PutAccountProperties", MANAGER),
];
