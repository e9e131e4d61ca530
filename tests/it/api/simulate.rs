//! The simulator: every parameter and every member of its answers.

use super::call;
use crate::road::{client::Response, gateway::Gateway, signer::Key, upstream::Upstream};

const READ_A: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"x"}}}]}"#;
const READ_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
const DENY_B: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/*"}]}"#;
const FOR_ANN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}"#;
const OTHER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#;
const INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/i";
const ANN: &str = "arn:aws:iam::123456789012:user/ann";

const GET: (&str, &str) = ("ActionNames.member.1", "s3:GetObject");
const ON_A: (&str, &str) = ("ResourceArns.member.1", "arn:aws:s3:::a/k");
const ON_B: (&str, &str) = ("ResourceArns.member.2", "arn:aws:s3:::b/k");
const ALL: (&str, &str) = ("PolicyInputList.member.1", READ_ALL);
const NOT_B: (&str, &str) = ("PolicyInputList.member.2", DENY_B);
const FROM_ANN: (&str, &str) = ("CallerArn", ANN);
const BOUNDARY: (&str, &str) = ("PermissionsBoundaryPolicyInputList.member.1", OTHER);

/// Parameters, and what the answer holds, in this order.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

fn check(gateway: &Gateway, key: &Key, action: &str, rows: &[Row<'_>]) {
    for (at, (parameters, holds)) in rows.iter().enumerate() {
        let answer = call(gateway, key, action, parameters);
        let text = answer.text();
        let mut rest = &*text;
        for part in *holds {
            let found = rest.split_once(part);
            rest = found.unwrap_or_else(|| panic!("{action}, row {at}: {part} is missing in\n{text}")).1;
        }
        let refused = holds[0].contains("<Code>");
        assert_eq!(answer.status, if refused { 400 } else { 200 }, "{action}, row {at}: {text}");
    }
}

fn start() -> (Upstream, Gateway, Key) {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    (upstream, gateway, root)
}

fn must(answer: Response) {
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
#[rustfmt::skip]
fn policies_that_are_nobodys_are_decided_on() {
    let (_upstream, gateway, root) = start();
    check(&gateway, &root, "SimulateCustomPolicy", &[
        (&[ALL, GET], &["<EvalActionName>s3:GetObject</EvalActionName><EvalResourceName>arn:aws:s3:::${BucketName}/${KeyName}</EvalResourceName><EvalDecision>allowed</EvalDecision>\
            <MatchedStatements><member><SourcePolicyId>PolicyInputList.1</SourcePolicyId><SourcePolicyType>IAM Policy</SourcePolicyType>\
            <StartPosition><Line>1</Line><Column>38</Column></StartPosition><EndPosition><Line>1</Line><Column>89</Column></EndPosition></member></MatchedStatements>\
            <MissingContextValues></MissingContextValues></member></EvaluationResults><IsTruncated>false</IsTruncated></SimulateCustomPolicyResult>"]),
        (&[ALL, ("ActionNames.member.1", "s3:ListAllMyBuckets")], &["<EvalResourceName>*</EvalResourceName><EvalDecision>implicitDeny</EvalDecision><MatchedStatements></MatchedStatements>"]),
        // The worst of several resources is told, with the statement that denies and no other.
        (&[ALL, NOT_B, GET, ON_A, ON_B], &["<EvalDecision>explicitDeny</EvalDecision><MatchedStatements><member><SourcePolicyId>PolicyInputList.2</SourcePolicyId>", "</MatchedStatements>",
            "<EvalDecisionDetails></EvalDecisionDetails><ResourceSpecificResults><member><EvalResourceName>arn:aws:s3:::a/k</EvalResourceName><EvalResourceDecision>allowed</EvalResourceDecision>",
            "<EvalResourceName>arn:aws:s3:::b/k</EvalResourceName><EvalResourceDecision>explicitDeny</EvalResourceDecision>"]),
        (&[("PolicyInputList.member.1", READ_A), GET, ON_A], &["<EvalDecision>implicitDeny<", "<MissingContextValues><member>aws:PrincipalTag/team</member></MissingContextValues>"]),
        (&[("PolicyInputList.member.1", READ_A), GET, ON_A, ("ContextEntries.member.1.ContextKeyName", "AWS:principaltag/Team"), ("ContextEntries.member.1.ContextKeyType", "string"),
            ("ContextEntries.member.1.ContextKeyValues.member.1", "x")], &["<EvalDecision>allowed<", "<MissingContextValues></MissingContextValues>"]),
        (&[("PolicyInputList.member.1", READ_A), GET, ON_A, ("ContextEntries.member.1.ContextKeyName", "aws:PrincipalTag/team"), ("ContextEntries.member.1.ContextKeyType", "stringList"),
            ("ContextEntries.member.1.ContextKeyValues.member.1", "x"), ("ContextEntries.member.1.ContextKeyValues.member.2", "y")], &["<EvalDecision>implicitDeny<"]),
        // What limits.
        (&[ALL, GET, BOUNDARY], &["<EvalDecision>implicitDeny<", "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false<"]),
        (&[ALL, GET, ("PermissionsBoundaryPolicyInputList.member.1", READ_ALL)], &["<EvalDecision>allowed<", "<AllowedByPermissionsBoundary>true<"]),
        (&[ALL, GET, ("OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.1", READ_ALL), ("OrderedOrganizationPolicyInputList.member.2.ServiceControlPolicyInputList.member.1", OTHER)],
            &["<EvalDecision>implicitDeny<", "<OrganizationsDecisionDetail><AllowedByOrganizations>false<"]),
        // The resource's own policy, within an account and across two.
        (&[("PolicyInputList.member.1", OTHER), GET, ON_A, FROM_ANN, ("ResourcePolicy", FOR_ANN)], &["<EvalDecision>allowed<", "<SourcePolicyId>ResourcePolicy</SourcePolicyId><SourcePolicyType>Resource Policy</SourcePolicyType>"]),
        (&[("PolicyInputList.member.1", OTHER), GET, ON_A, FROM_ANN, ("ResourcePolicy", FOR_ANN), ("ResourceOwner", "arn:aws:iam::999999999999:root")],
            &["<EvalDecision>implicitDeny<", "<entry><key>IAM Policy</key><value>implicitDeny</value></entry><entry><key>Resource Policy</key><value>allowed</value></entry>"]),
        (&[ALL, GET, ON_A, FROM_ANN, ("ResourcePolicy", FOR_ANN), ("ResourceOwner", "999999999999")], &["<EvalDecision>allowed<"]),
        // Pages.
        (&[ALL, GET, ("ActionNames.member.2", "s3:GetObjectTagging"), ("MaxItems", "1")], &["<EvalActionName>s3:GetObject</EvalActionName>", "<IsTruncated>true</IsTruncated><Marker>MDAwMDAwMDA</Marker>"]),
        (&[ALL, GET, ("ActionNames.member.2", "s3:GetObjectTagging"), ("Marker", "MDAwMDAwMDA")], &["<EvaluationResults><member><EvalActionName>s3:GetObjectTagging</EvalActionName>", "<IsTruncated>false<"]),
        (&[ALL, ("ActionNames.member.1", "ec2:RunInstances"), ("ResourceHandlingOption", "EC2-VPC-EBS"), ("ResourceArns.member.1", INSTANCE)],
            &["<Code>InvalidInput</Code><Message>Resource handling option EC2-VPC-EBS requires a resource of type image<"]),
        // What is no question.
        (&[GET], &["<Code>ValidationError</Code>", "at 'policyInputList' failed"]),
        (&[ALL], &["<Code>ValidationError</Code>", "at 'actionNames' failed"]),
        (&[ALL, ("ActionNames.member.1", "s3:*")], &["<Code>InvalidInput</Code><Message>Invalid action name: s3:*<"]),
        (&[ALL, GET, ("ResourceArns.member.1", "bucket")], &["<Code>InvalidInput</Code><Message>Invalid resource ARN: bucket<"]),
        (&[("PolicyInputList.member.1", "{"), GET], &["<Code>InvalidInput</Code><Message>Invalid policy PolicyInputList.1: Syntax errors in policy.<"]),
        (&[ALL, GET, ("ResourcePolicy", FOR_ANN)], &["<Code>InvalidInput</Code><Message>CallerArn must be specified"]),
        (&[ALL, GET, ("CallerArn", "arn:aws:s3:::a")], &["<Code>InvalidInput</Code><Message>Invalid Entity Arn: arn:aws:s3:::a does not clearly define entity type and name.<"]),
        (&[ALL, GET, BOUNDARY, ("PermissionsBoundaryPolicyInputList.member.2", OTHER)], &["<Code>InvalidInput</Code>", "one permissions boundary"]),
        (&[ALL, GET, ("ContextEntries.member.1.ContextKeyName", "a"), ("ContextEntries.member.1.ContextKeyType", "text"), ("ContextEntries.member.1.ContextKeyValues.member.1", "x")],
            &["<Code>ValidationError</Code><Message>2 validation errors detected: Value 'a' at 'contextEntries.1.member.contextKeyName' failed", "Value 'text' at 'contextEntries.1.member.contextKeyType' failed"]),
        (&[ALL, GET, ("ResourceHandlingOption", "EC2-Classic")], &["<Code>InvalidInput</Code>", "EC2-Classic"]),
    ]);
    let answer = call(&gateway, &root, "SimulateCustomPolicy", &[ALL, GET, ON_A]);
    let record = gateway.record(&answer);
    assert_eq!((&record["readOnly"], &record["requestParameters"]["resourceArns"][0]), (&true.into(), &"arn:aws:s3:::a/k".into()));
}

#[test]
#[rustfmt::skip]
fn what_somebody_may_do_is_told_without_doing_it() {
    let (_upstream, gateway, root) = start();
    let source = ("PolicySourceArn", ANN);
    for (action, parameters) in [
        ("CreateUser", &[("UserName", "ann"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "x")][..]),
        ("CreateGroup", &[("GroupName", "staff")]),
        ("AddUserToGroup", &[("GroupName", "staff"), ("UserName", "ann")]),
        ("PutUserPolicy", &[("UserName", "ann"), ("PolicyName", "read"), ("PolicyDocument", READ_A)]),
        ("PutGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "not"), ("PolicyDocument", DENY_B)]),
        ("CreatePolicy", &[("PolicyName", "all"), ("PolicyDocument", READ_ALL)]),
        ("AttachUserPolicy", &[("UserName", "ann"), ("PolicyArn", "arn:aws:iam::123456789012:policy/all")]),
    ] {
        must(call(&gateway, &root, action, parameters));
    }
    let without = |key: &'static str, value: &'static str| (key, value);
    check(&gateway, &root, "SimulatePrincipalPolicy", &[
        // Her tags are known.
        (&[source, GET, ON_A], &["<EvalDecision>allowed<", "<SourcePolicyId>user_ann_read</SourcePolicyId>", "<SourcePolicyId>all</SourcePolicyId>", "<MissingContextValues></MissingContextValues>"]),
        (&[source, GET, ON_A, ON_B], &["<EvalDecision>explicitDeny<", "<SourcePolicyId>group_staff_not</SourcePolicyId>"]),
        (&[source, GET, ("ResourceArns.member.1", "arn:aws:s3:::c/k")], &["<EvalDecision>allowed<"]),
        (&[source, GET, ("ResourceArns.member.1", "arn:aws:s3:::c/k"), without("PolicyExclusionList.member.1.PolicyType", "user-managed")], &["<EvalDecision>implicitDeny<"]),
        (&[source, GET, ("ResourceArns.member.1", "arn:aws:s3:::c/k"), without("PolicyExclusionList.member.1.PolicyArn", "arn:aws:iam::123456789012:policy/a*")], &["<EvalDecision>implicitDeny<"]),
        (&[source, GET, ("ResourceArns.member.1", "arn:aws:s3:::b/k"), without("PolicyExclusionList.member.1.InlinePolicyIdentifier.PolicyName", "not"),
            without("PolicyExclusionList.member.1.InlinePolicyIdentifier.AttachmentType", "group"), without("PolicyExclusionList.member.1.InlinePolicyIdentifier.AttachmentName", "st*")], &["<EvalDecision>allowed<"]),
        (&[source, GET, ON_A, without("PolicyExclusionList.member.1.PolicyType", "inline"), without("PolicyExclusionList.member.1.PolicyArn", "arn:aws:iam::123456789012:policy/all")],
            &["<Code>InvalidInput</Code><Message>A policy identifier must have exactly one"]),
        (&[source, GET, ON_A, without("PolicyExclusionList.member.1.PolicyArn", "arn:aws:iam::*:policy/all")], &["<Code>InvalidInput</Code>"]),
        (&[source, GET, ON_A, BOUNDARY], &["<EvalDecision>implicitDeny<", "<AllowedByPermissionsBoundary>false<"]),
        (&[source, GET, ON_A, ("PolicyInputList.member.1", r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#)], &["<EvalDecision>explicitDeny<", "<SourcePolicyId>PolicyInputList.1<"]),
        (&[("PolicySourceArn", "arn:aws:iam::123456789012:group/staff"), GET, ON_A], &["<EvalDecision>implicitDeny<"]),
        (&[("PolicySourceArn", "arn:aws:iam::999999999999:user/ann"), GET], &["<Code>InvalidInput</Code><Message>Invalid Policy Source Arn: caller's account 123456789012 does not have access to policies in account 999999999999<"]),
        (&[("PolicySourceArn", "arn:aws:iam::123456789012:policy/all"), GET], &["<Code>InvalidInput</Code><Message>Invalid Entity Arn: "]),
    ]);
    for (arn, message) in [
        ("arn:aws:iam::123456789012:user/bob", "The user with name bob cannot be found."),
        ("arn:aws:iam::123456789012:user/x/ann", "The user with name ann cannot be found."),
        ("arn:aws:iam::123456789012:role/app", "The role with name app cannot be found."),
    ] {
        for (action, parameters) in [("SimulatePrincipalPolicy", &[("PolicySourceArn", arn), GET][..]), ("GetContextKeysForPrincipalPolicy", &[("PolicySourceArn", arn)])] {
            let answer = call(&gateway, &root, action, parameters);
            assert_eq!((answer.status, answer.element("Code"), answer.element("Message")), (404, "NoSuchEntity".into(), message.to_owned()), "{action} {arn}");
        }
    }
    check(&gateway, &root, "GetContextKeysForPrincipalPolicy", &[
        (&[source], &["<ContextKeyNames><member>aws:PrincipalTag/team</member></ContextKeyNames>"]),
        (&[source, ("PolicyInputList.member.1", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}"}}"#)],
            &["<ContextKeyNames><member>aws:PrincipalTag/team</member><member>aws:username</member></ContextKeyNames>"]),
    ]);
    check(&gateway, &root, "GetContextKeysForCustomPolicy", &[
        (&[("PolicyInputList.member.1", READ_A), ("PolicyInputList.member.2", READ_A)], &["<ContextKeyNames><member>aws:PrincipalTag/team</member></ContextKeyNames>"]),
        (&[ALL], &["<ContextKeyNames></ContextKeyNames>"]),
        (&[("PolicyInputList.member.1", "[]")], &["<Code>InvalidInput</Code>"]),
    ]);
}
