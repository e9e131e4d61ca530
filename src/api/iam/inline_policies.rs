//! Policies that belong to one user, group or role alone.

use super::{
    attachments::holder_name,
    listing::{Asked, paged},
    nodes,
    target::{Target, no_such},
    texts::{DOCUMENT, NAME},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, name::fold},
    policy::{self, quota},
    store::{IdentityKind, InlinePolicy},
};

pub(super) fn put_on_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    put("iam:PutUserPolicy", IdentityKind::User, scene, input)
}

pub(super) fn put_on_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    put("iam:PutGroupPolicy", IdentityKind::Group, scene, input)
}

pub(super) fn put_on_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    put("iam:PutRolePolicy", IdentityKind::Role, scene, input)
}

pub(super) fn get_of_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    get("iam:GetRolePolicy", IdentityKind::Role, scene, input)
}

pub(super) fn delete_of_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    delete("iam:DeleteRolePolicy", IdentityKind::Role, scene, input)
}

pub(super) fn list_of_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListRolePolicies", IdentityKind::Role, scene, input)
}

pub(super) fn get_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    get("iam:GetUserPolicy", IdentityKind::User, scene, input)
}

pub(super) fn get_of_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    get("iam:GetGroupPolicy", IdentityKind::Group, scene, input)
}

pub(super) fn delete_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    delete("iam:DeleteUserPolicy", IdentityKind::User, scene, input)
}

pub(super) fn delete_of_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    delete("iam:DeleteGroupPolicy", IdentityKind::Group, scene, input)
}

pub(super) fn list_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListUserPolicies", IdentityKind::User, scene, input)
}

pub(super) fn list_of_group(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListGroupPolicies", IdentityKind::Group, scene, input)
}

fn put(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let holder = holder_name(kind, input);
    let name = input.required("PolicyName", &NAME);
    let document = input.required("PolicyDocument", &DOCUMENT);
    input.check()?;
    let target = Target::of(scene, kind, &holder)?;
    let (arn, mut facts) = (target.arn().to_owned(), target.facts());
    facts.extend(target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        // One that is too long by itself is not read, and whose it would be is looked at first.
        match quota::characters(&document) > characters_max(kind) {
            true => return Err(too_long(kind, &target.found()?.name)),
            false => policy::validate(&document)?,
        }
        scene.world.directory.write(|work| {
            let holder = target.changeable(work)?;
            let policy = InlinePolicy { name: name.as_str().into(), document: document.as_str().into() };
            work.put_inline_policy(&holder.id, &policy)?;
            let all = work.inline_policies(&holder.id)?;
            check_size(kind, &holder.name, all.iter().map(|policy| &*policy.document))?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

fn get(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (target, name) = named(kind, scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.read(|work| {
            let holder = target.still(work)?;
            let policy = work.inline_policy(&holder.id, &name)?.ok_or_else(|| missing(kind, &name))?;
            let (holder_member, _) = nodes::name_and_id(kind);
            Ok(Node::Struct(vec![
                (holder_member, Node::text(&*holder.name)),
                ("PolicyName", Node::text(&*policy.name)),
                ("PolicyDocument", nodes::document(&policy.document)),
            ]))
        })
    });
    Ok(plan.knowing(facts))
}

fn delete(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let (target, name) = named(kind, scene, input)?;
    let (arn, mut facts) = (target.arn().to_owned(), target.facts());
    facts.extend(target.boundary());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let holder = target.changeable(work)?;
            match work.delete_inline_policy(&holder.id, &name)? {
                true => Ok(Node::Nothing),
                false => Err(missing(kind, &name)),
            }
        })
    });
    Ok(plan.knowing(facts))
}

fn list(action: &'static str, kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let holder = holder_name(kind, input);
    let asked = Asked::of(input)?;
    input.check()?;
    let target = Target::of(scene, kind, &holder)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.read(|work| {
            let holder = target.still(work)?;
            let listing = asked.cut(work.inline_policies(&holder.id)?, |policy| fold(&policy.name));
            Ok(paged("PolicyNames", listing, |policy| Node::text(&*policy.name)))
        })
    });
    Ok(plan.knowing(facts))
}

fn named(kind: IdentityKind, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<(Target, String), Fault> {
    let holder = holder_name(kind, input);
    let name = input.required("PolicyName", &NAME);
    input.check()?;
    Ok((Target::of(scene, kind, &holder)?, name))
}

/// Whether a document can be an inline policy of somebody. One that is too long is not read.
pub(super) fn check_document(kind: IdentityKind, holder: &str, document: &str) -> Result<(), Fault> {
    check_size(kind, holder, [document].into_iter())?;
    policy::validate(document)
}

/// Whether documents together are short enough.
pub(super) fn check_size<'a>(
    kind: IdentityKind,
    holder: &str,
    documents: impl Iterator<Item = &'a str>,
) -> Result<(), Fault> {
    match documents.map(quota::characters).sum::<usize>() > characters_max(kind) {
        true => Err(too_long(kind, holder)),
        false => Ok(()),
    }
}

fn too_long(kind: IdentityKind, holder: &str) -> Fault {
    let most = characters_max(kind);
    let message = format!("Maximum policy size of {most} bytes exceeded for {} {holder}", kind.word());
    Fault::new(409, "LimitExceeded", message)
}

/// The most characters of all inline policies together, white space left out.
/// Source: IAM user guide, "IAM and AWS STS quotas".
fn characters_max(kind: IdentityKind) -> usize {
    match kind {
        IdentityKind::User => quota::USER_INLINE_CHARACTERS_MAX,
        IdentityKind::Group => quota::GROUP_INLINE_CHARACTERS_MAX,
        IdentityKind::Role => quota::ROLE_INLINE_CHARACTERS_MAX,
    }
}

fn missing(kind: IdentityKind, name: &str) -> Fault {
    no_such(format!("The {} policy with name {name} cannot be found.", kind.word()))
}
