//! X.509 signing certificates of users, and of root. The name of a certificate's item is its digest, so that an account has
//! each of them once.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{
    certificates::Certificate,
    holder::Holder,
    items::{detailed_of, details, item_of, items_of, long_id, written},
    listing::{Asked, paged},
    ssh_keys::settable,
    target::{has_room, no_such},
    texts::{CERTIFICATE_ID, KEY_MATERIAL},
    users::unless,
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::Fault,
    store::{ErrorKind, Item, ItemKind, UnitOfWork},
};

/// What the store keeps of a certificate beside its id.
#[derive(Serialize, Deserialize)]
struct Details {
    /// As it was uploaded.
    body: String,
    status: String,
}

pub(super) fn upload(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let body = input.required("CertificateBody", &KEY_MATERIAL);
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:UploadSigningCertificate", arn, move |scene| {
        let certificate = Certificate::read(&body)?;
        certificate.refuse_untimely(scene.caller.at())?;
        certificate.refuse_weak()?;
        let name = HEXLOWER.encode(digest(&SHA256, certificate.der()).as_ref());
        let id = long_id(scene)?;
        let details = Details { body, status: "Active".to_owned() };
        scene.world.directory.write(|work| {
            let item = Item {
                kind: ItemKind::SigningCertificate,
                account: scene.account(),
                id: id.as_str().into(),
                name: name.as_str().into(),
                path: "/".into(),
                owner: holder.id(work)?,
                created: scene.caller.at(),
                details: written(&details)?,
            };
            let duplicate = || {
                let message = "The certificate is already associated with a user of the account.";
                Fault::new(409, "DuplicateCertificate", message)
            };
            if work.item(item.account, item.kind, &item.name)?.is_some() {
                return Err(duplicate());
            }
            let known = items_of(scene, work, &holder, ItemKind::SigningCertificate)?.len();
            has_room(scene, Quota::SigningCertificates, known)?;
            work.add_item(&item, None).map_err(|error| unless(error, ErrorKind::Exists, duplicate))?;
            Ok(Node::one("Certificate", node(&item, &details, holder.user_name()?)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:ListSigningCertificates", arn, move |scene| {
        let read =
            |work: &mut dyn UnitOfWork| detailed_of::<Details>(scene, work, &holder, ItemKind::SigningCertificate);
        let certificates = scene.world.directory.read(read)?;
        let user = holder.user_name()?;
        let listing = asked.cut(certificates, |(item, _)| item.id.to_string());
        Ok(paged("Certificates", listing, |(item, details)| node(item, details, user)))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("CertificateId", &CERTIFICATE_ID);
    let status = input.required_one_of("Status", &["Active", "Inactive", "Expired"]).unwrap_or_default();
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:UpdateSigningCertificate", arn, move |scene| {
        scene.world.directory.write(|work| {
            let item = held(scene, work, &holder, &id)?;
            let details = Details { status: settable(status)?.to_owned(), ..details(&item)? };
            work.update_item(&Item { details: written(&details)?, ..item })?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("CertificateId", &CERTIFICATE_ID);
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:DeleteSigningCertificate", arn, move |scene| {
        scene.world.directory.write(|work| {
            let item = held(scene, work, &holder, &id)?;
            work.delete_item(&item.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

fn held(scene: &Scene<'_>, work: &mut dyn UnitOfWork, holder: &Holder, id: &str) -> Result<Item, Fault> {
    let item = item_of(scene, work, holder, ItemKind::SigningCertificate, id)?;
    item.ok_or_else(|| no_such(format!("The Certificate with id {id} cannot be found.")))
}

fn node(item: &Item, details: &Details, user: Option<&str>) -> Node {
    Node::Struct(vec![
        ("UserName", Node::maybe(user)),
        ("CertificateId", Node::text(&*item.id)),
        ("CertificateBody", Node::text(&*details.body)),
        ("Status", Node::text(&*details.status)),
        ("UploadDate", Node::Time(item.created)),
    ])
}
