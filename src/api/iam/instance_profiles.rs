//! Instance profiles: a place for one role, as machines know it. The role is the item's owner.
//! Source: IAM user guide, "Use instance profiles".

use super::{
    items::{self, ItemTarget},
    listing::{Asked, paged},
    nodes,
    roles::{details, refuse_of_service},
    target::{Target, exists, in_use, no_such, over_quota, request_tags},
    texts::{NAME, PATH, ROLE_NAME},
    users::random,
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{
        AccountId, Arn, Fault,
        condition::Value,
        id::{IdKind, unique_id},
        name::fold,
    },
    store::{IdentityKind, Item, ItemKind, StoreError, UnitOfWork},
};

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("InstanceProfileName", &NAME);
    let path = input.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let tags = input.tags("Tags", false)?;
    input.check()?;
    let arn = arn(scene.account(), &path, &name).to_string();
    let (facts, is_tagged) = (request_tags(&tags), !tags.is_empty());
    let plan = Plan::new("iam:CreateInstanceProfile", arn.clone(), move |scene| {
        let account = scene.account();
        let item = Item {
            kind: ItemKind::InstanceProfile,
            account,
            id: unique_id(IdKind::InstanceProfile, account, random(scene)?).into(),
            name: name.into(),
            path: path.into(),
            owner: None,
            created: scene.caller.at(),
            details: "{}".into(),
        };
        scene.world.directory.write(|work| {
            let taken = || exists(format!("Instance Profile {} already exists.", item.name));
            items::add(scene, work, (&item, None), &tags, Quota::InstanceProfiles, taken)?;
            let mut members = shown(work, &item)?;
            members.push(("Tags", nodes::tags_if_any(&tags)));
            Ok(Node::one("InstanceProfile", Node::Struct(members)))
        })
    });
    let plan = if is_tagged { plan.needing("iam:TagInstanceProfile", arn) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetInstanceProfile", arn, move |scene| {
        scene.world.directory.read(|work| {
            let profile = target.still(work)?;
            let mut members = shown(work, &profile)?;
            members.push(("Tags", nodes::list_of_tags(&work.tags(&profile.id)?)));
            Ok(Node::one("InstanceProfile", Node::Struct(members)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::below_path(input)?;
    input.check()?;
    let below = Arn::iam(scene.account().as_str(), &format!("instance-profile{}", asked.path_prefix()));
    Ok(Plan::new("iam:ListInstanceProfiles", below.as_str(), move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| {
            let listing = work.items(account, ItemKind::InstanceProfile, asked.page())?;
            listing.try_map(|profile| shown(work, &profile))
        })?;
        Ok(paged("InstanceProfiles", listing, |members| Node::Struct(members.clone())))
    }))
}

pub(super) fn list_for_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    let name = input.required("RoleName", &ROLE_NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::Role, &name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:ListInstanceProfilesForRole", arn, move |scene| {
        let listing = scene.world.directory.read(|work| {
            let role = target.still(work)?;
            let mut all = work.items_of(&role.id, ItemKind::InstanceProfile)?;
            all.sort_by_key(|profile| fold(&profile.name));
            let listing = asked.cut(all, |profile| fold(&profile.name));
            Ok::<_, Fault>(listing.try_map(|profile| shown(work, &profile))?)
        })?;
        Ok(paged("InstanceProfiles", listing, |members| Node::Struct(members.clone())))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteInstanceProfile", arn, move |scene| {
        scene.world.directory.write(|work| {
            let profile = target.still(work)?;
            if profile.owner.is_some() {
                return Err(in_use("Cannot delete entity, must remove roles from instance profile first."));
            }
            work.delete_item(&profile.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// Whoever puts a role in a profile hands it to EC2.
/// Source: IAM user guide, "Grant a user permissions to pass a role to an AWS service".
pub(super) fn add_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (profile, role) = both(scene, input)?;
    let instances = Arn::of("ec2", "*", scene.account().as_str(), "instance/*");
    let mut passing = role.facts();
    passing.push(("iam:passedtoservice".to_owned(), Value::owned("ec2.amazonaws.com")));
    passing.push(("iam:associatedresourcearn".to_owned(), Value::owned(instances.as_str())));
    let (arn, facts, role_arn) = (profile.arn().to_owned(), profile.facts(), role.arn().to_owned());
    let plan = Plan::new("iam:AddRoleToInstanceProfile", arn, move |scene| {
        scene.world.directory.write(|work| {
            let mut profile = profile.still(work)?;
            let role = role.still(work)?;
            refuse_of_service(role)?;
            if profile.owner.is_some() {
                return Err(over_quota("InstanceSessionsPerInstanceProfile", 1));
            }
            profile.owner = Some(role.id.clone());
            work.update_item(&profile)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.needing("iam:PassRole", role_arn).knowing_of(0, facts).knowing_of(1, passing))
}

pub(super) fn remove_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (profile, role) = both(scene, input)?;
    let (arn, facts) = (profile.arn().to_owned(), profile.facts());
    let plan = Plan::new("iam:RemoveRoleFromInstanceProfile", arn, move |scene| {
        scene.world.directory.write(|work| {
            let mut profile = profile.still(work)?;
            let role = role.still(work)?;
            refuse_of_service(role)?;
            if profile.owner.as_ref() != Some(&role.id) {
                let message = format!("Role {} in Instance Profile {} cannot be found.", role.name, profile.name);
                return Err(no_such(message));
            }
            profile.owner = None;
            work.update_item(&profile)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// The profile that a call names.
pub(super) fn target(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<ItemTarget, Fault> {
    let name = input.required("InstanceProfileName", &NAME);
    input.check()?;
    named(scene, &name)
}

fn both(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<(ItemTarget, Target), Fault> {
    let profile = input.required("InstanceProfileName", &NAME);
    let role = input.required("RoleName", &ROLE_NAME);
    input.check()?;
    Ok((named(scene, &profile)?, Target::of(scene, IdentityKind::Role, &role)?))
}

fn named(scene: &Scene<'_>, name: &str) -> Result<ItemTarget, Fault> {
    let account = scene.account();
    let missing = format!("Instance Profile {name} cannot be found.");
    let unknown = arn(account, "/", name).to_string();
    let arn = |profile: &Item| arn(profile.account, &profile.path, &profile.name);
    ItemTarget::of(scene, ItemKind::InstanceProfile, name, arn, unknown, missing)
}

fn arn(account: AccountId, path: &str, name: &str) -> Arn {
    Arn::iam(account.as_str(), &format!("instance-profile{path}{name}"))
}

/// A profile without its tags.
fn shown(work: &mut dyn UnitOfWork, profile: &Item) -> Result<Vec<(&'static str, Node)>, StoreError> {
    let role = profile.owner.as_ref().map_or(Ok(None), |owner| work.identity_by_id(owner))?;
    let roles = role.map(|role| {
        let mut members = nodes::role(&role, &details(work, &role)?);
        // AWS leaves it out of roles in profiles.
        members.retain(|(name, _)| *name != "MaxSessionDuration");
        Ok::<_, StoreError>(Node::Struct(members))
    });
    Ok(vec![
        ("Path", Node::text(&*profile.path)),
        ("InstanceProfileName", Node::text(&*profile.name)),
        ("InstanceProfileId", Node::text(&*profile.id)),
        ("Arn", Node::text(arn(profile.account, &profile.path, &profile.name).as_str())),
        ("CreateDate", Node::Time(profile.created)),
        ("Roles", Node::List(roles.transpose()?.into_iter().collect())),
    ])
}
