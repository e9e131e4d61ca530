//! Worker threads: one per core, each with its own runtime, its own listener on the shared port and its own upstream
//! connections, so that a request stays on one core.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{net::TcpListener, runtime, sync::watch, time::sleep};
use tokio_rustls::TlsAcceptor;

use super::listener::{self, Limits, Service};

/// What all workers share.
pub struct Crew {
    /// How requests' connections are limited.
    pub limits: Limits,
    /// TLS towards clients.
    pub tls: Option<TlsAcceptor>,
    /// Open connections over all workers.
    pub open: Arc<AtomicUsize>,
    /// Turns true when the server drains.
    pub draining: watch::Receiver<bool>,
    /// How long open requests may go on while draining.
    pub drain_time: Duration,
}

/// Binds `count` listeners to one address. The first decides the port if it was left to the system.
pub fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<StdListener>> {
    // A shared port would be shared with another server of this user too: the address must be free of it first.
    drop(listener::bind(address, false)?);
    let first = listener::bind(address, true)?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(listener::bind(address, true)?);
    }
    Ok(listeners)
}

/// Starts a worker thread. `make` builds the worker's service inside its own runtime.
pub fn start<S: Service>(
    index: usize,
    listener: StdListener,
    crew: Arc<Crew>,
    make: impl FnOnce() -> S + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?;
    thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
        runtime.block_on(async move {
            let listener = match TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(error) => return tracing::error!(%error, "a worker cannot use its listener"),
            };
            let Crew { limits, tls, open, draining, drain_time } = &*crew;
            listener::serve(listener, make(), tls.clone(), limits.clone(), open.clone(), draining.clone()).await;
            wait_for_the_last(open, *drain_time).await;
        });
        // What is still blocked in the control plane after the drain time is not waited for.
        runtime.shutdown_timeout(Duration::from_millis(100));
    })
}

async fn wait_for_the_last(open: &AtomicUsize, drain_time: Duration) {
    let waiting = async {
        while open.load(Ordering::Acquire) > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(drain_time, waiting).await.is_err() {
        tracing::warn!(open = open.load(Ordering::Acquire), "connections were still open when the drain time ended");
    }
}
