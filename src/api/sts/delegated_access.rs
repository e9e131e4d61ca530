//! `GetDelegatedAccessToken`: credentials for the token of a delegation request.
//!
//! Source: STS API reference, `GetDelegatedAccessToken`; IAM user guide, "Exchange Tokens" and "Understanding permissions" of
//! temporary delegation. The credentials act as whoever accepted the request, with the request's policy as session policy:
//! it limits what that one may do and grants nothing. They are for the account that asked, as often as it likes, and all
//! of them end when the time does that began with the release of the token.
//!
//! Their session counts as issued when the token was released, so that what ends the approver's older sessions ends them
//! too. It rests on the approver's credentials as well as on those that the token is exchanged with.

use zeroize::Zeroizing;

use super::granted::{CHAIN_MAX, chain, credentials};
use crate::{
    api::{
        delegation::{
            request::{Request, State},
            token::Token,
        },
        query::{Input, Node, Plan, Scene, Text, input::validation_error},
    },
    base::{
        AccessKeyId, AccountId, Fault,
        id::{IdKind, unique_id},
    },
    session::{Claims, Holder, Issued, NotIssued, SecretBytes, SessionPolicies, claims::Packed},
};

/// Longer than any token that is made here.
const TOKEN: Text = Text { length: 1..=2_048, pattern: "", fits: |_| true };

pub(super) fn plan(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let text = input.secret("TradeInToken", &TOKEN);
    input.check()?;
    Ok(Plan::new("sts:GetDelegatedAccessToken", "*", move |scene| exchange(scene, &text)))
}

fn exchange(scene: &Scene<'_>, text: &str) -> Result<Node, Fault> {
    let account = scene.account();
    if scene.world.delegation.load().requester(account).is_none() {
        let message = format!("Account {account} is not enabled for delegation requests.");
        return Err(Fault::new(403, "AccessDenied", message).because("it is none of delegation.requesters"));
    }
    let request = proven(scene, text)?;
    let issued = issue(scene, &request)?;
    // Whoever accepted it may be gone by now, or what that one accepted it with.
    let session = scene.world.sessions.open(issued.key.as_str(), &issued.token, scene.caller.at());
    let session = session.map_err(|_| expired())?;
    let acting = session
        .acting(&scene.world.directory.snapshot())
        .map_err(|ended| Fault::new(403, "AccessDenied", "The delegated access has ended.").because(ended))?;
    Ok(Node::Struct(vec![
        ("Credentials", credentials(&issued)),
        ("AssumedPrincipal", Node::maybe(acting.arn().map(|arn| arn.to_string()))),
    ]))
}

/// The request whose token it is, which is still good. Nobody learns why another is not.
fn proven(scene: &Scene<'_>, text: &str) -> Result<Request, Fault> {
    let invalid = || validation_error("Invalid trade-in token");
    let token = Token::parse(text).ok_or_else(invalid)?;
    let (request, kept) = scene.world.directory.read(|work| {
        let request = Request::find(work, token.id())?;
        let kept = if request.is_some() { work.item_secret(token.id())? } else { None };
        Ok::<_, Fault>((request, kept))
    })?;
    let (Some(request), Some(kept)) = (request, kept) else { return Err(invalid()) };
    if !token.is(&kept) || request.requester() != scene.account() {
        return Err(invalid());
    }
    let ends = request.details.ends().ok_or_else(invalid)?;
    let is_final = matches!(request.details.state, State::Finalized | State::Expired);
    match is_final && scene.caller.at().as_second() < ends {
        true => Ok(request),
        false => Err(expired()),
    }
}

fn issue(scene: &Scene<'_>, request: &Request) -> Result<Issued, Fault> {
    let damaged = || Fault::new(500, "ServiceFailure", "No credentials could be made.");
    let details = &request.details;
    let owner = details.owner_account.as_ref().and_then(|owner| owner.parse::<AccountId>().ok());
    let (Some(owner), Some(lender), Some(released), Some(ends)) =
        (owner, &details.lender, details.released, details.ends())
    else {
        return Err(damaged().because("a finalized request without an approver"));
    };
    let chain: Vec<_> = lender.chain.iter().cloned().chain(chain(scene)?).collect();
    if chain.len() > CHAIN_MAX {
        let message = format!("A chain of more than {CHAIN_MAX} credentials makes no further ones.");
        return Err(Fault::new(403, "AccessDenied", message));
    }
    let packed = Packed {
        policies: Some(SessionPolicies { inline: Some(details.policy.clone()), managed: Vec::new() }),
        tags: lender.tags.clone(),
        facts: lender.facts.clone(),
    };
    let claims = Claims {
        account: owner.number(),
        secret: SecretBytes(Zeroizing::new(scene.random()?)),
        issued: released,
        expires: ends,
        holder: lender.holder.clone(),
        chain,
        mfa: None,
        source_identity: lender.source_identity.clone(),
        provider: lender.provider.clone(),
        delegate: Some(scene.account().number()),
        packed,
    };
    seal(scene, owner, &claims).map_err(|refused| match refused {
        Refused::TooLarge => too_large(),
        Refused::Failed(why) => damaged().because(why),
    })
}

enum Refused {
    TooLarge,
    Failed(String),
}

fn seal(scene: &Scene<'_>, owner: AccountId, claims: &Claims) -> Result<Issued, Refused> {
    let failed = |why: &dyn std::fmt::Display| Refused::Failed(why.to_string());
    let random = scene.random().map_err(|fault| failed(&fault))?;
    let id = unique_id(IdKind::TemporaryKey, owner, random);
    let key = AccessKeyId::parse(&id).ok_or_else(|| failed(&"no access key id"))?;
    scene.world.sessions.issue(key, claims).map_err(|refused| match refused {
        NotIssued::TooLarge(_) => Refused::TooLarge,
        NotIssued::Failed(error) => failed(&error),
    })
}

/// Whether a policy fits a session, so that nobody accepts what never becomes one.
pub(in crate::api) fn fits(scene: &Scene<'_>, policy: &str) -> Result<bool, Fault> {
    let at = scene.caller.at().as_second();
    let policies = SessionPolicies { inline: Some(policy.to_owned()), managed: Vec::new() };
    let claims = Claims {
        account: scene.account().number(),
        secret: SecretBytes(Zeroizing::new(scene.random()?)),
        issued: at,
        expires: at,
        holder: Holder::Root,
        chain: Vec::new(),
        mfa: None,
        source_identity: None,
        provider: None,
        delegate: Some(scene.account().number()),
        packed: Packed { policies: Some(policies), ..Packed::default() },
    };
    match seal(scene, scene.account(), &claims) {
        Ok(_) => Ok(true),
        Err(Refused::TooLarge) => Ok(false),
        Err(Refused::Failed(why)) => {
            Err(Fault::new(500, "ServiceFailure", "No credentials could be made.").because(why))
        }
    }
}

fn expired() -> Fault {
    let message = "The trade-in token provided in the request has expired and can no longer be exchanged for credentials. \
                   Request a new token and retry the operation.";
    Fault::new(400, "ExpiredTradeInTokenException", message)
}

fn too_large() -> Fault {
    let message =
        "The policy of the delegation request and the tags of its approver's session are too long for a session.";
    Fault::new(400, "PackedPolicyTooLarge", message)
}
