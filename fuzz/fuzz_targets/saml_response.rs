//! SAML responses: nobody is believed whom the provider did not name, and every refusal has AWS's form.
#![no_main]

use std::sync::LazyLock;

use countersign::{
    base::Timestamp,
    federation::saml::{Assertion, Provider, Refusal, Reuse, Settings, verify},
};
use data_encoding::BASE64;
use libfuzzer_sys::fuzz_target;

/// A sound response, with the certificate of the key that signed it, which was thrown away.
const RESPONSE: &str = include_str!("../../tests/it/data/saml-response.xml");

static CERTIFICATES: LazyLock<[String; 1]> = LazyLock::new(|| {
    let (_, rest) = RESPONSE.split_once("<ds:X509Certificate>").expect("the response has a certificate");
    [rest.split('<').next().unwrap_or_default().to_owned()]
});

fn read(text: &str) -> Result<Assertion, Refusal> {
    let provider = Provider {
        account: "123456789012".parse().expect("twelve digits"),
        name: "idp",
        id: "SAMLPEXAMPLE",
        entity_id: "https://idp.example.com/metadata",
        certificates: &*CERTIFICATES,
        valid_until: Timestamp::MAX,
        private_keys: &[],
        must_encrypt: false,
    };
    let settings = Settings {
        audiences: vec!["urn:amazon:webservices".to_owned()],
        recipients: vec!["https://signin.aws.amazon.com/saml".to_owned()],
        reuse: Reuse::OtherRoles,
    };
    let now = Timestamp::from_second(1_790_000_000).expect("a moment");
    verify(&BASE64.encode(text.as_bytes()), "arn:aws:iam::123456789012:role/reader", &provider, &settings, now)
}

/// The response with a part of it replaced: by a place, a length, and a text.
fn edited(at: u16, length: u8, text: &str) -> Option<String> {
    let from = usize::from(at) % RESPONSE.len();
    let to = (from + usize::from(length)).min(RESPONSE.len());
    Some(format!("{}{text}{}", RESPONSE.get(..from)?, RESPONSE.get(to..)?))
}

fn check(text: &str) {
    match read(text) {
        Ok(read) => {
            assert_eq!((&*read.asserted.subject, &*read.session_name), ("alice@example.com", "alice"));
            assert_eq!(read.asserted.issuer, "https://idp.example.com/metadata");
        }
        Err(refusal) => {
            let fault = refusal.fault();
            assert!((400..=403).contains(&fault.status) && !fault.code.is_empty() && fault.detail.is_some());
        }
    }
}

fuzz_target!(
    init: {
        assert!(read(RESPONSE).is_ok(), "the response to start from is refused");
    },
    |input: (u16, u8, &str)| {
        let (at, length, text) = input;
        check(text);
        if let Some(edited) = edited(at, length, text) {
            check(&edited);
        }
    }
);
