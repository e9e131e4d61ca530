//! Object and bucket tags, from the `x-amz-tagging` header and from XML.

use super::{fault, xml::Element};
use crate::{base::Fault, mapping::uri};

/// Tags as they were sent: key and value.
pub(super) type Tags = Vec<(String, String)>;

/// The most tags that a bucket may have; an object may have ten, which the store checks.
const TAGS_MAX: usize = 50;

/// Reads `x-amz-tagging`: `key=value` pairs, encoded as a query string.
pub(super) fn of_header(value: &str) -> Result<Tags, Fault> {
    let malformed = |_| {
        fault::invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
            "x-amz-tagging",
            value,
        )
    };
    let mut tags = Tags::new();
    for (key, value) in uri::pairs(value) {
        let key = uri::decode_query(key).map_err(malformed)?.into_owned();
        let value = uri::decode_query(value).map_err(malformed)?.into_owned();
        add(&mut tags, key, value)?;
    }
    Ok(tags)
}

/// Reads the `Tag` children of an element.
pub(super) fn of_element(set: &Element) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for tag in &set.children {
        let (key, value) = (tag.only("Key")?, tag.only("Value")?);
        match (tag.name.as_str(), key) {
            ("Tag", Some(key)) => {
                add(&mut tags, key.text.clone(), value.map(|value| value.text.clone()).unwrap_or_default())?;
            }
            _ => return Err(fault::malformed_xml("a tag set holds something else than a tag with a key")),
        }
    }
    Ok(tags)
}

/// Keys may differ in more than case only: condition keys would not tell them apart.
fn add(tags: &mut Tags, key: String, value: String) -> Result<(), Fault> {
    let is_known = tags.iter().any(|(known, _)| known.to_lowercase() == key.to_lowercase());
    if is_known || tags.len() == TAGS_MAX {
        return Err(Fault::new(400, "InvalidTag", "Cannot provide multiple Tags with the same key"));
    }
    if key.is_empty() {
        return Err(Fault::new(400, "InvalidTag", "The TagKey you have provided is invalid"));
    }
    tags.push((key, value));
    Ok(())
}

/// The value of the tag that a condition key names; `name` is in lower case.
pub(super) fn value<'a>(tags: &'a Tags, name: &str) -> Option<&'a str> {
    tags.iter().find(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_header_are_read_as_a_query() {
        let tags = of_header("Team=a%20b&x=&y").unwrap();
        assert_eq!(tags, [("Team".into(), "a b".into()), ("x".into(), String::new()), ("y".into(), String::new())]);
        assert_eq!(value(&tags, "team"), Some("a b"));
        assert_eq!(value(&tags, "z"), None);
        for refused in ["a=1&a=2", "a=1&A=2", "=1", "a=%zz"] {
            assert!(of_header(refused).is_err(), "{refused}");
        }
    }
}
