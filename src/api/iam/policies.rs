//! Managed policies.

use super::{
    listing::{Asked, paged},
    nodes,
    target::{PolicyTarget, exists, in_use, over_quota, request_tags, within},
    texts::{ARN, DESCRIPTION, DOCUMENT, NAME, POLICY_PATH},
    users::{random, unless},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene},
        quotas::Quota,
    },
    base::{
        Arn, Fault,
        id::{IdKind, unique_id},
        name::fold,
    },
    policy::{self, quota},
    store::{ErrorKind, Listing, ManagedPolicy, Page, PolicyUse, aws_managed},
};

/// The kinds of policies in markers of [`list`].
const LOCAL: &str = "local";
const OF_AWS: &str = "aws";

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("PolicyName", &NAME);
    let path = input.optional("Path", &POLICY_PATH).unwrap_or_else(|| "/".to_owned());
    let document = input.required("PolicyDocument", &DOCUMENT);
    let description = input.optional("Description", &DESCRIPTION);
    let tags = input.tags("Tags", false)?;
    input.check()?;
    let arn = Arn::iam(scene.account().as_str(), &format!("policy{path}{name}"));
    let (facts, has_tags) = (request_tags(&tags), !tags.is_empty());
    let plan = Plan::new("iam:CreatePolicy", arn.as_str(), move |scene| {
        check_document(&document)?;
        let (account, now) = (scene.account(), scene.caller.at());
        let policy = ManagedPolicy {
            account,
            id: unique_id(IdKind::Policy, account, random(scene)?).into(),
            name: name.as_str().into(),
            path: path.into(),
            description: description.filter(|text| !text.is_empty()).map(Into::into),
            created: now,
            updated: now,
            default_version: 1,
            attachments: 0,
            boundaries: 0,
        };
        scene.world.directory.write(|work| {
            let taken = || exists(format!("A policy called {name} already exists. Duplicate names are not allowed."));
            work.add_policy(&policy, &document).map_err(|error| unless(error, ErrorKind::Exists, taken))?;
            within(scene, Quota::Policies, work.count_policies(account)?)?;
            work.put_tags(&policy.id, &tags)?;
            Ok::<_, Fault>(())
        })?;
        Ok(Node::one("Policy", nodes::listed_policy(&policy, &tags)))
    });
    let plan = if has_tags { plan.needing("iam:TagPolicy", arn.as_str()) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetPolicy", arn, move |scene| {
        scene.world.directory.read(|work| {
            let policy = target.still(work)?;
            if policy.is_of_aws() {
                let policy = aws_managed::counted(policy, scene.account(), work)?;
                return Ok(Node::one("Policy", nodes::policy(&policy, &[])));
            }
            let tags = work.tags(&policy.id)?;
            Ok(Node::one("Policy", nodes::policy(&policy, &tags)))
        })
    });
    Ok(plan.knowing(facts))
}

/// The account's own policies, then those that AWS manages.
pub(super) fn list(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let scope = input.one_of("Scope", &["All", "AWS", "Local"]);
    let only_attached = input.flag("OnlyAttached").unwrap_or(false);
    let usage = input.one_of("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"]);
    let asked = Asked::below_path(input)?;
    input.check()?;
    // AWS names this in place of an ARN, so that only `*` allows it.
    let below = format!("policy path {}", asked.path_prefix());
    Ok(Plan::new("iam:ListPolicies", below, move |scene| {
        let account = scene.account();
        let used = match (usage, only_attached) {
            (Some("PermissionsBoundary"), _) => PolicyUse::Boundary,
            (_, true) => PolicyUse::Attached,
            (_, false) => PolicyUse::Any,
        };
        let listing = scene.world.directory.read(|work| {
            let (mut items, mut next) = (Vec::new(), None);
            if scope != Some("AWS") && asked.after_kind(OF_AWS).is_none() {
                let listing = work.policies(account, used, Page { after: asked.after_kind(LOCAL), ..asked.page() })?;
                (items, next) = (listing.items, listing.next.map(|next| format!("{LOCAL}:{next}").into()));
            }
            if scope != Some("Local") && next.is_none() {
                let after = asked.after_kind(OF_AWS).unwrap_or_default().to_owned();
                let is_asked = |policy: &ManagedPolicy| {
                    policy.path.starts_with(asked.path_prefix()) && (after.is_empty() || fold(&policy.name) > after)
                };
                let mut more = aws_managed::in_use(account, used, work)?.into_iter().filter(is_asked);
                let room = asked.items_max() - items.len();
                let place = if room == 0 { after.clone() } else { String::new() };
                items.extend(more.by_ref().take(room));
                let last = items.last().filter(|_| room > 0).map_or(place, |last| fold(&last.name));
                next = more.next().map(|_| format!("{OF_AWS}:{last}").into());
            }
            Ok::<_, Fault>(Listing { items, next })
        })?;
        Ok(paged("Policies", listing, |policy| nodes::listed_policy(policy, &[])))
    }))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeletePolicy", arn, move |scene| {
        scene.world.directory.write(|work| {
            let policy = target.changeable("iam:DeletePolicy", scene, work)?;
            if policy.attachments > 0 || policy.boundaries > 0 {
                return Err(in_use("Cannot delete a policy attached to entities."));
            }
            if work.policy_versions(&policy.id)?.len() > 1 {
                return Err(in_use(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                     versions. The default version is deleted with the policy.",
                ));
            }
            work.delete_policy(&policy.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// The policy that `PolicyArn` names, when nothing else is asked.
fn target(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<PolicyTarget, Fault> {
    let arn = input.required("PolicyArn", &ARN);
    input.check()?;
    PolicyTarget::of(scene, &arn)
}

/// Whether a document can be a managed policy's. One that is too long is not read.
pub(super) fn check_document(document: &str) -> Result<(), Fault> {
    match quota::characters(document) > quota::MANAGED_POLICY_CHARACTERS_MAX {
        true => Err(over_quota("PolicySize", quota::MANAGED_POLICY_CHARACTERS_MAX)),
        false => policy::validate_managed(document),
    }
}
