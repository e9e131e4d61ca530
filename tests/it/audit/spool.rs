//! The spool: order, receipts, rotation, crashes, full disks, the end.

use std::{
    fs,
    future::Future,
    io::{self, Write},
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use countersign::{
    audit::{
        Receipt, Spool, Urgency,
        spool::{Disk, Durability, FileSystem, NotRecorded, Segment, SpoolConfig},
    },
    base::Timestamp,
};

/// Longer than any step takes; a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn wait(receipt: Receipt) -> Result<(), NotRecorded> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, receipt).await.expect("the receipt is resolved") })
}

/// The outcome of a receipt that is known at once.
fn at_once(receipt: Receipt) -> Option<Result<(), NotRecorded>> {
    match pin!(receipt).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The names and texts of the files, in order.
fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.retain(|(name, _)| name != "lock");
    files.sort();
    files
}

fn text(dir: &Path) -> String {
    files(dir).into_iter().map(|(_, text)| text).collect()
}

/// A spool whose waits are short, and whose day never ends.
fn quick(dir: &Path) -> SpoolConfig {
    SpoolConfig {
        retry: Duration::from_millis(5),
        drain: Duration::from_millis(50),
        clock: || Timestamp::from_second(1_795_478_400).unwrap(),
        ..SpoolConfig::new(dir)
    }
}

#[test]
fn a_receipt_resolves_after_the_line_is_in_the_file() {
    for durability in [Durability::Written, Durability::Synced] {
        let dir = tempfile::tempdir().unwrap();
        let config = SpoolConfig { interval: PATIENCE * 10, durability, ..quick(dir.path()) };
        let spool = Spool::open(config).unwrap();
        assert_eq!(at_once(spool.append(b"{\"n\":1}\n", Urgency::Soon)), Some(Ok(())));
        assert_eq!(wait(spool.append(b"{\"n\":2}\n", Urgency::BeforeResponse)), Ok(()));
        assert_eq!(text(dir.path()), "{\"n\":1}\n{\"n\":2}\n");
        assert_eq!((spool.is_writable(), spool.health()), (true, Ok(())));
    }
}

#[test]
fn reads_are_written_after_the_interval_or_when_enough_wait() {
    let line = format!("\"{}\"\n", "x".repeat(1000));
    for (interval, batch_bytes) in [(Duration::from_millis(20), usize::MAX), (PATIENCE * 10, 1000)] {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(SpoolConfig { interval, batch_bytes, ..quick(dir.path()) }).unwrap();
        for count in 1..=2 {
            drop(spool.append(line.as_bytes(), Urgency::Soon));
            until("the line is written", || text(dir.path()) == line.repeat(count));
        }
    }
}

#[test]
fn lines_of_many_threads_are_whole_and_each_thread_s_are_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(SpoolConfig { file_bytes_max: 2_000, ..quick(dir.path()) }).unwrap();
    thread::scope(|scope| {
        for thread in 0..4 {
            let spool = &spool;
            scope.spawn(move || {
                for number in 0..200 {
                    let urgency = if number % 50 == 0 { Urgency::BeforeResponse } else { Urgency::Soon };
                    let line = format!("[{thread},{number}]\n");
                    assert_eq!(wait(spool.append(line.as_bytes(), urgency)), Ok(()));
                }
            });
        }
    });
    spool.close();
    let lines: Vec<[u64; 2]> = text(dir.path()).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for thread in 0..4 {
        let numbers: Vec<_> = lines.iter().filter(|[of, _]| *of == thread).map(|[_, number]| *number).collect();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>(), "{thread}");
    }
}

#[test]
fn a_file_that_is_long_enough_is_followed_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(SpoolConfig { file_bytes_max: 8, ..quick(dir.path()) }).unwrap();
    for line in ["\"aaa\"\n", "\"bbb\"\n", "\"ccc\"\n"] {
        wait(spool.append(line.as_bytes(), Urgency::BeforeResponse)).unwrap();
    }
    let expected = [("20261124-000001.jsonl", "\"aaa\"\n\"bbb\"\n"), ("20261124-000002.jsonl", "\"ccc\"\n")];
    assert_eq!(files(dir.path()), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[test]
fn a_new_day_starts_a_new_file() {
    static SECOND: AtomicI64 = AtomicI64::new(1_795_564_799);
    let dir = tempfile::tempdir().unwrap();
    let clock = || Timestamp::from_second(SECOND.load(Ordering::SeqCst)).unwrap();
    let spool = Spool::open(SpoolConfig { clock, ..quick(dir.path()) }).unwrap();
    for (line, second) in [("1\n", 1_795_564_800), ("2\n", 1_795_564_799), ("3\n", 0)] {
        wait(spool.append(line.as_bytes(), Urgency::BeforeResponse)).unwrap();
        SECOND.store(second, Ordering::SeqCst);
    }
    // The clock went back before the third line, which stays behind the second all the same.
    let expected = [("20261124-000001.jsonl", "1\n"), ("20261125-000001.jsonl", "2\n3\n")];
    assert_eq!(files(dir.path()), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
}

#[test]
fn what_a_crash_cut_off_is_repaired_and_writing_goes_on() {
    for (before, after) in [
        ("{}\n", "{}\n1\n"),
        ("{}\n{\"cut\":", "{}\n1\n"),
        ("{}\n{\"ended\":true}", "{}\n{\"ended\":true}\n1\n"),
        ("", "1\n"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("20261124-000007.jsonl"), before).unwrap();
        fs::write(dir.path().join("20261124-000002.jsonl"), "").unwrap();
        fs::write(dir.path().join("zzz.txt"), "").unwrap();
        let spool = Spool::open(quick(dir.path())).unwrap();
        wait(spool.append(b"1\n", Urgency::BeforeResponse)).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("20261124-000007.jsonl")).unwrap(), after);
        assert_eq!(files(dir.path()).len(), 3);
    }
}

#[test]
fn a_folder_belongs_to_one_spool_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Spool::open(quick(dir.path())).unwrap();
    assert_eq!(Spool::open(quick(dir.path())).err().map(|error| error.kind()), Some(io::ErrorKind::ResourceBusy));
    first.close();
    assert!(Spool::open(quick(dir.path())).is_ok());
}

#[test]
fn a_folder_that_cannot_be_used_is_found_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(Spool::open(quick(&file)).is_err());
    assert!(Spool::open(quick(&file.join("below"))).is_err());
}

/// A disk that, while it is full, takes half of what is written and then fails.
#[derive(Clone, Default)]
struct FullDisk {
    is_full: Arc<AtomicBool>,
    /// Whether cutting a file back fails as well.
    is_stuck: bool,
}

struct FullSegment(Box<dyn Segment>, FullDisk, bool);

impl FullDisk {
    fn set(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    fn is_full(&self) -> bool {
        self.is_full.load(Ordering::SeqCst)
    }
}

impl Disk for FullDisk {
    fn open(&mut self, path: &Path) -> io::Result<Box<dyn Segment>> {
        Ok(Box::new(FullSegment(FileSystem.open(path)?, self.clone(), false)))
    }
}

impl Write for FullSegment {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.1.is_full() {
            return self.0.write(bytes);
        }
        self.2 = !self.2;
        if self.2 { self.0.write(&bytes[..bytes.len().div_ceil(2)]) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Segment for FullSegment {
    fn bytes(&self) -> io::Result<u64> {
        self.0.bytes()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        if self.1.is_stuck { Err(io::ErrorKind::Other.into()) } else { self.0.truncate(bytes) }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

#[test]
fn a_full_disk_makes_the_spool_unwritable_and_loses_no_line() {
    for is_stuck in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let disk = FullDisk { is_stuck, ..FullDisk::default() };
        let spool = Spool::open_on(quick(dir.path()), Box::new(disk.clone())).unwrap();
        wait(spool.append(b"\"before\"\n", Urgency::BeforeResponse)).unwrap();

        disk.set(true);
        for line in ["\"during 1\"\n", "\"during 2\"\n"] {
            let receipt = spool.append(line.as_bytes(), Urgency::BeforeResponse);
            assert_eq!(wait(receipt), Err(NotRecorded::Unwritten));
            assert!(!spool.is_writable());
            assert!(spool.health().is_err());
        }
        if !is_stuck {
            until("no half line stays", || text(dir.path()) == "\"before\"\n");
        }

        disk.set(false);
        until("the spool recovers by itself", || spool.is_writable());
        wait(spool.append(b"\"after\"\n", Urgency::BeforeResponse)).unwrap();
        assert_eq!(spool.health(), Ok(()));
        assert_eq!(text(dir.path()), "\"before\"\n\"during 1\"\n\"during 2\"\n\"after\"\n", "stuck: {is_stuck}");
    }
}

#[test]
fn a_full_backlog_refuses_lines_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FullDisk::default();
    let config = SpoolConfig { backlog_bytes_max: 10, ..quick(dir.path()) };
    let spool = Spool::open_on(config, Box::new(disk.clone())).unwrap();
    assert_eq!(at_once(spool.append(b"\"much too long\"\n", Urgency::Soon)), Some(Err(NotRecorded::Full)));
    assert!(spool.is_writable(), "one line that is too long is no fault of the disk");

    disk.set(true);
    assert_eq!(wait(spool.append(b"\"12345\"\n", Urgency::BeforeResponse)), Err(NotRecorded::Unwritten));
    assert_eq!(at_once(spool.append(b"\"678\"\n", Urgency::BeforeResponse)), Some(Err(NotRecorded::Full)));
    assert!(!spool.is_writable());

    disk.set(false);
    until("the spool recovers by itself", || spool.is_writable());
    wait(spool.append(b"\"678\"\n", Urgency::BeforeResponse)).unwrap();
    assert_eq!(text(dir.path()), "\"12345\"\n\"678\"\n");
}

#[test]
fn closing_writes_what_waits_and_takes_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(SpoolConfig { interval: PATIENCE * 10, ..quick(dir.path()) }).unwrap();
    drop(spool.append(b"1\n", Urgency::Soon));
    spool.close();
    assert_eq!(text(dir.path()), "1\n");
    assert_eq!(at_once(spool.append(b"2\n", Urgency::BeforeResponse)), Some(Err(NotRecorded::Closed)));
    spool.close();
    assert_eq!(text(dir.path()), "1\n");
}

#[test]
fn closing_gives_up_on_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FullDisk::default();
    let spool = Spool::open_on(quick(dir.path()), Box::new(disk.clone())).unwrap();
    disk.set(true);
    drop(spool.append(b"1\n", Urgency::Soon));
    let since = Instant::now();
    spool.close();
    assert!(since.elapsed() < PATIENCE);
    assert_eq!(text(dir.path()), "");
}
