//! The operations of IAM that are not offered, in order, each with the reason. May only shrink.

use crate::api::query::NotOffered;

const MANAGER: &str = "the properties are of AWS's Role Manager, which takes its roles from templates of AWS";
const PARTNERS: &str = "such requests come from partners whom AWS admits, for policy templates that AWS keeps";
const SUMMARY: &str = "the summary is of a delegation request, and AWS has it written by a language model";
const TEMPLATES: &str = "role templates are kept by AWS alone";

/// Answered by name with `NotImplemented`.
pub static NOT_OFFERED: &[NotOffered] = &[
    ("AcceptDelegationRequest", PARTNERS),
    ("AcquireRole", TEMPLATES),
    ("AssociateDelegationRequest", PARTNERS),
    ("CreateDelegationRequest", PARTNERS),
    ("GetAccountProperties", MANAGER),
    ("GetDelegationRequest", PARTNERS),
    ("GetHumanReadableSummary", SUMMARY),
    ("GetRoleTemplateVersion", TEMPLATES),
    ("ListDelegationRequests", PARTNERS),
    ("PutAccountProperties", MANAGER),
    ("RejectDelegationRequest", PARTNERS),
    ("SendDelegationToken", PARTNERS),
    ("UpdateDelegationRequest", PARTNERS),
];
