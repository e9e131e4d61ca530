//! Roles that are linked to a service of AWS. Source: IAM user guide, "Create a service-linked role".
//!
//! No service of AWS acts here, so nothing takes such a role and nothing hangs on it: a deletion is done when it is asked
//! for, and its task tells so. The service attaches its policies itself on AWS; here nobody does.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Builder;

use super::{
    items::{details, written},
    nodes,
    roles::{SERVICE_PATH, SESSION_SECONDS, is_of_service, kept, shown},
    service_names::role_of,
    target::{Target, no_such},
    texts::{NAME, ROLE_DESCRIPTION, ROLE_NAME, SUFFIX, TASK_ID},
    users::{new, random, unless},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Arn, Fault, condition::Value, name::USER_NAME_CHARACTERS_MAX},
    store::{ErrorKind, IdentityKind, Item, ItemKind, Page, RoleDetails},
};

/// How long a finished task is told of, in seconds.
const TASK_SECONDS: i64 = 30 * 24 * 3600;

/// What the store keeps of a deletion beside its id.
#[derive(Serialize, Deserialize)]
struct Deletion {
    status: String,
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let service = input.required("AWSServiceName", &NAME);
    let description = input.optional("Description", &ROLE_DESCRIPTION);
    let suffix = input.optional("CustomSuffix", &SUFFIX);
    input.check()?;
    let role = role_of(&service);
    let name = match (&role, &suffix) {
        (Some((name, _)), Some(suffix)) => format!("{name}_{suffix}"),
        (Some((name, _)), None) => name.clone(),
        (None, _) => String::new(),
    };
    let path = format!("{SERVICE_PATH}{service}/");
    let arn = Arn::iam(scene.account().as_str(), &format!("role{path}{name}"));
    let fact = ("iam:awsservicename".to_owned(), Value::owned(service.as_str()));
    let plan = Plan::new("iam:CreateServiceLinkedRole", arn.as_str(), move |scene| {
        let (_, takes_suffix) = role.ok_or_else(|| {
            let message = format!("Cannot find Service Linked Role template for {service}");
            Fault::new(403, "AccessDenied", message)
        })?;
        if suffix.is_some() && !takes_suffix {
            return Err(invalid(format!("Custom suffix is not allowed for {service}")));
        }
        if name.len() > USER_NAME_CHARACTERS_MAX {
            return Err(invalid(format!("Service role name {name} is too long, please try a shorter suffix.")));
        }
        let identity = new(scene, IdentityKind::Role, &name, &path)?;
        let statement =
            json!({ "Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": { "Service": [service] } });
        let trust = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        scene.world.directory.write(|work| {
            let trust = kept(work, &trust)?;
            let details =
                RoleDetails { trust, description: shown(description.clone()), session_seconds_max: SESSION_SECONDS };
            let taken = || {
                let wish = "has been taken in this account, please try a different suffix.";
                invalid(format!("Service role name {name} {wish}"))
            };
            work.add_identity(&identity).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            work.put_role(&identity.id, &details)?;
            Ok(Node::one("Role", Node::Struct(nodes::role(&identity, &details))))
        })
    });
    Ok(plan.knowing([fact]))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("RoleName", &ROLE_NAME);
    input.check()?;
    let target = Target::of(scene, IdentityKind::Role, &name)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteServiceLinkedRole", arn, move |scene| {
        let uuid = Builder::from_random_bytes(random(scene)?).into_uuid();
        scene.world.directory.write(|work| {
            let role = target.still(work)?;
            if !is_of_service(role) {
                return Err(no_such(format!("The service linked role with name {name} cannot be found.")));
            }
            let (account, now) = (role.account, scene.caller.at());
            let item = Item {
                kind: ItemKind::Job,
                account,
                id: uuid.to_string().into(),
                name: format!("task{}{}/{uuid}", role.path, role.name).into(),
                path: "/".into(),
                owner: None,
                created: now,
                details: written(&Deletion { status: "SUCCEEDED".to_owned() })?,
            };
            for policy in work.attached_policies(&role.id, Page::ALL)?.items {
                work.detach(&role.id, &policy.id)?;
            }
            work.delete_identity(&role.id)?;
            for old in work.items(account, ItemKind::Job, Page::ALL)?.items {
                if is_task(&old.name) && now.as_second() - old.created.as_second() > TASK_SECONDS {
                    work.delete_item(&old.id)?;
                }
            }
            work.add_item(&item, None)?;
            Ok(Node::one("DeletionTaskId", Node::text(&*item.name)))
        })
    });
    Ok(plan.knowing(facts))
}

/// The decision is about the role that was deleted.
pub(super) fn deletion_status(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("DeletionTaskId", &TASK_ID);
    input.check()?;
    let role = id.strip_prefix("task").filter(|_| is_task(&id)).and_then(|rest| rest.rsplit_once('/'));
    let (role, _) = role.ok_or_else(|| invalid(format!("Deletion task id {id} is not valid.")))?;
    let arn = Arn::iam(scene.account().as_str(), &format!("role{role}"));
    Ok(Plan::new("iam:GetServiceLinkedRoleDeletionStatus", arn.as_str(), move |scene| {
        let account = scene.account();
        let found = scene.world.directory.read(|work| work.item(account, ItemKind::Job, &id))?;
        let task = found.ok_or_else(|| no_such(format!("Deletion task {id} cannot be found.")))?;
        let Deletion { status } = details(&task)?;
        Ok(Node::one("Status", Node::Text(status)))
    }))
}

/// `task/aws-service-role/{service}/{role}/{uuid}`.
fn is_task(id: &str) -> bool {
    let rest = id.strip_prefix("task").and_then(|rest| rest.strip_prefix(SERVICE_PATH));
    let parts: Vec<&str> = rest.unwrap_or_default().split('/').collect();
    matches!(parts[..], [service, role, uuid] if !service.is_empty() && !role.is_empty() && uuid.len() == 36)
}

fn invalid(message: String) -> Fault {
    Fault::new(400, "InvalidInput", message)
}
