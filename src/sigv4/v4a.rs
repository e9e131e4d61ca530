//! SigV4A: one signature for a set of regions, by ECDSA over P-256 with a key pair derived from the secret.
//! Source: the derivation as AWS's SDKs implement it (counter-mode HMAC of NIST SP 800-108).

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    hmac::{self, HMAC_SHA256},
    signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey},
};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::base::SecretKey;

const ALGORITHM: &[u8] = b"AWS4-ECDSA-P256-SHA256";

/// The order of P-256 less two: the largest candidate that is taken.
const ORDER_LESS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// The public half of the key pair of an access key. Depends on nothing else, so it can be kept.
pub struct VerifyingKey(UnparsedPublicKey<Vec<u8>>);

impl VerifyingKey {
    /// Derives the key pair of an access key and keeps its public half; `None` if no candidate fits, which has never
    /// been seen.
    pub fn derive(access_key_id: &str, secret: &SecretKey) -> Option<Self> {
        let scalar = scalar(access_key_id, secret)?;
        let public = PrivateKey::from_private_key(&ECDH_P256, &*scalar).ok()?.compute_public_key().ok()?;
        Some(Self(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public.as_ref().to_vec())))
    }

    /// Whether a hexadecimal DER signature is one of a string to sign.
    pub fn verify(&self, string_to_sign: &[u8], signature: &str) -> bool {
        let signature = HEXLOWER.decode(signature.as_bytes());
        signature.is_ok_and(|signature| self.0.verify(string_to_sign, &signature).is_ok())
    }
}

/// The private scalar: the first candidate of at most the order less two, plus one.
fn scalar(access_key_id: &str, secret: &SecretKey) -> Option<Zeroizing<[u8; 32]>> {
    let key = Zeroizing::new([b"AWS4A", secret.expose().as_bytes()].concat());
    let key = hmac::Key::new(HMAC_SHA256, &key);
    for counter in 1..=254u8 {
        let mut message = hmac::Context::with_key(&key);
        message.update(&1u32.to_be_bytes());
        message.update(ALGORITHM);
        message.update(&[0]);
        message.update(access_key_id.as_bytes());
        message.update(&[counter]);
        message.update(&256u32.to_be_bytes());
        let mut candidate = Zeroizing::new(<[u8; 32]>::try_from(message.sign().as_ref()).ok()?);
        if *candidate <= ORDER_LESS_TWO {
            add_one(&mut candidate);
            return Some(candidate);
        }
    }
    None
}

/// Adds one to a big-endian number that is not the largest.
fn add_one(number: &mut [u8; 32]) {
    for byte in number.iter_mut().rev() {
        let (sum, carry) = byte.overflowing_add(1);
        *byte = sum;
        if !carry {
            return;
        }
    }
}
