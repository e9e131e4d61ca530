//! Client certificates: programs that have one take roles with it. An extension: AWS has no such operation (its Roles
//! Anywhere is another service); MinIO has, and its clients work unchanged (`AssumeRoleWithCertificate`).
//! Sources: RFC 5280; the documentation of MinIO, "AssumeRoleWithCertificate".
//!
//! Off, and answered like an operation that is not offered, unless there is a `[[client_certificates.role]]`.
//!
//! ## What is believed
//!
//! - The certificate is the one that the client proved in the TLS handshake with Countersign itself, signed by an authority of
//!   `tls.client_ca`. What a proxy says of somebody else's certificate counts for nothing, and so does the proxy's own.
//! - It is verified again, to the authority and with the revocation lists of `tls.client_crl`, whenever a role is taken with
//!   it: connections may be older than a revocation. The session ends with the certificate at the latest.
//! - The first `[[client_certificates.role]]` of which every line fits says which role is taken. Common names and issuers
//!   count only where they say one thing: a certificate with two common names has none. The role's trust policy has to
//!   allow it, too.
//! - The session is named after the common name; where that cannot name a session, `x509-` and the beginning of the
//!   certificate's SHA-256.
//!
//! ## Recipe
//!
//! ```toml
//! [tls]
//! certificate = "/etc/countersign/chain.pem"
//! key = "/etc/countersign/key.pem"
//! client_ca = "/etc/countersign/clients.pem"
//!
//! [[client_certificates.role]]
//! common_name = "backup"
//! issuer = "CN=Machines,O=Example"
//! role = "arn:aws:iam::111122223333:role/backup"
//!
//! [[client_certificates.role]]
//! san = "uri:spiffe://example.com/reports"
//! role = "arn:aws:iam::111122223333:role/reports"
//! ```
//!
//! ```json
//! {"Version": "2012-10-17", "Statement": [{
//!   "Effect": "Allow", "Action": "sts:AssumeRoleWithCertificate",
//!   "Principal": {"Federated": "arn:aws:iam::111122223333:certificate-provider/default"},
//!   "Condition": {"StringEquals": {"certificate:commonName": "backup"}}}]}
//! ```
//!
//! Conditions may ask for `certificate:subject` and `certificate:issuer` (RFC 4514), `certificate:commonName`,
//! `certificate:serial` (hexadecimal, in lower case) and `certificate:san` (several, as `dns:host`, `uri:...`, `email:...`,
//! `ip:...`), in the trust policy and in every policy that the session meets later. Records of the call have a
//! `userIdentity` of type `CertificateUser`.
//!
//! ```sh
//! curl --cert client.pem --key client.key -X POST \
//!     'https://s3.example.com/?Action=AssumeRoleWithCertificate&Version=2011-06-15'
//! ```

use std::{fmt, net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use rustls_pki_types::CertificateDer;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, x509::X509Name};

use super::{Dn, dn};
use crate::base::{Arn, Fault, Timestamp, name::is_name};

/// The longest name of a session, in characters.
const SESSION_NAME_CHARACTERS_MAX: usize = 64;
/// What names of sessions begin with that are no common names.
const DERIVED: &str = "x509-";

/// The names of attributes that RFC 4514 has; others are told by their number.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

/// What a client's certificate says. TLS verified it, and that the client has its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for: RFC 4514's text.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The subject's common name, if there is just one.
    pub common_name: Option<String>,
    /// Hexadecimal, in lower case.
    pub serial: String,
    /// Further names, each with its kind: `dns:`, `uri:`, `email:`, `ip:`. Those of other kinds are left out.
    pub names: Vec<String>,
    /// Not good before.
    pub not_before: Timestamp,
    /// Not good after.
    pub not_after: Timestamp,
    /// It and those that lead to its authority.
    pub chain: Vec<CertificateDer<'static>>,
}

/// Verifies what TLS has verified once, as things stand now.
pub trait Authority: Send + Sync {
    /// Whether a chain leads to an authority at a moment, and nothing in it is revoked.
    ///
    /// # Errors
    /// Why not, in words.
    fn verify(&self, chain: &[CertificateDer<'static>], now: Timestamp) -> Result<(), String>;
}

/// Which certificates take which roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The common name.
    pub common_name: Option<String>,
    /// One of the further names, with its kind.
    pub name: Option<String>,
    /// The issuer.
    pub issuer: Option<Dn>,
    /// The role.
    pub role: Arn,
}

/// The rules, and who verifies.
pub struct Certificates {
    rules: ArcSwap<Vec<Rule>>,
    authority: Option<Arc<dyn Authority>>,
}

/// Why nobody is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The client showed none, or not to us.
    None,
    /// It is not good now.
    Time,
    /// It is not verified any more.
    Unverified(String),
    /// The configuration maps it to no role.
    NoRole(String),
}

impl Certificate {
    /// Reads what a client showed: its own certificate first; `None` for what cannot be read.
    pub fn read(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let own = chain.first()?;
        let (rest, certificate) = X509Certificate::from_der(own).ok()?;
        let at = |time: &x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        let validity = certificate.validity();
        let mut common = certificate.subject().iter_common_name();
        let common_name = match (common.next(), common.next()) {
            (Some(one), None) => one.as_str().ok().map(str::to_owned),
            _ => None,
        };
        rest.is_empty().then_some(())?;
        Some(Self {
            subject: text(certificate.subject())?,
            issuer: text(certificate.issuer())?,
            common_name,
            serial: HEXLOWER.encode(certificate.raw_serial()),
            names: names(&certificate)?,
            not_before: at(&validity.not_before)?,
            not_after: at(&validity.not_after)?,
            chain: chain.iter().map(|one| one.clone().into_owned()).collect(),
        })
    }

    /// What a session by it is named.
    pub fn session_name(&self) -> String {
        let fits = |name: &&String| {
            name.len() >= 2 && is_name(name, SESSION_NAME_CHARACTERS_MAX) && !name.starts_with(DERIVED)
        };
        match self.common_name.as_ref().filter(fits) {
            Some(name) => name.clone(),
            None => {
                let own = self.chain.first().map(|own| digest(&SHA256, own));
                let hash: String = own.map(|hash| HEXLOWER.encode(hash.as_ref())).unwrap_or_default();
                format!("{DERIVED}{}", hash.chars().take(32).collect::<String>())
            }
        }
    }

    /// Its condition keys, in lower case.
    pub fn facts(&self) -> Vec<(String, Vec<String>)> {
        let one = |key: &str, value: &String| (format!("certificate:{key}"), vec![value.clone()]);
        let mut facts = vec![one("subject", &self.subject), one("issuer", &self.issuer), one("serial", &self.serial)];
        facts.extend(self.common_name.as_ref().map(|name| one("commonname", name)));
        if !self.names.is_empty() {
            facts.push(("certificate:san".into(), self.names.clone()));
        }
        facts
    }
}

impl Rule {
    fn fits(&self, certificate: &Certificate) -> bool {
        let is_for_some = self.common_name.is_some() || self.name.is_some() || self.issuer.is_some();
        let has = |name: &String| certificate.names.contains(name);
        is_for_some
            && self.common_name.as_ref().is_none_or(|name| certificate.common_name.as_ref() == Some(name))
            && self.name.as_ref().is_none_or(has)
            && self.issuer.as_ref().is_none_or(|dn| Dn::parse(&certificate.issuer).as_ref() == Some(dn))
    }
}

impl Certificates {
    /// Without rules it is off.
    pub fn new(rules: Vec<Rule>, authority: Option<Arc<dyn Authority>>) -> Self {
        Self { rules: ArcSwap::from_pointee(rules), authority }
    }

    /// Takes other rules.
    pub fn set(&self, rules: Vec<Rule>) {
        self.rules.store(Arc::new(rules));
    }

    /// Whether there are any rules.
    pub fn is_on(&self) -> bool {
        !self.rules.load().is_empty()
    }

    /// The role that a certificate takes now.
    ///
    /// # Errors
    /// The check that refuses.
    pub fn role_of(&self, certificate: &Certificate, now: Timestamp) -> Result<Arn, Refusal> {
        if now < certificate.not_before || now > certificate.not_after {
            return Err(Refusal::Time);
        }
        let nobody = || Refusal::Unverified("there is no authority of clients".into());
        self.authority.as_ref().ok_or_else(nobody)?.verify(&certificate.chain, now).map_err(Refusal::Unverified)?;
        let rules = self.rules.load();
        let rule = rules.iter().find(|rule| rule.fits(certificate));
        Ok(rule.ok_or_else(|| Refusal::NoRole(certificate.subject.clone()))?.role.clone())
    }
}

/// A name in the form that certificates are told by: the kind, and the text as it is compared. `None` for other kinds.
pub fn name(text: &str) -> Option<String> {
    let (kind, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
    match kind {
        "dns" => Some(format!("dns:{}", rest.to_ascii_lowercase())),
        "uri" | "email" => Some(text.to_owned()),
        "ip" => rest.parse::<IpAddr>().ok().map(|address| format!("ip:{address}")),
        _ => None,
    }
}

/// The further names. `None` if there is a list of them that cannot be read.
fn names(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let Some(list) = certificate.subject_alternative_name().ok()? else { return Some(Vec::new()) };
    let named = list.value.general_names.iter().filter_map(|known| match known {
        GeneralName::DNSName(host) => name(&format!("dns:{host}")),
        GeneralName::URI(uri) => name(&format!("uri:{uri}")),
        GeneralName::RFC822Name(address) => name(&format!("email:{address}")),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok()?;
            Some(format!("ip:{address}"))
        }
        _ => None,
    });
    Some(named.collect())
}

/// RFC 4514's text of a name: the last part comes first. `None` for values that are no texts.
fn text(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for part in name.iter() {
        let mut pairs = Vec::new();
        for attribute in part.iter() {
            let oid = attribute.attr_type().to_id_string();
            let known = ATTRIBUTES.iter().find(|(known, _)| *known == oid);
            let name = known.map_or(oid.clone(), |(_, name)| (*name).to_owned());
            pairs.push((name, attribute.as_str().ok()?));
        }
        parts.push(pairs);
    }
    Some(dn::write(parts.into_iter().rev()))
}

impl Refusal {
    /// The check that refused, in a word: for the record.
    pub fn check(&self) -> &'static str {
        match self {
            Refusal::None => "certificate",
            Refusal::Time => "validity",
            Refusal::Unverified(_) => "verification",
            Refusal::NoRole(_) => "role",
        }
    }

    /// As a client sees it. The detail names the check.
    pub fn fault(&self) -> Fault {
        let fault = Fault::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithCertificate");
        fault.because(format_args!("client certificate, {}: {self}", self.check()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::None => f.write_str("the connection was not made with one"),
            Refusal::Time => f.write_str("it is not good yet, or not any more"),
            Refusal::Unverified(why) => f.write_str(why),
            Refusal::NoRole(subject) => write!(f, "no client_certificates.role is for `{subject}`"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, SerialNumber};

    use super::*;

    fn read(params: CertificateParams) -> Certificate {
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::read(&[own.der().clone()]).unwrap()
    }

    fn params(names: &[(DnType, &str)]) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = Default::default();
        for (kind, value) in names {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params
    }

    #[test]
    fn facts_are_what_the_certificate_says() {
        let mut made = params(&[(DnType::OrganizationName, "Example, Inc"), (DnType::CommonName, "backup")]);
        made.serial_number = Some(SerialNumber::from(vec![1, 0xab]));
        made.subject_alt_names = vec![
            SanType::DnsName("Host.Example.COM".try_into().unwrap()),
            SanType::URI("spiffe://example.com/a".try_into().unwrap()),
            SanType::Rfc822Name("a@example.com".try_into().unwrap()),
            SanType::IpAddress([10, 0, 0, 1].into()),
        ];
        let read = read(made);
        let facts = read.facts();
        let fact = |key: &str| facts.iter().find(|(known, _)| known == key).map(|(_, values)| values.join(" "));
        assert_eq!(fact("certificate:subject").as_deref(), Some("CN=backup,O=Example\\, Inc"));
        assert_eq!(fact("certificate:issuer"), fact("certificate:subject"));
        assert_eq!(fact("certificate:commonname").as_deref(), Some("backup"));
        assert_eq!(fact("certificate:serial").as_deref(), Some("01ab"));
        let names = "dns:host.example.com uri:spiffe://example.com/a email:a@example.com ip:10.0.0.1";
        assert_eq!(fact("certificate:san").as_deref(), Some(names));
        assert_eq!(read.session_name(), "backup");
        assert_eq!(Certificate::read(&[CertificateDer::from(vec![1, 2, 3])]), None);
        assert_eq!(Certificate::read(&[]), None);
    }

    #[test]
    fn sessions_are_named_after_common_names_that_can_name_them() {
        for (common, is_name) in [
            (Some("backup"), true),
            (Some("a.b@c-d_e=f,g+h"), true),
            (Some("John Doe"), false),
            (Some("a"), false),
            (Some("x509-00000000000000000000000000000000"), false),
            (Some("gr\u{fc}n"), false),
            (None, false),
        ] {
            let names: Vec<_> = common.iter().map(|name| (DnType::CommonName, *name)).collect();
            let name = read(params(&names)).session_name();
            assert_eq!(Some(&*name) == common, is_name, "{common:?} {name}");
            assert!(is_name || name.len() == 37 && name.starts_with(DERIVED), "{name}");
        }
    }

    #[test]
    fn every_line_of_a_rule_has_to_fit() {
        let mut made = params(&[(DnType::CommonName, "backup"), (DnType::OrganizationName, "Example")]);
        made.subject_alt_names = vec![SanType::DnsName("host.example.com".try_into().unwrap())];
        let certificate = read(made);
        let cases = [
            (Some("backup"), None, None, true),
            (Some("Backup"), None, None, false),
            (Some("CN=backup"), None, None, false),
            (None, Some("dns:HOST.example.com"), None, true),
            (None, Some("uri:host.example.com"), None, false),
            (None, Some("dns:backup"), None, false),
            (None, None, Some("O=Example,CN=Backup"), true),
            (None, None, Some("CN=backup"), false),
            (Some("backup"), Some("dns:host.example.com"), Some("O=example, CN=backup"), true),
            (Some("backup"), Some("dns:other.example.com"), None, false),
            (Some("other"), Some("dns:host.example.com"), None, false),
            (Some("backup"), None, Some("CN=other"), false),
            (None, None, None, false),
        ];
        for (common_name, san, issuer, fits) in cases {
            let rule = Rule {
                common_name: common_name.map(str::to_owned),
                name: san.map(|san| name(san).unwrap()),
                issuer: issuer.map(|issuer| Dn::parse(issuer).unwrap()),
                role: Arn::iam("111122223333", "role/r"),
            };
            assert_eq!(rule.fits(&certificate), fits, "{common_name:?} {san:?} {issuer:?}");
        }
    }

    struct Says(Result<(), String>);

    impl Authority for Says {
        fn verify(&self, _: &[CertificateDer<'static>], _: Timestamp) -> Result<(), String> {
            self.0.clone()
        }
    }

    #[test]
    fn a_certificate_is_looked_at_again_when_it_is_used() {
        let certificate = read(params(&[(DnType::CommonName, "backup")]));
        let role = Arn::iam("111122223333", "role/r");
        let rule = Rule { common_name: Some("backup".into()), name: None, issuer: None, role: role.clone() };
        let good = Certificates::new(vec![rule.clone()], Some(Arc::new(Says(Ok(())))));
        let (from, until) = (certificate.not_before.as_second(), certificate.not_after.as_second());
        for (at, is_good) in [(from - 1, false), (from, true), (until, true), (until + 1, false)] {
            let found = good.role_of(&certificate, Timestamp::from_second(at).unwrap());
            assert_eq!(found, if is_good { Ok(role.clone()) } else { Err(Refusal::Time) });
        }
        let now = Timestamp::from_second(from + 1).unwrap();
        let bad = Certificates::new(vec![rule.clone()], Some(Arc::new(Says(Err("revoked".into())))));
        assert_eq!(bad.role_of(&certificate, now), Err(Refusal::Unverified("revoked".into())));
        let without = Certificates::new(vec![rule], None);
        assert!(matches!(without.role_of(&certificate, now), Err(Refusal::Unverified(_))));
        good.set(Vec::new());
        assert!(!good.is_on());
        assert_eq!(good.role_of(&certificate, now), Err(Refusal::NoRole("CN=backup".into())));
    }

    #[test]
    fn names_of_rules_have_kinds() {
        for (text, expected) in [
            ("dns:A.b", Some("dns:a.b")),
            ("uri:spiffe://A/b", Some("uri:spiffe://A/b")),
            ("ip:::1", Some("ip:::1")),
            ("ip:010.0.0.1", None),
            ("ip:x", None),
            ("dns:", None),
            ("host", None),
            ("other:a", None),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text}");
        }
    }
}
