//! Policies of control: they limit everybody, root included, and count anew when they are reloaded.

use std::{fs, path::Path};

use super::{
    client::{Request, send},
    gateway::{ALLOW_ALL, Gateway, Setup},
    signer::{Key, Signer},
    upstream::Upstream,
};
use crate::api::call;

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const NO_DELETE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Keep","Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}"#;
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","iam:*"],"Resource":"*"}}"#;
const OWN_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
    {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalAccount":"123456789012"}}}]}"#;
const BY_KEYS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{
    "StringEquals":{"aws:PrincipalOrgID":"o-exampleorgid","aws:ResourceOrgID":"o-exampleorgid"},
    "ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorgid/r-ab12/*"}}}]}"#;

struct Scene {
    upstream: Upstream,
    gateway: Gateway,
}

/// The keys of a configuration with these levels, each of these files of a folder.
fn keys(folder: &Path, service: &[&str], resource: &[&str]) -> Vec<(&'static str, String)> {
    let list = |levels: &[&str]| {
        let path = |file: &str| folder.join(file).display().to_string();
        let level = |level: &&str| format!("{:?}", level.split(',').map(path).collect::<Vec<_>>().join(","));
        format!("[{}]", levels.iter().map(level).collect::<Vec<_>>().join(","))
    };
    vec![
        ("ORGANIZATION__ID", "o-exampleorgid".to_owned()),
        ("ORGANIZATION__PATH", "o-exampleorgid/r-ab12/".to_owned()),
        ("ORGANIZATION__SERVICE_CONTROL", list(service)),
        ("ORGANIZATION__RESOURCE_CONTROL", list(resource)),
    ]
}

fn with<T>(keys: &[(&'static str, String)], then: impl FnOnce(&Setup<'_>) -> T) -> T {
    let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (*key, value.as_str())).collect();
    then(&Setup { keys: &keys, ..Setup::default() })
}

impl Scene {
    fn asks(&self, who: Option<&Key>, method: &str) -> (u16, String) {
        let request = Request::new(method, "/photos/a");
        let answer = match who {
            Some(key) => self.gateway.send(&Signer::s3(key), request),
            None => send(self.gateway.address, &self.gateway.addressed(request)),
        };
        (answer.status, answer.element("Message"))
    }
}

#[test]
fn what_the_organization_does_not_allow_nobody_may_do() {
    let folder = tempfile::tempdir().unwrap();
    for (name, document) in [("all", ALL), ("no-delete", NO_DELETE), ("read", READ), ("own-only", OWN_ONLY)] {
        fs::write(folder.path().join(name), document).unwrap();
    }
    let upstream = Upstream::start();
    let first = keys(folder.path(), &["all,no-delete", "read"], &[]);
    let gateway = with(&first, |setup| Gateway::start_with(&upstream, setup));
    let scene = Scene { upstream, gateway };
    let (root, ann) = (scene.gateway.root(), scene.gateway.user("ann", Some(ALLOW_ALL)));
    let keyed = scene.gateway.user("keyed", Some(BY_KEYS));
    for who in [&root, &ann] {
        assert_eq!(scene.asks(Some(who), "GET").0, 200);
        let (status, why) = scene.asks(Some(who), "PUT");
        assert!(
            status == 403 && why.ends_with("because no service control policy allows the s3:PutObject action"),
            "{why}"
        );
        let (status, why) = scene.asks(Some(who), "DELETE");
        assert!(status == 403 && why.ends_with("with an explicit deny in a service control policy"), "{why}");
    }
    assert_eq!(scene.asks(Some(&keyed), "GET").0, 200);
    // The simulator knows of it, and leaves it out when asked to.
    let simulate = |further: &[(&str, &str)]| {
        let asked =
            [("PolicySourceArn", "arn:aws:iam::123456789012:user/ann"), ("ActionNames.member.1", "s3:PutObject")];
        call(&scene.gateway, &root, "SimulatePrincipalPolicy", &[&asked[..], further].concat())
    };
    let answer = simulate(&[]);
    assert_eq!(
        (answer.element("EvalDecision"), answer.element("AllowedByOrganizations")),
        ("implicitDeny".into(), "false".into())
    );
    let answer = simulate(&[("PolicyExclusionList.member.1.PolicyType", "scp")]);
    assert_eq!(
        (answer.element("EvalDecision"), answer.element("AllowedByOrganizations")),
        ("allowed".into(), String::new())
    );

    // Another state of the files, another answer.
    let second = keys(folder.path(), &[], &["own-only"]);
    with(&second, |setup| scene.gateway.reload(&scene.upstream, setup)).unwrap();
    assert_eq!(scene.asks(Some(&root), "DELETE").0, 200);
    let open = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}}"#;
    let policy = Request::new("PUT", "/photos?policy").body(open);
    assert_eq!(scene.gateway.send(&Signer::s3(&root), policy).status, 204);
    let eve = scene.gateway.user_of("999999999999", "eve", Some(ALLOW_ALL));
    assert_eq!(
        [scene.asks(Some(&ann), "GET").0, scene.asks(Some(&eve), "GET").0, scene.asks(None, "GET").0],
        [200, 403, 403]
    );
    // A file that cannot be used leaves everything as it was.
    let third = keys(folder.path(), &["nowhere"], &[]);
    let refused = with(&third, |setup| scene.gateway.reload(&scene.upstream, setup)).unwrap_err();
    assert!(refused.contains("organization.service_control") && refused.contains("nowhere"), "{refused}");
    assert_eq!(scene.asks(Some(&ann), "GET").0, 200);
}
