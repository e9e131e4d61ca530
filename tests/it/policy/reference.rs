//! A second evaluator of identity-based policies: slow, obvious, written from the rules and not from the engine.
//!
//! It walks the JSON, builds every pattern character by character at each decision, and matches by definition. It names
//! nothing of the engine, so that a fuzz target can use it too.
//!
//! Truth has three values: `Some(true)`, `Some(false)`, and `None` for what cannot be told. At the end of a statement,
//! what cannot be told denies and does not allow.

use std::{collections::BTreeMap, net::IpAddr};

use countersign::base::Timestamp;
use serde_json::Value;

/// The value of a context key. Keys are in lower case.
#[derive(Debug, Clone)]
pub enum Fact {
    One(String),
    Many(Vec<String>),
}

pub type Facts = BTreeMap<String, Fact>;

/// What comes of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Allow,
    Explicit,
    Implicit,
}

/// The policy is none, or writes something in a form that is beyond this evaluator.
#[derive(Debug)]
pub struct Puzzled;

type Truth = Option<bool>;

/// The policies' JSON.
pub fn read(policies: &[String]) -> Result<Vec<Value>, Puzzled> {
    policies.iter().map(|text| serde_json::from_str(text).map_err(|_| Puzzled)).collect()
}

/// An explicit deny, else an allow, else an implicit deny.
pub fn decide(policies: &[Value], action: &str, resource: &str, facts: &Facts) -> Result<Outcome, Puzzled> {
    let mut outcome = Outcome::Implicit;
    for policy in policies {
        let variables = policy.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        for statement in list(policy.get("Statement").ok_or(Puzzled)?) {
            let truth = matches(statement, variables, action, resource, facts)?;
            match statement.get("Effect").and_then(Value::as_str) {
                Some("Deny") if truth != Some(false) => outcome = Outcome::Explicit,
                Some("Allow") if truth == Some(true) && outcome == Outcome::Implicit => outcome = Outcome::Allow,
                Some("Deny" | "Allow") => {}
                _ => return Err(Puzzled),
            }
        }
    }
    Ok(outcome)
}

/// Action, resource and condition: all must match.
fn matches(statement: &Value, variables: bool, action: &str, resource: &str, facts: &Facts) -> Result<Truth, Puzzled> {
    let action_matches = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(patterns), None) => any_action(patterns, action)?,
        (None, Some(patterns)) => !any_action(patterns, action)?,
        _ => return Err(Puzzled),
    };
    let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let resource_matches = match (statement.get("Resource"), statement.get("NotResource")) {
        // A pattern with a variable that has no value matches nothing.
        (Some(patterns), None) => {
            let allowed = |pattern: &str| !allows || !has_forbidden_type(pattern);
            Some(any_resource(patterns, variables, resource, facts, allowed)? == Some(true))
        }
        (None, Some(patterns)) => {
            let short = |pattern: &String| pattern != "*" && pattern.split(':').count() < 6;
            let allowed = |pattern: &str| allows || !has_forbidden_type(pattern);
            let listed = any_resource(patterns, variables, resource, facts, allowed)?;
            // Nothing is allowed by what an ARN with missing parts leaves over.
            let some_short = texts(patterns)?.iter().any(short);
            not(if listed == Some(false) && some_short { None } else { listed })
        }
        _ => return Err(Puzzled),
    };
    let mut truth = and(Some(action_matches), resource_matches);
    for (operator, keys) in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().ok_or(Puzzled)? {
            truth = and(truth, condition(operator, key, &scalars(values)?, variables, facts)?);
        }
    }
    Ok(truth)
}

fn any_action(patterns: &Value, action: &str) -> Result<bool, Puzzled> {
    let action = action.to_ascii_lowercase();
    let (service, name) = action.split_once(':').ok_or(Puzzled)?;
    let mut found = false;
    for pattern in texts(patterns)? {
        if pattern == "*" {
            found = true;
            continue;
        }
        let pattern = pattern.to_ascii_lowercase();
        let (its_service, its_name) = pattern.split_once(':').ok_or(Puzzled)?;
        found = found || its_service == service && glob(&wild(its_name), name);
    }
    Ok(found)
}

/// A wildcard in the type of a resource that is named: AWS does not take it, so it allows and spares nothing.
fn has_forbidden_type(pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [_, _, service, _, _, last] = parts[..] else { return false };
    match last.find(['/', ':']) {
        Some(at) if !["s3", "sns", "sqs", "execute-api", "codecommit"].contains(&service) => {
            last[..at].contains(['*', '?']) && !last[at + 1..].contains(['*', '?'])
        }
        _ => false,
    }
}

fn any_resource(
    patterns: &Value,
    variables: bool,
    resource: &str,
    facts: &Facts,
    allowed: impl Fn(&str) -> bool,
) -> Result<Truth, Puzzled> {
    let mut truth = Some(false);
    for pattern in texts(patterns)?.into_iter().filter(|pattern| allowed(pattern)) {
        truth = or(truth, arn(&pattern, variables, resource, facts)?);
    }
    Ok(truth)
}

/// `*`, or six parts that are compared one by one; missing ones are `*`.
fn arn(pattern: &str, variables: bool, text: &str, facts: &Facts) -> Result<Truth, Puzzled> {
    if pattern == "*" {
        return Ok(Some(true));
    }
    let mut parts = parts_of(pattern, variables);
    parts.resize(6, "*".into());
    let mut patterns = Vec::new();
    for part in &parts {
        match expand(part, variables, true, facts)? {
            Some(atoms) => patterns.push(atoms),
            None => return Ok(None),
        }
    }
    let texts: Vec<&str> = text.splitn(6, ':').collect();
    let is_arn = texts.len() == 6 && texts[0] == "arn";
    Ok(Some(is_arn && patterns.iter().zip(texts).all(|(pattern, text)| glob(pattern, text))))
}

/// At most six parts, split at colons that do not stand in a variable.
fn parts_of(pattern: &str, variables: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for character in pattern.chars() {
        let full = parts.len() == 6;
        let last = parts.last_mut().unwrap();
        if variables && character == '{' && last.ends_with('$') {
            inside = true;
        } else if character == '}' {
            inside = false;
        }
        if character == ':' && !inside && !full {
            parts.push(String::new());
        } else {
            last.push(character);
        }
    }
    parts
}

/// One key under one operator.
fn condition(operator: &str, key: &str, values: &[String], variables: bool, facts: &Facts) -> Result<Truth, Puzzled> {
    let (set, name) = match operator.split_once(':') {
        Some((set @ ("ForAllValues" | "ForAnyValue"), name)) => (Some(set), name),
        Some(_) => return Err(Puzzled),
        None => (None, operator),
    };
    let if_exists = name.ends_with("IfExists");
    let name = name.trim_end_matches("IfExists");
    let fact = facts.get(&key.to_lowercase());
    let members: Option<Vec<&String>> = match fact {
        None => None,
        Some(Fact::One(one)) => Some(vec![one]),
        Some(Fact::Many(members)) if members.is_empty() => None,
        Some(Fact::Many(members)) => Some(members.iter().collect()),
    };
    if name == "Null" {
        let absent = members.is_none().to_string();
        return Ok(Some(values.iter().any(|value| value.eq_ignore_ascii_case(&absent))));
    }
    let negated = name.contains("Not");
    // Known operators and readable values are asked for even where the key is missing.
    let mut truths = Vec::new();
    for member in members.iter().flatten() {
        truths.push(compare(name, negated, member, values, variables, facts)?);
    }
    Ok(match (fact, set) {
        _ if members.is_none() && if_exists => Some(true),
        _ if members.is_none() => Some(match set {
            Some("ForAllValues") => true,
            Some(_) => false,
            None => negated,
        }),
        (Some(Fact::One(one)), Some("ForAllValues")) if one.is_empty() => Some(true),
        (_, Some("ForAllValues")) => truths.into_iter().fold(Some(true), and),
        (_, Some(_)) => truths.into_iter().fold(Some(false), or),
        (Some(Fact::Many(_)), None) => Some(false),
        (_, None) => truths.into_iter().fold(Some(true), and),
    })
}

/// One member of the key's values against the policy's values.
fn compare(
    name: &str,
    negated: bool,
    member: &str,
    values: &[String],
    variables: bool,
    facts: &Facts,
) -> Result<Truth, Puzzled> {
    let mut truth = Some(false);
    for value in values {
        truth = or(truth, compare_one(&name.replace("Not", ""), member, value, variables, facts)?);
    }
    let textual = name.starts_with("String") || name.starts_with("Arn");
    if !is_typed(name, member) {
        truth = None;
    }
    Ok(match truth {
        _ if negated => not(truth),
        // Texts and ARNs that cannot be compared match nothing.
        None if textual => Some(false),
        _ => truth,
    })
}

/// Whether a value of the request is of the operator's type.
fn is_typed(name: &str, member: &str) -> bool {
    match name {
        "Bool" => boolean(member).is_some(),
        "BinaryEquals" => base64(member).is_some(),
        "IpAddress" | "NotIpAddress" => member.parse::<IpAddr>().is_ok(),
        _ if name.starts_with("Numeric") => number(member).is_some(),
        _ if name.starts_with("Date") => date(member).is_some(),
        _ if name.starts_with("Arn") => member.starts_with("arn:") && parts_of(member, false).len() == 6,
        _ => true,
    }
}

fn compare_one(name: &str, member: &str, value: &str, variables: bool, facts: &Facts) -> Result<Truth, Puzzled> {
    let literal = |wildcards| expand(value, variables, wildcards, facts);
    Ok(match name {
        "StringEquals" => literal(false)?.map(|atoms| glob(&atoms, member)),
        "StringEqualsIgnoreCase" if value.is_ascii() && member.is_ascii() => {
            literal(false)?.map(|atoms| plain(&atoms).eq_ignore_ascii_case(member))
        }
        "StringLike" => literal(true)?.map(|atoms| glob(&atoms, member)),
        "ArnEquals" | "ArnLike" => {
            let whole = variables && value.starts_with("${") && value.find('}') == Some(value.len() - 1);
            if whole && !["${*}", "${?}", "${$}"].contains(&value) {
                literal(false)?.map(|atoms| plain(&atoms) == member)
            } else {
                arn(value, variables, member, facts)?
            }
        }
        "Bool" => match (boolean(member), literal(false)?.and_then(|atoms| boolean(&plain(&atoms)))) {
            (Some(member), Some(value)) => Some(member == value),
            _ => None,
        },
        "BinaryEquals" => {
            let value = base64(value).ok_or(Puzzled)?;
            base64(member).map(|member| member == value)
        }
        "IpAddress" => {
            let (address, length) = value.split_once('/').map_or((value, None), |(a, l)| (a, l.parse().ok()));
            let network: IpAddr = address.parse().map_err(|_| Puzzled)?;
            let mut length: usize = length.unwrap_or(if network.is_ipv4() { 32 } else { 128 });
            let mut network = bits(network);
            // IPv4 that is written as IPv6.
            if let (Some((&MAPPED, rest)), 96..) = (network.split_first_chunk::<96>(), length) {
                (network, length) = (rest.to_vec(), length - 96);
            }
            let member = member.parse::<IpAddr>().ok().map(|member| bits(member.to_canonical()));
            member.map(|member| member.len() == network.len() && member[..length] == network[..length])
        }
        _ => {
            let (kind, order) = match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
                (Some(order), _) => (number as fn(&str) -> Option<i128>, order),
                (_, Some(order)) => (date as fn(&str) -> Option<i128>, order),
                _ => return Err(Puzzled),
            };
            let value = kind(value).ok_or(Puzzled)?;
            let Some(member) = kind(member) else { return Ok(None) };
            Some(match order {
                "Equals" => member == value,
                "LessThan" => member < value,
                "LessThanEquals" => member <= value,
                "GreaterThan" => member > value,
                "GreaterThanEquals" => member >= value,
                _ => return Err(Puzzled),
            })
        }
    })
}

/// A character of a pattern, one of any kind, or a run of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Atom {
    This(char),
    One,
    Run,
}

fn wild(text: &str) -> Vec<Atom> {
    let atom = |character| match character {
        '*' => Atom::Run,
        '?' => Atom::One,
        character => Atom::This(character),
    };
    text.chars().map(atom).collect()
}

fn plain(atoms: &[Atom]) -> String {
    let character = |atom: &Atom| match atom {
        Atom::This(character) => *character,
        Atom::One => '?',
        Atom::Run => '*',
    };
    atoms.iter().map(character).collect()
}

/// The text with values for its variables; `None` if one has no value.
fn expand(text: &str, variables: bool, wildcards: bool, facts: &Facts) -> Result<Option<Vec<Atom>>, Puzzled> {
    let literally = |text: &str| -> Vec<Atom> { text.chars().map(Atom::This).collect() };
    let written = |text: &str| if wildcards { wild(text) } else { literally(text) };
    let mut atoms = Vec::new();
    let mut rest = text;
    let mut known = true;
    while let (true, Some((before, after))) = (variables, rest.split_once("${")) {
        atoms.extend(written(before));
        let (name, after) = after.split_once('}').ok_or(Puzzled)?;
        rest = after;
        if let "*" | "?" | "$" = name {
            atoms.extend(literally(name));
            continue;
        }
        let (key, default) = name.split_once(',').map_or((name, None), |(key, default)| (key, Some(default.trim())));
        if key.contains(['{', '\'']) || key.trim().is_empty() {
            return Err(Puzzled);
        }
        let quoted = |text: &str| text.strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned);
        let default = default.map(|text| quoted(text).ok_or(Puzzled)).transpose()?;
        match (facts.get(&key.trim().to_lowercase()), default) {
            (Some(Fact::One(value)), _) => atoms.extend(literally(value)),
            (None, Some(default)) => atoms.extend(literally(&default)),
            _ => known = false,
        }
    }
    atoms.extend(written(rest));
    Ok(known.then_some(atoms))
}

/// By definition, with a table of which prefixes of the text the pattern so far matches.
fn glob(pattern: &[Atom], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for atom in pattern {
        let before = reached.clone();
        for at in 0..=text.len() {
            reached[at] = match atom {
                Atom::This(character) => at > 0 && before[at - 1] && text[at - 1] == *character,
                Atom::One => at > 0 && before[at - 1],
                Atom::Run => before[..=at].contains(&true),
            };
        }
    }
    reached[text.len()]
}

fn and(one: Truth, other: Truth) -> Truth {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(one: Truth, other: Truth) -> Truth {
    not(and(not(one), not(other)))
}

fn not(truth: Truth) -> Truth {
    truth.map(|truth| !truth)
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or(vec![value], |values| values.iter().collect())
}

fn texts(value: &Value) -> Result<Vec<String>, Puzzled> {
    list(value).into_iter().map(|text| text.as_str().map(str::to_owned).ok_or(Puzzled)).collect()
}

fn scalars(value: &Value) -> Result<Vec<String>, Puzzled> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) => Ok(value.to_string()),
        Value::Number(number) if !number.is_f64() => Ok(value.to_string()),
        _ => Err(Puzzled),
    };
    list(value).into_iter().map(scalar).collect()
}

fn boolean(text: &str) -> Option<bool> {
    text.to_ascii_lowercase().parse().ok()
}

/// In billionths.
fn number(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.trim_start_matches('-');
    let is_number = (digits.len() + fraction.len() > 0) && whole.len() - digits.len() <= 1;
    if !is_number
        || digits.len() > 18
        || fraction.len() > 9
        || !format!("{digits}{fraction}").bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let value: i128 = format!("{digits}{fraction:0<9}").parse().ok()?;
    Some(if whole.starts_with('-') { -value } else { value })
}

/// In nanoseconds since 1970.
fn date(text: &str) -> Option<i128> {
    let is_number = (1..=28).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.len() != 4 {
        let seconds: i128 = text.parse().ok()?;
        return Some(seconds * if seconds > 253_402_300_799 { 1_000_000 } else { 1_000_000_000 });
    }
    let full = match text.len() {
        4 if is_number => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    full.parse::<Timestamp>().ok().map(Timestamp::as_nanosecond)
}

/// The bits of an address, first to last.
fn bits(address: IpAddr) -> Vec<bool> {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1)).collect()
}

/// The first bits of an address of IPv4 that is written as IPv6.
const MAPPED: [bool; 96] = {
    let mut bits = [false; 96];
    let mut at = 80;
    while at < 96 {
        bits[at] = true;
        at += 1;
    }
    bits
};

fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bits = Vec::new();
    for byte in digits.bytes() {
        let value = DIGITS.iter().position(|digit| *digit == byte)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let whole = bits.len() / 8 * 8;
    let left_over = bits.split_off(whole);
    let octet = |bits: &[bool]| bits.iter().fold(0, |octet, bit| octet << 1 | u8::from(*bit));
    (!left_over.contains(&true)).then(|| bits.chunks(8).map(octet).collect())
}
