//! What the accounts of an organization could reach, and when that was last tried.
//! Source: IAM API reference, `GenerateOrganizationsAccessReport` and `GetOrganizationsAccessReport`.

use std::{cmp::Reverse, collections::HashSet};

use serde::{Deserialize, Serialize};

use super::{
    access_jobs::{self as jobs, JOB_ID, Job},
    listing::{Asked, marker, truncated},
    services,
};
use crate::{
    api::query::{Input, Node, Plan, Scene, Text},
    base::{AccountId, Arn, Fault, Timestamp, condition::Value},
    gateway::organization::Organization,
    store::principals,
};

const ENTITY_PATH: Text =
    Text { length: 19..=427, pattern: r"^o-[0-9a-z]{10,32}\/r-[0-9a-z]{4,32}[0-9a-z-\/]*", fits: is_entity_path };
const POLICY_ID: Text = Text { length: 10..=130, pattern: r"^p-[0-9a-zA-Z_]{8,128}$", fits: is_policy_id };
const SORT_KEYS: [&str; 4] = [
    "SERVICE_NAMESPACE_ASCENDING",
    "SERVICE_NAMESPACE_DESCENDING",
    "LAST_AUTHENTICATED_TIME_ASCENDING",
    "LAST_AUTHENTICATED_TIME_DESCENDING",
];

/// What a report is about: an entity, and perhaps only what one policy allows it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    path: String,
    policy: Option<String>,
}

pub(super) fn generate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let path = input.required("EntityPath", &ENTITY_PATH);
    let policy = input.optional("OrganizationsPolicyId", &POLICY_ID);
    input.check()?;
    let arn = Arn::iam(scene.account().as_str(), &format!("access-report/{path}"));
    let fact = policy.as_deref().map(|policy| ("iam:organizationspolicyid".to_owned(), Value::owned(policy)));
    let plan = Plan::new("iam:GenerateOrganizationsAccessReport", arn.as_str(), move |scene| {
        let id = jobs::begin(scene, Job::OrganizationsAccess(Question { path, policy }))?;
        Ok(Node::one("JobId", Node::Text(id)))
    });
    Ok(plan.knowing(fact))
}

pub(super) fn get(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("JobId", &JOB_ID);
    let sort = input.one_of("SortKey", &SORT_KEYS).unwrap_or("SERVICE_NAMESPACE_ASCENDING");
    let asked = Asked::of(input)?;
    input.check()?;
    Ok(Plan::new("iam:GetOrganizationsAccessReport", "*", move |scene| {
        let (item, question) = match jobs::find(scene, &id)? {
            Some((item, Job::OrganizationsAccess(question))) => (item, question),
            _ => return Err(jobs::unknown(&id)),
        };
        let dates = |status: &str| {
            vec![
                ("JobStatus", Node::text(status)),
                ("JobCreationDate", Node::Time(item.created)),
                ("JobCompletionDate", Node::Time(item.created)),
            ]
        };
        let (accounts, base) = match accounts(scene, &question)? {
            Ok(found) => found,
            Err((code, message)) => {
                let details = vec![("Message", Node::text(message)), ("Code", Node::text(code))];
                let failed = [("IsTruncated", Node::Bool(false)), ("ErrorDetails", Node::Struct(details))];
                return Ok(Node::Struct(dates("FAILED").into_iter().chain(failed).collect()));
            }
        };
        let mut details = read(scene, &accounts, &base, asked.is_continued())?;
        match sort {
            "SERVICE_NAMESPACE_DESCENDING" => details.reverse(),
            "LAST_AUTHENTICATED_TIME_ASCENDING" => details.sort_by_key(|detail| detail.latest),
            "LAST_AUTHENTICATED_TIME_DESCENDING" => details.sort_by_key(|detail| Reverse(detail.latest)),
            _ => {}
        }
        let count = |count: usize| Node::Number(count.try_into().unwrap_or(u64::MAX));
        let unused = details.iter().filter(|detail| detail.latest.is_none()).count();
        let mut members = dates("COMPLETED");
        members.push(("NumberOfServicesAccessible", count(details.len())));
        members.push(("NumberOfServicesNotAccessed", count(unused)));
        let numbered = details.into_iter().enumerate().map(|(at, detail)| (format!("{at:05}"), detail));
        let listing = asked.cut(numbered, |(at, _)| at.clone());
        members.push(("AccessDetails", Node::List(listing.items.iter().map(|(_, detail)| detail.shown()).collect())));
        members.extend([truncated(&listing.next), marker(listing.next)]);
        Ok(Node::Struct(members))
    }))
}

/// A service with the latest attempt of anybody in the accounts.
struct Detail {
    namespace: &'static str,
    latest: Option<Timestamp>,
    region: Box<str>,
    entity: String,
    accounts: u64,
}

impl Detail {
    fn shown(&self) -> Node {
        let tried = self.latest.is_some();
        Node::Struct(vec![
            ("ServiceName", Node::text(services::name(self.namespace))),
            ("ServiceNamespace", Node::text(self.namespace)),
            ("Region", Node::maybe(tried.then_some(&*self.region))),
            ("EntityPath", Node::maybe(tried.then_some(&*self.entity))),
            ("LastAuthenticatedTime", self.latest.map_or(Node::Nothing, Node::Time)),
            ("TotalAuthenticatedEntities", Node::Number(self.accounts)),
        ])
    }
}

/// The services that the organization's policies leave to the accounts, in the order of namespaces.
fn read(scene: &Scene<'_>, accounts: &[AccountId], base: &str, is_continued: bool) -> Result<Vec<Detail>, Fault> {
    let now = scene.caller.at();
    if !is_continued {
        scene.world.directory.flush_accesses(now)?;
    }
    let organization = scene.world.organization.load();
    let is_left = |namespace: &&str| organization.service_control.iter().all(|level| level.allows_any_of(namespace));
    let detail = |namespace| Detail { namespace, latest: None, region: "".into(), entity: String::new(), accounts: 0 };
    let mut details: Vec<Detail> = services::namespaces().filter(is_left).map(detail).collect();
    for account in accounts {
        let mut tried: HashSet<&'static str> = HashSet::new();
        let mut after: Option<Box<str>> = None;
        // Page by page, so that nobody waits long for the store.
        loop {
            let page = scene.world.directory.read(|work| principals(work, *account, after.as_deref(), now))?;
            for access in page.items.iter().flat_map(|(_, accesses)| accesses) {
                let at = details.binary_search_by_key(&access.service(), |detail| detail.namespace);
                let Some(detail) = at.ok().and_then(|at| details.get_mut(at)) else { continue };
                detail.accounts += u64::from(tried.insert(detail.namespace));
                if detail.latest.is_none_or(|known| known < access.at) {
                    (detail.latest, detail.region) = (Some(access.at), access.region.clone());
                    detail.entity = format!("{base}{account}");
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(details)
}

type Failed = (&'static str, &'static str);

/// The accounts of the entity that a report is about, and the path above them; or why there is no report.
fn accounts(scene: &Scene<'_>, question: &Question) -> Result<Result<(Vec<AccountId>, String), Failed>, Fault> {
    let organization = scene.world.organization.load();
    if question.policy.is_some() {
        // Policies come from files, which have no ids.
        return Ok(Err(("PolicyNotFoundException", "The organization has no policy with this id.")));
    }
    if scene.account() != scene.world.account {
        return Ok(Err(("AccessDeniedException", "The account does not manage the organization.")));
    }
    let unknown = ("EntityNotFoundException", "The entity path names no entity of the organization.");
    let Some((account, base)) = entity(&organization, &question.path) else { return Ok(Err(unknown)) };
    let mut known: Vec<AccountId> =
        scene.world.directory.read(|work| work.accounts())?.into_iter().map(|account| account.id).collect();
    known.retain(|known| *known != AccountId::AWS && account.is_none_or(|account| account == *known));
    Ok(if known.is_empty() { Err(unknown) } else { Ok((known, base)) })
}

/// The account that a path names, or none for a root or a unit, and the path above the accounts.
fn entity(organization: &Organization, path: &str) -> Option<(Option<AccountId>, String)> {
    let asked = path.trim_end_matches('/');
    let base = match &organization.path {
        Some(base) => base.to_string(),
        // Where nothing is said of roots and units, there is one root.
        None => {
            let mut parts = asked.split('/');
            format!("{}/{}/", parts.next().filter(|id| organization.id.as_deref() == Some(id))?, parts.next()?)
        }
    };
    if base.strip_prefix(asked).is_some_and(|rest| rest.starts_with('/')) {
        return Some((None, base));
    }
    let account = asked.strip_prefix(&base)?.parse().ok()?;
    Some((Some(account), base))
}

fn is_entity_path(text: &str) -> bool {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let mut parts = text.splitn(3, '/');
    let organization = parts.next().and_then(|part| part.strip_prefix("o-"));
    let root = parts.next().and_then(|part| part.strip_prefix("r-"));
    let rest = parts.next().unwrap_or_default().bytes();
    organization.is_some_and(|id| (10..=32).contains(&id.len()) && is_word(id))
        && root.is_some_and(|id| id.len() >= 4 && is_word(id))
        && rest
            .into_iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/'))
}

fn is_policy_id(text: &str) -> bool {
    let rest = text.strip_prefix("p-").unwrap_or_default();
    (8..=128).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
