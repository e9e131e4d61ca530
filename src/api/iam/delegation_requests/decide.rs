//! What an owner's account does with a request: `AssociateDelegationRequest`, `UpdateDelegationRequest`,
//! `AcceptDelegationRequest`, `RejectDelegationRequest`.

use super::{Lent, NOTES, Target, invalid, message_id};
use crate::{
    api::{
        delegation::{
            notice::Notice,
            request::{Lender, Request, Somebody, State},
        },
        query::{Input, Node, Plan, Scene},
        sts,
    },
    base::{Fault, Principal},
    session::Holder,
    store::UnitOfWork,
};

/// The longest that root lends its permissions, in seconds. Source: IAM user guide, "How temporary delegation works".
const ROOT_SECONDS_MAX: u32 = 4 * 60 * 60;

/// The caller becomes the owner.
pub(in crate::api::iam) fn associate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = Target::read(scene, input)?;
    change(scene, "iam:AssociateDelegationRequest", target, Lent::First, |scene, request, work| {
        enter(scene, request, &[State::Unassigned], State::Assigned)?;
        let owner = somebody(scene)?;
        request.details.owner_account = Some(scene.account().to_string());
        request.list(work, scene.account(), &owner)?;
        request.details.owner = Some(owner);
        Ok(())
    })
}

/// It is passed on to somebody who may do more.
pub(in crate::api::iam) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let notes = input.optional("Notes", &NOTES);
    let target = Target::read(scene, input)?;
    change(scene, "iam:UpdateDelegationRequest", target, Lent::Owner, move |scene, request, _| {
        let at = scene.caller.at();
        match request.details.state_at(at) {
            // Its time does not begin anew.
            State::PendingApproval => request.details.updated = at.as_second(),
            _ => enter(scene, request, &[State::Assigned], State::PendingApproval)?,
        }
        request.details.notes = notes.clone().or(request.details.notes.take());
        Ok(())
    })
}

/// The caller lends its permissions, within the request's policy, once the token is released. Not lent to the owner.
pub(in crate::api::iam) fn accept(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = Target::read(scene, input)?;
    change(scene, "iam:AcceptDelegationRequest", target, Lent::No, |scene, request, _| {
        let is_root = matches!(scene.caller.principal(), Principal::Root(_));
        if is_root && request.details.seconds > ROOT_SECONDS_MAX {
            return Err(invalid("Root users can only approve delegation requests with a duration of 4 hours or less."));
        }
        let lender = lender(scene)?;
        enter(scene, request, &[State::Assigned, State::PendingApproval], State::Accepted)?;
        request.details.approver = Some(somebody(scene)?);
        request.details.lender = Some(lender);
        Ok(())
    })
}

/// It is refused, even where it was accepted, as long as the token is not released.
pub(in crate::api::iam) fn reject(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let notes = input.optional("Notes", &NOTES);
    let target = Target::read(scene, input)?;
    change(scene, "iam:RejectDelegationRequest", target, Lent::Owner, move |scene, request, _| {
        let before = [State::Assigned, State::PendingApproval, State::Accepted];
        enter(scene, request, &before, State::Rejected)?;
        request.details.rejection = notes.clone();
        Ok(())
    })
}

/// What the caller lends. Session policies cannot be kept beside the request's own, so that whoever is restricted by some
/// lends nothing, and neither does whoever acts for somebody else.
fn lender(scene: &Scene<'_>) -> Result<Lender, Fault> {
    let denied = |message: &'static str| Fault::new(403, "AccessDenied", message);
    let session = scene.caller.session();
    if session.is_some_and(|session| session.packed().policies.is_some()) {
        return Err(denied("A session with session policies cannot accept delegation requests."));
    }
    if session.is_some_and(|session| session.delegate().is_some()) {
        return Err(denied("A delegate cannot accept delegation requests."));
    }
    let holder = match (scene.caller.principal(), session) {
        (Principal::Root(_), _) => Holder::Root,
        (Principal::User(user), _) => Holder::User(user.id.to_string()),
        (Principal::Role(_), Some(session)) => session.holder().clone(),
        _ => return Err(denied("Access Denied")),
    };
    let packed = session.map(|session| session.packed().clone()).unwrap_or_default();
    Ok(Lender {
        holder,
        chain: sts::chain(scene)?,
        tags: packed.tags,
        facts: packed.facts,
        provider: session.and_then(|session| session.provider().map(str::to_owned)),
        source_identity: session.and_then(|session| session.source_identity().map(str::to_owned)),
    })
}

fn change(
    scene: &Scene<'_>,
    action: &'static str,
    target: Target,
    lent: Lent,
    change: impl Fn(&Scene<'_>, &mut Request, &mut dyn UnitOfWork) -> Result<(), Fault> + Send + 'static,
) -> Result<Plan, Fault> {
    let target = std::sync::Arc::new(target);
    let known = target.clone();
    let plan = target.plan(scene, action, lent, move |scene| {
        let request = scene.world.directory.write(|work| {
            let mut request = known.still(work)?;
            change(scene, &mut request, work)?;
            request.keep(work)?;
            Ok::<_, Fault>(request)
        })?;
        tell(scene, &request);
        Ok(Node::Nothing)
    });
    Ok(plan)
}

/// Goes from one of some states to another.
pub(super) fn enter(scene: &Scene<'_>, request: &mut Request, from: &[State], to: State) -> Result<(), Fault> {
    let now = request.details.state_at(scene.caller.at());
    if !from.contains(&now) {
        let message = format!(
            "The delegation request with id {} is in state {} and cannot become {}.",
            request.id(),
            now.word(),
            to.word()
        );
        return Err(invalid(message));
    }
    request.details.enter(to, scene.caller.at());
    Ok(())
}

/// Tells whoever asked of the new state, as soon as it can be. The change stands, whatever becomes of the news.
pub(super) fn tell(scene: &Scene<'_>, request: &Request) {
    let settings = scene.world.delegation.load();
    let notice = message_id(scene).map_err(|fault| fault.to_string()).and_then(|id| {
        let notice = Notice::of(&settings, request, None, id, scene.caller.at());
        notice.map_err(|error| error.to_string())
    });
    match notice {
        Ok(notice) => notice.deliver_later(),
        Err(error) => tracing::warn!(request = request.id(), error, "no notice of a delegation request"),
    }
}

fn somebody(scene: &Scene<'_>) -> Result<Somebody, Fault> {
    let nobody = || Fault::new(403, "AccessDenied", "Access Denied");
    Somebody::of(scene.caller.principal()).ok_or_else(nobody)
}
