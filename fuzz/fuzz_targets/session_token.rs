//! Session tokens: nothing that was not sealed here opens, and whatever is read of an opened one is written again the same.
#![no_main]

use std::sync::{Arc, LazyLock};

use countersign::{
    base::{AccessKeyId, Timestamp},
    session::{Claims, Holder, SecretBytes, SessionTag, Sessions, claims::Packed},
    store::{MasterKey, SystemRandom},
};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "ASIAQAAAAAAAAAAAAAAA";
const NOW: i64 = 1_800_000_000;

static SESSIONS: LazyLock<Sessions> = LazyLock::new(|| {
    let master = MasterKey::parse(&"01".repeat(32)).expect("a master key");
    Sessions::derive(&master, Arc::new(SystemRandom))
});

static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let claims = Claims {
        account: 1,
        secret: SecretBytes([7; 30].into()),
        issued: NOW,
        expires: NOW + 900,
        holder: Holder::Role { id: "AROA".into(), session: "s".into() },
        chain: Vec::new(),
        mfa: None,
        source_identity: None,
        provider: None,
        delegate: None,
        packed: Packed {
            tags: vec![SessionTag { key: "team".into(), value: "blue".repeat(40), transitive: true }],
            ..Packed::default()
        },
    };
    SESSIONS.issue(AccessKeyId::parse(KEY).expect("a key"), &claims).ok().expect("a token").token
});

fuzz_target!(|input: (&[u8], u16, u8)| {
    let (bytes, at, change) = input;
    // Bytes that never saw a key are read without a panic.
    let _ = Claims::read(bytes);
    let now = Timestamp::from_second(NOW).expect("a moment");
    if let Ok(text) = str::from_utf8(bytes) {
        assert!(text == *TOKEN || SESSIONS.open(KEY, text, now).is_err());
    }
    let mut altered = TOKEN.clone().into_bytes();
    let at = usize::from(at) % altered.len();
    altered[at] = change;
    if let Ok(text) = str::from_utf8(&altered) {
        assert_eq!(SESSIONS.open(KEY, text, now).is_ok(), text == *TOKEN, "byte {at}");
    }
});
