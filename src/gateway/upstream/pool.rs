//! Connections to one upstream, kept open between requests. Each worker thread has pools of its own, so that a request
//! stays on one core; the lock is never contended and never held over an await.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderValue, Method, Request, Response, header::CONTENT_LENGTH};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::SendRequest,
};
use tokio::time::{Instant, timeout};

use super::connect::{Address, ConnectError};
use crate::gateway::body::{UploadBody, Uploaded};

/// How long each part of an exchange with an upstream may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Opening a connection, TLS included.
    pub connect: Duration,
    /// From the last byte sent to the head of the answer.
    pub head: Duration,
    /// Between two frames of a body, either way.
    pub idle: Duration,
    /// How long a connection is kept without use.
    pub keep: Duration,
}

/// The connections of one worker to one upstream.
pub struct Pool {
    address: Address,
    timeouts: Timeouts,
    idle_max: usize,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    sender: SendRequest<UploadBody>,
    since: Instant,
}

/// A connection in use. [`Lease::give_back`] returns it once its answer was read to the end; dropped before, it closes.
pub struct Lease {
    sender: SendRequest<UploadBody>,
    pool: Arc<Pool>,
}

/// Why a request got no answer.
#[derive(Debug)]
pub enum SendError {
    /// No connection within the time.
    Connect(ConnectError),
    /// Opening a connection took too long.
    ConnectTimeout,
    /// No answer within the time after the request was sent.
    HeadTimeout,
    /// The connection broke.
    Broken(hyper::Error),
    /// What came is no answer to the request: why.
    Unsound(&'static str),
}

impl Pool {
    /// An empty pool.
    pub fn new(address: Address, timeouts: Timeouts, idle_max: usize) -> Arc<Self> {
        Arc::new(Self { address, timeouts, idle_max, idle: Mutex::new(Vec::new()) })
    }

    /// Where this pool connects to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The deadlines of this upstream.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Sends a request and waits for the head of its answer. `upload` tells of a streaming body's progress: while it
    /// moves, or waits for the client, the deadline for the answer does not run.
    ///
    /// A request is tried again only if the connection was closed before any of it was sent.
    pub async fn send(
        self: &Arc<Self>,
        mut request: Request<UploadBody>,
        upload: Option<&Uploaded>,
    ) -> Result<(Response<Incoming>, Lease), SendError> {
        // RFC 9110, section 8.6: methods that mean something by a body say so too when it is empty. Hyper does not, and
        // stores answer 411.
        if request.body().is_end_stream() && matches!(*request.method(), Method::PUT | Method::POST | Method::PATCH) {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        loop {
            let (mut sender, reused) = match self.checkout().await {
                Some(sender) => (sender, true),
                // Rare and large: apart, so that it takes no room in each request's future.
                None => (Box::pin(self.open()).await?, false),
            };
            match self.exchange(&mut sender, request, upload).await {
                Ok(response) => return Ok((response, Lease { sender, pool: self.clone() })),
                Err(Failed::Unsent(unsent, _)) if reused => request = *unsent,
                Err(Failed::Unsent(_, error)) => return Err(SendError::Broken(error)),
                Err(Failed::Sent(error)) => return Err(error),
            }
        }
    }

    async fn exchange(
        &self,
        sender: &mut SendRequest<UploadBody>,
        request: Request<UploadBody>,
        upload: Option<&Uploaded>,
    ) -> Result<Response<Incoming>, Failed> {
        let mut answer = std::pin::pin!(sender.try_send_request(request));
        let mut sent = 0;
        loop {
            match timeout(self.timeouts.head, answer.as_mut()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(mut error)) => {
                    return Err(match error.take_message() {
                        Some(request) => Failed::Unsent(Box::new(request), error.into_error()),
                        None => Failed::Sent(SendError::Broken(error.into_error())),
                    });
                }
                Err(_) => match upload {
                    Some(upload) if upload.waits_for_client() => {}
                    Some(upload) if upload.sent() > sent => sent = upload.sent(),
                    _ => return Err(Failed::Sent(SendError::HeadTimeout)),
                },
            }
        }
    }

    async fn open(&self) -> Result<SendRequest<UploadBody>, SendError> {
        let sender = timeout(self.timeouts.connect, self.address.connect()).await;
        let mut sender = sender.map_err(|_| SendError::ConnectTimeout)?.map_err(SendError::Connect)?;
        sender.ready().await.map_err(SendError::Broken)?;
        Ok(sender)
    }

    /// The connection used last, if it still stands; the others rest and are closed when their time is over.
    async fn checkout(&self) -> Option<SendRequest<UploadBody>> {
        loop {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if idle.sender.is_closed() || idle.since.elapsed() > self.timeouts.keep {
                continue;
            }
            let ready = idle.sender.is_ready()
                || timeout(self.timeouts.connect, idle.sender.ready()).await.is_ok_and(|ready| ready.is_ok());
            if ready {
                return Some(idle.sender);
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the age of a pooled connection is the runtime's own time")]
    fn keep(&self, sender: SendRequest<UploadBody>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= self.idle_max {
            idle.retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() <= self.timeouts.keep);
        }
        if idle.len() < self.idle_max && !sender.is_closed() {
            idle.push(Idle { sender, since: Instant::now() });
        }
    }
}

impl Lease {
    /// The answer was read to its end: the connection may serve the next request.
    pub fn give_back(self) {
        self.pool.keep(self.sender);
    }
}

enum Failed {
    /// Not a byte of the request was sent; here it is back.
    Unsent(Box<Request<UploadBody>>, hyper::Error),
    Sent(SendError),
}

impl SendError {
    /// Whether the upstream may have acted on the request.
    pub fn may_have_acted(&self) -> bool {
        matches!(self, SendError::HeadTimeout | SendError::Broken(_) | SendError::Unsound(_))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Connect(error) => error.fmt(f),
            SendError::ConnectTimeout => f.write_str("opening a connection took too long"),
            SendError::HeadTimeout => f.write_str("no answer within the deadline"),
            SendError::Broken(error) => write!(f, "the connection broke: {error}"),
            SendError::Unsound(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SendError {}
