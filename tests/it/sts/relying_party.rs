//! Two deployments and the network between them: one gives out tokens over TLS, the other finds its discovery document and
//! keys there and believes them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use countersign::federation::outbound::{AHEAD_SECONDS, SIGNING_SECONDS, TOKEN_SECONDS_MAX};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};

use super::{
    ALL, credentials, done,
    identity_token::{AUDIENCE, ES384, HOST, RS256, URL},
    outcome, read, role, role_arn, rotation, trust, who,
};
use crate::{
    api::{form, service},
    oidc::web::thumbprint,
    road::{
        client::{Response, send},
        gateway::{ACCOUNT, Gateway, Setup, until},
        secure,
        signer::{Key, Signer},
        upstream::Upstream,
    },
};

/// Longer than it takes until a provider is asked again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A deployment on TLS whose account gives out tokens.
struct Issuer {
    gateway: Gateway,
    dir: tempfile::TempDir,
    /// What its tokens name.
    url: String,
    ann: Key,
}

impl Issuer {
    /// One whose certificate has these names. It shows the authority's certificate with its own.
    fn start(upstream: &Upstream, names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let (mut authority, key) = (CertificateParams::new(vec![]).unwrap(), KeyPair::generate().unwrap());
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let top = authority.self_signed(&key).unwrap().pem();
        let signer = rcgen::Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let own = CertificateParams::new(names).unwrap().signed_by(&key, &signer).unwrap().pem();
        let files = [("ca.pem", top.clone()), ("chain.pem", own + &top), ("key.pem", key.serialize_pem())];
        files.iter().for_each(|(name, text)| fs::write(path(name), text).unwrap());
        let keys = [("STS__ISSUER_URL", URL), ("TLS__CERTIFICATE", &path("chain.pem")), ("TLS__KEY", &path("key.pem"))];
        let gateway = Gateway::start_with(upstream, &Setup { keys: &keys, ..Setup::default() });
        let ann = gateway.user("ann", Some(ALL));
        let mut issuer = Self { gateway, dir, url: String::new(), ann };
        let enabled = issuer.call(&issuer.gateway.root(), "EnableOutboundWebIdentityFederation", &[]);
        issuer.url = enabled.element("IssuerIdentifier");
        issuer
    }

    fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn call(&self, key: &Key, action: &str, parameters: &[(&str, &str)]) -> Response {
        let request = form(action, parameters).header("connection", "close");
        let request = self.gateway.signed(&Signer::of(service(action), key), request);
        let mut stream = secure::connect(self.gateway.address, &self.ca_file(), None);
        let answer = secure::ask(&mut stream, &request).unwrap();
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer
    }

    /// A token of ann's that is good for an hour.
    fn token(&self, algorithm: (&str, &str)) -> String {
        let parameters = [AUDIENCE, algorithm, ("DurationSeconds", "3600")];
        self.call(&self.ann, "GetWebIdentityToken", &parameters).element("WebIdentityToken")
    }

    /// A deployment that has it as a provider, with an authority of a file or the system's own, and a role for ann.
    fn believer(&self, upstream: &Upstream, ca_file: Option<&Path>, thumbprint: Option<&str>) -> Gateway {
        let mut tables =
            format!("[oidc]\naddresses = {{ {:?} = \"127.0.0.1:{}\" }}\n", self.url, self.gateway.address.port());
        if let Some(file) = ca_file {
            tables += &format!("ca_file = {file:?}\n");
        }
        let gateway = Gateway::start_with(upstream, &Setup { tables: &tables, ..Setup::default() });
        let mut parameters = vec![("Url", &*self.url), ("ClientIDList.member.1", AUDIENCE.1)];
        parameters.extend(thumbprint.map(|thumbprint| ("ThumbprintList.member.1", thumbprint)));
        let made = done(&gateway, "CreateOpenIDConnectProvider", &parameters);
        let name = self.url.strip_prefix("https://").unwrap();
        let is_ann = json!({"StringEquals": {format!("{name}:aud"): AUDIENCE.1,
            format!("{name}:sub"): format!("arn:aws:iam::{ACCOUNT}:user/ann")}});
        let provider: Value = json!({"Federated": made.element("OpenIDConnectProviderArn")});
        role(&gateway, "reader", &trust(provider, &["sts:AssumeRoleWithWebIdentity"], is_ann), Some(ALL));
        gateway
    }
}

fn take(gateway: &Gateway, token: &str) -> Response {
    let arn = role_arn("reader");
    let parameters = [("RoleArn", &*arn), ("RoleSessionName", "se"), ("WebIdentityToken", token)];
    send(gateway.address, &gateway.addressed(form("AssumeRoleWithWebIdentity", &parameters)))
}

fn thumbprint_of(file: &Path) -> String {
    thumbprint(&CertificateDer::from_pem_file(file).unwrap())
}

#[test]
fn a_token_is_believed_by_whoever_fetches_the_keys_and_follows_when_they_change() {
    let upstream = Upstream::start();
    let issuer = Issuer::start(&upstream, &["localhost", HOST]);
    let believer = issuer.believer(&upstream, Some(&issuer.ca_file()), None);
    let old = [RS256, ES384].map(|algorithm| issuer.token(algorithm));
    for token in &old {
        let key = credentials(&take(&believer, token));
        assert_eq!(read(&believer, &key, "/bucket/a"), 200);
        assert_eq!(who(&believer, &key)[1], format!("arn:aws:sts::{ACCOUNT}:assumed-role/reader/se"));
    }
    // Both documents were read once, over TLS.
    let asked = |name: &str| -> Vec<Value> {
        issuer.gateway.records().into_iter().filter(|record| record["eventName"] == name).collect()
    };
    for name in ["GetOpenIDConfiguration", "GetJSONWebKeySet"] {
        until("what is asked is recorded", || !asked(name).is_empty());
        let records = asked(name);
        let told = (&records[0]["requestParameters"]["issuer"], &records[0]["tlsDetails"]["tlsVersion"]);
        assert_eq!((records.len(), told), (1, (&json!(issuer.url), &json!("TLSv1.3"))), "{name}");
    }

    // New keys are published, sign, and are all that is left.
    rotation::age(&issuer.gateway, SIGNING_SECONDS - AHEAD_SECONDS + 10);
    issuer.token(ES384);
    rotation::age(&issuer.gateway, AHEAD_SECONDS + TOKEN_SECONDS_MAX + 300);
    let new = issuer.token(ES384);
    let unknown = (400, "InvalidIdentityToken".to_owned());
    let since = Instant::now();
    let key = loop {
        let answer = take(&believer, &new);
        if answer.status == 200 {
            break credentials(&answer);
        }
        assert_eq!(outcome(&answer), unknown, "{}", answer.text());
        assert!(since.elapsed() < PATIENCE, "the keys are not asked for again");
        std::thread::sleep(Duration::from_millis(250));
    };
    assert_eq!(read(&believer, &key, "/bucket/a"), 200);
    // What the issuer does not show any more counts no longer, though it says that it is good for an hour.
    for token in &old {
        let answer = take(&believer, token);
        assert_eq!(outcome(&answer), unknown, "{}", answer.text());
        assert!(believer.record(&answer).to_string().contains("web identity, key id"));
    }
}

#[test]
fn keys_are_believed_only_behind_a_certificate_that_is() {
    let upstream = Upstream::start();
    let [ours, others] = [(); 2].map(|()| Issuer::start(&upstream, &["localhost", HOST]));
    let misnamed = Issuer::start(&upstream, &["localhost"]);
    let (own, foreign) = (ours.ca_file(), others.ca_file());
    let [own_print, foreign_print] = [&own, &foreign].map(|file| thumbprint_of(file));
    let of_misnamed = misnamed.ca_file();
    type Row<'a> = (&'a str, &'a Issuer, Option<&'a Path>, Option<&'a str>, bool);
    let rows: [Row<'_>; 7] = [
        ("its authority", &ours, Some(&own), None, true),
        ("no authority but the system's", &ours, None, None, false),
        ("another authority", &ours, Some(&foreign), None, false),
        ("its authority's thumbprint", &ours, None, Some(&own_print), true),
        ("another's thumbprint", &ours, None, Some(&foreign_print), false),
        ("its authority, for another host", &misnamed, Some(&of_misnamed), None, false),
        ("a thumbprint, for another host", &misnamed, None, Some(&thumbprint_of(&of_misnamed)), false),
    ];
    for (what, issuer, ca_file, thumbprint, is_believed) in rows {
        let believer = issuer.believer(&upstream, ca_file, thumbprint);
        let answer = take(&believer, &issuer.token(RS256));
        if is_believed {
            assert_eq!(answer.status, 200, "{what}: {}", answer.text());
            continue;
        }
        assert_eq!(outcome(&answer), (400, "InvalidIdentityToken".into()), "{what}: {}", answer.text());
        let told = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
        assert_eq!(answer.element("Message"), told, "{what}");
        let record = believer.record(&answer);
        assert_eq!(record["errorCode"], "InvalidIdentityToken", "{what}");
        assert!(record.to_string().contains("web identity, provider's certificate: "), "{what}: {record}");
    }
    // Another's keys behind a good certificate prove nothing: each account has its own, below its own issuer.
    let believer = ours.believer(&upstream, Some(&own), None);
    let answer = take(&believer, &others.token(RS256));
    assert_eq!(outcome(&answer), (400, "InvalidIdentityToken".into()));
    assert!(believer.record(&answer).to_string().contains("web identity, provider: "));
}
