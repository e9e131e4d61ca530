//! Opening a connection to an upstream: TCP, and TLS where its URL says so.

use std::{fmt, io, sync::Arc};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::gateway::body::UploadBody;

/// Where an upstream listens.
#[derive(Clone)]
pub struct Address {
    /// Host name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How to speak TLS to it; `None` for plain HTTP.
    pub tls: Option<Arc<ClientConfig>>,
}

impl Address {
    /// The `Host` header: the port stands in it unless it is the scheme's own.
    pub fn authority(&self) -> String {
        let default_port = if self.tls.is_some() { 443 } else { 80 };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == default_port { host } else { format!("{host}:{}", self.port) }
    }

    /// Opens a connection whose driver runs as a task of the current runtime.
    pub(super) async fn connect(&self) -> Result<SendRequest<UploadBody>, ConnectError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(ConnectError::Tcp)?;
        stream.set_nodelay(true).map_err(ConnectError::Tcp)?;
        let Some(tls) = &self.tls else { return handshake(stream).await };
        let name = ServerName::try_from(self.host.clone()).map_err(|_| ConnectError::Name(self.host.clone()))?;
        let stream = TlsConnector::from(tls.clone()).connect(name, stream).await.map_err(ConnectError::Tls)?;
        handshake(stream).await
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<UploadBody>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ConnectError::Http)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an upstream connection ended with an error");
        }
    });
    Ok(sender)
}

/// Why no connection to an upstream could be opened.
#[derive(Debug)]
pub enum ConnectError {
    /// The host does not resolve, or nobody listens, or the network fails.
    Tcp(io::Error),
    /// The TLS handshake failed: wrong certificate, no common version.
    Tls(io::Error),
    /// The host is not a name that TLS can check.
    Name(String),
    /// HTTP could not be set up on it.
    Http(hyper::Error),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Tcp(error) => write!(f, "cannot connect: {error}"),
            ConnectError::Tls(error) => write!(f, "tls handshake failed: {error}"),
            ConnectError::Name(name) => write!(f, "`{name}` is not a name that tls can check"),
            ConnectError::Http(error) => write!(f, "http handshake failed: {error}"),
        }
    }
}

impl std::error::Error for ConnectError {}
