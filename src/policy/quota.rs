//! How long policies may be. AWS counts characters and leaves white space out.
//! Source: IAM user guide, "IAM and AWS STS quotas: IAM and STS character limits".

/// A version of a managed policy.
pub const MANAGED_POLICY_CHARACTERS_MAX: usize = 6_144;

/// All inline policies of a user together.
pub const USER_INLINE_CHARACTERS_MAX: usize = 2_048;

/// All inline policies of a group together.
pub const GROUP_INLINE_CHARACTERS_MAX: usize = 5_120;

/// All inline policies of a role together.
pub const ROLE_INLINE_CHARACTERS_MAX: usize = 10_240;

/// The trust policy of a role.
pub const TRUST_CHARACTERS_MAX: usize = 2_048;

/// The session policies of a session together.
pub const SESSION_CHARACTERS_MAX: usize = 2_048;

/// A policy of control.
pub const CONTROL_CHARACTERS_MAX: usize = 5_120;

/// The policy of a bucket, in bytes without white space between its parts.
pub const BUCKET_POLICY_BYTES_MAX: usize = 20_480;

/// The characters of a document that count: all but white space, within strings too.
pub fn characters(document: &str) -> usize {
    document.chars().filter(|character| !character.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_does_not_count() {
        let cases = [("", 0), (" \t\r\n", 0), ("{ \"a b\" :\n\t1 }\r\n", 8), ("é\u{a0}x", 3)];
        for (document, expected) in cases {
            assert_eq!(characters(document), expected, "{document:?}");
        }
    }
}
