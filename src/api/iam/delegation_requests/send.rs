//! `SendDelegationToken`: the token goes to whoever asked, and the time of the permissions begins.

use super::{
    Lent, Target,
    decide::{enter, tell},
    message_id,
};
use crate::{
    api::{
        delegation::{
            notice::{Notice, Token},
            request::{Request, State},
            token,
        },
        iam::users::random,
        query::{Input, Node, Plan, Scene},
    },
    base::Fault,
};

/// A token that does not arrive changes nothing, and never becomes one that counts: it does when it has arrived.
pub(in crate::api::iam) fn send_token(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = std::sync::Arc::new(Target::read(scene, input)?);
    let known = target.clone();
    Ok(target.plan(scene, "iam:SendDelegationToken", Lent::Owner, move |scene| {
        let mut request = known.found()?.clone();
        release(scene, &mut request)?;
        let token = token::Token::made(request.id(), random(scene)?);
        deliver(scene, &request, &token)?;
        scene.world.directory.write(|work| {
            let mut now = known.still(work)?;
            now.details = request.details.clone();
            now.keep(work)?;
            Ok::<_, Fault>(work.put_item_secret(now.id(), &token.digest())?)
        })?;
        tell(scene, &request);
        Ok(Node::Nothing)
    }))
}

fn release(scene: &Scene<'_>, request: &mut Request) -> Result<(), Fault> {
    if request.details.only_send_by_owner && !request.details.is_owned_by(scene.caller.principal()) {
        let message = "Only the owner of the delegation request can send its token.";
        return Err(Fault::new(403, "AccessDenied", message));
    }
    enter(scene, request, &[State::Accepted], State::Finalized)?;
    request.details.released = Some(scene.caller.at().as_second());
    Ok(())
}

fn deliver(scene: &Scene<'_>, request: &Request, token: &token::Token) -> Result<(), Fault> {
    let undelivered = |why: &dyn std::fmt::Display| {
        let message = format!(
            "The exchange token could not be delivered to the notification channel {}. The request is as it was.",
            request.details.channel
        );
        Fault::new(500, "ServiceFailure", message).because(why)
    };
    let ends = request.details.ends().unwrap_or_default();
    let (settings, id) = (scene.world.delegation.load(), message_id(scene)?);
    let text = token.text();
    let news = Token { text: &text, ends };
    let notice = Notice::of(&settings, request, Some(&news), id, scene.caller.at());
    notice.and_then(Notice::deliver).map_err(|error| undelivered(&error))
}
