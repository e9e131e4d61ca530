//! A client's body: counted as it comes, ended when it stalls, and read on for a while when nobody wants it.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, header::EXPECT};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

use super::{
    Budget, IdleTimer, TooLarge,
    budget::{Share, UsedUp},
    buffer, drain, incomplete_body, request_timeout,
};
use crate::base::Fault;

/// Counts the bytes of one body, framing included. A clone is the same counter.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Metered>);

#[derive(Debug, Default)]
struct Metered {
    bytes: AtomicU64,
    is_left: AtomicBool,
}

impl Meter {
    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Whether the body was given up with parts in it that nobody will read: its connection can serve no further
    /// request.
    pub fn is_left(&self) -> bool {
        self.0.is_left.load(Ordering::Relaxed)
    }
}

/// How long a client is waited for, and what is read of a body that nobody wants.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest wait for the next part.
    pub idle: Duration,
    /// The most bytes that are read of an unwanted body.
    pub drained_bytes_max: usize,
    /// The most bytes that bodies take together while they are held whole.
    pub held_bytes_max: usize,
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
    budget: Budget,
    /// Its share of the budget, if it is held whole.
    share: Option<Share>,
    /// The client waits for `100 Continue`, which it gets when the body is first asked for.
    holds_back: bool,
}

impl ClientBody {
    /// The body that came with these headers.
    pub fn new(from: Incoming, headers: &HeaderMap, meter: Meter, patience: Patience, budget: Budget) -> Self {
        let expects =
            headers.get_all(EXPECT).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let idle = IdleTimer::new(patience.idle);
        Self { from: Some(from), meter, idle, patience, budget, share: None, holds_back: expects }
    }

    /// Reads it whole, up to `bytes_max`. The bytes count as held until they are dropped.
    pub async fn whole(mut self, bytes_max: usize) -> Result<Result<Bytes, TooLarge>, ClientBodyError> {
        self.share = Some(self.budget.share());
        let bytes = buffer(&mut self, bytes_max).await?;
        Ok(bytes.map(|bytes| match self.share.take() {
            Some(share) => share.of(bytes),
            None => bytes,
        }))
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
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.meter.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
                match this.share.as_mut().map(|share| share.grow(bytes, this.patience.held_bytes_max)) {
                    Some(Err(UsedUp)) => Some(Err(ClientBodyError::NoRoom)),
                    Some(Ok(())) | None => Some(Ok(frame)),
                }
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
        let Patience { idle, drained_bytes_max, .. } = self.patience;
        let Some(from) = self.from.take().filter(|from| !from.is_end_stream()) else { return };
        if self.holds_back || from.size_hint().lower() > drained_bytes_max as u64 {
            self.meter.0.is_left.store(true, Ordering::Relaxed);
        }
        if !self.holds_back
            && let Ok(runtime) = Handle::try_current()
        {
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
    /// Bodies of other requests take all the memory that bodies may take.
    NoRoom,
}

impl From<ClientBodyError> for Fault {
    fn from(error: ClientBodyError) -> Self {
        match error {
            ClientBodyError::Stalled => request_timeout(),
            ClientBodyError::Broken(error) => incomplete_body().because(error),
            ClientBodyError::NoRoom => {
                let fault = Fault::new(503, "ServiceUnavailable", "Service is unable to handle request.");
                fault.because("bodies of other requests take all the memory that bodies may take")
            }
        }
    }
}

impl fmt::Display for ClientBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientBodyError::Stalled => f.write_str("the client stopped sending"),
            ClientBodyError::Broken(error) => error.fmt(f),
            ClientBodyError::NoRoom => f.write_str("no memory for the body"),
        }
    }
}

impl std::error::Error for ClientBodyError {}
