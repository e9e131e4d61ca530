//! LDAP's messages, read and written the plain way (RFC 4511, X.690): the client's own reading is compared with it, here and by
//! the fuzzer. It copies, and recurses.

use countersign::federation::ldap::{
    client::Found,
    message::{Answer, Entry, Outcome},
};

/// The longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// An element, with the length in as many bytes as are asked for and needed; none for the short form.
pub fn element(tag: u8, length_bytes: usize, content: &[u8]) -> Vec<u8> {
    let digits = content.len().to_be_bytes();
    let needed = digits.len() - digits.iter().take_while(|digit| **digit == 0).count();
    let mut out = vec![tag];
    match length_bytes.max(if content.len() < 128 { 0 } else { needed }) {
        0 => out.push(content.len() as u8),
        bytes => {
            out.push(128 + bytes as u8);
            out.extend(&digits[digits.len() - bytes..]);
        }
    }
    out.extend(content);
    out
}

/// A message that answers.
pub fn message(id: u8, tag: u8, operation: &[u8]) -> Vec<u8> {
    element(48, 0, &[element(2, 0, &[id]), element(tag, 0, operation)].concat())
}

/// How an operation ended.
pub fn outcome(code: u8, text: &str) -> Vec<u8> {
    [element(10, 0, &[code]), element(4, 0, b""), element(4, 0, text.as_bytes())].concat()
}

/// What is found.
pub fn entry(entry: &Entry, length_bytes: usize) -> Vec<u8> {
    let attribute = |(name, values): &(String, Vec<Vec<u8>>)| {
        let values: Vec<u8> = values.iter().flat_map(|value| element(4, length_bytes, value)).collect();
        element(48, length_bytes, &[element(4, 0, name.as_bytes()), element(49, length_bytes, &values)].concat())
    };
    let attributes: Vec<u8> = entry.attributes.iter().flat_map(attribute).collect();
    [element(4, length_bytes, entry.dn.as_bytes()), element(48, length_bytes, &attributes)].concat()
}

/// The first element: its tag, its content, and what follows.
pub fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
    let behind = if length < 128 { 0 } else { usize::from(length - 128) };
    if tag % 32 == 31 || length == 128 || behind > 4 {
        return None;
    }
    let start = 2 + behind;
    let size = match behind {
        0 => u64::from(length),
        _ => bytes.get(2..start)?.iter().fold(0_u64, |size, digit| size * 256 + u64::from(*digit)),
    };
    let end = start + usize::try_from(size).ok()?;
    Some((tag, bytes.get(start..end)?, &bytes[end..]))
}

/// The elements from the start on, as long as there are any.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, content, rest) = first(bytes)?;
        bytes = rest;
        Some((tag, content))
    })
}

/// All elements of a content that is nothing else.
pub fn all(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let found: Vec<_> = elements(bytes).collect();
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = first(rest)?.2;
    }
    Some(found)
}

/// Whether a tag is this one.
fn of(tag: u8, element: (u8, &[u8])) -> Option<&[u8]> {
    (element.0 == tag).then_some(element.1)
}

/// A number in two's complement, if it is one of LDAP's and not negative.
fn number(content: &[u8]) -> Option<u32> {
    let bytes: [u8; 8] = match content.len() {
        length @ 1..=5 => {
            let mut bytes = if content[0] < 128 { [0; 8] } else { [255; 8] };
            bytes[8 - length..].copy_from_slice(content);
            bytes
        }
        _ => return None,
    };
    u32::try_from(i64::from_be_bytes(bytes)).ok()
}

/// The content of a message: its id, and the answer.
pub fn answer(content: &[u8]) -> Option<(u32, Answer)> {
    let mut parts = elements(content);
    let id = number(of(2, parts.next()?)?)?;
    let (tag, operation) = parts.next()?;
    let ended = || {
        let mut parts = elements(operation);
        let code = number(of(10, parts.next()?)?)?;
        of(4, parts.next()?)?;
        let text = String::from_utf8_lossy(of(4, parts.next()?)?).into_owned();
        let text = text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c });
        Some(Outcome { code, message: text.collect() })
    };
    let answer = match tag {
        97 => Answer::Bound(ended()?),
        120 => Answer::Extended(ended()?),
        100 => Answer::Found(read_entry(operation)?),
        115 => Answer::Elsewhere,
        101 => Answer::Done(ended()?),
        _ => return None,
    };
    Some((id, answer))
}

fn read_entry(operation: &[u8]) -> Option<Entry> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let mut parts = elements(operation);
    let (dn, list) = (text(of(4, parts.next()?)?)?, of(48, parts.next()?)?);
    let mut attributes = Vec::new();
    for element in all(list)? {
        let mut parts = elements(of(48, element)?);
        let (name, set) = (text(of(4, parts.next()?)?)?, of(49, parts.next()?)?);
        let values = all(set)?.into_iter().map(|value| of(4, value).map(<[u8]>::to_vec));
        attributes.push((name, values.collect::<Option<_>>()?));
    }
    Some(Entry { dn, attributes })
}

/// What a directory sends, one message after another.
pub struct Stream<'a>(pub &'a [u8]);

impl Stream<'_> {
    fn next(&mut self, id: u32) -> Option<Answer> {
        let (tag, content, rest) = first(self.0)?;
        self.0 = rest;
        let (known, answer) = answer(content).filter(|_| tag == 48 && content.len() <= MESSAGE_BYTES_MAX)?;
        (known == id).then_some(answer)
    }

    /// How a bind with this id ends.
    pub fn bound(&mut self, id: u32) -> Option<Outcome> {
        match self.next(id)? {
            Answer::Bound(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// What a search with this id finds.
    pub fn found(&mut self, id: u32, entries_max: usize) -> Option<Found> {
        let mut entries = Vec::new();
        loop {
            match self.next(id)? {
                Answer::Found(_) if entries.len() == entries_max => return Some(Found { entries, is_cut: true }),
                Answer::Found(entry) => entries.push(entry),
                Answer::Elsewhere => {}
                Answer::Done(Outcome { code: 0, .. }) => return Some(Found { entries, is_cut: false }),
                Answer::Done(Outcome { code: 4, .. }) => return Some(Found { entries, is_cut: true }),
                _ => return None,
            }
        }
    }
}

/// Every byte as an escape: a value that can mean nothing but itself (RFC 4515, section 3).
pub fn escaped(value: &[u8]) -> String {
    value.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// The text of a filter of the protocol, with its values as they are to be shown; `None` for what is no filter.
pub fn filter(tag: u8, content: &[u8], shown: &dyn Fn(&[u8]) -> String) -> Option<String> {
    let text = |bytes: &[u8]| str::from_utf8(bytes).map(str::to_owned).ok();
    let of_all = |sign: &str| {
        let inner = all(content)?.into_iter().map(|(tag, content)| filter(tag, content, shown));
        Some(format!("({sign}{})", inner.collect::<Option<String>>()?))
    };
    let compared = |sign: &str| match all(content)?[..] {
        [(4, name), (4, value)] => Some(format!("({}{sign}{})", text(name)?, shown(value))),
        _ => None,
    };
    match tag {
        0xa0 => of_all("&"),
        0xa1 => of_all("|"),
        0xa2 if all(content)?.len() == 1 => of_all("!"),
        0xa3 => compared("="),
        0xa5 => compared(">="),
        0xa6 => compared("<="),
        0xa8 => compared("~="),
        0x87 => Some(format!("({}=*)", text(content)?)),
        0xa4 => match all(content)?[..] {
            [(4, name), (48, parts)] => Some(format!("({}={})", text(name)?, stars(&all(parts)?, shown)?)),
            _ => None,
        },
        0xa9 => extensible(&all(content)?, shown),
        _ => None,
    }
}

fn stars(parts: &[(u8, &[u8])], shown: &dyn Fn(&[u8]) -> String) -> Option<String> {
    let mut text = String::new();
    for (at, (tag, value)) in parts.iter().enumerate() {
        let fits = match tag {
            0x80 => at == 0,
            0x81 => true,
            0x82 => at + 1 == parts.len(),
            _ => false,
        };
        if !fits || value.is_empty() {
            return None;
        }
        text += if *tag == 0x80 { "" } else { "*" };
        text += &shown(value);
    }
    text += if parts.last()?.0 == 0x82 { "" } else { "*" };
    Some(text)
}

fn extensible(parts: &[(u8, &[u8])], shown: &dyn Fn(&[u8]) -> String) -> Option<String> {
    let part = |tag: u8| parts.iter().find(|(known, _)| *known == tag).map(|(_, content)| *content);
    let order: Vec<u8> = parts.iter().map(|(tag, _)| *tag).collect();
    let text = |tag: u8| part(tag).map_or(Some(String::new()), |bytes| String::from_utf8(bytes.to_vec()).ok());
    let rule = if part(0x81).is_some() { format!(":{}", text(0x81)?) } else { String::new() };
    let with_dn = match part(0x84) {
        None => "",
        Some([255]) => ":dn",
        Some(_) => return None,
    };
    let is_ordered = order.is_sorted_by(|one, other| one < other) && (part(0x81).is_some() || part(0x82).is_some());
    is_ordered.then(|| Some(format!("({}{with_dn}{rule}:={})", text(0x82)?, shown(part(0x83)?))))?
}
