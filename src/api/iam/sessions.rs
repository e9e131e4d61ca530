//! Sessions that are ended before their time, with all that were made from them: an extension. AWS knows no temporary keys
//! in `UpdateAccessKey` and `DeleteAccessKey`; here either ends the session that the key belongs to, in every node.
//!
//! Whoever names a user means the keys of that user, of which none is temporary: then AWS's own answer is given. Whose a
//! session is nobody could tell from its key.

use super::access_keys::no_such_key;
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{
        AccessKeyId, Arn, Fault,
        id::{IdKind, account_of},
    },
    store::EndedSession,
};

/// The longest life of a session, in seconds: what is over by then need not be remembered.
const SECONDS_MAX: i64 = 129_600;

/// Whether it is a session that is meant.
pub(super) fn is_meant(key: &str, input: &Input<'_>) -> bool {
    key.starts_with(IdKind::TemporaryKey.prefix()) && !input.is_given("UserName")
}

/// Ends a session of the account. The resource is `arn:aws:iam::{account}:session/{access key id}`, so that whoever may
/// change the keys of some users may not end the sessions of all.
pub(super) fn end(action: &'static str, scene: &Scene<'_>, key: String) -> Plan {
    let arn = Arn::iam(scene.account().as_str(), &format!("session/{key}"));
    Plan::new(action, arn.as_str(), move |scene| {
        let account = scene.account();
        let known = AccessKeyId::parse(&key).filter(|key| account_of(key.as_str()) == Some(account));
        let key = known.ok_or_else(|| no_such_key(&key))?;
        let now = scene.caller.at();
        let until = now.checked_add(jiff::SignedDuration::from_secs(SECONDS_MAX));
        let until = until.map_err(|_| Fault::new(500, "ServiceFailure", "No such moment."))?;
        scene.world.directory.write(|work| {
            work.end_session(&EndedSession { key: key.clone(), account, until })?;
            Ok(Node::Nothing)
        })
    })
}
