//! From what was said to what is meant: every fault of a configuration in one go.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{
    Audit, Config, Faults, Limits, MasterKeySource, Raw, Tls, Upstream, UpstreamKind, client_certificates, delegation,
    ldap, oidc, organization, pem, raw::RELATIVE, root, saml, store::store, upstream::upstreams,
};
use crate::{
    api::quotas::Quotas,
    audit::spool::Durability,
    base::AccountId,
    gateway::{issuer::IssuerUrl, proxies::Network},
    store::{MasterKey, RootKey},
    telemetry::log::{self, Format},
};

/// Checks a file's text with the environment over it. Files that it names are looked for, but for those that
/// `countersign init` makes.
pub fn load(text: &str, variables: &[(String, String)]) -> Result<Config, Faults> {
    let mut raw = Raw::read(text, variables.iter().cloned())?;
    let data_dir = data_dir(&mut raw);
    let listen = address(&mut raw, "listen");
    let (organization, organization_files) = organization::organization(&mut raw);
    let (oidc, oidc_files) = oidc::oidc(&mut raw);
    let delegation = delegation::delegation(&mut raw);
    let (ldap, ldap_files) = ldap::ldap(&mut raw, variables);
    let config = Config {
        listen,
        admin_listen: address(&mut raw, "admin_listen"),
        account_id: raw
            .parsed("account_id", "twelve digits", |text| text.parse().ok().filter(|id| *id != AccountId::AWS)),
        accounts: accounts(&mut raw, variables),
        regions: regions(&mut raw),
        domains: domains(&mut raw),
        workers: workers(&mut raw),
        trusted_proxies: networks(&mut raw),
        tls: tls(&mut raw),
        limits: limits(&mut raw),
        audit: audit(&mut raw),
        log_format: raw.parsed("log.format", "\"text\" or \"json\"", |text| text.parse().ok()).unwrap_or(Format::Text),
        log_level: log_level(&mut raw),
        master_key: master_key(&mut raw, &data_dir, variables),
        store: store(&mut raw, variables),
        upstreams: upstreams(&mut raw, listen, variables),
        quotas: quotas(&mut raw),
        issuer: raw.parsed("sts.issuer_url", ISSUER_URL, IssuerUrl::parse),
        saml: saml::saml(&mut raw),
        organization,
        organization_files,
        oidc,
        oidc_files,
        delegation: delegation.delegation,
        delegation_files: delegation.files,
        delegation_ca_file: delegation.ca_file,
        ldap,
        ldap_files,
        client_certificates: client_certificates::rules(&mut raw),
        data_dir,
    };
    check_issuer_host(&mut raw, &config);
    if overlap(config.listen, config.admin_listen) {
        raw.fault("admin_listen", "is the address of listen too; write another port");
    }
    let faults = raw.finish();
    if faults.0.is_empty() { Ok(config) } else { Err(faults) }
}

/// What the URL of token issuers looks like.
const ISSUER_URL: &str = "https and a name in lower case, without / at the end, as \"https://sts.example.com\"";

/// At the issuers' host nothing but their documents is read without a signature, so that it is no place of buckets or APIs.
fn check_issuer_host(raw: &mut Raw, config: &Config) {
    let Some(host) = config.issuer.as_ref().map(IssuerUrl::host) else { return };
    let is_below =
        |domain: &String| host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let is_apis =
        |upstream: &Upstream| matches!(&upstream.kind, UpstreamKind::Http { host: Some(of), .. } if of == host);
    if config.domains.iter().any(is_below) {
        raw.fault("sts.issuer_url", format!("has the host {host}, where domains has buckets; take a host of its own"));
    }
    if config.upstreams.iter().any(is_apis) {
        raw.fault("sts.issuer_url", format!("has the host {host}, which is an upstream's; take a host of its own"));
    }
}

/// Further accounts. A root key that the environment fixes for any other is a mistake.
fn accounts(raw: &mut Raw, variables: &[(String, String)]) -> Vec<(AccountId, Option<RootKey>)> {
    let mut accounts: Vec<(AccountId, Option<RootKey>)> = Vec::new();
    for text in raw.texts("accounts").unwrap_or_default() {
        match text.parse::<AccountId>() {
            Ok(AccountId::AWS) => raw.fault("accounts", "holds the number of AWS's own; write another"),
            Ok(id) if accounts.iter().any(|(known, _)| *known == id) => {
                raw.fault("accounts", format!("names {id} twice; leave one out"));
            }
            Ok(id) => match root::key_of(variables, Some(id)) {
                Ok(key) => accounts.push((id, key)),
                Err(faults) => raw.faults.0.extend(faults.0),
            },
            Err(_) => raw.fault("accounts", format!("holds {text:?}; write twelve digits")),
        }
    }
    for (name, id) in variables.iter().filter_map(|(name, _)| Some((name, root::account_of_variable(name)?))) {
        if !accounts.iter().any(|(known, _)| *known == id) {
            raw.fault(name, format!("is for an account that accounts does not name; add \"{id}\" there"));
        }
    }
    accounts
}

fn data_dir(raw: &mut Raw) -> PathBuf {
    let dir = PathBuf::from(raw.required("data_dir", "/var/lib/countersign").unwrap_or("/".into()));
    if !dir.is_absolute() {
        raw.fault("data_dir", RELATIVE);
    }
    dir
}

/// Whether whoever connects to one address may reach the other.
pub(super) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let meet = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && meet
}

fn address(raw: &mut Raw, key: &str) -> SocketAddr {
    let address =
        raw.parsed(key, "an IP address and a port, as \"0.0.0.0:9000\" or \"[::]:9000\"", |text| text.parse().ok());
    address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn regions(raw: &mut Raw) -> Vec<Box<str>> {
    let Some(regions) = raw.texts("regions") else { return Vec::new() };
    let fits = |region: &String| {
        !region.is_empty() && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if regions.is_empty() || !regions.iter().all(fits) {
        raw.fault("regions", "needs at least one name in lower case; write for example [\"us-east-1\"]");
    }
    regions.into_iter().map(String::into_boxed_str).collect()
}

fn domains(raw: &mut Raw) -> Vec<String> {
    let domains = raw.texts("domains").unwrap_or_default();
    for domain in &domains {
        let fits = !domain.is_empty()
            && domain.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            });
        if !fits {
            raw.fault(
                "domains",
                format!("`{domain}` is no domain; write a name in lower case without port, as \"s3.example.com\""),
            );
        }
    }
    domains
}

fn workers(raw: &mut Raw) -> usize {
    match raw.number("workers").unwrap_or_default() {
        0 => thread::available_parallelism().map_or(1, usize::from),
        count @ 1..=1024 => count as usize,
        count => {
            raw.fault("workers", format!("is {count}; write at most 1024, or 0 for one for each core"));
            1
        }
    }
}

fn networks(raw: &mut Raw) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in raw.texts("trusted_proxies").unwrap_or_default() {
        match network(&text) {
            Some(network) => networks.push(network),
            None => raw.fault("trusted_proxies", format!("`{text}` is no network; write for example \"10.0.0.0/8\"")),
        }
    }
    networks
}

fn network(text: &str) -> Option<Network> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: std::net::IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix_bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (prefix_bits <= most).then_some(Network { address, prefix_bits })
}

fn tls(raw: &mut Raw) -> Option<Tls> {
    let before = raw.faults.0.len();
    let certificate = raw.pem("tls.certificate", pem::certificates);
    let key = raw.pem("tls.key", pem::private_key);
    let client_ca = raw.pem("tls.client_ca", pem::roots);
    let client_crl = client_crl(raw, client_ca.as_deref());
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            if raw.faults.0.len() == before
                && let Err(error) = pem::pair(&certificate, &key)
            {
                raw.fault("tls.key", error);
            }
            Some(Tls { certificate, key, client_ca, client_crl })
        }
        (Some(_), None) => missing_half(raw, "tls.key", "tls.certificate"),
        (None, Some(_)) => missing_half(raw, "tls.certificate", "tls.key"),
        (None, None) if client_ca.is_some() => missing_half(raw, "tls.certificate", "tls.client_ca"),
        (None, None) => None,
    }
}

/// Revocation lists are read with the authorities that sign them.
fn client_crl(raw: &mut Raw, client_ca: Option<&Path>) -> Option<PathBuf> {
    let before = raw.faults.0.len();
    let lists = raw.pem("tls.client_crl", pem::revocation_lists)?;
    match client_ca {
        None => return missing_half(raw, "tls.client_ca", "tls.client_crl"),
        Some(client_ca) if raw.faults.0.len() == before => {
            if let Err(error) = pem::client_verifier(client_ca, Some(&lists)) {
                raw.fault("tls.client_crl", error);
            }
        }
        Some(_) => {}
    }
    Some(lists)
}

fn missing_half<T>(raw: &mut Raw, missing: &str, given: &str) -> Option<T> {
    raw.fault(missing, format!("is missing, but {given} is there; write the path of a PEM file"));
    None
}

fn limits(raw: &mut Raw) -> Limits {
    Limits {
        connections: raw.count("limits.connections"),
        head_bytes: raw.size("limits.head_bytes", 8192),
        head_time: raw.seconds("limits.head_seconds"),
        idle_time: raw.seconds("limits.idle_seconds"),
        // The largest body that an API of ours has to read is a policy of 128 KiB, escaped.
        buffered_bytes: raw.size("limits.buffered_bytes", 1 << 20),
        drain_time: raw.seconds("limits.drain_seconds"),
    }
}

fn audit(raw: &mut Raw) -> Audit {
    let sync = raw.bool("audit.sync").unwrap_or_default();
    Audit {
        file_bytes: raw.size("audit.file_bytes", 1 << 20) as u64,
        interval: Duration::from_millis(raw.positive("audit.interval_milliseconds").unwrap_or(1)),
        durability: if sync { Durability::Synced } else { Durability::Written },
    }
}

fn quotas(raw: &mut Raw) -> Quotas {
    Quotas::read(|row| {
        let number = usize::try_from(raw.positive(row.key)?).unwrap_or(usize::MAX);
        if number > row.most {
            raw.fault(row.key, format!("is {number}; write at most {}", row.most));
        }
        Some(number)
    })
}

fn log_level(raw: &mut Raw) -> String {
    let level = raw.text("log.level").unwrap_or_default();
    if let Err(error) = log::filter(&level) {
        raw.fault(
            "log.level",
            format!("cannot be read ({error}); write for example \"info\" or \"info,countersign::gateway=debug\""),
        );
    }
    level
}

fn master_key(raw: &mut Raw, data_dir: &Path, variables: &[(String, String)]) -> MasterKeySource {
    match (raw.path("master_key.file"), raw.text("master_key.variable")) {
        (Some(_), Some(_)) => {
            raw.fault("master_key.variable", "is given together with master_key.file; write only one of them");
            MasterKeySource::File(PathBuf::new())
        }
        (Some(file), None) => MasterKeySource::File(file),
        (None, Some(variable)) => {
            let value = variables.iter().find(|(name, _)| *name == variable).map(|(_, value)| value);
            if value.is_none_or(|value| MasterKey::parse(value).is_err()) {
                let wanted = "32 random bytes in hexadecimal or base 64";
                raw.fault(
                    "master_key.variable",
                    format!("names a variable that does not hold a master key; put {wanted} there"),
                );
            }
            MasterKeySource::Variable(variable)
        }
        (None, None) => MasterKeySource::File(data_dir.join("master.key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_addresses_with_a_length() {
        let cases = [
            ("10.0.0.0/8", Some(8)),
            ("10.0.0.1", Some(32)),
            ("fd00::/8", Some(8)),
            ("::1", Some(128)),
            ("10.0.0.0/33", None),
            ("10.0.0/8", None),
            ("fd00::/129", None),
            ("example.com", None),
        ];
        for (text, bits) in cases {
            assert_eq!(network(text).map(|network| network.prefix_bits), bits, "{text}");
        }
    }
}
