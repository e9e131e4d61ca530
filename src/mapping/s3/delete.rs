//! `DeleteObjects`: many keys in one request, each decided on its own.

use bytes::Bytes;

use super::{
    addressing::Target,
    fault,
    xml::{self, Element},
};
use crate::base::Fault;

/// S3's limit.
const KEYS_MAX: usize = 1000;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The typed body.
#[derive(Debug)]
pub(super) struct DeleteRequest {
    pub(super) entries: Vec<Entry>,
    /// Successes are left out of the answer.
    quiet: bool,
}

/// One object to delete.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) target: Target,
    pub(super) version: Option<String>,
    /// `ETag`, `LastModifiedTime`, `Size`: the conditions of a conditional delete, as sent.
    conditions: Vec<(&'static str, String)>,
    /// The message of the denial, once it was refused.
    refused: Option<String>,
}

impl DeleteRequest {
    /// Reads the document. A key may stand in it twice.
    pub(super) fn parse(body: &[u8], bucket: &str, keys_are_file_paths: bool) -> Result<Self, Fault> {
        let document = Element::parse(body, "Delete")?;
        let quiet = match document.only("Quiet")?.map(|quiet| quiet.text.trim()) {
            Some("true") => true,
            Some("false") | None => false,
            Some(_) => return Err(fault::malformed_xml("`Quiet` is true or false")),
        };
        let mut entries = Vec::new();
        for child in document.children.iter().filter(|child| child.name != "Quiet") {
            if child.name != "Object" || entries.len() == KEYS_MAX {
                return Err(fault::malformed_xml("something else than an object, or more than 1000"));
            }
            entries.push(Entry::parse(child, bucket, keys_are_file_paths)?);
        }
        if entries.is_empty() {
            return Err(fault::malformed_xml("there is no object to delete"));
        }
        Ok(Self { entries, quiet })
    }

    /// Leaves one entry out.
    pub(super) fn refuse(&mut self, item: u32, message: &str) {
        let entry = usize::try_from(item).ok().and_then(|at| self.entries.get_mut(at));
        if let Some(entry) = entry {
            entry.refused = Some(message.to_owned());
        }
    }

    /// The body for the upstream: the allowed entries; `None` if there are none.
    pub(super) fn upstream_body(&self) -> Option<Bytes> {
        let mut out = format!("<Delete xmlns=\"{NAMESPACE}\">");
        let mut is_empty = true;
        for entry in self.entries.iter().filter(|entry| entry.refused.is_none()) {
            is_empty = false;
            entry.write(&mut out);
        }
        if self.quiet {
            xml::leaf("Quiet", "true", &mut out);
        }
        out.push_str("</Delete>");
        (!is_empty).then(|| out.into())
    }

    /// The answer to the client: the upstream's, with an error for each refused entry.
    pub(super) fn merge(&self, upstream: Option<&[u8]>) -> Result<Bytes, Fault> {
        let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult xmlns=\"{NAMESPACE}\">");
        if let Some(answer) = upstream {
            for child in &Element::parse(answer, "DeleteResult")?.children {
                child.write(&mut out);
            }
        }
        for entry in &self.entries {
            if let Some(message) = &entry.refused {
                out.push_str("<Error>");
                xml::leaf("Key", entry.target.key(), &mut out);
                if let Some(version) = &entry.version {
                    xml::leaf("VersionId", version, &mut out);
                }
                xml::leaf("Code", "AccessDenied", &mut out);
                xml::leaf("Message", message, &mut out);
                out.push_str("</Error>");
            }
        }
        out.push_str("</DeleteResult>");
        Ok(out.into())
    }

    pub(super) fn is_any_refused(&self) -> bool {
        self.entries.iter().any(|entry| entry.refused.is_some())
    }
}

impl Entry {
    fn parse(object: &Element, bucket: &str, keys_are_file_paths: bool) -> Result<Self, Fault> {
        let mut conditions = Vec::new();
        for child in &object.children {
            match child.name.as_str() {
                "Key" | "VersionId" => (),
                "ETag" => conditions.push(("ETag", child.text.clone())),
                "LastModifiedTime" => conditions.push(("LastModifiedTime", child.text.clone())),
                "Size" => conditions.push(("Size", child.text.clone())),
                _ => return Err(fault::malformed_xml("an object has an unknown element")),
            }
        }
        for name in ["ETag", "LastModifiedTime", "Size"] {
            object.only(name)?;
        }
        let key = object.only("Key")?.map_or("", |key| key.text.as_str());
        if key.is_empty() {
            return Err(fault::malformed_xml("an object has no key"));
        }
        let version = object.only("VersionId")?.map(|version| version.text.clone());
        if version.as_deref() == Some("") {
            return Err(fault::malformed_xml("a version id is empty"));
        }
        Ok(Self { target: Target::new(bucket, key, keys_are_file_paths)?, version, conditions, refused: None })
    }

    fn write(&self, out: &mut String) {
        out.push_str("<Object>");
        xml::leaf("Key", self.target.key(), out);
        if let Some(version) = &self.version {
            xml::leaf("VersionId", version, out);
        }
        for (name, value) in &self.conditions {
            xml::leaf(name, value, out);
        }
        out.push_str("</Object>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str =
        "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key><VersionId>v</VersionId></Object></Delete>";

    #[test]
    fn only_what_was_allowed_goes_upstream() {
        let mut request = DeleteRequest::parse(TWO.as_bytes(), "photos", false).unwrap();
        request.refuse(1, "no <way>");
        let body = request.upstream_body().unwrap();
        assert_eq!(body, format!("<Delete xmlns=\"{NAMESPACE}\"><Object><Key>a&amp;b</Key></Object></Delete>"));
        let answer =
            request.merge(Some(b"<DeleteResult><Deleted><Key>a&amp;b</Key></Deleted></DeleteResult>")).unwrap();
        let merged = Element::parse(&answer, "DeleteResult").unwrap();
        assert_eq!(merged.only("Deleted").unwrap().unwrap().child_text("Key"), Some("a&b"));
        let error = merged.only("Error").unwrap().unwrap();
        let texts = ["Key", "VersionId", "Code", "Message"].map(|name| error.child_text(name).unwrap());
        assert_eq!(texts, ["c", "v", "AccessDenied", "no <way>"]);
        request.refuse(0, "no");
        assert_eq!(request.upstream_body(), None);
        assert_eq!(Element::parse(&request.merge(None).unwrap(), "DeleteResult").unwrap().all("Error").count(), 2);
    }

    #[test]
    fn a_list_that_is_not_clear_is_refused() {
        let many = format!("<Delete>{}</Delete>", "<Object><Key>k</Key></Object>".repeat(1001));
        let cases = [
            "<Delete/>",
            "<Delete><Object/></Delete>",
            "<Delete><Object><Key/></Object></Delete>",
            "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
            "<Delete><Object><Key>a</Key><VersionId/></Object></Delete>",
            "<Delete><Object><Key>a</Key><Other/></Object></Delete>",
            "<Delete><Key>a</Key></Delete>",
            "<Delete><Quiet>maybe</Quiet><Object><Key>a</Key></Object></Delete>",
            "<Other/>",
            many.as_str(),
        ];
        for body in cases {
            assert_eq!(DeleteRequest::parse(body.as_bytes(), "photos", false).unwrap_err().code, "MalformedXML");
        }
        let escaping = "<Delete><Object><Key>../other/a</Key></Object></Delete>";
        assert_eq!(DeleteRequest::parse(escaping.as_bytes(), "photos", false).unwrap_err().code, "InvalidURI");
    }
}
