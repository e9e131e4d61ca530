//! The keys with which an account signs web identity tokens for others to believe: one pair for each algorithm at a time.
//!
//! A key is published a day before it signs, so that whoever keeps the key set for a while knows it in time, and stays
//! published until the last token that it signed has expired. Moments are in seconds since 1970; time is a parameter.
//! Sources: RFC 7515, RFC 7517, RFC 7518 (sections 3.3, 3.4 and 6).

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use x509_parser::{prelude::FromDer, public_key::PublicKey, x509::SubjectPublicKeyInfo};
use zeroize::Zeroizing;

/// The longest that a token is good, in seconds. Source: STS API reference, `GetWebIdentityToken`.
pub const TOKEN_SECONDS_MAX: i64 = 3_600;
/// How long a key signs, in seconds.
pub const SIGNING_SECONDS: i64 = 90 * 24 * 3_600;
/// How long a key is published before it signs, in seconds: longer than key sets are kept.
pub const AHEAD_SECONDS: i64 = 24 * 3_600;
/// How far the clocks of nodes and of those who verify may be apart, in seconds.
const SKEW_SECONDS: i64 = 300;

/// What tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA of 2,048 bits, PKCS #1 v1.5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-384, SHA-384.
    #[serde(rename = "ES384")]
    Es384,
}

/// A key pair that was made just now.
#[derive(Clone)]
pub struct NewKey {
    algorithm: Algorithm,
    public: Public,
    private: Zeroizing<Vec<u8>>,
}

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    id: String,
    algorithm: Algorithm,
    public: Public,
    signs_from: i64,
}

/// As a key set tells it: big-endian numbers in base 64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Public {
    Rsa { n: String, e: String },
    Ec { x: String, y: String },
}

/// The public halves of an account's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// How many were ever made.
    made: u32,
    keys: Vec<Key>,
}

/// The private halves, each with the id of its key. PKCS #8.
#[derive(Default, Serialize, Deserialize)]
pub struct PrivateKeys(Vec<(String, Zeroizing<Vec<u8>>)>);

/// A key could not be made, or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFailure;

impl Algorithm {
    /// Both.
    pub const ALL: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es384];

    /// As a token's head names it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Es384 => "ES384",
        }
    }

    /// Reads such a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// What ids of its keys begin with, as AWS's do.
    fn prefix(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RSA",
            Algorithm::Es384 => "EC384",
        }
    }
}

impl NewKey {
    /// Makes a pair. Takes a good part of a second for RSA.
    pub fn make(algorithm: Algorithm) -> Result<Self, KeyFailure> {
        let (public, private) = match algorithm {
            Algorithm::Rs256 => {
                let pair = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyFailure)?;
                let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyFailure)?;
                (rsa_public(&pair).ok_or(KeyFailure)?, private.as_ref().to_vec())
            }
            Algorithm::Es384 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|_| KeyFailure)?;
                let private = pair.to_pkcs8v1().map_err(|_| KeyFailure)?;
                (ec_public(&pair).ok_or(KeyFailure)?, private.as_ref().to_vec())
            }
        };
        Ok(Self { algorithm, public, private: Zeroizing::new(private) })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

fn rsa_public(pair: &rsa::KeyPair) -> Option<Public> {
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    let (_, info) = SubjectPublicKeyInfo::from_der(der.as_ref()).ok()?;
    let Ok(PublicKey::RSA(key)) = info.parsed() else { return None };
    // No leading zeros (RFC 7518, section 6.3.1).
    let number = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).filter(|number| !number.is_empty()).map(|number| BASE64URL_NOPAD.encode(number))
    };
    Some(Public::Rsa { n: number(key.modulus)?, e: number(key.exponent)? })
}

fn ec_public(pair: &EcdsaKeyPair) -> Option<Public> {
    let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(48)?;
    (y.len() == 48).then(|| Public::Ec { x: BASE64URL_NOPAD.encode(x), y: BASE64URL_NOPAD.encode(y) })
}

impl Keys {
    /// The algorithms that need a further key by now: there is none, or it is about to have signed long enough.
    pub fn wanted(&self, now: i64) -> Vec<Algorithm> {
        let is_wanted = |algorithm: &Algorithm| {
            let latest = self.of(*algorithm).map(|key| key.signs_from).max();
            latest.is_none_or(|from| from + SIGNING_SECONDS - AHEAD_SECONDS <= now)
        };
        Algorithm::ALL.into_iter().filter(is_wanted).collect()
    }

    /// Takes a new key. The first of its algorithm signs at once: nobody has kept a key set without it.
    pub fn add(&mut self, new: NewKey, private: &mut PrivateKeys, now: i64) {
        let NewKey { algorithm, public, private: secret } = new;
        let id = format!("{}_{}", algorithm.prefix(), self.made);
        let is_first = self.of(algorithm).next().is_none();
        let signs_from = if is_first { now } else { now + AHEAD_SECONDS };
        private.0.push((id.clone(), secret));
        self.keys.push(Key { id, algorithm, public, signs_from });
        self.made += 1;
    }

    /// Forgets the keys of which every token has expired.
    pub fn forget(&mut self, private: &mut PrivateKeys, now: i64) {
        let over: Vec<String> =
            self.keys.iter().filter(|key| self.is_over(key, now)).map(|key| key.id.clone()).collect();
        self.keys.retain(|key| !over.contains(&key.id));
        private.0.retain(|(id, _)| !over.contains(id));
    }

    /// The key set (RFC 7517, section 5).
    pub fn set(&self, now: i64) -> Value {
        let keys: Vec<Value> = self.keys.iter().filter(|key| !self.is_over(key, now)).map(Key::shown).collect();
        json!({ "keys": keys })
    }

    /// A signed token (RFC 7515, section 3.1) with this payload, which is JSON.
    pub fn sign(
        &self,
        algorithm: Algorithm,
        private: &PrivateKeys,
        payload: &str,
        now: i64,
    ) -> Result<String, KeyFailure> {
        let signing = self.of(algorithm).filter(|key| key.signs_from <= now).max_by_key(|key| key.signs_from);
        let key = signing.ok_or(KeyFailure)?;
        let (_, secret) = private.0.iter().find(|(id, _)| *id == key.id).ok_or(KeyFailure)?;
        let head = json!({"typ": "JWT", "alg": algorithm.name(), "kid": key.id}).to_string();
        let encode = |part: &str| BASE64URL_NOPAD.encode(part.as_bytes());
        let message = format!("{}.{}", encode(&head), encode(payload));
        let signature = signature(algorithm, secret, message.as_bytes())?;
        Ok(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)))
    }

    fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.algorithm == algorithm)
    }

    fn is_over(&self, key: &Key, now: i64) -> bool {
        let followed = self.of(key.algorithm).map(|other| other.signs_from).filter(|from| *from > key.signs_from).min();
        followed.is_some_and(|from| from + TOKEN_SECONDS_MAX + SKEW_SECONDS <= now)
    }
}

impl Key {
    fn shown(&self) -> Value {
        let (id, algorithm) = (&self.id, self.algorithm.name());
        match &self.public {
            Public::Rsa { n, e } => {
                json!({"kty": "RSA", "use": "sig", "alg": algorithm, "kid": id, "n": n, "e": e})
            }
            Public::Ec { x, y } => {
                json!({"kty": "EC", "use": "sig", "alg": algorithm, "kid": id, "crv": "P-384", "x": x, "y": y})
            }
        }
    }
}

impl PrivateKeys {
    /// For the store, which seals them.
    pub fn write(&self) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        postcard::to_allocvec(self).map(Zeroizing::new).map_err(|_| KeyFailure)
    }

    /// Reads what [`PrivateKeys::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyFailure> {
        match postcard::take_from_bytes(bytes) {
            Ok((keys, [])) => Ok(keys),
            _ => Err(KeyFailure),
        }
    }
}

fn signature(algorithm: Algorithm, private: &[u8], message: &[u8]) -> Result<Vec<u8>, KeyFailure> {
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::Rs256 => {
            let pair = rsa::KeyPair::from_pkcs8(private).map_err(|_| KeyFailure)?;
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| KeyFailure)?;
            Ok(signature)
        }
        Algorithm::Es384 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, private).map_err(|_| KeyFailure)?;
            pair.sign(&random, message).map(|made| made.as_ref().to_vec()).map_err(|_| KeyFailure)
        }
    }
}

impl std::fmt::Display for KeyFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key that signs tokens could not be made or used")
    }
}

impl std::error::Error for KeyFailure {}
