//! Resources: ARNs compared part by part, so that a wildcard in one of the first five does not swallow a colon.

use super::{document::Version, pattern::Glob, variable::Template};
use crate::base::{Arn, condition::Context};

/// A compiled element of `Resource`, or of an ARN condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourcePattern {
    /// `*`.
    All,
    /// An ARN: the five parts before the resource, and the resource.
    Arn(Box<([Glob; 5], Template)>),
    /// Matches nothing: a variable that cannot be read, or a text that is no ARN.
    Nothing,
}

/// The resource of a question, split once.
pub enum Resource<'a> {
    /// An ARN.
    Arn(Arn),
    /// Anything else: `*`.
    Other(&'a str),
}

impl<'a> Resource<'a> {
    /// Splits a resource.
    pub fn new(text: &'a str) -> Self {
        Arn::parse(text).map_or(Resource::Other(text), Resource::Arn)
    }
}

impl ResourcePattern {
    /// Compiles an element. Missing parts at the end count as `*`.
    pub fn new(text: &str, version: Version) -> Self {
        if text == "*" {
            return ResourcePattern::All;
        }
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return ResourcePattern::Nothing;
        }
        let mut head = || parts.next().map_or(Glob::All, Glob::new);
        let first = [Glob::Exact("arn".into()), head(), head(), head(), head()];
        match Template::new(parts.next().unwrap_or("*"), version, true) {
            Some(last) => ResourcePattern::Arn(Box::new((first, last))),
            None => ResourcePattern::Nothing,
        }
    }

    /// Whether a resource matches.
    pub fn matches(&self, resource: &Resource<'_>, context: &dyn Context) -> bool {
        let (pattern, arn) = match (self, resource) {
            (ResourcePattern::All, _) => return true,
            (ResourcePattern::Arn(pattern), Resource::Arn(arn)) => (pattern, arn),
            _ => return false,
        };
        let (first, last) = &**pattern;
        let parts = ["arn", arn.partition(), arn.service(), arn.region(), arn.account()];
        first.iter().zip(parts).all(|(glob, part)| glob.matches(part))
            && last.matches(arn.resource(), context).unwrap_or(false)
    }
}
