//! Condition operators: what is compared, and how.
//! Source: IAM user guide, "IAM JSON policy elements: condition operators".

use std::{cmp::Ordering, net::IpAddr};

use data_encoding::BASE64;

use super::{document::Version, resource::ResourcePattern, variable::Template};
use crate::base::{Timestamp, condition::Context, condition::Value};
use crate::policy::resource::Resource;

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
    /// The comparison with its values.
    pub comparison: Comparison,
    /// Whether the operator is the negation of its comparison.
    pub negated: bool,
    /// `IfExists`.
    pub if_exists: bool,
    /// `ForAllValues`, `ForAnyValue`.
    pub quantifier: Quantifier,
}

/// What is compared.
#[derive(Debug, Clone)]
pub enum Comparison {
    /// `StringEquals`.
    Text(Vec<Option<Template>>),
    /// `StringEqualsIgnoreCase`.
    Folded(Vec<Option<Template>>),
    /// `StringLike`.
    Like(Vec<Option<Template>>),
    /// `Numeric*`, in billionths.
    Number(Order, Vec<Option<i128>>),
    /// `Date*`.
    Date(Order, Vec<Option<Timestamp>>),
    /// `Bool`.
    Bool(Vec<Option<bool>>),
    /// `BinaryEquals`.
    Binary(Vec<Option<Vec<u8>>>),
    /// `IpAddress`.
    Ip(Vec<Option<(IpAddr, u8)>>),
    /// `ArnEquals`, `ArnLike`.
    Arn(Vec<ResourcePattern>),
    /// `Null`.
    Null(Vec<bool>),
}

/// The orders that numbers and dates are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
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

impl Order {
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

impl Test {
    /// Compiles an operator with its values; `None` for an operator that does not exist.
    pub fn new(operator: &str, values: &[String], version: Version) -> Option<Self> {
        let (quantifier, name) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(_) => return None,
            None => (Quantifier::None, operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        if name == "Null" && if_exists {
            return None;
        }
        let (comparison, negated) = comparison(name, values, version)?;
        Some(Self { comparison, negated, if_exists, quantifier })
    }

    /// Whether the test holds for the value of its key.
    pub fn holds(&self, value: &Value<'_>, context: &dyn Context) -> bool {
        if let Comparison::Null(wanted) = &self.comparison {
            let absent = match value {
                Value::Absent => true,
                Value::One(_) => false,
                Value::Many(members) => members.is_empty(),
            };
            return wanted.contains(&absent);
        }
        match (value, self.quantifier) {
            (Value::Absent, Quantifier::All) => true,
            (Value::Absent, Quantifier::Any) => self.if_exists,
            (Value::Absent, Quantifier::None) => self.if_exists || self.negated,
            (Value::One(one), Quantifier::All) if one.is_empty() => true,
            (Value::One(one), _) => self.member(one, context),
            (Value::Many(members), Quantifier::All) => members.iter().all(|member| self.member(member, context)),
            (Value::Many(members), Quantifier::Any) => members.iter().any(|member| self.member(member, context)),
            // A multi-valued key needs a set operator; without one nothing matches, negated or not.
            (Value::Many(_), Quantifier::None) => false,
        }
    }

    fn member(&self, member: &str, context: &dyn Context) -> bool {
        self.comparison.any_matches(member, context) != self.negated
    }
}

impl Comparison {
    fn any_matches(&self, member: &str, context: &dyn Context) -> bool {
        match self {
            Comparison::Text(values) => texts(values, context).any(|value| value == member),
            Comparison::Folded(values) => {
                let member = member.to_lowercase();
                texts(values, context).any(|value| value.to_lowercase() == member)
            }
            Comparison::Like(values) => {
                values.iter().flatten().any(|template| template.matches(member, context).unwrap_or(false))
            }
            Comparison::Number(order, values) => {
                let Some(member) = number(member) else { return false };
                values.iter().flatten().any(|value| order.holds(member.cmp(value)))
            }
            Comparison::Date(order, values) => {
                let Some(member) = date(member) else { return false };
                values.iter().flatten().any(|value| order.holds(member.cmp(value)))
            }
            Comparison::Bool(values) => {
                let member = boolean(member);
                member.is_some() && values.contains(&member)
            }
            Comparison::Binary(values) => {
                let member = BASE64.decode(member.as_bytes()).ok();
                member.is_some() && values.contains(&member)
            }
            Comparison::Ip(values) => {
                let Ok(member) = member.parse::<IpAddr>() else { return false };
                values.iter().flatten().any(|&(network, bits)| in_network(member, network, bits))
            }
            Comparison::Arn(values) => {
                let Resource::Arn(arn) = Resource::new(member) else { return false };
                let member = Resource::Arn(arn);
                values.iter().any(|value| value.matches(&member, context))
            }
            Comparison::Null(_) => false,
        }
    }

    /// Whether every value is of the operator's type: what AWS checks when a policy is saved.
    pub fn is_well_typed(&self) -> bool {
        match self {
            Comparison::Text(values) | Comparison::Folded(values) | Comparison::Like(values) => {
                values.iter().all(Option::is_some)
            }
            Comparison::Number(_, values) => values.iter().all(Option::is_some),
            Comparison::Date(_, values) => values.iter().all(Option::is_some),
            Comparison::Bool(values) => values.iter().all(Option::is_some),
            Comparison::Binary(values) => values.iter().all(Option::is_some),
            Comparison::Ip(values) => values.iter().all(Option::is_some),
            Comparison::Arn(_) | Comparison::Null(_) => true,
        }
    }
}

/// The texts of templates whose variables all have a value.
fn texts<'a>(
    templates: &'a [Option<Template>],
    context: &'a dyn Context,
) -> impl Iterator<Item = std::borrow::Cow<'a, str>> {
    templates.iter().flatten().filter_map(|template| template.text(context))
}

/// The comparison of an operator's name without prefix and suffix, and whether it is negated.
fn comparison(name: &str, values: &[String], version: Version) -> Option<(Comparison, bool)> {
    let texts = || values.iter().map(|value| Template::new(value, version, false)).collect();
    let patterns = || values.iter().map(|value| Template::new(value, version, true)).collect();
    let numbers = |order| Comparison::Number(order, values.iter().map(|value| number(value)).collect());
    let dates = |order| Comparison::Date(order, values.iter().map(|value| date(value)).collect());
    let arns = || Comparison::Arn(values.iter().map(|value| ResourcePattern::new(value, version)).collect());
    let networks = || Comparison::Ip(values.iter().map(|value| network(value)).collect());
    Some(match name {
        "StringEquals" => (Comparison::Text(texts()), false),
        "StringNotEquals" => (Comparison::Text(texts()), true),
        "StringEqualsIgnoreCase" => (Comparison::Folded(texts()), false),
        "StringNotEqualsIgnoreCase" => (Comparison::Folded(texts()), true),
        "StringLike" => (Comparison::Like(patterns()), false),
        "StringNotLike" => (Comparison::Like(patterns()), true),
        "NumericEquals" => (numbers(Order::Equal), false),
        "NumericNotEquals" => (numbers(Order::Equal), true),
        "NumericLessThan" => (numbers(Order::Less), false),
        "NumericLessThanEquals" => (numbers(Order::LessOrEqual), false),
        "NumericGreaterThan" => (numbers(Order::Greater), false),
        "NumericGreaterThanEquals" => (numbers(Order::GreaterOrEqual), false),
        "DateEquals" => (dates(Order::Equal), false),
        "DateNotEquals" => (dates(Order::Equal), true),
        "DateLessThan" => (dates(Order::Less), false),
        "DateLessThanEquals" => (dates(Order::LessOrEqual), false),
        "DateGreaterThan" => (dates(Order::Greater), false),
        "DateGreaterThanEquals" => (dates(Order::GreaterOrEqual), false),
        "Bool" => (Comparison::Bool(values.iter().map(|value| boolean(value)).collect()), false),
        "BinaryEquals" => {
            (Comparison::Binary(values.iter().map(|value| BASE64.decode(value.as_bytes()).ok()).collect()), false)
        }
        "IpAddress" => (networks(), false),
        "NotIpAddress" => (networks(), true),
        "ArnEquals" | "ArnLike" => (arns(), false),
        "ArnNotEquals" | "ArnNotLike" => (arns(), true),
        "Null" => (Comparison::Null(values.iter().map(|value| boolean(value)).collect::<Option<_>>()?), false),
        _ => return None,
    })
}

/// An integer or a decimal, in billionths; `None` for anything else and for numbers beyond 10^28.
fn number(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || whole.len() > 28 || fraction.len() > 9 {
        return None;
    }
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    let value = whole.checked_mul(1_000_000_000)?.checked_add(fraction)?;
    Some(if negative { -value } else { value })
}

/// ISO 8601 in the W3C's profile, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(billionths) =
        number(text).filter(|_| text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Timestamp::from_nanosecond(billionths).ok();
    }
    let full = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    full.parse().ok()
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// `203.0.113.0/24`, `2001:db8::/32`, or an address alone.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let max = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= max)?,
        None => max,
    };
    Some((address, bits))
}

fn in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}
