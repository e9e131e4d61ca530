//! Typed input of one operation: every violated constraint is told at once, in AWS's words.

use std::ops::RangeInclusive;

use serde_json::{Map, Value as Json, json};
use zeroize::Zeroizing;

use super::{Parameters, tree::lower_camel};
use crate::base::{
    Fault, Tag,
    name::{TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX, is_tag_text},
};

/// What a text has to be. Lengths are in characters.
#[derive(Debug)]
pub struct Text {
    /// The fewest and most characters.
    pub length: RangeInclusive<usize>,
    /// The pattern as AWS's model spells it; empty for none.
    pub pattern: &'static str,
    /// Whether a text matches the pattern.
    pub fits: fn(&str) -> bool,
}

/// The parameters of one call, as its operation reads them.
pub struct Input<'a> {
    parameters: &'a Parameters,
    faults: Vec<String>,
    shown: Map<String, Json>,
}

const TAG_KEY: Text =
    Text { length: 1..=TAG_KEY_CHARACTERS_MAX, pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", fits: is_tag_text };
const TAG_VALUE: Text =
    Text { length: 0..=TAG_VALUE_CHARACTERS_MAX, pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", fits: is_tag_text };

/// What CloudTrail shows in place of a secret.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The most tags of one call and of one resource.
const TAGS_MAX: usize = 50;

impl<'a> Input<'a> {
    /// Nothing read yet.
    pub fn new(parameters: &'a Parameters) -> Self {
        Self { parameters, faults: Vec::new(), shown: Map::new() }
    }

    /// CloudTrail's `requestParameters`: what was read, in lower camel case; `null` for nothing.
    pub fn shown(self) -> Json {
        if self.shown.is_empty() { Json::Null } else { Json::Object(self.shown) }
    }

    /// A text that has to be there. What is returned counts only after [`Input::check`].
    pub fn required(&mut self, name: &str, text: &Text) -> String {
        let value = self.optional(name, text);
        if value.is_none() {
            self.violated(name, "null", "Member must not be null");
        }
        value.unwrap_or_default()
    }

    /// A text that may be there.
    pub fn optional(&mut self, name: &str, text: &Text) -> Option<String> {
        let value = self.parameters.get(name)?.to_owned();
        // Somebody may take a file for a certificate that has its key in it.
        let told = if value.contains("PRIVATE KEY-----") { HIDDEN } else { value.as_str() };
        self.show(name, told.into());
        self.fit_telling(name, &value, &quoted(told), text);
        Some(value)
    }

    /// Whether a parameter is there, or one below it.
    pub fn is_given(&self, name: &str) -> bool {
        self.parameters.has(name)
    }

    /// One of some words.
    pub fn one_of(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.parameters.get(name)?;
        self.show(name, value.into());
        let word = words.iter().copied().find(|word| *word == value);
        if word.is_none() {
            self.violated(name, &quoted(value), &format!("Member must satisfy enum value set: [{}]", words.join(", ")));
        }
        word
    }

    /// One of some words, which has to be there.
    pub fn required_one_of(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        if self.parameters.get(name).is_none() {
            self.violated(name, "null", "Member must not be null");
        }
        self.one_of(name, words)
    }

    /// A text that has to be there and that is repeated to nobody: no error and no record shows it.
    pub fn secret(&mut self, name: &str, text: &Text) -> Zeroizing<String> {
        let value = self.optional_secret(name, text);
        if value.is_none() {
            self.violated(name, "null", "Member must not be null");
        }
        value.unwrap_or_default()
    }

    /// Such a text that may be there.
    pub fn optional_secret(&mut self, name: &str, text: &Text) -> Option<Zeroizing<String>> {
        let value = Zeroizing::new(self.parameters.get(name)?.to_owned());
        self.fit_telling(name, &value, "", text);
        Some(value)
    }

    /// Has the record show what is known of a parameter that is repeated to nobody.
    pub fn tell(&mut self, name: &str, value: Json) {
        self.show(name, value);
    }

    /// A list of some words, which may be empty.
    pub fn words(&mut self, name: &str, words: &[&'static str]) -> Vec<&'static str> {
        let members = self.parameters.members(name);
        let values: Vec<&str> = members.iter().filter_map(|member| self.parameters.get(member)).collect();
        let known: Vec<&'static str> = words.iter().copied().filter(|word| values.contains(word)).collect();
        if values.iter().any(|value| !words.contains(value)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", words.join(", "));
            let shown = format!("'[{}]'", values.join(", "));
            self.violated(name, &shown, &format!("Member must satisfy constraint: [{constraint}]"));
        }
        if !values.is_empty() {
            self.show(name, values.into());
        }
        known
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.parameters.get(name)?;
        let flag = match value {
            "true" => true,
            "false" => false,
            _ => {
                self.violated(name, &quoted(value), "Member must be a boolean");
                return None;
            }
        };
        self.show(name, flag.into());
        Some(flag)
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, range: RangeInclusive<usize>) -> Option<usize> {
        let value = self.parameters.get(name)?;
        let Ok(number) = value.parse::<i64>() else {
            self.violated(name, &quoted(value), "Member must be a number");
            return None;
        };
        self.show(name, number.into());
        let number = usize::try_from(number).unwrap_or(0);
        if number < *range.start() {
            let bound = format!("Member must have value greater than or equal to {}", range.start());
            self.violated(name, &quoted(value), &bound);
        }
        if number > *range.end() {
            let bound = format!("Member must have value less than or equal to {}", range.end());
            self.violated(name, &quoted(value), &bound);
        }
        Some(number)
    }

    /// A whole number that has to be there.
    pub fn required_number(&mut self, name: &str, range: RangeInclusive<usize>) -> usize {
        if self.parameters.get(name).is_none() {
            self.violated(name, "null", "Member must not be null");
        }
        self.number(name, range).unwrap_or_default()
    }

    /// Tags. Keys differ without regard to case.
    pub fn tags(&mut self, name: &str, required: bool) -> Result<Vec<Tag>, Fault> {
        let members = self.parameters.members(name);
        if required && members.is_empty() && self.parameters.get(name).is_none() {
            self.violated(name, "null", "Member must not be null");
        }
        let mut tags: Vec<Tag> = Vec::with_capacity(members.len());
        for (at, member) in members.iter().enumerate() {
            let at = format!("{name}.member.{}", at + 1);
            let mut part = |part: &str, text: &Text| {
                let (at, value) = (format!("{at}.{part}"), self.parameters.get(&format!("{member}.{part}")));
                match value {
                    Some(value) => self.fit(&at, value, text),
                    None => self.violated(&at, "null", "Member must not be null"),
                }
                value.unwrap_or_default().into()
            };
            tags.push(Tag { key: part("Key", &TAG_KEY), value: part("Value", &TAG_VALUE) });
        }
        if members.len() > TAGS_MAX {
            self.violated(name, "", "Member must have length less than or equal to 50");
        }
        if tags.iter().any(|tag| tag.key.to_ascii_lowercase().starts_with("aws:")) {
            let message = "Error: Tag keys cannot start with 'aws:'";
            return Err(Fault::new(400, "InvalidInput", message));
        }
        let mut folded: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
        folded.sort_unstable();
        if folded.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Fault::new(400, "InvalidInput", message));
        }
        if !members.is_empty() {
            let shown = tags.iter().map(|tag| json!({ "key": tag.key, "value": tag.value })).collect();
            self.shown.insert(lower_camel(name), shown);
        }
        Ok(tags)
    }

    /// A list of texts that has to be there.
    pub fn texts(&mut self, name: &str, length_max: usize, text: &Text) -> Vec<String> {
        if self.parameters.members(name).is_empty() && self.parameters.get(name).is_none() {
            self.violated(name, "null", "Member must not be null");
        }
        self.list(name, length_max, text)
    }

    /// The names of the structures of a list that may be there; their members stand below them.
    pub fn structures(&mut self, name: &str, length_max: usize) -> Vec<String> {
        let members = self.parameters.members(name);
        if members.len() > length_max {
            self.violated(name, "", &format!("Member must have length less than or equal to {length_max}"));
        }
        members
    }

    /// A list of texts that may be there.
    pub fn list(&mut self, name: &str, length_max: usize, text: &Text) -> Vec<String> {
        let members = self.parameters.members(name);
        if members.len() > length_max {
            self.violated(name, "", &format!("Member must have length less than or equal to {length_max}"));
        }
        let values: Vec<String> =
            members.iter().map(|member| self.parameters.get(member).unwrap_or_default().to_owned()).collect();
        for value in &values {
            self.fit(name, value, text);
        }
        if !values.is_empty() {
            self.show(name, values.clone().into());
        }
        values
    }

    /// Every constraint holds.
    pub fn check(&self) -> Result<(), Fault> {
        let (count, faults) = (self.faults.len(), self.faults.join("; "));
        match count {
            0 => Ok(()),
            1 => Err(validation_error(format!("1 validation error detected: {faults}"))),
            _ => Err(validation_error(format!("{count} validation errors detected: {faults}"))),
        }
    }

    fn fit(&mut self, name: &str, value: &str, text: &Text) {
        self.fit_telling(name, value, &quoted(value), text);
    }

    fn fit_telling(&mut self, name: &str, value: &str, told: &str, text: &Text) {
        let length = value.chars().count();
        if !text.pattern.is_empty() && !(text.fits)(value) {
            let pattern = format!("Member must satisfy regular expression pattern: {}", text.pattern);
            self.violated(name, told, &pattern);
        }
        if length < *text.length.start() {
            let bound = format!("Member must have length greater than or equal to {}", text.length.start());
            self.violated(name, told, &bound);
        }
        if length > *text.length.end() {
            let bound = format!("Member must have length less than or equal to {}", text.length.end());
            self.violated(name, told, &bound);
        }
    }

    fn violated(&mut self, name: &str, value: &str, constraint: &str) {
        // Clients may send anything: what is repeated to them is bounded.
        let value: String = value.chars().take(256).collect();
        let value = if value.is_empty() { "at".to_owned() } else { format!("{value} at") };
        self.faults.push(format!("Value {value} '{}' failed to satisfy constraint: {constraint}", told(name)));
    }

    fn show(&mut self, name: &str, value: Json) {
        let mut parts = name.split('.').filter(|part| *part != "member");
        let mut place = self.shown.entry(parts.next().map(lower_camel).unwrap_or_default()).or_insert(Json::Null);
        for part in parts {
            place = match part.parse::<usize>() {
                Ok(number) => {
                    if !place.is_array() {
                        *place = json!([]);
                    }
                    let Json::Array(members) = place else { return };
                    members.resize(members.len().max(number), Json::Null);
                    let Some(member) = members.get_mut(number.saturating_sub(1)) else { return };
                    member
                }
                Err(_) => {
                    if !place.is_object() {
                        *place = json!({});
                    }
                    let Json::Object(members) = place else { return };
                    members.entry(lower_camel(part)).or_insert(Json::Null)
                }
            };
        }
        *place = value;
    }
}

/// A parameter as AWS tells of it: `Tags.member.1.Key` is `tags.1.member.key`.
fn told(name: &str) -> String {
    let mut parts: Vec<String> = name.split('.').map(lower_camel).collect();
    for at in 1..parts.len() {
        let is_number = parts.get(at).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if is_number && parts.get(at - 1).is_some_and(|part| part == "member") {
            parts.swap(at - 1, at);
        }
    }
    parts.join(".")
}

fn quoted(value: &str) -> String {
    format!("'{value}'")
}

/// AWS's answer to input that no operation could use.
pub fn validation_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "ValidationError", message)
}
