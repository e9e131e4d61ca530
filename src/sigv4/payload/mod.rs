//! Bodies, proven as they pass: the signed hash, signed chunks, checksums and trailers.
//!
//! A [`PayloadVerifier`] is fed the body as it arrives and hands on its content as it passes, without a copy. Only
//! [`PayloadVerifier::finish`] says that it all holds; until then whoever uses it keeps the last bytes back.
//!
//! Source: S3 API reference, "Signature calculations: transferring payload in multiple chunks" and "... trailing headers";
//! S3 user guide, "Checking object integrity".

mod checksum;
mod chunks;
mod error;
mod rule;
mod verifier;

pub use checksum::{Checksum, ChecksumAlgorithm};
pub use chunks::{ChunkKey, ChunkSeed};
pub use error::PayloadError;
pub use rule::{EMPTY_HASH, PayloadRule, Streaming};
pub use verifier::{Announced, PayloadVerifier, Verified, decoded_length};
