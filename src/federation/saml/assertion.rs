//! What a verified assertion says, and whether it is for us, for now and as AWS asks.
//!
//! Sources: "Assertions and Protocols for SAML V2.0", 2; "Profiles for SAML V2.0", 4.1.4; IAM user guide, "Configure SAML
//! assertions for the authentication response" and "SAML federation" (unique names of users).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::BASE64;
use jiff::SignedDuration;

use super::{
    Settings,
    attributes::{ASSERTION, Attributes},
    refusal::Refusal,
    response::{Assertion, Provider},
    xml::{Element, is_name},
};
use crate::{base::Timestamp, federation::Asserted};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// How long after its issue an assertion is taken.
const REDEEMED_WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// How far a provider's clock may be ahead of ours. What has expired has expired.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// Reads an assertion from the bytes that a signature covers.
pub(super) fn read(
    assertion: &Element,
    provider: &Provider<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Assertion, Refusal> {
    if !assertion.is(ASSERTION, "Assertion") || assertion.attribute("Version") != Some("2.0") {
        return Err(Refusal::Form("Assertion"));
    }
    let id = assertion.attribute("ID").filter(|id| is_name(id)).ok_or(Refusal::Form("ID"))?;
    let issuer = issuer(assertion, provider)?.ok_or(Refusal::Issuer)?;
    let mut until = redeemed_until(assertion, now)?;
    let subject = Subject::read(assertion, provider, settings, now)?;
    until = until.min(subject.until);
    let conditions = Conditions::read(assertion, settings, now)?;
    until = until.min(conditions.until.unwrap_or(until));
    let session_until = session(assertion, now)?;
    let attributes = Attributes::read(assertion)?;
    let name_qualifier = name_qualifier(&issuer, provider);
    let facts = [
        ("saml:aud", &subject.recipient),
        ("saml:doc", &format!("{}/{}", provider.account, provider.name)),
        ("saml:iss", &issuer),
        ("saml:namequalifier", &name_qualifier),
        ("saml:sub", &subject.name),
        ("saml:sub_type", &subject.kind),
    ];
    let facts = facts.map(|(key, value)| (key, vec![value.clone()])).into_iter().chain(attributes.facts);
    Ok(Assertion {
        id: id.to_owned(),
        once: conditions.once,
        name_qualifier,
        subject_type: subject.kind,
        roles: attributes.roles,
        session_name: attributes.session_name,
        session_seconds: attributes.session_seconds,
        session_until,
        asserted: Asserted {
            origin: None,
            issuer,
            subject: subject.name,
            audience: subject.recipient,
            expires: until,
            facts: facts.map(|(key, values)| (key.to_owned(), values)).collect(),
            tags: attributes.tags,
            transitive_tag_keys: attributes.transitive_tag_keys,
            source_identity: attributes.source_identity,
        },
    })
}

/// The issuer, if there is one, which is the provider.
pub(super) fn issuer(element: &Element, provider: &Provider<'_>) -> Result<Option<String>, Refusal> {
    if element.all(ASSERTION, "Issuer").next().is_none() {
        return Ok(None);
    }
    let issuer = element.only(ASSERTION, "Issuer").and_then(Element::text);
    issuer.filter(|issuer| issuer == provider.entity_id).map(Some).ok_or(Refusal::Issuer)
}

/// Until when a response or an assertion is taken: five minutes from its issue, which is not later than now.
pub(super) fn redeemed_until(element: &Element, now: Timestamp) -> Result<Timestamp, Refusal> {
    let issued = moment_of(element, "IssueInstant")?.ok_or(Refusal::Form("IssueInstant"))?;
    if is_ahead(issued, now) {
        return Err(Refusal::Early("IssueInstant"));
    }
    let until = issued.checked_add(REDEEMED_WITHIN).map_err(|_| Refusal::Stale)?;
    if until <= now { Err(Refusal::Stale) } else { Ok(until) }
}

/// Of whom an assertion speaks.
struct Subject {
    name: String,
    /// `persistent`, `transient`, or what else there is of the name's format.
    kind: String,
    recipient: String,
    until: Timestamp,
}

impl Subject {
    fn read(
        assertion: &Element,
        provider: &Provider<'_>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let subject = assertion.only(ASSERTION, "Subject").ok_or(Refusal::Subject)?;
        let mut parts = subject.elements();
        let name_id = parts.next().filter(|part| part.is(ASSERTION, "NameID")).ok_or(Refusal::Subject)?;
        let name = name_id.text().filter(|name| !name.is_empty() && name.trim() == name).ok_or(Refusal::Subject)?;
        let format = name_id.attribute("Format").unwrap_or(UNSPECIFIED);
        let confirmation = match (parts.next(), parts.next()) {
            (Some(part), None) if part.is(ASSERTION, "SubjectConfirmation") => part,
            _ => return Err(Refusal::Confirmation("exactly one SubjectConfirmation")),
        };
        if confirmation.attribute("Method") != Some(BEARER) {
            return Err(Refusal::Confirmation("Method"));
        }
        let data = confirmation.only(ASSERTION, "SubjectConfirmationData");
        let data = data.ok_or(Refusal::Confirmation("SubjectConfirmationData"))?;
        let recipient = data.attribute("Recipient").ok_or(Refusal::Confirmation("Recipient"))?;
        if !settings.is_recipient(recipient, provider.id) {
            return Err(Refusal::Recipient);
        }
        let until = within(data, now, "SubjectConfirmationData")?;
        let until = until.ok_or(Refusal::Confirmation("NotOnOrAfter"))?;
        let kind = format.strip_prefix(FORMAT).unwrap_or(format).to_owned();
        Ok(Self { name, kind, recipient: recipient.to_owned(), until })
    }
}

/// Under which conditions an assertion holds.
struct Conditions {
    until: Option<Timestamp>,
    /// Whether it is for one use.
    once: bool,
}

impl Conditions {
    fn read(assertion: &Element, settings: &Settings, now: Timestamp) -> Result<Self, Refusal> {
        let conditions = assertion.only(ASSERTION, "Conditions").ok_or(Refusal::Form("Conditions"))?;
        let until = within(conditions, now, "Conditions")?;
        let (mut once, mut is_for_us) = (false, false);
        for condition in conditions.elements() {
            if condition.is(ASSERTION, "AudienceRestriction") {
                // Each restriction has to be met, by one of its audiences.
                let is_met = condition
                    .all(ASSERTION, "Audience")
                    .any(|audience| audience.text().is_some_and(|text| settings.audiences.contains(&text)));
                if !is_met {
                    return Err(Refusal::Audience);
                }
                is_for_us = true;
            } else if condition.is(ASSERTION, "OneTimeUse") {
                once = true;
            } else if !condition.is(ASSERTION, "ProxyRestriction") {
                return Err(Refusal::Condition);
            }
        }
        if is_for_us { Ok(Self { until, once }) } else { Err(Refusal::Audience) }
    }
}

/// Until when the session with the provider lasts, where its one authentication statement says so.
fn session(assertion: &Element, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let statement = assertion.only(ASSERTION, "AuthnStatement").ok_or(Refusal::Form("AuthnStatement"))?;
    let at = moment_of(statement, "AuthnInstant")?.ok_or(Refusal::Form("AuthnInstant"))?;
    if is_ahead(at, now) {
        return Err(Refusal::Early("AuthnInstant"));
    }
    let until = moment_of(statement, "SessionNotOnOrAfter")?;
    match until {
        Some(until) if until <= now => Err(Refusal::Expired("SessionNotOnOrAfter")),
        until => Ok(until),
    }
}

/// Checks `NotBefore` and `NotOnOrAfter` of an element and gives the latter.
fn within(element: &Element, now: Timestamp, what: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let from = moment_of(element, "NotBefore")?;
    if from.is_some_and(|from| is_ahead(from, now)) {
        return Err(Refusal::Early(what));
    }
    let until = moment_of(element, "NotOnOrAfter")?;
    match until {
        Some(until) if until <= now || from.is_some_and(|from| until <= from) => Err(Refusal::Expired(what)),
        until => Ok(until),
    }
}

fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    now.checked_add(AHEAD).is_ok_and(|latest| at > latest)
}

fn moment_of(element: &Element, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let moment = |text: &str| moment(text).ok_or(Refusal::Form(name));
    element.attribute(name).map(moment).transpose()
}

/// A moment as SAML writes it, in UTC (SAML core, 1.3.3): `2026-01-02T03:04:05Z`, with up to nine digits of a second's
/// parts.
fn moment(text: &str) -> Option<Timestamp> {
    let (whole, parts) = text.strip_suffix('Z').map(|text| text.split_once('.').unwrap_or((text, "0")))?;
    let shape: String = whole.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let is_plain = (1..=9).contains(&parts.len()) && parts.bytes().all(|b| b.is_ascii_digit());
    (is_plain && shape == "0000-00-00T00:00:00").then(|| text.parse().ok()).flatten()
}

/// Source: STS API reference, `NameQualifier`.
fn name_qualifier(issuer: &str, provider: &Provider<'_>) -> String {
    let text = format!("{issuer}{}/{}", provider.account, provider.name);
    BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}
