//! Whose certificates of providers are believed: those that an authority signed, and those that fit a thumbprint.
//! Source: IAM user guide, "Obtain the thumbprint for an OpenID Connect identity provider".

use std::sync::Arc;

use ::aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXLOWER;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Checks a server's certificate.
#[derive(Debug)]
struct Trust {
    /// By the authorities that are trusted anyway; `None` where there are none.
    known: Option<Arc<WebPkiServerVerifier>>,
    /// In lower case.
    thumbprints: Vec<String>,
    provider: Arc<CryptoProvider>,
}

/// The system's authorities, and others besides. A system may have none.
pub(super) fn roots(others: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(others.iter().cloned());
    roots
}

/// How TLS is spoken to a provider.
pub(super) fn client(roots: &Arc<RootCertStore>, thumbprints: &[String]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let known = if roots.is_empty() { None } else { Some(verifier(roots.clone(), &provider)?) };
    let thumbprints = thumbprints.iter().map(|text| text.to_ascii_lowercase()).collect();
    let trust = Trust { known, thumbprints, provider: provider.clone() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(roots: Arc<RootCertStore>, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
    verifier.map_err(|error| Error::General(error.to_string()))
}

impl Trust {
    /// A certificate of the chain that fits a thumbprint is an authority, for this chain: it still has to have signed the
    /// server's, which still has to be the server's own and in its time.
    fn authority(&self, certificate: &CertificateDer<'_>) -> Option<Arc<WebPkiServerVerifier>> {
        let print = HEXLOWER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref());
        if !self.thumbprints.contains(&print) {
            return None;
        }
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone().into_owned()).ok()?;
        verifier(Arc::new(roots), &self.provider).ok()
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let check = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let by_known = match &self.known {
            Some(known) => check(known),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        if by_known.is_ok() || self.thumbprints.is_empty() {
            return by_known;
        }
        let chain = std::iter::once(end_entity).chain(intermediates);
        let by_thumbprint = chain.filter_map(|certificate| self.authority(certificate)).find_map(|it| check(&it).ok());
        by_thumbprint.ok_or(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
