//! No byte of a token can be another, and none can be missing.

use countersign::federation::oidc::{Token, verify};
use proptest::prelude::*;
use serde_json::json;

use super::mint::{ISSUER, Minter, RSA, claims, now, provider, set};

#[test]
fn an_altered_or_shortened_token_is_refused() {
    let elliptic = Minter::ec("ec", "ES256");
    for (minter, header) in [(&*RSA, json!({"alg": "RS256"})), (&elliptic, json!({"alg": "ES256"}))] {
        let keys = set(&[minter.jwk()]);
        let token = minter.mint_with(&header, &claims());
        let holds =
            |text: &str| Token::read(text).and_then(|token| verify(&token, &provider(ISSUER), &keys, now())).is_ok();
        assert!(holds(&token));
        for at in 0..token.len() {
            assert!(!holds(&token[..at]), "{at} bytes are enough");
            for other in [b'A', b'B', b'g', b'-', b'.', b'='] {
                let mut bytes = token.clone().into_bytes();
                if bytes[at] == other {
                    continue;
                }
                bytes[at] = other;
                let text = String::from_utf8(bytes).unwrap();
                assert!(!holds(&text), "byte {at} may be {}", char::from(other));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_no_token_is_refused(text in "[A-Za-z0-9_.{}\":,=+/ -]{0,200}") {
        let keys = set(&[RSA.jwk()]);
        let outcome = Token::read(&text).and_then(|token| verify(&token, &provider(ISSUER), &keys, now()));
        prop_assert!(outcome.is_err());
    }

    #[test]
    fn two_tokens_do_not_make_a_third(at in 0usize..600) {
        let (one, other) = (RSA.mint(&claims()), RSA.mint(&super::mint::claims_with(json!({"sub": "another"}))));
        let spliced = format!("{}{}", &one[..at.min(one.len())], &other[at.min(other.len())..]);
        let keys = set(&[RSA.jwk()]);
        let outcome = Token::read(&spliced).and_then(|token| verify(&token, &provider(ISSUER), &keys, now()));
        prop_assert!(outcome.is_err() || spliced == one || spliced == other);
    }
}
