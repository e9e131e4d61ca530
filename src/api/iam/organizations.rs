//! Root access of an organization's accounts, managed in one place.
//! Source: IAM user guide, "Centrally manage root access for member accounts".
//!
//! The organization is that of the configuration, and the deployment's account is the one that manages it.

use super::account_settings::{choose, chosen};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::Fault,
};

const CREDENTIALS: &str = "RootCredentialsManagement";
const SESSIONS: &str = "RootSessions";
/// Under which the account that manages the organization keeps the features that are on.
const SETTING: &str = "organizations-features";

pub(super) fn list_features(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new("iam:ListOrganizationsFeatures", "*", |scene| {
        let id = organization(scene, NOT_IN_CHARGE)?;
        let features = scene.world.directory.read(|work| chosen(work, scene.account(), SETTING))?;
        let features: Vec<String> = features.unwrap_or_default();
        Ok(shown(&id, &features))
    }))
}

pub(super) fn enable_root_credentials(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    turn("iam:EnableOrganizationsRootCredentialsManagement", CREDENTIALS, true, input)
}

pub(super) fn disable_root_credentials(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    turn("iam:DisableOrganizationsRootCredentialsManagement", CREDENTIALS, false, input)
}

pub(super) fn enable_root_sessions(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    turn("iam:EnableOrganizationsRootSessions", SESSIONS, true, input)
}

pub(super) fn disable_root_sessions(_: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    turn("iam:DisableOrganizationsRootSessions", SESSIONS, false, input)
}

/// Whether the account that manages the organization may take root of its members.
pub fn allows_root_sessions(scene: &Scene<'_>) -> Result<bool, Fault> {
    let features = scene.world.directory.read(|work| chosen(work, scene.world.account, SETTING))?;
    let features: Vec<String> = features.unwrap_or_default();
    Ok(scene.world.organization.load().id.is_some() && features.iter().any(|feature| feature == SESSIONS))
}

/// A code with the words for it.
type Refusal = (&'static str, &'static str);

const NO_ORGANIZATION: Refusal =
    ("OrganizationNotFoundException", "No organization is associated with the account that made the request.");
const NOT_IN_CHARGE: Refusal = (
    "AccountNotManagementOrDelegatedAdministratorException",
    "The account that made the request is not the management account or a delegated administrator of the organization.",
);
const NOT_MANAGEMENT: Refusal = (
    "CallerIsNotManagementAccountException",
    "The account that made the request is not the management account of the organization.",
);

fn turn(action: &'static str, feature: &'static str, on: bool, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    Ok(Plan::new(action, "*", move |scene| {
        let id = organization(scene, if on { NOT_MANAGEMENT } else { NOT_IN_CHARGE })?;
        let account = scene.account();
        let features = scene.world.directory.write(|work| {
            let mut features: Vec<String> = chosen(work, account, SETTING)?.unwrap_or_default();
            features.retain(|known| known != feature);
            features.extend(on.then(|| feature.to_owned()));
            features.sort();
            choose(work, account, SETTING, &features, scene.caller.at())?;
            Ok::<_, Fault>(features)
        })?;
        Ok(shown(&id, &features))
    }))
}

/// The id of the organization that the account of the caller manages.
fn organization(scene: &Scene<'_>, stranger: Refusal) -> Result<Box<str>, Fault> {
    let refused = |(code, message): Refusal| Fault::new(400, code, message);
    let id = scene.world.organization.load().id.clone().ok_or_else(|| refused(NO_ORGANIZATION))?;
    if scene.account() == scene.world.account { Ok(id) } else { Err(refused(stranger)) }
}

fn shown(id: &str, features: &[String]) -> Node {
    let features = features.iter().map(Node::text).collect();
    Node::Struct(vec![("OrganizationId", Node::text(id)), ("EnabledFeatures", Node::List(features))])
}
