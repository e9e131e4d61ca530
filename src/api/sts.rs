//! STS's API, version 2011-06-15. Source: STS API reference.

use std::sync::Arc;

use super::{
    World,
    query::{Api, Input, Node, NotOffered, Operation, Plan, Scene, Text},
};
use crate::base::Fault;

/// The API.
pub fn api(world: Arc<World>) -> Api {
    Api {
        service: "sts",
        version: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        body_bytes_max: 512 * 1024,
        offered: OFFERED,
        not_offered: NOT_OFFERED,
        told_resource: |_, _| None,
        world,
    }
}

/// What is offered.
pub static OFFERED: &[Operation] = &[
    Operation { name: "DecodeAuthorizationMessage", read_only: true, plan: decode_authorization_message },
    Operation { name: "GetCallerIdentity", read_only: true, plan: get_caller_identity },
];

/// Longer than whatever was sealed here.
const MESSAGE: Text = Text { length: 1..=10_240, pattern: "", fits: |_| true };

const LATER: &str = "it is not done yet";
const DELEGATED: &str = "the tokens are of delegation requests, which come from partners whom AWS admits";

/// What AWS offers beyond that, in order, each with the reason. May only shrink.
pub static NOT_OFFERED: &[NotOffered] = &[
    ("AssumeRole", LATER),
    ("AssumeRoleWithSAML", LATER),
    ("AssumeRoleWithWebIdentity", LATER),
    ("AssumeRoot", LATER),
    ("GetAccessKeyInfo", LATER),
    ("GetDelegatedAccessToken", DELEGATED),
    ("GetFederationToken", LATER),
    ("GetSessionToken", LATER),
    ("GetWebIdentityToken", LATER),
];

fn decode_authorization_message(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let message = input.required("EncodedMessage", &MESSAGE);
    input.check()?;
    Ok(Plan::new("sts:DecodeAuthorizationMessage", "*", move |scene| {
        let opened = scene.world.messages.open(scene.account(), &message);
        let opened = opened
            .ok_or_else(|| Fault::new(400, "InvalidAuthorizationMessageException", "The message is not valid."))?;
        Ok(Node::one("DecodedMessage", Node::Text(opened)))
    }))
}

/// Open to every authenticated caller: not even an explicit deny takes it away.
fn get_caller_identity(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::open(|scene| {
        let principal = scene.caller.principal();
        let (Some(account), Some(arn)) = (principal.account(), principal.arn()) else {
            return Err(Fault::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
        };
        Ok(Node::Struct(vec![
            ("UserId", Node::text(principal.user_id())),
            ("Account", Node::text(account.as_str())),
            ("Arn", Node::text(arn.as_str())),
        ]))
    }))
}
