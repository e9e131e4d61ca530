//! The configuration: the files that are shown, what is refused and in which words, what variables change.

mod delegation;
mod faults;
mod files;
mod ldap;
mod oidc;
mod variables;

use countersign::config::{self, Config, Faults};

/// What the examples need.
const SECRET: (&str, &str) = ("STORE_SECRET_ACCESS_KEY", "not-a-secret");

/// Loads a text with variables over it.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, Faults> {
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config::load(text, &variables)
}

/// The faults of a text, which has some.
fn faults(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let faults = load(text, variables).err().unwrap_or_default();
    faults.0.iter().map(|fault| format!("{}: {}", fault.key, fault.message)).collect()
}

/// The smallest configuration, with more lines above and below its upstream.
fn minimal(above: &str, below: &str) -> String {
    format!(
        "data_dir = \"/var/lib/countersign\"\n{above}\n[[upstream]]\nname = \"store\"\nurl = \"http://127.0.0.1:7480\"\n\
         access_key_id = \"gateway\"\nsecret_access_key_variable = \"STORE_SECRET_ACCESS_KEY\"\n{below}\n"
    )
}
