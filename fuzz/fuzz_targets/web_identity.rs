//! Web identity tokens: nobody forges one, and of what the provider did sign only what it may say is believed.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use countersign::{
    base::Timestamp,
    federation::{
        Asserted,
        oidc::{KeySet, Provider, Refusal, Token, verify},
    },
};
use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const NOW: i64 = 1_700_000_000;
const CLIENT: &str = "sts.amazonaws.com";

/// Claims that hold, to which more are added.
const SOUND: &[u8] =
    br#"{"iss":"https://gitlab.com","sub":"x","aud":"sts.amazonaws.com","iat":1700000000,"exp":1700000060,"#;

static KEY: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made"));

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let (x, y) = KEY.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y));
    let set = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k","x":"{x}","y":"{y}"}}]}}"#);
    KeySet::read(set.as_bytes()).expect("a set of one key")
});

fn provider() -> Provider {
    let client_ids = vec![CLIENT.to_owned()];
    let claims = vec!["team".to_owned(), "nested/name".to_owned()];
    Provider { url: "https://gitlab.com".into(), client_ids, thumbprints: Vec::new(), claims, context: None }
}

fn check(token: &str) -> Result<Asserted, Refusal> {
    let now = Timestamp::from_second(NOW).expect("a moment");
    Token::read(token).and_then(|token| verify(&token, &provider(), &KEYS, now))
}

fn tell(refusal: &Refusal) {
    let fault = refusal.fault();
    assert!(matches!(fault.status, 400 | 403) && !fault.code.is_empty());
    assert!(fault.message.len() < 2048 && fault.detail.is_some_and(|detail| detail.len() < 2048));
}

/// What is believed stands in the claims, as any reader of JSON reads them.
fn hold(asserted: &Asserted, claims: &[u8]) {
    let claims: Value = serde_json::from_slice(claims).expect("what is believed is JSON");
    assert_eq!(claims["iss"], "https://gitlab.com");
    assert_eq!(claims["sub"], asserted.subject.as_str());
    assert!(claims["exp"].as_i64().is_some_and(|exp| exp > NOW && exp == asserted.expires.as_second()));
    assert!(claims["iat"].as_i64().is_some_and(|iat| iat <= NOW + 300));
    assert_eq!(asserted.audience, CLIENT);
    let aud = &claims["aud"];
    let is_meant = match &claims["azp"] {
        Value::Null => aud == CLIENT || aud.as_array().is_some_and(|all| all.iter().any(|one| one == CLIENT)),
        party => party == CLIENT,
    };
    assert!(is_meant && !asserted.subject.is_empty() && asserted.tags.len() <= 50);
    for (key, _) in &asserted.facts {
        assert!(key.starts_with("gitlab.com:") && *key == key.to_lowercase());
        assert_eq!(asserted.facts.iter().filter(|(known, _)| known == key).count(), 1, "{key}");
    }
}

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let (header, claims, signature) = input;
    if let Ok(text) = str::from_utf8(claims) {
        tell(&check(text).expect_err("a token was guessed"));
    }
    let parts = [header, claims, signature].map(|part| BASE64URL_NOPAD.encode(part));
    tell(&check(&parts.join(".")).expect_err("a signature was guessed"));
    let _ = KeySet::read(claims);
    for claims in [claims.to_vec(), [SOUND, claims, b"}"].concat()] {
        let parts = [br#"{"alg":"ES256","kid":"k"}"#, &claims[..]].map(|part| BASE64URL_NOPAD.encode(part));
        let signed = parts.join(".");
        let signature = KEY.sign(&SystemRandom::new(), signed.as_bytes()).expect("it signs");
        match check(&format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))) {
            Ok(asserted) => hold(&asserted, &claims),
            Err(refusal) => tell(&refusal),
        }
    }
});
