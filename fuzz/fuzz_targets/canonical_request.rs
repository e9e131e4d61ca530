//! The canonical request: it has as many lines as it should, is written in one way only, is its own canonical form, and says
//! of the query what a slow and obvious reader says.
#![no_main]

use countersign::{
    base::Head,
    sigv4::canonical::{PathRule, canonical_request},
};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn encode(bytes: &[u8], keep: &[u8]) -> String {
    let one = |byte: &u8| match is_unreserved(*byte) || keep.contains(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    bytes.iter().map(one).collect()
}

fn decode(text: &str, plus: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'%' => {
                let digits = str::from_utf8(rest.get(..2)?).ok()?;
                let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
                rest = &rest[2..];
            }
            b'+' => bytes.extend_from_slice(plus),
            byte => bytes.push(*byte),
        }
    }
    Some(bytes)
}

fn query(raw: &str) -> Option<String> {
    let mut pairs = Vec::new();
    for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        pairs.push((encode(&decode(name, b" ")?, b""), encode(&decode(value, b" ")?, b"")));
    }
    pairs.retain(|(name, _)| name != "X-Amz-Signature");
    pairs.sort();
    Some(pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"))
}

fuzz_target!(|input: (&str, &str, &[u8], u8)| {
    let (path, raw_query, value, rule) = input;
    let rule = [PathRule::S3, PathRule::Normalized, PathRule::Unnormalized][usize::from(rule % 3)];
    let path = format!("/{path}");
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_bytes(value) else { return };
    headers.append("x-a", value.clone());
    headers.append("x-a", value);
    let head = Head { method: &Method::PUT, host: "h", path: &path, query: raw_query, headers: &headers };
    let expected = query(raw_query);
    let Ok(canonical) = canonical_request(&head, rule, "host;x-a", "UNSIGNED-PAYLOAD") else {
        let bad_path = rule == PathRule::S3 && decode(&path, b"+").is_none();
        let above_root = rule == PathRule::Normalized && path.contains("..");
        assert!(expected.is_none() || bad_path || above_root);
        return;
    };
    let lines: Vec<&[u8]> = canonical.split(|byte| *byte == b'\n').collect();
    let [b"PUT", canonical_path, canonical_query, b"host:h", header, b"", b"host;x-a", b"UNSIGNED-PAYLOAD"] = lines[..]
    else {
        panic!("{}", canonical.escape_ascii());
    };
    let canonical_path = str::from_utf8(canonical_path).expect("everything is escaped");
    let canonical_query = str::from_utf8(canonical_query).expect("everything is escaped");
    assert_eq!(Some(canonical_query), expected.as_deref());
    assert!(header.starts_with(b"x-a:") && !header.ends_with(b" ") && !header.windows(2).any(|two| two == b"  "));
    let plain = decode(canonical_path, b"+").expect("escapes are written well");
    assert_eq!(canonical_path, encode(&plain, b"/"));
    match rule {
        PathRule::S3 => {
            let again = Head { path: canonical_path, query: canonical_query, ..head };
            let again = canonical_request(&again, rule, "host;x-a", "UNSIGNED-PAYLOAD").expect("it is canonical");
            assert!(again == canonical);
        }
        PathRule::Unnormalized => assert_eq!(plain, path.as_bytes()),
        PathRule::Normalized => {
            assert!(canonical_path.starts_with('/') && !canonical_path.contains("//"));
            assert!(!canonical_path.split('/').any(|segment| matches!(segment, "." | "..")));
        }
    }
});
