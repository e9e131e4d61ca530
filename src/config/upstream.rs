//! The `[[upstream]]` tables.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Raw, Upstream, UpstreamKind, Url};
use crate::{
    base::SecretKey,
    gateway::upstream::{BucketPattern, Timeouts},
    mapping::execute_api::IDENTITY_PREFIX,
};

pub(super) fn upstreams(raw: &mut Raw, variables: &[(String, String)]) -> Vec<Upstream> {
    let count = raw.upstreams();
    if count == 0 {
        raw.fault("upstream", "there is none; write [[upstream]] with name, url and credentials");
    }
    let upstreams: Vec<Upstream> = (0..count).filter_map(|at| upstream(raw, at, variables)).collect();
    for (at, upstream) in upstreams.iter().enumerate() {
        if upstreams.iter().take(at).any(|other| other.name == upstream.name) {
            raw.fault(
                &format!("upstream.{at}.name"),
                format!("`{}` is the name of another upstream too", upstream.name),
            );
        }
    }
    upstreams
}

fn upstream(raw: &mut Raw, at: usize, variables: &[(String, String)]) -> Option<Upstream> {
    let key = |name: &str| format!("upstream.{at}.{name}");
    let name = raw.required(&key("name"), "store");
    let url = raw.required(&key("url"), "http://127.0.0.1:7480");
    let url = url.and_then(|text| {
        let url = Url::parse(&text);
        if url.is_none() {
            raw.fault(&key("url"), format!("is {text:?}; write http://host:port or https://host:port"));
        }
        url
    });
    let ca_file = raw.file(&key("ca_file"));
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

fn s3(raw: &mut Raw, at: usize, variables: &[(String, String)]) -> Option<UpstreamKind> {
    let key = |name: &str| format!("upstream.{at}.{name}");
    refuse(raw, at, &["api_id", "stage", "host", "base_path", "headers"], "s3");
    let access_key_id = raw.required(&key("access_key_id"), "gateway");
    let secret = secret(raw, at, variables);
    let virtual_host = match raw.text(&key("addressing")).as_deref() {
        Some("virtual-host") => true,
        Some("path") | None => false,
        Some(other) => {
            raw.fault(&key("addressing"), format!("is {other:?}; write \"path\" or \"virtual-host\""));
            false
        }
    };
    let mut buckets = Vec::new();
    for text in raw.texts(&key("buckets")).unwrap_or_default() {
        match BucketPattern::parse(&text) {
            Some(pattern) => buckets.push(pattern),
            None => raw.fault(&key("buckets"), format!("`{text}` is no pattern; a * may stand at the end only")),
        }
    }
    if buckets.is_empty() {
        raw.fault(&key("buckets"), "names no bucket; write for example [\"*\"] or [\"logs-*\"]");
    }
    Some(UpstreamKind::S3 {
        region: raw.text(&key("region"))?,
        keys_are_file_paths: raw.bool(&key("keys_are_file_paths"))?,
        access_key_id: access_key_id?,
        secret: secret?,
        virtual_host,
        buckets,
    })
}

fn secret(raw: &mut Raw, at: usize, variables: &[(String, String)]) -> Option<SecretKey> {
    let [file, variable] = ["file", "variable"].map(|kind| format!("upstream.{at}.secret_access_key_{kind}"));
    let source = match (raw.text(&file), raw.text(&variable)) {
        (Some(path), None) => (file, format!("file:{path}")),
        (None, Some(name)) => (variable, format!("env:{name}")),
        (Some(_), Some(_)) => {
            raw.fault(&variable, "is given together with secret_access_key_file; write only one of them");
            return None;
        }
        (None, None) => {
            raw.fault(&file, "is missing; write the path of a file that holds the secret access key");
            return None;
        }
    };
    outside(raw, &source.0, &source.1, variables).map(SecretKey::new)
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
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
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
                headers.insert(parsed, value);
            }
            Err(_) => raw.fault(&key, "holds bytes that no header may have"),
        }
    }
    headers
}

/// A text that is kept outside the configuration: `file:PATH` or `env:NAME`.
fn outside(raw: &mut Raw, key: &str, source: &str, variables: &[(String, String)]) -> Option<String> {
    let (text, place) = if let Some(path) = source.strip_prefix("file:") {
        let text = std::fs::read_to_string(path);
        (text.map_err(|error| error.to_string()), path)
    } else if let Some(name) = source.strip_prefix("env:") {
        let found = variables.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.clone());
        (found.ok_or_else(|| "is not set".to_owned()), name)
    } else {
        raw.fault(key, "has no source; write \"file:PATH\" or \"env:NAME\"");
        return None;
    };
    match text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()) {
        Ok(text) if text.is_empty() => {
            raw.fault(key, format!("`{place}` is empty; put the text there"));
            None
        }
        Ok(text) => Some(text),
        Err(error) => {
            raw.fault(key, format!("`{place}`: {error}"));
            None
        }
    }
}

fn refuse(raw: &mut Raw, at: usize, names: &[&str], kind: &str) {
    for name in names {
        let key = format!("upstream.{at}.{name}");
        if raw.is_said(&key) {
            raw.fault(&key, format!("means nothing for an upstream of kind {kind:?}; leave it out"));
        }
    }
}
