//! What has to be done for a user, a group or a role, and for what hangs on it.

use super::{
    json,
    model::{Identity, same},
    plan::{Call, Sign, Stage, Step},
};
use crate::store::IdentityKind;

/// How long a session of a role may last, in seconds, where nothing is said.
const SESSION_SECONDS: u32 = 3_600;

/// A trust policy by which nobody takes a role.
const NOBODY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

/// The most managed policies of one user, group or role.
const ATTACHED_MAX: usize = 10;

/// What tags and policies hang on.
#[derive(Clone, Copy)]
pub(super) struct Hanging<'a> {
    /// As lines call it.
    pub(super) title: &'a str,
    /// As operations call it: `TagUser`.
    pub(super) word: &'a str,
    /// The parameter that names it.
    pub(super) name: (&'a str, &'a str),
}

/// `User`, as operations have it.
pub(super) fn word(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::User => "User",
        IdentityKind::Group => "Group",
        IdentityKind::Role => "Role",
    }
}

/// The word of operations, and the parameter that names one.
pub(super) fn word_and_name(identity: &Identity) -> (&'static str, (&'static str, &str)) {
    let member = match identity.kind {
        IdentityKind::User => "UserName",
        IdentityKind::Group => "GroupName",
        IdentityKind::Role => "RoleName",
    };
    (word(identity.kind), (member, &identity.name))
}

/// Compares a user, group or role with the one of its name.
pub(super) fn identity(identity: &Identity, found: Option<&Identity>, steps: &mut Vec<Step>, faults: &mut Vec<String>) {
    let (word, name) = word_and_name(identity);
    let title = identity.title();
    let stage = match identity.kind {
        IdentityKind::Group => Stage::Groups,
        IdentityKind::User => Stage::Users,
        IdentityKind::Role => Stage::Roles,
    };
    let empty;
    let found = match found {
        Some(found) => {
            changed(identity, found, stage, steps, faults);
            found
        }
        None => {
            // Whom a trust policy names has to be there: one that names a role of this file is set once all of them are.
            let first = if identity.trust_waits { NOBODY } else { &identity.trust };
            let calls = vec![create(identity, first)];
            steps.push(Step { stage, sign: Sign::Create, line: title.clone(), calls });
            // Boundary and tags are given with the call.
            empty = Identity {
                trust: first.to_owned(),
                boundary: identity.boundary.clone(),
                tags: identity.tags.clone(),
                ..Identity::new(identity.kind, String::new(), identity.name.clone(), identity.path.clone())
            };
            &empty
        }
    };
    let hanging = Hanging { title: &title, word, name };
    trust(hanging, identity, found, steps);
    bound(hanging, identity, found, steps);
    members(identity, found, &title, steps);
    attachments(hanging, identity, found, steps);
    inline(hanging, identity, found, steps);
    if identity.kind != IdentityKind::Group {
        tags(hanging, &identity.tags, &found.tags, steps);
    }
}

fn create(identity: &Identity, trust: &str) -> Call {
    let (word, name) = word_and_name(identity);
    let mut call = Call::new(format!("Create{word}"), &[name, ("Path", &identity.path)]);
    if identity.kind == IdentityKind::Role {
        let seconds = identity.session_seconds_max.unwrap_or(SESSION_SECONDS).to_string();
        call = call.with("AssumeRolePolicyDocument", Some(trust));
        call = call.with("Description", identity.description.as_deref().filter(|text| !text.is_empty()));
        call = call.with("MaxSessionDuration", Some(&seconds));
    }
    call.with("PermissionsBoundary", identity.boundary.as_deref()).tagged(&identity.tags)
}

/// What is no list.
fn changed(identity: &Identity, found: &Identity, stage: Stage, steps: &mut Vec<Step>, faults: &mut Vec<String>) {
    let ((word, name), title) = (word_and_name(identity), identity.title());
    let mut step = |line: String, call| {
        steps.push(Step { stage, sign: Sign::Change, line: format!("{title}: {line}"), calls: vec![call] });
    };
    if identity.path != found.path {
        match identity.kind {
            IdentityKind::Role => faults
                .push(format!("{}: path cannot be changed; write {:?}, or another name", identity.place, found.path)),
            _ => step(
                format!("path {} becomes {}", found.path, identity.path),
                Call::new(format!("Update{word}"), &[name, ("NewPath", &identity.path)]),
            ),
        }
    }
    if identity.kind != IdentityKind::Role {
        return;
    }
    let has = (found.description.as_deref().unwrap_or_default(), found.session_seconds_max.unwrap_or(SESSION_SECONDS));
    let description = identity.description.as_deref().unwrap_or(has.0);
    let seconds = identity.session_seconds_max.unwrap_or(has.1);
    if (description, seconds) != has {
        let seconds = seconds.to_string();
        let parameters = [name, ("Description", description), ("MaxSessionDuration", seconds.as_str())];
        step("description or length of sessions".to_owned(), Call::new("UpdateRole", &parameters));
    }
}

fn hang(steps: &mut Vec<Step>, hanging: Hanging<'_>, sign: Sign, line: &str, call: Call) {
    let line = format!("{}: {line}", hanging.title);
    steps.push(Step { stage: Stage::Hangings, sign, line, calls: vec![call] });
}

fn trust(hanging: Hanging<'_>, identity: &Identity, found: &Identity, steps: &mut Vec<Step>) {
    if identity.kind == IdentityKind::Role && !json::same(&identity.trust, &found.trust) {
        let call = Call::new("UpdateAssumeRolePolicy", &[hanging.name, ("PolicyDocument", &identity.trust)]);
        hang(steps, hanging, Sign::Change, "trust policy", call);
    }
}

fn bound(hanging: Hanging<'_>, identity: &Identity, found: &Identity, steps: &mut Vec<Step>) {
    let Hanging { word, name, .. } = hanging;
    match (&identity.boundary, &found.boundary) {
        (Some(arn), has) if has.as_ref() != Some(arn) => {
            let call = Call::new(format!("Put{word}PermissionsBoundary"), &[name, ("PermissionsBoundary", arn)]);
            let sign = if has.is_some() { Sign::Change } else { Sign::Create };
            hang(steps, hanging, sign, &format!("boundary {arn}"), call);
        }
        (None, Some(arn)) => {
            let call = Call::new(format!("Delete{word}PermissionsBoundary"), &[name]);
            hang(steps, hanging, Sign::Delete, &format!("boundary {arn}"), call);
        }
        _ => {}
    }
}

fn members(identity: &Identity, found: &Identity, title: &str, steps: &mut Vec<Step>) {
    let user = ("UserName", &*identity.name);
    let hanging = Hanging { title, word: "User", name: user };
    for group in identity.groups.iter().filter(|group| !found.groups.iter().any(|has| same(has, group))) {
        let call = Call::new("AddUserToGroup", &[("GroupName", group), user]);
        hang(steps, hanging, Sign::Create, &format!("group {group}"), call);
    }
    for group in found.groups.iter().filter(|has| !identity.groups.iter().any(|group| same(has, group))) {
        let call = Call::new("RemoveUserFromGroup", &[("GroupName", group), user]);
        hang(steps, hanging, Sign::Delete, &format!("group {group}"), call);
    }
}

/// What is new comes before what goes, so that nobody has less meanwhile, unless there is no room for both.
fn attachments(hanging: Hanging<'_>, identity: &Identity, found: &Identity, steps: &mut Vec<Step>) {
    let Hanging { word, name, .. } = hanging;
    let new: Vec<&String> = identity.attached.iter().filter(|arn| !found.attached.contains(arn)).collect();
    let old = found.attached.iter().filter(|arn| !identity.attached.contains(arn));
    let (mut attach, mut detach) = (Vec::new(), Vec::new());
    let is_full = found.attached.len() + new.len() > ATTACHED_MAX;
    for arn in new {
        let call = Call::new(format!("Attach{word}Policy"), &[name, ("PolicyArn", arn)]);
        hang(&mut attach, hanging, Sign::Create, &format!("policy {arn}"), call);
    }
    for arn in old {
        let call = Call::new(format!("Detach{word}Policy"), &[name, ("PolicyArn", arn)]);
        hang(&mut detach, hanging, Sign::Delete, &format!("policy {arn}"), call);
    }
    let (first, second) = if is_full { (detach, attach) } else { (attach, detach) };
    steps.extend(first.into_iter().chain(second));
}

/// What goes comes first: all inline policies share one bound.
fn inline(hanging: Hanging<'_>, identity: &Identity, found: &Identity, steps: &mut Vec<Step>) {
    let Hanging { word, name, .. } = hanging;
    for (policy, _) in found.inline.iter().filter(|(has, _)| !identity.inline.iter().any(|(it, _)| same(has, it))) {
        let call = Call::new(format!("Delete{word}Policy"), &[name, ("PolicyName", policy)]);
        hang(steps, hanging, Sign::Delete, &format!("inline policy {policy}"), call);
    }
    for (policy, document) in &identity.inline {
        let has = found.inline.iter().find(|(has, _)| same(has, policy));
        let sign = match has {
            Some((_, has)) if json::same(has, document) => continue,
            Some(_) => Sign::Change,
            None => Sign::Create,
        };
        let parameters = [name, ("PolicyName", policy), ("PolicyDocument", document.as_str())];
        let call = Call::new(format!("Put{word}Policy"), &parameters);
        hang(steps, hanging, sign, &format!("inline policy {policy}"), call);
    }
}

/// Tags that are new, other or gone.
pub(super) fn tags(hanging: Hanging<'_>, tags: &[(String, String)], found: &[(String, String)], steps: &mut Vec<Step>) {
    let Hanging { word, name, .. } = hanging;
    let gone: Vec<&str> = found
        .iter()
        .filter(|(has, _)| !tags.iter().any(|(key, _)| same(has, key)))
        .map(|(key, _)| key.as_str())
        .collect();
    if !gone.is_empty() {
        let mut call = Call::new(format!("Untag{word}"), &[name]);
        for (at, key) in gone.iter().enumerate() {
            call = call.with(&format!("TagKeys.member.{}", at + 1), Some(key));
        }
        hang(steps, hanging, Sign::Delete, &format!("tags {}", gone.join(", ")), call);
    }
    let new: Vec<&(String, String)> = tags.iter().filter(|tag| !found.contains(tag)).collect();
    if !new.is_empty() {
        let keys: Vec<&str> = new.iter().map(|(key, _)| key.as_str()).collect();
        let is_change = new.iter().any(|(key, _)| found.iter().any(|(has, _)| same(has, key)));
        let sign = if is_change { Sign::Change } else { Sign::Create };
        let call = Call::new(format!("Tag{word}"), &[name]).tagged(new.iter().copied());
        hang(steps, hanging, sign, &format!("tags {}", keys.join(", ")), call);
    }
}

/// The calls that take everything off a user, group or role.
pub(super) fn unhang(identity: &Identity) -> Vec<Call> {
    let (word, name) = word_and_name(identity);
    let groups = identity.groups.iter().map(|group| Call::new("RemoveUserFromGroup", &[("GroupName", group), name]));
    let attached = identity.attached.iter();
    let attached = attached.map(|arn| Call::new(format!("Detach{word}Policy"), &[name, ("PolicyArn", arn)]));
    let inline = identity.inline.iter();
    let inline = inline.map(|(policy, _)| Call::new(format!("Delete{word}Policy"), &[name, ("PolicyName", policy)]));
    groups.chain(attached).chain(inline).collect()
}
