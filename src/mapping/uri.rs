//! Percent-escapes and query strings: decoded exactly once, encoded exactly one way (RFC 3986's unreserved set, upper-case
//! hexadecimal digits), as SigV4 canonicalises them.

use std::borrow::Cow;

/// Why a piece of a request target cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// `%` without two hexadecimal digits.
    Escape,
    /// The decoded bytes are not UTF-8.
    NotUtf8,
    /// A NUL or another control character, or a raw byte outside visible ASCII.
    Control,
}

/// Decodes the escapes of a path segment; `+` stands for itself.
pub(super) fn decode(raw: &str) -> Result<Cow<'_, str>, Unreadable> {
    decode_with(raw, false)
}

/// Decodes the escapes of a query name or value; a raw `+` is a space, as the signature reads it.
pub(super) fn decode_query(raw: &str) -> Result<Cow<'_, str>, Unreadable> {
    decode_with(raw, true)
}

fn decode_with(raw: &str, plus_is_space: bool) -> Result<Cow<'_, str>, Unreadable> {
    let mut plain = true;
    for byte in raw.bytes() {
        match byte {
            0x21..=0x7e => plain &= byte != b'%' && !(plus_is_space && byte == b'+'),
            _ => return Err(Unreadable::Control),
        }
    }
    if plain {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(hex_digit).ok_or(Unreadable::Escape)?;
                let low = bytes.next().and_then(hex_digit).ok_or(Unreadable::Escape)?;
                high << 4 | low
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    if decoded.contains(&0) {
        return Err(Unreadable::Control);
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Unreadable::NotUtf8)
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Appends `text` with every byte escaped that is neither unreserved nor `/`.
pub(super) fn encode_path(text: &str, out: &mut String) {
    encode_with(text, true, out);
}

/// Appends `text` with every byte escaped that is not unreserved.
pub(super) fn encode_query(text: &str, out: &mut String) {
    encode_with(text, false, out);
}

fn encode_with(text: &str, keep_slash: bool, out: &mut String) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    out.reserve(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slash => out.push('/'),
            byte => out.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
}

/// The raw names and values of a query, in order; a name without `=` has an empty value, empty pieces are skipped.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|piece| !piece.is_empty()).map(|piece| piece.split_once('=').unwrap_or((piece, "")))
}

/// A host without its port.
pub(super) fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a path has a segment that many servers fold away: `.` or `..`.
pub(super) fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_decoded_once_or_refused() {
        let cases = [
            ("a/b", Ok("a/b")),
            ("a%2Fb%2fc", Ok("a/b/c")),
            ("%2525", Ok("%25")),
            ("a+b", Ok("a+b")),
            ("%C3%A9", Ok("é")),
            ("%", Err(Unreadable::Escape)),
            ("%4", Err(Unreadable::Escape)),
            ("%zz", Err(Unreadable::Escape)),
            ("%+1", Err(Unreadable::Escape)),
            ("%C3", Err(Unreadable::NotUtf8)),
            ("%00", Err(Unreadable::Control)),
            ("é", Err(Unreadable::Control)),
            ("a b", Err(Unreadable::Control)),
        ];
        for (raw, expected) in cases {
            assert_eq!(decode(raw).as_deref(), expected.as_ref().copied(), "{raw}");
        }
        assert_eq!(decode_query("a+b%2B").as_deref(), Ok("a b+"));
    }

    #[test]
    fn a_query_is_split_at_its_first_equals_signs() {
        let split: Vec<_> = pairs("a=b=c&&d&=e").collect();
        assert_eq!(split, [("a", "b=c"), ("d", ""), ("", "e")]);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in "[^\u{0}]{0,40}") {
            let (mut path, mut query) = (String::new(), String::new());
            encode_path(&text, &mut path);
            encode_query(&text, &mut query);
            prop_assert_eq!(decode(&path).unwrap(), text.as_str());
            prop_assert_eq!(decode_query(&query).unwrap(), text.as_str());
        }
    }
}
