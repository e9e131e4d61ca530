//! The `aws-chunked` framing: `size;chunk-signature=...\r\n` data `\r\n` ... `0...\r\n` trailers `\r\n`.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use bytes::Bytes;
use data_encoding::HEXLOWER;

use super::{
    error::PayloadError,
    rule::{EMPTY_HASH, Streaming},
};
use crate::sigv4::{SigningKey, VerifyingKey};

/// The longest line of a chunk's head, in bytes: a size, and an ECDSA signature of 144 characters.
const HEAD_BYTES_MAX: usize = 256;

/// All trailers together, in bytes.
const TRAILER_BYTES_MAX: usize = 2048;

/// Chunks other than the last have at least so many bytes, if they are signed.
const CHUNK_BYTES_MIN: u64 = 8192;

/// What the first chunk's signature follows from.
#[derive(Clone)]
pub struct ChunkSeed {
    /// The key that signs chunks.
    pub key: ChunkKey,
    /// `20130524T000000Z`.
    pub date: Box<str>,
    /// `20130524/us-east-1/s3/aws4_request`.
    pub scope: Box<str>,
    /// The signature of the request.
    pub signature: Box<str>,
}

/// The keys that sign chunks.
#[derive(Clone)]
pub enum ChunkKey {
    /// SigV4.
    Hmac(Arc<SigningKey>),
    /// SigV4A.
    Ecdsa(Arc<VerifyingKey>),
}

/// Takes the framing off.
pub(super) struct ChunkDecoder {
    form: Streaming,
    seed: Option<ChunkSeed>,
    state: State,
    line: Vec<u8>,
    hash: Option<Context>,
    claimed: String,
    last_was_short: bool,
    trailers: Vec<(String, String)>,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Data(u64),
    DataEnd,
    Trailers,
    Done,
    Broken,
}

impl ChunkDecoder {
    pub(super) fn new(form: Streaming, seed: Option<ChunkSeed>) -> Self {
        Self {
            form,
            seed: seed.filter(|_| form.signs_chunks()),
            state: State::Head,
            line: Vec::new(),
            hash: None,
            claimed: String::new(),
            last_was_short: false,
            trailers: Vec::new(),
            trailer_bytes: 0,
        }
    }

    /// Takes more of the body and hands its content on. After an error there is no way to a good end.
    pub(super) fn push(&mut self, input: Bytes, emit: &mut impl FnMut(Bytes)) -> Result<(), PayloadError> {
        let outcome = self.advance(input, emit);
        if outcome.is_err() {
            self.state = State::Broken;
        }
        outcome
    }

    fn advance(&mut self, mut input: Bytes, emit: &mut impl FnMut(Bytes)) -> Result<(), PayloadError> {
        while !input.is_empty() {
            match self.state {
                State::Data(remaining) => {
                    let here = input.len().min(usize::try_from(remaining).unwrap_or(usize::MAX));
                    let data = input.split_to(here);
                    if let Some(hash) = &mut self.hash {
                        hash.update(&data);
                    }
                    let remaining = remaining - here as u64;
                    emit(data);
                    self.state = State::Data(remaining);
                    if remaining == 0 {
                        self.end_of_data()?;
                    }
                }
                State::Done => return Err(PayloadError::Framing("bytes after the end")),
                State::Broken => return Err(PayloadError::Framing("bytes after an error")),
                State::Head | State::DataEnd | State::Trailers => {
                    if let Some(line) = self.take_line(&mut input)? {
                        self.line(&line)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The trailers, if the framing has come to its end.
    pub(super) fn finish(self) -> Result<Vec<(String, String)>, PayloadError> {
        match self.state {
            State::Done => Ok(self.trailers),
            _ => Err(PayloadError::Framing("the body ends before its last chunk")),
        }
    }

    /// A line without its end, once it is here whole. Trailers may have a further LF before their CR LF, as MinIO's Go
    /// client writes them: it belongs to the blanks around the value.
    fn take_line(&mut self, input: &mut Bytes) -> Result<Option<Vec<u8>>, PayloadError> {
        let end = memchr::memchr(b'\n', input).map(|at| at + 1);
        let part = input.split_to(end.unwrap_or(input.len()));
        self.line.extend_from_slice(&part);
        let bytes_max = if self.state == State::Trailers { TRAILER_BYTES_MAX } else { HEAD_BYTES_MAX };
        if self.line.len() > bytes_max {
            return Err(PayloadError::Framing("a line is too long"));
        }
        if end.is_none() {
            return Ok(None);
        }
        if !self.line.ends_with(b"\r\n") {
            return match self.state {
                State::Trailers => Ok(None),
                _ => Err(PayloadError::Framing("a line does not end in CR LF")),
            };
        }
        let mut line = std::mem::take(&mut self.line);
        line.truncate(line.len().saturating_sub(2));
        Ok(Some(line))
    }

    fn line(&mut self, line: &[u8]) -> Result<(), PayloadError> {
        match self.state {
            State::DataEnd if line.is_empty() => {
                self.state = State::Head;
                Ok(())
            }
            State::DataEnd => Err(PayloadError::Framing("a chunk is longer than its size")),
            State::Head => self.head(line),
            State::Trailers if line.is_empty() => self.end_of_trailers(),
            _ => self.trailer(line),
        }
    }

    fn head(&mut self, line: &[u8]) -> Result<(), PayloadError> {
        let text = str::from_utf8(line).map_err(|_| PayloadError::Framing("a chunk's head is not ASCII"))?;
        let (size, extension) = text.split_once(';').map_or((text, None), |(size, rest)| (size, Some(rest)));
        let is_hex = !size.is_empty() && size.len() <= 15 && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = u64::from_str_radix(size, 16).ok().filter(|_| is_hex);
        let size = size.ok_or(PayloadError::Framing("a chunk's size is not hexadecimal"))?;
        self.claimed = match (self.form.signs_chunks(), extension) {
            (true, Some(extension)) => {
                extension.strip_prefix("chunk-signature=").ok_or(PayloadError::SignatureMismatch)?.to_owned()
            }
            (true, None) => return Err(PayloadError::SignatureMismatch),
            (false, None) => String::new(),
            (false, Some(_)) => return Err(PayloadError::Framing("a chunk extension where none may be")),
        };
        if self.form.signs_chunks() {
            if size > 0 && self.last_was_short {
                return Err(PayloadError::ChunkTooSmall);
            }
            self.last_was_short = size < CHUNK_BYTES_MIN;
            self.hash = Some(Context::new(&SHA256));
        }
        if size > 0 {
            self.state = State::Data(size);
            return Ok(());
        }
        self.check_chunk()?;
        self.state = State::Trailers;
        Ok(())
    }

    fn end_of_data(&mut self) -> Result<(), PayloadError> {
        self.check_chunk()?;
        self.state = State::DataEnd;
        Ok(())
    }

    fn check_chunk(&mut self) -> Result<(), PayloadError> {
        let Some(hash) = self.hash.take() else { return Ok(()) };
        let hash = HEXLOWER.encode(hash.finish().as_ref());
        let claimed = std::mem::take(&mut self.claimed);
        self.check_signature("PAYLOAD", &[EMPTY_HASH, &hash], claimed)
    }

    fn check_signature(&mut self, what: &str, hashes: &[&str], claimed: String) -> Result<(), PayloadError> {
        let Some(seed) = &mut self.seed else { return Err(PayloadError::SignatureMismatch) };
        let algorithm = if self.form.is_ecdsa() { "AWS4-ECDSA-P256-SHA256" } else { "AWS4-HMAC-SHA256" };
        let mut text = [algorithm, "-", what, "\n", &seed.date, "\n", &seed.scope, "\n", &seed.signature].concat();
        for hash in hashes {
            text.push('\n');
            text.push_str(hash);
        }
        // SigV4A's signatures differ in length and are filled up, so that all chunks have the same overhead.
        let signature = claimed.trim_end_matches('*');
        let holds = match &seed.key {
            ChunkKey::Hmac(key) => !self.form.is_ecdsa() && key.verify(text.as_bytes(), &claimed),
            ChunkKey::Ecdsa(key) => self.form.is_ecdsa() && key.verify(text.as_bytes(), signature),
        };
        if !holds {
            return Err(PayloadError::SignatureMismatch);
        }
        seed.signature = signature.into();
        Ok(())
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), PayloadError> {
        if !self.form.has_trailer() {
            return Err(PayloadError::Trailer("a trailer where none may be"));
        }
        self.trailer_bytes += line.len() + 2;
        if self.trailer_bytes > TRAILER_BYTES_MAX {
            return Err(PayloadError::Trailer("the trailers are too long"));
        }
        let text = str::from_utf8(line).map_err(|_| PayloadError::Trailer("a trailer is not ASCII"))?;
        let (name, value) = text.split_once(':').ok_or(PayloadError::Trailer("a trailer without a colon"))?;
        let name = name.trim().to_ascii_lowercase();
        if self.trailers.iter().any(|(known, _)| *known == name) {
            return Err(PayloadError::Trailer("a trailer stands twice"));
        }
        self.trailers.push((name, value.trim().to_owned()));
        Ok(())
    }

    fn end_of_trailers(&mut self) -> Result<(), PayloadError> {
        self.state = State::Done;
        if !(self.form.has_trailer() && self.form.signs_chunks()) {
            return Ok(());
        }
        let at = self.trailers.iter().position(|(name, _)| name == "x-amz-trailer-signature");
        let (_, claimed) = self.trailers.remove(at.ok_or(PayloadError::SignatureMismatch)?);
        let block: String = self.trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let hash = HEXLOWER.encode(digest(&SHA256, block.as_bytes()).as_ref());
        self.check_signature("TRAILER", &[&hash], claimed)
    }
}
