//! S3 Control: the API of what an account sets for all its buckets. Its requests are signed as S3's are and come to the
//! same host, under `/v20180820/`, which is also a bucket's path; the header `x-amz-account-id`, which no operation of S3
//! takes, tells them apart.
//!
//! Source: S3 API reference, "Actions: Amazon S3 Control"; the S3 Control service model (2018-08-20).

use http::Method;

use super::{addressing, control_routes::NOT_SERVED, fault, headers, kept, xml::Element};
use crate::{
    base::{AccountId, Fault, Head},
    mapping::uri,
};

/// The header that names the account, and by being there S3 Control.
const ACCOUNT: &str = "x-amz-account-id";

/// Where the API's paths begin.
const ROOT: &str = "/v20180820/";

/// The path of the account's public access block, below [`ROOT`].
const PUBLIC_ACCESS_BLOCK: &str = "configuration/publicAccessBlock";

/// An operation that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlOp {
    /// Shows what is blocked for all buckets of the account.
    GetPublicAccessBlock,
    /// Sets it.
    PutPublicAccessBlock,
    /// Takes the settings away.
    DeletePublicAccessBlock,
}

impl ControlOp {
    /// The name that CloudTrail gives it; S3's operations on a bucket's block have the API's name too.
    pub fn event_name(self) -> &'static str {
        match self {
            ControlOp::GetPublicAccessBlock => "GetAccountPublicAccessBlock",
            ControlOp::PutPublicAccessBlock => "PutAccountPublicAccessBlock",
            ControlOp::DeletePublicAccessBlock => "DeleteAccountPublicAccessBlock",
        }
    }

    /// The action that it needs. Taking away is a kind of setting.
    pub fn action(self) -> &'static str {
        match self {
            ControlOp::GetPublicAccessBlock => "s3:GetAccountPublicAccessBlock",
            ControlOp::PutPublicAccessBlock | ControlOp::DeletePublicAccessBlock => "s3:PutAccountPublicAccessBlock",
        }
    }

    /// Whether it changes nothing.
    pub fn is_read_only(self) -> bool {
        self == ControlOp::GetPublicAccessBlock
    }
}

/// A request of S3 Control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlCall {
    /// What it asks for.
    pub op: ControlOp,
    /// The account that it names, which need not be the caller's.
    pub account: AccountId,
    /// The block to set; only with [`ControlOp::PutPublicAccessBlock`]. The members stand in the order of
    /// [`PUBLIC_ACCESS_BLOCK`](super::PUBLIC_ACCESS_BLOCK).
    pub block: Option<[bool; 4]>,
}

/// A request of S3 Control that is refused, and the operation, if it is a known one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRefusal {
    /// What the client is told.
    pub fault: Fault,
    /// CloudTrail's name of the operation, and whether it changes nothing.
    pub operation: Option<(&'static str, bool)>,
}

impl ControlRefusal {
    fn boxed(fault: Fault, operation: Option<(&'static str, bool)>) -> Box<Self> {
        Box::new(Self { fault, operation })
    }
}

/// Whether a request that is signed for S3 is one of S3 Control. Clients put the account in front of the host; a host that
/// names another bucket than that leaves the request to S3, which refuses the header.
pub fn is_control(head: &Head<'_>, addressing: &super::Addressing) -> bool {
    let Some(account) = head.headers.get(ACCOUNT) else { return false };
    let is_named = |label: String| label.as_bytes() == account.as_bytes();
    head.path.starts_with(ROOT) && addressing::bucket_of_host(head.host, addressing).is_none_or(is_named)
}

/// Recognises a request of S3 Control.
///
/// # Errors
/// `InvalidRequest` without one well-formed account; `NotImplemented` for what is not served, by name where it is known,
/// and for parameters and headers that the operation does not take; `MalformedXML`.
pub fn recognise_control(head: &Head<'_>, body: &[u8]) -> Result<ControlCall, Box<ControlRefusal>> {
    let unknown = |fault| ControlRefusal::boxed(fault, None);
    let account = head.single(ACCOUNT).and_then(|account| account.parse().ok());
    let account = account.ok_or_else(|| unknown(fault::invalid_request("x-amz-account-id must be an account id.")))?;
    let path = head.path.strip_prefix(ROOT).unwrap_or_default();
    if path != PUBLIC_ACCESS_BLOCK {
        return Err(not_served(head.method, path));
    }
    let op = match *head.method {
        Method::GET => ControlOp::GetPublicAccessBlock,
        Method::PUT => ControlOp::PutPublicAccessBlock,
        Method::DELETE => ControlOp::DeletePublicAccessBlock,
        _ => return Err(unknown(fault::method_not_allowed(head.method.as_str(), "ACCOUNT"))),
    };
    let refused = |fault| ControlRefusal::boxed(fault, Some((op.event_name(), op.is_read_only())));
    check_parameters(head).map_err(refused)?;
    Ok(ControlCall { op, account, block: block(op, body).map_err(refused)? })
}

/// Nothing is asked for but in path and body: the query has the signature's parameters only, and so have the headers.
fn check_parameters(head: &Head<'_>) -> Result<(), Fault> {
    let names = uri::pairs(head.query).map(|(name, _)| name.to_ascii_lowercase());
    if let Some(name) = names.into_iter().find(|name| !name.starts_with("x-amz-") || !headers::is_of_transfer(name)) {
        return Err(fault::not_implemented(&name));
    }
    let is_foreign = |name: &&str| name.starts_with("x-amz-") && *name != ACCOUNT && !headers::is_of_transfer(name);
    match head.headers.keys().map(http::HeaderName::as_str).find(is_foreign) {
        Some(name) => Err(fault::not_implemented(name)),
        None => Ok(()),
    }
}

fn block(op: ControlOp, body: &[u8]) -> Result<Option<[bool; 4]>, Fault> {
    match op {
        ControlOp::PutPublicAccessBlock => {
            let document = Element::parse(body, "PublicAccessBlockConfiguration")?;
            kept::check_public_access_block(&document)?;
            Ok(Some(kept::members_of(&document)))
        }
        _ if body.is_empty() => Ok(None),
        _ => Err(fault::invalid_request("This operation takes no request body.")),
    }
}

fn not_served(method: &Method, path: &str) -> Box<ControlRefusal> {
    let known = NOT_SERVED.iter().find(|(known, route, _)| method.as_str() == *known && fits(route, path));
    let Some((_, _, name)) = known else {
        let fault = Fault::new(501, "NotImplemented", "No such operation of S3 Control is implemented.");
        return ControlRefusal::boxed(fault, None);
    };
    let fault = Fault::new(501, "NotImplemented", format!("The operation {name} of S3 Control is not implemented."));
    let is_read_only = ["Get", "List", "Describe"].iter().any(|start| name.starts_with(start));
    ControlRefusal::boxed(fault, Some((name, is_read_only)))
}

/// Whether a path is of a route.
fn fits(route: &str, path: &str) -> bool {
    if let Some((before, after)) = route.split_once("{+}") {
        let text = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        return text.is_some_and(|text| !text.is_empty());
    }
    let mut segments = path.split('/');
    let mut fits = |piece: &str| segments.next().is_some_and(|it| it == piece || piece == "{}" && !it.is_empty());
    route.split('/').all(&mut fits) && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn an_account_s_header_tells_the_api_from_a_bucket() {
        let addressing = super::super::Addressing { base_domains: vec!["s3.local".into()], keys_are_file_paths: false };
        let block = "/v20180820/configuration/publicAccessBlock";
        // Host, path, account, whether it is S3 Control.
        let cases = [
            ("h:9000", block, Some("123456789012"), true),
            ("123456789012.h:9000", block, Some("123456789012"), true),
            ("123456789012.s3.local:9000", block, Some("123456789012"), true),
            ("s3.local", block, Some("123456789012"), true),
            ("s3.local", "/v20180820/jobs", Some("nonsense"), true),
            ("s3.local", block, None, false),
            ("123456789012.s3.local", block, None, false),
            ("photos.s3.local", block, Some("123456789012"), false),
            ("999999999999.s3.local", block, Some("123456789012"), false),
            ("h", "/v20180820", Some("123456789012"), false),
            ("h", "/v2018082%30/configuration/publicAccessBlock", Some("123456789012"), false),
            ("h", "/photos/v20180820/configuration/publicAccessBlock", Some("123456789012"), false),
        ];
        for (host, path, account, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.extend(account.map(|account| (http::HeaderName::from_static(ACCOUNT), account.parse().unwrap())));
            let head = Head { method: &Method::GET, host, path, query: "", headers: &headers };
            assert_eq!(is_control(&head, &addressing), expected, "{host}{path} {account:?}");
        }
    }

    #[test]
    fn what_is_not_served_is_known_by_name() {
        let arn = "tags/arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Astorage-lens%2Fa";
        let cases = [
            (Method::GET, "jobs", Some(("ListJobs", true))),
            (Method::POST, "jobs", Some(("CreateJob", false))),
            (Method::GET, "jobs/a", Some(("DescribeJob", true))),
            (Method::GET, "jobs/", None),
            (Method::GET, "jobs/a/tagging", Some(("GetJobTagging", true))),
            (Method::GET, "jobs/a/tagging/b", None),
            (Method::PUT, "jobs", None),
            (Method::GET, "mrap/instances/a", Some(("GetMultiRegionAccessPoint", true))),
            (Method::GET, "mrap/instances/a/policy", Some(("GetMultiRegionAccessPointPolicy", true))),
            (Method::PATCH, "mrap/instances/a/routes", Some(("SubmitMultiRegionAccessPointRoutes", false))),
            (Method::DELETE, arn, Some(("UntagResource", false))),
            (Method::GET, "tags/", None),
            (Method::GET, "configuration", None),
            (Method::GET, "configuration/publicaccessblock", None),
        ];
        for (method, path, expected) in cases {
            let refusal = not_served(&method, path);
            assert_eq!((refusal.fault.status, refusal.operation), (501, expected), "{method} {path}");
        }
    }

    #[test]
    fn no_route_hides_a_later_one() {
        for (at, (method, route, name)) in NOT_SERVED.iter().enumerate() {
            let path = route.replace("{+}", "x").replace("{}", "x");
            let first = NOT_SERVED.iter().position(|(known, route, _)| known == method && fits(route, &path));
            assert_eq!(first, Some(at), "{name}");
        }
    }
}
