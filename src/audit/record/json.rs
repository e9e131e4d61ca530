//! Writing JSON to a byte buffer by hand: escapes, members, numbers.

use std::io::Write;

use serde_json::Value;

/// Bytes that are looked at together when searching for what must be escaped.
const STRIDE: usize = 32;

/// An object being written. Members that would make it longer than its limit are left out and counted.
pub(super) struct Object<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    bytes_max: usize,
    omitted: u64,
}

impl<'b> Object<'b> {
    /// Opens an object without a limit.
    pub(super) fn open(out: &'b mut Vec<u8>) -> Self {
        Self::limited(out, usize::MAX)
    }

    /// Opens an object that is to have at most about `bytes_max` bytes.
    pub(super) fn limited(out: &'b mut Vec<u8>, bytes_max: usize) -> Self {
        let start = out.len();
        out.push(b'{');
        Self { out, start, bytes_max, omitted: 0 }
    }

    /// Writes a member whose name needs no escape, with a value that `write` appends.
    pub(super) fn member(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.limit(|out| {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            write(out);
        });
    }

    /// Writes a member whose name may hold anything.
    pub(super) fn named(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.limit(|out| {
            text(out, name);
            out.push(b':');
            write(out);
        });
    }

    /// Writes a text member.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.member(name, |out| text(out, value));
    }

    /// Writes a text member if there is a value.
    pub(super) fn maybe(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes a number.
    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        self.member(name, |out| out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()));
    }

    /// Writes `true` or `false`.
    pub(super) fn bool(&mut self, name: &'static str, value: bool) {
        self.member(name, |out| out.extend_from_slice(if value { b"true" } else { b"false" }));
    }

    /// Counts a member that the caller leaves out.
    pub(super) fn omit(&mut self) {
        self.omitted += 1;
    }

    /// Closes the object; `membersOmitted` says how many members are missing.
    pub(super) fn close(mut self) {
        if self.omitted > 0 {
            self.bytes_max = usize::MAX;
            self.number("membersOmitted", self.omitted);
        }
        self.out.push(b'}');
    }

    fn limit(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.out.len();
        if before > self.start + 1 {
            self.out.push(b',');
        }
        write(self.out);
        if self.out.len() - self.start > self.bytes_max {
            self.out.truncate(before);
            self.omit();
        }
    }
}

/// Writes a JSON string.
pub(super) fn text(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    escape(out, value);
    out.push(b'"');
}

/// Writes the inside of a JSON string.
pub(super) fn escape(out: &mut Vec<u8>, value: &str) {
    for stride in value.as_bytes().chunks(STRIDE) {
        // Without an early exit, so that the compiler looks at the whole stride in one go.
        if stride.iter().fold(false, |found, &byte| found | is_special(byte)) {
            stride.iter().for_each(|&byte| escape_byte(out, byte));
        } else {
            out.extend_from_slice(stride);
        }
    }
}

/// Writes a tree. Writing a [`Value`] to memory does not fail; if it did, `null` would stand in its place.
pub(super) fn value(out: &mut Vec<u8>, value: &Value) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}

/// Writes a tree within a limit. Of an object, the members that fit are written; another value that does not fit is `null`.
pub(super) fn value_limited(out: &mut Vec<u8>, tree: &Value, bytes_max: usize) {
    let before = out.len();
    value(out, tree);
    if out.len() - before <= bytes_max {
        return;
    }
    out.truncate(before);
    let Value::Object(members) = tree else { return out.extend_from_slice(b"null") };
    let mut object = Object::limited(out, bytes_max);
    for (name, member) in members {
        object.named(name, |out| value(out, member));
    }
    object.close();
}

/// The longest start of a text that has at most `bytes_max` bytes and ends between characters.
pub(super) fn cut(value: &str, bytes_max: usize) -> &str {
    value.get(..value.floor_char_boundary(bytes_max)).unwrap_or(value)
}

/// Whether JSON demands an escape (RFC 8259, section 7). Written without branches, so that a stride is one comparison.
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => {
            // Writing to a buffer in memory does not fail.
            let _ = write!(out, "\\u{byte:04x}");
        }
        _ => out.push(byte),
    }
}
