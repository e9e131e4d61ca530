//! Certificates and keys in PEM files. `check` reads them as the server does, so that what is good starts.

use std::{fmt, path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    crypto::aws_lc_rs,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject};

/// The certificates of a file; at least one.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| about(path, &error))?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(|error| about(path, &error))?;
    if certificates.is_empty() { Err(about(path, &"holds no certificate")) } else { Ok(certificates) }
}

/// The first private key of a file.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| about(path, &error))
}

/// A chain with the key that belongs to it.
pub fn pair(chain: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let (certificates, private) = (certificates(chain)?, private_key(key)?);
    let signing = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| about(key, &error))?;
    let pair = CertifiedKey::new(certificates, signing);
    pair.keys_match().map_err(|error| about(key, &error))?;
    Ok(pair)
}

/// The authorities of a file.
pub fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| about(path, &error))?;
    }
    Ok(roots)
}

/// The revocation lists of a file; at least one.
pub fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let lists = CertificateRevocationListDer::pem_file_iter(path).map_err(|error| about(path, &error))?;
    let lists = lists.collect::<Result<Vec<_>, _>>().map_err(|error| about(path, &error))?;
    if lists.is_empty() { Err(about(path, &"holds no revocation list")) } else { Ok(lists) }
}

/// What verifies clients' certificates: authorities of a file, and revocation lists of another. With such lists, a
/// certificate of which none says anything is refused, and so is every one once they are out of date. Clients need not
/// have a certificate.
pub fn client_verifier(authorities: &Path, lists: Option<&Path>) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let (roots, provider) = (Arc::new(roots(authorities)?), Arc::new(aws_lc_rs::default_provider()));
    let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider).allow_unauthenticated();
    if let Some(path) = lists {
        builder = builder.with_crls(revocation_lists(path)?).enforce_revocation_expiration();
    }
    builder.build().map_err(|error| about(lists.unwrap_or(authorities), &error))
}

fn about(path: &Path, error: &dyn fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
