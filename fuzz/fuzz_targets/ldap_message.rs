//! What directories say, and what they are asked: a conversation goes as a plain reader of LDAP understands it, and whatever is
//! put into a filter is one value of it.
#![no_main]

#[path = "../../tests/it/ldap/compared.rs"]
mod compared;
#[path = "../../tests/it/ldap/reference.rs"]
mod reference;

use std::sync::LazyLock;

use compared::{FILTERS, bind, converse, fill, sound};
use countersign::federation::ldap::message::{self, Answer, Entry};
use libfuzzer_sys::fuzz_target;
use reference::{element, entry, outcome};

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(sound);

/// Something that a directory says: which kind of answer, its id, how it ends, how long its lengths are, a text, and values.
type Said<'a> = (u8, u8, u8, u8, &'a str, Vec<(&'a str, Vec<&'a [u8]>)>);

const KINDS: [u8; 6] = [97, 100, 101, 115, 120, 121];
const CODES: [u8; 5] = [0, 4, 32, 49, 51];

/// What they say, with this id for the first answer. Ids are right but for the odd one.
fn stream(said: &[Said<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, (kind, id, code, lengths, text, rows)) in said.iter().enumerate() {
        let id = if id % 8 == 0 { *id } else { 1 + (at % 4) as u8 };
        let lengths = usize::from(lengths % 6).saturating_sub(1);
        let tag = KINDS[usize::from(*kind) % KINDS.len()];
        let operation = match tag {
            100 => {
                let row = |(name, values): &(&str, Vec<&[u8]>)| {
                    ((*name).to_owned(), values.iter().map(|value| value.to_vec()).collect())
                };
                let whole = Entry { dn: (*text).to_owned(), attributes: rows.iter().map(row).collect() };
                let bytes = entry(&whole, lengths);
                let read = message::answer(&[element(2, 0, &[7]), element(tag, lengths, &bytes)].concat(), 7);
                assert_eq!(read, Some(Answer::Found(whole)), "what is written is not read");
                bytes
            }
            _ => outcome(CODES[usize::from(*code) % CODES.len()], text),
        };
        out.extend(element(48, lengths, &[element(2, 0, &[id]), element(tag, lengths, &operation)].concat()));
    }
    out
}

fuzz_target!(|input: (u16, u8, &[u8], Vec<Said<'_>>, &str, &str, &str)| {
    let (at, length, bytes, said, text, name, dn) = input;
    converse(bytes);
    converse(&stream(&said));
    let from = usize::from(at) % SOUND.len();
    let to = (from + usize::from(length)).min(SOUND.len());
    converse(&[&SOUND[..from], bytes, &SOUND[to..]].concat());
    fill(text, name, dn);
    // One that is known, as it is and with a part of it replaced.
    let known = FILTERS[usize::from(at) % FILTERS.len()];
    fill(known, name, dn);
    let from = usize::from(length) % known.len();
    let to = (from + usize::from(at / 256) % 8).min(known.len());
    fill(&[&known[..from], text, &known[to..]].concat(), name, dn);
    bind(dn, name);
});
