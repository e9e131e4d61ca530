//! `x-amz-copy-source`: what a copy reads from.

use http::HeaderValue;

use super::{
    addressing::{Addressing, Target},
    call::Headers,
    fault,
};
use crate::{base::Fault, mapping::uri};

/// The parsed source of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopySource {
    pub(super) target: Target,
    pub(super) version: Option<String>,
    /// `/bucket/key`, decoded: the value of `s3:x-amz-copy-source`.
    pub(super) path: String,
}

impl CopySource {
    /// Reads the header from a request that was recognised as a copy.
    pub(super) fn of(headers: &Headers, addressing: &Addressing) -> Result<Self, Fault> {
        let value = headers.iter().find(|(name, _)| name == "x-amz-copy-source").and_then(|(_, v)| v.to_str().ok());
        Self::parse(value.unwrap_or_default(), addressing)
    }

    /// Reads `[/]bucket/key[?versionId=id]`, escaped as a whole or in its parts.
    ///
    /// A raw `+` is refused, for stores differ on whether it is a space; so are access points, which hide the bucket.
    fn parse(raw: &str, addressing: &Addressing) -> Result<Self, Fault> {
        let malformed = || {
            fault::invalid_argument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                "x-amz-copy-source",
                raw,
            )
        };
        if raw.contains('+') {
            return Err(malformed().because("a raw `+` can be read in two ways"));
        }
        let (path, query) = raw.split_once('?').map_or((raw, None), |(path, query)| (path, Some(query)));
        let version = match query.map(|query| query.strip_prefix("versionId=")) {
            None => None,
            Some(None | Some("")) => return Err(malformed().because("only `versionId` may follow the key")),
            Some(Some(version)) if version.contains(['&', '?']) => return Err(malformed()),
            Some(Some(version)) => Some(uri::decode(version).map_err(|_| malformed())?.into_owned()),
        };
        let path = uri::decode(path).map_err(|_| malformed())?;
        if path.starts_with("arn:") {
            return Err(fault::not_served("x-amz-copy-source", "access points are not served"));
        }
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').filter(|(_, key)| !key.is_empty()).ok_or_else(malformed)?;
        let target = Target::new(bucket, key, addressing.keys_are_file_paths)?;
        Ok(Self { target, version, path: ["/", path].concat() })
    }

    /// The header's value for the upstream request: `/bucket/key?versionId=id`, each part escaped once.
    pub(super) fn header_value(&self) -> Option<HeaderValue> {
        let mut value = String::with_capacity(self.path.len() + 16);
        uri::encode_path(&self.path, &mut value);
        if let Some(version) = &self.version {
            value.push_str("?versionId=");
            uri::encode_query(version, &mut value);
        }
        HeaderValue::try_from(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_and_written_again() {
        let cases = [
            ("/photos/a/b", "/photos/a/b", None, "/photos/a/b"),
            ("photos/a", "/photos/a", None, "/photos/a"),
            ("photos%2Fa%20b", "/photos/a b", None, "/photos/a%20b"),
            ("%2Fphotos%2Fa", "/photos/a", None, "/photos/a"),
            ("photos/a%3Fb", "/photos/a?b", None, "/photos/a%3Fb"),
            ("photos/a?versionId=x%2Fy", "/photos/a", Some("x/y"), "/photos/a?versionId=x%2Fy"),
            ("photos/a%2525", "/photos/a%25", None, "/photos/a%2525"),
        ];
        for (raw, path, version, again) in cases {
            let source = CopySource::parse(raw, &Addressing::default()).unwrap();
            assert_eq!((source.path.as_str(), source.version.as_deref()), (path, version), "{raw}");
            assert_eq!(source.header_value().unwrap(), again);
        }
    }

    #[test]
    fn a_source_that_hides_its_object_is_refused() {
        let cases = [
            ("", "InvalidArgument"),
            ("photos", "InvalidArgument"),
            ("photos/", "InvalidArgument"),
            ("photos/a+b", "InvalidArgument"),
            ("photos/a?versionId=", "InvalidArgument"),
            ("photos/a?acl", "InvalidArgument"),
            ("photos/a?versionId=x&acl", "InvalidArgument"),
            ("photos/a%zz", "InvalidArgument"),
            ("photos/../other/a", "InvalidURI"),
            ("photos/%2e%2e/a", "InvalidURI"),
            ("//photos/a", "InvalidBucketName"),
            ("arn:aws:s3:us-east-1:123456789012:accesspoint/x/object/a", "NotImplemented"),
            ("arn%3Aaws:s3:us-east-1:123456789012:accesspoint/x/object/a", "NotImplemented"),
        ];
        for (raw, code) in cases {
            let fault = CopySource::parse(raw, &Addressing::default()).unwrap_err();
            assert_eq!(fault.code, code, "{raw}");
        }
    }
}
