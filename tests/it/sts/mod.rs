//! Temporary credentials over the wire: made, used, ended.

mod assume;
mod delegation;
mod devices;
mod discovery;
mod identity_token;
mod live;
mod origin;
mod recipes;
mod records;
mod relying_party;
mod restricted;
mod root;
mod rotation;
mod round_trip;
mod saml;
mod tokens;
mod web_identity;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    api::call,
    road::{
        client::{Request, Response},
        gateway::{ACCOUNT, Gateway},
        signer::{Key, Signer},
    },
};

/// Everything allowed.
pub const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A document with one statement that allows.
pub fn allow(action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})
        .to_string()
}

/// A trust policy: who may do what, under which condition.
pub fn trust(principal: Value, actions: &[&str], condition: Value) -> String {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": actions});
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

/// Trust in everybody of the account whom its own policies allow it.
pub fn trust_account() -> String {
    trust(json!({"AWS": ACCOUNT}), &["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], Value::Null)
}

pub fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// Makes a role with an inline policy.
pub fn role(gateway: &Gateway, name: &str, trust: &str, policy: Option<&str>) {
    let made = [("RoleName", name), ("AssumeRolePolicyDocument", trust), ("MaxSessionDuration", "7200")];
    done(gateway, "CreateRole", &made);
    if let Some(policy) = policy {
        done(gateway, "PutRolePolicy", &[("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", policy)]);
    }
}

/// Calls as root what has to succeed.
pub fn done(gateway: &Gateway, action: &str, parameters: &[(&str, &str)]) -> Response {
    let answer = call(gateway, &gateway.root(), action, parameters);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    answer
}

/// The credentials of an answer.
pub fn credentials(answer: &Response) -> Key {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.element("SessionToken");
    assert!(token.len() <= 2048, "{} characters", token.len());
    Key { id: answer.element("AccessKeyId"), secret: answer.element("SecretAccessKey"), token: Some(token) }
}

/// Takes a role of the account, as a session named `se`.
pub fn assume(gateway: &Gateway, key: &Key, role: &str, further: &[(&str, &str)]) -> Response {
    let arn = role_arn(role);
    let mut parameters = BTreeMap::from([("RoleArn", &*arn), ("RoleSessionName", "se")]);
    parameters.extend(further.iter().copied());
    call(gateway, key, "AssumeRole", &parameters.into_iter().collect::<Vec<_>>())
}

/// `GetCallerIdentity`: user id, ARN.
pub fn who(gateway: &Gateway, key: &Key) -> [String; 2] {
    let answer = call(gateway, key, "GetCallerIdentity", &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.element("Account"), ACCOUNT);
    [answer.element("UserId"), answer.element("Arn")]
}

/// The same with the account first.
pub fn who_of(gateway: &Gateway, key: &Key) -> [String; 3] {
    let answer = call(gateway, key, "GetCallerIdentity", &[]);
    ["Account", "UserId", "Arn"].map(|name| answer.element(name))
}

/// The status of reading an object.
pub fn read(gateway: &Gateway, key: &Key, path: &str) -> u16 {
    gateway.send(&Signer::s3(key), Request::new("GET", path)).status
}

/// Status and code of an answer that may be a success.
pub fn outcome(answer: &Response) -> (u16, String) {
    if answer.status == 200 { (200, String::new()) } else { answer.refusal() }
}
