//! The recipes of `src/federation/oidc/mod.rs`, as they stand there: tokens with all that Kubernetes, GitHub and GitLab write
//! into them take the roles with those trust policies, and no others do.

use std::fs;

use serde_json::{Value, json};

use super::{role, web_identity};
use crate::{
    api::{call, form},
    oidc::mint::RSA,
    road::{
        client::send,
        gateway::{ACCOUNT, Gateway, Setup},
        upstream::Upstream,
    },
};

const TEXT: &str = include_str!("../../../src/federation/oidc/mod.rs");

/// The blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text: Vec<&str> = TEXT.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim_start).collect();
    let text = text.join("\n");
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(&format!("{language}\n"))).map(str::to_owned).collect()
}

/// The URLs that providers are registered with.
fn urls() -> Vec<String> {
    let commands = blocks("sh").join("\n");
    let registered = commands.split("--url ").skip(1).map(|rest| rest.split_whitespace().next().unwrap().to_owned());
    registered.chain(["https://gitlab.com".to_owned()]).collect()
}

/// What each of them writes into a token, with one claim that makes it another's.
fn tokens() -> [(Value, Value); 3] {
    [
        (
            json!({"aud": ["sts.amazonaws.com"], "jti": "6ad8", "nbf": 1_700_000_000,
                "sub": "system:serviceaccount:reports:writer",
                "kubernetes.io": {"namespace": "reports", "node": {"name": "n", "uid": "1"},
                    "pod": {"name": "p", "uid": "2"}, "serviceaccount": {"name": "writer", "uid": "3"}}}),
            json!({"sub": "system:serviceaccount:reports:reader"}),
        ),
        (
            json!({"aud": "sts.amazonaws.com", "jti": "a1", "sub": "repo:example/reports:ref:refs/heads/main",
                "ref": "refs/heads/main", "sha": "0", "repository": "example/reports", "repository_id": "123456789",
                "repository_owner": "example", "repository_owner_id": "7", "repository_visibility": "private",
                "run_id": "1", "run_number": "1", "run_attempt": "1", "actor": "ann", "actor_id": "8",
                "workflow": "release", "workflow_ref": "example/reports/.github/workflows/r.yml@refs/heads/main",
                "head_ref": "", "base_ref": "", "event_name": "push", "ref_type": "branch", "ref_protected": "true",
                "job_workflow_ref": "example/reports/.github/workflows/r.yml@refs/heads/main",
                "runner_environment": "github-hosted", "nbf": 1_700_000_000}),
            json!({"repository_id": "123456780"}),
        ),
        (
            json!({"aud": "sts.amazonaws.com", "jti": "b2", "sub": "project_path:example/reports:ref_type:branch:ref:main",
                "namespace_id": "72", "namespace_path": "example", "project_id": "20", "project_path": "example/reports",
                "user_id": "1", "user_login": "ann", "user_email": "ann@example.com", "user_access_level": "maintainer",
                "user_identities": [{"provider": "github", "extern_uid": "2435"}], "pipeline_id": "574",
                "pipeline_source": "push", "job_id": "302", "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main",
                "ref_protected": "true", "environment_protected": null, "groups_direct": ["example"], "runner_id": 1,
                "runner_environment": "self-hosted", "sha": "0", "project_visibility": "public", "nbf": 1_700_000_000}),
            json!({"ref_protected": "false"}),
        ),
    ]
}

#[test]
fn recipes_are_as_good_as_their_text() {
    let upstream = Upstream::start();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cluster.jwks.json");
    fs::write(&file, json!({"keys": [RSA.jwk()]}).to_string()).unwrap();
    let [shown] = &blocks("toml")[..] else { panic!("one table") };
    let mut tables: toml::Table =
        shown.replace("/etc/countersign/cluster.jwks.json", file.to_str().unwrap()).parse().unwrap();
    let urls = urls();
    // The file of the cluster is that of the others, too: nobody of them is asked from here.
    let files = tables["oidc"]["jwks_files"].as_table_mut().unwrap();
    assert!(files.contains_key(&urls[0]));
    files.extend(urls.iter().map(|url| (url.clone(), file.to_str().unwrap().into())));
    let tables = tables.to_string();
    let gateway = Gateway::start_with(&upstream, &Setup { tables: &tables, ..Setup::default() });
    let trusts: Vec<String> = blocks("json").iter().map(|policy| policy.replace("111122223333", ACCOUNT)).collect();
    assert_eq!((urls.len(), trusts.len()), (3, 3));
    for (at, ((claims, other), (url, trust))) in tokens().into_iter().zip(urls.iter().zip(&trusts)).enumerate() {
        let made = [("Url", url.as_str()), ("ClientIDList.member.1", "sts.amazonaws.com")];
        assert_eq!(call(&gateway, &gateway.root(), "CreateOpenIDConnectProvider", &made).status, 200, "{url}");
        let name = format!("recipe-{at}");
        role(&gateway, &name, trust, None);
        let mut claims = web_identity::claims(claims);
        claims["iss"] = json!(url);
        let taken = |claims: &Value| {
            let (arn, token) = (super::role_arn(&name), RSA.mint(claims));
            let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", &*token)];
            let answer = send(gateway.address, &gateway.addressed(form("AssumeRoleWithWebIdentity", &parameters)));
            (answer.status, answer.text())
        };
        assert_eq!(taken(&claims).0, 200, "{url}: {}", taken(&claims).1);
        claims.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        assert_eq!(taken(&claims).0, 403, "{url}: {}", taken(&claims).1);
    }
}
