//! `[oidc]`: how the keys of identity providers are had.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{Raw, Url, pem, raw::RELATIVE};
use crate::federation::oidc::{
    KeySet, RULED_CLAIMS, is_url,
    keys::{Known, Settings},
};

/// Reads it, with the files that it names.
pub(super) fn oidc(raw: &mut Raw) -> (Settings, Vec<PathBuf>) {
    let mut files = Vec::new();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    each(raw, "oidc.jwks_files", &mut known, |path, provider| {
        files.push(PathBuf::from(path));
        provider.keys = Some(Arc::new(key_set(Path::new(path))?));
        Ok(())
    });
    each(raw, "oidc.addresses", &mut known, |text, provider| {
        let url = Url::parse(&format!("https://{text}")).ok_or("is no address; write for example \"10.0.0.7:8443\"")?;
        provider.address = Some((url.host, url.port));
        Ok(())
    });
    each(raw, "oidc.claims", &mut known, |text, provider| {
        provider.claims = claims(text)?;
        Ok(())
    });
    let unused: Vec<String> = known
        .iter()
        .filter(|(_, provider)| provider.keys.is_some() && provider.address.is_some())
        .map(|(url, _)| format!("oidc.addresses.{url}"))
        .collect();
    for key in unused {
        raw.fault(&key, "means nothing where oidc.jwks_files has a file for the provider; leave one of them out");
    }
    let ca_file = raw.pem("oidc.ca_file", pem::roots);
    files.extend(ca_file.clone());
    let settings = Settings {
        authorities: ca_file.and_then(|path| pem::certificates(&path).ok()).unwrap_or_default(),
        answer_time: raw.seconds("oidc.answer_seconds"),
        keys_time: raw.seconds("oidc.keys_seconds"),
        stale_time_max: Duration::from_secs(raw.number("oidc.stale_seconds_max").unwrap_or_default()),
        known,
    };
    (settings, files)
}

/// Takes each entry of a table by URL of provider.
fn each(
    raw: &mut Raw,
    table: &str,
    known: &mut BTreeMap<String, Known>,
    mut take: impl FnMut(&str, &mut Known) -> Result<(), String>,
) {
    for (url, text) in raw.table(table) {
        let key = format!("{table}.{url}");
        if !is_url(&url) {
            raw.fault(&key, "is for no provider; write its URL as it is registered, \"https://idp.example.com\"");
        } else if let Err(fault) = take(&text, known.entry(url).or_default()) {
            raw.fault(&key, fault);
        }
    }
}

fn key_set(path: &Path) -> Result<KeySet, String> {
    if !path.is_absolute() {
        return Err(RELATIVE.into());
    }
    let text = fs::read(path).map_err(|error| format!("names a file that cannot be read ({error})"))?;
    KeySet::read(&text).map_err(|error| format!("names a file of which {error}"))
}

/// Names with commas between them. Keys of conditions compare without regard to case.
fn claims(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    let mut seen = BTreeSet::new();
    for name in &names {
        if name.is_empty() || name.contains(['$', '{', '}', ' ']) {
            return Err(format!("is {text:?}; write names of claims with commas between them"));
        }
        if RULED_CLAIMS.iter().any(|ruled| ruled.eq_ignore_ascii_case(name)) {
            return Err(format!("names `{name}`, which has rules of its own; leave it out"));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(format!("names `{name}` twice, for case does not count in condition keys; leave one out"));
        }
    }
    Ok(names)
}
