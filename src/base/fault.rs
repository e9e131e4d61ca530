//! An error as an AWS client sees it: code, status, wording, further fields. How it is written down (S3's XML, the
//! Query protocol's XML, JSON) is decided where responses are made.

use std::{borrow::Cow, fmt};

/// AWS's error, before it takes a protocol's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// AWS's error code: `NoSuchBucket`, `AccessDenied`.
    pub code: Cow<'static, str>,
    /// AWS's wording. Never holds a secret or an internal cause.
    pub message: Cow<'static, str>,
    /// Further elements of S3's error body in their order (`Resource`, `StringToSign`, `AWSAccessKeyId`).
    pub fields: Vec<(Cow<'static, str>, String)>,
    /// What only the operator may see: the log and the record hold it, the client does not.
    pub detail: Option<String>,
}

impl Fault {
    /// A fault without further fields.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: code.into(), message: message.into(), fields: Vec::new(), detail: None }
    }

    /// Adds an element to the error body.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Adds what only the operator may see.
    #[must_use]
    pub fn because(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)
    }
}

impl std::error::Error for Fault {}
