//! Names, paths and tags of IAM: what fits, and how names compare.
//!
//! Source: the IAM service model's patterns (`userNameType`, `pathType`, `policyPathType`, `tagKeyType`), and the IAM
//! user guide's "IAM and AWS STS quotas": names are unique within an account without regard to case.

/// The most characters of a user's or role's name.
pub const USER_NAME_CHARACTERS_MAX: usize = 64;
/// The most characters of a group's or policy's name.
pub const NAME_CHARACTERS_MAX: usize = 128;
/// The most characters of a path.
pub const PATH_CHARACTERS_MAX: usize = 512;
/// The most characters of a tag's key.
pub const TAG_KEY_CHARACTERS_MAX: usize = 128;
/// The most characters of a tag's value.
pub const TAG_VALUE_CHARACTERS_MAX: usize = 256;

/// Whether the text is a name of at most `characters_max`: `[\w+=,.@-]+`, where `\w` is ASCII.
pub fn is_name(text: &str, characters_max: usize) -> bool {
    (1..=characters_max).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-'))
}

/// Whether the text is a path of a user, group or role: `/`, or visible ASCII between two slashes.
pub fn is_path(text: &str) -> bool {
    let enclosed = text.len() > 2 && text.starts_with('/') && text.ends_with('/');
    text.len() <= PATH_CHARACTERS_MAX && (text == "/" || enclosed && text.bytes().all(|b| matches!(b, 0x21..=0x7f)))
}

/// Whether the text is a path of a managed policy: `((/[A-Za-z0-9.,+@=_-]+)*)/`.
pub fn is_policy_path(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('/') else { return false };
    if text.len() > PATH_CHARACTERS_MAX {
        return false;
    }
    let Some(segments) = inner.strip_suffix('/') else { return inner.is_empty() };
    segments.split('/').all(|segment| is_name(segment, PATH_CHARACTERS_MAX))
}

/// The form in which names are compared and ordered.
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A key and a value on a resource. Keys compare without regard to case; their spelling is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: Box<str>,
    /// 0 to 256 characters.
    pub value: Box<str>,
}

impl Tag {
    /// A tag whose key and value fit in characters and length; `None` otherwise.
    pub fn new(key: &str, value: &str) -> Option<Self> {
        let fits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&text.chars().count()) && is_tag_text(text)
        };
        let both = fits(key, 1..=TAG_KEY_CHARACTERS_MAX) && fits(value, 0..=TAG_VALUE_CHARACTERS_MAX);
        both.then(|| Self { key: key.into(), value: value.into() })
    }
}

/// Whether the text is made of characters that tags may have: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
pub fn is_tag_text(text: &str) -> bool {
    text.chars().all(is_tag_character)
}

/// Letters, numbers and separators of Unicode, as near as the standard library tells them.
fn is_tag_character(c: char) -> bool {
    c.is_alphanumeric()
        || (c.is_whitespace() && !c.is_control())
        || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_word_characters_and_six_marks() {
        let long = "a".repeat(65);
        for (text, fits) in [
            ("ann", true),
            ("a_B+=,.@-9", true),
            ("", false),
            ("a b", false),
            ("a/b", false),
            ("é", false),
            (&long, false),
        ] {
            assert_eq!(is_name(text, USER_NAME_CHARACTERS_MAX), fits, "{text}");
        }
    }

    #[test]
    fn paths_begin_and_end_with_a_slash() {
        let longest = format!("/{}/", "a".repeat(510));
        let too_long = format!("/{}/", "a".repeat(511));
        let cases = [
            ("/", true, true),
            ("/a/", true, true),
            ("/a/b/", true, true),
            ("/a~b/", true, false),
            ("/a//b/", true, false),
            ("//", false, false),
            ("", false, false),
            ("a", false, false),
            ("/a", false, false),
            ("a/", false, false),
            ("/a b/", false, false),
            (&longest, true, true),
            (&too_long, false, false),
        ];
        for (text, identity, policy) in cases {
            assert_eq!(is_path(text), identity, "{text}");
            assert_eq!(is_policy_path(text), policy, "{text}");
        }
    }

    #[test]
    fn tags_have_letters_numbers_spaces_and_marks() {
        let (key, value) = ("k".repeat(129), "v".repeat(257));
        let cases = [
            ("team", "a", true),
            ("équipe un", "", true),
            ("aws:x", "a/b=c+d-e@f_g.h", true),
            ("", "a", false),
            ("a", "x;y", false),
            ("a\n", "x", false),
            (&key, "v", false),
            ("k", &value, false),
        ];
        for (key, value, fits) in cases {
            assert_eq!(Tag::new(key, value).is_some(), fits, "{key}={value}");
        }
    }
}
