//! Which assertions were used already. What is remembered is of this node alone.
//!
//! AWS takes an assertion for five minutes, for any role that it names: clients fetch credentials for many accounts with one.
//! So does this program, but for each role once, unless the operator says otherwise.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};

use crate::base::Timestamp;

type Mark = [u8; 32];

/// What was used.
pub struct Used {
    most: usize,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    until: HashMap<Mark, Timestamp>,
    in_order: BTreeSet<(Timestamp, Mark)>,
}

/// Why an assertion is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It was used before.
    Used,
    /// Too many are remembered to know.
    Full,
}

impl Default for Used {
    /// Room for 100,000 uses, about 16 MB: five minutes of 333 uses a second.
    fn default() -> Self {
        Self::new(100_000)
    }
}

impl Used {
    /// Remembers so many uses at most.
    pub fn new(most: usize) -> Self {
        Self { most, marks: Mutex::default() }
    }

    /// Takes note of a use, which is what `parts` say together, until a moment at which it is refused anyway.
    ///
    /// # Errors
    /// If it was used before, or if that cannot be told.
    pub fn claim(&self, parts: &[&str], until: Timestamp, now: Timestamp) -> Result<(), Again> {
        let mark = mark(parts);
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.forget(now);
        if marks.until.contains_key(&mark) {
            return Err(Again::Used);
        }
        if marks.until.len() >= self.most {
            return Err(Again::Full);
        }
        marks.until.insert(mark, until);
        marks.in_order.insert((until, mark));
        Ok(())
    }

    /// Takes a note back: what was to be done with it was not done.
    pub fn unclaim(&self, parts: &[&str]) {
        let mark = mark(parts);
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = marks.until.remove(&mark) {
            marks.in_order.remove(&(until, mark));
        }
    }
}

impl Marks {
    fn forget(&mut self, now: Timestamp) {
        while let Some((until, mark)) = self.in_order.first().copied().filter(|(until, _)| *until <= now) {
            self.in_order.remove(&(until, mark));
            self.until.remove(&mark);
        }
    }
}

fn mark(parts: &[&str]) -> Mark {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(part.len().to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    // A digest of SHA-256 has 32 bytes.
    digest(&SHA256, &bytes).as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_use_is_remembered_until_it_expires() {
        let used = Used::new(2);
        let cases = [
            ("the first use", &["idp", "a", "r"], 10, 0, Ok(())),
            ("the same again", &["idp", "a", "r"], 10, 9, Err(Again::Used)),
            ("parts that meet elsewhere", &["idp", "ar", ""], 20, 9, Ok(())),
            ("no room", &["idp", "b", "r"], 20, 9, Err(Again::Full)),
            ("room after the first expired", &["idp", "b", "r"], 20, 10, Ok(())),
            ("the second is remembered still", &["idp", "ar", ""], 20, 19, Err(Again::Used)),
        ];
        for (what, parts, until, now, expected) in cases {
            assert_eq!(used.claim(parts, at(until), at(now)), expected, "{what}");
        }
        used.unclaim(&["idp", "b", "r"]);
        assert_eq!(used.claim(&["idp", "b", "r"], at(20), at(19)), Ok(()));
    }
}
