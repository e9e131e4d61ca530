//! Sessions of a role by the word of identity providers, and what ends them.
//!
//! What is promised (see `countersign::session`): such a session rests on its role and on nothing else. Whatever limits the
//! role now limits it: its policies, its boundary, the organization's policies. It is over when the role is gone, also if
//! another takes its name, and when it is ended by name. Whoever vouched is asked once: a trust policy, a provider or a key
//! that is taken away lets nobody in any more, and whoever is in stays until the session expires, as on AWS.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::json;

use super::super::{ALL, credentials, done, outcome, read, role, role_arn, saml, web_identity};
use crate::{
    ldap::{people, slapd::Slapd},
    oidc::mint::{Minter, OTHER_RSA, RSA},
    road::{
        client::Response,
        gateway::{ACCOUNT, Gateway, Setup},
        signer::Key,
        upstream::Upstream,
    },
    saml::maker::{Idp, PROVIDER as SAML},
};

/// The role that all of them may take.
pub const ROLE: &str = "one";

/// Who vouches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Web,
    Saml,
    Ldap,
}

pub const ALL_OF_THEM: [By; 3] = [By::Web, By::Saml, By::Ldap];

/// A provider of each kind, and the files that the configuration of whoever believes them names.
pub struct Providers {
    directory: String,
    idp: Idp,
    folder: tempfile::TempDir,
    said: AtomicUsize,
}

/// The table of a directory whose ann takes the role.
pub fn directory(slapd: &Slapd) -> String {
    let rule = format!("user = \"uid=ann,ou=people,dc=example,dc=com\"\nrole = \"{}\"", role_arn(ROLE));
    let (port, table) = (slapd.tls, slapd.table());
    format!("[ldap]\nurl = \"ldaps://localhost:{port}\"\n{table}[[ldap.role]]\n{rule}\n")
}

impl Providers {
    pub fn new(directory: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let providers = Self { directory: directory.to_owned(), idp: Idp::rsa(), folder, said: AtomicUsize::new(0) };
        providers.control(ALL);
        providers.keys(&RSA);
        providers
    }

    /// What the organization's policy says when it is read the next time.
    pub fn control(&self, document: &str) {
        fs::write(self.folder.path().join("control.json"), document).unwrap();
    }

    /// Whose key is the OpenID Connect provider's when it is read the next time.
    fn keys(&self, key: &Minter) {
        web_identity::with_file(self.folder.path(), &[key.jwk()]);
    }

    /// A configuration that believes all of them, or all but the directory.
    pub fn configured<T>(&self, has_directory: bool, then: impl FnOnce(&Setup<'_>) -> T) -> T {
        let keys_file = self.folder.path().join("keys.json");
        let mut tables = format!("[oidc]\njwks_files = {{ \"https://idp.example.com\" = {keys_file:?} }}\n");
        if has_directory {
            tables += &self.directory;
        }
        let control = format!("[{:?}]", self.folder.path().join("control.json"));
        let keys = [("ORGANIZATION__ID", "o-exampleorgid"), ("ORGANIZATION__SERVICE_CONTROL", &*control)];
        then(&Setup { tables: &tables, keys: &keys, ..Setup::default() })
    }

    /// A gateway that believes all of them.
    pub fn gateway(&self, upstream: &Upstream) -> Gateway {
        let gateway = self.configured(true, |setup| Gateway::start_with(upstream, setup));
        web_identity::register(&gateway, &[]);
        let metadata = saml::metadata(&self.idp);
        done(&gateway, "CreateSAMLProvider", &[("Name", "idp"), ("SAMLMetadataDocument", &metadata)]);
        gateway
    }

    pub fn reload(&self, gateway: &Gateway, upstream: &Upstream) {
        self.configured(true, |setup| gateway.reload(upstream, setup)).unwrap();
    }

    /// Asks for the role.
    pub fn take(&self, gateway: &Gateway, by: By, further: &[(&str, &str)]) -> Response {
        match by {
            By::Web => web_identity::take(gateway, ROLE, &RSA.mint(&web_identity::claims(json!({}))), further),
            By::Saml => {
                let id = format!("_{}", self.said.fetch_add(1, Ordering::Relaxed));
                saml::take(gateway, ROLE, &saml::say(&self.idp, &id, ROLE, &[]), further)
            }
            By::Ldap => people::take(gateway, "ann", "ann's password", further),
        }
    }
}

/// Trust in all of them, and in the account.
pub fn trusting() -> String {
    let federated = |provider: &str, action: &str| json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action});
    let account = json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [account,
        federated(web_identity::PROVIDER, web_identity::TAKE), federated(SAML, "sts:AssumeRoleWithSAML"),
        federated("arn:aws:iam::123456789012:ldap-provider/default", people::TAKE)]})
    .to_string()
}

const NONE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
const ONLY_OTHERS: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}}"#;

#[test]
fn what_limits_the_role_limits_its_sessions_and_who_vouched_is_asked_once() {
    let (upstream, slapd) = (Upstream::start(), Slapd::start());
    let providers = Providers::new(&directory(&slapd));
    let gateway = providers.gateway(&upstream);
    let named = ("RoleName", ROLE);
    let put = |document: &str| {
        done(&gateway, "PutRolePolicy", &[named, ("PolicyName", "p"), ("PolicyDocument", document)]);
    };
    let trust = |document: &str| {
        done(&gateway, "UpdateAssumeRolePolicy", &[named, ("PolicyDocument", document)]);
    };
    let delete = || {
        done(&gateway, "DeleteRolePolicy", &[named, ("PolicyName", "p")]);
        done(&gateway, "DeleteRole", &[named]);
    };
    let nothing = format!("arn:aws:iam::{ACCOUNT}:policy/nothing");
    done(&gateway, "CreatePolicy", &[("PolicyName", "nothing"), ("PolicyDocument", ONLY_OTHERS)]);
    let bound = || {
        done(&gateway, "PutRolePermissionsBoundary", &[named, ("PermissionsBoundary", &nothing)]);
    };
    let control = |document: &str| {
        providers.control(document);
        providers.reload(&gateway, &upstream);
    };
    let metadata = |idp: &Idp| {
        let document = saml::metadata(idp);
        done(&gateway, "UpdateSAMLProvider", &[("SAMLProviderArn", SAML), ("SAMLMetadataDocument", &document)]);
    };
    let other_keys = || {
        providers.keys(&OTHER_RSA);
        providers.configured(false, |setup| gateway.reload(&upstream, setup)).unwrap();
        metadata(&Idp::rsa());
    };
    let own_keys = || {
        providers.keys(&RSA);
        providers.reload(&gateway, &upstream);
        metadata(&providers.idp);
    };
    let gone = || {
        let provider = ("OpenIDConnectProviderArn", web_identity::PROVIDER);
        done(&gateway, "DeleteOpenIDConnectProvider", &[provider]);
        done(&gateway, "DeleteSAMLProvider", &[("SAMLProviderArn", SAML)]);
        providers.configured(false, |setup| gateway.reload(&upstream, setup)).unwrap();
    };
    let end = |keys: &[Key]| {
        for key in keys {
            done(&gateway, "DeleteAccessKey", &[("AccessKeyId", &key.id)]);
        }
    };
    role(&gateway, ROLE, &trusting(), Some(ALL));
    let mut sessions: Vec<Key> =
        ALL_OF_THEM.iter().map(|by| credentials(&providers.take(&gateway, *by, &[]))).collect();

    let (taken, denied) = ([200; 3], [403; 3]);
    // What changes; what the sessions that there are read then; how asking for new ones is answered.
    type Row<'a> = (&'a str, &'a dyn Fn(&[Key]), u16, [u16; 3]);
    let rows: [Row<'_>; 16] = [
        ("nothing", &|_| {}, 200, taken),
        ("nobody is trusted", &|_| trust(&super::trust_account()), 200, denied),
        ("they are trusted again", &|_| trust(&trusting()), 200, taken),
        ("the providers have other keys, and there is no directory", &|_| other_keys(), 200, [400, 400, 501]),
        ("they have their own again", &|_| own_keys(), 200, taken),
        ("the role's policy allows nothing", &|_| put(ONLY_OTHERS), 403, taken),
        ("and then everything, and denies it", &|_| put(NONE), 403, taken),
        ("it allows everything", &|_| put(ALL), 200, taken),
        ("the role is bound", &|_| bound(), 403, taken),
        ("it is not any more", &|_| drop(done(&gateway, "DeleteRolePermissionsBoundary", &[named])), 200, taken),
        ("the organization allows nothing", &|_| control(ONLY_OTHERS), 403, taken),
        ("it allows everything", &|_| control(ALL), 200, taken),
        ("the sessions are ended", &end, 400, taken),
        ("the role is gone", &|_| delete(), 400, denied),
        ("there is another of the name", &|_| role(&gateway, ROLE, &trusting(), Some(ALL)), 400, taken),
        ("the providers are gone", &|_| gone(), 200, [400, 400, 501]),
    ];
    for (what, change, seen, answered) in rows {
        change(&sessions);
        let reads: Vec<u16> = sessions.iter().map(|key| read(&gateway, key, "/bucket/a")).collect();
        assert_eq!(reads, [seen; 3], "{what}");
        let answers = ALL_OF_THEM.map(|by| providers.take(&gateway, by, &[]));
        assert_eq!(
            answers.each_ref().map(|answer| answer.status),
            answered,
            "{what}: {:?}",
            answers.each_ref().map(outcome)
        );
        if answered == taken {
            sessions = answers.iter().map(credentials).collect();
        }
    }
}
