//! Why a signature is refused, and AWS's words for it in each protocol.
//! Sources: S3 API reference, "Error responses"; IAM user guide, "Troubleshoot signed requests"; the wording of the Query
//! services as observed.

use super::{
    escape::BadEscape,
    evidence::{Algorithm, EXPIRES_MAX, Form},
    verify::SKEW_SECONDS_MAX,
};
use crate::base::{Fault, Timestamp, time};

/// In whose words a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// S3's.
    S3,
    /// IAM's and STS's.
    Query,
    /// API Gateway's and the JSON services'.
    Json,
}

/// Why a signature is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing proves the caller, and the service takes no anonymous requests.
    NoCredentials,
    /// More than one `Authorization` header.
    SeveralAuthorizations,
    /// Both the header and the query carry a signature.
    TwoMechanisms,
    /// Signature version 2.
    Version2,
    /// The header's type is none of AWS's.
    UnsupportedAuthorization,
    /// The header names this algorithm.
    UnknownAlgorithm(String),
    /// The query names this algorithm.
    UnknownQueryAlgorithm(String),
    /// A piece of the header without `=`, and the whole header.
    NotAPair(String, String),
    /// A parameter that the header does not have.
    UnknownParameter(String),
    /// A parameter that stands twice, in the header or in the query.
    RepeatedParameter(Form, String),
    /// A header that may stand once stands twice.
    RepeatedHeader(&'static str),
    /// A header of a presigned request that says something else than the query does.
    Contradiction(&'static str),
    /// What the header lacks, and the algorithm that it names.
    MissingInHeader(Algorithm, Vec<&'static str>),
    /// What the query lacks.
    MissingInQuery(Vec<&'static str>),
    /// An escape that cannot be read.
    BadEscape(BadEscape),
    /// A parameter of the signature whose name is escaped.
    EscapedName(String),
    /// The path leads above the root.
    AboveRoot,
    /// A date in a form of its own.
    BadDate(String),
    /// The same in a presigned URL.
    BadQueryDate(String),
    /// A presigned URL whose time is negative or nothing.
    ExpiresNegative,
    /// A presigned URL whose time is no number.
    ExpiresNotANumber,
    /// A presigned URL for more than a week.
    ExpiresTooLong,
    /// The credential has another number of parts.
    CredentialMalformed(Form, String),
    /// The credential has no access key id.
    NoAccessKey(Form),
    /// `SignedHeaders` is not a sorted list of names in lower case.
    SignedHeadersMalformed,
    /// `host` is not signed.
    HostNotSigned,
    /// A header is named as signed and is not there.
    SignedHeaderMissing(String),
    /// Headers that have to be signed and are not.
    HeadersNotSigned(Vec<String>),
    /// The scope names another terminator.
    WrongTerminator(Form, String),
    /// The scope names another service: got, expected.
    WrongService(Form, String, String),
    /// The scope names another region: got, expected.
    WrongRegion(Form, String, String),
    /// The scope's date is not that of the request: scope's, request's.
    WrongDate(Form, String, String),
    /// The clocks differ by more than a quarter of an hour.
    Skewed {
        /// When it was signed.
        signed: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// A presigned URL is past its time.
    Expired {
        /// When it was signed.
        signed: Timestamp,
        /// For how many seconds it held.
        expires: u32,
        /// Now.
        now: Timestamp,
    },
    /// A presigned URL from the future.
    NotYetValid {
        /// When it was signed.
        signed: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// No such access key, or it is inactive.
    UnknownKey(String),
    /// A session token that is not ours, or one for a long-term key.
    BadToken(String),
    /// A session token whose time is over.
    ExpiredToken(String),
    /// The signature is another.
    Mismatch(Box<Mismatch>),
    /// `x-amz-content-sha256` is missing where S3 wants it.
    NoContentHash,
    /// `x-amz-content-sha256` is nothing that it may be.
    BadContentHash(String),
}

/// What the client needs to find out why its signature differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The access key id.
    pub access_key_id: String,
    /// What was to be signed.
    pub string_to_sign: String,
    /// What the client sent.
    pub signature: String,
    /// Empty for forms, which have none.
    pub canonical_request: String,
}

const SKEW_MILLISECONDS_MAX: &str = "900000";

impl Refusal {
    /// The fault in a protocol's words.
    pub fn fault(&self, dialect: Dialect) -> Fault {
        match dialect {
            Dialect::S3 => self.s3(),
            Dialect::Query => self.query(),
            Dialect::Json => self.json(),
        }
    }

    fn s3(&self) -> Fault {
        match self {
            Refusal::Mismatch(mismatch) => s3_mismatch(mismatch),
            Refusal::Skewed { signed, now } => Fault::new(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
            .with("RequestTime", time::amz_date(*signed))
            .with("ServerTime", time::iso8601(*now))
            .with("MaxAllowedSkewMilliseconds", SKEW_MILLISECONDS_MAX),
            Refusal::Expired { signed, expires, now } => {
                let end = *signed + jiff::SignedDuration::from_secs(i64::from(*expires));
                denied("Request has expired")
                    .with("X-Amz-Expires", expires.to_string())
                    .with("Expires", time::iso8601(end))
                    .with("ServerTime", time::iso8601(*now))
            }
            Refusal::NotYetValid { .. } => denied("Request is not valid yet"),
            Refusal::HeadersNotSigned(names) => {
                denied("There were headers present in the request which were not signed")
                    .with("HeadersNotSigned", names.join(", "))
            }
            Refusal::UnknownKey(key) => Fault::new(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            )
            .with("AWSAccessKeyId", key.clone()),
            Refusal::BadToken(token) => {
                Fault::new(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
                    .with("Token-0", token.clone())
            }
            Refusal::ExpiredToken(token) => {
                Fault::new(400, "ExpiredToken", "The provided token has expired.").with("Token-0", token.clone())
            }
            Refusal::NoCredentials => denied("Access Denied"),
            Refusal::BadEscape(_) | Refusal::EscapedName(_) | Refusal::AboveRoot => invalid_uri().because(self.cause()),
            _ => self.s3_malformed(),
        }
    }

    /// S3's words for signatures that cannot even be checked.
    fn s3_malformed(&self) -> Fault {
        match self {
            Refusal::Version2 => invalid_request(
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            ),
            Refusal::TwoMechanisms => Fault::new(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                 parameter or the Authorization header should be specified",
            )
            .with("ArgumentName", "Authorization"),
            Refusal::UnsupportedAuthorization | Refusal::UnknownAlgorithm(_) => {
                Fault::new(400, "InvalidArgument", "Unsupported Authorization Type")
                    .with("ArgumentName", "Authorization")
            }
            Refusal::NoContentHash => invalid_request("Missing required header for this request: x-amz-content-sha256"),
            Refusal::BadContentHash(value) => Fault::new(
                400,
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                 STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
                 STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid \
                 sha256 value.",
            )
            .with("ArgumentName", "x-amz-content-sha256")
            .with("ArgumentValue", value.clone()),
            Refusal::MissingInHeader(_, missing) if missing.as_slice() == ["Date"] => {
                denied("AWS authentication requires a valid Date or x-amz-date header")
            }
            Refusal::BadDate(_) => denied("AWS authentication requires a valid Date or x-amz-date header"),
            Refusal::WrongRegion(form, got, expected) => {
                scope_fault(*form, &format!("the region '{got}' is wrong; expecting '{expected}'"))
                    .with("Region", expected.clone())
            }
            Refusal::SignedHeaderMissing(_) | Refusal::HostNotSigned => Fault::new(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method.",
            )
            .because(self.cause()),
            _ => self.s3_query_or_scope(),
        }
    }

    fn s3_query_or_scope(&self) -> Fault {
        match self {
            Refusal::RepeatedParameter(Form::Query, _) | Refusal::Contradiction(_) => {
                query_fault("A query-string authentication parameter is given more than once.").because(self.cause())
            }
            Refusal::MissingInQuery(_) => query_fault(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                 X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            ),
            Refusal::UnknownQueryAlgorithm(_) => {
                query_fault("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"")
            }
            Refusal::ExpiresTooLong => query_fault(&format!(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
                 {EXPIRES_MAX} seconds"
            )),
            Refusal::ExpiresNotANumber => query_fault("X-Amz-Expires should be a number"),
            Refusal::ExpiresNegative => query_fault("X-Amz-Expires must be non-negative"),
            Refusal::BadQueryDate(_) => {
                query_fault("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
            }
            Refusal::CredentialMalformed(form, _) => scope_fault(
                *form,
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            ),
            Refusal::NoAccessKey(form) => {
                scope_fault(*form, "a non-empty Access Key (AKID) must be provided in the credential.")
            }
            Refusal::WrongTerminator(form, got) => {
                scope_fault(*form, &format!("incorrect terminal \"{got}\". This endpoint uses \"aws4_request\"."))
            }
            Refusal::WrongService(form, got, expected) => {
                scope_fault(*form, &format!("incorrect service \"{got}\". This endpoint belongs to \"{expected}\"."))
            }
            Refusal::WrongDate(form, got, expected) => scope_fault(
                *form,
                &format!("Invalid credential date \"{got}\". This date is not the same as X-Amz-Date: \"{expected}\"."),
            ),
            other => Fault::new(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.")
                .because(other.cause()),
        }
    }

    /// The words of IAM and STS.
    fn query(&self) -> Fault {
        match self {
            Refusal::NoCredentials => {
                Fault::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
            }
            Refusal::UnknownKey(_) => {
                Fault::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
            }
            Refusal::BadToken(_) => {
                Fault::new(403, "InvalidClientTokenId", "The security token included in the request is invalid")
            }
            Refusal::ExpiredToken(_) => {
                Fault::new(403, "ExpiredToken", "The security token included in the request is expired")
            }
            Refusal::BadEscape(escape) => Fault::new(400, "MalformedQueryString", malformed_escape(*escape)),
            Refusal::AboveRoot => invalid_uri(),
            Refusal::Skewed { signed, now } | Refusal::NotYetValid { signed, now } => {
                skew_in_words(*signed, *now, SKEW_SECONDS_MAX)
            }
            Refusal::Expired { signed, expires, now } => skew_in_words(*signed, *now, i64::from(*expires)),
            Refusal::Mismatch(_) => mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ),
            Refusal::HostNotSigned => {
                mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
            }
            Refusal::WrongRegion(_, got, _) => {
                mismatch(&format!("Credential should be scoped to a valid region, not '{got}'. "))
            }
            Refusal::WrongService(_, _, expected) => {
                mismatch(&format!("Credential should be scoped to correct service: '{expected}'. "))
            }
            Refusal::WrongTerminator(_, got) => {
                mismatch(&format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{got}'. "))
            }
            Refusal::WrongDate(_, got, request) => mismatch(&format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{got}' != \
                 '{}', from '{request}'.",
                request.get(..8).unwrap_or_default()
            )),
            Refusal::HeadersNotSigned(_)
            | Refusal::SignedHeaderMissing(_)
            | Refusal::TwoMechanisms
            | Refusal::SeveralAuthorizations => mismatch("").because(self.cause()),
            _ => Fault::new(400, "IncompleteSignature", self.incomplete()).because(self.cause()),
        }
    }

    /// What an incomplete signature is told by the Query services.
    fn incomplete(&self) -> String {
        match self {
            Refusal::UnknownAlgorithm(name) | Refusal::UnknownQueryAlgorithm(name) => {
                format!("Unsupported AWS 'algorithm': '{name}'.")
            }
            Refusal::Version2 => "Unsupported AWS 'algorithm': 'AWS'.".into(),
            Refusal::NotAPair(pair, whole) => {
                format!("'{pair}' not a valid key=value pair (missing equal-sign) in Authorization header: '{whole}'.")
            }
            Refusal::MissingInHeader(algorithm, missing) => {
                let sentence = |name: &&str| match *name {
                    "Date" => "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                        .to_owned(),
                    name => format!("Authorization header requires '{name}' parameter. "),
                };
                missing.iter().map(sentence).collect::<String>() + "Authorization=" + algorithm.name()
            }
            Refusal::MissingInQuery(missing) => {
                let sentence = |name: &&str| format!("AWS query-string parameters must include '{name}'. ");
                missing.iter().map(sentence).collect::<String>() + "Re-examine the query-string parameters."
            }
            Refusal::BadDate(date) | Refusal::BadQueryDate(date) => format!(
                "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ),
            Refusal::CredentialMalformed(_, got) => format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{got}'"
            ),
            _ => "The request signature does not conform to AWS standards.".into(),
        }
    }

    /// The words of API Gateway and the JSON services.
    fn json(&self) -> Fault {
        let told = self.query();
        let (status, code) = match &*told.code {
            "MissingAuthenticationToken" => (403, "MissingAuthenticationTokenException"),
            "InvalidClientTokenId" => (403, "UnrecognizedClientException"),
            "ExpiredToken" => (403, "ExpiredTokenException"),
            "SignatureDoesNotMatch" => (403, "InvalidSignatureException"),
            "MalformedQueryString" | "InvalidURI" => (400, "BadRequestException"),
            _ => (403, "IncompleteSignatureException"),
        };
        let mut fault = Fault::new(status, code, told.message);
        fault.detail = told.detail;
        if matches!(self, Refusal::NoCredentials) {
            fault.message = "Missing Authentication Token".into();
        }
        fault
    }

    /// The reason for the record.
    pub fn cause(&self) -> String {
        match self {
            Refusal::Mismatch(_) => "the signature is another".into(),
            Refusal::BadToken(_) => "the session token is not valid".into(),
            Refusal::ExpiredToken(_) => "the session token has expired".into(),
            other => format!("{other:?}"),
        }
    }
}

fn invalid_uri() -> Fault {
    Fault::new(400, "InvalidURI", "Couldn't parse the specified URI.")
}

fn malformed_escape(escape: BadEscape) -> String {
    match escape {
        BadEscape::Incomplete => "Incomplete trailing escape % sequence".into(),
        BadEscape::Illegal(found) => {
            format!("Illegal hex character in escape % pattern: %{}", found.escape_ascii())
        }
        BadEscape::NotUtf8 => "The query string is not UTF-8".into(),
    }
}

fn denied(message: &'static str) -> Fault {
    Fault::new(403, "AccessDenied", message)
}

fn invalid_request(message: &'static str) -> Fault {
    Fault::new(400, "InvalidRequest", message)
}

fn query_fault(message: &str) -> Fault {
    Fault::new(400, "AuthorizationQueryParametersError", message.to_owned())
}

fn scope_fault(form: Form, what: &str) -> Fault {
    match form {
        Form::Header => {
            Fault::new(400, "AuthorizationHeaderMalformed", format!("The authorization header is malformed; {what}"))
        }
        Form::Query | Form::Post => query_fault(&format!("Error parsing the X-Amz-Credential parameter; {what}")),
    }
}

fn mismatch(message: &str) -> Fault {
    Fault::new(403, "SignatureDoesNotMatch", message.to_owned())
}

fn s3_mismatch(mismatch: &Mismatch) -> Fault {
    let bytes = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let fault = Fault::new(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing \
         method.",
    )
    .with("AWSAccessKeyId", mismatch.access_key_id.clone())
    .with("StringToSign", mismatch.string_to_sign.clone())
    .with("SignatureProvided", mismatch.signature.clone())
    .with("StringToSignBytes", bytes(&mismatch.string_to_sign));
    if mismatch.canonical_request.is_empty() {
        return fault;
    }
    fault
        .with("CanonicalRequest", mismatch.canonical_request.clone())
        .with("CanonicalRequestBytes", bytes(&mismatch.canonical_request))
}

/// What the Query services say of a signature that is too old or too young by more than so many seconds.
fn skew_in_words(signed: Timestamp, now: Timestamp, seconds_max: i64) -> Fault {
    let most = jiff::SignedDuration::from_secs(seconds_max);
    let told = match seconds_max % 60 {
        0 => format!("{} min.", seconds_max / 60),
        _ => format!("{seconds_max} sec."),
    };
    let (signed_at, at) = (time::amz_date(signed), time::amz_date(now));
    mismatch(&if signed < now {
        let limit = time::amz_date(now - most);
        format!("Signature expired: {signed_at} is now earlier than {limit} ({at} - {told})")
    } else {
        let limit = time::amz_date(now + most);
        format!("Signature not yet current: {signed_at} is still later than {limit} ({at} + {told})")
    })
}
