//! Which bucket and key a request target names.

use super::{fault, table::Level};
use crate::{
    base::{Fault, Head},
    mapping::uri,
};

/// The longest key, in bytes of UTF-8.
pub(super) const KEY_BYTES_MAX: usize = 1024;

/// How bucket names are found in requests.
#[derive(Debug, Clone, Default)]
pub struct Addressing {
    /// Domains whose sub-domains are bucket names, lower case, without port: with `s3.example.com` here, the host
    /// `photos.s3.example.com` names the bucket `photos`. Under every other host the bucket stands in the path.
    pub base_domains: Vec<String>,
    /// Whether the store keeps objects as files under their keys, and so takes `a//b` and `a/b/` for `a/b`. Keys with an
    /// empty segment are then refused, for the policy that was asked knew them as different objects.
    pub keys_are_file_paths: bool,
}

/// A bucket and a key, kept as `bucket/key`, the resource part of the object's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    text: String,
    bucket_len: usize,
}

impl Target {
    /// Joins a bucket and a decoded key, both checked; an empty key names the bucket itself.
    pub(super) fn new(bucket: &str, key: &str, keys_are_file_paths: bool) -> Result<Self, Fault> {
        check_bucket(bucket)?;
        check_key(key, keys_are_file_paths)?;
        let mut text = String::with_capacity(bucket.len() + 1 + key.len());
        text.push_str(bucket);
        if !key.is_empty() {
            text.push('/');
            text.push_str(key);
        }
        Ok(Self { text, bucket_len: bucket.len() })
    }

    /// The target of a request to the service.
    fn service() -> Self {
        Self { text: String::new(), bucket_len: 0 }
    }

    pub(super) fn bucket(&self) -> &str {
        self.text.get(..self.bucket_len).unwrap_or_default()
    }

    /// The decoded key; empty at bucket level.
    pub(super) fn key(&self) -> &str {
        self.text.get(self.bucket_len + 1..).unwrap_or_default()
    }

    /// `arn:aws:s3:::bucket/key`, `arn:aws:s3:::bucket`, or `*` for the service.
    pub(super) fn arn(&self) -> String {
        if self.text.is_empty() { "*".to_owned() } else { ["arn:aws:s3:::", self.text.as_str()].concat() }
    }

    pub(super) fn level(&self) -> Level {
        match (self.bucket_len, self.text.len()) {
            (0, _) => Level::Service,
            (bucket, all) if bucket == all => Level::Bucket,
            _ => Level::Object,
        }
    }
}

/// Finds bucket and key in host and path, and decodes the key exactly once.
pub(super) fn locate(head: &Head<'_>, addressing: &Addressing) -> Result<Target, Fault> {
    let Some(path) = head.path.strip_prefix('/') else {
        return Err(fault::invalid_uri("the path does not start with `/`"));
    };
    if let Some(bucket) = bucket_of_host(head.host, addressing) {
        let key = uri::decode(path).map_err(fault::unreadable)?;
        return Target::new(&bucket, &key, addressing.keys_are_file_paths);
    }
    if path.is_empty() {
        return Ok(Target::service());
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let bucket = uri::decode(bucket).map_err(fault::unreadable)?;
    let key = uri::decode(key).map_err(fault::unreadable)?;
    Target::new(&bucket, &key, addressing.keys_are_file_paths)
}

/// The labels before the longest base domain that the host stands under; `None` for path style.
pub(super) fn bucket_of_host(host: &str, addressing: &Addressing) -> Option<String> {
    let name = uri::host_name(host);
    let labels = |domain: &String| {
        let at = name.len().checked_sub(domain.len())?;
        let (labels, rest) = name.split_at_checked(at)?;
        let is_below = labels.is_empty() || labels.ends_with('.');
        (is_below && rest.eq_ignore_ascii_case(domain)).then_some(labels)
    };
    let labels = addressing.base_domains.iter().filter_map(labels).min_by_key(|labels| labels.len())?;
    let bucket = labels.strip_suffix('.')?;
    Some(bucket.to_ascii_lowercase())
}

/// Suffixes of names that are not plain buckets: directory buckets, aliases of access points, table buckets.
const SPECIAL_SUFFIXES: [&str; 5] = ["--x-s3", "--ol-s3", "-s3alias", ".mrap", "--table-s3"];

/// S3's rules for the names of general purpose buckets (user guide, "Bucket naming rules").
pub(super) fn check_bucket(name: &str) -> Result<(), Fault> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let well_formed = (3..=63).contains(&bytes.len())
        && name.bytes().all(allowed)
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && !is_ipv4_address(name);
    if !well_formed {
        return Err(fault::invalid_bucket(name));
    }
    match SPECIAL_SUFFIXES.iter().find(|suffix| name.ends_with(*suffix)) {
        Some(suffix) => Err(fault::not_served(suffix, "only general purpose buckets are served")),
        None => Ok(()),
    }
}

/// Four numbers with dots, whether or not they fit an address.
fn is_ipv4_address(name: &str) -> bool {
    let is_number = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    name.ends_with(|last: char| last.is_ascii_digit()) && name.split('.').all(is_number) && name.split('.').count() == 4
}

/// A key is 0 to 1024 bytes without dot segments. S3 takes `.` and `..` literally; file systems and proxies behind us
/// may not, so that the object reached would not be the one decided on.
fn check_key(key: &str, is_file_path: bool) -> Result<(), Fault> {
    if key.len() > KEY_BYTES_MAX {
        return Err(fault::key_too_long(key.len(), KEY_BYTES_MAX));
    }
    if key.contains('\0') {
        return Err(fault::invalid_uri("the key holds a NUL"));
    }
    if uri::has_dot_segment(key) {
        return Err(fault::invalid_uri("the key has a dot segment"));
    }
    if is_file_path && !key.is_empty() && key.split('/').any(str::is_empty) {
        return Err(fault::invalid_uri("the key has an empty segment, which a store of files folds away"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};

    fn located(host: &str, path: &str) -> Result<(String, String), (u16, String)> {
        let addressing = Addressing {
            base_domains: vec!["s3.local".into(), "eu.s3.local".into(), "local".into()],
            keys_are_file_paths: false,
        };
        let head = Head { method: &Method::GET, host, path, query: "", headers: &HeaderMap::new() };
        locate(&head, &addressing)
            .map(|target| (target.bucket().into(), target.key().into()))
            .map_err(|fault| (fault.status, fault.code.into()))
    }

    #[test]
    fn bucket_and_key_are_found_in_both_styles() {
        let long = "k".repeat(1024);
        let cases = [
            ("h", "/", "", ""),
            ("h", "/photos", "photos", ""),
            ("h", "/photos/", "photos", ""),
            ("h", "/photos/a/b", "photos", "a/b"),
            ("h", "/photos//a/", "photos", "/a/"),
            ("h", "/photos/a%2Fb%20c+d", "photos", "a/b c+d"),
            ("h", "/photos/%25%32", "photos", "%2"),
            ("h:9000", "/photos/a", "photos", "a"),
            ("s3.local", "/photos/a", "photos", "a"),
            ("photos.s3.local", "/a/b", "photos", "a/b"),
            ("PHOTOS.S3.local:9000", "/", "photos", ""),
            ("my.photos.s3.local", "/a", "my.photos", "a"),
            ("photos.eu.s3.local", "/a", "photos", "a"),
            ("photos-s3.local", "/a", "photos-s3", "a"),
            ("s3.locale", "/photos/a", "photos", "a"),
            ("[::1]:9000", "/photos/a", "photos", "a"),
            ("[::1]", "/photos/a", "photos", "a"),
        ];
        for (host, path, bucket, key) in cases {
            assert_eq!(located(host, path), Ok((bucket.into(), key.into())), "{host}{path}");
        }
        assert_eq!(located("h", &format!("/photos/{long}")).map(|found| found.1), Ok(long));
    }

    #[test]
    fn what_could_be_another_object_is_refused() {
        let long = format!("/photos/{}", "k".repeat(1025));
        let cases = [
            ("/photos/../x", "InvalidURI"),
            ("/photos/a/./b", "InvalidURI"),
            ("/photos/%2e%2E/x", "InvalidURI"),
            ("/photos/a/..", "InvalidURI"),
            ("/photos/%00", "InvalidURI"),
            ("/photos/%ff", "InvalidURI"),
            ("/photos/%4", "InvalidURI"),
            ("/photos/\u{e9}", "InvalidURI"),
            ("photos/a", "InvalidURI"),
            ("//a", "InvalidBucketName"),
            ("/ab/a", "InvalidBucketName"),
            ("/Photos/a", "InvalidBucketName"),
            ("/photos%2Fx/a", "InvalidBucketName"),
            ("/127.0.0.1/a", "InvalidBucketName"),
            ("/a..b/a", "InvalidBucketName"),
            ("/-ab/a", "InvalidBucketName"),
            ("/arn:aws:s3:us-east-1:1:accesspoint%2Fx/a", "InvalidBucketName"),
            ("/photos--x-s3/a", "NotImplemented"),
            ("/photos-s3alias/a", "NotImplemented"),
            (long.as_str(), "KeyTooLongError"),
        ];
        for (path, code) in cases {
            assert_eq!(located("h", path).map_err(|(_, code)| code), Err(code.into()), "{path}");
        }
    }

    #[test]
    fn a_store_of_files_takes_no_empty_segments() {
        for (key, fits) in [("a/b", true), ("", true), ("a//b", false), ("/a", false), ("a/", false)] {
            assert_eq!(Target::new("photos", key, true).is_ok(), fits, "{key}");
            assert!(Target::new("photos", key, false).is_ok());
        }
    }
}
