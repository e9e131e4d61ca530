//! Accounts as issuers of web identity tokens for others to believe: each has an id that it keeps, and keys.
//!
//! Both are one item of the account, so that all nodes share them and a change of them is whole. The issuer itself is made of
//! the id and the configured URL.

use serde::{Deserialize, Serialize};

use super::query::Scene;
use crate::{
    base::{AccountId, Fault, RequestId},
    federation::outbound::{KeyFailure, Keys, NewKey, PrivateKeys},
    store::{Item, ItemKind, Page, StoreError, UnitOfWork},
};

/// An account's issuer.
pub struct TokenIssuer {
    item: Item,
    details: Details,
}

#[derive(Serialize, Deserialize)]
struct Details {
    is_enabled: bool,
    keys: Keys,
}

/// An issuer with the private halves of its keys.
pub struct Signer {
    /// The issuer's id.
    pub id: Box<str>,
    /// Its keys.
    pub keys: Keys,
    /// Their private halves.
    pub private: PrivateKeys,
}

impl TokenIssuer {
    /// That of an account.
    pub fn of(work: &mut dyn UnitOfWork, account: AccountId) -> Result<Option<Self>, StoreError> {
        let items = work.items(account, ItemKind::TokenIssuer, Page { items_max: 1, ..Page::ALL })?.items;
        items.into_iter().next().map(Self::read).transpose()
    }

    /// That with an id, whichever account's it is.
    pub fn with_id(work: &mut dyn UnitOfWork, id: &str) -> Result<Option<Self>, StoreError> {
        let item = work.item_anywhere(ItemKind::TokenIssuer, id)?;
        // Items are found in any case; an issuer is named to the letter.
        item.filter(|item| &*item.name == id).map(Self::read).transpose()
    }

    fn read(item: Item) -> Result<Self, StoreError> {
        let details = serde_json::from_str(&item.details);
        let damaged = |error| StoreError::damaged(format!("the token issuer `{}` cannot be read: {error}", item.id));
        Ok(Self { details: details.map_err(damaged)?, item })
    }

    /// Its name, below the URL of all issuers.
    pub fn name(&self) -> &str {
        &self.item.name
    }

    /// Whether the account gives out tokens.
    pub fn is_enabled(&self) -> bool {
        self.details.is_enabled
    }

    /// The public halves of its keys.
    pub fn keys(&self) -> &Keys {
        &self.details.keys
    }

    fn private(&self, work: &mut dyn UnitOfWork) -> Result<PrivateKeys, StoreError> {
        let secret = work.item_secret(&self.item.id)?;
        let missing = || StoreError::damaged(format!("the token issuer `{}` has no keys", self.item.id));
        PrivateKeys::read(&secret.ok_or_else(missing)?).map_err(failed)
    }

    fn item(self) -> Result<Item, StoreError> {
        let written = serde_json::to_string(&self.details);
        let details = written.map_err(|error| StoreError::damaged(error.to_string()))?.into();
        Ok(Item { details, ..self.item })
    }
}

/// Lets an account give out tokens, and returns the id of its issuer; `None` if it does so already.
pub fn enable(scene: &Scene<'_>) -> Result<Option<Box<str>>, Fault> {
    let (account, now) = (scene.account(), scene.caller.at());
    let known = scene.world.directory.read(|work| TokenIssuer::of(work, account))?;
    let id = RequestId::from_random(scene.random()?).to_string();
    let (mut keys, mut private) = (Keys::default(), PrivateKeys::default());
    if known.is_none() {
        for algorithm in keys.wanted(now.as_second()) {
            keys.add(NewKey::make(algorithm).map_err(failed)?, &mut private, now.as_second());
        }
    }
    let secret = private.write().map_err(failed)?;
    scene.world.directory.write(|work| {
        if let Some(mut known) = TokenIssuer::of(work, account)? {
            let id = known.item.name.clone();
            let was_enabled = std::mem::replace(&mut known.details.is_enabled, true);
            work.update_item(&known.item()?)?;
            return Ok((!was_enabled).then_some(id));
        }
        let details = Details { is_enabled: true, keys: keys.clone() };
        let item = Item {
            kind: ItemKind::TokenIssuer,
            account,
            id: format!("token-issuer:{account}").into(),
            name: id.as_str().into(),
            path: "/".into(),
            owner: None,
            created: now,
            details: "".into(),
        };
        work.add_item(&TokenIssuer { item, details }.item()?, Some(&secret))?;
        Ok(Some(id.as_str().into()))
    })
}

/// Lets an account give out no more tokens; `false` if it did not. Its issuer and its keys stay: tokens that were given out
/// are good until they expire.
pub fn disable(scene: &Scene<'_>) -> Result<bool, Fault> {
    scene.world.directory.write(|work| match TokenIssuer::of(work, scene.account())? {
        Some(mut known) if known.details.is_enabled => {
            known.details.is_enabled = false;
            work.update_item(&known.item()?)?;
            Ok(true)
        }
        _ => Ok(false),
    })
}

/// What the caller's account signs with now; `None` if it gives out no tokens. New keys are made when it is time for them.
pub fn signer(scene: &Scene<'_>) -> Result<Option<Signer>, Fault> {
    let (account, now) = (scene.account(), scene.caller.at().as_second());
    let open = |work: &mut dyn UnitOfWork| {
        let Some(known) = TokenIssuer::of(work, account)?.filter(TokenIssuer::is_enabled) else { return Ok(None) };
        let private = known.private(work)?;
        Ok::<_, StoreError>(Some(Signer { id: known.item.name, keys: known.details.keys, private }))
    };
    let Some(signer) = scene.world.directory.read(open)? else { return Ok(None) };
    let wanted = signer.keys.wanted(now);
    if wanted.is_empty() {
        return Ok(Some(signer));
    }
    let new: Vec<NewKey> = wanted.into_iter().map(NewKey::make).collect::<Result<_, _>>().map_err(failed)?;
    scene.world.directory.write(|work| {
        let Some(mut known) = TokenIssuer::of(work, account)?.filter(TokenIssuer::is_enabled) else { return Ok(None) };
        let mut private = known.private(work)?;
        let wanted = known.details.keys.wanted(now);
        // Another node may have been first.
        for new in new.iter().filter(|new| wanted.contains(&new.algorithm())) {
            known.details.keys.add(new.clone(), &mut private, now);
        }
        known.details.keys.forget(&mut private, now);
        work.put_item_secret(&known.item.id, &private.write().map_err(failed)?)?;
        let (id, keys) = (known.item.name.clone(), known.details.keys.clone());
        work.update_item(&known.item()?)?;
        Ok(Some(Signer { id, keys, private }))
    })
}

fn failed(error: KeyFailure) -> StoreError {
    StoreError::damaged(error.to_string())
}
