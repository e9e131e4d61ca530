//! Answers of the Query protocol: XML as a tree.

use percent_encoding::percent_decode_str;
use quick_xml::{Reader, events::Event};

use super::json;
use crate::cli::Failure;

/// The deepest answer that is read; those of IAM have a dozen levels.
const DEPTH_MAX: usize = 64;

/// An element.
#[derive(Debug, Default, Clone)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Reads a text.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Element::default()];
        let strange = "the answer is no XML of the Query protocol";
        loop {
            match reader.read_event()? {
                Event::Start(_) if open.len() > DEPTH_MAX => return Err(strange.into()),
                Event::Start(start) => {
                    open.push(Element { name: start.local_name().as_ref().to_owned(), ..Self::default() });
                }
                Event::Text(text) => say(&mut open, &text),
                Event::CData(text) => say(&mut open, &text),
                Event::GeneralRef(reference) => {
                    say(&mut open, &quick_xml::escape::unescape(&format!("&{};", &*reference))?);
                }
                Event::End(_) => {
                    let closed = open.pop().ok_or(strange)?;
                    open.last_mut().ok_or(strange)?.children.push(closed);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty()).and_then(|root| root.children.into_iter().next());
        root.ok_or_else(|| strange.into())
    }

    /// A child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child; empty if there is none.
    pub(super) fn said(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// The members of a list.
    pub(super) fn members(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| list.children.as_slice())
    }

    /// The document in a child, which answers hold escaped.
    pub(super) fn document(&self, name: &str) -> String {
        percent_decode_str(self.said(name)).decode_utf8_lossy().into_owned()
    }

    /// The tags of a resource.
    pub(super) fn tags(&self) -> Vec<(String, String)> {
        let tag = |tag: &Element| (tag.said("Key").to_owned(), tag.said("Value").to_owned());
        self.members("Tags").iter().map(tag).collect()
    }

    /// As the AWS CLI prints it: documents opened, numbers and words bare.
    pub(super) fn json(&self) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let is_list = self.name.ends_with("List")
            || matches!(&*self.name, "AttachedManagedPolicies" | "Policies" | "Roles" | "Tags");
        match &*self.name {
            _ if is_list => {
                let members: Vec<String> = self.children.iter().map(Element::json).collect();
                format!("[{}]", members.join(","))
            }
            "PolicyDocument" | "AssumeRolePolicyDocument" | "Document" => {
                let document = percent_decode_str(&self.text).decode_utf8_lossy();
                match serde_json::from_str::<serde::de::IgnoredAny>(&document) {
                    Ok(_) => json::compact(&document),
                    Err(_) => text(&document),
                }
            }
            "AttachmentCount" | "PermissionsBoundaryUsageCount" | "IsAttachable" | "IsDefaultVersion" => {
                self.text.clone()
            }
            name if !self.children.is_empty() || matches!(name, "RoleLastUsed" | "PermissionsBoundary") => {
                let members: Vec<String> =
                    self.children.iter().map(|child| format!("{}:{}", text(&child.name), child.json())).collect();
                format!("{{{}}}", members.join(","))
            }
            _ => text(&self.text),
        }
    }
}

/// Adds to the text of the innermost element.
fn say(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}
