//! Two deployments: what an account of one signs, a role of the other believes.

use std::fs;

use serde_json::{Value, json};

use super::{
    ALL, done,
    identity_token::{AUDIENCE, ES384, RS256, ask, document, enabled},
    outcome, read, role, role_arn, trust,
};
use crate::{
    api::form,
    road::{
        client::{Response, send},
        gateway::{ACCOUNT, Gateway, Setup},
        upstream::Upstream,
    },
};

fn take(gateway: &Gateway, token: &str) -> Response {
    let arn = role_arn("reader");
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", token)];
    send(gateway.address, &gateway.addressed(form("AssumeRoleWithWebIdentity", &parameters)))
}

#[test]
fn a_role_of_another_deployment_is_taken_with_a_token_of_this_one() {
    let upstream = Upstream::start();
    let (first, issuer) = enabled(&upstream);
    let [ann, bob] = ["ann", "bob"].map(|name| first.user(name, Some(ALL)));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, document(&first, &format!("{issuer}/.well-known/jwks.json")).to_string()).unwrap();
    let tables = format!("[oidc]\njwks_files = {{ {issuer:?} = {file:?} }}\n");
    let second = Gateway::start_with(&upstream, &Setup { tables: &tables, ..Setup::default() });
    let provider = [("Url", &*issuer), ("ClientIDList.member.1", AUDIENCE.1)];
    let provider = done(&second, "CreateOpenIDConnectProvider", &provider).element("OpenIDConnectProviderArn");
    let name = issuer.strip_prefix("https://").unwrap();
    let is_ann = json!({"StringEquals": {format!("{name}:aud"): AUDIENCE.1,
        format!("{name}:sub"): format!("arn:aws:iam::{ACCOUNT}:user/ann")}});
    let trusted: Value = json!({ "Federated": provider });
    role(&second, "reader", &trust(trusted, &["sts:AssumeRoleWithWebIdentity"], is_ann), Some(ALL));
    let token = |key, others: &[(&str, &str)]| ask(&first, key, others).element("WebIdentityToken");
    for algorithm in [RS256, ES384] {
        let key = super::credentials(&take(&second, &token(&ann, &[algorithm])));
        assert_eq!(read(&second, &key, "/bucket/a"), 200);
    }
    assert_eq!(outcome(&take(&second, &token(&bob, &[]))), (403, "AccessDenied".into()));
    let for_others = token(&ann, &[("Audience.member.1", "https://other.example.com")]);
    assert_eq!(outcome(&take(&second, &for_others)).1, "InvalidIdentityToken");
    let by_others = {
        let (third, _) = enabled(&upstream);
        let key = third.user("ann", Some(ALL));
        ask(&third, &key, &[]).element("WebIdentityToken")
    };
    assert_eq!(outcome(&take(&second, &by_others)).1, "InvalidIdentityToken");
}
