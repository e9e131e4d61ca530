//! S3's error bodies: `<Error><Code/><Message/>...<RequestId/><HostId/></Error>`.
//! Source: S3 API reference, "REST error responses".

use std::borrow::Cow;

use bytes::Bytes;
use quick_xml::{Reader, escape::escape, events::Event};

use crate::base::Fault;

/// The content type of S3's errors.
pub const CONTENT_TYPE: &str = "application/xml";

/// The `xmlns` of S3 Control's answers.
pub const CONTROL_NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// The longest error body of an upstream that is read, in bytes.
pub const ERROR_BODY_BYTES_MAX: usize = 64 * 1024;

/// Writes a fault as S3 does.
pub fn error_body(fault: &Fault, request_id: &str, host_id: &str) -> Bytes {
    let mut body = String::with_capacity(512);
    body.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    members(&mut body, fault);
    ids(&mut body, request_id, host_id);
    body.push_str("</Error>");
    body.into()
}

/// Writes a fault as S3 Control does: in an envelope, which has the ids.
pub fn control_error_body(fault: &Fault, request_id: &str, host_id: &str) -> Bytes {
    let mut body = String::with_capacity(512);
    body.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse xmlns=\"");
    body.push_str(CONTROL_NAMESPACE);
    body.push_str("\"><Error>");
    members(&mut body, fault);
    body.push_str("</Error>");
    ids(&mut body, request_id, host_id);
    body.push_str("</ErrorResponse>");
    body.into()
}

fn members(body: &mut String, fault: &Fault) {
    element(body, "Code", &fault.code);
    element(body, "Message", &fault.message);
    for (name, value) in &fault.fields {
        element(body, name, value);
    }
}

fn ids(body: &mut String, request_id: &str, host_id: &str) {
    element(body, "RequestId", request_id);
    element(body, "HostId", host_id);
}

/// Reads an upstream's error body. The upstream's own request and host ids are left out: the client gets ours.
/// Anything that is not an S3 error is `None`.
pub fn read_error(status: u16, body: &[u8]) -> Option<Fault> {
    let text = str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut fault = Fault::new(status, "", "");
    let mut value = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                value.clear();
                if path.len() > 8 {
                    return None;
                }
            }
            Event::Text(text) => value.push_str(&text),
            Event::GeneralRef(reference) => value.push(read_reference(&reference)?),
            Event::End(_) => {
                let name = path.pop()?;
                if path.len() == 1 && path.first().is_some_and(|root| root == "Error") {
                    keep(&mut fault, name, std::mem::take(&mut value));
                }
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    (!fault.code.is_empty()).then_some(fault)
}

fn keep(fault: &mut Fault, name: String, value: String) {
    match name.as_str() {
        "Code" => fault.code = Cow::Owned(value.trim().to_owned()),
        "Message" => fault.message = Cow::Owned(value),
        "RequestId" | "HostId" => {}
        _ => fault.fields.push((Cow::Owned(name), value)),
    }
}

fn read_reference(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character);
    }
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

fn element(body: &mut String, name: &str, value: &str) {
    body.push('<');
    body.push_str(name);
    body.push('>');
    body.push_str(&escape(value));
    body.push_str("</");
    body.push_str(name);
    body.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_back_as_it_was_written() {
        let fault = Fault::new(404, "NoSuchKey", "The <key> & \"all\"").with("Key", "a/b & c").with("BucketName", "b");
        let body = error_body(&fault, "ID", "HOST");
        assert_eq!(read_error(404, &body), Some(fault));
        assert!(str::from_utf8(&body).unwrap().ends_with("<RequestId>ID</RequestId><HostId>HOST</HostId></Error>"));
    }

    #[test]
    fn s3_control_puts_the_error_in_an_envelope() {
        let body = control_error_body(&Fault::new(404, "No", "It <is> not").with("AccountId", "1"), "ID", "HOST");
        let expected = "<ErrorResponse xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><Error>\
                        <Code>No</Code><Message>It &lt;is&gt; not</Message><AccountId>1</AccountId></Error>\
                        <RequestId>ID</RequestId><HostId>HOST</HostId></ErrorResponse>";
        assert_eq!(str::from_utf8(&body).unwrap().lines().last(), Some(expected));
    }

    #[test]
    fn what_is_not_an_s3_error_is_not_read() {
        for body in [
            "",
            "<html>no</html>",
            "<Error><Message>no code</Message></Error>",
            "<Error><Code>A",
            "\u{0}",
            "<!DOCTYPE a><Error><Code>A</Code></Error>",
            "<Error><Code>&unknown;</Code></Error>",
        ] {
            assert_eq!(read_error(500, body.as_bytes()), None, "{body}");
        }
    }
}
