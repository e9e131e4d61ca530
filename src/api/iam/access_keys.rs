//! Access keys of users, and of root: whoever names no user means itself.

use data_encoding::BASE64;

use super::{
    holder::Holder,
    listing::{Asked, paged},
    nodes, sessions,
    ssh_keys::settable,
    target::{no_such, within},
    texts::ACCESS_KEY_ID,
    users::random,
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{
        AccessKeyId, Arn, Fault, SecretKey,
        id::{IdKind, unique_id},
    },
    store::{AccessKey, KeyOwner, KeyStatus, StoreError, UnitOfWork},
};

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:CreateAccessKey", arn, move |scene| {
        let account = scene.account();
        let id = unique_id(IdKind::AccessKey, account, random(scene)?);
        let id = AccessKeyId::parse(&id).ok_or_else(|| Fault::new(500, "ServiceFailure", "No id could be made."))?;
        let secret = SecretKey::new(BASE64.encode(&random::<30>(scene)?));
        let key = scene.world.directory.write(|work| {
            let owner = owner(&holder, work)?;
            let created = scene.caller.at();
            let (id, owner) = (id.clone(), owner.clone());
            let key =
                AccessKey { id, account, owner: owner.clone(), status: KeyStatus::Active, created, last_used: None };
            work.add_access_key(&key, &secret)?;
            within(scene, Quota::AccessKeys, work.access_keys(account, &owner)?.len())?;
            Ok::<_, Fault>(key)
        })?;
        let mut members = nodes::access_key(&key, holder.user_name()?);
        members.push(("SecretAccessKey", Node::Secret(secret.expose().to_owned())));
        Ok(Node::one("AccessKey", Node::Struct(members)))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:ListAccessKeys", arn, move |scene| {
        let account = scene.account();
        let keys = scene.world.directory.read(|work| {
            let owner = owner(&holder, work)?;
            Ok::<_, Fault>(work.access_keys(account, &owner)?)
        })?;
        let user = holder.user_name()?;
        let mut keys = keys;
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        let listing = asked.cut(keys, |key| key.id.to_string());
        Ok(paged("AccessKeyMetadata", listing, |key| Node::Struct(nodes::access_key(key, user))))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("AccessKeyId", &ACCESS_KEY_ID);
    let status = input.required_one_of("Status", &["Active", "Inactive", "Expired"]).unwrap_or_default();
    if sessions::is_meant(&id, input) && status == "Inactive" {
        input.check()?;
        return Ok(sessions::end("iam:UpdateAccessKey", scene, id));
    }
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:UpdateAccessKey", arn, move |scene| {
        scene.world.directory.write(|work| {
            let id = key_of(&holder, work, &id)?;
            let status = KeyStatus::parse(settable(status)?).unwrap_or(KeyStatus::Inactive);
            work.set_access_key_status(&id, status)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("AccessKeyId", &ACCESS_KEY_ID);
    if sessions::is_meant(&id, input) {
        input.check()?;
        return Ok(sessions::end("iam:DeleteAccessKey", scene, id));
    }
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:DeleteAccessKey", arn, move |scene| {
        scene.world.directory.write(|work| {
            let id = key_of(&holder, work, &id)?;
            work.delete_access_key(&id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// The key's user is found from the key.
pub(super) fn last_used(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("AccessKeyId", &ACCESS_KEY_ID);
    input.check()?;
    let account = scene.account();
    let (key, user) = scene.world.directory.read(|work| {
        let key = AccessKeyId::parse(&id).map_or(Ok(None), |id| work.access_key(&id))?;
        let key = key.filter(|key| key.account == account);
        let user = match key.as_ref().map(|key| &key.owner) {
            Some(KeyOwner::User(user)) => work.identity_by_id(user)?,
            _ => None,
        };
        Ok::<_, StoreError>((key, user))
    })?;
    let arn = match &user {
        Some(user) => user.arn(),
        // Nobody's key, or root's: only those who may ask for every user's learn of it.
        None => Arn::iam(account.as_str(), "user/*"),
    };
    Ok(Plan::new("iam:GetAccessKeyLastUsed", arn.as_str(), move |_| {
        let key = key.ok_or_else(|| no_such_key(&id))?;
        let used = match &key.last_used {
            Some(used) => vec![
                ("LastUsedDate", Node::Time(used.at)),
                ("ServiceName", Node::text(&*used.service)),
                ("Region", Node::text(&*used.region)),
            ],
            None => vec![("ServiceName", Node::text("N/A")), ("Region", Node::text("N/A"))],
        };
        let name = user.as_ref().map(|user| &*user.name);
        Ok(Node::Struct(vec![("UserName", Node::maybe(name)), ("AccessKeyLastUsed", Node::Struct(used))]))
    }))
}

/// A key of the holder's; anybody else's is as good as absent.
fn key_of(holder: &Holder, work: &mut dyn UnitOfWork, id: &str) -> Result<AccessKeyId, Fault> {
    let owner = owner(holder, work)?;
    let key = AccessKeyId::parse(id).map_or(Ok(None), |id| work.access_key(&id))?;
    key.filter(|key| key.owner == owner).map(|key| key.id).ok_or_else(|| no_such_key(id))
}

fn owner(holder: &Holder, work: &mut dyn UnitOfWork) -> Result<KeyOwner, Fault> {
    Ok(holder.id(work)?.map_or(KeyOwner::Root, KeyOwner::User))
}

pub(super) fn no_such_key(id: &str) -> Fault {
    no_such(format!("The Access Key with id {id} cannot be found."))
}
