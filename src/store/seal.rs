//! Secrets at rest. A secret access key is sealed with AES-256-GCM under its account's data key, a data key under the
//! master key. What is sealed is bound to its place (account, access key id; account, version) as associated data, so a
//! record that was moved elsewhere does not open.
//!
//! Sealed forms, numbers big-endian:
//! - secret: `1, data key version (4), nonce (12), ciphertext, tag (16)`
//! - data key: `1, master key id (8), nonce (12), ciphertext (32), tag (16)`
//!
//! Nonces are random; NIST SP 800-38D, 8.3 allows 2^32 seals under one key, more than an account has secrets.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{ErrorKind, MasterKey, StoreError};
use crate::base::{AccessKeyId, AccountId, Random, SecretKey};

/// The length of every key here.
pub const KEY_BYTES: usize = 32;

/// The first byte of every sealed form.
const FORMAT: u8 = 1;

/// A key that seals and opens, bound to nothing by itself.
pub(crate) struct AeadKey(LessSafeKey);

/// The key that an account's secrets are sealed with.
pub struct DataKey {
    account: AccountId,
    version: u32,
    aead: AeadKey,
}

impl DataKey {
    /// Makes a new data key. Returns it wrapped; [`DataKey::unwrap`] opens it.
    pub fn generate(
        account: AccountId,
        version: u32,
        master: &MasterKey,
        random: &dyn Random,
    ) -> Result<Vec<u8>, StoreError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        random.fill(key.as_mut_slice())?;
        let mut wrapped = vec![FORMAT];
        wrapped.extend(master.id().0);
        master.aead().seal(&Self::place(account, version), key.as_slice(), random, &mut wrapped)?;
        Ok(wrapped)
    }

    /// Opens a wrapped data key at its place.
    pub fn unwrap(account: AccountId, version: u32, wrapped: &[u8], master: &MasterKey) -> Result<Self, StoreError> {
        let Some((&[FORMAT, ref id @ ..], sealed)) = wrapped.split_first_chunk::<9>() else {
            return Err(StoreError::damaged(format!("the data key of account {account} has an unknown form")));
        };
        if *id != master.id().0 {
            let what = format!("the data key of account {account} was wrapped by another master key");
            return Err(StoreError::new(ErrorKind::WrongMasterKey, what));
        }
        let opened = Zeroizing::new(master.aead().open(&Self::place(account, version), sealed)?);
        let key = opened
            .as_slice()
            .try_into()
            .map_err(|_| StoreError::damaged(format!("the data key of account {account} has another length")))?;
        Ok(Self { account, version, aead: AeadKey::new(key)? })
    }

    /// Seals the secret of an access key.
    pub fn seal(&self, key: &AccessKeyId, secret: &SecretKey, random: &dyn Random) -> Result<Vec<u8>, StoreError> {
        self.seal_at(&self.place_of(key), secret.expose().as_bytes(), random)
    }

    /// Seals the secret of an item.
    pub fn seal_item(&self, id: &str, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, StoreError> {
        self.seal_at(&self.place_of_item(id), secret, random)
    }

    /// Opens the secret of an access key.
    pub fn open(&self, key: &AccessKeyId, sealed: &[u8]) -> Result<SecretKey, StoreError> {
        let damaged = || StoreError::damaged(format!("the sealed secret of access key `{key}` has an unknown form"));
        let text = String::from_utf8(self.open_at(&self.place_of(key), sealed)?).map_err(|_| damaged())?;
        Ok(SecretKey::new(text))
    }

    /// Opens the secret of an item.
    pub fn open_item(&self, id: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.open_at(&self.place_of_item(id), sealed).map(Zeroizing::new)
    }

    fn seal_at(&self, place: &[u8], secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, StoreError> {
        let mut sealed = vec![FORMAT];
        sealed.extend(self.version.to_be_bytes());
        self.aead.seal(place, secret, random, &mut sealed)?;
        Ok(sealed)
    }

    fn open_at(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let unknown = || StoreError::damaged("a sealed secret has an unknown form");
        if data_key_version(sealed) != Some(self.version) {
            return Err(unknown());
        }
        let (_, sealed) = sealed.split_first_chunk::<5>().ok_or_else(unknown)?;
        self.aead.open(place, sealed)
    }

    fn place_of(&self, key: &AccessKeyId) -> Vec<u8> {
        place("secret access key", &[self.account.as_str().as_bytes(), key.as_str().as_bytes()])
    }

    fn place_of_item(&self, id: &str) -> Vec<u8> {
        place("secret of an item", &[self.account.as_str().as_bytes(), id.as_bytes()])
    }

    fn place(account: AccountId, version: u32) -> Vec<u8> {
        place("data key", &[account.as_str().as_bytes(), &version.to_be_bytes()])
    }
}

/// Which version of its account's data key a secret was sealed with; `None` if the form is unknown.
pub fn data_key_version(sealed: &[u8]) -> Option<u32> {
    let (&[FORMAT, version @ ..], _) = sealed.split_first_chunk::<5>()? else { return None };
    Some(u32::from_be_bytes(version))
}

/// What is sealed and where it belongs, unambiguously: every part with its length before it.
pub(crate) fn place(what: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::with_capacity(96);
    for part in [b"countersign".as_slice(), what.as_bytes()].iter().chain(parts) {
        place.extend((part.len() as u64).to_be_bytes());
        place.extend(*part);
    }
    place
}

impl AeadKey {
    pub(crate) fn new(bytes: &[u8; KEY_BYTES]) -> Result<Self, StoreError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes)
            .map_err(|_| StoreError::new(ErrorKind::Unavailable, "the cryptographic library makes no key"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Appends nonce, ciphertext and tag to `out`.
    pub(crate) fn seal(
        &self,
        place: &[u8],
        plain: &[u8],
        random: &dyn Random,
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let failed = || StoreError::new(ErrorKind::Unavailable, "sealing failed");
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut text = Zeroizing::new(plain.to_vec());
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), text.as_mut_slice())
            .map_err(|_| failed())?;
        out.extend(nonce);
        out.extend(text.iter());
        out.extend(tag.as_ref());
        Ok(())
    }

    /// Opens what [`AeadKey::seal`] appended.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::damaged("a sealed record does not open at its place");
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let mut text = text.to_vec();
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut text)
            .map_err(|_| damaged())?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SystemRandom;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn account(number: u64) -> AccountId {
        AccountId::from_number(number)
    }

    fn key_id(text: &str) -> AccessKeyId {
        AccessKeyId::parse(text).unwrap()
    }

    fn master(byte: u8) -> MasterKey {
        MasterKey::parse(&data_encoding::HEXLOWER.encode(&[byte; 32])).unwrap()
    }

    #[test]
    fn a_secret_opens_at_its_own_place_only() {
        let master = master(1);
        let wrapped = DataKey::generate(account(1), 1, &master, &SystemRandom).unwrap();
        let key = DataKey::unwrap(account(1), 1, &wrapped, &master).unwrap();
        let id = key_id("AKIAIOSFODNN7EXAMPLE");
        let sealed = key.seal(&id, &SecretKey::new(SECRET.into()), &SystemRandom).unwrap();
        assert!(!sealed.windows(8).any(|window| SECRET.as_bytes().windows(8).any(|part| part == window)));
        assert_ne!(sealed, key.seal(&id, &SecretKey::new(SECRET.into()), &SystemRandom).unwrap());
        assert_eq!(key.open(&id, &sealed).unwrap().expose(), SECRET);
        assert!(key.open(&key_id("AKIAIOSFODNN7EXAMPLF"), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&id, &changed).is_err(), "byte {at}");
            assert!(key.open(&id, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_data_key_opens_for_its_account_version_and_master_key_only() {
        let wrapped = DataKey::generate(account(1), 1, &master(1), &SystemRandom).unwrap();
        let cases = [
            (account(1), 1, 1, None),
            (account(2), 1, 1, Some(ErrorKind::Damaged)),
            (account(1), 2, 1, Some(ErrorKind::Damaged)),
            (account(1), 1, 2, Some(ErrorKind::WrongMasterKey)),
        ];
        for (account, version, byte, expected) in cases {
            let opened = DataKey::unwrap(account, version, &wrapped, &master(byte));
            assert_eq!(opened.err().map(|error| error.kind), expected, "{account} {version} {byte}");
        }
    }
}
