//! The local append-only spool: `{dir}/{YYYYMMDD}-{number}.jsonl`, one record per line.
//!
//! What is promised (design: written before the response of anything that changes state, or of a denial, is finished):
//!
//! - [`Urgency::BeforeResponse`]: the [`Receipt`] resolves once `write(2)` has taken the line, so that it outlives this
//!   process. With [`Durability::Written`], the default, a power failure may still lose what the kernel had not yet
//!   flushed; [`Durability::Synced`] adds an `fdatasync` per batch.
//! - [`Urgency::Soon`]: written within [`SpoolConfig::interval`], or as soon as [`SpoolConfig::batch_bytes`] are waiting.
//! - Lines are written in the order in which they were appended.
//! - When writing fails, [`Spool::is_writable`] turns false; lines are kept up to [`SpoolConfig::backlog_bytes_max`] and
//!   tried again until writing works, which turns it true. What does not fit is refused, and counted as lost.
//!
//! A folder belongs to one process, which holds a lock on `{dir}/lock`.
//!
//! Lines are copied into one shared buffer under a mutex that is held for the copy only: no allocation per line, no
//! wake-up per read, and batches form by themselves while the writer thread is busy.

mod file;
mod queue;
mod writer;

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

pub use self::file::{Disk, FileSystem, Segment};
use self::{queue::Queue, writer::Writer};
use crate::{base::Timestamp, telemetry::label::Loss};

/// How the spool is kept.
#[derive(Debug, Clone)]
pub struct SpoolConfig {
    /// The folder, made if it is missing: `{data_dir}/audit`.
    pub dir: PathBuf,
    /// A file that has this many bytes is followed by the next one; so is a file of an earlier day (UTC).
    pub file_bytes_max: u64,
    /// How long a line may wait if nobody waits for it.
    pub interval: Duration,
    /// How many waiting bytes end the wait.
    pub batch_bytes: usize,
    /// The most bytes that are kept in memory while writing is slow or fails.
    pub backlog_bytes_max: usize,
    /// How long to wait between attempts while writing fails.
    pub retry: Duration,
    /// How long [`Spool::close`] keeps trying while writing fails.
    pub drain: Duration,
    /// What a receipt vouches for.
    pub durability: Durability,
    /// The clock, which names the files.
    pub clock: fn() -> Timestamp,
}

impl SpoolConfig {
    /// The defaults for a folder.
    #[expect(clippy::disallowed_methods, reason = "the default of a parameter; it only names files")]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            file_bytes_max: 64 << 20,
            interval: Duration::from_millis(200),
            batch_bytes: 64 << 10,
            backlog_bytes_max: 64 << 20,
            retry: Duration::from_millis(250),
            drain: Duration::from_secs(5),
            durability: Durability::Written,
            clock: Timestamp::now,
        }
    }
}

/// What a receipt vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The kernel has the line: it outlives the process, not a power failure.
    Written,
    /// The disk has the line.
    Synced,
}

/// Whether somebody waits for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A call that changes state, or a denial: its response is finished after the line is written.
    BeforeResponse,
    /// A read: written within the interval.
    Soon,
}

/// Why a line is not in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRecorded {
    /// Writing failed. The line is kept and tried again; whoever waited should not go on waiting.
    Unwritten,
    /// The backlog is full: the line is lost.
    Full,
    /// The spool is closed: the line is lost.
    Closed,
}

impl std::fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NotRecorded::Unwritten => "the audit record could not be written yet",
            NotRecorded::Full => "the audit backlog is full",
            NotRecorded::Closed => "the audit spool is closed",
        })
    }
}

impl std::error::Error for NotRecorded {}

impl From<Loss> for NotRecorded {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Full => NotRecorded::Full,
            Loss::Closed => NotRecorded::Closed,
        }
    }
}

/// The spool. Closes itself when dropped.
pub struct Spool {
    queue: Arc<Queue>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Spool {
    /// Opens the spool in its folder, repairs a line that a crash cut off, and starts the writer thread.
    ///
    /// Fails if the folder cannot be used, or another process uses it.
    pub fn open(config: SpoolConfig) -> io::Result<Self> {
        Self::open_on(config, Box::new(FileSystem))
    }

    /// The same on another disk.
    pub fn open_on(config: SpoolConfig, disk: Box<dyn Disk>) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(&config));
        let writer = Writer::open(config, disk, Arc::clone(&queue))?;
        let thread = thread::Builder::new().name("audit-spool".into()).spawn(move || writer.run())?;
        Ok(Self { queue, writer: Mutex::new(Some(thread)) })
    }

    /// Appends one line, which ends with a line feed. The receipt of a line that nobody waits for is ready at once.
    pub fn append(&self, line: &[u8], urgency: Urgency) -> Receipt {
        self.queue.append(line, urgency)
    }

    /// Whether the last attempt to write succeeded and there is room for more. While it is false, requests are refused.
    pub fn is_writable(&self) -> bool {
        self.queue.is_writable()
    }

    /// `Err` with the reason while [`Spool::is_writable`] is false.
    pub fn health(&self) -> Result<(), String> {
        self.queue.health()
    }

    /// Writes what is waiting, for at most [`SpoolConfig::drain`] if writing fails, and stops. Blocks.
    pub fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // The writer does not panic; if it did, its lines are beyond help.
            let _ = writer.join();
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.close();
    }
}

/// Resolves when the line is in the file, or it is known that it is not.
#[derive(Debug)]
#[must_use]
pub struct Receipt(State);

#[derive(Debug)]
enum State {
    Known(Result<(), NotRecorded>),
    Waiting(oneshot::Receiver<Result<(), NotRecorded>>),
}

impl Receipt {
    fn known(outcome: Result<(), NotRecorded>) -> Self {
        Self(State::Known(outcome))
    }

    fn waiting(receiver: oneshot::Receiver<Result<(), NotRecorded>>) -> Self {
        Self(State::Waiting(receiver))
    }
}

impl Future for Receipt {
    type Output = Result<(), NotRecorded>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Known(outcome) => Poll::Ready(*outcome),
            State::Waiting(receiver) => {
                Pin::new(receiver).poll(context).map(|outcome| outcome.unwrap_or(Err(NotRecorded::Closed)))
            }
        }
    }
}
