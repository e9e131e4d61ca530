//! IAM and STS over the wire: signed forms in, XML out.

mod accounts;
mod authorization_details;
mod aws_managed;
mod bindings;
pub mod declared;
mod delegation;
mod last_accessed;
mod meanwhile;
mod messages;
mod offered;
mod organizations;
mod quotas;
mod rights;
mod simulate;
mod story;
mod story_account;
mod story_certificates;
mod story_contexts;
mod story_keys;
pub mod story_mfa;
mod story_passwords;
mod story_roles;

use countersign::api::coverage::coverage;
mod story_providers;

use super::road::{
    client::{Request, Response},
    gateway::Gateway,
    signer::{Key, Signer},
};

/// Calls an operation of IAM, or of STS where its name says so.
pub fn call(gateway: &Gateway, key: &Key, action: &str, parameters: &[(&str, &str)]) -> Response {
    gateway.send(&Signer::of(service(action), key), form(action, parameters))
}

/// Calls an operation as root; the answer has this status and holds this text.
pub fn says(gateway: &Gateway, action: &str, parameters: &[(&str, &str)], status: u16, holds: &str) -> Response {
    let answer = call(gateway, &gateway.root(), action, parameters);
    let text = answer.text();
    assert!(answer.status == status && text.contains(holds), "{action}: expected {status} {holds}\n{text}");
    answer
}

/// The form of a call.
pub fn form(action: &str, parameters: &[(&str, &str)]) -> Request {
    let version = if service(action) == "sts" { "2011-06-15" } else { "2010-05-08" };
    let fixed = [("Action", action), ("Version", version)];
    let body: Vec<String> = fixed
        .iter()
        .chain(parameters)
        .map(|(name, value)| format!("{name}={}", percent_encoding::utf8_percent_encode(value, ESCAPED)))
        .collect();
    Request::new("POST", "/")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(body.join("&"))
}

/// Which API has an operation.
pub fn service(action: &str) -> &'static str {
    if coverage().iter().any(|known| known.service == "sts" && known.name == action) { "sts" } else { "iam" }
}

const ESCAPED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
