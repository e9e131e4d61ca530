//! Policies that AWS manages: found, attached and obeyed like any, and changed by nobody.

use super::{
    call,
    story::{Step, tell},
};
use crate::road::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway},
    signer::{Key, Signer},
    upstream::Upstream,
};

const ANN: (&str, &str) = ("UserName", "ann");
const ADMIN: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
const READER: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess");
const BILLING: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/job-function/Billing");
const SUPPORT: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy");

#[test]
#[rustfmt::skip]
fn they_are_used_like_any() {
    let none = ("PolicyArn", "arn:aws:iam::aws:policy/Billing");
    let bound = |policy: (&'static str, &'static str)| ("PermissionsBoundary", policy.1);
    let refused = "<Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:root is not authorized to perform: iam:";
    let steps: [Step<'_>; 46] = [
        ("GetPolicy", &[ADMIN], 200, "<Arn>arn:aws:iam::aws:policy/AdministratorAccess</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>"),
        ("GetPolicy", &[READER], 200, "<DefaultVersionId>v190</DefaultVersionId>"),
        ("GetPolicy", &[BILLING], 200, "<Path>/job-function/</Path>"),
        ("GetPolicy", &[none], 404, "Policy arn:aws:iam::aws:policy/Billing was not found."),
        ("GetPolicyVersion", &[ADMIN, ("VersionId", "v1")], 200, "%22Action%22%3A%22%2A%22"),
        ("GetPolicyVersion", &[READER, ("VersionId", "v190")], 200, "<VersionId>v190</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>2026-09-24T17:37:08Z</CreateDate>"),
        ("GetPolicyVersion", &[READER, ("VersionId", "v1")], 404, "version v1 does not exist or is not attachable."),
        ("ListPolicyVersions", &[READER], 200, "<Versions><member><VersionId>v190</VersionId><IsDefaultVersion>true</IsDefaultVersion>"),
        ("ListPolicyTags", &[READER], 200, "<Tags></Tags>"),
        ("CreateUser", &[ANN], 200, ""),
        ("CreateGroup", &[("GroupName", "staff")], 200, ""),
        ("AttachUserPolicy", &[ANN, READER], 200, "AttachUserPolicyResponse"),
        ("AttachUserPolicy", &[ANN, READER], 200, "AttachUserPolicyResponse"),
        ("AttachUserPolicy", &[ANN, none], 404, "Policy arn:aws:iam::aws:policy/Billing does not exist or is not attachable."),
        ("AttachUserPolicy", &[ANN, SUPPORT], 400, "<Code>PolicyNotAttachable</Code><Message>Cannot attach a Service Role Policy to a Customer Role.</Message>"),
        ("AttachGroupPolicy", &[("GroupName", "staff"), READER], 200, ""),
        ("AttachUserPolicy", &[ANN, BILLING], 200, ""),
        ("PutUserPermissionsBoundary", &[ANN, bound(ADMIN)], 200, ""),
        ("PutUserPermissionsBoundary", &[ANN, bound(SUPPORT)], 400, "PolicyNotAttachable"),
        ("PutUserPermissionsBoundary", &[ANN, bound(none)], 404, "Scope ARN: arn:aws:iam::aws:policy/Billing does not exist or is not attachable."),
        ("CreateUser", &[("UserName", "bob"), bound(ADMIN)], 200, "<PermissionsBoundaryArn>arn:aws:iam::aws:policy/AdministratorAccess</PermissionsBoundaryArn>"),
        ("GetPolicy", &[ADMIN], 200, "<AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>2</PermissionsBoundaryUsageCount>"),
        ("GetPolicy", &[READER], 200, "<DefaultVersionId>v190</DefaultVersionId><AttachmentCount>2</AttachmentCount>"),
        ("ListPolicyVersions", &[READER], 200, "<Versions><member><VersionId>v190</VersionId>"),
        ("GetPolicyVersion", &[READER, ("VersionId", "v190")], 200, "a4b%3AGet%2A"),
        ("GetUser", &[ANN], 200, "<PermissionsBoundaryArn>arn:aws:iam::aws:policy/AdministratorAccess</PermissionsBoundaryArn>"),
        ("ListAttachedUserPolicies", &[ANN], 200, "<AttachedPolicies><member><PolicyName>Billing</PolicyName><PolicyArn>arn:aws:iam::aws:policy/job-function/Billing</PolicyArn></member><member><PolicyName>ReadOnlyAccess</PolicyName>"),
        ("ListAttachedUserPolicies", &[ANN, ("PathPrefix", "/job-function/")], 200, "Billing</PolicyArn></member></AttachedPolicies>"),
        ("ListEntitiesForPolicy", &[READER], 200, "<PolicyGroups><member><GroupName>staff</GroupName>"),
        ("ListEntitiesForPolicy", &[ADMIN, ("PolicyUsageFilter", "PermissionsBoundary")], 200, "<PolicyUsers><member><UserName>ann</UserName>"),
        ("CreatePolicy", &[("PolicyName", "ReadOnlyAccess"), ("PolicyDocument", ALLOW_ALL)], 200, "<Arn>arn:aws:iam::123456789012:policy/ReadOnlyAccess</Arn>"),
        ("ListPolicies", &[("Scope", "Local")], 200, "policy/ReadOnlyAccess</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>"),
        ("CreatePolicyVersion", &[READER, ("PolicyDocument", ALLOW_ALL)], 403, refused),
        ("SetDefaultPolicyVersion", &[READER, ("VersionId", "v190")], 403, refused),
        ("DeletePolicyVersion", &[READER, ("VersionId", "v190")], 403, refused),
        ("TagPolicy", &[READER, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], 403, refused),
        ("UntagPolicy", &[READER, ("TagKeys.member.1", "aws:version")], 403, refused),
        ("DeletePolicy", &[READER], 403, "is not authorized to perform: iam:DeletePolicy on resource: policy arn:aws:iam::aws:policy/ReadOnlyAccess</Message>"),
        ("SimulatePrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam::123456789012:user/ann"), ("ActionNames.member.1", "s3:GetObject")], 200, "<EvalDecision>allowed</EvalDecision><MatchedStatements><member><SourcePolicyId>ReadOnlyAccess</SourcePolicyId>"),
        ("SimulatePrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam::123456789012:user/ann"), ("ActionNames.member.1", "s3:GetObject"), ("PolicyExclusionList.member.1.PolicyType", "aws-managed")], 200, "<EvalDecision>implicitDeny</EvalDecision>"),
        ("DetachUserPolicy", &[ANN, READER], 200, ""),
        ("DetachUserPolicy", &[ANN, READER], 404, "Policy arn:aws:iam::aws:policy/ReadOnlyAccess was not found."),
        ("DetachUserPolicy", &[ANN, SUPPORT], 404, "was not found."),
        ("DetachGroupPolicy", &[("GroupName", "staff"), READER], 200, ""),
        ("GetPolicy", &[READER], 200, "<AttachmentCount>0</AttachmentCount>"),
        ("DeleteUserPermissionsBoundary", &[ANN], 200, ""),
    ];
    tell(&steps);
}

#[test]
fn they_are_listed_after_the_accounts_own() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    for name in ["zeta", "alpha"] {
        let made = call(&gateway, &root, "CreatePolicy", &[("PolicyName", name), ("PolicyDocument", ALLOW_ALL)]);
        assert_eq!(made.status, 200);
    }
    let pages = |parameters: &[(&str, &str)]| {
        let (mut names, mut marker, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let mut parameters = parameters.to_vec();
            parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let text = call(&gateway, &root, "ListPolicies", &parameters).text().to_string();
            let named = text.split("<PolicyName>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
            names.extend(named);
            pages += 1;
            marker = text.split("<Marker>").nth(1).map(|rest| rest.split('<').next().unwrap().to_owned());
            if marker.is_none() {
                return (names, pages);
            }
        }
    };
    let (all, count) = pages(&[("MaxItems", "1000")]);
    assert_eq!((all.len(), count), (1584, 2));
    assert_eq!(all[..3], ["alpha", "zeta", "AccessAnalyzerServiceRolePolicy"]);
    assert_eq!(pages(&[("MaxItems", "2"), ("PathPrefix", "/root-task/")]).0.len(), 5);
    assert_eq!(pages(&[("MaxItems", "199"), ("Scope", "All")]).0, all);
    assert_eq!(pages(&[("Scope", "AWS"), ("MaxItems", "791")]), (all[2..].to_vec(), 2));
    assert_eq!(pages(&[("Scope", "Local"), ("MaxItems", "1")]), (all[..2].to_vec(), 2));
    assert_eq!(pages(&[("PathPrefix", "/job-function/")]).0.len(), 15);
    assert_eq!(pages(&[("OnlyAttached", "true")]).0, [""; 0]);
    for (action, policy) in [("AttachUserPolicy", READER), ("PutUserPermissionsBoundary", ADMIN)] {
        let name = if action == "AttachUserPolicy" { "PolicyArn" } else { "PermissionsBoundary" };
        call(&gateway, &root, "CreateUser", &[ANN]);
        assert_eq!(call(&gateway, &root, action, &[ANN, (name, policy.1)]).status, 200);
    }
    assert_eq!(pages(&[("OnlyAttached", "true")]).0, ["ReadOnlyAccess"]);
    assert_eq!(pages(&[("PolicyUsageFilter", "PermissionsBoundary")]).0, ["AdministratorAccess"]);
    assert_eq!(pages(&[("Scope", "Local"), ("OnlyAttached", "true")]).0, [""; 0]);
    assert_eq!(pages(&[("MaxItems", "1000")]).0, all, "those in use stand in their place");
}

#[test]
fn they_decide_and_each_account_uses_them_for_itself() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, ann) = (gateway.root(), gateway.user("ann", None));
    let admin = gateway.user_of("210987654321", "boss", Some(ALLOW_ALL));
    gateway.user_of("210987654321", "cid", None);
    let change = |key: &Key, action: &str, parameters: &[(&str, &str)]| {
        let answer = call(&gateway, key, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.text().to_string()
    };
    let statuses = || {
        let buckets = gateway.send(&Signer::s3(&ann), Request::new("GET", "/"));
        let users = call(&gateway, &ann, "ListUsers", &[]);
        let made = call(&gateway, &ann, "CreateGroup", &[("GroupName", "g")]);
        (buckets.status, users.status, made.status)
    };
    assert_eq!(statuses(), (403, 403, 403));
    change(&root, "AttachUserPolicy", &[ANN, READER]);
    assert_eq!(statuses(), (200, 200, 403));
    change(&root, "AttachUserPolicy", &[ANN, ADMIN]);
    assert_eq!(statuses(), (200, 200, 200));
    let (bound, s3) = ("PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonS3FullAccess");
    change(&root, "PutUserPermissionsBoundary", &[ANN, (bound, s3)]);
    assert_eq!(statuses(), (200, 403, 403));

    change(&admin, "AttachUserPolicy", &[("UserName", "cid"), READER]);
    change(&admin, "AttachUserPolicy", &[("UserName", "boss"), READER]);
    for (key, count, name, other) in [(&root, 1, "ann", "cid"), (&admin, 2, "cid", "ann")] {
        let policy = change(key, "GetPolicy", &[READER]);
        assert!(policy.contains(&format!("<AttachmentCount>{count}</AttachmentCount>")), "{policy}");
        let entities = change(key, "ListEntitiesForPolicy", &[READER]);
        assert!(entities.contains(&format!("<UserName>{name}<")) && !entities.contains(&format!("<UserName>{other}<")));
        assert!(change(key, "ListPolicies", &[("Scope", "AWS"), ("OnlyAttached", "true")]).contains("ReadOnlyAccess"));
    }
    let listed = change(&admin, "ListPolicies", &[("Scope", "AWS"), ("OnlyAttached", "true")]);
    assert!(!listed.contains("AdministratorAccess"), "{listed}");
}
