//! From a request head to a [`Call`].

use smallvec::SmallVec;

use super::{
    addressing::{self, Addressing, Target},
    body::Document,
    call::{Call, Headers, Params},
    check,
    copy_source::CopySource,
    fault, headers, needs,
    selector::Selectors,
    table::{Body, Level, NOT_SERVED, Op, Row, TABLE, Verb},
    tags::Tags,
};
use crate::{
    base::{Fault, Head, Timestamp},
    mapping::uri,
};

/// Recognises an S3 request.
///
/// `now` is the time of arrival, for `s3:object-lock-remaining-retention-days`.
///
/// # Errors
/// S3's own: `InvalidURI`, `InvalidBucketName`, `KeyTooLongError`, `InvalidArgument`, `MethodNotAllowed`,
/// `NotImplemented` for whatever is unknown, `AccessForbidden` for CORS preflights.
pub fn recognise(head: &Head<'_>, addressing: &Addressing, now: Timestamp) -> Result<Call, Fault> {
    if is_object_lambda(head) {
        return Err(refusal_by_name(Op::WriteGetObjectResponse));
    }
    let target = addressing::locate(head, addressing)?;
    let Some(verb) = Verb::of(head.method) else {
        let resource = resource_type(target.level());
        return Err(match *head.method {
            http::Method::OPTIONS => fault::cors_not_enabled(requested_method(head), resource),
            _ => fault::method_not_allowed(head.method.as_str(), resource),
        });
    };
    let query = Query::read(head.query)?;
    let mut folded = headers::fold(head.headers, &query.signed_headers)?;
    let select = query.selectors.with(folded.selectors);
    let row = pick(target.level(), verb, select)?;
    if NOT_SERVED.iter().any(|(op, _)| *op == row.op) {
        return Err(refusal_by_name(row.op));
    }
    if row.body == Body::Form && !is_form(head) {
        return Err(fault::method_not_allowed("POST", resource_type(Level::Bucket)));
    }
    let params = query.params_of(row)?;
    headers::keep_taken(row, &mut folded.headers)?;
    let source = match row.op {
        Op::CopyObject | Op::UploadPartCopy => Some(CopySource::of(&folded.headers, addressing)?),
        _ => None,
    };
    Call::new(row, target, params, folded.headers, source, addressing, now)
}

impl Call {
    fn new(
        row: &'static Row,
        target: Target,
        params: Params,
        headers: Headers,
        source: Option<CopySource>,
        addressing: &Addressing,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let mut call = Self {
            row,
            target,
            params,
            headers,
            source,
            document: Document::Unread,
            tags: Tags::new(),
            needs: SmallVec::new(),
            sides: SmallVec::new(),
            received_at: now,
            keys_are_file_paths: addressing.keys_are_file_paths,
        };
        if row.body != Body::Form {
            call.tags = check::headers(&call.headers)?;
        }
        if matches!(row.body, Body::None | Body::Stream) {
            needs::fill(&mut call);
        }
        Ok(call)
    }
}

/// What a query says, before it is known which operation it belongs to.
struct Query {
    selectors: Selectors,
    params: Vec<(String, String)>,
    signed_headers: Vec<(String, String)>,
}

impl Query {
    fn read(raw: &str) -> Result<Self, Fault> {
        let mut query = Self { selectors: Selectors::default(), params: Vec::new(), signed_headers: Vec::new() };
        for (name, value) in uri::pairs(raw) {
            let name = uri::decode_query(name).map_err(fault::unreadable)?;
            let value = uri::decode_query(value).map_err(fault::unreadable)?;
            query.take(&name, &value)?;
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        if name == "x-id" {
            return Ok(());
        }
        let is_header = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
        let known = if is_header { &mut self.signed_headers } else { &mut self.params };
        if known.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(fault::invalid_argument("A parameter may be given only once.", name, value));
        }
        if is_header {
            known.push((name.to_ascii_lowercase(), value.to_owned()));
            return Ok(());
        }
        known.push((name.to_owned(), value.to_owned()));
        self.selectors = self.selectors.with(Selectors::of_parameter(name));
        Ok(())
    }

    /// The parameters that the operation takes; a parameter that it does not take is refused.
    fn params_of(self, row: &Row) -> Result<Params, Fault> {
        let mut params = Params::new();
        for (name, value) in self.params {
            if let Some(known) = row.params.iter().find(|known| **known == name) {
                check::parameter(known, &value)?;
                params.push((known, value));
                continue;
            }
            // What selected the operation by its presence alone has no further say.
            let selector = Selectors::of_parameter(&name);
            if selector.is_empty() || !row.select.contains(selector) {
                return Err(fault::not_implemented(&name));
            }
        }
        Ok(params)
    }
}

/// The one row that the selectors pick.
fn pick(level: Level, verb: Verb, select: Selectors) -> Result<&'static Row, Fault> {
    let fits = |row: &&Row| {
        let extra = select.without(row.select);
        select.contains(row.select)
            && (extra.is_empty() || extra == Selectors::PART_NUMBER && row.params.contains(&"partNumber"))
    };
    let here = || TABLE.iter().filter(|row| row.level == level);
    if let Some(row) = here().find(|row| row.verb == verb && fits(row)) {
        return Ok(row);
    }
    Err(match here().any(|row| row.select == select) {
        true => fault::method_not_allowed(verb.method().as_str(), resource_type(level)),
        false => Fault::new(400, "InvalidArgument", "Conflicting or unknown query parameters or headers.")
            .because("no operation has this set of sub-resources"),
    })
}

/// Why an operation that is known is not served.
fn refusal_by_name(op: Op) -> Fault {
    let name = TABLE.iter().find(|row| row.op == op).map_or("", |row| row.name);
    let reason = NOT_SERVED.iter().find(|(known, _)| *known == op).map_or("", |(_, reason)| reason);
    fault::not_served(name, reason)
}

fn is_object_lambda(head: &Head<'_>) -> bool {
    head.method == http::Method::POST
        && head.path == "/WriteGetObjectResponse"
        && head.headers.contains_key("x-amz-request-route")
}

fn is_form(head: &Head<'_>) -> bool {
    let media = head.single("content-type").and_then(|value| value.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// The method that a preflight asks for.
fn requested_method<'a>(head: &Head<'a>) -> &'a str {
    head.single("access-control-request-method").unwrap_or("OPTIONS")
}

fn resource_type(level: Level) -> &'static str {
    match level {
        Level::Service | Level::Lambda => "SERVICE",
        Level::Bucket => "BUCKET",
        Level::Object => "OBJECT",
    }
}
