//! Texts that are compared often, with their beginning as a number: most are told apart without looking at them.

use std::cmp::Ordering;

/// The bytes that the number holds, the first of them highest. Shorter texts are filled up with zeros.
const LENGTH: usize = 16;

/// A text that is looked for in many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought<'a> {
    /// The text.
    pub text: &'a str,
    start: u128,
}

/// A text that others are compared with as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: Box<str>,
    start: u128,
}

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    start: u128,
    /// The bits that count.
    mask: u128,
}

impl<'a> Sought<'a> {
    /// Looks at a text once.
    pub fn new(text: &'a str) -> Self {
        Self { text, start: start(text) }
    }
}

impl Key {
    /// With its number.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        Self { start: start(&text), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the texts are the same.
    pub fn is(&self, sought: Sought<'_>) -> bool {
        let same = self.start == sought.start && self.text.len() == sought.text.len();
        same && (self.text.len() <= LENGTH || *self.text == *sought.text)
    }

    /// The order of the texts, which is that of their numbers, unless those are the same.
    pub fn compare(&self, sought: Sought<'_>) -> Ordering {
        self.start.cmp(&sought.start).then_with(|| (*self.text).cmp(sought.text))
    }
}

impl Beginning {
    /// The first bytes of a text that others begin with.
    pub fn of(text: &str) -> Self {
        let ignored = 8 * u32::try_from(LENGTH.saturating_sub(text.len())).unwrap_or(0);
        Self { start: start(text), mask: u128::MAX.checked_shl(ignored).unwrap_or(0) }
    }

    /// Whether a text can begin so: if not, it does not.
    pub fn can_be_of(self, sought: Sought<'_>) -> bool {
        (self.start ^ sought.start) & self.mask == 0
    }
}

fn start(text: &str) -> u128 {
    let text = text.as_bytes();
    if let Some(all) = text.first_chunk::<LENGTH>() {
        return u128::from_be_bytes(*all);
    }
    let missing = 8 * u32::try_from(LENGTH - text.len()).unwrap_or(0);
    match (text.first_chunk(), text.last_chunk()) {
        // The halves overlap, where they hold the same.
        (Some(first), Some(last)) => {
            u128::from(u64::from_be_bytes(*first)) << 64 | u128::from(u64::from_be_bytes(*last)) << missing
        }
        _ => text.iter().fold(0, |number, &byte| number << 8 | u128::from(byte)).checked_shl(missing).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn numbers_tell_what_texts_do(same in "[ab]{0,18}", one in "[ab\0é]{0,3}", other in "[ab\0é]{0,3}") {
            let (one, other) = (format!("{same}{one}"), format!("{same}{other}"));
            let (key, sought) = (Key::new(&*one), Sought::new(&other));
            prop_assert_eq!(key.is(sought), one == other);
            prop_assert_eq!(key.compare(sought), one.cmp(&other));
            let begins = Beginning::of(&one).can_be_of(sought);
            prop_assert!(begins || !other.starts_with(&one));
            prop_assert!(!begins || one.len() > LENGTH || other.starts_with(&one) || other.len() < one.len());
        }
    }
}
