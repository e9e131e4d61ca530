//! What an account keeps beside users, groups, roles and policies, as operations name it.

use data_encoding::BASE32_NOPAD;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    holder::Holder,
    target::{has_room, no_such, resource_tags},
    users::{random, unless},
};
use crate::{
    api::{query::Scene, quotas::Quota},
    base::{Arn, Fault, Tag, condition::Value},
    store::{ErrorKind, Item, ItemKind, Page, StoreError, UnitOfWork},
};

/// An item with an ARN of its own, by its name, which may not exist: then the decision is made on the ARN that it would
/// have.
pub(super) struct ItemTarget {
    arn: String,
    found: Option<Item>,
    tags: Vec<Tag>,
    missing: String,
}

impl ItemTarget {
    /// Looks an item up. `unknown` is its ARN where there is none, `missing` is what its absence is told with.
    pub(super) fn of(
        scene: &Scene<'_>,
        kind: ItemKind,
        name: &str,
        arn: impl Fn(&Item) -> Arn,
        unknown: String,
        missing: String,
    ) -> Result<Self, Fault> {
        let account = scene.account();
        let (found, tags) = scene.world.directory.read(|work| {
            let found = work.item(account, kind, name)?;
            let tags = found.as_ref().map_or(Ok(Vec::new()), |found| work.tags(&found.id))?;
            Ok::<_, StoreError>((found, tags))
        })?;
        let arn = found.as_ref().map_or(unknown, |found| arn(found).to_string());
        Ok(Self { arn, found, tags, missing })
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// The condition keys of its tags.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        resource_tags(&self.tags)
    }

    /// It, if it exists.
    pub(super) fn found(&self) -> Result<&Item, Fault> {
        self.found.as_ref().ok_or_else(|| no_such(self.missing.clone()))
    }

    /// It, as it is in a unit of work. An item of another name is another item.
    pub(super) fn still(&self, work: &mut dyn UnitOfWork) -> Result<Item, Fault> {
        let found = self.found()?;
        let now = work.item_by_id(&found.id)?.filter(|now| now.name == found.name && now.path == found.path);
        now.ok_or_else(|| no_such(self.missing.clone()))
    }
}

/// Keeps a new item of the account with its secret and its tags, if its name is free and the quota has room for it.
pub(super) fn add(
    scene: &Scene<'_>,
    work: &mut dyn UnitOfWork,
    (item, secret): (&Item, Option<&[u8]>),
    tags: &[Tag],
    quota: Quota,
    taken: impl Fn() -> Fault,
) -> Result<(), Fault> {
    if work.item(item.account, item.kind, &item.name)?.is_some() {
        return Err(taken());
    }
    has_room(scene, quota, work.count_items(item.account, item.kind)?)?;
    work.add_item(item, secret).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
    Ok(work.put_tags(&item.id, tags)?)
}

/// What a holder has of a kind with its details, by their ids.
pub(super) fn detailed_of<T: DeserializeOwned>(
    scene: &Scene<'_>,
    work: &mut dyn UnitOfWork,
    holder: &Holder,
    kind: ItemKind,
) -> Result<Vec<(Item, T)>, Fault> {
    let items = items_of(scene, work, holder, kind)?.into_iter();
    let mut read = items.map(|item| details(&item).map(|of| (item, of))).collect::<Result<Vec<_>, _>>()?;
    read.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    Ok(read)
}

/// What a holder has of a kind, oldest first.
pub(super) fn items_of(
    scene: &Scene<'_>,
    work: &mut dyn UnitOfWork,
    holder: &Holder,
    kind: ItemKind,
) -> Result<Vec<Item>, Fault> {
    Ok(match holder.id(work)? {
        Some(owner) => work.items_of(&owner, kind)?,
        None => {
            let all = work.items(scene.account(), kind, Page::ALL)?.items;
            all.into_iter().filter(|item| item.owner.is_none()).collect()
        }
    })
}

/// A holder's item by its id; anybody else's is as good as absent.
pub(super) fn item_of(
    scene: &Scene<'_>,
    work: &mut dyn UnitOfWork,
    holder: &Holder,
    kind: ItemKind,
    id: &str,
) -> Result<Option<Item>, Fault> {
    let (owner, account) = (holder.id(work)?, scene.account());
    Ok(work.item_by_id(id)?.filter(|item| item.kind == kind && item.account == account && item.owner == owner))
}

/// The details of an item.
pub(super) fn details<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    let damaged = |error| StoreError::damaged(format!("the details of `{}` do not read: {error}", item.id));
    serde_json::from_str(&item.details).map_err(damaged)
}

/// Details, as the store keeps them.
pub(super) fn written(details: &impl Serialize) -> Result<Box<str>, StoreError> {
    let damaged = |error| StoreError::damaged(format!("details that cannot be written: {error}"));
    serde_json::to_string(details).map(Into::into).map_err(damaged)
}

/// A unique id of 32 characters, for kinds that AWS gives no letters of their own.
pub(super) fn long_id(scene: &Scene<'_>) -> Result<String, Fault> {
    Ok(BASE32_NOPAD.encode(&random::<20>(scene)?))
}
