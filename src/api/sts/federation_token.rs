//! `GetFederationToken`: part of a user's permissions for somebody whom the user vouches for.

use super::{
    asked::{AskedPolicies, AskedTags, duration},
    granted::{Grant, chain, credentials, has_long_term_key, issue, packed_size},
    session_token::ROOT_SECONDS_MAX,
    texts::{FEDERATED_NAME, POLICY},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Arn, Fault, Principal, principal::FederatedUser},
    session::{Holder, claims::Packed},
};

/// How long where nothing is said, in seconds.
const SECONDS: i64 = 43_200;

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let name = input.required("Name", &FEDERATED_NAME);
    let policies = AskedPolicies::read(input, &POLICY);
    let seconds = duration(input, 900..=129_600).unwrap_or(SECONDS);
    let tags = AskedTags::read(input)?;
    input.check()?;
    policies.check()?;
    if !has_long_term_key(scene.caller) {
        return Err(Fault::new(403, "AccessDenied", "Cannot call GetFederationToken with session credentials"));
    }
    let account = scene.account();
    let arn = Arn::of("sts", "", account.as_str(), &format!("federated-user/{name}"));
    let (facts, is_tagged) = (tags.facts(), !tags.is_empty());
    let plan = Plan::new("sts:GetFederationToken", arn.as_str(), move |scene| {
        let (issuer, seconds) = match scene.caller.principal() {
            Principal::Root(_) => (None, seconds.min(ROOT_SECONDS_MAX)),
            Principal::User(user) => (Some(user.clone()), seconds),
            _ => return Err(Fault::new(403, "AccessDenied", "Access denied")),
        };
        let packed = Packed { policies: policies.kept(scene, account)?, tags: tags.kept(&[])?, facts: Vec::new() };
        let issued = issue(
            scene,
            Grant {
                account,
                holder: Holder::Federated { user: issuer.as_ref().map(|user| user.id.to_string()), name: name.clone() },
                seconds,
                chain: chain(scene)?,
                has_mfa: false,
                source_identity: None,
                provider: None,
                packed,
            },
        )?;
        let federated = FederatedUser::new(account, issuer, &name);
        Ok(Node::Struct(vec![
            ("Credentials", credentials(&issued)),
            (
                "FederatedUser",
                Node::Struct(vec![
                    ("FederatedUserId", Node::text(&*federated.user_id)),
                    ("Arn", Node::text(federated.arn.as_str())),
                ]),
            ),
            ("PackedPolicySize", packed_size(&issued)),
        ]))
    });
    let plan = if is_tagged { plan.needing("sts:TagSession", arn.as_str()) } else { plan };
    Ok(plan.knowing(facts))
}
