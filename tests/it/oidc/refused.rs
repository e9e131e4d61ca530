//! Every reason to refuse a token, but for those of claims: form, algorithms, keys, signatures.

use countersign::federation::oidc::{KeySet, Refusal, Token, verify};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::mint::{ISSUER, Minter, OTHER_RSA, RSA, check, claims, mint_with_secret, now, provider, set};

/// The check that refuses, in a word.
fn refused(token: &str) -> &'static str {
    check(token).map_or_else(|refusal| refusal.check(), |_| "nothing")
}

#[test]
fn each_algorithm_is_taken_with_its_own_kind_of_key() {
    for algorithm in ["RS256", "RS384", "RS512"] {
        let token = RSA.mint_with(&json!({"alg": algorithm, "kid": "rsa"}), &claims());
        assert_eq!(refused(&token), "nothing", "{algorithm}");
    }
    for algorithm in ["ES256", "ES384", "ES512"] {
        let minter = Minter::ec("ec", algorithm);
        let token = Token::read(&minter.mint(&claims())).unwrap();
        let asserted = verify(&token, &provider(ISSUER), &set(&[RSA.jwk(), minter.jwk()]), now());
        assert_eq!(asserted.map(|asserted| asserted.issuer), Ok(ISSUER.to_owned()), "{algorithm}");
    }
}

#[test]
fn headers_decide_nothing_that_the_key_does_not() {
    let evil = Minter::rsa("rsa");
    let cases: [(&str, Value, &str); 24] = [
        ("the usual one", json!({"alg": "RS256", "typ": "JWT", "kid": "rsa"}), "nothing"),
        ("no type", json!({"alg": "RS256", "kid": "rsa"}), "nothing"),
        ("an access token's type", json!({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}), "nothing"),
        ("a type in full", json!({"alg": "RS256", "kid": "rsa", "typ": "application/JWT"}), "nothing"),
        ("a logout token", json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}), "type"),
        ("a proof of possession", json!({"alg": "RS256", "kid": "rsa", "typ": "dpop+jwt"}), "type"),
        ("a type that is no text", json!({"alg": "RS256", "kid": "rsa", "typ": ["JWT"]}), "type"),
        ("no key id", json!({"alg": "RS256"}), "nothing"),
        ("another key's id", json!({"alg": "RS256", "kid": "other"}), "key id"),
        ("an id in other case", json!({"alg": "RS256", "kid": "RSA"}), "key id"),
        ("an id that is a path", json!({"alg": "RS256", "kid": "../../dev/null"}), "key id"),
        ("an id that is a query", json!({"alg": "RS256", "kid": "' OR '1'='1"}), "key id"),
        ("an empty id", json!({"alg": "RS256", "kid": ""}), "key id"),
        ("an id that is a number", json!({"alg": "RS256", "kid": 1}), "form"),
        ("an id that is nothing", json!({"alg": "RS256", "kid": null}), "form"),
        ("an extension", json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"], "exp": 1}), "critical header"),
        ("no extension, demanded", json!({"alg": "RS256", "kid": "rsa", "crit": []}), "critical header"),
        (
            "an unencoded payload",
            json!({"alg": "RS256", "kid": "rsa", "b64": false, "crit": ["b64"]}),
            "critical header",
        ),
        ("no algorithm", json!({"kid": "rsa"}), "form"),
        ("an algorithm that is a list", json!({"alg": ["RS256"], "kid": "rsa"}), "form"),
        ("an algorithm in other case", json!({"alg": "rs256", "kid": "rsa"}), "algorithm"),
        ("an algorithm for other padding", json!({"alg": "PS256", "kid": "rsa"}), "algorithm"),
        ("an algorithm of elliptic keys", json!({"alg": "ES256", "kid": "rsa"}), "key id"),
        (
            "another key's place",
            json!({"alg": "RS256", "kid": "rsa", "jku": "https://evil.example/k",
            "x5u": "https://evil.example/c", "jwk": evil.jwk()}),
            "nothing",
        ),
    ];
    for (name, header, expected) in cases {
        assert_eq!(refused(&RSA.mint_with(&header, &claims())), expected, "{name}");
    }
}

#[test]
fn keys_that_tokens_bring_along_are_not_looked_at() {
    let evil = Minter::rsa("rsa");
    for header in [
        json!({"alg": "RS256", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "rsa", "jwk": evil.jwk()}),
        json!({"alg": "RS256", "jwk": evil.jwk()}),
        json!({"alg": "RS256", "kid": "rsa", "jku": "https://idp.example.com/keys"}),
        json!({"alg": "RS256", "kid": "rsa", "x5c": [BASE64.encode(&evil.public_der())]}),
    ] {
        assert_eq!(refused(&evil.mint_with(&header, &claims())), "signature", "{header}");
    }
}

#[test]
fn no_secret_and_no_signature_at_all_is_taken() {
    for algorithm in ["HS256", "hs256", "HS512"] {
        let header = json!({"alg": algorithm, "kid": "rsa"});
        let jwk = RSA.jwk();
        for secret in [&RSA.public_der()[..], jwk["n"].as_str().unwrap().as_bytes(), b""] {
            assert_eq!(refused(&mint_with_secret(secret, &header, &claims())), "algorithm", "{algorithm}");
        }
    }
    // Said to be RSA's, but made with a secret.
    let header = json!({"alg": "RS256", "kid": "rsa"});
    assert_eq!(refused(&mint_with_secret(&RSA.public_der(), &header, &claims())), "signature");
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let text = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let signed = format!("{}.{}", text(&json!({"alg": algorithm, "kid": "rsa"})), text(&claims()));
        assert_eq!(refused(&format!("{signed}.")), "algorithm", "{algorithm}");
        assert_eq!(refused(&format!("{signed}.AA")), "algorithm", "{algorithm}");
    }
    let token = RSA.mint(&claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(refused(&format!("{signed}.")), "signature");
    assert_eq!(refused(&format!("{signed}.{}", BASE64URL_NOPAD.encode(&[0; 256]))), "signature");
}

#[test]
fn a_signature_of_zeros_proves_nothing_on_any_curve() {
    for (algorithm, bytes) in [("ES256", 64), ("ES384", 96), ("ES512", 132)] {
        let minter = Minter::ec("ec", algorithm);
        let token = minter.mint(&claims());
        let (signed, _) = token.rsplit_once('.').unwrap();
        for length in [0, 1, bytes - 1, bytes, bytes + 1] {
            let forged = format!("{signed}.{}", BASE64URL_NOPAD.encode(&vec![0; length]));
            let token = Token::read(&forged).unwrap();
            let outcome = verify(&token, &provider(ISSUER), &set(&[minter.jwk()]), now());
            assert_eq!(outcome.err(), Some(Refusal::Signature), "{algorithm} {length}");
        }
    }
}

#[test]
fn a_token_has_one_form() {
    let good = RSA.mint(&claims());
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{good}") };
    let cases = [
        ("nothing", String::new()),
        ("dots", "..".into()),
        ("no token", "Atza|IQEBLjAsAhRFiXuWpUXuRvQ9PZL3GMFcYevydwIUFAHZwXZXXXXXXXX".into()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("five parts", format!("{header}.{payload}.{payload}.{payload}.{signature}")),
        ("space around it", format!(" {good}")),
        ("a line end", format!("{good}\n")),
        ("padding", format!("{good}==")),
        ("padding of the claims", format!("{header}.{payload}=.{signature}")),
        ("space in it", format!("{header}.{payload} .{signature}")),
        ("the other alphabet", format!("{header}.{payload}.{}+/", &signature[2..])),
        ("bytes that are no JSON", format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(b"\xff\xfe"))),
        ("a list", RSA.mint_texts("RS256", r#"{"alg":"RS256","kid":"rsa"}"#, "[1]")),
        ("a text", RSA.mint_texts("RS256", r#"{"alg":"RS256","kid":"rsa"}"#, "\"x\"")),
        ("a token in it", RSA.mint_texts("RS256", r#"{"alg":"RS256","kid":"rsa","cty":"JWT"}"#, &good)),
        (
            "more after the claims",
            RSA.mint_texts("RS256", r#"{"alg":"RS256","kid":"rsa"}"#, &format!("{}{{}}", claims())),
        ),
        (
            "two algorithms",
            RSA.mint_texts("RS256", r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#, &claims().to_string()),
        ),
        (
            "two subjects",
            RSA.mint_texts(
                "RS256",
                r#"{"alg":"RS256","kid":"rsa"}"#,
                &claims().to_string().replacen('{', r#"{"sub":"root","#, 1),
            ),
        ),
        (
            "two subjects, one of them escaped",
            RSA.mint_texts(
                "RS256",
                r#"{"alg":"RS256","kid":"rsa"}"#,
                &claims().to_string().replacen('{', r#"{"\u0073ub":"root","#, 1),
            ),
        ),
        ("too long", RSA.mint(&super::mint::claims_with(json!({"more": "x".repeat(20_000)})))),
    ];
    for (name, token) in cases {
        assert_eq!(refused(&token), "form", "{name}");
    }
    assert_eq!(refused(&good), "nothing");
}

#[test]
fn keys_are_for_what_they_say() {
    let token = |algorithm: &str| RSA.mint_with(&json!({"alg": algorithm, "kid": "rsa"}), &claims());
    let (p256, p384) = (Minter::ec("rsa", "ES256"), Minter::ec("rsa", "ES384"));
    let cases: [(&str, &str, Vec<Value>, &str); 9] = [
        ("its own algorithm", "RS384", vec![RSA.jwk_with(json!({"alg": "RS384"}))], "nothing"),
        ("another algorithm", "RS384", vec![RSA.jwk_with(json!({"alg": "RS256"}))], "key id"),
        ("other keys of its id", "RS256", vec![p256.jwk(), p384.jwk(), RSA.jwk()], "nothing"),
        ("only other keys of its id", "RS256", vec![p256.jwk(), p384.jwk()], "key id"),
        ("another key with its id", "RS256", vec![OTHER_RSA.jwk_with(json!({"kid": "rsa"}))], "signature"),
        ("two keys with its id", "RS256", vec![OTHER_RSA.jwk_with(json!({"kid": "rsa"})), RSA.jwk()], "nothing"),
        ("its key under another id", "RS256", vec![RSA.jwk_with(json!({"kid": "x"}))], "key id"),
        ("to verify, among other things", "RS256", vec![RSA.jwk_with(json!({"key_ops": ["verify", "x"]}))], "nothing"),
        ("a zero before its numbers", "RS256", vec![RSA.jwk_with(json!({"e": "AAEAAQ"}))], "nothing"),
    ];
    for (name, algorithm, keys, expected) in cases {
        let outcome = verify(&Token::read(&token(algorithm)).unwrap(), &provider(ISSUER), &set(&keys), now());
        assert_eq!(outcome.map_or_else(|refusal| refusal.check(), |_| "nothing"), expected, "{name}");
    }
}

#[test]
fn sets_without_a_usable_key_are_none() {
    let off_curve = Minter::ec("ec", "ES256").jwk_with(json!({"crv": "P-384"}));
    let unusable = [
        ("no key", json!({"keys": []})),
        ("no list", json!({"keys": {}})),
        ("no member", json!({})),
        ("a secret", json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]})),
        ("a private key", json!({"keys": [RSA.jwk_with(json!({"d": "AQAB"}))]})),
        ("for encryption", json!({"keys": [RSA.jwk_with(json!({"use": "enc"}))]})),
        ("a use that is no text", json!({"keys": [RSA.jwk_with(json!({"use": ["sig"]}))]})),
        ("to sign only", json!({"keys": [RSA.jwk_with(json!({"key_ops": ["sign"]}))]})),
        ("another padding", json!({"keys": [RSA.jwk_with(json!({"alg": "PS256"}))]})),
        ("an id that is a number", json!({"keys": [RSA.jwk_with(json!({"kid": 1}))]})),
        ("no numbers", json!({"keys": [{"kty": "RSA", "kid": "rsa", "n": "AA", "e": "AQAB"}]})),
        ("a curve of another length", json!({"keys": [off_curve]})),
        ("an unknown curve", json!({"keys": [Minter::ec("ec", "ES256").jwk_with(json!({"crv": "secp256k1"}))]})),
        ("an unknown type", json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]})),
        ("too many", json!({"keys": vec![RSA.jwk(); 101]})),
    ];
    for (name, set) in unusable {
        assert!(KeySet::read(set.to_string().as_bytes()).is_err(), "{name}");
    }
    let doubled = json!({"keys": [RSA.jwk()]}).to_string().replacen('{', r#"{"keys":[],"#, 1);
    assert!(KeySet::read(doubled.as_bytes()).is_err());
    assert!(KeySet::read(json!({"keys": [{"kty": "OKP"}, 7, RSA.jwk()]}).to_string().as_bytes()).is_ok());
}

#[test]
fn weak_keys_make_no_signature() {
    // Small numbers, whose signatures anybody can make.
    let weak = json!({"kty": "RSA", "kid": "rsa", "n": BASE64URL_NOPAD.encode(&[0xff; 64]), "e": "AQAB"});
    let one = RSA.jwk_with(json!({"e": "AQ"}));
    let off_curve = json!({"kty": "EC", "kid": "rsa", "crv": "P-256", "x": BASE64URL_NOPAD.encode(&[1; 32]),
        "y": BASE64URL_NOPAD.encode(&[1; 32])});
    for (key, algorithm) in [(weak, "RS256"), (one, "RS256"), (off_curve, "ES256")] {
        let token = RSA.mint_with(&json!({"alg": algorithm, "kid": "rsa"}), &claims());
        let outcome = verify(&Token::read(&token).unwrap(), &provider(ISSUER), &set(&[key]), now());
        assert_eq!(outcome.err(), Some(Refusal::Signature), "{algorithm}");
    }
}
