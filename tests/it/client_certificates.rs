//! Programs take roles with client certificates, over TLS with the gateway itself.

use std::{fs, path::PathBuf};

use countersign::base::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

use crate::{
    api::form,
    road::{
        client::{Request, Response},
        gateway::{ACCOUNT, Gateway, Setup},
        secure::{self, Secure, Shown},
        signer::{Key, Signer},
        upstream::Upstream,
    },
    sts::{allow, done, outcome, role, trust},
};

const TAKE: &str = "sts:AssumeRoleWithCertificate";
const PROVIDER: &str = "arn:aws:iam::123456789012:certificate-provider/default";

/// An authority of clients.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = Default::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// A certificate for a common name, with more said of it.
    fn certify(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Shown {
        let mut params = CertificateParams::default();
        params.distinguished_name = Default::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(SerialNumber::from(7));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Shown(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// A list of revoked serial numbers, good until a year.
    fn revoke(&self, serials: &[u64], until: i32) -> String {
        let of = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(of).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.0).unwrap().pem().unwrap()
    }
}

/// A gateway on TLS with authorities of clients.
struct Place {
    gateway: Gateway,
    upstream: Upstream,
    dir: tempfile::TempDir,
}

const RULES: &str = r#"
[[client_certificates.role]]
common_name = "backup"
issuer = "CN=Machines"
role = "arn:aws:iam::123456789012:role/backup"
[[client_certificates.role]]
san = "uri:spiffe://example.com/reports"
role = "arn:aws:iam::123456789012:role/reports"
[[client_certificates.role]]
issuer = "CN=Others"
role = "arn:aws:iam::123456789012:role/others"
"#;

impl Place {
    fn new(authorities: &[&Authority], tables: &str, keys: &[(&str, &str)]) -> Self {
        let (dir, upstream) = (tempfile::tempdir().unwrap(), Upstream::start());
        let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
        let own = Authority::new("Servers");
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &own.0).unwrap();
        write("ca.pem", own.1);
        write("certificate.pem", certificate.pem());
        write("key.pem", key.serialize_pem());
        write("clients.pem", authorities.iter().map(|authority| authority.1.as_str()).collect());
        let files =
            [("TLS__CERTIFICATE", "certificate.pem"), ("TLS__KEY", "key.pem"), ("TLS__CLIENT_CA", "clients.pem")];
        let files = files.map(|(name, file)| (name, dir.path().join(file).display().to_string()));
        let mut all: Vec<(&str, &str)> = files.iter().map(|(name, path)| (*name, path.as_str())).collect();
        all.extend(keys);
        let gateway = Gateway::start_with(&upstream, &Setup { tables, keys: &all, ..Setup::default() });
        Self { gateway, upstream, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Sends a request on a connection of its own; an error if there is no connection.
    fn send(&self, shown: Option<&Shown>, request: &Request) -> std::io::Result<Response> {
        let mut stream = self.connect(shown);
        self.ask(&mut stream, request, true)
    }

    fn connect(&self, shown: Option<&Shown>) -> Secure {
        secure::connect(self.gateway.address, &self.path("ca.pem"), shown)
    }

    fn ask(&self, stream: &mut Secure, request: &Request, is_last: bool) -> std::io::Result<Response> {
        let mut request = self.gateway.addressed(request.clone());
        if is_last {
            request = request.header("connection", "close");
        }
        secure::ask(stream, &request)
    }

    fn take(&self, shown: Option<&Shown>, further: &str) -> Response {
        self.send(shown, &asking(further)).unwrap()
    }

    fn role(&self, name: &str, policy: &str, rights: Option<&str>) {
        let made = [("RoleName", name), ("AssumeRolePolicyDocument", policy), ("MaxSessionDuration", "7200")];
        self.done("CreateRole", &made);
        if let Some(rights) = rights {
            self.done("PutRolePolicy", &[("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", rights)]);
        }
    }

    fn done(&self, action: &str, parameters: &[(&str, &str)]) {
        let mut request = self.gateway.addressed(form(action, parameters));
        Signer::of("iam", &self.gateway.root()).sign(&mut request);
        let answer = self.send(None, &request).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The status of reading an object.
    fn read(&self, key: &Key, path: &str) -> u16 {
        let mut request = self.gateway.addressed(Request::new("GET", path));
        Signer::s3(key).sign(&mut request);
        self.send(None, &request).unwrap().status
    }
}

/// As MinIO's clients ask: everything in the query, nothing in the body.
fn asking(further: &str) -> Request {
    Request::new("POST", &format!("/?Action=AssumeRoleWithCertificate&Version=2011-06-15{further}"))
}

fn trusting(condition: Value) -> String {
    trust(json!({"Federated": PROVIDER}), &[TAKE], condition)
}

fn key_of(answer: &Response) -> Key {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = Some(answer.element("SessionToken"));
    Key { id: answer.element("AccessKeyId"), secret: answer.element("SecretAccessKey"), token }
}

#[test]
fn a_certificate_takes_its_role() {
    let machines = Authority::new("Machines");
    let place = Place::new(&[&machines], RULES, &[]);
    let rights = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::bucket/${certificate:commonName}","Condition":{"StringEquals":{
        "certificate:subject":"CN=backup","certificate:issuer":"CN=Machines","certificate:serial":"07"},
        "ForAnyValue:StringEquals":{"certificate:san":"dns:host.example.com"}}}}"#;
    place.role("backup", &trusting(json!({"StringEquals": {"certificate:commonName": "backup"}})), Some(rights));
    let shown = machines.certify("backup", |params| {
        params.subject_alt_names = vec![SanType::DnsName("host.example.com".try_into().unwrap())];
    });
    let answer = place.take(Some(&shown), "&DurationSeconds=3600");
    let key = key_of(&answer);
    assert!(answer.text().contains("<AssumeRoleWithCertificateResult><Credentials><AccessKeyId>"), "{}", answer.text());
    assert_eq!(answer.element("Arn"), format!("arn:aws:sts::{ACCOUNT}:assumed-role/backup/backup"));
    assert_eq!([place.read(&key, "/bucket/backup"), place.read(&key, "/bucket/other")], [200, 403]);
    let record = place.gateway.record(&answer);
    let identity = json!({"type": "CertificateUser", "principalId": format!("{PROVIDER}:CN=backup"),
        "userName": "backup", "identityProvider": PROVIDER});
    assert_eq!((&record["userIdentity"], &record["eventName"]), (&identity, &"AssumeRoleWithCertificate".into()));
    // A session policy restricts it.
    let policy = percent_encoding::utf8_percent_encode(
        &allow("s3:GetObject", "arn:aws:s3:::bucket/none"),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    let key = key_of(&place.take(Some(&shown), &format!("&Policy={policy}")));
    assert_eq!(place.read(&key, "/bucket/backup"), 403);
}

#[test]
fn whoever_shows_none_that_fits_takes_nothing() {
    let (machines, others, strangers) =
        (Authority::new("Machines"), Authority::new("Others"), Authority::new("Machines"));
    let place = Place::new(&[&machines, &others], RULES, &[]);
    for name in ["backup", "reports", "others"] {
        place.role(name, &trusting(Value::Null), None);
    }
    let plain = |_: &mut CertificateParams| {};
    let uri = |uri: &'static str| {
        move |params: &mut CertificateParams| params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())]
    };
    let taken = [
        ("by its issuer", others.certify("backup", plain), "others/backup"),
        ("by a name", machines.certify("some report", uri("spiffe://example.com/reports")), "reports/x509-"),
    ];
    for (name, shown, role) in taken {
        let answer = place.take(Some(&shown), "");
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}");
        assert!(answer.element("Arn").starts_with(&arn), "{name}: {}", answer.text());
    }
    let refused = [
        ("without any", None, "certificate, certificate"),
        ("of no rule", Some(machines.certify("restore", plain)), "certificate, role"),
        ("in other case", Some(machines.certify("Backup", plain)), "certificate, role"),
        ("of another name", Some(machines.certify("r", uri("spiffe://example.com/reports/x"))), "certificate, role"),
        (
            "of two names",
            Some(machines.certify("backup", |params| {
                params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "other");
            })),
            "certificate, role",
        ),
    ];
    for (name, shown, why) in refused {
        let answer = place.take(shown.as_ref(), "");
        assert_eq!(outcome(&answer), (403, "AccessDenied".into()), "{name}: {}", answer.text());
        assert_eq!(answer.element("Message"), format!("Not authorized to perform {TAKE}"));
        let record = place.gateway.record(&answer).to_string();
        assert!(record.contains(why), "{name}: {record}");
    }
    // TLS itself refuses these.
    let at = |from, until| {
        move |params: &mut CertificateParams| {
            (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        }
    };
    let broken = [
        ("a stranger's", strangers.certify("backup", plain)),
        ("expired", machines.certify("backup", at(2000, 2001))),
        ("too early", machines.certify("backup", at(4000, 4001))),
        (
            "a server's",
            machines.certify("backup", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ),
    ];
    for (name, shown) in broken {
        assert!(place.send(Some(&shown), &asking("")).is_err(), "{name}");
    }
    // Which role there is, its trust policy decides.
    place.done("DeleteRole", &[("RoleName", "others")]);
    let other = trust(json!({"Federated": "arn:aws:iam::123456789012:ldap-provider/default"}), &[TAKE], Value::Null);
    for policy in [None, Some(other), Some(trust(json!({"AWS": ACCOUNT}), &[TAKE], Value::Null))] {
        if let Some(policy) = &policy {
            place.role("others", policy, None);
        }
        let answer = place.take(Some(&others.certify("backup", plain)), "");
        assert_eq!(outcome(&answer), (403, "AccessDenied".into()), "{policy:?}: {}", answer.text());
        if policy.is_some() {
            place.done("DeleteRole", &[("RoleName", "others")]);
        }
    }
}

#[test]
fn a_session_ends_with_its_certificate() {
    let machines = Authority::new("Machines");
    let place = Place::new(&[&machines], RULES, &[]);
    place.role("backup", &trusting(Value::Null), None);
    let now = Timestamp::now().as_second();
    let until = rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(u64::try_from(now + 600).unwrap());
    let shown = machines.certify("backup", |params| params.not_after = until);
    let answer = place.take(Some(&shown), "&DurationSeconds=3600");
    let expires: Timestamp = answer.element("Expiration").parse().unwrap();
    assert_eq!(expires.as_second(), now + 600, "{}", answer.text());
    let short = place.take(Some(&machines.certify("backup", |_| {})), "&DurationSeconds=900");
    let expires: Timestamp = short.element("Expiration").parse().unwrap();
    assert!((now + 890..now + 960).contains(&expires.as_second()));
    for seconds in ["899", "7201"] {
        let answer = place.take(Some(&shown), &format!("&DurationSeconds={seconds}"));
        assert_eq!(outcome(&answer), (400, "ValidationError".into()), "{seconds}");
    }
}

#[test]
fn revocation_ends_what_a_certificate_is_good_for_on_open_connections_too() {
    let machines = Authority::new("Machines");
    let lists = tempfile::tempdir().unwrap();
    let list = lists.path().join("clients.crl.pem");
    fs::write(&list, machines.revoke(&[8], 4000)).unwrap();
    let path = list.display().to_string();
    let place = Place::new(&[&machines], RULES, &[("TLS__CLIENT_CRL", &path)]);
    place.role("backup", &trusting(Value::Null), None);
    let files = ["certificate.pem", "key.pem", "clients.pem"].map(|name| place.path(name).display().to_string());
    let [certificate, key, authorities] = &files;
    let keys = [
        ("TLS__CERTIFICATE", &**certificate),
        ("TLS__KEY", key),
        ("TLS__CLIENT_CA", authorities),
        ("TLS__CLIENT_CRL", &path),
    ];
    let setup = Setup { tables: RULES, keys: &keys, ..Setup::default() };
    let (seven, eight) = (
        machines.certify("backup", |_| {}),
        machines.certify("backup", |params| params.serial_number = Some(SerialNumber::from(8))),
    );
    assert_eq!(place.take(Some(&seven), "").status, 200);
    assert!(place.send(Some(&eight), &asking("")).is_err(), "revoked from the start");
    let mut open = place.connect(Some(&seven));
    assert_eq!(place.ask(&mut open, &asking(""), false).unwrap().status, 200);
    fs::write(&list, machines.revoke(&[7, 8], 4000)).unwrap();
    place.gateway.reload(&place.upstream, &setup).unwrap();
    let answer = place.ask(&mut open, &asking(""), false).unwrap();
    assert_eq!(outcome(&answer), (403, "AccessDenied".into()), "{}", answer.text());
    assert!(place.gateway.record(&answer).to_string().contains("client certificate, verification"));
    assert!(place.send(Some(&seven), &asking("")).is_err());
    // Lists that are out of date say nothing that can be relied on.
    fs::write(&list, machines.revoke(&[], 2025)).unwrap();
    place.gateway.reload(&place.upstream, &setup).unwrap();
    assert!(place.send(Some(&seven), &asking("")).is_err());
    // Without a certificate there is nothing to revoke.
    assert_eq!(outcome(&place.take(None, "")), (403, "AccessDenied".into()));
}

#[test]
fn a_proxy_s_own_certificate_is_not_its_clients() {
    let machines = Authority::new("Machines");
    let place = Place::new(&[&machines], RULES, &[("TRUSTED_PROXIES", "[\"127.0.0.0/8\"]")]);
    place.role("backup", &trusting(Value::Null), None);
    let shown = machines.certify("backup", |_| {});
    for forwarded in [None, Some("192.0.2.7"), Some("127.0.0.1"), Some("nonsense")] {
        let request = asking("");
        let request = match forwarded {
            Some(address) => request.header("x-forwarded-for", address),
            None => request,
        };
        let answer = place.send(Some(&shown), &request).unwrap();
        assert_eq!(outcome(&answer), (403, "AccessDenied".into()), "{forwarded:?}: {}", answer.text());
    }
}

#[test]
fn without_rules_it_is_off() {
    let machines = Authority::new("Machines");
    let place = Place::new(&[&machines], "", &[]);
    let answer = place.take(Some(&machines.certify("backup", |_| {})), "");
    assert_eq!(outcome(&answer), (501, "NotImplemented".into()), "{}", answer.text());
    let upstream = Upstream::start();
    let plain = Gateway::start(&upstream);
    role(&plain, "backup", &trusting(Value::Null), None);
    let answer = crate::road::client::send(plain.address, &plain.addressed(asking("")));
    assert_eq!(outcome(&answer), (501, "NotImplemented".into()), "{}", answer.text());
    done(&plain, "DeleteRole", &[("RoleName", "backup")]);
}
