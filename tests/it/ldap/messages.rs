//! What directories say is heard as it was said, and no name or password says more than itself.

use super::compared::{FILTERS, bind, converse, fill, sound};

/// Each byte of a sound conversation is changed and left out, and the conversation ends behind it.
#[test]
fn a_conversation_is_heard_as_a_plain_reader_reads_it() {
    let sound = sound();
    for at in 0..sound.len() {
        converse(&sound[..at]);
        converse(&[&sound[..at], &sound[at + 1..]].concat());
        for byte in [0, 1, 2, 4, 10, 48, 97, 100, 101, 115, 120, 127, 128, 129, 132, 133, 255, sound[at] ^ 1] {
            converse(&[&sound[..at], &[byte], &sound[at + 1..]].concat());
        }
    }
    converse(&sound);
}

#[test]
fn what_is_put_into_a_filter_is_one_value_of_it() {
    let names =
        ["n", "*", "a)(uid=*", "\\2a", ")(|(uid=*", "a\0b", "%d", "%s", "\u{ff08}", "a\\", " ", &"long".repeat(99)];
    for filter in FILTERS {
        for name in names {
            fill(filter, name, "cn=n,dc=x");
            fill(filter, "n", name);
            bind(name, filter);
        }
    }
}
