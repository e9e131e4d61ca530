//! What an account keeps beside users, groups, roles and policies, as operations name it.

use data_encoding::BASE32_NOPAD;
use serde::{Serialize, de::DeserializeOwned};

use super::users::random;
use crate::{
    api::query::Scene,
    base::Fault,
    store::{Item, StoreError},
};

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
