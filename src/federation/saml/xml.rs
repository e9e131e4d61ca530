//! XML, as narrow as SAML allows: what two readers could take in two ways is refused.
//!
//! No document type, processing instruction, comment or CDATA section; no name beyond ASCII; no id twice. Sources: XML 1.0
//! (fifth edition), Namespaces in XML 1.0. `quick-xml` finds the tags; what stands in them is read here, by the grammar.

use std::{borrow::Cow, collections::HashSet, fmt, rc::Rc};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

const BYTES_MAX: usize = 100_000;
const DEPTH_MAX: usize = 32;
const ELEMENTS_MAX: usize = 2_000;
const ATTRIBUTES_MAX: usize = 32;
const NAMESPACE_BYTES_MAX: usize = 512;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Why a text is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Longer, deeper or more of something than is read.
    TooMuch,
    /// Not well formed, or beyond what is read of XML.
    Syntax,
    /// A document type, and with it entities of its own.
    DocumentType,
    /// A processing instruction.
    Instruction,
    /// A comment, which could part a text.
    Comment,
    /// A CDATA section.
    CharacterData,
    /// An entity that XML does not predefine.
    Entity,
    /// A prefix without a namespace, or a namespace that is no absolute URI.
    Namespace,
    /// An id that is there twice, or one that is not known by its plain name.
    Id,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::TooMuch => "it is longer, deeper or more than is read",
            Flaw::Syntax => "it is not well formed",
            Flaw::DocumentType => "it has a document type",
            Flaw::Instruction => "it has a processing instruction",
            Flaw::Comment => "it has a comment",
            Flaw::CharacterData => "it has a CDATA section",
            Flaw::Entity => "it has an entity that is not predefined",
            Flaw::Namespace => "it has a prefix without a namespace, or a namespace that is no absolute URI",
            Flaw::Id => "an id is there twice, or has another name than ID",
        })
    }
}

/// An element with all below it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) prefix: Box<str>,
    /// The name without prefix.
    pub(super) name: Box<str>,
    /// Empty for none.
    pub(super) namespace: Rc<str>,
    pub(super) scope: Rc<Scope>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) prefix: Box<str>,
    pub(super) name: Box<str>,
    /// Empty for attributes without prefix.
    pub(super) namespace: Rc<str>,
    pub(super) value: String,
}

/// What an element declares, and where what its parents declared is.
#[derive(Debug, Default)]
pub(super) struct Scope {
    parent: Option<Rc<Scope>>,
    declared: Vec<(Box<str>, Rc<str>)>,
}

impl Scope {
    /// The namespace of a prefix; that of the empty prefix is empty if nothing declares it.
    pub(super) fn find(&self, prefix: &str) -> Option<Rc<str>> {
        let mut scope = self;
        loop {
            match scope.declared.iter().find(|(known, _)| **known == *prefix) {
                Some((_, namespace)) => return Some(namespace.clone()),
                None => match &scope.parent {
                    Some(parent) => scope = parent,
                    None => break,
                },
            }
        }
        match prefix {
            "" => Some("".into()),
            "xml" => Some(XML.into()),
            _ => None,
        }
    }
}

impl Element {
    /// Reads a document and gives its root.
    pub(super) fn read(text: &str) -> Result<Self, Flaw> {
        if text.len() > BYTES_MAX {
            return Err(Flaw::TooMuch);
        }
        if !text.chars().all(is_character) {
            return Err(Flaw::Syntax);
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut tree = Tree::default();
        loop {
            let is_first = reader.buffer_position() == 0;
            match reader.read_event().map_err(|_| Flaw::Syntax)? {
                Event::Start(start) => tree.start(&start)?,
                Event::End(_) => tree.end()?,
                Event::Text(text) => tree.text(&text)?,
                Event::GeneralRef(name) => tree.reference(&name)?,
                Event::Decl(declaration) if is_first => check_declaration(&declaration)?,
                Event::DocType(_) => return Err(Flaw::DocumentType),
                Event::Decl(_) | Event::PI(_) => return Err(Flaw::Instruction),
                Event::Comment(_) => return Err(Flaw::Comment),
                Event::CData(_) => return Err(Flaw::CharacterData),
                Event::Empty(_) => return Err(Flaw::Syntax),
                Event::Eof => break,
            }
        }
        match tree.root {
            Some(root) if tree.open.is_empty() => Ok(root),
            _ => Err(Flaw::Syntax),
        }
    }

    /// Whether it is of this name in this namespace.
    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        *self.namespace == *namespace && *self.name == *name
    }

    /// The elements right below it.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Those of them with this name.
    pub(super) fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.is(namespace, name))
    }

    /// The one element of this name right below it; `None` if there is none, or more than one.
    pub(super) fn only(&self, namespace: &str, name: &str) -> Option<&Element> {
        let mut all = self.elements().filter(|element| element.is(namespace, name));
        all.next().filter(|_| all.next().is_none())
    }

    /// How many elements at any depth, itself among them, are of this name.
    pub(super) fn count(&self, namespace: &str, name: &str) -> usize {
        let below: usize = self.elements().map(|element| element.count(namespace, name)).sum();
        below + usize::from(self.is(namespace, name))
    }

    /// The value of an attribute without prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|it| it.prefix.is_empty() && *it.name == *name)?;
        Some(&attribute.value)
    }

    /// Its ids, and those below it.
    pub(super) fn ids(&self) -> Vec<&str> {
        let own = self.attributes.iter().filter(|it| it.name.eq_ignore_ascii_case("id")).map(|it| &*it.value);
        own.chain(self.elements().flat_map(Element::ids)).collect()
    }

    /// Its text, whole; `None` if there is an element in it.
    pub(super) fn text(&self) -> Option<String> {
        let mut whole = String::new();
        for node in &self.nodes {
            match node {
                Node::Text(text) => whole.push_str(text),
                Node::Element(_) => return None,
            }
        }
        Some(whole)
    }
}

/// A document while it is read.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    ids: HashSet<String>,
}

impl Tree {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Flaw> {
        self.elements += 1;
        if self.open.len() == DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(Flaw::TooMuch);
        }
        if self.root.is_some() {
            return Err(Flaw::Syntax);
        }
        let (name, pairs) = tag(start)?;
        let parent = self.open.last().map(|element| element.scope.clone());
        let mut declared = Vec::new();
        for (name, value) in &pairs {
            if let Some(prefix) = name.strip_prefix("xmlns:").or_else(|| (*name == "xmlns").then_some("")) {
                check_namespace(prefix, value)?;
                declared.push((prefix.into(), Rc::from(&**value)));
            }
        }
        let scope = Rc::new(Scope { parent, declared });
        let (prefix, name) = split(name)?;
        let namespace = scope.find(prefix).ok_or(Flaw::Namespace)?;
        let mut attributes: Vec<Attribute> = Vec::new();
        for (name, value) in pairs {
            if name != "xmlns" && !name.starts_with("xmlns:") {
                let attribute = Attribute::new(name, value.into_owned(), &scope)?;
                let is_same = |it: &Attribute| it.name == attribute.name && it.namespace == attribute.namespace;
                if attributes.iter().any(is_same) {
                    return Err(Flaw::Syntax);
                }
                self.id(&attribute)?;
                attributes.push(attribute);
            }
        }
        let (prefix, name) = (prefix.into(), name.into());
        self.open.push(Element { prefix, name, namespace, scope, attributes, nodes: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Flaw> {
        let element = self.open.pop().ok_or(Flaw::Syntax)?;
        match self.open.last_mut() {
            Some(parent) => parent.nodes.push(Node::Element(element)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, raw: &str) -> Result<(), Flaw> {
        if raw.contains("]]>") {
            return Err(Flaw::Syntax);
        }
        let text = raw.replace("\r\n", "\n").replace('\r', "\n");
        match self.open.last() {
            Some(_) => self.push(&text),
            None if text.trim_matches(SPACE).is_empty() => {}
            None => return Err(Flaw::Syntax),
        }
        Ok(())
    }

    fn reference(&mut self, name: &str) -> Result<(), Flaw> {
        let character = character(name)?;
        if self.open.is_empty() {
            return Err(Flaw::Syntax);
        }
        self.push(character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn push(&mut self, text: &str) {
        let Some(element) = self.open.last_mut() else { return };
        match element.nodes.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => element.nodes.push(Node::Text(text.to_owned())),
        }
    }

    /// References find elements by id: each has to be there once, and under a name that every reader knows.
    fn id(&mut self, attribute: &Attribute) -> Result<(), Flaw> {
        let is_id = attribute.name.eq_ignore_ascii_case("id");
        if is_id && (!attribute.prefix.is_empty() || !self.ids.insert(attribute.value.clone())) {
            return Err(Flaw::Id);
        }
        Ok(())
    }
}

impl Attribute {
    fn new(name: &str, value: String, scope: &Scope) -> Result<Self, Flaw> {
        let (prefix, name) = split(name)?;
        let namespace = match prefix {
            "" => "".into(),
            prefix => scope.find(prefix).ok_or(Flaw::Namespace)?,
        };
        if prefix == "xml" && !matches!(name, "lang" | "space") {
            return Err(if name == "id" { Flaw::Id } else { Flaw::Syntax });
        }
        Ok(Self { prefix: prefix.into(), name: name.into(), namespace, value })
    }
}

/// Attributes as they stand in a tag, in their order.
type Pairs<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// What stands in a tag: a name, then attributes, with space before each.
fn tag(content: &str) -> Result<(&str, Pairs<'_>), Flaw> {
    let end = content.find(SPACE).unwrap_or(content.len());
    let (name, mut rest) = content.split_at_checked(end).ok_or(Flaw::Syntax)?;
    let mut pairs: Pairs<'_> = Vec::new();
    loop {
        let trimmed = rest.trim_start_matches(SPACE);
        if trimmed.is_empty() {
            return Ok((name, pairs));
        }
        if trimmed.len() == rest.len() {
            return Err(Flaw::Syntax);
        }
        let (name, after) = trimmed.split_once('=').ok_or(Flaw::Syntax)?;
        let (name, after) = (name.trim_end_matches(SPACE), after.trim_start_matches(SPACE));
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or(Flaw::Syntax)?;
        let (value, after) = after.strip_prefix(quote).and_then(|it| it.split_once(quote)).ok_or(Flaw::Syntax)?;
        if pairs.len() == ATTRIBUTES_MAX {
            return Err(Flaw::TooMuch);
        }
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(Flaw::Syntax);
        }
        pairs.push((name, attribute_value(value)?));
        rest = after;
    }
}

/// An attribute's value: white space is a space, but for what is written as a number.
fn attribute_value(raw: &str) -> Result<Cow<'_, str>, Flaw> {
    if raw.contains('<') {
        return Err(Flaw::Syntax);
    }
    if !raw.contains(['&', '\t', '\r', '\n']) {
        return Ok(Cow::Borrowed(raw));
    }
    let normal = raw.replace("\r\n", " ").replace(['\t', '\r', '\n'], " ");
    let mut parts = normal.split('&');
    let mut value = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or(Flaw::Syntax)?;
        value.push(character(name)?);
        value.push_str(rest);
    }
    Ok(Cow::Owned(value))
}

/// The character that a reference names: one of the five predefined entities, or a number.
fn character(name: &str) -> Result<char, Flaw> {
    let number = |digits: &str, radix| {
        let is_plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        let number = u32::from_str_radix(digits, radix).ok().filter(|_| is_plain);
        number.and_then(char::from_u32).filter(|character| is_character(*character)).ok_or(Flaw::Syntax)
    };
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        name => match name.strip_prefix('#') {
            Some(digits) => digits.strip_prefix('x').map_or_else(|| number(digits, 10), |hex| number(hex, 16)),
            None => Err(Flaw::Entity),
        },
    }
}

/// Whether XML 1.0 has the character at all (production 2).
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether the text is a name without colon, in ASCII.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Prefix and name; the prefix may be missing.
fn split(name: &str) -> Result<(&str, &str), Flaw> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let fits = is_name(local) && (local.len() == name.len() || is_name(prefix)) && prefix != "xmlns";
    if fits { Ok((prefix, local)) } else { Err(Flaw::Syntax) }
}

/// A declaration of a namespace: canonical forms are of absolute URIs only (Canonical XML, 1.3).
fn check_namespace(prefix: &str, namespace: &str) -> Result<(), Flaw> {
    let scheme = namespace.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_absolute = scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && namespace.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`'))
        && !namespace.contains(['{', '|', '}', '%', '[', ']']);
    let is_known = prefix.is_empty() || is_name(prefix);
    let is_taken =
        matches!(prefix, "xml" | "xmlns") || namespace == XML || namespace == "http://www.w3.org/2000/xmlns/";
    let fits = is_absolute || (namespace.is_empty() && prefix.is_empty());
    match is_known && fits && !is_taken && namespace.len() <= NAMESPACE_BYTES_MAX {
        true => Ok(()),
        false => Err(Flaw::Namespace),
    }
}

/// `xml version="1.0"`, then an encoding, which is UTF-8, then whether it stands alone.
fn check_declaration(content: &str) -> Result<(), Flaw> {
    let (name, pairs) = tag(content)?;
    let mut pairs = pairs.iter().map(|(name, value)| (*name, &**value)).peekable();
    let is_version = name == "xml" && pairs.next() == Some(("version", "1.0"));
    pairs.next_if(|(name, value)| *name == "encoding" && value.eq_ignore_ascii_case("utf-8"));
    pairs.next_if(|(name, value)| *name == "standalone" && matches!(*value, "yes" | "no"));
    if is_version && pairs.next().is_none() { Ok(()) } else { Err(Flaw::Syntax) }
}
