//! Tokens that are none, or another's, or over.

use countersign::{
    base::{AccessKeyId, AccountId, Timestamp},
    session::{Claims, Holder, SecretBytes, Sessions, Unopened, claims::Packed},
    store::{MasterKey, SystemRandom},
};
use std::sync::Arc;
use zeroize::Zeroizing;

use super::{ALL, assume, credentials, role, trust_account};
use crate::road::{
    client::Request,
    gateway::{ACCOUNT, Gateway},
    signer::{Key, Signer},
    upstream::Upstream,
};

fn claims(issued: i64, seconds: i64) -> Claims {
    let account: AccountId = ACCOUNT.parse().unwrap();
    Claims {
        account: account.number(),
        secret: SecretBytes(Zeroizing::new([7; 30])),
        issued,
        expires: issued + seconds,
        holder: Holder::Root,
        chain: Vec::new(),
        mfa: None,
        source_identity: None,
        provider: None,
        delegate: None,
        packed: Packed::default(),
    }
}

fn issued(sessions: &Sessions, id: &str, claims: &Claims) -> Key {
    let issued = sessions.issue(AccessKeyId::parse(id).unwrap(), claims).ok().unwrap();
    Key { id: id.into(), secret: issued.secret.expose().into(), token: Some(issued.token) }
}

fn sessions(byte: &str) -> Sessions {
    Sessions::derive(&MasterKey::parse(&byte.repeat(32)).unwrap(), Arc::new(SystemRandom))
}

/// In the words of S3, of IAM and STS, and of API Gateway.
#[test]
fn what_is_no_token_is_told_in_each_protocols_words() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let ann = gateway.user("ann", Some(ALL));
    role(&gateway, "reader", &trust_account(), Some(ALL));
    let good = credentials(&assume(&gateway, &ann, "reader", &[]));
    let other = credentials(&assume(&gateway, &ann, "reader", &[]));
    let token = good.token.clone().unwrap();
    let with = |token: Option<String>| Key { token, ..good.clone() };
    let mut altered = token.clone().into_bytes();
    altered[40] = if altered[40] == b'A' { b'B' } else { b'A' };
    let now = Timestamp::now().as_second();
    let id = "ASIAQAAAAAAAAAAAAAAA";
    let expired = issued(&gateway.sessions, id, &claims(now - 1_000, 900));
    let unknown = [("InvalidAccessKeyId", 403), ("InvalidClientTokenId", 403)];
    let invalid = [("InvalidToken", 400), ("InvalidClientTokenId", 403)];
    for (what, key, [(s3, s3_status), (query, query_status)]) in [
        ("good", good.clone(), [("", 200), ("", 200)]),
        ("without its token", with(None), unknown),
        ("another's token", with(other.token.clone()), invalid),
        ("altered", with(Some(String::from_utf8(altered).unwrap())), invalid),
        ("cut", with(Some(token[..token.len() - 1].into())), invalid),
        ("more", with(Some(format!("{token}A"))), invalid),
        ("no token at all", with(Some("x".into())), invalid),
        ("very long", with(Some("A".repeat(6_000))), invalid),
        ("with a long-term key", Key { token: Some(token.clone()), ..ann.clone() }, invalid),
        ("from elsewhere", issued(&sessions("77"), id, &claims(now, 900)), invalid),
        ("over", expired, [("ExpiredToken", 400), ("ExpiredToken", 403)]),
        ("long over", issued(&gateway.sessions, id, &claims(now - 500_000, 900)), invalid),
        ("forged", good.forged(), [("SignatureDoesNotMatch", 403); 2]),
    ] {
        let told = |answer: crate::road::client::Response| match answer.status {
            200 => (200, String::new()),
            _ => answer.refusal(),
        };
        let object = gateway.send(&Signer::s3(&key), Request::new("GET", "/bucket/a"));
        assert_eq!(told(object), (s3_status, s3.to_owned()), "{what}");
        let presigned = gateway.send(&Signer::s3(&key).presigned(60), Request::new("GET", "/bucket/a"));
        assert_eq!(told(presigned), (s3_status, s3.to_owned()), "{what}, presigned");
        let identity = crate::api::call(&gateway, &key, "GetCallerIdentity", &[]);
        assert_eq!(told(identity), (query_status, query.to_owned()), "{what}");
    }
    // A token that the signature does not cover is none.
    let mut request = gateway.signed(&Signer::s3(&with(None)), Request::new("GET", "/bucket/a"));
    request.headers.push(("x-amz-security-token".into(), token));
    let answer = crate::road::client::send(gateway.address, &request);
    assert_eq!(answer.refusal(), (403, "AccessDenied".into()), "{}", answer.text());
}

/// Keys change with the day; those of former days open as long as their tokens last.
#[test]
fn keys_follow_the_days() {
    const DAY: i64 = 86_400;
    let sessions = sessions("01");
    let noon = 20_000 * DAY + DAY / 2;
    let key = issued(&sessions, "ASIAQAAAAAAAAAAAAAAA", &claims(noon, 129_600));
    let token = key.token.as_deref().unwrap();
    for (second, expected) in [
        (noon - DAY - DAY / 2, None),
        (noon - DAY / 2 - 1, None),
        (noon, None),
        (noon + 129_599, None),
        (noon + 129_600, Some(Unopened::Expired)),
        (noon + 2 * DAY, Some(Unopened::Expired)),
    ] {
        let at = Timestamp::from_second(second).unwrap();
        assert_eq!(sessions.open(&key.id, token, at).err(), expected, "{second}");
        // A node that never saw it finds the same, as long as it is not long over.
        let anew = self::sessions("01").open(&key.id, token, at).err();
        let is_near = second >= noon - DAY - DAY / 2;
        assert!(anew == expected || !is_near, "{second}: {anew:?}");
    }
    let far = Timestamp::from_second(noon + 9 * DAY).unwrap();
    assert_eq!(self::sessions("01").open(&key.id, token, far).err(), Some(Unopened::Invalid));
    let at = Timestamp::from_second(noon).unwrap();
    assert_eq!(sessions.open("ASIAQAAAAAAAAAAAAAAB", token, at).err(), Some(Unopened::Invalid));
    for at_byte in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(self::sessions("01").open(&key.id, &changed, at).err(), Some(Unopened::Invalid), "{at_byte}");
    }
}
