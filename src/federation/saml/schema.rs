//! What may stand where: the part of SAML's schemas that responses of identity providers are made of. Whatever else stands in
//! a response is refused, read or not.
//!
//! Sources: saml-schema-protocol-2.0.xsd, saml-schema-assertion-2.0.xsd, xmldsig-core-schema.xsd. Left out on purpose:
//! extensions, advice, decisions, and kinds of keys that no provider tells.

use data_encoding::BASE64;

use super::{
    attributes::ASSERTION,
    response::PROTOCOL,
    signature::SIGNATURE,
    xml::{Attribute, Element, Node, is_name},
};

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const TYPES: &str = "http://www.w3.org/2001/XMLSchema";
const EXCLUSIVE: &str = super::canonical::METHOD;

/// What an element holds.
enum Content {
    /// Text.
    Text,
    /// Bytes in base 64.
    Bytes,
    /// Elements in this order: the name, how many at least, how many at most.
    InOrder(&'static [(&'static str, usize, usize)]),
    /// Elements of these names in any order, at least one.
    Mixed(&'static [&'static str]),
    /// A value of the type that it names.
    Typed,
    /// Something that is looked at elsewhere.
    Anything,
}

use Content::{Anything, Bytes, InOrder, Mixed, Text, Typed};

const MANY: usize = usize::MAX;

/// Elements by prefix and name, their attributes (those with a `!` have to be there), and what they hold. The prefixes are
/// those of [`namespace`].
const ELEMENTS: &[(&str, &[&str], Content)] = &[
    (
        "p:Response",
        &["ID!", "Version!", "IssueInstant!", "Destination", "InResponseTo", "Consent"],
        InOrder(&[
            ("a:Issuer", 0, 1),
            ("s:Signature", 0, 1),
            ("p:Status", 1, 1),
            ("a:Assertion", 0, 1),
            ("a:EncryptedAssertion", 0, 1),
        ]),
    ),
    ("p:Status", &[], InOrder(&[("p:StatusCode", 1, 1), ("p:StatusMessage", 0, 1)])),
    ("p:StatusCode", &["Value!"], InOrder(&[("p:StatusCode", 0, 1)])),
    ("p:StatusMessage", &[], Text),
    ("a:EncryptedAssertion", &[], Anything),
    (
        "a:Assertion",
        &["ID!", "Version!", "IssueInstant!"],
        InOrder(&[
            ("a:Issuer", 1, 1),
            ("s:Signature", 0, 1),
            ("a:Subject", 1, 1),
            ("a:Conditions", 1, 1),
            ("a:Statement", 1, MANY),
        ]),
    ),
    ("a:Issuer", &["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"], Text),
    ("a:Subject", &[], InOrder(&[("a:NameID", 1, 1), ("a:SubjectConfirmation", 1, 1)])),
    ("a:NameID", &["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"], Text),
    ("a:SubjectConfirmation", &["Method!"], InOrder(&[("a:NameID", 0, 1), ("a:SubjectConfirmationData", 1, 1)])),
    (
        "a:SubjectConfirmationData",
        &["NotBefore", "NotOnOrAfter!", "Recipient!", "InResponseTo", "Address"],
        InOrder(&[]),
    ),
    (
        "a:Conditions",
        &["NotBefore", "NotOnOrAfter"],
        Mixed(&["a:AudienceRestriction", "a:OneTimeUse", "a:ProxyRestriction"]),
    ),
    ("a:AudienceRestriction", &[], InOrder(&[("a:Audience", 1, MANY)])),
    ("a:Audience", &[], Text),
    ("a:OneTimeUse", &[], InOrder(&[])),
    ("a:ProxyRestriction", &[], InOrder(&[("a:Audience", 0, MANY)])),
    (
        "a:AuthnStatement",
        &["AuthnInstant!", "SessionIndex", "SessionNotOnOrAfter"],
        InOrder(&[("a:SubjectLocality", 0, 1), ("a:AuthnContext", 1, 1)]),
    ),
    ("a:SubjectLocality", &["Address", "DNSName"], InOrder(&[])),
    (
        "a:AuthnContext",
        &[],
        InOrder(&[
            ("a:AuthnContextClassRef", 1, 1),
            ("a:AuthnContextDeclRef", 0, 1),
            ("a:AuthenticatingAuthority", 0, MANY),
        ]),
    ),
    ("a:AuthnContextClassRef", &[], Text),
    ("a:AuthnContextDeclRef", &[], Text),
    ("a:AuthenticatingAuthority", &[], Text),
    ("a:AttributeStatement", &[], InOrder(&[("a:Attribute", 1, MANY)])),
    ("a:Attribute", &["Name!", "NameFormat", "FriendlyName"], InOrder(&[("a:AttributeValue", 0, MANY)])),
    ("a:AttributeValue", &[], Typed),
    ("s:Signature", &["Id"], InOrder(&[("s:SignedInfo", 1, 1), ("s:SignatureValue", 1, 1), ("s:KeyInfo", 0, 1)])),
    (
        "s:SignedInfo",
        &["Id"],
        InOrder(&[("s:CanonicalizationMethod", 1, 1), ("s:SignatureMethod", 1, 1), ("s:Reference", 1, 1)]),
    ),
    ("s:SignatureValue", &["Id"], Bytes),
    ("s:CanonicalizationMethod", &["Algorithm!"], InOrder(&[("e:InclusiveNamespaces", 0, 1)])),
    ("s:SignatureMethod", &["Algorithm!"], InOrder(&[])),
    (
        "s:Reference",
        &["Id", "URI!", "Type"],
        InOrder(&[("s:Transforms", 1, 1), ("s:DigestMethod", 1, 1), ("s:DigestValue", 1, 1)]),
    ),
    ("s:Transforms", &[], InOrder(&[("s:Transform", 2, 2)])),
    ("s:Transform", &["Algorithm!"], InOrder(&[("e:InclusiveNamespaces", 0, 1)])),
    ("s:DigestMethod", &["Algorithm!"], InOrder(&[])),
    ("s:DigestValue", &[], Bytes),
    ("e:InclusiveNamespaces", &["PrefixList!"], InOrder(&[])),
    ("s:KeyInfo", &["Id"], Mixed(&["s:KeyName", "s:KeyValue", "s:X509Data"])),
    ("s:KeyName", &[], Text),
    ("s:KeyValue", &[], InOrder(&[("s:RSAKeyValue", 1, 1)])),
    ("s:RSAKeyValue", &[], InOrder(&[("s:Modulus", 1, 1), ("s:Exponent", 1, 1)])),
    ("s:Modulus", &[], Bytes),
    ("s:Exponent", &[], Bytes),
    ("s:X509Data", &[], InOrder(&[("s:X509SubjectName", 0, 1), ("s:X509Certificate", 1, MANY)])),
    ("s:X509SubjectName", &[], Text),
    ("s:X509Certificate", &[], Bytes),
];

/// What stands for `a:Statement`.
const STATEMENTS: [&str; 2] = ["a:AuthnStatement", "a:AttributeStatement"];

fn namespace(prefix: &str) -> &'static str {
    match prefix {
        "p" => PROTOCOL,
        "a" => ASSERTION,
        "s" => SIGNATURE,
        _ => EXCLUSIVE,
    }
}

fn is_called(element: &Element, name: &str) -> bool {
    let (prefix, local) = name.split_once(':').unwrap_or_default();
    element.is(namespace(prefix), local)
}

/// Checks an element with all below it and names the first that does not fit.
pub(super) fn check(element: &Element) -> Result<(), &'static str> {
    let row = ELEMENTS.iter().find(|(name, ..)| is_called(element, name));
    let (name, attributes, content) = row.ok_or("an element that is not known")?;
    let fits = has(element, attributes)
        && match content {
            Text => element.text().is_some(),
            Bytes => element.text().is_some_and(|text| is_base_64(&text)),
            InOrder(parts) => is_spaced(element) && are_in_order(element, parts),
            Mixed(names) => {
                let is_one = |it: &Element| names.iter().any(|name| is_called(it, name));
                is_spaced(element) && element.elements().next().is_some() && element.elements().all(is_one)
            }
            Typed => is_value(element),
            Anything => true,
        };
    if !fits {
        return Err(name);
    }
    match content {
        Typed | Anything => Ok(()),
        _ => element.elements().try_for_each(check),
    }
}

/// Whether the attributes are those. Attributes with a prefix are for `Attribute` and its values only, and for schemas.
fn has(element: &Element, names: &[&str]) -> bool {
    let is_required_there = |name: &&str| name.strip_suffix('!').is_none_or(|name| element.attribute(name).is_some());
    let is_known = |attribute: &Attribute| match &*attribute.prefix {
        "" => names.iter().any(|name| name.trim_end_matches('!') == &*attribute.name) && is_typed_right(attribute),
        _ => element.is(ASSERTION, "Attribute") || element.is(ASSERTION, "AttributeValue"),
    };
    names.iter().all(is_required_there) && element.attributes.iter().all(is_known)
}

/// Ids are names; the rest are texts, or are read elsewhere.
fn is_typed_right(attribute: &Attribute) -> bool {
    !matches!(&*attribute.name, "ID" | "Id" | "InResponseTo") || is_name(&attribute.value)
}

/// Whether there is nothing but space between the elements.
fn is_spaced(element: &Element) -> bool {
    element.nodes.iter().all(|node| matches!(node, Node::Element(_)) || is_space(node))
}

fn is_space(node: &Node) -> bool {
    matches!(node, Node::Text(text) if text.bytes().all(|byte| byte.is_ascii_whitespace()))
}

fn are_in_order(element: &Element, parts: &[(&str, usize, usize)]) -> bool {
    let mut elements = element.elements().peekable();
    for (name, least, most) in parts {
        let is_part = |element: &Element| match *name {
            "a:Statement" => STATEMENTS.iter().any(|name| is_called(element, name)),
            name => is_called(element, name),
        };
        let mut count = 0;
        while count < *most && elements.next_if(|element| is_part(element)).is_some() {
            count += 1;
        }
        if count < *least {
            return false;
        }
    }
    elements.next().is_none()
}

fn is_base_64(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    BASE64.decode(bare.as_bytes()).is_ok()
}

/// A text of its type, or a name of SAML. Types are told by `xsi:type`; without one any text fits.
fn is_value(value: &Element) -> bool {
    if value.text().is_none() {
        let mut inside = value.nodes.iter().filter(|node| !is_space(node));
        return match (inside.next(), inside.next()) {
            (Some(Node::Element(name)), None) => is_called(name, "a:NameID") && check(name).is_ok(),
            _ => false,
        };
    }
    let mut attributes = value.attributes.iter();
    let (kind, rest) = (attributes.next(), attributes.next());
    match (kind, rest) {
        (None, _) => true,
        (Some(kind), None) if *kind.namespace == *INSTANCE && &*kind.name == "type" => is_of_type(value, &kind.value),
        _ => false,
    }
}

fn is_of_type(value: &Element, kind: &str) -> bool {
    let (prefix, kind) = kind.split_once(':').unwrap_or(("", kind));
    let text = value.text().unwrap_or_default();
    let is_number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    value.scope.find(prefix).is_some_and(|namespace| *namespace == *TYPES)
        && match kind {
            "string" | "anyType" => true,
            "boolean" => matches!(&*text, "true" | "false" | "0" | "1"),
            "integer" => is_number(&text),
            "decimal" | "double" => {
                let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
                is_number(whole) && part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty()
            }
            "anyURI" => !text.contains(|c: char| c.is_whitespace() || c.is_control()),
            _ => false,
        }
}
