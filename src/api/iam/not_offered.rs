//! The operations of IAM that are not offered, in order, each with the reason. May only shrink.

use crate::api::query::NotOffered;

const LATER: &str = "it is not done yet";
const MANAGER: &str = "the properties are of AWS's Role Manager, which takes its roles from templates of AWS";
const PARTNERS: &str = "such requests come from partners whom AWS admits, for policy templates that AWS keeps";
const SUMMARY: &str = "the summary is of a delegation request, and AWS has it written by a language model";
const TEMPLATES: &str = "role templates are kept by AWS alone";

/// Answered by name with `NotImplemented`.
pub static NOT_OFFERED: &[NotOffered] = &[
    ("AcceptDelegationRequest", PARTNERS),
    ("AcquireRole", TEMPLATES),
    ("AddClientIDToOpenIDConnectProvider", LATER),
    ("AddRoleToInstanceProfile", LATER),
    ("AssociateDelegationRequest", PARTNERS),
    ("CreateDelegationRequest", PARTNERS),
    ("CreateInstanceProfile", LATER),
    ("CreateOpenIDConnectProvider", LATER),
    ("CreateSAMLProvider", LATER),
    ("CreateServiceLinkedRole", LATER),
    ("DeleteInstanceProfile", LATER),
    ("DeleteOpenIDConnectProvider", LATER),
    ("DeleteSAMLProvider", LATER),
    ("DeleteServiceLinkedRole", LATER),
    ("GetAccountProperties", MANAGER),
    ("GetDelegationRequest", PARTNERS),
    ("GetHumanReadableSummary", SUMMARY),
    ("GetInstanceProfile", LATER),
    ("GetOpenIDConnectProvider", LATER),
    ("GetRoleTemplateVersion", TEMPLATES),
    ("GetSAMLProvider", LATER),
    ("GetServiceLinkedRoleDeletionStatus", LATER),
    ("ListDelegationRequests", PARTNERS),
    ("ListInstanceProfileTags", LATER),
    ("ListInstanceProfiles", LATER),
    ("ListInstanceProfilesForRole", LATER),
    ("ListOpenIDConnectProviderTags", LATER),
    ("ListOpenIDConnectProviders", LATER),
    ("ListSAMLProviderTags", LATER),
    ("ListSAMLProviders", LATER),
    ("PutAccountProperties", MANAGER),
    ("RejectDelegationRequest", PARTNERS),
    ("RemoveClientIDFromOpenIDConnectProvider", LATER),
    ("RemoveRoleFromInstanceProfile", LATER),
    ("SendDelegationToken", PARTNERS),
    ("TagInstanceProfile", LATER),
    ("TagOpenIDConnectProvider", LATER),
    ("TagSAMLProvider", LATER),
    ("UntagInstanceProfile", LATER),
    ("UntagOpenIDConnectProvider", LATER),
    ("UntagSAMLProvider", LATER),
    ("UpdateDelegationRequest", PARTNERS),
    ("UpdateOpenIDConnectProviderThumbprint", LATER),
    ("UpdateSAMLProvider", LATER),
];
