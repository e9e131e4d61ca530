//! Makes session tokens and opens them.

use std::{hash, sync::Arc};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use moka::sync::Cache;
use zeroize::Zeroizing;

use super::{
    Session,
    claims::{Claims, PACKED_BYTES_MAX},
};
use crate::{
    base::{AccessKeyId, Random, SecretKey, Timestamp},
    store::{
        MasterKey, StoreError,
        master_key::derived,
        seal::{AeadKey, KEY_BYTES, place},
    },
};

/// The first byte of a token.
const FORMAT: u8 = 1;
/// How long one key seals, in seconds.
const PERIOD_SECONDS: i64 = 86_400;
/// The longest life of a session in whole periods, and one for the one that it begins in: 36 hours.
const PERIODS_KEPT: i64 = 2;
/// The longest token, in characters.
pub const TOKEN_CHARACTERS_MAX: usize = 2_048;
/// What an opened token takes in memory beside its text, in bytes, roughly.
const OPENED_BYTES: u32 = 2_048;
/// The memory that opened tokens may take.
const OPENED_BYTES_MAX: u64 = 64 << 20;
/// The last characters of a token: of its tag, so no two tokens share them.
const TAIL: usize = 16;

/// The keys of session tokens, and the tokens that were opened.
pub struct Sessions {
    root: hmac::Key,
    random: Arc<dyn Random>,
    opened: Cache<Tail, Arc<Session>, hash::BuildHasherDefault<TailHasher>>,
}

/// Credentials that were just made.
pub struct Issued {
    /// `ASIA...`.
    pub key: AccessKeyId,
    /// The secret access key.
    pub secret: SecretKey,
    /// The session token.
    pub token: String,
    /// Until when they are good.
    pub expires: Timestamp,
    /// How much of the room for policies and tags is taken, in percent; `None` if there are none.
    pub packed_percent: Option<usize>,
}

/// Why no credentials are made.
#[derive(Debug)]
pub enum NotIssued {
    /// Policies and tags take so many percent of their room.
    TooLarge(usize),
    /// Sealing failed.
    Failed(StoreError),
}

/// Why a token is not opened.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Unopened {
    /// It was not made here, or not for this access key.
    Invalid,
    /// Its time is over.
    Expired,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Tail([u8; TAIL]);

/// Tails are random already: of a token that is not, nothing is kept.
#[derive(Default)]
struct TailHasher(u64);

impl Sessions {
    /// The one of a master key.
    pub fn derive(master: &MasterKey, random: Arc<dyn Random>) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*master.session_root());
        let opened = Cache::builder()
            .max_capacity(OPENED_BYTES_MAX)
            .weigher(|_, session: &Arc<Session>| {
                let text = u32::try_from(session.token().len()).unwrap_or(u32::MAX);
                text.saturating_mul(4).saturating_add(OPENED_BYTES)
            })
            .build_with_hasher(hash::BuildHasherDefault::default());
        Self { root, random, opened }
    }

    /// Seals a session under its access key id.
    pub fn issue(&self, key: AccessKeyId, claims: &Claims) -> Result<Issued, NotIssued> {
        let failed = |what: &str| NotIssued::Failed(StoreError::damaged(what.to_owned()));
        let (bytes, packed) = claims.write().ok_or_else(|| failed("a session cannot be written down"))?;
        let percent = (packed * 100).div_ceil(PACKED_BYTES_MAX);
        if percent > 100 {
            return Err(NotIssued::TooLarge(percent));
        }
        let period = u32::try_from(claims.issued.div_euclid(PERIOD_SECONDS)).map_err(|_| failed("no such moment"))?;
        let mut sealed = vec![FORMAT];
        sealed.extend(period.to_be_bytes());
        let aead = AeadKey::new(&self.key_of(period)).map_err(NotIssued::Failed)?;
        aead.seal(&place_of(&key), &bytes, &*self.random, &mut sealed).map_err(NotIssued::Failed)?;
        let token = BASE64URL_NOPAD.encode(&sealed);
        if token.len() > TOKEN_CHARACTERS_MAX {
            return Err(NotIssued::TooLarge((token.len() * 100).div_ceil(TOKEN_CHARACTERS_MAX)));
        }
        let expires = Timestamp::from_second(claims.expires).map_err(|_| failed("no such moment"))?;
        let packed_percent = (packed > 0).then_some(percent);
        Ok(Issued { key, secret: claims.secret.key(), token, expires, packed_percent })
    }

    /// Opens a token of an access key.
    pub fn open(&self, key: &str, token: &str, now: Timestamp) -> Result<Arc<Session>, Unopened> {
        let tail = Tail::of(token).ok_or(Unopened::Invalid)?;
        let known = self.opened.get(&tail).filter(|session| session.token() == token);
        let session = match known {
            Some(session) => session,
            None => {
                let session = Arc::new(self.opened_anew(key, token, now).ok_or(Unopened::Invalid)?);
                self.opened.insert(tail, Arc::clone(&session));
                session
            }
        };
        match (session.key().as_str() == key, session.is_over(now)) {
            (false, _) => Err(Unopened::Invalid),
            (true, true) => Err(Unopened::Expired),
            (true, false) => Ok(session),
        }
    }

    fn opened_anew(&self, key: &str, token: &str, now: Timestamp) -> Option<Session> {
        if token.len() > TOKEN_CHARACTERS_MAX {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (&FORMAT, sealed) = sealed.split_first()? else { return None };
        let (period, sealed) = sealed.split_first_chunk()?;
        let period = u32::from_be_bytes(*period);
        // A node whose clock is behind may see the key of tomorrow. What is older than any session is told as invalid.
        let age = now.as_second().div_euclid(PERIOD_SECONDS) - i64::from(period);
        if !(-1..=PERIODS_KEPT).contains(&age) {
            return None;
        }
        let key = AccessKeyId::parse(key)?;
        let aead = AeadKey::new(&self.key_of(period)).ok()?;
        let bytes = Zeroizing::new(aead.open(&place_of(&key), sealed).ok()?);
        Session::new(key, token, Claims::read(&bytes)?)
    }

    fn key_of(&self, period: u32) -> Zeroizing<[u8; KEY_BYTES]> {
        derived(&self.root, &period.to_be_bytes())
    }
}

fn place_of(key: &AccessKeyId) -> Vec<u8> {
    place("session token", &[key.as_str().as_bytes()])
}

impl Tail {
    fn of(token: &str) -> Option<Self> {
        token.as_bytes().last_chunk().copied().map(Self)
    }
}

impl hash::Hash for Tail {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        let number = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        state.write_u64(number(self.0.first_chunk()) ^ number(self.0.last_chunk()).rotate_left(32));
    }
}

impl hash::Hasher for TailHasher {
    fn finish(&self) -> u64 {
        // Letters leave bits of each byte alike: they are spread over all (a step of splitmix64).
        let spread = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let spread = (spread ^ (spread >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        spread ^ (spread >> 31)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }
}
