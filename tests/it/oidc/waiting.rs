//! Many that ask at once: one fetch for all of one provider, and no harm to those who ask another.

use std::{
    collections::BTreeMap,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use countersign::federation::oidc::{Keys, Token, keys::Known};
use serde_json::json;

use super::{
    mint::{RSA, claims, claims_with, later, provider},
    web::{Answer, KEYS, trusted},
};

/// What each of so many that ask at once is refused for.
fn at_once(count: usize, ask: impl Fn() -> &'static str + Sync) -> Vec<&'static str> {
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    ask()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn several_wait_for_one_fetch() {
    let (web, keys, provider) = trusted(&[RSA.jwk()], |_| {});
    web.set(KEYS, Answer::json(&json!({"keys": [RSA.jwk()]})).after(Duration::from_millis(500)));
    let token = Token::read(&RSA.mint(&claims())).unwrap();
    let ask = || keys.verify(&token, &provider, later(0)).map_or_else(|refusal| refusal.check(), |_| "nothing");
    assert_eq!(at_once(12, ask), ["nothing"; 12]);
    assert_eq!(web.asked(), (1, 1));
}

#[test]
fn a_provider_that_does_not_answer_holds_up_few_and_nobody_else() {
    let (web, keys, dead) = trusted(&[RSA.jwk()], |settings| {
        settings.answer_time = Duration::from_secs(3);
        let other = Known { keys: Some(super::mint::set(&[RSA.jwk()]).into()), ..Known::default() };
        settings.known.extend(BTreeMap::from([("https://other.example.com".to_owned(), other)]));
    });
    web.set(KEYS, Answer::text(200, "").after(Duration::from_secs(60)));
    let token = Token::read(&RSA.mint(&claims())).unwrap();
    let elsewhere = Token::read(&RSA.mint(&claims_with(json!({"iss": "https://other.example.com"})))).unwrap();
    let ask = |keys: &Keys| {
        let began = Instant::now();
        let refusal = keys.verify(&token, &dead, later(0)).unwrap_err();
        assert_eq!(refusal.check(), "provider's answer");
        if began.elapsed() < Duration::from_secs(2) { "at once" } else { "after a while" }
    };
    thread::scope(|scope| {
        let crowd = scope.spawn(|| at_once(40, || ask(&keys)));
        thread::sleep(Duration::from_secs(1));
        let began = Instant::now();
        assert!(keys.verify(&elsewhere, &provider("https://other.example.com"), later(0)).is_ok());
        assert!(began.elapsed() < Duration::from_secs(1), "another provider took {:?}", began.elapsed());
        let seen = crowd.join().unwrap();
        let held = seen.iter().filter(|how| **how == "after a while").count();
        assert!((1..=16).contains(&held), "{held} of 40 were held up");
    });
}
