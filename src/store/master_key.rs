//! [`MasterKey`]: the one secret that opens all others. It wraps the data keys of the accounts, and the key
//! of messages is derived from it.

use std::{
    fs,
    io::{ErrorKind as IoErrorKind, Write},
    path::Path,
};

use aws_lc_rs::hmac;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::{
    ErrorKind, StoreError,
    seal::{AeadKey, KEY_BYTES},
};
use crate::base::Random;

/// A 256-bit key, and the id under which what it sealed is known.
pub struct MasterKey {
    id: MasterKeyId,
    aead: AeadKey,
    messages: Zeroizing<[u8; KEY_BYTES]>,
    sessions: Zeroizing<[u8; KEY_BYTES]>,
}

/// Tells master keys apart without telling anything of them: the beginning of an HMAC under the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MasterKeyId(pub [u8; 8]);

/// What the key of messages is an HMAC of.
const MESSAGES_LABEL: &[u8] = b"countersign authorization messages, version 1";

/// What the root of the keys of session tokens is an HMAC of.
const SESSIONS_LABEL: &[u8] = b"countersign session tokens, version 1";

/// What the id is an HMAC of.
const ID_LABEL: &[u8] = b"countersign master key id, version 1";

impl MasterKey {
    /// Reads 32 bytes written in hexadecimal or base64, as an environment variable or a file holds them.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let text = text.trim().as_bytes();
        let decoded = match HEXLOWER_PERMISSIVE.decode(text) {
            Ok(bytes) => bytes,
            Err(_) => BASE64.decode(text).unwrap_or_default(),
        };
        let decoded = Zeroizing::new(decoded);
        let bytes = decoded.as_slice().try_into().map_err(|_| {
            StoreError::new(ErrorKind::WrongMasterKey, "a master key is 32 bytes in hexadecimal or base64")
        })?;
        Self::from_bytes(bytes)
    }

    /// Reads the key from a file, which nobody but its owner may read.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| {
            let kind = match error.kind() {
                IoErrorKind::NotFound => ErrorKind::WrongMasterKey,
                _ => ErrorKind::Unavailable,
            };
            StoreError::new(kind, format!("cannot read the master key `{}`: {error}", path.display()))
        };
        refuse_shared(path, &fs::metadata(path).map_err(failed)?)?;
        Self::parse(&Zeroizing::new(fs::read_to_string(path).map_err(failed)?))
    }

    /// The key in a file. Where there is none and `fresh` says that nothing was sealed yet, one is made.
    pub fn read_or_create(path: &Path, fresh: bool, random: &dyn Random) -> Result<Self, StoreError> {
        if fresh && !path.exists() { Self::create(path, random) } else { Self::read(path) }
    }

    /// Makes a new key and writes it to a file that only its owner may read. A file that is there is left as it is and
    /// is an error: a lost master key is the loss of every secret.
    pub fn create(path: &Path, random: &dyn Random) -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random.fill(bytes.as_mut_slice())?;
        let text = Zeroizing::new(format!("{}\n", HEXLOWER.encode(bytes.as_slice())));
        write_new(path, text.as_bytes()).map_err(|error| {
            let what = format!("cannot write the master key `{}`: {error}", path.display());
            StoreError::new(ErrorKind::Unavailable, what)
        })?;
        Self::from_bytes(&bytes)
    }

    /// The id of this key.
    pub fn id(&self) -> MasterKeyId {
        self.id
    }

    pub(super) fn aead(&self) -> &AeadKey {
        &self.aead
    }

    /// The key that messages are sealed with, derived from this one.
    pub(super) fn message_key(&self) -> &[u8; KEY_BYTES] {
        &self.messages
    }

    /// What the keys of session tokens are derived from, derived from this one.
    pub fn session_root(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.sessions.clone()
    }

    fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<Self, StoreError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let mut id = [0; 8];
        id.iter_mut().zip(hmac::sign(&key, ID_LABEL).as_ref()).for_each(|(to, from)| *to = *from);
        let (messages, sessions) = (derived(&key, MESSAGES_LABEL), derived(&key, SESSIONS_LABEL));
        Ok(Self { id: MasterKeyId(id), aead: AeadKey::new(bytes)?, messages, sessions })
    }
}

/// A key for one purpose: an HMAC of the purpose's name.
pub fn derived(key: &hmac::Key, label: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    bytes.iter_mut().zip(hmac::sign(key, label).as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}

/// Writes aside and links into place: the file is whole or not there, and its mode is 0600 from the first byte.
fn write_new(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    fs::File::open(dir)?.sync_all()
}

#[cfg(unix)]
fn refuse_shared(path: &Path, metadata: &fs::Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let what = format!("others may read the master key `{}` (mode {mode:o}); make it 600", path.display());
    Err(StoreError::new(ErrorKind::Unavailable, what))
}

#[cfg(not(unix))]
fn refuse_shared(_: &Path, _: &fs::Metadata) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SystemRandom;

    #[test]
    fn a_key_is_32_bytes_in_either_spelling() {
        let bytes = [0xa5; 32];
        let id = MasterKey::from_bytes(&bytes).unwrap().id();
        let (hex, base64) = (HEXLOWER.encode(&bytes), BASE64.encode(&bytes));
        for text in [hex.clone(), hex.to_uppercase(), base64.clone(), format!(" {base64}\n")] {
            assert_eq!(MasterKey::parse(&text).ok().map(|key| key.id()), Some(id));
        }
        for text in ["", "a5", hex.get(2..).unwrap(), base64.get(4..).unwrap(), &format!("{hex}00")] {
            assert_eq!(MasterKey::parse(text).err().map(|error| error.kind), Some(ErrorKind::WrongMasterKey), "{text}");
        }
    }

    #[test]
    fn a_written_key_reads_back_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let lost = MasterKey::read_or_create(&path, false, &SystemRandom);
        assert_eq!(lost.err().map(|error| error.kind), Some(ErrorKind::WrongMasterKey));
        let made = MasterKey::read_or_create(&path, true, &SystemRandom).unwrap();
        assert_eq!(MasterKey::read_or_create(&path, true, &SystemRandom).unwrap().id(), made.id());
        assert_eq!(MasterKey::read(&path).unwrap().id(), made.id());
        assert!(MasterKey::create(&path, &SystemRandom).is_err());
        assert_eq!(MasterKey::read(&path).unwrap().id(), made.id());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        MasterKey::create(&path, &SystemRandom).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(MasterKey::read(&path).is_err());
    }
}
