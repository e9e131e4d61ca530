//! `requestParameters` of S3.

use super::{
    ELEMENT_BYTES_MAX,
    json::{self, Object},
};

/// Most further members; what is beyond them is counted and left out.
const FURTHER_MAX: usize = 64;
/// Members that the typed fields own. A query parameter of such a name must not stand in for the real one.
const RESERVED: [&str; 4] = ["bucketName", "Host", "key", "membersOmitted"];
/// Parameters and headers whose values are secrets or open doors.
const SECRET: [&str; 7] = [
    "authorization",
    "signature",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-security-token",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-signature",
    "x-amz-s3session-token",
];
/// What is written in place of a secret.
const HIDDEN: &str = "***";

/// What a request to S3 asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct S3Parameters<'a> {
    /// `bucketName`.
    pub bucket: Option<&'a str>,
    /// `Host`, as received.
    pub host: &'a str,
    /// `key`, decoded.
    pub key: Option<&'a str>,
    /// Sub-resource query parameters (an empty value if they have none) and headers such as `x-amz-acl`, in the order in
    /// which they are written. Names that occur twice are written once; values of secrets are hidden.
    pub further: &'a [(&'a str, &'a str)],
}

impl S3Parameters<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::limited(out, ELEMENT_BYTES_MAX);
        object.maybe("bucketName", self.bucket);
        object.text("Host", self.host);
        object.maybe("key", self.key);
        for (at, &(name, value)) in self.further.iter().enumerate() {
            let repeated = self.further.iter().take(at.min(FURTHER_MAX)).any(|&(earlier, _)| earlier == name);
            if at >= FURTHER_MAX || repeated || is_any(&RESERVED, name) {
                object.omit();
                continue;
            }
            object.named(name, |out| json::text(out, shown(name, value)));
        }
        object.close();
    }
}

fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if is_any(&SECRET, name) { HIDDEN } else { value }
}

/// Whether a list holds a name. Case does not count: it does not in headers, nor to some that read records.
fn is_any(list: &[&str], name: &str) -> bool {
    list.iter().any(|member| name.eq_ignore_ascii_case(member))
}
