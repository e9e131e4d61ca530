//! Managed policies attached to users and groups.

use super::{
    listing::{Asked, marker, paged, truncated},
    nodes,
    target::{PolicyTarget, Target, over_quota},
    texts::{ARN, KNOWN_USER_NAME, NAME},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, name::fold},
    store::{Identity, IdentityKind, Listing, ManagedPolicy, Page, StoreError, UnitOfWork},
};

/// The most managed policies of one user or group.
const ATTACHED_MAX: usize = 10;

pub(super) fn attach_to_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    attach("iam:AttachUserPolicy", "PoliciesPerUser", IdentityKind::User, scene, input)
}

pub(super) fn attach_to_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    attach("iam:AttachGroupPolicy", "PoliciesPerGroup", IdentityKind::Group, scene, input)
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

/// Groups first, then users. There are no roles.
pub(super) fn list_entities(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let policy = input.required("PolicyArn", &ARN);
    let words = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
    let filter = input.one_of("EntityFilter", &words);
    let usage = input.one_of("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"]);
    let asked = Asked::below_path(input)?;
    input.check()?;
    let policy = PolicyTarget::of(scene, &policy)?;
    let (arn, facts) = (policy.arn().to_owned(), policy.facts());
    let wants = move |kind| filter.is_none_or(|filter| filter == kind);
    let plan = Plan::new("iam:ListEntitiesForPolicy", arn, move |scene| {
        let (mut groups, mut users, mut next) = (Vec::new(), Vec::new(), None);
        scene.world.directory.read(|work| {
            let policy = policy.still(work)?;
            let wants_groups = wants("Group") && usage != Some("PermissionsBoundary");
            if let Some(page) = asked.of_kind("group:", asked.items_max()).filter(|_| wants_groups) {
                let listing = work.attached_identities(&policy.id, IdentityKind::Group, page)?;
                next = listing.next.map(|next| format!("group:{next}").into_boxed_str());
                groups = listing.items;
            }
            // A marker of a group means that users begin anew.
            let page = asked.of_kind("user:", usize::MAX).unwrap_or(Page { after: None, ..asked.page() });
            if next.is_none() && wants("User") {
                let room = asked.items_max().saturating_sub(groups.len());
                let page = Page { items_max: room.max(1), ..page };
                let listing = users_of(&policy, usage, page, work)?;
                if room == 0 {
                    next = (!listing.items.is_empty()).then(|| "user:".into());
                } else {
                    next = listing.next.map(|next| format!("user:{next}").into_boxed_str());
                    users = listing.items;
                }
            }
            Ok::<_, Fault>(())
        })?;
        Ok(Node::Struct(vec![
            ("PolicyGroups", Node::List(groups.iter().map(nodes::holder).collect())),
            ("PolicyUsers", Node::List(users.iter().map(nodes::holder).collect())),
            ("PolicyRoles", Node::List(Vec::new())),
            truncated(&next),
            marker(next),
        ]))
    });
    Ok(plan.knowing(facts))
}

/// The users that a policy is attached to, that it bounds, or either.
fn users_of(
    policy: &ManagedPolicy,
    usage: Option<&str>,
    page: Page<'_>,
    work: &mut dyn UnitOfWork,
) -> Result<Listing<Identity>, StoreError> {
    match usage {
        Some("PermissionsBoundary") => work.bounded_identities(&policy.id, page),
        None if policy.boundaries > 0 => {
            // The first of either are the first of both.
            let attached = work.attached_identities(&policy.id, IdentityKind::User, page)?;
            let bounded = work.bounded_identities(&policy.id, page)?;
            let is_cut = attached.next.is_some() || bounded.next.is_some();
            let mut items = attached.items;
            items.extend(bounded.items);
            items.sort_by_key(|user| fold(&user.name));
            items.dedup_by(|one, other| one.id == other.id);
            let is_cut = is_cut || items.len() > page.items_max;
            items.truncate(page.items_max);
            let next = items.last().map(|last| fold(&last.name).into()).filter(|_| is_cut);
            Ok(Listing { items, next })
        }
        _ => work.attached_identities(&policy.id, IdentityKind::User, page),
    }
}

fn attach(
    action: &'static str,
    quota: &'static str,
    kind: IdentityKind,
    scene: &Scene<'_>,
    input: &mut Input<'_>,
) -> Result<Plan, Fault> {
    let (target, policy) = both(kind, scene, input)?;
    let (arn, mut facts, policy_arn) = (target.arn().to_owned(), target.facts(), policy.policy_arn());
    facts.extend(target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let (holder, policy) = (target.still(work)?, policy.attachable(work)?);
            let is_new = work.attach(&holder.id, &policy.id)?;
            if is_new && work.attached_policies(&holder.id, Page::ALL)?.items.len() > ATTACHED_MAX {
                return Err(over_quota(quota, ATTACHED_MAX));
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
            let holder = target.still(work)?;
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

/// `UserName` or `GroupName`, which has to be there.
pub(super) fn holder_name(kind: IdentityKind, input: &mut Input<'_>) -> String {
    match kind {
        IdentityKind::User => input.required("UserName", &KNOWN_USER_NAME),
        IdentityKind::Group => input.required("GroupName", &NAME),
    }
}
