//! An upstream that records every connection, request and byte, and answers as it is told.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::oneshot,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::client::{Request, find_head, parse_head};

/// How much of a body is kept.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// What is done with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Reads the body, then answers with status, headers and body.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Reads the body, then answers with so many bytes of [`pattern`].
    Stream(u64),
    /// Answers before it reads the body, and reads on.
    Early(u16),
    /// Reads the body and never answers.
    Silent,
    /// Reads nothing of the body and never answers.
    Deaf,
    /// Resets the connection when the head is there.
    Reset,
    /// Promises so many bytes, sends fewer and closes.
    Broken(u64, u64),
    /// Promises so many bytes, sends fewer and stays.
    Stalled(u64, u64),
    /// Waits before it does the other.
    Late(Duration, Box<Answer>),
}

impl Answer {
    /// 200 with a body.
    pub fn ok(body: &str) -> Self {
        Self::Whole(200, vec![], body.into())
    }

    /// S3's error.
    pub fn error(status: u16, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>as told</Message><RequestId>theirs</RequestId></Error>");
        Self::Whole(status, vec![("content-type", "application/xml".into())], body.into())
    }
}

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: Vec<u8>,
    pub body_bytes: u64,
    /// Whether all bytes came that were promised.
    pub complete: bool,
    /// Whether the connection ended before that.
    pub aborted: bool,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn length(&self) -> u64 {
        self.header("content-length").map_or(0, |length| length.parse().unwrap())
    }
}

type Script = Box<dyn Fn(&Seen) -> Answer + Send + Sync>;

struct Log {
    connections: AtomicUsize,
    bytes: AtomicU64,
    sent: AtomicU64,
    requests: Mutex<Vec<Seen>>,
    script: Mutex<Script>,
}

/// A running upstream; ends when it is dropped.
pub struct Upstream {
    pub address: SocketAddr,
    log: Arc<Log>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    /// Answers 200 to everything until it is told otherwise.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// The same over TLS.
    pub fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log {
            connections: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            requests: Mutex::default(),
            script: Mutex::new(Box::new(|_| Answer::ok(""))),
        });
        let (end, ended) = oneshot::channel();
        let told = log.clone();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), told, tls) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, log, end: Some(end), thread: Some(thread) }
    }

    /// Says how the next requests are answered.
    pub fn answer(&self, script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
        *self.log.script.lock().unwrap() = Box::new(script);
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.log.requests.lock().unwrap().clone()
    }

    /// The requests so far, which are forgotten.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.log.requests.lock().unwrap())
    }

    /// Bytes of made-up bodies that were sent so far.
    pub fn sent(&self) -> u64 {
        self.log.sent.load(Ordering::SeqCst)
    }

    /// Connections and bytes so far.
    pub fn traffic(&self) -> (usize, u64) {
        (self.log.connections.load(Ordering::SeqCst), self.log.bytes.load(Ordering::SeqCst))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the upstream panicked");
        }
    }
}

async fn accept(listener: TcpListener, log: Arc<Log>, tls: Option<TlsAcceptor>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        log.connections.fetch_add(1, Ordering::SeqCst);
        let (log, tls) = (log.clone(), tls.clone());
        tokio::spawn(async move {
            let stream: Pin<Box<dyn Stream>> = match tls {
                None => Box::pin(stream),
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => Box::pin(stream),
                    Err(_) => return,
                },
            };
            // Whatever breaks here was meant to, or shows in the log.
            let _ = Conversation { stream, log, buffer: Vec::new() }.go_on().await;
        });
    }
}

trait Stream: AsyncRead + AsyncWrite + Send {
    fn reset(&self);
}

impl Stream for TcpStream {
    fn reset(&self) {
        socket2::SockRef::from(self).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

impl Stream for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(&self) {
        self.get_ref().0.reset();
    }
}

struct Conversation {
    stream: Pin<Box<dyn Stream>>,
    log: Arc<Log>,
    buffer: Vec<u8>,
}

impl Conversation {
    async fn go_on(mut self) -> io::Result<()> {
        loop {
            let Some(at) = self.head().await? else { return Ok(()) };
            let seen = self.log.requests.lock().unwrap()[at].clone();
            let answer = (self.log.script.lock().unwrap())(&seen);
            let outcome = self.follow(answer, at).await;
            let seen = |seen: &mut Seen| seen.aborted = !seen.complete;
            self.log.requests.lock().unwrap().get_mut(at).map(seen);
            if !outcome? {
                return Ok(());
            }
        }
    }

    /// Does as told; whether the connection goes on.
    async fn follow(&mut self, mut answer: Answer, at: usize) -> io::Result<bool> {
        while let Answer::Late(time, then) = answer {
            sleep(time).await;
            answer = *then;
        }
        match answer {
            Answer::Late(..) | Answer::Deaf => pending().await,
            Answer::Silent => {
                self.body(at).await?;
                self.until_closed().await
            }
            Answer::Reset => {
                self.stream.reset();
                Ok(false)
            }
            Answer::Early(status) => {
                self.write_head(status, &[], 0).await?;
                self.body(at).await?;
                self.until_closed().await
            }
            Answer::Whole(status, headers, body) => {
                self.body(at).await?;
                let is_head = self.log.requests.lock().unwrap().get(at).is_some_and(|seen| seen.method == "HEAD");
                self.write_head(status, &headers, body.len() as u64).await?;
                self.stream.write_all(if is_head { &[] } else { &body }).await?;
                Ok(true)
            }
            Answer::Stream(bytes) => self.part(at, bytes, bytes).await.map(|()| true),
            Answer::Broken(promised, sent) => self.part(at, promised, sent).await.map(|()| false),
            Answer::Stalled(promised, sent) => {
                self.part(at, promised, sent).await?;
                self.until_closed().await
            }
        }
    }

    async fn until_closed(&mut self) -> io::Result<bool> {
        while self.read().await? > 0 {
            self.buffer.clear();
        }
        Ok(false)
    }

    async fn part(&mut self, at: usize, promised: u64, sent: u64) -> io::Result<()> {
        self.body(at).await?;
        self.write_head(200, &[], promised).await?;
        let block = pattern(0, (64 << 10) + 251);
        let mut at = 0;
        while at < sent {
            let (start, bytes) = ((at % 251) as usize, (sent - at).min(64 << 10));
            self.stream.write_all(&block[start..start + bytes as usize]).await?;
            at += bytes;
            self.log.sent.store(at, Ordering::SeqCst);
        }
        self.stream.flush().await
    }

    async fn write_head(&mut self, status: u16, headers: &[(&str, String)], length: u64) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {status} As-Told\r\n");
        if status != 204 && status != 304 {
            head += &format!("content-length: {length}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.stream.write_all((head + "\r\n").as_bytes()).await
    }

    /// Reads a head and puts it into the log; its place there.
    async fn head(&mut self) -> io::Result<Option<usize>> {
        while find_head(&self.buffer).is_none() {
            if self.read().await? == 0 {
                return Ok(None);
            }
        }
        let end = find_head(&self.buffer).unwrap();
        let rest = self.buffer.split_off(end);
        let (line, headers) = parse_head(&std::mem::replace(&mut self.buffer, rest));
        let mut words = line.split(' ').map(str::to_owned);
        let seen = Seen { method: words.next().unwrap(), target: words.next().unwrap(), headers, ..Default::default() };
        let mut requests = self.log.requests.lock().unwrap();
        requests.push(seen);
        Ok(Some(requests.len() - 1))
    }

    /// Reads the body that was promised.
    async fn body(&mut self, at: usize) -> io::Result<()> {
        let length = self.log.requests.lock().unwrap().get(at).map_or(0, Seen::length);
        let mut got = 0;
        loop {
            let here = self.buffer.len().min(usize::try_from(length - got).unwrap_or(usize::MAX));
            got += here as u64;
            if let Some(seen) = self.log.requests.lock().unwrap().get_mut(at) {
                let kept = here.min(KEPT_BYTES_MAX - seen.body.len());
                seen.body.extend_from_slice(&self.buffer[..kept]);
                seen.body_bytes = got;
                seen.complete = got == length;
            }
            self.buffer.drain(..here);
            if got == length {
                return Ok(());
            }
            if self.read().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        self.buffer.reserve(64 << 10);
        let bytes = self.stream.read_buf(&mut self.buffer).await?;
        self.log.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
        Ok(bytes)
    }
}

/// Bytes that are made up: each place has its own, and places that are shifted have others.
pub fn pattern(from: u64, bytes: usize) -> Vec<u8> {
    let start = (from % 251) as usize;
    let round: Vec<u8> = (0..=250).collect();
    round.repeat(bytes / 251 + 2)[start..start + bytes].to_vec()
}

/// The request as a client would have to sign it.
impl From<&Seen> for Request {
    fn from(seen: &Seen) -> Self {
        Request {
            method: seen.method.clone(),
            target: seen.target.clone(),
            headers: seen.headers.clone(),
            body: seen.body.clone(),
        }
    }
}
