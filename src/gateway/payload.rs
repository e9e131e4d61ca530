//! A client's body: as a stream or whole, and what was promised about it.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::{
    body::{ClientBody, TooLarge, UploadBody, Uploaded, buffer, request_timeout},
    read::Received,
};
use crate::{
    base::Fault,
    sigv4::payload::{Announced, ChunkSeed, PayloadRule, PayloadVerifier},
};

/// A body, before or after it was read.
pub enum Arriving {
    /// Still to come.
    Stream(ClientBody),
    /// Here, and proven: the signature holds its hash.
    Proven(Bytes),
}

/// What the signature promised about a body.
pub struct Promise {
    /// The promise.
    pub rule: PayloadRule,
    /// What chunk signatures follow from.
    pub seed: Option<ChunkSeed>,
}

/// Checksums by the header that carries them, in base 64.
pub type Checksums = Vec<(&'static str, String)>;

/// Bounds on reading a body.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The most bytes that are held in memory.
    pub bytes_max: usize,
    /// The longest wait for the whole of a body that is held in memory.
    pub time_max: Duration,
}

impl Promise {
    fn verifier(&self, received: &Received, checksums_are_of_body: bool) -> Result<PayloadVerifier, Fault> {
        let announced = Announced {
            headers: &received.parts.headers,
            content_length: received.content_length,
            checksums_are_of_body,
        };
        Ok(PayloadVerifier::new(&self.rule, announced, self.seed.clone())?)
    }

    /// The hash that was signed, which holds upstream as well.
    pub fn hash(&self) -> Option<Box<str>> {
        match &self.rule {
            PayloadRule::Hash(hash) => Some(hash.clone()),
            _ => None,
        }
    }

    /// Reads a body whole and proves it.
    pub async fn whole(
        &self,
        received: &Received,
        body: Arriving,
        bounds: Bounds,
        checksums_are_of_body: bool,
    ) -> Result<Bytes, Fault> {
        self.proven(received, body, bounds, checksums_are_of_body).await.map(|(bytes, _)| bytes)
    }

    /// The same, with the checksums that were proven on the way.
    pub async fn proven(
        &self,
        received: &Received,
        body: Arriving,
        bounds: Bounds,
        checksums_are_of_body: bool,
    ) -> Result<(Bytes, Checksums), Fault> {
        let raw = match body {
            Arriving::Proven(bytes) => bytes,
            Arriving::Stream(body) => collect(body, bounds).await?,
        };
        let mut verifier = self.verifier(received, checksums_are_of_body)?;
        let (mut first, mut rest) = (Bytes::new(), Vec::new());
        let mut emit = |data: Bytes| {
            if first.is_empty() && rest.is_empty() {
                first = data;
            } else {
                if rest.is_empty() {
                    rest.extend_from_slice(&first);
                }
                rest.extend_from_slice(&data);
            }
        };
        verifier.push(raw, &mut emit)?;
        let checksums = verifier.finish()?.checksums;
        Ok((if rest.is_empty() { first } else { rest.into() }, checksums))
    }

    /// Lets a body pass while it is proven. The length has to be known: it is promised to the upstream.
    pub fn streaming(&self, received: &Received, body: ClientBody) -> Result<(UploadBody, Uploaded), Fault> {
        let verifier = self.verifier(received, true)?;
        let length = verifier.length().ok_or_else(missing_length)?;
        Ok(UploadBody::proving(body, verifier, length))
    }

    /// How many bytes the content has; `None` if that is not told.
    pub fn content_bytes(&self, received: &Received) -> Option<u64> {
        match self.rule {
            PayloadRule::Streaming(_) => crate::sigv4::payload::decoded_length(&received.parts.headers),
            _ => received.content_length,
        }
    }
}

/// Reads a body within its bounds.
pub async fn collect(body: ClientBody, bounds: Bounds) -> Result<Bytes, Fault> {
    match timeout(bounds.time_max, buffer(body, bounds.bytes_max)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(TooLarge))) => Err(Fault::new(400, "MaxMessageLengthExceeded", "Your request was too big.")
            .with("MaxMessageLengthBytes", bounds.bytes_max.to_string())),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(request_timeout()),
    }
}

/// S3's answer to an upload of unknown length.
pub fn missing_length() -> Fault {
    Fault::new(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
}
