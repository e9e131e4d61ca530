"""IAM and STS as a table of calls in order, which each client that speaks IAM's API makes.

A row reads: who calls, `service.Operation`, its input, what must come of it. That is a table from JMESPath to value, or the
code and the message of an error. `Keep` remembers something of the answer for later rows; `Pages` makes a listing by pages of
two. `$u` is the name of this run's user, `$p` its path, `$b` a bucket with the objects `a` and `b`, `$account` the account.
"""

import json

import iam_accessed
import iam_managed
import iam_providers
from iam_devices import DEVICES
from iam_rows import OK, Keep, Pages


def policy(action, resource, effect="Allow"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}


def s3_denied(action, resource):
    return ("AccessDenied", f"User: $arn is not authorized to perform: {action} on resource: \"arn:aws:s3:::{resource}\" "
            f"because no identity-based policy allows the {action} action")


def no_user(name):
    return ("NoSuchEntity", f"The user with name {name} cannot be found.")


READ_A = policy("s3:GetObject", "arn:aws:s3:::$b/a")
READ_ALL = policy("s3:GetObject", "arn:aws:s3:::$b/*")
NOT_B = policy("s3:GetObject", "arn:aws:s3:::$b/b", "Deny")
BUCKET = {"Bucket": "$b"}
FOR_ANN = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "$arn"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::$b/a"}]}
FOR_ALL = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::$b/*"}]}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}
GET_A, GET_B = {"Bucket": "$b", "Key": "a"}, {"Bucket": "$b", "Key": "b"}
USER, GROUP = {"UserName": "$u"}, {"GroupName": "$u-group"}
POLICY = {"PolicyArn": "arn:aws:iam::$account:policy$p$u-policy"}
BOUND = {"PermissionsBoundary": "arn:aws:iam::$account:policy/$u-bound"}
SOURCE = {"PolicySourceArn": "$arn"}
ASKED = {"ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::$b/a", "arn:aws:s3:::$b/b"]}
VERDICTS = "EvaluationResults[0].ResourceSpecificResults[].EvalResourceDecision"
MATCHED = "EvaluationResults[0].ResourceSpecificResults[0].MatchedStatements[0]"
HOME = policy("s3:*", "arn:aws:s3:::$b/${aws:username}/*")
ROLE = {"RoleName": "$u-role"}
FOR_ANYONE_HERE = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$account:root"}, "Action": "sts:AssumeRole"}]}
FOR_MACHINES = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

ROLES = [
    ("root", "iam.GetRole", ROLE, ("NoSuchEntity", "The role with name $u-role cannot be found.")),
    ("root", "iam.CreateRole", {**ROLE, "AssumeRolePolicyDocument": READ_ALL}, ("MalformedPolicyDocument", None)),
    ("root", "iam.CreateRole", {**ROLE, "Path": "$p", "AssumeRolePolicyDocument": FOR_ANYONE_HERE, "MaxSessionDuration": 7200,
                                "Tags": [{"Key": "team", "Value": "a"}]},
     {"Role.Arn": "arn:aws:iam::$account:role$p$u-role", "starts_with(Role.RoleId, 'AROA')": True,
      "Role.AssumeRolePolicyDocument": FOR_ANYONE_HERE, "Role.MaxSessionDuration": 7200}),
    ("root", "iam.CreateRole", {**ROLE, "AssumeRolePolicyDocument": FOR_ANYONE_HERE},
     ("EntityAlreadyExists", "Role with name $u-role already exists.")),
    ("root", "iam.ListRoles", {"PathPrefix": "$p"}, {"Roles[].RoleName": ["$u-role"]}),
    ("root", "iam.UpdateAssumeRolePolicy", {**ROLE, "PolicyDocument": FOR_MACHINES}, OK),
    ("root", "iam.UpdateRole", {**ROLE, "Description": "reads"}, OK),
    ("root", "iam.GetRole", ROLE, {"Role.AssumeRolePolicyDocument": FOR_MACHINES, "Role.Description": "reads",
                                   "Role.MaxSessionDuration": 7200, "Role.Tags": [{"Key": "team", "Value": "a"}]}),
    ("root", "iam.PutRolePolicy", {**ROLE, "PolicyName": "read", "PolicyDocument": READ_ALL}, OK),
    ("root", "iam.GetRolePolicy", {**ROLE, "PolicyName": "read"}, {"PolicyDocument": READ_ALL}),
    ("root", "iam.ListRolePolicies", ROLE, {"PolicyNames": ["read"]}),
    ("root", "iam.DeleteRole", ROLE, ("DeleteConflict", "Cannot delete entity, must delete policies first.")),
    ("root", "iam.DeleteRolePolicy", {**ROLE, "PolicyName": "read"}, OK),
    ("root", "iam.UntagRole", {**ROLE, "TagKeys": ["team"]}, OK),
    ("root", "iam.ListRoleTags", ROLE, {"Tags": []}),
    ("root", "iam.DeleteRole", ROLE, OK),
    ("root", "iam.DeleteRole", ROLE, ("NoSuchEntity", None)),
]

FLOW = [
    # who one is
    ("root", "sts.GetCallerIdentity", {}, {"Account": "$account", "Arn": "arn:aws:iam::$account:root", "UserId": "$account"}),
    # a user
    ("root", "iam.GetUser", USER, no_user("$u")),
    ("root", "iam.CreateUser", {**USER, "Path": "$p", "Tags": [{"Key": "team", "Value": "ä b"}]},
     {"User.Arn": "arn:aws:iam::$account:user$p$u", "User.Path": "$p", "User.UserName": "$u", "starts_with(User.UserId, 'AIDA')": True}),
    ("root", "iam.CreateUser", USER, ("EntityAlreadyExists", "User with name $u already exists.")),
    ("root", "iam.GetUser", USER, Keep("arn", "User.Arn")),
    ("root", "iam.ListUserTags", USER, {"Tags": [{"Key": "team", "Value": "ä b"}]}),
    ("root", "iam.CreateUser", {"UserName": "a/b"}, ("ValidationError", None)),
    ("root", "iam.TagUser", {**USER, "Tags": [{"Key": "k", "Value": "a & b"}]}, ("ValidationError", None)),
    ("root", "iam.CreateUser", {"UserName": "x" * 65}, ("ValidationError", None)),
    ("root", "iam.UpdateUser", {"UserName": "$u-none", "NewUserName": "x"}, no_user("$u-none")),
    # its keys
    ("root", "iam.CreateAccessKey", USER, Keep("ann", "AccessKey")),
    ("root", "iam.ListAccessKeys", USER, {"length(AccessKeyMetadata)": 1, "AccessKeyMetadata[0].Status": "Active",
                                          "AccessKeyMetadata[0].AccessKeyId": "$ann"}),
    ("root", "iam.CreateAccessKey", USER, Keep("spare", "AccessKey")),
    ("root", "iam.CreateAccessKey", USER, ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")),
    ("ann", "sts.GetCallerIdentity", {}, {"Arn": "$arn", "Account": "$account"}),
    # nothing is allowed before it is said
    ("ann", "s3.GetObject", GET_A, s3_denied("s3:GetObject", "$b/a")),
    ("ann", "iam.GetUser", USER, ("AccessDenied", None)),
    ("ann", "iam.ListUsers", {}, ("AccessDenied", "User: $arn is not authorized to perform: iam:ListUsers on resource: "
                                  "arn:aws:iam::$account:user/ because no identity-based policy allows the iam:ListUsers action")),
    # an inline policy counts for the next request, and its end too
    ("root", "iam.PutUserPolicy", {**USER, "PolicyName": "read", "PolicyDocument": READ_A}, OK),
    ("ann", "s3.GetObject", GET_A, OK),
    ("ann", "s3.GetObject", GET_B, s3_denied("s3:GetObject", "$b/b")),
    ("root", "iam.GetUserPolicy", {**USER, "PolicyName": "read"}, {"PolicyDocument": READ_A, "UserName": "$u"}),
    ("root", "iam.ListUserPolicies", USER, {"PolicyNames": ["read"]}),
    ("root", "iam.PutUserPolicy", {**USER, "PolicyName": "read", "PolicyDocument": READ_ALL}, OK),
    ("ann", "s3.GetObject", GET_B, OK),
    ("root", "iam.PutUserPolicy", {**USER, "PolicyName": "not", "PolicyDocument": NOT_B}, OK),
    ("ann", "s3.GetObject", GET_B, ("AccessDenied", "User: $arn is not authorized to perform: s3:GetObject on resource: "
                                    "\"arn:aws:s3:::$b/b\" with an explicit deny in an identity-based policy")),
    ("ann", "s3.GetObject", GET_A, OK),
    ("root", "iam.DeleteUserPolicy", {**USER, "PolicyName": "not"}, OK),
    ("ann", "s3.GetObject", GET_B, OK),
    ("root", "iam.DeleteUserPolicy", {**USER, "PolicyName": "read"}, OK),
    ("ann", "s3.GetObject", GET_A, s3_denied("s3:GetObject", "$b/a")),
    ("root", "iam.DeleteUserPolicy", {**USER, "PolicyName": "read"},
     ("NoSuchEntity", "The user policy with name read cannot be found.")),
    # a bucket's policy and its public access block count as soon
    ("root", "s3.GetBucketPolicy", BUCKET, ("NoSuchBucketPolicy", "The bucket policy does not exist")),
    ("ann", "s3.PutBucketPolicy", {**BUCKET, "Policy": FOR_ANN}, s3_denied("s3:PutBucketPolicy", "$b")),
    ("root", "s3.PutBucketPolicy", {**BUCKET, "Policy": FOR_ANN}, OK),
    ("ann", "s3.GetObject", GET_A, OK),
    ("ann", "s3.GetObject", GET_B, s3_denied("s3:GetObject", "$b/b")),
    ("root", "s3.GetBucketPolicy", BUCKET, {"Policy": FOR_ANN}),
    ("root", "s3.PutBucketPolicy", {**BUCKET, "Policy": "{"}, ("MalformedPolicy", None)),
    ("root", "s3.PutPublicAccessBlock", {**BUCKET, "PublicAccessBlockConfiguration": BLOCK}, OK),
    ("root", "s3.GetPublicAccessBlock", BUCKET, {"PublicAccessBlockConfiguration": BLOCK}),
    ("root", "s3.PutBucketPolicy", {**BUCKET, "Policy": FOR_ALL}, ("AccessDenied", None)),
    ("root", "s3.PutObjectAcl", {**GET_A, "ACL": "public-read"}, ("AccessDenied", None)),
    ("ann", "s3.GetObject", GET_A, OK),
    ("root", "s3.DeletePublicAccessBlock", BUCKET, OK),
    ("root", "s3.GetPublicAccessBlock", BUCKET, ("NoSuchPublicAccessBlockConfiguration", None)),
    ("root", "s3.DeleteBucketPolicy", BUCKET, OK),
    ("ann", "s3.GetObject", GET_A, s3_denied("s3:GetObject", "$b/a")),
    # documents that are none
    ("root", "iam.PutUserPolicy", {**USER, "PolicyName": "bad", "PolicyDocument": "{"}, ("MalformedPolicyDocument", None)),
    ("root", "iam.PutUserPolicy", {**USER, "PolicyName": "bad", "PolicyDocument": policy("s3", "*")},
     ("MalformedPolicyDocument", None)),
    ("root", "iam.PutUserPolicy", {**USER, "PolicyName": "bad", "PolicyDocument": policy("s3:*", "*", "Perhaps")},
     ("MalformedPolicyDocument", None)),
    ("root", "iam.CreatePolicy", {"PolicyName": "$u-bad", "PolicyDocument": "[]"}, ("MalformedPolicyDocument", None)),
    # a managed policy, its versions, and what it is attached to
    ("root", "iam.CreatePolicy", {"PolicyName": "$u-policy", "Path": "$p", "PolicyDocument": READ_A, "Description": "read a"},
     {"Policy.Arn": POLICY["PolicyArn"], "Policy.DefaultVersionId": "v1", "Policy.AttachmentCount": 0}),
    ("root", "iam.CreatePolicy", {"PolicyName": "$u-policy", "PolicyDocument": READ_A},
     ("EntityAlreadyExists", "A policy called $u-policy already exists. Duplicate names are not allowed.")),
    ("root", "iam.AttachUserPolicy", {**USER, **POLICY}, OK),
    ("ann", "s3.GetObject", GET_A, OK),
    ("ann", "s3.GetObject", GET_B, s3_denied("s3:GetObject", "$b/b")),
    ("root", "iam.CreatePolicyVersion", {**POLICY, "PolicyDocument": READ_ALL}, {"PolicyVersion.IsDefaultVersion": False}),
    ("ann", "s3.GetObject", GET_B, s3_denied("s3:GetObject", "$b/b")),
    ("root", "iam.SetDefaultPolicyVersion", {**POLICY, "VersionId": "v2"}, OK),
    ("ann", "s3.GetObject", GET_B, OK),
    ("root", "iam.GetPolicy", POLICY, {"Policy.DefaultVersionId": "v2", "Policy.AttachmentCount": 1, "Policy.Description": "read a"}),
    ("root", "iam.GetPolicyVersion", {**POLICY, "VersionId": "v1"}, {"PolicyVersion.Document": READ_A}),
    ("root", "iam.ListPolicyVersions", POLICY, {"sort(Versions[].VersionId)": ["v1", "v2"]}),
    ("root", "iam.DeletePolicyVersion", {**POLICY, "VersionId": "v2"}, ("DeleteConflict", None)),
    ("root", "iam.DeletePolicyVersion", {**POLICY, "VersionId": "v1"}, OK),
    ("root", "iam.ListAttachedUserPolicies", USER, {"AttachedPolicies[].PolicyName": ["$u-policy"]}),
    ("root", "iam.ListEntitiesForPolicy", POLICY, {"PolicyUsers[].UserName": ["$u"]}),
    ("root", "iam.DeletePolicy", POLICY, ("DeleteConflict", "Cannot delete a policy attached to entities.")),
    ("root", "iam.AttachUserPolicy", {**USER, "PolicyArn": "arn:aws:iam::$account:policy/none"},
     ("NoSuchEntity", "Policy arn:aws:iam::$account:policy/none does not exist or is not attachable.")),
    # a boundary, and what would be decided
    ("root", "iam.SimulatePrincipalPolicy", {**SOURCE, **ASKED}, {VERDICTS: ["allowed", "allowed"]}),
    ("root", "iam.CreatePolicy", {"PolicyName": "$u-bound", "PolicyDocument": READ_A}, OK),
    ("root", "iam.PutUserPermissionsBoundary", {**USER, **BOUND}, OK),
    ("root", "iam.GetUser", USER, {"User.PermissionsBoundary.PermissionsBoundaryArn": BOUND["PermissionsBoundary"]}),
    ("ann", "s3.GetObject", GET_A, OK),
    ("ann", "s3.GetObject", GET_B, ("AccessDenied", "User: $arn is not authorized to perform: s3:GetObject on resource: "
                                    "\"arn:aws:s3:::$b/b\" because no permissions boundary allows the s3:GetObject action")),
    ("root", "iam.SimulatePrincipalPolicy", {**SOURCE, **ASKED},
     {VERDICTS: ["allowed", "implicitDeny"], "EvaluationResults[0].EvalDecision": "implicitDeny",
      "EvaluationResults[0].PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary": False}),
    ("root", "iam.SimulateCustomPolicy", {"PolicyInputList": [json.dumps(READ_A)], **ASKED},
     {VERDICTS: ["allowed", "implicitDeny"], f"{MATCHED}.SourcePolicyId": "PolicyInputList.1",
      f"{MATCHED}.StartPosition": {"Line": 1, "Column": 41}}),
    ("root", "iam.SimulateCustomPolicy", {"PolicyInputList": ["{"], **ASKED}, ("InvalidInput", None)),
    ("root", "iam.GetContextKeysForCustomPolicy", {"PolicyInputList": [json.dumps(HOME)]}, {"ContextKeyNames": ["aws:username"]}),
    ("ann", "sts.DecodeAuthorizationMessage", {"EncodedMessage": "x"}, ("AccessDenied", None)),
    ("root", "sts.DecodeAuthorizationMessage", {"EncodedMessage": "x"}, ("InvalidAuthorizationMessageException", None)),
    ("root", "iam.DeleteUserPermissionsBoundary", USER, OK),
    ("ann", "s3.GetObject", GET_B, OK),
    ("root", "iam.DeletePolicy", {"PolicyArn": BOUND["PermissionsBoundary"]}, OK),
    ("root", "iam.DetachUserPolicy", {**USER, **POLICY}, OK),
    ("ann", "s3.GetObject", GET_A, s3_denied("s3:GetObject", "$b/a")),
    # what AWS manages
    *iam_managed.ATTACHED,
    *iam_accessed.rows(Keep),
    *iam_managed.DETACHED,
    # a group
    ("root", "iam.CreateGroup", GROUP, {"Group.Arn": "arn:aws:iam::$account:group/$u-group"}),
    ("root", "iam.CreateGroup", GROUP, ("EntityAlreadyExists", "Group with name $u-group already exists.")),
    ("root", "iam.AttachGroupPolicy", {**GROUP, **POLICY}, OK),
    ("root", "iam.PutGroupPolicy", {**GROUP, "PolicyName": "not", "PolicyDocument": NOT_B}, OK),
    ("root", "iam.AddUserToGroup", {**GROUP, **USER}, OK),
    ("ann", "s3.GetObject", GET_A, OK),
    ("ann", "s3.GetObject", GET_B, ("AccessDenied", None)),
    ("root", "iam.GetGroup", GROUP, {"Users[].UserName": ["$u"]}),
    ("root", "iam.ListGroupsForUser", USER, {"Groups[].GroupName": ["$u-group"]}),
    ("root", "iam.GetGroupPolicy", {**GROUP, "PolicyName": "not"}, {"PolicyDocument": NOT_B}),
    ("root", "iam.GetAccountAuthorizationDetails", {"Filter": ["User", "LocalManagedPolicy"]},
     {"UserDetailList[?UserName=='$u'].GroupList[]": ["$u-group"], "GroupDetailList": [],
      "Policies[?PolicyName=='$u-policy'].PolicyVersionList[0].IsDefaultVersion": [True]}),
    ("root", "iam.DeleteGroup", GROUP, ("DeleteConflict", None)),
    ("root", "iam.RemoveUserFromGroup", {**GROUP, **USER}, OK),
    ("ann", "s3.GetObject", GET_A, s3_denied("s3:GetObject", "$b/a")),
    ("root", "iam.DeleteGroupPolicy", {**GROUP, "PolicyName": "not"}, OK),
    ("root", "iam.DetachGroupPolicy", {**GROUP, **POLICY}, OK),
    ("root", "iam.DeleteGroup", GROUP, OK),
    ("root", "iam.DeletePolicy", POLICY, OK),
    ("root", "iam.GetPolicy", POLICY, ("NoSuchEntity", None)),
    # listings by pages
    *[("root", "iam.CreateUser", {"UserName": f"$u-{number}", "Path": "$plisted/"}, OK) for number in range(5)],
    ("root", "iam.ListUsers", {"PathPrefix": "$plisted/"}, Pages("Users[].UserName", [f"$u-{number}" for number in range(5)])),
    *[("root", "iam.DeleteUser", {"UserName": f"$u-{number}"}, OK) for number in range(5)],
    ("root", "iam.ListUsers", {"PathPrefix": "$plisted/"}, {"Users": []}),
    # a key that is off, on again, and gone
    ("root", "iam.UpdateAccessKey", {**USER, "AccessKeyId": "$ann", "Status": "Inactive"}, OK),
    ("ann", "sts.GetCallerIdentity", {}, ("InvalidClientTokenId", "The security token included in the request is invalid.")),
    ("ann", "s3.GetObject", GET_A, ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")),
    ("spare", "sts.GetCallerIdentity", {}, {"Arn": "$arn"}),
    ("root", "iam.UpdateAccessKey", {**USER, "AccessKeyId": "$ann", "Status": "Active"}, OK),
    ("ann", "sts.GetCallerIdentity", {}, {"Arn": "$arn"}),
    ("root", "iam.DeleteUser", USER, ("DeleteConflict", "Cannot delete entity, must delete access keys first.")),
    ("root", "iam.DeleteAccessKey", {**USER, "AccessKeyId": "$ann"}, OK),
    ("ann", "sts.GetCallerIdentity", {}, ("InvalidClientTokenId", None)),
    ("ann", "s3.GetObject", GET_A, ("InvalidAccessKeyId", None)),
    ("root", "iam.GetAccessKeyLastUsed", {"AccessKeyId": "$spare"}, {"UserName": "$u"}),
    ("root", "iam.DeleteAccessKey", {**USER, "AccessKeyId": "$spare"}, OK),
    ("root", "iam.DeleteAccessKey", {**USER, "AccessKeyId": "$spare"},
     ("NoSuchEntity", "The Access Key with id $spare cannot be found.")),
    # a user by another name, and its end
    ("root", "iam.UpdateUser", {**USER, "NewUserName": "$u-new"}, OK),
    ("root", "iam.GetUser", {"UserName": "$u-new"}, {"User.Arn": "arn:aws:iam::$account:user$p$u-new"}),
    ("root", "iam.DeleteUser", {"UserName": "$u-new"}, OK),
    ("root", "iam.DeleteUser", {"UserName": "$u-new"}, no_user("$u-new")),
    # root cannot be signed for without its secret, and nobody has no identity
    ("forged", "sts.GetCallerIdentity", {}, ("SignatureDoesNotMatch", None)),
    ("forged", "s3.ListBuckets", {}, ("SignatureDoesNotMatch", None)),
]

# What stands by itself. The AWS CLIs leave it out: Debian's knows older forms of some of it, both read answers with boto's
# code, and take a second a call.
FURTHER = [
    *ROLES,
    *DEVICES,
    *iam_providers.rows(Keep),
]
