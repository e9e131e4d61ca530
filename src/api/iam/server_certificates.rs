//! Server certificates. Their private keys are kept sealed, and are told to nobody.

use serde::{Deserialize, Serialize};

use super::{
    certificates::Certificate,
    items::{self, ItemTarget, details, written},
    listing::{Asked, paged},
    nodes,
    target::{exists, request_tags},
    texts::{CERTIFICATE_CHAIN, KEY_MATERIAL, NAME, PATH},
    users::{random, unless},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{
        AccountId, Arn, Fault, Timestamp,
        id::{IdKind, unique_id},
    },
    store::{ErrorKind, Item, ItemKind, StoreError},
};

/// What the store keeps of a certificate beside its name, its path and its key.
#[derive(Serialize, Deserialize)]
struct Details {
    /// As they were uploaded.
    body: String,
    chain: Option<String>,
    /// In seconds since 1970.
    expires: i64,
}

pub(super) fn upload(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let path = input.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let name = input.required("ServerCertificateName", &NAME);
    let body = input.required("CertificateBody", &KEY_MATERIAL);
    let key = input.secret("PrivateKey", &KEY_MATERIAL);
    let chain = input.optional("CertificateChain", &CERTIFICATE_CHAIN);
    let tags = input.tags("Tags", false)?;
    input.check()?;
    let arn = arn(scene.account(), &path, &name).to_string();
    let (facts, is_tagged) = (request_tags(&tags), !tags.is_empty());
    let plan = Plan::new("iam:UploadServerCertificate", arn.clone(), move |scene| {
        let account = scene.account();
        let certificate = Certificate::read(&body)?;
        certificate.refuse_untimely(scene.caller.at())?;
        certificate.refuse_other_key(&key)?;
        chain.as_ref().map_or(Ok(()), |chain| certificate.refuse_unless_signed_by(chain))?;
        let item = Item {
            kind: ItemKind::ServerCertificate,
            account,
            id: unique_id(IdKind::Certificate, account, random(scene)?).into(),
            name: name.into(),
            path: path.into(),
            owner: None,
            created: scene.caller.at(),
            details: written(&Details { body, chain, expires: certificate.expires()?.as_second() })?,
        };
        scene.world.directory.write(|work| {
            let taken = || taken(&item.name);
            items::add(scene, work, (&item, Some(key.as_bytes())), &tags, Quota::ServerCertificates, taken)?;
            Ok(Node::Struct(vec![
                ("ServerCertificateMetadata", metadata(&item, &details(&item)?)),
                ("Tags", nodes::tags_if_any(&tags)),
            ]))
        })
    });
    let plan = if is_tagged { plan.needing("iam:TagServerCertificate", arn) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetServerCertificate", arn, move |scene| {
        scene.world.directory.read(|work| {
            let item = target.still(work)?;
            let (details, tags) = (details::<Details>(&item)?, work.tags(&item.id)?);
            let mut members = vec![
                ("ServerCertificateMetadata", metadata(&item, &details)),
                ("CertificateBody", Node::text(details.body)),
                ("CertificateChain", Node::maybe(details.chain)),
            ];
            members.push(("Tags", nodes::tags_if_any(&tags)));
            Ok(Node::one("ServerCertificate", Node::Struct(members)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::below_path(input)?;
    input.check()?;
    let below = arn(scene.account(), asked.path_prefix(), "");
    Ok(Plan::new("iam:ListServerCertificates", below.as_str(), move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| {
            let listing = work.items(account, ItemKind::ServerCertificate, asked.page())?;
            listing.try_map(|item| Ok::<_, StoreError>(metadata(&item, &details(&item)?)))
        })?;
        Ok(paged("ServerCertificateMetadataList", listing, Node::clone))
    }))
}

/// The old ARN and the new one both have to be allowed.
pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let new_path = input.optional("NewPath", &PATH);
    let new_name = input.optional("NewServerCertificateName", &NAME);
    let target = target(scene, input)?;
    let (old_arn, facts) = (target.arn().to_owned(), target.facts());
    let next_arn = target.found().ok().map(|found| {
        let (path, name) = (new_path.as_deref().unwrap_or(&found.path), new_name.as_deref().unwrap_or(&found.name));
        arn(found.account, path, name).to_string()
    });
    let plan = Plan::new("iam:UpdateServerCertificate", old_arn.clone(), move |scene| {
        scene.world.directory.write(|work| {
            let mut item = target.still(work)?;
            item.name = new_name.as_deref().map_or(item.name, Into::into);
            item.path = new_path.as_deref().map_or(item.path, Into::into);
            let taken = || taken(&item.name);
            work.update_item(&item).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            Ok(Node::Nothing)
        })
    });
    let plan = match next_arn {
        Some(next) if next != old_arn => plan.needing("iam:UpdateServerCertificate", next),
        _ => plan,
    };
    Ok(plan.knowing(facts))
}

/// `DeleteConflict` is for certificates that a service uses, and none uses them here.
pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteServerCertificate", arn, move |scene| {
        scene.world.directory.write(|work| {
            let item = target.still(work)?;
            work.delete_item(&item.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// The certificate that `ServerCertificateName` names. Checks the input.
pub(super) fn target(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<ItemTarget, Fault> {
    let name = input.required("ServerCertificateName", &NAME);
    input.check()?;
    let unknown = arn(scene.account(), "/", &name).to_string();
    let missing = format!("The Server Certificate with name {name} cannot be found.");
    let arn_of = |item: &Item| arn(item.account, &item.path, &item.name);
    ItemTarget::of(scene, ItemKind::ServerCertificate, &name, arn_of, unknown, missing)
}

fn arn(account: AccountId, path: &str, name: &str) -> Arn {
    Arn::iam(account.as_str(), &format!("server-certificate{path}{name}"))
}

fn taken(name: &str) -> Fault {
    exists(format!("The Server Certificate with name {name} already exists."))
}

fn metadata(item: &Item, details: &Details) -> Node {
    Node::Struct(vec![
        ("Path", Node::text(&*item.path)),
        ("ServerCertificateName", Node::text(&*item.name)),
        ("ServerCertificateId", Node::text(&*item.id)),
        ("Arn", Node::text(arn(item.account, &item.path, &item.name).as_str())),
        ("UploadDate", Node::Time(item.created)),
        ("Expiration", Timestamp::from_second(details.expires).map_or(Node::Nothing, Node::Time)),
    ])
}
