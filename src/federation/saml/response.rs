//! A response from its text to the verified assertion in it.

use std::collections::HashSet;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::{
    Reuse, Settings, assertion,
    attributes::ASSERTION,
    encrypted::{self, ENCRYPTION},
    refusal::Refusal,
    replay::Used,
    schema,
    signature::{self, SIGNATURE, signed},
    xml::{self, Element},
};
use crate::{
    base::{AccountId, Arn, Timestamp},
    federation::Asserted,
};

pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// The longest response, in characters of base 64 (STS API reference, `SAMLAssertion`).
const TEXT_BYTES_MAX: usize = 100_000;

/// A provider, as it is registered.
pub struct Provider<'a> {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Its name, the last part of its ARN.
    pub name: &'a str,
    /// Its unique id.
    pub id: &'a str,
    /// The id of the entity in its metadata.
    pub entity_id: &'a str,
    /// The certificates of the keys that it signs with: DER in base 64.
    pub certificates: &'a [String],
    /// Until when its metadata holds.
    pub valid_until: Timestamp,
    /// The keys that open its encrypted assertions, as PEM.
    pub private_keys: &'a [Zeroizing<String>],
    /// Whether its assertions have to be encrypted.
    pub must_encrypt: bool,
}

/// A verified assertion. All of it was signed by its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// What it says of whom, with `saml:` condition keys.
    pub asserted: Asserted,
    /// Its id.
    pub id: String,
    /// Whether its provider wants it used once.
    pub once: bool,
    /// The name of the session.
    pub session_name: String,
    /// The longest duration of the session, in seconds from 900 to 43,200.
    pub session_seconds: Option<u32>,
    /// When the session has to end.
    pub session_until: Option<Timestamp>,
    /// `persistent`, `transient`, or the URI of another format of the subject's name.
    pub subject_type: String,
    /// What tells subjects of one name from different providers apart: base 64 of a digest.
    pub name_qualifier: String,
    /// Roles with their providers, as ARNs.
    pub(super) roles: Vec<(String, String)>,
}

impl Provider<'_> {
    /// `arn:aws:iam::{account}:saml-provider/{name}`.
    pub fn arn(&self) -> Arn {
        Arn::iam(self.account.as_str(), &format!("saml-provider/{}", self.name))
    }
}

/// Verifies a response (base 64) of a provider, which has to name this role with this provider.
///
/// # Errors
/// The check that refused it.
pub fn verify(
    text: &str,
    role: &str,
    provider: &Provider<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Assertion, Refusal> {
    if provider.valid_until <= now {
        return Err(Refusal::MetadataExpired);
    }
    let response = Element::read(&decoded(text)?)?;
    check_envelope(&response, provider, settings, now)?;
    let assertion = covered(&response, provider)?;
    let assertion = assertion::read(&assertion, provider, settings, now)?;
    let arn = provider.arn();
    if !assertion.roles.iter().any(|(known, by)| known == role && by == arn.as_str()) {
        return Err(Refusal::Role);
    }
    schema::check(&response).map_err(Refusal::Schema)?;
    Ok(assertion)
}

/// Takes note that an assertion was used for a role.
///
/// # Errors
/// If it may not be used again.
pub fn claim(
    used: &Used,
    assertion: &Assertion,
    role: &str,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), Refusal> {
    match use_of(assertion, role, settings) {
        Some(parts) => used.claim(&parts, assertion.asserted.expires, now).map_err(Refusal::Again),
        None => Ok(()),
    }
}

/// Takes that note back: no session was made.
pub fn unclaim(used: &Used, assertion: &Assertion, role: &str, settings: &Settings) {
    if let Some(parts) = use_of(assertion, role, settings) {
        used.unclaim(&parts);
    }
}

/// What may happen once; `None` for what may happen often.
fn use_of<'a>(assertion: &'a Assertion, role: &'a str, settings: &Settings) -> Option<Vec<&'a str>> {
    let (issuer, id) = (&*assertion.asserted.issuer, &*assertion.id);
    match settings.reuse {
        Reuse::Never => Some(vec![issuer, id]),
        _ if assertion.once => Some(vec![issuer, id]),
        Reuse::OtherRoles => Some(vec![issuer, id, role]),
        Reuse::Always => None,
    }
}

fn decoded(text: &str) -> Result<String, Refusal> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Refusal::Base64);
    }
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| Refusal::Base64)?;
    let text = String::from_utf8(bytes).map_err(|_| Refusal::Xml(xml::Flaw::Syntax))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// What surrounds an assertion and need not be signed: it can only refuse.
fn check_envelope(
    response: &Element,
    provider: &Provider<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), Refusal> {
    let is_response = response.is(PROTOCOL, "Response") && response.count(PROTOCOL, "Response") == 1;
    if !is_response || response.attribute("Version") != Some("2.0") {
        return Err(Refusal::Response("Response"));
    }
    if !response.attribute("ID").is_some_and(xml::is_name) {
        return Err(Refusal::Response("ID"));
    }
    let status = response.only(PROTOCOL, "Status").and_then(|status| status.only(PROTOCOL, "StatusCode"));
    match status.and_then(|code| code.attribute("Value")).ok_or(Refusal::Response("StatusCode"))? {
        SUCCESS => {}
        other => return Err(Refusal::Status(other.to_owned())),
    }
    if response.attribute("Destination").is_some_and(|place| !settings.is_recipient(place, provider.id)) {
        return Err(Refusal::Destination);
    }
    assertion::issuer(response, provider)?;
    assertion::redeemed_until(response, now)?;
    Ok(())
}

/// The assertion of a response, read from bytes that a signature covers.
fn covered(response: &Element, provider: &Provider<'_>) -> Result<Element, Refusal> {
    let plain: Vec<&Element> = response.all(ASSERTION, "Assertion").collect();
    let sealed: Vec<&Element> = response.all(ASSERTION, "EncryptedAssertion").collect();
    let everywhere = response.count(ASSERTION, "Assertion") + response.count(ASSERTION, "EncryptedAssertion");
    if everywhere != 1 {
        return Err(Refusal::Assertions);
    }
    let outer = signed(response, provider.certificates).map_err(|why| Refusal::Signature("response", why))?;
    let outer = outer.map(|signed| signed.element);
    match (plain.first(), sealed.first()) {
        (Some(_), None) if provider.must_encrypt => Err(Refusal::NotEncrypted),
        (Some(assertion), None) => {
            check_places(response, Some(assertion))?;
            match (own(assertion, provider)?, outer) {
                (Some(assertion), _) => Ok(assertion),
                (None, Some(outer)) => taken(outer, "Assertion"),
                (None, None) => Err(Refusal::Unsigned),
            }
        }
        (None, Some(sealed)) => {
            check_places(response, None)?;
            let verified = outer.as_ref().map(|outer| outer.only(ASSERTION, "EncryptedAssertion"));
            let sealed = verified.unwrap_or(Some(sealed)).ok_or(Refusal::Assertions)?;
            let keys = provider.private_keys.iter().map(|key| key.as_str());
            let text = encrypted::open(sealed, keys, outer.is_some()).ok_or(Refusal::Encryption)?;
            // Whether it is this or its signature that is wrong is not told: see `encrypted`.
            let assertion = Element::read(&text).map_err(|_| Refusal::Encryption)?;
            if assertion.count(ASSERTION, "Assertion") != 1 || assertion.count(ENCRYPTION, "EncryptedData") != 0 {
                return Err(Refusal::Encryption);
            }
            // In its place it would be a part of the response, in which no id is there twice.
            let ids: HashSet<&str> = response.ids().into_iter().collect();
            if assertion.ids().iter().any(|id| ids.contains(id)) {
                return Err(Refusal::Encryption);
            }
            check_places(&assertion, Some(&assertion)).map_err(|_| Refusal::Encryption)?;
            let own = own(&assertion, provider)?;
            if own.is_none() && outer.is_none() {
                return Err(Refusal::Unsigned);
            }
            schema::check(&assertion).map_err(Refusal::Schema)?;
            Ok(own.unwrap_or(assertion))
        }
        _ => Err(Refusal::Assertions),
    }
}

/// What an assertion's own signature covers, if it has one.
fn own(assertion: &Element, provider: &Provider<'_>) -> Result<Option<Element>, Refusal> {
    let own = signed(assertion, provider.certificates).map_err(|why| Refusal::Signature("assertion", why))?;
    Ok(own.map(|signed| signed.element))
}

/// There is no signature but right below the root and right below the assertion.
fn check_places(root: &Element, assertion: Option<&Element>) -> Result<(), Refusal> {
    let below = |element: &Element| element.all(SIGNATURE, "Signature").count();
    let places = below(root) + assertion.filter(|it| !std::ptr::eq(*it, root)).map_or(0, below);
    match root.count(SIGNATURE, "Signature") == places {
        true => Ok(()),
        false => Err(Refusal::Signature("response", signature::Unproven::Place)),
    }
}

/// Takes the one child of this name out of an element.
fn taken(element: Element, name: &str) -> Result<Element, Refusal> {
    let mut found = element.nodes.into_iter().filter_map(|node| match node {
        xml::Node::Element(child) if child.is(ASSERTION, name) => Some(child),
        _ => None,
    });
    match (found.next(), found.next()) {
        (Some(child), None) => Ok(child),
        _ => Err(Refusal::Assertions),
    }
}
