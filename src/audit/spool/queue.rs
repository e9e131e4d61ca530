//! What stands between the data path and the writer thread: one buffer, who waits for it, and the spool's health.

use std::{
    mem,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{NotRecorded, Receipt, SpoolConfig, Urgency};
use crate::telemetry::{event, label::Loss};

/// Tells a waiting request what became of its line.
pub(super) type Waiter = oneshot::Sender<Result<(), NotRecorded>>;

/// Lines on their way to the file.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Whole lines, one after the other.
    pub(super) bytes: Vec<u8>,
    /// How many they are.
    pub(super) lines: u64,
    /// Who waits for them.
    pub(super) waiters: Vec<Waiter>,
}

impl Batch {
    /// Tells everybody who waits.
    pub(super) fn tell(&mut self, outcome: Result<(), NotRecorded>) {
        for waiter in self.waiters.drain(..) {
            // A request that went away no longer asks.
            let _ = waiter.send(outcome);
        }
    }

    /// Forgets the lines and keeps the room.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lines = 0;
    }
}

/// The buffer and its bounds.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    writable: AtomicBool,
    interval: Duration,
    batch_bytes: usize,
    backlog_bytes_max: usize,
}

#[derive(Default)]
struct Inner {
    batch: Batch,
    /// When the oldest line of the batch came.
    since: Option<Instant>,
    /// Bytes that the writer has taken and not yet written.
    in_hand: usize,
    /// Whether the writer sleeps, so that a wake-up is worth a system call.
    is_asleep: bool,
    is_closed: bool,
    /// Whether a line was lost since the last success, which was then logged.
    is_losing: bool,
    fault: Option<String>,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(config: &SpoolConfig) -> Self {
        Self {
            inner: Mutex::default(),
            wake: Condvar::new(),
            writable: AtomicBool::new(true),
            interval: config.interval,
            batch_bytes: config.batch_bytes,
            backlog_bytes_max: config.backlog_bytes_max,
        }
    }

    /// Appends a line, within the bound.
    pub(super) fn append(&self, line: &[u8], urgency: Urgency) -> Receipt {
        let mut inner = self.lock();
        if let Err(loss) = self.admit(&mut inner, line.len()) {
            let is_first = !mem::replace(&mut inner.is_losing, true);
            drop(inner);
            event::RecordsLost { lines: 1, reason: loss, is_first }.emit();
            return Receipt::known(Err(loss.into()));
        }
        inner.batch.bytes.extend_from_slice(line);
        inner.batch.lines += 1;
        let is_first = inner.since.is_none();
        #[expect(clippy::disallowed_methods, reason = "how long a line waits is measured, not recorded")]
        inner.since.get_or_insert_with(Instant::now);
        let receipt = match urgency {
            Urgency::Soon => Receipt::known(Ok(())),
            Urgency::BeforeResponse => {
                let (waiter, receiver) = oneshot::channel();
                inner.batch.waiters.push(waiter);
                Receipt::waiting(receiver)
            }
        };
        // The first line sets the writer's alarm; after that it is woken only if there is a reason to be early.
        let wakes = is_first || urgency == Urgency::BeforeResponse || inner.batch.bytes.len() >= self.batch_bytes;
        if wakes && mem::take(&mut inner.is_asleep) {
            drop(inner);
            self.wake.notify_one();
        }
        receipt
    }

    fn admit(&self, inner: &mut Inner, line_bytes: usize) -> Result<(), Loss> {
        if inner.is_closed {
            return Err(Loss::Closed);
        }
        let backlog = inner.batch.bytes.len() + inner.in_hand;
        if backlog + line_bytes <= self.backlog_bytes_max {
            return Ok(());
        }
        // A single line that is too long says nothing about the disk, and no later write would take the fault back.
        if backlog > 0 {
            self.writable.store(false, Ordering::Release);
            inner.fault.get_or_insert_with(|| NotRecorded::Full.to_string());
        }
        Err(Loss::Full)
    }

    /// Waits until there is a reason to write, and swaps the lines into `batch`, which is empty.
    /// `false`: the queue is closed and nothing is left.
    pub(super) fn take(&self, batch: &mut Batch) -> bool {
        let mut inner = self.lock();
        loop {
            let alarm = inner.since.map(|since| self.interval.saturating_sub(since.elapsed()));
            let is_due = !inner.batch.waiters.is_empty()
                || inner.batch.bytes.len() >= self.batch_bytes
                || alarm.is_some_and(|left| left.is_zero());
            if inner.is_closed || is_due {
                break;
            }
            inner.is_asleep = true;
            inner = match alarm {
                Some(left) => self.wake.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.wake.wait(inner).unwrap_or_else(PoisonError::into_inner),
            };
            inner.is_asleep = false;
        }
        mem::swap(&mut inner.batch, batch);
        inner.since = None;
        inner.in_hand = batch.bytes.len();
        !(inner.is_closed && batch.bytes.is_empty())
    }

    /// The lines that were taken are written: there is room again.
    pub(super) fn written(&self) {
        let mut inner = self.lock();
        inner.in_hand = 0;
        inner.is_losing = false;
        inner.fault = None;
        self.writable.store(true, Ordering::Release);
    }

    /// Writing failed; the writer keeps the lines it has. Whoever waits behind them is told at once, and waits no longer.
    pub(super) fn failed(&self, fault: String) {
        let mut inner = self.lock();
        inner.fault = Some(fault);
        self.writable.store(false, Ordering::Release);
        inner.batch.tell(Err(NotRecorded::Unwritten));
    }

    /// Sleeps between attempts, or until the queue is closed.
    pub(super) fn pause(&self, retry: Duration) {
        let inner = self.lock();
        if inner.is_closed {
            drop(inner);
            std::thread::sleep(retry);
        } else {
            drop(self.wake.wait_timeout_while(inner, retry, |inner| !inner.is_closed));
        }
    }

    /// Adds what still waits to the batch that is given up.
    pub(super) fn take_rest(&self, batch: &mut Batch) {
        let mut rest = mem::take(&mut self.lock().batch);
        batch.lines += rest.lines;
        batch.waiters.append(&mut rest.waiters);
    }

    /// No more lines are taken.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.wake.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Acquire)
    }

    pub(super) fn health(&self) -> Result<(), String> {
        self.lock().fault.clone().map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock, and the buffer holds whole lines at any rate.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
