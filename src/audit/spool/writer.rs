//! The spool's thread: takes batches, writes them, and keeps what it could not write.

use std::{fs::File, io, sync::Arc, time::Instant};

use jiff::tz::TimeZone;

use super::{
    Disk, Durability, NotRecorded, Segment, SpoolConfig,
    file::{self, Name, Repair},
    queue::{Batch, Queue},
};
use crate::telemetry::{event, label::Loss};

/// A buffer that grew beyond this many bytes is given back once it is written.
const KEEP_BYTES_MAX: usize = 1 << 20;

/// Owns the files.
pub(super) struct Writer {
    config: SpoolConfig,
    disk: Box<dyn Disk>,
    queue: Arc<Queue>,
    current: Option<Current>,
    /// Keeps other processes out of the folder.
    _lock: File,
}

/// The file that is written to.
struct Current {
    name: Name,
    segment: Box<dyn Segment>,
    /// Its length up to the last whole line.
    bytes: u64,
}

impl Writer {
    /// Repairs and opens the newest file, so that a folder that cannot be used is found at start.
    pub(super) fn open(config: SpoolConfig, disk: Box<dyn Disk>, queue: Arc<Queue>) -> io::Result<Self> {
        let mut writer = Self { disk, queue, current: None, _lock: file::lock(&config.dir)?, config };
        writer.current_file()?;
        Ok(writer)
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = Batch::default();
        while self.queue.take(&mut batch) {
            if !self.write_until_done(&mut batch) {
                break;
            }
        }
        batch.tell(Err(NotRecorded::Closed));
        if batch.lines > 0 {
            event::RecordsLost { lines: batch.lines, reason: Loss::Closed, is_first: true }.emit();
        }
    }

    /// Writes a batch, however often it takes; `false` if the queue was closed and the time to drain it is over.
    fn write_until_done(&mut self, batch: &mut Batch) -> bool {
        let mut closed_since = None;
        let mut has_failed = false;
        while let Err(fault) = self.write(&batch.bytes) {
            has_failed = true;
            event::RecordsNotWritten { lines: batch.lines, error: &fault }.emit();
            self.queue.failed(fault.to_string());
            batch.tell(Err(NotRecorded::Unwritten));
            #[expect(clippy::disallowed_methods, reason = "how long draining takes is measured, not recorded")]
            let mut draining = || closed_since.get_or_insert_with(Instant::now).elapsed();
            if self.queue.is_closed() && draining() >= self.config.drain {
                self.queue.take_rest(batch);
                return false;
            }
            self.queue.pause(self.config.retry);
        }
        self.queue.written();
        event::RecordsWritten { lines: batch.lines, bytes: batch.bytes.len(), after_failure: has_failed }.emit();
        batch.tell(Ok(()));
        batch.clear();
        batch.bytes.shrink_to(KEEP_BYTES_MAX);
        true
    }

    /// Writes whole lines, all or none: what a failure left half written is taken back.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let durability = self.config.durability;
        let current = self.current_file()?;
        let written = current.segment.write_all(lines).and_then(|()| match durability {
            Durability::Written => Ok(()),
            Durability::Synced => current.segment.sync(),
        });
        match written {
            Ok(()) => current.bytes += lines.len() as u64,
            // If that fails too, the file is opened and repaired anew; lines may then stand twice, but none is missing.
            Err(_) if current.segment.truncate(current.bytes).is_ok() => {}
            Err(_) => self.current = None,
        }
        written
    }

    /// The file to write to: today's, and not too long.
    fn current_file(&mut self) -> io::Result<&mut Current> {
        let today = self.today();
        let current = match self.current.take() {
            Some(current) if self.may_continue(&current, today) => current,
            Some(current) => self.open_file(current.name.next(today))?,
            None => self.resume(today)?,
        };
        Ok(self.current.insert(current))
    }

    /// Goes on where the folder ends.
    fn resume(&mut self, today: u32) -> io::Result<Current> {
        let Some(newest) = file::newest(&self.config.dir)? else {
            return self.open_file(Name { day: today, number: 1 });
        };
        let path = self.config.dir.join(newest.to_string());
        match file::repair(&path)? {
            Repair::Whole => {}
            Repair::Ended => event::SpoolRepaired { path: &path, bytes_cut: 0 }.emit(),
            Repair::Cut { bytes } => event::SpoolRepaired { path: &path, bytes_cut: bytes }.emit(),
        }
        let current = self.open_file(newest)?;
        if self.may_continue(&current, today) { Ok(current) } else { self.open_file(newest.next(today)) }
    }

    fn may_continue(&self, current: &Current, today: u32) -> bool {
        current.bytes < self.config.file_bytes_max && current.name.day >= today
    }

    fn open_file(&mut self, name: Name) -> io::Result<Current> {
        let segment = self.disk.open(&self.config.dir.join(name.to_string()))?;
        let bytes = segment.bytes()?;
        if self.config.durability == Durability::Synced {
            // A new file outlives a power failure only if its name does.
            File::open(&self.config.dir)?.sync_all()?;
        }
        Ok(Current { name, segment, bytes })
    }

    /// `20261124`.
    fn today(&self) -> u32 {
        let date = TimeZone::UTC.to_datetime((self.config.clock)()).date();
        let part = |number: i8| u32::from(number.unsigned_abs());
        u32::from(date.year().unsigned_abs()) * 10_000 + part(date.month()) * 100 + part(date.day())
    }
}
