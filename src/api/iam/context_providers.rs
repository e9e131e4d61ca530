//! Context providers: what an identity provider has to say of whom a session is for. See [`crate::federation::origin`].
//!
//! There is no IAM Identity Center here: an instance of it that a call names cannot be found, and none is ever associated.
//! Source: IAM API reference, `UpdateOpenIDConnectProvider`, `ContextProvider`; IAM user guide, "IAM and AWS STS condition
//! context keys".

use super::texts::{CONTEXT_KEY, IDENTITY_CENTER, SUBJECT_TYPE};
use crate::{
    api::query::{Input, Node},
    base::{Fault, condition::Value},
    federation::origin::{ContextProvider, SubjectType},
};

/// The most claims of one provider.
const KEYS_MAX: usize = 10;

/// What a call says of it.
pub(super) struct Asked {
    context: Option<Given>,
    is_removed: bool,
    instance: Option<String>,
    is_instance_removed: bool,
}

struct Given {
    subject: String,
    type_value: Option<String>,
    type_source: Option<String>,
    keys: Vec<(String, Option<String>)>,
}

impl Asked {
    /// Reads it, for a provider that is made.
    pub(super) fn new(input: &mut Input<'_>) -> Self {
        let context = input.is_given("ContextProvider").then(|| Given::read(input));
        let instance = input.optional("IdentityCenterInstanceArn", &IDENTITY_CENTER);
        Self { context, is_removed: false, instance, is_instance_removed: false }
    }

    /// Reads it, for a provider that is changed.
    pub(super) fn change(input: &mut Input<'_>) -> Self {
        Self {
            is_removed: input.flag("RemoveContextProvider").unwrap_or(false),
            is_instance_removed: input.flag("RemoveIdentityCenterInstance").unwrap_or(false),
            ..Self::new(input)
        }
    }

    /// The condition keys: whether either is turned on or off, and the instance.
    pub(super) fn facts(&self) -> Vec<(String, Value<'static>)> {
        let turned = |is_on: bool, is_off: bool| (is_on || is_off).then_some(Value::bool(is_on));
        let all = [
            ("iam:enableidentitypropagation", turned(self.context.is_some(), self.is_removed)),
            ("iam:enableidentitycenterassociation", turned(self.instance.is_some(), self.is_instance_removed)),
            ("iam:requestidentitycenterinstancearn", self.instance.as_deref().map(Value::owned)),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }

    /// What a provider that is made has.
    pub(super) fn made(self) -> Result<Option<ContextProvider>, Fault> {
        if self.instance.is_some() && self.context.is_none() {
            return Err(invalid("IdentityCenterInstanceArn can be specified only together with ContextProvider."));
        }
        self.refuse_instance()?;
        self.context.map(Given::checked).transpose()
    }

    /// What a provider that is changed has from now on; the outer `None` for what it had.
    pub(super) fn changed(self) -> Result<Option<Option<ContextProvider>>, Fault> {
        if self.context.is_some() && self.is_removed {
            return Err(invalid("ContextProvider and RemoveContextProvider cannot be specified together."));
        }
        if self.instance.is_some() && self.is_instance_removed {
            return Err(invalid(
                "IdentityCenterInstanceArn and RemoveIdentityCenterInstance cannot be specified together.",
            ));
        }
        let is_of_context = self.context.is_some() || self.is_removed;
        let is_of_instance = self.instance.is_some() || self.is_instance_removed;
        match (is_of_context, is_of_instance) {
            (true, true) => Err(invalid(
                "The context provider and the IAM Identity Center association cannot be changed in the same request.",
            )),
            (false, false) => Err(invalid("Unable to update identity provider. No updates are defined.")),
            (false, true) => self.refuse_instance().map(|()| None),
            (true, false) => self.context.map(Given::checked).transpose().map(Some),
        }
    }

    fn refuse_instance(&self) -> Result<(), Fault> {
        match &self.instance {
            None => Ok(()),
            Some(arn) => Err(invalid(format!("The IAM Identity Center instance {arn} cannot be found."))),
        }
    }
}

impl Given {
    fn read(input: &mut Input<'_>) -> Self {
        let members = input.structures("ContextProvider.KeyDefinitionList", KEYS_MAX);
        let key = |member: &String| {
            let source = input.required(&format!("{member}.SourceKey"), &CONTEXT_KEY);
            (source, input.optional(&format!("{member}.TargetKey"), &CONTEXT_KEY))
        };
        let keys = members.iter().map(key).collect();
        Self {
            subject: input.required("ContextProvider.SubjectSourceKey", &CONTEXT_KEY),
            type_value: input.optional("ContextProvider.SubjectTypeValue", &SUBJECT_TYPE),
            type_source: input.optional("ContextProvider.SubjectTypeSourceKey", &CONTEXT_KEY),
            keys,
        }
    }

    fn checked(self) -> Result<ContextProvider, Fault> {
        let of_keys = self.keys.iter().flat_map(|(source, target)| [Some(source), target.as_ref()]);
        let named = [Some(&self.subject), self.type_source.as_ref()].into_iter().chain(of_keys).flatten();
        if let Some(wrong) = named.into_iter().find(|key| !is_key(key)) {
            return Err(invalid(format!("The key {wrong} of the context provider is not valid.")));
        }
        let mut targets: Vec<String> =
            self.keys.iter().map(|(source, target)| target.as_ref().unwrap_or(source).to_lowercase()).collect();
        targets.sort_unstable();
        if targets.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(invalid("A target key stands twice in the context provider."));
        }
        let subject_type = match (self.type_value.filter(|value| !value.is_empty()), self.type_source) {
            (Some(_), Some(_)) => {
                return Err(invalid("SubjectTypeValue and SubjectTypeSourceKey cannot be specified together."));
            }
            (Some(value), None) => Some(SubjectType::Value(value)),
            (None, source) => source.map(SubjectType::Source),
        };
        Ok(ContextProvider { subject: self.subject, subject_type, keys: self.keys })
    }
}

/// ASCII letters, digits, `_ . : / = + - @ #`, and single spaces between them.
fn is_key(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/=+-@#".contains(&byte);
    text.split(' ').all(|word| !word.is_empty() && word.bytes().all(fits))
}

/// As calls are answered.
pub(super) fn node(context: Option<ContextProvider>) -> Node {
    let Some(context) = context else { return Node::Nothing };
    let (value, source) = match context.subject_type {
        None => (None, None),
        Some(SubjectType::Value(value)) => (Some(value), None),
        Some(SubjectType::Source(source)) => (None, Some(source)),
    };
    let key = |(source, target): (String, Option<String>)| {
        Node::Struct(vec![("SourceKey", Node::Text(source)), ("TargetKey", Node::maybe(target))])
    };
    Node::Struct(vec![
        ("KeyDefinitionList", Node::List(context.keys.into_iter().map(key).collect())),
        ("SubjectSourceKey", Node::Text(context.subject)),
        ("SubjectTypeValue", Node::maybe(value)),
        ("SubjectTypeSourceKey", Node::maybe(source)),
    ])
}

/// Providers of SAML have none here, and what is said of it is not left out silently.
pub(super) fn refuse(input: &Input<'_>) -> Result<(), Fault> {
    match ["ContextProvider", "IdentityCenterInstanceArn"].into_iter().find(|name| input.is_given(name)) {
        None => Ok(()),
        Some(name) => Err(invalid(format!("{name} cannot be specified: it is not taken for SAML providers here."))),
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "InvalidInput", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_words_with_single_spaces() {
        for (text, fits) in [
            ("sub", true),
            ("https://example.com/team", true),
            ("a b", true),
            ("a.b:c/d=e+f-g@h#i_J0", true),
            ("", false),
            (" a", false),
            ("a ", false),
            ("a  b", false),
            ("a$b", false),
            ("a\tb", false),
            ("ä", false),
        ] {
            assert_eq!(is_key(text), fits, "{text:?}");
        }
    }
}
