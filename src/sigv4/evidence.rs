//! What a request says of its signature: parsed, not yet believed.

use std::borrow::Cow;

use super::{escape::decode_query, refusal::Refusal};
use crate::base::{Head, Timestamp, time};

/// The two algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SigV4: HMAC with a key for one region.
    Hmac,
    /// SigV4A: ECDSA P-256, for a set of regions.
    Ecdsa,
}

impl Algorithm {
    /// `AWS4-HMAC-SHA256`, `AWS4-ECDSA-P256-SHA256`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Hmac => "AWS4-HMAC-SHA256",
            Algorithm::Ecdsa => "AWS4-ECDSA-P256-SHA256",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Algorithm::Hmac, Algorithm::Ecdsa].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// Where a signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL.
    Query,
    /// In the fields of a form.
    Post,
}

/// What a request brings to prove its caller.
#[derive(Debug)]
pub enum Evidence<'a> {
    /// Nothing: the caller is anonymous.
    None,
    /// A signature.
    Signed(Signed<'a>),
}

/// A signature and everything that it names. Every field is a claim until [`verify`](super::verify()) has proven it.
#[derive(Debug)]
pub struct Signed<'a> {
    /// Where it stood.
    pub form: Form,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// `AKID/20130524/us-east-1/s3/aws4_request`; SigV4A has no region.
    pub credential: Cow<'a, str>,
    /// `host;x-amz-date`.
    pub signed_headers: Cow<'a, str>,
    /// Hexadecimal.
    pub signature: Cow<'a, str>,
    /// `20130524T000000Z`.
    pub date: Cow<'a, str>,
    /// The moment that `date` names.
    pub at: Timestamp,
    /// Presigned URLs: for how many seconds they hold. S3's always say it.
    pub expires: Option<u32>,
    /// The session token of temporary credentials.
    pub token: Option<Cow<'a, str>>,
    /// SigV4A: the regions, separated by commas, with `*`.
    pub region_set: Option<Cow<'a, str>>,
}

/// The parts of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Who.
    pub access_key_id: &'a str,
    /// `20130524`.
    pub date: &'a str,
    /// `us-east-1`; empty with SigV4A.
    pub region: &'a str,
    /// `s3`.
    pub service: &'a str,
    /// `aws4_request`.
    pub terminator: &'a str,
}

impl<'a> Scope<'a> {
    /// Splits a credential. Access key ids hold no slash.
    pub fn parse(credential: &'a str, algorithm: Algorithm) -> Option<Self> {
        // By bytes: the parts are short, and each request is split several times.
        let mut rest = Some(credential);
        let mut part = || {
            let text = rest?;
            let end = text.bytes().position(|byte| byte == b'/');
            rest = end.and_then(|end| text.get(end + 1..));
            end.map_or(Some(text), |end| text.get(..end))
        };
        let (access_key_id, date) = (part()?, part()?);
        let region = if algorithm == Algorithm::Hmac { part()? } else { "" };
        let (service, terminator) = (part()?, part()?);
        part().is_none().then_some(Self { access_key_id, date, region, service, terminator })
    }
}

impl Signed<'_> {
    /// The parts of the credential, which were counted when it was read.
    pub fn scope(&self) -> Option<Scope<'_>> {
        Scope::parse(&self.credential, self.algorithm)
    }

    /// The credential without the access key id: `20130524/us-east-1/s3/aws4_request`.
    pub fn scope_text(&self) -> &str {
        self.credential.split_once('/').map_or("", |(_, scope)| scope)
    }

    /// Whether a header is signed.
    pub fn signs(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }
}

/// Reads what a request says of its signature. Whatever is ambiguous is refused; nothing is verified.
pub fn read<'a>(head: &Head<'a>) -> Result<Evidence<'a>, Refusal> {
    let mut headers = head.headers.get_all(http::header::AUTHORIZATION).iter();
    let authorization = headers.next();
    if headers.next().is_some() {
        return Err(Refusal::SeveralAuthorizations);
    }
    let query = QueryClaims::read(head.query)?;
    match (authorization, query.is_present()) {
        (Some(_), true) => Err(Refusal::TwoMechanisms),
        (None, false) if query.is_version_2 => Err(Refusal::Version2),
        (None, false) => Ok(Evidence::None),
        (None, true) => presigned(head, query).map(Evidence::Signed),
        (Some(value), false) => {
            let value = value.to_str().map_err(|_| Refusal::UnsupportedAuthorization)?;
            header(head, value).map(Evidence::Signed)
        }
    }
}

/// Reads the `Authorization` header.
fn header<'a>(head: &Head<'a>, value: &'a str) -> Result<Signed<'a>, Refusal> {
    let (algorithm, rest) = value.trim().split_once(' ').unwrap_or((value, ""));
    if algorithm == "AWS" {
        return Err(Refusal::Version2);
    }
    let algorithm = Algorithm::of(algorithm).ok_or_else(|| Refusal::UnknownAlgorithm(algorithm.to_owned()))?;
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for pair in rest.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| Refusal::NotAPair(pair.to_owned(), value.to_owned()))?;
        let place = match name.trim() {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(Refusal::UnknownParameter(name.to_owned())),
        };
        if place.replace(value.trim()).is_some() {
            return Err(Refusal::RepeatedParameter(Form::Header, name.trim().to_owned()));
        }
    }
    let date = signing_date(head)?;
    let missing = [
        ("Credential", credential.is_none()),
        ("Signature", signature.is_none()),
        ("SignedHeaders", signed_headers.is_none()),
        ("Date", date.is_none()),
    ];
    let (Some(credential), Some(signed_headers), Some(signature), Some((date, at))) =
        (credential, signed_headers, signature, date)
    else {
        let missing = missing.iter().filter(|(_, missing)| *missing).map(|(name, _)| *name).collect();
        return Err(Refusal::MissingInHeader(algorithm, missing));
    };
    checked(Signed {
        form: Form::Header,
        algorithm,
        credential: credential.into(),
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        date,
        at,
        expires: None,
        token: one(head, "x-amz-security-token")?.map(Into::into),
        region_set: one(head, "x-amz-region-set")?.map(Into::into),
    })
}

/// A header that may stand at most once.
fn one<'a>(head: &Head<'a>, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    if !head.headers.contains_key(name) {
        return Ok(None);
    }
    head.single(name).map(Some).ok_or(Refusal::RepeatedHeader(name))
}

/// The moment of signing: `X-Amz-Date` wins over `Date`; `None` if there is neither.
fn signing_date<'a>(head: &Head<'a>) -> Result<Option<(Cow<'a, str>, Timestamp)>, Refusal> {
    if let Some(text) = one(head, "x-amz-date")? {
        return read_date(text).map(Some);
    }
    match one(head, "date")? {
        Some(text) => read_date(text).map(Some),
        None => Ok(None),
    }
}

/// Reads the basic ISO form, the extended one, or an HTTP date; writes the basic form.
fn read_date(text: &str) -> Result<(Cow<'_, str>, Timestamp), Refusal> {
    if let Some(at) = time::parse_amz_date(text) {
        return Ok((text.into(), at));
    }
    let extended = || {
        let at = time::parse_amz_date(&text.replace(['-', ':'], ""))?;
        (time::iso8601(at) == text).then_some(at)
    };
    let http = || jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let at = extended().or_else(http).ok_or_else(|| Refusal::BadDate(text.to_owned()))?;
    Ok((time::amz_date(at).into(), at))
}

/// The `X-Amz-*` parameters of a presigned URL, decoded.
#[derive(Default)]
struct QueryClaims<'a> {
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
    region_set: Option<Cow<'a, str>>,
    /// Read by the payload's rule; here only held against what else is said.
    content_hash: Option<Cow<'a, str>>,
    is_version_2: bool,
}

impl<'a> QueryClaims<'a> {
    fn read(query: &'a str) -> Result<Self, Refusal> {
        let mut claims = Self::default();
        for piece in query.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            if name == "AWSAccessKeyId" {
                claims.is_version_2 = true;
            }
            let Some(place) = claims.place(name) else {
                // `X-Amz-%53ignature` would be read by others, so it is not passed over.
                let other = decode_query(name).map_err(Refusal::BadEscape)?;
                if claims.place(&other).is_some() {
                    return Err(Refusal::EscapedName(name.to_owned()));
                }
                continue;
            };
            if place.is_some() {
                return Err(Refusal::RepeatedParameter(Form::Query, name.to_owned()));
            }
            *place = Some(decode_query(value).map_err(Refusal::BadEscape)?);
        }
        Ok(claims)
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        if !name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("X-Amz-")) {
            return None;
        }
        Some(match name.to_ascii_lowercase().as_str() {
            "x-amz-algorithm" => &mut self.algorithm,
            "x-amz-credential" => &mut self.credential,
            "x-amz-date" => &mut self.date,
            "x-amz-expires" => &mut self.expires,
            "x-amz-signedheaders" => &mut self.signed_headers,
            "x-amz-signature" => &mut self.signature,
            "x-amz-security-token" => &mut self.token,
            "x-amz-region-set" => &mut self.region_set,
            "x-amz-content-sha256" => &mut self.content_hash,
            _ => return None,
        })
    }

    /// Whether anything in the query speaks of a signature. Half of one is not passed over beside an `Authorization`
    /// header: a token or a time there would count for others.
    fn is_present(&self) -> bool {
        let Self { algorithm, credential, date, expires, signed_headers, signature, token, region_set, .. } = self;
        [algorithm, credential, date, expires, signed_headers, signature, token, region_set, &self.content_hash]
            .into_iter()
            .any(Option::is_some)
    }

    /// Headers that say something else than the query does.
    fn check_headers(&self, head: &Head<'_>) -> Result<(), Refusal> {
        let both = [
            ("x-amz-date", &self.date),
            ("x-amz-security-token", &self.token),
            ("x-amz-region-set", &self.region_set),
            ("x-amz-content-sha256", &self.content_hash),
        ];
        for (name, claim) in both {
            let Some(value) = one(head, name)? else { continue };
            // A hash is an announcement of the body, which may stand in a signed header alone.
            let may_stand_alone = name == "x-amz-content-sha256" && claim.is_none();
            if !may_stand_alone && claim.as_deref() != Some(value) {
                return Err(Refusal::Contradiction(name));
            }
        }
        Ok(())
    }
}

fn presigned<'a>(head: &Head<'_>, claims: QueryClaims<'a>) -> Result<Signed<'a>, Refusal> {
    claims.check_headers(head)?;
    let is_for_s3 = |credential: &str| credential.split('/').rev().nth(1) == Some("s3");
    let missing = [
        ("X-Amz-Algorithm", claims.algorithm.is_none()),
        ("X-Amz-Credential", claims.credential.is_none()),
        ("X-Amz-Signature", claims.signature.is_none()),
        ("X-Amz-SignedHeaders", claims.signed_headers.is_none()),
        ("X-Amz-Date", claims.date.is_none()),
        ("X-Amz-Expires", claims.expires.is_none() && claims.credential.as_deref().is_some_and(is_for_s3)),
    ];
    let missing: Vec<_> = missing.iter().filter(|(_, missing)| *missing).map(|(name, _)| *name).collect();
    let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date), true) =
        (claims.algorithm, claims.credential, claims.signature, claims.signed_headers, claims.date, missing.is_empty())
    else {
        return Err(Refusal::MissingInQuery(missing));
    };
    let algorithm = Algorithm::of(&algorithm).ok_or_else(|| Refusal::UnknownQueryAlgorithm(algorithm.into_owned()))?;
    let at = time::parse_amz_date(&date).ok_or_else(|| Refusal::BadQueryDate(date.clone().into_owned()))?;
    let expires = claims.expires.as_deref().map(read_expires).transpose()?;
    checked(Signed {
        form: Form::Query,
        algorithm,
        credential,
        signed_headers,
        signature,
        date,
        at,
        expires,
        token: claims.token,
        region_set: claims.region_set,
    })
}

/// A week, in seconds: the longest time for which a presigned URL may hold.
pub const EXPIRES_MAX: u32 = 604_800;

fn read_expires(text: &str) -> Result<u32, Refusal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::ExpiresNotANumber);
    }
    match text.parse::<i64>() {
        Ok(..=0) => Err(Refusal::ExpiresNegative),
        Ok(seconds) => {
            u32::try_from(seconds).ok().filter(|seconds| *seconds <= EXPIRES_MAX).ok_or(Refusal::ExpiresTooLong)
        }
        Err(_) if text.starts_with('-') => Err(Refusal::ExpiresNegative),
        Err(_) => Err(Refusal::ExpiresTooLong),
    }
}

/// What every signature needs, wherever it stands: a credential of the right number of parts, header names in lower
/// case and in order, a signature in hexadecimal.
fn checked(signed: Signed<'_>) -> Result<Signed<'_>, Refusal> {
    match signed.scope() {
        None => return Err(Refusal::CredentialMalformed(signed.form, signed.credential.into_owned())),
        Some(scope) if scope.access_key_id.is_empty() => return Err(Refusal::NoAccessKey(signed.form)),
        Some(_) => {}
    }
    let mut previous = "";
    for name in signed.signed_headers.split(';') {
        let plain =
            name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!'..=b'.' | b':' | b'_' | b'~'));
        if name.is_empty() || !plain || name <= previous {
            return Err(Refusal::SignedHeadersMalformed);
        }
        previous = name;
    }
    Ok(signed)
}
