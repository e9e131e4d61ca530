//! Requests that come to their end whether or not their client still waits.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// A future that goes on in the background when it is dropped. Hyper drops the answer to a client that has gone away; what
/// was begun for it, and its record, must be finished all the same.
pub(super) struct ToEnd<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send + 'static> ToEnd<F> {
    /// Runs this to its end.
    pub(super) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for ToEnd<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let output = future.as_mut().poll(cx);
        if output.is_ready() {
            self.0 = None;
        }
        output
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for ToEnd<F> {
    fn drop(&mut self) {
        // Where the runtime itself ends, the future is dropped for good.
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::{sync::Notify, task::yield_now};

    use super::*;

    #[tokio::test]
    async fn what_was_begun_is_finished() {
        let (go_on, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (waits, tells) = (go_on.clone(), done.clone());
        let mut future = Box::pin(ToEnd::new(async move {
            waits.notified().await;
            tells.notify_one();
        }));
        assert!(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await.is_pending());
        drop(future);
        yield_now().await;
        go_on.notify_one();
        done.notified().await;
    }
}
