//! Texts that are compared often, with their beginning as a number: most are told apart without looking at them.

/// The bytes that the number holds, the first of them highest. Shorter texts are filled up with zeros.
const LENGTH: usize = 16;

/// The beginning of a text as a number. Where two differ, their order is that of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Start(u128);

/// A text that is looked for in many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought<'a> {
    /// The text.
    pub text: &'a str,
    /// Its beginning.
    pub start: Start,
}

/// A text that others are compared with as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: Box<str>,
    start: Start,
}

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    start: Start,
    /// The bits that count.
    mask: u128,
}

impl Start {
    /// Reads it.
    pub fn of(text: &str) -> Self {
        let text = text.as_bytes();
        if let Some(all) = text.first_chunk::<LENGTH>() {
            return Self(u128::from_be_bytes(*all));
        }
        // The two halves of a text overlap: what the second begins with and the first holds already falls out.
        let (high, low) = match (text.first_chunk(), text.last_chunk(), text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last), ..) => {
                let last = u64::from_be_bytes(*last).checked_shl(missing(text, 16));
                (u64::from_be_bytes(*first), last.unwrap_or(0))
            }
            (.., Some(first), Some(last)) => {
                let last = u32::from_be_bytes(*last).checked_shl(missing(text, 8)).unwrap_or(0);
                (u64::from(u32::from_be_bytes(*first)) << 32 | u64::from(last), 0)
            }
            _ => (text.iter().rev().fold(0, |number, &byte| number >> 8 | u64::from(byte) << 56), 0),
        };
        Self(u128::from(high) << 64 | u128::from(low))
    }
}

impl<'a> Sought<'a> {
    /// Looks at a text once.
    pub fn new(text: &'a str) -> Self {
        Self { text, start: Start::of(text) }
    }
}

impl Key {
    /// With its number.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        Self { start: Start::of(&text), text }
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
}

impl Beginning {
    /// The first bytes of a text that others begin with.
    pub fn of(text: &str) -> Self {
        Self { start: Start::of(text), mask: u128::MAX.checked_shl(missing(text.as_bytes(), LENGTH)).unwrap_or(0) }
    }

    /// Whether a text can begin so: if not, it does not.
    pub fn can_be_of(self, sought: Sought<'_>) -> bool {
        (self.start.0 ^ sought.start.0) & self.mask == 0
    }
}

/// The bits that a text has less than so many bytes have.
fn missing(text: &[u8], bytes: usize) -> u32 {
    u32::try_from(8 * bytes.saturating_sub(text.len())).unwrap_or(0)
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
            let numbers = key.start.cmp(&sought.start);
            prop_assert!(numbers.is_eq() || numbers == one.cmp(&other));
            let begins = Beginning::of(&one).can_be_of(sought);
            prop_assert!(begins || !other.starts_with(&one));
            prop_assert!(!begins || one.len() > LENGTH || other.starts_with(&one) || other.len() < one.len());
        }
    }
}
