//! Requests that come to their end whether or not their client still waits.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// A future that goes on in the background when it is dropped. Hyper drops the answer to a client that has gone away; what
/// was begun for it, and its record, must be finished all the same.
pub(super) struct ToEnd<F, H>(Option<(Pin<Box<F>>, H)>)
where
    F: Future<Output: Send> + Send + 'static,
    H: Send + Unpin + 'static;

impl<F, H> ToEnd<F, H>
where
    F: Future<Output: Send> + Send + 'static,
    H: Send + Unpin + 'static,
{
    /// Runs this to its end, and keeps what it holds until then.
    pub(super) fn new(future: Pin<Box<F>>, held: H) -> Self {
        Self(Some((future, held)))
    }
}

impl<F, H> Future for ToEnd<F, H>
where
    F: Future<Output: Send> + Send + 'static,
    H: Send + Unpin + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some((future, _)) = &mut self.0 else { return Poll::Pending };
        let output = future.as_mut().poll(cx);
        if output.is_ready() {
            self.0 = None;
        }
        output
    }
}

impl<F, H> Drop for ToEnd<F, H>
where
    F: Future<Output: Send> + Send + 'static,
    H: Send + Unpin + 'static,
{
    fn drop(&mut self) {
        // Where the runtime itself ends, the future is dropped for good.
        if let (Some((rest, held)), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move {
                rest.await;
                drop(held);
            });
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
        let (go_on, done, held) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(()));
        let (waits, tells) = (go_on.clone(), done.clone());
        let answer = Box::pin(async move {
            waits.notified().await;
            tells.notify_one();
        });
        let mut future = Box::pin(ToEnd::new(answer, held.clone()));
        assert!(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await.is_pending());
        drop(future);
        yield_now().await;
        assert_eq!(Arc::strong_count(&held), 2, "what it holds is kept");
        go_on.notify_one();
        done.notified().await;
        yield_now().await;
        assert_eq!(Arc::strong_count(&held), 1, "and given back");
    }
}
