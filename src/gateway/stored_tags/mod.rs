//! Tags that only a store knows: `s3:ExistingObjectTag/<key>` of objects, `s3:BucketTag/<key>` and
//! `aws:ResourceTag/<key>` of buckets. (On AWS the latter two count in buckets with attribute-based access control; here
//! in every bucket.)
//!
//! A decision that comes to such a key before its value is known is a denial, and what it asked for is kept. Then the
//! store is asked, and it is decided anew. So a store is asked only where a statement that fits so far names such a key,
//! and a request whose policies name none pays nothing. What a store cannot tell stays unknown, and denies.

mod cache;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use cache::{Change, TagCache};

use super::{clock, upstream::Upstreams};
use crate::{
    base::{Fault, RequestId, condition::Value},
    mapping::s3::StoredTags,
};

/// The most objects and buckets that are looked up for one request. Few name more than two: only a configuration that
/// writes to many buckets.
const LOOKUPS_MAX: usize = 16;

/// What has tags: an object, one version of it, or, with an empty key, a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// The version; `None` for the present one.
    pub version: Option<&'a str>,
}

/// The same, to keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tagged {
    bucket: Box<str>,
    key: Box<str>,
    version: Option<Box<str>>,
}

/// The tags that the decisions on one request asked for.
#[derive(Default)]
pub struct AskedTags(Mutex<Vec<(Tagged, Known)>>);

enum Known {
    NotYet,
    Tags(Arc<StoredTags>),
    Never(String),
}

impl AskedTags {
    /// The value of a tag, whose key is given in lower case; `None` while it is not known what tags there are.
    pub fn value(&self, place: Place<'_>, name: &str) -> Option<Value<'static>> {
        let mut asked = self.lock();
        match asked.iter().find(|(tagged, _)| tagged.place() == place) {
            Some((_, Known::Tags(tags))) => Some(tags.value(name).map_or(Value::Absent, Value::owned)),
            Some((_, Known::NotYet | Known::Never(_))) => None,
            None => {
                let known = match asked.len() < LOOKUPS_MAX {
                    true => Known::NotYet,
                    false => Known::Never("too many tags would have to be looked up".to_owned()),
                };
                asked.push((place.keep(), known));
                None
            }
        }
    }

    /// Whether something was asked for that was not looked up yet.
    pub fn is_waiting(&self) -> bool {
        self.lock().iter().any(|(_, known)| matches!(known, Known::NotYet))
    }

    /// Why a tag is not known.
    pub fn why(&self) -> String {
        let asked = self.lock();
        let why = asked.iter().find_map(|(tagged, known)| match known {
            Known::Never(why) => Some(format!("the tags of {tagged} are not known: {why}")),
            _ => None,
        });
        why.unwrap_or_else(|| "tags were not looked up".to_owned())
    }

    fn waiting(&self) -> Vec<Tagged> {
        let asked = self.lock();
        let waiting = asked.iter().filter(|(_, known)| matches!(known, Known::NotYet));
        waiting.map(|(tagged, _)| tagged.clone()).collect()
    }

    fn learn(&self, what: &Tagged, tags: Result<Arc<StoredTags>, Fault>) {
        let mut asked = self.lock();
        let place = asked.iter_mut().find(|(tagged, _)| tagged == what);
        if let Some((_, known)) = place {
            *known = match tags {
                Ok(tags) => Known::Tags(tags),
                Err(fault) => Known::Never(fault.detail.unwrap_or_else(|| fault.message.into_owned())),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Tagged, Known)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What looking tags up takes.
#[derive(Clone, Copy)]
pub struct Lookups<'a> {
    /// What was told before.
    pub cache: &'a TagCache,
    /// The stores.
    pub upstreams: &'a Upstreams,
    /// The request that it is for.
    pub id: RequestId,
}

impl Lookups<'_> {
    /// Looks up whatever was asked for. Each look-up ends within the store's own deadlines.
    pub async fn settle(&self, asked: &AskedTags) {
        for tagged in asked.waiting() {
            asked.learn(&tagged, self.tags(&tagged).await);
        }
    }

    async fn tags(&self, tagged: &Tagged) -> Result<Arc<StoredTags>, Fault> {
        let now = clock::now();
        if let Some(tags) = self.cache.tags(tagged, now) {
            return Ok(tags);
        }
        // Nothing is in a bucket that no store has, and nothing of it will be sent anywhere.
        let Some(upstream) = self.upstreams.of_bucket(&tagged.bucket) else { return Ok(Arc::default()) };
        let generation = self.cache.generation(tagged);
        let Place { bucket, key, version } = tagged.place();
        match upstream.tags(bucket, key, version, now, self.id).await? {
            Some(tags) => Ok(self.cache.keep(tagged.clone(), tags, generation, now)),
            // An object may come into being at any moment.
            None => Ok(Arc::default()),
        }
    }
}

impl Place<'_> {
    fn keep(self) -> Tagged {
        Tagged { bucket: self.bucket.into(), key: self.key.into(), version: self.version.map(Into::into) }
    }
}

impl Tagged {
    fn place(&self) -> Place<'_> {
        Place { bucket: &self.bucket, key: &self.key, version: self.version.as_deref() }
    }
}

impl std::fmt::Display for Tagged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { bucket, key, version } = self.place();
        let slash = if key.is_empty() { "" } else { "/" };
        write!(f, "arn:aws:s3:::{bucket}{slash}{key}")?;
        version.map_or(Ok(()), |version| write!(f, " (version {version})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_looked_up_and_the_others_stay_unknown() {
        let asked = AskedTags::default();
        let names: Vec<String> = (0..=LOOKUPS_MAX).map(|at| format!("bucket-{at}")).collect();
        let value = |bucket| asked.value(Place { bucket, key: "", version: None }, "team");
        for name in names.iter().chain(&names) {
            assert_eq!(value(name), None);
        }
        assert_eq!(asked.waiting().len(), LOOKUPS_MAX);
        for tagged in asked.waiting() {
            asked.learn(&tagged, Ok(Arc::default()));
        }
        assert!(!asked.is_waiting());
        assert_eq!(value("bucket-0"), Some(Value::Absent));
        assert_eq!(value(&names[LOOKUPS_MAX]), None);
        assert!(asked.why().contains("too many"));
    }
}
