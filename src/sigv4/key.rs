//! Signing keys: HMAC-SHA256 in a chain over date, region, service and terminator.
//! Source: IAM user guide, "Create a signed AWS API request", step 3.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, Tag, sign};

use crate::base::SecretKey;

/// The end of every credential scope.
pub const TERMINATOR: &str = "aws4_request";

/// A key that signs for one date, region and service. Cheap to use, made once a day.
pub struct SigningKey(Key);

impl SigningKey {
    /// Derives the key from a secret. `date` is `20130524`.
    pub fn derive(secret: &SecretKey, date: &str, region: &str, service: &str) -> Self {
        let start = zeroize::Zeroizing::new([b"AWS4", secret.expose().as_bytes()].concat());
        let mut key = Key::new(HMAC_SHA256, &start);
        for part in [date, region, service, TERMINATOR] {
            key = Key::new(HMAC_SHA256, sign(&key, part.as_bytes()).as_ref());
        }
        Self(key)
    }

    /// The signature of a string to sign, 32 bytes.
    pub fn sign(&self, string_to_sign: &[u8]) -> Tag {
        sign(&self.0, string_to_sign)
    }

    /// Whether a hexadecimal signature is that of a string to sign. Takes the same time for every wrong one.
    pub fn verify(&self, string_to_sign: &[u8], signature: &str) -> bool {
        let mut bytes = [0; 32];
        let decoded = data_encoding::HEXLOWER.decode_len(signature.len()) == Ok(32)
            && data_encoding::HEXLOWER.decode_mut(signature.as_bytes(), &mut bytes).is_ok();
        let tag = self.sign(string_to_sign);
        aws_lc_rs::constant_time::verify_slices_are_equal(tag.as_ref(), &bytes).is_ok() && decoded
    }
}
