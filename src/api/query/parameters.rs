//! The parameters of a request, decoded once.

use bytes::Bytes;
use http::{Method, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;

use crate::base::{Fault, Head};

/// The most parameters that are read. The longest list of any operation has far fewer members.
const PARAMETERS_MAX: usize = 2000;

/// Names with their values, in the order of the request; no name twice.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query of a `GET`, the form of a `POST`. The parameters of a presigned request are not among them.
    ///
    /// # Errors
    /// `MalformedQueryString` for what can be read in two ways, or not at all.
    pub fn read(head: &Head<'_>, body: &Bytes) -> Result<Self, Fault> {
        let form = match *head.method {
            Method::GET if body.is_empty() => "",
            Method::POST => {
                let kind = head.headers.get(CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap_or("?"));
                let kind = kind.split(';').next().unwrap_or_default().trim();
                if !body.is_empty() && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
                    return Err(malformed(format_args!("the body is no form but `{kind}`")));
                }
                str::from_utf8(body).map_err(malformed)?
            }
            _ => return Err(malformed("neither GET nor POST")),
        };
        let mut parameters = Self::default();
        for pair in head.query.split('&').chain(form.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.add(decode(name)?, decode(value)?)?;
        }
        Ok(parameters)
    }

    /// Parameters that are known already; no name twice.
    pub fn of(parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(parameters.into_iter().collect())
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Fault> {
        if name.starts_with("X-Amz-") {
            return Ok(());
        }
        if self.0.len() >= PARAMETERS_MAX {
            return Err(malformed("too many parameters"));
        }
        if self.get(&name).is_some() {
            return Err(malformed(format_args!("`{name}` is given twice")));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is a parameter of this name, or one that stands below it.
    pub fn has(&self, name: &str) -> bool {
        let is_below = |known: &str| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        self.0.iter().any(|(known, _)| known == name || is_below(known))
    }

    /// The prefixes under which the members of a list stand, in order: `Tags.member.1`, `Tags.member.2`. Clients leave
    /// `member` out or put it in; they number from 1.
    pub fn members(&self, name: &str) -> Vec<String> {
        let member = |form: &str, number: usize| {
            let prefix = format!("{name}{form}{number}");
            let below = format!("{prefix}.");
            self.0.iter().any(|(known, _)| *known == prefix || known.starts_with(&below)).then_some(prefix)
        };
        let form = if member(".member.", 1).is_some() { ".member." } else { "." };
        (1..=self.0.len()).map_while(|number| member(form, number)).collect()
    }
}

fn decode(text: &str) -> Result<String, Fault> {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (high, low) = (rest.get(at + 1), rest.get(at + 2));
        if !high.zip(low).is_some_and(|(high, low)| high.is_ascii_hexdigit() && low.is_ascii_hexdigit()) {
            return Err(malformed("a percent sign that begins no escape"));
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    let spaced = text.replace('+', " ");
    Ok(percent_decode_str(&spaced).decode_utf8().map_err(malformed)?.into_owned())
}

fn malformed(why: impl std::fmt::Display) -> Fault {
    Fault::new(404, "MalformedQueryString", "The query string contains a syntax error.").because(why)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn read(method: Method, query: &str, body: &str) -> Result<Parameters, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap());
        let head = Head { method: &method, host: "localhost", path: "/", query, headers: &headers };
        Parameters::read(&head, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_form_or_a_query_is_read_once() {
        let read_one = |query, body| read(Method::POST, query, body).unwrap().get("a").map(str::to_owned);
        for (query, body, expected) in [
            ("", "a=b", Some("b")),
            ("a=b", "", Some("b")),
            ("", "a=b%20c+d%2Be", Some("b c d+e")),
            ("", "a=%C3%A4", Some("ä")),
            ("", "a", Some("")),
            ("", "b=a", None),
            ("X-Amz-Date=1", "", None),
        ] {
            assert_eq!(read_one(query, body).as_deref(), expected, "{query} {body}");
        }
        for (method, query, body) in [
            (Method::POST, "", "a=%"),
            (Method::POST, "", "a=%zz"),
            (Method::POST, "", "a=%FF"),
            (Method::POST, "", "a=1&a=2"),
            (Method::POST, "a=1", "a=1"),
            (Method::GET, "", "a=1"),
            (Method::PUT, "a=1", ""),
        ] {
            let fault = read(method, query, body).unwrap_err();
            assert_eq!((fault.status, &*fault.code), (404, "MalformedQueryString"), "{query} {body}");
        }
    }

    #[test]
    fn members_are_numbered_from_one() {
        let cases = [
            ("T.member.1=a&T.member.2=b", vec!["T.member.1", "T.member.2"]),
            ("T.1=a&T.2=b&T.4=c", vec!["T.1", "T.2"]),
            ("T.member.1.Key=a&T.member.1.Value=b", vec!["T.member.1"]),
            ("T=", vec![]),
            ("T.member.2=a", vec![]),
        ];
        for (body, expected) in cases {
            assert_eq!(read(Method::POST, "", body).unwrap().members("T"), expected, "{body}");
        }
    }
}
