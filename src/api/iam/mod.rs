//! IAM's API, version 2010-05-08. Source of operations, constraints and errors: IAM API reference.
//!
//! Each operation is an entry of [`OFFERED`] and a function near its relatives.

mod access_jobs;
mod access_keys;
mod account_settings;
mod account_summary;
mod aliases;
mod attachments;
mod authorization_details;
mod boundaries;
mod certificates;
pub mod checks;
mod context_providers;
mod credential_reports;
mod delegation_requests;
mod entity;
mod exclusions;
mod groups;
mod holder;
mod inline_policies;
mod instance_profiles;
mod items;
mod last_accessed;
mod listing;
mod login_profiles;
mod members;
pub mod mfa;
mod nodes;
mod not_offered;
pub(super) mod oidc_providers;
pub mod organizations;
mod organizations_report;
mod password_policies;
mod passwords;
mod policies;
mod policy_versions;
mod roles;
mod saml_metadata;
pub(super) mod saml_providers;
mod server_certificates;
mod service_credentials;
mod service_linked;
mod service_names;
mod services;
mod sessions;
mod signing_certificates;
mod simulations;
mod ssh_keys;
mod tags;
mod target;
mod texts;
mod token_settings;
mod users;

use std::sync::Arc;

pub use not_offered::NOT_OFFERED;

use super::{
    World,
    query::{Api, Input, Operation, Plan, Scene},
};
use crate::{
    base::{Fault, Principal},
    gateway::caller::Caller,
};

/// The API.
pub fn api(world: Arc<World>) -> Api {
    Api {
        service: "iam",
        version: "2010-05-08",
        namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        // A chain of certificates of 2 MiB, of which one character in twenty is escaped, and room for the rest.
        body_bytes_max: 3 * 1024 * 1024,
        offered: OFFERED,
        extensions: &[],
        unsigned: &[],
        session_rule,
        not_offered: NOT_OFFERED,
        told_resource,
        world,
    }
}

/// A user's or root's own session calls IAM only if a device proved who it is, a federated user's not at all. Source: IAM
/// user guide, "Compare AWS STS credentials".
fn session_rule(caller: &Caller, _: &str) -> Result<(), Fault> {
    let Some(session) = caller.session() else { return Ok(()) };
    let is_task = session.packed().policies.is_some();
    let passes = match caller.principal() {
        Principal::Role(_) => true,
        Principal::Root(_) | Principal::User(_) => session.mfa().is_some() || is_task,
        Principal::Federated(_) | Principal::Anonymous => false,
    };
    if passes {
        return Ok(());
    }
    let fault = Fault::new(403, "InvalidClientTokenId", "The security token included in the request is invalid");
    Err(fault.because("credentials of this kind do not call IAM"))
}

/// IAM tells of users, groups, roles and instance profiles by name and of policies by kind; devices, certificates, identity
/// providers, what is made and what is listed it tells by ARN, save a policy that is made.
fn told_resource(operation: &str, arn: &str) -> Option<String> {
    let (kind, below) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
    let name = below.rsplit('/').next()?;
    match (operation, kind) {
        (_, "delegation-request") => None,
        ("CreateUser" | "CreateGroup" | "CreateRole" | "ListUsers" | "ListGroups" | "ListRoles", _) => None,
        (_, "mfa" | "server-certificate") => None,
        (_, "access-report") => None,
        ("CreateServiceLinkedRole" | "CreateInstanceProfile" | "ListInstanceProfiles", _) => None,
        // The role that is passed.
        ("AddRoleToInstanceProfile", "role") => None,
        (_, "instance-profile") => Some(format!("instance profile {name}")),
        (_, "oidc-provider" | "saml-provider") => None,
        ("CreatePolicy", _) => Some(format!("policy {name}")),
        (_, "policy") => Some(format!("policy {arn}")),
        _ => Some(format!("{kind} {name}")),
    }
}

type Planner = fn(&Scene<'_>, &mut Input<'_>) -> Result<Plan, Fault>;

const fn read(name: &'static str, plan: Planner) -> Operation {
    Operation { name, read_only: true, plan }
}

const fn write(name: &'static str, plan: Planner) -> Operation {
    Operation { name, read_only: false, plan }
}

/// What is offered.
pub static OFFERED: &[Operation] = &[
    write("AcceptDelegationRequest", delegation_requests::accept),
    write("AddClientIDToOpenIDConnectProvider", oidc_providers::add_client_id),
    write("AddRoleToInstanceProfile", instance_profiles::add_role),
    write("AddUserToGroup", members::add),
    write("AssociateDelegationRequest", delegation_requests::associate),
    write("AttachGroupPolicy", attachments::attach_to_group),
    write("AttachRolePolicy", attachments::attach_to_role),
    write("AttachUserPolicy", attachments::attach_to_user),
    write("ChangePassword", login_profiles::change_own),
    write("CreateAccessKey", access_keys::create),
    write("CreateAccountAlias", aliases::create),
    write("CreateDelegationRequest", delegation_requests::create),
    write("CreateGroup", groups::create),
    write("CreateInstanceProfile", instance_profiles::create),
    write("CreateLoginProfile", login_profiles::create),
    write("CreateOpenIDConnectProvider", oidc_providers::create),
    write("CreatePolicy", policies::create),
    write("CreatePolicyVersion", policy_versions::create),
    write("CreateRole", roles::create),
    write("CreateSAMLProvider", saml_providers::create),
    write("CreateServiceLinkedRole", service_linked::create),
    write("CreateServiceSpecificCredential", service_credentials::create),
    write("CreateUser", users::create),
    write("CreateVirtualMFADevice", mfa::create),
    write("DeactivateMFADevice", mfa::deactivate),
    write("DeleteAccessKey", access_keys::delete),
    write("DeleteAccountAlias", aliases::delete),
    write("DeleteAccountPasswordPolicy", password_policies::delete),
    write("DeleteGroup", groups::delete),
    write("DeleteGroupPolicy", inline_policies::delete_of_group),
    write("DeleteInstanceProfile", instance_profiles::delete),
    write("DeleteLoginProfile", login_profiles::delete),
    write("DeleteOpenIDConnectProvider", oidc_providers::delete),
    write("DeletePolicy", policies::delete),
    write("DeletePolicyVersion", policy_versions::delete),
    write("DeleteRole", roles::delete),
    write("DeleteRolePermissionsBoundary", boundaries::delete_of_role),
    write("DeleteRolePolicy", inline_policies::delete_of_role),
    write("DeleteSAMLProvider", saml_providers::delete),
    write("DeleteSSHPublicKey", ssh_keys::delete),
    write("DeleteServerCertificate", server_certificates::delete),
    write("DeleteServiceLinkedRole", service_linked::delete),
    write("DeleteServiceSpecificCredential", service_credentials::delete),
    write("DeleteSigningCertificate", signing_certificates::delete),
    write("DeleteUser", users::delete),
    write("DeleteUserPermissionsBoundary", boundaries::delete_of_user),
    write("DeleteUserPolicy", inline_policies::delete_of_user),
    write("DeleteVirtualMFADevice", mfa::delete),
    write("DetachGroupPolicy", attachments::detach_from_group),
    write("DetachRolePolicy", attachments::detach_from_role),
    write("DetachUserPolicy", attachments::detach_from_user),
    write("DisableOrganizationsRootCredentialsManagement", organizations::disable_root_credentials),
    write("DisableOrganizationsRootSessions", organizations::disable_root_sessions),
    write("DisableOutboundWebIdentityFederation", token_settings::disable_federation),
    write("EnableMFADevice", mfa::enable),
    write("EnableOrganizationsRootCredentialsManagement", organizations::enable_root_credentials),
    write("EnableOrganizationsRootSessions", organizations::enable_root_sessions),
    write("EnableOutboundWebIdentityFederation", token_settings::enable_federation),
    write("GenerateCredentialReport", credential_reports::generate),
    write("GenerateOrganizationsAccessReport", organizations_report::generate),
    write("GenerateServiceLastAccessedDetails", last_accessed::generate),
    read("GetAccessKeyLastUsed", access_keys::last_used),
    read("GetAccountAuthorizationDetails", authorization_details::get),
    read("GetAccountPasswordPolicy", password_policies::get),
    read("GetAccountSummary", account_summary::get),
    read("GetContextKeysForCustomPolicy", simulations::keys_of_custom),
    read("GetContextKeysForPrincipalPolicy", simulations::keys_of_principal),
    read("GetCredentialReport", credential_reports::get),
    read("GetDelegationRequest", delegation_requests::get),
    read("GetGroup", groups::get),
    read("GetGroupPolicy", inline_policies::get_of_group),
    read("GetHumanReadableSummary", delegation_requests::summary),
    read("GetInstanceProfile", instance_profiles::get),
    read("GetLoginProfile", login_profiles::get),
    read("GetMFADevice", mfa::get),
    read("GetOpenIDConnectProvider", oidc_providers::get),
    read("GetOrganizationsAccessReport", organizations_report::get),
    read("GetOutboundWebIdentityFederationInfo", token_settings::federation_info),
    read("GetPolicy", policies::get),
    read("GetPolicyVersion", policy_versions::get),
    read("GetRole", roles::get),
    read("GetRolePolicy", inline_policies::get_of_role),
    read("GetSAMLProvider", saml_providers::get),
    read("GetSSHPublicKey", ssh_keys::get),
    read("GetServerCertificate", server_certificates::get),
    read("GetServiceLastAccessedDetails", last_accessed::details),
    read("GetServiceLastAccessedDetailsWithEntities", last_accessed::details_with_entities),
    read("GetServiceLinkedRoleDeletionStatus", service_linked::deletion_status),
    read("GetUser", users::get),
    read("GetUserPolicy", inline_policies::get_of_user),
    read("ListAccessKeys", access_keys::list),
    read("ListAccountAliases", aliases::list),
    read("ListAttachedGroupPolicies", attachments::list_of_group),
    read("ListAttachedRolePolicies", attachments::list_of_role),
    read("ListAttachedUserPolicies", attachments::list_of_user),
    read("ListDelegationRequests", delegation_requests::list),
    read("ListEntitiesForPolicy", attachments::list_entities),
    read("ListGroupPolicies", inline_policies::list_of_group),
    read("ListGroups", groups::list),
    read("ListGroupsForUser", members::groups_of_user),
    read("ListInstanceProfileTags", tags::list_of_instance_profile),
    read("ListInstanceProfiles", instance_profiles::list),
    read("ListInstanceProfilesForRole", instance_profiles::list_for_role),
    read("ListMFADeviceTags", tags::list_of_mfa_device),
    read("ListMFADevices", mfa::list),
    read("ListOpenIDConnectProviderTags", tags::list_of_oidc_provider),
    read("ListOpenIDConnectProviders", oidc_providers::list),
    read("ListOrganizationsFeatures", organizations::list_features),
    read("ListPolicies", policies::list),
    read("ListPoliciesGrantingServiceAccess", last_accessed::list_granting),
    read("ListPolicyTags", tags::list_of_policy),
    read("ListPolicyVersions", policy_versions::list),
    read("ListRolePolicies", inline_policies::list_of_role),
    read("ListRoleTags", tags::list_of_role),
    read("ListRoles", roles::list),
    read("ListSAMLProviderTags", tags::list_of_saml_provider),
    read("ListSAMLProviders", saml_providers::list),
    read("ListSSHPublicKeys", ssh_keys::list),
    read("ListServerCertificateTags", tags::list_of_server_certificate),
    read("ListServerCertificates", server_certificates::list),
    read("ListServiceSpecificCredentials", service_credentials::list),
    read("ListSigningCertificates", signing_certificates::list),
    read("ListUserPolicies", inline_policies::list_of_user),
    read("ListUserTags", tags::list_of_user),
    read("ListUsers", users::list),
    read("ListVirtualMFADevices", mfa::list_virtual),
    write("PutGroupPolicy", inline_policies::put_on_group),
    write("PutRolePermissionsBoundary", boundaries::put_on_role),
    write("PutRolePolicy", inline_policies::put_on_role),
    write("PutUserPermissionsBoundary", boundaries::put_on_user),
    write("PutUserPolicy", inline_policies::put_on_user),
    write("RejectDelegationRequest", delegation_requests::reject),
    write("RemoveClientIDFromOpenIDConnectProvider", oidc_providers::remove_client_id),
    write("RemoveRoleFromInstanceProfile", instance_profiles::remove_role),
    write("RemoveUserFromGroup", members::remove),
    write("ResetServiceSpecificCredential", service_credentials::reset),
    write("ResyncMFADevice", mfa::resync),
    write("SendDelegationToken", delegation_requests::send_token),
    write("SetDefaultPolicyVersion", policy_versions::set_default),
    write("SetSecurityTokenServicePreferences", token_settings::set_preferences),
    read("SimulateCustomPolicy", simulations::custom),
    read("SimulatePrincipalPolicy", simulations::principal),
    write("TagInstanceProfile", tags::tag_instance_profile),
    write("TagMFADevice", tags::tag_mfa_device),
    write("TagOpenIDConnectProvider", tags::tag_oidc_provider),
    write("TagPolicy", tags::tag_policy),
    write("TagRole", tags::tag_role),
    write("TagSAMLProvider", tags::tag_saml_provider),
    write("TagServerCertificate", tags::tag_server_certificate),
    write("TagUser", tags::tag_user),
    write("UntagInstanceProfile", tags::untag_instance_profile),
    write("UntagMFADevice", tags::untag_mfa_device),
    write("UntagOpenIDConnectProvider", tags::untag_oidc_provider),
    write("UntagPolicy", tags::untag_policy),
    write("UntagRole", tags::untag_role),
    write("UntagSAMLProvider", tags::untag_saml_provider),
    write("UntagServerCertificate", tags::untag_server_certificate),
    write("UntagUser", tags::untag_user),
    write("UpdateAccessKey", access_keys::update),
    write("UpdateAccountPasswordPolicy", password_policies::update),
    write("UpdateAssumeRolePolicy", roles::update_trust),
    write("UpdateDelegationRequest", delegation_requests::update),
    write("UpdateGroup", groups::update),
    write("UpdateLoginProfile", login_profiles::update),
    write("UpdateOpenIDConnectProvider", oidc_providers::update),
    write("UpdateOpenIDConnectProviderThumbprint", oidc_providers::update_thumbprints),
    write("UpdateRole", roles::update),
    write("UpdateRoleDescription", roles::update_description),
    write("UpdateSAMLProvider", saml_providers::update),
    write("UpdateSSHPublicKey", ssh_keys::update),
    write("UpdateServerCertificate", server_certificates::update),
    write("UpdateServiceSpecificCredential", service_credentials::update),
    write("UpdateSigningCertificate", signing_certificates::update),
    write("UpdateUser", users::update),
    write("UploadSSHPublicKey", ssh_keys::upload),
    write("UploadServerCertificate", server_certificates::upload),
    write("UploadSigningCertificate", signing_certificates::upload),
];
