//! The part of BER that LDAP's messages need: one-byte tags, definite lengths. Nothing here calls itself, so that no message,
//! however it is nested, takes more stack than another. Source: RFC 4511, section 5.1; X.690.

/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;
/// `OCTET STRING`.
pub(super) const OCTETS: u8 = 0x04;
/// `BOOLEAN`.
pub(super) const BOOLEAN: u8 = 0x01;
/// `ENUMERATED`.
pub(super) const ENUMERATED: u8 = 0x0a;
/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET`.
pub(super) const SET: u8 = 0x31;

/// The most bytes of a length that are read: more would be more than any message here has.
pub(super) const LENGTH_BYTES_MAX: usize = 4;

/// How many bytes of a length stand behind its first; `None` for lengths that are not read: those without a number, and those
/// of too many bytes.
pub(super) fn length_bytes(first: u8) -> Option<usize> {
    match usize::from(first) {
        ..0x80 => Some(0),
        long => Some(long & 0x7f).filter(|bytes| (1..=LENGTH_BYTES_MAX).contains(bytes)),
    }
}

/// A length, of its first byte and those behind it.
pub(super) fn length(first: u8, behind: &[u8]) -> usize {
    match behind {
        [] => usize::from(first),
        _ => behind.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
    }
}

/// Writes a tag, the length and the content.
pub(super) fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(length @ ..0x80) => out.push(length),
        _ => {
            let bytes = content.len().to_be_bytes();
            let length: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            // At most eight of them.
            out.push(0x80 | length.len() as u8);
            out.extend_from_slice(&length);
        }
    }
    out.extend_from_slice(content);
}

/// Writes a whole number.
pub(super) fn put_number(out: &mut Vec<u8>, tag: u8, number: u32) {
    let bytes = number.to_be_bytes();
    let mut digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    put(out, tag, &digits);
}

/// Reads elements one after another.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element, with its tag; `None` at the end and for what is no element.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        // Tags of several bytes are in no message.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (behind, rest) = rest.split_at_checked(length_bytes(first)?)?;
        let (content, rest) = rest.split_at_checked(length(first, behind))?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which has to have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(known, _)| *known == tag).map(|(_, content)| content)
    }

    /// A number of at least 0.
    pub(super) fn number(&mut self, tag: u8) -> Option<u32> {
        let content = self.expect(tag)?;
        let is_small = (1..=5).contains(&content.len()) && content.first().is_some_and(|first| *first < 0x80);
        let number = content.iter().fold(0_u64, |number, digit| number << 8 | u64::from(*digit));
        if is_small { u32::try_from(number).ok() } else { None }
    }

    /// A text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.expect(OCTETS)?).ok()
    }

    /// Whether everything is read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let (content, mut out) = (vec![7; length], Vec::new());
            put(&mut out, OCTETS, &content);
            put_number(&mut out, INTEGER, u32::try_from(length).unwrap());
            let mut reader = Reader(&out);
            assert_eq!(reader.expect(OCTETS), Some(&*content));
            assert_eq!(reader.number(INTEGER), Some(length as u32));
            assert!(reader.is_empty() && reader.next().is_none());
        }
        let mut out = Vec::new();
        put_number(&mut out, ENUMERATED, u32::MAX);
        assert_eq!(Reader(&out).number(ENUMERATED), Some(u32::MAX));
    }

    #[test]
    fn what_is_no_element_is_not_read() {
        let none: [&[u8]; 9] = [
            &[],
            &[4],
            &[4, 2, 0],
            &[4, 0x80, 0, 0],
            &[4, 0x85, 0, 0, 0, 0, 0],
            &[4, 0x81],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 1, 0],
            &[0x3f, 0x81, 1, 0],
        ];
        for bytes in none {
            assert_eq!(Reader(bytes).next(), None, "{bytes:?}");
        }
        for number in [&[2, 0][..], &[2, 1, 0x80], &[2, 6, 0, 0, 0, 0, 0, 0], &[2, 5, 1, 0, 0, 0, 0], &[10, 1, 1]] {
            assert_eq!(Reader(number).number(INTEGER), None, "{number:?}");
        }
    }
}
