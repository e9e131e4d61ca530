//! Search filters. One is read once, from the configuration; what callers say is put in as values of the parsed filter, so
//! that no character of theirs can mean anything but itself. Source: RFC 4515; RFC 4511, section 4.5.1.7.

use super::ber::{OCTETS, put};

/// The deepest that filters stand in each other.
const DEPTH_MAX: usize = 16;

/// A filter with places for the name (`%s`) and the distinguished name (`%d`) of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `(&...)`, all of them.
    And(Vec<Filter>),
    /// `(|...)`, one of them.
    Or(Vec<Filter>),
    /// `(!...)`.
    Not(Box<Filter>),
    /// `(attribute=*)`.
    Present(String),
    /// `(attribute=value)`, and with `>=`, `<=`, `~=`: the tag of the choice tells which.
    Compare(u8, String, Value),
    /// `(attribute=initial*any*final)`; an empty value stands for nothing.
    Parts(String, Vec<Value>),
    /// `(attribute:dn:rule:=value)`: attribute, rule, whether names of entries count.
    Extensible(Option<String>, Option<String>, bool, Value),
}

/// A value with places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Value(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Name,
    Dn,
}

/// What is put in.
#[derive(Debug, Clone, Copy)]
pub struct Put<'a> {
    /// For `%s`.
    pub name: &'a str,
    /// For `%d`.
    pub dn: &'a str,
}

impl Filter {
    /// Reads a filter; an error says what is wrong, in words that follow the text itself.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (filter, rest) = read(text, 0)?;
        if rest.is_empty() { Ok(filter) } else { Err("goes on after its last bracket") }
    }

    /// Whether it has a place for the name.
    pub fn has_name(&self) -> bool {
        self.any(&|piece| *piece == Piece::Name)
    }

    /// Whether it has a place for the distinguished name.
    pub fn has_dn(&self) -> bool {
        self.any(&|piece| *piece == Piece::Dn)
    }

    fn any(&self, is: &dyn Fn(&Piece) -> bool) -> bool {
        let has = |value: &Value| value.0.iter().any(is);
        match self {
            Filter::And(all) | Filter::Or(all) => all.iter().any(|filter| filter.any(is)),
            Filter::Not(filter) => filter.any(is),
            Filter::Present(_) => false,
            Filter::Compare(_, _, value) | Filter::Extensible(_, _, _, value) => has(value),
            Filter::Parts(_, values) => values.iter().any(has),
        }
    }

    /// Writes it as LDAP's messages have it.
    pub fn write(&self, out: &mut Vec<u8>, with: Put<'_>) {
        let mut inner = Vec::new();
        match self {
            Filter::And(all) | Filter::Or(all) => {
                all.iter().for_each(|filter| filter.write(&mut inner, with));
                put(out, if matches!(self, Filter::And(_)) { 0xa0 } else { 0xa1 }, &inner);
            }
            Filter::Not(filter) => {
                filter.write(&mut inner, with);
                put(out, 0xa2, &inner);
            }
            Filter::Present(attribute) => put(out, 0x87, attribute.as_bytes()),
            Filter::Compare(tag, attribute, value) => {
                put(&mut inner, OCTETS, attribute.as_bytes());
                put(&mut inner, OCTETS, &value.bytes(with));
                put(out, *tag, &inner);
            }
            Filter::Parts(attribute, values) => {
                put(&mut inner, OCTETS, attribute.as_bytes());
                put(&mut inner, 0x30, &parts(values, with));
                put(out, 0xa4, &inner);
            }
            Filter::Extensible(attribute, rule, with_dn, value) => {
                for (tag, text) in [(0x81, rule), (0x82, attribute)] {
                    if let Some(text) = text {
                        put(&mut inner, tag, text.as_bytes());
                    }
                }
                put(&mut inner, 0x83, &value.bytes(with));
                if *with_dn {
                    put(&mut inner, 0x84, &[0xff]);
                }
                put(out, 0xa9, &inner);
            }
        }
    }
}

/// The parts of a value with stars: what it begins with, what it holds, what it ends with.
fn parts(values: &[Value], with: Put<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let tag = if at == 0 {
            0x80
        } else if at + 1 == values.len() {
            0x82
        } else {
            0x81
        };
        let bytes = value.bytes(with);
        if !bytes.is_empty() {
            put(&mut out, tag, &bytes);
        }
    }
    out
}

impl Value {
    fn bytes(&self, with: Put<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.0 {
            bytes.extend_from_slice(match piece {
                Piece::Bytes(own) => own,
                Piece::Name => with.name.as_bytes(),
                Piece::Dn => with.dn.as_bytes(),
            });
        }
        bytes
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (mut pieces, mut own, mut chars) = (Vec::new(), Vec::new(), text.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' => {
                    let mut digit = || chars.next().and_then(|c| c.to_digit(16)).ok_or(ESCAPE);
                    let byte = digit()? * 16 + digit()?;
                    own.push(u8::try_from(byte).map_err(|_| ESCAPE)?);
                }
                '%' => {
                    if !own.is_empty() {
                        pieces.push(Piece::Bytes(std::mem::take(&mut own)));
                    }
                    pieces.push(match chars.next() {
                        Some('s') => Piece::Name,
                        Some('d') => Piece::Dn,
                        _ => return Err("has a % that is neither %s nor %d; write \\25 for the sign itself"),
                    });
                }
                '(' | ')' | '*' | '\0' => return Err("has one of ( ) * in a value; write \\28, \\29 or \\2a"),
                c => own.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !own.is_empty() {
            pieces.push(Piece::Bytes(own));
        }
        Ok(Self(pieces))
    }
}

const ESCAPE: &str = "has a \\ without two hexadecimal digits behind it";
const BRACKETS: &str = "has brackets that do not fit each other";

fn read(text: &str, depth: usize) -> Result<(Filter, &str), &'static str> {
    if depth >= DEPTH_MAX {
        return Err("has filters in filters, too deep");
    }
    let inside = text.strip_prefix('(').ok_or("does not begin with a bracket")?;
    if let Some(inside) = inside.strip_prefix('!') {
        let (filter, rest) = read(inside, depth + 1)?;
        return Ok((Filter::Not(Box::new(filter)), rest.strip_prefix(')').ok_or(BRACKETS)?));
    }
    let is_and = inside.starts_with('&');
    if let Some(mut rest) = inside.strip_prefix(['&', '|']) {
        let mut all = Vec::new();
        while rest.starts_with('(') {
            let (filter, after) = read(rest, depth + 1)?;
            all.push(filter);
            rest = after;
        }
        // Without any, one is always true and the other never (RFC 4526): neither is meant here.
        if all.is_empty() {
            return Err("has a & or | of nothing");
        }
        let filter = if is_and { Filter::And(all) } else { Filter::Or(all) };
        return Ok((filter, rest.strip_prefix(')').ok_or(BRACKETS)?));
    }
    let (item, rest) = inside.split_once(')').ok_or(BRACKETS)?;
    Ok((read_item(item)?, rest))
}

fn read_item(item: &str) -> Result<Filter, &'static str> {
    let (left, value) = item.split_once('=').ok_or("has a comparison without =")?;
    let (tag, left) = match left.strip_suffix(['>', '<', '~', ':']) {
        None => (0xa3, left),
        Some(name) if left.ends_with('>') => (0xa5, name),
        Some(name) if left.ends_with('<') => (0xa6, name),
        Some(name) if left.ends_with('~') => (0xa8, name),
        Some(name) => return read_extensible(name, value),
    };
    let attribute = attribute(left)?;
    if tag != 0xa3 || !value.contains('*') {
        return Ok(Filter::Compare(tag, attribute, Value::parse(value)?));
    }
    if value == "*" {
        return Ok(Filter::Present(attribute));
    }
    let values = value.split('*').map(Value::parse).collect::<Result<Vec<_>, _>>()?;
    if values.iter().all(|value| value.0.is_empty()) {
        return Err("has a value of nothing but stars");
    }
    Ok(Filter::Parts(attribute, values))
}

fn read_extensible(left: &str, value: &str) -> Result<Filter, &'static str> {
    let mut words = left.split(':');
    let name = words.next().filter(|name| !name.is_empty()).map(attribute).transpose()?;
    let (mut with_dn, mut rule) = (false, None);
    for word in words {
        match word {
            "dn" if !with_dn && rule.is_none() => with_dn = true,
            word if rule.is_none() => rule = Some(attribute(word)?),
            _ => return Err("has more than one rule before :="),
        }
    }
    if name.is_none() && rule.is_none() {
        return Err("has a := without attribute and rule");
    }
    Ok(Filter::Extensible(name, rule, with_dn, Value::parse(value)?))
}

/// The name of an attribute or a rule: letters or an OID, with options.
fn attribute(text: &str) -> Result<String, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';');
    let is_name = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric()) && text.bytes().all(fits);
    if is_name { Ok(text.to_owned()) } else { Err("has a comparison without the name of an attribute") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH: Put<'_> = Put { name: "n", dn: "cn=n,dc=x" };

    fn written(text: &str, with: Put<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        Filter::parse(text).unwrap_or_else(|why| panic!("{text} {why}")).write(&mut out, with);
        out
    }

    /// The bytes are those that RFC 4511 has for each choice.
    #[test]
    fn filters_are_written_as_the_protocol_has_them() {
        let cases: [(&str, &[u8]); 12] = [
            ("(uid=%s)", b"\xa3\x08\x04\x03uid\x04\x01n"),
            ("(m=%d)", b"\xa3\x0e\x04\x01m\x04\x09cn=n,dc=x"),
            ("(a>=1)", b"\xa5\x06\x04\x01a\x04\x011"),
            ("(a<=1)", b"\xa6\x06\x04\x01a\x04\x011"),
            ("(a~=1)", b"\xa8\x06\x04\x01a\x04\x011"),
            ("(a=*)", b"\x87\x01a"),
            ("(a=b*%s*c)", b"\xa4\x0e\x04\x01a\x30\x09\x80\x01b\x81\x01n\x82\x01c"),
            ("(a=*%s)", b"\xa4\x08\x04\x01a\x30\x03\x82\x01n"),
            ("(&(a=*)(b=*))", b"\xa0\x06\x87\x01a\x87\x01b"),
            ("(|(a=*)(!(b=*)))", b"\xa1\x08\x87\x01a\xa2\x03\x87\x01b"),
            ("(a=\\28\\2a\\00)", b"\xa3\x08\x04\x01a\x04\x03(*\0"),
            ("(m:dn:1.2:=%s)", b"\xa9\x0e\x81\x031.2\x82\x01m\x83\x01n\x84\x01\xff"),
        ];
        for (text, expected) in cases {
            assert_eq!(written(text, WITH), expected, "{text}");
        }
    }

    /// Whatever a caller says, the message has the same shape: one more filter, or a star that means anything, is only a
    /// longer value.
    #[test]
    fn nothing_that_is_put_in_means_anything_but_itself() {
        let evil = ["*", "a)(uid=*", "a*", "\\2a", ")(|(uid=*", "a\0b", "%d", "\u{ff08}", "", "a\\"];
        for name in evil {
            let bytes = written("(&(objectClass=person)(uid=%s))", Put { name, dn: "" });
            let mut value = Vec::new();
            put(&mut value, OCTETS, b"uid");
            put(&mut value, OCTETS, name.as_bytes());
            let mut comparison = Vec::new();
            put(&mut comparison, 0xa3, &value);
            assert!(bytes.ends_with(&comparison), "{name}");
            assert_eq!(bytes.windows(1).filter(|byte| byte[0] == 0xa3).count(), 2, "{name}");
        }
    }

    #[test]
    fn what_is_no_filter_is_not_read() {
        let deep = format!("{}(a=b){}", "(!".repeat(16), ")".repeat(16));
        let none = [
            "",
            "uid=%s",
            "(uid=%s",
            "(uid=%s))",
            "()",
            "(&)",
            "(|)",
            "(&(a=b)",
            "(!)",
            "(=a)",
            "(a b=c)",
            "(a)",
            "(a=%x)",
            "(a=%)",
            "(a=\\2)",
            "(a=\\zz)",
            "(a=b(c)",
            "(a=**)",
            "(:=a)",
            "(a:b:c:=d)",
            "(a>=*)",
            "(%s=a)",
            " (a=b)",
            &deep,
        ];
        for text in none {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
        let places = |text: &str| Filter::parse(text).map(|filter| (filter.has_name(), filter.has_dn()));
        assert_eq!(places("(&(a=b)(|(c=%s)(!(d=e*%d))))"), Ok((true, true)));
        assert_eq!(places("(&(a=b)(c=*))"), Ok((false, false)));
    }
}
