//! SSH public keys of users.

mod material;

use material::RsaKey;
use serde::{Deserialize, Serialize};

use super::{
    holder::Holder,
    items::{detailed_of, details, item_of, items_of, written},
    listing::{Asked, paged},
    target::{has_room, no_such},
    texts::{KEY_ID, KEY_MATERIAL},
    users::random,
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{
        Fault,
        id::{IdKind, unique_id},
    },
    store::{Item, ItemKind, StoreError, UnitOfWork},
};

/// What the store keeps of a key beside its id.
#[derive(Serialize, Deserialize)]
struct Details {
    /// As it was uploaded.
    body: String,
    /// As OpenSSH writes it, without a comment.
    openssh: String,
    status: String,
}

pub(super) fn upload(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let body = input.required("SSHPublicKeyBody", &KEY_MATERIAL);
    let holder = Holder::named(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:UploadSSHPublicKey", arn, move |scene| {
        let account = scene.account();
        let key = RsaKey::read(&body)?;
        let id = unique_id(IdKind::PublicKey, account, random(scene)?);
        let details = Details { body, openssh: key.openssh(), status: "Active".to_owned() };
        scene.world.directory.write(|work| {
            let owner = holder.id(work)?;
            let known = items_of(scene, work, &holder, ItemKind::SshKey)?;
            for item in &known {
                if self::details::<Details>(item)?.openssh == details.openssh {
                    let message = "The SSH public key is already associated with the user.";
                    return Err(Fault::new(400, "DuplicateSSHPublicKey", message));
                }
            }
            has_room(scene, Quota::SshKeys, known.len())?;
            let item = Item {
                kind: ItemKind::SshKey,
                account,
                name: id.as_str().into(),
                id: id.as_str().into(),
                path: "/".into(),
                owner,
                created: scene.caller.at(),
                details: written(&details)?,
            };
            work.add_item(&item, None)?;
            Ok(Node::one("SSHPublicKey", whole(&item, &details, &key, details.body.clone(), holder.user_name()?)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("SSHPublicKeyId", &KEY_ID);
    let encoding = input.required_one_of("Encoding", &["SSH", "PEM"]).unwrap_or_default();
    let holder = Holder::named(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:GetSSHPublicKey", arn, move |scene| {
        scene.world.directory.read(|work| {
            let (item, details) = held(scene, work, &holder, &id)?;
            let key = RsaKey::read(&details.openssh)?;
            let body = if encoding == "PEM" { key.pem()? } else { details.openssh.clone() };
            Ok(Node::one("SSHPublicKey", whole(&item, &details, &key, body, holder.user_name()?)))
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    let holder = Holder::of(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:ListSSHPublicKeys", arn, move |scene| {
        let read = |work: &mut dyn UnitOfWork| detailed_of::<Details>(scene, work, &holder, ItemKind::SshKey);
        let keys = scene.world.directory.read(read)?;
        let user = holder.user_name()?;
        let listing = asked.cut(keys, |(item, _)| item.id.to_string());
        Ok(paged("SSHPublicKeys", listing, |(item, details)| {
            let [name, id, status, date] = members(item, details, user);
            Node::Struct(vec![name, id, status, date])
        }))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("SSHPublicKeyId", &KEY_ID);
    let status = input.required_one_of("Status", &["Active", "Inactive", "Expired"]).unwrap_or_default();
    let holder = Holder::named(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:UpdateSSHPublicKey", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (item, details) = held(scene, work, &holder, &id)?;
            let details = Details { status: settable(status)?.to_owned(), ..details };
            work.update_item(&Item { details: written(&details)?, ..item })?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("SSHPublicKeyId", &KEY_ID);
    let holder = Holder::named(scene, input)?;
    let (arn, facts) = (holder.arn(scene), holder.facts());
    let plan = Plan::new("iam:DeleteSSHPublicKey", arn, move |scene| {
        scene.world.directory.write(|work| {
            let (item, _) = held(scene, work, &holder, &id)?;
            work.delete_item(&item.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// A status that a caller may set: what has expired does so by itself.
pub(super) fn settable(status: &'static str) -> Result<&'static str, Fault> {
    match status {
        "Expired" => Err(Fault::new(400, "InvalidInput", "The status Expired cannot be set.")),
        _ => Ok(status),
    }
}

fn held(scene: &Scene<'_>, work: &mut dyn UnitOfWork, holder: &Holder, id: &str) -> Result<(Item, Details), Fault> {
    let item = item_of(scene, work, holder, ItemKind::SshKey, id)?;
    let item = item.ok_or_else(|| no_such(format!("The SSH Public Key with id {id} cannot be found.")))?;
    let details: Result<Details, StoreError> = details(&item);
    Ok((item, details?))
}

fn members(item: &Item, details: &Details, user: Option<&str>) -> [(&'static str, Node); 4] {
    [
        ("UserName", Node::maybe(user)),
        ("SSHPublicKeyId", Node::text(&*item.id)),
        ("Status", Node::text(&*details.status)),
        ("UploadDate", Node::Time(item.created)),
    ]
}

fn whole(item: &Item, details: &Details, key: &RsaKey, body: String, user: Option<&str>) -> Node {
    let [name, id, status, date] = members(item, details, user);
    let (fingerprint, body) = (("Fingerprint", Node::Text(key.fingerprint())), ("SSHPublicKeyBody", Node::Text(body)));
    Node::Struct(vec![name, id, fingerprint, body, status, date])
}
