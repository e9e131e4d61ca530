//! Signing certificates and server certificates.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::says;
use crate::road::{client::Response, gateway::Gateway, upstream::Upstream};

const ANN: (&str, &str) = ("UserName", "ann");
const WEB: (&str, &str) = ("ServerCertificateName", "web");
const UNREADABLE: &str = "<Code>MalformedCertificate</Code><Message>Unable to parse certificate. \
                          Please ensure the certificate is in PEM format.</Message>";

fn body(text: &str) -> (&'static str, &str) {
    ("CertificateBody", text)
}

/// A certificate with its key; `years` are those between which it counts.
pub fn certificate(years: [i32; 2]) -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["web.example".to_owned()]).unwrap();
    [params.not_before, params.not_after] = years.map(|year| date_time_ymd(year, 1, 1));
    (params.self_signed(&key).unwrap().pem(), key)
}

/// A certificate that an intermediate signed that a root signed, all with names of their own; the last comes first.
fn chain() -> ([String; 3], KeyPair) {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let (root_key, middle_key, key) =
        (KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root_pem = authority("root").self_signed(&root_key).unwrap().pem();
    let root = Issuer::new(authority("root"), root_key);
    let middle_pem = authority("middle").signed_by(&middle_key, &root).unwrap().pem();
    let middle = Issuer::new(authority("middle"), middle_key);
    let leaf = CertificateParams::new(vec!["web.example".to_owned()]).unwrap().signed_by(&key, &middle).unwrap().pem();
    ([leaf, middle_pem, root_pem], key)
}

#[test]
fn signing_certificates() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let says = |action: &str, parameters: &[(&str, &str)], status, holds: &str| -> Response {
        says(&gateway, action, parameters, status, holds)
    };
    let (one, two, three) = (certificate([2020, 4000]).0, certificate([2020, 4000]).0, certificate([2020, 4000]).0);
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let odd = CertificateParams::new(vec![]).unwrap().self_signed(&ed25519).unwrap().pem();
    let upload = "UploadSigningCertificate";
    says("CreateUser", &[ANN], 200, "");
    for (body, holds) in [
        ("none", UNREADABLE),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", UNREADABLE),
        (&one[..one.len() - 40], UNREADABLE),
        (&[one.as_str(), &two].concat(), UNREADABLE),
        (&certificate([2001, 2002]).0, "<Code>MalformedCertificate</Code><Message>Certificate is no longer valid."),
        (&certificate([3001, 4000]).0, "<Code>MalformedCertificate</Code><Message>Certificate is not valid yet."),
        (&odd, "<Code>InvalidCertificate</Code>"),
    ] {
        says(upload, &[ANN, ("CertificateBody", body)], 400, holds);
    }
    says(upload, &[ANN], 400, "Value null at 'certificateBody' failed to satisfy constraint: Member must not be null");
    says(upload, &[("UserName", "none"), ("CertificateBody", &one)], 404, "NoSuchEntity");
    let made = says(upload, &[ANN, ("CertificateBody", &one)], 200, "<Status>Active</Status><UploadDate>");
    assert_eq!(made.element("CertificateBody"), one);
    let duplicate = "<Code>DuplicateCertificate</Code>";
    says(upload, &[ANN, ("CertificateBody", &one)], 409, duplicate);
    says(upload, &[("CertificateBody", &format!("\n{one}"))], 409, duplicate);
    says(upload, &[ANN, ("CertificateBody", &two)], 200, "");
    let over = "<Code>LimitExceeded</Code><Message>Cannot exceed quota for SigningCertificatesPerUser: 2</Message>";
    says(upload, &[ANN, ("CertificateBody", &three)], 409, over);
    // Root has its own.
    says("ListSigningCertificates", &[], 200, "<Certificates></Certificates><IsTruncated>false</IsTruncated>");
    says(upload, &[("CertificateBody", &three)], 200, "<Certificate><CertificateId>");
    says("ListSigningCertificates", &[], 200, "<Certificates><member><CertificateId>");
    says("ListSigningCertificates", &[ANN, ("MaxItems", "1")], 200, "<IsTruncated>true</IsTruncated><Marker>");
    let id = made.element("CertificateId");
    let id = ("CertificateId", id.as_str());
    says("UpdateSigningCertificate", &[ANN, id, ("Status", "Expired")], 400, "<Code>InvalidInput</Code>");
    says("UpdateSigningCertificate", &[id, ("Status", "Inactive")], 404, "cannot be found.");
    says("UpdateSigningCertificate", &[ANN, id, ("Status", "Inactive")], 200, "UpdateSigningCertificateResponse");
    says("ListSigningCertificates", &[ANN], 200, "<Status>Inactive</Status>");
    says("DeleteUser", &[ANN], 409, "Cannot delete entity, must delete certificates first.");
    says("DeleteSigningCertificate", &[id], 404, "The Certificate with id ");
    says("DeleteSigningCertificate", &[ANN, id], 200, "DeleteSigningCertificateResponse");
    says("DeleteSigningCertificate", &[ANN, id], 404, "NoSuchEntity");
    says(upload, &[ANN, ("CertificateBody", &one)], 200, "");
}

#[test]
fn server_certificates() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    let says = |action: &str, parameters: &[(&str, &str)], status, holds: &str| -> Response {
        says(&gateway, action, parameters, status, holds)
    };
    let upload = "UploadServerCertificate";
    let ([leaf, middle, root], key) = chain();
    let (key, other) = (key.serialize_pem(), KeyPair::generate().unwrap().serialize_pem());
    let (past, past_key) = certificate([2001, 2002]);
    let past_key = past_key.serialize_pem();
    let sealed = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    for (body_text, key_text, holds) in [
        ("none", key.as_str(), UNREADABLE),
        (&[leaf.as_str(), &middle].concat(), &key, UNREADABLE),
        (&past, &past_key, "<Code>MalformedCertificate</Code><Message>Certificate is no longer valid."),
        (&leaf, &other, "<Code>KeyPairMismatch</Code>"),
        (&[leaf.as_str(), &key].concat(), &key, UNREADABLE),
        (&leaf, &[key.as_str(), &other].concat(), "<Code>MalformedCertificate</Code><Message>Invalid Private Key."),
        (&leaf, "none", "<Code>MalformedCertificate</Code><Message>Invalid Private Key.</Message>"),
        (
            &leaf,
            sealed,
            "<Code>MalformedCertificate</Code><Message>Unable to parse key; the body is encrypted.</Message>",
        ),
    ] {
        says(upload, &[WEB, body(body_text), ("PrivateKey", key_text)], 400, holds);
    }
    let missing = "3 validation errors detected: Value null at 'serverCertificateName'";
    says(upload, &[("Path", "/a/")], 400, missing);
    let pair = [WEB, body(&leaf), ("PrivateKey", &key)];
    let with = |further: &[(&'static str, &str)], status: u16, holds: &str| {
        let given: Vec<(&str, &str)> = pair.iter().copied().chain(further.iter().copied()).collect();
        says(upload, &given, status, holds)
    };
    for (chain, at) in [
        (root.clone(), 0),
        ([middle.as_str(), &leaf].concat(), 1),
        ([root.as_str(), &middle].concat(), 0),
        (leaf.clone(), 0),
    ] {
        let holds = format!("The index within the chain of the invalid certificate is: {at}</Message>");
        with(&[("CertificateChain", &chain)], 400, &holds);
    }
    with(&[("CertificateChain", "none")], 400, UNREADABLE);
    let whole = [middle.as_str(), &root].concat();
    let further = [
        ("Path", "/cloudfront/"),
        ("CertificateChain", &whole),
        ("Tags.member.1.Key", "t"),
        ("Tags.member.1.Value", "v"),
    ];
    let holds = "<ServerCertificateMetadata><Path>/cloudfront/</Path><ServerCertificateName>web</ServerCertificateName>\
                 <ServerCertificateId>ASCA";
    let made = with(&further, 200, holds);
    assert_eq!(made.element("Arn"), "arn:aws:iam::123456789012:server-certificate/cloudfront/web");
    assert_eq!(made.element("Expiration"), "4096-01-01T00:00:00Z");
    with(&[], 409, "<Code>EntityAlreadyExists</Code><Message>The Server Certificate with name web already exists.");
    let got = says("GetServerCertificate", &[WEB], 200, "<Tags><member><Key>t</Key><Value>v</Value></member></Tags>");
    assert_eq!((got.element("CertificateBody"), got.element("CertificateChain")), (leaf.clone(), whole));
    assert!(!got.text().contains("PRIVATE KEY"));
    let unknown = "The Server Certificate with name none cannot be found.";
    let none = ("ServerCertificateName", "none");
    for (action, further) in [
        ("GetServerCertificate", &[][..]),
        ("DeleteServerCertificate", &[]),
        ("UpdateServerCertificate", &[("NewPath", "/")]),
        ("ListServerCertificateTags", &[]),
        ("TagServerCertificate", &[("Tags.member.1.Key", "t"), ("Tags.member.1.Value", "v")]),
        ("UntagServerCertificate", &[("TagKeys.member.1", "t")]),
    ] {
        says(action, &[&[none], further].concat(), 404, unknown);
    }
    says("TagServerCertificate", &[WEB, ("Tags.member.1.Key", "T"), ("Tags.member.1.Value", "w")], 200, "Response");
    says("ListServerCertificateTags", &[WEB], 200, "<Tags><member><Key>T</Key><Value>w</Value></member></Tags>");
    says("UntagServerCertificate", &[WEB, ("TagKeys.member.1", "t")], 200, "UntagServerCertificateResponse");
    says("ListServerCertificateTags", &[WEB], 200, "<Tags></Tags>");
    says("ListServerCertificates", &[("PathPrefix", "/cloudfront/")], 200, "<ServerCertificateName>web<");
    says("ListServerCertificates", &[("PathPrefix", "/none/")], 200, "<ServerCertificateMetadataList></Server");

    let site = ("ServerCertificateName", "site");
    says(upload, &[site, body(&leaf), ("PrivateKey", &key)], 200, "server-certificate/site</Arn>");
    says("ListServerCertificates", &[("MaxItems", "1")], 200, "<IsTruncated>true</IsTruncated><Marker>");
    says("UpdateServerCertificate", &[WEB, ("NewServerCertificateName", "Site")], 409, "name Site already exists.");
    let renamed = [WEB, ("NewServerCertificateName", "shop"), ("NewPath", "/")];
    says("UpdateServerCertificate", &renamed, 200, "UpdateServerCertificateResponse");
    let shop = ("ServerCertificateName", "shop");
    says("GetServerCertificate", &[WEB], 404, "NoSuchEntity");
    says("GetServerCertificate", &[shop], 200, "<Arn>arn:aws:iam::123456789012:server-certificate/shop</Arn>");
    says("DeleteServerCertificate", &[shop], 200, "DeleteServerCertificateResponse");
    says("DeleteServerCertificate", &[shop], 404, "NoSuchEntity");
    for number in 1..=20 {
        let name = format!("site-{number}");
        let given = [("ServerCertificateName", name.as_str()), body(&leaf), ("PrivateKey", &key)];
        let (status, holds) = match number {
            20 => (409, "<Code>LimitExceeded</Code><Message>Cannot exceed quota for ServerCertificatesPerAccount: 20<"),
            _ => (200, ""),
        };
        says(upload, &given, status, holds);
    }
    let records = gateway.end();
    assert!(records.iter().all(|record| !record.to_string().contains("PRIVATE KEY")));
}

/// Keys of every form that AWS takes are found to belong to their certificates.
#[test]
fn keys_of_every_kind_match() {
    let upstream = Upstream::start();
    let gateway = Gateway::start(&upstream);
    for (at, algorithm) in [
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ]
    .into_iter()
    .enumerate()
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let body = CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap().pem();
        let name = format!("web-{at}");
        let given = [
            ("ServerCertificateName", name.as_str()),
            ("CertificateBody", &body),
            ("PrivateKey", &key.serialize_pem()),
        ];
        says(&gateway, "UploadServerCertificate", &given, 200, "");
    }
}
