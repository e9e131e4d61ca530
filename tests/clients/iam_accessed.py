"""What was last accessed, as rows of `iam_flow`. `ann` has AmazonS3ReadOnlyAccess and has used S3."""

REPORT = {"JobId": "$report"}


def rows(keep):
    """The rows; `keep` makes what remembers an answer's value."""
    return [
        ("root", "iam.GenerateServiceLastAccessedDetails", {"Arn": "$arn", "Granularity": "ACTION_LEVEL"}, keep("report", "JobId")),
        ("root", "iam.GetServiceLastAccessedDetails", REPORT,
         {"JobStatus": "COMPLETED", "JobType": "ACTION_LEVEL", "ServicesLastAccessed[].ServiceNamespace": ["s3", "s3-object-lambda"],
          "ServicesLastAccessed[0].LastAuthenticatedEntity": "$arn",
          "contains(ServicesLastAccessed[0].TrackedActionsLastAccessed[].ActionName, 'GetObject')": True}),
        ("root", "iam.GetServiceLastAccessedDetailsWithEntities", {**REPORT, "ServiceNamespace": "s3"},
         {"EntityDetailsList[].EntityInfo.Arn": ["$arn"], "length(EntityDetailsList[?LastAuthenticated])": 1}),
        ("root", "iam.GetServiceLastAccessedDetails", {"JobId": "00000000-0000-4000-8000-000000000000"}, ("NoSuchEntity", None)),
        ("root", "iam.ListPoliciesGrantingServiceAccess", {"Arn": "$arn", "ServiceNamespaces": ["s3", "ec2"]},
         {"PoliciesGrantingServiceAccess[].length(Policies)": [1, 0],
          "PoliciesGrantingServiceAccess[0].Policies[0].PolicyName": "AmazonS3ReadOnlyAccess"}),
        ("root", "iam.SetSecurityTokenServicePreferences", {"GlobalEndpointTokenVersion": "v2Token"}, {}),
    ]
