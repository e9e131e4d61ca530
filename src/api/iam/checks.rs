//! What the API asks of names, paths, tags and documents, for whoever wants to know before calling.

use super::{
    inline_policies, policies, roles,
    texts::{DESCRIPTION, DOCUMENT, NAME, PATH, POLICY_PATH, ROLE_DESCRIPTION, ROLE_NAME, USER_NAME},
};
use crate::{
    api::query::{Input, Parameters, Text},
    base::Fault,
    store::IdentityKind,
};

/// A parameter that the API has constraints for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The name of a new user, group or role.
    Name(IdentityKind),
    /// The name of a policy, managed or inline, or of an instance profile.
    PolicyName,
    /// The path of a user, group, role or instance profile.
    Path,
    /// The path of a managed policy.
    PolicyPath,
    /// What a role's maker says of it.
    RoleDescription,
    /// What a policy's maker says of it.
    PolicyDescription,
    /// The text of a policy document.
    Document,
}

/// A text against the constraints of its parameter, in AWS's words.
pub fn text(checked: Checked, value: &str) -> Result<(), Fault> {
    let (name, text): (&str, &Text) = match checked {
        Checked::Name(IdentityKind::User) => ("UserName", &USER_NAME),
        Checked::Name(IdentityKind::Group) => ("GroupName", &NAME),
        Checked::Name(IdentityKind::Role) => ("RoleName", &ROLE_NAME),
        Checked::PolicyName => ("PolicyName", &NAME),
        Checked::Path => ("Path", &PATH),
        Checked::PolicyPath => ("Path", &POLICY_PATH),
        Checked::RoleDescription => ("Description", &ROLE_DESCRIPTION),
        Checked::PolicyDescription => ("Description", &DESCRIPTION),
        Checked::Document => ("PolicyDocument", &DOCUMENT),
    };
    let parameters = Parameters::of([(name.to_owned(), value.to_owned())]);
    let mut input = Input::new(&parameters);
    input.required(name, text);
    input.check()
}

/// All tags of one resource.
pub fn tags<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), Fault> {
    let numbered = tags.enumerate().flat_map(|(at, (key, value))| {
        let member = format!("Tags.member.{}", at + 1);
        [(format!("{member}.Key"), key.to_owned()), (format!("{member}.Value"), value.to_owned())]
    });
    let parameters = Parameters::of(numbered);
    let mut input = Input::new(&parameters);
    input.tags("Tags", false)?;
    input.check()
}

/// The document of a managed policy.
pub fn managed(document: &str) -> Result<(), Fault> {
    text(Checked::Document, document)?;
    policies::check_document(document)
}

/// The trust policy of a role.
pub fn trust(document: &str) -> Result<(), Fault> {
    text(Checked::Document, document)?;
    roles::check_trust(document)
}

/// One inline policy of somebody.
pub fn inline(kind: IdentityKind, holder: &str, document: &str) -> Result<(), Fault> {
    text(Checked::Document, document)?;
    inline_policies::check_document(kind, holder, document)
}

/// The size of all inline policies of somebody together.
pub fn inline_size<'a>(
    kind: IdentityKind,
    holder: &str,
    documents: impl Iterator<Item = &'a str>,
) -> Result<(), Fault> {
    inline_policies::check_size(kind, holder, documents)
}
