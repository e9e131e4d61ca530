//! From JSON to the parts of a policy. Order is free, keys stand once, nothing unknown is passed over.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The longest document that is read. Customers' are far shorter by [`quota`](super::quota); the longest managed policy
/// of AWS's own has 140,000 characters.
pub const DOCUMENT_CHARACTERS_MAX: usize = 262_144;

/// The most members that one object or array may have.
const MEMBERS_MAX: usize = 10_000;

/// A policy as it is written.
#[derive(Debug)]
pub struct Document {
    /// `Version`; absent counts as [`Version::V2008`].
    pub version: Option<Version>,
    /// `Id`.
    pub id: Option<String>,
    /// `Statement`, at least one.
    pub statements: Vec<RawStatement>,
}

/// The versions of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`: policy variables are literal text.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// `Effect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// A list, or what is left when its elements are taken out.
#[derive(Debug)]
pub struct Matching {
    /// Whether it was written with `Not`.
    pub negated: bool,
    /// The patterns.
    pub patterns: Vec<String>,
}

/// `Principal` or `NotPrincipal` as it is written.
#[derive(Debug)]
pub struct RawPrincipal {
    /// Whether it was written with `Not`.
    pub negated: bool,
    /// Kinds and values. Identity-based policies are refused for any principal, so that it is theirs to say whether its
    /// form counts.
    pub named: Result<Vec<(PrincipalKind, String)>, SyntaxError>,
}

/// What stands before the values of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `"*"` alone.
    Everyone,
    /// `AWS`.
    Aws,
    /// `Federated`.
    Federated,
    /// `Service`.
    Service,
    /// `CanonicalUser`.
    CanonicalUser,
    /// A unique id in the place of an `AWS` one; is never written so.
    Id,
}

/// A statement as it is written.
#[derive(Debug)]
pub struct RawStatement {
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`; `None` if it is written in another case, which AWS's parser tells from other words.
    pub effect: Option<Effect>,
    /// `Action` or `NotAction`.
    pub action: Option<Matching>,
    /// `Resource` or `NotResource`.
    pub resource: Option<Matching>,
    /// `Principal` or `NotPrincipal`.
    pub principal: Option<RawPrincipal>,
    /// `Condition`: operator, key, values.
    pub conditions: Vec<(String, String, Vec<String>)>,
}

/// The document does not follow the grammar. The text says where, for the record and the linter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError(pub String);

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SyntaxError {}

/// Where a statement stands in its document. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// What follows the bracket or the comma before it; what follows its opening brace, if it is the only one and stands
    /// in no array. That is where AWS says that it begins.
    pub start: (u32, u32),
    /// What follows its closing brace.
    pub end: (u32, u32),
}

/// Where the statements of a document stand, in their order. Empty for what is no policy.
pub fn spans(text: &str) -> Vec<Span> {
    #[derive(serde::Deserialize)]
    struct Outline<'t> {
        #[serde(borrow, rename = "Statement")]
        statement: &'t RawValue,
    }
    let Ok(outline) = serde_json::from_str::<Outline<'_>>(text) else { return Vec::new() };
    let (statements, is_array) = match serde_json::from_str::<Vec<&RawValue>>(outline.statement.get()) {
        Ok(statements) => (statements, true),
        Err(_) => (vec![outline.statement], false),
    };
    let (mut at, mut here) = (0, (1, 1));
    let mut place = |to: usize| {
        for character in text.get(at..to).unwrap_or("").chars() {
            here = if character == '\n' { (here.0 + 1, 1) } else { (here.0, here.1 + 1) };
        }
        at = to;
        here
    };
    let offset = |part: &str| part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let span = |statement: &RawValue| {
        let brace = offset(statement.get());
        let before = || text.get(..brace).map_or(brace, |before| before.trim_ascii_end().len());
        let start = if is_array { before() } else { brace + 1 };
        Span { start: place(start), end: place(brace + statement.get().len()) }
    };
    statements.into_iter().map(span).collect()
}

/// Reads a document.
pub fn parse(text: &str) -> Result<Document, SyntaxError> {
    if text.chars().count() > DOCUMENT_CHARACTERS_MAX {
        return Err(fault("the document is too long"));
    }
    let json: Json = serde_json::from_str(text).map_err(|error| SyntaxError(error.to_string()))?;
    let mut document = Document { version: None, id: None, statements: Vec::new() };
    for (name, value) in json.object("the policy")? {
        match name.as_str() {
            "Version" => {
                document.version = Some(match value.text("Version")?.as_str() {
                    "2008-10-17" => Version::V2008,
                    "2012-10-17" => Version::V2012,
                    other => return Err(fault(&format!("`{other}` is no version"))),
                });
            }
            "Id" => document.id = Some(value.text("Id")?),
            "Statement" => {
                let statements = match value {
                    Json::Array(statements) => statements,
                    statement => vec![statement],
                };
                document.statements = statements.into_iter().map(statement).collect::<Result<_, _>>()?;
            }
            other => return Err(fault(&format!("`{other}` is no element of a policy"))),
        }
    }
    if document.statements.is_empty() {
        return Err(fault("a policy has at least one statement"));
    }
    Ok(document)
}

fn statement(json: Json) -> Result<RawStatement, SyntaxError> {
    let (mut sid, mut effect, mut action, mut resource) = (None, None, None, None);
    let (mut principal, mut conditions) = (None, Vec::new());
    for (name, value) in json.object("a statement")? {
        match name.as_str() {
            "Sid" => sid = Some(value.text("Sid")?),
            "Effect" => {
                effect = Some(match value.text("Effect")?.as_str() {
                    "Allow" => Some(Effect::Allow),
                    "Deny" => Some(Effect::Deny),
                    other if ["allow", "deny"].contains(&&*other.to_ascii_lowercase()) => None,
                    other => return Err(fault(&format!("`{other}` is no effect"))),
                });
            }
            "Action" | "NotAction" => once(&mut action, matching(&name, value)?, "Action and NotAction")?,
            "Resource" | "NotResource" => once(&mut resource, matching(&name, value)?, "Resource and NotResource")?,
            "Principal" | "NotPrincipal" => {
                let written = RawPrincipal { negated: name.starts_with("Not"), named: principals(value) };
                once(&mut principal, written, "Principal and NotPrincipal")?;
            }
            "Condition" => conditions = condition_block(value)?,
            other => return Err(fault(&format!("`{other}` is no element of a statement"))),
        }
    }
    let effect = effect.ok_or_else(|| fault("a statement has no effect"))?;
    Ok(RawStatement { sid, effect, action, resource, principal, conditions })
}

fn matching(name: &str, value: Json) -> Result<Matching, SyntaxError> {
    Ok(Matching { negated: name.starts_with("Not"), patterns: value.texts(name)? })
}

/// `"*"`, or an object of kinds and values.
fn principals(value: Json) -> Result<Vec<(PrincipalKind, String)>, SyntaxError> {
    let kinds = match value {
        Json::Text(text) if text == "*" => return Ok(vec![(PrincipalKind::Everyone, text)]),
        value => value.object("Principal")?,
    };
    let mut named = Vec::new();
    for (kind, values) in kinds {
        let kind = match kind.as_str() {
            "AWS" => PrincipalKind::Aws,
            "Federated" => PrincipalKind::Federated,
            "Service" => PrincipalKind::Service,
            "CanonicalUser" => PrincipalKind::CanonicalUser,
            other => return Err(fault(&format!("`{other}` is no kind of principal"))),
        };
        named.extend(values.texts("a principal")?.into_iter().map(|value| (kind, value)));
    }
    if named.is_empty() { Err(fault("a principal names nobody")) } else { Ok(named) }
}

fn once<T>(place: &mut Option<T>, value: T, what: &str) -> Result<(), SyntaxError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(fault(&format!("{what} exclude each other"))),
    }
}

fn condition_block(value: Json) -> Result<Vec<(String, String, Vec<String>)>, SyntaxError> {
    let mut conditions = Vec::new();
    for (operator, keys) in value.object("Condition")? {
        for (key, values) in keys.object(&operator)? {
            let values = match values {
                Json::Array(values) => values.into_iter().map(|value| value.scalar(&key)).collect::<Result<_, _>>()?,
                value => vec![value.scalar(&key)?],
            };
            conditions.push((operator.clone(), key, values));
        }
    }
    Ok(conditions)
}

fn fault(text: &str) -> SyntaxError {
    SyntaxError(text.to_owned())
}

/// JSON that keeps the order of keys and refuses a key that stands twice.
enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn object(self, what: &str) -> Result<Vec<(String, Json)>, SyntaxError> {
        match self {
            Json::Object(members) => Ok(members),
            _ => Err(fault(&format!("{what} is no object"))),
        }
    }

    fn text(self, what: &str) -> Result<String, SyntaxError> {
        match self {
            Json::Text(text) => Ok(text),
            _ => Err(fault(&format!("{what} is no string"))),
        }
    }

    fn texts(self, what: &str) -> Result<Vec<String>, SyntaxError> {
        match self {
            Json::Array(items) => items.into_iter().map(|item| item.text(what)).collect(),
            item => Ok(vec![item.text(what)?]),
        }
    }

    fn scalar(self, what: &str) -> Result<String, SyntaxError> {
        match self {
            Json::Text(text) | Json::Number(text) => Ok(text),
            Json::Bool(value) => Ok(value.to_string()),
            _ => Err(fault(&format!("a value of {what} is neither string, number nor boolean"))),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    /// A number that a double holds to its last digit. Longer ones would be compared as others than they were written.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        let text = value.to_string();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if digits > 15 { Err(E::custom("a number has too many digits")) } else { Ok(Json::Number(text)) }
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == MEMBERS_MAX {
                return Err(A::Error::custom("an array has too many elements"));
            }
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if members.len() == MEMBERS_MAX || !seen.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("`{name}` stands twice, or there are too many members")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}
