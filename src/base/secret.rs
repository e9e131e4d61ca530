//! Secrets have no `Debug`, no `Display` and no `Clone` by accident, and are wiped when dropped.

use zeroize::Zeroizing;

/// A secret access key. Its text can be had only by name, so that every use is found by a search for `expose`.
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Takes over the text of a secret.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
