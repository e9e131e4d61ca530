"""Rows of iam_flow.py: principals of policies by unique id, instance profiles, roles of services, identity providers."""

import json

CERTIFICATE = """
MIIBizCCATGgAwIBAgIUZgvvD09ioS3MVdrQv1JeZkTTeb0wCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPaWRwLmV4YW1wbGUuY29tMCAXDTI2MTEyNjAwNDEyOFoYDzIx
MjYxMTAyMDA0MTI4WjAaMRgwFgYDVQQDDA9pZHAuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATmfA7UkOFQ94YjJglgAgyDu8sHw31zTz5YmY2e
I332/tdZFO0wWSUi0NWnVxQr8dTxbTI2/PFPnazoT78hepcUo1MwUTAdBgNVHQ4E
FgQUiiK2uPIhOpORrOmlTNxSKVaq0i0wHwYDVR0jBBgwFoAUiiK2uPIhOpORrOml
TNxSKVaq0i0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAf6QOF
X2+cQAoFPrKq+BgkYy193I2aYrJz2br/kEk6wgIhANRRyj5QeRSPiH3unJ70Qp44
AP/UFKSyYToSgd7cjasN
"""
METADATA = f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/$u"
    validUntil="2031-02-03T04:05:06Z">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate>
    </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"""

OK = {}
GUEST, GUEST_ARN = {"UserName": "$u-guest"}, "arn:aws:iam::$account:user/$u-guest"
ROLE, PROFILE = {"RoleName": "$u-role"}, {"InstanceProfileName": "$u-profile"}
SCALING = {"RoleName": "AWSServiceRoleForAutoScaling_$u"}
URL = "idp.example.com/$u"
IDP = {"OpenIDConnectProviderArn": f"arn:aws:iam::$account:oidc-provider/{URL}"}
SAML = {"SAMLProviderArn": "arn:aws:iam::$account:saml-provider/$u"}
PRINT = "990f4193972f2becf12ddeda5237f9c952f20d9e"
CONTEXT = {"SubjectSourceKey": "sub", "SubjectTypeValue": "user", "KeyDefinitionList": [{"SourceKey": "team", "TargetKey": "Team"}]}
TAGS = [{"Key": "team", "Value": "a b"}]


def trust(who):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}]}


def rows(keep):
    """The rows; `keep` is iam_flow's."""
    return [
        # whom a trust policy names is kept by unique id
        ("root", "iam.CreateRole", {**ROLE, "AssumeRolePolicyDocument": json.dumps(trust(GUEST_ARN))},
         ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{GUEST_ARN}"')),
        ("root", "iam.CreateUser", GUEST, keep("guest_id", "User.UserId")),
        ("root", "iam.CreateRole", {**ROLE, "AssumeRolePolicyDocument": json.dumps(trust(GUEST_ARN))},
         {"Role.AssumeRolePolicyDocument": trust(GUEST_ARN)}),
        ("root", "iam.UpdateUser", {**GUEST, "NewUserName": "$u-friend"}, OK),
        ("root", "iam.GetRole", ROLE, {"Role.AssumeRolePolicyDocument": trust("arn:aws:iam::$account:user/$u-friend")}),
        ("root", "iam.DeleteUser", {"UserName": "$u-friend"}, OK),
        ("root", "iam.CreateUser", {"UserName": "$u-friend"}, OK),
        ("root", "iam.GetRole", ROLE, {"Role.AssumeRolePolicyDocument": trust("$guest_id")}),
        ("root", "iam.UpdateAssumeRolePolicy", {**ROLE, "PolicyDocument": trust("$guest_id")}, ("MalformedPolicyDocument", None)),
        ("root", "iam.DeleteUser", {"UserName": "$u-friend"}, OK),
        # an instance profile
        ("root", "iam.CreateInstanceProfile", {**PROFILE, "Path": "$p", "Tags": TAGS},
         {"InstanceProfile.Arn": "arn:aws:iam::$account:instance-profile$p$u-profile", "InstanceProfile.Roles": [],
          "InstanceProfile.Tags": TAGS}),
        ("root", "iam.AddRoleToInstanceProfile", {**PROFILE, **ROLE}, OK),
        ("root", "iam.AddRoleToInstanceProfile", {**PROFILE, **ROLE},
         ("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")),
        ("root", "iam.GetInstanceProfile", PROFILE, {"InstanceProfile.Roles[].RoleName": ["$u-role"]}),
        ("root", "iam.ListInstanceProfiles", {"PathPrefix": "$p"}, {"InstanceProfiles[].InstanceProfileName": ["$u-profile"]}),
        ("root", "iam.ListInstanceProfilesForRole", ROLE, {"InstanceProfiles[].InstanceProfileName": ["$u-profile"]}),
        ("root", "iam.DeleteInstanceProfile", PROFILE, ("DeleteConflict", None)),
        ("root", "iam.RemoveRoleFromInstanceProfile", {**PROFILE, **ROLE}, OK),
        ("root", "iam.TagInstanceProfile", {**PROFILE, "Tags": [{"Key": "k", "Value": "v"}]}, OK),
        ("root", "iam.UntagInstanceProfile", {**PROFILE, "TagKeys": ["team"]}, OK),
        ("root", "iam.ListInstanceProfileTags", PROFILE, {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("root", "iam.DeleteInstanceProfile", PROFILE, OK),
        ("root", "iam.GetInstanceProfile", PROFILE, ("NoSuchEntity", "Instance Profile $u-profile cannot be found.")),
        ("root", "iam.DeleteRole", ROLE, OK),
        # the role of a service
        ("root", "iam.CreateServiceLinkedRole", {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "$u"},
         {"Role.Path": "/aws-service-role/autoscaling.amazonaws.com/", "Role.RoleName": SCALING["RoleName"]}),
        ("root", "iam.CreateServiceLinkedRole", {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "$u"}, ("InvalidInput", None)),
        ("root", "iam.DeleteRole", SCALING, ("UnmodifiableEntity", None)),
        ("root", "iam.DeleteServiceLinkedRole", SCALING, keep("task", "DeletionTaskId")),
        ("root", "iam.GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": "$task"}, {"Status": "SUCCEEDED"}),
        # an OpenID Connect provider
        ("root", "iam.CreateOpenIDConnectProvider", {"Url": f"https://{URL}", "ClientIDList": ["c"], "Tags": TAGS}, IDP),
        ("root", "iam.CreateOpenIDConnectProvider", {"Url": f"https://{URL}"},
         ("EntityAlreadyExists", f"Provider with url https://{URL} already exists.")),
        ("root", "iam.AddClientIDToOpenIDConnectProvider", {**IDP, "ClientID": "d"}, OK),
        ("root", "iam.RemoveClientIDFromOpenIDConnectProvider", {**IDP, "ClientID": "c"}, OK),
        ("root", "iam.UpdateOpenIDConnectProviderThumbprint", {**IDP, "ThumbprintList": [PRINT]}, OK),
        ("root", "iam.GetOpenIDConnectProvider", IDP, {"Url": URL, "ClientIDList": ["d"], "ThumbprintList": [PRINT], "Tags": TAGS}),
        ("root", "iam.ListOpenIDConnectProviders", {}, {"length(OpenIDConnectProviderList) > `0`": True}),
        ("root", "iam.UntagOpenIDConnectProvider", {**IDP, "TagKeys": ["team"]}, OK),
        ("root", "iam.TagOpenIDConnectProvider", {**IDP, "Tags": [{"Key": "k", "Value": "v"}]}, OK),
        ("root", "iam.ListOpenIDConnectProviderTags", IDP, {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("root", "iam.DeleteOpenIDConnectProvider", IDP, OK),
        ("root", "iam.GetOpenIDConnectProvider", IDP, ("NoSuchEntity", None)),
        # a SAML provider
        ("root", "iam.CreateSAMLProvider", {"Name": "$u", "SAMLMetadataDocument": "x" * 1000}, ("InvalidInput", "Could not parse metadata")),
        ("root", "iam.CreateSAMLProvider", {"Name": "$u", "SAMLMetadataDocument": METADATA, "Tags": TAGS}, SAML),
        ("root", "iam.GetSAMLProvider", SAML, {"SAMLMetadataDocument": METADATA, "AssertionEncryptionMode": "Allowed",
                                               "PrivateKeyList": [], "Tags": TAGS}),
        ("root", "iam.UpdateSAMLProvider", {**SAML, "AssertionEncryptionMode": "Required"}, ("InvalidInput", None)),
        ("root", "iam.UpdateSAMLProvider", {**SAML, "SAMLMetadataDocument": METADATA}, SAML),
        ("root", "iam.ListSAMLProviders", {}, {"length(SAMLProviderList) > `0`": True}),
        ("root", "iam.UntagSAMLProvider", {**SAML, "TagKeys": ["team"]}, OK),
        ("root", "iam.TagSAMLProvider", {**SAML, "Tags": [{"Key": "k", "Value": "v"}]}, OK),
        ("root", "iam.ListSAMLProviderTags", SAML, {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("root", "iam.DeleteSAMLProvider", SAML, OK),
        ("root", "iam.GetSAMLProvider", SAML, ("NoSuchEntity", None)),
    ]


# The SDK for JavaScript does not know the operation yet.
CONTEXTS = [
    ("root", "iam.CreateOpenIDConnectProvider", {"Url": f"https://{URL}"}, IDP),
    ("root", "iam.UpdateOpenIDConnectProvider", {**IDP, "ContextProvider": CONTEXT}, OK),
    ("root", "iam.GetOpenIDConnectProvider", IDP, {"ContextProvider": CONTEXT}),
    ("root", "iam.UpdateOpenIDConnectProvider", {**IDP, "ContextProvider": CONTEXT, "RemoveContextProvider": True},
     ("InvalidInput", None)),
    ("root", "iam.UpdateOpenIDConnectProvider", {**IDP, "RemoveContextProvider": True}, OK),
    ("root", "iam.GetOpenIDConnectProvider", IDP, {"ContextProvider": None}),
    ("root", "iam.DeleteOpenIDConnectProvider", IDP, OK),
]
