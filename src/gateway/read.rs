//! Step 1, read: from what arrived to a head that can mean only one thing.
//!
//! Whatever a client and a server could read differently is refused here, before anything looks at what it says.

use std::{net::IpAddr, sync::Arc};

use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    request::Parts,
};

use super::proxies::Proxies;
use crate::{
    base::{Fault, Head},
    federation::certificate::Certificate,
};

/// The connection that a request came over.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The peer's address.
    pub peer: IpAddr,
    /// TLS towards the client; `None` for plain HTTP.
    pub tls: Option<TlsFacts>,
    /// The certificate that the client showed, verified.
    pub certificate: Option<Arc<Certificate>>,
}

/// What is known of the client's TLS.
#[derive(Debug, Clone, Copy)]
pub struct TlsFacts {
    /// `TLSv1.2`, `TLSv1.3`: CloudTrail's spelling.
    pub version: &'static str,
    /// `1.2`, `1.3`: the spelling of `s3:TlsVersion`.
    pub number: &'static str,
    /// The cipher suite's name in CloudTrail's spelling: `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: &'static str,
}

/// A request whose head is sound.
#[derive(Debug)]
pub struct Received {
    /// Method, target, headers as received.
    pub parts: Parts,
    /// The one host that was asked for, with its port if it was given.
    pub host: Box<str>,
    /// The client's address: the peer, or what a configured proxy says.
    pub source_ip: IpAddr,
    /// The connection.
    pub connection: Arc<Connection>,
    /// The certificate of whoever sent the request. One that a configured proxy shows is the proxy's own, and none here.
    pub certificate: Option<Arc<Certificate>>,
    /// `Content-Length`; `None` if the body's length is not known in advance.
    pub content_length: Option<u64>,
}

impl Received {
    /// The head, for the engines.
    pub fn head(&self) -> Head<'_> {
        Head {
            method: &self.parts.method,
            host: &self.host,
            path: self.parts.uri.path(),
            query: self.parts.uri.query().unwrap_or_default(),
            headers: &self.parts.headers,
        }
    }

    /// A header's text, for the record; what is not visible ASCII is left out.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The most headers that a request may have. S3 has no documented number; hyper's own limit is the same.
const HEADERS_MAX: usize = 100;

/// Checks a head. Every error is a 400 that says what was ambiguous.
pub fn read(parts: Parts, connection: Arc<Connection>, proxies: &Proxies) -> Result<Received, (Box<Parts>, Fault)> {
    match check(&parts) {
        Ok((host, content_length)) => {
            let source_ip = proxies.source_ip(connection.peer, &parts.headers);
            let certificate = connection.certificate.clone().filter(|_| !proxies.holds(connection.peer));
            Ok(Received { host, source_ip, content_length, certificate, connection, parts })
        }
        Err(fault) => Err((Box::new(parts), fault)),
    }
}

fn check(parts: &Parts) -> Result<(Box<str>, Option<u64>), Fault> {
    let headers = &parts.headers;
    if headers.len() > HEADERS_MAX {
        return Err(refused("the request has more than 100 headers"));
    }
    for (name, value) in headers {
        check_header(name, value)?;
    }
    let path = parts.uri.path();
    if !path.starts_with('/') {
        return Err(Fault::new(400, "InvalidURI", "Couldn't parse the specified URI.").because("no absolute path"));
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(refused("both Content-Length and Transfer-Encoding"));
    }
    Ok((host(parts)?, content_length(parts)?))
}

/// Header names with an underscore are read as if they had a hyphen by many servers; values with other bytes than
/// visible ASCII, space and tab are read differently by all.
fn check_header(name: &HeaderName, value: &HeaderValue) -> Result<(), Fault> {
    if name.as_str().as_bytes().contains(&b'_') {
        return Err(refused("a header name with an underscore"));
    }
    // To the end in any case, so that the compiler looks at many bytes in one go.
    let is_sound = |sound: bool, &byte: &u8| sound & ((byte == b'\t') | (b' '..=b'~').contains(&byte));
    let sound = value.as_bytes().iter().fold(true, is_sound);
    let is_metadata = name.as_str().starts_with("x-amz-meta-");
    // S3 takes UTF-8 in user metadata (user guide, "Working with object metadata"); control bytes it never takes.
    let sound =
        sound || (is_metadata && value.as_bytes().iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 127)));
    if sound { Ok(()) } else { Err(refused("a header value with control or non-ASCII bytes")) }
}

/// The one host: all of `Host` and the target's authority that are given must agree.
fn host(parts: &Parts) -> Result<Box<str>, Fault> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let header = hosts.next().map(|value| value.to_str().map_err(|_| refused("Host is not ASCII"))).transpose()?;
    if hosts.next().is_some() {
        return Err(refused("more than one Host header"));
    }
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    let host = match (header, authority) {
        (Some(header), Some(authority)) if !header.eq_ignore_ascii_case(authority) => {
            return Err(refused("Host and the request target's authority differ"));
        }
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(refused("no Host header")),
    };
    if host.is_empty() || host.contains(['@', '/', ' ', ',']) {
        return Err(refused("Host is not a host"));
    }
    Ok(host.into())
}

fn content_length(parts: &Parts) -> Result<Option<u64>, Fault> {
    let mut lengths = parts.headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else { return Ok(None) };
    if lengths.next().is_some() {
        return Err(refused("more than one Content-Length"));
    }
    let digits = length.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| refused("Content-Length is not a number"))
}

fn refused(why: &'static str) -> Fault {
    Fault::new(400, "InvalidRequest", format!("The request is ambiguous or malformed: {why}.")).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(request: http::request::Builder) -> Result<Received, Fault> {
        let parts = request.body(()).unwrap().into_parts().0;
        let connection = Connection { peer: [192, 0, 2, 1].into(), tls: None, certificate: None };
        read(parts, connection.into(), &Proxies::default()).map_err(|(_, fault)| fault)
    }

    #[test]
    fn a_head_that_can_be_read_two_ways_is_refused() {
        let get = |uri: &str| http::Request::get(uri.to_owned());
        let cases = [
            ("plain", get("/b/k").header("host", "h:9000"), true),
            ("absolute form", get("http://h:9000/b").header("host", "h:9000"), true),
            ("http/2 without host", get("http://h:9000/b"), true),
            ("no host", get("/b"), false),
            ("two hosts", get("/b").header("host", "a").header("host", "b"), false),
            ("host and authority differ", get("http://a/b").header("host", "b"), false),
            ("user in host", get("/b").header("host", "u@h"), false),
            (
                "two lengths",
                get("/").header("host", "h").header("content-length", "1").header("content-length", "1"),
                false,
            ),
            ("signed length", get("/").header("host", "h").header("content-length", "+1"), false),
            (
                "length and chunks",
                get("/").header("host", "h").header("content-length", "1").header("transfer-encoding", "chunked"),
                false,
            ),
            ("underscore", get("/").header("host", "h").header("x_amz_acl", "a"), false),
            (
                "latin-1 value",
                get("/").header("host", "h").header("a", HeaderValue::from_bytes(b"\xe9").unwrap()),
                false,
            ),
            (
                "utf-8 metadata",
                get("/").header("host", "h").header("x-amz-meta-a", HeaderValue::from_bytes("é".as_bytes()).unwrap()),
                true,
            ),
        ];
        for (name, request, sound) in cases {
            assert_eq!(received(request).is_ok(), sound, "{name}");
        }
    }
}
