//! What is refused for what is there already, hangs on it, or is not the caller's to change.

use super::{
    super::rights::{ANN, TRUST, WEB},
    Row,
};
use crate::road::gateway::ALLOW_ALL;

const CODE_1: (&str, &str) = ("AuthenticationCode1", "123456");
const CODE_2: (&str, &str) = ("AuthenticationCode2", "123456");
const HELD: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/held");

/// Names differ without regard to case.
#[rustfmt::skip]
pub const TAKEN: &[Row] = &[
    ("CreateAccountAlias", &[("AccountAlias", "our")], "The account alias our already exists."),
    ("CreateGroup", &[("GroupName", "Staff")], "Group with name Staff already exists."),
    ("CreateInstanceProfile", &[("InstanceProfileName", "Web")], "Instance Profile Web already exists."),
    ("CreateLoginProfile", &[("UserName", "bob"), ("Password", "Secret-1")], "Login Profile for user bob already exists."),
    ("CreateOpenIDConnectProvider", &[("Url", "https://idp.example.com/a")], "Provider with url https://idp.example.com/a already exists."),
    ("CreatePolicy", &[("PolicyName", "Known"), ("PolicyDocument", ALLOW_ALL)], "A policy called Known already exists. Duplicate names are not allowed."),
    ("CreateRole", &[("RoleName", "Reader"), ("AssumeRolePolicyDocument", TRUST)], "Role with name Reader already exists."),
    ("CreateSAMLProvider", &[("Name", "idp"), ("SAMLMetadataDocument", "$metadata")], "Provider with name idp already exists."),
    ("CreateUser", &[("UserName", "Ann")], "User with name Ann already exists."),
    ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "Phone")], "MFADevice entity at the same path and name already exists."),
    ("EnableMFADevice", &[ANN, HELD, CODE_1, CODE_2], "MFA device is already in use."),
    ("UpdateGroup", &[("GroupName", "staff"), ("NewGroupName", "Crew")], "Group with name Crew already exists."),
    ("UpdateServerCertificate", &[("ServerCertificateName", "web"), ("NewServerCertificateName", "Site")], "The Server Certificate with name Site already exists."),
    ("UpdateUser", &[ANN, ("NewUserName", "Bob")], "User with name Bob already exists."),
    ("UploadServerCertificate", &[("ServerCertificateName", "Web"), ("CertificateBody", "$body"), ("PrivateKey", "$key")], "The Server Certificate with name Web already exists."),
];

#[rustfmt::skip]
pub const IN_USE: &[Row] = &[
    ("DeleteGroup", &[("GroupName", "crew")], "Cannot delete entity, must remove users from group first."),
    ("DeleteInstanceProfile", &[WEB], "Cannot delete entity, must remove roles from instance profile first."),
    ("DeletePolicy", &[("PolicyArn", "arn:aws:iam::123456789012:policy/known")], "Cannot delete a policy attached to entities."),
    ("DeletePolicyVersion", &[("PolicyArn", "arn:aws:iam::123456789012:policy/known"), ("VersionId", "v1")], "Cannot delete the default version of a policy."),
    ("DeleteRole", &[("RoleName", "writer")], "Cannot delete entity, must remove roles from instance profile first."),
    ("DeleteUser", &[ANN], "Cannot delete entity, must delete access keys first."),
    ("DeleteVirtualMFADevice", &[HELD], "MFA VirtualDevice in use. Must deactivate first."),
];

const ECS: (&str, &str) = ("RoleName", "AWSServiceRoleForECS");
const KNOWN: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/known");
const MODIFIED_BY_AWS: &str =
    "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS";

#[rustfmt::skip]
pub const PROTECTED: &[Row] = &[
    ("AddRoleToInstanceProfile", &[WEB, ECS], MODIFIED_BY_AWS),
    ("AttachRolePolicy", &[ECS, KNOWN], MODIFIED_BY_AWS),
    ("DeleteRole", &[ECS], MODIFIED_BY_AWS),
    ("DeleteRolePermissionsBoundary", &[ECS], MODIFIED_BY_AWS),
    ("DeleteRolePolicy", &[ECS, ("PolicyName", "p")], MODIFIED_BY_AWS),
    ("DetachRolePolicy", &[ECS, KNOWN], MODIFIED_BY_AWS),
    ("PutRolePermissionsBoundary", &[ECS, ("PermissionsBoundary", KNOWN.1)], MODIFIED_BY_AWS),
    ("PutRolePolicy", &[ECS, ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)], MODIFIED_BY_AWS),
    ("RemoveRoleFromInstanceProfile", &[WEB, ECS], MODIFIED_BY_AWS),
    ("UpdateAssumeRolePolicy", &[ECS, ("PolicyDocument", TRUST)], MODIFIED_BY_AWS),
    ("UpdateRole", &[ECS, ("MaxSessionDuration", "7200")], "AWSServiceRoleForECS is an AWS service linked role, max session duration cannot be changed."),
];

const SUPPORT: &str = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy";
const NOT_ATTACHABLE: &str = "Cannot attach a Service Role Policy to a Customer Role.";

#[rustfmt::skip]
pub const OF_SERVICES: &[Row] = &[
    ("AttachGroupPolicy", &[("GroupName", "staff"), ("PolicyArn", SUPPORT)], NOT_ATTACHABLE),
    ("AttachRolePolicy", &[("RoleName", "reader"), ("PolicyArn", SUPPORT)], NOT_ATTACHABLE),
    ("AttachUserPolicy", &[ANN, ("PolicyArn", SUPPORT)], NOT_ATTACHABLE),
    ("PutRolePermissionsBoundary", &[("RoleName", "reader"), ("PermissionsBoundary", SUPPORT)], NOT_ATTACHABLE),
    ("PutUserPermissionsBoundary", &[ANN, ("PermissionsBoundary", SUPPORT)], NOT_ATTACHABLE),
];

const NONE: &str = "No organization is associated with the account that made the request.";

pub const NO_ORGANIZATION: &[Row] = &[
    ("DisableOrganizationsRootCredentialsManagement", &[], NONE),
    ("DisableOrganizationsRootSessions", &[], NONE),
    ("EnableOrganizationsRootCredentialsManagement", &[], NONE),
    ("EnableOrganizationsRootSessions", &[], NONE),
    ("ListOrganizationsFeatures", &[], NONE),
];

const NOT_IN_CHARGE: &str =
    "The account that made the request is not the management account or a delegated administrator of the organization.";

pub const STRANGERS: &[Row] = &[
    ("DisableOrganizationsRootCredentialsManagement by boss", &[], NOT_IN_CHARGE),
    ("DisableOrganizationsRootSessions by boss", &[], NOT_IN_CHARGE),
    ("ListOrganizationsFeatures by boss", &[], NOT_IN_CHARGE),
];

const OF_ANOTHER: &str = "The account that made the request is not the management account of the organization.";

pub const NOT_MANAGEMENT: &[Row] = &[
    ("EnableOrganizationsRootCredentialsManagement by boss", &[], OF_ANOTHER),
    ("EnableOrganizationsRootSessions by boss", &[], OF_ANOTHER),
];
