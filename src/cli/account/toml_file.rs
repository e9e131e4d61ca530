//! `iam.toml`: an account as people write it. Every fault is told with its line.

use std::{fs, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    json,
    model::{Account, Identity, Policy, Profile, Tags, Version},
};
use crate::store::IdentityKind;

/// The tables of a file with their keys.
const SECTIONS: [(&str, &[&str]); 5] = [
    ("policy", &["name", "path", "description", "document", "versions", "default_version", "tags"]),
    ("group", &["name", "path", "policies", "inline"]),
    ("user", &["name", "path", "groups", "policies", "inline", "boundary", "tags"]),
    (
        "role",
        &["name", "path", "description", "trust", "max_session_seconds", "policies", "inline", "boundary", "tags"],
    ),
    ("instance_profile", &["name", "path", "role", "tags"]),
];

/// What is read, and what is wrong so far.
struct File<'a> {
    text: &'a str,
    /// Where the files are that it names.
    dir: &'a Path,
    faults: Vec<String>,
}

/// One table of a list.
struct Entry<'a, 'f> {
    file: &'f mut File<'a>,
    table: &'f DeTable<'a>,
    place: String,
}

/// Reads a file's text, and the documents in files beside it. What is sound is returned with what is wrong.
pub(super) fn read(text: &str, dir: &Path) -> (Account, Vec<String>) {
    let mut file = File { text, dir, faults: Vec::new() };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => return (Account::default(), vec![error.to_string().trim_end().to_owned()]),
    };
    let mut account = Account::default();
    for (key, value) in table.get_ref() {
        let (name, line) = (&**key.get_ref(), file.line(key.span().start));
        let Some((_, keys)) = SECTIONS.iter().find(|(section, _)| *section == name) else {
            let known = SECTIONS.map(|(section, _)| format!("[[{section}]]")).join(", ");
            file.faults.push(format!("line {line}: there is no `{name}`; write one of {known}"));
            continue;
        };
        let Some(entries) = value.get_ref().as_array() else {
            file.faults.push(format!("line {line}: `{name}` is no list; write [[{name}]] above each one"));
            continue;
        };
        for entry in entries {
            let line = file.line(entry.span().start);
            let Some(table) = entry.get_ref().as_table() else {
                file.faults.push(format!("line {line}: no table; write [[{name}]] above each one"));
                continue;
            };
            let mut entry = Entry { file: &mut file, table, place: format!("line {line}: {name}") };
            entry.check_keys(keys);
            entry.add_to(name, &mut account);
        }
    }
    (account, file.faults)
}

impl File<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }
}

impl<'a> Entry<'a, '_> {
    fn add_to(&mut self, section: &str, account: &mut Account) {
        let name = self.text("name").unwrap_or_else(|| {
            self.fault("name", "is missing; write name = \"...\"");
            String::new()
        });
        self.place.push_str(&format!(" `{name}`"));
        let path = self.text("path").unwrap_or_else(|| "/".to_owned());
        let place = self.place.clone();
        let kind = match section {
            "policy" => {
                let (description, tags) = (self.text("description"), Some(self.tags()));
                let versions = self.versions();
                return account.policies.push(Policy { place, name, path, description, versions, tags });
            }
            "instance_profile" => {
                let (role, tags) = (self.text("role"), Some(self.tags()));
                return account.profiles.push(Profile { place, name, path, role, tags });
            }
            "user" => IdentityKind::User,
            "group" => IdentityKind::Group,
            _ => IdentityKind::Role,
        };
        let trust = match (kind, self.table.get("trust")) {
            (IdentityKind::Role, None) => {
                self.fault("trust", "is missing; write who may take the role, as a document or the path of a file");
                String::new()
            }
            (_, value) => value.and_then(|value| self.document("trust", value)).unwrap_or_default(),
        };
        account.identities.push(Identity {
            groups: self.texts("groups"),
            attached: self.texts("policies"),
            inline: self.inline(),
            boundary: self.text("boundary"),
            tags: self.tags(),
            trust,
            description: self.text("description"),
            session_seconds_max: self.number("max_session_seconds"),
            ..Identity::new(kind, place, name, path)
        });
    }

    fn check_keys(&mut self, keys: &[&str]) {
        let table = self.table;
        for key in table.keys().filter(|key| !keys.contains(&&**key.get_ref())) {
            let line = self.file.line(key.span().start);
            let (name, known) = (key.get_ref(), keys.join(", "));
            self.file.faults.push(format!("line {line}: there is no key `{name}` here; write one of {known}"));
        }
    }

    fn fault(&mut self, key: &str, what: &str) {
        self.file.faults.push(format!("{}: {key} {what}", self.place));
    }

    fn value(&self, key: &str) -> Option<&'_ Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// A text that may be there.
    fn text(&mut self, key: &str) -> Option<String> {
        let text = self.value(key)?.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.fault(key, "is no text; write it in quotes");
        }
        text
    }

    fn number(&mut self, key: &str) -> Option<u32> {
        let number = self.value(key)?.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        if number.is_none() {
            self.fault(key, "is no whole number; write it without quotes");
        }
        number
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let texts = value.get_ref().as_array().map(|array| {
            array.iter().map(|text| text.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.flatten().unwrap_or_else(|| {
            self.fault(key, "is no list of texts; write [\"...\", \"...\"]");
            Vec::new()
        })
    }

    fn tags(&mut self) -> Tags {
        let Some(value) = self.value("tags") else { return Tags::new() };
        let tags = value.get_ref().as_table().map(|table| {
            let tag = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                Some((key.to_string(), value.get_ref().as_str()?.to_owned()))
            };
            table.iter().map(tag).collect::<Option<Tags>>()
        });
        tags.flatten().unwrap_or_else(|| {
            self.fault("tags", "is no table of texts; write { key = \"value\" }");
            Tags::new()
        })
    }

    fn inline(&mut self) -> Vec<(String, String)> {
        let Some(value) = self.table.get("inline") else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.fault("inline", "is no table; write inline.NAME = a document or the path of a file");
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in table {
            let name = name.get_ref().to_string();
            let document = self.document(&format!("inline.{name}"), value);
            all.extend(document.map(|document| (name, document)));
        }
        all
    }

    /// `document`, or `versions` with `default_version`.
    fn versions(&mut self) -> Vec<Version> {
        let (document, versions) = (self.table.get("document"), self.table.get("versions"));
        let listed = match (document, versions) {
            (Some(document), None) => vec![document],
            (None, Some(versions)) => match versions.get_ref().as_array() {
                Some(array) => array.iter().collect(),
                None => {
                    self.fault("versions", "is no list; write [\"...\", \"...\"], the oldest first");
                    return Vec::new();
                }
            },
            _ => {
                self.fault(
                    "document",
                    "or versions has to be there, and only one of them; write a document or the path of a file",
                );
                return Vec::new();
            }
        };
        if !(1..=5).contains(&listed.len()) {
            self.fault("versions", "has none or more than 5; write 1 to 5");
        }
        let default = self.number("default_version").and_then(|number| usize::try_from(number).ok());
        let default = default.unwrap_or(listed.len());
        if !listed.is_empty() && !(1..=listed.len()).contains(&default) {
            self.fault("default_version", &format!("is none of the versions; write 1 to {}", listed.len()));
        }
        let key = if document.is_some() { "document" } else { "versions" };
        let mut all = Vec::new();
        for (at, value) in listed.into_iter().enumerate() {
            if let Some(document) = self.document(key, value) {
                all.push(Version { id: String::new(), document, is_default: at + 1 == default });
            }
        }
        all
    }

    /// A document: what begins with a brace is one, anything else is the path of a file that holds one.
    fn document(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.fault(key, "is no text; write a document in ''' or the path of a file");
            return None;
        };
        if text.trim_start().starts_with('{') {
            return Some(text.trim().to_owned());
        }
        match fs::read_to_string(self.file.dir.join(text)) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(error) => {
                self.fault(
                    key,
                    &format!(
                        "names the file `{text}`, which cannot be read ({error}); write a document or the path of one"
                    ),
                );
                None
            }
        }
    }
}

/// An account with this number as a file that [`read`] reads. Its own policies are named by name, so that the file fits
/// another account too.
pub(super) fn write(account: &Account, number: &str) -> String {
    let short = |arn: &String| {
        let own = account.policies.iter().find(|policy| policy.arn(number) == *arn);
        own.map_or_else(|| arn.clone(), |policy| policy.name.clone())
    };
    let mut out = String::from("# For: countersign apply -f iam.toml\n");
    for policy in &account.policies {
        let mut table = begin(&mut out, "policy", &policy.name, &policy.path);
        table.maybe("description", policy.description.as_deref());
        match policy.versions.as_slice() {
            [only] => table.set("document", &document(&only.document)),
            all => {
                let texts: Vec<String> = all.iter().map(|version| document(&version.document)).collect();
                table.set("versions", &format!("[\n{},\n]", texts.join(",\n")));
                let default = all.iter().position(|version| version.is_default).map_or(1, |at| at + 1);
                table.set("default_version", &default.to_string());
            }
        }
        table.tags(policy.tags.as_deref().unwrap_or_default());
    }
    for (kind, section) in [(IdentityKind::Group, "group"), (IdentityKind::User, "user"), (IdentityKind::Role, "role")]
    {
        for identity in account.of(kind).filter(|identity| !identity.is_of_service()) {
            let mut table = begin(&mut out, section, &identity.name, &identity.path);
            table.maybe("description", identity.description.as_deref());
            if kind == IdentityKind::Role {
                table.set("trust", &document(&identity.trust));
            }
            let seconds = identity.session_seconds_max.filter(|seconds| *seconds != 3600);
            if let Some(seconds) = seconds {
                table.set("max_session_seconds", &seconds.to_string());
            }
            table.texts("groups", &identity.groups);
            table.texts("policies", &identity.attached.iter().map(short).collect::<Vec<_>>());
            table.maybe("boundary", identity.boundary.as_ref().map(short).as_deref());
            table.tags(&identity.tags);
            for (name, text) in &identity.inline {
                table.set(&format!("inline.{}", quoted(name)), &document(text));
            }
        }
    }
    for profile in &account.profiles {
        let mut table = begin(&mut out, "instance_profile", &profile.name, &profile.path);
        table.maybe("role", profile.role.as_deref());
        table.tags(profile.tags.as_deref().unwrap_or_default());
    }
    out
}

/// A table that is written.
struct Table<'o>(&'o mut String);

fn begin<'o>(out: &'o mut String, section: &str, name: &str, path: &str) -> Table<'o> {
    out.push_str(&format!("\n[[{section}]]\n"));
    let mut table = Table(out);
    table.set("name", &quoted(name));
    table.maybe("path", Some(path).filter(|path| *path != "/"));
    table
}

impl Table<'_> {
    fn set(&mut self, key: &str, value: &str) {
        self.0.push_str(&format!("{key} = {value}\n"));
    }

    fn maybe(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.set(key, &quoted(text));
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            self.set(key, &format!("[{}]", texts.join(", ")));
        }
    }

    fn tags(&mut self, tags: &[(String, String)]) {
        if !tags.is_empty() {
            let tags: Vec<String> =
                tags.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
            self.set("tags", &format!("{{ {} }}", tags.join(", ")));
        }
    }
}

/// A text of one line in quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

fn document(text: &str) -> String {
    let text = json::pretty(text, 2, 0);
    let fits = |c: char| !c.is_control() || c == '\n';
    if text.contains("'''") || !text.chars().all(fits) { quoted(&text) } else { format!("'''\n{text}\n'''") }
}
