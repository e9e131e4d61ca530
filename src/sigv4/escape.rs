//! Percent-encoding as SigV4 wants it: unreserved bytes stay, all others become `%XX` in upper case (RFC 3986).

/// Why a text with escapes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadEscape {
    /// The text ends within an escape.
    Incomplete,
    /// What follows `%` are not two hexadecimal digits.
    Illegal([u8; 2]),
    /// The bytes are no UTF-8.
    NotUtf8,
}

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";

/// For each byte whether it is unreserved: `A-Z a-z 0-9 - . _ ~`.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where a panic is an error of the build")]
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// Whether a byte stays as it is.
pub fn is_unreserved(byte: u8) -> bool {
    UNRESERVED.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Appends one byte, escaped if need be.
pub fn push_encoded(out: &mut Vec<u8>, byte: u8) {
    if is_unreserved(byte) {
        out.push(byte);
    } else {
        let digit = |nibble: u8| UPPER_HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
        out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
    }
}

/// The bytes that a text stands for, escapes read once.
pub fn decoded(text: &[u8]) -> impl Iterator<Item = Result<u8, BadEscape>> + '_ {
    let mut rest = text.iter();
    std::iter::from_fn(move || {
        let &byte = rest.next()?;
        if byte != b'%' {
            return Some(Ok(byte));
        }
        let (Some(&high), Some(&low)) = (rest.next(), rest.next()) else { return Some(Err(BadEscape::Incomplete)) };
        let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        Some(match (digit(high), digit(low)) {
            (Some(first), Some(second)) => Ok(first << 4 | second),
            _ => Err(BadEscape::Illegal([high, low])),
        })
    })
}

/// Decodes a name or a value of a query; a raw `+` is a space, as in the canonical query.
pub fn decode_query(text: &str) -> Result<std::borrow::Cow<'_, str>, BadEscape> {
    if !text.contains(['%', '+']) {
        return Ok(text.into());
    }
    let spaced = text.replace('+', " ");
    let bytes = decoded(spaced.as_bytes()).collect::<Result<Vec<u8>, _>>()?;
    String::from_utf8(bytes).map(Into::into).map_err(|_| BadEscape::NotUtf8)
}
