//! Wildcards: `*` for any run of characters, `?` for one character.

use memchr::memmem;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Glob {
    /// `*`.
    All,
    /// No wildcard.
    Exact(Box<str>),
    /// `text*`.
    Prefix(Box<str>),
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
            _ => Glob::Pieces(pieces.into()),
        }
    }

    /// Whether the whole of a text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Glob::All => true,
            Glob::Exact(exact) => **exact == *text,
            Glob::Prefix(start) => text.starts_with(&**start),
            Glob::Pieces(pieces) => matches(pieces, text),
        }
    }

    /// The text that everything that matches begins with.
    pub fn prefix(&self) -> &str {
        match self {
            Glob::All => "",
            Glob::Exact(text) | Glob::Prefix(text) => text,
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

/// Whether the whole of a text matches pieces.
///
/// The pieces between two runs are a segment. The first segment stands at the start and the last at the end; each of the
/// others is taken where it is found first, which leaves most to those after it. So the text is passed once: searching a
/// segment that is plain text is linear, and only one that holds `?` is tried at each place. No pattern is exponential.
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
        [Piece::Text(wanted)] => {
            let at = memmem::find(text.as_bytes(), wanted.as_ref().as_bytes())?;
            text.get(at + wanted.as_ref().len()..)
        }
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

    #[test]
    fn hostile_patterns_end() {
        let pattern = Glob::new(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(499)));
        assert!(pattern.matches(&"a".repeat(5000)));
        // Quadratic for a matcher that goes back one character at a time.
        let pattern = Glob::new(&format!("*{}b*", "a".repeat(50_000)));
        assert!(!pattern.matches(&"a".repeat(1_000_000)));
    }
}
