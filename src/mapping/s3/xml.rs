//! Request bodies in XML as small trees, and written again from them: an upstream never sees bytes that we did not
//! understand in just one way.

use std::fmt::Write as _;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::fault;
use crate::base::Fault;

const DEPTH_MAX: usize = 16;
const ELEMENTS_MAX: usize = 20_000;
const ATTRIBUTES_MAX: usize = 8;

/// An element: either with children or with text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Reads a document in UTF-8 with the given root.
    ///
    /// # Errors
    /// `MalformedXML` for anything not well-formed, for document types, entities other than the five, processing
    /// instructions, mixed content, control characters, prefixed or unusual names, and for more than 16 levels or 20,000 elements.
    pub(super) fn parse(document: &[u8], root: &str) -> Result<Self, Fault> {
        let text = str::from_utf8(document).map_err(|_| fault::malformed_xml("the document is not UTF-8"))?;
        // Not characters of XML 1.0; some parsers let them pass.
        if text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) {
            return Err(fault::malformed_xml("a raw control character"));
        }
        let element = Tree::default().read(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        if element.name == root {
            Ok(element)
        } else {
            Err(fault::malformed_xml(format_args!("the root is not `{root}`")))
        }
    }

    /// The one child of this name; an error if there are two.
    pub(super) fn only(&self, name: &str) -> Result<Option<&Element>, Fault> {
        let mut found = self.all(name);
        let first = found.next();
        if found.next().is_some() {
            return Err(fault::malformed_xml(format_args!("`{name}` stands twice")));
        }
        Ok(first)
    }

    /// The children of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name.
    pub(super) fn child_text(&self, name: &str) -> Option<&str> {
        self.all(name).next().map(|child| child.text.as_str())
    }

    /// Every element of this name below this one, at any depth.
    pub(super) fn descendants(&self, name: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.extend(child.descendants(name));
        }
        found
    }

    /// Writes the element and all below it.
    pub(super) fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"");
            escape(value, out);
            out.push('"');
        }
        out.push('>');
        escape(&self.text, out);
        for child in &self.children {
            child.write(out);
        }
        let _ = write!(out, "</{}>", self.name);
    }
}

/// Appends text with the characters escaped that XML reads otherwise, line ends and tabs among them.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => {
                let _ = write!(out, "&#{};", u32::from(control));
            }
            other => out.push(other),
        }
    }
}

/// Appends `<name>text</name>`.
pub(super) fn leaf(name: &str, text: &str, out: &mut String) {
    let _ = write!(out, "<{name}>");
    escape(text, out);
    let _ = write!(out, "</{name}>");
}

/// A document while it is read.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn read(mut self, text: &str) -> Result<Element, Fault> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        loop {
            match reader.read_event().map_err(fault::malformed_xml)? {
                Event::Start(start) => self.start(&start)?,
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&normal_lines(&text))?,
                Event::CData(text) => self.text(&normal_lines(&text))?,
                Event::GeneralRef(reference) => {
                    let mut buffer = [0; 4];
                    self.text(character(&reference)?.encode_utf8(&mut buffer))?;
                }
                Event::Comment(_) => (),
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().transpose().map_err(fault::malformed_xml)?;
                    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("utf-8")) {
                        return Err(fault::malformed_xml("the declared encoding is not UTF-8"));
                    }
                }
                Event::DocType(_) | Event::PI(_) | Event::Empty(_) => {
                    return Err(fault::malformed_xml("document types and processing instructions are refused"));
                }
                Event::Eof => break,
            }
        }
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(fault::malformed_xml("the document ends early")),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.elements += 1;
        if self.open.len() == DEPTH_MAX || self.elements > ELEMENTS_MAX || self.root.is_some() {
            return Err(fault::malformed_xml("too deep, too many elements, or a second root"));
        }
        if self.open.last().is_some_and(|parent| !parent.text.trim().is_empty()) {
            return Err(fault::malformed_xml("an element holds both text and elements"));
        }
        let name = start.name().as_ref().to_owned();
        if !is_plain_name(&name) {
            return Err(fault::malformed_xml("an element name has a prefix or unusual characters"));
        }
        let mut element = Element { name, ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(fault::malformed_xml)?;
            let name = attribute.key.as_ref().to_owned();
            if !name.split(':').all(is_plain_name) {
                return Err(fault::malformed_xml("an attribute name has unusual characters"));
            }
            let value = attribute.normalized_value(XmlVersion::default()).map_err(fault::malformed_xml)?.into_owned();
            element.attributes.push((name, value));
            if element.attributes.len() > ATTRIBUTES_MAX {
                return Err(fault::malformed_xml("too many attributes"));
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(mut element) = self.open.pop() else { return Err(fault::malformed_xml("an end without a start")) };
        if !element.children.is_empty() {
            if !element.text.trim().is_empty() {
                return Err(fault::malformed_xml("an element holds both text and elements"));
            }
            element.text.clear();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => (),
            None => return Err(fault::malformed_xml("text outside the root")),
        }
        Ok(())
    }
}

/// The names of S3's documents are of this kind; XML would allow more.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Line ends as XML reads them: a line feed.
fn normal_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The character that a reference names: one of the five predefined entities, or a number.
fn character(name: &str) -> Result<char, Fault> {
    let number = |digits: &str, radix| {
        let is_plain = !digits.starts_with('+');
        u32::from_str_radix(digits, radix).ok().filter(|number| is_plain && *number != 0).and_then(char::from_u32)
    };
    let character = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => match other.strip_prefix('#') {
            Some(rest) => rest.strip_prefix('x').map_or_else(|| number(rest, 10), |hex| number(hex, 16)),
            None => None,
        },
    };
    character.ok_or_else(|| fault::malformed_xml("an entity that is not predefined"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_and_written_again() {
        let cases = [
            ("<A/>", "<A></A>"),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"u\"> <B> x </B>\r\n<C/></A>\n",
                "<A xmlns=\"u\"><B> x </B><C></C></A>",
            ),
            ("<A>a&amp;b&#13;&#x41;<![CDATA[<&]]></A>", "<A>a&amp;b&#13;A&lt;&amp;</A>"),
            ("<A><!-- c --><B>1</B><B>2</B></A>", "<A><B>1</B><B>2</B></A>"),
        ];
        for (document, expected) in cases {
            let mut again = String::new();
            Element::parse(document.as_bytes(), "A").unwrap().write(&mut again);
            assert_eq!(again, expected);
        }
    }

    #[test]
    fn what_two_parsers_could_read_in_two_ways_is_refused() {
        let deep = "<A>".repeat(17) + &"</A>".repeat(17);
        let cases: &[&[u8]] = &[
            b"",
            b"<A>",
            b"<A></B>",
            b"<B/>",
            b"<A/><A/>",
            b"text<A/>",
            b"<A>x<B/></A>",
            b"<A><B/>x</A>",
            b"<p:A xmlns:p='u'/>",
            b"<!DOCTYPE A [<!ENTITY e 'x'>]><A>&e;</A>",
            b"<A>&e;</A>",
            b"<A>&#0;</A>",
            b"<A>\0</A>",
            b"<A>\x1b</A>",
            b"<A><B'/></A>",
            b"<A b\"='1'/>",
            b"<A>&#xD800;</A>",
            b"<A>&#+65;</A>",
            b"<?xml version='1.0' encoding='utf-16'?><A/>",
            b"<A>\xff</A>",
            b"<A a='1' a='2'/>",
            deep.as_bytes(),
        ];
        for document in cases {
            let fault = Element::parse(document, "A").unwrap_err();
            assert_eq!((fault.status, &*fault.code), (400, "MalformedXML"), "{}", String::from_utf8_lossy(document));
        }
    }
}
