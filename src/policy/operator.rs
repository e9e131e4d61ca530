//! Condition operators: what is compared, and how.
//! Source: IAM user guide, "IAM JSON policy elements: condition operators".

use std::{cmp::Ordering, fmt};

use data_encoding::BASE64;

use super::{
    document::Version,
    resource::{Resource, ResourcePattern},
    truth::Truth,
    value::{self, Network},
    variable::{Template, Text, Variable},
};
use crate::base::condition::{Context, Value};

/// How many members of a multi-valued key have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// None given: the key is single-valued.
    None,
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
}

/// A compiled operator with the values that it compares with.
#[derive(Debug, Clone)]
pub struct Test {
    comparison: Comparison,
    /// Whether the operator is the negation of its comparison.
    negated: bool,
    /// `IfExists`.
    if_exists: bool,
    quantifier: Quantifier,
}

/// What is compared, and the values of the policy.
#[derive(Debug, Clone)]
enum Comparison {
    /// `StringEquals`.
    Text(Box<[Text]>),
    /// `StringEqualsIgnoreCase`.
    Folded(Box<[Text]>),
    /// `StringLike`.
    Like(Box<[Template]>),
    /// `Numeric*`, in billionths.
    Number(Order, Box<[i128]>),
    /// `Date*`, in nanoseconds.
    Date(Order, Box<[i128]>),
    /// `Bool`.
    Bool(Box<[Flag]>),
    /// `BinaryEquals`.
    Binary(Box<[Box<[u8]>]>),
    /// `IpAddress`.
    Ip(Box<[Network]>),
    /// `ArnEquals`, `ArnLike`.
    Arn(Box<[ResourcePattern]>),
    /// `Null`.
    Null(Box<[bool]>),
}

/// A boolean of a policy. AWS's guide contradicts itself on variables here; its page on operators allows them.
#[derive(Debug, Clone)]
enum Flag {
    Is(bool),
    Variable(Text),
}

/// The orders that numbers and dates are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// `Equals`.
    Equal,
    /// `LessThan`.
    Less,
    /// `LessThanEquals`.
    LessOrEqual,
    /// `GreaterThan`.
    Greater,
    /// `GreaterThanEquals`.
    GreaterOrEqual,
}

/// Why an operator with its values is no test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadTest {
    /// There is no such operator.
    Operator,
    /// A value is not of the operator's type, or a policy variable cannot be read.
    Value,
}

impl fmt::Display for BadTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadTest::Operator => "there is no such condition operator",
            BadTest::Value => "a value is not of the operator's type",
        })
    }
}

impl Test {
    /// Compiles an operator with its values.
    pub fn new(operator: &str, values: &[String], version: Version) -> Result<Self, BadTest> {
        let (quantifier, name) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(_) => return Err(BadTest::Operator),
            None => (Quantifier::None, operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let kind = Kind::named(name).filter(|kind| *kind != Kind::Null || !if_exists).ok_or(BadTest::Operator)?;
        let comparison = kind.compile(values, version).ok_or(BadTest::Value)?;
        // `Not` stands in no other names: `NotIpAddress`, `StringNotEquals`.
        Ok(Self { comparison, negated: name.contains("Not"), if_exists, quantifier })
    }

    /// Whether the test holds for the value of its key.
    pub fn holds(&self, value: &Value<'_>, context: &dyn Context) -> Truth {
        let absent = match value {
            Value::Absent => true,
            Value::One(_) => false,
            Value::Many(members) => members.is_empty(),
        };
        if let Comparison::Null(wanted) = &self.comparison {
            return wanted.contains(&absent).into();
        }
        if absent {
            let alone = self.negated && self.quantifier == Quantifier::None;
            return (self.if_exists || alone || self.quantifier == Quantifier::All).into();
        }
        let member = |member: &str| self.member(member, context);
        match (value, self.quantifier) {
            // AWS counts an empty text as an empty set here.
            (Value::One(one), Quantifier::All) if one.is_empty() => Truth::True,
            (Value::One(one), _) => member(one),
            (Value::Many(members), Quantifier::All) => Truth::all(members.iter().map(|one| member(one))),
            (Value::Many(members), Quantifier::Any) => Truth::any(members.iter().map(|one| member(one))),
            // A multi-valued key needs a set operator; without one nothing matches, negated or not.
            (Value::Many(_), Quantifier::None) | (Value::Absent, _) => Truth::False,
        }
    }

    /// The variables of the values, in their order.
    pub fn variables(&self) -> Vec<&Variable> {
        match &self.comparison {
            Comparison::Text(texts) | Comparison::Folded(texts) => texts.iter().flat_map(Text::variables).collect(),
            Comparison::Like(patterns) => patterns.iter().flat_map(Template::variables).collect(),
            Comparison::Arn(patterns) => patterns.iter().flat_map(ResourcePattern::variables).collect(),
            Comparison::Bool(flags) => flags.iter().flat_map(Flag::variables).collect(),
            _ => Vec::new(),
        }
    }

    fn member(&self, member: &str, context: &dyn Context) -> Truth {
        let matches = self.comparison.matches(member, context);
        match self.comparison {
            _ if self.negated => matches.negate(),
            // A variable without value and a text that is no ARN are documented to match nothing. What becomes of a
            // value that is no number, no date, no address is not.
            Comparison::Text(_) | Comparison::Folded(_) | Comparison::Like(_) | Comparison::Arn(_) => matches.known(),
            _ => matches,
        }
    }
}

impl Comparison {
    /// Whether the value of a request matches one of the policy. Unknown if it is not of the operator's type, or if it
    /// matches none and one has a variable without value.
    fn matches(&self, member: &str, context: &dyn Context) -> Truth {
        let typed = |found: Option<bool>| found.map_or(Truth::Unknown, Truth::from);
        let compare = |texts: &[Text], equal: fn(&str, &str) -> bool| {
            Truth::any(texts.iter().map(|text| typed(text.resolve(context).map(|text| equal(&text, member)))))
        };
        match self {
            Comparison::Text(texts) => compare(texts, |one, other| one == other),
            Comparison::Folded(texts) => compare(texts, value::eq_ignore_case),
            Comparison::Like(patterns) => Truth::any(patterns.iter().map(|pattern| pattern.matches(member, context))),
            Comparison::Number(order, values) => typed(value::number(member).map(|member| order.any(member, values))),
            Comparison::Date(order, values) => typed(value::date(member).map(|member| order.any(member, values))),
            Comparison::Bool(flags) => match value::boolean(member) {
                Some(member) => {
                    Truth::any(flags.iter().map(|flag| typed(flag.get(context).map(|flag| flag == member))))
                }
                None => Truth::Unknown,
            },
            Comparison::Binary(values) => {
                let member = BASE64.decode(member.as_bytes()).ok();
                typed(member.map(|member| values.iter().any(|value| **value == *member)))
            }
            Comparison::Ip(networks) => {
                let member = value::address(member);
                typed(member.map(|member| networks.iter().any(|network| network.contains(member))))
            }
            Comparison::Arn(patterns) => match Resource::new(member) {
                arn @ Resource::Arn { .. } => Truth::any(patterns.iter().map(|pattern| pattern.matches(&arn, context))),
                Resource::Other(_) => Truth::Unknown,
            },
            Comparison::Null(_) => Truth::False,
        }
    }
}

impl Flag {
    fn variables(&self) -> Vec<&Variable> {
        match self {
            Flag::Is(_) => Vec::new(),
            Flag::Variable(text) => text.variables().collect(),
        }
    }

    fn get(&self, context: &dyn Context) -> Option<bool> {
        match self {
            Flag::Is(value) => Some(*value),
            Flag::Variable(text) => value::boolean(&text.resolve(context)?),
        }
    }
}

impl Order {
    /// Whether the order holds to one of the values.
    fn any(self, member: i128, values: &[i128]) -> bool {
        values.iter().any(|value| self.holds(member.cmp(value)))
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What an operator's name means, without prefix, suffix and negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Folded,
    Like,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        let order = |name: &str| {
            Some(match name {
                "Equals" | "NotEquals" => Order::Equal,
                "LessThan" => Order::Less,
                "LessThanEquals" => Order::LessOrEqual,
                "GreaterThan" => Order::Greater,
                "GreaterThanEquals" => Order::GreaterOrEqual,
                _ => return None,
            })
        };
        Some(match name {
            "StringEquals" | "StringNotEquals" => Kind::Text,
            "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => Kind::Folded,
            "StringLike" | "StringNotLike" => Kind::Like,
            "Bool" => Kind::Bool,
            "BinaryEquals" => Kind::Binary,
            "IpAddress" | "NotIpAddress" => Kind::Ip,
            "ArnEquals" | "ArnNotEquals" | "ArnLike" | "ArnNotLike" => Kind::Arn,
            "Null" => Kind::Null,
            _ => match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
                (Some(name), _) => Kind::Number(order(name)?),
                (None, Some(name)) => Kind::Date(order(name)?),
                (None, None) => return None,
            },
        })
    }

    /// `None` if a value is not of the type.
    fn compile(self, values: &[String], version: Version) -> Option<Comparison> {
        Some(match self {
            Kind::Text => Comparison::Text(each(values, |text| Text::new(text, version))?),
            Kind::Folded => Comparison::Folded(each(values, |text| Text::new(text, version))?),
            Kind::Like => Comparison::Like(each(values, |text| Template::new(text, version))?),
            Kind::Number(order) => Comparison::Number(order, each(values, value::number)?),
            Kind::Date(order) => Comparison::Date(order, each(values, value::date)?),
            Kind::Bool => Comparison::Bool(each(values, |text| flag(text, version))?),
            Kind::Binary => {
                Comparison::Binary(each(values, |text| BASE64.decode(text.as_bytes()).ok().map(Into::into))?)
            }
            Kind::Ip => Comparison::Ip(each(values, Network::new)?),
            Kind::Arn => Comparison::Arn(each(values, |text| ResourcePattern::of_condition(text, version))?),
            Kind::Null => Comparison::Null(each(values, value::boolean)?),
        })
    }
}

fn each<T>(values: &[String], read: impl Fn(&str) -> Option<T>) -> Option<Box<[T]>> {
    values.iter().map(|value| read(value)).collect()
}

fn flag(text: &str, version: Version) -> Option<Flag> {
    match Text::new(text, version)? {
        Text::Plain(text) => value::boolean(&text).map(Flag::Is),
        variable => Some(Flag::Variable(variable)),
    }
}
