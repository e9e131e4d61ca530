//! The head of a request as it came over the wire, before anything is decoded.

use http::{HeaderMap, Method};

/// A borrowed request head. The path and the query are the raw bytes of the request target; headers are those received.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The `Host` header or `:authority`, as received, with port.
    pub host: &'a str,
    /// The raw path, starting with `/`, not decoded.
    pub path: &'a str,
    /// The raw query without `?`; empty if there is none.
    pub query: &'a str,
    /// All headers. With HTTP/2, `host` may be missing here; use [`Head::host`].
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// A header that may stand at most once, as text; `None` if absent, repeated or not visible ASCII.
    pub fn single(&self, name: &str) -> Option<&'a str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}
