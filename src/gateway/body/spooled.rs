//! A body of unknown length that has to be known before it may be sent on: small ones stay in memory, long ones wait in
//! an unnamed temporary file.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::BodyError;

/// How much stays in memory, in bytes.
const MEMORY_BYTES_MAX: usize = 1 << 20;

/// How much is read from the file at once, in bytes.
const READ_BYTES: usize = 64 << 10;

/// A body that is being collected.
#[derive(Default)]
pub struct Spooled {
    memory: BytesMut,
    file: Option<File>,
    length: u64,
}

impl Spooled {
    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Takes more of the body. Fails if the temporary file cannot be made or the disk is full.
    pub async fn push(&mut self, data: &[u8]) -> io::Result<()> {
        self.length += data.len() as u64;
        self.memory.extend_from_slice(data);
        if self.memory.len() <= MEMORY_BYTES_MAX {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::from_std(tempfile::tempfile()?)),
        };
        file.write_all(&self.memory).await?;
        self.memory.clear();
        Ok(())
    }

    /// The whole body, to be read once.
    pub async fn into_body(mut self) -> io::Result<UnsyncBoxBody<Bytes, BodyError>> {
        let Some(mut file) = self.file else {
            return Ok(http_body_util::Full::new(self.memory.freeze()).map_err(|never| match never {}).boxed_unsync());
        };
        file.write_all(&self.memory).await?;
        self.memory = BytesMut::new();
        file.flush().await?;
        file.rewind().await?;
        let frames = unfold(file, |mut file| async {
            let mut data = BytesMut::with_capacity(READ_BYTES);
            match file.read_buf(&mut data).await {
                Ok(0) => None,
                Ok(_) => Some((Ok(Frame::data(data.freeze())), file)),
                Err(error) => Some((Err(BodyError::from(error)), file)),
            }
        });
        Ok(StreamBody::new(frames).boxed_unsync())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_in_comes_out() {
        for length in [0, 1, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX + 1, 3 * MEMORY_BYTES_MAX + 7] {
            let sent: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut spooled = Spooled::default();
            for part in sent.chunks(100_000) {
                spooled.push(part).await.unwrap();
            }
            assert_eq!(spooled.length(), length as u64);
            let body = spooled.into_body().await.unwrap();
            assert!(body.collect().await.unwrap().to_bytes() == sent, "{length}");
        }
    }
}
