//! Sealed messages: what a denial was made of travels with the client, and only its own account can have it opened.
//! Source: STS API reference, `DecodeAuthorizationMessage`.
//!
//! Sealed form: `1, nonce (12), ciphertext, tag (16)` in base64url. The key is derived from the master key and seals
//! nothing else; the account is associated data.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;

use super::{
    MasterKey, StoreError,
    seal::{AeadKey, place},
};
use crate::base::{AccountId, Random};

const FORMAT: u8 = 1;

/// The key of messages.
pub struct MessageKey {
    aead: AeadKey,
    random: Arc<dyn Random>,
}

impl MessageKey {
    /// The one that belongs to a master key.
    pub fn derive(master: &MasterKey, random: Arc<dyn Random>) -> Result<Self, StoreError> {
        Ok(Self { aead: AeadKey::new(master.message_key())?, random })
    }

    /// Seals a message for an account.
    pub fn seal(&self, account: AccountId, message: &[u8]) -> Result<String, StoreError> {
        let mut sealed = Vec::with_capacity(message.len() + 32);
        sealed.push(FORMAT);
        self.aead.seal(&of(account), message, &*self.random, &mut sealed)?;
        Ok(BASE64URL_NOPAD.encode(&sealed))
    }

    /// Opens a message of an account; `None` for whatever was not sealed here for it.
    pub fn open(&self, account: AccountId, text: &str) -> Option<String> {
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (&FORMAT, sealed) = sealed.split_first()? else { return None };
        String::from_utf8(self.aead.open(&of(account), sealed).ok()?).ok()
    }
}

fn of(account: AccountId) -> Vec<u8> {
    place("authorization message", &[account.as_str().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SystemRandom;

    #[test]
    fn a_message_opens_for_its_account_and_whole() {
        let key = |hex: &str| {
            let master = MasterKey::parse(&hex.repeat(32)).unwrap();
            MessageKey::derive(&master, Arc::new(SystemRandom)).unwrap()
        };
        let (own, other) = (AccountId::from_number(1), AccountId::from_number(2));
        let sealed = key("01").seal(own, b"why").unwrap();
        assert_eq!(key("01").open(own, &sealed).as_deref(), Some("why"));
        assert_eq!(key("01").open(other, &sealed), None);
        assert_eq!(key("02").open(own, &sealed), None);
        assert_ne!(key("01").seal(own, b"why").unwrap(), sealed);
        let parts = [sealed.chars().skip(1).collect::<String>(), sealed.chars().take(sealed.len() - 2).collect()];
        for broken in ["", "A", "AQ", "ä", &parts[0], &parts[1], &format!("{sealed}AA"), &sealed.replacen('A', "B", 1)]
        {
            assert_eq!(key("01").open(own, broken), None, "{broken}");
        }
    }
}
