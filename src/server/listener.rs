//! Accepting connections and serving HTTP/1.1 and HTTP/2 on them until the server drains.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{paced::Paced, tls};
use crate::gateway::{body::AnswerBody, read::Connection};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

/// What one listener needs to know.
#[derive(Clone)]
pub struct Limits {
    /// Connections at once, over all workers.
    pub connections_max: usize,
    /// From the first byte of a request head to its last.
    pub head_time: Duration,
    /// A TLS handshake.
    pub handshake_time: Duration,
    /// The longest request head, in bytes.
    pub head_bytes_max: usize,
    /// The longest wait for a client to read more of its response.
    pub write_time: Duration,
}

/// Answers requests of one connection.
pub trait Service: Clone + Send + 'static {
    /// The answer; every error is an answer too.
    fn answer(
        self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<AnswerBody>> + Send;

    /// A request that never became one: its head could not be parsed.
    fn unreadable(&self, connection: &Arc<Connection>, error: &hyper::Error);
}

/// Binds a port, `shared` so that each worker can have a listener of its own on it; port 0 takes a free one.
pub fn bind(address: SocketAddr, shared: bool) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts until `draining` turns true, then returns; open connections end by themselves.
pub async fn serve<S: Service>(
    listener: TcpListener,
    service: S,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    open: Arc<AtomicUsize>,
    mut draining: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = turned(&mut draining) => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a connection that is gone already: neither may spin or stop us.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let Some(place) = Place::take(&open, limits.connections_max) else {
            tracing::warn!(%peer, "refused a connection: limits.connections are open");
            continue;
        };
        let (service, tls, limits, draining) = (service.clone(), tls.clone(), limits.clone(), draining.clone());
        tokio::spawn(async move {
            let _place = place;
            one_connection(stream, peer, service, tls, limits, draining).await;
        });
    }
}

async fn one_connection<S: Service>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    draining: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let stream = Paced::new(stream, limits.write_time);
    let peer = peer.ip().to_canonical();
    let Some(acceptor) = tls else {
        return http(stream, Connection { peer, tls: None }, service, limits, draining).await;
    };
    match timeout(limits.handshake_time, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let facts = tls::facts(stream.get_ref().1);
            http(stream, Connection { peer, tls: Some(facts) }, service, limits, draining).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "tls handshake failed"),
        Err(_) => tracing::debug!(%peer, "tls handshake took too long"),
    }
}

async fn http<S: Service, I>(
    io: I,
    connection: Connection,
    service: S,
    limits: Limits,
    mut draining: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Arc::new(connection);
    let answers = {
        let (service, connection) = (service.clone(), connection.clone());
        service_fn(move |request| {
            let answer = service.clone().answer(request, connection.clone());
            async move { Ok::<_, std::convert::Infallible>(answer.await) }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes_max.max(8192))
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(30));
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(io), answers));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = turned(&mut draining) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        match error.downcast_ref::<hyper::Error>() {
            Some(error) if error.is_parse() => service.unreadable(&connection, error),
            _ => tracing::debug!(peer = %connection.peer, %error, "a connection ended with an error"),
        }
    }
}

/// Waits until the server drains, or is gone.
async fn turned(draining: &mut watch::Receiver<bool>) {
    // The value is a guard, which must not be kept over an await.
    drop(draining.wait_for(|draining| *draining).await);
}

/// One of the places that `limits.connections_max` gives; free again when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let place = Place(open.clone());
        (open.fetch_add(1, Ordering::AcqRel) < max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
