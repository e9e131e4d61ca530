//! An account whole, by pages and by kinds.

use countersign::{
    base::Timestamp,
    store::{Identity, IdentityKind, Item, ItemKind},
};

use super::call;
use crate::road::{
    gateway::{ALLOW_ALL, DENY_ALL, Gateway},
    upstream::Upstream,
};

const P: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/p");
const BOUND: (&str, &str) = ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/p");
const ANN: (&str, &str) = ("UserName", "ann");
const STAFF: (&str, &str) = ("GroupName", "staff");
const READER: (&str, &str) = ("RoleName", "reader");
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;

/// What an account is made of here.
#[rustfmt::skip]
const MADE: &[(&str, &[(&str, &str)])] = &[
    ("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL), ("Description", "d")]),
    ("CreatePolicyVersion", &[P, ("PolicyDocument", DENY_ALL)]),
    ("CreateUser", &[ANN, BOUND, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")]),
    ("CreateUser", &[("UserName", "bob")]),
    ("PutUserPolicy", &[ANN, ("PolicyName", "own"), ("PolicyDocument", DENY_ALL)]),
    ("CreateGroup", &[STAFF, ("Path", "/x/")]),
    ("AttachGroupPolicy", &[STAFF, P]),
    ("AddUserToGroup", &[STAFF, ANN]),
    ("CreateRole", &[READER, ("AssumeRolePolicyDocument", TRUST), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "b")]),
    ("AttachRolePolicy", &[READER, P]),
];

fn made() -> Gateway {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    for (action, parameters) in MADE {
        let answer = call(&gateway, &gateway.root(), action, parameters);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    }
    gateway
}

fn told(gateway: &Gateway, parameters: &[(&str, &str)]) -> String {
    let answer = call(gateway, &gateway.root(), "GetAccountAuthorizationDetails", parameters);
    let text = answer.text().to_string();
    assert_eq!(answer.status, 200, "{text}");
    text
}

/// The element of a name, and what is in it.
fn within<'a>(text: &'a str, name: &str) -> &'a str {
    let inner = text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inner.map_or_else(|| panic!("no {name} in {text}"), |(inner, _)| inner)
}

#[test]
fn everything_is_told_with_all_that_hangs_on_it() {
    let gateway = made();
    let role: Identity = gateway
        .directory
        .read(|work| {
            let account = "123456789012".parse().unwrap();
            work.identity(account, IdentityKind::Role, "reader")
        })
        .unwrap()
        .unwrap();
    let profile = Item {
        kind: ItemKind::InstanceProfile,
        account: role.account,
        id: "AIPAEXAMPLE".into(),
        name: "machines".into(),
        path: "/x/".into(),
        owner: Some(role.id.clone()),
        created: Timestamp::UNIX_EPOCH,
        details: "{}".into(),
    };
    gateway.directory.write(|work| work.add_item(&profile, None)).unwrap();
    let text = told(&gateway, &[]);
    let attached = "<AttachedManagedPolicies><member><PolicyName>p</PolicyName>\
                    <PolicyArn>arn:aws:iam::123456789012:policy/p</PolicyArn></member></AttachedManagedPolicies>";
    let boundary = "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
                    <PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/p</PermissionsBoundaryArn>\
                    </PermissionsBoundary>";
    for (list, parts) in [
        (
            "UserDetailList",
            &[
                "<UserName>ann</UserName>",
                "<UserPolicyList><member><PolicyName>own</PolicyName><PolicyDocument>%7B%22",
                "</UserPolicyList><GroupList><member>staff</member></GroupList><AttachedManagedPolicies></AttachedManagedPolicies>",
                boundary,
                "<Tags><member><Key>team</Key><Value>a</Value></member></Tags>",
                // Who has nothing has no inline policies, and every other list empty.
                "</CreateDate><GroupList></GroupList><AttachedManagedPolicies></AttachedManagedPolicies><Tags></Tags></member>",
            ][..],
        ),
        (
            "GroupDetailList",
            &["<Path>/x/</Path><GroupName>staff</GroupName>", "<GroupPolicyList></GroupPolicyList>", attached],
        ),
        (
            "RoleDetailList",
            &[
                "<RoleName>reader</RoleName>",
                "<AssumeRolePolicyDocument>%7B%22Version",
                "<InstanceProfileList><member><Path>/x/</Path><InstanceProfileName>machines</InstanceProfileName>\
                 <InstanceProfileId>AIPAEXAMPLE</InstanceProfileId>\
                 <Arn>arn:aws:iam::123456789012:instance-profile/x/machines</Arn>",
                "<Roles><member><Path>/</Path><RoleName>reader</RoleName>",
                "<RolePolicyList></RolePolicyList>",
                attached,
                "<Tags><member><Key>team</Key><Value>b</Value></member></Tags><RoleLastUsed></RoleLastUsed>",
            ],
        ),
        (
            "Policies",
            &[
                "<PolicyName>p</PolicyName>",
                "<DefaultVersionId>v1</DefaultVersionId><AttachmentCount>2</AttachmentCount>\
                 <PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>",
                "<Description>d</Description><PolicyVersionList><member><Document>%7B",
                "<VersionId>v2</VersionId><IsDefaultVersion>false</IsDefaultVersion>",
                "<VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>",
            ],
        ),
    ] {
        let inner = within(&text, list);
        for part in parts {
            assert!(inner.contains(part), "{list}: {part}\n{inner}");
        }
    }
    assert!(text.contains("<IsTruncated>false</IsTruncated>") && !text.contains("<Marker>"), "{text}");
}

#[test]
fn pages_together_are_the_whole() {
    let gateway = made();
    let seen = |filter: &[&str], items_max: &str| {
        let names: Vec<String> = (1..=filter.len()).map(|at| format!("Filter.member.{at}")).collect();
        let (mut arns, mut marker) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = vec![("MaxItems", items_max)];
            parameters.extend(names.iter().map(String::as_str).zip(filter.iter().copied()));
            parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let text = told(&gateway, &parameters);
            let found: Vec<String> =
                text.split("<Arn>").skip(1).map(|rest| within(&format!("<Arn>{rest}"), "Arn").to_owned()).collect();
            assert!(found.len() <= items_max.parse().unwrap(), "{text}");
            arns.extend(found);
            if !text.contains("<IsTruncated>true</IsTruncated>") {
                return arns.iter().map(|arn| arn.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>();
            }
            marker = Some(within(&text, "Marker").to_owned());
        }
    };
    for (filter, expected) in [
        (&[][..], &["ann", "bob", "staff", "reader", "p"][..]),
        (&["User"], &["ann", "bob"]),
        (&["Role", "LocalManagedPolicy"], &["reader", "p"]),
        (&["LocalManagedPolicy", "AWSManagedPolicy"], &["p"]),
        (&["AWSManagedPolicy"], &[]),
    ] {
        for items_max in ["1", "2", "3", "1000"] {
            assert_eq!(seen(filter, items_max), expected, "{filter:?} by {items_max}");
        }
    }
    let unknown = call(&gateway, &gateway.root(), "GetAccountAuthorizationDetails", &[("Filter.member.1", "Users")]);
    let message = "Value '[Users]' at 'filter' failed to satisfy constraint: Member must satisfy constraint: \
                   [Member must satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]]";
    assert!(unknown.status == 400 && unknown.text().contains(message), "{}", unknown.text());
}
