//! Access keys of users, and of root: whoever names no user means itself.

use data_encoding::BASE64;

use super::{
    listing::{Asked, paged},
    nodes,
    target::{Target, no_such, over_quota},
    texts::{ACCESS_KEY_ID, KNOWN_USER_NAME},
    users::random,
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{
        AccessKeyId, Arn, Fault, Principal, SecretKey,
        condition::Value,
        id::{IdKind, unique_id},
    },
    store::{AccessKey, IdentityKind, KeyOwner, KeyStatus, StoreError, UnitOfWork},
};

/// The most keys of one user, and of root.
const KEYS_MAX: usize = 2;

/// Whose keys an operation is about.
enum Holder {
    Root,
    User(Box<Target>),
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:CreateAccessKey", arn, move |scene| {
        let account = scene.account();
        let id = unique_id(IdKind::AccessKey, account, random(scene)?);
        let id = AccessKeyId::parse(&id).ok_or_else(|| Fault::new(500, "ServiceFailure", "No id could be made."))?;
        let secret = SecretKey::new(BASE64.encode(&random::<30>(scene)?));
        let key = scene.world.directory.write(|work| {
            let owner = holder.owner(work)?;
            if work.access_keys(account, &owner)?.len() >= KEYS_MAX {
                return Err(over_quota("AccessKeysPerUser", KEYS_MAX));
            }
            let created = scene.caller.at();
            let key = AccessKey { id: id.clone(), account, owner, status: KeyStatus::Active, created, last_used: None };
            work.add_access_key(&key, &secret)?;
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
            let owner = holder.owner(work)?;
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
    let status = input.one_of("Status", &["Active", "Inactive"]);
    if status.is_none() {
        input.required("Status", &ACCESS_KEY_ID);
    }
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:UpdateAccessKey", arn, move |scene| {
        let status = status.and_then(KeyStatus::parse).unwrap_or(KeyStatus::Inactive);
        scene.world.directory.write(|work| {
            let id = holder.key(work, &id)?;
            work.set_access_key_status(&id, status)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("AccessKeyId", &ACCESS_KEY_ID);
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:DeleteAccessKey", arn, move |scene| {
        scene.world.directory.write(|work| {
            let id = holder.key(work, &id)?;
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

impl Holder {
    /// The user that is named, or the caller. Checks the input.
    fn of(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let name = input.optional("UserName", &KNOWN_USER_NAME);
        input.check()?;
        match (name, scene.caller.principal()) {
            (Some(name), _) => Ok(Holder::User(Box::new(Target::of(scene, IdentityKind::User, &name)?))),
            (None, Principal::Root(_)) => Ok(Holder::Root),
            (None, _) => Ok(Holder::User(Box::new(Target::caller(scene)?))),
        }
    }

    fn arn(&self, scene: &Scene<'_>) -> String {
        match self {
            Holder::Root => Arn::iam(scene.account().as_str(), "root").to_string(),
            Holder::User(target) => target.arn().to_owned(),
        }
    }

    fn facts(&self) -> Vec<(String, Value<'static>)> {
        match self {
            Holder::Root => Vec::new(),
            Holder::User(target) => target.facts(),
        }
    }

    fn user_name(&self) -> Result<Option<&str>, Fault> {
        match self {
            Holder::Root => Ok(None),
            Holder::User(target) => Ok(Some(&target.found()?.name)),
        }
    }

    fn owner(&self, work: &mut dyn UnitOfWork) -> Result<KeyOwner, Fault> {
        match self {
            Holder::Root => Ok(KeyOwner::Root),
            Holder::User(target) => Ok(KeyOwner::User(target.still(work)?.id.clone())),
        }
    }

    /// A key of this holder's; anybody else's is as good as absent.
    fn key(&self, work: &mut dyn UnitOfWork, id: &str) -> Result<AccessKeyId, Fault> {
        let owner = self.owner(work)?;
        let key = AccessKeyId::parse(id).map_or(Ok(None), |id| work.access_key(&id))?;
        key.filter(|key| key.owner == owner).map(|key| key.id).ok_or_else(|| no_such_key(id))
    }
}

fn no_such_key(id: &str) -> Fault {
    no_such(format!("The Access Key with id {id} cannot be found."))
}
