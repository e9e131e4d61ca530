//! Who calls, whose a key is, and why something was denied.

use super::texts::{ACCESS_KEY_ID, MESSAGE};
use crate::{
    api::query::{Input, Node, Plan, Scene, input::validation_error},
    base::{AccessKeyId, Fault, id::account_of},
    store::StoreError,
};

pub(super) fn decode_authorization_message(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
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
pub(super) fn get_caller_identity(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
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

/// Whether the key is active, or there at all, is not told: ids hold their account. Those that were given from outside do
/// not, and are looked up.
pub(super) fn get_access_key_info(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("AccessKeyId", &ACCESS_KEY_ID);
    input.check()?;
    Ok(Plan::new("sts:GetAccessKeyInfo", "*", move |scene| {
        let known = scene.world.directory.read(|work| {
            let Some(id) = AccessKeyId::parse(&id) else { return Ok(None) };
            Ok::<_, StoreError>(work.access_key(&id)?.map(|key| key.account))
        })?;
        let is_key = id.len() == 20 && (id.starts_with("AKIA") || id.starts_with("ASIA"));
        let account = known.or_else(|| if is_key { account_of(&id) } else { None });
        let account = account.ok_or_else(|| validation_error("Invalid Access Key ID"))?;
        Ok(Node::one("Account", Node::text(account.as_str())))
    }))
}
