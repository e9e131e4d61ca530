//! The spool's files: their names, opening them, and repairing what a crash cut off.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use serde::de::IgnoredAny;

/// How far each step looks back for the last line feed.
const STEP_BYTES: u64 = 64 * 1024;

/// Opens files. The file system in service; tests put failures in between.
pub trait Disk: Send + 'static {
    /// Opens a file for appending and makes it if it is missing.
    fn open(&mut self, path: &Path) -> io::Result<Box<dyn Segment>>;
}

/// A file that is appended to.
pub trait Segment: Write + Send {
    /// How many bytes it has.
    fn bytes(&self) -> io::Result<u64>;

    /// Cuts it back to its first `bytes` bytes.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// Returns once the disk has what was written.
    fn sync(&mut self) -> io::Result<()>;
}

/// The real one. Files can be read by their owner only.
#[derive(Debug, Clone, Copy)]
pub struct FileSystem;

impl Disk for FileSystem {
    fn open(&mut self, path: &Path) -> io::Result<Box<dyn Segment>> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Box::new(file))
    }
}

impl Segment for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The name of a file: its day (UTC) and its number within the day. Names sort in the order of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// `20261124`.
    pub(super) day: u32,
    /// From 1.
    pub(super) number: u32,
}

impl Name {
    /// Reads `20261124-000001.jsonl`; `None` for any other file.
    fn parse(name: &str) -> Option<Self> {
        let (day, number) = name.strip_suffix(".jsonl")?.split_once('-')?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = day.len() == 8 && number.len() == 6 && is_number(day) && is_number(number);
        fits.then_some(Self { day: day.parse().ok()?, number: number.parse().ok()? })
    }

    /// The file that follows this one on `day`. A clock that went back does not take the order back.
    pub(super) fn next(self, day: u32) -> Self {
        if day > self.day { Self { day, number: 1 } } else { Self { day: self.day, number: self.number + 1 } }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08}-{:06}.jsonl", self.day, self.number)
    }
}

/// Takes the folder, which is made if it is missing, for as long as the answer lives. Another process, which would take
/// a line being written for one cut off, is kept out.
pub(super) fn lock(dir: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(dir.join("lock"))?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another process writes to this spool"),
        TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// The newest file of the folder.
pub(super) fn newest(dir: &Path) -> io::Result<Option<Name>> {
    let mut newest = None;
    for entry in fs::read_dir(dir)? {
        newest = newest.max(entry?.file_name().to_str().and_then(Name::parse));
    }
    Ok(newest)
}

/// What [`repair`] found at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// The last line is whole.
    Whole,
    /// The last line lacked nothing but its line feed, which was added.
    Ended,
    /// The last line was cut off; these bytes were taken away.
    Cut {
        /// How many.
        bytes: u64,
    },
}

/// Ends or takes away a last line that has no line feed.
pub(super) fn repair(path: &Path) -> io::Result<Repair> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let end = file.metadata()?.len();
    let start = last_line_start(&mut file, end)?;
    if start == end {
        return Ok(Repair::Whole);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    if serde_json::from_slice::<IgnoredAny>(&tail).is_ok() {
        file.write_all(b"\n")?;
        return Ok(Repair::Ended);
    }
    file.set_len(start)?;
    Ok(Repair::Cut { bytes: end - start })
}

/// Where the bytes after the last line feed start; `end` if there are none.
fn last_line_start(file: &mut File, end: u64) -> io::Result<u64> {
    let mut upto = end;
    while upto > 0 {
        let from = upto.saturating_sub(STEP_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut step = Vec::new();
        file.take(upto - from).read_to_end(&mut step)?;
        if let Some(at) = memchr::memrchr(b'\n', &step) {
            return Ok(from + at as u64 + 1);
        }
        upto = from;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_in_the_order_of_writing() {
        let first = Name { day: 20261124, number: 1 };
        assert_eq!(first.to_string(), "20261124-000001.jsonl");
        for (text, expected) in [
            ("20261124-000001.jsonl", Some(first)),
            ("20261124-1.jsonl", None),
            ("2026112a-000001.jsonl", None),
            ("20261124-000001.jsonl.gz", None),
            ("+0261124-000001.jsonl", None),
            ("", None),
        ] {
            assert_eq!(Name::parse(text), expected, "{text}");
        }
        for (day, expected) in [
            (20261124, "20261124-000002.jsonl"),
            (20261125, "20261125-000001.jsonl"),
            (20261123, "20261124-000002.jsonl"),
        ] {
            assert_eq!(first.next(day).to_string(), expected, "{day}");
            assert!(first.next(day) > first);
        }
    }

    #[test]
    fn a_last_line_is_ended_or_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(200_000));
        let long_cut = long.get(..150_000).unwrap();
        let cases = [
            ("".to_owned(), Repair::Whole, ""),
            ("{}\n{}\n".to_owned(), Repair::Whole, "{}\n{}\n"),
            ("{}\n{\"a\":1}".to_owned(), Repair::Ended, "{}\n{\"a\":1}\n"),
            ("{}\n{\"a\":".to_owned(), Repair::Cut { bytes: 5 }, "{}\n"),
            ("{\"a".to_owned(), Repair::Cut { bytes: 3 }, ""),
            (long.clone(), Repair::Ended, &format!("{long}\n")),
            (format!("{{}}\n{long_cut}"), Repair::Cut { bytes: 150_000 }, "{}\n"),
        ];
        for (before, expected, after) in cases {
            fs::write(&path, &before).unwrap();
            assert_eq!(repair(&path).unwrap(), expected);
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
            assert_eq!(repair(&path).unwrap(), Repair::Whole);
        }
    }
}
