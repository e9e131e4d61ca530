//! Groups.

use super::{
    listing::{Asked, marker, paged, truncated},
    nodes,
    target::{Target, exists, in_use, within},
    texts::{NAME, PATH},
    users::{new, refuse_with_policies, rename, unless},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{Arn, Fault},
    store::{ErrorKind, IdentityKind, Page},
};

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let path = input.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let name = input.required("GroupName", &NAME);
    input.check()?;
    let arn = Arn::iam(scene.account().as_str(), &format!("group{path}{name}"));
    Ok(Plan::new("iam:CreateGroup", arn.as_str(), move |scene| {
        let identity = new(scene, IdentityKind::Group, &name, &path)?;
        let taken = || exists(format!("Group with name {name} already exists."));
        scene.world.directory.write(|work| {
            work.add_identity(&identity).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            within(scene, Quota::Groups, work.count_identities(identity.account, IdentityKind::Group)?)
        })?;
        Ok(Node::one("Group", nodes::identity(&identity)))
    }))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("GroupName", &NAME);
    let asked = Asked::of(input)?;
    input.check()?;
    let target = Target::of(scene, IdentityKind::Group, &name)?;
    let arn = target.arn().to_owned();
    Ok(Plan::new("iam:GetGroup", arn, move |scene| {
        scene.world.directory.read(|work| {
            let group = target.still(work)?;
            let users = work.members(&group.id, asked.page())?;
            Ok(Node::Struct(vec![
                ("Group", nodes::identity(group)),
                ("Users", Node::List(users.items.iter().map(nodes::identity).collect())),
                truncated(&users.next),
                marker(users.next),
            ]))
        })
    }))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::below_path(input)?;
    input.check()?;
    let below = Arn::iam(scene.account().as_str(), &format!("group{}", asked.path_prefix()));
    Ok(Plan::new("iam:ListGroups", below.as_str(), move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| work.identities(account, IdentityKind::Group, asked.page()))?;
        Ok(paged("Groups", listing, nodes::identity))
    }))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("GroupName", &NAME);
    let new_path = input.optional("NewPath", &PATH);
    let new_name = input.optional("NewGroupName", &NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::Group, &name)?;
    rename("iam:UpdateGroup", scene, target, new_name, new_path)
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("GroupName", &NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::Group, &name)?;
    let arn = target.arn().to_owned();
    Ok(Plan::new("iam:DeleteGroup", arn, move |scene| {
        scene.world.directory.write(|work| {
            let group = target.still(work)?;
            let one = Page { items_max: 1, ..Page::ALL };
            if !work.members(&group.id, one)?.items.is_empty() {
                return Err(in_use("Cannot delete entity, must remove users from group first."));
            }
            refuse_with_policies(work, group)?;
            work.delete_identity(&group.id)?;
            Ok(Node::Nothing)
        })
    }))
}
