//! Accepting connections and serving HTTP/1.1 and HTTP/2 on them until the server drains.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    pin::pin,
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
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    activity::{Activity, Doing},
    tls,
    to_end::ToEnd,
};
use crate::gateway::{body::AnswerBody, read::Connection};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

/// How many requests one connection may have open at once: what most servers allow.
const REQUESTS_MAX: usize = 128;

/// What one listener needs to know.
#[derive(Clone)]
pub struct Limits {
    /// Connections at once, over all workers.
    pub connections_max: usize,
    /// From the first byte of a request head to its last.
    pub head_time: Duration,
    /// How long a connection may stand still: without a request, or with an answer that its client does not take.
    pub idle_time: Duration,
    /// A TLS handshake.
    pub handshake_time: Duration,
    /// The longest request head, in bytes.
    pub head_bytes_max: usize,
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
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let Some(place) = Place::take(&open, limits.connections_max) else {
            tracing::warn!(%peer, "refused a connection: limits.connections are open");
            continue;
        };
        let (service, tls, limits, draining) = (service.clone(), tls.clone(), limits.clone(), draining.clone());
        tokio::spawn(one_connection(stream, peer, place, service, tls, limits, draining));
    }
}

async fn one_connection<S: Service>(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    service: S,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    draining: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let peer = peer.ip().to_canonical();
    let Some(acceptor) = tls else {
        return http(stream, Connection { peer, tls: None, certificate: None }, place, service, limits, draining).await;
    };
    match timeout(limits.handshake_time, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let session = stream.get_ref().1;
            let (tls, certificate) = (Some(tls::facts(session)), tls::certificate(session));
            http(stream, Connection { peer, tls, certificate }, place, service, limits, draining).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "tls handshake failed"),
        Err(_) => tracing::debug!(%peer, "tls handshake took too long"),
    }
}

async fn http<S: Service, I>(
    io: I,
    connection: Connection,
    place: Place,
    service: S,
    limits: Limits,
    mut draining: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (connection, activity, place) = (Arc::new(connection), Arc::new(Activity::default()), Arc::new(place));
    let answers = {
        let (service, connection, activity) = (service.clone(), connection.clone(), activity.clone());
        // A request goes on though its client has given it up. Until it is answered it takes its connection's place, and
        // its own among the connection's requests: resetting streams does not make room for more.
        let room = Arc::new(Semaphore::new(REQUESTS_MAX));
        service_fn(move |request| {
            let (answering, place, room) = (activity.answering(), place.clone(), room.clone());
            // Put where it stays at once: it is large, and each move of it is a copy.
            let answer = Box::pin(service.clone().answer(request, connection.clone()));
            async move {
                let taken = room.acquire_owned().await;
                let answer = ToEnd::new(answer, (taken, place)).await;
                Ok::<_, Infallible>(answer.map(|body| answering.answered(body)))
            }
        })
    };
    let builder = protocols(&limits);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(io), answers));
    let (mut seen, mut is_ending) = (0, false);
    // Who has not asked for anything by then will not.
    let mut look = pin!(sleep(limits.head_time));
    let ended = loop {
        tokio::select! {
            ended = serving.as_mut() => break ended,
            () = turned(&mut draining), if !is_ending => {}
            () = look.as_mut() => {
                look.set(sleep(limits.idle_time));
                match activity.since(&mut seen) {
                    Doing::Work => continue,
                    Doing::Nothing if !is_ending && !activity.is_new() => {}
                    doing => return tracing::debug!(peer = %connection.peer, ?doing, "a connection was ended"),
                }
            }
        }
        is_ending = true;
        serving.as_mut().graceful_shutdown();
    };
    if let Err(error) = ended {
        match error.downcast_ref::<hyper::Error>() {
            Some(error) if error.is_parse() => service.unreadable(&connection, error),
            _ => tracing::debug!(peer = %connection.peer, %error, "a connection ended with an error"),
        }
    }
}

fn protocols(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes_max.max(8192))
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(u32::try_from(REQUESTS_MAX).ok())
        .keep_alive_interval(Duration::from_secs(30));
    builder
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
