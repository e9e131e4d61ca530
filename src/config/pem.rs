//! Certificates and keys in PEM files. `check` reads them as the server does, so that what is good starts.

use std::{fmt, path::Path};

use rustls::{RootCertStore, crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

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

fn about(path: &Path, error: &dyn fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
