//! All policies of a user, put together when they are first asked for: one set is decided faster than ten.
//!
//! What was put together is kept with the user and shared by the snapshots that show the user unchanged. A snapshot that
//! shows anything changed looks once whether the same policies still count. Large policies have an index of their own
//! and stay apart, so that ten thousand users of one do not hold ten thousand copies of it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::{ArcSwapOption, Guard};
use smallvec::SmallVec;

use super::policies::{Compiled, Poisoned, PolicySet};
use crate::store::Sequence;

/// The sets of a user and of its groups, in no order that counts.
pub type Parts<'a> = SmallVec<[&'a Compiled; 8]>;

/// A user's place for what was put together.
#[derive(Clone, Default)]
pub(super) struct Together(Arc<ArcSwapOption<Known>>);

struct Known {
    /// The latest snapshot for which the parts are known to be these.
    sequence: AtomicU64,
    parts: Box<[Compiled]>,
    /// The small ones among them as one; `None` if there is nothing to put together.
    small: Option<PolicySet>,
}

/// The identity-based policies that count for a user.
pub struct IdentityPolicies(Guard<Option<Arc<Known>>>);

impl Together {
    /// What counts on the snapshot with this sequence, where `parts` tells of which sets it is made.
    pub(super) fn get<'a>(
        &self,
        sequence: Sequence,
        parts: impl FnOnce() -> Result<Parts<'a>, Poisoned>,
    ) -> Result<IdentityPolicies, Poisoned> {
        let known = self.0.load();
        let seen = known.as_ref().map(|known| known.sequence.load(Ordering::Acquire));
        if seen == Some(sequence.0) {
            return Ok(IdentityPolicies(known));
        }
        let parts = parts()?;
        // A request that still holds an older snapshot must not take the place of newer ones.
        let is_latest = seen.is_none_or(|seen| seen < sequence.0);
        if let Some(known) = known.as_ref().filter(|known| known.is_of(&parts)) {
            if is_latest {
                known.sequence.fetch_max(sequence.0, Ordering::AcqRel);
            }
            return Ok(IdentityPolicies(Guard::from_inner(Some(Arc::clone(known)))));
        }
        let made = Arc::new(Known::new(sequence, &parts)?);
        if is_latest {
            self.0.store(Some(Arc::clone(&made)));
        }
        Ok(IdentityPolicies(Guard::from_inner(Some(made))))
    }
}

impl Known {
    fn new(sequence: Sequence, parts: &Parts<'_>) -> Result<Self, Poisoned> {
        let sets = parts.iter().map(|part| part.set()).collect::<Result<Vec<_>, _>>()?;
        let small: Vec<_> = sets.into_iter().filter(|set| !set.is_indexed()).collect();
        let small = (small.len() > 1).then(|| PolicySet::together(small));
        let parts = parts.iter().map(|part| (*part).clone()).collect();
        Ok(Self { sequence: AtomicU64::new(sequence.0), parts, small })
    }

    fn is_of(&self, parts: &Parts<'_>) -> bool {
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(|(known, part)| known.is(part))
    }
}

impl IdentityPolicies {
    /// The sets. One denial in any of them decides.
    pub fn sets(&self) -> SmallVec<[&PolicySet; 8]> {
        let Some(known) = &*self.0 else { return SmallVec::new() };
        let apart = |set: &&PolicySet| known.small.is_none() || set.is_indexed();
        let parts = known.parts.iter().filter_map(|part| part.set().ok()).filter(apart);
        known.small.iter().chain(parts).collect()
    }
}
