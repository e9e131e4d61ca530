//! Policy variables: `${aws:username}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters themselves.
//! Source: IAM user guide, "IAM policy elements: variables and tags".

use std::borrow::Cow;

use super::{
    document::Version,
    pattern::{Glob, Token, matches_tokens, token},
};
use crate::base::condition::{Context, Value};

/// A text with wildcards and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// No variable.
    Plain(Glob),
    /// At least one.
    Parts(Box<[Part]>),
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Literal text and wildcards.
    Tokens(Box<[Token]>),
    /// The value of a single-valued key, or a default.
    Variable {
        /// The key, in lower case.
        key: Box<str>,
        /// What counts if the key is absent.
        default: Option<Box<str>>,
    },
}

impl Template {
    /// Compiles a text. With `wildcards` false, `*` and `?` are themselves. `None` for a variable that cannot be read.
    pub fn new(text: &str, version: Version, wildcards: bool) -> Option<Self> {
        let literal = |text: &str| -> Vec<Token> {
            text.bytes().map(|byte| if wildcards { token(byte) } else { Token::Byte(byte) }).collect()
        };
        if version == Version::V2008 || !text.contains("${") {
            return Some(Template::Plain(if wildcards { Glob::new(text) } else { Glob::Exact(text.into()) }));
        }
        let (mut parts, mut tokens, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            tokens.extend(literal(before));
            let (name, after) = after.split_once('}')?;
            rest = after;
            match name {
                "*" | "?" | "$" => tokens.extend(name.bytes().map(Token::Byte)),
                name => {
                    if !tokens.is_empty() {
                        parts.push(Part::Tokens(std::mem::take(&mut tokens).into()));
                    }
                    parts.push(variable(name)?);
                }
            }
        }
        tokens.extend(literal(rest));
        if parts.is_empty() {
            return Some(Template::Plain(Glob::Tokens(tokens.into())));
        }
        if !tokens.is_empty() {
            parts.push(Part::Tokens(tokens.into()));
        }
        Some(Template::Parts(parts.into()))
    }

    /// Whether a text matches; `None` if a variable has no value, so that the template matches nothing.
    pub fn matches(&self, text: &str, context: &dyn Context) -> Option<bool> {
        match self {
            Template::Plain(glob) => Some(glob.matches(text)),
            Template::Parts(parts) => Some(matches_tokens(&resolve(parts, context)?, text.as_bytes())),
        }
    }

    /// The text itself, without wildcards: for comparisons that are not by pattern. `None` as above.
    pub fn text(&self, context: &dyn Context) -> Option<Cow<'_, str>> {
        let bytes = |tokens: &[Token]| {
            let byte = |token: &Token| match token {
                Token::Byte(byte) => *byte,
                Token::One => b'?',
                Token::Run => b'*',
            };
            String::from_utf8(tokens.iter().map(byte).collect()).ok()
        };
        match self {
            Template::Plain(Glob::Exact(text)) => Some(Cow::Borrowed(text)),
            Template::Plain(glob) => {
                let mut tokens = Vec::new();
                glob.push_tokens(&mut tokens);
                bytes(&tokens).map(Cow::Owned)
            }
            Template::Parts(parts) => bytes(&resolve(parts, context)?).map(Cow::Owned),
        }
    }
}

/// Puts values in, literally: a `*` in a tag's value is no wildcard.
fn resolve(parts: &[Part], context: &dyn Context) -> Option<Vec<Token>> {
    let mut out = Vec::with_capacity(64);
    for part in parts {
        match part {
            Part::Tokens(tokens) => out.extend_from_slice(tokens),
            Part::Variable { key, default } => match (context.value(key), default) {
                (Value::One(value), _) => out.extend(value.bytes().map(Token::Byte)),
                (Value::Absent, Some(default)) => out.extend(default.bytes().map(Token::Byte)),
                _ => return None,
            },
        }
    }
    Some(out)
}

/// `key` or `key, 'default'`.
fn variable(text: &str) -> Option<Part> {
    let (key, default) = match text.split_once(',') {
        None => (text, None),
        Some((key, rest)) => (key, Some(rest.trim().strip_prefix('\'')?.strip_suffix('\'')?.into())),
    };
    let key = key.trim();
    (!key.is_empty()).then(|| Part::Variable { key: key.to_lowercase().into(), default })
}
