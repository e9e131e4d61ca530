//! Refusals word for word, in the words of S3, of IAM and STS, and of API Gateway.

use countersign::{
    base::Fault,
    sigv4::{Dialect, Form, Refusal, payload::PayloadError, read},
};

use super::{
    refusal_rows::{ROWS, header},
    request::{ACCESS_KEY, Refused, Request, Signing, Verifier, at},
};

/// A fault in one line: `403 Code: message | Field=value`.
fn told(fault: &Fault) -> String {
    let mut line = format!("{} {}: {}", fault.status, fault.code, fault.message);
    for (name, value) in &fault.fields {
        line.push_str(&format!(" | {name}={value}"));
    }
    line
}

fn refusal(request: &Request, verifier: &Verifier) -> Refusal {
    match verifier.judge(request) {
        Err(Refused::Signature(refusal)) => refusal,
        other => panic!("no refusal but {other:?}"),
    }
}

const MISMATCH_QUERY: &str = "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const MISMATCH_JSON: &str = "403 InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
#[test]
fn every_refusal_is_told_in_the_words_of_its_service() {
    let services = [("s3", Dialect::S3), ("iam", Dialect::Query), ("execute-api", Dialect::Json)];
    let mut wrong = Vec::new();
    for (name, build, now, expected) in ROWS {
        for ((service, dialect), expected) in services.into_iter().zip(expected) {
            let payload = (service == "s3").then(|| "UNSIGNED-PAYLOAD".to_owned());
            let request = build(Signing { service, payload, ..Signing::default() });
            let verifier = Verifier { now: at(now), ..Verifier::default() };
            let told = told(&refusal(&request, &verifier).fault(dialect));
            let expected = expected.replace("SERVICE'", &format!("{service}'"));
            if told != expected {
                wrong.push(format!("{name}, {service}:\n  told     {told}\n  expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn refusals_of_the_gateway_are_told_too() {
    // Whoever looks up keys and services makes these.
    let rows = [
        (
            Refusal::NoCredentials,
            [
                "403 AccessDenied: Access Denied",
                "403 MissingAuthenticationToken: Request is missing Authentication Token",
                "403 MissingAuthenticationTokenException: Missing Authentication Token",
            ],
        ),
        (
            Refusal::BadToken("t".into()),
            [
                "400 InvalidToken: The provided token is malformed or otherwise invalid. | Token-0=t",
                "403 InvalidClientTokenId: The security token included in the request is invalid",
                "403 UnrecognizedClientException: The security token included in the request is invalid",
            ],
        ),
        (
            Refusal::WrongService(Form::Header, "sqs".into(), "s3".into()),
            [
                "400 AuthorizationHeaderMalformed: The authorization header is malformed; incorrect service \"sqs\". This endpoint belongs to \"s3\".",
                "403 SignatureDoesNotMatch: Credential should be scoped to correct service: 's3'. ",
                "403 InvalidSignatureException: Credential should be scoped to correct service: 's3'. ",
            ],
        ),
        (
            Refusal::WrongService(Form::Query, "sqs".into(), "s3".into()),
            [
                "400 AuthorizationQueryParametersError: Error parsing the X-Amz-Credential parameter; incorrect service \"sqs\". This endpoint belongs to \"s3\".",
                "403 SignatureDoesNotMatch: Credential should be scoped to correct service: 's3'. ",
                "403 InvalidSignatureException: Credential should be scoped to correct service: 's3'. ",
            ],
        ),
        (
            Refusal::AboveRoot,
            [
                "400 InvalidURI: Couldn't parse the specified URI.",
                "400 InvalidURI: Couldn't parse the specified URI.",
                "400 BadRequestException: Couldn't parse the specified URI.",
            ],
        ),
    ];
    for (refusal, expected) in rows {
        let dialects = [Dialect::S3, Dialect::Query, Dialect::Json];
        assert_eq!(dialects.map(|dialect| told(&refusal.fault(dialect))), expected.map(str::to_owned), "{refusal:?}");
    }
}

#[test]
fn a_mismatch_shows_what_was_to_be_signed() {
    let mut request = header(Signing::default());
    request.set("x-custom", "not signed");
    request.path = "/other.txt".into();
    let fault = refusal(&request, &Verifier::default()).fault(Dialect::S3);
    let field = |name: &str| &fault.fields.iter().find(|(known, _)| known == name).unwrap().1;
    let canonical = "GET\n/other.txt\n\nhost:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:UNSIGNED-PAYLOAD\n\
                     x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD";
    let hash = super::request::sha256(canonical.as_bytes());
    let to_sign = format!("AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n{hash}");
    let bytes = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let authorization = request.headers["authorization"].to_str().unwrap();
    let expected = [
        ("AWSAccessKeyId", ACCESS_KEY.to_owned()),
        ("StringToSign", to_sign.clone()),
        ("SignatureProvided", authorization.rsplit('=').next().unwrap().to_owned()),
        ("StringToSignBytes", bytes(&to_sign)),
        ("CanonicalRequest", canonical.to_owned()),
        ("CanonicalRequestBytes", bytes(canonical)),
    ];
    assert_eq!(fault.fields.len(), expected.len());
    for (name, value) in &expected {
        assert_eq!(field(name), value, "{name}");
    }
    let message = "The request signature we calculated does not match the signature you provided. Check your key and \
                   signing method.";
    assert_eq!((fault.status, &*fault.code, &*fault.message), (403, "SignatureDoesNotMatch", message));
    for (service, dialect, expected) in
        [("iam", Dialect::Query, MISMATCH_QUERY), ("execute-api", Dialect::Json, MISMATCH_JSON)]
    {
        let mut request = Signing { service, payload: None, ..Signing::default() }.signed(Request::get());
        request.push_query("a=1");
        assert_eq!(told(&refusal(&request, &Verifier::default()).fault(dialect)), expected);
    }
}

#[test]
fn only_s3_wants_the_hash_told() {
    let cases = [
        (None, "400 InvalidRequest: Missing required header for this request: x-amz-content-sha256"),
        (
            Some("none"),
            "400 InvalidArgument: x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
             STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
             STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid \
             sha256 value. | ArgumentName=x-amz-content-sha256 | ArgumentValue=none",
        ),
    ];
    for (value, expected) in cases {
        let mut request = header(Signing::default());
        request.headers.remove("x-amz-content-sha256");
        if let Some(value) = value {
            request.set("x-amz-content-sha256", value);
        }
        assert_eq!(told(&refusal(&request, &Verifier::default()).fault(Dialect::S3)), expected);
    }
}

#[test]
fn services_other_than_s3_look_at_host_and_time_before_the_scope() {
    // Everything is wrong at once; the first check that fails is told.
    let spoiled = |service: &'static str, host_is_signed: bool| {
        let mut request = Signing { service, region: "eu-north-1", ..Signing::default() }.signed(Request::get());
        request.edit_header("authorization", ACCESS_KEY, "AKIANOBODY");
        if !host_is_signed {
            request.edit_header("authorization", "=host;", "=");
        }
        request
    };
    let late = Verifier { now: at("20130524T010000Z"), ..Verifier::default() };
    let code = |request: &Request| refusal(request, &late);
    assert_eq!(code(&spoiled("iam", false)), Refusal::HostNotSigned);
    assert!(matches!(code(&spoiled("iam", true)), Refusal::Skewed { .. }));
    // S3: scope, key, time.
    assert!(matches!(code(&spoiled("s3", false)), Refusal::WrongRegion(..)));
}

#[test]
fn refusals_of_bodies_are_told_in_the_words_of_s3() {
    let rows = [
        (
            PayloadError::HashMismatch("a".into(), "b".into()),
            "400 XAmzContentSHA256Mismatch: The provided 'x-amz-content-sha256' header does not match what was computed. | ClientComputedContentSHA256=a | S3ComputedContentSHA256=b",
        ),
        (
            PayloadError::SignatureMismatch,
            "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ),
        (
            PayloadError::ChecksumMismatch("x-amz-checksum-crc64nvme".into()),
            "400 BadDigest: The CRC64NVME you specified did not match the calculated checksum.",
        ),
        (PayloadError::Md5Mismatch, "400 BadDigest: The Content-MD5 you specified did not match what we received."),
        (PayloadError::Md5Invalid, "400 InvalidDigest: The Content-MD5 you specified is not valid."),
        (
            PayloadError::ChecksumInvalid("x-amz-checksum-sha1".into()),
            "400 InvalidRequest: Value for x-amz-checksum-sha1 header is invalid.",
        ),
        (
            PayloadError::ChecksumsUnclear("two".into()),
            "400 InvalidRequest: Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ),
        (
            PayloadError::Length,
            "400 IncompleteBody: You did not provide the number of bytes specified by the Content-Length HTTP header",
        ),
        (PayloadError::Framing("why"), "400 IncompleteBody: The request body terminated unexpectedly"),
        (
            PayloadError::ChunkTooSmall,
            "403 InvalidChunkSizeError: Only the last chunk is allowed to have a size less than 8192 bytes",
        ),
        (
            PayloadError::Trailer("why"),
            "400 MalformedTrailerError: The request contained trailing data that was not well-formed or did not conform to our published schema.",
        ),
        (PayloadError::NoDecodedLength, "411 MissingContentLength: You must provide the Content-Length HTTP header."),
    ];
    for (error, expected) in rows {
        assert_eq!(told(&Fault::from(error)), expected);
    }
}

#[test]
fn anonymous_requests_carry_nothing_of_a_signature() {
    let evidence = |target: &str| format!("{:?}", read(&Request::new("GET", "h", target).head()));
    assert_eq!(evidence("/b/k"), "Ok(None)");
    assert_eq!(evidence("/b/k?x-amz-acl=private"), "Ok(None)");
    for half in
        ["X-Amz-Expires=60", "X-Amz-Date=a", "x-amz-security-token=t", "X-Amz-Signature=0", "X-Amz-SignedHeaders=host"]
    {
        assert!(evidence(&format!("/b/k?{half}")).starts_with("Err(MissingInQuery"), "{half}");
    }
}
