"""Policies that AWS manages, as rows of `iam_flow`. At the start `ann` has no policy, and at the end neither."""

AWS = "arn:aws:iam::aws:policy"
READ = {"PolicyArn": f"{AWS}/AmazonS3ReadOnlyAccess"}
USER, GET, DELETE = {"UserName": "$u"}, {"Bucket": "$b", "Key": "a"}, {"Bucket": "$b", "Key": "none"}
ENTITIES = {**READ, "EntityFilter": "User", "PathPrefix": "$p"}

S3_READ_ONLY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
    "s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"]}]}

ATTACHED = [
    ("root", "iam.GetPolicy", READ, {"Policy.PolicyName": "AmazonS3ReadOnlyAccess", "Policy.DefaultVersionId": "v3",
                                     "Policy.IsAttachable": True, "starts_with(Policy.PolicyId, 'ANPA')": True}),
    ("root", "iam.GetPolicyVersion", {**READ, "VersionId": "v3"},
     {"PolicyVersion.IsDefaultVersion": True, "PolicyVersion.Document": S3_READ_ONLY}),
    ("root", "iam.ListPolicies", {"Scope": "AWS", "PathPrefix": "/job-function/"},
     {"contains(Policies[].PolicyName, 'Billing')": True, "length(Policies)": 15}),
    ("root", "iam.AttachUserPolicy", {**USER, "PolicyArn": f"{AWS}/aws-service-role/AWSSupportServiceRolePolicy"},
     ("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")),
    ("root", "iam.AttachUserPolicy", {**USER, "PolicyArn": f"{AWS}/$u-none"}, ("NoSuchEntity", None)),
    ("root", "iam.AttachUserPolicy", {**USER, **READ}, {}),
    ("ann", "s3.GetObject", GET, {}),
    ("ann", "s3.DeleteObject", DELETE, ("AccessDenied", None)),
    ("root", "iam.ListAttachedUserPolicies", USER, {"AttachedPolicies[].PolicyArn": [READ["PolicyArn"]]}),
    ("root", "iam.ListEntitiesForPolicy", ENTITIES, {"PolicyUsers[].UserName": ["$u"]}),
]

DETACHED = [
    ("root", "iam.PutUserPermissionsBoundary", {**USER, "PermissionsBoundary": f"{AWS}/job-function/Billing"}, {}),
    ("ann", "s3.GetObject", GET, ("AccessDenied", None)),
    ("root", "iam.DeleteUserPermissionsBoundary", USER, {}),
    ("root", "iam.DeletePolicy", READ, ("AccessDenied", None)),
    ("root", "iam.DetachUserPolicy", {**USER, **READ}, {}),
    ("ann", "s3.GetObject", GET, ("AccessDenied", None)),
]
