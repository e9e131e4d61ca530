//! The checksums of S3's integrity headers.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use crc_fast::{CrcAlgorithm, Digest};
use data_encoding::BASE64;

/// The algorithms that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO-HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

const HEADERS: [(&str, ChecksumAlgorithm); 5] = [
    ("x-amz-checksum-crc32", ChecksumAlgorithm::Crc32),
    ("x-amz-checksum-crc32c", ChecksumAlgorithm::Crc32c),
    ("x-amz-checksum-crc64nvme", ChecksumAlgorithm::Crc64Nvme),
    ("x-amz-checksum-sha1", ChecksumAlgorithm::Sha1),
    ("x-amz-checksum-sha256", ChecksumAlgorithm::Sha256),
];

impl ChecksumAlgorithm {
    /// The algorithm of a header, named in lower case.
    pub fn of_header(name: &str) -> Option<Self> {
        HEADERS.iter().find(|(header, _)| *header == name).map(|(_, algorithm)| *algorithm)
    }

    /// The header that carries its value.
    pub fn header(self) -> &'static str {
        HEADERS.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(header, _)| header)
    }

    /// How many bytes its value has.
    pub fn value_bytes(self) -> usize {
        match self {
            ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => 4,
            ChecksumAlgorithm::Crc64Nvme => 8,
            ChecksumAlgorithm::Sha1 => 20,
            ChecksumAlgorithm::Sha256 => 32,
        }
    }
}

/// A checksum that is being computed.
pub struct Checksum {
    algorithm: ChecksumAlgorithm,
    state: State,
}

enum State {
    Crc(Box<Digest>),
    Sha(Context),
}

impl Checksum {
    /// Of no bytes yet.
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        let crc = |algorithm| State::Crc(Box::new(Digest::new(algorithm)));
        let state = match algorithm {
            ChecksumAlgorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            ChecksumAlgorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            ChecksumAlgorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            ChecksumAlgorithm::Sha1 => State::Sha(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            ChecksumAlgorithm::Sha256 => State::Sha(Context::new(&SHA256)),
        };
        Self { algorithm, state }
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// Takes more bytes in.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(data),
            State::Sha(context) => context.update(data),
        }
    }

    /// The value in base 64, as headers carry it.
    pub fn finish(self) -> String {
        match self.state {
            State::Crc(digest) => {
                let value = digest.finalize().to_be_bytes();
                BASE64.encode(value.get(8 - self.algorithm.value_bytes()..).unwrap_or_default())
            }
            State::Sha(context) => BASE64.encode(context.finish().as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // The check values of the catalogue of CRC algorithms for `123456789`, and those of FIPS 180.
        let cases = [
            (ChecksumAlgorithm::Crc32, "cbf43926"),
            (ChecksumAlgorithm::Crc32c, "e3069283"),
            (ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888"),
            (ChecksumAlgorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (ChecksumAlgorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ];
        for (algorithm, expected) in cases {
            let mut checksum = Checksum::new(algorithm);
            checksum.update(b"1234");
            checksum.update(b"56789");
            let value = BASE64.decode(checksum.finish().as_bytes()).unwrap();
            assert_eq!(data_encoding::HEXLOWER.encode(&value), expected, "{algorithm:?}");
            assert_eq!(value.len(), algorithm.value_bytes());
            assert_eq!(ChecksumAlgorithm::of_header(algorithm.header()), Some(algorithm));
        }
    }
}
