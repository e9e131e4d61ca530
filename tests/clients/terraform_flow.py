"""The calls by which Terraform's AWS provider makes, reads, changes, imports and deletes IAM's resources, as rows of iam_flow.py.

After each change the provider reads again and compares what it finds with what was written, documents as JSON; what was
deleted has to be gone with `NoSuchEntity`. A resource's rows stand together: create, read, update, read, delete, read.
Source: the provider's `internal/service/iam` and the documentation of its resources.
"""

import json

from iam_flow import OK, policy

T = "terraform-"
USER, GROUP, ROLE = {"UserName": T + "user"}, {"GroupName": T + "group"}, {"RoleName": T + "role"}
ARN = "arn:aws:iam::$account:"
POLICY = {"PolicyArn": f"{ARN}policy/{T}policy"}
BOUND = {"PermissionsBoundary": f"{ARN}policy/{T}bound"}
PROFILE = {"InstanceProfileName": T + "profile"}
READ, WRITE = policy("s3:GetObject", "*"), policy(["s3:GetObject", "s3:PutObject"], "*")
INLINE = {"PolicyName": "inline"}
TAGS, OTHER_TAGS = [{"Key": "Name", "Value": "one"}], [{"Key": "Name", "Value": "two"}, {"Key": "Env", "Value": "test"}]


def trust(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


def gone(operation, given):
    return "root", f"iam.{operation}", given, ("NoSuchEntity", None)


def root(operation, given, expected=OK):
    return "root", f"iam.{operation}", given, expected


POLICIES = [
    # aws_iam_policy: its tags come with GetPolicy; a new document is a new version in force
    root("CreatePolicy", {"PolicyName": T + "policy", "Path": "/", "Description": "d", "PolicyDocument": READ, "Tags": TAGS},
         {"Policy.Arn": POLICY["PolicyArn"], "Policy.DefaultVersionId": "v1"}),
    root("GetPolicy", POLICY, {"Policy.PolicyName": T + "policy", "Policy.Path": "/", "Policy.Description": "d",
                               "Policy.Tags": TAGS, "Policy.AttachmentCount": 0, "Policy.DefaultVersionId": "v1"}),
    root("GetPolicyVersion", {**POLICY, "VersionId": "v1"}, {"PolicyVersion.Document": READ}),
    root("ListPolicyVersions", POLICY, {"Versions[].VersionId": ["v1"]}),
    root("CreatePolicyVersion", {**POLICY, "PolicyDocument": WRITE, "SetAsDefault": True}, {"PolicyVersion.VersionId": "v2"}),
    root("UntagPolicy", {**POLICY, "TagKeys": ["Name"]}),
    root("TagPolicy", {**POLICY, "Tags": OTHER_TAGS}),
    root("GetPolicy", POLICY, {"Policy.DefaultVersionId": "v2", "sort_by(Policy.Tags, &Key)[].Value": ["test", "two"]}),
    root("GetPolicyVersion", {**POLICY, "VersionId": "v2"}, {"PolicyVersion.Document": WRITE}),
    # the sixth version: the oldest goes first
    *[root("CreatePolicyVersion", {**POLICY, "PolicyDocument": READ, "SetAsDefault": True}) for _ in range(3)],
    root("ListPolicyVersions", POLICY, {"Versions[].VersionId": ["v5", "v4", "v3", "v2", "v1"]}),
    root("DeletePolicyVersion", {**POLICY, "VersionId": "v1"}),
    root("CreatePolicyVersion", {**POLICY, "PolicyDocument": WRITE, "SetAsDefault": True}, {"PolicyVersion.VersionId": "v6"}),
    # the boundary of the user and of the role below
    root("CreatePolicy", {"PolicyName": T + "bound", "PolicyDocument": WRITE}, {"Policy.Arn": BOUND["PermissionsBoundary"]}),
]

USERS = [
    # aws_iam_user
    root("CreateUser", {**USER, "Path": "/", "Tags": TAGS, **BOUND}, {"User.Arn": f"{ARN}user/{T}user"}),
    root("GetUser", USER, {"User.Path": "/", "User.Tags": TAGS, "starts_with(User.UserId, 'AIDA')": True,
                           "User.PermissionsBoundary.PermissionsBoundaryArn": BOUND["PermissionsBoundary"]}),
    root("ListUserTags", USER, {"Tags": TAGS}),
    root("UpdateUser", {**USER, "NewUserName": T + "user", "NewPath": "/t/"}),
    root("DeleteUserPermissionsBoundary", USER),
    root("TagUser", {**USER, "Tags": OTHER_TAGS}),
    root("UntagUser", {**USER, "TagKeys": ["Env"]}),
    root("GetUser", USER, {"User.Arn": f"{ARN}user/t/{T}user", "User.PermissionsBoundary": None,
                           "User.Tags": [{"Key": "Name", "Value": "two"}]}),
    root("PutUserPermissionsBoundary", {**USER, **BOUND}),
    root("GetUser", USER, {"User.PermissionsBoundary.PermissionsBoundaryType": "Policy"}),
    # aws_iam_user_policy
    gone("GetUserPolicy", {**USER, **INLINE}),
    root("PutUserPolicy", {**USER, **INLINE, "PolicyDocument": READ}),
    root("GetUserPolicy", {**USER, **INLINE}, {"PolicyDocument": READ, "PolicyName": "inline"}),
    root("PutUserPolicy", {**USER, **INLINE, "PolicyDocument": WRITE}),
    root("GetUserPolicy", {**USER, **INLINE}, {"PolicyDocument": WRITE}),
    root("DeleteUserPolicy", {**USER, **INLINE}),
    gone("GetUserPolicy", {**USER, **INLINE}),
    gone("DeleteUserPolicy", {**USER, **INLINE}),
    # aws_iam_access_key: found in the list of its user; the import asks for the user by the key
    root("CreateAccessKey", USER, {"AccessKey.UserName": T + "user", "AccessKey.Status": "Active"}),
    root("ListAccessKeys", USER, {"AccessKeyMetadata[].Status": ["Active"]}),
]

GROUPS = [
    # aws_iam_group
    root("CreateGroup", {**GROUP, "Path": "/"}, {"Group.Arn": f"{ARN}group/{T}group"}),
    root("GetGroup", GROUP, {"Group.Path": "/", "Group.GroupName": T + "group", "Users": []}),
    root("UpdateGroup", {**GROUP, "NewGroupName": T + "group", "NewPath": "/t/"}),
    root("GetGroup", GROUP, {"Group.Path": "/t/"}),
    # aws_iam_group_membership, which is read from the group; aws_iam_user_group_membership reads it from the user
    root("AddUserToGroup", {**GROUP, **USER}),
    root("GetGroup", GROUP, {"Users[].UserName": [T + "user"], "IsTruncated": False}),
    root("ListGroupsForUser", USER, {"Groups[].GroupName": [T + "group"]}),
    root("RemoveUserFromGroup", {**GROUP, **USER}),
    root("GetGroup", GROUP, {"Users": []}),
    gone("RemoveUserFromGroup", {**GROUP, **USER}),
    root("DeleteGroup", GROUP),
    gone("GetGroup", GROUP),
    gone("DeleteGroup", GROUP),
]

ROLES = [
    # aws_iam_role: inline and attached policies are read with it
    root("CreateRole", {**ROLE, "Path": "/", "AssumeRolePolicyDocument": trust("ec2.amazonaws.com"), "MaxSessionDuration": 3600,
                        "Description": "d", "Tags": TAGS, **BOUND}, {"Role.Arn": f"{ARN}role/{T}role"}),
    root("GetRole", ROLE, {"Role.AssumeRolePolicyDocument": json.loads(trust("ec2.amazonaws.com")), "Role.Description": "d",
                           "Role.MaxSessionDuration": 3600, "Role.Tags": TAGS, "Role.Path": "/",
                           "Role.PermissionsBoundary.PermissionsBoundaryArn": BOUND["PermissionsBoundary"]}),
    root("ListRolePolicies", ROLE, {"PolicyNames": []}),
    root("ListAttachedRolePolicies", ROLE, {"AttachedPolicies": []}),
    root("UpdateAssumeRolePolicy", {**ROLE, "PolicyDocument": trust("lambda.amazonaws.com")}),
    root("UpdateRoleDescription", {**ROLE, "Description": "e"}),
    root("UpdateRole", {**ROLE, "MaxSessionDuration": 7200, "Description": "e"}),
    root("DeleteRolePermissionsBoundary", ROLE),
    root("TagRole", {**ROLE, "Tags": OTHER_TAGS}),
    root("GetRole", ROLE, {"Role.AssumeRolePolicyDocument": json.loads(trust("lambda.amazonaws.com")), "Role.Description": "e",
                           "Role.MaxSessionDuration": 7200, "Role.PermissionsBoundary": None, "length(Role.Tags)": 2}),
    root("ListRoleTags", ROLE, {"sort_by(Tags, &Key)[].Value": ["test", "two"]}),
    # aws_iam_role_policy
    root("PutRolePolicy", {**ROLE, **INLINE, "PolicyDocument": READ}),
    root("GetRolePolicy", {**ROLE, **INLINE}, {"PolicyDocument": READ}),
    root("ListRolePolicies", ROLE, {"PolicyNames": ["inline"]}),
    # aws_iam_role_policy_attachment: found in the listing; attaching twice is no fault, detaching twice is
    root("AttachRolePolicy", {**ROLE, **POLICY}),
    root("AttachRolePolicy", {**ROLE, **POLICY}),
    root("ListAttachedRolePolicies", ROLE, {"AttachedPolicies": [{"PolicyName": T + "policy", **POLICY}]}),
    root("GetPolicy", POLICY, {"Policy.AttachmentCount": 1}),
    root("DeletePolicy", POLICY, ("DeleteConflict", None)),
    # aws_iam_instance_profile
    gone("GetInstanceProfile", PROFILE),
    root("CreateInstanceProfile", {**PROFILE, "Path": "/", "Tags": TAGS},
         {"InstanceProfile.Arn": f"{ARN}instance-profile/{T}profile"}),
    root("AddRoleToInstanceProfile", {**PROFILE, **ROLE}),
    root("GetInstanceProfile", PROFILE, {"InstanceProfile.Roles[].RoleName": [T + "role"], "InstanceProfile.Tags": TAGS}),
    root("ListInstanceProfilesForRole", ROLE, {"InstanceProfiles[].InstanceProfileName": [T + "profile"]}),
    root("TagInstanceProfile", {**PROFILE, "Tags": OTHER_TAGS}),
    root("ListInstanceProfileTags", PROFILE, {"length(Tags)": 2}),
    root("RemoveRoleFromInstanceProfile", {**PROFILE, **ROLE}),
    root("ListInstanceProfilesForRole", ROLE, {"InstanceProfiles": []}),
    root("DeleteInstanceProfile", PROFILE),
    gone("GetInstanceProfile", PROFILE),
    # the role's end
    root("DeleteRole", ROLE, ("DeleteConflict", None)),
    root("DetachRolePolicy", {**ROLE, **POLICY}),
    gone("DetachRolePolicy", {**ROLE, **POLICY}),
    root("DeleteRolePolicy", {**ROLE, **INLINE}),
    root("DeleteRole", ROLE),
    gone("GetRole", ROLE),
    gone("ListRolePolicies", ROLE),
    gone("ListAttachedRolePolicies", ROLE),
    gone("DeleteRole", ROLE),
]

ENDS = [
    # a user that is to be destroyed with all that it has, and what was not described by Terraform
    root("DeleteUser", USER, ("DeleteConflict", None)),
    root("ListGroupsForUser", USER, {"Groups": []}),
    root("ListAttachedUserPolicies", USER, {"AttachedPolicies": []}),
    root("ListUserPolicies", USER, {"PolicyNames": []}),
    root("ListSSHPublicKeys", USER, {"SSHPublicKeys": []}),
    root("ListVirtualMFADevices", {"AssignmentStatus": "Assigned"}, {"VirtualMFADevices": []}),
    root("ListMFADevices", USER, {"MFADevices": []}),
    gone("DeleteLoginProfile", USER),
    root("ListSigningCertificates", USER, {"Certificates": []}),
    root("ListServiceSpecificCredentials", USER, {"ServiceSpecificCredentials": []}),
    ("root", "iam.ListAccessKeys", USER, {"length(AccessKeyMetadata)": 1}),
    *[("root", f"iam.{operation}", {**USER, "AccessKeyId": "$terraform", **more}, expected) for operation, more, expected in [
        ("UpdateAccessKey", {"Status": "Inactive"}, OK), ("DeleteAccessKey", {}, OK), ("DeleteAccessKey", {}, ("NoSuchEntity", None))]],
    root("ListAccessKeys", USER, {"AccessKeyMetadata": []}),
    root("DeleteUser", USER),
    gone("GetUser", USER),
    gone("ListUserTags", USER),
    gone("DeleteUser", USER),
    # the policies' end: the versions that are not in force go first
    root("DeletePolicy", POLICY, ("DeleteConflict", None)),
    root("ListPolicyVersions", POLICY, {"Versions[?IsDefaultVersion].VersionId": ["v6"]}),
    *[root("DeletePolicyVersion", {**POLICY, "VersionId": f"v{number}"}) for number in range(2, 6)],
    root("DeletePolicy", POLICY),
    gone("GetPolicy", POLICY),
    gone("GetPolicyVersion", {**POLICY, "VersionId": "v6"}),
    gone("DeletePolicy", POLICY),
    root("DeletePolicy", {"PolicyArn": BOUND["PermissionsBoundary"]}),
]


def rows(keep, missing):
    """All rows. The access key is kept by `keep`; an operation that is not offered has to be refused by name, and what
    depends on it is passed over by nobody: as soon as it is offered, its row has to hold."""
    kept = [("root", call, given, keep("terraform", "AccessKey") if call == "iam.CreateAccessKey" else expected)
            for who, call, given, expected in POLICIES + USERS + GROUPS + ROLES + ENDS]
    used = [("terraform", "sts.GetCallerIdentity", {}, {"Arn": f"{ARN}user/t/{T}user"}),
            root("GetAccessKeyLastUsed", {"AccessKeyId": "$terraform"}, {"UserName": T + "user"})]
    at = next(at for at, row in enumerate(kept) if row[1] == "iam.ListAccessKeys")
    refused = lambda call: call.split(".")[1] in missing
    return [(who, call, given, ("NotImplemented", None) if refused(call) else expected)
            for who, call, given, expected in kept[:at] + used + kept[at:]]
