//! SAML providers: whose assertions roles may trust. Private keys, which open encrypted assertions, are kept sealed and told
//! to nobody.
//!
//! Source: IAM user guide, "Create a SAML identity provider in IAM"; the words of refusals: "Troubleshoot SAML federation".

use std::collections::BTreeMap;

use rustls::{
    SignatureAlgorithm,
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    context_providers,
    items::{self, ItemTarget, details, long_id, written},
    nodes,
    saml_metadata::{self, Metadata},
    target::{exists, request_tags},
    texts::{ARN, METADATA, PRIVATE_KEY, PRIVATE_KEY_ID, PROVIDER_NAME},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{AccountId, Arn, Fault, Timestamp},
    store::{Item, ItemKind, Page, StoreError, UnitOfWork},
};

/// The most private keys of one provider.
const KEYS_MAX: usize = 2;
/// How long a provider holds whose document does not say it: a hundred years, in seconds.
const VALID_SECONDS: i64 = 100 * 31_557_600;

const MODES: [&str; 2] = ["Required", "Allowed"];

/// What the store keeps of a provider beside its name and its keys. What signs assertions is read once.
#[derive(Serialize, Deserialize)]
struct Details {
    document: String,
    entity_id: String,
    /// DER in base 64.
    certificates: Vec<String>,
    /// In seconds since 1970.
    valid_until: i64,
    encryption: String,
    /// The ids of the private keys, and since when there are they, in seconds since 1970.
    keys: Vec<(String, i64)>,
}

/// The private keys by their ids, as PEM: what is sealed.
type Keys = BTreeMap<String, Zeroizing<String>>;

/// A provider, as those who verify its assertions need it.
#[cfg(feature = "saml")]
pub(in crate::api) struct Registered {
    /// The unique id.
    pub(in crate::api) id: Box<str>,
    /// The name as it was given.
    pub(in crate::api) name: Box<str>,
    /// Who issues assertions.
    pub(in crate::api) entity_id: String,
    /// DER in base 64.
    pub(in crate::api) certificates: Vec<String>,
    /// Until when the metadata holds.
    pub(in crate::api) valid_until: Timestamp,
    /// Whether assertions have to be encrypted.
    pub(in crate::api) must_encrypt: bool,
    /// As PEM.
    pub(in crate::api) private_keys: Vec<Zeroizing<String>>,
}

/// The provider of this name in an account, if there is one.
#[cfg(feature = "saml")]
pub(in crate::api) fn registered(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    name: &str,
) -> Result<Option<Registered>, StoreError> {
    let Some(item) = work.item(account, ItemKind::SamlProvider, name)? else { return Ok(None) };
    let details: Details = details(&item)?;
    let keys = if details.keys.is_empty() { Keys::new() } else { keys_of(work, &item)? };
    Ok(Some(Registered {
        valid_until: at(details.valid_until),
        must_encrypt: details.encryption == "Required",
        entity_id: details.entity_id,
        certificates: details.certificates,
        private_keys: keys.into_values().collect(),
        id: item.id,
        name: item.name,
    }))
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let document = input.required("SAMLMetadataDocument", &METADATA);
    let name = input.required("Name", &PROVIDER_NAME);
    let tags = input.tags("Tags", false)?;
    let mode = input.one_of("AssertionEncryptionMode", &MODES);
    let key = input.optional_secret("AddPrivateKey", &PRIVATE_KEY);
    input.check()?;
    context_providers::refuse(input)?;
    let arn = arn(scene.account(), &name).to_string();
    let (facts, is_tagged) = (request_tags(&tags), !tags.is_empty());
    let plan = Plan::new("iam:CreateSAMLProvider", arn.clone(), move |scene| {
        let account = scene.account();
        let now = scene.caller.at();
        let mut details = Details {
            document: String::new(),
            entity_id: String::new(),
            certificates: Vec::new(),
            valid_until: 0,
            encryption: mode.unwrap_or("Allowed").to_owned(),
            keys: Vec::new(),
        };
        let mut keys = Keys::new();
        details.take(document, now)?;
        if let Some(key) = key {
            details.add(&mut keys, long_id(scene)?, key, now)?;
        }
        details.check()?;
        let item = Item {
            kind: ItemKind::SamlProvider,
            account,
            id: long_id(scene)?.into(),
            name: name.into(),
            path: "/".into(),
            owner: None,
            created: now,
            details: written(&details)?,
        };
        let secret = sealed_form(&keys)?;
        scene.world.directory.write(|work| {
            let taken = || exists(format!("Provider with name {} already exists.", item.name));
            items::add(scene, work, (&item, Some(secret.as_bytes())), &tags, Quota::SamlProviders, taken)?;
            Ok(Node::Struct(vec![
                ("SAMLProviderArn", Node::text(self::arn(account, &item.name).as_str())),
                ("Tags", nodes::tags_if_any(&tags)),
            ]))
        })
    });
    let plan = if is_tagged { plan.needing("iam:TagSAMLProvider", arn) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetSAMLProvider", arn, move |scene| {
        scene.world.directory.read(|work| {
            let provider = target.still(work)?;
            let details: Details = details(&provider)?;
            let key = |(id, since): &(String, i64)| {
                Node::Struct(vec![("KeyId", Node::text(id)), ("Timestamp", Node::Time(at(*since)))])
            };
            Ok(Node::Struct(vec![
                ("SAMLProviderUUID", Node::text(&*provider.id)),
                ("ValidUntil", Node::Time(at(details.valid_until))),
                ("CreateDate", Node::Time(provider.created)),
                ("PrivateKeyList", Node::List(details.keys.iter().map(key).collect())),
                ("SAMLMetadataDocument", Node::Text(details.document)),
                ("AssertionEncryptionMode", Node::Text(details.encryption)),
                ("Tags", nodes::list_of_tags(&work.tags(&provider.id)?)),
            ]))
        })
    });
    Ok(plan.knowing(facts))
}

/// All of them: this listing has no pages.
pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    let all = arn(scene.account(), "*");
    Ok(Plan::new("iam:ListSAMLProviders", all.as_str(), move |scene| {
        let account = scene.account();
        let entry = |provider: &Item| {
            let details: Details = details(provider)?;
            Ok(Node::Struct(vec![
                ("Arn", Node::text(arn(account, &provider.name).as_str())),
                ("ValidUntil", Node::Time(at(details.valid_until))),
                ("CreateDate", Node::Time(provider.created)),
            ]))
        };
        let listing = scene.world.directory.read(|work| work.items(account, ItemKind::SamlProvider, Page::ALL))?;
        let entries: Result<Vec<Node>, StoreError> = listing.items.iter().map(entry).collect();
        Ok(Node::one("SAMLProviderList", Node::List(entries?)))
    }))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let document = input.optional("SAMLMetadataDocument", &METADATA);
    let mode = input.one_of("AssertionEncryptionMode", &MODES);
    let key = input.optional_secret("AddPrivateKey", &PRIVATE_KEY);
    let removed = input.optional("RemovePrivateKey", &PRIVATE_KEY_ID);
    let target = target(scene, input)?;
    context_providers::refuse(input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:UpdateSAMLProvider", arn, move |scene| {
        if document.is_none() && mode.is_none() && key.is_none() && removed.is_none() {
            let message =
                "Unable to update identity provider. No updates are defined for metadata or encryption assertion.";
            return Err(invalid(message));
        }
        if key.is_some() && removed.is_some() {
            let message = "Unable to add and remove private keys in the same request. Set a value for only one of the two \
                           parameters.";
            return Err(invalid(message));
        }
        let (now, id) = (scene.caller.at(), long_id(scene)?);
        scene.world.directory.write(|work| {
            let mut provider = target.still(work)?;
            let mut details: Details = details(&provider)?;
            let mut keys = keys_of(work, &provider)?;
            if let Some(document) = &document {
                details.take(document.clone(), now)?;
            }
            if let Some(key) = &key {
                details.add(&mut keys, id.clone(), key.clone(), now)?;
            }
            if let Some(removed) = &removed {
                details.remove(&mut keys, removed)?;
            }
            details.encryption = mode.map_or(details.encryption, str::to_owned);
            details.check()?;
            provider.details = written(&details)?;
            work.update_item(&provider)?;
            work.put_item_secret(&provider.id, sealed_form(&keys)?.as_bytes())?;
            Ok(Node::one("SAMLProviderArn", Node::text(self::arn(provider.account, &provider.name).as_str())))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteSAMLProvider", arn, move |scene| {
        scene.world.directory.write(|work| {
            let provider = target.still(work)?;
            work.delete_item(&provider.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// The provider that a call names. Another account's are as good as absent.
pub(super) fn target(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<ItemTarget, Fault> {
    let text = input.required("SAMLProviderArn", &ARN);
    input.check()?;
    let arn = Arn::parse(&text).filter(|arn| arn.service() == "iam");
    let name = arn.as_ref().and_then(|arn| arn.resource().strip_prefix("saml-provider/"));
    let (Some(arn), Some(name)) = (&arn, name) else { return Err(invalid(format!("Invalid ARN:  {text}"))) };
    // No provider has an ARN for its name.
    let name = if arn.account() == scene.account().as_str() { name } else { &text };
    let of = |provider: &Item| self::arn(provider.account, &provider.name);
    let missing = format!("Manifest not found for arn {text}");
    ItemTarget::of(scene, ItemKind::SamlProvider, name, of, text.clone(), missing)
}

impl Details {
    fn take(&mut self, document: String, now: Timestamp) -> Result<(), Fault> {
        let Metadata { entity_id, certificates, valid_until } = saml_metadata::read(&document)?;
        let valid_until =
            valid_until.map_or_else(|| now.as_second().saturating_add(VALID_SECONDS), |at| at.as_second());
        *self = Self {
            document,
            entity_id,
            certificates,
            valid_until,
            encryption: std::mem::take(&mut self.encryption),
            keys: std::mem::take(&mut self.keys),
        };
        Ok(())
    }

    fn add(&mut self, keys: &mut Keys, id: String, pem: Zeroizing<String>, now: Timestamp) -> Result<(), Fault> {
        if self.keys.len() >= KEYS_MAX {
            return Err(Fault::new(409, "LimitExceeded", format!("Private key limit of {KEYS_MAX} is reached.")));
        }
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok().and_then(|key| any_supported_type(&key).ok());
        if key.is_none_or(|key| key.algorithm() != SignatureAlgorithm::RSA) {
            return Err(invalid("Invalid private key."));
        }
        self.keys.push((id.clone(), now.as_second()));
        keys.insert(id, pem);
        Ok(())
    }

    fn remove(&mut self, keys: &mut Keys, id: &str) -> Result<(), Fault> {
        let before = self.keys.len();
        self.keys.retain(|(known, _)| known != id);
        if self.keys.len() == before {
            return Err(invalid("Failed to remove private key because the Key ID does not match a private key."));
        }
        keys.remove(id);
        Ok(())
    }

    fn check(&self) -> Result<(), Fault> {
        if self.encryption == "Required" && self.keys.is_empty() {
            let message = "Unable to set assertion encryption mode to Required because no private key is provided.";
            return Err(invalid(message));
        }
        Ok(())
    }
}

fn keys_of(work: &mut dyn UnitOfWork, provider: &Item) -> Result<Keys, StoreError> {
    let damaged = |why: &dyn std::fmt::Display| {
        StoreError::damaged(format!("the private keys of `{}` do not read: {why}", provider.id))
    };
    let secret = work.item_secret(&provider.id)?.ok_or_else(|| damaged(&"there are none"))?;
    let keys: BTreeMap<String, String> = serde_json::from_slice(&secret).map_err(|error| damaged(&error))?;
    Ok(keys.into_iter().map(|(id, pem)| (id, Zeroizing::new(pem))).collect())
}

fn sealed_form(keys: &Keys) -> Result<Zeroizing<String>, StoreError> {
    let keys: BTreeMap<&str, &str> = keys.iter().map(|(id, pem)| (id.as_str(), pem.as_str())).collect();
    let text = serde_json::to_string(&keys);
    text.map(Zeroizing::new).map_err(|error| StoreError::damaged(format!("keys that cannot be written: {error}")))
}

fn arn(account: AccountId, name: &str) -> Arn {
    Arn::iam(account.as_str(), &format!("saml-provider/{name}"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "InvalidInput", message)
}
