//! Permissions boundaries of users: the most that their policies can allow.
//! Source: IAM user guide, "Permissions boundaries for IAM entities".

use super::{
    target::{PolicyTarget, Target, no_such},
    texts::{ARN, KNOWN_USER_NAME},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, condition::Value},
    store::{IdentityKind, ManagedPolicy, UnitOfWork},
};

pub(super) fn put_on_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("UserName", &KNOWN_USER_NAME);
    let policy = input.required("PermissionsBoundary", &ARN);
    input.check()?;
    let target = Target::of(scene, IdentityKind::User, &name)?;
    let policy = PolicyTarget::of(scene, &policy)?;
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), fact(policy.arn()));
    let plan = Plan::new("iam:PutUserPermissionsBoundary", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (user, policy) = (target.still(work)?, scope(&policy, work)?);
            work.put_boundary(&user.id, Some(&policy.id))?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing([boundary]))
}

pub(super) fn delete_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("UserName", &KNOWN_USER_NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::User, &name)?;
    let (arn, facts, boundary) = (target.arn().to_owned(), target.facts(), target.boundary());
    let plan = Plan::new("iam:DeleteUserPermissionsBoundary", arn, move |scene| {
        scene.world.directory.write(|work| {
            let user = target.still(work)?;
            match work.put_boundary(&user.id, None)? {
                true => Ok(Node::Nothing),
                false => Err(no_such(format!("User {} does not have a permissions boundary.", user.name))),
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
pub(super) fn scope(policy: &PolicyTarget, work: &mut dyn UnitOfWork) -> Result<ManagedPolicy, Fault> {
    policy.still(work).map_err(|fault| match &*fault.code {
        "NoSuchEntity" => no_such(format!("Scope ARN: {} does not exist or is not attachable.", policy.arn())),
        _ => fault,
    })
}
