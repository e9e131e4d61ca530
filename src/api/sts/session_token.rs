//! `GetSessionToken`: a user's own permissions for a while, with what a device proved.

use super::{
    asked::{device, duration, read_device},
    granted::{Grant, chain, credentials, has_long_term_key, issue},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, Principal},
    session::Holder,
};

/// How long where nothing is said, in seconds.
const SECONDS: i64 = 43_200;
/// How long root's may last at most, in seconds.
pub(super) const ROOT_SECONDS_MAX: i64 = 3_600;

/// Open to every user by a long-term key: policies do not control authentication (IAM user guide, "Permissions for
/// GetSessionToken").
pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let seconds = duration(input, 900..=129_600).unwrap_or(SECONDS);
    let (serial, code) = read_device(input);
    input.check()?;
    if !has_long_term_key(scene.caller) {
        return Err(Fault::new(403, "AccessDenied", "Cannot call GetSessionToken with session credentials"));
    }
    let has_mfa = device(scene, serial.as_deref(), code.as_deref())?;
    Ok(Plan::open(move |scene| {
        let (holder, seconds) = match scene.caller.principal() {
            Principal::Root(_) => (Holder::Root, seconds.min(ROOT_SECONDS_MAX)),
            Principal::User(user) => (Holder::User(user.id.to_string()), seconds),
            _ => return Err(Fault::new(403, "AccessDenied", "Access denied")),
        };
        let issued = issue(
            scene,
            Grant {
                account: scene.account(),
                holder,
                seconds,
                chain: chain(scene)?,
                has_mfa,
                source_identity: None,
                provider: None,
                packed: Default::default(),
            },
        )?;
        Ok(Node::one("Credentials", credentials(&issued)))
    }))
}
