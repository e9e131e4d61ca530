//! What was said: the file and the environment, flattened to dotted keys, and the faults found in it.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Value;

use super::{
    keys::{Key, Kind, LISTS, List, plain},
    root,
};

/// One thing that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key: `limits.idle_seconds`, `upstream.0.url`.
    pub key: String,
    /// What is wrong and what to write.
    pub message: String,
}

/// Everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            let end = if at + 1 < self.0.len() { "\n" } else { "" };
            write!(f, "{}: {}{end}", fault.key, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Variables that are no configuration keys.
const OTHER_VARIABLES: [&str; 3] = [super::root::ACCESS_KEY_ID, super::root::SECRET_ACCESS_KEY, "COUNTERSIGN_CONFIG"];

/// More items of a list than this are a mistake, such as a variable with a wrong index.
const ITEMS_MAX: usize = 1000;

/// What is wrong with a relative path.
pub(super) const RELATIVE: &str =
    "is no absolute path, and would mean another file wherever the program is started; begin it with a /";

/// Keys with what was said for them.
#[derive(Debug, Default)]
pub struct Raw {
    values: BTreeMap<String, Value>,
    /// How many items the file lists, with or without keys, by list.
    listed: BTreeMap<String, usize>,
    /// Keys that variables stand for, with the variables' names.
    variables: BTreeMap<String, String>,
    /// What is wrong so far.
    pub faults: Faults,
}

impl Raw {
    /// Reads a file's text and the variables over it: `COUNTERSIGN_LIMITS__IDLE_SECONDS` stands for
    /// `limits.idle_seconds`, `COUNTERSIGN_UPSTREAM__0__URL` for the `url` of the first upstream. A variable's value is
    /// read as TOML if the key is no text.
    ///
    /// # Errors
    /// A text that is no TOML: nothing more can be said of it.
    pub fn read(text: &str, variables: impl Iterator<Item = (String, String)>) -> Result<Self, Faults> {
        let mut raw = Self::default();
        match text.parse::<toml::Table>() {
            Ok(table) => raw.flatten("", &Value::Table(table)),
            Err(error) => {
                raw.fault("(file)", error.to_string().trim_end().to_owned());
                return Err(raw.faults);
            }
        }
        for (name, value) in variables {
            raw.overlay(&name, value);
        }
        raw.check_names();
        Ok(raw)
    }

    /// What was wrong, each fault with the variable that said it.
    pub fn finish(mut self) -> Faults {
        for fault in &mut self.faults.0 {
            if let Some(name) = self.variables.get(&fault.key) {
                fault.message.push_str(&format!(" (said by {name})"));
            }
        }
        self.faults
    }

    /// Notes a fault.
    pub fn fault(&mut self, key: &str, message: impl Into<String>) {
        self.faults.0.push(Fault { key: key.to_owned(), message: message.into() });
    }

    /// How many items a list has.
    pub fn items(&self, list: &str) -> usize {
        let of_list = self.values.keys().filter_map(|key| item(key)).filter(|item| item.list == list);
        let listed = self.listed.get(list).copied().unwrap_or_default();
        of_list.map(|item| item.at + 1).max().unwrap_or_default().max(listed)
    }

    /// A text; the key's default if nothing was said.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text),
            other => self.wrong(key, &other, "a text in quotes"),
        }
    }

    /// A text that has to be there.
    pub fn required(&mut self, key: &str, example: &str) -> Option<String> {
        let text = self.text(key).filter(|text| !text.is_empty());
        let known = self.faults.0.iter().any(|fault| fault.key == key);
        if text.is_none() && !known {
            self.fault(key, format!("is missing; write for example {} = {example:?}", last(key)));
        }
        text
    }

    /// A whole number of at least 0.
    pub fn number(&mut self, key: &str) -> Option<u64> {
        match self.value(key)? {
            Value::Integer(number) if number >= 0 => u64::try_from(number).ok(),
            other => self.wrong(key, &other, "a whole number of at least 0"),
        }
    }

    /// A number of at least 1.
    pub fn positive(&mut self, key: &str) -> Option<u64> {
        let number = self.number(key)?;
        if number == 0 {
            self.fault(key, "is 0; write a number of at least 1");
        }
        Some(number)
    }

    /// A number of at least 1, as a count.
    pub fn count(&mut self, key: &str) -> usize {
        self.positive(key).map_or(1, |number| usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// A number of bytes, of at least `least`.
    pub fn size(&mut self, key: &str, least: usize) -> usize {
        let bytes = self.number(key).map_or(least, |number| usize::try_from(number).unwrap_or(usize::MAX));
        if bytes < least {
            self.fault(key, format!("is {bytes}; write at least {least}"));
        }
        bytes
    }

    /// A time of at least one second.
    pub fn seconds(&mut self, key: &str) -> Duration {
        Duration::from_secs(self.positive(key).unwrap_or(1))
    }

    /// A text that means something else.
    pub fn parsed<T>(&mut self, key: &str, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key)?;
        let value = parse(&text);
        if value.is_none() {
            self.fault(key, format!("is {text:?}; write {wanted}"));
        }
        value
    }

    /// The path of a file or folder, which need not be there. A relative one would mean another place wherever the
    /// program is started.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.text(key)?);
        if !path.is_absolute() {
            self.fault(key, RELATIVE);
        }
        Some(path)
    }

    /// The path of a PEM file, which is there and holds what `read` wants of it.
    pub fn pem<T>(&mut self, key: &str, read: impl FnOnce(&Path) -> Result<T, String>) -> Option<PathBuf> {
        let path = self.path(key)?;
        if path.is_absolute()
            && let Err(error) = read(&path)
        {
            self.fault(key, error);
        }
        Some(path)
    }

    /// `true` or `false`.
    pub fn bool(&mut self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Boolean(value) => Some(value),
            other => self.wrong(key, &other, "true or false"),
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let texts = value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        match texts {
            Some(texts) => Some(texts),
            None => self.wrong(key, &value, "a list of texts in quotes, as [\"a\", \"b\"]"),
        }
    }

    /// A table of texts.
    pub fn table(&mut self, key: &str) -> Vec<(String, String)> {
        if let Some(value) = self.values.get(key).cloned() {
            self.wrong::<()>(key, &value, "a table of texts");
        }
        let prefix = format!("{key}.");
        let entries = self.values.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), value.as_str().unwrap_or_default().to_owned()))
        });
        entries.collect()
    }

    /// Whether anything was said for a key, or for the keys of a table.
    pub fn is_said(&self, key: &str) -> bool {
        let below = format!("{key}.");
        self.values.keys().any(|said| said == key || said.starts_with(&below))
    }

    fn value(&self, key: &str) -> Option<Value> {
        if let Some(value) = self.values.get(key) {
            return Some(value.clone());
        }
        let default = declared(key)?.default;
        if default.is_empty() {
            return None;
        }
        format!("v = {default}").parse::<toml::Table>().ok()?.remove("v")
    }

    fn wrong<T>(&mut self, key: &str, value: &Value, wanted: &str) -> Option<T> {
        self.fault(key, format!("is {value}; write {wanted}"));
        None
    }

    fn flatten(&mut self, key: &str, value: &Value) {
        let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        match value {
            Value::Table(table) => table.iter().for_each(|(name, value)| self.flatten(&below(name), value)),
            Value::Array(items) if LISTS.iter().any(|list| list.name == key) && items.iter().all(Value::is_table) => {
                self.listed.insert(key.to_owned(), items.len());
                items.iter().enumerate().for_each(|(at, item)| self.flatten(&below(&at.to_string()), item));
            }
            value => {
                self.values.insert(key.to_owned(), value.clone());
            }
        }
    }

    fn overlay(&mut self, name: &str, value: String) {
        let Some(rest) = name.strip_prefix("COUNTERSIGN_") else { return };
        if OTHER_VARIABLES.contains(&name) || root::account_of_variable(name).is_some() {
            return;
        }
        let key = rest.to_lowercase().replace("__", ".");
        let is_text = declared(&key).is_none_or(|declared| matches!(declared.kind, Kind::Text | Kind::Table));
        let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"));
        let value = if is_text { Value::String(value) } else { parsed.unwrap_or(Value::String(value)) };
        self.values.insert(key.clone(), value);
        self.variables.insert(key, name.to_owned());
    }

    /// Every key must be declared, but for variables that a key names as the place of a secret.
    fn check_names(&mut self) {
        let texts: Vec<&str> = self.values.values().filter_map(Value::as_str).collect();
        let is_named = |name: &str| texts.iter().any(|text| text.strip_prefix("env:").unwrap_or(text) == name);
        let unknown = self.values.keys().filter(|key| declared(key).is_none());
        let mut faults = Vec::new();
        for key in unknown {
            match self.variables.get(key) {
                Some(name) if is_named(name) => {}
                Some(name) => {
                    let meant = nearest(key).map_or(String::new(), |key| format!("; did you mean {}?", variable(&key)));
                    faults.push((name.clone(), format!("stands for no key{meant}")));
                }
                None => faults.push((key.clone(), unknown_key(key))),
            }
        }
        for (key, message) in faults {
            self.fault(&key, message);
        }
    }
}

/// What to say of a key that is none.
fn unknown_key(key: &str) -> String {
    let below = format!("{key}.");
    if let Some(list) = list_of(key).filter(|_| item(key).is_none()) {
        let what = format!("write [[{}]] in two pairs of brackets, once for each {}", list.name, list.what);
        return format!("does not stand in a list; {what}");
    }
    let mut tables = plain().map(|known| known.name).chain(LISTS.iter().map(|list| list.name));
    if tables.any(|name| name.starts_with(&below)) {
        return format!("is a table; write [{key}] and its keys below");
    }
    nearest(key).map_or("is no key; leave it out".into(), |meant| format!("is no key; did you mean {meant}?"))
}

/// A key of an item of a list.
struct Item<'a> {
    list: &'static str,
    keys: &'static [Key],
    at: usize,
    /// The key there.
    name: &'a str,
}

/// The list that a key is in, or is.
fn list_of(key: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| key.strip_prefix(list.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// What stands behind a list: the place in it, and the key there. `01` would be another key than `1`, which nobody would
/// read.
fn item(key: &str) -> Option<Item<'_>> {
    let list = list_of(key)?;
    let (index, name) = key.strip_prefix(list.name)?.strip_prefix('.')?.split_once('.')?;
    let at = index.parse::<usize>().ok().filter(|at| *at < ITEMS_MAX && at.to_string() == index)?;
    Some(Item { list: list.name, keys: list.keys, at, name })
}

/// The variable that stands for a key.
fn variable(key: &str) -> String {
    format!("COUNTERSIGN_{}", key.to_uppercase().replace('.', "__"))
}

/// The declaration of a key.
fn declared(key: &str) -> Option<Key> {
    if list_of(key).is_none() {
        let is_in = |table: &Key| {
            let entry = key.strip_prefix(table.name).and_then(|rest| rest.strip_prefix('.'));
            table.kind == Kind::Table && entry.is_some_and(|entry| !entry.is_empty())
        };
        return plain().find(|known| known.name == key || is_in(known));
    }
    let item = item(key)?;
    let name = if item.name.starts_with("headers.") { "headers" } else { item.name };
    item.keys.iter().copied().find(|known| known.name == name)
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// The declared key that was probably meant: one of the same name in another table, else the one spelled most alike.
fn nearest(key: &str) -> Option<String> {
    let at = item(key).map_or(0, |item| item.at);
    let of = |list: &'static List| list.keys.iter().map(move |known| format!("{}.{at}.{}", list.name, known.name));
    let own = list_of(key);
    let close = own.into_iter().flat_map(of).min_by_key(|known| distance(known, key));
    if let Some(close) = close.filter(|known| distance(known, key) <= 2) {
        return Some(close);
    }
    // Keys of rules are meant in rules only: elsewhere, their names are those of much else.
    let listed = own.or(LISTS.first()).into_iter().flat_map(of);
    let plain = plain().map(|known| known.name.to_owned());
    let edits = |known: &String| if last(known) == last(key) { 0 } else { distance(known, key) };
    let meant = match own {
        Some(_) => listed.chain(plain).min_by_key(edits),
        None => plain.chain(listed).min_by_key(edits),
    };
    meant.filter(|meant| edits(meant) <= (key.len() / 2).max(2))
}

/// How many single-character edits lie between two texts (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(b.chars()) {
            let next = (diagonal + usize::from(ca != cb)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = next;
            left = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "abc", 3), ("abc", "abc", 0), ("listen", "lisen", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let file = "listen = \"127.0.0.1:1\"\n[[upstream]]\nname = \"a\"\n";
        let variables = [
            ("COUNTERSIGN_LISTEN", "127.0.0.1:2"),
            ("COUNTERSIGN_LIMITS__IDLE_SECONDS", "7"),
            ("COUNTERSIGN_REGIONS", "[\"eu-west-1\"]"),
            ("COUNTERSIGN_UPSTREAM__0__URL", "http://127.0.0.1:3"),
            ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "x"),
            ("PATH", "y"),
        ];
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let mut raw = Raw::read(file, variables).unwrap();
        assert_eq!(raw.faults, Faults::default());
        assert_eq!(raw.text("listen").as_deref(), Some("127.0.0.1:2"));
        assert_eq!(raw.number("limits.idle_seconds"), Some(7));
        assert_eq!(raw.number("limits.head_seconds"), Some(10));
        assert_eq!(raw.texts("regions"), Some(vec!["eu-west-1".to_owned()]));
        assert_eq!(raw.text("upstream.0.url").as_deref(), Some("http://127.0.0.1:3"));
        assert_eq!(raw.items("upstream"), 1);
    }
}
