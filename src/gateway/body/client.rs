//! A client's body: counted as it comes, ended when it stalls, and read on for a while when nobody wants it.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, header::EXPECT};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

use super::{IdleTimer, drain, incomplete_body, request_timeout};
use crate::base::Fault;

/// Counts the bytes of one body, framing included. A clone is the same counter.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long a client is waited for, and what is read of a body that nobody wants.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest wait for the next part.
    pub idle: Duration,
    /// The most bytes that are read of an unwanted body.
    pub drained_bytes_max: usize,
}

/// The body of a request.
///
/// Dropped before its end it is read on in the background, within bounds: a client that sends all before it looks for an
/// answer then finds its refusal instead of a reset connection.
pub struct ClientBody {
    from: Option<Incoming>,
    meter: Meter,
    idle: IdleTimer,
    patience: Patience,
    /// The client waits for `100 Continue`, which it gets when the body is first asked for.
    holds_back: bool,
}

impl ClientBody {
    /// The body that came with these headers.
    pub fn new(from: Incoming, headers: &HeaderMap, meter: Meter, patience: Patience) -> Self {
        let expects =
            headers.get_all(EXPECT).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        Self { from: Some(from), meter, idle: IdleTimer::new(patience.idle), patience, holds_back: expects }
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = ClientBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientBodyError>>> {
        let this = &mut *self;
        let Some(from) = &mut this.from else { return Poll::Ready(None) };
        this.holds_back = false;
        let Poll::Ready(frame) = Pin::new(from).poll_frame(cx) else {
            ready!(this.idle.poll_waiting(cx));
            return Poll::Ready(Some(Err(ClientBodyError::Stalled)));
        };
        this.idle.moved();
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.meter.0.fetch_add(bytes, Ordering::Relaxed);
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                this.from = None;
                Some(Err(ClientBodyError::Broken(error)))
            }
            None => {
                this.from = None;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.from.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.from.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for ClientBody {
    fn drop(&mut self) {
        let unwanted = self.from.take().filter(|from| !from.is_end_stream() && !self.holds_back);
        if let (Some(from), Ok(runtime)) = (unwanted, Handle::try_current()) {
            let Patience { idle, drained_bytes_max } = self.patience;
            runtime.spawn(drain(from, drained_bytes_max, idle));
        }
    }
}

/// Why a client's body did not come to its end.
#[derive(Debug)]
pub enum ClientBodyError {
    /// The client sent nothing for too long.
    Stalled,
    /// The connection broke, or what came is no body.
    Broken(hyper::Error),
}

impl From<ClientBodyError> for Fault {
    fn from(error: ClientBodyError) -> Self {
        match error {
            ClientBodyError::Stalled => request_timeout(),
            ClientBodyError::Broken(error) => incomplete_body().because(error),
        }
    }
}

impl fmt::Display for ClientBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientBodyError::Stalled => f.write_str("the client stopped sending"),
            ClientBodyError::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientBodyError {}
