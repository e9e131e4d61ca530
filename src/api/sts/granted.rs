//! Making credentials, once they are allowed.

use zeroize::Zeroizing;

use super::asked::too_large;
use crate::{
    api::query::{Node, Scene},
    base::{
        AccessKeyId, AccountId, Fault, Principal,
        id::{IdKind, unique_id},
    },
    gateway::caller::Caller,
    session::{Claims, Holder, Issued, Link, NotIssued, SecretBytes, Session, claims::Packed},
};

/// The most credentials that a session rests on. Whoever renews a session by itself ends here, too.
pub(super) const CHAIN_MAX: usize = 12;

/// A session that is to be.
pub(super) struct Grant {
    /// The account of the holder.
    pub(super) account: AccountId,
    /// Who acts.
    pub(super) holder: Holder,
    /// How long, in seconds.
    pub(super) seconds: i64,
    /// What it rests on.
    pub(super) chain: Vec<Link>,
    /// Whether a device proved its holder just now.
    pub(super) has_mfa: bool,
    /// Who is behind it.
    pub(super) source_identity: Option<String>,
    /// The identity provider that vouched, by its ARN.
    pub(super) provider: Option<String>,
    /// Policies, tags and facts.
    pub(super) packed: Packed,
}

/// What a session that this caller makes rests on: the credentials of the caller, and what these rest on.
pub(in crate::api) fn chain(scene: &Scene<'_>) -> Result<Vec<Link>, Fault> {
    let caller = scene.caller;
    let Some(key) = caller.access_key() else { return Ok(Vec::new()) };
    if let Some(session) = caller.session() {
        let link = Link::Session(key.to_string());
        let chain: Vec<_> = session.chain().iter().cloned().chain([link]).collect();
        return match chain.len() > CHAIN_MAX {
            true => {
                let message = format!("A chain of more than {CHAIN_MAX} credentials makes no further ones.");
                Err(Fault::new(403, "AccessDenied", message))
            }
            false => Ok(chain),
        };
    }
    let snapshot = scene.world.directory.snapshot();
    let known = snapshot.credential(key.as_str()).filter(|known| known.principal == *caller.principal());
    let known = known.ok_or_else(|| {
        Fault::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
            .because("the access key was deleted meanwhile")
    })?;
    Ok(vec![Link::Key { id: key.to_string(), generation: known.generation }])
}

/// Makes the credentials.
pub(super) fn issue(scene: &Scene<'_>, grant: Grant) -> Result<Issued, Fault> {
    let failed = || Fault::new(500, "ServiceFailure", "No credentials could be made.");
    let issued = scene.caller.at().as_second();
    let id = unique_id(IdKind::TemporaryKey, grant.account, scene.random()?);
    let key = AccessKeyId::parse(&id).ok_or_else(failed)?;
    // Whoever acts for somebody else makes nothing that lasts longer than that.
    let session = scene.caller.session();
    let delegate = session.and_then(Session::delegate);
    let end = session.filter(|_| delegate.is_some()).map_or(i64::MAX, |session| session.expires().as_second());
    let claims = Claims {
        account: grant.account.number(),
        secret: SecretBytes(Zeroizing::new(scene.random()?)),
        issued,
        expires: issued.saturating_add(grant.seconds).min(end),
        holder: grant.holder,
        chain: grant.chain,
        mfa: grant.has_mfa.then_some(issued),
        source_identity: grant.source_identity,
        provider: grant.provider,
        delegate: delegate.map(AccountId::number),
        packed: grant.packed,
    };
    scene.world.sessions.issue(key, &claims).map_err(|refused| match refused {
        NotIssued::TooLarge(percent) => too_large(percent),
        NotIssued::Failed(error) => failed().because(error),
    })
}

/// `Credentials`.
pub(super) fn credentials(issued: &Issued) -> Node {
    Node::Struct(vec![
        ("AccessKeyId", Node::text(issued.key.as_str())),
        ("SecretAccessKey", Node::Secret(issued.secret.expose().to_owned())),
        // CloudTrail shows it; without the secret access key it opens nothing.
        ("SessionToken", Node::text(issued.token.as_str())),
        ("Expiration", Node::Time(issued.expires)),
    ])
}

/// `PackedPolicySize`.
pub(super) fn packed_size(issued: &Issued) -> Node {
    issued.packed_percent.map_or(Node::Nothing, |percent| Node::Number(percent as u64))
}

/// Whether it is a user or root by a long-term key, or else which operation may not be called.
pub(super) fn has_long_term_key(caller: &Caller) -> bool {
    caller.session().is_none() && matches!(caller.principal(), Principal::Root(_) | Principal::User(_))
}
