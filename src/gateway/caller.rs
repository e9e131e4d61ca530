//! [`Caller`]: who signed a request. Only the step `authenticate` makes one.

use std::{net::IpAddr, sync::Arc};

use crate::{
    base::{AccessKeyId, Principal, Timestamp},
    federation::certificate::Certificate,
    session::Session,
};

/// A verified caller, with the facts of its signature and connection that conditions and records name.
pub struct Caller {
    pub(super) principal: Principal,
    pub(super) access_key: Option<AccessKeyId>,
    pub(super) session: Option<Arc<Session>>,
    pub(super) signature: Option<SignatureFacts>,
    pub(super) source_ip: IpAddr,
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) at: Timestamp,
}

/// What is known of the signature that proved a caller.
#[derive(Debug, Clone)]
pub struct SignatureFacts {
    /// `s3:authType`: `REST-HEADER`, `REST-QUERY-STRING` or `POST`.
    pub form: &'static str,
    /// `s3:signatureversion`: `AWS4-HMAC-SHA256` or `AWS4-ECDSA-P256-SHA256`.
    pub algorithm: &'static str,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The region of the credential scope; for SigV4A the region set.
    pub region: Box<str>,
}

impl Caller {
    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The access key that signed; `None` for anonymous callers.
    pub fn access_key(&self) -> Option<&AccessKeyId> {
        self.access_key.as_ref()
    }

    /// The session whose temporary credentials signed; `None` for long-term keys.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// The signature; `None` for anonymous callers.
    pub fn signature(&self) -> Option<&SignatureFacts> {
        self.signature.as_ref()
    }

    /// Where the request came from (the peer, or what a configured proxy says).
    pub fn source_ip(&self) -> IpAddr {
        self.source_ip
    }

    /// The certificate that whoever sent the request showed to us. It says nothing of who signed; a proxy's own is left out.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_deref()
    }

    /// When the request arrived.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}
