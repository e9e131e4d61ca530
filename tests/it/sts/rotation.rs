//! Keys that sign tokens come and go: each is published before it signs, and until the last of its tokens has expired.

use countersign::{
    base::AccountId,
    federation::outbound::{AHEAD_SECONDS, Algorithm, Keys, NewKey, PrivateKeys, SIGNING_SECONDS, TOKEN_SECONDS_MAX},
    store::{Item, ItemKind, Page, StoreError},
};
use serde_json::Value;

use super::identity_token::{ES384, ask, document, enabled, verified};
use crate::road::{
    gateway::{ACCOUNT, Gateway},
    upstream::Upstream,
};

const START: i64 = 1_700_000_000;
const ES: Algorithm = Algorithm::Es384;

/// The ids of published keys of one kind.
fn published(keys: &Keys, now: i64) -> Vec<String> {
    let set = keys.set(now);
    let of_kind = set["keys"].as_array().unwrap().iter().filter(|key| key["kty"] == "EC");
    of_kind.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Which key signs.
fn signs(keys: &Keys, private: &PrivateKeys, now: i64) -> String {
    let token = keys.sign(ES, private, "{}", now).unwrap();
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

#[test]
fn a_key_is_published_before_it_signs_and_until_its_tokens_have_expired() {
    let (mut keys, mut private) = (Keys::default(), PrivateKeys::default());
    assert_eq!(keys.wanted(START), Algorithm::ALL);
    assert!(keys.sign(ES, &private, "{}", START).is_err(), "there is no key");
    keys.add(NewKey::make(ES).unwrap(), &mut private, START);
    assert_eq!(keys.wanted(START), [Algorithm::Rs256]);
    assert_eq!(published(&keys, START), ["EC384_0"]);
    assert_eq!(signs(&keys, &private, START), "EC384_0");

    let due = START + SIGNING_SECONDS - AHEAD_SECONDS;
    assert!(!keys.wanted(due - 1).contains(&ES) && keys.wanted(due).contains(&ES));
    keys.add(NewKey::make(ES).unwrap(), &mut private, due);
    assert!(!keys.wanted(due).contains(&ES));
    let change = due + AHEAD_SECONDS;
    let over = change + TOKEN_SECONDS_MAX + 300;
    for (now, expected, signing) in [
        (due, &["EC384_0", "EC384_1"][..], "EC384_0"),
        (change - 1, &["EC384_0", "EC384_1"], "EC384_0"),
        (change, &["EC384_0", "EC384_1"], "EC384_1"),
        (over - 1, &["EC384_0", "EC384_1"], "EC384_1"),
        (over, &["EC384_1"], "EC384_1"),
    ] {
        assert_eq!(published(&keys, now), expected, "{}", now - START);
        assert_eq!(signs(&keys, &private, now), signing, "{}", now - START);
    }
    // What is forgotten is what is not published any more; the rest is as it was after it was written and read.
    keys.forget(&mut private, over - 1);
    assert_eq!(published(&keys, START).len(), 2);
    keys.forget(&mut private, over);
    assert_eq!(published(&keys, START), ["EC384_1"]);
    let keys: Keys = serde_json::from_str(&serde_json::to_string(&keys).unwrap()).unwrap();
    let private = PrivateKeys::read(&private.write().unwrap()).unwrap();
    assert_eq!(signs(&keys, &private, over), "EC384_1");
    assert!(PrivateKeys::read(b"").is_err() && PrivateKeys::read(&[0, 0]).is_err());
    // An id is never used again.
    let mut keys = keys;
    let mut private = private;
    keys.add(NewKey::make(ES).unwrap(), &mut private, over);
    assert_eq!(published(&keys, over), ["EC384_1", "EC384_2"]);
}

/// Makes the account's keys older by so much.
pub fn age(gateway: &Gateway, seconds: i64) {
    let account: AccountId = ACCOUNT.parse().unwrap();
    let aged = gateway.directory.write(|work| {
        let item = work.items(account, ItemKind::TokenIssuer, Page::ALL)?.items.remove(0);
        let mut details: Value = serde_json::from_str(&item.details).unwrap();
        for key in details["keys"]["keys"].as_array_mut().unwrap() {
            key["signs_from"] = (key["signs_from"].as_i64().unwrap() - seconds).into();
        }
        work.update_item(&Item { details: details.to_string().into(), ..item })
    });
    aged.unwrap_or_else(|error: StoreError| panic!("{error}"));
}

#[test]
fn tokens_are_verified_all_the_while_that_keys_change() {
    let upstream = Upstream::start();
    let (gateway, issuer) = enabled(&upstream);
    let root = gateway.root();
    let token = || ask(&gateway, &root, &[ES384, ("DurationSeconds", "3600")]).element("WebIdentityToken");
    let ids = || -> Vec<String> {
        let keys = document(&gateway, &format!("{issuer}/.well-known/jwks.json"));
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = token();
    assert_eq!(verified(&gateway, &issuer, &first).0, "EC384_1");
    assert_eq!(ids(), ["RSA_0", "EC384_1"]);
    age(&gateway, SIGNING_SECONDS - AHEAD_SECONDS + 10);
    let second = token();
    assert_eq!(verified(&gateway, &issuer, &second).0, "EC384_1");
    assert_eq!(ids(), ["RSA_0", "EC384_1", "RSA_2", "EC384_3"]);
    age(&gateway, AHEAD_SECONDS);
    let third = token();
    assert_eq!(verified(&gateway, &issuer, &third).0, "EC384_3");
    assert_eq!(verified(&gateway, &issuer, &first).0, "EC384_1");
    age(&gateway, TOKEN_SECONDS_MAX + 300);
    assert_eq!(ids(), ["RSA_2", "EC384_3"]);
    assert_eq!(verified(&gateway, &issuer, &third).0, "EC384_3");
}
