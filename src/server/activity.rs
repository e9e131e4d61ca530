//! What goes on on one connection, so that one on which nothing does can be ended.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::gateway::body::{AnswerBody, BodyError};

/// Counts what moves. Requests that are being answered have deadlines of their own; connections without a request, and
/// clients that do not take their answer, have only this.
#[derive(Default)]
pub(super) struct Activity {
    /// Grows with every request and every part of an answer.
    moves: AtomicU64,
    /// Requests without an answer yet.
    answering: AtomicUsize,
    /// Answers of which a part is still to be taken.
    taking: AtomicUsize,
}

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Something moved, or a request is being answered.
    Work,
    /// Nothing: no request is open.
    Nothing,
    /// The client does not take its answers.
    Stalled,
}

impl Activity {
    /// A request has come; it is being answered until the guard is dropped.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.moves.fetch_add(1, Ordering::Relaxed);
        self.answering.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }

    /// Whether there was any request.
    pub(super) fn is_new(&self) -> bool {
        self.moves.load(Ordering::Relaxed) == 0
    }

    /// What was done since `seen` was set by the last call.
    pub(super) fn since(&self, seen: &mut u64) -> Doing {
        let moves = self.moves.load(Ordering::Relaxed);
        let has_moved = std::mem::replace(seen, moves) != moves;
        match (self.answering.load(Ordering::Relaxed), self.taking.load(Ordering::Relaxed)) {
            (0, 0) if !has_moved => Doing::Nothing,
            (0, _) if !has_moved => Doing::Stalled,
            _ => Doing::Work,
        }
    }
}

/// A request that is being answered.
pub(super) struct Answering(Arc<Activity>);

impl Answering {
    /// The answer is there and is now taken by the client.
    pub(super) fn answered(self, body: AnswerBody) -> Watched {
        self.0.taking.fetch_add(1, Ordering::Relaxed);
        Watched { body, activity: self.0.clone() }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.moves.fetch_add(1, Ordering::Relaxed);
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that tells when a part of it is taken.
pub(super) struct Watched {
    body: AnswerBody,
    activity: Arc<Activity>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        // That it is asked for more says that what was before has gone, whether or not there is more yet.
        self.activity.moves.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.activity.taking.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_does_what_its_requests_do() {
        let (activity, mut seen) = (Arc::new(Activity::default()), 0);
        assert!(activity.is_new() && activity.since(&mut seen) == Doing::Nothing);
        let request = activity.answering();
        for _ in 0..2 {
            assert!(!activity.is_new() && activity.since(&mut seen) == Doing::Work);
        }
        let mut body = request.answered(AnswerBody::full("abc".into()));
        assert_eq!([activity.since(&mut seen), activity.since(&mut seen)], [Doing::Work, Doing::Stalled]);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_ready());
        assert_eq!([activity.since(&mut seen), activity.since(&mut seen)], [Doing::Work, Doing::Stalled]);
        drop(body);
        assert_eq!(activity.since(&mut seen), Doing::Nothing);
    }
}
