//! TLS on both sides, and HTTP/2.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

use super::{
    client::{PATIENCE, Request, parse_head},
    gateway::{ALLOW_ALL, Gateway, Setup, until},
    signer::{Key, Signer},
    upstream::{Answer, Upstream, pattern},
};

/// An authority, and a certificate of it for loopback, in a folder.
struct Certificates {
    dir: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Self {
        let certificates = Self { dir: tempfile::tempdir().unwrap() };
        certificates.renew();
        certificates
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes everything anew.
    fn renew(&self) {
        let mut authority = CertificateParams::new(vec![]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = authority.self_signed(&key).unwrap();
        fs::write(self.path("ca.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        fs::write(self.path("certificate.pem"), certificate.pem()).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
    }

    /// The keys of a gateway that shows the certificate.
    fn of_gateway(&self) -> [(String, String); 2] {
        let text = |name| self.path(name).display().to_string();
        [("TLS__CERTIFICATE".into(), text("certificate.pem")), ("TLS__KEY".into(), text("key.pem"))]
    }

    fn client(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config).into()
    }

    fn server(&self) -> TlsAcceptor {
        let chain = vec![CertificateDer::from_pem_file(self.path("certificate.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.path("key.pem")).unwrap();
        let builder = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into());
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(builder.with_single_cert(chain, key).unwrap()).into()
    }
}

fn keys(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn connect(address: SocketAddr, tls: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    tls.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// The request for hyper; over HTTP/2 its host is the authority.
fn http2_request(request: &Request) -> http::Request<Full<Bytes>> {
    let uri = format!("https://{}{}", request.value("host").unwrap(), request.target);
    let mut builder = http::Request::builder().method(request.method.as_str()).uri(uri).version(http::Version::HTTP_2);
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "host") {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(request.body.clone().into())).unwrap()
}

type Http2 = http2::SendRequest<Full<Bytes>>;

async fn http2(io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static, window: u32) -> Http2 {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window).initial_connection_window_size(1 << 20);
    let (sender, connection) = builder.handshake(TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[test]
fn clients_speak_tls_with_either_protocol_and_records_say_so() {
    let (upstream, certificates) = (Upstream::start(), Certificates::new());
    let pairs = certificates.of_gateway();
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys(&pairs), ..Setup::default() });
    let ann = gateway.user("Ann", Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
        "Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"NumericGreaterThan":{"s3:TlsVersion":"1.2"}}}}"#));
    upstream.answer(|seen| if seen.method == "GET" { Answer::Stream(300_000) } else { Answer::ok("") });
    runtime().block_on(async {
        let stream = connect(gateway.address, &certificates.client(&["h2", "http/1.1"])).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        let sender = http2(stream, 1 << 20).await;
        exchange_many(&gateway, &ann, sender).await;
        let stream = connect(gateway.address, &certificates.client(&["http/1.1"])).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a"));
        let mut sent = http2_request(&request);
        *sent.version_mut() = http::Version::HTTP_11;
        sent.headers_mut().insert("host", request.value("host").unwrap().parse().unwrap());
        let response = sender.send_request(sent).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 300_000);
    });
    let records = gateway.end();
    assert_eq!(records.len(), 21);
    for record in records {
        assert_eq!(record["tlsDetails"]["tlsVersion"], "TLSv1.3", "{record}");
        assert!(record["tlsDetails"]["cipherSuite"].as_str().unwrap().starts_with("TLS_"), "{record}");
        assert!(record["errorCode"].is_null(), "{record}");
    }
}

/// Twenty requests at once over one connection.
async fn exchange_many(gateway: &Gateway, ann: &Key, sender: Http2) {
    let mut running = tokio::task::JoinSet::new();
    for at in 0..20 {
        let method = if at % 2 == 0 { "GET" } else { "PUT" };
        let mut request = Request::new(method, &format!("/photos/{at}"));
        if method == "PUT" {
            request = request.body(pattern(at, 200_000));
        }
        let request = gateway.signed(&Signer::s3(ann), request);
        let mut sender = sender.clone();
        running.spawn(async move {
            let response = sender.send_request(http2_request(&request)).await.unwrap();
            assert_eq!(response.status(), 200);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body.len(), if at % 2 == 0 { 300_000 } else { 0 });
        });
    }
    while let Some(outcome) = running.join_next().await {
        outcome.unwrap();
    }
}

#[test]
fn http2_needs_no_tls_and_its_streams_are_given_up_one_by_one() {
    let upstream = Upstream::start();
    let setup = Setup { keys: &[("LIMITS__IDLE_SECONDS", "1")], ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|seen| match seen.target.as_str() {
        "/photos/late" => Answer::Late(Duration::from_secs(1), Answer::ok("").into()),
        "/photos/big" => Answer::Stream(1 << 30),
        _ => Answer::ok(""),
    });
    let get =
        |key: &str| http2_request(&gateway.signed(&Signer::s3(&ann), Request::new("GET", &format!("/photos/{key}"))));
    let recorded = |key: &str| {
        let records = gateway.records().into_iter();
        records.filter(|record| record["requestParameters"]["key"] == *key).count()
    };
    runtime().block_on(async {
        let stream = TcpStream::connect(gateway.address).await.unwrap();
        let mut sender = http2(stream, 1000).await;
        // One is not waited for, another is not read: the connection serves on.
        let late = timeout(Duration::from_millis(300), sender.send_request(get("late"))).await;
        assert!(late.is_err());
        let unread = sender.send_request(get("big")).await.unwrap();
        assert_eq!(sender.send_request(get("small")).await.unwrap().status(), 200);
        // Who takes nothing is shown out, though the connection answers pings.
        let shown_out = async {
            while sender.ready().await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, shown_out).await.unwrap();
        drop(unread);
    });
    until("the stalled one is recorded", || recorded("big") == 1);
    assert_eq!((recorded("late"), recorded("small")), (1, 1));
    for record in gateway.end() {
        assert_ne!(record["eventName"], "Unknown");
    }
}

#[test]
fn streams_that_are_reset_count_until_they_are_answered() {
    let upstream = Upstream::start();
    let keys = [("UPSTREAM__0__HEAD_SECONDS", "60"), ("LIMITS__DRAIN_SECONDS", "1")];
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
    let ann = gateway.user("Ann", Some(ALLOW_ALL));
    upstream.answer(|_| Answer::Silent);
    let request = gateway.signed(&Signer::s3(&ann), Request::new("GET", "/photos/a"));
    let (round, streams_max) = (20, 128);
    runtime().block_on(async {
        let mut sender = http2(TcpStream::connect(gateway.address).await.unwrap(), 1000).await;
        for so_far in (round..=200).step_by(round) {
            let sent: Vec<_> = (0..round).map(|_| sender.send_request(http2_request(&request))).collect();
            let arrived = async {
                while upstream.requests().len() < so_far.min(streams_max) {
                    sleep(Duration::from_millis(5)).await;
                }
            };
            timeout(PATIENCE, arrived).await.unwrap();
            drop(sent);
            sender.ready().await.unwrap();
        }
        // Room for those beyond, were they let in.
        sleep(Duration::from_millis(300)).await;
        assert_eq!(upstream.requests().len(), streams_max);
    });
}

#[test]
fn a_certificate_is_replaced_while_running() {
    let (upstream, certificates) = (Upstream::start(), Certificates::new());
    let pairs = certificates.of_gateway();
    let setup = keys(&pairs);
    let setup = Setup { keys: &setup, ..Setup::default() };
    let gateway = Gateway::start_with(&upstream, &setup);
    runtime().block_on(async {
        let first = certificates.client(&[]);
        assert!(connect(gateway.address, &first).await.is_ok());
        certificates.renew();
        let second = certificates.client(&[]);
        assert!(connect(gateway.address, &first).await.is_ok() && connect(gateway.address, &second).await.is_err());
        gateway.reload(&upstream, &setup).unwrap();
        assert!(connect(gateway.address, &first).await.is_err() && connect(gateway.address, &second).await.is_ok());
        // A broken one changes nothing.
        fs::write(certificates.path("key.pem"), "no key").unwrap();
        assert!(gateway.reload(&upstream, &setup).is_err());
        assert!(connect(gateway.address, &second).await.is_ok());
    });
}

#[test]
fn upstreams_are_reached_over_tls_and_only_those_that_are_known() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    let upstream = Upstream::start_with(Some(certificates.server()));
    let url = format!("https://{}", upstream.address);
    let ca = |path: &Path| path.display().to_string();
    for (ca_file, status) in [(ca(&certificates.path("ca.pem")), 200), (ca(&others.path("ca.pem")), 503)] {
        let keys = [("UPSTREAM__0__URL", url.as_str()), ("UPSTREAM__0__CA_FILE", ca_file.as_str())];
        let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys, ..Setup::default() });
        let ann = gateway.user("Ann", Some(ALLOW_ALL));
        for bytes in [10, 1_000_000] {
            let request = Request::new("PUT", "/photos/a").body(pattern(0, bytes));
            let response = gateway.send(&Signer::s3(&ann), request);
            assert_eq!(response.status, status, "{}", response.text());
            for seen in upstream.take() {
                assert!(seen.complete && seen.body_bytes == bytes as u64 && status == 200);
            }
        }
    }
}

#[test]
fn plain_bytes_on_a_tls_port_are_shown_out() {
    let (upstream, certificates) = (Upstream::start(), Certificates::new());
    let pairs = certificates.of_gateway();
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &keys(&pairs), ..Setup::default() });
    let mut wire = gateway.wire();
    wire.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let told = wire.read_to_end().unwrap();
    assert!(!told.starts_with(b"HTTP"), "{:?}", parse_head(&told));
}
