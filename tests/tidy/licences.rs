//! The licences of what is built in: SPDX expressions against the ones that go with Apache-2.0.

use std::{collections::BTreeMap, env, process::Command};

use serde_json::Value;

/// Licences that ask for nothing but their notice. What is missing here is a question, not a mistake: none of these
/// obliges anybody who runs or changes Countersign to more than naming the authors.
const ALLOWED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Packages that the program must not hold, with the reason.
pub const BANNED: [(&str, &str); 4] = [
    ("ring", "one crypto library is enough: aws-lc-rs"),
    ("openssl", "one crypto library is enough: aws-lc-rs"),
    ("openssl-sys", "one crypto library is enough: aws-lc-rs"),
    ("native-tls", "TLS is rustls"),
];

/// A package that is built.
pub struct Package {
    /// Its name.
    pub name: String,
    /// What its author says of its licence.
    pub licence: Option<String>,
}

/// Every package that a build or a test of this program uses on this kind of machine.
pub fn packages() -> Vec<Package> {
    let host = output(&env::var("RUSTC").unwrap_or_else(|_| "rustc".into()), &["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let metadata = cargo(&["metadata", "--format-version", "1", "--filter-platform", host]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| Package {
        name: package["name"].as_str().unwrap().to_owned(),
        licence: package["license"].as_str().map(str::to_owned),
    });
    packages.collect()
}

/// The names of the packages that are in the program itself.
pub fn product() -> Vec<String> {
    let tree = cargo(&["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let names: BTreeMap<&str, ()> =
        tree.lines().filter_map(|line| line.split(' ').next()).map(|name| (name, ())).collect();
    names.into_keys().map(str::to_owned).collect()
}

fn cargo(arguments: &[&str]) -> String {
    let locked = [arguments, &["--locked"]].concat();
    output(&env::var("CARGO").unwrap_or_else(|_| "cargo".into()), &locked)
}

fn output(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).current_dir(super::files::root()).output().unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Whether an expression can be met with allowed licences alone. `/` is an older spelling of `OR`.
pub fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = Words(spaced.split_whitespace().collect(), 0);
    either(&mut words) && words.1 == words.0.len()
}

/// The words of an expression, and how many of them were read.
struct Words<'a>(Vec<&'a str>, usize);

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.0.get(self.1).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.peek() == Some(word);
        self.1 += usize::from(is_next);
        is_next
    }
}

fn either(words: &mut Words<'_>) -> bool {
    let mut holds = both(words);
    while words.take("OR") {
        holds |= both(words);
    }
    holds
}

fn both(words: &mut Words<'_>) -> bool {
    let mut holds = one(words);
    while words.take("AND") {
        holds &= one(words);
    }
    holds
}

fn one(words: &mut Words<'_>) -> bool {
    if words.take("(") {
        let holds = either(words);
        return words.take(")") && holds;
    }
    let Some(mut licence) = words.peek().map(str::to_owned) else { return false };
    words.1 += 1;
    if words.take("WITH") {
        licence = format!("{licence} WITH {}", words.peek().unwrap_or_default());
        words.1 += 1;
    }
    ALLOWED.contains(&&*licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_or_not() {
        let cases = [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("MIT/Apache-2.0", true),
            ("GPL-2.0/AGPL-3.0", false),
            ("ISC AND (Apache-2.0 OR OpenSSL)", true),
            ("ISC AND (GPL-2.0 OR OpenSSL)", false),
            ("GPL-2.0 OR MIT AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0 WITH LLVM-exception", false),
            ("", false),
            ("MIT OR", true),
            ("(MIT", false),
            ("MIT MIT", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(is_allowed(expression), expected, "{expression}");
        }
    }
}
