//! Permissions boundaries of users and roles: the most that their policies can allow.
//! Source: IAM user guide, "Permissions boundaries for IAM entities".

use super::{
    attachments::holder_name,
    target::{PolicyTarget, Target, no_such},
    texts::ARN,
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, condition::Value},
    store::{IdentityKind, ManagedPolicy, UnitOfWork},
};

pub(super) fn put_on_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    put("iam:PutUserPermissionsBoundary", IdentityKind::User, scene, input)
}

pub(super) fn put_on_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    put("iam:PutRolePermissionsBoundary", IdentityKind::Role, scene, input)
}

pub(super) fn delete_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    delete("iam:DeleteUserPermissionsBoundary", IdentityKind::User, scene, input)
}

pub(super) fn delete_of_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    delete("iam:DeleteRolePermissionsBoundary", IdentityKind::Role, scene, input)
}

fn put(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = holder_name(kind, input);
    let policy = input.required("PermissionsBoundary", &ARN);
    input.check()?;
    let target = Target::of(scene, kind, &name)?;
    let policy = PolicyTarget::of(scene, &policy)?;
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), fact(policy.arn()));
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let (user, policy) = (target.changeable(work)?, scope(&policy, scene, work)?);
            work.put_boundary(&user.id, Some(&policy.id))?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing([boundary]))
}

fn delete(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = holder_name(kind, input);
    input.check()?;
    let target = Target::of(scene, kind, &name)?;
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let user = target.changeable(work)?;
            match work.put_boundary(&user.id, None)? {
                true => Ok(Node::Nothing),
                false => {
                    let kind = if kind == IdentityKind::Role { "Role" } else { "User" };
                    Err(no_such(format!("{kind} {} does not have a permissions boundary.", user.name)))
                }
            }
        })
    });
    Ok(plan.knowing(facts).knowing(boundary))
}

/// `iam:PermissionsBoundary`, for operations that bring one.
pub(super) fn fact(arn: &str) -> (String, Value<'static>) {
    ("iam:permissionsboundary".to_owned(), Value::owned(arn))
}

/// The policy that is to be a boundary.
pub(super) fn scope(
    policy: &PolicyTarget,
    scene: &Scene<'_>,
    work: &mut dyn UnitOfWork,
) -> Result<ManagedPolicy, Fault> {
    policy.attachable(scene, work, |arn| format!("Scope ARN: {arn} does not exist or is not attachable."))
}
