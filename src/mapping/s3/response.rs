//! Which headers of an upstream's answer the client gets.

/// Headers that describe the object. `x-amz-request-id` and `x-amz-id-2` are ours, `server`, `date` and those of the
/// connection are the server's.
const KNOWN: &[&str] = &[
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "expires",
    "last-modified",
    "location",
    "x-amz-abort-date",
    "x-amz-abort-rule-id",
    "x-amz-archive-status",
    "x-amz-bucket-arn",
    "x-amz-bucket-region",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-md5",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-sha512",
    "x-amz-checksum-type",
    "x-amz-checksum-xxhash128",
    "x-amz-checksum-xxhash3",
    "x-amz-checksum-xxhash64",
    "x-amz-copy-source-version-id",
    "x-amz-delete-marker",
    "x-amz-expiration",
    "x-amz-missing-meta",
    "x-amz-mp-parts-count",
    "x-amz-object-lock-event-hold",
    "x-amz-object-lock-event-hold-duration-days",
    "x-amz-object-lock-event-hold-duration-years",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-size",
    "x-amz-object-version-id",
    "x-amz-replication-status",
    "x-amz-request-charged",
    "x-amz-restore",
    "x-amz-restore-output-path",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-storage-class",
    "x-amz-tagging-count",
    "x-amz-transition-default-minimum-object-size",
    "x-amz-version-id",
    "x-amz-website-redirect-location",
];

/// Whether a response header, named in lower case, is passed on to the client.
pub fn returns_to_client(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok() || name.starts_with("x-amz-meta-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_object_return_and_those_of_the_server_do_not() {
        assert!(KNOWN.is_sorted());
        for name in ["etag", "x-amz-meta-a", "content-range", "x-amz-version-id"] {
            assert!(returns_to_client(name), "{name}");
        }
        for name in
            ["server", "date", "connection", "x-amz-request-id", "x-amz-id-2", "transfer-encoding", "set-cookie"]
        {
            assert!(!returns_to_client(name), "{name}");
        }
    }
}
