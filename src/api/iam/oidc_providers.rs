//! OpenID Connect providers: whose web identity tokens roles may trust.
//! Source: IAM user guide, "Create an OpenID Connect (OIDC) identity provider in IAM".
//!
//! No provider is asked for its certificate here. Where no thumbprints are given AWS looks one up; here there are none then,
//! and the certificate of the provider's keys has to be signed by a trusted authority, as it has to on AWS wherever
//! thumbprints are not needed. How tokens are verified: [`oidc`].

use serde::{Deserialize, Serialize};

use super::{
    context_providers::{self, Asked},
    items::{self, ItemTarget, details, long_id, written},
    nodes,
    target::{exists, request_tags, within},
    texts::{ARN, CLIENT_ID, PROVIDER_URL, THUMBPRINT},
};
use crate::{
    api::{
        query::{Input, Node, Plan, Scene, input::validation_error},
        quotas::Quota,
    },
    base::{AccountId, Arn, Fault, condition::Value},
    federation::{
        ContextProvider,
        oidc::{self, Provider},
    },
    store::{Item, ItemKind, Page, UnitOfWork},
};

/// The most thumbprints of one provider.
const THUMBPRINTS_MAX: usize = 5;

/// What the store keeps of a provider beside its name, which is its URL without the scheme.
#[derive(Serialize, Deserialize)]
struct Details {
    client_ids: Vec<String>,
    thumbprints: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<ContextProvider>,
}

pub(super) fn create(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let client_ids = input.list("ClientIDList", usize::MAX, &CLIENT_ID);
    let thumbprints = input.list("ThumbprintList", usize::MAX, &THUMBPRINT);
    let url = input.required("Url", &PROVIDER_URL);
    let tags = input.tags("Tags", false)?;
    let context = Asked::new(input);
    input.check()?;
    let name = name_of(&url)?.to_owned();
    let arn = arn(scene.account(), &name).to_string();
    let (mut facts, is_tagged) = (request_tags(&tags), !tags.is_empty());
    facts.extend(context.facts());
    facts.push(("iam:requestidentityproviderissuers".into(), issuers(&name)));
    let plan = Plan::new("iam:CreateOpenIDConnectProvider", arn.clone(), move |scene| {
        let account = scene.account();
        let details = Details {
            client_ids: client_ids_of(scene, client_ids)?,
            thumbprints: thumbprints_of(thumbprints)?,
            context: context.made()?,
        };
        let item = Item {
            kind: ItemKind::OidcProvider,
            account,
            id: long_id(scene)?.into(),
            name: name.into(),
            path: "/".into(),
            owner: None,
            created: scene.caller.at(),
            details: written(&details)?,
        };
        scene.world.directory.write(|work| {
            let taken = || exists(format!("Provider with url {url} already exists."));
            items::add(scene, work, (&item, None), &tags, Quota::OidcProviders, taken)?;
            let arn = self::arn(account, &item.name);
            Ok(Node::Struct(vec![
                ("OpenIDConnectProviderArn", Node::text(arn.as_str())),
                ("Tags", nodes::tags_if_any(&tags)),
            ]))
        })
    });
    let plan = if is_tagged { plan.needing("iam:TagOpenIDConnectProvider", arn) } else { plan };
    Ok(plan.knowing(facts))
}

pub(super) fn get(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:GetOpenIDConnectProvider", arn, move |scene| {
        scene.world.directory.read(|work| {
            let provider = target.still(work)?;
            let Details { client_ids, thumbprints, context } = details(&provider)?;
            let list = |texts: Vec<String>| Node::List(texts.into_iter().map(Node::Text).collect());
            Ok(Node::Struct(vec![
                ("Url", Node::text(&*provider.name)),
                ("ClientIDList", list(client_ids)),
                ("ThumbprintList", list(thumbprints)),
                ("CreateDate", Node::Time(provider.created)),
                ("Tags", nodes::list_of_tags(&work.tags(&provider.id)?)),
                ("ContextProvider", context_providers::node(context)),
            ]))
        })
    });
    Ok(plan.knowing(facts))
}

/// All of them: this listing has no pages.
pub(super) fn list(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    input.check()?;
    let all = arn(scene.account(), "*");
    Ok(Plan::new("iam:ListOpenIDConnectProviders", all.as_str(), move |scene| {
        let account = scene.account();
        let listing = scene.world.directory.read(|work| work.items(account, ItemKind::OidcProvider, Page::ALL))?;
        let entry = |item: &Item| Node::one("Arn", Node::text(arn(account, &item.name).as_str()));
        Ok(Node::one("OpenIDConnectProviderList", Node::List(listing.items.iter().map(entry).collect())))
    }))
}

pub(super) fn delete(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let arn = input.required("OpenIDConnectProviderArn", &ARN);
    input.check()?;
    // AWS has other words for a provider that is to be deleted.
    let target = by_arn(scene, &arn, format!("OpenId connect Provider {arn} cannot be found."))?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new("iam:DeleteOpenIDConnectProvider", arn, move |scene| {
        scene.world.directory.write(|work| {
            let provider = target.still(work)?;
            work.delete_item(&provider.id)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts))
}

/// One that is there already changes nothing.
pub(super) fn add_client_id(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("ClientID", &CLIENT_ID);
    change("iam:AddClientIDToOpenIDConnectProvider", scene, input, move |scene, details| {
        details.client_ids.push(id.clone());
        details.client_ids = client_ids_of(scene, std::mem::take(&mut details.client_ids))?;
        Ok(())
    })
}

/// One that is not there changes nothing.
pub(super) fn remove_client_id(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let id = input.required("ClientID", &CLIENT_ID);
    change("iam:RemoveClientIDFromOpenIDConnectProvider", scene, input, move |_, details| {
        details.client_ids.retain(|known| *known != id);
        Ok(())
    })
}

/// The context provider is set, changed or removed.
pub(super) fn update(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::change(input);
    let target = target(scene, input)?;
    let (arn, mut facts) = (target.arn().to_owned(), target.facts());
    facts.extend(asked.facts());
    let name = arn.split_once("oidc-provider/").map_or("", |(_, name)| name);
    facts.push(("iam:resourceidentityproviderissuers".into(), issuers(name)));
    let plan = Plan::new("iam:UpdateOpenIDConnectProvider", arn, move |scene| {
        let changed = asked.changed()?;
        scene.world.directory.write(|work| {
            change_details(&target, work, |details| {
                if let Some(context) = &changed {
                    details.context.clone_from(context);
                }
                Ok(())
            })
        })
    });
    Ok(plan.knowing(facts))
}

pub(super) fn update_thumbprints(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let thumbprints = input.texts("ThumbprintList", usize::MAX, &THUMBPRINT);
    change("iam:UpdateOpenIDConnectProviderThumbprint", scene, input, move |_, details| {
        if thumbprints.is_empty() {
            return Err(invalid("Thumbprint list must contain at least one entry."));
        }
        details.thumbprints = thumbprints_of(thumbprints.clone())?;
        Ok(())
    })
}

/// The provider that an issuer names, with its ARN, if the account has registered it. Names are found without regard to
/// case; whether the issuer is this very provider, its verifier says.
pub(in crate::api) fn registered(
    work: &mut dyn UnitOfWork,
    account: AccountId,
    issuer: &str,
) -> Result<Option<(Arn, Provider)>, Fault> {
    let Some(name) = oidc::name_of(issuer).filter(|_| oidc::is_url(issuer)) else { return Ok(None) };
    let Some(item) = work.item(account, ItemKind::OidcProvider, name)? else { return Ok(None) };
    let Details { client_ids, thumbprints, context } = details(&item)?;
    let url = format!("https://{}", item.name);
    Ok(Some((arn(account, &item.name), Provider { url, client_ids, thumbprints, claims: Vec::new(), context })))
}

/// The provider that a call names.
pub(super) fn target(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<ItemTarget, Fault> {
    let arn = input.required("OpenIDConnectProviderArn", &ARN);
    input.check()?;
    by_arn(scene, &arn, format!("OpenIDConnect Provider not found for arn {arn}"))
}

fn change(
    action: &'static str,
    scene: &Scene<'_>,
    input: &mut Input<'_>,
    change: impl Fn(&Scene<'_>, &mut Details) -> Result<(), Fault> + Send + 'static,
) -> Result<Plan, Fault> {
    let target = target(scene, input)?;
    let (arn, facts) = (target.arn().to_owned(), target.facts());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| change_details(&target, work, |details| change(scene, details)))
    });
    Ok(plan.knowing(facts))
}

fn change_details(
    target: &ItemTarget,
    work: &mut dyn UnitOfWork,
    change: impl FnOnce(&mut Details) -> Result<(), Fault>,
) -> Result<Node, Fault> {
    let mut provider = target.still(work)?;
    let mut details = details(&provider)?;
    change(&mut details)?;
    provider.details = written(&details)?;
    work.update_item(&provider)?;
    Ok(Node::Nothing)
}

/// Issuers as condition keys have them: without the scheme, as `aws:OriginIdentity/Issuer`.
fn issuers(name: &str) -> Value<'static> {
    Value::Many(vec![name.to_owned().into()])
}

/// Another account's providers are as good as absent.
fn by_arn(scene: &Scene<'_>, text: &str, missing: String) -> Result<ItemTarget, Fault> {
    let account = scene.account();
    let arn = Arn::parse(text).filter(|arn| arn.service() == "iam");
    let name = arn.as_ref().and_then(|arn| arn.resource().strip_prefix("oidc-provider/"));
    let (Some(arn), Some(name)) = (&arn, name) else {
        return Err(invalid(format!("Invalid ARN:  {text}")));
    };
    // No provider has an ARN for its name.
    let name = if arn.account() == account.as_str() { name } else { text };
    let of = |provider: &Item| self::arn(provider.account, &provider.name);
    ItemTarget::of(scene, ItemKind::OidcProvider, name, of, text.to_owned(), missing)
}

fn arn(account: AccountId, name: &str) -> Arn {
    Arn::iam(account.as_str(), &format!("oidc-provider/{name}"))
}

/// The URL without its scheme: a host, and a path if there is one. No port, no query.
fn name_of(url: &str) -> Result<&str, Fault> {
    let refused = || validation_error("Invalid Open ID Connect Provider URL");
    oidc::name_of(url).filter(|_| oidc::is_url(url)).ok_or_else(refused)
}

/// Each once, and not too many of them.
fn client_ids_of(scene: &Scene<'_>, given: Vec<String>) -> Result<Vec<String>, Fault> {
    let ids = each_once(given);
    within(scene, Quota::OidcClientIds, ids.len())?;
    Ok(ids)
}

/// Each once, and not too many of them.
fn thumbprints_of(given: Vec<String>) -> Result<Vec<String>, Fault> {
    let thumbprints = each_once(given);
    match thumbprints.len() > THUMBPRINTS_MAX {
        true => Err(invalid(format!("Thumbprint list must contain fewer than {THUMBPRINTS_MAX} entries."))),
        false => Ok(thumbprints),
    }
}

fn each_once(given: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    given.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "InvalidInput", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_path() {
        for (url, name) in [
            ("https://idp.example.com", Some("idp.example.com")),
            ("https://idp.example.com/", Some("idp.example.com/")),
            ("https://idp.example.com/id/A~1", Some("idp.example.com/id/A~1")),
            ("https://localhost", Some("localhost")),
            ("http://idp.example.com", None),
            ("idp.example.com", None),
            ("https://", None),
            ("https:///x", None),
            ("https://idp.example.com:8443", None),
            ("https://ann@idp.example.com", None),
            ("https://idp.example.com?a=b", None),
            ("https://idp.example.com/a?b", None),
            ("https://idp.example.com/a#b", None),
            ("https://idp.example.com/a*", None),
            ("https://idp..example.com", None),
            ("https://-idp.example.com", None),
            ("https://idp example.com", None),
        ] {
            assert_eq!(name_of(url).ok(), name, "{url}");
        }
    }
}
