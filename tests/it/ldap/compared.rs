//! What the client says and hears, beside the plain reading of it; each fails where the two part. For the fuzzer, too.

use std::io::Cursor;

use countersign::federation::ldap::{
    client::Connection,
    filter::{Filter, Put},
    message::{self, Answer, Entry, Search},
};
use futures_executor::block_on;

use super::reference::{self, Stream, all, element, entry, escaped, first, outcome};

/// The most entries that are asked for.
const ENTRIES_MAX: u32 = 2;

/// Filters of every form.
pub const FILTERS: [&str; 5] = [
    "(uid=%s)",
    "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=%d))",
    "(|(!(a=*))(b>=1)(c<=%s)(d~=\\2a)(e=*%s*x)(f=%d*))",
    "(:dn:caseExactMatch:=%s)",
    "(cn:dn:=a%sb%d\\00)",
];

/// A sound conversation, to start from: a bind, a search that finds one, a bind, a search that finds too many, referrals.
pub fn sound() -> Vec<u8> {
    let ann = Entry { dn: "uid=ann,dc=x".into(), attributes: vec![("uid".into(), vec![b"ann".to_vec()])] };
    let found = |id: u8| reference::message(id, 100, &entry(&ann, 0));
    [
        reference::message(1, 97, &outcome(0, "")),
        found(2),
        reference::message(2, 115, b"\x04\x07ldap://"),
        reference::message(2, 101, &outcome(0, "all of them")),
        reference::message(3, 97, &outcome(49, "no")),
        found(4),
        found(4),
        reference::message(4, 101, &outcome(4, "")),
    ]
    .concat()
}

/// Binds and searches in turn, until either side of the comparison hears no answer.
pub fn converse(bytes: &[u8]) {
    let mut connection = Connection::over(tokio::io::join(Cursor::new(bytes.to_vec()), tokio::io::sink()));
    let mut expected = Stream(bytes);
    let filter = Filter::parse("(uid=%s)").expect("a filter");
    let with = Put { name: "ann", dn: "" };
    let asked =
        Search { base: "dc=x", filter: &filter, with, entries_max: ENTRIES_MAX, seconds_max: 5, attribute: "uid" };
    for id in (1..).step_by(2) {
        let bound = block_on(connection.bind("cn=a", "password")).ok();
        assert_eq!(bound, expected.bound(id));
        if let Some(outcome) = &bound {
            assert!(outcome.message.chars().count() <= 200 && !outcome.message.contains(char::is_control));
        }
        if bound.is_none() {
            break;
        }
        let found = block_on(connection.search(&asked)).ok();
        assert_eq!(found, expected.found(id + 1, ENTRIES_MAX as usize));
        let Some(found) = found else { break };
        for one in &found.entries {
            let values =
                one.attributes.iter().flat_map(|(name, values)| values.iter().map(Vec::len).chain([name.len()]));
            assert!(one.dn.len() + values.sum::<usize>() <= bytes.len(), "more than was said");
            let again = [element(2, 0, &[9]), element(100, 0, &entry(one, 0))].concat();
            assert_eq!(message::answer(&again, 9), Some(Answer::Found(one.clone())));
        }
        assert!(found.entries.len() <= ENTRIES_MAX as usize);
    }
}

/// The filter of a search for this, as text with every byte of a value escaped; with it, its shape without any value.
fn sent(filter: &Filter, with: Put<'_>) -> (String, String) {
    let asked = Search { base: with.dn, filter, with, entries_max: 1_000, seconds_max: 0, attribute: "1.1" };
    let bytes = message::search(200, &asked);
    let parts = first(&bytes).filter(|(tag, _, rest)| *tag == 48 && rest.is_empty()).map(|(_, inside, _)| all(inside));
    let Some(Some(parts)) = parts else { panic!("no message: {bytes:?}") };
    let [(2, [0, 200]), (99, operation)] = parts[..] else { panic!("no search: {parts:?}") };
    let parts = all(operation).expect("a search is made of elements");
    let [(4, base), (10, [2]), (10, [0]), (2, [3, 232]), (2, [0]), (1, [0]), (tag, content), (48, b"\x04\x031.1")] =
        parts[..]
    else {
        panic!("another search: {parts:?}")
    };
    assert_eq!(base, with.dn.as_bytes());
    let shown = |shown| reference::filter(tag, content, shown).expect("what is sent is a filter");
    (shown(&escaped), shown(&|_| String::new()))
}

/// Whatever is put in is one value: as if the text of the filter had it escaped, and in the same shape as anything else.
pub fn fill(text: &str, name: &str, dn: &str) {
    let Ok(filter) = Filter::parse(text) else { return };
    let (name, dn) = (if name.is_empty() { "*" } else { name }, if dn.is_empty() { "*" } else { dn });
    let (full, shape) = sent(&filter, Put { name, dn });
    let nested = full.chars().scan(0, |deep, c| {
        *deep += i32::from(c == '(') - i32::from(c == ')');
        Some(*deep)
    });
    assert!(nested.max() <= Some(16), "{full}");
    assert_eq!(shape, sent(&filter, Put { name: "n", dn: "d" }).1, "{text}");
    let literal = text.replace("%s", &escaped(name.as_bytes())).replace("%d", &escaped(dn.as_bytes()));
    for again in [&literal, &full] {
        let again = Filter::parse(again).unwrap_or_else(|why| panic!("{again} {why}"));
        assert!(!again.has_name() && !again.has_dn(), "a value has a place");
        assert_eq!(full, sent(&again, Put { name: "n", dn: "d" }).0, "{text}");
    }
}

/// A password is sent as it is, whatever it is.
pub fn bind(dn: &str, password: &str) {
    let bytes = message::bind(3, dn, password);
    let inside = [element(2, 0, &[3]), element(4, 0, dn.as_bytes()), element(128, 0, password.as_bytes())].concat();
    assert_eq!(*bytes, reference::message(3, 96, &inside));
}
