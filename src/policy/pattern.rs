//! Wildcards: `*` for any run of characters, `?` for one character.

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
    Tokens(Box<[Token]>),
}

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// This byte.
    Byte(u8),
    /// One character.
    One,
    /// Any run of characters, the empty one too.
    Run,
}

impl Glob {
    /// Compiles a text in which `*` and `?` are wildcards.
    pub fn new(text: &str) -> Self {
        let wildcards = text.bytes().filter(|byte| matches!(byte, b'*' | b'?')).count();
        match (wildcards, text.strip_suffix('*')) {
            (1, Some("")) => Glob::All,
            (1, Some(start)) => Glob::Prefix(start.into()),
            (0, _) => Glob::Exact(text.into()),
            _ => Glob::Tokens(text.bytes().map(token).collect()),
        }
    }

    /// Whether the whole of a text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Glob::All => true,
            Glob::Exact(exact) => **exact == *text,
            Glob::Prefix(start) => text.starts_with(&**start),
            Glob::Tokens(tokens) => matches_tokens(tokens, text.as_bytes()),
        }
    }

    /// The tokens of any pattern, to be joined with others.
    pub fn push_tokens(&self, out: &mut Vec<Token>) {
        match self {
            Glob::All => out.push(Token::Run),
            Glob::Exact(text) => out.extend(text.bytes().map(Token::Byte)),
            Glob::Prefix(text) => {
                out.extend(text.bytes().map(Token::Byte));
                out.push(Token::Run);
            }
            Glob::Tokens(tokens) => out.extend_from_slice(tokens),
        }
    }
}

/// The token of a byte in which `*` and `?` are wildcards.
pub fn token(byte: u8) -> Token {
    match byte {
        b'*' => Token::Run,
        b'?' => Token::One,
        byte => Token::Byte(byte),
    }
}

/// Greedy with one place to come back to: the last run takes one byte more each time, so the steps are at most tokens
/// times bytes; no pattern is exponential.
pub fn matches_tokens(tokens: &[Token], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match (tokens.get(at), text.get(from)) {
            (Some(Token::Run), _) => {
                at += 1;
                retry = Some((at, from));
                continue;
            }
            (None, None) => return true,
            (Some(Token::Byte(byte)), Some(here)) if byte == here => Some(1),
            (Some(Token::One), Some(_)) => Some(character_length(text, from)),
            _ => None,
        };
        if let Some(length) = step {
            at += 1;
            from += length;
            continue;
        }
        match &mut retry {
            Some((token, start)) if *start < text.len() => {
                *start += 1;
                (at, from) = (*token, *start);
            }
            _ => return false,
        }
    }
}

/// The bytes of the character at a place: continuation bytes belong to it.
fn character_length(text: &[u8], from: usize) -> usize {
    let rest = text.get(from + 1..).unwrap_or_default();
    1 + rest.iter().take_while(|&&byte| byte & 0xc0 == 0x80).count()
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
        #[test]
        fn agrees_with_the_definition(pattern in "[abé*?]{0,8}", text in "[abé]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(Glob::new(&pattern).matches(&text), naive(&chars(&pattern), &chars(&text)));
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = Glob::new(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(499)));
        assert!(pattern.matches(&"a".repeat(5000)));
    }
}
