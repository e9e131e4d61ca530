//! Who may call what: for every operation the action and the resource that it is decided on, and that nobody gets past
//! the decision.

use countersign::api::iam;

use super::{call, form};
use crate::road::{
    client::Request,
    gateway::{ALLOW_ALL, DENY_ALL, Gateway, Setup},
    signer::Signer,
    upstream::Upstream,
};

pub const POLICY_ARN: &str = "arn:aws:iam::123456789012:policy/known";
const ANN_ARN: &str = "arn:aws:iam::123456789012:user/ann";
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
const JOB: &str = "00000000-0000-4000-8000-000000000000";
pub const WEB: (&str, &str) = ("InstanceProfileName", "web");
pub const IDP: (&str, &str) = ("OpenIDConnectProviderArn", "arn:aws:iam::123456789012:oidc-provider/idp.example.com/a");
pub const SAML: (&str, &str) = ("SAMLProviderArn", "arn:aws:iam::123456789012:saml-provider/idp");
/// As long as a SAML provider's document, which is read after the decision.
const LONG: &str = match str::from_utf8(&[b'a'; 1000]) {
    Ok(text) => text,
    Err(_) => "",
};
pub const ANN: (&str, &str) = ("UserName", "ann");
const ANNS_KEY: &str = "AKIA0000000000000ann";
const PHONE: (&str, &str) = ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone");
const REQUEST: (&str, &str) = ("DelegationRequestId", "dr-0000000000000000");
const SOME_ID: &str = "AAAA00000000000000000000";

/// An operation, the resource that it is decided on (below the account's `arn:aws:iam::123456789012:`, unless it is none),
/// and its parameters.
pub type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
pub const RIGHTS: &[Row] = &[
    ("AcceptDelegationRequest", "delegation-request/dr-0000000000000000", &[REQUEST]),
    ("AddClientIDToOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP, ("ClientID", "c")]),
    ("AddRoleToInstanceProfile", "instance-profile/web", &[WEB, ("RoleName", "reader")]),
    ("AddUserToGroup", "group/staff", &[("GroupName", "staff"), ("UserName", "ann")]),
    ("AssociateDelegationRequest", "delegation-request/dr-0000000000000000", &[REQUEST]),
    ("AttachGroupPolicy", "group/staff", &[("GroupName", "staff"), ("PolicyArn", POLICY_ARN)]),
    ("AttachRolePolicy", "role/reader", &[("RoleName", "reader"), ("PolicyArn", POLICY_ARN)]),
    ("AttachUserPolicy", "user/ann", &[("UserName", "ann"), ("PolicyArn", POLICY_ARN)]),
    ("ChangePassword", "user/{caller}", &[("OldPassword", "o"), ("NewPassword", "n")]),
    ("CreateAccessKey", "user/ann", &[("UserName", "ann")]),
    ("CreateAccountAlias", "*", &[("AccountAlias", "alias")]),
    ("CreateDelegationRequest", "delegation-request/*", &[("Description", "d"), ("Permissions.PolicyTemplateArn", "arn:aws:iam::123456789012:delegation-template/t"), ("RequestorWorkflowId", "workflow"), ("NotificationChannel", "arn:aws:sns:us-east-1:123456789012:t"), ("SessionDuration", "300")]),
    ("CreateGroup", "group/x/new", &[("GroupName", "new"), ("Path", "/x/")]),
    ("CreateInstanceProfile", "instance-profile/x/new", &[("InstanceProfileName", "new"), ("Path", "/x/")]),
    ("CreateLoginProfile", "user/ann", &[("UserName", "ann"), ("Password", "Secret-1")]),
    ("CreateOpenIDConnectProvider", "oidc-provider/new.example.com", &[("Url", "https://new.example.com")]),
    ("CreatePolicy", "policy/new", &[("PolicyName", "new"), ("PolicyDocument", ALLOW_ALL)]),
    ("CreatePolicyVersion", "policy/known", &[("PolicyArn", POLICY_ARN), ("PolicyDocument", ALLOW_ALL)]),
    ("CreateRole", "role/x/new", &[("RoleName", "new"), ("Path", "/x/"), ("AssumeRolePolicyDocument", TRUST)]),
    ("CreateSAMLProvider", "saml-provider/new", &[("Name", "new"), ("SAMLMetadataDocument", LONG)]),
    ("CreateServiceLinkedRole", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", &[("AWSServiceName", "ecs.amazonaws.com")]),
    ("CreateServiceSpecificCredential", "user/ann", &[("UserName", "ann"), ("ServiceName", "codecommit.amazonaws.com")]),
    ("CreateUser", "user/x/new", &[("UserName", "new"), ("Path", "/x/")]),
    ("CreateVirtualMFADevice", "mfa/x/new", &[("VirtualMFADeviceName", "new"), ("Path", "/x/")]),
    ("DeactivateMFADevice", "user/ann", &[("UserName", "ann"), PHONE]),
    ("DeleteAccessKey", "user/ann", &[("UserName", "ann"), ("AccessKeyId", ANNS_KEY)]),
    ("DeleteAccountAlias", "*", &[("AccountAlias", "alias")]),
    ("DeleteAccountPasswordPolicy", "*", &[]),
    ("DeleteGroup", "group/staff", &[("GroupName", "staff")]),
    ("DeleteGroupPolicy", "group/staff", &[("GroupName", "staff"), ("PolicyName", "p")]),
    ("DeleteInstanceProfile", "instance-profile/web", &[WEB]),
    ("DeleteLoginProfile", "user/ann", &[("UserName", "ann")]),
    ("DeleteOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP]),
    ("DeletePolicy", "policy/known", &[("PolicyArn", POLICY_ARN)]),
    ("DeletePolicyVersion", "policy/known", &[("PolicyArn", POLICY_ARN), ("VersionId", "v2")]),
    ("DeleteRole", "role/reader", &[("RoleName", "reader")]),
    ("DeleteRolePermissionsBoundary", "role/reader", &[("RoleName", "reader")]),
    ("DeleteRolePolicy", "role/reader", &[("RoleName", "reader"), ("PolicyName", "p")]),
    ("DeleteSAMLProvider", "saml-provider/idp", &[SAML]),
    ("DeleteSSHPublicKey", "user/ann", &[("UserName", "ann"), ("SSHPublicKeyId", SOME_ID)]),
    ("DeleteServerCertificate", "server-certificate/web", &[("ServerCertificateName", "web")]),
    ("DeleteServiceLinkedRole", "role/reader", &[("RoleName", "reader")]),
    ("DeleteServiceSpecificCredential", "user/ann", &[("UserName", "ann"), ("ServiceSpecificCredentialId", SOME_ID)]),
    ("DeleteSigningCertificate", "user/ann", &[("UserName", "ann"), ("CertificateId", SOME_ID)]),
    ("DeleteUser", "user/ann", &[("UserName", "ann")]),
    ("DeleteUserPermissionsBoundary", "user/ann", &[("UserName", "ann")]),
    ("DeleteUserPolicy", "user/ann", &[("UserName", "ann"), ("PolicyName", "p")]),
    ("DeleteVirtualMFADevice", "mfa/phone", &[PHONE]),
    ("DetachGroupPolicy", "group/staff", &[("GroupName", "staff"), ("PolicyArn", POLICY_ARN)]),
    ("DetachRolePolicy", "role/reader", &[("RoleName", "reader"), ("PolicyArn", POLICY_ARN)]),
    ("DetachUserPolicy", "user/ann", &[("UserName", "ann"), ("PolicyArn", POLICY_ARN)]),
    ("DisableOrganizationsRootCredentialsManagement", "*", &[]),
    ("DisableOrganizationsRootSessions", "*", &[]),
    ("DisableOutboundWebIdentityFederation", "*", &[]),
    ("EnableMFADevice", "user/ann", &[("UserName", "ann"), PHONE, ("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")]),
    ("EnableOrganizationsRootCredentialsManagement", "*", &[]),
    ("EnableOrganizationsRootSessions", "*", &[]),
    ("EnableOutboundWebIdentityFederation", "*", &[]),
    ("GenerateCredentialReport", "*", &[]),
    ("GenerateOrganizationsAccessReport", "access-report/o-exampleorgid/r-ab12", &[("EntityPath", "o-exampleorgid/r-ab12")]),
    ("GenerateServiceLastAccessedDetails", "user/ann", &[("Arn", ANN_ARN)]),
    ("GetAccessKeyLastUsed", "user/ann", &[("AccessKeyId", ANNS_KEY)]),
    ("GetAccountAuthorizationDetails", "*", &[]),
    ("GetAccountPasswordPolicy", "*", &[]),
    ("GetAccountSummary", "*", &[]),
    ("GetContextKeysForCustomPolicy", "*", &[("PolicyInputList.member.1", ALLOW_ALL)]),
    ("GetContextKeysForPrincipalPolicy", "user/ann", &[("PolicySourceArn", ANN_ARN)]),
    ("GetCredentialReport", "*", &[]),
    ("GetDelegationRequest", "delegation-request/dr-0000000000000000", &[REQUEST]),
    ("GetGroup", "group/staff", &[("GroupName", "staff")]),
    ("GetGroupPolicy", "group/staff", &[("GroupName", "staff"), ("PolicyName", "p")]),
    ("GetHumanReadableSummary", "delegation-request/dr-0000000000000000", &[("EntityArn", "arn:aws:iam::123456789012:delegation-request/dr-0000000000000000")]),
    ("GetInstanceProfile", "instance-profile/web", &[WEB]),
    ("GetLoginProfile", "user/ann", &[("UserName", "ann")]),
    ("GetMFADevice", "user/ann", &[("UserName", "ann"), PHONE]),
    ("GetOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP]),
    ("GetOrganizationsAccessReport", "*", &[("JobId", JOB)]),
    ("GetOutboundWebIdentityFederationInfo", "*", &[]),
    ("GetPolicy", "policy/known", &[("PolicyArn", POLICY_ARN)]),
    ("GetPolicyVersion", "policy/known", &[("PolicyArn", POLICY_ARN), ("VersionId", "v1")]),
    ("GetRole", "role/reader", &[("RoleName", "reader")]),
    ("GetRolePolicy", "role/reader", &[("RoleName", "reader"), ("PolicyName", "p")]),
    ("GetSAMLProvider", "saml-provider/idp", &[SAML]),
    ("GetSSHPublicKey", "user/ann", &[("UserName", "ann"), ("SSHPublicKeyId", SOME_ID), ("Encoding", "SSH")]),
    ("GetServerCertificate", "server-certificate/web", &[("ServerCertificateName", "web")]),
    ("GetServiceLastAccessedDetails", "*", &[("JobId", JOB)]),
    ("GetServiceLastAccessedDetailsWithEntities", "*", &[("JobId", JOB), ("ServiceNamespace", "s3")]),
    ("GetServiceLinkedRoleDeletionStatus", "role/aws-service-role/ecs.amazonaws.com/r", &[("DeletionTaskId", "task/aws-service-role/ecs.amazonaws.com/r/00000000-0000-4000-8000-000000000000")]),
    ("GetUser", "user/ann", &[("UserName", "ann")]),
    ("GetUserPolicy", "user/ann", &[("UserName", "ann"), ("PolicyName", "p")]),
    ("ListAccessKeys", "user/ann", &[("UserName", "ann")]),
    ("ListAccountAliases", "*", &[]),
    ("ListAttachedGroupPolicies", "group/staff", &[("GroupName", "staff")]),
    ("ListAttachedRolePolicies", "role/reader", &[("RoleName", "reader")]),
    ("ListAttachedUserPolicies", "user/ann", &[("UserName", "ann")]),
    ("ListDelegationRequests", "*", &[]),
    ("ListEntitiesForPolicy", "policy/known", &[("PolicyArn", POLICY_ARN)]),
    ("ListGroupPolicies", "group/staff", &[("GroupName", "staff")]),
    ("ListGroups", "group/x/", &[("PathPrefix", "/x/")]),
    ("ListGroupsForUser", "user/ann", &[("UserName", "ann")]),
    ("ListInstanceProfileTags", "instance-profile/web", &[WEB]),
    ("ListInstanceProfiles", "instance-profile/x/", &[("PathPrefix", "/x/")]),
    ("ListInstanceProfilesForRole", "role/reader", &[("RoleName", "reader")]),
    ("ListMFADeviceTags", "mfa/phone", &[PHONE]),
    ("ListMFADevices", "user/ann", &[("UserName", "ann")]),
    ("ListOpenIDConnectProviderTags", "oidc-provider/idp.example.com/a", &[IDP]),
    ("ListOpenIDConnectProviders", "oidc-provider/*", &[]),
    ("ListOrganizationsFeatures", "*", &[]),
    ("ListPolicies", "policy path /x/", &[("PathPrefix", "/x/")]),
    ("ListPoliciesGrantingServiceAccess", "user/ann", &[("Arn", ANN_ARN), ("ServiceNamespaces.member.1", "s3")]),
    ("ListPolicyTags", "policy/known", &[("PolicyArn", POLICY_ARN)]),
    ("ListPolicyVersions", "policy/known", &[("PolicyArn", POLICY_ARN)]),
    ("ListRolePolicies", "role/reader", &[("RoleName", "reader")]),
    ("ListRoleTags", "role/reader", &[("RoleName", "reader")]),
    ("ListRoles", "role/x/", &[("PathPrefix", "/x/")]),
    ("ListSAMLProviderTags", "saml-provider/idp", &[SAML]),
    ("ListSAMLProviders", "saml-provider/*", &[]),
    ("ListSSHPublicKeys", "user/ann", &[("UserName", "ann")]),
    ("ListServerCertificateTags", "server-certificate/web", &[("ServerCertificateName", "web")]),
    ("ListServerCertificates", "server-certificate/x/", &[("PathPrefix", "/x/")]),
    ("ListServiceSpecificCredentials", "user/ann", &[("UserName", "ann")]),
    ("ListSigningCertificates", "user/ann", &[("UserName", "ann")]),
    ("ListUserPolicies", "user/ann", &[("UserName", "ann")]),
    ("ListUserTags", "user/ann", &[("UserName", "ann")]),
    ("ListUsers", "user/", &[]),
    ("ListVirtualMFADevices", "mfa/", &[]),
    ("PutGroupPolicy", "group/staff", &[("GroupName", "staff"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ("PutRolePermissionsBoundary", "role/reader", &[("RoleName", "reader"), ("PermissionsBoundary", POLICY_ARN)]),
    ("PutRolePolicy", "role/reader", &[("RoleName", "reader"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ("PutUserPermissionsBoundary", "user/ann", &[("UserName", "ann"), ("PermissionsBoundary", POLICY_ARN)]),
    ("PutUserPolicy", "user/ann", &[("UserName", "ann"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ("RejectDelegationRequest", "delegation-request/dr-0000000000000000", &[REQUEST]),
    ("RemoveClientIDFromOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP, ("ClientID", "c")]),
    ("RemoveRoleFromInstanceProfile", "instance-profile/web", &[WEB, ("RoleName", "reader")]),
    ("RemoveUserFromGroup", "group/staff", &[("GroupName", "staff"), ("UserName", "ann")]),
    ("ResetServiceSpecificCredential", "user/ann", &[("UserName", "ann"), ("ServiceSpecificCredentialId", SOME_ID)]),
    ("ResyncMFADevice", "user/ann", &[("UserName", "ann"), PHONE, ("AuthenticationCode1", "123456"), ("AuthenticationCode2", "654321")]),
    ("SendDelegationToken", "delegation-request/dr-0000000000000000", &[REQUEST]),
    ("SetDefaultPolicyVersion", "policy/known", &[("PolicyArn", POLICY_ARN), ("VersionId", "v1")]),
    ("SetSecurityTokenServicePreferences", "*", &[("GlobalEndpointTokenVersion", "v2Token")]),
    ("SimulateCustomPolicy", "*", &[("PolicyInputList.member.1", ALLOW_ALL), ("ActionNames.member.1", "s3:GetObject")]),
    ("SimulatePrincipalPolicy", "user/ann", &[("PolicySourceArn", ANN_ARN), ("ActionNames.member.1", "s3:GetObject")]),
    ("TagInstanceProfile", "instance-profile/web", &[WEB, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagMFADevice", "mfa/phone", &[PHONE, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagPolicy", "policy/known", &[("PolicyArn", POLICY_ARN), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagRole", "role/reader", &[("RoleName", "reader"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagSAMLProvider", "saml-provider/idp", &[SAML, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagServerCertificate", "server-certificate/web", &[("ServerCertificateName", "web"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("TagUser", "user/ann", &[("UserName", "ann"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("UntagInstanceProfile", "instance-profile/web", &[WEB, ("TagKeys.member.1", "team")]),
    ("UntagMFADevice", "mfa/phone", &[PHONE, ("TagKeys.member.1", "team")]),
    ("UntagOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP, ("TagKeys.member.1", "team")]),
    ("UntagPolicy", "policy/known", &[("PolicyArn", POLICY_ARN), ("TagKeys.member.1", "team")]),
    ("UntagRole", "role/reader", &[("RoleName", "reader"), ("TagKeys.member.1", "team")]),
    ("UntagSAMLProvider", "saml-provider/idp", &[SAML, ("TagKeys.member.1", "team")]),
    ("UntagServerCertificate", "server-certificate/web", &[("ServerCertificateName", "web"), ("TagKeys.member.1", "team")]),
    ("UntagUser", "user/ann", &[("UserName", "ann"), ("TagKeys.member.1", "team")]),
    ("UpdateAccessKey", "user/ann", &[("UserName", "ann"), ("AccessKeyId", ANNS_KEY), ("Status", "Inactive")]),
    ("UpdateAccountPasswordPolicy", "*", &[]),
    ("UpdateAssumeRolePolicy", "role/reader", &[("RoleName", "reader"), ("PolicyDocument", TRUST)]),
    ("UpdateDelegationRequest", "delegation-request/dr-0000000000000000", &[REQUEST]),
    ("UpdateGroup", "group/staff", &[("GroupName", "staff"), ("NewGroupName", "crew")]),
    ("UpdateLoginProfile", "user/ann", &[("UserName", "ann"), ("PasswordResetRequired", "true")]),
    ("UpdateOpenIDConnectProvider", "oidc-provider/idp.example.com/a", &[IDP, ("RemoveContextProvider", "true")]),
    ("UpdateOpenIDConnectProviderThumbprint", "oidc-provider/idp.example.com/a", &[IDP, ("ThumbprintList.member.1", "990f4193972f2becf12ddeda5237f9c952f20d9e")]),
    ("UpdateRole", "role/reader", &[("RoleName", "reader")]),
    ("UpdateRoleDescription", "role/reader", &[("RoleName", "reader"), ("Description", "d")]),
    ("UpdateSAMLProvider", "saml-provider/idp", &[SAML, ("AssertionEncryptionMode", "Allowed")]),
    ("UpdateSSHPublicKey", "user/ann", &[("UserName", "ann"), ("SSHPublicKeyId", SOME_ID), ("Status", "Inactive")]),
    ("UpdateServerCertificate", "server-certificate/web", &[("ServerCertificateName", "web"), ("NewServerCertificateName", "site")]),
    ("UpdateServiceSpecificCredential", "user/ann", &[("UserName", "ann"), ("ServiceSpecificCredentialId", SOME_ID), ("Status", "Inactive")]),
    ("UpdateSigningCertificate", "user/ann", &[("UserName", "ann"), ("CertificateId", SOME_ID), ("Status", "Inactive")]),
    ("UpdateUser", "user/ann", &[("UserName", "ann"), ("NewUserName", "anna")]),
    ("UploadSSHPublicKey", "user/ann", &[("UserName", "ann"), ("SSHPublicKeyBody", "ssh-rsa AAAA")]),
    ("UploadServerCertificate", "server-certificate/x/new", &[("ServerCertificateName", "new"), ("Path", "/x/"), ("CertificateBody", "none"), ("PrivateKey", "none")]),
    ("UploadSigningCertificate", "user/ann", &[("UserName", "ann"), ("CertificateBody", "none")]),
];

#[test]
fn the_table_has_every_operation() {
    let named: Vec<&str> = RIGHTS.iter().map(|(name, ..)| *name).collect();
    let offered: Vec<&str> = iam::OFFERED.iter().map(|operation| operation.name).collect();
    assert_eq!(named, offered);
}

#[test]
fn no_operation_is_carried_out_without_a_right() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (nobody, denied) = (gateway.user("nobody", None), gateway.user("denied", Some(DENY_ALL)));
    gateway.user("ann", None);
    let root = gateway.root();
    for (action, parameters) in [
        ("CreateGroup", &[("GroupName", "staff")][..]),
        ("CreatePolicy", &[("PolicyName", "known"), ("PolicyDocument", ALLOW_ALL)]),
        ("CreateRole", &[("RoleName", "reader"), ("AssumeRolePolicyDocument", TRUST)]),
        ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]),
        ("CreateInstanceProfile", &[WEB]),
        ("CreateOpenIDConnectProvider", &[("Url", "https://idp.example.com/a")]),
    ] {
        assert_eq!(call(&gateway, &root, action, parameters).status, 200, "{action}");
    }
    let before = listed(&gateway);
    for (action, resource, parameters) in RIGHTS {
        let arn = format!("arn:aws:iam::123456789012:{resource}");
        let resource = match (*action, resource.split_once('/')) {
            ("CreateUser" | "CreateGroup" | "CreateRole" | "ListUsers" | "ListGroups" | "ListRoles", _) => arn,
            (_, Some(("mfa" | "server-certificate", _))) => arn,
            (_, Some(("access-report" | "delegation-request", _))) => arn,
            ("CreateServiceLinkedRole" | "CreateInstanceProfile" | "ListInstanceProfiles", _) => arn,
            (_, Some(("instance-profile", name))) => format!("instance profile {name}"),
            (_, Some(("oidc-provider" | "saml-provider", _))) => arn,
            ("CreatePolicy", _) => "policy new".to_owned(),
            (_, Some(("policy", _))) => format!("policy {arn}"),
            (_, Some((kind @ ("user" | "group" | "role"), below))) => {
                format!("{kind} {}", below.rsplit('/').next().unwrap_or_default())
            }
            _ => (*resource).to_owned(),
        };
        for (name, key, end) in [
            ("nobody", &nobody, format!("because no identity-based policy allows the iam:{action} action")),
            ("denied", &denied, "with an explicit deny in an identity-based policy".to_owned()),
        ] {
            let resource = resource.replace("{caller}", name);
            let start = format!("is not authorized to perform: iam:{action} on resource: {resource} ");
            let answer = call(&gateway, key, action, parameters);
            let text = answer.text();
            assert_eq!(answer.status, 403, "{action}: {text}");
            assert!(text.contains("<Code>AccessDenied</Code>"), "{action}: {text}");
            assert!(text.contains(&(start.clone() + &end)), "{action}: {text}");
            let record = gateway.record(&answer);
            assert_eq!(
                (record["eventName"].as_str(), record["errorCode"].as_str()),
                (Some(*action), Some("AccessDenied"))
            );
        }
        let forged = gateway.send(&Signer::of("iam", &root.forged()), form(action, parameters));
        let late = gateway.send(&Signer::of("iam", &root).ago(1000), form(action, parameters));
        let other = gateway.send(&Signer::of("sts", &root), form(action, parameters));
        let unsigned = crate::road::client::send(gateway.address, &gateway.addressed(form(action, parameters)));
        for (answer, status, code) in [
            (forged, 403, "SignatureDoesNotMatch"),
            (late, 403, "SignatureDoesNotMatch"),
            (other, 400, "InvalidAction"),
            (unsigned, 403, "MissingAuthenticationToken"),
        ] {
            let text = answer.text();
            assert!(answer.status == status && text.contains(&format!("<Code>{code}</Code>")), "{action}: {text}");
        }
    }
    assert_eq!(listed(&gateway), before, "something was changed");
}

/// Everything that the operations above could have changed.
fn listed(gateway: &Gateway) -> Vec<String> {
    let listings: [(&str, &[(&str, &str)]); 22] = [
        ("ListUsers", &[]),
        ("ListRoles", &[]),
        ("ListRolePolicies", &[("RoleName", "reader")]),
        ("ListGroups", &[]),
        ("ListPolicies", &[]),
        ("ListAccessKeys", &[("UserName", "ann")]),
        ("ListUserPolicies", &[("UserName", "ann")]),
        ("ListGroupsForUser", &[("UserName", "ann")]),
        ("ListEntitiesForPolicy", &[("PolicyArn", POLICY_ARN)]),
        ("ListPolicyVersions", &[("PolicyArn", POLICY_ARN)]),
        ("ListVirtualMFADevices", &[]),
        ("ListMFADeviceTags", &[PHONE]),
        ("ListSSHPublicKeys", &[("UserName", "ann")]),
        ("ListSigningCertificates", &[("UserName", "ann")]),
        ("ListServiceSpecificCredentials", &[("AllUsers", "true")]),
        ("ListServerCertificates", &[]),
        ("ListInstanceProfiles", &[]),
        ("ListInstanceProfileTags", &[WEB]),
        ("ListOpenIDConnectProviders", &[]),
        ("GetOpenIDConnectProvider", &[IDP]),
        ("ListSAMLProviders", &[]),
        ("ListInstanceProfilesForRole", &[("RoleName", "reader")]),
    ];
    let of = |(action, parameters): (&str, &[(&str, &str)])| {
        let answer = call(gateway, &gateway.root(), action, parameters);
        let text = answer.text().to_string();
        assert_eq!(answer.status, 200, "{action}: {text}");
        text.split("<ResponseMetadata>").next().unwrap_or_default().to_owned()
    };
    listings.map(of).into()
}

/// AWS has IAM and STS in one region for all: clients sign for that one, or for their own.
#[test]
fn our_own_apis_answer_in_their_global_region_too() {
    let upstream = Upstream::start();
    let setup = Setup { keys: &[("REGIONS", "[\"eu-a\"]")], ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    let root = gateway.root();
    let list = || form("ListUsers", &[]);
    for (service, region, status) in [
        ("iam", "us-east-1", 200),
        ("iam", "eu-a", 200),
        ("iam", "eu-b", 403),
        ("s3", "eu-a", 200),
        ("s3", "us-east-1", 400),
    ] {
        let request = if service == "s3" { Request::new("GET", "/photos/a") } else { list() };
        let signer = if service == "s3" { Signer::s3(&root) } else { Signer::of("iam", &root) };
        let answer = gateway.send(&Signer { region, ..signer }, request);
        assert_eq!(answer.status, status, "{service} {region}: {}", answer.text());
    }
}
