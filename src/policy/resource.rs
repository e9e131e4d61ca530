//! Resources: ARNs compared part by part, so that a wildcard in one of the first five does not swallow a colon.
//! Source: IAM user guide, "IAM JSON policy elements: Resource" and "Condition operators: ARN".

use super::{
    document::Version,
    pattern::Glob,
    start::{Beginning, Sought},
    truth::Truth,
    variable::{Part, Template, Text, Variable},
};
use crate::base::condition::Context;

/// A compiled element of `Resource`, or a value of an ARN condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourcePattern {
    /// `*`.
    All,
    /// An ARN of which only the resource may have wildcards: `arn:aws:s3:::`, and the resource with its beginning.
    Plain(Box<str>, Beginning, Glob),
    /// An ARN: partition, service, region, account, and the resource. The first four have variables in conditions only,
    /// but for the account of [`ResourcePattern::of_aws`].
    Parts(Box<[Template; 4]>, Template),
    /// A variable that holds the whole ARN. In conditions only.
    Whole(Variable),
}

/// The resource of a question, split once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// An ARN.
    Arn {
        /// The first five parts, with their colons: `arn:aws:s3:::`.
        head: &'a str,
        /// What follows the fifth colon.
        resource: Sought<'a>,
    },
    /// Anything else: `*`.
    Other(&'a str),
}

/// What most resources begin with.
const S3: &str = "arn:aws:s3:::";

impl<'a> Resource<'a> {
    /// Splits a resource.
    pub fn new(text: &'a str) -> Self {
        if let Some((head, resource)) = text.split_at_checked(S3.len()).filter(|(head, _)| *head == S3) {
            return Resource::Arn { head, resource: Sought::new(resource) };
        }
        let mut colons = text.bytes().enumerate().filter(|(_, byte)| *byte == b':');
        match colons.nth(4).and_then(|(at, _)| text.split_at_checked(at + 1)) {
            Some((head, resource)) if head.starts_with("arn:") => {
                Resource::Arn { head, resource: Sought::new(resource) }
            }
            _ => Resource::Other(text),
        }
    }

    /// What follows the fifth colon; empty for what is no ARN.
    pub fn last(&self) -> Sought<'a> {
        match self {
            Resource::Arn { resource, .. } => *resource,
            Resource::Other(_) => Sought::new(""),
        }
    }
}

impl ResourcePattern {
    /// Compiles an element of `Resource`; `None` for what is no ARN, or has a variable that cannot be read or does not
    /// stand in the last part.
    pub fn new(text: &str, version: Version) -> Option<Self> {
        let pattern = Self::arn(text, version)?;
        match &pattern {
            ResourcePattern::Parts(head, _) if head.iter().any(has_variable) => None,
            _ => Some(pattern),
        }
    }

    /// Compiles the same of a policy that AWS manages, where the account may be the caller's own, `${aws:PrincipalAccount}`:
    /// `AmazonTimestreamInfluxDBServiceRolePolicy` has it, though variables are documented to stand after the fifth colon
    /// alone. It matches no other account, and nothing where the caller has none.
    pub fn of_aws(text: &str, version: Version) -> Option<Self> {
        let pattern = Self::arn(text, version)?;
        let ResourcePattern::Parts(head, _) = &pattern else { return Some(pattern) };
        let [partition, service, region, account] = &**head;
        let is_fixed = ![partition, service, region].into_iter().any(has_variable);
        (is_fixed && (!has_variable(account) || is_of_caller(account))).then_some(pattern)
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
        let head = [template()?, template()?, template()?, template()?];
        let last = Template::new(rest.unwrap_or("*"), version)?;
        let exact = head.each_ref().map(|part| match part {
            Template::Plain(Glob::Exact(text)) => Some(&**text),
            _ => None,
        });
        Some(match (exact, last) {
            ([_, Some(""), ..], _) => return None,
            ([Some(partition), Some(service), Some(region), Some(account)], Template::Plain(last)) => {
                let head = format!("arn:{partition}:{service}:{region}:{account}:");
                ResourcePattern::Plain(head.into(), Beginning::of(last.prefix()), last)
            }
            (_, last) => ResourcePattern::Parts(Box::new(head), last),
        })
    }

    /// Whether a resource matches. Unknown if any variable has no value.
    pub fn matches(&self, resource: &Resource<'_>, context: &dyn Context) -> Truth {
        match (self, resource) {
            (ResourcePattern::All, _) => Truth::True,
            (ResourcePattern::Plain(head, start, last), Resource::Arn { head: other, resource }) => {
                (start.can_be_of(*resource) && **head == **other && last.matches(resource.text)).into()
            }
            (ResourcePattern::Plain(..), Resource::Other(_)) => Truth::False,
            (ResourcePattern::Parts(head, last), Resource::Arn { head: other, resource }) => {
                let parts = head.iter().zip(other.split(':').skip(1)).map(|(part, text)| part.matches(text, context));
                parts.fold(last.matches(resource.text, context), together)
            }
            (ResourcePattern::Parts(_, last), Resource::Other(text)) => {
                together(Truth::False, last.matches(text, context))
            }
            (ResourcePattern::Whole(variable), Resource::Arn { head, resource }) => match variable.value(context) {
                Some(value) => (value.strip_prefix(head) == Some(resource.text)).into(),
                None => Truth::Unknown,
            },
            (ResourcePattern::Whole(_), Resource::Other(_)) => Truth::Unknown,
        }
    }

    /// The variables, in their order.
    pub fn variables(&self) -> Vec<&Variable> {
        match self {
            ResourcePattern::All | ResourcePattern::Plain(..) => Vec::new(),
            ResourcePattern::Whole(variable) => vec![variable],
            ResourcePattern::Parts(head, last) => head.iter().chain([last]).flat_map(Template::variables).collect(),
        }
    }

    /// The text that every resource that matches begins with, after its fifth colon.
    pub fn prefix(&self) -> &str {
        match self {
            ResourcePattern::Plain(_, _, last) => last.prefix(),
            ResourcePattern::Parts(_, last) => last.prefix(),
            ResourcePattern::All | ResourcePattern::Whole(_) => "",
        }
    }
}

/// Whether all six parts of an ARN are written.
pub fn is_complete(text: &str) -> bool {
    text == "*" || text.matches(':').count() >= 5
}

/// Services whose ARNs tell no type of resource before its name.
const UNTYPED: [&str; 5] = ["s3", "sns", "sqs", "execute-api", "codecommit"];

/// Whether an ARN has a wildcard where the type of a resource stands, and a whole name after it: `*/i-12345`. AWS's
/// reference forbids wildcards there (IAM user guide, "Identify AWS resources with Amazon Resource Names"); its own
/// policies have them with names that have wildcards too: `*/*`, `*:autoScalingGroupName/eks-*`.
pub fn has_wildcard_type(text: &str) -> bool {
    let mut parts = text.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let Some((kind, name)) = parts.nth(2).and_then(|last| last.split_once(['/', ':'])) else { return false };
    kind.contains(['*', '?']) && !name.contains(['*', '?']) && !UNTYPED.contains(&service)
}

/// Both, where unknown is stronger than false: a pattern with a variable that has no value is unknown as a whole.
fn together(one: Truth, other: Truth) -> Truth {
    if one == Truth::Unknown || other == Truth::Unknown { Truth::Unknown } else { one.min(other) }
}

fn has_variable(part: &Template) -> bool {
    matches!(part, Template::Parts(_))
}

/// Whether an account is the caller's, whoever calls.
fn is_of_caller(account: &Template) -> bool {
    matches!(account, Template::Parts(parts)
        if matches!(&**parts, [Part::Variable(variable)] if variable.is("aws:principalaccount")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::condition::Value;

    /// The account of whoever calls.
    struct Caller(Option<&'static str>);

    impl Context for Caller {
        fn value(&self, key: &str) -> Value<'_> {
            let account = self.0.filter(|_| key == "aws:principalaccount");
            account.map_or(Value::Absent, Value::borrowed)
        }
    }

    #[test]
    fn a_policy_of_aws_may_mean_the_callers_account() {
        let pattern = "arn:*:kms:*:${aws:PrincipalAccount}:key/*";
        assert_eq!(ResourcePattern::new(pattern, Version::V2012), None, "no customer's does");
        let compiled = ResourcePattern::of_aws(pattern, Version::V2012).unwrap();
        let key = |account: &str| format!("arn:aws:kms:us-east-1:{account}:key/a");
        for (caller, account, expected) in [
            (Some("111122223333"), "111122223333", Truth::True),
            (Some("111122223333"), "444455556666", Truth::False),
            (Some("*"), "444455556666", Truth::False),
            (None, "111122223333", Truth::Unknown),
        ] {
            let resource = key(account);
            assert_eq!(compiled.matches(&Resource::new(&resource), &Caller(caller)), expected, "{caller:?} {account}");
        }
        for refused in [
            "arn:aws:kms:*:${aws:PrincipalTag/account}:key/*",
            "arn:aws:kms:*:${aws:PrincipalAccount, '111122223333'}:key/*",
            "arn:aws:kms:*:${aws:PrincipalAccount}*:key/*",
            "arn:aws:kms:*:*${aws:PrincipalAccount}:key/*",
            "arn:aws:kms:${aws:RequestedRegion}:${aws:PrincipalAccount}:key/*",
            "arn:aws:${aws:PrincipalAccount}:*:*:key/*",
            "arn:${aws:PrincipalAccount}:kms:*:*:key/*",
        ] {
            assert_eq!(ResourcePattern::of_aws(refused, Version::V2012), None, "{refused}");
        }
    }

    #[test]
    fn a_type_takes_no_wildcard() {
        let cases = [
            ("arn:aws:ec2:us-east-1:1:*/i-1", true),
            ("arn:aws:ec2:us-east-1:1:*:i-1", true),
            ("arn:aws:iam::1:u*/ann", true),
            ("arn:aws:ec2:us-east-1:1:inst?nce/i-1", true),
            ("arn:aws:ec2:us-east-1:1:*/*", false),
            ("arn:aws:autoscaling:*:*:*:autoScalingGroupName/eks-*", false),
            ("arn:aws:ec2:us-east-1:1:*", false),
            ("arn:aws:ec2:us-east-1:1:instance/*", false),
            ("arn:aws:s3:::*/key", false),
            ("arn:aws:execute-api:*:1:*/prod/GET/a", false),
            ("arn:aws:ec2", false),
            ("*", false),
        ];
        for (arn, expected) in cases {
            assert_eq!(has_wildcard_type(arn), expected, "{arn}");
        }
    }
}
