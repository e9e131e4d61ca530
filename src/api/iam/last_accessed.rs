//! What an identity or a policy could reach, and when that was last tried.
//! Source: IAM user guide, "Refine permissions using last accessed information".
//!
//! A job holds what was asked; its answers are read from the notes of the present moment, which are at most a minute old.

use serde::{Deserialize, Serialize};

use super::{
    access_jobs::{self as jobs, JOB_ID, Job},
    entity::Entity,
    exclusions::Origin,
    listing::{Asked, marker, paged, truncated},
    services,
    target::PolicyTarget,
    texts::ARN,
};
use crate::{
    api::query::{Input, Node, Plan, Scene, Text},
    base::{Arn, Fault, condition::Value, name::fold},
    store::{Access, Identity, IdentityKind, Item, Page, UnitOfWork, accesses_of, aws_managed},
};

const NAMESPACE: Text = Text {
    length: 1..=64,
    pattern: r"[\w-]*",
    fits: |text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')),
};
const NAMESPACES_MAX: usize = 200;
/// How many users' accesses are read at a time.
const USERS_AT_ONCE: usize = 500;
const LEVELS: [&str; 2] = ["SERVICE_LEVEL", "ACTION_LEVEL"];

/// What a report is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Question {
    arn: String,
    level: String,
}

/// A user, group, role or policy.
enum Subject {
    Identity(Entity),
    Policy(PolicyTarget),
}

/// Somebody who could use what a report is about, with the latest attempts.
struct Reach {
    identity: Identity,
    accesses: Vec<Access>,
}

pub(super) fn generate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let arn = input.required("Arn", &ARN);
    let level = input.one_of("Granularity", &LEVELS).unwrap_or("SERVICE_LEVEL");
    input.check()?;
    let subject = Subject::of(scene, &arn)?;
    let facts = subject.facts();
    let plan = Plan::new("iam:GenerateServiceLastAccessedDetails", arn.clone(), move |scene| {
        scene.world.directory.flush_accesses(scene.caller.at())?;
        scene.world.directory.read(|work| subject.documents(work).map(drop))?;
        let id = jobs::begin(scene, Job::ServiceLastAccessed(Question { arn, level: level.to_owned() }))?;
        Ok(Node::one("JobId", Node::Text(id)))
    });
    Ok(plan.knowing(facts))
}

pub(super) fn details(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("JobId", &JOB_ID);
    let asked = Asked::of(input)?;
    input.check()?;
    Ok(Plan::new("iam:GetServiceLastAccessedDetails", "*", move |scene| {
        let (item, question) = question(scene, &id)?;
        let (services, reach) = read(scene, &question, asked.is_continued())?;
        let listing = asked.cut(services, String::clone);
        let shown = |namespace: &String| service(namespace, &reach, question.level == "ACTION_LEVEL");
        let list = Node::List(listing.items.iter().map(shown).collect());
        Ok(Node::Struct(vec![
            ("JobStatus", Node::text("COMPLETED")),
            ("JobType", Node::text(&*question.level)),
            ("JobCreationDate", Node::Time(item.created)),
            ("ServicesLastAccessed", list),
            ("JobCompletionDate", Node::Time(item.created)),
            truncated(&listing.next),
            marker(listing.next),
        ]))
    }))
}

pub(super) fn details_with_entities(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("JobId", &JOB_ID);
    let namespace = input.required("ServiceNamespace", &NAMESPACE);
    let asked = Asked::of(input)?;
    input.check()?;
    Ok(Plan::new("iam:GetServiceLastAccessedDetailsWithEntities", "*", move |scene| {
        let (item, question) = question(scene, &id)?;
        let (_, reach) = read(scene, &question, asked.is_continued())?;
        let key = |reach: &Reach| format!("{}:{}", fold(&reach.identity.name), reach.identity.id);
        let listing = asked.cut(reach, key);
        let list = Node::List(listing.items.iter().map(|reach| entity(reach, &namespace)).collect());
        Ok(Node::Struct(vec![
            ("JobStatus", Node::text("COMPLETED")),
            ("JobCreationDate", Node::Time(item.created)),
            ("JobCompletionDate", Node::Time(item.created)),
            ("EntityDetailsList", list),
            truncated(&listing.next),
            marker(listing.next),
        ]))
    }))
}

pub(super) fn list_granting(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let arn = input.required("Arn", &ARN);
    let namespaces = input.texts("ServiceNamespaces", NAMESPACES_MAX, &NAMESPACE);
    let asked = Asked::of(input)?;
    input.check()?;
    let entity = Entity::of(scene, &arn)?;
    let facts = entity.facts();
    let plan = Plan::new("iam:ListPoliciesGrantingServiceAccess", arn, move |scene| {
        let attached = scene.world.directory.read(|work| entity.attached(work))?;
        let numbered = namespaces.iter().enumerate().map(|(at, namespace)| (format!("{at:03}"), namespace));
        let listing = asked.cut(numbered, |(at, _)| at.clone());
        Ok(paged("PoliciesGrantingServiceAccess", listing, |(_, namespace)| {
            let granting = attached.iter().filter(|policy| services::grants(&policy.document, namespace));
            let policies = granting.map(|policy| match &policy.origin {
                Origin::Managed { arn } => Node::Struct(vec![
                    ("PolicyName", Node::text(&*policy.source)),
                    ("PolicyType", Node::text("MANAGED")),
                    ("PolicyArn", Node::text(arn.as_str())),
                ]),
                Origin::Inline { kind, holder, name } => Node::Struct(vec![
                    ("PolicyName", Node::text(&**name)),
                    ("PolicyType", Node::text("INLINE")),
                    ("EntityType", Node::text(word(*kind))),
                    ("EntityName", Node::text(&**holder)),
                ]),
            });
            Node::Struct(vec![
                ("ServiceNamespace", Node::text(namespace.as_str())),
                ("Policies", Node::List(policies.collect())),
            ])
        }))
    });
    Ok(plan.knowing(facts))
}

impl Subject {
    fn of(scene: &Scene<'_>, arn: &str) -> Result<Self, Fault> {
        let is_policy = Arn::parse(arn).is_some_and(|arn| arn.resource().starts_with("policy/"));
        Ok(match is_policy {
            true => Subject::Policy(PolicyTarget::of(scene, arn)?),
            false => Subject::Identity(Entity::of(scene, arn)?),
        })
    }

    fn facts(&self) -> Vec<(String, Value<'static>)> {
        match self {
            Subject::Identity(entity) => entity.facts(),
            Subject::Policy(policy) => policy.facts(),
        }
    }

    /// The policies that say what is in reach.
    fn documents(&self, work: &mut dyn UnitOfWork) -> Result<Vec<Box<str>>, Fault> {
        let policy = match self {
            Subject::Identity(entity) => {
                return Ok(entity.attached(work)?.into_iter().map(|policy| policy.document).collect());
            }
            Subject::Policy(policy) => policy.still(work)?,
        };
        let version = match policy.is_of_aws() {
            true => aws_managed::version(&policy, work)?,
            false => work.policy_version(&policy.id, policy.default_version)?,
        };
        Ok(version.into_iter().map(|version| version.document).collect())
    }

    /// The users and roles that could use it: those of a group, or all to whom a policy is attached.
    fn users(&self, scene: &Scene<'_>, work: &mut dyn UnitOfWork) -> Result<Vec<Identity>, Fault> {
        let mut found = Vec::new();
        match self {
            Subject::Identity(entity) => add(entity.identity(work)?, work, &mut found)?,
            Subject::Policy(policy) => {
                let policy = policy.still(work)?;
                for kind in IdentityKind::ALL {
                    let holders = |page: Page<'_>| work.attached_identities(&policy.id, kind, page);
                    let holders = aws_managed::in_account(scene.account(), Page::ALL, holders)?;
                    for holder in holders.items {
                        add(holder, work, &mut found)?;
                    }
                }
            }
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found.dedup_by(|one, other| one.id == other.id);
        Ok(found)
    }
}

/// A user or role, or the members of a group.
fn add(identity: Identity, work: &mut dyn UnitOfWork, found: &mut Vec<Identity>) -> Result<(), Fault> {
    match identity.kind {
        IdentityKind::Group => found.extend(work.members(&identity.id, Page::ALL)?.items),
        IdentityKind::User | IdentityKind::Role => found.push(identity),
    }
    Ok(())
}

/// The word of `EntityType`.
fn word(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::User => "USER",
        IdentityKind::Group => "GROUP",
        IdentityKind::Role => "ROLE",
    }
}

fn question(scene: &Scene<'_>, id: &str) -> Result<(Item, Question), Fault> {
    match jobs::find(scene, id)? {
        Some((item, Job::ServiceLastAccessed(question))) => Ok((item, question)),
        _ => Err(jobs::unknown(id)),
    }
}

/// The namespaces that the subject of a report could reach, and who could.
fn read(scene: &Scene<'_>, question: &Question, is_continued: bool) -> Result<(Vec<String>, Vec<Reach>), Fault> {
    let now = scene.caller.at();
    if !is_continued {
        scene.world.directory.flush_accesses(now)?;
    }
    let subject = Subject::of(scene, &question.arn)?;
    let (documents, users) = scene.world.directory.read(|work| {
        let documents = subject.documents(work)?;
        Ok::<_, Fault>((documents, subject.users(scene, work)?))
    })?;
    let mut reach = Vec::with_capacity(users.len());
    // Some at a time, so that nobody waits long for the store.
    for part in users.chunks(USERS_AT_ONCE) {
        scene.world.directory.read(|work| {
            for identity in part {
                let accesses = accesses_of(work, &identity.id, now)?;
                reach.push(Reach { identity: identity.clone(), accesses });
            }
            Ok::<_, Fault>(())
        })?;
    }
    reach.sort_by_cached_key(|reach| (fold(&reach.identity.name), reach.identity.id.clone()));
    Ok((services::allowed(documents.iter().map(|document| &**document)), reach))
}

/// A service with the latest attempt of anybody at any of its actions.
fn service(namespace: &str, reach: &[Reach], with_actions: bool) -> Node {
    let tried = |reach: &Reach| reach.accesses.iter().any(|access| access.service().eq_ignore_ascii_case(namespace));
    let total = reach.iter().filter(|reach| tried(reach)).count();
    let all = reach.iter().flat_map(|reach| reach.accesses.iter().map(move |access| (reach, access)));
    let mut all: Vec<_> = all.filter(|(_, access)| access.service().eq_ignore_ascii_case(namespace)).collect();
    all.sort_by_key(|(_, access)| access.at);
    let arn = |reach: &Reach| Node::text(reach.identity.arn().as_str());
    let latest = all.last();
    let mut members = vec![
        ("ServiceName", Node::text(services::name(namespace))),
        ("LastAuthenticated", latest.map_or(Node::Nothing, |(_, access)| Node::Time(access.at))),
        ("ServiceNamespace", Node::text(namespace)),
        ("LastAuthenticatedEntity", latest.map_or(Node::Nothing, |(reach, _)| arn(reach))),
        ("LastAuthenticatedRegion", Node::maybe(latest.map(|(_, access)| &*access.region))),
        ("TotalAuthenticatedEntities", Node::Number(total.try_into().unwrap_or(u64::MAX))),
    ];
    if with_actions {
        // The latest attempt at each action is what counts.
        all.sort_by(|(_, one), (_, other)| one.action.cmp(&other.action).then(other.at.cmp(&one.at)));
        all.dedup_by(|(_, one), (_, other)| one.action == other.action);
        let action = |(reach, access): &(&Reach, &Access)| {
            Node::Struct(vec![
                ("ActionName", Node::text(access.action.split(':').nth(1).unwrap_or_default())),
                ("LastAccessedEntity", arn(reach)),
                ("LastAccessedTime", Node::Time(access.at)),
                ("LastAccessedRegion", Node::text(&*access.region)),
            ])
        };
        members.push(("TrackedActionsLastAccessed", Node::List(all.iter().map(action).collect())));
    }
    Node::Struct(members)
}

fn entity(reach: &Reach, namespace: &str) -> Node {
    let identity = &reach.identity;
    let of_service = reach.accesses.iter().filter(|access| access.service().eq_ignore_ascii_case(namespace));
    let latest = of_service.map(|access| access.at).max();
    let info = vec![
        ("Arn", Node::text(identity.arn().as_str())),
        ("Name", Node::text(&*identity.name)),
        ("Type", Node::text(word(identity.kind))),
        ("Id", Node::text(&*identity.id)),
        ("Path", Node::text(&*identity.path)),
    ];
    let latest = latest.map_or(Node::Nothing, Node::Time);
    Node::Struct(vec![("EntityInfo", Node::Struct(info)), ("LastAuthenticated", latest)])
}
