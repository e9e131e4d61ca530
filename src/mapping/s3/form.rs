//! Browser uploads: `POST` to a bucket with `multipart/form-data`. The form's fields say what headers say elsewhere, and
//! the store gets a `PutObject`.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    addressing::Target, body::Document, call::Call, check, fault, headers, needs, table::Body, tags, xml::Element,
};
use crate::{base::Fault, mapping::uri};

/// Fields that are the form's or the signature's own.
const OWN: &[&str] = &[
    "bucket",
    "file",
    "key",
    "policy",
    "redirect",
    "submit",
    "success_action_redirect",
    "success_action_status",
    "tagging",
];

impl Call {
    /// Takes the fields before the file, names in any case, with `${filename}` already put into `key`.
    ///
    /// # Errors
    /// `InvalidArgument` without a key or with a field twice; `NotImplemented` for unknown fields; those of a head.
    pub fn with_form<N: AsRef<str>, V: AsRef<str>>(&mut self, fields: &[(N, V)]) -> Result<(), Fault> {
        if self.row.body != Body::Form {
            return Err(fault::invalid_request("This operation takes no form."));
        }
        let mut sent = HeaderMap::new();
        let (mut key, mut tagging) = (None, None);
        for (name, value) in fields {
            let (name, value) = (name.as_ref().to_ascii_lowercase(), value.as_ref());
            match name.as_str() {
                "key" if key.is_none() => key = Some(value),
                "tagging" if tagging.is_none() => tagging = Some(value),
                "bucket" if value != self.bucket() => {
                    return Err(fault::invalid_argument("The bucket is not the one of the request.", "bucket", value));
                }
                "key" | "tagging" => return Err(fault::invalid_argument("A field may be given only once.", &name, "")),
                name if OWN.contains(&name) || name.starts_with("x-ignore-") => (),
                name => add_header(&mut sent, name, value)?,
            }
        }
        let key = key
            .filter(|key| !key.is_empty())
            .ok_or_else(|| fault::invalid_argument("Bucket POST must contain a field named 'key'.", "key", ""))?;
        self.target = Target::new(self.bucket(), key, self.keys_are_file_paths)?;
        if let Some(document) = tagging {
            add_header(&mut sent, "x-amz-tagging", &tagging_header(document)?)?;
        }
        let mut folded = headers::fold(&sent, &[])?;
        if !folded.selectors.is_empty() {
            return Err(fault::not_implemented("x-amz-copy-source"));
        }
        headers::keep_taken(self.row, &mut folded.headers)?;
        self.tags = check::headers(&folded.headers)?;
        self.headers = folded.headers;
        self.document = Document::Unread;
        needs::fill(self);
        Ok(())
    }
}

/// A field that stands for a header; any that is not known as one is refused.
fn add_header(sent: &mut HeaderMap, name: &str, value: &str) -> Result<(), Fault> {
    let name = if name == "acl" { "x-amz-acl" } else { name };
    let is_known = name.starts_with("x-amz-")
        || matches!(
            name,
            "cache-control"
                | "content-type"
                | "content-disposition"
                | "content-encoding"
                | "content-language"
                | "expires"
        );
    if !is_known {
        return Err(fault::not_implemented(name));
    }
    let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.trim())) else {
        return Err(fault::invalid_argument("A field holds characters that are not allowed.", name, ""));
    };
    sent.append(name, value);
    Ok(())
}

/// The tag set of the field `tagging`, as the header has it.
fn tagging_header(document: &str) -> Result<String, Fault> {
    let document = Element::parse(document.as_bytes(), "Tagging")?;
    let set = document.only("TagSet")?.ok_or_else(|| fault::malformed_xml("there is no tag set"))?;
    let mut header = String::new();
    for (key, value) in tags::of_element(set)? {
        if !header.is_empty() {
            header.push('&');
        }
        uri::encode_query(&key, &mut header);
        header.push('=');
        uri::encode_query(&value, &mut header);
    }
    Ok(header)
}
