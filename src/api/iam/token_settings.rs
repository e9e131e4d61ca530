//! What an account chose of tokens: the version that the global endpoint gives out, and whether it gives out tokens for other
//! services to trust. Source: IAM API reference, `SetSecurityTokenServicePreferences` and
//! `EnableOutboundWebIdentityFederation`.

use serde::{Deserialize, Serialize};

use super::{
    account_settings::{choose, chosen},
    users::random,
};
use crate::{
    api::query::{Input, Node, Plan, Scene, Text},
    base::{AccountId, Fault, RequestId},
    store::{StoreError, UnitOfWork},
};

/// Under which an account keeps the version of the global endpoint's tokens.
const TOKEN_VERSION: &str = "global-endpoint-token-version";
/// Under which an account keeps its [`Federation`].
const FEDERATION: &str = "outbound-web-identity-federation";

/// A word of a list, which tells of itself.
const WORD: Text = Text { length: 0..=usize::MAX, pattern: "", fits: |_| true };

/// Whether an account gives out tokens, and as whom: the issuer stays the same however often that is turned off and on.
#[derive(Serialize, Deserialize)]
struct Federation {
    issuer: String,
    is_enabled: bool,
}

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
        let made = RequestId::from_random(random(scene)?);
        let (account, now) = (scene.account(), scene.caller.at());
        let issuer = scene.world.directory.write(|work| {
            let issuer = match chosen(work, account, FEDERATION)? {
                Some(Federation { is_enabled: true, .. }) => {
                    let message = "Outbound web identity federation is already enabled for the account.";
                    return Err(Fault::new(409, "FeatureEnabled", message));
                }
                Some(Federation { issuer, .. }) => issuer,
                None => format!("https://{made}.tokens.sts.global.api.aws"),
            };
            choose(work, account, FEDERATION, &Federation { issuer: issuer.clone(), is_enabled: true }, now)?;
            Ok(issuer)
        })?;
        Ok(Node::one("IssuerIdentifier", Node::Text(issuer)))
    }))
}

pub(super) fn disable_federation(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:DisableOutboundWebIdentityFederation", "*", |scene| {
        let (account, now) = (scene.account(), scene.caller.at());
        scene.world.directory.write(|work| match chosen(work, account, FEDERATION)? {
            Some(Federation { issuer, is_enabled: true }) => {
                choose(work, account, FEDERATION, &Federation { issuer, is_enabled: false }, now)?;
                Ok(Node::Nothing)
            }
            _ => Err(disabled()),
        })
    }))
}

pub(super) fn federation_info(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:GetOutboundWebIdentityFederationInfo", "*", |scene| {
        match scene.world.directory.read(|work| chosen(work, scene.account(), FEDERATION))? {
            Some(Federation { issuer, is_enabled: true }) => Ok(Node::Struct(vec![
                ("IssuerIdentifier", Node::Text(issuer)),
                ("JwtVendingEnabled", Node::Bool(true)),
            ])),
            _ => Err(disabled()),
        }
    }))
}

fn disabled() -> Fault {
    Fault::new(404, "FeatureDisabled", "Outbound web identity federation is not enabled for the account.")
}
