//! Managed policies attached to users, groups and roles.

use super::{
    listing::{Asked, Parts, marker, paged, truncated},
    nodes,
    target::{PolicyTarget, Target, within},
    texts::{ARN, KNOWN_USER_NAME, NAME, ROLE_NAME},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{AccountId, Fault, name::fold},
    store::{Identity, IdentityKind, Listing, ManagedPolicy, Page, StoreError, UnitOfWork, aws_managed},
};

pub(super) fn attach_to_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    attach("iam:AttachUserPolicy", Quota::PoliciesPerUser, IdentityKind::User, scene, input)
}

pub(super) fn attach_to_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    attach("iam:AttachGroupPolicy", Quota::PoliciesPerGroup, IdentityKind::Group, scene, input)
}

pub(super) fn attach_to_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    attach("iam:AttachRolePolicy", Quota::PoliciesPerRole, IdentityKind::Role, scene, input)
}

pub(super) fn detach_from_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    detach("iam:DetachRolePolicy", IdentityKind::Role, scene, input)
}

pub(super) fn list_of_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListAttachedRolePolicies", IdentityKind::Role, scene, input)
}

pub(super) fn detach_from_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    detach("iam:DetachUserPolicy", IdentityKind::User, scene, input)
}

pub(super) fn detach_from_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    detach("iam:DetachGroupPolicy", IdentityKind::Group, scene, input)
}

pub(super) fn list_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListAttachedUserPolicies", IdentityKind::User, scene, input)
}

pub(super) fn list_of_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListAttachedGroupPolicies", IdentityKind::Group, scene, input)
}

/// The kinds of those that hold policies, in the order in which they are listed: with the word of `EntityFilter`, and
/// the member of the answer.
const HOLDERS: [(IdentityKind, &str, &str); 3] = [
    (IdentityKind::Group, "Group", "PolicyGroups"),
    (IdentityKind::User, "User", "PolicyUsers"),
    (IdentityKind::Role, "Role", "PolicyRoles"),
];

pub(super) fn list_entities(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let policy = input.required("PolicyArn", &ARN);
    let words = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
    let filter = input.one_of("EntityFilter", &words);
    let usage = input.one_of("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"]);
    let asked = Asked::below_path(input)?;
    input.check()?;
    let policy = PolicyTarget::of(scene, &policy)?;
    let (arn, facts) = (policy.arn().to_owned(), policy.facts());
    let account = scene.account();
    let plan = Plan::new("iam:ListEntitiesForPolicy", arn, move |scene| {
        let (mut parts, mut members) = (Parts::of(&asked), Vec::new());
        scene.world.directory.read(|work| {
            let policy = policy.still(work)?;
            for (kind, word, member) in HOLDERS {
                let is_wanted = filter.is_none_or(|filter| filter == word);
                let items =
                    parts.next(kind.word(), is_wanted, |page| holders(&policy, account, kind, usage, page, work))?;
                members.push((member, Node::List(items.iter().map(nodes::holder).collect())));
            }
            Ok::<_, Fault>(())
        })?;
        let next = parts.end();
        members.extend([truncated(&next), marker(next)]);
        Ok(Node::Struct(members))
    });
    Ok(plan.knowing(facts))
}

/// Those of a kind that a policy is attached to, that it bounds, or either.
fn holders(
    policy: &ManagedPolicy,
    account: AccountId,
    kind: IdentityKind,
    usage: Option<&str>,
    page: Page<'_>,
    work: &mut dyn UnitOfWork,
) -> Result<Listing<Identity>, StoreError> {
    // What AWS manages is used in other accounts too.
    let attached = |page: Page<'_>, work: &mut dyn UnitOfWork| match policy.is_of_aws() {
        true => aws_managed::in_account(account, page, |page| work.attached_identities(&policy.id, kind, page)),
        false => work.attached_identities(&policy.id, kind, page),
    };
    let bounded = |page: Page<'_>, work: &mut dyn UnitOfWork| match policy.is_of_aws() {
        true => aws_managed::in_account(account, page, |page| work.bounded_identities(&policy.id, kind, page)),
        false => work.bounded_identities(&policy.id, kind, page),
    };
    match usage {
        Some("PermissionsBoundary") => bounded(page, work),
        None if policy.boundaries > 0 => {
            // The first of either are the first of both.
            let (attached, bounded) = (attached(page, work)?, bounded(page, work)?);
            let is_cut = attached.next.is_some() || bounded.next.is_some();
            let mut items = attached.items;
            items.extend(bounded.items);
            items.sort_by_key(|identity| fold(&identity.name));
            items.dedup_by(|one, other| one.id == other.id);
            let is_cut = is_cut || items.len() > page.items_max;
            items.truncate(page.items_max);
            let next = items.last().map(|last| fold(&last.name).into()).filter(|_| is_cut);
            Ok(Listing { items, next })
        }
        _ => attached(page, work),
    }
}

fn attach(
    action: &'static str,
    quota: Quota,
    kind: IdentityKind,
    scene: &Scene<'_>,
    input: &mut Input<'_>,
) -> Result<Plan, Fault> {
    let (target, policy) = both(kind, scene, input)?;
    let (arn, mut facts, policy_arn) = (target.arn().to_owned(), target.facts(), policy.policy_arn());
    facts.extend(target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let unknown = |arn: &str| format!("Policy {arn} does not exist or is not attachable.");
            let (holder, policy) = (target.changeable(work)?, policy.attachable(scene, work, unknown)?);
            if work.attach(&holder.id, &policy.id)? {
                within(scene, quota, work.attached_policies(&holder.id, Page::ALL)?.items.len())?;
            }
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing([policy_arn]))
}

fn detach(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (target, policy) = both(kind, scene, input)?;
    let (arn, mut facts, policy_arn) = (target.arn().to_owned(), target.facts(), policy.policy_arn());
    facts.extend(target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let holder = target.changeable(work)?;
            let known = policy.still(work)?;
            if !work.detach(&holder.id, &known.id)? {
                return Err(policy.missing());
            }
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing([policy_arn]))
}

fn list(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = holder_name(kind, input);
    let asked = Asked::below_path(input)?;
    input.check()?;
    let target = Target::of(scene, kind, &name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.read(|work| {
            let holder = target.still(work)?;
            let listing = work.attached_policies(&holder.id, asked.page())?;
            Ok(paged("AttachedPolicies", listing, nodes::attached_policy))
        })
    });
    Ok(plan.knowing(facts))
}

fn both(kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<(Target, PolicyTarget), Fault> {
    let name = holder_name(kind, input);
    let policy = input.required("PolicyArn", &ARN);
    input.check()?;
    Ok((Target::of(scene, kind, &name)?, PolicyTarget::of(scene, &policy)?))
}

/// `UserName`, `GroupName` or `RoleName`, which has to be there.
pub(super) fn holder_name(kind: IdentityKind, input: &mut Input<'_>) -> String {
    match kind {
        IdentityKind::User => input.required("UserName", &KNOWN_USER_NAME),
        IdentityKind::Group => input.required("GroupName", &NAME),
        IdentityKind::Role => input.required("RoleName", &ROLE_NAME),
    }
}
