//! Roles in the order in which people use them, with what AWS answers at each step.

use super::story::tell;
use crate::road::gateway::ALLOW_ALL;

const R: (&str, &str) = ("RoleName", "reader");
const P: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/p");
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
const OTHER_TRUST: &str = r#"{ "Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const NO_TRUST: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}}"#;

#[test]
#[rustfmt::skip]
fn roles() {
    let long = format!("{{\"Version\":\"2012-10-17\",\"Id\":\"{}\"}}", "x".repeat(2_048));
    tell(&[
        ("ListRoles", &[], 200, "<Roles></Roles><IsTruncated>false</IsTruncated>"),
        ("CreateRole", &[R], 400, "1 validation error detected: Value null at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null"),
        ("CreateRole", &[R, ("AssumeRolePolicyDocument", TRUST), ("MaxSessionDuration", "60")], 400, "Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"),
        ("CreateRole", &[R, ("AssumeRolePolicyDocument", TRUST), ("MaxSessionDuration", "43201")], 400, "Member must have value less than or equal to 43200"),
        ("CreateRole", &[R, ("AssumeRolePolicyDocument", NO_TRUST)], 400, "<Code>MalformedPolicyDocument</Code><Message>AssumeRole policy may only specify STS AssumeRole actions.</Message>"),
        ("CreateRole", &[R, ("AssumeRolePolicyDocument", ALLOW_ALL)], 400, "<Code>MalformedPolicyDocument</Code>"),
        ("CreateRole", &[R, ("AssumeRolePolicyDocument", &long)], 409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for ACLSizePerRole: 2048</Message>"),
        ("CreateRole", &[R, ("AssumeRolePolicyDocument", TRUST), ("PermissionsBoundary", P.1)], 404, "Scope ARN: arn:aws:iam::123456789012:policy/p does not exist or is not attachable."),
        ("GetRole", &[R], 404, "<Code>NoSuchEntity</Code><Message>The role with name reader cannot be found.</Message>"),
        ("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)], 200, "policy/p"),
        ("CreateRole", &[R, ("Path", "/team/"), ("AssumeRolePolicyDocument", TRUST), ("Description", "reads"), ("PermissionsBoundary", P.1), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")], 200,
            "<Description>reads</Description><MaxSessionDuration>3600</MaxSessionDuration><PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/p</PermissionsBoundaryArn></PermissionsBoundary><Tags><member><Key>Team</Key><Value>a</Value></member></Tags>"),
        ("CreateRole", &[("RoleName", "READER"), ("AssumeRolePolicyDocument", TRUST)], 409, "<Code>EntityAlreadyExists</Code><Message>Role with name READER already exists.</Message>"),
        ("GetRole", &[R], 200, "<Arn>arn:aws:iam::123456789012:role/team/reader</Arn>"),
        ("GetRole", &[R], 200, "<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22"),
        ("GetRole", &[R], 200, "<RoleLastUsed></RoleLastUsed>"),
        ("ListRoles", &[("PathPrefix", "/team/")], 200, "<RoleName>reader</RoleName>"),
        ("ListRoles", &[("PathPrefix", "/crew/")], 200, "<Roles></Roles>"),
        ("UpdateAssumeRolePolicy", &[R, ("PolicyDocument", NO_TRUST)], 400, "MalformedPolicyDocument"),
        ("UpdateAssumeRolePolicy", &[R, ("PolicyDocument", OTHER_TRUST)], 200, "UpdateAssumeRolePolicyResponse"),
        ("GetRole", &[R], 200, "<AssumeRolePolicyDocument>%7B%20%22Version%22"),
        ("UpdateRole", &[R, ("MaxSessionDuration", "7200")], 200, "<UpdateRoleResult></UpdateRoleResult>"),
        ("GetRole", &[R], 200, "<Description>reads</Description><MaxSessionDuration>7200</MaxSessionDuration>"),
        ("UpdateRoleDescription", &[R, ("Description", "writes")], 200, "<Description>writes</Description>"),
        ("UpdateRole", &[R, ("Description", "")], 200, ""),
        ("GetRole", &[R], 200, "</AssumeRolePolicyDocument><MaxSessionDuration>7200</MaxSessionDuration>"),
        ("TagRole", &[R, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "b")], 200, ""),
        ("ListRoleTags", &[R], 200, "<Value>b</Value></member></Tags><IsTruncated>false</IsTruncated>"),
        ("UntagRole", &[R, ("TagKeys.member.1", "TEAM")], 200, ""),
        ("ListRoleTags", &[R], 200, "<Tags></Tags>"),
        ("AttachRolePolicy", &[R, P], 200, ""),
        ("AttachRolePolicy", &[R, P], 200, ""),
        ("ListAttachedRolePolicies", &[R], 200, "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::123456789012:policy/p</PolicyArn></member></AttachedPolicies>"),
        ("ListEntitiesForPolicy", &[P], 200, "<PolicyGroups></PolicyGroups><PolicyUsers></PolicyUsers><PolicyRoles><member><RoleName>reader</RoleName><RoleId>AROA"),
        ("ListEntitiesForPolicy", &[P, ("EntityFilter", "User")], 200, "<PolicyRoles></PolicyRoles>"),
        ("ListEntitiesForPolicy", &[P, ("PolicyUsageFilter", "PermissionsBoundary")], 200, "<RoleName>reader</RoleName>"),
        ("DeletePolicy", &[P], 409, "DeleteConflict"),
        ("PutRolePolicy", &[R, ("PolicyName", "inline"), ("PolicyDocument", ALLOW_ALL)], 200, ""),
        ("PutRolePolicy", &[R, ("PolicyName", "inline"), ("PolicyDocument", "{")], 400, "MalformedPolicyDocument"),
        ("GetRolePolicy", &[R, ("PolicyName", "inline")], 200, "<RoleName>reader</RoleName><PolicyName>inline</PolicyName>"),
        ("ListRolePolicies", &[R], 200, "<PolicyNames><member>inline</member></PolicyNames>"),
        ("SimulatePrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam::123456789012:role/team/reader"), ("ActionNames.member.1", "s3:GetObject")], 200, "<EvalDecision>allowed</EvalDecision>"),
        ("DeleteRole", &[R], 409, "<Code>DeleteConflict</Code><Message>Cannot delete entity, must detach all policies first.</Message>"),
        ("DetachRolePolicy", &[R, P], 200, ""),
        ("DetachRolePolicy", &[R, P], 404, "Policy arn:aws:iam::123456789012:policy/p was not found."),
        ("DeleteRole", &[R], 409, "Cannot delete entity, must delete policies first."),
        ("DeleteRolePolicy", &[R, ("PolicyName", "inline")], 200, ""),
        ("DeleteRolePolicy", &[R, ("PolicyName", "inline")], 404, "The role policy with name inline cannot be found."),
        ("PutRolePermissionsBoundary", &[R, ("PermissionsBoundary", P.1)], 200, ""),
        ("DeleteRolePermissionsBoundary", &[R], 200, ""),
        ("DeleteRolePermissionsBoundary", &[R], 404, "Role reader does not have a permissions boundary."),
        ("DeleteRole", &[R], 200, "DeleteRoleResponse"),
        ("DeleteRole", &[R], 404, "NoSuchEntity"),
    ]);
}

/// Three kinds of holders are shown one after the other, by pages of every length.
#[test]
fn the_holders_of_a_policy_are_listed_by_pages() {
    let upstream = crate::road::upstream::Upstream::start();
    let gateway = crate::road::gateway::Gateway::start(&upstream);
    let root = gateway.root();
    let done = |action: &str, parameters: &[(&str, &str)]| {
        let answer = super::call(&gateway, &root, action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.text().to_string()
    };
    done("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]);
    for name in ["a", "b", "c"] {
        for (kind, parameter) in [("Group", "GroupName"), ("User", "UserName"), ("Role", "RoleName")] {
            let trust = ("AssumeRolePolicyDocument", TRUST);
            let made: &[_] = if kind == "Role" { &[(parameter, name), trust] } else { &[(parameter, name)] };
            done(&format!("Create{kind}"), made);
            done(&format!("Attach{kind}Policy"), &[(parameter, name), P]);
        }
    }
    let names = |text: &str| -> Vec<String> {
        let parts = text.split('<').filter_map(|part| part.split_once('>'));
        let named = parts.filter(|(tag, _)| ["GroupName", "UserName", "RoleName"].contains(tag));
        named.map(|(tag, name)| format!("{tag} {name}")).collect()
    };
    let whole = names(&done("ListEntitiesForPolicy", &[P]));
    assert_eq!(whole.len(), 9);
    for size in ["1", "2", "3", "4", "5", "8", "9"] {
        let (mut found, mut marker) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = vec![P, ("MaxItems", size)];
            parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = done("ListEntitiesForPolicy", &parameters);
            found.extend(names(&page));
            marker = page.split("<Marker>").nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned);
            assert_eq!(page.contains("<IsTruncated>true"), marker.is_some());
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(found, whole, "pages of {size}");
    }
}
