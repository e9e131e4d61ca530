//! The canonical request and the string to sign.
//! Source: IAM user guide, "Create a signed AWS API request".

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use smallvec::SmallVec;

use super::{
    escape::{BadEscape, decoded, push_encoded},
    refusal::Refusal,
};
use crate::base::Head;

/// How the path becomes the canonical URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRule {
    /// S3: escapes are read and written once, nothing is removed.
    S3,
    /// Every other service: dot segments and repeated slashes are removed, what is left is escaped again.
    Normalized,
    /// Every other service, but the path is taken as it is before it is escaped again (an option of some signers).
    Unnormalized,
}

impl PathRule {
    /// The rule of a service, by its signing name.
    pub fn of(service: &str) -> Self {
        match service {
            "s3" | "s3-outposts" | "s3-object-lambda" | "s3express" => PathRule::S3,
            _ => PathRule::Normalized,
        }
    }
}

/// Writes the canonical request of a head: everything up to and with the payload line.
pub fn canonical_request(
    head: &Head<'_>,
    rule: PathRule,
    signed_headers: &str,
    payload: &str,
) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(512 + head.path.len() + head.query.len());
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b'\n');
    push_path(&mut out, head.path, rule)?;
    out.push(b'\n');
    push_query(&mut out, head.query)?;
    out.push(b'\n');
    for name in signed_headers.split(';') {
        push_header(&mut out, head, name)?;
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload.as_bytes());
    Ok(out)
}

/// The string to sign of a canonical request. `date` is the basic ISO form, `scope` goes without the access key id.
pub fn string_to_sign(algorithm: &str, date: &str, scope: &str, canonical_request: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, canonical_request);
    let mut out = Vec::with_capacity(algorithm.len() + date.len() + scope.len() + 67);
    for line in [algorithm, date, scope] {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    let mut hex = [0; 64];
    HEXLOWER.encode_mut(hash.as_ref(), &mut hex);
    out.extend_from_slice(&hex);
    out
}

fn push_path(out: &mut Vec<u8>, path: &str, rule: PathRule) -> Result<(), Refusal> {
    let segments = match rule {
        PathRule::S3 => {
            for byte in decoded(path.as_bytes()) {
                match byte.map_err(Refusal::BadEscape)? {
                    b'/' => out.push(b'/'),
                    byte => push_encoded(out, byte),
                }
            }
            return Ok(());
        }
        PathRule::Unnormalized => {
            push_raw_path(out, path);
            return Ok(());
        }
        PathRule::Normalized => without_dots(path)?,
    };
    for segment in &segments {
        out.push(b'/');
        push_raw_path(out, segment);
    }
    let ends_in_directory = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    if segments.is_empty() || ends_in_directory {
        out.push(b'/');
    }
    Ok(())
}

/// Escapes a raw path again: its escapes become `%25XX`.
fn push_raw_path(out: &mut Vec<u8>, path: &str) {
    for byte in path.bytes() {
        match byte {
            b'/' => out.push(b'/'),
            byte => push_encoded(out, byte),
        }
    }
}

/// The segments of a path after RFC 3986, section 5.2.4, without empty ones. Going above the root is refused.
fn without_dots(path: &str) -> Result<SmallVec<[&str; 16]>, Refusal> {
    let mut segments = SmallVec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop().ok_or(Refusal::AboveRoot)?;
            }
            segment => segments.push(segment),
        }
    }
    Ok(segments)
}

/// A query parameter, written: where its name and its value stand in the scratch.
type Pair = (usize, usize, usize);

fn push_query(out: &mut Vec<u8>, query: &str) -> Result<(), Refusal> {
    if query.is_empty() {
        return Ok(());
    }
    let mut scratch = Vec::with_capacity(query.len() + 16);
    let mut pairs: SmallVec<[Pair; 16]> = SmallVec::new();
    for piece in query.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let start = scratch.len();
        push_component(&mut scratch, name)?;
        let middle = scratch.len();
        push_component(&mut scratch, value)?;
        pairs.push((start, middle, scratch.len()));
    }
    let part = |from: usize, to: usize| scratch.get(from..to).unwrap_or_default();
    pairs.sort_by(|a, b| (part(a.0, a.1), part(a.1, a.2)).cmp(&(part(b.0, b.1), part(b.1, b.2))));
    let mut first = true;
    for (start, middle, end) in pairs {
        if part(start, middle) == b"X-Amz-Signature" {
            continue;
        }
        if !first {
            out.push(b'&');
        }
        first = false;
        out.extend_from_slice(part(start, middle));
        out.push(b'=');
        out.extend_from_slice(part(middle, end));
    }
    Ok(())
}

/// Reads escapes once and writes them again; a raw `+` counts as a space, as other S3 servers have it.
fn push_component(out: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
    if text.bytes().all(super::escape::is_unreserved) {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let mut bytes = text.as_bytes();
    while let Some((&byte, rest)) = bytes.split_first() {
        match byte {
            b'+' => {
                out.extend_from_slice(b"%20");
                bytes = rest;
            }
            b'%' => {
                let (escape, after) = bytes.split_at_checked(3).ok_or(Refusal::BadEscape(BadEscape::Incomplete))?;
                for byte in decoded(escape) {
                    push_encoded(out, byte.map_err(Refusal::BadEscape)?);
                }
                bytes = after;
            }
            byte => {
                push_encoded(out, byte);
                bytes = rest;
            }
        }
    }
    Ok(())
}

/// `name:value,value\n`, values trimmed and runs of blanks made one.
fn push_header(out: &mut Vec<u8>, head: &Head<'_>, name: &str) -> Result<(), Refusal> {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    if name == "host" || name == ":authority" {
        out.extend_from_slice(head.host.as_bytes());
        out.push(b'\n');
        return Ok(());
    }
    let mut values = head.headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Err(Refusal::SignedHeaderMissing(name.to_owned()));
    }
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_trimmed(out, value.as_bytes());
    }
    out.push(b'\n');
    Ok(())
}

fn push_trimmed(out: &mut Vec<u8>, value: &[u8]) {
    let value = value.trim_ascii();
    // Few have blanks inside, and a session token is long.
    if memchr::memchr2(b' ', b'\t', value).is_none() {
        return out.extend_from_slice(value);
    }
    let mut blank = false;
    for &byte in value {
        let is_blank = byte == b' ' || byte == b'\t';
        if !is_blank {
            out.push(byte);
        } else if !blank {
            out.push(b' ');
        }
        blank = is_blank;
    }
}
