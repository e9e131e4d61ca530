//! A connection to a directory. Everything on it is awaited within the one deadline of the call.

use std::fmt;

use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{
    Encryption, Refusal, Settings,
    ber::{LENGTH_BYTES_MAX, SEQUENCE, length, length_bytes},
    message::{self, Answer, Entry, Outcome, SIZE_LIMIT, SUCCESS, Search},
};

/// The longest message that is read, in bytes. An entry with one attribute has some hundred.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// The most that is read for one call, in bytes: 1,000 groups with names of 1,000 bytes each.
const BYTES_MAX: usize = 1024 * 1024;

/// An open connection.
pub struct Connection {
    stream: Box<dyn Stream>,
    /// The id of the last message.
    id: u32,
    /// How much is still read of it, in bytes.
    bytes_left: usize,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a search finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In the order in which the directory tells.
    pub entries: Vec<Entry>,
    /// Whether there are more than were asked for.
    pub is_cut: bool,
}

impl Connection {
    /// Connects, and speaks TLS unless the configuration lets it be. There is no way back to plain text.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Refusal> {
        let stream = TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(away)?;
        let mut plain = Self::over(stream);
        match settings.encryption {
            Encryption::None => return Ok(plain),
            Encryption::StartTls => plain.start_tls().await?,
            Encryption::Tls => {}
        }
        let name =
            ServerName::try_from(settings.host.clone()).map_err(|_| away("its host is no name that tls can check"))?;
        // Nothing but the answer was read: what somebody else put behind it is taken for a part of the handshake, which it
        // breaks.
        let connector = TlsConnector::from(settings.tls.clone());
        let stream = connector.connect(name, plain.stream).await.map_err(away)?;
        Ok(Self { stream: Box::new(stream), ..plain })
    }

    /// A conversation that begins, over any stream.
    pub fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), id: 0, bytes_left: BYTES_MAX }
    }

    async fn start_tls(&mut self) -> Result<(), Refusal> {
        let id = self.next();
        self.send(&message::start_tls(id)).await?;
        match self.answer().await? {
            Answer::Extended(Outcome { code: SUCCESS, .. }) => Ok(()),
            Answer::Extended(Outcome { code, message }) => {
                Err(away(format_args!("it refuses StartTLS with code {code} {message}")))
            }
            _ => Err(garbled()),
        }
    }

    /// Binds. Without a name or without a password a directory binds nobody and says that all is well (RFC 4513, section
    /// 5.1): neither is sent.
    ///
    /// # Errors
    /// The directory does not answer, or not to this.
    pub async fn bind(&mut self, dn: &str, password: &str) -> Result<Outcome, Refusal> {
        if dn.is_empty() {
            return Err(Refusal::NoName);
        }
        if password.is_empty() {
            return Err(Refusal::NoPassword);
        }
        let id = self.next();
        self.send(&message::bind(id, dn, password)).await?;
        match self.answer().await? {
            Answer::Bound(outcome) => Ok(outcome),
            _ => Err(garbled()),
        }
    }

    /// Searches. What other directories may know is not asked for.
    ///
    /// # Errors
    /// The directory does not answer, or not to this; there is nothing to search below.
    pub async fn search(&mut self, search: &Search<'_>) -> Result<Found, Refusal> {
        let id = self.next();
        self.send(&message::search(id, search)).await?;
        let mut found = Found { entries: Vec::new(), is_cut: false };
        loop {
            match self.answer().await? {
                // A directory that does not heed the limit is not listened to for longer.
                Answer::Found(_) if found.entries.len() >= search.entries_max as usize => {
                    return Ok(Found { is_cut: true, ..found });
                }
                Answer::Found(entry) => found.entries.push(entry),
                Answer::Elsewhere => {}
                Answer::Done(Outcome { code: SUCCESS, .. }) => return Ok(found),
                Answer::Done(Outcome { code: SIZE_LIMIT, .. }) => return Ok(Found { is_cut: true, ..found }),
                Answer::Done(Outcome { code: message::NO_SUCH_OBJECT, .. }) => {
                    return Err(Refusal::Misconfigured(format!("there is no entry `{}` to search below", search.base)));
                }
                Answer::Done(outcome) => {
                    return Err(away(format_args!("its search fails with code {} {}", outcome.code, outcome.message)));
                }
                _ => return Err(garbled()),
            }
        }
    }

    /// Takes leave. The directory does not answer.
    pub(super) async fn close(mut self) {
        let id = self.next();
        if self.send(&message::unbind(id)).await.is_ok() {
            let _ = self.stream.shutdown().await;
        }
    }

    fn next(&mut self) -> u32 {
        self.id += 1;
        self.id
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.stream.write_all(bytes).await.map_err(away)?;
        self.stream.flush().await.map_err(away)
    }

    async fn answer(&mut self) -> Result<Answer, Refusal> {
        let content = self.read().await?;
        message::answer(&content, self.id).ok_or_else(garbled)
    }

    /// Reads one message, and no byte more.
    async fn read(&mut self) -> Result<Vec<u8>, Refusal> {
        let mut start = [0; 2];
        self.stream.read_exact(&mut start).await.map_err(away)?;
        let [tag, first] = start;
        let mut behind = [0; LENGTH_BYTES_MAX];
        let behind = length_bytes(first).and_then(|bytes| behind.get_mut(..bytes)).ok_or_else(garbled)?;
        self.stream.read_exact(behind).await.map_err(away)?;
        let length = length(first, behind);
        if tag != SEQUENCE || length > MESSAGE_BYTES_MAX {
            return Err(garbled());
        }
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or_else(|| away("it answers more than 1 MiB"))?;
        let mut content = vec![0; length];
        self.stream.read_exact(&mut content).await.map_err(away)?;
        Ok(content)
    }
}

fn away(error: impl fmt::Display) -> Refusal {
    Refusal::Unreachable(error.to_string())
}

fn garbled() -> Refusal {
    Refusal::Unreachable("it answers what is no answer of LDAP".into())
}
