//! The `Authorization` header and the date: whatever is read is written anew and read as the same, and proves nothing.
#![no_main]

use countersign::{
    base::{Head, SecretKey, time},
    sigv4::{Dialect, Evidence, Expectations, ProvingKey, Refusal, Signed, SigningKey, check_scope, read, verify},
};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fn headers(authorization: &[u8], date: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_bytes(authorization).ok()?);
    headers.insert("x-amz-date", HeaderValue::from_bytes(date).ok()?);
    Some(headers)
}

fn head(headers: &HeaderMap) -> Head<'_> {
    Head { method: &Method::GET, host: "h", path: "/", query: "", headers }
}

fn tell(refusal: &Refusal) {
    for dialect in [Dialect::S3, Dialect::Query, Dialect::Json] {
        let fault = refusal.fault(dialect);
        assert!((400..=403).contains(&fault.status) && !fault.code.is_empty());
    }
}

fn written(signed: &Signed<'_>) -> String {
    let Signed { algorithm, credential, signed_headers, signature, .. } = signed;
    let algorithm = algorithm.name();
    format!("{algorithm} Credential={credential},SignedHeaders={signed_headers},Signature={signature}")
}

fuzz_target!(|input: (&[u8], &[u8])| {
    let Some(received) = headers(input.0, input.1) else { return };
    let signed = match read(&head(&received)) {
        Ok(Evidence::Signed(signed)) => signed,
        Ok(Evidence::None) => panic!("the header was passed over"),
        Err(refusal) => return tell(&refusal),
    };
    assert_eq!(time::amz_date(signed.at), signed.date);
    let names: Vec<&str> = signed.signed_headers.split(';').collect();
    assert!(names.is_sorted_by(|before, after| before < after));
    assert!(names.iter().all(|name| !name.is_empty() && !name.contains(|c: char| c.is_ascii_uppercase() || c <= ' ')));
    let again = headers(written(&signed).as_bytes(), signed.date.as_bytes()).expect("it was a header before");
    match read(&head(&again)) {
        Ok(Evidence::Signed(again)) => assert_eq!(format!("{again:?}"), format!("{signed:?}")),
        other => panic!("what was written anew is read as {other:?}"),
    }
    let regions = ["us-east-1".into()];
    let expectations = Expectations { now: signed.at, regions: &regions };
    match check_scope(&signed, &expectations) {
        Ok(scope) => {
            assert_eq!(signed.date.get(..8), Some(scope.date));
            let key = SigningKey::derive(&SecretKey::new("secret".into()), scope.date, scope.region, scope.service);
            let outcome = verify(&signed, &head(&received), "UNSIGNED-PAYLOAD", &expectations, &ProvingKey::Hmac(&key));
            tell(&outcome.expect_err("a signature was guessed"));
        }
        Err(refusal) => tell(&refusal),
    }
});
