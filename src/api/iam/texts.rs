//! The constraints of IAM's parameters, as its service model spells them.

use crate::{
    api::query::Text,
    base::name::{is_name, is_path, is_policy_path},
};

const NAME_PATTERN: &str = r"[\w+=,.@-]+";

fn is_any_name(text: &str) -> bool {
    is_name(text, usize::MAX)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_provider_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_capital(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// What AWS takes in documents and descriptions: tab, line ends, and Latin-1 from the space on.
fn is_printed(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'))
}

/// The same without what lies between ASCII and the printed half of Latin-1.
fn is_described(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}'))
}

/// Lower-case letters, digits, and single hyphens between them.
fn is_alias(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_part)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_serial(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=/:,.@-".contains(&byte))
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|number| {
        !number.starts_with('0') && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A user's name, where one is made.
pub(super) const USER_NAME: Text = Text { length: 1..=64, pattern: NAME_PATTERN, fits: is_any_name };
/// A user's name, where one is looked for.
pub(super) const KNOWN_USER_NAME: Text = Text { length: 1..=128, pattern: NAME_PATTERN, fits: is_any_name };
/// A password.
pub(super) const PASSWORD: Text =
    Text { length: 1..=128, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", fits: is_printed };
/// The name of an account.
pub(super) const ALIAS: Text =
    Text { length: 3..=63, pattern: r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", fits: is_alias };
/// A role's name.
pub(super) const ROLE_NAME: Text = Text { length: 1..=64, pattern: NAME_PATTERN, fits: is_any_name };
/// A group's name, or a policy's.
pub(super) const NAME: Text = Text { length: 1..=128, pattern: NAME_PATTERN, fits: is_any_name };
/// A path of users and groups.
pub(super) const PATH: Text =
    Text { length: 1..=512, pattern: r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", fits: is_path };
/// A path of managed policies.
pub(super) const POLICY_PATH: Text =
    Text { length: 1..=512, pattern: r"((/[A-Za-z0-9\.,\+@=_-]+)*)/", fits: is_policy_path };
/// The beginning of a path.
pub(super) const PATH_PREFIX: Text = Text {
    length: 1..=512,
    pattern: r"\u002F[\u0021-\u007F]*",
    fits: |text| text.starts_with('/') && text.bytes().all(|byte| matches!(byte, 0x21..=0x7f)),
};
/// A policy document.
pub(super) const DOCUMENT: Text =
    Text { length: 1..=131_072, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", fits: is_printed };
/// What a role's maker says of it.
pub(super) const ROLE_DESCRIPTION: Text =
    Text { length: 0..=1000, pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", fits: is_described };
/// What a policy's maker says of it.
pub(super) const DESCRIPTION: Text =
    Text { length: 0..=1000, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]*", fits: is_printed };
/// An ARN.
pub(super) const ARN: Text = Text { length: 20..=2048, pattern: "", fits: |_| true };
/// A version of a policy: `v1`.
pub(super) const VERSION_ID: Text =
    Text { length: 1..=64, pattern: r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", fits: is_version };
/// The id of an access key.
pub(super) const ACCESS_KEY_ID: Text = Text { length: 16..=128, pattern: r"[\w]+", fits: is_word };
/// A marker of a listing.
pub(super) const MARKER: Text = Text { length: 1..=320, pattern: r"[\u0020-\u00FF]+", fits: is_printed };
/// The key of a tag.
pub(super) const TAG_KEY: Text = Text { length: 1..=128, pattern: "", fits: |_| true };
/// The name of a virtual MFA device. The model has no upper bound; a serial number has one.
pub(super) const MFA_DEVICE_NAME: Text = Text { length: 1..=226, pattern: NAME_PATTERN, fits: is_any_name };
/// The serial number of an MFA device; an ARN where it is virtual.
pub(super) const SERIAL_NUMBER: Text = Text { length: 9..=256, pattern: r"[\w+=/:,.@-]+", fits: is_serial };
/// What an MFA device shows.
pub(super) const AUTHENTICATION_CODE: Text = Text { length: 6..=6, pattern: r"[\d]+", fits: is_digits };
/// The id of an SSH public key, or of a credential for one service.
pub(super) const KEY_ID: Text = Text { length: 20..=128, pattern: r"[\w]+", fits: is_word };
/// The id of a signing certificate.
pub(super) const CERTIFICATE_ID: Text = Text { length: 24..=128, pattern: r"[\w]+", fits: is_word };
/// A certificate, a private key, a public key.
pub(super) const KEY_MATERIAL: Text =
    Text { length: 1..=16_384, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", fits: is_printed };
/// Certificates that lead from one to its root.
pub(super) const CERTIFICATE_CHAIN: Text =
    Text { length: 1..=2_097_152, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", fits: is_printed };
/// The name of a service. The model has no bounds.
pub(super) const SERVICE_NAME: Text = Text { length: 0..=256, pattern: "", fits: |_| true };
/// The URL of an OpenID Connect provider.
pub(super) const PROVIDER_URL: Text = Text { length: 1..=255, pattern: "", fits: |_| true };
/// The id of a client of an OpenID Connect provider.
pub(super) const CLIENT_ID: Text = Text { length: 1..=255, pattern: "", fits: |_| true };
/// A key of a context provider. The model has no pattern.
pub(super) const CONTEXT_KEY: Text = Text { length: 1..=128, pattern: "", fits: |_| true };
/// What kind of subject a context provider tells.
pub(super) const SUBJECT_TYPE: Text = Text { length: 0..=128, pattern: "", fits: |_| true };
/// The ARN of an instance of IAM Identity Center.
pub(super) const IDENTITY_CENTER: Text = Text { length: 1..=1224, pattern: "", fits: |_| true };
/// The SHA-1 digest of a certificate.
pub(super) const THUMBPRINT: Text = Text { length: 40..=40, pattern: "", fits: |_| true };
/// What may follow the name of a service's role.
pub(super) const SUFFIX: Text = Text { length: 1..=64, pattern: NAME_PATTERN, fits: is_any_name };
/// The id of a deletion.
pub(super) const TASK_ID: Text = Text { length: 1..=1000, pattern: "", fits: |_| true };
/// The document of a SAML provider.
pub(super) const METADATA: Text = Text { length: 1000..=10_000_000, pattern: "", fits: |_| true };
/// The name of a SAML provider.
pub(super) const PROVIDER_NAME: Text = Text { length: 1..=128, pattern: r"[\w._-]+", fits: is_provider_name };
/// A private key.
pub(super) const PRIVATE_KEY: Text =
    Text { length: 1..=16_384, pattern: r"[\u0009\u000A\u000D\u0020-\u00FF]+", fits: is_printed };
/// The id of a private key.
pub(super) const PRIVATE_KEY_ID: Text = Text { length: 22..=64, pattern: "[A-Z0-9]+", fits: is_capital };
