//! An account whole: its users, groups, roles and managed policies with all that hangs on them.
//! Source: IAM API reference, `GetAccountAuthorizationDetails`.

use super::{
    listing::{Asked, Parts, marker, truncated},
    nodes, roles,
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{AccountId, Arn, Fault, Timestamp, name::fold},
    store::{
        Identity, IdentityKind, Item, ItemKind, Listing, ManagedPolicy, Page, PolicyUse, StoreError, UnitOfWork,
        aws_managed,
    },
};

/// The words of `Filter`.
const WORDS: [&str; 5] = ["User", "Role", "Group", LOCAL, AWS];
const LOCAL: &str = "LocalManagedPolicy";
const AWS: &str = "AWSManagedPolicy";

/// The kinds of identities in the order in which they are listed: word of `Filter`, member of the answer.
const IDENTITIES: [(IdentityKind, &str, &str); 3] = [
    (IdentityKind::User, "User", "UserDetailList"),
    (IdentityKind::Group, "Group", "GroupDetailList"),
    (IdentityKind::Role, "Role", "RoleDetailList"),
];

pub(super) fn get(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let filter = input.words("Filter", &WORDS);
    let asked = Asked::of(input)?;
    input.check()?;
    Ok(Plan::new("iam:GetAccountAuthorizationDetails", "*", move |scene| {
        let account = scene.account();
        let is_wanted = |word: &str| filter.is_empty() || filter.contains(&word);
        scene.world.directory.read(|work| {
            let (mut parts, mut members) = (Parts::of(&asked), Vec::new());
            for (kind, word, member) in IDENTITIES {
                let some = parts.next(kind.word(), is_wanted(word), |page| work.identities(account, kind, page))?;
                let some =
                    some.iter().map(|identity| detail(work, identity, scene.caller.at())).collect::<Result<_, _>>()?;
                members.push((member, Node::List(some)));
            }
            let mut some =
                parts.next("policy", is_wanted(LOCAL), |page| work.policies(account, PolicyUse::Any, page))?;
            some.extend(parts.next("aws-policy", is_wanted(AWS), |page| used_of_aws(account, page, work))?);
            let some = some.iter().map(|policy| managed(work, policy)).collect::<Result<_, _>>()?;
            members.push(("Policies", Node::List(some)));
            let next = parts.end();
            members.extend([truncated(&next), marker(next)]);
            Ok(Node::Struct(members))
        })
    }))
}

/// Of the policies that AWS manages, those that the account uses.
fn used_of_aws(
    account: AccountId,
    page: Page<'_>,
    work: &mut dyn UnitOfWork,
) -> Result<Listing<ManagedPolicy>, StoreError> {
    let mut used = aws_managed::in_use(account, PolicyUse::Attached, work)?;
    used.extend(aws_managed::in_use(account, PolicyUse::Boundary, work)?.into_iter().filter(|it| it.attachments == 0));
    used.sort_by_cached_key(|policy| fold(&policy.name));
    let mut rest = used.into_iter().filter(|policy| page.after.is_none_or(|after| *fold(&policy.name) > *after));
    let items: Vec<_> = rest.by_ref().take(page.items_max).collect();
    let next = rest.next().and_then(|_| items.last().map(|last| fold(&last.name).into()));
    Ok(Listing { items, next })
}

/// A user, group or role. AWS leaves a user's inline policies out where there are none, and shows every other list empty.
fn detail(work: &mut dyn UnitOfWork, identity: &Identity, now: Timestamp) -> Result<Node, StoreError> {
    let mut members = nodes::members(identity);
    let inline = work.inline_policies(&identity.id)?;
    let inline = inline.iter().map(|policy| {
        Node::Struct(vec![
            ("PolicyName", Node::text(&*policy.name)),
            ("PolicyDocument", nodes::document(&policy.document)),
        ])
    });
    let inline = Node::List(inline.collect());
    match identity.kind {
        IdentityKind::User => {
            let groups = work.groups_of(&identity.id, Page::ALL)?.items;
            let inline = if inline == Node::List(Vec::new()) { Node::Nothing } else { inline };
            members.push(("UserPolicyList", inline));
            members.push(("GroupList", Node::List(groups.iter().map(|group| Node::text(&*group.name)).collect())));
        }
        IdentityKind::Group => members.push(("GroupPolicyList", inline)),
        IdentityKind::Role => {
            let trust = nodes::document(&roles::details(work, identity)?.trust);
            let profiles = work.items_of(&identity.id, ItemKind::InstanceProfile)?;
            let profiles = profiles.iter().map(|profile| instance_profile(work, profile, identity, &trust));
            members.push(("AssumeRolePolicyDocument", trust.clone()));
            members.push(("InstanceProfileList", Node::List(profiles.collect::<Result<_, _>>()?)));
            members.push(("RolePolicyList", inline));
        }
    }
    let attached = work.attached_policies(&identity.id, Page::ALL)?.items;
    members.push(("AttachedManagedPolicies", Node::List(attached.iter().map(nodes::attached_policy).collect())));
    if identity.kind != IdentityKind::Group {
        members.extend(work.boundary(&identity.id)?.map(|boundary| nodes::boundary(&boundary)));
        members.push(("Tags", nodes::list_of_tags(&work.tags(&identity.id)?)));
    }
    if identity.kind == IdentityKind::Role {
        members.push(("RoleLastUsed", roles::last_used(work, identity, now)?));
    }
    Ok(Node::Struct(members))
}

/// The place of a role for machines, with the role.
fn instance_profile(
    work: &mut dyn UnitOfWork,
    profile: &Item,
    role: &Identity,
    trust: &Node,
) -> Result<Node, StoreError> {
    let arn = Arn::iam(profile.account.as_str(), &format!("instance-profile{}{}", profile.path, profile.name));
    let mut role = nodes::members(role);
    role.push(("AssumeRolePolicyDocument", trust.clone()));
    Ok(Node::Struct(vec![
        ("Path", Node::text(&*profile.path)),
        ("InstanceProfileName", Node::text(&*profile.name)),
        ("InstanceProfileId", Node::text(&*profile.id)),
        ("Arn", Node::text(arn.as_str())),
        ("CreateDate", Node::Time(profile.created)),
        ("Roles", Node::List(vec![Node::Struct(role)])),
        ("Tags", nodes::list_of_tags(&work.tags(&profile.id)?)),
    ]))
}

/// A managed policy with its versions, the newest first.
fn managed(work: &mut dyn UnitOfWork, policy: &ManagedPolicy) -> Result<Node, StoreError> {
    let mut members = nodes::policy_members(policy, &[]);
    members.push(("Description", Node::maybe(policy.description.as_deref())));
    let versions = match policy.is_of_aws() {
        true => aws_managed::version(policy, work)?.into_iter().collect(),
        false => work.policy_versions(&policy.id)?,
    };
    let versions = versions.iter().rev().map(|version| {
        let mut members = vec![("Document", nodes::document(&version.document))];
        members.extend(nodes::policy_version(version));
        Node::Struct(members)
    });
    members.push(("PolicyVersionList", Node::List(versions.collect())));
    Ok(Node::Struct(members))
}
