//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use std::fmt;

/// The partition of every ARN that Countersign makes.
pub const PARTITION: &str = "aws";

/// A well-formed ARN: six parts, the last of which may hold further colons.
///
/// Kept as one string with the positions of its five separating colons, so that parts are slices of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: Box<str>,
    colons: [u32; 5],
}

impl Arn {
    /// Reads an ARN; `None` unless it starts with `arn:` and has all six parts (parts may be empty).
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("arn:") || u32::try_from(text.len()).is_err() {
            return None;
        }
        let mut colons = [0; 5];
        let mut at = text.bytes().enumerate().filter(|&(_, byte)| byte == b':').map(|(at, _)| at as u32);
        for colon in &mut colons {
            *colon = at.next()?;
        }
        Some(Self { text: text.into(), colons })
    }

    /// An ARN of IAM, which has no region: `iam(account, "user/ann")`.
    pub fn iam(account: &str, resource: &str) -> Self {
        Self::of("iam", "", account, resource)
    }

    /// An ARN from its parts, in the `aws` partition.
    pub fn of(service: &str, region: &str, account: &str, resource: &str) -> Self {
        let text = format!("arn:{PARTITION}:{service}:{region}:{account}:{resource}");
        let mut colons = [3, 0, 0, 0, 0];
        let mut end = 3;
        for (colon, part) in colons.iter_mut().skip(1).zip([PARTITION, service, region, account]) {
            end += 1 + part.len() as u32;
            *colon = end;
        }
        Self { text: text.into(), colons }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.part(0)
    }

    /// The service: `s3`, `iam`.
    pub fn service(&self) -> &str {
        self.part(1)
    }

    /// The region; empty for S3 and IAM.
    pub fn region(&self) -> &str {
        self.part(2)
    }

    /// The account id; empty for S3 buckets and objects.
    pub fn account(&self) -> &str {
        self.part(3)
    }

    /// Everything after the fifth colon.
    pub fn resource(&self) -> &str {
        self.part(4)
    }

    fn part(&self, index: usize) -> &str {
        let start = self.colons.get(index).map_or(0, |&colon| colon as usize + 1);
        let end = self.colons.get(index + 1).map_or(self.text.len(), |&colon| colon as usize);
        self.text.get(start..end).unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_stands_between_the_colons() {
        let cases = [
            ("arn:aws:s3:::bucket/a:b", Some(["aws", "s3", "", "", "bucket/a:b"])),
            ("arn:aws:iam::123456789012:user/x/ann", Some(["aws", "iam", "", "123456789012", "user/x/ann"])),
            (
                "arn:aws:execute-api:us-east-1:1:api/s/GET/p",
                Some(["aws", "execute-api", "us-east-1", "1", "api/s/GET/p"]),
            ),
            ("arn:aws:s3:::", Some(["aws", "s3", "", "", ""])),
            ("arn:aws:s3::", None),
            ("", None),
            ("urn:aws:s3:::b", None),
        ];
        for (text, expected) in cases {
            let arn = Arn::parse(text);
            let parts = arn.as_ref().map(|a| [a.partition(), a.service(), a.region(), a.account(), a.resource()]);
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn an_arn_from_parts_reads_back_the_same() {
        let made = Arn::iam("123456789012", "role/a:b");
        assert_eq!(Arn::parse(made.as_str()), Some(made));
    }
}
