//! What has to be done for a managed policy and its versions.

use super::{
    change::{self, Hanging},
    json,
    model::{Policy, Version},
    plan::{Call, Setting, Sign, Stage, Step},
};

/// The most versions of one policy.
const VERSIONS_MAX: usize = 5;

/// Compares a policy with the one of its name.
pub(super) fn policy(
    policy: &Policy,
    found: Option<&Policy>,
    setting: &Setting<'_>,
    steps: &mut Vec<Step>,
    faults: &mut Vec<String>,
) {
    let (title, arn) = (format!("policy {}", policy.name), policy.arn(setting.account));
    let Some(found) = found else { return steps.extend(create(policy, &title, &arn)) };
    let place = &policy.place;
    if found.path != policy.path {
        faults.push(format!("{place}: path cannot be changed; write {:?}, or another name", found.path));
        return;
    }
    let has = found.description.as_deref().unwrap_or_default();
    if policy.description.as_ref().is_some_and(|description| description != has) {
        faults.push(format!("{place}: description cannot be changed; write {has:?}, or another name"));
    }
    match change(policy, found, &title, &arn, setting.prune) {
        Ok(changes) => steps.extend(changes),
        Err(fault) => faults.push(format!("{place}: {fault}")),
    }
    if let Some(tags) = &policy.tags {
        let name = ("PolicyArn", arn.as_str());
        let found = found.tags.as_deref().unwrap_or_default();
        change::tags(Hanging { title: &title, word: "Policy", name }, tags, found, steps);
    }
}

fn create(policy: &Policy, title: &str, arn: &str) -> Option<Step> {
    let (first, others) = policy.versions.split_first()?;
    let parameters = [("PolicyName", &*policy.name), ("Path", &policy.path), ("PolicyDocument", &first.document)];
    let description = policy.description.as_deref().filter(|text| !text.is_empty());
    let call = Call::new("CreatePolicy", &parameters).with("Description", description);
    let mut calls = vec![call.tagged(policy.tags.as_deref().unwrap_or_default())];
    calls.extend(others.iter().map(|version| version_call(arn, version)));
    let count = match policy.versions.len() {
        1 => String::new(),
        count => format!(" with {count} versions"),
    };
    Some(Step { stage: Stage::Policies, sign: Sign::Create, line: format!("{title}{count}"), calls })
}

fn version_call(arn: &str, version: &Version) -> Call {
    let as_default = if version.is_default { "true" } else { "false" };
    let parameters = [("PolicyArn", arn), ("PolicyDocument", &version.document), ("SetAsDefault", as_default)];
    Call::new("CreatePolicyVersion", &parameters)
}

fn change(policy: &Policy, found: &Policy, title: &str, arn: &str, prune: bool) -> Result<Vec<Step>, &'static str> {
    let mut steps = Vec::new();
    let mut step = |sign, line: String, call| {
        steps.push(Step { stage: Stage::Policies, sign, line: format!("{title}: {line}"), calls: vec![call] });
    };
    // Each version that is described takes one of the same document that is there; the one in force has the first choice.
    let mut unmatched: Vec<&Version> = found.versions.iter().collect();
    let mut missing = Vec::new();
    let mut described: Vec<&Version> = policy.versions.iter().collect();
    described.sort_by_key(|version| !version.is_default);
    for version in described {
        let fits = |it: &&Version| json::same(&it.document, &version.document);
        let at = unmatched.iter().position(|it| fits(it) && it.is_default == version.is_default);
        match at.or_else(|| unmatched.iter().position(fits)) {
            Some(at) => {
                let kept = unmatched.remove(at);
                if version.is_default && !kept.is_default {
                    let call = Call::new("SetDefaultPolicyVersion", &[("PolicyArn", arn), ("VersionId", &kept.id)]);
                    step(Sign::Change, format!("version {} in force", kept.id), call);
                }
            }
            None => missing.push(version),
        }
    }
    let delete = |version: &Version| {
        let call = Call::new("DeletePolicyVersion", &[("PolicyArn", arn), ("VersionId", &version.id)]);
        (format!("version {}", version.id), call)
    };
    let mut count = found.versions.len();
    for version in missing {
        if count >= VERSIONS_MAX {
            // The one in force cannot be deleted; once another is, it can, and that one comes first.
            let at = unmatched.iter().position(|it| !(version.is_default && it.is_default));
            let at = at.ok_or("there is no room for its version in force; delete one of its five versions first")?;
            let (line, call) = delete(unmatched.remove(at));
            step(Sign::Delete, format!("{line}, to make room"), call);
            count -= 1;
        }
        let line = if version.is_default { "new version, in force" } else { "new version" };
        step(if version.is_default { Sign::Change } else { Sign::Create }, line.to_owned(), version_call(arn, version));
        count += 1;
    }
    if prune {
        for version in unmatched {
            let (line, call) = delete(version);
            step(Sign::Delete, line, call);
        }
    }
    Ok(steps)
}
