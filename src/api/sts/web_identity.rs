//! Taking a role with a token of an OpenID Connect provider. The request bears no signature: the token proves who asks, and
//! the role's trust policy decides, as it does for everybody.
//! Sources: STS API reference, `AssumeRoleWithWebIdentity`; IAM user guide, "OIDC federation".

use super::{
    asked::{AskedPolicies, AskedTags, duration},
    assume_role::{Decided, SECONDS_MAX, Taken, said, take},
    texts::{ARN, POLICY, PROVIDER_ID, SESSION_NAME, WEB_IDENTITY_TOKEN},
};
use crate::{
    api::{
        iam::oidc_providers,
        query::{Input, Node, Plan, Scene, input::validation_error},
    },
    base::{
        Arn, Fault,
        principal::{Vouched, Voucher},
    },
    federation::{
        Asserted, Origin,
        oidc::{Refusal, Token},
    },
    store::UnitOfWork,
};

/// Claims whose condition keys stay with the session. Source: IAM user guide, "Available keys for AWS OIDC federation",
/// those that are available in the session.
const KEPT: [&str; 3] = ["amr", "aud", "sub"];

pub(super) fn plan(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let role = input.required("RoleArn", &ARN);
    let name = input.required("RoleSessionName", &SESSION_NAME);
    let token = input.secret("WebIdentityToken", &WEB_IDENTITY_TOKEN);
    let provider_id = input.optional("ProviderId", &PROVIDER_ID);
    let policies = AskedPolicies::read(input, &POLICY);
    let seconds = duration(input, 900..=SECONDS_MAX);
    input.check()?;
    policies.check()?;
    if provider_id.is_some() {
        let message = "ProviderId is for OAuth 2.0 access tokens of www.amazon.com and graph.facebook.com, which are not \
                       taken here. Leave it out for tokens of OpenID Connect providers.";
        return Err(validation_error(message));
    }
    let (provider, asserted) = prove(scene, &role, &token)?;
    let tags = AskedTags::passed(asserted.tags.clone(), asserted.transitive_tag_keys.clone());
    let kept_tags = tags.kept(&[])?;
    let origin = asserted.origin.as_ref().map(|origin| origin.facts(provider.as_str())).unwrap_or_default();
    let kept = asserted.facts.iter().filter(|(key, _)| is_kept(key)).chain(&origin);
    let taken = Taken {
        role,
        name,
        seconds,
        policies,
        tags: kept_tags,
        source_identity: asserted.source_identity.clone(),
        provider: Some(provider.to_string()),
        facts: kept.cloned().collect(),
    };
    let vouched = vouched(&provider, &asserted);
    let all_said = said(&asserted.facts, |_| false).chain(said(&origin, |_| false));
    let facts: Vec<_> = tags.facts().into_iter().chain(all_said).collect();
    let context = asserted.origin.map_or(Node::Nothing, |origin| context(origin, provider.as_str()));
    let further = vec![
        ("SubjectFromWebIdentityToken", Node::Text(asserted.subject)),
        ("Provider", Node::text(provider.as_str())),
        ("Audience", Node::Text(asserted.audience)),
        ("TrustedIdentityPropagationContext", context),
    ];
    // Such a session rests on nothing but its role: not on credentials that somebody signed with all the same.
    let run = move |scene: &Scene<'_>, taken: Decided| take(scene, taken, Vec::new(), further);
    Ok(taken.plan(scene, "sts:AssumeRoleWithWebIdentity", run).vouched(vouched).knowing(facts))
}

/// What a provider of the role's account says of whoever asks. Whether there is such a role is not told to anybody whom
/// no provider vouches for.
fn prove(scene: &Scene<'_>, role: &str, token: &str) -> Result<(Arn, Asserted), Fault> {
    let refused = |refusal: Refusal| refusal.fault();
    let token = Token::read(token).map_err(refused)?;
    let unknown = || refused(Refusal::NoProvider(token.issuer().to_owned()));
    let account = Arn::parse(role).and_then(|arn| arn.account().parse().ok()).ok_or_else(unknown)?;
    let registered = |work: &mut dyn UnitOfWork| oidc_providers::registered(work, account, token.issuer());
    let (arn, provider) = scene.world.directory.read(registered)?.ok_or_else(unknown)?;
    let keys = scene.world.provider_keys.load_full();
    let asserted = keys.verify(&token, &provider, scene.caller.at()).map_err(refused)?;
    Ok((arn, asserted))
}

/// Whom the session is for, as the caller is told and no record.
fn context(origin: Origin, provider: &str) -> Node {
    let said: Vec<_> = origin.said.into_iter().map(|(name, value)| (name.into(), Node::Text(value))).collect();
    let transaction = match said.is_empty() {
        true => Node::Nothing,
        false => Node::one("IdentityProvider", Node::Map(said)),
    };
    let origin = Node::Struct(vec![
        ("Subject", Node::Text(origin.subject)),
        ("SubjectType", Node::maybe(origin.subject_type)),
        ("Issuer", Node::Text(origin.issuer)),
        ("FederatedProviderArn", Node::text(provider)),
    ]);
    Node::Untold(Box::new(Node::Struct(vec![("OriginIdentity", origin), ("TransactionContext", transaction)])))
}

/// As records have it.
fn vouched(provider: &Arn, asserted: &Asserted) -> Vouched {
    Vouched {
        by: Voucher::WebIdentity,
        provider: provider.to_string(),
        principal_id: format!("{provider}:{}:{}", asserted.audience, asserted.subject),
        user_name: asserted.subject.clone(),
        told_provider: provider.to_string(),
    }
}

fn is_kept(key: &str) -> bool {
    key.split_once(':').is_some_and(|(_, claim)| KEPT.contains(&claim))
}
