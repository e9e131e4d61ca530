//! Why a body is refused.

use crate::base::Fault;

/// Why a body is refused. Its bytes must not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadError {
    /// The hash is another: signed, computed.
    HashMismatch(String, String),
    /// A chunk's or the trailer's signature is another.
    SignatureMismatch,
    /// A checksum is another: the header's name.
    ChecksumMismatch(String),
    /// The MD5 is another.
    Md5Mismatch,
    /// `Content-MD5` is not 16 bytes in base 64.
    Md5Invalid,
    /// A checksum header that is not one: its name.
    ChecksumInvalid(String),
    /// More than one checksum, or one that is not known.
    ChecksumsUnclear(String),
    /// The body has another length than was said.
    Length,
    /// The framing cannot be read.
    Framing(&'static str),
    /// A chunk other than the last is shorter than 8 KiB.
    ChunkTooSmall,
    /// The trailer is not the one that was announced.
    Trailer(&'static str),
    /// `x-amz-decoded-content-length` is missing or no number.
    NoDecodedLength,
}

impl From<PayloadError> for Fault {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::HashMismatch(signed, computed) => Fault::new(
                400,
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
            .with("ClientComputedContentSHA256", signed)
            .with("S3ComputedContentSHA256", computed),
            PayloadError::SignatureMismatch => Fault::new(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method.",
            )
            .because("the signature of a chunk or of the trailer"),
            PayloadError::ChecksumMismatch(name) => {
                let algorithm = name.rsplit('-').next().unwrap_or_default().to_ascii_uppercase();
                Fault::new(
                    400,
                    "BadDigest",
                    format!("The {algorithm} you specified did not match the calculated checksum."),
                )
            }
            PayloadError::Md5Mismatch => {
                Fault::new(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
            }
            PayloadError::Md5Invalid => Fault::new(400, "InvalidDigest", "The Content-MD5 you specified is not valid."),
            PayloadError::ChecksumInvalid(name) => {
                Fault::new(400, "InvalidRequest", format!("Value for {name} header is invalid."))
            }
            PayloadError::ChecksumsUnclear(detail) => Fault::new(
                400,
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            )
            .because(detail),
            PayloadError::Length => Fault::new(
                400,
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header",
            ),
            PayloadError::Framing(detail) => {
                Fault::new(400, "IncompleteBody", "The request body terminated unexpectedly").because(detail)
            }
            PayloadError::ChunkTooSmall => Fault::new(
                403,
                "InvalidChunkSizeError",
                "Only the last chunk is allowed to have a size less than 8192 bytes",
            ),
            PayloadError::Trailer(detail) => Fault::new(
                400,
                "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform to our published schema.",
            )
            .because(detail),
            PayloadError::NoDecodedLength => {
                Fault::new(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
                    .because("x-amz-decoded-content-length")
            }
        }
    }
}
