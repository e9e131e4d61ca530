//! Errors that operations declare and that no story comes by, each provoked once.

use super::{call, rights::TRUST};
use crate::road::{
    gateway::{ALLOW_ALL, Gateway},
    upstream::Upstream,
};

const NONE: &str = "arn:aws:iam::123456789012:policy/none";
const KNOWN: &str = "arn:aws:iam::123456789012:policy/known";
const NO_ARN: &str = "arn:aws:iam::123456789012:no-policy";
const TAG: [(&str, &str); 2] = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
const TAG_TWICE: [(&str, &str); 4] = [
    ("Tags.member.1.Key", "k"),
    ("Tags.member.1.Value", "v"),
    ("Tags.member.2.Key", "K"),
    ("Tags.member.2.Value", "v"),
];

/// Operation, parameters, and what of it is missing or wrong.
type Row = (&'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const NO_SUCH_ENTITY: &[Row] = &[
    ("AttachGroupPolicy", &[("GroupName", "none"), ("PolicyArn", KNOWN)]),
    ("AttachGroupPolicy", &[("GroupName", "staff"), ("PolicyArn", NONE)]),
    ("AttachRolePolicy", &[("RoleName", "none"), ("PolicyArn", KNOWN)]),
    ("AttachRolePolicy", &[("RoleName", "reader"), ("PolicyArn", NONE)]),
    ("CreateAccessKey", &[("UserName", "none")]),
    ("CreatePolicyVersion", &[("PolicyArn", NONE), ("PolicyDocument", ALLOW_ALL)]),
    ("DeleteAccessKey", &[("UserName", "ann"), ("AccessKeyId", "AKIANONE000000000001")]),
    ("DeleteGroup", &[("GroupName", "none")]),
    ("DeleteGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "none")]),
    ("DeletePolicy", &[("PolicyArn", NONE)]),
    ("DeletePolicyVersion", &[("PolicyArn", KNOWN), ("VersionId", "v9")]),
    ("DeleteRole", &[("RoleName", "none")]),
    ("DeleteRolePermissionsBoundary", &[("RoleName", "reader")]),
    ("DeleteRolePolicy", &[("RoleName", "reader"), ("PolicyName", "none")]),
    ("DetachGroupPolicy", &[("GroupName", "staff"), ("PolicyArn", KNOWN)]),
    ("DetachRolePolicy", &[("RoleName", "reader"), ("PolicyArn", KNOWN)]),
    ("GetGroup", &[("GroupName", "none")]),
    ("GetGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "none")]),
    ("GetRole", &[("RoleName", "none")]),
    ("GetRolePolicy", &[("RoleName", "reader"), ("PolicyName", "none")]),
    ("ListAccessKeys", &[("UserName", "none")]),
    ("ListAttachedGroupPolicies", &[("GroupName", "none")]),
    ("ListAttachedRolePolicies", &[("RoleName", "none")]),
    ("ListAttachedUserPolicies", &[("UserName", "none")]),
    ("ListEntitiesForPolicy", &[("PolicyArn", NONE)]),
    ("ListGroupPolicies", &[("GroupName", "none")]),
    ("ListGroupsForUser", &[("UserName", "none")]),
    ("ListPolicyTags", &[("PolicyArn", NONE)]),
    ("ListPolicyVersions", &[("PolicyArn", NONE)]),
    ("ListRolePolicies", &[("RoleName", "none")]),
    ("ListRoleTags", &[("RoleName", "none")]),
    ("ListUserPolicies", &[("UserName", "none")]),
    ("ListUserTags", &[("UserName", "none")]),
    ("PutGroupPolicy", &[("GroupName", "none"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ("PutRolePermissionsBoundary", &[("RoleName", "reader"), ("PermissionsBoundary", NONE)]),
    ("PutRolePolicy", &[("RoleName", "none"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ("PutUserPolicy", &[("UserName", "none"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
    ("SetDefaultPolicyVersion", &[("PolicyArn", KNOWN), ("VersionId", "v9")]),
    ("TagPolicy", &[("PolicyArn", NONE), TAG[0], TAG[1]]),
    ("TagRole", &[("RoleName", "none"), TAG[0], TAG[1]]),
    ("TagUser", &[("UserName", "none"), TAG[0], TAG[1]]),
    ("UntagPolicy", &[("PolicyArn", NONE), ("TagKeys.member.1", "k")]),
    ("UntagRole", &[("RoleName", "none"), ("TagKeys.member.1", "k")]),
    ("UntagUser", &[("UserName", "none"), ("TagKeys.member.1", "k")]),
    ("UpdateAssumeRolePolicy", &[("RoleName", "none"), ("PolicyDocument", TRUST)]),
    ("UpdateGroup", &[("GroupName", "none")]),
    ("UpdateRole", &[("RoleName", "none")]),
    ("UpdateRoleDescription", &[("RoleName", "none"), ("Description", "d")]),
];

#[rustfmt::skip]
const INVALID_INPUT: &[Row] = &[
    ("AttachGroupPolicy", &[("GroupName", "staff"), ("PolicyArn", NO_ARN)]),
    ("AttachRolePolicy", &[("RoleName", "reader"), ("PolicyArn", NO_ARN)]),
    ("AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", NO_ARN)]),
    ("CreatePolicy", &[("PolicyName", "new"), ("PolicyDocument", ALLOW_ALL), TAG_TWICE[0], TAG_TWICE[1], TAG_TWICE[2], TAG_TWICE[3]]),
    ("CreatePolicyVersion", &[("PolicyArn", NO_ARN), ("PolicyDocument", ALLOW_ALL)]),
    ("CreateRole", &[("RoleName", "new"), ("AssumeRolePolicyDocument", TRUST), TAG_TWICE[0], TAG_TWICE[1], TAG_TWICE[2], TAG_TWICE[3]]),
    ("CreateUser", &[("UserName", "new"), TAG_TWICE[0], TAG_TWICE[1], TAG_TWICE[2], TAG_TWICE[3]]),
    ("DeletePolicy", &[("PolicyArn", NO_ARN)]),
    ("DeletePolicyVersion", &[("PolicyArn", NO_ARN), ("VersionId", "v1")]),
    ("DetachGroupPolicy", &[("GroupName", "staff"), ("PolicyArn", NO_ARN)]),
    ("DetachRolePolicy", &[("RoleName", "reader"), ("PolicyArn", NO_ARN)]),
    ("DetachUserPolicy", &[("UserName", "ann"), ("PolicyArn", NO_ARN)]),
    ("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", NO_ARN)]),
    ("GetPolicyVersion", &[("PolicyArn", NO_ARN), ("VersionId", "v1")]),
    ("ListEntitiesForPolicy", &[("PolicyArn", NO_ARN)]),
    ("ListPolicyTags", &[("PolicyArn", NO_ARN)]),
    ("ListPolicyVersions", &[("PolicyArn", NO_ARN)]),
    ("PutRolePermissionsBoundary", &[("RoleName", "reader"), ("PermissionsBoundary", NO_ARN)]),
    ("PutUserPermissionsBoundary", &[("UserName", "ann"), ("PermissionsBoundary", NO_ARN)]),
    ("SetDefaultPolicyVersion", &[("PolicyArn", NO_ARN), ("VersionId", "v1")]),
    ("TagPolicy", &[("PolicyArn", KNOWN), TAG_TWICE[0], TAG_TWICE[1], TAG_TWICE[2], TAG_TWICE[3]]),
    ("TagRole", &[("RoleName", "reader"), TAG_TWICE[0], TAG_TWICE[1], TAG_TWICE[2], TAG_TWICE[3]]),
    ("UntagPolicy", &[("PolicyArn", NO_ARN), ("TagKeys.member.1", "k")]),
];

#[rustfmt::skip]
const MALFORMED: &[Row] = &[
    ("CreatePolicyVersion", &[("PolicyArn", KNOWN), ("PolicyDocument", "{")]),
    ("CreateRole", &[("RoleName", "new"), ("AssumeRolePolicyDocument", ALLOW_ALL)]),
    ("PutGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "p"), ("PolicyDocument", "{")]),
    ("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "p"), ("PolicyDocument", "{")]),
    ("UpdateAssumeRolePolicy", &[("RoleName", "reader"), ("PolicyDocument", "{")]),
];

#[rustfmt::skip]
const EXISTS: &[Row] = &[
    ("CreateRole", &[("RoleName", "READER"), ("AssumeRolePolicyDocument", TRUST)]),
    ("UpdateGroup", &[("GroupName", "staff"), ("NewGroupName", "Crew")]),
];

#[rustfmt::skip]
const CONFLICT: &[Row] = &[
    ("DeleteGroup", &[("GroupName", "crew")]),
    ("DeleteRole", &[("RoleName", "writer")]),
    ("DeletePolicy", &[("PolicyArn", KNOWN)]),
];

/// What is there before any of them.
#[rustfmt::skip]
const THERE: &[Row] = &[
    ("CreateGroup", &[("GroupName", "staff")]),
    ("CreateGroup", &[("GroupName", "crew")]),
    ("CreatePolicy", &[("PolicyName", "known"), ("PolicyDocument", ALLOW_ALL)]),
    ("CreateRole", &[("RoleName", "reader"), ("AssumeRolePolicyDocument", TRUST)]),
    ("CreateRole", &[("RoleName", "writer"), ("AssumeRolePolicyDocument", TRUST)]),
    ("AttachGroupPolicy", &[("GroupName", "crew"), ("PolicyArn", KNOWN)]),
    ("PutRolePolicy", &[("RoleName", "writer"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
];

#[test]
fn what_is_declared_is_answered() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    gateway.user("ann", None);
    for (action, parameters) in THERE {
        assert_eq!(call(&gateway, &root, action, parameters).status, 200, "{action}");
    }
    for (rows, status, code) in [
        (NO_SUCH_ENTITY, 404, "NoSuchEntity"),
        (INVALID_INPUT, 400, "InvalidInput"),
        (MALFORMED, 400, "MalformedPolicyDocument"),
        (EXISTS, 409, "EntityAlreadyExists"),
        (CONFLICT, 409, "DeleteConflict"),
    ] {
        for (action, parameters) in rows {
            let answer = call(&gateway, &root, action, parameters);
            let told = (answer.status, answer.element("Code"));
            assert_eq!(told, (status, code.to_owned()), "{action} {parameters:?}: {}", answer.text());
        }
    }
}

/// Documents that are longer than there may be of them.
#[test]
fn what_is_too_long_is_over_a_limit() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    for (action, parameters) in THERE {
        assert_eq!(call(&gateway, &root, action, parameters).status, 200, "{action}");
    }
    let long = |most: usize| ALLOW_ALL.replace(r#""Action":"*""#, &format!(r#""Action":"s3:{}""#, "a".repeat(most)));
    let trust = TRUST.replace("sts:AssumeRole", &format!("sts:{}", "a".repeat(2_048)));
    let (of_group, of_role) = (long(5_120), long(10_240));
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("PutGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "p"), ("PolicyDocument", &of_group)]),
        ("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "p"), ("PolicyDocument", &of_role)]),
        ("UpdateAssumeRolePolicy", &[("RoleName", "reader"), ("PolicyDocument", &trust)]),
    ];
    for (action, parameters) in cases {
        let answer = call(&gateway, &root, action, parameters);
        assert_eq!((answer.status, answer.element("Code")), (409, "LimitExceeded".into()), "{action}");
    }
    gateway.user("ann", None);
    // Tags: fifty of one resource, however many at a time.
    for (action, name) in
        [("TagUser", ("UserName", "ann")), ("TagRole", ("RoleName", "reader")), ("TagPolicy", ("PolicyArn", KNOWN))]
    {
        let tags = |from: usize, count: usize| -> Vec<(String, String)> {
            let named = |at: usize| {
                [("Key", format!("k{}", from + at)), ("Value", "v".to_owned())]
                    .map(|(part, text)| (format!("Tags.member.{}.{part}", at + 1), text))
            };
            (0..count).flat_map(named).collect()
        };
        for (tags, status) in [(tags(0, 50), 200), (tags(50, 1), 409), (tags(0, 1), 200)] {
            let mut parameters = vec![name];
            parameters.extend(tags.iter().map(|(name, value)| (&**name, &**value)));
            let answer = call(&gateway, &root, action, &parameters);
            assert_eq!(answer.status, status, "{action}: {}", answer.text());
        }
    }
}
