//! Errors that AWS declares and that cannot come about here. The lists may only shrink.

/// A code, why it cannot be, and of which operations.
type Never = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
pub const NEVER: &[Never] = &[
    ("AccountNotManagementOrDelegatedAdministratorException", "who does not manage the organization is told CallerIsNotManagementAccountException", &[
        "EnableOrganizationsRootCredentialsManagement", "EnableOrganizationsRootSessions",
    ]),
    ("ConcurrentModification", "the request is looked up, and its notice delivered, before anything is written: a store that is always overtaken is not come to", &["SendDelegationToken"]),
    ("DeleteConflict", "no service uses a server certificate here", &["DeleteServerCertificate"]),
    ("EntityAlreadyExists", "a profile that has a role is over its quota of one", &["AddRoleToInstanceProfile"]),
    ("EntityAlreadyExists", "a certificate is told from others by what it holds, and the same one is a DuplicateCertificate", &["UploadSigningCertificate"]),
    ("EntityTemporarilyUnmodifiable", "a change is seen by whoever comes next: there is no time after one in which an entity cannot be changed", &[
        "DeactivateMFADevice", "EnableMFADevice", "UpdateUser",
    ]),
    ("InvalidInput", "a PathPrefix that is none is a ValidationError", &[
        "ListAttachedGroupPolicies", "ListAttachedRolePolicies", "ListAttachedUserPolicies",
    ]),
    ("InvalidInput", "what is no job's id is a ValidationError, and what is nobody's is a NoSuchEntity", &[
        "GetServiceLastAccessedDetails", "GetServiceLastAccessedDetailsWithEntities",
    ]),
    ("InvalidInput", "names, serial numbers and keys of tags that cannot be are a ValidationError, and the others a NoSuchEntity", &[
        "ListMFADeviceTags", "UntagInstanceProfile", "UntagMFADevice", "UntagServerCertificate",
    ]),
    ("InvalidInput", "what cannot be a description, a time or a flag is a ValidationError", &["UpdateLoginProfile", "UpdateRole"]),
    ("InvalidInput", "an account or a marker that is none is a ValidationError", &["ListDelegationRequests"]),
    ("LimitExceeded", "the account's next alias takes the place of the one before", &["CreateAccountAlias"]),
    ("LimitExceeded", "a user's second password is an EntityAlreadyExists", &["CreateLoginProfile"]),
    ("LimitExceeded", "roles of services may be made over the quota of roles (IAM user guide, \"IAM and AWS STS quotas\")", &["CreateServiceLinkedRole"]),
    ("LimitExceeded", "there is not more of anything afterwards, and nobody counts the calls", &[
        "ChangePassword", "DeactivateMFADevice", "DeleteAccessKey", "DeleteAccountAlias", "DeleteAccountPasswordPolicy",
        "DeleteGroup", "DeleteGroupPolicy", "DeleteInstanceProfile", "DeleteLoginProfile", "DeletePolicy",
        "DeletePolicyVersion", "DeleteRole", "DeleteRolePolicy", "DeleteSAMLProvider", "DeleteServerCertificate",
        "DeleteServiceLinkedRole", "DeleteSigningCertificate", "DeleteUser", "DeleteUserPolicy", "DeleteVirtualMFADevice",
        "DetachGroupPolicy", "DetachRolePolicy", "DetachUserPolicy", "GenerateCredentialReport",
        "RemoveRoleFromInstanceProfile", "RemoveUserFromGroup", "ResyncMFADevice", "SetDefaultPolicyVersion",
        "UpdateAccessKey", "UpdateAccountPasswordPolicy", "UpdateGroup", "UpdateLoginProfile", "UpdateServerCertificate",
        "UpdateSigningCertificate", "UpdateUser",
    ]),
    ("MalformedPolicyDocument", "what an account asks of passwords is no document", &["UpdateAccountPasswordPolicy"]),
    ("NoSuchEntity", "nothing that has to be there is named", &["CreateGroup", "UpdateAccountPasswordPolicy"]),
    ("NoSuchEntity", "a listing names nothing that has to be there", &["ListDelegationRequests"]),
    ("NoSuchEntity", "a service that has no such role is refused with AccessDenied, as AWS does", &["CreateServiceLinkedRole"]),
    ("OpenIdIdpCommunicationError", "no provider is asked for its certificate", &["CreateOpenIDConnectProvider"]),
    ("OrganizationNotInAllFeaturesModeException", "an organization of the configuration has all features", &[
        "DisableOrganizationsRootCredentialsManagement", "DisableOrganizationsRootSessions",
        "EnableOrganizationsRootCredentialsManagement", "EnableOrganizationsRootSessions", "ListOrganizationsFeatures",
    ]),
    ("PolicyEvaluation", "a policy that cannot be evaluated does not compile, and is an InvalidInput of the caller's", &["SimulateCustomPolicy"]),
    ("ReportGenerationLimitExceeded", "a report is made from what is known, and the oldest makes room", &["GenerateOrganizationsAccessReport"]),
    ("ServiceAccessNotEnabledException", "an organization of the configuration trusts IAM", &[
        "DisableOrganizationsRootCredentialsManagement", "DisableOrganizationsRootSessions",
        "EnableOrganizationsRootCredentialsManagement", "EnableOrganizationsRootSessions", "ListOrganizationsFeatures",
    ]),
    ("UnmodifiableEntity", "the description of a service's role may be changed (IAM user guide, \"Service-linked roles\")", &["UpdateRoleDescription"]),
    ("UnrecognizedPublicKeyEncoding", "an Encoding that is neither SSH nor PEM is a ValidationError", &["GetSSHPublicKey"]),
];
