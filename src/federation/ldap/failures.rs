//! How often a password was wrong, so that nobody can try out many.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use moka::{ops::compute::Op, sync::Cache};

use crate::base::Timestamp;

/// The most names and entries that are counted. Beyond, some that were not heard of for long are forgotten.
const COUNTED_MAX: u64 = 100_000;

/// Tries of late, by what was tried.
pub struct Failures(Cache<[u8; 32], Tried>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    since: Timestamp,
    times: u32,
}

/// How many tries are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The most that fail.
    pub tries: u32,
    /// Within this time from the first of them.
    pub time: Duration,
}

impl Default for Failures {
    fn default() -> Self {
        Self(Cache::new(COUNTED_MAX))
    }
}

impl Failures {
    /// Counts a try before it is made, so that many at once are not more than one after another. `false` if it may not be
    /// made.
    pub(super) fn begin(&self, what: &str, allowance: Allowance, now: Timestamp) -> bool {
        let mut is_let = false;
        self.0.entry(key(what)).and_compute_with(|known| {
            let known = known.map(|entry| entry.into_value());
            let known = known.filter(|tried| now.duration_since(tried.since).unsigned_abs() < allowance.time);
            let tried = known.unwrap_or(Tried { since: now, times: 0 });
            is_let = tried.times < allowance.tries;
            Op::Put(Tried { times: tried.times.saturating_add(u32::from(is_let)), ..tried })
        });
        is_let
    }

    /// Takes a try back that the directory did not judge.
    pub(super) fn undo(&self, what: &str) {
        self.0.entry(key(what)).and_compute_with(|known| match known.map(|entry| entry.into_value()) {
            Some(tried) => Op::Put(Tried { times: tried.times.saturating_sub(1), ..tried }),
            None => Op::Nop,
        });
    }

    /// Forgets failures: the password was right.
    pub(super) fn forget(&self, what: &str) {
        self.0.invalidate(&key(what));
    }
}

/// The same for names that a directory takes for one.
fn key(what: &str) -> [u8; 32] {
    let folded = what.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    digest(&SHA256, folded.as_bytes()).as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_let_through_until_too_many_failed() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        let allowance = Allowance { tries: 3, time: Duration::from_secs(60) };
        let failures = Failures::default();
        let begin = |what: &str, second| failures.begin(what, allowance, at(second));
        assert!(begin("ann", 0) && begin("Ann", 1) && begin(" ANN ", 2));
        assert!(!begin("ann", 3) && !begin("ann", 59), "the fourth");
        assert!(begin("bob", 3), "another name");
        assert!(begin("ann", 60), "later");
        failures.undo("ann");
        assert!(begin("ann", 61) && begin("ann", 62) && begin("ann", 63) && !begin("ann", 64));
        failures.forget("ann");
        assert!(begin("ann", 65));
    }

    #[test]
    fn many_at_once_are_not_let_through_either() {
        let failures = Failures::default();
        let allowance = Allowance { tries: 5, time: Duration::from_secs(60) };
        let now = Timestamp::from_second(1_000_000).unwrap();
        let let_through: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..8).filter(|_| failures.begin("ann", allowance, now)).count()))
                .collect();
            tries.into_iter().map(|tried| tried.join().unwrap()).sum()
        });
        assert_eq!(let_through, 5);
    }
}
