//! RSA public keys as OpenSSH writes them (RFC 4253, 6.6) and as PEM (RFC 7468; RFC 8017, A.1.1).

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::RsaPublicKeyComponents,
};
use data_encoding::BASE64;
use md5::{Digest, Md5};
use x509_parser::{
    pem::parse_x509_pem,
    prelude::FromDer,
    public_key::{PublicKey, RSAPublicKey},
    x509::SubjectPublicKeyInfo,
};

use crate::base::Fault;

/// OpenSSH's name of the only algorithm that AWS takes.
const ALGORITHM: &str = "ssh-rsa";
/// The shortest and the longest modulus, in bits.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=16_384;
/// How long a line of PEM is.
const PEM_LINE: usize = 64;

/// An RSA public key: big-endian numbers without leading zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaKey {
    /// Reads either form. `UnrecognizedPublicKeyEncoding` for a third, `InvalidPublicKey` for what is no fit key.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let mut words = text.split_ascii_whitespace();
        let key = match (words.next(), words.next()) {
            (Some(ALGORITHM), Some(body)) => {
                let body = BASE64.decode(body.as_bytes()).map_err(|_| invalid("The key is not base64-encoded."))?;
                Self::from_wire(&body).ok_or_else(|| invalid("The key is malformed."))?
            }
            _ if text.starts_with("-----BEGIN ") => Self::from_pem(text)?,
            _ => return Err(unrecognized()),
        };
        let leading = key.modulus.first().map_or(0, |first| first.leading_zeros() as usize);
        let bits = key.modulus.len() * 8 - leading;
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        if !MODULUS_BITS.contains(&bits) {
            let message = format!("The key has {bits} bits; it must have at least {}.", MODULUS_BITS.start());
            return Err(Fault::new(400, "InvalidPublicKey", message));
        }
        if key.exponent.as_slice() <= [1].as_slice() || !is_odd(&key.exponent) || !is_odd(&key.modulus) {
            return Err(invalid("The key is malformed."));
        }
        Ok(key)
    }

    fn from_wire(body: &[u8]) -> Option<Self> {
        let (algorithm, rest) = string(body)?;
        let (exponent, rest) = string(rest)?;
        let (modulus, rest) = string(rest)?;
        let is_whole = algorithm == ALGORITHM.as_bytes() && rest.is_empty();
        is_whole.then_some(())?;
        Some(Self { modulus: number(modulus)?, exponent: number(exponent)? })
    }

    fn from_pem(text: &str) -> Result<Self, Fault> {
        let malformed = || invalid("The key is malformed.");
        let (rest, pem) = parse_x509_pem(text.as_bytes()).map_err(|_| malformed())?;
        if !rest.trim_ascii().is_empty() {
            return Err(malformed());
        }
        let read =
            |key: &RSAPublicKey<'_>| Some(Self { modulus: number(key.modulus)?, exponent: number(key.exponent)? });
        let key = match pem.label.as_str() {
            "PUBLIC KEY" => {
                let (rest, info) = SubjectPublicKeyInfo::from_der(&pem.contents).map_err(|_| malformed())?;
                match info.parsed() {
                    Ok(PublicKey::RSA(key)) if rest.is_empty() => read(&key),
                    Ok(PublicKey::RSA(_)) | Err(_) => None,
                    Ok(_) => return Err(unrecognized()),
                }
            }
            "RSA PUBLIC KEY" => match RSAPublicKey::from_der(&pem.contents) {
                Ok(([], key)) => read(&key),
                _ => None,
            },
            _ => return Err(unrecognized()),
        };
        key.ok_or_else(malformed)
    }

    fn wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.modulus.len() + 32);
        put(&mut wire, ALGORITHM.as_bytes());
        for number in [&self.exponent, &self.modulus] {
            // Numbers have a sign.
            let is_high = number.first().is_some_and(|first| *first >= 0x80);
            put(&mut wire, &[if is_high { &[0][..] } else { &[] }, number].concat());
        }
        wire
    }

    /// As OpenSSH writes it, without a comment.
    pub(super) fn openssh(&self) -> String {
        format!("{ALGORITHM} {}", BASE64.encode(&self.wire()))
    }

    /// As a `PUBLIC KEY` of PEM.
    pub(super) fn pem(&self) -> Result<String, Fault> {
        let components = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        let der: PublicKeyX509Der<'_> = components.as_der().map_err(|_| invalid("The key has no PEM form."))?;
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        let text = BASE64.encode(der.as_ref());
        let mut rest = text.as_str();
        while let Some((line, next)) = rest.split_at_checked(PEM_LINE.min(rest.len())).filter(|_| !rest.is_empty()) {
            pem.extend([line, "\n"]);
            rest = next;
        }
        pem.push_str("-----END PUBLIC KEY-----");
        Ok(pem)
    }

    /// The MD5 digest of the key, as OpenSSH shows it.
    pub(super) fn fingerprint(&self) -> String {
        let digest = Md5::digest(self.wire());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }
}

/// The string that data begins with, and the rest (RFC 4251, 5).
fn string(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn put(wire: &mut Vec<u8>, text: &[u8]) {
    wire.extend((text.len() as u32).to_be_bytes());
    wire.extend(text);
}

/// A positive number, from its bytes with a sign.
fn number(bytes: &[u8]) -> Option<Vec<u8>> {
    let rest = match bytes {
        [0, rest @ ..] => rest,
        [first, ..] if *first < 0x80 => bytes,
        _ => return None,
    };
    (rest.first()? != &0).then(|| rest.to_vec())
}

fn invalid(message: &'static str) -> Fault {
    Fault::new(400, "InvalidPublicKey", message)
}

fn unrecognized() -> Fault {
    let message = "The encoding of the key is not recognized: it must be an RSA key as ssh-rsa or PEM.";
    Fault::new(400, "UnrecognizedPublicKeyEncoding", message)
}
