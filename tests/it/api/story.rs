//! IAM's operations in the order in which people use them, with what AWS answers at each step.

use super::call;
use crate::road::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway},
    signer::{Key, Signer},
    upstream::Upstream,
};

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
const P: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/team/p");
const ANN: (&str, &str) = ("UserName", "ann");
const STAFF: (&str, &str) = ("GroupName", "staff");

/// Operation, parameters, status, and what the answer holds.
pub type Step<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

/// Makes calls in order on a gateway of its own.
pub fn tell(steps: &[Step<'_>]) {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    for (at, (action, parameters, status, holds)) in steps.iter().enumerate() {
        let answer = call(&gateway, &root, action, parameters);
        let text = answer.text();
        assert!(
            answer.status == *status && text.contains(holds),
            "step {at}, {action}: expected {status} {holds}\n{text}"
        );
        assert_eq!(answer.header("content-type"), Some("text/xml"));
        let id = format!("<RequestId>{}</RequestId>", answer.id());
        assert!(text.contains(&id), "{text}");
    }
}

#[test]
#[rustfmt::skip]
fn users() {
    let long = "u".repeat(65);
    tell(&[
        ("GetUser", &[], 200, "<UserId>123456789012</UserId><Arn>arn:aws:iam::123456789012:root</Arn>"),
        ("ListUsers", &[], 200, "<Users></Users><IsTruncated>false</IsTruncated>"),
        ("CreateUser", &[ANN, ("Path", "/staff/"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a<b")], 400, "1 validation error detected: Value 'a&lt;b' at 'tags.1.member.value' failed to satisfy constraint"),
        ("CreateUser", &[ANN, ("Tags.member.1.Key", "Team")], 400, "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"),
        ("CreateUser", &[ANN, ("Path", "/staff/"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a b")], 200, "<Arn>arn:aws:iam::123456789012:user/staff/ann</Arn>"),
        ("CreateUser", &[("UserName", "ANN")], 409, "<Code>EntityAlreadyExists</Code><Message>User with name ANN already exists.</Message>"),
        ("CreateUser", &[], 400, "<Code>ValidationError</Code><Message>1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null</Message>"),
        ("CreateUser", &[("UserName", "a b")], 400, r"Value 'a b' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+"),
        ("CreateUser", &[("UserName", &long), ("Path", "x")], 400, "2 validation errors detected: "),
        ("CreateUser", &[("UserName", "bob"), ("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadNothing")], 404, "Scope ARN: arn:aws:iam::aws:policy/ReadNothing does not exist or is not attachable."),
        ("GetUser", &[("UserName", "Ann")], 200, "<UserName>ann</UserName>"),
        ("GetUser", &[ANN], 200, "<Tags><member><Key>Team</Key><Value>a b</Value></member></Tags>"),
        ("GetUser", &[("UserName", "bob")], 404, "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name bob cannot be found.</Message>"),
        ("TagUser", &[ANN, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "b")], 200, "<TagUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>"),
        ("ListUserTags", &[ANN], 200, "<Value>b</Value></member></Tags><IsTruncated>false</IsTruncated>"),
        ("TagUser", &[ANN, ("Tags.member.1.Key", "x"), ("Tags.member.1.Value", "1"), ("Tags.member.2.Key", "X"), ("Tags.member.2.Value", "2")], 400, "<Code>InvalidInput</Code><Message>Duplicate tag keys found."),
        ("UntagUser", &[ANN, ("TagKeys.member.1", "TEAM")], 200, "UntagUserResponse"),
        ("ListUserTags", &[ANN], 200, "<Tags></Tags>"),
        ("UpdateUser", &[ANN, ("NewUserName", "anna"), ("NewPath", "/")], 200, "UpdateUserResponse"),
        ("GetUser", &[ANN], 404, "NoSuchEntity"),
        ("CreateUser", &[("UserName", "bob")], 200, "<UserId>AIDA"),
        ("CreateUser", &[("UserName", "cid")], 200, "<UserId>AIDA"),
        ("UpdateUser", &[("UserName", "anna"), ("NewUserName", "bob")], 409, "User with name bob already exists."),
        ("ListUsers", &[("MaxItems", "2")], 200, "<IsTruncated>true</IsTruncated><Marker>"),
        ("ListUsers", &[("MaxItems", "0")], 400, "Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ("ListUsers", &[("Marker", "?")], 400, "Invalid Marker"),
        ("ListUsers", &[("PathPrefix", "/staff/")], 200, "<Users></Users>"),
        ("DeleteUser", &[("UserName", "bob")], 200, "DeleteUserResponse"),
        ("DeleteUser", &[("UserName", "bob")], 404, "NoSuchEntity"),
    ]);
}

#[test]
#[rustfmt::skip]
fn groups_and_members() {
    tell(&[
        ("CreateGroup", &[STAFF, ("Path", "/x/")], 200, "<Arn>arn:aws:iam::123456789012:group/x/staff</Arn>"),
        ("CreateGroup", &[("GroupName", "Staff")], 409, "Group with name Staff already exists."),
        ("CreateUser", &[ANN], 200, ""),
        ("AddUserToGroup", &[STAFF, ANN], 200, "AddUserToGroupResponse"),
        ("AddUserToGroup", &[STAFF, ANN], 200, "AddUserToGroupResponse"),
        ("AddUserToGroup", &[("GroupName", "none"), ANN], 404, "The group with name none cannot be found."),
        ("AddUserToGroup", &[STAFF, ("UserName", "none")], 404, "The user with name none cannot be found."),
        ("GetGroup", &[STAFF], 200, "<Users><member><Path>/</Path><UserName>ann</UserName>"),
        ("ListGroupsForUser", &[ANN], 200, "<GroupName>staff</GroupName>"),
        ("ListGroups", &[("PathPrefix", "/x/")], 200, "<GroupName>staff</GroupName>"),
        ("DeleteGroup", &[STAFF], 409, "<Code>DeleteConflict</Code><Message>Cannot delete entity, must remove users from group first.</Message>"),
        ("DeleteUser", &[ANN], 409, "Cannot delete entity, must remove users from group first."),
        ("RemoveUserFromGroup", &[STAFF, ANN], 200, "RemoveUserFromGroupResponse"),
        ("RemoveUserFromGroup", &[STAFF, ANN], 404, "NoSuchEntity"),
        ("UpdateGroup", &[STAFF, ("NewGroupName", "crew"), ("NewPath", "/y/")], 200, ""),
        ("GetGroup", &[("GroupName", "crew")], 200, "<Arn>arn:aws:iam::123456789012:group/y/crew</Arn>"),
        ("DeleteGroup", &[("GroupName", "crew")], 200, "DeleteGroupResponse"),
    ]);
}

#[test]
#[rustfmt::skip]
fn access_keys() {
    tell(&[
        ("CreateUser", &[ANN], 200, ""),
        ("CreateAccessKey", &[ANN], 200, "<Status>Active</Status>"),
        ("CreateAccessKey", &[ANN], 200, "<SecretAccessKey>"),
        ("CreateAccessKey", &[ANN], 409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for AccessKeysPerUser: 2</Message>"),
        ("ListAccessKeys", &[ANN], 200, "<AccessKeyMetadata><member><UserName>ann</UserName><AccessKeyId>AKIA"),
        ("ListAccessKeys", &[], 200, "<AccessKeyId>AKIAROOT000000000001</AccessKeyId>"),
        ("UpdateAccessKey", &[ANN, ("AccessKeyId", "AKIAROOT000000000001"), ("Status", "Inactive")], 404, "The Access Key with id AKIAROOT000000000001 cannot be found."),
        ("UpdateAccessKey", &[ANN, ("AccessKeyId", "AKIAROOT000000000001"), ("Status", "Off")], 400, "Member must satisfy enum value set: [Active, Inactive, Expired]"),
        ("DeleteAccessKey", &[("AccessKeyId", "short")], 400, "Member must have length greater than or equal to 16"),
        ("GetAccessKeyLastUsed", &[("AccessKeyId", "AKIAROOT000000000001")], 200, "<AccessKeyLastUsed>"),
        ("GetAccessKeyLastUsed", &[("AccessKeyId", "AKIANONE000000000001")], 404, "NoSuchEntity"),
        ("DeleteUser", &[ANN], 409, "Cannot delete entity, must delete access keys first."),
    ]);
}

#[test]
#[rustfmt::skip]
fn managed_policies() {
    let huge = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"s3:{}","Resource":"*"}}}}"#, "a".repeat(6200));
    tell(&[
        ("CreatePolicy", &[("PolicyName", "p"), ("Path", "/team/"), ("PolicyDocument", DENY), ("Description", "d")], 200, "<Arn>arn:aws:iam::123456789012:policy/team/p</Arn><Path>/team/</Path><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>"),
        ("CreatePolicy", &[("PolicyName", "P"), ("PolicyDocument", DENY)], 409, "A policy called P already exists. Duplicate names are not allowed."),
        ("CreatePolicy", &[("PolicyName", "q"), ("PolicyDocument", "{")], 400, "<Code>MalformedPolicyDocument</Code><Message>Syntax errors in policy.</Message>"),
        ("CreatePolicy", &[("PolicyName", "q"), ("PolicyDocument", &huge)], 409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for PolicySize: 6144</Message>"),
        ("GetPolicy", &[P], 200, "<Description>d</Description>"),
        ("GetPolicy", &[("PolicyArn", "arn:aws:iam::123456789012:policy/none")], 404, "Policy arn:aws:iam::123456789012:policy/none was not found."),
        ("GetPolicy", &[("PolicyArn", "arn:aws:s3:::a-bucket-of-ours")], 400, "<Code>InvalidInput</Code><Message>ARN arn:aws:s3:::a-bucket-of-ours is not valid.</Message>"),
        ("GetPolicyVersion", &[P, ("VersionId", "v1")], 200, "<Document>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22"),
        ("GetPolicyVersion", &[P, ("VersionId", "v7")], 404, "version v7 does not exist or is not attachable."),
        ("CreatePolicyVersion", &[P, ("PolicyDocument", ALLOW_ALL), ("SetAsDefault", "true")], 200, "<VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion>"),
        ("CreatePolicyVersion", &[P, ("PolicyDocument", DENY)], 200, "<VersionId>v3</VersionId><IsDefaultVersion>false</IsDefaultVersion>"),
        ("CreatePolicyVersion", &[P, ("PolicyDocument", DENY)], 200, "v4"),
        ("CreatePolicyVersion", &[P, ("PolicyDocument", DENY)], 200, "v5"),
        ("CreatePolicyVersion", &[P, ("PolicyDocument", DENY)], 409, "A managed policy can have up to 5 versions."),
        ("ListPolicyVersions", &[P, ("MaxItems", "2")], 200, "<Versions><member><VersionId>v5</VersionId>"),
        ("DeletePolicyVersion", &[P, ("VersionId", "v2")], 409, "Cannot delete the default version of a policy."),
        ("DeletePolicyVersion", &[P, ("VersionId", "v5")], 200, ""),
        ("CreatePolicyVersion", &[P, ("PolicyDocument", DENY)], 200, "<VersionId>v6</VersionId>"),
        ("SetDefaultPolicyVersion", &[P, ("VersionId", "v1")], 200, ""),
        ("GetPolicy", &[P], 200, "<DefaultVersionId>v1</DefaultVersionId>"),
        ("CreateUser", &[ANN], 200, ""),
        ("CreateGroup", &[STAFF], 200, ""),
        ("AttachUserPolicy", &[ANN, P], 200, "AttachUserPolicyResponse"),
        ("AttachUserPolicy", &[ANN, P], 200, "AttachUserPolicyResponse"),
        ("AttachUserPolicy", &[ANN, ("PolicyArn", "arn:aws:iam::aws:policy/ReadNothing")], 404, "Policy arn:aws:iam::aws:policy/ReadNothing does not exist or is not attachable."),
        ("AttachGroupPolicy", &[STAFF, P], 200, ""),
        ("ListAttachedUserPolicies", &[ANN], 200, "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::123456789012:policy/team/p</PolicyArn></member></AttachedPolicies>"),
        ("ListAttachedGroupPolicies", &[STAFF, ("PathPrefix", "/none/")], 200, "<AttachedPolicies></AttachedPolicies>"),
        ("ListEntitiesForPolicy", &[P], 200, "<GroupName>staff</GroupName>"),
        ("ListEntitiesForPolicy", &[P, ("EntityFilter", "User")], 200, "<PolicyGroups></PolicyGroups><PolicyUsers><member><UserName>ann</UserName>"),
        ("ListEntitiesForPolicy", &[P, ("MaxItems", "1")], 200, "</PolicyGroups><PolicyUsers></PolicyUsers><PolicyRoles></PolicyRoles><IsTruncated>true</IsTruncated><Marker>dXNlcjo</Marker>"),
        ("ListEntitiesForPolicy", &[P, ("MaxItems", "1"), ("Marker", "dXNlcjo")], 200, "<PolicyGroups></PolicyGroups><PolicyUsers><member><UserName>ann</UserName>"),
        ("ListEntitiesForPolicy", &[P, ("PolicyUsageFilter", "PermissionsBoundary")], 200, "<PolicyUsers></PolicyUsers>"),
        ("ListPolicies", &[("OnlyAttached", "true"), ("Scope", "Local")], 200, "<AttachmentCount>2</AttachmentCount>"),
        ("ListPolicies", &[("Scope", "AWS"), ("OnlyAttached", "true")], 200, "<Policies></Policies>"),
        ("ListPolicies", &[("OnlyAttached", "yes")], 400, "ValidationError"),
        ("DeletePolicy", &[P], 409, "Cannot delete a policy attached to entities."),
        ("DeleteUser", &[ANN], 409, "Cannot delete entity, must detach all policies first."),
        ("DetachUserPolicy", &[ANN, P], 200, ""),
        ("DetachUserPolicy", &[ANN, P], 404, "was not found."),
        ("DetachGroupPolicy", &[STAFF, P], 200, ""),
        ("DeletePolicy", &[P], 409, "This policy has more than one version."),
        ("TagPolicy", &[P, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")], 200, ""),
        ("ListPolicyTags", &[P], 200, "<Key>k</Key><Value>v</Value>"),
        ("UntagPolicy", &[P, ("TagKeys.member.1", "k")], 200, ""),
        ("ListPolicyTags", &[P], 200, "<Tags></Tags>"),
    ]);
}

#[test]
#[rustfmt::skip]
fn roles() {
    const READER: (&str, &str) = ("RoleName", "reader");
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
    tell(&[
        ("CreateRole", &[READER, ("AssumeRolePolicyDocument", TRUST)], 200, "<Arn>arn:aws:iam::123456789012:role/reader</Arn>"),
        ("UpdateRole", &[READER, ("MaxSessionDuration", "7200")], 200, "<UpdateRoleResult></UpdateRoleResult>"),
        ("UpdateRoleDescription", &[READER, ("Description", "d")], 200, "<UpdateRoleDescriptionResult><Role><Path>/</Path><RoleName>reader</RoleName>"),
        ("UpdateAssumeRolePolicy", &[READER, ("PolicyDocument", TRUST)], 200, "2010-05-08/\"><ResponseMetadata>"),
        ("GetRole", &[READER], 200, "<Description>d</Description><MaxSessionDuration>7200</MaxSessionDuration>"),
        ("DeleteRole", &[READER], 200, "DeleteRoleResponse"),
        ("UpdateRole", &[READER], 404, "The role with name reader cannot be found."),
    ]);
}

#[test]
#[rustfmt::skip]
fn inline_policies() {
    let half = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"s3:{}","Resource":"*"}}}}"#, "a".repeat(1000));
    let name = |name| ("PolicyName", name);
    tell(&[
        ("CreateUser", &[ANN], 200, ""),
        ("CreateGroup", &[STAFF], 200, ""),
        ("PutUserPolicy", &[ANN, name("one"), ("PolicyDocument", DENY)], 200, "PutUserPolicyResponse"),
        ("PutUserPolicy", &[ANN, name("one"), ("PolicyDocument", "[]")], 400, "MalformedPolicyDocument"),
        ("PutUserPolicy", &[ANN, name("one"), ("PolicyDocument", &half)], 200, ""),
        ("PutUserPolicy", &[ANN, name("two"), ("PolicyDocument", &half)], 409, "<Code>LimitExceeded</Code><Message>Maximum policy size of 2048 bytes exceeded for user ann</Message>"),
        ("ListUserPolicies", &[ANN], 200, "<PolicyNames><member>one</member></PolicyNames>"),
        ("GetUserPolicy", &[ANN, name("ONE")], 200, "<UserName>ann</UserName><PolicyName>one</PolicyName><PolicyDocument>%7B%22Version"),
        ("GetUserPolicy", &[ANN, name("two")], 404, "The user policy with name two cannot be found."),
        ("DeleteUser", &[ANN], 409, "Cannot delete entity, must delete policies first."),
        ("DeleteUserPolicy", &[ANN, name("one")], 200, ""),
        ("DeleteUserPolicy", &[ANN, name("one")], 404, "NoSuchEntity"),
        ("PutGroupPolicy", &[STAFF, name("g"), ("PolicyDocument", DENY)], 200, ""),
        ("GetGroupPolicy", &[STAFF, name("g")], 200, "<GroupName>staff</GroupName><PolicyName>g</PolicyName>"),
        ("ListGroupPolicies", &[STAFF], 200, "<member>g</member>"),
        ("DeleteGroup", &[STAFF], 409, "Cannot delete entity, must delete policies first."),
        ("DeleteGroupPolicy", &[STAFF, name("g")], 200, ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_no_operation_is() {
    tell(&[
        ("GetCallerIdentity", &[], 200, "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><UserId>123456789012</UserId><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:root</Arn></GetCallerIdentityResult>"),
        ("AcquireRole", &[], 501, "<Code>NotImplemented</Code><Message>The operation AcquireRole is not implemented.</Message>"),
        ("Fly", &[], 400, "<Code>InvalidAction</Code><Message>Could not find operation Fly for version 2010-05-08</Message>"),
        ("", &[], 400, "<Code>MissingAction</Code>"),
        ("CreateUser", &[ANN, ANN], 404, "<Code>MalformedQueryString</Code>"),
    ]);
}

#[test]
fn a_change_counts_for_the_next_request() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, ann) = (gateway.root(), gateway.user("ann", None));
    let user = ("UserName", "ann");
    let status = |expected: u16| {
        let answer = call(&gateway, &ann, "ListUsers", &[]);
        assert_eq!(answer.status, expected, "{}", answer.text());
    };
    let change = |action: &str, parameters: &[(&str, &str)]| {
        let answer = call(&gateway, &root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    };
    status(403);
    change("PutUserPolicy", &[user, ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]);
    status(200);
    change("CreateGroup", &[("GroupName", "g")]);
    change(
        "PutGroupPolicy",
        &[("GroupName", "g"), ("PolicyName", "p"), ("PolicyDocument", &DENY.replace("s3", "iam"))],
    );
    status(200);
    change("AddUserToGroup", &[("GroupName", "g"), user]);
    status(403);
    change("RemoveUserFromGroup", &[("GroupName", "g"), user]);
    status(200);
    change("UpdateAccessKey", &[user, ("AccessKeyId", &ann.id), ("Status", "Inactive")]);
    status(403);
    change("UpdateAccessKey", &[user, ("AccessKeyId", &ann.id), ("Status", "Active")]);
    status(200);
    change("DeleteUserPolicy", &[user, ("PolicyName", "p")]);
    status(403);
    change("DeleteAccessKey", &[user, ("AccessKeyId", &ann.id)]);
    let answer = call(&gateway, &ann, "GetCallerIdentity", &[]);
    assert!(answer.text().contains("<Code>InvalidClientTokenId</Code>"), "{}", answer.text());
}

#[test]
fn secrets_stay_out_of_records() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let root = gateway.root();
    call(&gateway, &root, "CreateUser", &[ANN]);
    let answer = call(&gateway, &root, "CreateAccessKey", &[ANN]);
    let secret = answer.element("SecretAccessKey");
    assert_eq!(secret.len(), 40);
    let record = gateway.record(&answer);
    let shown = &record["responseElements"]["accessKey"];
    assert_eq!(shown["accessKeyId"], answer.element("AccessKeyId"));
    assert_eq!(shown["userName"], "ann");
    let records = gateway.end();
    assert!(records.iter().all(|record| !record.to_string().contains(&secret)));
}

#[test]
#[rustfmt::skip]
fn boundaries() {
    let bound = ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/team/p");
    tell(&[
        ("CreatePolicy", &[("PolicyName", "p"), ("Path", "/team/"), ("PolicyDocument", DENY)], 200, "<PermissionsBoundaryUsageCount>0<"),
        ("CreateUser", &[ANN, ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/none")], 404, "Scope ARN: arn:aws:iam::123456789012:policy/none does not exist or is not attachable."),
        ("GetUser", &[ANN], 404, ""),
        ("CreateUser", &[ANN, bound], 200, "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/team/p</PermissionsBoundaryArn></PermissionsBoundary>"),
        ("GetUser", &[ANN], 200, "<PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/team/p</PermissionsBoundaryArn>"),
        ("GetPolicy", &[P], 200, "<AttachmentCount>0</AttachmentCount><PermissionsBoundaryUsageCount>1<"),
        ("ListPolicies", &[("PolicyUsageFilter", "PermissionsBoundary")], 200, "<PolicyName>p</PolicyName>"),
        ("ListPolicies", &[("OnlyAttached", "true")], 200, "<Policies></Policies>"),
        ("ListEntitiesForPolicy", &[P, ("PolicyUsageFilter", "PermissionsBoundary")], 200, "<PolicyUsers><member><UserName>ann</UserName>"),
        ("ListEntitiesForPolicy", &[P, ("PolicyUsageFilter", "PermissionsPolicy")], 200, "<PolicyUsers></PolicyUsers>"),
        ("AttachUserPolicy", &[ANN, P], 200, ""),
        ("CreateUser", &[("UserName", "bob")], 200, ""),
        ("AttachUserPolicy", &[("UserName", "bob"), P], 200, ""),
        ("ListEntitiesForPolicy", &[P, ("MaxItems", "1")], 200, "<PolicyUsers><member><UserName>ann</UserName>"),
        ("ListEntitiesForPolicy", &[P, ("MaxItems", "1"), ("Marker", "dXNlcjphbm4")], 200, "<PolicyUsers><member><UserName>bob</UserName>"),
        ("DetachUserPolicy", &[ANN, P], 200, ""),
        ("DetachUserPolicy", &[("UserName", "bob"), P], 200, ""),
        ("DeletePolicy", &[P], 409, "Cannot delete a policy attached to entities."),
        ("DeleteUserPermissionsBoundary", &[ANN], 200, ""),
        ("DeleteUserPermissionsBoundary", &[ANN], 404, "User ann does not have a permissions boundary."),
        ("PutUserPermissionsBoundary", &[ANN, bound], 200, "<PutUserPermissionsBoundaryResponse"),
        ("PutUserPermissionsBoundary", &[("UserName", "nobody"), bound], 404, "The user with name nobody cannot be found."),
        ("DeleteUser", &[ANN], 200, ""),
        ("DeletePolicy", &[P], 200, ""),
    ]);
}

/// A boundary counts for the next request, and who may only make users with it cannot give away more.
#[test]
fn a_boundary_limits_what_policies_allow() {
    const READ: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","iam:*"],"Resource":"*"}}"#;
    const WITH_BOUNDARY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:CreateUser","iam:PutUserPolicy"],"Resource":"*",
        "Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::123456789012:policy/read"}}}}"#;
    let bound = ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/read");
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let (root, ann) = (gateway.root(), gateway.user("ann", Some(ALLOW_ALL)));
    let maker = gateway.user("maker", Some(WITH_BOUNDARY));
    let asks = |method: &str| {
        let answer = gateway.send(&Signer::s3(&ann), Request::new(method, "/photos/a"));
        (answer.status, answer.element("Message"))
    };
    let done = |key: &Key, action: &str, parameters: &[(&str, &str)]| call(&gateway, key, action, parameters).status;
    assert_eq!(done(&root, "CreatePolicy", &[("PolicyName", "read"), ("PolicyDocument", READ)]), 200);
    assert_eq!([asks("GET").0, asks("PUT").0], [200, 200]);
    assert_eq!(done(&root, "PutUserPermissionsBoundary", &[ANN, bound]), 200);
    assert_eq!(asks("GET").0, 200);
    let (status, why) = asks("PUT");
    assert!(status == 403 && why.ends_with("because no permissions boundary allows the s3:PutObject action"), "{why}");
    // A new version of the boundary counts too.
    let version = [("PolicyArn", bound.1), ("PolicyDocument", ALLOW_ALL), ("SetAsDefault", "true")];
    assert_eq!(done(&root, "CreatePolicyVersion", &version), 200);
    assert_eq!(asks("PUT").0, 200);
    assert_eq!(done(&root, "SetDefaultPolicyVersion", &[("PolicyArn", bound.1), ("VersionId", "v1")]), 200);
    assert_eq!(asks("PUT").0, 403);
    // The simulator counts it, unless it is told another or none.
    let simulated = |further: &[(&str, &str)]| {
        let asked =
            [("PolicySourceArn", "arn:aws:iam::123456789012:user/ann"), ("ActionNames.member.1", "s3:PutObject")];
        let answer = call(&gateway, &root, "SimulatePrincipalPolicy", &[&asked[..], further].concat());
        (answer.element("EvalDecision"), answer.element("AllowedByPermissionsBoundary"))
    };
    assert_eq!(simulated(&[]), ("implicitDeny".into(), "false".into()));
    assert_eq!(
        simulated(&[("PermissionsBoundaryPolicyInputList.member.1", ALLOW_ALL)]),
        ("allowed".into(), "true".into())
    );
    let without = [("PolicyExclusionList.member.1.PolicyType", "permission-boundary")];
    assert_eq!(simulated(&without), ("allowed".into(), String::new()));
    assert_eq!(done(&root, "DeleteUserPermissionsBoundary", &[ANN]), 200);
    assert_eq!(asks("PUT").0, 200);

    assert_eq!(done(&maker, "CreateUser", &[("UserName", "free")]), 403);
    assert_eq!(done(&maker, "CreateUser", &[("UserName", "bound"), bound]), 200);
    let policy = [("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)];
    assert_eq!(done(&maker, "PutUserPolicy", &[&[("UserName", "bound")], &policy[..]].concat()), 200);
    assert_eq!(done(&maker, "PutUserPolicy", &[&[ANN], &policy[..]].concat()), 403);
}
