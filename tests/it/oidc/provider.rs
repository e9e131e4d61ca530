//! Keys from a provider that answers over HTTPS: fetched, kept, rotated; and whatever a provider can answer instead.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use countersign::federation::{
    Asserted,
    oidc::{
        Keys, Provider, Refusal, Token,
        keys::{Known, Settings},
    },
};
use serde_json::{Value, json};

use super::{
    mint::{ISSUER, NOW, OTHER_RSA, RSA, claims, claims_with, later, provider, set},
    web::{Answer, Authorities, DISCOVERY, KEYS, Web, trusted},
};

fn token(text: &str) -> Token {
    Token::read(text).unwrap()
}

fn long(text: &str) -> String {
    RSA.mint(&claims_with(json!({"iss": text, "exp": NOW + 1_000_000})))
}

fn check(outcome: Result<Asserted, Refusal>) -> &'static str {
    outcome.map_or_else(|refusal| refusal.check(), |_| "nothing")
}

#[test]
fn keys_are_fetched_once_and_kept_for_their_time() {
    let (web, keys, provider) = trusted(&[RSA.jwk()], |_| {});
    let token = token(&long(ISSUER));
    assert_eq!(web.asked(), (0, 0));
    for seconds in [0, 0, 1, 3599] {
        assert_eq!(check(keys.verify(&token, &provider, later(seconds))), "nothing");
        assert_eq!(web.asked(), (1, 1), "{seconds}");
    }
    // Another's clock may be a little behind.
    assert_eq!(check(keys.verify(&token, &provider, later(-5))), "nothing");
    assert_eq!(web.asked(), (1, 1));
    assert_eq!(check(keys.verify(&token, &provider, later(3600))), "nothing");
    assert_eq!(web.asked(), (2, 2));
}

#[test]
fn a_rotated_key_is_found_and_the_old_one_forgotten() {
    let (web, keys, provider) = trusted(&[RSA.jwk()], |_| {});
    let old = token(&RSA.mint(&claims()));
    let new = token(&OTHER_RSA.mint(&claims()));
    assert_eq!(check(keys.verify(&old, &provider, later(0))), "nothing");
    web.rotate(&[OTHER_RSA.jwk()]);
    // Not asked again within ten seconds, whatever tokens name.
    for seconds in [0, 9] {
        assert_eq!(check(keys.verify(&new, &provider, later(seconds))), "key id");
    }
    assert_eq!(web.asked(), (1, 1));
    assert_eq!(check(keys.verify(&new, &provider, later(10))), "nothing");
    assert_eq!(web.asked(), (2, 2));
    assert_eq!(check(keys.verify(&old, &provider, later(10))), "key id");
    assert_eq!(web.asked(), (2, 2));
}

#[test]
fn keys_of_a_provider_that_is_away_are_used_for_a_while() {
    let (web, keys, provider) = trusted(&[RSA.jwk()], |settings| {
        settings.keys_time = Duration::from_secs(100);
        settings.stale_time_max = Duration::from_secs(1000);
        settings.answer_time = Duration::from_secs(1);
    });
    let known = token(&long(ISSUER));
    let unknown = token(&OTHER_RSA.mint(&claims()));
    assert_eq!(check(keys.verify(&known, &provider, later(0))), "nothing");
    web.set(DISCOVERY, Answer::text(503, ""));
    assert_eq!(check(keys.verify(&known, &provider, later(101))), "nothing");
    assert_eq!(web.asked(), (2, 1));
    // A key that may be a new one.
    assert_eq!(check(keys.verify(&unknown, &provider, later(120))), "provider's answer");
    drop(web);
    assert_eq!(check(keys.verify(&known, &provider, later(1099))), "nothing");
    assert_eq!(check(keys.verify(&known, &provider, later(1100))), "provider's answer");
    let fault = keys.verify(&known, &provider, later(1200)).unwrap_err().fault();
    assert_eq!((fault.status, &*fault.code), (400, "IDPCommunicationError"));
}

#[test]
fn a_provider_that_comes_back_is_asked_again_after_ten_seconds() {
    let (web, keys, provider) = trusted(&[RSA.jwk()], |_| {});
    let token = token(&RSA.mint(&claims()));
    web.set(KEYS, Answer::text(500, ""));
    assert_eq!(check(keys.verify(&token, &provider, later(0))), "provider's answer");
    web.rotate(&[RSA.jwk()]);
    assert_eq!(check(keys.verify(&token, &provider, later(9))), "provider's answer");
    assert_eq!(web.asked(), (1, 1));
    assert_eq!(check(keys.verify(&token, &provider, later(10))), "nothing");
}

#[test]
fn a_slow_provider_is_not_waited_for_beyond_the_deadline() {
    for slow in [DISCOVERY, KEYS] {
        let (web, keys, provider) = trusted(&[RSA.jwk()], |settings| settings.answer_time = Duration::from_millis(400));
        let answer = match slow {
            DISCOVERY => json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}{KEYS}")}),
            _ => json!({"keys": [RSA.jwk()]}),
        };
        web.set(slow, Answer::json(&answer).after(Duration::from_secs(30)));
        let token = token(&RSA.mint(&claims()));
        let began = Instant::now();
        assert_eq!(check(keys.verify(&token, &provider, later(0))), "provider's answer");
        let took = began.elapsed();
        assert!(took > Duration::from_millis(350) && took < Duration::from_secs(10), "{slow} took {took:?}");
    }
}

#[test]
fn what_a_provider_answers_has_to_be_its_keys() {
    let document = |issuer: &str, place: &str| Answer::json(&json!({"issuer": issuer, "jwks_uri": place}));
    let here = format!("{ISSUER}{KEYS}");
    let redirect = Answer { headers: vec![("location", here.clone())], ..Answer::text(302, "") };
    let packed = Answer { headers: vec![("content-encoding", "gzip".into())], ..document(ISSUER, &here) };
    let cases: Vec<(&str, &str, Answer, &str)> = vec![
        ("another issuer", DISCOVERY, document("https://evil.example.com", &here), "provider's keys"),
        ("an issuer with a slash", DISCOVERY, document("https://idp.example.com/", &here), "provider's keys"),
        ("no issuer", DISCOVERY, Answer::json(&json!({"jwks_uri": here})), "provider's keys"),
        ("no place of keys", DISCOVERY, Answer::json(&json!({"issuer": ISSUER})), "provider's keys"),
        ("keys by http", DISCOVERY, document(ISSUER, "http://idp.example.com/keys"), "provider's keys"),
        ("keys of a file", DISCOVERY, document(ISSUER, "file:///etc/passwd"), "provider's keys"),
        ("keys somewhere below", DISCOVERY, document(ISSUER, "/keys"), "provider's keys"),
        (
            "two issuers",
            DISCOVERY,
            Answer::text(200, &format!(r#"{{"issuer":"x","issuer":"{ISSUER}","jwks_uri":"{here}"}}"#)),
            "provider's keys",
        ),
        ("no JSON", DISCOVERY, Answer::text(200, "<html>"), "provider's keys"),
        ("nothing there", DISCOVERY, Answer::text(404, ""), "provider's keys"),
        ("another place", DISCOVERY, redirect.clone(), "provider's keys"),
        ("a coding", DISCOVERY, packed, "provider's keys"),
        ("too much", DISCOVERY, Answer::text(200, &" ".repeat(300_000)), "provider's keys"),
        ("too many questions", DISCOVERY, Answer::text(429, ""), "provider's answer"),
        ("out of order", DISCOVERY, Answer::text(502, ""), "provider's answer"),
        ("keys at another place", KEYS, redirect, "provider's keys"),
        ("keys that are none", KEYS, Answer::text(200, "{}"), "provider's keys"),
        ("keys that are no JSON", KEYS, Answer::text(200, ""), "provider's keys"),
        ("no keys", KEYS, Answer::json(&json!({"keys": []})), "provider's keys"),
        ("too many keys", KEYS, Answer::text(200, &" ".repeat(300_000)), "provider's keys"),
        ("keys that are refused", KEYS, Answer::text(403, ""), "provider's keys"),
    ];
    let token = token(&RSA.mint(&claims()));
    for (name, path, answer, expected) in cases {
        let (web, keys, provider) = trusted(&[RSA.jwk()], |_| {});
        web.set(path, answer);
        assert_eq!(check(keys.verify(&token, &provider, later(0))), expected, "{name}");
    }
}

#[test]
fn a_provider_below_a_path_is_asked_there() {
    for url in ["https://idp.example.com/realms/a", "https://idp.example.com/realms/b/"] {
        let authorities = Authorities::new();
        let web = Web::start(authorities.show("idp.example.com"), &[RSA.jwk()]);
        let path = format!("{}{DISCOVERY}", url.trim_start_matches(ISSUER).trim_end_matches('/'));
        web.set(&path, Answer::json(&json!({"issuer": url, "jwks_uri": format!("{ISSUER}:443{KEYS}")})));
        let mut settings = web.settings(&[&authorities.root]);
        settings.known = settings.known.into_values().map(|known| (url.to_owned(), known)).collect();
        let keys = Keys::new(settings);
        assert_eq!(check(keys.verify(&token(&long(url)), &provider(url), later(0))), "nothing", "{url}");
        assert_eq!(web.asked(), (1, 1), "{url}");
    }
}

#[test]
fn a_provider_with_a_file_is_never_asked() {
    let (web, _, _) = trusted(&[OTHER_RSA.jwk()], |_| {});
    let known = Known { keys: Some(Arc::new(set(&[RSA.jwk()]))), claims: vec!["team".into()], ..Known::default() };
    let settings = Settings { known: BTreeMap::from([(ISSUER.to_owned(), known)]), ..web.settings(&[]) };
    let keys = Keys::new(settings);
    let asserted = keys.verify(&token(&RSA.mint(&claims_with(json!({"team": "blue"})))), &provider(ISSUER), later(0));
    let team = ("idp.example.com:team".to_owned(), vec!["blue".to_owned()]);
    assert!(asserted.unwrap().facts.contains(&team));
    assert_eq!(check(keys.verify(&token(&OTHER_RSA.mint(&claims())), &provider(ISSUER), later(100))), "key id");
    assert_eq!(web.asked(), (0, 0));
}

#[test]
fn nobody_who_does_not_listen_is_waited_for() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let known = Known { address: Some(("127.0.0.1".into(), port)), ..Known::default() };
    let keys = Keys::new(Settings { known: BTreeMap::from([(ISSUER.to_owned(), known)]), ..Settings::default() });
    let outcome = keys.verify(&token(&RSA.mint(&claims())), &provider(ISSUER), later(0));
    let refusal = outcome.unwrap_err();
    assert_eq!(&*refusal.fault().code, "IDPCommunicationError", "{refusal}");
    let unknown = Provider { url: "https://no-such-host.invalid".into(), ..provider(ISSUER) };
    let outcome = keys.verify(&token(&long("https://no-such-host.invalid")), &unknown, later(0));
    assert_eq!(check(outcome), "provider's answer");
}

/// The keys stay what they are, of whatever kind the value is.
#[test]
fn elliptic_keys_are_fetched_too() {
    let minter = super::mint::Minter::ec("ec", "ES384");
    let others: Vec<Value> = vec![json!({"kty": "OKP", "kid": "x"}), minter.jwk()];
    let (_web, keys, provider) = trusted(&others, |_| {});
    assert_eq!(check(keys.verify(&token(&minter.mint(&claims())), &provider, later(0))), "nothing");
}
