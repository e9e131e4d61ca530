//! Encrypted assertions: AES under a key that RSA-OAEP brings to one of the provider's private keys.
//!
//! Sources: W3C, "XML Encryption Syntax and Processing Version 1.1"; SAML core, 2.3.4; the ciphers: STS and IAM API
//! reference (`AddPrivateKey`: AES-GCM or AES-CBC). RSA with PKCS #1 v1.5 is refused, and so is CBC in a response that is not
//! signed: whoever may alter such a text can learn it from the answers (Jager and Somorovsky, "How to break XML
//! encryption", 2011). All that can go wrong here is one refusal, for the same reason.
//!
//! Nothing stands around it but what is read, and what names keys; what was encrypted is one element, and has none of the
//! response's ids, since in its place it would be a part of the response. xmlsec1 and pysaml2 refuse what is otherwise.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey},
    encoding::{AsDer, Pkcs8V1Der},
    iv::FixedLength,
    rsa::{
        KeyPair, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
        PrivateDecryptingKey,
    },
};
use data_encoding::BASE64;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use zeroize::Zeroizing;

use super::{signature::SIGNATURE, xml::Element};

pub(super) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// One for each key that a provider may have.
const KEYS_MAX: usize = 2;
const NONCE_BYTES: usize = 12;
const BLOCK_BYTES: usize = 16;

/// How the content is encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cipher {
    Gcm128,
    Gcm256,
    Cbc128,
    Cbc256,
}

const CIPHERS: [(&str, Cipher); 4] = [
    ("http://www.w3.org/2009/xmlenc11#aes128-gcm", Cipher::Gcm128),
    ("http://www.w3.org/2009/xmlenc11#aes256-gcm", Cipher::Gcm256),
    ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", Cipher::Cbc128),
    ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", Cipher::Cbc256),
];

const METHOD: (&str, &str) = (ENCRYPTION, "EncryptionMethod");
const KEY_INFO: (&str, &str) = (SIGNATURE, "KeyInfo");
const KEY: (&str, &str) = (ENCRYPTION, "EncryptedKey");
const CIPHER_DATA: (&str, &str) = (ENCRYPTION, "CipherData");
const CIPHER_VALUE: (&str, &str) = (ENCRYPTION, "CipherValue");
const DIGEST: (&str, &str) = (SIGNATURE, "DigestMethod");
const MASK: (&str, &str) = (ENCRYPTION_11, "MGF");

/// What may stand beside a key: names of it, which are not read.
const NAMES: [&str; 4] = ["KeyName", "KeyValue", "RetrievalMethod", "X509Data"];

/// Opens an `EncryptedAssertion` with one of these keys (PEM) and gives the text that was in it. `is_signed`: whether a
/// signature covers what is encrypted.
pub(super) fn open<'k>(
    encrypted: &Element,
    keys: impl Iterator<Item = &'k str> + Clone,
    is_signed: bool,
) -> Option<Zeroizing<String>> {
    let data = encrypted.only(ENCRYPTION, "EncryptedData")?;
    let fits = holds(encrypted, &[(ENCRYPTION, "EncryptedData"), KEY, KEY])
        && holds(data, &[METHOD, KEY_INFO, CIPHER_DATA])
        && data.only(SIGNATURE, "KeyInfo").is_none_or(is_key_info)
        && data.only(ENCRYPTION, "EncryptionMethod").is_some_and(|method| holds(method, &[]));
    if !fits || data.attribute("Type") != Some(ELEMENT) {
        return None;
    }
    let method = data.only(ENCRYPTION, "EncryptionMethod")?.attribute("Algorithm")?;
    let (_, cipher) = CIPHERS.into_iter().find(|(known, _)| *known == method)?;
    if cipher.is_malleable() && !is_signed {
        return None;
    }
    let content = cipher_value(data)?;
    let inside = data.only(SIGNATURE, "KeyInfo").into_iter().flat_map(|info| info.all(ENCRYPTION, "EncryptedKey"));
    let wrapped: Vec<&Element> = inside.chain(encrypted.all(ENCRYPTION, "EncryptedKey")).collect();
    if wrapped.len() > KEYS_MAX || !wrapped.iter().all(|wrapped| is_key(wrapped)) {
        return None;
    }
    let secret = wrapped.into_iter().find_map(|wrapped| keys.clone().find_map(|key| unwrap(wrapped, key)))?;
    let plain = cipher.open(&secret, content)?;
    let text = String::from_utf8(plain).ok().map(Zeroizing::new)?;
    // An element, not a document with its declaration.
    if text.trim_start().starts_with("<?") { None } else { Some(text) }
}

/// Whether its elements have these names, in this order, each once at most. Whatever else there could be means nothing to us,
/// and may mean something to others.
fn holds(element: &Element, names: &[(&str, &str)]) -> bool {
    let mut names = names.iter();
    element.elements().all(|part| names.any(|(namespace, name)| part.is(namespace, name)))
}

fn is_key_info(info: &Element) -> bool {
    let is_name = |part: &Element| NAMES.iter().any(|name| part.is(SIGNATURE, name));
    info.elements().all(|part| part.is(ENCRYPTION, "EncryptedKey") || is_name(part))
}

/// Whether it has the form of a key, for us or for somebody else.
fn is_key(wrapped: &Element) -> bool {
    let parts = [METHOD, KEY_INFO, CIPHER_DATA, (ENCRYPTION, "ReferenceList"), (ENCRYPTION, "CarriedKeyName")];
    holds(wrapped, &parts) && cipher_value(wrapped).is_some()
}

/// The key of the content, if this private key opens it.
fn unwrap(wrapped: &Element, pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = transport(wrapped.only(ENCRYPTION, "EncryptionMethod")?)?;
    let pkcs8: Vec<u8> = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()? {
        PrivateKeyDer::Pkcs8(key) => key.secret_pkcs8_der().to_vec(),
        PrivateKeyDer::Pkcs1(key) => {
            let pair = KeyPair::from_der(key.secret_pkcs1_der()).ok()?;
            AsDer::<Pkcs8V1Der<'static>>::as_der(&pair).ok()?.as_ref().to_vec()
        }
        _ => return None,
    };
    let pkcs8 = Zeroizing::new(pkcs8);
    let key = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(&pkcs8).ok()?).ok()?;
    let mut room = Zeroizing::new(vec![0; key.min_output_size()]);
    let secret = key.decrypt(algorithm, &cipher_value(wrapped)?, &mut room, None).ok()?;
    Some(Zeroizing::new(secret.to_vec()))
}

/// Which OAEP a method names. That of XML Encryption 1.0 masks with SHA-1 always; SHA-1 is no weakness in this place.
fn transport(method: &Element) -> Option<&'static OaepAlgorithm> {
    let only = |namespace, name| match method.only(namespace, name) {
        Some(part) => part.attribute("Algorithm"),
        None => Some(""),
    };
    if !holds(method, &[DIGEST, MASK]) && !holds(method, &[MASK, DIGEST]) {
        return None;
    }
    match (method.attribute("Algorithm")?, only(SIGNATURE, "DigestMethod")?, only(ENCRYPTION_11, "MGF")?) {
        (
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            "" | "http://www.w3.org/2000/09/xmldsig#sha1",
            "" | "http://www.w3.org/2009/xmlenc11#mgf1sha1",
        ) => Some(&OAEP_SHA1_MGF1SHA1),
        (
            "http://www.w3.org/2009/xmlenc11#rsa-oaep",
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2009/xmlenc11#mgf1sha256",
        ) => Some(&OAEP_SHA256_MGF1SHA256),
        _ => None,
    }
}

fn cipher_value(element: &Element) -> Option<Vec<u8>> {
    let data = element.only(ENCRYPTION, "CipherData").filter(|data| holds(data, &[CIPHER_VALUE]))?;
    let mut text = data.only(ENCRYPTION, "CipherValue")?.text()?;
    text.retain(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'));
    BASE64.decode(text.as_bytes()).ok()
}

impl Cipher {
    /// Whether altered text opens to something.
    fn is_malleable(self) -> bool {
        matches!(self, Cipher::Cbc128 | Cipher::Cbc256)
    }

    fn open(self, secret: &[u8], content: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Cipher::Gcm128 | Cipher::Gcm256 => {
                let algorithm = if self == Cipher::Gcm128 { &AES_128_GCM } else { &AES_256_GCM };
                let key = LessSafeKey::new(UnboundKey::new(algorithm, secret).ok()?);
                let (nonce, sealed) = content.split_at_checked(NONCE_BYTES)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let mut text = sealed.to_vec();
                let length = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
                text.truncate(length);
                Some(text)
            }
            Cipher::Cbc128 | Cipher::Cbc256 => {
                let algorithm = if self == Cipher::Cbc128 { &AES_128 } else { &AES_256 };
                let key = DecryptingKey::cbc(UnboundCipherKey::new(algorithm, secret).ok()?).ok()?;
                let (start, sealed) = content.split_at_checked(BLOCK_BYTES)?;
                let start: [u8; BLOCK_BYTES] = start.try_into().ok()?;
                let mut text = sealed.to_vec();
                key.decrypt(&mut text, DecryptionContext::Iv128(FixedLength::from(start))).ok()?;
                // The last byte says how long the padding is (XML Encryption, 5.2.1).
                let padding = usize::from(*text.last()?);
                let length = text.len().checked_sub(padding).filter(|_| (1..=BLOCK_BYTES).contains(&padding))?;
                text.truncate(length);
                Some(text)
            }
        }
    }
}
