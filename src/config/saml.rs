//! `[saml]`: to whom assertions have to be addressed.

use super::Raw;
use crate::federation::saml::{Reuse, Settings};

pub(super) fn saml(raw: &mut Raw) -> Settings {
    Settings {
        audiences: addresses(raw, "saml.audiences", "urn:amazon:webservices"),
        recipients: addresses(raw, "saml.recipients", "https://signin.aws.amazon.com/saml"),
        reuse: raw.parsed("saml.reuse", "\"never\", \"other-roles\" or \"always\"", Reuse::parse).unwrap_or_default(),
    }
}

/// At least one, and none that an assertion could meet by accident.
fn addresses(raw: &mut Raw, key: &str, example: &str) -> Vec<String> {
    let Some(texts) = raw.texts(key) else { return Vec::new() };
    let is_uri = |text: &String| {
        text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if texts.is_empty() || !texts.iter().all(is_uri) {
        raw.fault(key, format!("needs at least one URI; write for example [{example:?}]"));
    }
    texts
}
