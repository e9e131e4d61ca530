//! JSON texts whose members keep their order: policy documents are shown as they were written.

use serde_json::Value;

/// Whether two documents say the same: white space and the order of members do not count.
pub(super) fn same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// Without white space between its parts.
pub(super) fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    parts(text, |part| out.push_str(part));
    out
}

/// On several lines: each level stands `indent` spaces further in, all of it `level` levels from the left.
pub(super) fn pretty(text: &str, indent: usize, level: usize) -> String {
    let mut all = Vec::new();
    parts(text, |part| all.push(part.to_owned()));
    let (mut out, mut level) = (String::new(), level);
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', level * indent));
    };
    for (at, part) in all.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| all.get(at)).map_or("", String::as_str);
        let is_empty = matches!((before, part.as_str()), ("{", "}") | ("[", "]"));
        match part.as_str() {
            "}" | "]" => {
                level = level.saturating_sub(1);
                if !is_empty {
                    line(&mut out, level);
                }
            }
            "," | ":" => {}
            _ if matches!(before, "{" | "[" | ",") => line(&mut out, level),
            _ if before == ":" => out.push(' '),
            _ => {}
        }
        out.push_str(part);
        if matches!(part.as_str(), "{" | "[") {
            level += 1;
        }
    }
    out
}

/// The brackets, commas, colons, strings and words of a JSON text.
fn parts<'a>(text: &'a str, mut part: impl FnMut(&'a str)) {
    let mut rest = text.trim_start();
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'"' => string(rest),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => rest.find(|c: char| "{}[],:\"".contains(c) || c.is_ascii_whitespace()).unwrap_or(rest.len()),
        };
        let Some((found, after)) = rest.split_at_checked(length) else { return };
        part(found);
        rest = after.trim_start();
    }
}

/// The length of the string that a text begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_again_in_its_order() {
        for (text, short, long) in [
            ("{ }", "{}", "{}"),
            (
                r#"{"b": [1, "x y\" {"], "a" : {"c":[],"d":true}}"#,
                r#"{"b":[1,"x y\" {"],"a":{"c":[],"d":true}}"#,
                "{\n  \"b\": [\n    1,\n    \"x y\\\" {\"\n  ],\n  \"a\": {\n    \"c\": [],\n    \"d\": true\n  }\n}",
            ),
            ("  [\n-1.5e3 ,null]\n", "[-1.5e3,null]", "[\n  -1.5e3,\n  null\n]"),
            ("\"é\"", "\"é\"", "\"é\""),
        ] {
            assert_eq!(compact(text), short);
            assert_eq!(pretty(text, 2, 0), long);
            assert!(same(&compact(text), &pretty(text, 2, 0)));
        }
        assert!(same(r#"{"a":1,"b":2}"#, r#"{"b": 2, "a": 1}"#) && !same("[1,2]", "[2,1]") && same("no", "no"));
    }
}
