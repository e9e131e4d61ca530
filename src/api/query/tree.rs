//! Results, written as the protocol's XML and as CloudTrail's JSON.

use std::borrow::Cow;

use quick_xml::escape::partial_escape;
use serde_json::{Map, Value as Json};

use crate::base::{Timestamp, time};

/// A result or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// No result: its element is left out.
    Nothing,
    /// A text.
    Text(String),
    /// A text that is told to the client and nobody else.
    Secret(String),
    /// What is told to the client and to nobody else.
    Untold(Box<Node>),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A moment.
    Time(Timestamp),
    /// Named members; those that are [`Node::Nothing`] are left out.
    Struct(Vec<(&'static str, Node)>),
    /// Members of a list.
    List(Vec<Node>),
    /// Keys with their values.
    Map(Vec<(Cow<'static, str>, Node)>),
}

impl Node {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Node::Text(text.into())
    }

    /// A text that may be missing.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Node::Nothing, Node::text)
    }

    /// A structure with one member.
    pub fn one(name: &'static str, member: Node) -> Self {
        Node::Struct(vec![(name, member)])
    }

    /// As CloudTrail's `responseElements`: names in lower camel case, secrets left out; `null` for nothing.
    pub fn shown(&self) -> Json {
        match self {
            Node::Nothing | Node::Secret(_) | Node::Untold(_) => Json::Null,
            Node::Text(text) => text.as_str().into(),
            Node::Bool(value) => (*value).into(),
            Node::Number(number) => (*number).into(),
            Node::Time(at) => time::spoken(*at).into(),
            Node::List(members) => members.iter().map(Node::shown).collect(),
            Node::Map(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone().into_owned(), value.shown())).collect())
            }
            Node::Struct(members) => {
                let is_told = |node: &Node| !matches!(node, Node::Nothing | Node::Secret(_) | Node::Untold(_));
                let visible = members.iter().filter(|(_, member)| is_told(member));
                Json::Object(visible.map(|(name, member)| (lower_camel(name), member.shown())).collect::<Map<_, _>>())
            }
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Node::Nothing => {}
            Node::Text(text) | Node::Secret(text) => out.push_str(&partial_escape(text.as_str())),
            Node::Untold(node) => node.write(out),
            Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Node::Number(number) => out.push_str(itoa::Buffer::new().format(*number)),
            Node::Time(at) => out.push_str(&time::iso8601(*at)),
            Node::List(members) => members.iter().for_each(|member| element(out, "member", member)),
            Node::Struct(members) => members.iter().for_each(|(name, member)| element(out, name, member)),
            Node::Map(entries) => entries.iter().for_each(|(key, value)| {
                let entry = Node::Struct(vec![("key", Node::text(key.as_ref())), ("value", value.clone())]);
                element(out, "entry", &entry);
            }),
        }
    }
}

/// A whole answer.
pub fn answer(operation: &str, namespace: &str, request_id: &str, result: &Node) -> String {
    let mut out = String::with_capacity(512);
    out.extend(["<", operation, "Response xmlns=\"", namespace, "\">"]);
    element(&mut out, &[operation, "Result"].concat(), result);
    out.extend(["<ResponseMetadata><RequestId>", request_id, "</RequestId></ResponseMetadata></", operation]);
    out.push_str("Response>");
    out
}

fn element(out: &mut String, name: &str, node: &Node) {
    if *node == Node::Nothing {
        return;
    }
    out.extend(["<", name, ">"]);
    node.write(out);
    out.extend(["</", name, ">"]);
}

/// `UserName` as `userName`.
pub fn lower_camel(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + characters.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_xml_for_the_client_and_json_for_the_record() {
        let result = Node::Struct(vec![
            ("UserName", Node::text("a<b")),
            ("Secret", Node::Secret("hidden".into())),
            ("Absent", Node::maybe(None::<String>)),
            ("Empty", Node::List(vec![])),
            ("Tags", Node::List(vec![Node::one("Key", Node::text("k"))])),
            ("IsTruncated", Node::Bool(false)),
            ("Count", Node::Number(7)),
            ("CreateDate", Node::Time(Timestamp::UNIX_EPOCH)),
        ]);
        assert_eq!(
            answer("Do", "urn:x", "ID", &result),
            "<DoResponse xmlns=\"urn:x\"><DoResult><UserName>a&lt;b</UserName><Secret>hidden</Secret><Empty></Empty>\
             <Tags><member><Key>k</Key></member></Tags><IsTruncated>false</IsTruncated><Count>7</Count>\
             <CreateDate>1970-01-01T00:00:00Z</CreateDate></DoResult>\
             <ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></DoResponse>"
        );
        let shown = json!({"userName": "a<b", "empty": [], "tags": [{"key": "k"}], "isTruncated": false, "count": 7,
            "createDate": "Jan 1, 1970, 12:00:00 AM"});
        assert_eq!(result.shown(), shown);
        assert!(!answer("Do", "urn:x", "ID", &Node::Nothing).contains("DoResult"));
    }
}
