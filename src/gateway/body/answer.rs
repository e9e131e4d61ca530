//! The body of a response to a client.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{BodyError, IdleTimer};
use crate::audit::spool::Receipt;

/// What follows an upstream's answer on its way to the client.
pub trait OnEnd: Send {
    /// Sees a part of the body before it is passed on.
    fn passes(&mut self, data: &Bytes);

    /// The body has ended, or was given up. Called once. If there is a receipt, the last part of the body is held back
    /// until it is there.
    fn ended(self: Box<Self>, bytes: u64, how: Ended) -> Option<Receipt>;
}

/// How a passed body ended.
#[derive(Debug)]
pub enum Ended {
    /// All of it was passed on.
    Whole,
    /// Nobody took the rest of it.
    GivenUp,
    /// The upstream failed in the middle of it.
    Failed(BodyError),
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
    idle: IdleTimer,
    on_end: Option<Box<dyn OnEnd>>,
    /// Whether the last frame waits for the receipt of a record.
    holds_back: bool,
    held: Option<Frame<Bytes>>,
    receipt: Option<Receipt>,
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

    /// Passes an upstream's body on; fails when the upstream sends nothing for `idle`. With `holds_back`, its last frame
    /// is passed on only after what `on_end` does is done.
    pub fn passing(from: Incoming, idle: Duration, holds_back: bool, on_end: Box<dyn OnEnd>) -> Self {
        AnswerBody::Stream(Box::new(Passing {
            from,
            bytes: 0,
            idle: IdleTimer::new(idle),
            on_end: Some(on_end),
            holds_back,
            held: None,
            receipt: None,
        }))
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
            AnswerBody::Stream(passing) => passing.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            AnswerBody::Stream(passing) => passing.size_hint(),
        }
    }
}

impl Passing {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if let Some(receipt) = &mut self.receipt {
                match Pin::new(receipt).poll(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => tracing::error!(%error, "a record is late"),
                    Poll::Pending => {
                        ready!(self.idle.poll_waiting(cx));
                        tracing::error!("a record is late: the disk does not answer");
                    }
                }
                self.receipt = None;
            }
            if self.on_end.is_none() {
                return Poll::Ready(self.held.take().map(Ok));
            }
            match ready!(self.poll_upstream(cx)) {
                Some(Ok(frame)) => {
                    let ready = if self.holds_back { self.held.replace(frame) } else { Some(frame) };
                    if self.holds_back && self.from.is_end_stream() {
                        self.end(Ended::Whole);
                    }
                    if let Some(frame) = ready {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                }
                Some(Err(error)) => {
                    let told = error.to_string();
                    self.held = None;
                    self.end(Ended::Failed(error));
                    self.receipt = None;
                    return Poll::Ready(Some(Err(told.into())));
                }
                None => self.end(Ended::Whole),
            }
        }
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.from).poll_frame(cx) else {
            ready!(self.idle.poll_waiting(cx));
            return Poll::Ready(Some(Err("the upstream stopped sending in the middle of its answer".into())));
        };
        self.idle.moved();
        if let (Some(Ok(frame)), Some(on_end)) = (&frame, &mut self.on_end)
            && let Some(data) = frame.data_ref()
        {
            self.bytes += data.len() as u64;
            on_end.passes(data);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)))
    }

    fn end(&mut self, how: Ended) {
        if let Some(on_end) = self.on_end.take() {
            self.receipt = on_end.ended(self.bytes, how);
        }
    }

    fn is_over(&self) -> bool {
        self.from.is_end_stream() && self.held.is_none() && (self.on_end.is_none() || !self.holds_back)
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.as_ref().and_then(Frame::data_ref).map_or(0, |data| data.len() as u64);
        let rest = self.from.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

/// However a body ends, its end is told exactly once.
impl Drop for Passing {
    fn drop(&mut self) {
        let how = if self.from.is_end_stream() && self.held.is_none() { Ended::Whole } else { Ended::GivenUp };
        self.end(how);
    }
}
