//! LDAP's messages: the four that are sent, and what is read of the answers. Source: RFC 4511, section 4.

use zeroize::Zeroizing;

use super::{
    ber::{BOOLEAN, ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, SET, put, put_number},
    filter::{Filter, Put},
};

/// The extended request that asks for TLS. Source: RFC 4511, section 4.14.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// `success`.
pub(super) const SUCCESS: u32 = 0;
/// `sizeLimitExceeded`.
pub(super) const SIZE_LIMIT: u32 = 4;
/// `noSuchObject`.
pub(super) const NO_SUCH_OBJECT: u32 = 32;
/// `invalidCredentials`.
pub(super) const INVALID_CREDENTIALS: u32 = 49;

/// Result codes that say nothing of whoever asks: the directory cannot answer now. `operationsError`, `timeLimitExceeded`,
/// `busy`, `unavailable`, `other`. Source: RFC 4511, appendix A.
const PASSING: [u32; 5] = [1, 3, 51, 52, 80];

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The result code.
    pub code: u32,
    /// What the directory says of it.
    pub message: String,
}

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub dn: String,
    /// The attributes that were asked for, with their values.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// An answer, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a bind.
    Bound(Outcome),
    /// To the request for TLS.
    Extended(Outcome),
    /// One of those that a search finds.
    Found(Entry),
    /// Another directory that may know more. It is not asked.
    Elsewhere,
    /// The end of a search.
    Done(Outcome),
}

/// What is searched.
pub struct Search<'a> {
    /// Below which entry, itself included.
    pub base: &'a str,
    /// For which.
    pub filter: &'a Filter,
    /// What is put into the filter.
    pub with: Put<'a>,
    /// The most entries.
    pub entries_max: u32,
    /// How long the directory may take, in seconds; 0 for as long as it likes.
    pub seconds_max: u32,
    /// The attributes that are asked for; `1.1` for none.
    pub attribute: &'a str,
}

impl Outcome {
    /// Whether another time may be better.
    pub(super) fn is_passing(&self) -> bool {
        PASSING.contains(&self.code)
    }
}

/// A simple bind.
pub fn bind(id: u32, dn: &str, password: &str) -> Zeroizing<Vec<u8>> {
    let mut inner = Zeroizing::new(Vec::with_capacity(dn.len() + password.len() + 32));
    put_number(&mut inner, INTEGER, 3);
    put(&mut inner, OCTETS, dn.as_bytes());
    put(&mut inner, 0x80, password.as_bytes());
    message(id, 0x60, &inner)
}

/// The request for TLS.
pub(super) fn start_tls(id: u32) -> Zeroizing<Vec<u8>> {
    let mut inner = Vec::new();
    put(&mut inner, 0x80, START_TLS);
    message(id, 0x77, &inner)
}

/// A search of a whole subtree. Aliases are not followed.
pub fn search(id: u32, search: &Search<'_>) -> Zeroizing<Vec<u8>> {
    let mut inner = Vec::new();
    put(&mut inner, OCTETS, search.base.as_bytes());
    put_number(&mut inner, ENUMERATED, 2);
    put_number(&mut inner, ENUMERATED, 0);
    put_number(&mut inner, INTEGER, search.entries_max);
    put_number(&mut inner, INTEGER, search.seconds_max);
    put(&mut inner, BOOLEAN, &[0]);
    search.filter.write(&mut inner, search.with);
    let mut attributes = Vec::new();
    put(&mut attributes, OCTETS, search.attribute.as_bytes());
    put(&mut inner, SEQUENCE, &attributes);
    message(id, 0x63, &inner)
}

/// The end of a connection.
pub(super) fn unbind(id: u32) -> Zeroizing<Vec<u8>> {
    message(id, 0x42, &[])
}

fn message(id: u32, tag: u8, operation: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut inner = Zeroizing::new(Vec::with_capacity(operation.len() + 16));
    put_number(&mut inner, INTEGER, id);
    put(&mut inner, tag, operation);
    let mut whole = Zeroizing::new(Vec::with_capacity(inner.len() + 8));
    put(&mut whole, SEQUENCE, &inner);
    whole
}

/// Reads the content of a message that answers one with this id; `None` for everything else. Controls behind it are those
/// of extensions that nobody asked for, and are left alone.
pub fn answer(content: &[u8], id: u32) -> Option<Answer> {
    let mut reader = Reader(content);
    if reader.number(INTEGER)? != id {
        return None;
    }
    let (tag, operation) = reader.next()?;
    let mut reader = Reader(operation);
    match tag {
        0x61 => Some(Answer::Bound(outcome(reader)?)),
        0x78 => Some(Answer::Extended(outcome(reader)?)),
        0x64 => Some(Answer::Found(entry(&mut reader)?)),
        0x73 => Some(Answer::Elsewhere),
        0x65 => Some(Answer::Done(outcome(reader)?)),
        _ => None,
    }
}

fn outcome(mut reader: Reader<'_>) -> Option<Outcome> {
    let code = reader.number(ENUMERATED)?;
    reader.expect(OCTETS)?;
    let message = String::from_utf8_lossy(reader.expect(OCTETS)?);
    // Whatever the directory says, the record has room for so much of it, and a line of the log stays one.
    let message = message.chars().take(200).map(|c| if c.is_control() { ' ' } else { c });
    Some(Outcome { code, message: message.collect() })
}

fn entry(reader: &mut Reader<'_>) -> Option<Entry> {
    let dn = reader.text()?.to_owned();
    let (mut list, mut attributes) = (Reader(reader.expect(SEQUENCE)?), Vec::new());
    while !list.is_empty() {
        let mut attribute = Reader(list.expect(SEQUENCE)?);
        let name = attribute.text()?.to_owned();
        let (mut set, mut values) = (Reader(attribute.expect(SET)?), Vec::new());
        while !set.is_empty() {
            values.push(set.expect(OCTETS)?.to_vec());
        }
        attributes.push((name, values));
    }
    Some(Entry { dn, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a message that is sent, and those of RFC 4511's modules.
    #[test]
    fn messages_are_written_as_the_protocol_has_them() {
        assert_eq!(&*bind(1, "cn=a", "pw"), b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw");
        assert_eq!(&*start_tls(1), b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037");
        assert_eq!(&*unbind(5), b"\x30\x05\x02\x01\x05\x42\x00");
        let filter = Filter::parse("(uid=%s)").unwrap();
        let with = Put { name: "n", dn: "" };
        let asked = Search { base: "dc=x", filter: &filter, with, entries_max: 2, seconds_max: 5, attribute: "uid" };
        let expected: &[u8] =
            b"\x30\x2b\x02\x01\x02\x63\x26\x04\x04dc=x\x0a\x01\x02\x0a\x01\x00\x02\x01\x02\x02\x01\x05\
            \x01\x01\x00\xa3\x08\x04\x03uid\x04\x01n\x30\x05\x04\x03uid";
        assert_eq!(&*search(2, &asked), expected);
    }

    #[test]
    fn answers_are_read_and_everything_else_is_not() {
        let outcome = |code, message: &str| Outcome { code, message: message.into() };
        let found = Entry { dn: "cn=a".into(), attributes: vec![("uid".into(), vec![b"a".to_vec(), b"b".to_vec()])] };
        let entry: &[u8] = b"\x02\x01\x02\x64\x17\x04\x04cn=a\x30\x0f\x30\x0d\x04\x03uid\x31\x06\x04\x01a\x04\x01b";
        let read: [(&[u8], u32, Answer); 7] = [
            (b"\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", 1, Answer::Bound(outcome(0, ""))),
            (b"\x02\x01\x01\x61\x08\x0a\x01\x31\x04\x00\x04\x01x", 1, Answer::Bound(outcome(49, "x"))),
            (b"\x02\x01\x01\x61\x0c\x0a\x01\x31\x04\x00\x04\x05a\nb\x1bc", 1, Answer::Bound(outcome(49, "a b c"))),
            (b"\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00", 1, Answer::Extended(outcome(2, ""))),
            (b"\x02\x01\x02\x65\x07\x0a\x01\x04\x04\x00\x04\x00\xa0\x00", 2, Answer::Done(outcome(4, ""))),
            (b"\x02\x01\x02\x73\x00", 2, Answer::Elsewhere),
            (entry, 2, Answer::Found(found)),
        ];
        for (bytes, id, expected) in read {
            assert_eq!(answer(bytes, id), Some(expected));
            assert_eq!(answer(bytes, id + 1), None, "it answers another question");
            for end in 0..bytes.len() - 2 {
                assert_eq!(answer(&bytes[..end], id), None, "{end}");
            }
        }
        // A notice of disconnection, an intermediate response, a name that is no text.
        let none: [&[u8]; 3] = [
            b"\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00",
            b"\x02\x01\x01\x79\x00",
            b"\x02\x01\x01\x64\x05\x04\x01\xff\x30\x00",
        ];
        for bytes in none {
            assert_eq!(answer(bytes, 1), None);
        }
    }
}
