//! What the attributes of an assertion mean to AWS. Source: IAM user guide, "Configure SAML assertions for the
//! authentication response", with the table of names that become condition keys of trust policies.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    refusal::Refusal,
    xml::{Element, Node},
};
use crate::base::{Tag, name};

pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";
const SESSION_NAME: &str = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
const SESSION_DURATION: &str = "https://aws.amazon.com/SAML/Attributes/SessionDuration";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/SAML/Attributes/SourceIdentity";
const TRANSITIVE: &str = "https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys";
const TAG: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:";

const NAME_CHARACTERS_MAX: usize = 64;
const TAGS_MAX: usize = 50;

/// Attributes that become condition keys; `true`: with any number of values. Two of AWS's names lack a digit or have two
/// turned round; they stand here as AWS writes them and as X.500 and LDAP do. The security id of the primary group goes
/// to its own key, not to `saml:uid` as one of AWS's tables has it.
const KEYS: [(&str, &str, bool); 33] = [
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "saml:edupersonaffiliation", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "saml:edupersonnickname", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "saml:edupersonorgdn", false),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "saml:edupersonorgunitdn", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", "saml:edupersonprimaryaffiliation", false),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "saml:edupersonprincipalname", false),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "saml:edupersonentitlement", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.8", "saml:edupersonprimaryorgunitdn", false),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "saml:edupersonscopedaffiliation", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "saml:edupersontargetedid", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "saml:edupersonassurance", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "saml:eduorghomepageuri", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.3", "saml:eduorgidentityauthnpolicyuri", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "saml:eduorglegalname", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "saml:eduorgsuperioruri", true),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "saml:eduorgwhitepagesuri", true),
    ("urn:oid:2.5.4.3", "saml:cn", true),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "saml:name", false),
    ("http://schemas.xmlsoap.org/claims/CommonName", "saml:commonname", false),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "saml:givenname", false),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "saml:surname", false),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "saml:mail", false),
    ("http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid", "saml:primarygroupsid", false),
    ("2.5.4.3", "saml:commonname", false),
    ("2.5.4.4", "saml:surname", false),
    ("2.4.5.42", "saml:givenname", false),
    ("2.5.4.42", "saml:givenname", false),
    ("2.5.4.45", "saml:x500uniqueidentifier", false),
    ("0.9.2342.19200300100.1.1", "saml:uid", false),
    ("0.9.2342.19200300.100.1.1", "saml:uid", false),
    ("0.9.2342.19200300100.1.3", "saml:mail", false),
    ("0.9.2342.19200300.100.1.3", "saml:mail", false),
    ("0.9.2342.19200300.100.1.45", "saml:organizationstatus", false),
];

/// Whether a condition key that comes from an attribute has any number of values.
pub fn is_list(key: &str) -> bool {
    KEYS.iter().any(|(_, known, list)| *known == key && *list)
}

/// What the attributes of an assertion say.
#[derive(Default)]
pub(super) struct Attributes {
    /// Roles with their providers, as ARNs.
    pub(super) roles: Vec<(String, String)>,
    pub(super) session_name: String,
    pub(super) session_seconds: Option<u32>,
    pub(super) source_identity: Option<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) transitive_tag_keys: Vec<String>,
    /// Condition keys with their values.
    pub(super) facts: BTreeMap<&'static str, Vec<String>>,
}

impl Attributes {
    /// Reads the attribute statements of an assertion.
    pub(super) fn read(assertion: &Element) -> Result<Self, Refusal> {
        let mut said: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for statement in assertion.all(ASSERTION, "AttributeStatement") {
            for attribute in statement.elements() {
                if !attribute.is(ASSERTION, "Attribute") {
                    return Err(Refusal::Form("Attribute"));
                }
                let name = attribute.attribute("Name").ok_or(Refusal::Form("Attribute"))?;
                if is_known(name) {
                    said.entry(name).or_default().extend(values(attribute)?);
                }
            }
        }
        let mut read = Self::default();
        for (name, values) in said {
            read.take(name, values)?;
        }
        read.check()?;
        Ok(read)
    }

    fn take(&mut self, name: &str, values: Vec<String>) -> Result<(), Refusal> {
        match name {
            ROLE => self.roles = values.iter().filter_map(|value| pair(value)).collect(),
            SESSION_NAME => {
                self.session_name = one(values).filter(|it| is_session_name(it)).ok_or(Refusal::SessionName)?
            }
            SOURCE_IDENTITY => {
                let fits = |it: &String| is_session_name(it) && !it.starts_with("aws:");
                self.source_identity = Some(one(values).filter(fits).ok_or(Refusal::SourceIdentity)?);
            }
            SESSION_DURATION => {
                let seconds = one(values).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                let seconds = seconds.and_then(|text| text.parse().ok()).filter(|it| (900..=43_200).contains(it));
                self.session_seconds = Some(seconds.ok_or(Refusal::SessionDuration)?);
            }
            TRANSITIVE => self.transitive_tag_keys = values,
            name => match name.strip_prefix(TAG) {
                Some(key) => {
                    let value = one(values).ok_or(Refusal::Tags)?;
                    self.tags.push(Tag::new(key, &value).ok_or(Refusal::Tags)?);
                }
                None => self.fact(name, values)?,
            },
        }
        Ok(())
    }

    /// One key may come from several attributes; one that has a single value must be given one only.
    fn fact(&mut self, name: &str, values: Vec<String>) -> Result<(), Refusal> {
        let Some((_, key, list)) = KEYS.into_iter().find(|(known, ..)| *known == name) else { return Ok(()) };
        let fact = self.facts.entry(key).or_default();
        for value in values {
            if !fact.contains(&value) {
                fact.push(value);
            }
        }
        if fact.len() > 1 && !list { Err(Refusal::Ambiguous(key)) } else { Ok(()) }
    }

    /// What concerns several attributes. Source: IAM user guide, "Pass session tags in AWS STS".
    fn check(&mut self) -> Result<(), Refusal> {
        if self.session_name.is_empty() {
            return Err(Refusal::NoSessionName);
        }
        self.facts.retain(|_, values| !values.is_empty());
        let keys: BTreeSet<String> = self.tags.iter().map(|tag| tag.key.to_lowercase()).collect();
        let is_own = keys.iter().any(|key| key.starts_with("aws:"));
        let transitive: BTreeSet<String> = self.transitive_tag_keys.iter().map(|key| key.to_lowercase()).collect();
        let are_once = keys.len() == self.tags.len() && transitive.len() == self.transitive_tag_keys.len();
        match are_once && !is_own && transitive.is_subset(&keys) && keys.len() <= TAGS_MAX {
            true => Ok(()),
            false => Err(Refusal::Tags),
        }
    }
}

fn is_known(name: &str) -> bool {
    [ROLE, SESSION_NAME, SESSION_DURATION, SOURCE_IDENTITY, TRANSITIVE].contains(&name)
        || name.starts_with(TAG)
        || KEYS.iter().any(|(known, ..)| *known == name)
}

/// `[\w+=,.@-]{2,64}`.
fn is_session_name(text: &str) -> bool {
    text.len() >= 2 && name::is_name(text, NAME_CHARACTERS_MAX)
}

fn one(values: Vec<String>) -> Option<String> {
    let [value]: [String; 1] = values.try_into().ok()?;
    Some(value)
}

/// The texts of an attribute's values. The eduPerson ids are names of SAML in elements of their own.
fn values(attribute: &Element) -> Result<Vec<String>, Refusal> {
    let values = attribute.elements().map(|value| {
        let is_nil = value.attributes.iter().any(|it| *it.namespace == *INSTANCE && &*it.name == "nil");
        if !value.is(ASSERTION, "AttributeValue") || is_nil {
            return None;
        }
        let is_space = |node: &Node| matches!(node, Node::Text(text) if text.trim().is_empty());
        match value.text() {
            Some(text) => Some(text),
            None => {
                let mut inside = value.nodes.iter().filter(|node| !is_space(node));
                match (inside.next(), inside.next()) {
                    (Some(Node::Element(name)), None) if name.is(ASSERTION, "NameID") => name.text(),
                    _ => None,
                }
            }
        }
    });
    values.collect::<Option<_>>().ok_or(Refusal::Form("AttributeValue"))
}

/// A role with its provider, in either order.
fn pair(value: &str) -> Option<(String, String)> {
    let (one, other) = value.split_once(',')?;
    let (one, other) = (one.trim(), other.trim());
    let is_role = |arn: &str| arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("role/"));
    let is_provider =
        |arn: &str| arn.splitn(6, ':').nth(5).is_some_and(|resource| resource.starts_with("saml-provider/"));
    match (is_role(one), is_role(other)) {
        (true, false) if is_provider(other) => Some((one.to_owned(), other.to_owned())),
        (false, true) if is_provider(one) => Some((other.to_owned(), one.to_owned())),
        _ => None,
    }
}
