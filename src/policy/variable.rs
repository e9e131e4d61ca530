//! Policy variables: `${aws:username}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for the characters themselves.
//! Source: IAM user guide, "IAM policy elements: variables and tags".

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{
    document::Version,
    pattern::{self, Glob, Piece},
    truth::Truth,
};
use crate::base::condition::{Context, Value};

/// The value of a single-valued key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The key, in lower case.
    key: Box<str>,
    /// The key as it was written.
    written: Box<str>,
    /// What counts if the key is absent.
    default: Option<Box<str>>,
}

/// A text with variables, for comparisons that are not by pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// No variable.
    Plain(Box<str>),
    /// At least one.
    Parts(Box<[TextPart]>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Literal text.
    Literal(Box<str>),
    /// A variable.
    Variable(Variable),
}

/// A pattern with variables.
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
    /// Literal text or a wildcard.
    Piece(Piece<Box<str>>),
    /// A variable.
    Variable(Variable),
}

impl Variable {
    /// The key as it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it is this key, given in lower case, and nothing in its place.
    pub fn is(&self, key: &str) -> bool {
        *self.key == *key && self.default.is_none()
    }

    /// The value; `None` if there is none, or more than one.
    pub fn value<'a>(&'a self, context: &'a dyn Context) -> Option<Cow<'a, str>> {
        match context.value(&self.key) {
            Value::One(value) => Some(value),
            Value::Absent => self.default.as_deref().map(Cow::Borrowed),
            Value::Many(_) => None,
        }
    }
}

impl Text {
    /// Compiles a text. `None` for a variable that cannot be read.
    pub fn new(text: &str, version: Version) -> Option<Self> {
        let mut parts = Vec::new();
        for scanned in scan(text, version)? {
            match (scanned, parts.last_mut()) {
                (Scanned::Variable(variable), _) => parts.push(TextPart::Variable(variable)),
                (Scanned::Pattern(text) | Scanned::Literal(text), Some(TextPart::Literal(before))) => {
                    *before = format!("{before}{text}").into();
                }
                (Scanned::Pattern(text) | Scanned::Literal(text), _) => parts.push(TextPart::Literal(text.into())),
            }
        }
        Some(match parts.as_slice() {
            [] => Text::Plain("".into()),
            [TextPart::Literal(text)] => Text::Plain(text.clone()),
            _ => Text::Parts(parts.into()),
        })
    }

    /// The text with the values of its variables; `None` if one has no value.
    pub fn resolve<'a>(&'a self, context: &'a dyn Context) -> Option<Cow<'a, str>> {
        match self {
            Text::Plain(text) => Some(Cow::Borrowed(text)),
            Text::Parts(parts) => match &**parts {
                [TextPart::Variable(variable)] => variable.value(context),
                parts => parts
                    .iter()
                    .try_fold(String::new(), |text, part| match part {
                        TextPart::Literal(literal) => Some(text + literal),
                        TextPart::Variable(variable) => Some(text + &variable.value(context)?),
                    })
                    .map(Cow::Owned),
            },
        }
    }

    /// The variables, in their order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        let parts = match self {
            Text::Plain(_) => &[][..],
            Text::Parts(parts) => parts,
        };
        parts.iter().filter_map(|part| match part {
            TextPart::Variable(variable) => Some(variable),
            TextPart::Literal(_) => None,
        })
    }

    /// The variable, if it is the whole text.
    pub fn into_variable(self) -> Option<Variable> {
        let Text::Parts(parts) = self else { return None };
        match <[TextPart; 1]>::try_from(Vec::from(parts)) {
            Ok([TextPart::Variable(variable)]) => Some(variable),
            _ => None,
        }
    }
}

impl Template {
    /// Compiles a pattern. `None` for a variable that cannot be read.
    pub fn new(text: &str, version: Version) -> Option<Self> {
        let (mut parts, mut pieces) = (Vec::new(), Vec::new());
        for scanned in scan(text, version)? {
            match scanned {
                Scanned::Pattern(text) => pattern::push_pieces(text, &mut pieces),
                Scanned::Literal(text) => pattern::push_text(text, &mut pieces),
                Scanned::Variable(variable) => {
                    parts.extend(pieces.drain(..).map(Part::Piece));
                    parts.push(Part::Variable(variable));
                }
            }
        }
        if parts.is_empty() {
            return Some(Template::Plain(Glob::of(pieces)));
        }
        parts.extend(pieces.into_iter().map(Part::Piece));
        Some(Template::Parts(parts.into()))
    }

    /// Whether a text matches. Unknown if a variable has no value. Values are literal: a `*` in a tag's value is no
    /// wildcard.
    pub fn matches(&self, text: &str, context: &dyn Context) -> Truth {
        let parts = match self {
            Template::Plain(glob) => return glob.matches(text).into(),
            Template::Parts(parts) => parts,
        };
        let mut pieces = SmallVec::<[Piece<Cow<'_, str>>; 8]>::new();
        for part in parts {
            pieces.push(match part {
                Part::Piece(Piece::Text(text)) => Piece::Text(Cow::Borrowed(text)),
                Part::Piece(Piece::One) => Piece::One,
                Part::Piece(Piece::Run) => Piece::Run,
                Part::Variable(variable) => match variable.value(context) {
                    Some(value) => Piece::Text(value),
                    None => return Truth::Unknown,
                },
            });
        }
        pattern::matches(&pieces, text).into()
    }

    /// The variables, in their order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        let parts = match self {
            Template::Plain(_) => &[][..],
            Template::Parts(parts) => parts,
        };
        parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Piece(_) => None,
        })
    }

    /// The text that everything that matches begins with, whatever the values of variables are.
    pub fn prefix(&self) -> &str {
        match self {
            Template::Plain(glob) => glob.prefix(),
            Template::Parts(parts) => match parts.first() {
                Some(Part::Piece(Piece::Text(text))) => text,
                _ => "",
            },
        }
    }
}

/// What stands in a text.
enum Scanned<'t> {
    /// Text in which wildcards may stand.
    Pattern(&'t str),
    /// Text in which they are characters.
    Literal(&'t str),
    Variable(Variable),
}

/// Finds the variables; `None` if one cannot be read. Version 2008-10-17 knows none.
fn scan(text: &str, version: Version) -> Option<Vec<Scanned<'_>>> {
    if version == Version::V2008 {
        return Some(vec![Scanned::Pattern(text)]);
    }
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        if !before.is_empty() {
            found.push(Scanned::Pattern(before));
        }
        let (scanned, after) = variable(after)?;
        found.push(scanned);
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Scanned::Pattern(rest));
    }
    Some(found)
}

/// Reads `*}`, `key}` or `key, 'default'}`: what stands between the braces, and what follows.
fn variable(text: &str) -> Option<(Scanned<'_>, &str)> {
    if let Some((special @ ("*" | "?" | "$"), after)) = text.split_once('}') {
        return Some((Scanned::Literal(special), after));
    }
    let end = text.find(['}', ',', '{', '$', '*', '?', '\'', '"'])?;
    let (key, rest) = text.split_at_checked(end)?;
    let (default, rest) = match rest.strip_prefix(',') {
        Some(rest) => {
            let (default, rest) = rest.trim_start().strip_prefix('\'')?.split_once('\'')?;
            (Some(default.into()), rest.trim_start())
        }
        None => (None, rest),
    };
    let (key, after) = (key.trim(), rest.strip_prefix('}')?);
    let variable = Variable { key: key.to_lowercase().into(), written: key.into(), default };
    (!key.is_empty()).then_some((Scanned::Variable(variable), after))
}
