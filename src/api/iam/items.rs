//! What an account keeps beside users, groups, roles and policies, as operations name it.

use data_encoding::BASE32_NOPAD;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    target::{no_such, resource_tags},
    users::random,
};
use crate::{
    api::query::Scene,
    base::{Arn, Fault, Tag, condition::Value},
    store::{Item, ItemKind, StoreError, UnitOfWork},
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
