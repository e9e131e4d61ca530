//! Requests that are refused, and what is told of each: the table of `refusals.rs`.

use countersign::sigv4::Form;

use super::request::{ACCESS_KEY, DATE, Request, Signing};

/// How a request is signed and spoiled, given the service's way to sign; when it is judged; what is told by S3, IAM and
/// API Gateway. `=` stands for what the one before is told.
pub type Row = (&'static str, fn(Signing) -> Request, &'static str, [&'static str; 3]);

pub fn header(signing: Signing) -> Request {
    signing.signed(Request::get())
}

fn query(signing: Signing) -> Request {
    Signing { form: Form::Query, ..signing }.signed(Request::get())
}

/// A signed request with one text in its `Authorization` put for another.
fn reworded(signing: Signing, from: &str, to: &str) -> Request {
    let mut request = header(signing);
    request.edit_header("authorization", from, to);
    request
}

/// A presigned request with one text in its query put for another.
fn requeried(signing: Signing, from: &str, to: &str) -> Request {
    let mut request = query(signing);
    request.edit_query(from, to);
    request
}

fn without(signing: Signing, parameter: &str) -> Request {
    let mut request = query(signing);
    let pieces: Vec<&str> = request.query.split('&').filter(|piece| !piece.starts_with(parameter)).collect();
    assert_eq!(pieces.len() + 1, request.query.split('&').count());
    request.query = pieces.join("&");
    request
}

const QUERY_PARAMETERS: &str = "400 AuthorizationQueryParametersError: Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
const NO_DATE: &str = "403 AccessDenied: AWS authentication requires a valid Date or x-amz-date header";

pub const ROWS: &[Row] = &[
    (
        "an algorithm that is none",
        |s| reworded(s, "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA1 "),
        DATE,
        [
            "400 InvalidArgument: Unsupported Authorization Type | ArgumentName=Authorization",
            "400 IncompleteSignature: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.",
            "403 IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.",
        ],
    ),
    (
        "version 2",
        |_| Request::get().with("authorization", "AWS AKID:c2lnbmF0dXJl"),
        DATE,
        [
            "400 InvalidRequest: The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            "400 IncompleteSignature: Unsupported AWS 'algorithm': 'AWS'.",
            "403 IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS'.",
        ],
    ),
    (
        "version 2 in the query",
        |_| Request::new("GET", "h", "/k?AWSAccessKeyId=A&Expires=1&Signature=b"),
        DATE,
        [
            "400 InvalidRequest: The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            "400 IncompleteSignature: Unsupported AWS 'algorithm': 'AWS'.",
            "403 IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS'.",
        ],
    ),
    (
        "header and query",
        |s| {
            let mut r = header(s.clone());
            r.query = query(s).query;
            r
        },
        DATE,
        [
            "400 InvalidArgument: Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified | ArgumentName=Authorization",
            "403 SignatureDoesNotMatch: ",
            "403 InvalidSignatureException: ",
        ],
    ),
    (
        "no pair",
        |_| Request::get().with("authorization", "AWS4-HMAC-SHA256 Credential"),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed.",
            "400 IncompleteSignature: 'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential'.",
            "403 IncompleteSignatureException: 'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential'.",
        ],
    ),
    (
        "nothing but the algorithm",
        |_| Request::get().with("authorization", "AWS4-HMAC-SHA256"),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed.",
            "400 IncompleteSignature: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
            "403 IncompleteSignatureException: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
        ],
    ),
    (
        "no signature",
        |s| reworded(s, ", Signature=", ", Credential="),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed.",
            "400 IncompleteSignature: The request signature does not conform to AWS standards.",
            "403 IncompleteSignatureException: The request signature does not conform to AWS standards.",
        ],
    ),
    (
        "no date",
        |s| {
            let mut r = header(s);
            r.headers.remove("x-amz-date");
            r
        },
        DATE,
        [
            NO_DATE,
            "400 IncompleteSignature: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
            "403 IncompleteSignatureException: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
        ],
    ),
    (
        "a date of another form",
        |s| {
            let mut r = header(s);
            r.set("x-amz-date", "today");
            r
        },
        DATE,
        [
            NO_DATE,
            "400 IncompleteSignature: Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601",
            "403 IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601",
        ],
    ),
    (
        "too old",
        header,
        "20130524T001501Z",
        [
            "403 RequestTimeTooSkewed: The difference between the request time and the current time is too large. | RequestTime=20130524T000000Z | ServerTime=2013-05-24T00:15:01Z | MaxAllowedSkewMilliseconds=900000",
            "403 SignatureDoesNotMatch: Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T001501Z - 15 min.)",
            "403 InvalidSignatureException: Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T001501Z - 15 min.)",
        ],
    ),
    (
        "too young",
        header,
        "20130523T234459Z",
        [
            "403 RequestTimeTooSkewed: The difference between the request time and the current time is too large. | RequestTime=20130524T000000Z | ServerTime=2013-05-23T23:44:59Z | MaxAllowedSkewMilliseconds=900000",
            "403 SignatureDoesNotMatch: Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z (20130523T234459Z + 15 min.)",
            "403 InvalidSignatureException: Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z (20130523T234459Z + 15 min.)",
        ],
    ),
    (
        "a URL past its time",
        query,
        "20130524T010001Z",
        [
            "403 AccessDenied: Request has expired | X-Amz-Expires=3600 | Expires=2013-05-24T01:00:00Z | ServerTime=2013-05-24T01:00:01Z",
            "403 SignatureDoesNotMatch: Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T010001Z - 60 min.)",
            "403 InvalidSignatureException: Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T010001Z - 60 min.)",
        ],
    ),
    (
        "a URL before its time",
        query,
        "20130523T234459Z",
        [
            "403 AccessDenied: Request is not valid yet",
            "403 SignatureDoesNotMatch: Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z (20130523T234459Z + 15 min.)",
            "403 InvalidSignatureException: Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z (20130523T234459Z + 15 min.)",
        ],
    ),
    (
        "an unknown key",
        |s| reworded(s, ACCESS_KEY, "AKIANOBODY"),
        DATE,
        [
            "403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records. | AWSAccessKeyId=AKIANOBODY",
            "403 InvalidClientTokenId: The security token included in the request is invalid.",
            "403 UnrecognizedClientException: The security token included in the request is invalid.",
        ],
    ),
    (
        "no key",
        |s| reworded(s, ACCESS_KEY, ""),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed; a non-empty Access Key (AKID) must be provided in the credential.",
            "400 IncompleteSignature: The request signature does not conform to AWS standards.",
            "403 IncompleteSignatureException: The request signature does not conform to AWS standards.",
        ],
    ),
    (
        "a scope of four parts",
        |s| reworded(s, "/aws4_request", ""),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            "400 IncompleteSignature: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/SERVICE'",
            "403 IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/SERVICE'",
        ],
    ),
    (
        "another terminator",
        |s| reworded(s, "/aws4_request", "/aws5_request"),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed; incorrect terminal \"aws5_request\". This endpoint uses \"aws4_request\".",
            "403 SignatureDoesNotMatch: Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
            "403 InvalidSignatureException: Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
        ],
    ),
    (
        "another region",
        |s| Signing { region: "eu-north-1", ..s }.signed(Request::get()),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed; the region 'eu-north-1' is wrong; expecting 'us-east-1' | Region=us-east-1",
            "403 SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'eu-north-1'. ",
            "403 InvalidSignatureException: Credential should be scoped to a valid region, not 'eu-north-1'. ",
        ],
    ),
    (
        "another region in a URL",
        |s| query(Signing { region: "eu-north-1", ..s }),
        DATE,
        [
            "400 AuthorizationQueryParametersError: Error parsing the X-Amz-Credential parameter; the region 'eu-north-1' is wrong; expecting 'us-east-1' | Region=us-east-1",
            "403 SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'eu-north-1'. ",
            "403 InvalidSignatureException: Credential should be scoped to a valid region, not 'eu-north-1'. ",
        ],
    ),
    (
        "another day in the scope",
        |s| reworded(s, "/20130524/", "/20130525/"),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed; Invalid credential date \"20130525\". This date is not the same as X-Amz-Date: \"20130524T000000Z\".",
            "403 SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20130525' != '20130524', from '20130524T000000Z'.",
            "403 InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20130525' != '20130524', from '20130524T000000Z'.",
        ],
    ),
    (
        "the host is not signed",
        |s| reworded(s, "=host;", "="),
        DATE,
        [
            "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            "403 SignatureDoesNotMatch: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            "403 InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ],
    ),
    (
        "a header that is not signed",
        |s| {
            let mut r = header(s);
            r.set("x-amz-acl", "a");
            r.set("x-amz-tagging", "b");
            r
        },
        DATE,
        [
            "403 AccessDenied: There were headers present in the request which were not signed | HeadersNotSigned=x-amz-acl, x-amz-tagging",
            "403 SignatureDoesNotMatch: ",
            "403 InvalidSignatureException: ",
        ],
    ),
    (
        "names out of order",
        |s| reworded(s, "=host;", "=z;host;"),
        DATE,
        [
            "400 AuthorizationHeaderMalformed: The authorization header is malformed.",
            "400 IncompleteSignature: The request signature does not conform to AWS standards.",
            "403 IncompleteSignatureException: The request signature does not conform to AWS standards.",
        ],
    ),
    (
        "no algorithm in a URL",
        |s| without(s, "X-Amz-Algorithm"),
        DATE,
        [
            QUERY_PARAMETERS,
            "400 IncompleteSignature: AWS query-string parameters must include 'X-Amz-Algorithm'. Re-examine the query-string parameters.",
            "403 IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Algorithm'. Re-examine the query-string parameters.",
        ],
    ),
    (
        "no credential in a URL",
        |s| without(s, "X-Amz-Credential"),
        DATE,
        [
            QUERY_PARAMETERS,
            "400 IncompleteSignature: AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters.",
            "403 IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters.",
        ],
    ),
    (
        "no date in a URL",
        |s| without(s, "X-Amz-Date"),
        DATE,
        [
            QUERY_PARAMETERS,
            "400 IncompleteSignature: AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
            "403 IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
        ],
    ),
    (
        "another algorithm in a URL",
        |s| requeried(s, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        DATE,
        [
            "400 AuthorizationQueryParametersError: X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"",
            "400 IncompleteSignature: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.",
            "403 IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.",
        ],
    ),
    (
        "a URL for more than a week",
        |s| requeried(s, "=3600", "=604801"),
        DATE,
        [
            "400 AuthorizationQueryParametersError: X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
            "400 IncompleteSignature: The request signature does not conform to AWS standards.",
            "403 IncompleteSignatureException: The request signature does not conform to AWS standards.",
        ],
    ),
    (
        "a URL for a word",
        |s| requeried(s, "=3600", "=week"),
        DATE,
        [
            "400 AuthorizationQueryParametersError: X-Amz-Expires should be a number",
            "400 IncompleteSignature: The request signature does not conform to AWS standards.",
            "403 IncompleteSignatureException: The request signature does not conform to AWS standards.",
        ],
    ),
    (
        "a URL for less than nothing",
        |s| requeried(s, "=3600", "=-1"),
        DATE,
        [
            "400 AuthorizationQueryParametersError: X-Amz-Expires must be non-negative",
            "400 IncompleteSignature: The request signature does not conform to AWS standards.",
            "403 IncompleteSignatureException: The request signature does not conform to AWS standards.",
        ],
    ),
    (
        "a URL with a date of another form",
        |s| requeried(s, "X-Amz-Date=20130524T000000Z", "X-Amz-Date=2013-05-24"),
        DATE,
        [
            "400 AuthorizationQueryParametersError: X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
            "400 IncompleteSignature: Date must be in ISO-8601 'basic format'. Got '2013-05-24'. See http://en.wikipedia.org/wiki/ISO_8601",
            "403 IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '2013-05-24'. See http://en.wikipedia.org/wiki/ISO_8601",
        ],
    ),
    (
        "a URL with a scope of four parts",
        |s| requeried(s, "%2Faws4_request", ""),
        DATE,
        [
            "400 AuthorizationQueryParametersError: Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            "400 IncompleteSignature: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/SERVICE'",
            "403 IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/SERVICE'",
        ],
    ),
    (
        "an escape that ends early",
        |s| {
            let mut r = header(s);
            r.query = "a=%4".into();
            r
        },
        DATE,
        [
            "400 InvalidURI: Couldn't parse the specified URI.",
            "400 MalformedQueryString: Incomplete trailing escape % sequence",
            "400 BadRequestException: Incomplete trailing escape % sequence",
        ],
    ),
    (
        "an escape that is none",
        |s| {
            let mut r = header(s);
            r.query = "a=%4x".into();
            r
        },
        DATE,
        [
            "400 InvalidURI: Couldn't parse the specified URI.",
            "400 MalformedQueryString: Illegal hex character in escape % pattern: %4x",
            "400 BadRequestException: Illegal hex character in escape % pattern: %4x",
        ],
    ),
];
