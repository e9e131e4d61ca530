//! What is one too many, or too long. Every quota is one, and there is one of everything.

use super::{
    super::rights::{ANN, IDP, SAML, TRUST, WEB},
    Row,
};
use crate::road::gateway::ALLOW_ALL;

const MORE: [(&str, &str); 2] = [("Tags.member.1.Key", "more"), ("Tags.member.1.Value", "v")];
const TAGS: &str = "The number of tags has reached the maximum limit.";
const OTHER: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/other");
const CODES: [(&str, &str); 2] = [("AuthenticationCode1", "123456"), ("AuthenticationCode2", "123456")];

#[rustfmt::skip]
pub const EXCEEDED: &[Row] = &[
    ("AddClientIDToOpenIDConnectProvider", &[IDP, ("ClientID", "d")], "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 1"),
    ("AddRoleToInstanceProfile", &[WEB, ("RoleName", "reader")], "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"),
    ("AddUserToGroup", &[("GroupName", "staff"), ANN], "Cannot exceed quota for GroupsPerUser: 1"),
    ("AttachGroupPolicy", &[("GroupName", "crew"), OTHER], "Cannot exceed quota for PoliciesPerGroup: 1"),
    ("AttachRolePolicy", &[("RoleName", "writer"), OTHER], "Cannot exceed quota for PoliciesPerRole: 1"),
    ("AttachUserPolicy", &[ANN, OTHER], "Cannot exceed quota for PoliciesPerUser: 1"),
    ("CreateAccessKey", &[ANN], "Cannot exceed quota for AccessKeysPerUser: 1"),
    ("CreateGroup", &[("GroupName", "new")], "Cannot exceed quota for GroupsPerAccount: 1"),
    ("CreateInstanceProfile", &[("InstanceProfileName", "new")], "Cannot exceed quota for InstanceProfilesPerAccount: 1"),
    ("CreateOpenIDConnectProvider", &[("Url", "https://new.example.com")], "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 1"),
    ("CreatePolicy", &[("PolicyName", "new"), ("PolicyDocument", ALLOW_ALL)], "Cannot exceed quota for PoliciesPerAccount: 1"),
    ("CreatePolicy", &[("PolicyName", "new"), ("PolicyDocument", "$long")], "Cannot exceed quota for PolicySize: 6144"),
    ("CreatePolicyVersion", &[OTHER, ("PolicyDocument", ALLOW_ALL)], "A managed policy can have up to 1 versions. Before you create a new version, you must delete an existing version."),
    ("CreateRole", &[("RoleName", "new"), ("AssumeRolePolicyDocument", TRUST)], "Cannot exceed quota for RolesPerAccount: 1"),
    ("CreateSAMLProvider", &[("Name", "new"), ("SAMLMetadataDocument", "$metadata")], "Cannot exceed quota for SAMLProvidersPerAccount: 1"),
    ("CreateServiceSpecificCredential", &[ANN, ("ServiceName", "codecommit.amazonaws.com")], "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 1"),
    ("CreateUser", &[("UserName", "new")], "Cannot exceed quota for UsersPerAccount: 1"),
    ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "new")], "Cannot exceed quota for VirtualMFADevicesPerAccount: 5000"),
    ("EnableMFADevice", &[ANN, ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone"), CODES[0], CODES[1]], "Cannot exceed quota for MFADevicesPerUser: 1"),
    ("PutGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "p"), ("PolicyDocument", "$long")], "Maximum policy size of 5120 bytes exceeded for group staff"),
    ("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "p"), ("PolicyDocument", "$long")], "Maximum policy size of 10240 bytes exceeded for role reader"),
    ("PutUserPolicy", &[ANN, ("PolicyName", "q"), ("PolicyDocument", "$long")], "Maximum policy size of 2048 bytes exceeded for user ann"),
    ("TagInstanceProfile", &[WEB, MORE[0], MORE[1]], TAGS),
    ("TagMFADevice", &[("SerialNumber", "arn:aws:iam::123456789012:mfa/phone"), MORE[0], MORE[1]], TAGS),
    ("TagOpenIDConnectProvider", &[IDP, MORE[0], MORE[1]], TAGS),
    ("TagPolicy", &[("PolicyArn", "arn:aws:iam::123456789012:policy/known"), MORE[0], MORE[1]], TAGS),
    ("TagRole", &[("RoleName", "reader"), MORE[0], MORE[1]], TAGS),
    ("TagSAMLProvider", &[SAML, MORE[0], MORE[1]], TAGS),
    ("TagServerCertificate", &[("ServerCertificateName", "web"), MORE[0], MORE[1]], TAGS),
    ("TagUser", &[ANN, MORE[0], MORE[1]], TAGS),
    ("UpdateAssumeRolePolicy", &[("RoleName", "reader"), ("PolicyDocument", "$long-trust")], "Cannot exceed quota for ACLSizePerRole: 2048"),
    ("UpdateSAMLProvider", &[SAML, ("AddPrivateKey", "$rsa")], "Private key limit of 2 is reached."),
    ("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", "$other-ssh")], "Cannot exceed quota for SSHPublicKeysPerUser: 1"),
    ("UploadServerCertificate", &[("ServerCertificateName", "new"), ("CertificateBody", "$body"), ("PrivateKey", "$key")], "Cannot exceed quota for ServerCertificatesPerAccount: 1"),
    ("UploadSigningCertificate", &[ANN, ("CertificateBody", "$other-body")], "Cannot exceed quota for SigningCertificatesPerUser: 1"),
];
