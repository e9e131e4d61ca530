//! What is asked for and not there.

use super::{
    super::rights::{ANN, TRUST, WEB},
    Row,
};
use crate::road::gateway::ALLOW_ALL;

const NO_USER: (&str, &str) = ("UserName", "none");
const NO_GROUP: (&str, &str) = ("GroupName", "none");
const NO_ROLE: (&str, &str) = ("RoleName", "none");
const NO_PROFILE: (&str, &str) = ("InstanceProfileName", "none");
const NO_IDP: (&str, &str) = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/none.example.com");
const NO_SAML: (&str, &str) = ("SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/none");
const NO_DEVICE: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/none");
const NO_CERTIFICATE: (&str, &str) = ("ServerCertificateName", "none");
const NO_POLICY: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/none");
const NO_ARN: &str = "arn:aws:iam::123456789012:user/none";
const NO_ID: &str = "AAAA00000000000000000000";
const NO_JOB: (&str, &str) = ("JobId", "00000000-0000-4000-8000-000000000000");
const NO_BOUNDARY: (&str, &str) = ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/none");

const KNOWN: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/known");
const OTHER: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/other");
const STAFF: (&str, &str) = ("GroupName", "staff");
const READER: (&str, &str) = ("RoleName", "reader");
const INLINE: (&str, &str) = ("PolicyName", "none");
const DOCUMENT: (&str, &str) = ("PolicyDocument", ALLOW_ALL);
const TAG: [(&str, &str); 2] = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
const TAG_KEY: (&str, &str) = ("TagKeys.member.1", "k");
const CODES: [(&str, &str); 2] = [("AuthenticationCode1", "123456"), ("AuthenticationCode2", "123456")];
const PHONE: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone");
const INACTIVE: (&str, &str) = ("Status", "Inactive");
const GONE: &str = "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/00000000-0000-4000-8000-000000000000";

const USER: &str = "The user with name none cannot be found.";
const GROUP: &str = "The group with name none cannot be found.";
const ROLE: &str = "The role with name none cannot be found.";
const PROFILE: &str = "Instance Profile none cannot be found.";
const CERTIFICATE: &str = "The Server Certificate with name none cannot be found.";
const POLICY: &str = "Policy arn:aws:iam::123456789012:policy/none was not found.";
const NOT_ATTACHED: &str = "Policy arn:aws:iam::123456789012:policy/other was not found.";
const NOT_ATTACHABLE: &str = "Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.";
const SCOPE: &str = "Scope ARN: arn:aws:iam::123456789012:policy/none does not exist or is not attachable.";
const VERSION: &str = "Policy arn:aws:iam::123456789012:policy/known version v9 does not exist or is not attachable.";
const IDP: &str = "OpenIDConnect Provider not found for arn arn:aws:iam::123456789012:oidc-provider/none.example.com";
const SAML: &str = "Manifest not found for arn arn:aws:iam::123456789012:saml-provider/none";
const DEVICE: &str = "VirtualMFADevice with serial number arn:aws:iam::123456789012:mfa/none doesn't exist.";
const JOB: &str = "The job with id 00000000-0000-4000-8000-000000000000 cannot be found.";
const LOGIN: &str = "Login Profile for User ann cannot be found.";
const SSH_KEY: &str = "The SSH Public Key with id AAAA00000000000000000000 cannot be found.";
const CREDENTIAL: &str = "No such credential AAAA00000000000000000000 exists.";
const SIGNING: &str = "The Certificate with id AAAA00000000000000000000 cannot be found.";
const ACCESS_KEY: &str = "The Access Key with id AKIANONE000000000001 cannot be found.";

#[rustfmt::skip]
pub const MISSING: &[Row] = &[
    ("AddClientIDToOpenIDConnectProvider", &[NO_IDP, ("ClientID", "c")], IDP),
    ("AddRoleToInstanceProfile", &[NO_PROFILE, READER], PROFILE),
    ("AddRoleToInstanceProfile", &[WEB, NO_ROLE], ROLE),
    ("AddUserToGroup", &[NO_GROUP, ANN], GROUP),
    ("AddUserToGroup", &[STAFF, NO_USER], USER),
    ("AttachGroupPolicy", &[NO_GROUP, KNOWN], GROUP),
    ("AttachGroupPolicy", &[STAFF, NO_POLICY], NOT_ATTACHABLE),
    ("AttachRolePolicy", &[NO_ROLE, KNOWN], ROLE),
    ("AttachRolePolicy", &[READER, NO_POLICY], NOT_ATTACHABLE),
    ("AttachUserPolicy", &[NO_USER, KNOWN], USER),
    ("AttachUserPolicy", &[ANN, NO_POLICY], NOT_ATTACHABLE),
    ("ChangePassword by ann", &[("OldPassword", "Secret-1"), ("NewPassword", "Secret-2")], LOGIN),
    ("CreateAccessKey", &[NO_USER], USER),
    ("CreateLoginProfile", &[NO_USER, ("Password", "Secret-1")], USER),
    ("CreatePolicyVersion", &[NO_POLICY, DOCUMENT], POLICY),
    ("CreateServiceSpecificCredential", &[NO_USER, ("ServiceName", "codecommit.amazonaws.com")], USER),
    ("CreateUser", &[("UserName", "new"), NO_BOUNDARY], SCOPE),
    ("DeactivateMFADevice", &[ANN, PHONE], "MFA device with serial number arn:aws:iam::123456789012:mfa/phone does not exist."),
    ("DeleteAccessKey", &[ANN, ("AccessKeyId", "AKIANONE000000000001")], ACCESS_KEY),
    ("DeleteAccountAlias", &[("AccountAlias", "none")], "The account alias with name none cannot be found."),
    ("DeleteAccountPasswordPolicy", &[], "The account policy with name PasswordPolicy cannot be found."),
    ("DeleteGroup", &[NO_GROUP], GROUP),
    ("DeleteGroupPolicy", &[STAFF, INLINE], "The group policy with name none cannot be found."),
    ("DeleteGroupPolicy", &[NO_GROUP, INLINE], GROUP),
    ("DeleteInstanceProfile", &[NO_PROFILE], PROFILE),
    ("DeleteLoginProfile", &[ANN], LOGIN),
    ("DeleteLoginProfile", &[NO_USER], USER),
    ("DeleteOpenIDConnectProvider", &[NO_IDP], "OpenId connect Provider arn:aws:iam::123456789012:oidc-provider/none.example.com cannot be found."),
    ("DeletePolicy", &[NO_POLICY], POLICY),
    ("DeletePolicyVersion", &[NO_POLICY, ("VersionId", "v1")], POLICY),
    ("DeletePolicyVersion", &[KNOWN, ("VersionId", "v9")], VERSION),
    ("DeleteRole", &[NO_ROLE], ROLE),
    ("DeleteRolePermissionsBoundary", &[READER], "Role reader does not have a permissions boundary."),
    ("DeleteRolePermissionsBoundary", &[NO_ROLE], ROLE),
    ("DeleteRolePolicy", &[READER, INLINE], "The role policy with name none cannot be found."),
    ("DeleteRolePolicy", &[NO_ROLE, INLINE], ROLE),
    ("DeleteSAMLProvider", &[NO_SAML], SAML),
    ("DeleteSSHPublicKey", &[ANN, ("SSHPublicKeyId", NO_ID)], SSH_KEY),
    ("DeleteServerCertificate", &[NO_CERTIFICATE], CERTIFICATE),
    ("DeleteServiceLinkedRole", &[NO_ROLE], ROLE),
    ("DeleteServiceLinkedRole", &[READER], "The service linked role with name reader cannot be found."),
    ("DeleteServiceSpecificCredential", &[ANN, ("ServiceSpecificCredentialId", NO_ID)], CREDENTIAL),
    ("DeleteSigningCertificate", &[ANN, ("CertificateId", NO_ID)], SIGNING),
    ("DeleteUser", &[NO_USER], USER),
    ("DeleteUserPermissionsBoundary", &[ANN], "User ann does not have a permissions boundary."),
    ("DeleteUserPermissionsBoundary", &[NO_USER], USER),
    ("DeleteUserPolicy", &[ANN, INLINE], "The user policy with name none cannot be found."),
    ("DeleteUserPolicy", &[NO_USER, INLINE], USER),
    ("DeleteVirtualMFADevice", &[NO_DEVICE], DEVICE),
    ("DetachGroupPolicy", &[STAFF, OTHER], NOT_ATTACHED),
    ("DetachGroupPolicy", &[NO_GROUP, OTHER], GROUP),
    ("DetachRolePolicy", &[READER, OTHER], NOT_ATTACHED),
    ("DetachRolePolicy", &[NO_ROLE, OTHER], ROLE),
    ("DetachUserPolicy", &[ANN, OTHER], NOT_ATTACHED),
    ("DetachUserPolicy", &[NO_USER, OTHER], USER),
    ("EnableMFADevice", &[ANN, NO_DEVICE, CODES[0], CODES[1]], "MFA device with serial number arn:aws:iam::123456789012:mfa/none does not exist."),
    ("EnableMFADevice", &[NO_USER, PHONE, CODES[0], CODES[1]], USER),
    ("GenerateServiceLastAccessedDetails", &[("Arn", NO_ARN)], USER),
    ("GetAccountPasswordPolicy", &[], "The Password Policy with domain name 123456789012 cannot be found."),
    ("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", NO_ARN)], USER),
    ("GetGroup", &[NO_GROUP], GROUP),
    ("GetGroupPolicy", &[STAFF, INLINE], "The group policy with name none cannot be found."),
    ("GetInstanceProfile", &[NO_PROFILE], PROFILE),
    ("GetLoginProfile", &[ANN], LOGIN),
    ("GetMFADevice", &[ANN, NO_DEVICE], "MFA device with serial number arn:aws:iam::123456789012:mfa/none does not exist."),
    ("GetOpenIDConnectProvider", &[NO_IDP], IDP),
    ("GetOrganizationsAccessReport", &[NO_JOB], JOB),
    ("GetPolicy", &[NO_POLICY], POLICY),
    ("GetPolicyVersion", &[KNOWN, ("VersionId", "v9")], VERSION),
    ("GetPolicyVersion", &[NO_POLICY, ("VersionId", "v1")], POLICY),
    ("GetRole", &[NO_ROLE], ROLE),
    ("GetRolePolicy", &[READER, INLINE], "The role policy with name none cannot be found."),
    ("GetSAMLProvider", &[NO_SAML], SAML),
    ("GetSSHPublicKey", &[ANN, ("SSHPublicKeyId", NO_ID), ("Encoding", "SSH")], SSH_KEY),
    ("GetServerCertificate", &[NO_CERTIFICATE], CERTIFICATE),
    ("GetServiceLastAccessedDetails", &[NO_JOB], JOB),
    ("GetServiceLastAccessedDetailsWithEntities", &[NO_JOB, ("ServiceNamespace", "s3")], JOB),
    ("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", GONE)], "Deletion task task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/00000000-0000-4000-8000-000000000000 cannot be found."),
    ("GetUser", &[NO_USER], USER),
    ("GetUserPolicy", &[ANN, INLINE], "The user policy with name none cannot be found."),
    ("ListAccessKeys", &[NO_USER], USER),
    ("ListAttachedGroupPolicies", &[NO_GROUP], GROUP),
    ("ListAttachedRolePolicies", &[NO_ROLE], ROLE),
    ("ListAttachedUserPolicies", &[NO_USER], USER),
    ("ListEntitiesForPolicy", &[NO_POLICY], POLICY),
    ("ListGroupPolicies", &[NO_GROUP], GROUP),
    ("ListGroupsForUser", &[NO_USER], USER),
    ("ListInstanceProfileTags", &[NO_PROFILE], PROFILE),
    ("ListInstanceProfilesForRole", &[NO_ROLE], ROLE),
    ("ListMFADeviceTags", &[NO_DEVICE], DEVICE),
    ("ListMFADevices", &[NO_USER], USER),
    ("ListOpenIDConnectProviderTags", &[NO_IDP], IDP),
    ("ListPoliciesGrantingServiceAccess", &[("Arn", NO_ARN), ("ServiceNamespaces.member.1", "s3")], USER),
    ("ListPolicyTags", &[NO_POLICY], POLICY),
    ("ListPolicyVersions", &[NO_POLICY], POLICY),
    ("ListRolePolicies", &[NO_ROLE], ROLE),
    ("ListRoleTags", &[NO_ROLE], ROLE),
    ("ListSAMLProviderTags", &[NO_SAML], SAML),
    ("ListSSHPublicKeys", &[NO_USER], USER),
    ("ListServerCertificateTags", &[NO_CERTIFICATE], CERTIFICATE),
    ("ListServiceSpecificCredentials", &[NO_USER], USER),
    ("ListSigningCertificates", &[NO_USER], USER),
    ("ListUserPolicies", &[NO_USER], USER),
    ("ListUserTags", &[NO_USER], USER),
    ("PutGroupPolicy", &[NO_GROUP, INLINE, DOCUMENT], GROUP),
    ("PutRolePermissionsBoundary", &[NO_ROLE, ("PermissionsBoundary", KNOWN.1)], ROLE),
    ("PutRolePermissionsBoundary", &[READER, NO_BOUNDARY], SCOPE),
    ("PutRolePolicy", &[NO_ROLE, INLINE, DOCUMENT], ROLE),
    ("PutUserPermissionsBoundary", &[NO_USER, ("PermissionsBoundary", KNOWN.1)], USER),
    ("PutUserPermissionsBoundary", &[ANN, NO_BOUNDARY], SCOPE),
    ("PutUserPolicy", &[NO_USER, INLINE, DOCUMENT], USER),
    ("RemoveClientIDFromOpenIDConnectProvider", &[NO_IDP, ("ClientID", "c")], IDP),
    ("RemoveRoleFromInstanceProfile", &[WEB, READER], "Role reader in Instance Profile web cannot be found."),
    ("RemoveRoleFromInstanceProfile", &[NO_PROFILE, READER], PROFILE),
    ("RemoveUserFromGroup", &[STAFF, ANN], "User ann not in group staff"),
    ("RemoveUserFromGroup", &[NO_GROUP, ANN], GROUP),
    ("ResetServiceSpecificCredential", &[ANN, ("ServiceSpecificCredentialId", NO_ID)], CREDENTIAL),
    ("ResyncMFADevice", &[ANN, PHONE, CODES[0], CODES[1]], "MFA device with serial number arn:aws:iam::123456789012:mfa/phone does not exist."),
    ("SetDefaultPolicyVersion", &[KNOWN, ("VersionId", "v9")], VERSION),
    ("SetDefaultPolicyVersion", &[NO_POLICY, ("VersionId", "v1")], POLICY),
    ("SimulatePrincipalPolicy", &[("PolicySourceArn", NO_ARN), ("ActionNames.member.1", "s3:GetObject")], USER),
    ("TagInstanceProfile", &[NO_PROFILE, TAG[0], TAG[1]], PROFILE),
    ("TagMFADevice", &[NO_DEVICE, TAG[0], TAG[1]], DEVICE),
    ("TagOpenIDConnectProvider", &[NO_IDP, TAG[0], TAG[1]], IDP),
    ("TagPolicy", &[NO_POLICY, TAG[0], TAG[1]], POLICY),
    ("TagRole", &[NO_ROLE, TAG[0], TAG[1]], ROLE),
    ("TagSAMLProvider", &[NO_SAML, TAG[0], TAG[1]], SAML),
    ("TagServerCertificate", &[NO_CERTIFICATE, TAG[0], TAG[1]], CERTIFICATE),
    ("TagUser", &[NO_USER, TAG[0], TAG[1]], USER),
    ("UntagInstanceProfile", &[NO_PROFILE, TAG_KEY], PROFILE),
    ("UntagMFADevice", &[NO_DEVICE, TAG_KEY], DEVICE),
    ("UntagOpenIDConnectProvider", &[NO_IDP, TAG_KEY], IDP),
    ("UntagPolicy", &[NO_POLICY, TAG_KEY], POLICY),
    ("UntagRole", &[NO_ROLE, TAG_KEY], ROLE),
    ("UntagSAMLProvider", &[NO_SAML, TAG_KEY], SAML),
    ("UntagServerCertificate", &[NO_CERTIFICATE, TAG_KEY], CERTIFICATE),
    ("UntagUser", &[NO_USER, TAG_KEY], USER),
    ("UpdateAccessKey", &[ANN, ("AccessKeyId", "AKIANONE000000000001"), INACTIVE], ACCESS_KEY),
    ("UpdateAssumeRolePolicy", &[NO_ROLE, ("PolicyDocument", TRUST)], ROLE),
    ("UpdateGroup", &[NO_GROUP, ("NewGroupName", "new")], GROUP),
    ("UpdateLoginProfile", &[ANN, ("Password", "Secret-2")], LOGIN),
    ("UpdateOpenIDConnectProvider", &[NO_IDP, ("RemoveContextProvider", "true")], IDP),
    ("UpdateOpenIDConnectProviderThumbprint", &[NO_IDP, ("ThumbprintList.member.1", "990f4193972f2becf12ddeda5237f9c952f20d9e")], IDP),
    ("UpdateRole", &[NO_ROLE], ROLE),
    ("UpdateRoleDescription", &[NO_ROLE, ("Description", "d")], ROLE),
    ("UpdateSAMLProvider", &[NO_SAML, ("AssertionEncryptionMode", "Allowed")], SAML),
    ("UpdateSSHPublicKey", &[ANN, ("SSHPublicKeyId", NO_ID), INACTIVE], SSH_KEY),
    ("UpdateServerCertificate", &[NO_CERTIFICATE, ("NewPath", "/x/")], CERTIFICATE),
    ("UpdateServiceSpecificCredential", &[ANN, ("ServiceSpecificCredentialId", NO_ID), INACTIVE], CREDENTIAL),
    ("UpdateSigningCertificate", &[ANN, ("CertificateId", NO_ID), INACTIVE], SIGNING),
    ("UpdateUser", &[NO_USER, ("NewUserName", "new")], USER),
    ("UploadSSHPublicKey", &[NO_USER, ("SSHPublicKeyBody", "$ssh")], USER),
    ("UploadSigningCertificate", &[NO_USER, ("CertificateBody", "$other-body")], USER),
];
