//! Identity providers' own work: keys, and tokens that are signed with them.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    },
};
use countersign::{
    base::Timestamp,
    federation::{
        Asserted,
        oidc::{KeySet, Provider, Refusal, Token, verify},
    },
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// The provider of most tests.
pub const ISSUER: &str = "https://idp.example.com";

/// When most tests happen, in seconds since 1970.
pub const NOW: i64 = 1_700_000_000;

/// A provider's key.
pub struct Minter {
    pub id: String,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    Ec(&'static str, EcdsaKeyPair),
}

/// An RSA key: it takes long to make.
pub static RSA: LazyLock<Minter> = LazyLock::new(|| Minter::rsa("rsa"));
/// Another of the same provider's.
pub static OTHER_RSA: LazyLock<Minter> = LazyLock::new(|| Minter::rsa("other"));

pub fn now() -> Timestamp {
    later(0)
}

/// A moment after most tests happen.
pub fn later(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

/// What is good to be verified at [`now`].
pub fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "system:serviceaccount:reports:writer", "aud": "sts.amazonaws.com", "iat": NOW - 10,
        "exp": NOW + 3600})
}

/// Those claims with others over them; null takes one away.
pub fn claims_with(others: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in others.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub fn provider(url: &str) -> Provider {
    let client_ids = vec!["sts.amazonaws.com".to_owned(), "reports".to_owned()];
    Provider { url: url.to_owned(), client_ids, thumbprints: Vec::new(), claims: Vec::new(), context: None }
}

/// A set of these keys.
pub fn set(keys: &[Value]) -> KeySet {
    KeySet::read(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

/// Reads and verifies a token against the usual provider, with the RSA key.
pub fn check(token: &str) -> Result<Asserted, Refusal> {
    verify(&Token::read(token)?, &provider(ISSUER), &set(&[RSA.jwk()]), now())
}

impl Minter {
    pub fn rsa(id: &str) -> Self {
        Self { id: id.to_owned(), key: Key::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    /// `ES256`, `ES384` or `ES512`.
    pub fn ec(id: &str, algorithm: &'static str) -> Self {
        let curve = match algorithm {
            "ES256" => &ECDSA_P256_SHA256_FIXED_SIGNING,
            "ES384" => &ECDSA_P384_SHA384_FIXED_SIGNING,
            _ => &ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        Self { id: id.to_owned(), key: Key::Ec(algorithm, EcdsaKeyPair::generate(curve).unwrap()) }
    }

    /// The public half, for all algorithms of its type.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match &self.key {
            Key::Rsa(pair) => {
                // A sequence of two numbers, the first with 257 bytes, of which one is 0 (RFC 8017, appendix A.1.1).
                let public = pair.public_key().as_ref();
                let (n, e) = (&public[9..265], &public[267..]);
                json!({"kty": "RSA", "use": "sig", "kid": self.id, "n": text(n), "e": text(e)})
            }
            Key::Ec(algorithm, pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at((pair.public_key().as_ref().len() - 1) / 2);
                let curve = match *algorithm {
                    "ES256" => "P-256",
                    "ES384" => "P-384",
                    _ => "P-521",
                };
                json!({"kty": "EC", "crv": curve, "kid": self.id, "x": text(x), "y": text(y)})
            }
        }
    }

    /// The public half with more said of it.
    pub fn jwk_with(&self, others: Value) -> Value {
        let mut jwk = self.jwk();
        jwk.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
        jwk
    }

    /// The public key in DER, as attackers use it for a secret.
    pub fn public_der(&self) -> Vec<u8> {
        match &self.key {
            Key::Rsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Key::Ec(_, pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
        }
    }

    /// A token with the usual header.
    pub fn mint(&self, claims: &Value) -> String {
        let algorithm = match &self.key {
            Key::Rsa(_) => "RS256",
            Key::Ec(algorithm, _) => algorithm,
        };
        self.mint_with(&json!({"alg": algorithm, "typ": "JWT", "kid": self.id}), claims)
    }

    /// A token with that header, signed as it says, or with RS256 where it says something that this key cannot do.
    pub fn mint_with(&self, header: &Value, claims: &Value) -> String {
        self.mint_texts(header["alg"].as_str().unwrap_or_default(), &header.to_string(), &claims.to_string())
    }

    /// A token of these very texts.
    pub fn mint_texts(&self, algorithm: &str, header: &str, claims: &str) -> String {
        let signed = [header, claims].map(|text| BASE64URL_NOPAD.encode(text.as_bytes())).join(".");
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(pair) => {
                let padding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Key::Ec(_, pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }
}

/// A token that is signed with a secret.
pub fn mint_with_secret(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
}
