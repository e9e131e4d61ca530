//! Distinguished names: of directories' entries, of certificates' subjects and issuers. Source: RFC 4514.

use std::fmt::{self, Write};

/// The longest text that is read, in bytes.
const BYTES_MAX: usize = 8 * 1024;

/// A name, read: the parts from the entry itself up to the root, each a set of attributes with their values.
///
/// Two are equal if they are the same but for the case of ASCII and Unicode letters, for the space around and between
/// words, and for the order of attributes of one part: as directories compare them (RFC 4518, and `caseIgnoreMatch`, which
/// nearly all attributes of names have). No directory keeps two entries whose names differ in no more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dn(Vec<Vec<(String, String)>>);

impl Dn {
    /// Reads the text of a name; `None` for what is none, or is the empty name, which names nobody.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.chars().peekable(), after_value: None };
        if text.len() > BYTES_MAX || text.trim().is_empty() {
            return None;
        }
        let mut parts = vec![Vec::new()];
        loop {
            let pair = reader.pair()?;
            parts.last_mut()?.push(pair);
            match reader.after_value {
                Some('+') => {}
                Some(',' | ';') => parts.push(Vec::new()),
                _ => break,
            }
        }
        parts.iter_mut().for_each(|part| part.sort());
        Some(Self(parts))
    }
}

/// Writes a name: attributes with their values, from the entry itself up. Values are escaped (RFC 4514, section 2.4), so
/// that none of them can be read as two.
pub fn write<'a>(parts: impl IntoIterator<Item = Vec<(String, &'a str)>>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push(',');
        }
        for (at, (name, value)) in part.iter().enumerate() {
            if at > 0 {
                text.push('+');
            }
            text.push_str(name);
            text.push('=');
            let _ = escape(&mut text, value);
        }
    }
    text
}

/// Writes a value so that it reads as itself.
fn escape(text: &mut String, value: &str) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(text, "\\{c}")?,
            ' ' if at == 0 || at == last => text.push_str("\\ "),
            '#' if at == 0 => text.push_str("\\#"),
            c if c.is_ascii_control() => write!(text, "\\{:02x}", u32::from(c))?,
            c => text.push(c),
        }
    }
    Ok(())
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    /// What ended the value that was read last.
    after_value: Option<char>,
}

impl Reader<'_> {
    fn pair(&mut self) -> Option<(String, String)> {
        let mut name = String::new();
        loop {
            match self.rest.next()? {
                '=' => break,
                c => name.push(c),
            }
        }
        let name = name.trim();
        let name = name.strip_prefix("OID.").or(name.strip_prefix("oid.")).unwrap_or(name).to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if name.is_empty() || !name.bytes().all(fits) {
            return None;
        }
        Some((name, self.value()?))
    }

    /// The value up to the next separator, folded.
    fn value(&mut self) -> Option<String> {
        // Which of the bytes are written as themselves: space between those may be left out, escaped space may not.
        let mut bytes: Vec<u8> = Vec::new();
        self.after_value = None;
        while self.rest.next_if_eq(&' ').is_some() {}
        // The encoded form, `#0403...`, is for types without a text. Nothing that is compared here has such.
        if self.rest.peek() == Some(&'#') {
            return None;
        }
        while let Some(c) = self.rest.next() {
            match c {
                ',' | ';' | '+' => {
                    self.after_value = Some(c);
                    break;
                }
                '\\' => self.escaped(&mut bytes)?,
                '"' | '<' | '>' | '\0' => return None,
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        let text = String::from_utf8(bytes).ok()?;
        let folded = text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        // A separator promises another part.
        (!folded.is_empty() && (self.after_value.is_none() || self.rest.peek().is_some())).then_some(folded)
    }

    /// What follows a backslash: two hexadecimal digits for a byte, or a special character.
    fn escaped(&mut self, bytes: &mut Vec<u8>) -> Option<()> {
        let first = self.rest.next()?;
        if let Some(high) = first.to_digit(16) {
            let low = self.rest.next()?.to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
            return Some(());
        }
        let is_special = matches!(first, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | ' ' | '#' | '=');
        is_special.then(|| bytes.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_as_directories_compare_them() {
        let same = [
            ("cn=ops,ou=groups,dc=example,dc=com", "CN=Ops, OU=Groups ,DC=example,DC=COM"),
            ("cn=a\\2cb,dc=x", "cn=a\\,b,dc=x"),
            ("cn=a+uid=b,dc=x", "uid=B + cn=A,dc=x"),
            ("cn=two  words,dc=x", "cn=Two words,dc=x"),
            ("cn=\\c3\\84,dc=x", "cn=\u{e4},dc=x"),
            ("OID.2.5.4.3=a", "2.5.4.3=A"),
            ("cn=a;dc=x", "cn=a,dc=x"),
        ];
        for (one, other) in same {
            assert!(Dn::parse(one).is_some(), "{one}");
            assert_eq!(Dn::parse(one), Dn::parse(other), "{one} {other}");
        }
        let differ = [
            ("cn=ops,dc=x", "cn=ops,dc=y"),
            ("cn=ops,dc=x", "dc=x"),
            ("cn=ops\\,dc=x", "cn=ops,dc=x"),
            ("cn=a+cn=b", "cn=a,cn=b"),
            ("cn=ops", "ou=ops"),
            ("dc=x,cn=ops", "cn=ops,dc=x"),
        ];
        for (one, other) in differ {
            assert!(Dn::parse(one).is_some() && Dn::parse(other).is_some(), "{one} {other}");
            assert_ne!(Dn::parse(one), Dn::parse(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_read() {
        let long = format!("cn={}", "a".repeat(BYTES_MAX));
        let none = [
            "",
            " ",
            "cn",
            "cn=",
            "=a",
            "cn=a,",
            "cn=a,,dc=x",
            "cn=a+",
            "c n=a",
            "cn=\"a\"",
            "cn=a\\",
            "cn=a\\g",
            "cn=a\\4",
            "cn=\\ff",
            "cn=#0401",
            "cn=a<b",
            &long,
        ];
        for text in none {
            assert_eq!(Dn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_as_itself() {
        for value in ["a", "a,b", " a ", "#a", "a+b=c", "a\\", "\"x\";<y>", "a\0b", "\u{e4} \u{4e00}", "CN=x,O=y"] {
            let text = write([vec![("CN".to_owned(), value)], vec![("O".to_owned(), "org"), ("OU".to_owned(), "u")]]);
            let expected = value.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
            let read = Dn::parse(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(read.0[0], [("cn".to_owned(), expected)], "{text}");
            assert_eq!(read.0.len(), 2, "{text}");
        }
    }
}
