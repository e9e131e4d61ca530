//! Floor 5: a running server, put together from a configuration.
//!
//! Worker threads serve clients, one a core; one more thread answers on the admin listener and keeps house. All of them
//! end when the server drains.

mod activity;
mod admin;
pub mod embedded;
mod housekeeping;
mod listener;
mod settings;
pub mod state;
pub mod tls;
mod to_end;
mod worker;

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::AtomicUsize},
    thread::{self, JoinHandle},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::{
    listener::Service,
    state::State,
    tls::{Certificate, Clients, TlsError},
    worker::Crew,
};
use crate::{
    api::{self, World, delegation::Delegation, quotas::Quotas},
    audit::spool::{Spool, SpoolConfig},
    config::{self, Config},
    federation::{
        certificate::{Authority, Certificates},
        ldap::Ldap,
        oidc::Keys,
        saml,
    },
    gateway::{
        Gateway, Shared,
        body::{AnswerBody, Budget},
        issuer::IssuerUrl,
        keys::DerivedKeys,
        organization::Organization,
        read::Connection,
        record::Recorder,
    },
    store::{StoreError, SystemRandom},
    telemetry::{Health, metrics},
};

/// The longest that a TLS handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// A server that answers.
pub struct Server {
    /// Where clients connect.
    pub address: SocketAddr,
    /// Where health and metrics are.
    pub admin_address: SocketAddr,
    shared: Arc<Shared>,
    organization: Arc<ArcSwap<Organization>>,
    quotas: Arc<ArcSwap<Quotas>>,
    issuer: Arc<ArcSwapOption<IssuerUrl>>,
    provider_keys: Arc<ArcSwap<Keys>>,
    saml: Arc<ArcSwap<saml::Settings>>,
    delegation: Arc<ArcSwap<Delegation>>,
    spool: Arc<Spool>,
    ldap: Arc<Ldap>,
    certificates: Arc<Certificates>,
    certificate: Option<(Arc<Certificate>, config::Tls)>,
    clients: Option<Arc<Clients>>,
    draining: watch::Sender<bool>,
    drained: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    housekeeper: JoinHandle<()>,
}

/// The addresses of a server, bound: nobody else can take them, though nobody is answered yet. They are taken before
/// the state is opened, so that a root key which is shown once is not made for a server that cannot start.
pub struct Places {
    listeners: Vec<TcpListener>,
    admin: TcpListener,
}

impl Places {
    /// Binds what a configuration names.
    pub fn take(config: &Config) -> Result<Self, StartError> {
        let bind_error = |key| move |error| StartError::Bind(key, error);
        let listeners = worker::bind(config.listen, config.workers);
        let listeners = listeners.map_err(bind_error(("listen", config.listen)))?;
        let admin = listener::bind(config.admin_listen, false);
        let admin = admin.map_err(bind_error(("admin_listen", config.admin_listen)))?;
        Ok(Self { listeners, admin })
    }
}

/// Why a server does not start.
#[derive(Debug)]
pub enum StartError {
    /// The address of a key cannot be bound.
    Bind((&'static str, SocketAddr), io::Error),
    /// The folder of records cannot be used.
    Spool(io::Error),
    /// A certificate cannot be used.
    Tls(TlsError),
    /// The store refuses.
    Store(StoreError),
    /// Threads, metrics or randomness.
    System(String),
}

impl Server {
    /// Starts everything. When this returns, clients are answered.
    pub fn start(mut config: Config, state: State, places: Places) -> Result<Self, StartError> {
        metrics::install().map_err(|error| StartError::System(error.to_string()))?;
        let health = Health::new();
        let spool = Arc::new(Spool::open(spool_config(&config)).map_err(StartError::Spool)?);
        let records = spool.clone();
        health.check("audit", move || records.health());
        let store_holds = health.condition("store");
        store_holds.hold();
        let snapshot_holds = health.condition("snapshot");
        snapshot_holds.hold();

        let (config_listen, Places { listeners, admin }) = (config.listen, places);
        let (poll, staleness_max) = (config.store.poll, config.store.staleness_max);
        let (limits, drain_time) = (connection_limits(&config), config.limits.drain_time);
        let (certificate, tls, clients) = speaking_tls(config.tls.as_ref())?;
        let State { directory, account, messages, sessions } = state;
        let random = Arc::new(SystemRandom);
        let quotas = Arc::new(ArcSwap::from_pointee(config.quotas.clone()));
        let provider_keys = Arc::new(ArcSwap::from_pointee(Keys::new(config.oidc.clone())));
        let saml = Arc::new(ArcSwap::from_pointee(config.saml.clone()));
        let delegation = Arc::new(ArcSwap::new(settings::delegation(&mut config)?));
        let ldap = Arc::new(Ldap::new(config.ldap.take()));
        let authority = clients.clone().map(|clients| clients as Arc<dyn Authority>);
        let certificates = Arc::new(Certificates::new(std::mem::take(&mut config.client_certificates), authority));
        let settings = settings::settings(config, account, 0)?;
        let organization = Arc::new(ArcSwap::new(settings.organization.clone()));
        let issuer = Arc::new(ArcSwapOption::new(settings.issuer.clone()));
        let (known, limits_of_all) = (directory.clone(), organization.clone());
        let world = World {
            directory: known,
            account,
            organization: limits_of_all,
            provider_keys: provider_keys.clone(),
            quotas: quotas.clone(),
            issuer: issuer.clone(),
            delegation: delegation.clone(),
            messages: messages.clone(),
            sessions: sessions.clone(),
            saml: saml.clone(),
            saml_used: saml::Used::default(),
            ldap: ldap.clone(),
            certificates: certificates.clone(),
            random,
        };
        let shared = Arc::new(Shared {
            apis: api::all(world),
            messages,
            directory: directory.clone(),
            keys: DerivedKeys::default(),
            sessions,
            tags: Arc::default(),
            settings: ArcSwap::from_pointee(settings),
            recorder: Recorder::new(spool.clone(), directory.clone()),
            held: Budget::default(),
            snapshot: snapshot_holds.clone(),
        });

        let no_address = |error: io::Error| StartError::System(error.to_string());
        let address = listeners.first().map_or(Ok(config_listen), |first| first.local_addr()).map_err(no_address)?;
        let admin_address = admin.local_addr().map_err(no_address)?;

        let (draining, follow) = watch::channel(false);
        let (drained, ended) = watch::channel(false);
        let open = Arc::new(AtomicUsize::new(0));
        let crew = Arc::new(Crew { limits, tls, open, draining: follow.clone(), drain_time });
        let mut threads = Vec::with_capacity(listeners.len());
        for (index, listener) in listeners.into_iter().enumerate() {
            let shared = shared.clone();
            let make = move || Road(Gateway::new(shared));
            threads.push(worker::start(index, listener, crew.clone(), make).map_err(no_address)?);
        }
        let house = housekeeping::House {
            directory,
            store: store_holds,
            snapshot: snapshot_holds,
            poll,
            staleness_max,
            delegation: delegation.clone(),
            health,
            draining: follow,
            ended,
        };
        let housekeeper = thread::Builder::new().name("housekeeper".into());
        let housekeeper = housekeeper.spawn(move || housekeeping::keep(house, admin)).map_err(no_address)?;
        Ok(Self {
            address,
            admin_address,
            shared,
            organization,
            quotas,
            issuer,
            provider_keys,
            saml,
            delegation,
            spool,
            ldap,
            certificates,
            certificate,
            clients,
            draining,
            drained,
            workers: threads,
            housekeeper,
        })
    }

    /// Takes another configuration, and certificates anew, whole or not at all. Open requests end as they began.
    pub fn reload(&self, mut next: Config) -> Result<(), StartError> {
        let now = self.shared.settings.load();
        let (account, generation) = (now.account, now.generation + 1);
        let quotas = Arc::new(next.quotas.clone());
        let oidc = next.oidc.clone();
        let saml = Arc::new(next.saml.clone());
        let delegation = settings::delegation(&mut next)?;
        let (ldap, rules) = (next.ldap.take(), std::mem::take(&mut next.client_certificates));
        let lists = next.tls.as_ref().and_then(|tls| tls.client_crl.clone());
        let next = settings::settings(next, account, generation)?;
        if let Some((certificate, files)) = &self.certificate {
            certificate.reload(&files.certificate, &files.key)?;
        }
        if let Some(clients) = &self.clients {
            clients.reload(lists.as_deref())?;
        }
        self.ldap.set(ldap);
        self.certificates.set(rules);
        self.organization.store(next.organization.clone());
        self.quotas.store(quotas);
        self.issuer.store(next.issuer.clone());
        // What was fetched is good for as long as it would be fetched in the same way.
        if *self.provider_keys.load().settings() != oidc {
            self.provider_keys.store(Arc::new(Keys::new(oidc)));
        }
        self.saml.store(saml);
        self.delegation.store(delegation);
        self.shared.settings.store(Arc::new(next));
        Ok(())
    }

    /// Takes no more connections, lets open requests end within the drain time, and writes the last records. Blocks.
    pub fn drain(self) {
        self.draining.send_replace(true);
        for worker in self.workers {
            if worker.join().is_err() {
                tracing::error!("a worker panicked");
            }
        }
        self.drained.send_replace(true);
        if self.housekeeper.join().is_err() {
            tracing::error!("the housekeeper panicked");
        }
        self.spool.close();
    }
}

type SpeakingTls = (Option<(Arc<Certificate>, config::Tls)>, Option<TlsAcceptor>, Option<Arc<Clients>>);

/// How TLS is spoken to clients: what can be replaced of it while running, and how it begins.
fn speaking_tls(files: Option<&config::Tls>) -> Result<SpeakingTls, TlsError> {
    let Some(files) = files else { return Ok((None, None, None)) };
    let certificate = Certificate::load(&files.certificate, &files.key)?;
    let clients = files.client_ca.as_deref().map(|ca| Clients::load(ca, files.client_crl.as_deref())).transpose()?;
    let server = tls::server(certificate.clone(), clients.clone())?;
    Ok((Some((certificate, files.clone())), Some(TlsAcceptor::from(server)), clients))
}

fn spool_config(config: &Config) -> SpoolConfig {
    SpoolConfig {
        file_bytes_max: config.audit.file_bytes,
        interval: config.audit.interval,
        durability: config.audit.durability,
        ..SpoolConfig::new(config.data_dir.join("audit"))
    }
}

fn connection_limits(config: &Config) -> listener::Limits {
    listener::Limits {
        connections_max: config.limits.connections,
        head_time: config.limits.head_time,
        idle_time: config.limits.idle_time,
        handshake_time: HANDSHAKE_TIME,
        head_bytes_max: config.limits.head_bytes,
    }
}

/// The road, as a worker's listener calls it.
#[derive(Clone)]
struct Road(Arc<Gateway>);

impl Service for Road {
    fn answer(
        self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<AnswerBody>> + Send {
        self.0.answer(request, connection)
    }

    fn unreadable(&self, connection: &Arc<Connection>, error: &hyper::Error) {
        self.0.unreadable(connection.clone(), error);
    }
}

impl From<TlsError> for StartError {
    fn from(error: TlsError) -> Self {
        StartError::Tls(error)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        StartError::Store(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bind((key, address), error) => {
                match error.kind() {
                    io::ErrorKind::AddrInUse => write!(f, "{address} is in use by another program")?,
                    _ => write!(f, "cannot listen on {address}: {error}")?,
                }
                write!(f, "; choose another address with the key {key} (demo: --listen, two ports below admin_listen)")
            }
            StartError::Spool(error) => write!(f, "cannot keep records in the data folder: {error}"),
            StartError::Tls(error) => write!(f, "tls: {error}"),
            StartError::Store(error) => write!(f, "the store: {error}"),
            StartError::System(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for StartError {}
