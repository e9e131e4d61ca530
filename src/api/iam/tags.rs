//! Tags: of users, roles, managed policies, instance profiles, identity providers, MFA devices and server certificates.

use super::{
    instance_profiles,
    items::ItemTarget,
    listing::{Asked, paged},
    mfa, nodes, oidc_providers, saml_providers, server_certificates,
    target::{PolicyTarget, Target, request_tags, tag_keys},
    texts::{ARN, KNOWN_USER_NAME, ROLE_NAME, TAG_KEY},
};
use crate::{
    api::query::{Input, Node, Plan, Scene},
    base::{Fault, Tag, condition::Value},
    store::{IdentityKind, UnitOfWork},
};

/// The most tags of one resource, and of one call.
const TAGS_MAX: usize = 50;

/// What has tags.
enum Tagged {
    Identity(Target),
    Policy(PolicyTarget),
    Item(ItemTarget),
}

type Facts = Vec<(String, Value<'static>)>;

pub(super) fn tag_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagUser", Tagged::user, scene, input)
}

pub(super) fn tag_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagRole", Tagged::role, scene, input)
}

pub(super) fn untag_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagRole", Tagged::role, scene, input)
}

pub(super) fn list_of_role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListRoleTags", Tagged::role, scene, input)
}

pub(super) fn tag_policy(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagPolicy", Tagged::policy, scene, input)
}

pub(super) fn untag_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagUser", Tagged::user, scene, input)
}

pub(super) fn untag_policy(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagPolicy", Tagged::policy, scene, input)
}

pub(super) fn list_of_user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListUserTags", Tagged::user, scene, input)
}

pub(super) fn list_of_policy(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListPolicyTags", Tagged::policy, scene, input)
}

pub(super) fn tag_mfa_device(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagMFADevice", Tagged::mfa_device, scene, input)
}

pub(super) fn untag_mfa_device(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagMFADevice", Tagged::mfa_device, scene, input)
}

pub(super) fn list_of_mfa_device(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListMFADeviceTags", Tagged::mfa_device, scene, input)
}

pub(super) fn tag_server_certificate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagServerCertificate", Tagged::server_certificate, scene, input)
}

pub(super) fn untag_server_certificate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagServerCertificate", Tagged::server_certificate, scene, input)
}

pub(super) fn list_of_server_certificate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListServerCertificateTags", Tagged::server_certificate, scene, input)
}

pub(super) fn tag_instance_profile(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagInstanceProfile", Tagged::instance_profile, scene, input)
}

pub(super) fn untag_instance_profile(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagInstanceProfile", Tagged::instance_profile, scene, input)
}

pub(super) fn list_of_instance_profile(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListInstanceProfileTags", Tagged::instance_profile, scene, input)
}

pub(super) fn tag_oidc_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagOpenIDConnectProvider", Tagged::oidc_provider, scene, input)
}

pub(super) fn untag_oidc_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagOpenIDConnectProvider", Tagged::oidc_provider, scene, input)
}

pub(super) fn list_of_oidc_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListOpenIDConnectProviderTags", Tagged::oidc_provider, scene, input)
}

pub(super) fn tag_saml_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    tag("iam:TagSAMLProvider", Tagged::saml_provider, scene, input)
}

pub(super) fn untag_saml_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    untag("iam:UntagSAMLProvider", Tagged::saml_provider, scene, input)
}

pub(super) fn list_of_saml_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    list("iam:ListSAMLProviderTags", Tagged::saml_provider, scene, input)
}

/// Reads what the tags are on.
type Find = fn(&Scene<'_>, &mut Input<'_>) -> Result<Tagged, Fault>;

fn tag(action: &'static str, find: Find, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let tags = input.tags("Tags", true)?;
    let tagged = find(scene, input)?;
    let (arn, facts, brought) = (tagged.arn().to_owned(), tagged.facts(), request_tags(&tags));
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let id = tagged.changeable(action, scene, work)?;
            work.put_tags(&id, &tags)?;
            if work.tags(&id)?.len() > TAGS_MAX {
                let message = "The number of tags has reached the maximum limit.";
                return Err(Fault::new(409, "LimitExceeded", message));
            }
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing(brought))
}

fn untag(action: &'static str, find: Find, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let keys = input.texts("TagKeys", TAGS_MAX, &TAG_KEY);
    let tagged = find(scene, input)?;
    let (arn, facts, brought) = (tagged.arn().to_owned(), tagged.facts(), tag_keys(keys.iter().cloned()));
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.write(|work| {
            let id = tagged.changeable(action, scene, work)?;
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            work.delete_tags(&id, &keys)?;
            Ok(Node::Nothing)
        })
    });
    Ok(plan.knowing(facts).knowing(brought))
}

fn list(action: &'static str, find: Find, scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Plan, Fault> {
    let asked = Asked::of(input)?;
    let tagged = find(scene, input)?;
    let (arn, facts) = (tagged.arn().to_owned(), tagged.facts());
    let plan = Plan::new(action, arn, move |scene| {
        scene.world.directory.read(|work| {
            let listing = asked.cut(tagged.tags(work)?, |tag| tag.key.to_lowercase());
            Ok(paged("Tags", listing, nodes::tag))
        })
    });
    Ok(plan.knowing(facts))
}

impl Tagged {
    fn user(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let name = input.required("UserName", &KNOWN_USER_NAME);
        input.check()?;
        Ok(Tagged::Identity(Target::of(scene, IdentityKind::User, &name)?))
    }

    fn role(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let name = input.required("RoleName", &ROLE_NAME);
        input.check()?;
        Ok(Tagged::Identity(Target::of(scene, IdentityKind::Role, &name)?))
    }

    fn policy(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        let arn = input.required("PolicyArn", &ARN);
        input.check()?;
        Ok(Tagged::Policy(PolicyTarget::of(scene, &arn)?))
    }

    fn mfa_device(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        Ok(Tagged::Item(mfa::target(scene, input)?))
    }

    fn server_certificate(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        Ok(Tagged::Item(server_certificates::target(scene, input)?))
    }

    fn instance_profile(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        Ok(Tagged::Item(instance_profiles::target(scene, input)?))
    }

    fn oidc_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        Ok(Tagged::Item(oidc_providers::target(scene, input)?))
    }

    fn saml_provider(scene: &Scene<'_>, input: &mut Input<'_>) -> Result<Self, Fault> {
        Ok(Tagged::Item(saml_providers::target(scene, input)?))
    }

    fn arn(&self) -> &str {
        match self {
            Tagged::Identity(target) => target.arn(),
            Tagged::Policy(target) => target.arn(),
            Tagged::Item(target) => target.arn(),
        }
    }

    fn facts(&self) -> Facts {
        match self {
            Tagged::Identity(target) => target.facts(),
            Tagged::Policy(target) => target.facts(),
            Tagged::Item(target) => target.facts(),
        }
    }

    /// Its unique id, if its tags can change.
    fn changeable(&self, action: &str, scene: &Scene<'_>, work: &mut dyn UnitOfWork) -> Result<Box<str>, Fault> {
        Ok(match self {
            Tagged::Identity(target) => target.still(work)?.id.clone(),
            Tagged::Policy(target) => target.changeable(action, scene, work)?.id,
            Tagged::Item(target) => target.still(work)?.id,
        })
    }

    /// Its tags. What AWS manages has none.
    fn tags(&self, work: &mut dyn UnitOfWork) -> Result<Vec<Tag>, Fault> {
        let id = match self {
            Tagged::Identity(target) => target.still(work)?.id.clone(),
            Tagged::Policy(target) => match target.still(work)? {
                policy if policy.is_of_aws() => return Ok(Vec::new()),
                policy => policy.id,
            },
            Tagged::Item(target) => target.still(work)?.id,
        };
        Ok(work.tags(&id)?)
    }
}
