//! Resources: ARNs compared part by part, so that a wildcard in one of the first five does not swallow a colon.
//! Source: IAM user guide, "IAM JSON policy elements: Resource" and "Condition operators: ARN".

use super::{
    document::Version,
    pattern::Glob,
    truth::Truth,
    variable::{Template, Text, Variable},
};
use crate::base::condition::Context;

/// A compiled element of `Resource`, or a value of an ARN condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourcePattern {
    /// `*`.
    All,
    /// An ARN: what stands before the resource, and the resource.
    Arn(Head, Template),
    /// A variable that holds the whole ARN. In conditions only.
    Whole(Variable),
}

/// The first five parts of an ARN pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// Without wildcards, as one text with its colons: `arn:aws:s3:::`.
    Literal(Box<str>),
    /// Partition, service, region, account. Variables stand here in conditions only.
    Parts(Box<[Template; 4]>),
}

/// The resource of a question, split once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// An ARN.
    Arn {
        /// The first five parts, with their colons: `arn:aws:s3:::`.
        head: &'a str,
        /// What follows the fifth colon.
        resource: &'a str,
    },
    /// Anything else: `*`.
    Other(&'a str),
}

impl<'a> Resource<'a> {
    /// Splits a resource.
    pub fn new(text: &'a str) -> Self {
        let fifth = memchr::memchr_iter(b':', text.as_bytes()).nth(4);
        match fifth.and_then(|at| text.split_at_checked(at + 1)) {
            Some((head, resource)) if head.starts_with("arn:") => Resource::Arn { head, resource },
            _ => Resource::Other(text),
        }
    }

    /// What follows the fifth colon; empty for what is no ARN.
    pub fn last(&self) -> &'a str {
        match self {
            Resource::Arn { resource, .. } => resource,
            Resource::Other(_) => "",
        }
    }
}

impl ResourcePattern {
    /// Compiles an element of `Resource`; `None` for what is no ARN, or has a variable that cannot be read or does not
    /// stand in the last part.
    pub fn new(text: &str, version: Version) -> Option<Self> {
        let pattern = Self::arn(text, version)?;
        match &pattern {
            ResourcePattern::Arn(Head::Parts(parts), _) if parts.iter().any(has_variable) => None,
            _ => Some(pattern),
        }
    }

    /// Compiles a value of an ARN condition: variables may stand in any part, or be the whole.
    pub fn of_condition(text: &str, version: Version) -> Option<Self> {
        match Text::new(text, version)?.into_variable() {
            Some(variable) => Some(ResourcePattern::Whole(variable)),
            None => Self::arn(text, version),
        }
    }

    /// Parts that are missing at the end count as `*`. One colon too few (`arn:aws:s3::bucket`) is no such short form.
    fn arn(text: &str, version: Version) -> Option<Self> {
        if text == "*" {
            return Some(ResourcePattern::All);
        }
        let mut rest = Some(text);
        let mut next = || {
            let (part, after) = split(rest?, version);
            rest = after;
            Some(part)
        };
        if next() != Some("arn") || !is_complete(text) && text.contains("::") {
            return None;
        }
        let mut template = || Template::new(next().unwrap_or("*"), version);
        let parts = [template()?, template()?, template()?, template()?];
        let last = Template::new(rest.unwrap_or("*"), version)?;
        let [_, service, ..] = &parts;
        let names_a_service = *service != Template::Plain(Glob::Exact("".into()));
        names_a_service.then(|| ResourcePattern::Arn(Head::of(parts), last))
    }

    /// Whether a resource matches. Unknown if any variable has no value.
    pub fn matches(&self, resource: &Resource<'_>, context: &dyn Context) -> Truth {
        match (self, resource) {
            (ResourcePattern::All, _) => Truth::True,
            (
                ResourcePattern::Arn(Head::Literal(head), Template::Plain(last)),
                Resource::Arn { head: other, resource },
            ) => (**head == **other && last.matches(resource)).into(),
            (ResourcePattern::Arn(head, last), Resource::Arn { head: other, resource }) => {
                together(head.matches(other, context), last.matches(resource, context))
            }
            (ResourcePattern::Arn(head, last), Resource::Other(text)) => {
                together(Truth::False, together(head.matches(text, context), last.matches(text, context)))
            }
            (ResourcePattern::Whole(variable), Resource::Arn { head, resource }) => match variable.value(context) {
                Some(value) => (value.strip_prefix(head) == Some(resource)).into(),
                None => Truth::Unknown,
            },
            (ResourcePattern::Whole(_), Resource::Other(_)) => Truth::Unknown,
        }
    }

    /// The variables, in their order.
    pub fn variables(&self) -> Vec<&Variable> {
        match self {
            ResourcePattern::All => Vec::new(),
            ResourcePattern::Whole(variable) => vec![variable],
            ResourcePattern::Arn(Head::Literal(_), last) => last.variables().collect(),
            ResourcePattern::Arn(Head::Parts(parts), last) => {
                parts.iter().chain([last]).flat_map(Template::variables).collect()
            }
        }
    }

    /// The text that every resource that matches begins with, after its fifth colon.
    pub fn prefix(&self) -> &str {
        match self {
            ResourcePattern::Arn(_, last) => last.prefix(),
            ResourcePattern::All | ResourcePattern::Whole(_) => "",
        }
    }
}

impl Head {
    fn of(parts: [Template; 4]) -> Self {
        let exact = parts.each_ref().map(|part| match part {
            Template::Plain(Glob::Exact(text)) => Some(text),
            _ => None,
        });
        match exact {
            [Some(partition), Some(service), Some(region), Some(account)] => {
                Head::Literal(format!("arn:{partition}:{service}:{region}:{account}:").into())
            }
            _ => Head::Parts(Box::new(parts)),
        }
    }

    fn matches(&self, head: &str, context: &dyn Context) -> Truth {
        match self {
            Head::Literal(text) => (**text == *head).into(),
            Head::Parts(parts) => {
                let written = parts.iter().zip(head.split(':').skip(1));
                written.fold(Truth::True, |truth, (part, text)| together(truth, part.matches(text, context)))
            }
        }
    }
}

/// Whether all six parts of an ARN are written.
pub fn is_complete(text: &str) -> bool {
    text == "*" || text.matches(':').count() >= 5
}

/// Both, where unknown is stronger than false: a pattern with a variable that has no value is unknown as a whole.
fn together(one: Truth, other: Truth) -> Truth {
    if one == Truth::Unknown || other == Truth::Unknown { Truth::Unknown } else { one.min(other) }
}

fn has_variable(part: &Template) -> bool {
    matches!(part, Template::Parts(_))
}

/// The text before the first colon that does not stand in a variable, and the text after it.
fn split(text: &str, version: Version) -> (&str, Option<&str>) {
    let (mut before, mut inside) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if before == b'$' => inside = version == Version::V2012,
            b'}' => inside = false,
            b':' if !inside => return (text.get(..at).unwrap_or(text), text.get(at + 1..)),
            _ => {}
        }
        before = byte;
    }
    (text, None)
}
