//! TLS towards clients and upstreams: aws-lc-rs, TLS 1.2 and 1.3, certificates that can be replaced while running.

use std::{fmt, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};

use crate::{config::pem, gateway::read::TlsFacts};

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

/// How we speak TLS to clients. With `client_ca`, clients may show a certificate that it must have signed.
pub fn server(certificate: Arc<Certificate>, client_ca: Option<&Path>) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError(error.to_string()))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(
                pem::roots(path)?.into(),
                aws_lc_rs::default_provider().into(),
            );
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|error| TlsError(error.to_string()))?)
        }
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
