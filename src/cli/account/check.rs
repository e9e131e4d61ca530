//! What is wrong with a description before anybody is asked: names, paths, tags and documents, in the API's own words.

use super::model::{Account, Identity, Policy, same};
use crate::{
    api::iam::checks::{self, Checked},
    base::Fault,
    store::IdentityKind,
};

/// The most managed policies of one user, group or role.
const ATTACHED_MAX: usize = 10;

/// Everything that is wrong, each with its place. What is empty and must not be, whoever read it has told already.
pub(super) fn faults(account: &Account) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    for policy in &account.policies {
        policy_faults(policy, &mut faults);
    }
    for identity in &account.identities {
        identity_faults(identity, account, &mut faults);
    }
    for profile in &account.profiles {
        faults.name(&profile.place, Checked::PolicyName, &profile.name);
        faults.note(&profile.place, "path", checks::text(Checked::Path, &profile.path));
        faults.tags(&profile.place, profile.tags.as_deref().unwrap_or_default());
    }
    let named = account.policies.iter().map(|policy| ("policy", &policy.name, &policy.place));
    let named = named.chain(account.identities.iter().map(|it| (it.kind.word(), &it.name, &it.place)));
    let named = named.chain(account.profiles.iter().map(|it| ("instance_profile", &it.name, &it.place)));
    let mut named: Vec<_> = named.map(|(kind, name, place)| (kind, name.to_ascii_lowercase(), place)).collect();
    named.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    for pair in named.windows(2) {
        if let [(kind, name, first), (other_kind, other_name, second)] = pair
            && (kind, name) == (other_kind, other_name)
            && !name.is_empty()
        {
            let message = "is the name of another one too, for case does not count; write it once, or another name";
            faults.0.push(format!("{second}: name {message} ({first})"));
        }
    }
    faults.0
}

struct Faults(Vec<String>);

impl Faults {
    fn name(&mut self, place: &str, checked: Checked, name: &str) {
        if !name.is_empty() {
            self.note(place, "name", checks::text(checked, name));
        }
    }

    fn note(&mut self, place: &str, key: &str, checked: Result<(), Fault>) {
        if let Err(fault) = checked {
            self.0.push(format!("{place}: {key}: {}: {}", fault.code, fault.message));
        }
    }

    fn tags(&mut self, place: &str, tags: &[(String, String)]) {
        let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        self.note(place, "tags", checks::tags(tags));
    }
}

fn policy_faults(policy: &Policy, faults: &mut Faults) {
    let place = &policy.place;
    faults.name(place, Checked::PolicyName, &policy.name);
    faults.note(place, "path", checks::text(Checked::PolicyPath, &policy.path));
    faults.tags(place, policy.tags.as_deref().unwrap_or_default());
    if let Some(description) = policy.description.as_deref().filter(|text| !text.is_empty()) {
        faults.note(place, "description", checks::text(Checked::PolicyDescription, description));
    }
    for (at, version) in policy.versions.iter().enumerate() {
        let key = if policy.versions.len() > 1 { format!("version {}", at + 1) } else { "document".to_owned() };
        faults.note(place, &key, checks::managed(&version.document));
    }
}

fn identity_faults(identity: &Identity, account: &Account, faults: &mut Faults) {
    let Identity { kind, place, name, .. } = identity;
    faults.name(place, Checked::Name(*kind), name);
    faults.note(place, "path", checks::text(Checked::Path, &identity.path));
    faults.tags(place, &identity.tags);
    if let Some(description) = identity.description.as_deref().filter(|text| !text.is_empty()) {
        faults.note(place, "description", checks::text(Checked::RoleDescription, description));
    }
    if *kind == IdentityKind::Role && !identity.trust.is_empty() {
        faults.note(place, "trust", checks::trust(&identity.trust));
    }
    if identity.session_seconds_max.is_some_and(|seconds| !(3_600..=43_200).contains(&seconds)) {
        faults.0.push(format!("{place}: max_session_seconds is out of range; write 3600 to 43200"));
    }
    for (policy, document) in &identity.inline {
        let key = format!("inline.{policy}");
        faults.note(place, &key, checks::text(Checked::PolicyName, policy));
        faults.note(place, &key, checks::inline(*kind, name, document));
    }
    let documents = identity.inline.iter().map(|(_, document)| document.as_str());
    faults.note(place, "inline", checks::inline_size(*kind, name, documents));
    for (at, (policy, _)) in identity.inline.iter().enumerate() {
        if identity.inline.iter().take(at).any(|(other, _)| same(other, policy)) {
            faults.0.push(format!("{place}: inline.{policy} is there twice, for case does not count; write it once"));
        }
    }
    for (key, named) in [("policies", &identity.attached), ("groups", &identity.groups)] {
        for (at, name) in named.iter().enumerate() {
            if named.iter().take(at).any(|other| same(other, name)) {
                faults.0.push(format!("{place}: {key} names `{name}` twice; write it once"));
            }
        }
    }
    if identity.attached.len() > ATTACHED_MAX {
        faults.0.push(format!("{place}: policies are more than {ATTACHED_MAX}; write fewer, each of them longer"));
    }
    for named in identity.attached.iter().chain(&identity.boundary) {
        let is_policy = named.starts_with("arn:aws:iam::") && named.contains(":policy/");
        if named.starts_with("arn:") && !is_policy {
            faults.0.push(format!("{place}: `{named}` is no ARN of a policy; write one, or the name of a policy"));
        } else if !named.starts_with("arn:") && account.policy(named).is_none() {
            faults.note(place, "policies", checks::text(Checked::PolicyName, named));
        }
    }
}
