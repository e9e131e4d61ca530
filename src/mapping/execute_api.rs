//! Internal HTTP APIs, in API Gateway's vocabulary: a request signed for `execute-api` needs `execute-api:Invoke` on
//! `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}`.
//!
//! The path that is decided on is the path that is forwarded: decoded once, checked, and written again. Whatever servers
//! are known to read in different ways (dot segments, `//`, escaped slashes, double escapes, method overrides) is refused
//! or left out.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{UpstreamRequest, uri};
use crate::base::{AccountId, Fault, Head, Need, Operation, condition::Value};

/// The names of headers that tell the upstream who the verified caller is begin with this. Nothing of that name passes
/// from a client.
pub const IDENTITY_PREFIX: &str = "x-countersign-";

/// An internal API as configured.
#[derive(Debug, Clone)]
pub struct Api {
    /// The API's id in ARNs.
    pub id: String,
    /// The stage in ARNs.
    pub stage: String,
    /// The region in ARNs.
    pub region: String,
    /// The account that the API belongs to.
    pub account: AccountId,
    /// The host that it answers under, in lower case, without port; `None`: any.
    pub host: Option<String>,
    /// The path that it answers under, without `/` at its end: `/prod`, or empty. It is taken off before the decision.
    pub base_path: String,
}

impl Api {
    /// Whether a request is for this API, by host and path.
    pub fn answers(&self, head: &Head<'_>) -> bool {
        let name = uri::host_name(head.host);
        let host_fits = self.host.as_ref().is_none_or(|host| host.eq_ignore_ascii_case(name));
        host_fits && self.path_below(head.path).is_some()
    }

    /// The raw path below the base path, with its leading `/`.
    fn path_below<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path.strip_prefix(self.base_path.as_str())? {
            "" => Some("/"),
            below => below.starts_with('/').then_some(below),
        }
    }
}

/// One request to an internal API.
pub struct Invocation {
    method: Method,
    /// Decoded, with its leading `/`.
    path: String,
    /// Escaped again, in the client's order.
    query: String,
    headers: HeaderMap,
    need: Need,
}

/// Recognises a request to an API that [answers](Api::answers) it.
///
/// # Errors
/// `BadRequestException` (400) for a path or query that can be read in two ways, `MethodNotAllowedException` (405).
pub fn recognise(head: &Head<'_>, api: &Api) -> Result<Invocation, Fault> {
    let method = known_method(head.method)?;
    let raw = api.path_below(head.path).ok_or_else(|| bad_request("the path is not below the base path"))?;
    let path = decode_path(raw)?;
    let resource =
        format!("arn:aws:execute-api:{}:{}:{}/{}/{}{}", api.region, api.account, api.id, api.stage, method, path);
    Ok(Invocation {
        method,
        path,
        query: forwarded_query(head.query)?,
        headers: forwarded_headers(head.headers),
        need: Need::new("execute-api:Invoke", resource),
    })
}

impl Invocation {
    /// The decoded path below the API's base path, with its leading `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The upstream request, without `host`, framing and identity headers, which the gateway adds.
    pub fn upstream(&self) -> UpstreamRequest {
        let mut path = String::with_capacity(self.path.len());
        uri::encode_path(&self.path, &mut path);
        UpstreamRequest { method: self.method.clone(), path, query: self.query.clone(), headers: self.headers.clone() }
    }
}

impl Operation for Invocation {
    fn service(&self) -> &'static str {
        "execute-api"
    }

    fn name(&self) -> &str {
        "Invoke"
    }

    fn is_read_only(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    fn needs(&self) -> &[Need] {
        std::slice::from_ref(&self.need)
    }

    fn fact(&self, _: usize, _: &str) -> Value<'_> {
        Value::Absent
    }

    fn refuse_item(&mut self, _: u32, _: &str) {}
}

fn bad_request(detail: &'static str) -> Fault {
    Fault::new(400, "BadRequestException", "Bad Request").because(detail)
}

/// The methods that API Gateway knows.
fn known_method(method: &Method) -> Result<Method, Fault> {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    match KNOWN.contains(method) {
        true => Ok(method.clone()),
        false => Err(Fault::new(405, "MethodNotAllowedException", "Method Not Allowed")),
    }
}

fn decode_path(raw: &str) -> Result<String, Fault> {
    let path = uri::decode(raw).map_err(|_| bad_request("the path cannot be decoded"))?;
    if path.matches('/').count() != raw.matches('/').count() || path.contains('\\') {
        return Err(bad_request("the path has an escaped slash or a backslash"));
    }
    if uri::has_dot_segment(&path) || path.contains("//") {
        return Err(bad_request("the path has a dot segment or an empty segment"));
    }
    if path.chars().any(char::is_control) {
        return Err(bad_request("the path has a control character"));
    }
    if uri::decode(&path).is_ok_and(|twice| twice != path) {
        return Err(bad_request("the path is escaped twice"));
    }
    Ok(path.into_owned())
}

/// The query with every escape written anew, without the parameters of a presigned request.
fn forwarded_query(raw: &str) -> Result<String, Fault> {
    let unreadable = |_| bad_request("the query cannot be decoded");
    let mut query = String::with_capacity(raw.len());
    for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').map_or((piece, None), |(name, value)| (name, Some(value)));
        let name = uri::decode_query(name).map_err(unreadable)?;
        if starts_with_ignoring_case(&name, "x-amz-") {
            continue;
        }
        if !query.is_empty() {
            query.push('&');
        }
        uri::encode_query(&name, &mut query);
        if let Some(value) = value {
            query.push('=');
            uri::encode_query(&uri::decode_query(value).map_err(unreadable)?, &mut query);
        }
    }
    Ok(query)
}

/// Headers of the connection, of the signature, of proxies, and those by which a client could change what was decided
/// on: the method and the path.
const DROPPED: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-region-set",
    "x-amz-security-token",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

const DROPPED_PREFIXES: [&str; 2] = ["x-forwarded-", IDENTITY_PREFIX];

/// Whether a header of the client goes upstream. `_` counts as `-`, since many servers do not tell them apart.
fn is_forwarded(name: &str) -> bool {
    let same = |byte: u8, other: u8| byte == other || byte == b'_' && other == b'-';
    let starts = |prefix: &str| {
        name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(|(byte, other)| same(byte, other))
    };
    let is_dropped = DROPPED.iter().any(|dropped| dropped.len() == name.len() && starts(dropped));
    !is_dropped && !DROPPED_PREFIXES.iter().any(|prefix| starts(prefix))
}

fn forwarded_headers(received: &HeaderMap) -> HeaderMap {
    let listed = |name: &HeaderName| {
        let values = received.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|listed| listed.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let mut headers = HeaderMap::with_capacity(received.len());
    for (name, value) in received {
        if is_forwarded(name.as_str()) && !listed(name) {
            headers.append(name.clone(), HeaderValue::clone(value));
        }
    }
    headers
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
