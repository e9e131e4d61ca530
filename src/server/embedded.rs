//! The store behind `demo`: s3s-fs on a free loopback port, keeping objects as files in a folder. For trying things,
//! not for data that matters.

mod store;

use std::{fmt, fs, net::SocketAddr, path::Path, thread};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::{net::TcpListener, runtime};

use super::listener;
use crate::{base::AccountId, base::SecretKey, config::root, store::SystemRandom};

/// A running store. It ends with the process.
pub struct Embedded {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its access key id, made for this run.
    pub access_key_id: String,
    /// Its secret.
    pub secret: SecretKey,
}

/// The embedded store cannot be started.
#[derive(Debug)]
pub struct EmbeddedError(String);

impl fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the embedded store: {}", self.0)
    }
}

impl std::error::Error for EmbeddedError {}

impl EmbeddedError {
    fn new(error: impl fmt::Debug) -> Self {
        Self(format!("{error:?}"))
    }
}

/// Starts a store that keeps its objects in `dir`.
pub fn start(dir: &Path) -> Result<Embedded, EmbeddedError> {
    fs::create_dir_all(dir).map_err(EmbeddedError::new)?;
    let key = root::random_key(AccountId::from_number(0), &SystemRandom).map_err(EmbeddedError::new)?;
    let (access_key_id, secret) = (key.id.as_str().to_owned(), key.secret);
    let mut builder = S3ServiceBuilder::new(store::Store(FileSystem::new(dir).map_err(EmbeddedError::new)?));
    builder.set_auth(SimpleAuth::from_single(access_key_id.clone(), secret.expose().to_owned()));
    let service = builder.build();
    let listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), false).map_err(EmbeddedError::new)?;
    let address = listener.local_addr().map_err(EmbeddedError::new)?;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(EmbeddedError::new)?;
    let serving = move || runtime.block_on(serve(listener, service));
    thread::Builder::new().name("embedded-store".into()).spawn(serving).map_err(EmbeddedError::new)?;
    Ok(Embedded { address, access_key_id, secret })
}

async fn serve(listener: std::net::TcpListener, service: S3Service) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the embedded store cannot use its listener"),
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                let service = service.clone();
                tokio::spawn(async move {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                        tracing::debug!(%error, "a connection to the embedded store ended with an error");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the embedded store cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }
}
