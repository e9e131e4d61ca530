//! A client's body on its way to an upstream, verified as it passes.
//!
//! The last frame is held back until the whole body is proven: an upstream that was promised N bytes never gets the
//! last of them if a hash, a chunk signature or a checksum does not hold, so it cannot complete the upload.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};

use super::{BodyError, ClientBody};
use crate::{base::Fault, sigv4::payload::PayloadVerifier};

/// What the road learns of an upload while the upstream's connection reads it.
#[derive(Default)]
pub struct Progress {
    /// Bytes handed to the upstream's connection so far.
    sent: AtomicU64,
    /// Whether the upstream's connection waits for the client.
    waits: AtomicBool,
    /// Whether the whole body was proven and handed over.
    done: AtomicBool,
    /// Whether the upstream has refused it already.
    unwanted: AtomicBool,
    /// Why the upload was broken off.
    failure: Mutex<Option<Fault>>,
}

/// Shared between the upload and the road.
pub type Uploaded = Arc<Progress>;

impl Progress {
    /// Bytes handed to the upstream's connection so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether it is the client that is waited for, whose own deadline then runs.
    pub fn waits_for_client(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// The upstream wants no more of it.
    pub fn stop(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }

    /// Whether the whole body was proven.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Why the upload was broken off, if it was.
    pub fn take_failure(&self) -> Option<Fault> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn fail(&self, fault: Fault) -> BodyError {
        let told = fault.to_string();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        told.into()
    }
}

/// The body of an upstream request.
pub enum UploadBody {
    /// Nothing, or bytes that were proven before the upstream was called.
    Full(Option<Bytes>),
    /// Proven as it passes.
    Stream(Box<Proving>),
    /// Collected and proven before, of this length in bytes.
    Spooled(UnsyncBoxBody<Bytes, BodyError>, u64, Uploaded),
}

/// A body that is proven as it passes.
pub struct Proving {
    from: ClientBody,
    verifier: Option<PayloadVerifier>,
    /// Decoded, not yet handed over. The last one stays until the body is proven.
    ready: VecDeque<Bytes>,
    /// What the upstream was promised and has not got yet, in bytes.
    remaining: u64,
    progress: Uploaded,
}

impl UploadBody {
    /// Bytes that need no further proof.
    pub fn full(bytes: Bytes) -> Self {
        UploadBody::Full((!bytes.is_empty()).then_some(bytes))
    }

    /// A body that is proven as it passes. The upstream is promised `length` decoded bytes.
    pub fn proving(from: ClientBody, verifier: PayloadVerifier, length: u64) -> (Self, Uploaded) {
        let progress = Uploaded::default();
        let proving = Proving {
            from,
            verifier: Some(verifier),
            ready: VecDeque::with_capacity(4),
            remaining: length,
            progress: progress.clone(),
        };
        (UploadBody::Stream(Box::new(proving)), progress)
    }

    /// A body of `length` bytes that was collected and proven before.
    pub fn collected(body: UnsyncBoxBody<Bytes, BodyError>, length: u64) -> (Self, Uploaded) {
        let progress = Uploaded::new(Progress { done: AtomicBool::new(true), ..Progress::default() });
        (UploadBody::Spooled(body, length, progress.clone()), progress)
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            UploadBody::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            UploadBody::Stream(proving) => proving.poll_frame(cx),
            UploadBody::Spooled(body, _, progress) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
                progress.sent.fetch_add(bytes as u64, Ordering::Relaxed);
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            UploadBody::Full(bytes) => bytes.is_none(),
            UploadBody::Stream(proving) => proving.verifier.is_none() && proving.ready.is_empty(),
            UploadBody::Spooled(body, ..) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            UploadBody::Full(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            UploadBody::Stream(proving) => proving.remaining,
            UploadBody::Spooled(_, length, _) => *length,
        })
    }
}

impl Proving {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if self.progress.unwanted.load(Ordering::Relaxed) {
                return Poll::Ready(Some(Err("the upstream has answered already".into())));
            }
            let proven = self.verifier.is_none();
            if self.ready.len() > usize::from(!proven)
                && let Some(bytes) = self.ready.pop_front()
            {
                return Poll::Ready(Some(self.hand_over(bytes, proven)));
            }
            if proven {
                return Poll::Ready(None);
            }
            if let Err(error) = ready!(self.poll_more(cx)) {
                self.ready.clear();
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// Takes one more frame of the client's body through the verifier.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let polled = Pin::new(&mut self.from).poll_frame(cx);
        self.progress.waits.store(polled.is_pending(), Ordering::Relaxed);
        Poll::Ready(match ready!(polled) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.take(data),
                Err(_) => Ok(()),
            },
            Some(Err(error)) => Err(self.progress.fail(error.into())),
            None => self.finish(),
        })
    }

    fn take(&mut self, data: Bytes) -> Result<(), BodyError> {
        let Some(verifier) = &mut self.verifier else { return Ok(()) };
        let ready = &mut self.ready;
        verifier
            .push(data, &mut |bytes| {
                if !bytes.is_empty() {
                    ready.push_back(bytes);
                }
            })
            .map_err(|error| self.progress.fail(error.into()))
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        let Some(verifier) = self.verifier.take() else { return Ok(()) };
        match verifier.finish() {
            Ok(_) if self.ready.iter().map(|bytes| bytes.len() as u64).sum::<u64>() != self.remaining => {
                Err(self.progress.fail(incomplete_body()))
            }
            Ok(_) => {
                self.progress.done.store(true, Ordering::Release);
                Ok(())
            }
            Err(error) => Err(self.progress.fail(error.into())),
        }
    }

    /// The one place where bytes leave for the upstream: never the last of them before the whole body is proven.
    fn hand_over(&mut self, bytes: Bytes, proven: bool) -> Result<Frame<Bytes>, BodyError> {
        match self.remaining.checked_sub(bytes.len() as u64) {
            Some(remaining) if proven || remaining > 0 => {
                self.remaining = remaining;
                self.progress.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Ok(Frame::data(bytes))
            }
            _ => Err(self.progress.fail(incomplete_body())),
        }
    }
}

/// S3's answer to a body that ended too early or ran too long.
pub fn incomplete_body() -> Fault {
    Fault::new(
        400,
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}

/// S3's answer to a client that stopped sending.
pub fn request_timeout() -> Fault {
    Fault::new(
        400,
        "RequestTimeout",
        "Your socket connection to the server was not read from or written to within the timeout period. \
         Idle connections will be closed.",
    )
}
