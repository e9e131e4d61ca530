//! What is refused for how it looks.

use super::{
    super::rights::{ANN, IDP, SAML, WEB},
    Row,
};
use crate::road::gateway::ALLOW_ALL;

/// What is an ARN, and of nothing that is asked for.
const NO_ARN: &str = "arn:aws:iam::123456789012:no-policy";
const NO_POLICY: (&str, &str) = ("PolicyArn", NO_ARN);
const NO_IDP: (&str, &str) = ("OpenIDConnectProviderArn", NO_ARN);
const NO_SAML: (&str, &str) = ("SAMLProviderArn", NO_ARN);
const NOT_VALID: &str = "ARN arn:aws:iam::123456789012:no-policy is not valid.";
const NOT_VALID_EITHER: &str = "Invalid ARN:  arn:aws:iam::123456789012:no-policy";
const UNCLEAR: &str =
    "Invalid Entity Arn: arn:aws:iam::123456789012:no-policy does not clearly define entity type and name.";
const TWICE: [(&str, &str); 4] = [
    ("Tags.member.1.Key", "k"),
    ("Tags.member.1.Value", "v"),
    ("Tags.member.2.Key", "K"),
    ("Tags.member.2.Value", "v"),
];
const DUPLICATE: &str = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
const EXPIRED: &str = "The status Expired cannot be set.";
const DOCUMENT_TEXT: (&str, &str) = ("PolicyDocument", ALLOW_ALL);

#[rustfmt::skip]
pub const INPUT: &[Row] = &[
    ("AddClientIDToOpenIDConnectProvider", &[NO_IDP, ("ClientID", "d")], NOT_VALID_EITHER),
    ("AttachGroupPolicy", &[("GroupName", "staff"), NO_POLICY], NOT_VALID),
    ("AttachRolePolicy", &[("RoleName", "reader"), NO_POLICY], NOT_VALID),
    ("AttachUserPolicy", &[ANN, NO_POLICY], NOT_VALID),
    ("CreateInstanceProfile", &[("InstanceProfileName", "new"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("CreateOpenIDConnectProvider", &[("Url", "https://new.example.com"), PRINTS[0], PRINTS[1], PRINTS[2], PRINTS[3], PRINTS[4], PRINTS[5]], "Thumbprint list must contain fewer than 5 entries."),
    ("CreatePolicy", &[("PolicyName", "new"), DOCUMENT_TEXT, TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("CreatePolicyVersion", &[NO_POLICY, DOCUMENT_TEXT], NOT_VALID),
    ("CreateRole", &[("RoleName", "new"), ("AssumeRolePolicyDocument", ALLOW_ALL), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("CreateSAMLProvider", &[("Name", "new"), ("SAMLMetadataDocument", "$nonsense")], "Could not parse metadata"),
    ("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com"), ("CustomSuffix", "x")], "Custom suffix is not allowed for ecs.amazonaws.com"),
    ("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")], "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix."),
    ("CreateUser", &[("UserName", "new"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "new"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("DeleteOpenIDConnectProvider", &[NO_IDP], NOT_VALID_EITHER),
    ("DeletePolicy", &[NO_POLICY], NOT_VALID),
    ("DeletePolicyVersion", &[NO_POLICY, ("VersionId", "v1")], NOT_VALID),
    ("DeleteSAMLProvider", &[NO_SAML], NOT_VALID_EITHER),
    ("DetachGroupPolicy", &[("GroupName", "staff"), NO_POLICY], NOT_VALID),
    ("DetachRolePolicy", &[("RoleName", "reader"), NO_POLICY], NOT_VALID),
    ("DetachUserPolicy", &[ANN, NO_POLICY], NOT_VALID),
    ("GenerateServiceLastAccessedDetails", &[("Arn", NO_ARN)], UNCLEAR),
    ("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", "{")], "Invalid policy PolicyInputList.1: "),
    ("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", NO_ARN)], UNCLEAR),
    ("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam::999999999999:user/ann")], "Invalid Policy Source Arn: caller's account 123456789012 does not have access to policies in account 999999999999"),
    ("GetOpenIDConnectProvider", &[NO_IDP], NOT_VALID_EITHER),
    ("GetPolicy", &[NO_POLICY], NOT_VALID),
    ("GetPolicyVersion", &[NO_POLICY, ("VersionId", "v1")], NOT_VALID),
    ("GetSAMLProvider", &[NO_SAML], NOT_VALID_EITHER),
    ("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", "task/x")], "Deletion task id task/x is not valid."),
    ("ListEntitiesForPolicy", &[NO_POLICY], NOT_VALID),
    ("ListOpenIDConnectProviderTags", &[NO_IDP], NOT_VALID_EITHER),
    ("ListPoliciesGrantingServiceAccess", &[("Arn", NO_ARN), ("ServiceNamespaces.member.1", "s3")], UNCLEAR),
    ("ListPolicyTags", &[NO_POLICY], NOT_VALID),
    ("ListPolicyVersions", &[NO_POLICY], NOT_VALID),
    ("ListSAMLProviderTags", &[NO_SAML], NOT_VALID_EITHER),
    ("PutRolePermissionsBoundary", &[("RoleName", "reader"), ("PermissionsBoundary", NO_ARN)], NOT_VALID),
    ("PutUserPermissionsBoundary", &[ANN, ("PermissionsBoundary", NO_ARN)], NOT_VALID),
    ("RemoveClientIDFromOpenIDConnectProvider", &[NO_IDP, ("ClientID", "c")], NOT_VALID_EITHER),
    ("SetDefaultPolicyVersion", &[NO_POLICY, ("VersionId", "v1")], NOT_VALID),
    ("SimulateCustomPolicy", &[("PolicyInputList.member.1", "{"), ("ActionNames.member.1", "s3:GetObject")], "Invalid policy PolicyInputList.1: "),
    ("SimulateCustomPolicy", &[("PolicyInputList.member.1", ALLOW_ALL), ("ActionNames.member.1", "abc")], "Invalid action name: abc"),
    ("SimulatePrincipalPolicy", &[("PolicySourceArn", NO_ARN), ("ActionNames.member.1", "s3:GetObject")], UNCLEAR),
    ("TagInstanceProfile", &[WEB, TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagMFADevice", &[("SerialNumber", "arn:aws:iam::123456789012:mfa/phone"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagOpenIDConnectProvider", &[IDP, TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagPolicy", &[("PolicyArn", "arn:aws:iam::123456789012:policy/known"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagRole", &[("RoleName", "reader"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagSAMLProvider", &[SAML, TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagServerCertificate", &[("ServerCertificateName", "web"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("TagUser", &[ANN, TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
    ("UntagOpenIDConnectProvider", &[NO_IDP, ("TagKeys.member.1", "k")], NOT_VALID_EITHER),
    ("UntagPolicy", &[NO_POLICY, ("TagKeys.member.1", "k")], NOT_VALID),
    ("UntagSAMLProvider", &[NO_SAML, ("TagKeys.member.1", "k")], NOT_VALID_EITHER),
    ("UpdateAccessKey", &[ANN, ("AccessKeyId", "AKIA0000000000000ann"), ("Status", "Expired")], EXPIRED),
    ("UpdateOpenIDConnectProvider", &[NO_IDP, ("RemoveContextProvider", "true")], NOT_VALID_EITHER),
    ("UpdateOpenIDConnectProvider", &[IDP], "Unable to update identity provider. No updates are defined."),
    ("UpdateOpenIDConnectProviderThumbprint", &[NO_IDP, PRINTS[0]], NOT_VALID_EITHER),
    ("UpdateSAMLProvider", &[SAML], "Unable to update identity provider. No updates are defined for metadata or encryption assertion."),
    ("UpdateSSHPublicKey", &[ANN, ("SSHPublicKeyId", "$SSHPublicKeyId"), ("Status", "Expired")], EXPIRED),
    ("UpdateSigningCertificate", &[ANN, ("CertificateId", "$CertificateId"), ("Status", "Expired")], EXPIRED),
    ("UploadServerCertificate", &[("ServerCertificateName", "new"), ("CertificateBody", "$body"), ("PrivateKey", "$key"), TWICE[0], TWICE[1], TWICE[2], TWICE[3]], DUPLICATE),
];

/// One more than there may be.
const PRINTS: [(&str, &str); 6] = [
    ("ThumbprintList.member.1", "1111111111111111111111111111111111111111"),
    ("ThumbprintList.member.2", "2222222222222222222222222222222222222222"),
    ("ThumbprintList.member.3", "3333333333333333333333333333333333333333"),
    ("ThumbprintList.member.4", "4444444444444444444444444444444444444444"),
    ("ThumbprintList.member.5", "5555555555555555555555555555555555555555"),
    ("ThumbprintList.member.6", "6666666666666666666666666666666666666666"),
];

const TORN: (&str, &str) = ("PolicyDocument", "{");
const SYNTAX: &str = "Syntax errors in policy.";

#[rustfmt::skip]
pub const DOCUMENT: &[Row] = &[
    ("CreatePolicy", &[("PolicyName", "new"), TORN], SYNTAX),
    ("CreatePolicyVersion", &[("PolicyArn", "arn:aws:iam::123456789012:policy/known"), TORN], SYNTAX),
    ("CreateRole", &[("RoleName", "new"), ("AssumeRolePolicyDocument", "{")], ""),
    ("CreateRole", &[("RoleName", "new"), ("AssumeRolePolicyDocument", ALLOW_ALL)], ""),
    ("PutGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "p"), TORN], SYNTAX),
    ("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "p"), TORN], SYNTAX),
    ("PutUserPolicy", &[ANN, ("PolicyName", "p"), TORN], SYNTAX),
    ("UpdateAssumeRolePolicy", &[("RoleName", "reader"), TORN], ""),
];

const PHONE: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone");
const HELD: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/held");
const CODE_1: (&str, &str) = ("AuthenticationCode1", "123456");
const CODE_2: (&str, &str) = ("AuthenticationCode2", "123456");

/// Two codes that are the same are never right.
pub const CODES: &[Row] = &[
    ("EnableMFADevice", &[ANN, PHONE, CODE_1, CODE_2], "Authentication code for device is not valid."),
    ("ResyncMFADevice", &[ANN, HELD, CODE_1, CODE_2], "Authentication code for device is not valid."),
];

pub const CERTIFICATES: &[Row] = &[("UploadSigningCertificate", &[ANN, ("CertificateBody", "$odd-body")], "")];

const UNPARSED: &str = "Unable to parse certificate. Please ensure the certificate is in PEM format.";

#[rustfmt::skip]
pub const UNREADABLE: &[Row] = &[
    ("UploadServerCertificate", &[("ServerCertificateName", "new"), ("CertificateBody", "none"), ("PrivateKey", "$key")], UNPARSED),
    ("UploadSigningCertificate", &[ANN, ("CertificateBody", "none")], UNPARSED),
];

const S3: (&str, &str) = ("ServiceName", "s3.amazonaws.com");
const UNSUPPORTED: &str = "Service s3.amazonaws.com does not support service-specific credentials.";

pub const SERVICES: &[Row] = &[
    ("CreateServiceSpecificCredential", &[ANN, S3], UNSUPPORTED),
    ("ListServiceSpecificCredentials", &[ANN, S3], UNSUPPORTED),
];

const SHORT: &str = "Password should have a minimum length of 8";

pub const PASSWORDS: &[Row] = &[
    ("ChangePassword by bob", &[("OldPassword", "Secret-1"), ("NewPassword", "short")], SHORT),
    ("CreateLoginProfile", &[ANN, ("Password", "short")], SHORT),
    ("UpdateLoginProfile", &[("UserName", "bob"), ("Password", "short")], SHORT),
];
