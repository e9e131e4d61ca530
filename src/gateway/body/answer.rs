//! The body of a response to a client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{BodyError, IdleTimer};

/// Called once when a response body has ended, or was given up: how many bytes of it were passed on, and whether
/// that was all of it.
pub trait OnEnd: Send {
    /// The body has ended.
    fn ended(self: Box<Self>, bytes: u64, complete: bool);
}

/// Either bytes that we made, or an upstream's answer as it arrives.
pub enum AnswerBody {
    /// Made here.
    Full(Option<Bytes>),
    /// Passed on frame by frame.
    Stream(Box<Passing>),
}

/// An upstream's answer on its way to the client.
pub struct Passing {
    from: Incoming,
    bytes: u64,
    complete: bool,
    idle: IdleTimer,
    on_end: Option<Box<dyn OnEnd>>,
}

impl AnswerBody {
    /// A body that we made.
    pub fn full(bytes: Bytes) -> Self {
        AnswerBody::Full((!bytes.is_empty()).then_some(bytes))
    }

    /// No body.
    pub fn empty() -> Self {
        AnswerBody::Full(None)
    }

    /// Passes an upstream's body on; fails when the upstream sends nothing for `idle`.
    pub fn passing(from: Incoming, idle: Duration, on_end: Box<dyn OnEnd>) -> Self {
        let complete = from.is_end_stream();
        let idle = IdleTimer::new(idle);
        AnswerBody::Stream(Box::new(Passing { from, bytes: 0, complete, idle, on_end: Some(on_end) }))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            AnswerBody::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            AnswerBody::Stream(passing) => passing.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Full(bytes) => bytes.is_none(),
            AnswerBody::Stream(passing) => passing.from.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            AnswerBody::Stream(passing) => passing.from.size_hint(),
        }
    }
}

impl Passing {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.from).poll_frame(cx) else {
            ready!(self.idle.poll_waiting(cx));
            return Poll::Ready(Some(Err("the upstream stopped sending in the middle of its answer".into())));
        };
        self.idle.moved();
        match frame {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.complete = self.from.is_end_stream();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => {
                self.complete = true;
                Poll::Ready(None)
            }
        }
    }
}

/// However a body ends, its end is told exactly once.
impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(on_end) = self.on_end.take() {
            on_end.ended(self.bytes, self.complete);
        }
    }
}
