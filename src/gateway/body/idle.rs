//! A timer that runs out when a stream makes no progress.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

/// Runs out when [`IdleTimer::poll_waiting`] was called without an [`IdleTimer::moved`] for the whole duration.
/// Costs nothing while frames arrive without waiting.
pub struct IdleTimer {
    after: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl IdleTimer {
    /// A timer that is not running yet.
    pub fn new(after: Duration) -> Self {
        Self { after, sleep: None, armed: false }
    }

    /// Progress was made: the time starts anew at the next wait.
    pub fn moved(&mut self) {
        self.armed = false;
    }

    /// Called while there is nothing to pass on; ready once the stream was idle for too long.
    pub fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let after = self.after;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(after)));
        if !self.armed {
            sleep.as_mut().reset(deadline(after));
            self.armed = true;
        }
        sleep.as_mut().poll(cx)
    }
}

#[expect(clippy::disallowed_methods, reason = "an idle timer measures the runtime's own time, no decision reads it")]
fn deadline(after: Duration) -> Instant {
    Instant::now() + after
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn runs_out_only_without_progress() {
        let mut timer = IdleTimer::new(Duration::from_secs(5));
        for _ in 0..3 {
            let waited = tokio::time::timeout(Duration::from_secs(4), poll_fn(|cx| timer.poll_waiting(cx))).await;
            assert!(waited.is_err());
            timer.moved();
        }
        let waited = tokio::time::timeout(Duration::from_secs(6), poll_fn(|cx| timer.poll_waiting(cx))).await;
        assert!(waited.is_ok());
    }
}
