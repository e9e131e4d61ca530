//! Wildcards: `*` for any run of characters, `?` for one character.

use std::collections::BTreeMap;

use memchr::{memchr, memmem};
use smallvec::{SmallVec, smallvec};

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Glob {
    /// `*`.
    All,
    /// No wildcard.
    Exact(Box<str>),
    /// `text*`.
    Prefix(Box<str>),
    /// Texts with runs of characters between them: the first stands at the start and the last at the end.
    Texts(Box<[Box<str>]>),
    /// Anything else.
    Pieces(Box<[Piece<Box<str>>]>),
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<T> {
    /// This text.
    Text(T),
    /// One character.
    One,
    /// Any run of characters, the empty one too.
    Run,
}

impl Glob {
    /// Compiles a text in which `*` and `?` are wildcards.
    pub fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        push_pieces(text, &mut pieces);
        Self::of(pieces)
    }

    /// Puts pieces together.
    pub fn of(pieces: Vec<Piece<Box<str>>>) -> Self {
        match pieces.as_slice() {
            [] => Glob::Exact("".into()),
            [Piece::Run] => Glob::All,
            [Piece::Text(text)] => Glob::Exact(text.clone()),
            [Piece::Text(text), Piece::Run] => Glob::Prefix(text.clone()),
            several if several.contains(&Piece::One) => Glob::Pieces(pieces.into()),
            several => {
                let texts = several.split(|piece| *piece == Piece::Run).map(|texts| match texts {
                    [Piece::Text(text)] => text.clone(),
                    _ => "".into(),
                });
                Glob::Texts(texts.collect())
            }
        }
    }

    /// Whether the whole of a text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Glob::All => true,
            Glob::Exact(exact) => **exact == *text,
            Glob::Prefix(start) => text.starts_with(&**start),
            Glob::Texts(texts) => are_in(texts, text),
            Glob::Pieces(pieces) => matches(pieces, text),
        }
    }

    /// The text that everything that matches begins with.
    pub fn prefix(&self) -> &str {
        match self {
            Glob::All => "",
            Glob::Exact(text) | Glob::Prefix(text) => text,
            Glob::Texts(texts) => texts.first().map_or("", |text| text),
            Glob::Pieces(pieces) => match pieces.first() {
                Some(Piece::Text(text)) => text,
                _ => "",
            },
        }
    }
}

/// Adds the pieces of a text in which `*` and `?` are wildcards. Neighbouring texts and runs become one.
pub fn push_pieces(text: &str, pieces: &mut Vec<Piece<Box<str>>>) {
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['*', '?']).unwrap_or(rest.len());
        let (literal, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        push_text(literal, pieces);
        let mut characters = after.chars();
        match characters.next() {
            Some('*') if !matches!(pieces.last(), Some(Piece::Run)) => pieces.push(Piece::Run),
            Some('?') => pieces.push(Piece::One),
            _ => {}
        }
        rest = characters.as_str();
    }
}

/// Adds literal text.
pub fn push_text(text: &str, pieces: &mut Vec<Piece<Box<str>>>) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => *before = format!("{before}{text}").into(),
        _ => pieces.push(Piece::Text(text.into())),
    }
}

/// Whether the first of some texts stands at the start of another, the last at its end, and the others between them in
/// their order.
fn are_in(texts: &[Box<str>], text: &str) -> bool {
    let [first, between @ .., last] = texts else { return false };
    let Some(mut rest) = text.strip_prefix(&**first) else { return false };
    for wanted in between {
        match after(wanted, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(&**last)
}

/// Whether the whole of a text matches pieces.
///
/// The pieces between two runs are a segment. The first segment stands at the start and the last at the end; each of the
/// others is taken where it is found first, which leaves most to those after it. So the text is passed once. Searching a
/// segment that is plain text is linear; one that holds `?` is tried at each place while that is little work, and at all
/// places at once where it would be much.
pub fn matches<T: AsRef<str>>(pieces: &[Piece<T>], text: &str) -> bool {
    let mut segments = pieces.split(|piece| matches!(piece, Piece::Run));
    let Some(mut rest) = segments.next().and_then(|first| strip(first, text)) else { return false };
    let Some(last) = segments.next_back() else { return rest.is_empty() };
    for segment in segments {
        match find(segment, rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    stands_at_end(last, rest)
}

/// What follows a segment that stands at the start of a text.
fn strip<'t, T: AsRef<str>>(segment: &[Piece<T>], text: &'t str) -> Option<&'t str> {
    segment.iter().try_fold(text, |rest, piece| match piece {
        Piece::Text(text) => rest.strip_prefix(text.as_ref()),
        Piece::One | Piece::Run => without_first(rest),
    })
}

fn stands_at_end<T: AsRef<str>>(segment: &[Piece<T>], text: &str) -> bool {
    let before = segment.iter().rev().try_fold(text, |rest, piece| match piece {
        Piece::Text(text) => rest.strip_suffix(text.as_ref()),
        Piece::One | Piece::Run => {
            let mut characters = rest.chars();
            characters.next_back().map(|_| characters.as_str())
        }
    });
    before.is_some()
}

/// What follows a segment where it is found first.
fn find<'t, T: AsRef<str>>(segment: &[Piece<T>], text: &'t str) -> Option<&'t str> {
    match segment {
        [] => Some(text),
        [Piece::Text(wanted)] => after(wanted.as_ref(), text),
        _ if segment.len().saturating_mul(text.len()) > TRIED_MAX => find_at_once(segment, text),
        _ => {
            let mut rest = text;
            loop {
                if let Some(after) = strip(segment, rest) {
                    return Some(after);
                }
                rest = without_first(rest)?;
            }
        }
    }
}

/// What follows a text where it is found first.
fn after<'t>(wanted: &str, text: &'t str) -> Option<&'t str> {
    let wanted = wanted.as_bytes();
    let at = match wanted {
        [byte] => memchr(*byte, text.as_bytes()),
        _ => memmem::find(text.as_bytes(), wanted),
    };
    text.get(at? + wanted.len()..)
}

/// The most pieces that are compared one by one with a text before all places are tried at once.
const TRIED_MAX: usize = 16_384;

/// A bit for each character of a segment.
type Bits = SmallVec<[u64; 2]>;

/// The same, with a bit for each character of the segment in place of a try at each place (the Shift-And algorithm of
/// Baeza-Yates and Gonnet): a bit is set where the text up to here ends with the segment up to that character. So the
/// time grows with the text, and with a sixty-fourth of the segment.
fn find_at_once<'t, T: AsRef<str>>(segment: &[Piece<T>], text: &'t str) -> Option<&'t str> {
    let length: usize = segment.iter().map(characters).sum();
    let none: Bits = smallvec![0; length.div_ceil(64)];
    let (mut any, mut fitting) = (none.clone(), BTreeMap::<char, Bits>::new());
    let mut at = 0;
    for piece in segment {
        match piece {
            Piece::Text(text) => {
                for character in text.as_ref().chars() {
                    set(fitting.entry(character).or_insert_with(|| none.clone()), at);
                    at += 1;
                }
            }
            Piece::One | Piece::Run => {
                set(&mut any, at);
                at += 1;
            }
        }
    }
    for bits in fitting.values_mut() {
        bits.iter_mut().zip(&any).for_each(|(bits, any)| *bits |= any);
    }
    let mut state = none;
    for (start, character) in text.char_indices() {
        let fits = fitting.get(&character).unwrap_or(&any);
        let mut carry = 1;
        for (bits, fits) in state.iter_mut().zip(fits) {
            let next = *bits >> 63;
            *bits = (*bits << 1 | carry) & fits;
            carry = next;
        }
        if is_set(&state, length.saturating_sub(1)) {
            return text.get(start + character.len_utf8()..);
        }
    }
    None
}

fn characters<T: AsRef<str>>(piece: &Piece<T>) -> usize {
    match piece {
        Piece::Text(text) => text.as_ref().chars().count(),
        Piece::One | Piece::Run => 1,
    }
}

fn set(bits: &mut Bits, at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

fn is_set(bits: &Bits, at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

fn without_first(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next().map(|_| characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Straight from the definition.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => naive(&pattern[1..], text) || (!text.is_empty() && naive(pattern, &text[1..])),
            (Some('?'), Some(_)) => naive(&pattern[1..], &text[1..]),
            (Some(one), Some(other)) if one == other => naive(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn agrees_with_the_definition(pattern in "[abé*?]{0,9}", text in "[abé]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let glob = Glob::new(&pattern);
            let expected = naive(&chars(&pattern), &chars(&text));
            prop_assert_eq!(glob.matches(&text), expected);
            prop_assert!(!expected || text.starts_with(glob.prefix()));
        }
    }

    /// What follows a segment, tried at each place.
    fn find_one_by_one<'t>(segment: &[Piece<Box<str>>], text: &'t str) -> Option<&'t str> {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts.into_iter().find_map(|at| strip(segment, text.get(at..)?))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn all_places_at_once_are_the_places_one_by_one(
            segment in "[abé?]{1,6}", repeated in 1..40usize, end in "[abé?]{0,3}", text in "[abé]{1,5}", times in 0..80usize,
            rest in "[abé]{0,6}",
        ) {
            let mut pieces = Vec::new();
            push_pieces(&format!("{}{end}", segment.repeat(repeated)), &mut pieces);
            let text = format!("{}{rest}", text.repeat(times));
            prop_assert_eq!(find_at_once(&pieces, &text), find_one_by_one(&pieces, &text));
        }
    }

    /// Between the two ways of searching the answer must not change.
    #[test]
    fn long_segments_are_found_where_they_stand() {
        for (count, expected) in [(10, true), (600, true)] {
            let (segment, text) = ("a?".repeat(count), format!("{}b{}", "a".repeat(700), "ac".repeat(count)));
            assert_eq!(Glob::new(&format!("*{segment}")).matches(&text), expected, "{count}");
            assert_eq!(Glob::new(&format!("*c{segment}b*")).matches(&text), !expected, "{count}");
            assert_eq!(Glob::new(&format!("*b{segment}*")).matches(&text), expected, "{count}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        // Quadratic where each place is tried.
        assert!(!Glob::new(&format!("*{}b*", "a?".repeat(20_000))).matches(&"a".repeat(100_000)));
        let pattern = Glob::new(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(499)));
        assert!(pattern.matches(&"a".repeat(5000)));
        // Quadratic for a matcher that goes back one character at a time.
        let pattern = Glob::new(&format!("*{}b*", "a".repeat(50_000)));
        assert!(!pattern.matches(&"a".repeat(1_000_000)));
    }
}
