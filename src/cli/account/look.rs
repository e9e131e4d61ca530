//! An account as it is, read through the API.

use super::{
    answer::Element,
    client::{Client, Parameters},
    model::{Account, Identity, Policy, Profile, Tags, Version},
    progress::Progress,
};
use crate::{cli::Failure, store::IdentityKind};

/// The lists of `GetAccountAuthorizationDetails`, in the order of its answer.
const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

/// The lists of all pages, each whole.
pub(super) fn details(client: &Client) -> Result<Vec<Element>, Failure> {
    let mut lists: Vec<Element> =
        LISTS.iter().map(|name| Element { name: (*name).to_owned(), ..Element::default() }).collect();
    let mut progress = Progress::new("read", None);
    client.pages("GetAccountAuthorizationDetails", &[], |answer| {
        for part in answer.children {
            if let Some(list) = lists.iter_mut().find(|list| list.name == part.name) {
                progress.add(part.children.len());
                list.children.extend(part.children);
            }
        }
    })?;
    Ok(lists)
}

/// What of an account `GetAccountAuthorizationDetails` does not tell.
pub(super) struct More<'a> {
    /// Whether the tags of a managed policy are asked for.
    pub(super) tags_of_policy: &'a dyn Fn(&str) -> bool,
    /// Whether instance profiles are.
    pub(super) profiles: bool,
}

/// The account of these lists. The second is `false` if instance profiles were asked for and are not offered.
pub(super) fn account(client: &Client, lists: &[Element], more: &More<'_>) -> Result<(Account, bool), Failure> {
    let mut account = from_details(lists);
    client.pages("ListRoles", &[], |answer| {
        for role in answer.members("Roles") {
            let (name, description) = (role.said("RoleName"), role.said("Description"));
            let known =
                account.identities.iter_mut().find(|known| known.kind == IdentityKind::Role && known.name == name);
            if let Some(known) = known {
                known.description = Some(description.to_owned());
                known.session_seconds_max = role.said("MaxSessionDuration").parse().ok();
            }
        }
    })?;
    let mut progress = Progress::new("tags of policies", Some(account.policies.len()));
    for (policy, element) in account.policies.iter_mut().zip(policies(lists)) {
        progress.add(1);
        if (more.tags_of_policy)(&policy.name) {
            policy.tags = Some(tags(client, "ListPolicyTags", "PolicyArn", element.said("Arn"))?);
        }
    }
    let mut are_offered = true;
    if more.profiles {
        are_offered = client.pages("ListInstanceProfiles", &[], |answer| {
            account.profiles.extend(answer.members("InstanceProfiles").iter().map(profile));
        })?;
        for profile in &mut account.profiles {
            let tags = tags(client, "ListInstanceProfileTags", "InstanceProfileName", &profile.name)?;
            profile.tags = Some(tags);
        }
    }
    Ok((account, are_offered))
}

fn tags(client: &Client, action: &str, member: &str, of: &str) -> Result<Tags, Failure> {
    let mut tags = Tags::new();
    let parameters: Parameters = vec![(member.to_owned(), of.to_owned())];
    client.pages(action, &parameters, |answer| tags.extend(answer.tags()))?;
    Ok(tags)
}

/// What the lists themselves tell.
fn from_details(lists: &[Element]) -> Account {
    let mut account = Account::default();
    for list in lists {
        let kind = match &*list.name {
            "UserDetailList" => IdentityKind::User,
            "GroupDetailList" => IdentityKind::Group,
            "RoleDetailList" => IdentityKind::Role,
            _ => continue,
        };
        account.identities.extend(list.children.iter().map(|element| identity(kind, element)));
    }
    account.policies = policies(lists).map(policy).collect();
    account
}

/// The account's own policies: AWS's are nobody's to describe.
fn policies(lists: &[Element]) -> impl Iterator<Item = &Element> {
    let all = lists.iter().filter(|list| list.name == "Policies").flat_map(|list| &list.children);
    all.filter(|policy| !policy.said("Arn").starts_with("arn:aws:iam::aws:"))
}

fn identity(kind: IdentityKind, element: &Element) -> Identity {
    let (name, inline) = match kind {
        IdentityKind::User => ("UserName", "UserPolicyList"),
        IdentityKind::Group => ("GroupName", "GroupPolicyList"),
        IdentityKind::Role => ("RoleName", "RolePolicyList"),
    };
    let said = |name: &str| element.said(name).to_owned();
    let boundary = element.child("PermissionsBoundary").map(|found| found.said("PermissionsBoundaryArn").to_owned());
    Identity {
        groups: element.members("GroupList").iter().map(|group| group.text.clone()).collect(),
        attached: element.members("AttachedManagedPolicies").iter().map(|it| it.said("PolicyArn").to_owned()).collect(),
        inline: element
            .members(inline)
            .iter()
            .map(|policy| (policy.said("PolicyName").to_owned(), policy.document("PolicyDocument")))
            .collect(),
        boundary,
        tags: element.tags(),
        trust: element.document("AssumeRolePolicyDocument"),
        ..Identity::new(kind, String::new(), said(name), said("Path"))
    }
}

fn policy(element: &Element) -> Policy {
    let version = |version: &Element| Version {
        id: version.said("VersionId").to_owned(),
        document: version.document("Document"),
        is_default: version.said("IsDefaultVersion") == "true",
    };
    Policy {
        place: String::new(),
        name: element.said("PolicyName").to_owned(),
        path: element.said("Path").to_owned(),
        description: Some(element.said("Description").to_owned()),
        versions: element.members("PolicyVersionList").iter().rev().map(version).collect(),
        tags: None,
    }
}

fn profile(element: &Element) -> Profile {
    Profile {
        place: String::new(),
        name: element.said("InstanceProfileName").to_owned(),
        path: element.said("Path").to_owned(),
        role: element.members("Roles").first().map(|role| role.said("RoleName").to_owned()),
        tags: None,
    }
}
