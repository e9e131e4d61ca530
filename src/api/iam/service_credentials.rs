//! Credentials of users for one service each. Of a password only the digest is kept: it is random and long, and nobody asks
//! for it again. The name of a credential's item is its service and its alias, which an account has once. Source: IAM user guide, "Service-specific credentials for IAM users".

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    holder::Holder,
    items::{details, item_of, items_of, written},
    listing::{Asked, paged},
    ssh_keys::settable,
    target::{has_room, no_such},
    texts::{KEY_ID, KNOWN_USER_NAME, SERVICE_NAME},
    users::random,
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene, input::validation_error},
        quotas::Quota,
    },
    base::{
        AccountId, Arn, Fault, Timestamp,
        condition::Value,
        id::{IdKind, unique_id},
    },
    store::{Item, ItemKind, Page, StoreError, UnitOfWork},
};

/// The longest life, in days.
const AGE_DAYS_MAX: usize = 36_600;

/// A service, and how its credentials look.
struct Service {
    name: &'static str,
    /// What the secrets of its API keys begin with; nothing for user names with passwords.
    api_key: Option<&'static str>,
}

const SERVICES: &[Service] = &[
    Service { name: "bedrock.amazonaws.com", api_key: Some("ABSK") },
    Service { name: "cassandra.amazonaws.com", api_key: None },
    Service { name: "codecommit.amazonaws.com", api_key: None },
    Service { name: "logs.amazonaws.com", api_key: Some("ACWL") },
];

/// What the store keeps of a credential beside its id.
#[derive(Serialize, Deserialize)]
struct Details {
    service: String,
    /// The user name at the service, or the alias of the API key.
    alias: String,
    status: String,
    /// In seconds since 1970.
    expires: Option<i64>,
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let service = input.required("ServiceName", &SERVICE_NAME);
    let days = input.number("CredentialAgeDays", 1..=AGE_DAYS_MAX);
    let holder = Holder::named(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let age = days.map(|days| ("iam:servicespecificcredentialagedays".to_owned(), Value::owned(days.to_string())));
    let named = service_fact(&service);
    let plan = Plan::new("iam:CreateServiceSpecificCredential", arn, move |scene| {
        let service = Service::of(&service)?;
        if days.is_some() && service.api_key.is_none() {
            return Err(validation_error(format!("CredentialAgeDays is not supported for {}.", service.name)));
        }
        let (account, now) = (scene.account(), scene.caller.at());
        let id = unique_id(IdKind::ServiceCredential, account, random(scene)?);
        let expires = days.map(|days| now.as_second().saturating_add(days as i64 * 86_400));
        scene.world.directory.write(|work| {
            let owner = holder.id(work)?;
            let user = holder.user_name()?.unwrap_or_default();
            let mut count = 0;
            for item in items_of(scene, work, &holder, ItemKind::ServiceCredential)? {
                count += usize::from(details::<Details>(&item)?.service == service.name);
            }
            has_room(scene, Quota::ServiceCredentials, count)?;
            let (name, alias) = free_alias(work, account, service.name, user)?;
            let details = Details { service: service.name.to_owned(), alias, status: "Active".to_owned(), expires };
            let item = Item {
                kind: ItemKind::ServiceCredential,
                account,
                name: name.into(),
                id: id.as_str().into(),
                path: "/".into(),
                owner,
                created: now,
                details: written(&details)?,
            };
            let password = service.password(scene, &details.alias)?;
            work.add_item(&item, Some(digest(&SHA256, password.as_bytes()).as_ref()))?;
            let shown = node(&item, &details, Some(user), now, Some(&password));
            Ok(Node::one("ServiceSpecificCredential", shown))
        })
    });
    Ok(plan.knowing(facts).knowing(age).knowing([named]))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let service = input.optional("ServiceName", &SERVICE_NAME);
    let of_all = input.flag("AllUsers").unwrap_or(false);
    let is_named = input.optional("UserName", &KNOWN_USER_NAME).is_some();
    let asked = Asked::of(input)?;
    input.check()?;
    if of_all && is_named {
        return Err(validation_error("AllUsers cannot be specified together with UserName."));
    }
    let holder = if of_all { None } else { Some(Holder::of(scene, input)?) };
    let (arn, facts) = match &holder {
        Some(holder) => (holder.arn(scene), holder.facts()),
        None => (Arn::iam(scene.account().as_str(), "user/*").to_string(), Vec::new()),
    };
    let plan = Plan::new("iam:ListServiceSpecificCredentials", arn, move |scene| {
        let service = service.as_deref().map(Service::of).transpose()?;
        scene.world.directory.read(|work| {
            let items = match &holder {
                Some(holder) => items_of(scene, work, holder, ItemKind::ServiceCredential)?,
                None => work.items(scene.account(), ItemKind::ServiceCredential, Page::ALL)?.items,
            };
            let mut known = Vec::new();
            for item in items {
                let details = details::<Details>(&item)?;
                if service.is_none_or(|service| service.name == details.service) {
                    known.push((item, details));
                }
            }
            known.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
            let listing = asked.cut(known, |(item, _)| item.id.to_string());
            let listing = listing.try_map(|(item, details)| {
                let user = item.owner.as_deref().map_or(Ok(None), |owner| work.identity_by_id(owner))?;
                let user = user.as_ref().map(|user| &*user.name);
                Ok::<_, StoreError>(node(&item, &details, user, scene.caller.at(), None))
            })?;
            Ok(paged("ServiceSpecificCredentials", listing, Node::clone))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let status = input.required_one_of("Status", &["Active", "Inactive", "Expired"]).unwrap_or_default();
    let held = Held::of(scene, input)?;
    let (arn, facts) = (held.holder.arn(scene), held.facts(scene)?);
    let plan = Plan::new("iam:UpdateServiceSpecificCredential", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (item, details) = held.still(scene, work)?;
            let details = Details { status: settable(status)?.to_owned(), ..details };
            work.update_item(&Item { details: written(&details)?, ..item })?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// The password before this one is good for nothing from now on.
pub(super) fn reset(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let held = Held::of(scene, input)?;
    let (arn, facts) = (held.holder.arn(scene), held.facts(scene)?);
    let plan = Plan::new("iam:ResetServiceSpecificCredential", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (item, details) = held.still(scene, work)?;
            let password = Service::of(&details.service)?.password(scene, &details.alias)?;
            work.put_item_secret(&item.id, digest(&SHA256, password.as_bytes()).as_ref())?;
            let user = held.holder.user_name()?;
            let shown = node(&item, &details, user, scene.caller.at(), Some(&password));
            Ok(Node::one("ServiceSpecificCredential", shown))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let held = Held::of(scene, input)?;
    let (arn, facts) = (held.holder.arn(scene), held.facts(scene)?);
    let plan = Plan::new("iam:DeleteServiceSpecificCredential", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (item, _) = held.still(scene, work)?;
            work.delete_item(&item.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

impl Service {
    fn of(name: &str) -> Result<&'static Self, Fault> {
        let known = SERVICES.iter().find(|service| service.name == name);
        known.ok_or_else(|| {
            let message = format!("Service {name} does not support service-specific credentials.");
            Fault::new(404, "NotSupportedService", message)
        })
    }

    /// A new password, or the secret of an API key, which holds its alias.
    fn password(&self, scene: &Scene<'_>, alias: &str) -> Result<Zeroizing<String>, Fault> {
        let random = Zeroizing::new(BASE64.encode(&*Zeroizing::new(random::<32>(scene)?)));
        Ok(match self.api_key {
            None => random,
            Some(start) => {
                let whole = Zeroizing::new(format!("{alias}:{}", &*random));
                Zeroizing::new(format!("{start}{}", BASE64.encode(whole.as_bytes())))
            }
        })
    }
}

/// A credential by its id, and whose it has to be.
struct Held {
    holder: Holder,
    id: String,
}

impl Held {
    /// Checks the input.
    fn of(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let id = input.required("ServiceSpecificCredentialId", &KEY_ID);
        Ok(Self { holder: Holder::of(scene, input)?, id })
    }

    /// The condition keys of the user's tags and of the service, if there is such a credential.
    fn facts(&self, scene: &Scene<'_>) -> Result<Vec<(String, Value<'static>)>, Fault> {
        let mut facts = self.holder.facts();
        let found = scene.world.directory.read(|work| self.still(scene, work));
        match found {
            Ok((_, details)) => facts.push(service_fact(&details.service)),
            Err(fault) if fault.code == "NoSuchEntity" => {}
            Err(fault) => return Err(fault),
        }
        Ok(facts)
    }

    fn still(&self, scene: &Scene<'_>, work: &mut dyn UnitOfWork) -> Result<(Item, Details), Fault> {
        let item = item_of(scene, work, &self.holder, ItemKind::ServiceCredential, &self.id)?;
        let id = &self.id;
        let item = item.ok_or_else(|| no_such(format!("No such credential {id} exists.")))?;
        let details = details(&item)?;
        Ok((item, details))
    }
}

/// `jane-at-123456789012`, or with a number where the account has that one already: users may have had names that are now
/// others'. The name of the item comes first.
fn free_alias(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    service: &str,
    user: &str,
) -> Result<(String, String), StoreError> {
    let mut number = 0_u64;
    loop {
        let further = if number == 0 { String::new() } else { format!("+{number}") };
        let alias = format!("{user}{further}-at-{account}");
        let name = format!("{service}/{alias}");
        if work.item(account, ItemKind::ServiceCredential, &name)?.is_none() {
            return Ok((name, alias));
        }
        number += 1;
    }
}

fn service_fact(name: &str) -> (String, Value<'static>) {
    ("iam:servicespecificcredentialservicename".to_owned(), Value::owned(name))
}

fn node(item: &Item, details: &Details, user: Option<&str>, now: Timestamp, password: Option<&str>) -> Node {
    let is_api_key = Service::of(&details.service).is_ok_and(|service| service.api_key.is_some());
    let (alias, secret) = match is_api_key {
        true => ("ServiceCredentialAlias", "ServiceCredentialSecret"),
        false => ("ServiceUserName", "ServicePassword"),
    };
    let is_over = details.expires.is_some_and(|end| end <= now.as_second());
    let expires = details.expires.and_then(|end| Timestamp::from_second(end).ok());
    Node::Struct(vec![
        ("CreateDate", Node::Time(item.created)),
        ("ExpirationDate", expires.map_or(Node::Nothing, Node::Time)),
        ("ServiceName", Node::text(&*details.service)),
        (alias, Node::text(&*details.alias)),
        (secret, password.map_or(Node::Nothing, |password| Node::Secret(password.to_owned()))),
        ("ServiceSpecificCredentialId", Node::text(&*item.id)),
        ("UserName", Node::maybe(user)),
        ("Status", Node::text(if is_over { "Expired" } else { &*details.status })),
    ])
}
