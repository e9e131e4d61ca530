//! What the condition context of a request is made of.
//!
//! Policies name context keys (`aws:SourceIp`, `s3:prefix`); the request path knows facts. A [`Context`] answers for
//! one key at a time, so that a request pays only for the keys that a candidate policy names.

use std::borrow::Cow;

/// The value of one condition context key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The key is not in the request context (what the `Null` operator asks for).
    Absent,
    /// A single-valued key.
    One(Cow<'a, str>),
    /// A multi-valued key (`aws:TagKeys`, `aws:CalledVia`): usable only with `ForAllValues` and `ForAnyValue`.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> Value<'a> {
    /// A single borrowed value.
    pub fn borrowed(value: &'a str) -> Self {
        Value::One(Cow::Borrowed(value))
    }

    /// A single owned value.
    pub fn owned(value: impl Into<String>) -> Self {
        Value::One(Cow::Owned(value.into()))
    }

    /// `"true"` or `"false"`.
    pub fn bool(value: bool) -> Self {
        Value::One(Cow::Borrowed(if value { "true" } else { "false" }))
    }

    /// A value that may be missing.
    pub fn maybe(value: Option<&'a str>) -> Self {
        value.map_or(Value::Absent, Value::borrowed)
    }

    /// Whether the key is missing from the request context.
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Absent)
    }
}

/// Answers for condition context keys.
pub trait Context {
    /// The value of `key`, which is given in lower case (key names compare without regard to case).
    /// For keys of the form `prefix/name` (`aws:principaltag/team`) the whole is in lower case too.
    fn value(&self, key: &str) -> Value<'_>;
}

/// A context without any key.
impl Context for () {
    fn value(&self, _: &str) -> Value<'_> {
        Value::Absent
    }
}
