//! Passwords: what an account asks of them, and how they are kept.
//! Source: IAM user guide, "Set an account password policy for IAM users".

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    items::{details, written},
    users::random,
};
use crate::{
    api::query::Scene,
    base::{AccountId, Fault, Timestamp},
    store::{ItemKind, Page, StoreError, UnitOfWork},
};

/// The name of the one policy of an account.
pub(super) const POLICY_NAME: &str = "PasswordPolicy";

/// The most former passwords that a policy can ask for, the present one among them.
pub(super) const REMEMBERED_MAX: usize = 24;

/// What counts as a symbol.
const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";

/// The shortest password where no policy says anything, and of how many of the four kinds of characters it has to be.
const BUILT_IN: (usize, usize) = (8, 3);

/// What Argon2id takes for one password: memory in KiB, passes, lanes. Source: OWASP, "Password Storage Cheat Sheet".
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// One password is hashed at a time: it takes memory and time on purpose, and callers shall not multiply that.
static TURN: Mutex<()> = Mutex::new(());

/// How many wait for their turn, the one whose turn it is among them.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The most that may: each holds a thread that other calls could use.
const WAITING_MAX: usize = 32;

/// What an account asks of its users' passwords. What is left out when it is set has AWS's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordPolicy {
    pub(super) length_min: usize,
    pub(super) symbols: bool,
    pub(super) numbers: bool,
    pub(super) upper_case: bool,
    pub(super) lower_case: bool,
    pub(super) users_may_change: bool,
    pub(super) age_days_max: Option<usize>,
    pub(super) remembered: Option<usize>,
    pub(super) hard_expiry: Option<bool>,
}

/// What passwords of an account are held to.
pub(super) struct Rules {
    /// The account's policy; the built-in rule holds without one.
    pub(super) policy: Option<PasswordPolicy>,
    /// The account's number and alias.
    names: Vec<Box<str>>,
}

/// The hash of a password, with all that it takes to make it again.
#[derive(Serialize, Deserialize)]
pub(super) struct Hash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    hash: String,
}

/// A place among those that wait for their turn.
struct Place;

/// The present password and those before it, the newest first.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct History(Vec<Hash>);

impl Rules {
    /// Those of an account.
    pub(super) fn of(work: &mut dyn UnitOfWork, account: AccountId) -> Result<Self, StoreError> {
        let policy = work.item(account, ItemKind::PasswordPolicy, POLICY_NAME)?;
        let policy = policy.map(|item| details(&item)).transpose()?;
        let aliases = work.items(account, ItemKind::AccountAlias, Page::ALL)?.items;
        let names = aliases.into_iter().map(|alias| alias.name).chain([account.as_str().into()]).collect();
        Ok(Self { policy, names })
    }

    /// `PasswordPolicyViolation` for a password that does not fit.
    pub(super) fn check(&self, password: &str) -> Result<(), Fault> {
        let length = password.chars().count();
        let has = |is: fn(char) -> bool| password.chars().any(is);
        let classes = [
            (has(|it| it.is_ascii_uppercase()), "uppercase letter"),
            (has(|it| it.is_ascii_lowercase()), "lowercase letter"),
            (has(|it| it.is_ascii_digit()), "number"),
            (has(|it| SYMBOLS.contains(it)), "symbol"),
        ];
        let Some(policy) = &self.policy else {
            let (length_min, classes_min) = BUILT_IN;
            if length < length_min {
                return Err(too_short(length_min));
            }
            let kinds = classes.iter().filter(|(is_there, _)| *is_there).count();
            let is_name = self.names.iter().any(|name| name.eq_ignore_ascii_case(password));
            return if kinds < classes_min || is_name {
                Err(violation("Password does not conform to the account password policy."))
            } else {
                Ok(())
            };
        };
        if length < policy.length_min {
            return Err(too_short(policy.length_min));
        }
        let asked = [policy.upper_case, policy.lower_case, policy.numbers, policy.symbols];
        let missing = asked.iter().zip(classes).find(|(asked, (is_there, _))| **asked && !is_there);
        match missing {
            Some((_, (_, class))) => Err(violation(format!("Password should have at least one {class}"))),
            None => Ok(()),
        }
    }

    /// When a password that was set at a moment expires; `None` for never.
    pub(super) fn expiry(&self, changed: Timestamp) -> Option<Timestamp> {
        let days = self.policy.as_ref()?.age_days_max?;
        changed.checked_add(SignedDuration::from_hours(24 * i64::try_from(days).ok()?)).ok()
    }

    /// How many of the newest passwords must not come again.
    pub(super) fn remembered(&self) -> usize {
        self.policy.as_ref().and_then(|policy| policy.remembered).unwrap_or(0)
    }
}

impl History {
    /// Reads what an item keeps sealed.
    pub(super) fn read(work: &mut dyn UnitOfWork, item: &str) -> Result<Self, StoreError> {
        let secret = work.item_secret(item)?.ok_or_else(|| StoreError::damaged(format!("`{item}` has no password")))?;
        let damaged = |_| StoreError::damaged(format!("the passwords of `{item}` do not read"));
        serde_json::from_slice(&secret).map_err(damaged)
    }

    /// What is sealed.
    pub(super) fn written(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        Ok(Zeroizing::new(written(self)?.into_boxed_bytes().into_vec()))
    }

    /// Whether it is the present password.
    pub(super) fn opens(&self, password: &str) -> Result<bool, Fault> {
        self.0.first().map_or(Ok(false), |present| present.fits(password))
    }

    /// `PasswordPolicyViolation` for one of the newest passwords.
    pub(super) fn refuse_again(&self, password: &str, newest: usize) -> Result<(), Fault> {
        for known in self.0.iter().take(newest) {
            if known.fits(password)? {
                let message = "Policy constraint violation with password reuse prevention during password change.";
                return Err(violation(message));
            }
        }
        Ok(())
    }

    /// The same with another password in front.
    pub(super) fn with(mut self, scene: &Scene<'_>, password: &str) -> Result<Self, Fault> {
        self.0.insert(0, Hash::of(scene, password)?);
        self.0.truncate(REMEMBERED_MAX);
        Ok(self)
    }
}

impl Hash {
    fn of(scene: &Scene<'_>, password: &str) -> Result<Self, Fault> {
        let (memory_kib, passes, lanes) = COST;
        let salt = BASE64.encode(&random::<16>(scene)?);
        let mut hash = Self { memory_kib, passes, lanes, salt, hash: String::new() };
        hash.hash = BASE64.encode(&*hash.make(password)?);
        Ok(hash)
    }

    fn fits(&self, password: &str) -> Result<bool, Fault> {
        let known = BASE64.decode(self.hash.as_bytes()).map_err(unusable)?;
        Ok(verify_slices_are_equal(&known, &*self.make(password)?).is_ok())
    }

    fn make(&self, password: &str) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(unusable)?;
        let salt = BASE64.decode(self.salt.as_bytes()).map_err(unusable)?;
        let mut made = Zeroizing::new([0; 32]);
        let _place = Place::take()?;
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &salt, &mut *made)
            .map_err(unusable)?;
        Ok(made)
    }
}

impl Place {
    /// `Throttling` where there is none left.
    fn take() -> Result<Self, Fault> {
        let place = Self;
        match WAITING.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            true => Ok(place),
            false => Err(Fault::new(400, "Throttling", "Rate exceeded")),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

fn too_short(least: usize) -> Fault {
    violation(format!("Password should have a minimum length of {least}"))
}

fn violation(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "PasswordPolicyViolation", message)
}

fn unusable(error: impl std::fmt::Display) -> Fault {
    StoreError::damaged(format!("a password's hash cannot be used: {error}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_wait_for_a_hash() {
        let mut places: Vec<Place> = (0..WAITING_MAX).map(|_| Place::take().unwrap()).collect();
        for _ in 0..3 {
            assert_eq!(Place::take().err().unwrap().code, "Throttling");
        }
        places.pop();
        let again = Place::take();
        assert!(again.is_ok() && Place::take().is_err());
    }

    #[test]
    fn a_password_expires_days_after_it_was_set() {
        let with = |policy| Rules { policy, names: Vec::new() };
        let policy = PasswordPolicy {
            length_min: 6,
            symbols: false,
            numbers: false,
            upper_case: false,
            lower_case: false,
            users_may_change: false,
            age_days_max: Some(90),
            remembered: None,
            hard_expiry: None,
        };
        let set: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(with(None).expiry(set), None);
        assert_eq!(with(Some(policy.clone())).expiry(set), "2024-03-31T00:00:00Z".parse().ok());
        assert_eq!(with(Some(PasswordPolicy { age_days_max: None, ..policy })).expiry(set), None);
    }
}
