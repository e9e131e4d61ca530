//! `[store]`: where identities are kept, and how closely they are followed.

use std::time::Duration;

use super::{Raw, Store, StorePlace, pem, upstream::outside};
use crate::{base::SecretKey, store::postgres};

/// What the keys mean.
pub(super) fn store(raw: &mut Raw, variables: &[(String, String)]) -> Store {
    Store {
        place: place(raw, variables),
        poll: Duration::from_millis(raw.positive("store.poll_milliseconds").unwrap_or(1)),
        staleness_max: Duration::from_secs(raw.number("store.staleness_seconds_max").unwrap_or_default()),
    }
}

fn place(raw: &mut Raw, variables: &[(String, String)]) -> StorePlace {
    let ca_file = raw.pem("store.ca_file", pem::roots);
    let (key, source) = match (raw.text("store.url_file"), raw.text("store.url_variable")) {
        (Some(_), Some(_)) => {
            raw.fault("store.url_variable", "is given together with store.url_file; write only one of them");
            return StorePlace::Folder;
        }
        (Some(file), None) => ("store.url_file", format!("file:{file}")),
        (None, Some(name)) => ("store.url_variable", format!("env:{name}")),
        (None, None) => {
            if ca_file.is_some() {
                raw.fault(
                    "store.ca_file",
                    "means nothing for SQLite; leave it out, or name a database with store.url_file",
                );
            }
            return StorePlace::Folder;
        }
    };
    let Some(url) = outside(raw, key, &source, variables) else { return StorePlace::Folder };
    // What is there holds a password, and is not repeated.
    if !postgres::is_url(&url) {
        raw.fault(key, "names a place that holds no URL of PostgreSQL; put postgresql://user:password@host/name there");
    }
    StorePlace::Postgres { url: SecretKey::new(url), ca_file }
}
