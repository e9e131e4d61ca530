//! Where the discovery documents of this deployment's token issuers can be had: each account that gives out tokens is an
//! issuer of its own, below one public URL.
//!
//! The host of that URL is theirs alone as far as requests without a signature go. If a store could be read there without
//! one, whoever may write a public object could write the keys of an issuer.
//! Source: OpenID Connect Discovery 1.0, section 4.

use crate::base::Head;

/// A public URL: `https`, a host, maybe a port and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl {
    text: Box<str>,
    host: Box<str>,
    path: Box<str>,
}

/// The documents of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// What there is to know of it.
    Configuration,
    /// The keys that it signs with.
    Keys,
}

impl Document {
    /// Both.
    pub const ALL: [Document; 2] = [Document::Configuration, Document::Keys];

    /// Where it is below its issuer.
    pub fn path(self) -> &'static str {
        match self {
            Document::Configuration => "/.well-known/openid-configuration",
            Document::Keys => "/.well-known/jwks.json",
        }
    }
}

impl IssuerUrl {
    /// Reads a URL without `/` at its end, without query; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse() != Ok(0_u16);
        let fits = host.split('.').all(is_label)
            && port.is_none_or(|port| is_port(port) && port.parse::<u16>().is_ok())
            && path.split('/').skip(1).all(is_segment);
        fits.then(|| Self { text: text.into(), host: host.into(), path: path.into() })
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The issuer with this id, as its tokens name it.
    pub fn issuer(&self, id: &str) -> String {
        format!("{}/{id}", self.text)
    }

    /// Whether a request is to this host, on whichever port.
    pub fn is_asked(&self, head: &Head<'_>) -> bool {
        let Some((name, rest)) = head.host.split_at_checked(self.host.len()) else { return false };
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        name.eq_ignore_ascii_case(&self.host) && (rest.is_empty() || rest.starts_with(':'))
    }

    /// Which document of which issuer a raw path is for; the id may be anybody's.
    pub fn document<'a>(&self, path: &'a str) -> Option<(&'a str, Document)> {
        let below = path.strip_prefix(&*self.path)?.strip_prefix('/')?;
        let (id, rest) = below.split_at(below.find('/')?);
        let document = Document::ALL.into_iter().find(|document| document.path() == rest)?;
        (!id.is_empty()).then_some((id, document))
    }
}

fn is_label(label: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty() && label.bytes().all(fits) && !label.starts_with('-') && !label.ends_with('-')
}

/// Nothing that is escaped or that a proxy might take out.
fn is_segment(segment: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte);
    segment.bytes().all(fits) && !segment.bytes().all(|byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    #[test]
    fn urls_are_plain_https() {
        let cases = [
            ("https://sts.example.com", Some("sts.example.com")),
            ("https://sts.example.com:8443", Some("sts.example.com")),
            ("https://sts.example.com/tokens/a.b", Some("sts.example.com")),
            ("https://sts", Some("sts")),
            ("http://sts.example.com", None),
            ("https://sts.example.com/", None),
            ("https://sts.example.com/a/", None),
            ("https://sts.example.com//a", None),
            ("https://sts.example.com/../a", None),
            ("https://sts.example.com/a%2fb", None),
            ("https://sts.example.com?a=b", None),
            ("https://sts.example.com/a#b", None),
            ("https://ann@sts.example.com", None),
            ("https://STS.example.com", None),
            ("https://sts.example.com:0", None),
            ("https://sts.example.com:99999", None),
            ("https://sts.example.com:", None),
            ("https://-sts.example.com", None),
            ("https://[::1]:8443", None),
            ("https://", None),
            ("", None),
        ];
        for (text, host) in cases {
            assert_eq!(IssuerUrl::parse(text).as_ref().map(IssuerUrl::host), host, "{text}");
        }
    }

    #[test]
    fn documents_are_below_an_id_and_nothing_else_is_one() {
        let cases = [
            ("https://sts.example.com", "/a/.well-known/jwks.json", Some(("a", Document::Keys))),
            ("https://sts.example.com", "/a/.well-known/openid-configuration", Some(("a", Document::Configuration))),
            ("https://sts.example.com/t", "/t/a/.well-known/jwks.json", Some(("a", Document::Keys))),
            ("https://sts.example.com/t", "/a/.well-known/jwks.json", None),
            ("https://sts.example.com/t", "/ta/.well-known/jwks.json", None),
            ("https://sts.example.com", "/.well-known/jwks.json", None),
            ("https://sts.example.com", "//.well-known/jwks.json", None),
            ("https://sts.example.com", "/a/b/.well-known/jwks.json", None),
            ("https://sts.example.com", "/a/.well-known/jwks.json/", None),
            ("https://sts.example.com", "/a/.well-known/%6awks.json", None),
            ("https://sts.example.com", "/a", None),
            ("https://sts.example.com", "/", None),
        ];
        for (url, path, expected) in cases {
            assert_eq!(IssuerUrl::parse(url).unwrap().document(path), expected, "{url} {path}");
        }
    }

    #[test]
    fn a_host_is_known_on_any_port_and_in_any_case() {
        let url = IssuerUrl::parse("https://sts.example.com:8443").unwrap();
        let headers = HeaderMap::new();
        for (host, expected) in [
            ("sts.example.com", true),
            ("STS.example.com:9000", true),
            ("sts.example.com.", true),
            ("sts.example.com.:9000", true),
            ("sts.example.com.evil.example", false),
            ("a.sts.example.com", false),
            ("sts.example.co", false),
            ("127.0.0.1:9000", false),
            ("", false),
        ] {
            let head = Head { method: &Method::GET, host, path: "/", query: "", headers: &headers };
            assert_eq!(url.is_asked(&head), expected, "{host}");
        }
    }
}
