//! The constraints of STS's parameters, as its service model spells them.

use crate::{api::query::Text, base::name::is_name};

fn is_name_or_empty(text: &str) -> bool {
    text.is_empty() || is_name(text, usize::MAX)
}

fn is_external_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte))
}

fn is_serial(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=/:,.@-".contains(&byte))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_scope(text: &str) -> bool {
    let is_value = |value: &str| {
        !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",\\".contains(&byte))
    };
    text.split(' ').all(is_value)
}

fn is_words(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a session policy may be written with.
fn is_policy(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'))
}

fn is_arn(text: &str) -> bool {
    let fits = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{85}' | '\u{a0}'..='\u{10ffff}');
    !text.is_empty() && text.chars().all(fits)
}

const NAME_PATTERN: &str = r"[\w+=,.@-]*";
const POLICY_PATTERN: &str = r"[\u0009\u000A\u000D\u0020-\u00FF]+";

/// The ARN of a role, a policy, an identity provider.
pub(super) const ARN: Text = Text {
    length: 20..=2_048,
    pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    fits: is_arn,
};
/// The name of a session.
pub(super) const SESSION_NAME: Text = Text { length: 2..=64, pattern: NAME_PATTERN, fits: is_name_or_empty };
/// The name of a federated user.
pub(super) const FEDERATED_NAME: Text = Text { length: 2..=32, pattern: NAME_PATTERN, fits: is_name_or_empty };
/// Who is behind a session.
pub(super) const SOURCE_IDENTITY: Text = Text { length: 2..=256, pattern: NAME_PATTERN, fits: is_name_or_empty };
/// What somebody else's agent shows beside its credentials.
pub(super) const EXTERNAL_ID: Text = Text { length: 2..=1_224, pattern: r"[\w+=,.@:\/-]*", fits: is_external_id };
/// The serial number or ARN of a device.
pub(super) const SERIAL: Text = Text { length: 9..=256, pattern: r"[\w+=/:,.@-]*", fits: is_serial };
/// A code of a device.
pub(super) const CODE: Text = Text { length: 6..=6, pattern: r"[\d]*", fits: is_digits };
/// A session policy.
pub(super) const POLICY: Text = Text { length: 1..=2_048, pattern: POLICY_PATTERN, fits: is_policy };
/// The session policy of `AssumeRole`, which the model bounds by its packed size only.
pub(super) const UNBOUNDED_POLICY: Text = Text { length: 1..=usize::MAX, pattern: POLICY_PATTERN, fits: is_policy };
/// A SAML response in base 64.
#[cfg(feature = "saml")]
pub(super) const SAML_RESPONSE: Text = Text { length: 4..=100_000, pattern: "", fits: |_| true };
/// The name of somebody in a directory.
pub(super) const LDAP_NAME: Text = Text { length: 1..=2_048, pattern: "", fits: |_| true };
/// The password of somebody in a directory. Never empty: see [`crate::federation::ldap`].
pub(super) const LDAP_PASSWORD: Text = Text { length: 1..=2_048, pattern: "", fits: |_| true };
/// The key of a session tag.
pub(super) const TAG_KEY: Text =
    Text { length: 1..=128, pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", fits: crate::base::name::is_tag_text };
/// For whom a web identity token is.
pub(super) const AUDIENCE: Text = Text { length: 1..=1_000, pattern: "", fits: |_| true };
/// OAuth 2.0 scope values (RFC 6749, section 3.3), as STS takes them.
pub(super) const SCOPE: Text = Text {
    length: 1..=256,
    pattern: r"[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+( [\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+)*",
    fits: is_scope,
};
/// A token of an identity provider: whatever else is wrong with it is told apart.
pub(super) const WEB_IDENTITY_TOKEN: Text = Text { length: 4..=20_000, pattern: "", fits: |_| true };
/// The host of an identity provider of another protocol.
pub(super) const PROVIDER_ID: Text = Text { length: 4..=2_048, pattern: "", fits: |_| true };
/// An access key id.
pub(super) const ACCESS_KEY_ID: Text = Text { length: 16..=128, pattern: r"[\w]*", fits: is_words };
/// A sealed message. Longer than whatever was sealed here.
pub(super) const MESSAGE: Text = Text { length: 1..=10_240, pattern: "", fits: |_| true };
