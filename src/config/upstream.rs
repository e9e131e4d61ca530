//! The `[[upstream]]` tables.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Raw, Upstream, UpstreamKind, Url, check::overlap, pem, raw::RELATIVE};
use crate::{
    base::SecretKey,
    gateway::upstream::{BucketPattern, Timeouts},
    mapping::execute_api::IDENTITY_PREFIX,
};

/// Reads them. `listen` is our own address, which is no backend.
pub(super) fn upstreams(raw: &mut Raw, listen: SocketAddr, variables: &[(String, String)]) -> Vec<Upstream> {
    let count = raw.items("upstream");
    if count == 0 && !raw.is_said("upstream") {
        raw.fault("upstream", "there is none; write [[upstream]] with name, url and credentials");
    }
    let mut upstreams: Vec<Upstream> = Vec::with_capacity(count);
    for at in 0..count {
        let Some(upstream) = upstream(raw, at, variables) else { continue };
        if upstream.url.address().is_some_and(|address| overlap(listen, address)) {
            raw.fault(&format!("upstream.{at}.url"), "is our own address of listen; write the backend's");
        }
        for other in &upstreams {
            clash(raw, at, other, &upstream);
        }
        upstreams.push(upstream);
    }
    upstreams
}

/// What is wrong with an upstream because of one before it: the first that serves a request gets it.
fn clash(raw: &mut Raw, at: usize, earlier: &Upstream, upstream: &Upstream) {
    let key = |name: &str| format!("upstream.{at}.{name}");
    if earlier.name == upstream.name {
        raw.fault(&key("name"), format!("`{}` is the name of another upstream too; write another", upstream.name));
    }
    let hidden = match (&earlier.kind, &upstream.kind) {
        (UpstreamKind::S3 { buckets: earlier, .. }, UpstreamKind::S3 { buckets, .. }) => {
            let is_hidden = |pattern: &BucketPattern| earlier.iter().any(|earlier| earlier.covers(pattern));
            buckets.iter().any(is_hidden).then_some("buckets")
        }
        (UpstreamKind::Http { .. }, UpstreamKind::Http { .. }) => {
            is_hidden_api(&earlier.kind, &upstream.kind).then_some("base_path")
        }
        _ => None,
    };
    if let Some(name) = hidden {
        let what = format!("is never asked for, because `{}` stands before it and serves that too", earlier.name);
        raw.fault(&key(name), format!("{what}; write the narrower upstream first"));
    }
}

/// Whether every request to an API is taken for one to an earlier API.
fn is_hidden_api(earlier: &UpstreamKind, api: &UpstreamKind) -> bool {
    let (
        UpstreamKind::Http { host: earlier_host, base_path: earlier_path, .. },
        UpstreamKind::Http { host, base_path, .. },
    ) = (earlier, api)
    else {
        return false;
    };
    let below = base_path.strip_prefix(earlier_path.as_str());
    let host_is_hidden = earlier_host.is_none() || earlier_host == host;
    host_is_hidden && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

fn upstream(raw: &mut Raw, at: usize, variables: &[(String, String)]) -> Option<Upstream> {
    let key = |name: &str| format!("upstream.{at}.{name}");
    let name = raw.required(&key("name"), "store");
    if name.as_ref().is_some_and(|name| !name.bytes().all(is_name_byte)) {
        raw.fault(&key("name"), "holds more than letters, digits, - and _; write for example \"store\"");
    }
    let url = url(raw, &key("url"));
    let ca_file = raw.pem(&key("ca_file"), pem::roots);
    let timeouts = Timeouts {
        connect: raw.seconds(&key("connect_seconds")),
        head: raw.seconds(&key("head_seconds")),
        idle: raw.seconds(&key("idle_seconds")),
        keep: raw.seconds(&key("keep_seconds")),
    };
    let connections_idle = raw.count(&key("connections_idle"));
    let kind = match raw.text(&key("kind")).as_deref() {
        Some("s3") => s3(raw, at, variables),
        Some("http") => http(raw, at, variables),
        Some(other) => {
            raw.fault(&key("kind"), format!("is {other:?}; write \"s3\" or \"http\""));
            None
        }
        None => None,
    };
    Some(Upstream { name: name?, url: url?, ca_file, timeouts, connections_idle, kind: kind? })
}

fn url(raw: &mut Raw, key: &str) -> Option<Url> {
    let text = raw.required(key, "http://127.0.0.1:7480")?;
    let url = Url::parse(&text);
    if url.is_none() {
        // A user and a password may stand before an `@`.
        let shown = if text.contains('@') { "no plain URL".into() } else { format!("{text:?}") };
        raw.fault(key, format!("is {shown}; write http://host:port or https://host:port"));
    }
    url
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn s3(raw: &mut Raw, at: usize, variables: &[(String, String)]) -> Option<UpstreamKind> {
    let key = |name: &str| format!("upstream.{at}.{name}");
    refuse(raw, at, &["api_id", "stage", "host", "base_path", "headers"], "s3");
    let access_key_id = raw.required(&key("access_key_id"), "gateway");
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',');
    if access_key_id.as_ref().is_some_and(|id| !id.bytes().all(fits)) {
        raw.fault(&key("access_key_id"), "is no access key id; write visible ASCII characters without / and ,");
    }
    let region = raw.parsed(&key("region"), "a name as \"us-east-1\"", |text| {
        (!text.is_empty() && text.bytes().all(is_name_byte)).then(|| text.to_owned())
    });
    let secret = secret_at(raw, &key("secret_access_key"), "the secret access key", variables);
    let virtual_host = match raw.text(&key("addressing")).as_deref() {
        Some("virtual-host") => true,
        Some("path") | None => false,
        Some(other) => {
            raw.fault(&key("addressing"), format!("is {other:?}; write \"path\" or \"virtual-host\""));
            false
        }
    };
    let texts = raw.texts(&key("buckets"));
    if texts.as_ref().is_some_and(Vec::is_empty) {
        raw.fault(&key("buckets"), "names no bucket; write for example [\"*\"] or [\"logs-*\"]");
    }
    let mut buckets = Vec::new();
    for text in texts.unwrap_or_default() {
        match BucketPattern::parse(&text) {
            Some(pattern) => buckets.push(pattern),
            None => {
                let wanted = "write a bucket's name; a * may stand at its end";
                raw.fault(&key("buckets"), format!("`{text}` is no pattern; {wanted}"));
            }
        }
    }
    Some(UpstreamKind::S3 {
        region: region?,
        keys_are_file_paths: raw.bool(&key("keys_are_file_paths"))?,
        access_key_id: access_key_id?,
        secret: secret?,
        virtual_host,
        buckets,
    })
}

fn http(raw: &mut Raw, at: usize, variables: &[(String, String)]) -> Option<UpstreamKind> {
    let key = |name: &str| format!("upstream.{at}.{name}");
    let of_stores = [
        "region",
        "access_key_id",
        "secret_access_key_file",
        "secret_access_key_variable",
        "addressing",
        "buckets",
        "keys_are_file_paths",
    ];
    refuse(raw, at, &of_stores, "http");
    let api_id = raw.required(&key("api_id"), "orders");
    let stage = raw.text(&key("stage")).unwrap_or_default();
    for (name, text) in [("api_id", api_id.as_deref().unwrap_or("x")), ("stage", &stage)] {
        if text.is_empty() || !text.bytes().all(is_name_byte) {
            raw.fault(&key(name), format!("is {text:?}; write letters, digits, - and _"));
        }
    }
    let base_path = raw.text(&key("base_path")).unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    let path_fits = base_path.is_empty() || base_path.starts_with('/') && !base_path.ends_with('/');
    if !path_fits || base_path.contains("//") || base_path.contains("/.") || !base_path.bytes().all(fits) {
        raw.fault(&key("base_path"), format!("is {base_path:?}; write a path as \"/orders\", or nothing"));
    }
    let host = raw.text(&key("host")).map(|host| host.to_ascii_lowercase());
    if host.as_ref().is_some_and(|host| host.is_empty() || host.contains(['/', ':', ' '])) {
        raw.fault(&key("host"), "is no host; write a name without scheme and port, as \"orders.example.com\"");
    }
    let headers = headers(raw, &key("headers"), variables);
    Some(UpstreamKind::Http { api_id: api_id?, stage, host, base_path, headers })
}

fn headers(raw: &mut Raw, key: &str, variables: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, source) in raw.table(key) {
        let key = format!("{key}.{name}");
        if name.to_ascii_lowercase().starts_with(IDENTITY_PREFIX) {
            raw.fault(
                &key,
                format!("is set by Countersign itself, as all that begins with {IDENTITY_PREFIX}; take another name"),
            );
            continue;
        }
        let Some(value) = outside(raw, &key, &source, variables) else { continue };
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            raw.fault(&key, "is no header name; write letters, digits and hyphens");
            continue;
        };
        match HeaderValue::from_str(&value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                if headers.insert(parsed, value).is_some() {
                    raw.fault(&key, "is given twice, for case does not count in names of headers; write it once");
                }
            }
            Err(_) => raw.fault(&key, "holds bytes that no header may have"),
        }
    }
    headers
}

/// A secret whose place is said by one of two keys, `{key}_file` or `{key}_variable`.
pub(super) fn secret_at(raw: &mut Raw, key: &str, what: &str, variables: &[(String, String)]) -> Option<SecretKey> {
    let [file, variable] = ["file", "variable"].map(|kind| format!("{key}_{kind}"));
    let source = match (raw.text(&file), raw.text(&variable)) {
        (Some(path), None) => (file, format!("file:{path}")),
        (None, Some(name)) => (variable, format!("env:{name}")),
        (Some(_), Some(_)) => {
            let other = file.rsplit('.').next().unwrap_or_default();
            raw.fault(&variable, format!("is given together with {other}; write only one of them"));
            return None;
        }
        (None, None) => {
            raw.fault(&file, format!("is missing; write the path of a file that holds {what}"));
            return None;
        }
    };
    outside(raw, &source.0, &source.1, variables).map(SecretKey::new)
}

/// A text that is kept outside the configuration: `file:PATH` or `env:NAME`. What is said here may be the secret itself,
/// written in the wrong place, and is not repeated.
pub(super) fn outside(raw: &mut Raw, key: &str, source: &str, variables: &[(String, String)]) -> Option<String> {
    let found = if let Some(path) = source.strip_prefix("file:") {
        if !path.starts_with('/') {
            raw.fault(key, RELATIVE);
            return None;
        }
        std::fs::read_to_string(path).map_err(|error| format!("names a file that cannot be read ({error})"))
    } else if let Some(name) = source.strip_prefix("env:") {
        let known = variables.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.clone());
        known.ok_or_else(|| not_set(name))
    } else {
        raw.fault(key, "has no source; write \"file:PATH\" or \"env:NAME\"");
        return None;
    };
    let found =
        found.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).and_then(|text| match text.is_empty() {
            true => Err("names a place that is empty; put the text there".into()),
            false => Ok(text),
        });
    found.map_err(|error| raw.fault(key, error)).ok()
}

/// Variables are written in capitals; anything else may be a secret.
fn not_set(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit());
    let shown = if is_plain { format!(" {name}") } else { String::new() };
    format!("names the variable{shown}, which is not set; set it, or name another")
}

fn refuse(raw: &mut Raw, at: usize, names: &[&str], kind: &str) {
    for name in names {
        let key = format!("upstream.{at}.{name}");
        if raw.is_said(&key) {
            raw.fault(&key, format!("means nothing for an upstream of kind {kind:?}; leave it out"));
        }
    }
}
