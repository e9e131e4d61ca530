//! Derived keys, kept so that a request costs no derivation.
//!
//! The cache key holds everything that a derived key depends on: the access key and the generation of its secret, the
//! date, the region and the service (design rule 6). A replaced secret has another generation, so its old keys are
//! never found again.

use std::sync::Arc;

use moka::sync::Cache;

use crate::{
    base::SecretKey,
    sigv4::{Scope, SigningKey, VerifyingKey},
};

/// The most derived keys that are kept.
const KEYS_MAX: u64 = 100_000;

/// Access key id, region and service together, in bytes; longer scopes are derived each time.
const SCOPE_BYTES_MAX: usize = 80;

/// Signing keys (SigV4) and public keys (SigV4A) by what they are derived from.
pub struct DerivedKeys {
    signing: Cache<Name, Arc<SigningKey>>,
    verifying: Cache<(u64, Box<str>), Arc<VerifyingKey>>,
}

/// Fixed in size, so that a look-up allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    generation: u64,
    date: [u8; 8],
    scope: [u8; SCOPE_BYTES_MAX],
}

impl Default for DerivedKeys {
    fn default() -> Self {
        Self { signing: Cache::new(KEYS_MAX), verifying: Cache::new(KEYS_MAX) }
    }
}

impl DerivedKeys {
    /// The signing key of a scope. `generation` tells this secret from every other that the access key ever had.
    pub fn signing_key(&self, generation: u64, secret: &SecretKey, scope: &Scope<'_>) -> Arc<SigningKey> {
        let derive = || Arc::new(SigningKey::derive(secret, scope.date, scope.region, scope.service));
        let Some(name) = Name::new(generation, scope) else { return derive() };
        self.signing.get(&name).unwrap_or_else(|| {
            let key = derive();
            self.signing.insert(name, key.clone());
            key
        })
    }

    /// The SigV4A key of an access key; `None` if none can be derived.
    pub fn verifying_key(&self, generation: u64, access_key_id: &str, secret: &SecretKey) -> Option<Arc<VerifyingKey>> {
        let name = (generation, access_key_id.into());
        if let Some(key) = self.verifying.get(&name) {
            return Some(key);
        }
        let key = Arc::new(VerifyingKey::derive(access_key_id, secret)?);
        self.verifying.insert(name, key.clone());
        Some(key)
    }
}

impl Name {
    /// The parts one after another, each with a slash behind it: none holds one, because scopes are split at slashes.
    fn new(generation: u64, scope: &Scope<'_>) -> Option<Self> {
        let mut name = Self { generation, date: scope.date.as_bytes().try_into().ok()?, scope: [0; SCOPE_BYTES_MAX] };
        let mut rest = name.scope.as_mut_slice();
        for part in [scope.access_key_id, scope.region, scope.service] {
            let (place, after) = rest.split_at_mut_checked(part.len())?;
            place.copy_from_slice(part.as_bytes());
            let (slash, after) = after.split_first_mut()?;
            *slash = b'/';
            rest = after;
        }
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_part_of_the_name() {
        let scope = |access_key_id, date, region, service| Scope {
            access_key_id,
            date,
            region,
            service,
            terminator: "aws4_request",
        };
        let names = [
            Name::new(1, &scope("AKIA1", "20260101", "us-east-1", "s3")),
            Name::new(2, &scope("AKIA1", "20260101", "us-east-1", "s3")),
            Name::new(1, &scope("AKIA2", "20260101", "us-east-1", "s3")),
            Name::new(1, &scope("AKIA1", "20260102", "us-east-1", "s3")),
            Name::new(1, &scope("AKIA1", "20260101", "us-east-2", "s3")),
            Name::new(1, &scope("AKIA1", "20260101", "us-east-1", "iam")),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(name.is_some() && !names[..at].contains(name), "{at}");
        }
        assert!(Name::new(1, &scope(&"A".repeat(80), "20260101", "us-east-1", "s3")).is_none());
    }
}
