//! Entities as IAM's answers show them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    api::query::Node,
    base::{AccountId, Arn, Fault, Tag, Timestamp},
    store::{AccessKey, Identity, IdentityKind, ManagedPolicy, PolicyVersion, RoleDetails},
};

/// All but RFC 3986's unreserved characters, as documents are escaped in answers.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A policy document.
pub(super) fn document(text: &str) -> Node {
    Node::Text(utf8_percent_encode(text, RESERVED).to_string())
}

/// A user, a group or what all roles have.
pub(super) fn identity(identity: &Identity) -> Node {
    Node::Struct(members(identity))
}

/// The root user of an account.
pub(super) fn root(id: AccountId, created: Option<Timestamp>) -> Node {
    Node::Struct(vec![
        ("UserId", Node::text(id.as_str())),
        ("Arn", Node::text(Arn::iam(id.as_str(), "root").as_str())),
        ("CreateDate", created.map_or(Node::Nothing, Node::Time)),
    ])
}

/// A user with its boundary and its tags, where it has any.
pub(super) fn whole(identity: &Identity, boundary: Option<&ManagedPolicy>, tags: &[Tag]) -> Node {
    let mut members = members(identity);
    members.extend(boundary_and_tags(boundary, tags));
    Node::Struct(members)
}

fn boundary_and_tags(
    boundary: Option<&ManagedPolicy>,
    tags: &[Tag],
) -> impl Iterator<Item = (&'static str, Node)> + use<> {
    boundary.map(self::boundary).into_iter().chain([("Tags", tags_if_any(tags))])
}

/// A permissions boundary, with the name of its member.
pub(super) fn boundary(policy: &ManagedPolicy) -> (&'static str, Node) {
    let members = vec![
        // The model has another word, which AWS never sends.
        ("PermissionsBoundaryType", Node::text("Policy")),
        ("PermissionsBoundaryArn", Node::text(policy.arn().as_str())),
    ];
    ("PermissionsBoundary", Node::Struct(members))
}

/// What users, groups and roles have.
pub(super) fn members(identity: &Identity) -> Vec<(&'static str, Node)> {
    let (name, id) = name_and_id(identity.kind);
    vec![
        ("Path", Node::text(&*identity.path)),
        (name, Node::text(&*identity.name)),
        (id, Node::text(&*identity.id)),
        ("Arn", Node::text(identity.arn().as_str())),
        ("CreateDate", Node::Time(identity.created)),
    ]
}

/// The members of a name and of a unique id.
pub(super) fn name_and_id(kind: IdentityKind) -> (&'static str, &'static str) {
    match kind {
        IdentityKind::User => ("UserName", "UserId"),
        IdentityKind::Group => ("GroupName", "GroupId"),
        IdentityKind::Role => ("RoleName", "RoleId"),
    }
}

/// `EntityAlreadyExists` for the name of a user, group or role.
pub(super) fn taken(kind: IdentityKind, name: &str) -> Fault {
    let kind = match kind {
        IdentityKind::User => "User",
        IdentityKind::Group => "Group",
        IdentityKind::Role => "Role",
    };
    Fault::new(409, "EntityAlreadyExists", format!("{kind} with name {name} already exists."))
}

/// A role, as it is listed; with its boundary and tags where it is shown alone.
pub(super) fn role(identity: &Identity, details: &RoleDetails) -> Vec<(&'static str, Node)> {
    let mut members = members(identity);
    members.push(("AssumeRolePolicyDocument", document(&details.trust)));
    members.push(("Description", Node::maybe(details.description.as_deref())));
    members.push(("MaxSessionDuration", Node::Number(details.session_seconds_max.into())));
    members
}

/// A role with its boundary, its tags and, where it is read, its last use, of which nothing is known yet.
pub(super) fn whole_role(
    identity: &Identity,
    details: &RoleDetails,
    boundary: Option<&ManagedPolicy>,
    tags: &[Tag],
) -> Vec<(&'static str, Node)> {
    let mut members = role(identity, details);
    members.extend(boundary_and_tags(boundary, tags));
    members
}

/// A list of tags.
pub(super) fn list_of_tags(tags: &[Tag]) -> Node {
    Node::List(tags.iter().map(tag).collect())
}

/// The same where there are any: AWS leaves the member out otherwise.
pub(super) fn tags_if_any(tags: &[Tag]) -> Node {
    if tags.is_empty() { Node::Nothing } else { list_of_tags(tags) }
}

/// A tag.
pub(super) fn tag(tag: &Tag) -> Node {
    Node::Struct(vec![("Key", Node::text(&*tag.key)), ("Value", Node::text(&*tag.value))])
}

/// An access key without its secret.
pub(super) fn access_key(key: &AccessKey, user: Option<&str>) -> Vec<(&'static str, Node)> {
    vec![
        ("UserName", Node::maybe(user)),
        ("AccessKeyId", Node::text(key.id.as_str())),
        ("Status", Node::text(key.status.as_str())),
        ("CreateDate", Node::Time(key.created)),
    ]
}

/// A managed policy, as `GetPolicy` shows it.
pub(super) fn policy(policy: &ManagedPolicy, tags: &[Tag]) -> Node {
    let mut members = policy_members(policy, tags);
    members.push(("Description", Node::maybe(policy.description.as_deref())));
    Node::Struct(members)
}

/// A managed policy, as it is shown where it is made or listed: without its description.
pub(super) fn listed_policy(policy: &ManagedPolicy, tags: &[Tag]) -> Node {
    Node::Struct(policy_members(policy, tags))
}

/// What a managed policy has wherever it is shown.
pub(super) fn policy_members(policy: &ManagedPolicy, tags: &[Tag]) -> Vec<(&'static str, Node)> {
    let mut members = vec![
        ("PolicyName", Node::text(&*policy.name)),
        ("PolicyId", Node::text(&*policy.id)),
        ("Arn", Node::text(policy.arn().as_str())),
        ("Path", Node::text(&*policy.path)),
        ("DefaultVersionId", Node::Text(version_id(policy.default_version))),
        ("AttachmentCount", Node::Number(policy.attachments.into())),
        ("PermissionsBoundaryUsageCount", Node::Number(policy.boundaries.into())),
        ("IsAttachable", Node::Bool(true)),
        ("CreateDate", Node::Time(policy.created)),
        ("UpdateDate", Node::Time(policy.updated)),
    ];
    members.push(("Tags", tags_if_any(tags)));
    members
}

/// A managed policy among those that are attached to somebody.
pub(super) fn attached_policy(policy: &ManagedPolicy) -> Node {
    Node::Struct(vec![("PolicyName", Node::text(&*policy.name)), ("PolicyArn", Node::text(policy.arn().as_str()))])
}

/// A user or group among those that a policy is attached to.
pub(super) fn holder(identity: &Identity) -> Node {
    let (name, id) = name_and_id(identity.kind);
    Node::Struct(vec![(name, Node::text(&*identity.name)), (id, Node::text(&*identity.id))])
}

/// A policy's version without its document.
pub(super) fn policy_version(version: &PolicyVersion) -> Vec<(&'static str, Node)> {
    vec![
        ("VersionId", Node::Text(version_id(version.number))),
        ("IsDefaultVersion", Node::Bool(version.is_default)),
        ("CreateDate", Node::Time(version.created)),
    ]
}

/// `v1`.
pub(super) fn version_id(number: u32) -> String {
    format!("v{number}")
}
