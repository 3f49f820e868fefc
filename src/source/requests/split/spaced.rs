//! Fields separated by spaces, some in `"quotes"` or `[brackets]`: access logs as load balancers and web servers write them.
//!
//! A request line (`"GET https://example.com:443/a?b=c HTTP/2.0"`) is one field to the server and several to who reads
//! it: method, uri, host, path and protocol are columns like any other. Whatever comes behind the last wanted field is
//! not looked at.

use memchr::{memchr, memchr2, memrchr};

use super::{Is, Split};
use crate::source::requests::Value;
use crate::source::requests::recipe::{Access, Behind};

/// The field that holds the request line, in all formats.
const REQUEST: &str = "request";
const OPEN_QUOTE: &str = "has a quote that is left open";

/// Splits lines whose fields are separated by spaces.
pub(in crate::source::requests) struct Spaced {
    /// By their places in the line.
    wanted: Vec<Wanted>,
    /// How many fields a line has to have.
    least: usize,
    /// Keys whose values may stand anywhere behind those, with their slots.
    keyed: Vec<(Box<[u8]>, usize)>,
}

struct Wanted {
    field: usize,
    part: Part,
    slot: usize,
}

/// What of a field is wanted.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Whole,
    /// What stands behind the slash, in a field like `**0/15538**`.
    Slashed,
    Method,
    Uri,
    Host,
    Path,
    Protocol,
}

impl Spaced {
    /// For fields of these names, and the parts of the request line. `Err` is the name that the format does not have.
    pub(in crate::source::requests) fn new(names: &[&str], wanted: &[String]) -> Result<Spaced, String> {
        Spaced::of(names.len(), wanted, |name| {
            let find = |name: &str| names.iter().position(|known| *known == name);
            find(name).map(|field| (field, Part::Whole)).or_else(|| find(REQUEST).zip(Part::named(name)))
        })
    }

    /// For an access log, whose last fields everybody chooses. A name that is none of its own is a key.
    pub(in crate::source::requests) fn access(access: &Access, wanted: &[String]) -> Result<Spaced, String> {
        let (known, took) = (access.known(), access.took.as_ref());
        let key = |name: &str| match took {
            Some(Behind::Key(key)) if name == Access::TOOK => key.clone(),
            _ => name.to_owned(),
        };
        let place = |name: &str| match took {
            Some(Behind::Field(at)) if name == Access::TOOK => Some((known.len() + at, Part::Whole)),
            Some(Behind::Slash(at)) if name == Access::TOOK => Some((known.len() + at, Part::Slashed)),
            _ => {
                let find = |name: &str| known.iter().position(|known| *known == name);
                let numbered = || name.strip_prefix("field_")?.parse::<usize>().ok()?.checked_sub(1);
                let field = find(name).or_else(|| numbered().filter(|at| *at >= known.len()));
                field.map(|field| (field, Part::Whole)).or_else(|| find(REQUEST).zip(Part::named(name)))
            }
        };
        let (placed, keyed): (Vec<_>, Vec<_>) = (0..wanted.len()).partition(|slot| place(&wanted[*slot]).is_some());
        let found = placed.into_iter().filter_map(|slot| place(&wanted[slot]).map(|hit| (slot, hit)));
        let keyed = keyed.into_iter().map(|slot| (key(&wanted[slot]).into_bytes().into(), slot));
        Ok(Spaced::by_place(known.len(), found.collect(), keyed.collect()))
    }

    fn of(least: usize, wanted: &[String], place: impl Fn(&str) -> Option<(usize, Part)>) -> Result<Spaced, String> {
        let hit = |(slot, name): (usize, &String)| place(name).map(|hit| (slot, hit)).ok_or_else(|| name.clone());
        let found = wanted.iter().enumerate().map(hit).collect::<Result<_, _>>()?;
        Ok(Spaced::by_place(least, found, Vec::new()))
    }

    fn by_place(least: usize, found: Vec<(usize, (usize, Part))>, keyed: Vec<(Box<[u8]>, usize)>) -> Spaced {
        let wanted = found.into_iter().map(|(slot, (field, part))| Wanted { field, part, slot });
        let mut wanted: Vec<Wanted> = wanted.collect();
        wanted.sort_by_key(|wanted| wanted.field);
        Spaced { wanted, least, keyed }
    }
}

impl Split for Spaced {
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        fields.fill(Value::Missing);
        if line.is_empty() {
            return Ok(Is::Nothing);
        }
        let mut all = Fields::of(line);
        let mut next = 0;
        let mut current: &[u8] = b"";
        for Wanted { field, part, slot } in &self.wanted {
            while next <= *field {
                current = match all.next() {
                    Some(field) => field.ok_or(OPEN_QUOTE)?.inner,
                    None if next >= self.least => b"",
                    None => return Err("has too few fields"),
                };
                next += 1;
            }
            fields[*slot] = match part.of(current) {
                None | Some(b"" | b"-") => Value::Missing,
                Some(text) => Value::Text(text),
            };
        }
        if !self.keyed.is_empty() {
            self.keyed(all.skip(self.least.saturating_sub(next)), fields);
        }
        Ok(Is::Row)
    }
}

impl Spaced {
    /// The values of the wanted keys, in whatever order they stand.
    fn keyed<'l>(&self, rest: impl Iterator<Item = Option<Field<'l>>>, fields: &mut [Value<'l>]) {
        let mut missing = self.keyed.len();
        for Field { inner, .. } in rest.map_while(|field| field) {
            let Some(equals) = memchr(b'=', inner) else { continue };
            for (_, slot) in self.keyed.iter().filter(|(key, _)| **key == inner[..equals]) {
                fields[*slot] = match keyed(inner) {
                    b"" | b"-" => Value::Missing,
                    value => Value::Text(value),
                };
                missing = missing.saturating_sub(1);
            }
            if missing == 0 {
                return;
            }
        }
    }
}

/// A field without its marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::source::requests) struct Field<'l> {
    /// What stands between the marks.
    pub(in crate::source::requests) inner: &'l [u8],
    /// `"`, `[`, or a space where there are none.
    pub(in crate::source::requests) mark: u8,
}

/// The fields of a line. Where a quote is left open, `None` is the last.
pub(in crate::source::requests) struct Fields<'l> {
    /// What is to come; nothing behind the last field.
    rest: Option<&'l [u8]>,
}

impl<'l> Fields<'l> {
    /// From the beginning.
    pub(in crate::source::requests) fn of(line: &'l [u8]) -> Fields<'l> {
        Fields { rest: Some(line) }
    }
}

impl<'l> Iterator for Fields<'l> {
    type Item = Option<Field<'l>>;

    fn next(&mut self) -> Option<Option<Field<'l>>> {
        let rest = self.rest.take()?;
        let (inner, mark, end) = match rest.first() {
            Some(b'"') => match quoted(rest) {
                Some(close) => (&rest[1..close], b'"', close + 1),
                None => return Some(None),
            },
            Some(b'[') if bracketed(rest).is_some() => {
                let close = bracketed(rest).unwrap_or_default();
                (&rest[1..close], b'[', close + 1)
            }
            _ => {
                let end = unmarked(rest);
                (&rest[..end], b' ', end)
            }
        };
        self.rest = rest.get(end + 1..);
        Some(Some(Field { inner, mark }))
    }
}

/// The quote that ends a field: one that is not escaped, with a space or nothing behind it.
fn quoted(field: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', field.get(at..)?)?;
        if field[at] == b'\\' {
            at += 2;
        } else if matches!(field.get(at + 1), None | Some(b' ')) {
            return Some(at);
        } else {
            at += 1;
        }
    }
}

/// Where a field without marks ends. A value behind a key may have spaces in its quotes: `urt="0.004, 0.001"`.
fn unmarked(rest: &[u8]) -> usize {
    match memchr2(b' ', b'=', rest) {
        Some(equals) if rest[equals] == b'=' => {
            let value = &rest[equals + 1..];
            let quoted = value.starts_with(b"\"").then(|| quoted(value)).flatten();
            let end = quoted.map(|close| close + 1).or_else(|| memchr(b' ', value)).unwrap_or(value.len());
            equals + 1 + end
        }
        Some(space) => space,
        None => rest.len(),
    }
}

/// The bracket that ends a field; `[2001:db8::1]:443` is a field without marks.
fn bracketed(field: &[u8]) -> Option<usize> {
    memchr(b']', field).filter(|at| matches!(field.get(at + 1), None | Some(b' ')))
}

impl Part {
    pub(super) fn named(name: &str) -> Option<Part> {
        match name {
            "method" => Some(Part::Method),
            "uri" => Some(Part::Uri),
            "host" => Some(Part::Host),
            "path" => Some(Part::Path),
            "protocol" => Some(Part::Protocol),
            _ => None,
        }
    }

    /// The part of a field; what is not a request line has none.
    pub(super) fn of(self, field: &[u8]) -> Option<&[u8]> {
        match self {
            Part::Whole => return Some(field),
            Part::Slashed => return slashed(field),
            _ => {}
        }
        let space = memchr(b' ', field)?;
        let (method, rest) = (&field[..space], &field[space + 1..]);
        let (uri, protocol) = match memrchr(b' ', rest) {
            Some(space) => (&rest[..space], Some(&rest[space + 1..])),
            None => (rest, None),
        };
        match self {
            Part::Whole | Part::Slashed => Some(field),
            Part::Method => Some(method),
            Part::Uri => Some(uri),
            Part::Protocol => protocol,
            Part::Host => absolute(uri).map(|(host, _)| without_port(host)),
            Part::Path => {
                let path = absolute(uri).map_or(uri, |(_, path)| path);
                let path = &path[..memchr2(b'?', b'#', path).unwrap_or(path.len())];
                Some(if path.is_empty() { b"/" } else { path })
            }
        }
    }
}

/// `0.005` of `rt=0.005` or `rt="0.005"`.
pub(in crate::source::requests) fn keyed(field: &[u8]) -> &[u8] {
    let value = memchr(b'=', field).map_or(field, |equals| &field[equals + 1..]);
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// `15538` of `**0/15538**`.
pub(in crate::source::requests) fn slashed(field: &[u8]) -> Option<&[u8]> {
    let inner = field.trim_ascii();
    let starless = |text: &'_ [u8]| -> (usize, usize) {
        let first = text.iter().take_while(|byte| **byte == b'*').count();
        (first, text.len() - text[first..].iter().rev().take_while(|byte| **byte == b'*').count())
    };
    let (from, to) = starless(inner);
    let pair = &inner[from..to];
    memchr(b'/', pair).map(|slash| &pair[slash + 1..])
}

/// Host and the rest of `https://host:443/rest`.
fn absolute(uri: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', uri)?;
    let rest = uri[colon..].strip_prefix(b"://").filter(|_| uri[..colon].iter().all(u8::is_ascii_alphanumeric))?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    Some((&rest[..end], &rest[end..]))
}

fn without_port(host: &[u8]) -> &[u8] {
    match memrchr(b':', host) {
        Some(colon) if host[colon + 1..].iter().all(u8::is_ascii_digit) => &host[..colon],
        _ => host,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_behind_an_access_line_are_found_by_place_or_by_key() {
        let line = br#"1.2.3.4 - - [t] "GET / HTTP/1.1" 502 0 "-" "a" uct="-" urt="0.004, 0.001" **0/15538** rt=0.005"#;
        let read = |took: Option<Behind>, wanted: &[&str], line: &[u8]| {
            let wanted: Vec<String> = wanted.iter().map(|name| name.to_string()).collect();
            let mut fields = vec![Value::Missing; wanted.len()];
            let split = Spaced::access(&Access { host: false, common: false, took }, &wanted).unwrap();
            let mut copy = Vec::new();
            split.split(line, &mut fields).unwrap();
            fields.iter().for_each(|field| copy.push(super::super::super::row::plain(field)));
            copy
        };
        let key = Some(Behind::Key("rt".into()));
        assert_eq!(
            read(key.clone(), &["request_time", "status", "urt", "uct"], line),
            ["0.005", "502", "0.004, 0.001", ""]
        );
        assert_eq!(
            read(Some(Behind::Slash(2)), &["request_time", "field_11"], line),
            ["15538", r#"urt="0.004, 0.001""#]
        );
        // what everybody appends may be absent from a line, which is a request nonetheless
        let short = br#"1.2.3.4 - - [t] "GET / HTTP/1.1" 502 0 "-" "a""#;
        assert_eq!(read(key, &["request_time", "status"], short), ["", "502"]);
        assert_eq!(read(Some(Behind::Field(3)), &["request_time", "status"], short), ["", "502"]);
    }

    const NAMES: [&str; 6] = ["client", "time", "request", "status", "agent", "took"];

    fn read(wanted: &[&str], line: &str) -> Result<Vec<String>, &'static str> {
        let wanted: Vec<String> = wanted.iter().map(|name| name.to_string()).collect();
        let mut fields = vec![Value::Int(7); wanted.len()];
        Spaced::new(&NAMES, &wanted).unwrap().split(line.as_bytes(), &mut fields)?;
        let shown = |value: &Value| match value {
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        };
        Ok(fields.iter().map(shown).collect())
    }

    #[test]
    fn quotes_and_brackets_are_taken_off_and_nothing_is_looked_at_behind_the_last_wanted() {
        let line =
            r#"[2001:db8::1]:80 [21/Nov/2026:10:00:00 +0000] "GET /a?b HTTP/1.1" 200 "say \"hi\" \\" 0.125 "open"#;
        assert_eq!(read(&["took", "agent"], line).unwrap(), ["0.125", r#"say \"hi\" \\"#]);
        assert_eq!(read(&["time", "client"], line).unwrap(), ["21/Nov/2026:10:00:00 +0000", "[2001:db8::1]:80"]);
        let request = ["method", "uri", "path", "protocol", "host", "request"];
        let parts = ["GET", "/a?b", "/a", "HTTP/1.1", "Missing", "GET /a?b HTTP/1.1"];
        assert_eq!(read(&request, line).unwrap(), parts);
    }

    #[test]
    fn a_request_has_parts_or_none() {
        let parts = |request: &str| {
            let line = format!("c t \"{request}\" 200 - 1");
            read(&["method", "host", "path", "protocol"], &line).unwrap().join(" ")
        };
        assert_eq!(parts("GET https://a.example:443/x/y?z=/ HTTP/2.0"), "GET a.example /x/y HTTP/2.0");
        assert_eq!(parts("GET https://a.example?z HTTP/2.0"), "GET a.example / HTTP/2.0");
        assert_eq!(parts("GET http://[::1]/x HTTP/2.0"), "GET [::1] /x HTTP/2.0");
        assert_eq!(parts("GET /go?to=http://b/ HTTP/1.1"), "GET Missing /go HTTP/1.1");
        assert_eq!(parts("- http://a.example:80- -"), "Missing a.example:80- / Missing");
        assert_eq!(parts("GET /"), "GET Missing / Missing");
        assert_eq!(parts("-"), "Missing Missing Missing Missing");
        assert_eq!(parts("\\x16\\x03"), "Missing Missing Missing Missing");
        assert_eq!(parts(""), "Missing Missing Missing Missing");
    }

    #[test]
    fn a_line_that_ends_too_soon_is_no_row() {
        assert_eq!(read(&["status"], "c t \"GET"), Err("has a quote that is left open"));
        assert_eq!(read(&["status"], "c t \"GET / HTTP/1.1\""), Err("has too few fields"));
        assert_eq!(read(&["client"], "c").unwrap(), ["c"]);
        assert_eq!(read(&["agent", "took"], "c t r s \"a\"b\" \"-\"").unwrap(), ["a\"b", "Missing"]);
        assert_eq!(Spaced::new(&NAMES, &["route".into()]).err(), Some("route".into()));
        assert_eq!(Spaced::new(&NAMES[..2], &["path".into()]).err(), Some("path".into()));
        assert_eq!(Spaced::new(&NAMES, &[]).unwrap().split(b"", &mut []), Ok(Is::Nothing));
    }
}
