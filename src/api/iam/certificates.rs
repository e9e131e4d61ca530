//! X.509 certificates (RFC 5280) and the private keys that belong to them, as PEM (RFC 7468).

use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer, public_key::PublicKey};

use crate::base::{Fault, Timestamp};

/// The shortest RSA key of a signing certificate, in bits.
const RSA_BITS_MIN: usize = 1024;

/// A certificate by its DER form, which has been parsed once.
pub(super) struct Certificate(CertificateDer<'static>);

impl Certificate {
    /// The only certificate of a text. `MalformedCertificate` for another number of them, and for what is none.
    pub(super) fn read(pem: &str) -> Result<Self, Fault> {
        let mut all = Self::read_all(pem)?.into_iter();
        match (all.next(), all.next()) {
            (Some(certificate), None) => Ok(certificate),
            _ => Err(unreadable()),
        }
    }

    /// All certificates of a text, in order.
    fn read_all(pem: &str) -> Result<Vec<Self>, Fault> {
        let all = CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| {
            let certificate = Self(der.map_err(|_| unreadable())?);
            certificate.parsed()?;
            Ok(certificate)
        });
        let all = all.collect::<Result<Vec<_>, Fault>>()?;
        // What is shown again later must hold nothing else, a private key say.
        if all.len() == sections(pem) { Ok(all) } else { Err(unreadable()) }
    }

    /// The DER form, which tells certificates apart.
    pub(super) fn der(&self) -> &[u8] {
        &self.0
    }

    /// When it ends.
    pub(super) fn expires(&self) -> Result<Timestamp, Fault> {
        let end = self.parsed()?.validity().not_after.timestamp();
        Timestamp::from_second(end).map_err(|_| unreadable())
    }

    /// `MalformedCertificate` before it begins and after it has ended.
    pub(super) fn refuse_untimely(&self, now: Timestamp) -> Result<(), Fault> {
        let (certificate, now) = (self.parsed()?, now.as_second());
        if now < certificate.validity().not_before.timestamp() {
            return Err(malformed("Certificate is not valid yet. Its 'Not Before' date is in the future."));
        }
        if now > certificate.validity().not_after.timestamp() {
            return Err(malformed("Certificate is no longer valid. Its 'Not After' date has passed."));
        }
        Ok(())
    }

    /// `InvalidCertificate` if its key is weak or of no known kind.
    pub(super) fn refuse_weak(&self) -> Result<(), Fault> {
        let certificate = self.parsed()?;
        let is_fit = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => key.key_size() >= RSA_BITS_MIN,
            Ok(PublicKey::EC(_)) => true,
            _ => false,
        };
        let message = "The public key of the certificate is not supported.";
        if is_fit { Ok(()) } else { Err(Fault::new(400, "InvalidCertificate", message)) }
    }

    /// `MalformedCertificate` unless the text has certificates of which the first signed this one and each the one
    /// before it.
    pub(super) fn refuse_unless_signed_by(&self, chain: &str) -> Result<(), Fault> {
        let chain = Self::read_all(chain)?;
        if chain.is_empty() {
            return Err(unreadable());
        }
        let mut signed = self;
        for (at, signer) in chain.iter().enumerate() {
            let (one, other) = (signed.parsed()?, signer.parsed()?);
            let is_named = one.issuer().as_raw() == other.subject().as_raw();
            if !is_named || one.verify_signature(Some(other.public_key())).is_err() {
                return Err(malformed(format!(
                    "Unable to validate certificate chain. The certificate chain must start with the immediate signing \
                     certificate, followed by any intermediaries in order. The index within the chain of the invalid \
                     certificate is: {at}"
                )));
            }
            signed = signer;
        }
        Ok(())
    }

    /// `KeyPairMismatch` unless the private key is this certificate's; `MalformedCertificate` if it is none.
    pub(super) fn refuse_other_key(&self, pem: &str) -> Result<(), Fault> {
        if pem.contains("ENCRYPTED") {
            return Err(malformed("Unable to parse key; the body is encrypted."));
        }
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok().filter(|_| sections(pem) == 1);
        let key = key.ok_or_else(|| malformed(INVALID_KEY))?;
        let key = any_supported_type(&key).map_err(|_| malformed(INVALID_KEY))?;
        let public = key.public_key().ok_or_else(|| malformed(INVALID_KEY))?;
        if public.as_ref() != self.parsed()?.public_key().raw {
            return Err(Fault::new(400, "KeyPairMismatch", "The private key does not match the certificate."));
        }
        Ok(())
    }

    fn parsed(&self) -> Result<X509Certificate<'_>, Fault> {
        match X509Certificate::from_der(&self.0) {
            Ok(([], certificate)) => Ok(certificate),
            _ => Err(unreadable()),
        }
    }
}

const INVALID_KEY: &str = "Invalid Private Key.";

/// How many things a text in PEM holds.
fn sections(pem: &str) -> usize {
    pem.matches("-----BEGIN ").count()
}

fn unreadable() -> Fault {
    malformed("Unable to parse certificate. Please ensure the certificate is in PEM format.")
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(400, "MalformedCertificate", message)
}
