//! Responses that are altered at random, before they are signed and after.

use std::ops::Range;

use super::maker::{ISSUER, Idp, RECIPIENT, assertion, moment, response};
use countersign::base::Timestamp;

/// Xorshift: the same course for the same seed.
pub struct Dice(pub u64);

impl Dice {
    /// Below `most`, which is not 0.
    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// An altered response, with what was done to it.
pub struct Mutant {
    pub text: String,
    pub story: Vec<&'static str>,
}

/// What may be done to a text; `None` if it does not fit.
pub type Change = (&'static str, fn(&mut Dice, &str, Timestamp) -> Option<String>);

/// What keeps a canonical text canonical, so that it can be signed.
pub const BEFORE: [Change; 6] = [
    ("an element twice", twice),
    ("an element less", less),
    ("an element elsewhere", elsewhere),
    ("another word", word),
    ("another moment", another_moment),
    ("nothing before it is signed", |_, text, _| Some(text.to_owned())),
];

pub const AFTER: [Change; 16] = [
    ("an element twice", twice),
    ("an element less", less),
    ("an element elsewhere", elsewhere),
    ("an element in another", wrapped),
    ("another word", word),
    ("another character", character),
    ("characters less", shorter),
    ("something put in", put_in),
    ("a number for a character", number),
    ("an attribute for another", exchanged),
    ("empty elements", empty),
    ("other quotes", quotes),
    ("a declaration more", declaration),
    ("something before", before),
    ("a forged assertion", forged),
    ("nothing after it was signed", |_, text, _| Some(text.to_owned())),
];

/// Makes a response of this provider and alters it.
pub fn mutant(dice: &mut Dice, idp: &Idp, now: Timestamp) -> Mutant {
    let mut story = Vec::new();
    let plain = altered(dice, &assertion(now), now, &BEFORE, &mut story);
    let (inner, outer) = *dice.of(&[(true, false), (false, true), (true, true)]);
    let inner = if inner && plain.contains("</saml:Issuer>") { idp.sign(&plain) } else { plain };
    let whole = altered(dice, &response(now, &inner), now, &BEFORE[3..], &mut story);
    let whole = if outer && whole.contains("ID=\"") { idp.sign(&whole) } else { whole };
    let text = altered(dice, &whole, now, &AFTER, &mut story);
    Mutant { text, story }
}

pub fn altered(
    dice: &mut Dice,
    text: &str,
    now: Timestamp,
    changes: &[Change],
    story: &mut Vec<&'static str>,
) -> String {
    let mut text = text.to_owned();
    for _ in 0..*dice.of(&[0, 1, 1, 2]) {
        let (name, change) = dice.of(changes);
        if let Some(changed) = change(dice, &text, now) {
            text = changed;
            story.push(name);
        }
    }
    text
}

/// Where elements are, from the start of their first tag to the end of their last.
fn elements(text: &str) -> Vec<Range<usize>> {
    let (mut open, mut found, mut from) = (Vec::new(), Vec::new(), 0);
    while let Some(start) = text[from..].find('<').map(|at| at + from) {
        let Some(end) = text[start..].find('>').map(|at| at + start + 1) else { break };
        match (&text[start..end], open.last().copied()) {
            (tag, Some(first)) if tag.starts_with("</") => {
                open.pop();
                found.push(first..end);
            }
            (tag, _) if tag.ends_with("/>") => found.push(start..end),
            (tag, _) if tag.starts_with("<!") || tag.starts_with("<?") || tag.starts_with("</") => {}
            _ => open.push(start),
        }
        from = end;
    }
    found
}

pub fn element(dice: &mut Dice, text: &str) -> Option<Range<usize>> {
    let all = elements(text);
    if all.is_empty() { None } else { Some(dice.of(&all).clone()) }
}

pub fn spliced(text: &str, range: Range<usize>, with: &str) -> Option<String> {
    Some(format!("{}{with}{}", text.get(..range.start)?, text.get(range.end..)?))
}

fn twice(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = element(dice, text)?;
    spliced(text, range.end..range.end, &text[range])
}

fn less(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = element(dice, text)?;
    spliced(text, range, "")
}

fn elsewhere(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = element(dice, text)?;
    let taken = text[range.clone()].to_owned();
    let rest = spliced(text, range, "")?;
    let other = element(dice, &rest)?;
    let at = *dice.of(&[other.start, other.end]);
    spliced(&rest, at..at, &taken)
}

fn wrapped(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = element(dice, text)?;
    let name = *dice.of(&["ds:Object", "samlp:Extensions", "saml:Advice", "saml:Assertion", "x"]);
    let with = format!(
        "<{name} xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}</{name}>",
        &text[range.clone()]
    );
    spliced(text, range, &with)
}

/// One of the words that checks look at for another.
fn word(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let words = [
        ("alice@example.com", "root@example.com"),
        (ISSUER, "https://evil.example.com/metadata"),
        (RECIPIENT, "https://evil.example.com/saml"),
        ("urn:amazon:webservices", "urn:other"),
        ("cm:bearer", "cm:holder-of-key"),
        ("status:Success", "status:Responder"),
        ("Version=\"2.0\"", "Version=\"1.1\""),
        ("nameid-format:persistent", "nameid-format:transient"),
        ("_a1", "_r1"),
        ("_a1", "_b2"),
        ("_r1", "_a1"),
        ("#_a1", ""),
        ("#sha256", "#sha512"),
        ("xml-exc-c14n#", "xml-exc-c14n#WithComments"),
        ("2001/10/xml-exc-c14n#", "TR/2001/REC-xml-c14n-20010315"),
        ("#rsa-sha256", "#rsa-sha512"),
        ("#rsa-sha256", "#hmac-sha256"),
        ("SAML:2.0:assertion", "SAML:1.0:assertion"),
        ("role/reader", "role/writer"),
        ("saml:Assertion", "saml:assertion"),
        ("saml:", "s:"),
        (":saml", ":s"),
        (" ", "  "),
    ];
    let (from, to) = *dice.of(&words);
    let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
    if places.is_empty() {
        return None;
    }
    let at = *dice.of(&places);
    match dice.below(3) {
        0 => Some(text.replace(from, to)),
        _ => spliced(text, at..at + from.len(), to),
    }
}

fn another_moment(dice: &mut Dice, text: &str, now: Timestamp) -> Option<String> {
    let before = moment(now, *dice.of(&[-10, 290]));
    let places: Vec<usize> = text.match_indices(&before).map(|(at, _)| at).collect();
    let seconds = *dice.of(&[-100_000, -400, -200, -20, 200, 400, 100_000]);
    let after = match dice.below(8) {
        0 => moment(now, seconds).replace('Z', ""),
        1 => moment(now, seconds).replace('Z', "+02:00"),
        2 => moment(now, seconds).replace('Z', ".123456Z"),
        _ => moment(now, seconds),
    };
    if places.is_empty() {
        return None;
    }
    let at = *dice.of(&places);
    spliced(text, at..at + before.len(), &after)
}

fn at_random(dice: &mut Dice, text: &str) -> usize {
    (0..4).map(|_| dice.below(text.len().max(1))).find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

const ODD: [&str; 24] = [
    "<", ">", "&", "\"", "'", "/", "=", " ", "\n", "\r", "\t", "\0", "\u{7f}", "é", "\u{feff}", "#", ";", ":", "-",
    "!", "?", "0", "A", "]]>",
];

fn character(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let at = at_random(dice, text);
    let length = text[at..].chars().next()?.len_utf8();
    spliced(text, at..at + length, dice.of::<&str>(&ODD))
}

fn shorter(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let at = at_random(dice, text);
    let end = (at + 1 + dice.below(12)).min(text.len());
    text.is_char_boundary(end).then(|| spliced(text, at..end, ""))?
}

/// Something between tags, or in the middle of anything.
fn put_in(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let things = [
        "<!---->",
        "<!-- <a> -->",
        "<?x y?>",
        "<![CDATA[]]>",
        "<![CDATA[<]]>",
        "\n",
        " ",
        "&#10;",
        "&#13;",
        "&amp;",
        "&e;",
        "&#0;",
        "<x/>",
        "<saml:Assertion/>",
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
        " x=\"1\"",
        " ID=\"_r1\"",
        " xmlns:saml=\"urn:x\"",
        " xmlns=\"urn:x\"",
        " xmlns=\"\"",
        " xml:id=\"_a1\"",
        " xml:base=\"x\"",
        "\u{e9}",
    ];
    let thing = *dice.of(&things);
    let at = match dice.below(4) {
        0 => at_random(dice, text),
        1 => element(dice, text)?.start,
        2 => element(dice, text)?.end,
        _ => {
            let from = element(dice, text)?.start;
            from + text[from..].find('>')? + dice.below(2)
        }
    };
    spliced(text, at..at, thing)
}

fn number(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let at = at_random(dice, text);
    let character = text[at..].chars().next()?;
    let with = match dice.below(3) {
        0 => format!("&#{};", u32::from(character)),
        1 => format!("&#x{:x};", u32::from(character)),
        _ => format!("&#x{:X};", u32::from(character)),
    };
    spliced(text, at..at + character.len_utf8(), &with)
}

/// Attributes' values, without quotes.
pub fn values(text: &str) -> Vec<Range<usize>> {
    let starts = text.match_indices("=\"").map(|(at, _)| at + 2);
    starts.filter_map(|start| Some(start..start + text[start..].find('"')?)).collect()
}

fn exchanged(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let all = values(text);
    if all.is_empty() {
        return None;
    }
    let (to, from) = (dice.of(&all).clone(), dice.of(&all).clone());
    spliced(text, to, &text[from])
}

fn empty(_: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    Some(text.replace("></saml:SubjectConfirmationData>", "/>").replace("></ds:Transform>", " />"))
}

fn quotes(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let all = values(text);
    if all.is_empty() {
        return None;
    }
    let range = dice.of(&all).clone();
    let value = &text[range.clone()];
    spliced(text, range.start - 1..range.end + 1, &format!("'{value}'"))
}

/// A namespace further out, which may be one that is used already.
fn declaration(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let declarations = [
        " xmlns:x=\"urn:x\"",
        " xmlns=\"urn:x\"",
        " xmlns:saml=\"urn:x\"",
        " xmlns:ds=\"urn:x\"",
        " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
        " xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"",
        " xmlns:x=\"x\"",
    ];
    let from = element(dice, text)?.start;
    let at = from + text[from..].find([' ', '>'])?;
    spliced(text, at..at, dice.of::<&str>(&declarations))
}

fn before(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let things = [
        "<?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<?xml version='1.1'?>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
        "<!DOCTYPE x>",
        "<!DOCTYPE x [<!ENTITY e \"alice\">]>",
        "<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>",
        "<!-- x -->",
        "\n",
        "\u{feff}",
    ];
    Some(format!("{}{text}", dice.of(&things)))
}

/// The assertion for somebody else, in any place, with the signature or without, under the old id or another.
fn forged(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let from = text.find("<saml:Assertion")?;
    let to = text[from..].find("</saml:Assertion>")? + from + "</saml:Assertion>".len();
    let mut evil = text[from..to].replace("alice@example.com", "root@example.com");
    if dice.below(2) == 0 {
        evil = evil.replace("ID=\"_a1\"", "ID=\"_evil\"");
    }
    if dice.below(2) == 0
        && let (Some(start), Some(end)) = (evil.find("<ds:Signature "), evil.find("</ds:Signature>"))
    {
        evil = spliced(&evil, start..end + "</ds:Signature>".len(), "")?;
    }
    match dice.below(4) {
        0 => spliced(text, from..to, &evil),
        1 => spliced(text, from..from, &evil),
        2 => spliced(text, to..to, &evil),
        _ => {
            let other = element(dice, text)?;
            let at = *dice.of(&[other.start, other.end]);
            spliced(text, at..at, &evil)
        }
    }
}
