//! AWS's own test suite for signers, as the crate `aws-sigv4` carries it. Its files are read where Cargo has put them.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use bytes::Bytes;
use countersign::{
    base::Timestamp,
    sigv4::{
        Algorithm, Evidence, Refusal, Signed, SigningKey, VerifyingKey,
        canonical::{PathRule, canonical_request, string_to_sign},
        payload::EMPTY_HASH,
        read,
    },
};
use serde_json::Value;

use super::request::{Refused, Request, Verifier, secret, sha256};

/// The folder of the suite.
fn suite() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "aws-sigv4").expect("a dependency");
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().join("aws-signing-test-suite")
}

/// The files of one case, by name.
struct Case {
    name: String,
    files: BTreeMap<String, String>,
}

fn cases(collection: &str) -> Vec<Case> {
    let folders = fs::read_dir(suite().join(collection)).expect("the suite is in the crate");
    let mut cases: Vec<Case> = folders
        .map(|folder| {
            let folder = folder.unwrap();
            let files = fs::read_dir(folder.path()).unwrap().map(|file| {
                let file = file.unwrap();
                (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap())
            });
            Case { name: folder.file_name().into_string().unwrap(), files: files.collect() }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// A request as text. Some targets have raw blanks, and some headers go on in the next line.
fn parse(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let unfolded = head.replace("\n ", "  ").replace("\n\t", "  ");
    let mut lines = unfolded.lines();
    let line = lines.next().unwrap();
    let (method, target) = line.split_once(' ').unwrap();
    let target = target.strip_suffix(" HTTP/1.1").unwrap_or(target);
    let mut request = Request::new(method, "", target);
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        match name.eq_ignore_ascii_case("host") {
            true => request.host = value.trim().to_owned(),
            false => request.add(name, value),
        }
    }
    request.body = Bytes::copy_from_slice(body.as_bytes());
    request
}

/// What a case says of itself.
struct Context {
    verifier: Verifier,
    normalize: bool,
    region: String,
    omits_token: bool,
}

impl Case {
    fn file(&self, name: &str) -> &str {
        self.files.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }

    fn context(&self) -> Context {
        let context: Value = serde_json::from_str(self.file("context.json")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let credentials = &context["credentials"];
        let now: Timestamp = text(&context["timestamp"]).parse().unwrap();
        let (access_key, secret_key) = (text(&credentials["access_key_id"]), text(&credentials["secret_access_key"]));
        let region = text(&context["region"]);
        let mut verifier = Verifier::new(&access_key, &secret_key, now);
        verifier.regions = vec![region.as_str().into()];
        Context {
            verifier,
            normalize: context["normalize"].as_bool().unwrap(),
            region,
            omits_token: context["omit_session_token"] == true,
        }
    }
}

impl Context {
    fn rule(&self) -> PathRule {
        if self.normalize { PathRule::Normalized } else { PathRule::Unnormalized }
    }

    /// The road's verifier; where the signer left the path as it was, its parts by hand.
    fn judge(&self, request: &Request) -> Result<(), Refused> {
        if self.normalize {
            return self.verifier.judge(request);
        }
        let head = request.head();
        let Evidence::Signed(signed) = read(&head)? else { return Err(Refused::Anonymous) };
        let canonical = canonical_request(&head, self.rule(), &signed.signed_headers, EMPTY_HASH)?;
        match self.proves(&signed, &to_sign(&signed, &canonical), &signed.signature) {
            true => Ok(()),
            false => Err(Refusal::HostNotSigned.into()),
        }
    }

    fn proves(&self, signed: &Signed<'_>, to_sign: &[u8], signature: &str) -> bool {
        let scope = signed.scope().unwrap();
        match signed.algorithm {
            Algorithm::Hmac => SigningKey::derive(&self.verifier.secret, scope.date, scope.region, scope.service)
                .verify(to_sign, signature),
            Algorithm::Ecdsa => {
                VerifyingKey::derive(scope.access_key_id, &self.verifier.secret).unwrap().verify(to_sign, signature)
            }
        }
    }
}

fn to_sign(signed: &Signed<'_>, canonical: &[u8]) -> Vec<u8> {
    string_to_sign(signed.algorithm.name(), &signed.date, signed.scope_text(), canonical)
}

/// The same requests with one signed character changed, for each character.
fn mutations(request: &Request, signed_headers: &str, body_is_signed: bool) -> Vec<Request> {
    let other = |character: char| if character == 'a' { 'b' } else { 'a' };
    let changed = |text: &str| -> Vec<String> {
        let change = |(at, character): (usize, char)| {
            let (before, after) = (&text[..at], &text[at + character.len_utf8()..]);
            format!("{before}{}{after}", other(character))
        };
        text.char_indices().map(change).collect()
    };
    let mut all = vec![Request { method: http::Method::OPTIONS, ..request.clone() }];
    // What `..` takes back is not signed.
    let paths = match request.path.contains("/..") {
        true => vec![format!("a/{}", &request.path[1..]), format!("{}a", &request.path[1..])],
        false => changed(&request.path[1..]),
    };
    all.extend(paths.into_iter().map(|rest| Request { path: format!("/{rest}"), ..request.clone() }));
    all.extend(changed(&request.query).into_iter().map(|query| Request { query, ..request.clone() }));
    all.extend(changed(&request.host).into_iter().map(|host| Request { host, ..request.clone() }));
    for name in signed_headers.split(';').filter(|name| *name != "host") {
        let values: Vec<_> = request.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        for (at, value) in values.iter().enumerate() {
            for changed in changed(value) {
                let mut request = request.clone();
                request.headers.remove(name);
                for (place, value) in values.iter().enumerate() {
                    request.add(name, if place == at { &changed } else { value });
                }
                all.push(request);
            }
        }
    }
    if body_is_signed {
        let text = str::from_utf8(&request.body).unwrap();
        all.extend(changed(text).into_iter().map(|body| Request { body: body.into(), ..request.clone() }));
    }
    all
}

/// One form of one case: the canonical request, the string to sign and the signature are those of the suite; the signed
/// request verifies, and does not with any signed character changed. Gives the number of changes.
fn check(case: &Case, context: &Context, place: &str) -> usize {
    let name = format!("{} in the {place}", case.name);
    let mut request = parse(case.file(&format!("{place}-signed-request.txt")));
    if context.omits_token {
        // An option that AWS IoT had: the token is added after the signing. Here it has to be signed.
        assert!(context.judge(&request).is_err(), "{name}: with a token that is not signed");
        request.headers.remove("x-amz-security-token");
        let query = request.query.split('&').filter(|piece| !piece.starts_with("X-Amz-Security-Token="));
        request.query = query.collect::<Vec<_>>().join("&");
    }
    let head = request.head();
    let Evidence::Signed(signed) = read(&head).unwrap() else { panic!("{name}: no signature") };
    let body_is_signed = !request.body.is_empty();
    let payload = sha256(&request.body);
    let canonical = canonical_request(&head, context.rule(), &signed.signed_headers, &payload).unwrap();
    assert_eq!(str::from_utf8(&canonical).unwrap(), case.file(&format!("{place}-canonical-request.txt")), "{name}");
    let to_sign = to_sign(&signed, &canonical);
    assert_eq!(str::from_utf8(&to_sign).unwrap(), case.file(&format!("{place}-string-to-sign.txt")), "{name}");
    let signature = case.file(&format!("{place}-signature.txt"));
    assert!(context.proves(&signed, &to_sign, signature), "{name}: the signature alone");
    assert_eq!(context.judge(&request), Ok(()), "{name}");
    let mutations = mutations(&request, &signed.signed_headers, body_is_signed);
    for changed in &mutations {
        assert!(context.judge(changed).is_err(), "{name}: {changed:?}");
    }
    mutations.len()
}

/// Two older cases have no context: they are about the canonical request alone, and its date is not that of the request.
fn check_canonical_request(case: &Case) {
    let expected = case.file("header-canonical-request.txt");
    let date = expected.lines().find_map(|line| line.strip_prefix("x-amz-date:")).unwrap();
    let mut request = parse(case.file("request.txt"));
    request.set("x-amz-date", date);
    let canonical =
        canonical_request(&request.head(), PathRule::Normalized, "host;x-amz-date", &sha256(&request.body)).unwrap();
    assert_eq!(str::from_utf8(&canonical).unwrap(), expected, "{}", case.name);
    if let Some(to_sign) = case.files.get("header-string-to-sign.txt") {
        let scope = to_sign.lines().nth(2).unwrap();
        let computed = string_to_sign(Algorithm::Hmac.name(), date, scope, &canonical);
        assert_eq!(str::from_utf8(&computed).unwrap(), to_sign.trim_end(), "{}", case.name);
    }
}

#[test]
fn every_case_of_the_v4_suite_verifies() {
    let cases = cases("v4");
    let (mut with_context, mut changes) = (0, 0);
    for case in &cases {
        if !case.files.contains_key("context.json") {
            check_canonical_request(case);
            continue;
        }
        with_context += 1;
        let context = case.context();
        for place in ["header", "query"] {
            changes += check(case, &context, place);
        }
    }
    assert_eq!((cases.len(), with_context), (40, 38));
    assert!(changes > 10_000, "{changes} changes");
}

#[test]
fn every_case_of_the_v4a_suite_verifies() {
    let cases = cases("v4a");
    let mut changes = 0;
    for case in &cases {
        let mut context = case.context();
        for place in ["header", "query"] {
            changes += check(case, &context, place);
        }
        // The region set of the suite names one region, which is another than this one.
        let request = parse(case.file("header-signed-request.txt"));
        context.verifier.regions = vec!["eu-west-1".into()];
        assert_ne!(context.region, "eu-west-1");
        if context.normalize {
            let expected = Refusal::WrongRegion(countersign::sigv4::Form::Header, context.region, "eu-west-1".into());
            assert_eq!(context.verifier.judge(&request), Err(expected.into()), "{}", case.name);
        }
    }
    assert_eq!(cases.len(), 38);
    assert!(changes > 10_000, "{changes} changes");
}

#[test]
fn the_public_keys_of_the_v4a_suite_are_derived() {
    // The suite's public key and ours prove the same signature, which no other key does.
    for case in cases("v4a") {
        let key: Value = serde_json::from_str(case.file("public-key.json")).unwrap();
        let part = |name: &str| data_encoding::HEXLOWER.decode(key[name].as_str().unwrap().as_bytes()).unwrap();
        let point = [vec![4], part("X"), part("Y")].concat();
        let theirs = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1, point);
        let to_sign = case.file("header-string-to-sign.txt");
        let signature = case.file("header-signature.txt");
        let bytes = data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap();
        assert!(theirs.verify(to_sign.as_bytes(), &bytes).is_ok(), "{}", case.name);
        let verifier = case.context().verifier;
        let ours = VerifyingKey::derive(&verifier.access_key, &verifier.secret).unwrap();
        assert!(ours.verify(to_sign.as_bytes(), signature), "{}", case.name);
        let other = VerifyingKey::derive(&verifier.access_key, &secret("another secret")).unwrap();
        assert!(!other.verify(to_sign.as_bytes(), signature), "{}", case.name);
    }
}
