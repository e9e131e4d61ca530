//! How much memory bodies may take together that are held whole: many requests of allowed size are too much all the same.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

/// Bytes that are held, over all requests. A clone is the same budget.
#[derive(Debug, Clone, Default)]
pub struct Budget(Arc<AtomicUsize>);

/// A part of a budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    bytes: usize,
}

/// The budget is used up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UsedUp;

impl Budget {
    /// Nothing yet.
    pub(super) fn share(&self) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Takes more, of `bytes_max` that all may take together.
    pub(super) fn grow(&mut self, bytes: usize, bytes_max: usize) -> Result<(), UsedUp> {
        self.bytes += bytes;
        let all = self.budget.0.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if all <= bytes_max { Ok(()) } else { Err(UsedUp) }
    }

    /// The bytes that it was taken for, which keep it.
    pub(super) fn of(self, bytes: Bytes) -> Bytes {
        if bytes.is_empty() { bytes } else { Bytes::from_owner(Held { bytes, _share: self }) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

struct Held {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_comes_back_with_the_last_of_its_bytes() {
        let budget = Budget::default();
        let (mut first, mut second) = (budget.share(), budget.share());
        assert_eq!((first.grow(3, 5), second.grow(2, 5), second.grow(1, 5)), (Ok(()), Ok(()), Err(UsedUp)));
        drop(second);
        let bytes = first.of(Bytes::from_static(b"abc"));
        let part = bytes.slice(1..2);
        assert_eq!(bytes, "abc");
        drop(bytes);
        assert_eq!(budget.share().grow(3, 5), Err(UsedUp));
        drop(part);
        assert_eq!(budget.share().grow(5, 5), Ok(()));
    }
}
