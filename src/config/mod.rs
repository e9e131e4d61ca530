//! Floor 5: the configuration. One TOML file, `COUNTERSIGN_*` variables over it, all faults at once.
//!
//! [`keys`] declares every key with its default and the reason for it; `config/countersign.toml` is held to that table
//! by a test. [`raw`] is what was said, [`Config`] is what is meant.

pub mod check;
mod client_certificates;
mod delegation;
pub mod keys;
mod ldap;
mod oidc;
mod organization;
pub mod pem;
pub mod raw;
pub mod root;
mod saml;
mod store;
mod upstream;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

pub use check::load;
use raw::Raw;
pub use raw::{Fault, Faults};

use crate::{
    api::{delegation::Delegation, quotas::Quotas},
    audit::spool::Durability,
    base::{AccountId, SecretKey},
    federation::{certificate, ldap::Settings as LdapSettings, oidc::keys::Settings},
    gateway::{issuer::IssuerUrl, organization::Organization, proxies::Network, upstream::BucketPattern},
    store::RootKey,
    telemetry::log::Format,
};

/// A checked configuration.
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where health and metrics are.
    pub admin_listen: SocketAddr,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The account; `None`: the one that `init` made.
    pub account_id: Option<AccountId>,
    /// Further accounts that there are to be, each with its root key, if the environment fixes it.
    pub accounts: Vec<(AccountId, Option<RootKey>)>,
    /// The regions that requests may be signed for; the first is the server's own.
    pub regions: Vec<Box<str>>,
    /// Domains under which buckets are sub-domains.
    pub domains: Vec<String>,
    /// Worker threads; at least one.
    pub workers: usize,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// TLS towards clients.
    pub tls: Option<Tls>,
    /// Bounds.
    pub limits: Limits,
    /// Records.
    pub audit: Audit,
    /// How log lines look.
    pub log_format: Format,
    /// Which are written.
    pub log_level: String,
    /// Where the master key is.
    pub master_key: MasterKeySource,
    /// Where identities are kept, and how closely they are followed.
    pub store: Store,
    /// What limits all accounts.
    pub organization: Organization,
    /// The files that it is read from.
    pub organization_files: Vec<PathBuf>,
    /// The directory whose people take roles, if there is one.
    pub ldap: Option<LdapSettings>,
    /// The files that it is read from.
    pub ldap_files: Vec<PathBuf>,
    /// Which clients' certificates take which roles.
    pub client_certificates: Vec<certificate::Rule>,
    /// Where the discovery documents of token issuers can be had.
    pub issuer: Option<IssuerUrl>,
    /// How the keys of identity providers are had.
    pub oidc: Settings,
    /// The files that it is read from.
    pub oidc_files: Vec<PathBuf>,
    /// Who may ask other accounts for permissions.
    pub delegation: Delegation,
    /// The files that its templates are read from.
    pub delegation_files: Vec<PathBuf>,
    /// Authorities that its notices trust instead of the system's, PEM.
    pub delegation_ca_file: Option<PathBuf>,
    /// How much there may be of what.
    pub quotas: Quotas,
    /// To whom SAML assertions have to be addressed.
    pub saml: crate::federation::saml::Settings,
    /// Backends, in the order in which they are asked for.
    pub upstreams: Vec<Upstream>,
}

/// TLS towards clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Who signs clients' certificates, PEM.
    pub client_ca: Option<PathBuf>,
    /// Which of them are revoked, PEM.
    pub client_crl: Option<PathBuf>,
}

/// Bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// The longest request head, in bytes.
    pub head_bytes: usize,
    /// From the first byte of a head to its last.
    pub head_time: Duration,
    /// The longest wait for the next part of a body.
    pub idle_time: Duration,
    /// The longest body that is held in memory, in bytes.
    pub buffered_bytes: usize,
    /// How long open requests may go on while the server drains.
    pub drain_time: Duration,
}

/// Records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// The size at which a file is followed by the next, in bytes.
    pub file_bytes: u64,
    /// How long the record of a read may wait.
    pub interval: Duration,
    /// What a written record survives.
    pub durability: Durability,
}

/// Where the master key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// In a file.
    File(PathBuf),
    /// In an environment variable of this name.
    Variable(String),
}

/// Where identities are kept.
pub struct Store {
    /// The place.
    pub place: StorePlace,
    /// How often it is asked for changes of others.
    pub poll: Duration,
    /// How long requests are decided while it is away.
    pub staleness_max: Duration,
}

/// The places of identities.
pub enum StorePlace {
    /// SQLite, in the data folder.
    Folder,
    /// A PostgreSQL database, which other nodes may use too.
    Postgres {
        /// Where it is, with the password.
        url: SecretKey,
        /// Authorities to trust instead of the system's, PEM.
        ca_file: Option<PathBuf>,
    },
}

/// A backend.
pub struct Upstream {
    /// Its name in logs.
    pub name: String,
    /// Host, port and whether to speak TLS.
    pub url: Url,
    /// Authorities to trust instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Deadlines.
    pub timeouts: crate::gateway::upstream::Timeouts,
    /// Connections that each worker keeps open.
    pub connections_idle: usize,
    /// What it is.
    pub kind: UpstreamKind,
}

/// The kinds of backends.
pub enum UpstreamKind {
    /// An S3-compatible store.
    S3 {
        /// The region of its signatures.
        region: String,
        /// Its access key id.
        access_key_id: String,
        /// Its secret.
        secret: SecretKey,
        /// Whether buckets stand in the host.
        virtual_host: bool,
        /// The buckets that it serves.
        buckets: Vec<BucketPattern>,
        /// Whether it keeps objects as files under their keys.
        keys_are_file_paths: bool,
    },
    /// An internal HTTP API.
    Http {
        /// The API's id in ARNs.
        api_id: String,
        /// The stage in ARNs.
        stage: String,
        /// The host that it answers under.
        host: Option<String>,
        /// The path that it answers under.
        base_path: String,
        /// Headers that are set on every request.
        headers: http::HeaderMap,
    },
}

/// `http://host:port` or `https://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `https`.
    pub tls: bool,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Url {
    /// Reads a URL without path; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: http::Uri = text.parse().ok()?;
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => {
                if tls {
                    443
                } else {
                    80
                }
            }
            port => port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
        };
        let is_plain = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.host().is_empty();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        is_plain.then_some(Self { tls, host, port })
    }

    /// The address, as far as it can be told without a name service.
    fn address(&self) -> Option<SocketAddr> {
        let host = if self.host == "localhost" { "127.0.0.1" } else { &self.host };
        Some(SocketAddr::new(host.parse().ok()?, self.port))
    }
}

impl StorePlace {
    /// The authorities of a database's certificate.
    fn ca_file(&self) -> Option<&PathBuf> {
        match self {
            StorePlace::Folder => None,
            StorePlace::Postgres { ca_file, .. } => ca_file.as_ref(),
        }
    }
}

impl Config {
    /// The keys of which a change counts only after a restart, with what they are.
    pub fn fixed(&self) -> [(&'static str, String); 17] {
        [
            ("listen", self.listen.to_string()),
            ("admin_listen", self.admin_listen.to_string()),
            ("data_dir", self.data_dir.display().to_string()),
            ("account_id", format!("{:?}", self.account_id)),
            ("accounts", format!("{:?}", self.accounts.iter().map(|(id, _)| id).collect::<Vec<_>>())),
            ("workers", self.workers.to_string()),
            ("tls", format!("{:?}", self.tls.as_ref().map(|tls| (&tls.certificate, &tls.key, &tls.client_ca)))),
            ("limits.connections", self.limits.connections.to_string()),
            ("limits.head_bytes", self.limits.head_bytes.to_string()),
            ("limits.head_seconds", format!("{:?}", self.limits.head_time)),
            ("limits.drain_seconds", format!("{:?}", self.limits.drain_time)),
            ("audit", format!("{:?}", self.audit)),
            ("log.format", format!("{:?}", self.log_format)),
            ("log.level", self.log_level.clone()),
            ("master_key", format!("{:?}", self.master_key)),
            ("store", format!("{:?} {:?}", self.store.poll, self.store.staleness_max)),
            ("store.ca_file", format!("{:?}", self.store.place.ca_file())),
        ]
    }
}
