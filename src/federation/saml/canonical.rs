//! Exclusive canonical XML, without comments (of which there are none): the bytes that a signature is over.
//! Source: W3C, "Exclusive XML Canonicalization Version 1.0", 3; escapes and order: "Canonical XML Version 1.0", 2.3.

use std::rc::Rc;

use super::xml::{Element, Flaw, Node};

/// The method's name in signatures.
pub(super) const METHOD: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Namespaces are written anew wherever they come into use, so that the output can be longer than the input.
const BYTES_MAX: usize = 1 << 20;

/// What has been written for the elements around: prefixes with their namespaces, the nearest last.
type Written<'a> = Vec<(&'a str, Rc<str>)>;

/// The canonical form of an element. `prefixes` are the method's `PrefixList`, with an empty text for `#default`.
/// `without` is the place among the element's nodes that is left out: the signature that it envelops.
pub(super) fn canonical(element: &Element, prefixes: &[&str], without: Option<usize>) -> Result<String, Flaw> {
    let mut out = String::new();
    write(element, prefixes, without, &mut Vec::new(), &mut out)?;
    Ok(out)
}

fn write<'a>(
    element: &'a Element,
    prefixes: &[&'a str],
    without: Option<usize>,
    written: &mut Written<'a>,
    out: &mut String,
) -> Result<(), Flaw> {
    let before = written.len();
    out.push('<');
    name(&element.prefix, &element.name, out);
    namespaces(element, prefixes, written, out);
    let mut attributes: Vec<_> = element.attributes.iter().collect();
    attributes.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    for attribute in attributes {
        out.push(' ');
        name(&attribute.prefix, &attribute.name, out);
        out.push_str("=\"");
        escape_attribute(&attribute.value, out);
        out.push('"');
    }
    out.push('>');
    for (at, node) in element.nodes.iter().enumerate() {
        match node {
            Node::Element(_) if Some(at) == without => {}
            Node::Element(child) => write(child, prefixes, None, written, out)?,
            Node::Text(text) => escape_text(text, out),
        }
        if out.len() > BYTES_MAX {
            return Err(Flaw::TooMuch);
        }
    }
    out.push_str("</");
    name(&element.prefix, &element.name, out);
    out.push('>');
    written.truncate(before);
    Ok(())
}

/// The declarations of prefixes that the element or its attributes use, or that the method lists, as far as they are not
/// written yet.
fn namespaces<'a>(element: &'a Element, prefixes: &[&'a str], written: &mut Written<'a>, out: &mut String) {
    let attributes = element.attributes.iter().map(|attribute| &*attribute.prefix).filter(|prefix| !prefix.is_empty());
    let mut used: Vec<&str> = vec![&element.prefix];
    used.extend(attributes);
    used.extend(prefixes);
    used.sort_unstable();
    used.dedup();
    for prefix in used.into_iter().filter(|prefix| *prefix != "xml") {
        let Some(namespace) = element.scope.find(prefix) else { continue };
        let nearest = written.iter().rev().find(|(known, _)| *known == prefix).map_or("", |(_, namespace)| namespace);
        if nearest == &*namespace {
            continue;
        }
        out.push_str(" xmlns");
        if !prefix.is_empty() {
            out.push(':');
            out.push_str(prefix);
        }
        out.push_str("=\"");
        escape_attribute(&namespace, out);
        out.push('"');
        written.push((prefix, namespace));
    }
}

fn name(prefix: &str, local: &str, out: &mut String) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}

fn escape_text(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

fn escape_attribute(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}
