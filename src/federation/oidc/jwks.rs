//! Sets of public keys, and signatures checked with them. Sources: RFC 7517 (JWK), RFC 7518 (JWA), sections 3 and 6.
//!
//! A key says what it is for: the algorithm has to fit its type and curve, and its own `alg` where it has one. So no token
//! can have a key used for another algorithm than its own.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::json;

/// The longest set that is read, in bytes.
pub const BYTES_MAX: usize = 256 * 1024;

/// The most keys that are read of a set: real ones have fewer than ten.
const KEYS_MAX: usize = 100;

/// The algorithms of STS, all of them asymmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

/// A curve of elliptic keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

/// What signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point.
    Ec { curve: Curve, point: Vec<u8> },
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

/// A provider's public keys; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// One of the keys made it.
    Made,
    /// None of those that could have did.
    NotMade,
    /// There is no key that could have.
    NoKey,
}

impl Algorithm {
    /// Reads `RS256`; `None` for all that is not taken.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Algorithm::Rs256,
            "RS384" => Algorithm::Rs384,
            "RS512" => Algorithm::Rs512,
            "ES256" => Algorithm::Es256,
            "ES384" => Algorithm::Es384,
            "ES512" => Algorithm::Es512,
            _ => return None,
        })
    }
}

impl Curve {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "P-256" => Curve::P256,
            "P-384" => Curve::P384,
            "P-521" => Curve::P521,
            _ => return None,
        })
    }

    /// The length of a coordinate.
    fn bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

impl KeySet {
    /// Reads a JWK set. Keys of other kinds are passed over (RFC 7517, section 5), and so are those that are for
    /// encryption or hold a secret.
    ///
    /// # Errors
    /// What is wrong with a text that is no set, or has no key that can be used.
    pub fn read(text: &[u8]) -> Result<Self, &'static str> {
        if text.len() > BYTES_MAX {
            return Err("the key set is too long");
        }
        let set = json::object(text).ok_or("the key set is not JSON that means one thing")?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or("the key set has no list of keys")?;
        if keys.len() > KEYS_MAX {
            return Err("the key set has too many keys");
        }
        let keys: Vec<Key> = keys.iter().filter_map(Value::as_object).filter_map(Key::read).collect();
        if keys.is_empty() { Err("the key set has no key for signatures that are taken") } else { Ok(Self(keys)) }
    }

    /// Whether there is a key that can have signed.
    pub fn has(&self, id: Option<&str>, algorithm: Algorithm) -> bool {
        self.fitting(id, algorithm).next().is_some()
    }

    /// Checks a signature with the key of an id, or with each that fits where no id is given.
    pub fn check(&self, id: Option<&str>, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Proof {
        if !self.has(id, algorithm) {
            return Proof::NoKey;
        }
        let is_made = self.fitting(id, algorithm).any(|key| key.material.made(algorithm, message, signature));
        if is_made { Proof::Made } else { Proof::NotMade }
    }

    fn fitting(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        let is_named = move |key: &Key| id.is_none() || key.id.as_deref() == id;
        self.0.iter().filter(move |key| is_named(key) && key.fits(algorithm))
    }
}

impl Key {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let is_secret = ["d", "k"].iter().any(|name| members.contains_key(*name));
        let is_for_signatures = match members.get("use") {
            None => true,
            Some(usage) => usage.as_str() == Some("sig"),
        };
        let may_verify = match members.get("key_ops") {
            None => true,
            Some(operations) => operations.as_array()?.iter().any(|operation| operation.as_str() == Some("verify")),
        };
        if is_secret || !is_for_signatures || !may_verify {
            return None;
        }
        let id = match members.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?.to_owned()),
        };
        // Another algorithm than ours makes it a key of another kind.
        let algorithm = match members.get("alg") {
            None => None,
            Some(name) => Some(Algorithm::parse(name.as_str()?)?),
        };
        let material = Material::read(members)?;
        Some(Self { id, algorithm, material })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let by_type = match (&self.material, algorithm) {
            (Material::Rsa { .. }, Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512) => true,
            (Material::Ec { curve, .. }, Algorithm::Es256) => *curve == Curve::P256,
            (Material::Ec { curve, .. }, Algorithm::Es384) => *curve == Curve::P384,
            (Material::Ec { curve, .. }, Algorithm::Es512) => *curve == Curve::P521,
            _ => false,
        };
        by_type && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

impl Material {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name)?.as_str();
        let bytes = |name: &str| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok();
        let number = |name: &str| {
            let bytes = bytes(name)?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            bytes.get(zeros..).filter(|number| !number.is_empty()).map(<[u8]>::to_vec)
        };
        match text("kty")? {
            "RSA" => Some(Material::Rsa { n: number("n")?, e: number("e")? }),
            "EC" => {
                let curve = Curve::parse(text("crv")?)?;
                let (x, y) = (bytes("x")?, bytes("y")?);
                let fits = x.len() == curve.bytes() && y.len() == curve.bytes();
                fits.then(|| Material::Ec { curve, point: [vec![4], x, y].concat() })
            }
            _ => None,
        }
    }

    /// Whether this key made a signature. RSA keys have 2,048 to 8,192 bits; points have to lie on their curve.
    fn made(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let checked = match (self, algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512) => {
                let parameters = match algorithm {
                    Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
                    _ => &RSA_PKCS1_2048_8192_SHA512,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Material::Ec { curve, point }, Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512) => {
                let parameters = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_FIXED,
                    Curve::P384 => &ECDSA_P384_SHA384_FIXED,
                    Curve::P521 => &ECDSA_P521_SHA512_FIXED,
                };
                UnparsedPublicKey::new(parameters, point).verify(message, signature)
            }
            _ => return false,
        };
        checked.is_ok()
    }
}
