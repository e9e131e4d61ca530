//! `config/countersign.toml` shows every key as the code has it; `config/quickstart.toml` is a configuration.

use std::{collections::BTreeSet, time::Duration};

use countersign::config::{
    UpstreamKind,
    keys::{Key, Kind, LISTS, plain},
};
use toml::Value;

use super::{SECRET, load};

const SHOWN: &str = include_str!("../../../config/countersign.toml");
const QUICKSTART: &str = include_str!("../../../config/quickstart.toml");

/// A key as the file shows it.
struct Shown {
    /// With its table: `limits.idle_seconds`, `upstream.idle_seconds`.
    name: String,
    /// Its value as TOML.
    value: String,
    /// Whether it stands behind a `#`.
    is_example: bool,
    /// The comment above it.
    about: String,
}

/// Reads the file line by line, since what stands behind a `#` counts too.
fn shown() -> Vec<Shown> {
    let (mut keys, mut table, mut about) = (Vec::new(), String::new(), Vec::new());
    for line in SHOWN.lines() {
        let bare = line.trim_start_matches("# ");
        // The tables of some lists are examples as a whole.
        if let Some(name) = bare.strip_prefix('[') {
            table = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((name, value)) = bare.split_once(" = ").filter(|(name, _)| is_name(name)) {
            keys.push(Shown {
                name: format!("{table}{name}"),
                value: value.to_owned(),
                is_example: bare != line,
                about: about.join(" "),
            });
            about.clear();
        } else if bare == line {
            about.clear();
        } else {
            about.push(bare);
        }
    }
    keys
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
}

/// Every key with its table.
fn declared() -> Vec<(String, Key)> {
    let plain = plain().map(|key| (key.name.to_owned(), key));
    let of_list =
        LISTS.iter().flat_map(|list| list.keys.iter().map(|key| (format!("{}.{}", list.name, key.name), *key)));
    plain.chain(of_list).collect()
}

/// What the comment above a key says.
fn comment(key: &Key) -> String {
    let capital = |text: &str| format!("{}{}.", text[..1].to_uppercase(), &text[1..]);
    let about = key.about.trim_start_matches("s3: ").trim_start_matches("http: ");
    let is_reason = !key.why.starts_with("left out") && !key.why.starts_with("no default");
    let why = if is_reason { format!("Why: {}.", key.why) } else { capital(key.why) };
    format!("{} {why}", capital(about))
}

fn value(text: &str) -> Value {
    format!("v = {text}").parse::<toml::Table>().unwrap_or_else(|error| panic!("{text}: {error}"))["v"].clone()
}

#[test]
fn the_file_shows_every_key_with_its_default_and_the_reason() {
    let shown = shown();
    for (name, key) in declared() {
        let found: Vec<&Shown> = shown.iter().filter(|shown| shown.name == name && !shown.about.is_empty()).collect();
        let [found] = &*found else { panic!("`{name}` is explained {} times", found.len()) };
        assert_eq!(found.about, comment(&key), "{name}");
        if !key.default.is_empty() {
            assert_eq!((found.value.as_str(), found.is_example), (key.default, false), "{name}");
        }
        let value = value(&found.value);
        let fits = match key.kind {
            Kind::Text => value.is_str(),
            Kind::Number => value.is_integer(),
            Kind::Bool => value.is_bool(),
            Kind::Texts => value.is_array(),
            Kind::Table => value.is_table(),
        };
        assert!(fits, "{name} = {value}");
    }
}

#[test]
fn the_file_shows_no_other_key() {
    let known: BTreeSet<String> = declared().into_iter().map(|(name, _)| name).collect();
    for shown in shown() {
        assert!(known.contains(&shown.name), "{}", shown.name);
    }
}

#[test]
fn the_file_as_it_stands_is_a_configuration() {
    let config = load(SHOWN, &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.upstreams.len(), 2);
    assert_eq!(config.limits.idle_time, Duration::from_secs(60));
    assert_eq!(load(SHOWN, &[]).err().unwrap().0.len(), 1, "the secret's variable is all that it asks for");
}

#[test]
fn what_the_file_shows_is_what_is_meant_when_nothing_is_said() {
    let shown = load(SHOWN, &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    let quick = load(QUICKSTART, &[SECRET]).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(quick.fixed(), shown.fixed());
    assert_eq!(quick.limits, shown.limits);
    assert_eq!(quick.saml, shown.saml);
    assert_eq!(
        (&quick.regions, &quick.domains, &quick.trusted_proxies),
        (&shown.regions, &shown.domains, &shown.trusted_proxies)
    );
    let [quick, shown] = [&quick.upstreams[0], &shown.upstreams[0]];
    assert_eq!((&quick.name, &quick.url), (&shown.name, &shown.url));
    assert_eq!(format!("{:?}", quick.timeouts), format!("{:?}", shown.timeouts));
    assert_eq!(quick.connections_idle, shown.connections_idle);
    let facts = |kind: &UpstreamKind| match kind {
        UpstreamKind::S3 { region, access_key_id, secret, virtual_host, buckets, keys_are_file_paths } => (
            (region.clone(), access_key_id.clone(), secret.expose().to_owned()),
            (*virtual_host, buckets.clone(), *keys_are_file_paths),
        ),
        UpstreamKind::Http { .. } => panic!("the first upstream is a store"),
    };
    assert_eq!(facts(&quick.kind), facts(&shown.kind));
}
