//! What `aws iam get-account-authorization-details` prints: read, and written.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    answer::Element,
    json,
    model::{Account, Identity, Policy, Profile, Tags, Version},
};
use crate::store::IdentityKind;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    #[serde(default)]
    user_detail_list: Vec<Detail>,
    #[serde(default)]
    group_detail_list: Vec<Detail>,
    #[serde(default)]
    role_detail_list: Vec<Detail>,
    #[serde(default)]
    policies: Vec<ManagedPolicy>,
}

/// A user, group or role; which one, its list tells.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    path: String,
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(default, alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    inline: Vec<Inline>,
    #[serde(default)]
    group_list: Vec<String>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
    assume_role_policy_document: Option<Box<RawValue>>,
    #[serde(default)]
    instance_profile_list: Vec<InstanceProfile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceProfile {
    path: String,
    instance_profile_name: String,
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManagedPolicy {
    arn: String,
    path: String,
    policy_name: String,
    description: Option<String>,
    policy_version_list: Vec<PolicyVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVersion {
    document: Box<RawValue>,
    version_id: String,
    is_default_version: bool,
}

/// What was read, with what is said of it besides.
pub(super) struct Read {
    pub(super) account: Account,
    /// What is wrong.
    pub(super) faults: Vec<String>,
    /// What is passed over, and why.
    pub(super) passed_over: Vec<String>,
}

/// Reads files, each of one page or of several, into an account with this number: policies of the account that they
/// come from are its own now.
pub(super) fn read(files: &[(String, String)], number: &str) -> Read {
    let mut read = Read { account: Account::default(), faults: Vec::new(), passed_over: Vec::new() };
    for (file, text) in files {
        for page in serde_json::Deserializer::from_str(text).into_iter::<Details>() {
            match page {
                Ok(page) => read.page(file, page, number),
                Err(error) => {
                    let wanted = "write what aws iam get-account-authorization-details prints";
                    read.faults.push(format!("{file}: {error}; {wanted}"));
                    break;
                }
            }
        }
    }
    read
}

impl Read {
    fn page(&mut self, file: &str, page: Details, number: &str) {
        let lists = [
            (IdentityKind::User, "UserDetailList", page.user_detail_list),
            (IdentityKind::Group, "GroupDetailList", page.group_detail_list),
            (IdentityKind::Role, "RoleDetailList", page.role_detail_list),
        ];
        for (kind, list, details) in lists {
            for (at, detail) in details.into_iter().enumerate() {
                let place = format!("{file}: {list}[{at}] `{}`", detail.name);
                self.identity(kind, place, detail, number);
            }
        }
        for (at, policy) in page.policies.into_iter().enumerate() {
            if policy.arn.starts_with("arn:aws:iam::aws:") {
                continue;
            }
            let version = |version: &PolicyVersion| Version {
                id: version.version_id.clone(),
                document: document(&version.document),
                is_default: version.is_default_version,
            };
            let mut versions: Vec<Version> = policy.policy_version_list.iter().map(version).collect();
            let place = format!("{file}: Policies[{at}] `{}`", policy.policy_name);
            if versions.iter().filter(|version| version.is_default).count() != 1 {
                self.faults.push(format!("{place}: not one of its versions is in force; write which one is"));
            }
            versions.sort_by_key(|version| version.id.trim_start_matches('v').parse::<u64>().unwrap_or(0));
            self.account.policies.push(Policy {
                place,
                name: policy.policy_name,
                path: policy.path,
                description: policy.description,
                versions,
                tags: None,
            });
        }
    }

    fn identity(&mut self, kind: IdentityKind, place: String, detail: Detail, number: &str) {
        let profiles = detail.instance_profile_list.into_iter().map(|profile| Profile {
            place: format!("{place}: InstanceProfileList `{}`", profile.instance_profile_name),
            name: profile.instance_profile_name,
            path: profile.path,
            role: Some(detail.name.clone()),
            tags: profile.tags.map(tags),
        });
        let profiles: Vec<Profile> = profiles.collect();
        let identity = Identity {
            groups: detail.group_list,
            attached: detail.attached_managed_policies.into_iter().map(|it| own(&it.policy_arn, number)).collect(),
            inline: detail.inline.iter().map(|it| (it.policy_name.clone(), document(&it.policy_document))).collect(),
            boundary: detail.permissions_boundary.map(|boundary| own(&boundary.permissions_boundary_arn, number)),
            tags: tags(detail.tags),
            trust: detail.assume_role_policy_document.map_or(String::new(), |trust| document(&trust)),
            ..Identity::new(kind, place, detail.name, detail.path)
        };
        if identity.is_of_service() {
            let place = &identity.place;
            self.passed_over.push(format!("{place}: a role that a service owns is made by that service"));
            return;
        }
        if kind == IdentityKind::Role && identity.trust.is_empty() {
            self.faults.push(format!("{}: AssumeRolePolicyDocument is missing; write who may take it", identity.place));
        }
        self.account.profiles.extend(profiles);
        self.account.identities.push(identity);
    }
}

fn tags(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// The ARN of the same policy in this account; AWS's own are everywhere.
fn own(arn: &str, number: &str) -> String {
    match arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':')) {
        Some((account, resource)) if account != "aws" => format!("arn:aws:iam::{number}:{resource}"),
        _ => arn.to_owned(),
    }
}

/// A document: clients open what the API holds escaped, or leave it as it is.
fn document(raw: &RawValue) -> String {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) if text.trim_start().starts_with('{') => json::compact(&text),
        Ok(text) => percent_decode_str(&text).decode_utf8_lossy().into_owned(),
        Err(_) => json::compact(raw.get()),
    }
}

/// The lists of an account as the AWS CLI prints them.
pub(super) fn write(lists: &[Element]) -> String {
    let members: Vec<String> = lists.iter().map(|list| format!("\"{}\":{}", list.name, list.json())).collect();
    json::pretty(&format!("{{{}}}", members.join(",")), 4, 0) + "\n"
}
