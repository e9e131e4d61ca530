//! Users.

use super::{
    boundaries,
    listing::{Asked, paged},
    nodes,
    target::{PolicyTarget, Target, in_use, request_tags, within},
    texts::{ARN, KNOWN_USER_NAME, PATH, USER_NAME},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{
        Arn, Fault, Principal,
        id::{IdKind, unique_id},
    },
    store::{ErrorKind, Identity, IdentityKind, ItemKind, KeyOwner, Page, StoreError, UnitOfWork},
};

/// What a user must not own when it is deleted, and how AWS says so.
const FIRST_TO_GO: &[(ItemKind, &str)] = &[
    (ItemKind::LoginProfile, "Cannot delete entity, must delete login profile first."),
    (ItemKind::SigningCertificate, "Cannot delete entity, must delete certificates first."),
    (ItemKind::MfaDevice, "Cannot delete entity, must delete MFA device first."),
    (ItemKind::SshKey, "Cannot delete entity, must remove referenced objects first."),
    (ItemKind::ServiceCredential, "Cannot delete entity, must remove referenced objects first."),
];

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let path = input.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let name = input.required("UserName", &USER_NAME);
    let tags = input.tags("Tags", false)?;
    let boundary = input.optional("PermissionsBoundary", &ARN);
    input.check()?;
    let boundary = boundary.map(|arn| PolicyTarget::of(scene, &arn)).transpose()?;
    let arn = Arn::iam(scene.account().as_str(), &format!("user{path}{name}"));
    let mut facts = request_tags(&tags);
    facts.extend(boundary.as_ref().map(|boundary| boundaries::fact(boundary.arn())));
    let has_tags = !tags.is_empty();
    let made_arn = arn.to_string();
    let plan = Plan::new("iam:CreateUser", arn.as_str(), move |scene| {
        let identity = new(scene, IdentityKind::User, &name, &path)?;
        scene.world.directory.write(|work| {
            let taken = || nodes::taken(IdentityKind::User, &name);
            work.add_identity(&identity).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            within(scene, Quota::Users, work.count_identities(identity.account, IdentityKind::User)?)?;
            work.put_tags(&identity.id, &tags)?;
            let Some(boundary) = &boundary else { return Ok(Node::one("User", nodes::whole(&identity, None, &tags))) };
            let boundary = boundaries::scope(boundary, scene, work)?;
            work.put_boundary(&identity.id, Some(&boundary.id))?;
            Ok(Node::one("User", nodes::whole(&identity, Some(&boundary), &tags)))
        })
    });
    let plan = if has_tags { plan.needing("iam:TagUser", made_arn) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.optional("UserName", &KNOWN_USER_NAME);
    input.check()?;
    let target = match (name, scene.caller.principal()) {
        (Some(name), _) => Target::of(scene, IdentityKind::User, &name)?,
        (None, Principal::Root(account)) => {
            let (arn, account) = (Arn::iam(account.as_str(), "root"), *account);
            return Ok(Plan::new("iam:GetUser", arn.as_str(), move |scene| {
                let known = scene.world.directory.read(|work| work.account(account))?;
                Ok(Node::one("User", nodes::root(account, known.map(|known| known.created))))
            }));
        }
        (None, _) => Target::caller(scene)?,
    };
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetUser", arn, move |scene| {
        scene.world.directory.read(|work| {
            let user = target.still(work)?;
            let (tags, boundary) = (work.tags(&user.id)?, work.boundary(&user.id)?);
            Ok(Node::one("User", nodes::whole(user, boundary.as_ref(), &tags)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::below_path(input)?;
    input.check()?;
    let below = Arn::iam(scene.account().as_str(), &format!("user{}", asked.path_prefix()));
    Ok(Plan::new("iam:ListUsers", below.as_str(), move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| work.identities(account, IdentityKind::User, asked.page()))?;
        Ok(paged("Users", listing, nodes::identity))
    }))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("UserName", &KNOWN_USER_NAME);
    let new_path = input.optional("NewPath", &PATH);
    let new_name = input.optional("NewUserName", &USER_NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::User, &name)?;
    rename("iam:UpdateUser", scene, target, new_name, new_path)
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("UserName", &KNOWN_USER_NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::User, &name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteUser", arn, move |scene| {
        scene.world.directory.write(|work| {
            let user = target.still(work)?;
            if !work.access_keys(user.account, &KeyOwner::User(user.id.clone()))?.is_empty() {
                return Err(in_use("Cannot delete entity, must delete access keys first."));
            }
            for (kind, message) in FIRST_TO_GO {
                if !work.items_of(&user.id, *kind)?.is_empty() {
                    return Err(in_use(message));
                }
            }
            refuse_with_policies(work, user)?;
            if !work.groups_of(&user.id, Page::ALL)?.items.is_empty() {
                return Err(in_use("Cannot delete entity, must remove users from group first."));
            }
            work.delete_identity(&user.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// A new user, group or role.
pub(super) fn new(scene: &Scene<'_>, kind: IdentityKind, name: &str, path: &str) -> Result<Identity, Fault> {
    let id_kind = match kind {
        IdentityKind::User => IdKind::User,
        IdentityKind::Group => IdKind::Group,
        IdentityKind::Role => IdKind::Role,
    };
    let account = scene.account();
    let id = unique_id(id_kind, account, random(scene)?).into();
    Ok(Identity { kind, account, id, name: name.into(), path: path.into(), created: scene.caller.at() })
}

/// Random bytes for an id.
pub(super) fn random<const N: usize>(scene: &Scene<'_>) -> Result<[u8; N], Fault> {
    scene.random()
}

/// Gives a user or group another name or path: the old ARN and the new one both have to be allowed.
pub(super) fn rename(
    action: &'static str,
    scene: &Scene<'_>,
    target: Target,
    new_name: Option<String>,
    new_path: Option<String>,
) -> Result<Plan, Fault> {
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let next_arn = target.found().ok().map(|found| {
        let (path, name) = (new_path.as_deref().unwrap_or(&found.path), new_name.as_deref().unwrap_or(&found.name));
        Arn::iam(scene.account().as_str(), &format!("{}{path}{name}", found.kind.word())).to_string()
    });
    let plan = Plan::new(action, arn.as_str(), move |scene| {
        scene.world.directory.write(|work| {
            let found = target.still(work)?;
            let (name, path) = (new_name.as_deref().unwrap_or(&found.name), new_path.as_deref().unwrap_or(&found.path));
            let taken = || nodes::taken(found.kind, name);
            work.rename_identity(&found.id, name, path).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            Ok(Node::Nothing)
        })
    });
    let plan = match next_arn {
        Some(next) if next != arn => plan.needing(action, next),
        _ => plan,
    };
    Ok(plan.knowing(facts))
}

/// `DeleteConflict` while policies are held.
pub(super) fn refuse_with_policies(work: &mut dyn UnitOfWork, identity: &Identity) -> Result<(), Fault> {
    if !work.attached_policies(&identity.id, Page::ALL)?.items.is_empty() {
        return Err(in_use("Cannot delete entity, must detach all policies first."));
    }
    if !work.inline_policies(&identity.id)?.is_empty() {
        return Err(in_use("Cannot delete entity, must delete policies first."));
    }
    Ok(())
}

/// The store's error, or better words for one kind of it.
pub(super) fn unless(error: StoreError, kind: ErrorKind, better: impl FnOnce() -> Fault) -> Fault {
    if error.kind == kind { better() } else { error.into() }
}
