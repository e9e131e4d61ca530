//! Responses with encrypted assertions, altered at random: what is encrypted before it is encrypted, which anybody can do for a
//! known key, and what stands around it.

use std::ops::Range;

use countersign::base::Timestamp;
use data_encoding::BASE64;

use super::{
    maker::{Idp, assertion, response},
    mutations::{AFTER, BEFORE, Change, Dice, Mutant, altered, element, spliced, values},
    reader::{OAEP, Reader, XMLENC, XMLENC11},
};

/// The ciphers that are taken, and the transports.
pub const CIPHERS: [&str; 4] = [
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
];
pub const TRANSPORTS: [&str; 2] = [OAEP, "http://www.w3.org/2009/xmlenc11#rsa-oaep"];

/// What other algorithms and kinds there are.
const OTHERS: [&str; 12] = [
    "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
    "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
    "http://www.w3.org/2009/xmlenc11#aes192-gcm",
    "http://www.w3.org/2001/04/xmlenc#kw-aes128",
    "http://www.w3.org/2000/09/xmldsig#sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2009/xmlenc11#mgf1sha1",
    "http://www.w3.org/2009/xmlenc11#mgf1sha256",
    "http://www.w3.org/2001/04/xmlenc#Element",
    "http://www.w3.org/2001/04/xmlenc#Content",
    "http://www.w3.org/2001/04/xmlenc#EncryptedKey",
];

/// What is done to what is encrypted, and to its key.
const SEALED: [Change; 9] = [
    ("another algorithm", algorithm),
    ("another cipher value", cipher_value),
    ("cipher values exchanged", cipher_values),
    ("a bit of a cipher value", bit),
    ("the key elsewhere", key_elsewhere),
    ("the key twice", key_twice),
    ("something of encryption put in", put_in),
    ("an element of encryption in another", wrapped),
    ("without its type", no_type),
];

/// Makes a response of this provider, with the assertion encrypted for this reader, and alters it.
pub fn sealed_mutant(dice: &mut Dice, idp: &Idp, reader: &Reader, now: Timestamp) -> Mutant {
    let mut story = Vec::new();
    let plain = altered(dice, &assertion(now), now, &BEFORE, &mut story);
    let (inner, outer) = *dice.of(&[(true, false), (false, true), (true, true), (true, true)]);
    let inner = if inner && plain.contains("</saml:Issuer>") { idp.sign(&plain) } else { plain };
    // Whoever has an assertion can alter it, and encrypt that in the right way.
    let inner = if dice.below(3) == 0 { altered(dice, &inner, now, &AFTER, &mut story) } else { inner };
    // Without a signature around it, CBC is refused as such.
    let ciphers = if outer || dice.below(8) == 0 { &CIPHERS[..] } else { &CIPHERS[..2] };
    let sealed = seal(dice, reader, &inner, ciphers);
    let sealed = if dice.below(6) == 0 { altered(dice, &sealed, now, &SEALED, &mut story) } else { sealed };
    let whole = altered(dice, &response(now, &sealed), now, &BEFORE[3..], &mut story);
    let whole = if outer && whole.contains("ID=\"") { idp.sign(&whole) } else { whole };
    let whole = if dice.below(5) == 0 { another(dice, reader, &whole, &inner, &mut story) } else { whole };
    let changes: &[Change] = if dice.below(2) == 0 { &SEALED } else { &AFTER };
    let text = altered(dice, &whole, now, changes, &mut story);
    Mutant { text, story }
}

fn seal(dice: &mut Dice, reader: &Reader, text: &str, ciphers: &[&str]) -> String {
    let (cipher, transport) = (*dice.of(ciphers), *dice.of(&TRANSPORTS));
    reader.seal(text, cipher, transport)
}

/// A second assertion, for the same or for somebody else, encrypted or in the clear, beside the first, in its place, around it
/// or anywhere.
fn another(dice: &mut Dice, reader: &Reader, text: &str, inner: &str, story: &mut Vec<&'static str>) -> String {
    let mut evil = match dice.below(3) {
        0 => inner.to_owned(),
        1 => inner.replace("alice@example.com", "root@example.com"),
        _ => inner.replace("alice@example.com", "root@example.com").replace("ID=\"_a1\"", "ID=\"_evil\""),
    };
    story.push("another assertion");
    if dice.below(3) > 0 {
        story.push("which is encrypted");
        evil = seal(dice, reader, &evil, &CIPHERS);
    }
    let Some(place) = place(text, "saml:EncryptedAssertion") else { return text.to_owned() };
    let spliced = match dice.below(6) {
        0 => spliced(text, place.start..place.start, &evil),
        1 => spliced(text, place.end..place.end, &evil),
        2 => spliced(text, place.clone(), &evil),
        3 => spliced(
            text,
            place.clone(),
            &evil.replacen("<saml:Subject>", &format!("{}<saml:Subject>", &text[place]), 1),
        ),
        4 => text.find("</saml:EncryptedAssertion>").and_then(|at| spliced(text, at..at, &evil)),
        _ => element(dice, text).and_then(|other| {
            let at = *dice.of(&[other.start, other.end]);
            spliced(text, at..at, &evil)
        }),
    };
    spliced.unwrap_or_else(|| text.to_owned())
}

/// Where the first element of this name is.
fn place(text: &str, name: &str) -> Option<Range<usize>> {
    let start = text.find(&format!("<{name}"))?;
    let end = format!("</{name}>");
    Some(start..text[start..].find(&end)? + start + end.len())
}

fn algorithm(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let of_encryption = |range: &Range<usize>| text[range.clone()].starts_with("http://www.w3.org/");
    let all: Vec<Range<usize>> = values(text).into_iter().filter(of_encryption).collect();
    if all.is_empty() {
        return None;
    }
    let range = dice.of(&all).clone();
    let with = match dice.below(3) {
        0 => *dice.of(&CIPHERS),
        1 => *dice.of(&TRANSPORTS),
        _ => *dice.of(&OTHERS),
    };
    spliced(text, range, with)
}

/// The texts of cipher values.
fn ciphers(text: &str) -> Vec<Range<usize>> {
    let tag = "<xenc:CipherValue>";
    let starts = text.match_indices(tag).map(|(at, _)| at + tag.len());
    starts.filter_map(|start| Some(start..start + text[start..].find('<')?)).collect()
}

fn cipher(dice: &mut Dice, text: &str) -> Option<Range<usize>> {
    let all = ciphers(text);
    if all.is_empty() { None } else { Some(dice.of(&all).clone()) }
}

fn cipher_value(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = cipher(dice, text)?;
    let value = &text[range.clone()];
    let at = dice.below(value.len() / 4 + 1) * 4;
    let with = match dice.below(7) {
        0 => String::new(),
        1 => value[..at].to_owned(),
        2 => value[at..].to_owned(),
        3 => format!("{}AAAA{}", &value[..at], &value[at..]),
        4 => format!("{}\n {}", &value[..at], &value[at..]),
        5 => format!("{}<!-- x -->{}", &value[..at], &value[at..]),
        _ => value.trim_end_matches('=').to_owned(),
    };
    spliced(text, range, &with)
}

fn cipher_values(_: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let all = ciphers(text);
    let (first, second) = (all.first()?.clone(), all.get(1)?.clone());
    let rest = spliced(text, second.clone(), &text[first.clone()])?;
    spliced(&rest, first, &text[second])
}

/// One bit of the bytes, of those at either end more often than elsewhere.
fn bit(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = cipher(dice, text)?;
    let mut bytes = BASE64.decode(&text.as_bytes()[range.clone()]).ok()?;
    let at = match dice.below(3) {
        0 => dice.below(16.min(bytes.len().max(1))),
        1 => bytes.len().checked_sub(1 + dice.below(16))?,
        _ => dice.below(bytes.len().max(1)),
    };
    *bytes.get_mut(at)? ^= 1 << dice.below(8);
    spliced(text, range, &BASE64.encode(&bytes))
}

/// Behind the data it is for, as SAML lets it be (SAML core, 2.3.4), with and without a reference to it.
fn key_elsewhere(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = place(text, "xenc:EncryptedKey")?;
    let key = text[range.clone()].to_owned();
    let (reference, id) = match dice.below(3) {
        0 => ("", ""),
        1 => (
            "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#_k1\"></ds:RetrievalMethod>",
            " Id=\"_k1\"",
        ),
        _ => ("<ds:RetrievalMethod URI=\"#_k2\"></ds:RetrievalMethod>", " Id=\"_k1\""),
    };
    let spaces = format!(" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:xenc=\"{XMLENC}\"{id}>");
    let key = key.replacen('>', &spaces, 1);
    let rest = spliced(text, range, reference)?;
    let at = rest.find("</xenc:EncryptedData>")? + "</xenc:EncryptedData>".len();
    spliced(&rest, at..at, &key)
}

/// With another name or another secret, before the one that opens the data or behind it.
fn key_twice(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let range = place(text, "xenc:EncryptedKey")?;
    let key = &text[range.clone()];
    let other = match dice.below(3) {
        0 => key.to_owned(),
        1 => key.replacen('>', " Recipient=\"urn:other\">", 1),
        _ => {
            let value = ciphers(key).first()?.clone();
            let mut bytes = BASE64.decode(&key.as_bytes()[value.clone()]).ok()?;
            bytes.reverse();
            spliced(key, value, &BASE64.encode(&bytes))?
        }
    };
    let at = *dice.of(&[range.start, range.end]);
    spliced(text, at..at, &other)
}

fn put_in(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let things = [
        "<xenc:KeySize>128</xenc:KeySize>",
        "<xenc:OAEPparams>AAAA</xenc:OAEPparams>",
        "<xenc:OAEPparams></xenc:OAEPparams>",
        "<ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>",
        "<ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>",
        "<ds:KeyName xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">x</ds:KeyName>",
        "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>x</ds:KeyName></ds:KeyInfo>",
        "<xenc:CarriedKeyName>x</xenc:CarriedKeyName>",
        "<xenc:ReferenceList><xenc:DataReference URI=\"#_d1\"/></xenc:ReferenceList>",
        "<xenc:EncryptionProperties><xenc:EncryptionProperty/></xenc:EncryptionProperties>",
        "<xenc:CipherReference URI=\"#_a1\"/>",
        "<xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData>",
        "<xenc:EncryptedData/>",
    ];
    let tags: Vec<usize> =
        text.match_indices("xenc:").map(|(at, _)| at).filter(|at| !text[..*at].ends_with(':')).collect();
    let from = tags.get(dice.below(tags.len().max(1)))?;
    // Behind this tag, or inside it.
    let at = from + text[*from..].find('>')? + 1;
    if dice.below(4) == 0 {
        let attributes =
            [" Id=\"_d1\"", " Encoding=\"http://www.w3.org/2000/09/xmldsig#base64\"", " MimeType=\"text/xml\""];
        return spliced(text, at - 1..at - 1, dice.of::<&str>(&attributes));
    }
    spliced(text, at..at, dice.of::<&str>(&things))
}

/// In an element in which it does not belong, or has another meaning.
fn wrapped(dice: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let inside =
        ["saml:EncryptedAssertion", "xenc:EncryptedData", "xenc:EncryptedKey", "ds:KeyInfo", "xenc:CipherData"];
    let around = [
        "saml:EncryptedAssertion",
        "saml:Advice",
        "saml:EncryptedID",
        "samlp:Extensions",
        "ds:Object",
        "xenc:EncryptedData",
    ];
    let range = place(text, dice.of::<&str>(&inside))?;
    let name = *dice.of(&around);
    let (prefix, _) = name.split_once(':')?;
    let space = match prefix {
        "saml" => "urn:oasis:names:tc:SAML:2.0:assertion",
        "samlp" => "urn:oasis:names:tc:SAML:2.0:protocol",
        "ds" => "http://www.w3.org/2000/09/xmldsig#",
        _ => XMLENC,
    };
    let whole = format!("<{name} xmlns:{prefix}=\"{space}\">{}</{name}>", &text[range.clone()]);
    spliced(text, range, &whole)
}

fn no_type(_: &mut Dice, text: &str, _: Timestamp) -> Option<String> {
    let mask = format!("<xenc11:MGF xmlns:xenc11=\"{XMLENC11}\" Algorithm=\"{XMLENC11}mgf1sha256\"></xenc11:MGF>");
    let kind = format!(" Type=\"{XMLENC}Element\"");
    let changed = text.replace(&kind, "");
    (changed != text).then_some(changed).or_else(|| text.contains(&mask).then(|| text.replace(&mask, "")))
}
