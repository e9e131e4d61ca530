//! `GetDelegationRequest` and `ListDelegationRequests`.

use super::{Lent, Target, check, owner_fact};
use crate::{
    api::{
        delegation::{
            request::{OWNED, Request, path_of},
            template::Parameter,
        },
        iam::listing::{Asked, marker},
        query::{Input, Node, Plan, Scene, Text},
    },
    base::{Fault, Timestamp},
    store::{ItemKind, Page},
};

const OWNER: Text = Text { length: 20..=2048, pattern: "^[a-zA-Z0-9:/+=,.@_-]+$", fits: is_owner };

/// With what is known of whether the caller has the permissions that are asked for.
pub(in crate::api::iam) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let wants_check = input.flag("DelegationPermissionCheck").unwrap_or(false);
    let target = std::sync::Arc::new(Target::read(scene, input)?);
    let known = target.clone();
    Ok(target.plan(scene, "iam:GetDelegationRequest", Lent::OwnerOrFirst, move |scene| {
        let request = known.found()?;
        let mut members = vec![("DelegationRequest", node(request, scene.caller.at()))];
        if wants_check {
            let result = check::check(scene, &request.details.policy);
            let status = if result.is_ok() { "COMPLETE" } else { "FAILED" };
            members.push(("PermissionCheckStatus", Node::text(status)));
            members.push(("PermissionCheckResult", Node::maybe(result.ok().map(check::Covered::word))));
        }
        Ok(Node::Struct(members))
    }))
}

/// Those that somebody of the account owns; lent to whoever lists its own.
pub(in crate::api::iam) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let owner = input.optional("OwnerId", &OWNER);
    let asked = Asked::of(input)?;
    input.check()?;
    let caller = scene.caller.principal().arn();
    let is_own = owner.is_some() && owner.as_deref() == caller.as_ref().map(crate::base::Arn::as_str);
    let fact = owner.as_deref().map(owner_fact);
    let plan = Plan::new("iam:ListDelegationRequests", "*", move |scene| {
        let path = owner.as_deref().map_or_else(|| OWNED.to_owned(), path_of);
        let page = Page { path_prefix: &path, ..asked.page() };
        let (account, at) = (scene.account(), scene.caller.at());
        let (requests, next) = scene.world.directory.read(|work| {
            let listing = work.items(account, ItemKind::DelegationRequest, page)?;
            let mut requests = Vec::with_capacity(listing.items.len());
            for item in &listing.items {
                requests.extend(Request::find(work, &item.name)?);
            }
            Ok::<_, Fault>((requests, listing.next))
        })?;
        // Of an owner whose ARN somebody else has now, only that one's own are shown to it.
        let is_shown = |request: &&Request| !is_own || request.details.is_owned_by(scene.caller.principal());
        let nodes = requests.iter().filter(is_shown).map(|request| node(request, at)).collect();
        Ok(Node::Struct(vec![
            ("DelegationRequests", Node::List(nodes)),
            // The model has it so.
            ("isTruncated", Node::Bool(next.is_some())),
            marker(next),
        ]))
    });
    Ok(plan.lent(is_own).knowing(fact))
}

/// A request, as it is shown.
fn node(request: &Request, at: Timestamp) -> Node {
    let details = &request.details;
    let texts = |texts: &[String]| Node::List(texts.iter().map(Node::text).collect());
    let parameter = |parameter: &Parameter| {
        Node::Struct(vec![
            ("Name", Node::text(&parameter.name)),
            ("Values", texts(&parameter.values)),
            ("Type", Node::text(if parameter.is_list { "stringList" } else { "string" })),
        ])
    };
    let permissions = Node::Struct(vec![
        ("PolicyTemplateArn", Node::text(&details.template)),
        ("Parameters", Node::List(details.parameters.iter().map(parameter).collect())),
    ]);
    let boundaries = if details.boundaries.is_empty() { Node::Nothing } else { texts(&details.boundaries) };
    let maybe = |text: &Option<String>| Node::maybe(text.as_deref());
    Node::Struct(vec![
        ("DelegationRequestId", Node::text(request.id())),
        ("OwnerAccountId", maybe(&details.owner_account)),
        ("Description", Node::text(&details.description)),
        ("RequestMessage", maybe(&details.message)),
        ("Permissions", permissions),
        ("PermissionPolicy", Node::text(&details.policy)),
        ("RolePermissionRestrictionArns", boundaries),
        ("OwnerId", Node::maybe(details.owner.as_ref().map(|owner| owner.arn.as_str()))),
        ("ApproverId", Node::maybe(details.approver.as_ref().map(|approver| approver.arn.as_str()))),
        ("State", Node::text(details.state_at(at).word())),
        ("ExpirationTime", time(details.expires)),
        ("RequestorId", Node::text(request.requester().as_str())),
        ("RequestorName", Node::text(&details.requester_name)),
        ("CreateDate", Node::Time(request.item.created)),
        ("SessionDuration", Node::Number(details.seconds.into())),
        ("RedirectUrl", maybe(&details.redirect_url)),
        ("Notes", maybe(&details.notes)),
        ("RejectionReason", maybe(&details.rejection)),
        ("OnlySendByOwner", Node::Bool(details.only_send_by_owner)),
        ("UpdatedTime", time(details.updated)),
    ])
}

fn time(seconds: i64) -> Node {
    Timestamp::from_second(seconds).map_or(Node::Nothing, Node::Time)
}

fn is_owner(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/+=,.@_-".contains(&byte))
}
