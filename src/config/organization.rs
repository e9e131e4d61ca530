//! The `[organization]` table: policies of control, in files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Raw, raw::RELATIVE};
use crate::{
    gateway::organization::Organization,
    policy::{Kind, PolicySet, Source, validate::control},
};

/// AWS has a root, five levels of units below it, and the account.
const LEVELS_MAX: usize = 7;

/// Reads it, with the files that it names.
pub(super) fn organization(raw: &mut Raw) -> (Organization, Vec<PathBuf>) {
    let id = raw.parsed("organization.id", "a name as \"o-exampleorgid\"", |text| is_id(text).then(|| text.into()));
    let path = raw.parsed("organization.path", "a path as \"o-exampleorgid/r-ab12/ou-ab12-11111111/\"", |text| {
        is_path(text).then(|| text.into())
    });
    let mut files = Vec::new();
    let service_control = levels(raw, "organization.service_control", Kind::ServiceControl, &mut files);
    let resource_control = levels(raw, "organization.resource_control", Kind::ResourceControl, &mut files);
    (Organization { id, path, service_control, resource_control }, files)
}

fn is_id(text: &str) -> bool {
    let rest = text.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_path(text: &str) -> bool {
    let mut parts = text.split('/');
    parts.next().is_some_and(is_id) && text.ends_with('/') && !text.contains("//")
}

/// One text a level: its files, with commas between them.
fn levels(raw: &mut Raw, key: &str, kind: Kind, files: &mut Vec<PathBuf>) -> Vec<PolicySet> {
    let levels = raw.texts(key).unwrap_or_default();
    if levels.len() > LEVELS_MAX {
        raw.fault(
            key,
            format!("has {} levels; write at most {LEVELS_MAX}, from the root to the account", levels.len()),
        );
        return Vec::new();
    }
    let mut sets = Vec::with_capacity(levels.len());
    for level in levels {
        let mut policies = Vec::new();
        for file in level.split(',').map(str::trim) {
            match read(Path::new(file), kind) {
                Ok(policy) => policies.push((Source::from(file), Arc::new(policy))),
                Err(fault) => raw.fault(key, fault),
            }
            files.push(PathBuf::from(file));
        }
        sets.push(PolicySet::new(policies));
    }
    sets
}

fn read(file: &Path, kind: Kind) -> Result<crate::policy::Policy, String> {
    let name = file.display();
    if !file.is_absolute() {
        return Err(format!("`{name}` {RELATIVE}"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
    control(&text, kind).map_err(|fault| {
        let why = fault.detail.map_or(String::new(), |detail| format!(" ({detail})"));
        format!("`{name}`: {}{why}", fault.message)
    })
}
