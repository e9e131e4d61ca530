//! What an account chose once for all, each choice an item of the store.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    base::{AccountId, Timestamp},
    store::{Item, ItemKind, StoreError, UnitOfWork},
};

/// What an account chose under a name; `None` if it never did.
pub(super) fn chosen<T: DeserializeOwned>(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    name: &str,
) -> Result<Option<T>, StoreError> {
    let Some(item) = work.item(account, ItemKind::Setting, name)? else { return Ok(None) };
    let read = serde_json::from_str(&item.details);
    read.map(Some).map_err(|error| StoreError::damaged(format!("the setting `{}` cannot be read: {error}", item.id)))
}

/// Keeps a choice in place of the one before.
pub(super) fn choose<T: Serialize>(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    name: &str,
    value: &T,
    now: Timestamp,
) -> Result<(), StoreError> {
    let details = serde_json::to_string(value).map_err(|error| StoreError::damaged(error.to_string()))?.into();
    match work.item(account, ItemKind::Setting, name)? {
        Some(item) => work.update_item(&Item { details, ..item }),
        None => {
            let id = format!("{name}:{account}").into();
            let (kind, path) = (ItemKind::Setting, "/".into());
            work.add_item(
                &Item { kind, account, id, name: name.into(), path, owner: None, created: now, details },
                None,
            )
        }
    }
}
