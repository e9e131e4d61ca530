//! `aws-chunked` bodies, as the SDKs frame, sign and end them.

use super::{client::Request, gateway::Gateway, signer::Signer};

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Signed,
    SignedTrailer,
    UnsignedTrailer,
}

/// The part that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// A byte of the last chunk is another.
    LastChunk,
    /// A byte of the first chunk is another.
    FirstChunk,
    /// The checksum in the trailer is another.
    Checksum,
    /// The trailer's signature is another.
    TrailerSignature,
    /// The announced trailer is missing.
    NoTrailer,
    /// The last chunk is missing, and what follows.
    Short,
    /// There is more than was announced.
    Long,
}

impl Framing {
    fn payload(self) -> &'static str {
        match self {
            Framing::Signed => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Framing::SignedTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Framing::UnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }
}

const CHUNK_BYTES: usize = 16 << 10;

/// A signed upload of `content` in this framing, with a CRC-32 in its trailer.
pub fn upload(gateway: &Gateway, signer: &Signer, content: &[u8], framing: Framing, flaw: Flaw) -> Request {
    let signer = signer.clone().payload(framing.payload());
    let announced = if flaw == Flaw::Long { content.len() - 1 } else { content.len() };
    let mut request = Request::new("PUT", "/photos/a")
        .header("content-encoding", "aws-chunked,gzip")
        .header("x-amz-decoded-content-length", announced.to_string());
    if framing != Framing::Signed {
        request = request.header("x-amz-trailer", "x-amz-checksum-crc32");
    }
    let mut request = gateway.addressed(request);
    let seed = signer.sign(&mut request);
    request.body = frame(&signer, seed, content, framing, flaw);
    request
}

fn frame(signer: &Signer, seed: String, content: &[u8], framing: Framing, flaw: Flaw) -> Vec<u8> {
    let mut previous = seed;
    let mut body = Vec::new();
    let chunks: Vec<&[u8]> = content.chunks(CHUNK_BYTES).chain([&[][..]]).collect();
    for (at, chunk) in chunks.iter().enumerate() {
        let is_last = at + 1 == chunks.len();
        if is_last && flaw == Flaw::Short {
            return body;
        }
        body.extend_from_slice(format!("{:x}", chunk.len()).as_bytes());
        if framing != Framing::UnsignedTrailer {
            let text = to_sign(signer, "PAYLOAD", &previous, &[sha256(b""), sha256(chunk)]);
            previous = signer.sign_text(&text);
            body.extend_from_slice(format!(";chunk-signature={previous}").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        let start = body.len();
        body.extend_from_slice(chunk);
        if flaw == Flaw::FirstChunk && at == 0 || flaw == Flaw::LastChunk && at + 2 == chunks.len() {
            body[start] ^= 1;
        }
        if !is_last {
            body.extend_from_slice(b"\r\n");
        }
    }
    if framing != Framing::Signed && flaw != Flaw::NoTrailer {
        let checked = if flaw == Flaw::Checksum { b"other" } else { content };
        body.extend_from_slice(trailer(signer, &previous, checked, framing, flaw).as_bytes());
    }
    body.extend_from_slice(b"\r\n");
    body
}

fn trailer(signer: &Signer, previous: &str, content: &[u8], framing: Framing, flaw: Flaw) -> String {
    let line = format!("x-amz-checksum-crc32:{}", crc32(content));
    let mut trailer = format!("{line}\r\n");
    if framing == Framing::SignedTrailer {
        let signed = if flaw == Flaw::TrailerSignature { "other\n".to_owned() } else { format!("{line}\n") };
        let text = to_sign(signer, "TRAILER", previous, &[sha256(signed.as_bytes())]);
        trailer += &format!("x-amz-trailer-signature:{}\r\n", signer.sign_text(&text));
    }
    trailer
}

fn to_sign(signer: &Signer, what: &str, previous: &str, hashes: &[String]) -> String {
    format!("AWS4-HMAC-SHA256-{what}\n{}\n{}\n{previous}\n{}", signer.date(), signer.scope(), hashes.join("\n"))
}

/// In hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

/// In base 64, as headers carry it.
pub fn crc32(bytes: &[u8]) -> String {
    let value = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes) as u32;
    data_encoding::BASE64.encode(&value.to_be_bytes())
}
