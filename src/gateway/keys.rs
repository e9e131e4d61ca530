//! Derived keys, kept so that a request costs no derivation.
//!
//! The cache key holds everything that a derived key depends on: the access key and the generation of its secret, the
//! date, the region and the service (design rule 6). A replaced secret has another generation, so its old keys are
//! never found again.

use std::sync::Arc;

use moka::sync::Cache;

use crate::{
    base::SecretKey,
    sigv4::{Scope, SigningKey},
};

/// The most derived keys that are kept.
const KEYS_MAX: u64 = 100_000;

/// Region and service together, in bytes; longer scopes are derived each time.
const SCOPE_BYTES_MAX: usize = 48;

/// Signing keys by what they are derived from.
pub struct DerivedKeys(Cache<Name, Arc<SigningKey>>);

/// Fixed in size, so that a look-up allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    generation: u64,
    date: [u8; 8],
    scope: [u8; SCOPE_BYTES_MAX],
}

impl Default for DerivedKeys {
    fn default() -> Self {
        Self(Cache::new(KEYS_MAX))
    }
}

impl DerivedKeys {
    /// The signing key of a scope. `generation` tells this secret from every other, of this and of other access keys.
    pub fn signing_key(&self, generation: u64, secret: &SecretKey, scope: &Scope<'_>) -> Arc<SigningKey> {
        let derive = || Arc::new(SigningKey::derive(secret, scope.date, scope.region, scope.service));
        match Name::new(generation, scope) {
            Some(name) => self.0.get(&name).unwrap_or_else(|| {
                let key = derive();
                self.0.insert(name, key.clone());
                key
            }),
            None => derive(),
        }
    }
}

impl Name {
    fn new(generation: u64, scope: &Scope<'_>) -> Option<Self> {
        let mut name = Self { generation, date: scope.date.as_bytes().try_into().ok()?, scope: [0; SCOPE_BYTES_MAX] };
        let (region, service) = (scope.region.as_bytes(), scope.service.as_bytes());
        // A slash parts them: neither holds one, because scopes are split at slashes.
        let (head, tail) = name.scope.split_at_mut_checked(region.len())?;
        head.copy_from_slice(region);
        let (slash, tail) = tail.split_first_mut()?;
        *slash = b'/';
        tail.get_mut(..service.len())?.copy_from_slice(service);
        Some(name)
    }
}
