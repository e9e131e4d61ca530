//! TLS towards clients and upstreams: aws-lc-rs, TLS 1.2 and 1.3, certificates that can be replaced while running.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::aws_lc_rs,
    server::{
        ClientHello, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::{
    base::Timestamp,
    config::pem,
    federation::certificate::{self, Authority},
    gateway::read::TlsFacts,
};

/// Why TLS could not be set up.
#[derive(Debug)]
pub struct TlsError(String);

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

impl From<String> for TlsError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The certificate that clients are shown. New connections get the newest one; open ones go on.
#[derive(Debug)]
pub struct Certificate(ArcSwap<CertifiedKey>);

impl Certificate {
    /// Loads a chain and its key from PEM files.
    pub fn load(chain: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self(ArcSwap::from_pointee(pem::pair(chain, key)?))))
    }

    /// Loads them again; on an error the old ones stay.
    pub fn reload(&self, chain: &Path, key: &Path) -> Result<(), TlsError> {
        self.0.store(pem::pair(chain, key)?.into());
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// Who signs clients' certificates, and which of them are revoked. Both files can be replaced while running; the names of
/// authorities that clients are told stay those of the start.
#[derive(Debug)]
pub struct Clients {
    authorities: PathBuf,
    hints: Vec<DistinguishedName>,
    verifier: ArcSwap<Verifier>,
}

#[derive(Debug)]
struct Verifier(Arc<dyn ClientCertVerifier>);

impl Clients {
    /// Loads authorities and revocation lists from PEM files.
    pub fn load(authorities: &Path, lists: Option<&Path>) -> Result<Arc<Self>, TlsError> {
        let verifier = pem::client_verifier(authorities, lists)?;
        let hints = verifier.root_hint_subjects().to_vec();
        let verifier = ArcSwap::from_pointee(Verifier(verifier));
        Ok(Arc::new(Self { authorities: authorities.into(), hints, verifier }))
    }

    /// Loads both again, the lists maybe from another file; on an error the old ones stay.
    pub fn reload(&self, lists: Option<&Path>) -> Result<(), TlsError> {
        self.verifier.store(Arc::new(Verifier(pem::client_verifier(&self.authorities, lists)?)));
        Ok(())
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.verifier.load().0.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.load().0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.load().0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.load().0.supported_verify_schemes()
    }
}

impl Authority for Clients {
    fn verify(&self, chain: &[CertificateDer<'static>], now: Timestamp) -> Result<(), String> {
        let (own, others) = chain.split_first().ok_or("there is no certificate")?;
        let seconds = u64::try_from(now.as_second()).map_err(|error| error.to_string())?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let verified = self.verifier.load().0.verify_client_cert(own, others, at);
        verified.map(drop).map_err(|error| error.to_string())
    }
}

/// How we speak TLS to clients. With `clients`, these may show a certificate.
pub fn server(certificate: Arc<Certificate>, clients: Option<Arc<Clients>>) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError(error.to_string()))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(clients),
    };
    let mut config = builder.with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config.into())
}

/// How we speak TLS to upstreams: the system's authorities, or only those of `ca_file`.
pub fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match ca_file {
        Some(path) => pem::roots(path)?,
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsError("the system has no certificate authorities; name a ca_file".into()));
            }
            roots
        }
    };
    let mut config = trusting(roots)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config.into())
}

/// How we speak TLS to a database: the system's authorities, of which there may be none, or only those of `ca_file`.
pub fn database(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let roots = match ca_file {
        Some(path) => pem::roots(path)?,
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        }
    };
    let mut config = trusting(roots)?;
    // PostgreSQL 17 and later ask for it where TLS comes first.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The certificate that the client showed, if it did and it can be read.
pub fn certificate(connection: &rustls::ServerConnection) -> Option<Arc<certificate::Certificate>> {
    certificate::Certificate::read(connection.peer_certificates()?).map(Arc::new)
}

/// What a finished handshake agreed on.
pub fn facts(connection: &rustls::ServerConnection) -> TlsFacts {
    let (version, number) = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => ("TLSv1.3", "1.3"),
        _ => ("TLSv1.2", "1.2"),
    };
    let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
    let cipher_suite = match suite.and_then(|suite| suite.as_str()) {
        // rustls writes `TLS13_AES_...`, the registry and CloudTrail write `TLS_AES_...`.
        Some("TLS13_AES_128_GCM_SHA256") => "TLS_AES_128_GCM_SHA256",
        Some("TLS13_AES_256_GCM_SHA384") => "TLS_AES_256_GCM_SHA384",
        Some("TLS13_CHACHA20_POLY1305_SHA256") => "TLS_CHACHA20_POLY1305_SHA256",
        Some(other) => other,
        None => "",
    };
    TlsFacts { version, number, cipher_suite }
}
