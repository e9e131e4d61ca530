//! What an identity provider says of itself. Source: "Metadata for the OASIS Security Assertion Markup Language (SAML)
//! V2.0", 2.3 and 2.4. Document types are refused, and with them all entities but XML's own five.

use data_encoding::BASE64;
use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesStart, Event},
    name::{Namespace, ResolveResult},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::base::{Fault, Timestamp};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

const DEPTH_MAX: usize = 32;
const ELEMENTS_MAX: usize = 20_000;
const CERTIFICATES_MAX: usize = 100;

/// What counts of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    /// Who issues assertions.
    pub(super) entity_id: String,
    /// The certificates of the keys that sign assertions: DER in base 64.
    pub(super) certificates: Vec<String>,
    /// Until when the document holds, where it says so.
    pub(super) valid_until: Option<Timestamp>,
}

/// The elements that count, by where they stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entity,
    Provider,
    SigningKey,
    Certificate,
    Other,
}

#[derive(Default)]
struct Reading {
    open: Vec<Kind>,
    elements: usize,
    entity: Option<(String, Option<Timestamp>)>,
    is_provider: bool,
    certificate: String,
    certificates: Vec<String>,
}

/// Reads a document of one identity provider. `InvalidInput` for anything else.
pub(super) fn read(text: &str) -> Result<Metadata, Fault> {
    let mut reading = Reading::default();
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().expand_empty_elements = true;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(refused)?;
        match event {
            Event::Start(start) => reading.start(namespace, &start)?,
            Event::End(_) => reading.end()?,
            Event::Text(text) => reading.text(&text)?,
            Event::CData(text) => reading.text(&text)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(refused)?;
                let is_known = ["amp", "lt", "gt", "quot", "apos"].contains(&&*reference);
                match character {
                    Some(character) => reading.text(character.encode_utf8(&mut [0; 4]))?,
                    None if is_known => reading.text("&")?,
                    None => return Err(refused("an entity that is not predefined")),
                }
            }
            Event::DocType(_) => return Err(refused("a document type")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
            Event::Eof => break,
        }
    }
    reading.done()
}

impl Reading {
    fn start(&mut self, namespace: ResolveResult<'_>, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.elements += 1;
        if self.open.len() == DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(refused("too deep, or too many elements"));
        }
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => namespace,
            ResolveResult::Unbound => "",
            ResolveResult::Unknown(_) => return Err(refused("a prefix without a namespace")),
        };
        let name = start.local_name();
        let kind = match (self.open.last(), namespace, name.as_ref()) {
            (None, METADATA, "EntityDescriptor") if self.entity.is_none() => {
                let id = attribute(start, "entityID")?.filter(|id| !id.is_empty());
                let id = id.ok_or_else(|| refused("an entity without an id"))?;
                self.entity = Some((id, attribute(start, "validUntil")?.map(|text| moment(&text)).transpose()?));
                Kind::Entity
            }
            (None, ..) => return Err(refused("the root is no entity, or there are two")),
            (Some(Kind::Entity), METADATA, "IDPSSODescriptor") => {
                self.is_provider = true;
                Kind::Provider
            }
            (Some(Kind::Provider), METADATA, "KeyDescriptor") => match attribute(start, "use")?.as_deref() {
                None | Some("signing") => Kind::SigningKey,
                _ => Kind::Other,
            },
            (Some(Kind::Certificate), ..) => return Err(refused("an element in a certificate")),
            (_, SIGNATURE, "X509Certificate") if self.open.contains(&Kind::SigningKey) => Kind::Certificate,
            _ => Kind::Other,
        };
        self.open.push(kind);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.open.pop() != Some(Kind::Certificate) {
            return Ok(());
        }
        let text = std::mem::take(&mut self.certificate);
        let der = BASE64.decode(text.as_bytes()).map_err(refused)?;
        let (rest, _) = X509Certificate::from_der(&der).map_err(refused)?;
        if !rest.is_empty() || self.certificates.len() == CERTIFICATES_MAX {
            return Err(refused("something behind a certificate, or too many of them"));
        }
        if !self.certificates.contains(&text) {
            self.certificates.push(text);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        match self.open.last() {
            Some(Kind::Certificate) => self.certificate.extend(text.chars().filter(|c| !c.is_ascii_whitespace())),
            None if !text.trim().is_empty() => return Err(refused("text outside the root")),
            _ => {}
        }
        Ok(())
    }

    fn done(self) -> Result<Metadata, Fault> {
        match self.entity {
            Some((entity_id, valid_until))
                if self.open.is_empty() && self.is_provider && !self.certificates.is_empty() =>
            {
                Ok(Metadata { entity_id, certificates: self.certificates, valid_until })
            }
            _ => Err(refused("the document ends early, or is of no identity provider with a certificate")),
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, Fault> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(refused)?;
        if attribute.key.as_ref() == name {
            let value = attribute.normalized_value(XmlVersion::default()).map_err(refused)?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

/// A moment of XML Schema. Without a zone it is in UTC.
fn moment(text: &str) -> Result<Timestamp, Fault> {
    text.parse().or_else(|_| format!("{text}Z").parse()).map_err(refused)
}

fn refused(why: impl std::fmt::Display) -> Fault {
    Fault::new(400, "InvalidInput", "Could not parse metadata").because(why)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn certificate() -> String {
        let key = KeyPair::generate().unwrap();
        let made = CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
        BASE64.encode(made.der())
    }

    fn document(attributes: &str, keys: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<md:EntityDescriptor xmlns:md=\"{METADATA}\" {attributes}>\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
             <md:SingleSignOnService Binding=\"b\" Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor>\
             </md:EntityDescriptor>\n"
        )
    }

    fn key(usage: &str, certificate: &str) -> String {
        format!(
            "<md:KeyDescriptor {usage}><ds:KeyInfo xmlns:ds=\"{SIGNATURE}\"><ds:X509Data><ds:X509Certificate>{certificate}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
    }

    #[test]
    fn an_identity_provider_is_known_by_its_id_and_its_certificates() {
        let (one, other) = (certificate(), certificate());
        let (start, end) = one.split_at(64);
        let keys = [
            key("use=\"signing\"", &format!("\n  {start}&#13;\n{end}\n")),
            key("use='encryption'", &other),
            key("", &other),
            key("use=\"signing\"", &one),
        ];
        let read = read(&document(
            "entityID=\"https://idp.example.com/a?b=1&amp;c\" validUntil=\"2031-02-03T04:05:06Z\"",
            &keys.concat(),
        ));
        let expected = Metadata {
            entity_id: "https://idp.example.com/a?b=1&c".to_owned(),
            certificates: vec![one, other],
            valid_until: Some("2031-02-03T04:05:06Z".parse().unwrap()),
        };
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        let certificate = certificate();
        let signing = key("use=\"signing\"", &certificate);
        let sound = document("entityID=\"a\"", &signing);
        assert!(read(&sound).is_ok());
        let root = sound.trim_start_matches("<?xml version=\"1.0\"?>\n");
        let deep = format!("{}{}", "<md:a>".repeat(40), "</md:a>".repeat(40));
        for (what, text) in [
            ("nothing", String::new()),
            ("no XML", "{}".to_owned()),
            ("a document type", format!("<!DOCTYPE a [<!ENTITY e \"x\">]>{root}")),
            ("an entity of its own", sound.replace(&certificate, "&e;")),
            ("no id", document("", &signing)),
            ("an empty id", document("entityID=\"\"", &signing)),
            ("a moment that is none", document("entityID=\"a\" validUntil=\"soon\"", &signing)),
            ("another namespace", sound.replace(METADATA, "urn:other")),
            ("no provider", sound.replace("IDPSSODescriptor", "SPSSODescriptor")),
            ("no certificate", document("entityID=\"a\"", "")),
            ("keys that do not sign", document("entityID=\"a\"", &key("use=\"encryption\"", &certificate))),
            ("a certificate that is none", sound.replace(&certificate, "AAAA")),
            ("no base 64", sound.replace(&certificate, "?")),
            ("half a certificate", sound.replace(&certificate, certificate.split_at(400).0)),
            ("a comment in its place", sound.replace(&certificate, "<!-- none -->")),
            ("two roots", format!("{sound}{root}")),
            ("an end too few", sound.replace("</md:EntityDescriptor>", "")),
            ("an unbound prefix", sound.replace("xmlns:md", "xmlns:nd")),
            ("too deep", document("entityID=\"a\"", &format!("{signing}{deep}"))),
            ("text behind", format!("{sound}x")),
        ] {
            let fault = read(&text).unwrap_err();
            assert_eq!((&*fault.code, &*fault.message), ("InvalidInput", "Could not parse metadata"), "{what}");
        }
    }
}
