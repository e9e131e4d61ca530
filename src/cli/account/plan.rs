//! What has to be done so that an account becomes as described: found by comparing, told one line each, then called.

use std::collections::BTreeMap;

use super::{
    change::{self, Hanging},
    client::Parameters,
    model::{Account, Identity, Policy, Profile, same},
    versions,
};
use crate::{cli::Failure, store::IdentityKind};

/// A call of the API.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) action: String,
    pub(super) parameters: Parameters,
}

/// The order of steps: what is named comes before what names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Policies,
    Groups,
    Users,
    Roles,
    Profiles,
    Hangings,
    DeleteProfiles,
    DeleteUsers,
    DeleteRoles,
    DeleteGroups,
    DeletePolicies,
}

/// What a step does to what its line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Create,
    Change,
    Delete,
}

/// One line of a plan, with the calls that carry it out.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) stage: Stage,
    pub(super) sign: Sign,
    pub(super) line: String,
    pub(super) calls: Vec<Call>,
}

/// What there is to know besides the two accounts.
pub(super) struct Setting<'a> {
    /// The account's number.
    pub(super) account: &'a str,
    /// The ARN of who signs.
    pub(super) caller: &'a str,
    /// Whether what is not described is deleted.
    pub(super) prune: bool,
    /// Whether a managed policy that is neither described nor the account's is there.
    pub(super) exists: &'a dyn Fn(&str) -> Result<bool, Failure>,
    /// The calls that take from a user what keeps it from being deleted.
    pub(super) belongings: &'a dyn Fn(&str) -> Result<Vec<Call>, Failure>,
}

impl Call {
    /// A call.
    pub(super) fn new(action: impl Into<String>, parameters: &[(&str, &str)]) -> Self {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { action: action.into(), parameters: parameters.collect() }
    }

    /// The same with one more parameter, if it is said.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.parameters.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// The same with tags.
    #[must_use]
    pub(super) fn tagged<'t>(mut self, tags: impl IntoIterator<Item = &'t (String, String)>) -> Self {
        for (at, (key, value)) in tags.into_iter().enumerate() {
            let member = format!("Tags.member.{}", at + 1);
            self.parameters.push((format!("{member}.Key"), key.clone()));
            self.parameters.push((format!("{member}.Value"), value.clone()));
        }
        self
    }
}

impl Sign {
    /// As it begins a line.
    pub(super) fn character(self) -> char {
        match self {
            Sign::Create => '+',
            Sign::Change => '~',
            Sign::Delete => '-',
        }
    }
}

/// Compares what is described, its policies named by ARN, with what was found. Faults are all told.
pub(super) fn plan(
    described: &Account,
    found: &Account,
    setting: &Setting<'_>,
) -> Result<Result<Vec<Step>, Vec<String>>, Failure> {
    let (mut steps, mut faults) = (Vec::new(), Vec::new());
    unknown(described, found, setting, &mut faults)?;
    for policy in &described.policies {
        versions::policy(policy, found.policy(&policy.name), setting, &mut steps, &mut faults);
    }
    for identity in &described.identities {
        change::identity(identity, found.identity(identity.kind, &identity.name), &mut steps, &mut faults);
    }
    for profile in &described.profiles {
        self::profile(profile, found.profile(&profile.name), &mut steps, &mut faults);
    }
    if setting.prune {
        prune(described, found, setting, &mut steps, &mut faults)?;
    }
    steps.sort_by_key(|step| step.stage);
    Ok(if faults.is_empty() { Ok(steps) } else { Err(faults) })
}

/// Groups, policies and roles that are named and nowhere to be found.
fn unknown(
    described: &Account,
    found: &Account,
    setting: &Setting<'_>,
    faults: &mut Vec<String>,
) -> Result<(), Failure> {
    let arns = |account: &Account| account.policies.iter().map(|it| it.arn(setting.account)).collect::<Vec<_>>();
    let (ours, theirs) = (arns(described), arns(found));
    let mut asked = BTreeMap::new();
    for identity in &described.identities {
        for group in &identity.groups {
            let stays = !setting.prune && found.identity(IdentityKind::Group, group).is_some();
            if described.identity(IdentityKind::Group, group).is_none() && !stays {
                faults.push(format!("{}: there is no group `{group}`; describe it", identity.place));
            }
        }
        for arn in identity.attached.iter().chain(&identity.boundary) {
            if ours.contains(arn) {
                continue;
            }
            if theirs.contains(arn) {
                if setting.prune {
                    let what = "is not described, and --prune would delete it; describe it";
                    faults.push(format!("{}: the policy {arn} {what}", identity.place));
                }
                continue;
            }
            let exists = match asked.get(arn) {
                Some(exists) => *exists,
                None => *asked.entry(arn).or_insert((setting.exists)(arn)?),
            };
            if !exists {
                faults.push(format!("{}: there is no policy {arn}; describe it, or name another", identity.place));
            }
        }
    }
    for profile in &described.profiles {
        let Some(role) = &profile.role else { continue };
        let stays = !setting.prune && found.identity(IdentityKind::Role, role).is_some();
        if described.identity(IdentityKind::Role, role).is_none() && !stays {
            faults.push(format!("{}: there is no role `{role}`; describe it", profile.place));
        }
    }
    Ok(())
}

fn profile(profile: &Profile, found: Option<&Profile>, steps: &mut Vec<Step>, faults: &mut Vec<String>) {
    let (title, name) = (format!("instance profile {}", profile.name), ("InstanceProfileName", &*profile.name));
    let tags = profile.tags.as_deref().unwrap_or_default();
    let mut step = |stage, sign, line: String, call| steps.push(Step { stage, sign, line, calls: vec![call] });
    match found {
        None => {
            let call = Call::new("CreateInstanceProfile", &[name, ("Path", &profile.path)]).tagged(tags);
            step(Stage::Profiles, Sign::Create, title.clone(), call);
        }
        Some(found) if found.path != profile.path => {
            faults.push(format!("{}: path cannot be changed; write {:?}, or another name", profile.place, found.path));
        }
        Some(_) => {}
    }
    let has = found.and_then(|found| found.role.as_deref());
    if !has.is_some_and(|has| profile.role.as_deref().is_some_and(|role| same(has, role))) {
        if let Some(role) = has {
            let call = Call::new("RemoveRoleFromInstanceProfile", &[name, ("RoleName", role)]);
            step(Stage::Hangings, Sign::Delete, format!("{title}: role {role}"), call);
        }
        if let Some(role) = &profile.role {
            let call = Call::new("AddRoleToInstanceProfile", &[name, ("RoleName", role)]);
            step(Stage::Hangings, Sign::Create, format!("{title}: role {role}"), call);
        }
    }
    if let (Some(found), Some(tags)) = (found, &profile.tags) {
        let found = found.tags.as_deref().unwrap_or_default();
        change::tags(Hanging { title: &title, word: "InstanceProfile", name }, tags, found, steps);
    }
}

/// Deletes what is not described.
fn prune(
    described: &Account,
    found: &Account,
    setting: &Setting<'_>,
    steps: &mut Vec<Step>,
    faults: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut delete = |stage, line, calls| steps.push(Step { stage, sign: Sign::Delete, line, calls });
    for profile in found.profiles.iter().filter(|known| described.profile(&known.name).is_none()) {
        let name = ("InstanceProfileName", &*profile.name);
        let role = profile.role.iter();
        let mut calls: Vec<Call> =
            role.map(|role| Call::new("RemoveRoleFromInstanceProfile", &[name, ("RoleName", role)])).collect();
        calls.push(Call::new("DeleteInstanceProfile", &[name]));
        delete(Stage::DeleteProfiles, format!("instance profile {}", profile.name), calls);
    }
    let is_gone = |known: &&Identity| described.identity(known.kind, &known.name).is_none() && !known.is_of_service();
    for identity in found.identities.iter().filter(is_gone) {
        if setting.caller.ends_with(&format!(":user{}{}", identity.path, identity.name))
            && identity.kind == IdentityKind::User
        {
            let what = "signs these calls and is not described; describe it, or use another's key";
            faults.push(format!("{} {what}", identity.title()));
            continue;
        }
        let (stage, mut calls) = match identity.kind {
            IdentityKind::User => (Stage::DeleteUsers, (setting.belongings)(&identity.name)?),
            IdentityKind::Role => (Stage::DeleteRoles, Vec::new()),
            IdentityKind::Group => (Stage::DeleteGroups, Vec::new()),
        };
        calls.extend(change::unhang(identity));
        let (_, name) = change::word_and_name(identity);
        calls.push(Call::new(format!("Delete{}", change::word(identity.kind)), &[name]));
        delete(stage, identity.title(), calls);
    }
    let is_gone = |known: &&Policy| described.policy(&known.name).is_none();
    for policy in found.policies.iter().filter(is_gone) {
        let arn = policy.arn(setting.account);
        let arn = ("PolicyArn", arn.as_str());
        let others = policy.versions.iter().filter(|version| !version.is_default);
        let mut calls: Vec<Call> =
            others.map(|version| Call::new("DeletePolicyVersion", &[arn, ("VersionId", &version.id)])).collect();
        calls.push(Call::new("DeletePolicy", &[arn]));
        delete(Stage::DeletePolicies, format!("policy {}", policy.name), calls);
    }
    Ok(())
}
