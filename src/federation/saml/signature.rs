//! Signatures in XML, in the one form that SAML asks for, checked with the keys that the provider's metadata names. What a
//! signature says of its own key is not read.
//!
//! Sources: "Assertions and Protocols for SAML V2.0", 5.4 (enveloped, one reference, to the id of the signed element,
//! exclusive canonicalization); W3C, "XML Signature Syntax and Processing". SHA-1, MACs and RSA below 2048 bits are refused.

use std::fmt;

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use data_encoding::BASE64;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{
    canonical::{self, canonical},
    xml::{Element, Flaw, Node, is_name},
};

pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

const PREFIXES_MAX: usize = 16;

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";

/// The methods of signatures (RFC 9231, 2.3.2 and 2.3.6), each with the object identifier of the keys that it goes with.
const METHODS: [(&str, &str, &dyn VerificationAlgorithm); 6] = [
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", RSA, &RSA_PKCS1_2048_8192_SHA256),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", RSA, &RSA_PKCS1_2048_8192_SHA384),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", RSA, &RSA_PKCS1_2048_8192_SHA512),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", EC, &ECDSA_P256_SHA256_FIXED),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", EC, &ECDSA_P384_SHA384_FIXED),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", EC, &ECDSA_P521_SHA512_FIXED),
];

const DIGESTS: [(&str, &digest::Algorithm); 3] = [
    ("http://www.w3.org/2001/04/xmlenc#sha256", &digest::SHA256),
    ("http://www.w3.org/2001/04/xmldsig-more#sha384", &digest::SHA384),
    ("http://www.w3.org/2001/04/xmlenc#sha512", &digest::SHA512),
];

/// Why a signature is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// There is a signature where none belongs, or more than one.
    Place,
    /// It has other parts than SAML's signatures, or in another order.
    Form,
    /// Another canonicalization than the exclusive one.
    Canonicalization,
    /// A method that is not taken: SHA-1, a MAC, or an unknown one.
    Method,
    /// Other transforms than the two of SAML.
    Transforms,
    /// A digest that is not taken.
    DigestMethod,
    /// It is about something else than the element that holds it.
    Reference,
    /// The digest is of another content.
    Digest,
    /// No key of the provider made it.
    Key,
    /// What was signed cannot be read.
    Content(Flaw),
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unproven::Place => "a signature stands where none belongs",
            Unproven::Form => "it has other parts than SAML's signatures",
            Unproven::Canonicalization => "its canonicalization is not the exclusive one",
            Unproven::Method => "its method is not taken",
            Unproven::Transforms => "it has other transforms than SAML's two",
            Unproven::DigestMethod => "the method of its digest is not taken",
            Unproven::Reference => "it does not refer to the element that holds it",
            Unproven::Digest => "its digest is of another content",
            Unproven::Key => "no key of the provider's metadata made it",
            Unproven::Content(flaw) => return write!(f, "what was signed is not read: {flaw}"),
        })
    }
}

impl From<Flaw> for Unproven {
    fn from(flaw: Flaw) -> Self {
        Unproven::Content(flaw)
    }
}

/// What a signature covers.
pub(super) struct Signed {
    /// Read anew from the very bytes that the digest is of; the signature itself is not among them.
    pub(super) element: Element,
}

/// Checks the signature of an element, if it has one, with the keys of these certificates (DER in base 64).
pub(super) fn signed(element: &Element, certificates: &[String]) -> Result<Option<Signed>, Unproven> {
    let mut places = element.nodes.iter().enumerate().filter_map(|(at, node)| match node {
        Node::Element(child) if child.is(SIGNATURE, "Signature") => Some((at, child)),
        _ => None,
    });
    let Some((at, signature)) = places.next() else { return Ok(None) };
    // After the issuer, before all else (saml-schema-assertion-2.0, saml-schema-protocol-2.0).
    let is_second = element.elements().nth(1).is_some_and(|second| std::ptr::eq(second, signature));
    if places.next().is_some() || !is_second {
        return Err(Unproven::Place);
    }
    let said = proven(signature, certificates)?;
    let reference = Reference::read(&said)?;
    let id = element.attribute("ID").filter(|id| is_name(id)).ok_or(Unproven::Reference)?;
    if reference.uri.strip_prefix('#') != Some(id) {
        return Err(Unproven::Reference);
    }
    let content = canonical(element, &reference.prefixes, Some(at))?;
    if digest::digest(reference.digest_method, content.as_bytes()).as_ref() != reference.digest {
        return Err(Unproven::Digest);
    }
    Ok(Some(Signed { element: Element::read(&content)? }))
}

/// The part of a signature that a key of the provider signed, read anew from the signed bytes.
fn proven(signature: &Element, certificates: &[String]) -> Result<Element, Unproven> {
    let mut parts = signature.elements();
    let (info, value) = match (parts.next(), parts.next()) {
        (Some(info), Some(value)) if info.is(SIGNATURE, "SignedInfo") && value.is(SIGNATURE, "SignatureValue") => {
            (info, value)
        }
        _ => return Err(Unproven::Form),
    };
    if parts.next().is_some_and(|part| !part.is(SIGNATURE, "KeyInfo")) || parts.next().is_some() {
        return Err(Unproven::Form);
    }
    let [method, ..] = children::<3>(info)?;
    let prefixes = exclusive(method, "CanonicalizationMethod", Unproven::Canonicalization)?;
    let bytes = canonical(info, &prefixes, None)?;
    let said = Element::read(&bytes)?;
    let [_, method, _] = children::<3>(&said)?;
    let name = method.attribute("Algorithm").filter(|_| is_bare(method, "SignatureMethod"));
    let (_, oid, algorithm) = METHODS.into_iter().find(|(known, ..)| Some(*known) == name).ok_or(Unproven::Method)?;
    let value = bytes_of(value)?;
    let is_by = |certificate: &String| verifies(certificate, oid, algorithm, bytes.as_bytes(), &value).is_some();
    if certificates.iter().any(is_by) { Ok(said) } else { Err(Unproven::Key) }
}

/// `Some` if the key of a certificate made a signature. The dates of certificates are not looked at: they are the
/// provider's own word for its key (IAM user guide, "Create a SAML identity provider in IAM").
fn verifies(
    certificate: &str,
    oid: &str,
    algorithm: &'static dyn VerificationAlgorithm,
    message: &[u8],
    value: &[u8],
) -> Option<()> {
    let der = BASE64.decode(certificate.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let key = certificate.public_key();
    if key.algorithm.algorithm.to_id_string() != oid {
        return None;
    }
    UnparsedPublicKey::new(algorithm, &*key.subject_public_key.data).verify(message, value).ok()
}

/// What a signature is about.
struct Reference<'a> {
    uri: &'a str,
    /// The prefixes that its canonicalization lists.
    prefixes: Vec<&'a str>,
    digest_method: &'static digest::Algorithm,
    digest: Vec<u8>,
}

impl<'a> Reference<'a> {
    fn read(info: &'a Element) -> Result<Self, Unproven> {
        let [_, _, reference] = children::<3>(info)?;
        if !reference.is(SIGNATURE, "Reference") {
            return Err(Unproven::Form);
        }
        let uri = reference.attribute("URI").ok_or(Unproven::Reference)?;
        let [transforms, digest_method, digest] = children::<3>(reference)?;
        if !transforms.is(SIGNATURE, "Transforms") || !digest.is(SIGNATURE, "DigestValue") {
            return Err(Unproven::Form);
        }
        let [enveloped, method] = children::<2>(transforms).map_err(|_| Unproven::Transforms)?;
        if enveloped.attribute("Algorithm") != Some(ENVELOPED) || !is_bare(enveloped, "Transform") {
            return Err(Unproven::Transforms);
        }
        let prefixes = exclusive(method, "Transform", Unproven::Transforms)?;
        let name = digest_method.attribute("Algorithm").filter(|_| is_bare(digest_method, "DigestMethod"));
        let known = DIGESTS.into_iter().find(|(known, _)| Some(*known) == name);
        let (_, digest_method) = known.ok_or(Unproven::DigestMethod)?;
        Ok(Self { uri, prefixes, digest_method, digest: bytes_of(digest)? })
    }
}

/// Exactly so many elements.
fn children<const N: usize>(element: &Element) -> Result<[&Element; N], Unproven> {
    let children: Vec<&Element> = element.elements().collect();
    children.try_into().map_err(|_| Unproven::Form)
}

/// Whether an element of a signature has this name and nothing in it but space.
fn is_bare(element: &Element, name: &str) -> bool {
    element.is(SIGNATURE, name) && element.text().is_some_and(|text| text.trim().is_empty())
}

/// The prefixes that the exclusive canonicalization is told to keep; `refusal` if it is another one.
fn exclusive<'a>(element: &'a Element, name: &str, refusal: Unproven) -> Result<Vec<&'a str>, Unproven> {
    let is_exclusive = element.is(SIGNATURE, name) && element.attribute("Algorithm") == Some(canonical::METHOD);
    let mut parts = element.elements();
    let list = match (parts.next(), parts.next()) {
        (None, _) => "",
        (Some(list), None) if list.is(canonical::METHOD, "InclusiveNamespaces") && list.nodes.is_empty() => {
            list.attribute("PrefixList").ok_or(refusal)?
        }
        _ => return Err(refusal),
    };
    let prefixes: Vec<&str> =
        list.split_ascii_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix }).collect();
    let are_names = prefixes.iter().all(|prefix| prefix.is_empty() || is_name(prefix));
    if is_exclusive && are_names && prefixes.len() <= PREFIXES_MAX { Ok(prefixes) } else { Err(refusal) }
}

/// The bytes that an element holds in base 64, with white space anywhere.
fn bytes_of(element: &Element) -> Result<Vec<u8>, Unproven> {
    let mut text = element.text().ok_or(Unproven::Form)?;
    text.retain(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'));
    BASE64.decode(text.as_bytes()).map_err(|_| Unproven::Form)
}
