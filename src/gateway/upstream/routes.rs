//! Which upstream serves what.

use std::sync::Arc;

use super::{http::HttpUpstream, s3::S3Upstream};

/// Buckets by name: `logs` for one, `logs-*` for all that start so, `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketPattern {
    start: Box<str>,
    open: bool,
}

impl BucketPattern {
    /// Reads a pattern; `None` unless it is made of what buckets' names may hold, with at most one `*` at its end.
    pub fn parse(text: &str) -> Option<Self> {
        let (start, open) = text.strip_suffix('*').map_or((text, false), |start| (start, true));
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        (start.bytes().all(fits) && (open || !start.is_empty())).then(|| Self { start: start.into(), open })
    }

    /// Whether a bucket is meant.
    pub fn holds(&self, bucket: &str) -> bool {
        if self.open { bucket.starts_with(&*self.start) } else { bucket == &*self.start }
    }

    /// Whether every bucket that another pattern means is meant.
    pub fn covers(&self, other: &Self) -> bool {
        if self.open { other.start.starts_with(&*self.start) } else { self == other }
    }
}

/// The upstreams of one worker.
pub struct Upstreams {
    /// S3-compatible stores with the buckets that each serves, in the order of the configuration.
    pub s3: Vec<(Vec<BucketPattern>, Arc<S3Upstream>)>,
    /// Internal HTTP APIs.
    pub http: Vec<Arc<HttpUpstream>>,
}

impl Upstreams {
    /// The store that serves a bucket: the first whose patterns hold it.
    pub fn of_bucket(&self, bucket: &str) -> Option<&Arc<S3Upstream>> {
        let holds = |patterns: &[BucketPattern]| patterns.iter().any(|pattern| pattern.holds(bucket));
        self.s3.iter().find(|(patterns, _)| holds(patterns)).map(|(_, upstream)| upstream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_holds_a_name_or_a_beginning() {
        for (pattern, bucket, holds) in
            [("logs", "logs", true), ("logs", "logs2", false), ("logs-*", "logs-eu", true), ("*", "any", true)]
        {
            assert_eq!(BucketPattern::parse(pattern).unwrap().holds(bucket), holds, "{pattern} {bucket}");
        }
        for (pattern, other, covers) in [
            ("*", "logs", true),
            ("*", "*", true),
            ("logs-*", "logs-eu-*", true),
            ("logs-*", "logs-", true),
            ("logs-*", "logs", false),
            ("logs-eu-*", "logs-*", false),
            ("logs", "logs", true),
            ("logs", "logs*", false),
        ] {
            let [pattern, other] = [pattern, other].map(|text| BucketPattern::parse(text).unwrap());
            assert_eq!(pattern.covers(&other), covers, "{pattern:?} {other:?}");
        }
        for pattern in ["", "a*b", "**", "a/b", "a b*"] {
            assert_eq!(BucketPattern::parse(pattern), None, "{pattern}");
        }
    }
}
