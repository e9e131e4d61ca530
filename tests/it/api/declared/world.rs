//! One of everything, on a gateway.

use std::collections::BTreeMap;

use countersign::store::{Item, ItemKind};
use rcgen::{CertificateParams, KeyPair};

use super::super::{
    call,
    rights::{ANN, IDP, POLICY_ARN, SAML, TRUST, WEB},
    story_certificates::certificate,
    story_keys::{ED25519_KEY, KEY, SHORT_KEY},
    story_providers::metadata,
};
use crate::road::{
    client::Response,
    gateway::{ACCOUNT, ALLOW_ALL, Gateway, Setup, Wrap},
    signer::Key,
    upstream::Upstream,
};

/// The other account.
const OTHER: &str = "210987654321";
/// The longest tags of one resource.
const TAGS: usize = 50;

/// Where the discovery documents of accounts that give out tokens would be.
const ISSUERS: (&str, &str) = ("STS__ISSUER_URL", "https://sts.example.com");

const TEMPLATE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

/// A gateway with one of everything, and words for what is only known once it is there.
pub struct World {
    pub gateway: Gateway,
    pub upstream: Upstream,
    callers: BTreeMap<&'static str, Key>,
    words: BTreeMap<String, String>,
}

/// What is there, in the order in which it comes.
#[rustfmt::skip]
const THERE: &[(&str, &[(&str, &str)])] = &[
    ("CreateAccountAlias", &[("AccountAlias", "our")]),
    ("CreateGroup", &[("GroupName", "staff")]),
    ("CreateGroup", &[("GroupName", "crew")]),
    ("AddUserToGroup", &[("GroupName", "crew"), ANN]),
    ("CreatePolicy", &[("PolicyName", "known"), ("PolicyDocument", ALLOW_ALL)]),
    ("CreatePolicy", &[("PolicyName", "other"), ("PolicyDocument", ALLOW_ALL)]),
    ("CreateRole", &[("RoleName", "reader"), ("AssumeRolePolicyDocument", TRUST)]),
    ("CreateRole", &[("RoleName", "writer"), ("AssumeRolePolicyDocument", TRUST)]),
    ("AttachUserPolicy", &[ANN, ("PolicyArn", POLICY_ARN)]),
    ("AttachGroupPolicy", &[("GroupName", "crew"), ("PolicyArn", POLICY_ARN)]),
    ("AttachRolePolicy", &[("RoleName", "writer"), ("PolicyArn", POLICY_ARN)]),
    ("CreateLoginProfile", &[("UserName", "bob"), ("Password", "Secret-1")]),
    ("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")]),
    ("CreateInstanceProfile", &[WEB]),
    ("AddRoleToInstanceProfile", &[WEB, ("RoleName", "writer")]),
    ("CreateOpenIDConnectProvider", &[("Url", "https://idp.example.com/a"), ("ClientIDList.member.1", "c")]),
    ("CreateSAMLProvider", &[("Name", "idp"), ("SAMLMetadataDocument", "$metadata"), ("AddPrivateKey", "$rsa")]),
    ("UpdateSAMLProvider", &[SAML, ("AddPrivateKey", "$rsa")]),
    ("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "phone")]),
    ("UploadServerCertificate", &[("ServerCertificateName", "web"), ("CertificateBody", "$body"), ("PrivateKey", "$key")]),
    ("UploadServerCertificate", &[("ServerCertificateName", "site"), ("CertificateBody", "$body"), ("PrivateKey", "$key")]),
    ("UploadSigningCertificate", &[ANN, ("CertificateBody", "$body")]),
    ("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", KEY)]),
    ("CreateServiceSpecificCredential", &[ANN, ("ServiceName", "codecommit.amazonaws.com")]),
];

/// What has as many tags as it may.
#[rustfmt::skip]
const TAGGED: &[(&str, (&str, &str))] = &[
    ("TagInstanceProfile", WEB),
    ("TagMFADevice", ("SerialNumber", "arn:aws:iam::123456789012:mfa/phone")),
    ("TagOpenIDConnectProvider", IDP),
    ("TagPolicy", ("PolicyArn", POLICY_ARN)),
    ("TagRole", ("RoleName", "reader")),
    ("TagSAMLProvider", SAML),
    ("TagServerCertificate", ("ServerCertificateName", "web")),
    ("TagUser", ANN),
];

impl World {
    pub fn new(wrap: Option<Wrap<'_>>) -> Self {
        let upstream = Upstream::start();
        let keys = &[("STORE__STALENESS_SECONDS_MAX", "600"), ISSUERS];
        let templates = tempfile::tempdir().unwrap();
        let template = templates.path().join("t.json");
        std::fs::write(&template, TEMPLATE).unwrap();
        // The deployment's account asks others for permissions, as the rights table has it.
        let tables = format!(
            "[delegation]\nrequesters = {{ \"{ACCOUNT}\" = \"us\" }}\n\
             channels = {{ \"arn:aws:sns:us-east-1:{ACCOUNT}:t\" = \"http://127.0.0.1:9/\" }}\n\
             templates = {{ \"arn:aws:iam::{ACCOUNT}:delegation-template/t\" = \"{}\" }}\n",
            template.display()
        );
        let gateway = Gateway::start_with(&upstream, &Setup { keys, tables: &tables, wrap, ..Setup::default() });
        let callers = BTreeMap::from([
            ("root", gateway.root()),
            ("ann", gateway.user("ann", Some(ALLOW_ALL))),
            ("bob", gateway.user("bob", Some(ALLOW_ALL))),
            ("boss", gateway.user_of(OTHER, "boss", Some(ALLOW_ALL))),
        ]);
        // Something that the API lets nobody write.
        gateway.user("torn", Some("{"));
        let mut world = Self { gateway, upstream, callers, words: words() };
        for (action, parameters) in THERE {
            let answer = world.done(action, parameters);
            for word in ["CertificateId", "SSHPublicKeyId"] {
                let id = Some(answer.element(word)).filter(|id| !id.is_empty());
                world.words.extend(id.map(|id| (format!("${word}"), id)));
            }
        }
        for (action, of) in TAGGED {
            let tags: Vec<(String, String)> = (1..=TAGS)
                .flat_map(|at| ["Key", "Value"].map(|part| (format!("Tags.member.{at}.{part}"), format!("k{at}"))))
                .collect();
            let tags = tags.iter().map(|(name, value)| (&**name, &**value));
            world.done(action, &tags.chain([*of]).collect::<Vec<_>>());
        }
        let device = r#"{"enabled":1700000000,"used":null,"drift":0,"wrong":0,"wrong_since":0}"#;
        world.add(ItemKind::MfaDevice, "held", Some("AIDAann"), device);
        world
    }

    /// Calls an operation.
    pub fn call(&self, caller: &str, action: &str, parameters: &[(&str, &str)]) -> Response {
        let filled: Vec<(&str, String)> = parameters.iter().map(|(name, value)| (*name, self.filled(value))).collect();
        let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
        call(&self.gateway, &self.callers[caller], action, &filled)
    }

    /// The same as root, and it is done.
    pub fn done(&self, action: &str, parameters: &[(&str, &str)]) -> Response {
        let answer = self.call("root", action, parameters);
        assert_eq!(answer.status, 200, "{action} {parameters:?}: {}", answer.text());
        answer
    }

    /// A text, or what it stands for.
    pub fn filled(&self, text: &str) -> String {
        match text.starts_with('$') {
            true => self.words.get(text).unwrap_or_else(|| panic!("{text} is no word of the world")).clone(),
            false => text.to_owned(),
        }
    }

    /// Configures it anew.
    pub fn configure(&self, keys: &[(&str, &str)]) {
        let keys: Vec<_> = keys.iter().copied().chain([ISSUERS]).collect();
        self.gateway.reload(&self.upstream, &Setup { keys: &keys, ..Setup::default() }).unwrap();
    }

    /// Puts something straight into the store; it has the secret that devices have.
    pub fn add(&self, kind: ItemKind, name: &str, owner: Option<&str>, details: &str) {
        self.gateway
            .directory()
            .write(|work| work.add_item(&item(kind, name, owner, details), Some(&[7; 40])))
            .unwrap();
    }

    /// Fills the account with devices that are nobody's.
    pub fn add_devices(&self, count: usize) {
        let details = r#"{"enabled":null,"used":null,"drift":0,"wrong":0,"wrong_since":0}"#;
        let written = self.gateway.directory().write(|work| {
            (0..count).try_for_each(|at| {
                work.add_item(&item(ItemKind::MfaDevice, &format!("d{at}"), None, details), Some(&[7; 40]))
            })
        });
        written.unwrap();
    }

    /// Changes the details of something of the account, by its name.
    pub fn change(&self, kind: ItemKind, name: &str, details: &str) {
        let account = ACCOUNT.parse().unwrap();
        let changed = self.gateway.directory().write(|work| {
            let known = work.item(account, kind, name)?.unwrap();
            work.update_item(&Item { details: details.into(), ..known })
        });
        changed.unwrap();
    }

    /// What the operations could have changed.
    pub fn listed(&self) -> Vec<String> {
        let more: [(&str, &[(&str, &str)]); 14] = [
            ("GetAccountAuthorizationDetails", &[("MaxItems", "1000")]),
            ("GetAccountSummary", &[]),
            ("ListAccountAliases", &[]),
            ("ListAccessKeys", &[ANN]),
            ("ListSSHPublicKeys", &[ANN]),
            ("ListSigningCertificates", &[ANN]),
            ("ListServiceSpecificCredentials", &[("AllUsers", "true")]),
            ("ListServerCertificates", &[]),
            ("ListInstanceProfiles", &[]),
            ("GetOpenIDConnectProvider", &[IDP]),
            ("ListOpenIDConnectProviders", &[]),
            ("GetSAMLProvider", &[SAML]),
            ("ListSAMLProviders", &[]),
            ("ListVirtualMFADevices", &[("MaxItems", "1000")]),
        ];
        let told = |(action, parameters): (&str, &[(&str, &str)])| {
            let text = self.done(action, parameters).text().to_string();
            text.split("<ResponseMetadata>").next().unwrap_or_default().to_owned()
        };
        more.map(told).into()
    }
}

fn item(kind: ItemKind, name: &str, owner: Option<&str>, details: &str) -> Item {
    Item {
        kind,
        account: ACCOUNT.parse().unwrap(),
        id: format!("{}{name}", kind.word()).into(),
        name: name.into(),
        path: "/".into(),
        owner: owner.map(Into::into),
        created: "2024-02-03T04:05:06Z".parse().unwrap(),
        details: details.into(),
    }
}

/// What is made anew each time, or is too long for a table.
fn words() -> BTreeMap<String, String> {
    let (body, key) = certificate([2020, 4000]);
    let odd = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut modulus = data_encoding::BASE64.decode(KEY.split(' ').nth(1).unwrap().as_bytes()).unwrap();
    modulus[100] ^= 1;
    let long = |document: &str, action: &str| document.replace(action, &format!("{}{}", action, "a".repeat(10_240)));
    let words = [
        ("$body", body),
        ("$key", key.serialize_pem()),
        ("$other-body", certificate([2020, 4000]).0),
        ("$other-key", KeyPair::generate().unwrap().serialize_pem()),
        ("$odd-body", CertificateParams::new(vec![]).unwrap().self_signed(&odd).unwrap().pem()),
        ("$rsa", KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem()),
        ("$metadata", metadata("https://idp.example.com", "")),
        ("$nonsense", "x".repeat(1000)),
        ("$ssh", KEY.to_owned()),
        ("$other-ssh", format!("ssh-rsa {}", data_encoding::BASE64.encode(&modulus))),
        ("$short-ssh", SHORT_KEY.to_owned()),
        ("$odd-ssh", ED25519_KEY.to_owned()),
        ("$long", long(&ALLOW_ALL.replace(r#""Action":"*""#, r#""Action":"s3:a""#), "s3:a")),
        ("$long-trust", long(TRUST, "sts:AssumeRole")),
    ];
    words.map(|(name, text)| (name.to_owned(), text)).into()
}
