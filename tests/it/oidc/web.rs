//! A real HTTPS server that serves a discovery document and keys, and can be told to misbehave. It ends when it is dropped.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bytes::Bytes;
use countersign::federation::oidc::{
    Keys, Provider,
    keys::{Known, Settings},
};
use data_encoding::HEXLOWER;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Builder, sync::oneshot, time::sleep};
use tokio_rustls::TlsAcceptor;

use super::mint::{ISSUER, provider};

pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const KEYS: &str = "/keys";

/// What is answered at a place.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
    pub delay: Duration,
}

/// An authority, one below it, and a server's certificate of the latter.
pub struct Authorities {
    pub root: CertificateDer<'static>,
    pub between: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate chain with its key.
pub struct Shown {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

pub struct Web {
    pub port: u16,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<[AtomicUsize; 2]>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Answer {
    pub fn json(body: &Value) -> Self {
        Self::text(200, &body.to_string())
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned(), headers: Vec::new(), delay: Duration::ZERO }
    }

    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

impl Authorities {
    pub fn new() -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::new(vec![]).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let (top, key) = (authority("top"), KeyPair::generate().unwrap());
        let root = top.self_signed(&key).unwrap().der().clone();
        let top = Issuer::new(top, key);
        let (below, key) = (authority("below"), KeyPair::generate().unwrap());
        let between = below.signed_by(&key, &top).unwrap().der().clone();
        Self { root, between, issuer: Issuer::new(below, key) }
    }

    /// The whole chain, as servers show it whose operators want thumbprints of it.
    pub fn show(&self, host: &str) -> Shown {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Shown { chain: vec![certificate, self.between.clone(), self.root.clone()], key }
    }
}

/// As `openssl x509 -fingerprint -sha1` tells it, without the colons.
pub fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    HEXLOWER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref())
}

impl Web {
    /// A server for the usual provider that shows these keys.
    pub fn start(shown: Shown, keys: &[Value]) -> Self {
        let builder = ServerConfig::builder_with_provider(default_provider().into());
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(shown.chain, shown.key).unwrap()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answers, asked) = (Arc::<Mutex<BTreeMap<String, Answer>>>::default(), Arc::<[AtomicUsize; 2]>::default());
        let (end, ended) = oneshot::channel();
        let (answered, counted) = (answers.clone(), asked.clone());
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, acceptor, answered, counted) => {}
                    _ = ended => {}
                }
            });
            runtime.shutdown_background();
        });
        let web = Self { port, answers, asked, end: Some(end), thread: Some(thread) };
        web.set(DISCOVERY, Answer::json(&json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}{KEYS}")})));
        web.rotate(keys);
        web
    }

    pub fn set(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// Other keys from now on.
    pub fn rotate(&self, keys: &[Value]) {
        self.set(KEYS, Answer::json(&json!({"keys": keys})));
    }

    /// How often the discovery document and the keys were asked for.
    pub fn asked(&self) -> (usize, usize) {
        (self.asked[0].load(Ordering::SeqCst), self.asked[1].load(Ordering::SeqCst))
    }

    /// Settings by which the usual provider is found here.
    pub fn settings(&self, authorities: &[&CertificateDer<'static>]) -> Settings {
        let address = Some(("127.0.0.1".to_owned(), self.port));
        Settings {
            authorities: authorities.iter().map(|it| (*it).clone()).collect(),
            known: BTreeMap::from([(ISSUER.to_owned(), Known { address, ..Known::default() })]),
            ..Settings::default()
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        drop(self.end.take());
        self.thread.take().map(JoinHandle::join);
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<[AtomicUsize; 2]>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, answers, asked) = (acceptor.clone(), answers.clone(), asked.clone());
        tokio::spawn(async move {
            // A client that does not trust us breaks off here.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request: Request<Incoming>| {
                let path = request.uri().path().to_owned();
                if path.ends_with(DISCOVERY) {
                    asked[0].fetch_add(1, Ordering::SeqCst);
                } else {
                    asked[1].fetch_add(1, Ordering::SeqCst);
                }
                let answer = answers.lock().unwrap().get(&path).cloned().unwrap_or_else(|| Answer::text(404, ""));
                async move {
                    sleep(answer.delay).await;
                    let mut response = Response::builder().status(answer.status);
                    for (name, value) in answer.headers {
                        response = response.header(name, value);
                    }
                    Ok::<_, Infallible>(response.body(Full::new(Bytes::from(answer.body))).unwrap())
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A server, keys that are fetched from it, and the provider, whose authorities are trusted.
pub fn trusted(keys: &[Value], change: impl FnOnce(&mut Settings)) -> (Web, Keys, Provider) {
    let authorities = Authorities::new();
    let web = Web::start(authorities.show("idp.example.com"), keys);
    let mut settings = web.settings(&[&authorities.root]);
    change(&mut settings);
    (web, Keys::new(settings), provider(ISSUER))
}
