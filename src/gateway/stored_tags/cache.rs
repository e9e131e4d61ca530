//! What stores said of tags, kept for a short time.
//!
//! Each object has one of a fixed number of counters, which several share. A change that passes through this gateway
//! counts on, and whatever was asked for before that is not believed any more, be it kept or still under way.

use std::{
    hash::{BuildHasher, RandomState},
    mem::size_of,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use moka::sync::Cache;
use smallvec::SmallVec;

use super::Tagged;
use crate::{
    base::Timestamp,
    mapping::s3::{Call, StoredTags},
};

/// How long an answer is believed, counted from the moment when the store was asked. A change of tags that passes by this
/// gateway is seen after this time at the latest; one that passes through it, at once.
const AGE_MAX: Duration = Duration::from_secs(5);

/// The most that is kept, in bytes.
const BYTES_MAX: u64 = 16 << 20;

/// How many counters there are.
const COUNTERS: usize = 4096;

/// Tags by what has them.
pub struct TagCache {
    kept: Cache<Tagged, Kept>,
    changes: Box<[AtomicU64]>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Kept {
    tags: Arc<StoredTags>,
    generation: u64,
    asked_at: Timestamp,
}

impl Default for TagCache {
    fn default() -> Self {
        let kept = Cache::builder().max_capacity(BYTES_MAX).weigher(weight).time_to_live(AGE_MAX).build();
        Self { kept, changes: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }
}

fn weight(tagged: &Tagged, kept: &Kept) -> u32 {
    let names = tagged.bucket.len() + tagged.key.len() + tagged.version.as_ref().map_or(0, |version| version.len());
    let bytes = size_of::<(Tagged, Kept, StoredTags)>() + names + kept.tags.bytes();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl TagCache {
    /// What the store said, if that still counts.
    pub(super) fn tags(&self, tagged: &Tagged, now: Timestamp) -> Option<Arc<StoredTags>> {
        let kept = self.kept.get(tagged)?;
        let age = now.duration_since(kept.asked_at);
        // A clock that was set back tells nothing of an age.
        let counts = !age.is_negative() && age.unsigned_abs() < AGE_MAX && kept.generation == self.generation(tagged);
        counts.then_some(kept.tags)
    }

    /// How often it was changed: to be read before the store is asked.
    pub(super) fn generation(&self, tagged: &Tagged) -> u64 {
        self.changes.get(self.counter(&tagged.bucket, &tagged.key)).map_or(0, |changes| changes.load(SeqCst))
    }

    /// Keeps an answer to what was asked at a moment.
    pub(super) fn keep(
        &self,
        tagged: Tagged,
        tags: StoredTags,
        generation: u64,
        asked_at: Timestamp,
    ) -> Arc<StoredTags> {
        let tags = Arc::new(tags);
        self.kept.insert(tagged, Kept { tags: tags.clone(), generation, asked_at });
        tags
    }

    /// The change that a call makes; `None` for those that only read.
    pub fn change(self: &Arc<Self>, call: &Call) -> Option<Change> {
        let counters: SmallVec<_> = call.changed_keys().map(|key| self.counter(call.bucket(), key)).collect();
        (!counters.is_empty()).then(|| Change { cache: self.clone(), counters })
    }

    fn counter(&self, bucket: &str, key: &str) -> usize {
        usize::try_from(self.hasher.hash_one((bucket, key)) % COUNTERS as u64).unwrap_or(0)
    }
}

/// Objects or a bucket while they are changed. Dropped, it counts the change: also where nobody waited for its end.
pub struct Change {
    cache: Arc<TagCache>,
    counters: SmallVec<[usize; 1]>,
}

impl Change {
    /// Counts the change, which was made or may have been.
    pub fn count(&self) {
        for counter in &self.counters {
            if let Some(changes) = self.cache.changes.get(*counter) {
                changes.fetch_add(1, SeqCst);
            }
        }
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        self.count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: &str = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";

    fn tagged(version: Option<&str>) -> Tagged {
        Tagged { bucket: "photos".into(), key: "a".into(), version: version.map(Into::into) }
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn an_answer_counts_for_its_time() {
        let cache = Arc::new(TagCache::default());
        cache.keep(tagged(None), StoredTags::read(TAGS.as_bytes()).unwrap(), 0, at(0));
        for (milliseconds, counts) in [(0, true), (4_999, true), (5_000, false), (-1, false)] {
            assert_eq!(cache.tags(&tagged(None), at(milliseconds)).is_some(), counts, "{milliseconds}");
        }
        assert!(cache.tags(&tagged(Some("v")), at(0)).is_none());
    }

    #[test]
    fn a_change_ends_what_was_asked_before_it_and_was_answered_after() {
        let cache = Arc::new(TagCache::default());
        let change = Change { cache: cache.clone(), counters: SmallVec::from([cache.counter("photos", "a")]) };
        for version in [None, Some("v")] {
            let keep = || {
                let generation = cache.generation(&tagged(version));
                move |cache: &TagCache| cache.keep(tagged(version), StoredTags::default(), generation, at(0))
            };
            keep()(&cache);
            assert!(cache.tags(&tagged(version), at(1)).is_some());
            let late = keep();
            change.count();
            assert!(cache.tags(&tagged(version), at(1)).is_none());
            late(&cache);
            assert!(cache.tags(&tagged(version), at(1)).is_none());
            keep()(&cache);
            assert!(cache.tags(&tagged(version), at(1)).is_some());
        }
        drop(change);
        assert!(cache.tags(&tagged(None), at(1)).is_none());
    }
}
