//! What an account chose of tokens: the version that the global endpoint gives out, and whether it gives out tokens for other
//! services to trust. Source: IAM API reference, `SetSecurityTokenServicePreferences` and
//! `EnableOutboundWebIdentityFederation`.

use super::account_settings::{choose, chosen};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene, Text},
        token_issuers::{self, TokenIssuer},
    },
    base::{AccountId, Fault},
    store::{StoreError, UnitOfWork},
};

/// Under which an account keeps the version of the global endpoint's tokens.
const TOKEN_VERSION: &str = "global-endpoint-token-version";

/// A word of a list, which tells of itself.
const WORD: Text = Text { length: 0..=usize::MAX, pattern: "", fits: |_| true };

/// The version of the tokens that the global endpoint gives out: 1 while nobody asked for another.
pub(super) fn version(work: &mut dyn UnitOfWork, account: AccountId) -> Result<u64, StoreError> {
    let version: Option<String> = chosen(work, account, TOKEN_VERSION)?;
    Ok(if version.as_deref() == Some("v2Token") { 2 } else { 1 })
}

pub(super) fn set_preferences(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let version = input.one_of("GlobalEndpointTokenVersion", &["v1Token", "v2Token"]);
    if version.is_none() {
        input.required("GlobalEndpointTokenVersion", &WORD);
    }
    input.check()?;
    Ok(Plan::new("iam:SetSecurityTokenServicePreferences", "*", move |scene| {
        let (account, now) = (scene.account(), scene.caller.at());
        scene.world.directory.write(|work| choose(work, account, TOKEN_VERSION, &version, now))?;
        Ok(Node::Nothing)
    }))
}

pub(super) fn enable_federation(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:EnableOutboundWebIdentityFederation", "*", |scene| {
        let issuers = scene.world.issuer.load_full().ok_or_else(|| {
            let message = "This deployment has no public place for the documents by which tokens are verified. Set issuer_url \
                           in the table [sts] of its configuration.";
            Fault::new(404, "ServiceNotSupported", message)
        })?;
        match token_issuers::enable(scene)? {
            Some(id) => Ok(Node::one("IssuerIdentifier", Node::Text(issuers.issuer(&id)))),
            None => {
                let message = "Outbound web identity federation is already enabled for the account.";
                Err(Fault::new(409, "FeatureEnabled", message))
            }
        }
    }))
}

pub(super) fn disable_federation(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:DisableOutboundWebIdentityFederation", "*", |scene| match token_issuers::disable(scene)? {
        true => Ok(Node::Nothing),
        false => Err(disabled()),
    }))
}

pub(super) fn federation_info(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:GetOutboundWebIdentityFederationInfo", "*", |scene| {
        let issuers = scene.world.issuer.load_full().ok_or_else(disabled)?;
        match scene.world.directory.read(|work| TokenIssuer::of(work, scene.account()))? {
            Some(known) if known.is_enabled() => Ok(Node::Struct(vec![
                ("IssuerIdentifier", Node::Text(issuers.issuer(known.name()))),
                ("JwtVendingEnabled", Node::Bool(true)),
            ])),
            _ => Err(disabled()),
        }
    }))
}

fn disabled() -> Fault {
    Fault::new(404, "FeatureDisabled", "Outbound web identity federation is not enabled for the account.")
}
