//! Who belongs to which group.

use super::{
    listing::{Asked, paged},
    nodes,
    target::{Target, no_such, within},
    texts::{KNOWN_USER_NAME, NAME},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::Fault,
    store::{IdentityKind, Page},
};

pub(super) fn add(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (group, user) = both(scene, input)?;
    let arn = group.arn().to_owned();
    Ok(Plan::new("iam:AddUserToGroup", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (group, user) = (group.still(work)?, user.still(work)?);
            if work.add_member(&group.id, &user.id)? {
                within(scene, Quota::GroupsPerUser, work.groups_of(&user.id, Page::ALL)?.items.len())?;
            }
            Ok(Node::Nothing)
        })
    }))
}

pub(super) fn remove(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (group, user) = both(scene, input)?;
    let arn = group.arn().to_owned();
    Ok(Plan::new("iam:RemoveUserFromGroup", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (group, user) = (group.still(work)?, user.still(work)?);
            if !work.remove_member(&group.id, &user.id)? {
                return Err(no_such(format!("User {} not in group {}", user.name, group.name)));
            }
            Ok(Node::Nothing)
        })
    }))
}

pub(super) fn groups_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("UserName", &KNOWN_USER_NAME);
    let asked = Asked::of(input)?;
    input.check()?;
    let target = Target::of(scene, IdentityKind::User, &name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:ListGroupsForUser", arn, move |scene| {
        scene.world.directory.read(|work| {
            let user = target.still(work)?;
            Ok(paged("Groups", work.groups_of(&user.id, asked.page())?, nodes::identity))
        })
    });
    Ok(plan.knowing(facts))
}

fn both(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<(Target, Target), Fault> {
    let group = input.required("GroupName", &NAME);
    let user = input.required("UserName", &KNOWN_USER_NAME);
    input.check()?;
    Ok((Target::of(scene, IdentityKind::Group, &group)?, Target::of(scene, IdentityKind::User, &user)?))
}
