//! Providers' public keys: from a file, or fetched and kept for a while.
//!
//! Whoever asks for keys that are not there fetches them, and all others who ask for the same wait for that one fetch.
//! A provider is asked again at most every ten seconds, whatever tokens name, and one that does not answer holds up only
//! those who ask for its keys, and few of them.

mod fetch;
mod trust;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use self::fetch::Failure;
use super::{KeySet, Provider, Refusal, Token, verify};
use crate::{base::Timestamp, federation::Asserted};

/// How long after a provider was asked it is not asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// How much older than the last answer a question may be: it has waited for that answer.
const OVERTAKEN_MAX: Duration = Duration::from_secs(60);

/// The most that wait for one provider, and for all: each holds a thread that other calls could use.
const WAITING_MAX: usize = 16;
const WAITING_FOR_ALL_MAX: usize = 128;

/// The most providers whose keys are kept.
const PROVIDERS_MAX: u64 = 10_000;

/// How keys are had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Authorities that are trusted besides the system's.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The longest that a provider may take for everything: connections, discovery document, keys.
    pub answer_time: Duration,
    /// How long keys are good.
    pub keys_time: Duration,
    /// How long they are used after that while the provider is away.
    pub stale_time_max: Duration,
    /// What is known of single providers, by URL.
    pub known: BTreeMap<String, Known>,
}

/// What the configuration says of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its keys: it is never asked.
    pub keys: Option<Arc<KeySet>>,
    /// Host and port to connect to instead of those of its URL.
    pub address: Option<(String, u16)>,
    /// Claims that become condition keys, beyond those that AWS knows.
    pub claims: Vec<String>,
}

/// Where verifiers get keys.
pub struct Keys {
    settings: Settings,
    roots: OnceLock<Arc<RootCertStore>>,
    kept: Cache<String, Arc<Kept>>,
    waiting: AtomicUsize,
}

/// What is known of the keys of one provider, under one set of thumbprints.
#[derive(Default)]
struct Kept {
    state: Mutex<State>,
    changed: Condvar,
    waiting: AtomicUsize,
}

#[derive(Default)]
struct State {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    /// When it was last asked, and why that gave no keys.
    asked: Option<Timestamp>,
    failure: Option<Failure>,
    is_asking: bool,
}

/// A place among those that wait.
struct Place<'a>([&'a AtomicUsize; 2]);

/// Whoever asks has to say how it ended, whatever happens.
struct Asking<'a> {
    kept: &'a Kept,
    outcome: Option<Result<KeySet, Failure>>,
    at: Timestamp,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            answer_time: Duration::from_secs(5),
            keys_time: Duration::from_secs(3600),
            stale_time_max: Duration::from_secs(14_400),
            known: BTreeMap::new(),
        }
    }
}

impl Keys {
    /// No provider is asked yet.
    pub fn new(settings: Settings) -> Self {
        let kept = Cache::new(PROVIDERS_MAX);
        Self { settings, roots: OnceLock::new(), kept, waiting: AtomicUsize::new(0) }
    }

    /// How they are had.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Verifies a token with the keys of the provider, which are fetched if need be. Blocks: never call it on a thread that
    /// serves others.
    ///
    /// # Errors
    /// The check that refuses.
    pub fn verify(&self, token: &Token, provider: &Provider, now: Timestamp) -> Result<Asserted, Refusal> {
        let keys = self.of(token, provider, now)?;
        match self.settings.known.get(&provider.url).map(|known| &known.claims).filter(|claims| !claims.is_empty()) {
            None => verify(token, provider, &keys, now),
            Some(claims) => verify(token, &Provider { claims: claims.clone(), ..provider.clone() }, &keys, now),
        }
    }

    /// The keys to verify a token with: not more than were there a moment ago, if the provider has no key that fits.
    fn of(&self, token: &Token, provider: &Provider, now: Timestamp) -> Result<Arc<KeySet>, Refusal> {
        if let Some(keys) = self.settings.known.get(&provider.url).and_then(|known| known.keys.clone()) {
            return Ok(keys);
        }
        let kept = self.kept.get_with(place(provider), Arc::default);
        let is_wanted = |keys: &KeySet| keys.has(token.key_id(), token.algorithm());
        let mut state = kept.lock();
        if let Some(keys) = state.fresh(now, self.settings.keys_time).filter(|keys| is_wanted(keys)) {
            return Ok(keys);
        }
        let _place = Place::take([&kept.waiting, &self.waiting])
            .ok_or_else(|| Refusal::Unreachable("too many wait for answers of providers".into()))?;
        let wait = self.settings.answer_time + Duration::from_secs(1);
        if state.is_asking {
            let (after, waited) = kept
                .changed
                .wait_timeout_while(state, wait, |state| state.is_asking)
                .unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                return Err(Refusal::Unreachable("no answer of the provider in time".into()));
            }
            return self.usable(&after, now, is_wanted);
        }
        if state.asked.is_some_and(|asked| is_within(asked, now, AGAIN)) {
            return self.usable(&state, now, is_wanted);
        }
        state.is_asking = true;
        state.asked = Some(now);
        drop(state);
        let mut asking = Asking { kept: &kept, outcome: None, at: now };
        asking.outcome = Some(self.fetch(provider));
        drop(asking);
        self.usable(&kept.lock(), now, is_wanted)
    }

    fn fetch(&self, provider: &Provider) -> Result<KeySet, Failure> {
        let roots = self.roots.get_or_init(|| Arc::new(trust::roots(&self.settings.authorities)));
        let address = self.settings.known.get(&provider.url).and_then(|known| known.address.as_ref());
        let outcome = fetch::keys(provider, address, roots, self.settings.answer_time);
        if let Err(failure) = &outcome {
            tracing::warn!(provider = provider.url, %failure, "no keys of an identity provider");
        }
        outcome
    }

    /// What is there after the provider was asked: its keys, or older ones if it is away. A key that is not among them may
    /// be one that it could not tell.
    fn usable(
        &self,
        state: &State,
        now: Timestamp,
        is_wanted: impl Fn(&KeySet) -> bool,
    ) -> Result<Arc<KeySet>, Refusal> {
        let longest = self.settings.keys_time.saturating_add(self.settings.stale_time_max);
        match (state.fresh(now, longest), &state.failure) {
            (Some(keys), None) => Ok(keys),
            (Some(keys), Some(_)) if is_wanted(&keys) => Ok(keys),
            (_, Some(failure)) => Err(failure.refusal()),
            (None, None) => Err(Refusal::Unreachable("the provider was asked a moment ago".into())),
        }
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The keys, if they are not older than that.
    fn fresh(&self, now: Timestamp, time: Duration) -> Option<Arc<KeySet>> {
        self.keys.as_ref().filter(|(_, at)| is_within(*at, now, time)).map(|(keys, _)| keys.clone())
    }
}

impl<'a> Place<'a> {
    /// `None` where there are too many already.
    fn take(counters: [&'a AtomicUsize; 2]) -> Option<Self> {
        // Counted before it is looked at: two that come together are not both let in for the last place.
        let place = Self(counters);
        let [of_one, of_all] = counters.map(|counter| counter.fetch_add(1, Ordering::AcqRel));
        (of_one < WAITING_MAX && of_all < WAITING_FOR_ALL_MAX).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        for counter in self.0 {
            counter.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut state = self.kept.lock();
        match self.outcome.take() {
            Some(Ok(keys)) => {
                state.keys = Some((Arc::new(keys), self.at));
                state.failure = None;
            }
            Some(Err(failure)) => state.failure = Some(failure),
            None => state.failure = Some(Failure::Unreachable("it was not asked to the end".into())),
        }
        state.is_asking = false;
        self.kept.changed.notify_all();
    }
}

/// Where the keys of a provider are kept: with all that decides whether they are believed.
fn place(provider: &Provider) -> String {
    let mut thumbprints: Vec<String> = provider.thumbprints.iter().map(|text| text.to_ascii_lowercase()).collect();
    thumbprints.sort();
    format!("{} {}", provider.url, thumbprints.join(" "))
}

/// Whether a moment lies not longer ago than that, and not in a future that only a clock set back can make.
fn is_within(at: Timestamp, now: Timestamp, time: Duration) -> bool {
    let age = now.duration_since(at);
    age.unsigned_abs() < if age.is_negative() { OVERTAKEN_MAX } else { time }
}
