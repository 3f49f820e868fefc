//! Lines of a layout of one's own: texts that stand in every line, and fields between them.
//!
//! A field ends where the text behind it begins. Inside quotes an escaped quote does not end it. A space of a
//! pattern stands for as many as a line has. A line must fit from its first byte to its last: one that does not is a bad row.

use memchr::memmem::Finder;
use memchr::{memchr, memchr2};

use super::spaced::Part;
use super::{Is, Split};
use crate::source::requests::Value;
use crate::source::requests::layout::{Field, Holds, Layout, Piece};
use crate::source::requests::number::with_unit;

const NO_FIT: &str = "does not fit the layout";
const TOO_LONG: &str = "goes on behind the layout's end";
const NO_NUMBER: &str = "has a word where the layout has a number";

/// Splits the lines of a layout.
pub(in crate::source::requests) struct Laid {
    only: Option<Finder<'static>>,
    ahead: Mark,
    steps: Vec<Step>,
}

/// A field, and the text behind it.
struct Step {
    check: Check,
    /// How many times the text behind it stands within it.
    within: usize,
    slots: Vec<(Part, usize)>,
    until: Mark,
}

/// What a field's text must be.
#[derive(Clone, Copy, PartialEq)]
enum Check {
    Any,
    Whole,
    Number,
    /// A time span with its unit.
    Span,
    /// Attempts with commas and colons between, so it goes on behind one of them.
    Several,
}

/// A text of the layout. If lines are padded, a space in it stands for some.
struct Mark {
    text: Vec<u8>,
    blank: bool,
}

impl Mark {
    fn new(text: &str, padded: bool) -> Mark {
        if !padded {
            return Mark { blank: false, text: text.as_bytes().to_vec() };
        }
        let mut collapsed: Vec<u8> = Vec::new();
        for byte in text.bytes() {
            if byte != b' ' || collapsed.last() != Some(&b' ') {
                collapsed.push(byte);
            }
        }
        Mark { blank: collapsed.contains(&b' '), text: collapsed }
    }

    /// Where it ends if it stands here. At the end of a line a last space may be absent.
    #[inline]
    fn at(&self, line: &[u8], from: usize) -> Option<usize> {
        if !self.blank {
            return line.get(from..)?.starts_with(&self.text).then(|| from + self.text.len());
        }
        let mut at = from;
        for (place, byte) in self.text.iter().enumerate() {
            match (byte, line.get(at)) {
                (b' ', Some(b' ' | b'\t')) => {
                    at += 1;
                    while matches!(line.get(at), Some(b' ' | b'\t')) {
                        at += 1;
                    }
                }
                (b' ', None) if place + 1 == self.text.len() => {}
                (byte, Some(found)) if byte == found => at += 1,
                _ => return None,
            }
        }
        Some(at)
    }

    /// Where it stands next, and where it ends.
    #[inline]
    fn find(&self, line: &[u8], from: usize, quoted: bool) -> Option<(usize, usize)> {
        let first = *self.text.first()?;
        let mut at = from;
        loop {
            let rest = line.get(at..)?;
            let hit = match () {
                () if quoted && first == b'"' => memchr2(b'"', b'\\', rest)?,
                () if first == b' ' && self.blank => memchr2(b' ', b'\t', rest)?,
                () => memchr(first, rest)?,
            };
            let here = at + hit;
            if quoted && line[here] == b'\\' {
                at = here + 2;
                continue;
            }
            if let Some(end) = self.at(line, here) {
                return Some((here, end));
            }
            at = here + 1;
        }
    }
}

impl Laid {
    /// For the wanted columns; `within` says of each field how many times the text behind it stands within it.
    /// `Err` is the name that the layout does not have.
    pub(in crate::source::requests) fn new(
        layout: &Layout,
        within: &[usize],
        wanted: &[String],
    ) -> Result<Laid, String> {
        let place = |name: &String| {
            let find = |is: &dyn Fn(&Field) -> bool| {
                layout.pieces.iter().position(|piece| matches!(piece, Piece::Field(field) if is(field)))
            };
            let whole = find(&|field| field.name == *name).map(|at| (at, Part::Whole));
            whole
                .or_else(|| find(&|field| field.holds == Holds::Request).zip(Part::named(name)))
                .ok_or_else(|| name.clone())
        };
        let places = wanted.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let mut laid = Laid {
            only: layout.only.as_ref().map(|text| Finder::new(text.as_bytes()).into_owned()),
            ahead: Mark::new("", false),
            steps: Vec::new(),
        };
        for (at, piece) in layout.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => match laid.steps.last_mut() {
                    Some(step) => step.until = Mark::new(text, layout.padded),
                    None => laid.ahead = Mark::new(text, layout.padded),
                },
                Piece::Field(field) => {
                    let slots = places.iter().enumerate().filter(|(_, (place, _))| *place == at);
                    laid.steps.push(Step {
                        check: Check::of(&field.holds),
                        within: within.get(laid.steps.len()).copied().unwrap_or(0),
                        slots: slots.map(|(slot, (_, part))| (*part, slot)).collect(),
                        until: Mark::new("", false),
                    });
                }
            }
        }
        Ok(laid)
    }
}

/// Where a line stops fitting: the field, by its number from 0, the byte at which it begins, and why.
type Stop = (usize, usize, &'static str);

impl Laid {
    /// Where a line stops fitting.
    pub(in crate::source::requests) fn stops(&self, line: &[u8]) -> Option<(usize, usize)> {
        self.walk(line, |_, _| {}).err().map(|(place, at, _)| (place, at))
    }

    /// Goes through the fields of a line.
    #[inline]
    fn walk<'l>(&self, line: &'l [u8], mut each: impl FnMut(&Step, &'l [u8])) -> Result<(), Stop> {
        let mut at = self.ahead.at(line, 0).ok_or((0, 0, NO_FIT))?;
        let mut before = &self.ahead;
        let last = self.steps.len().saturating_sub(1);
        for (place, step) in self.steps.iter().enumerate() {
            let (end, next) = match step.until.text.is_empty() {
                true => (line.len(), line.len()),
                false => {
                    let quoted = before.text.ends_with(b"\"") && step.until.text.starts_with(b"\"");
                    step.end(line, at, quoted, place == last).ok_or((place, at, NO_FIT))?
                }
            };
            let text = line[at..end].trim_ascii();
            if !step.check.fits(text) {
                return Err((place, at, NO_NUMBER));
            }
            each(step, text);
            (at, before) = (next, &step.until);
        }
        // whatever stands behind the layout's end was not foreseen
        if line[at..].trim_ascii().is_empty() { Ok(()) } else { Err((last, at, TOO_LONG)) }
    }
}

impl Check {
    fn of(holds: &Holds) -> Check {
        match holds {
            Holds::Whole => Check::Whole,
            Holds::Number | Holds::Took(_) => Check::Number,
            Holds::Written => Check::Span,
            Holds::Several => Check::Several,
            _ => Check::Any,
        }
    }

    /// Whether the text may stand in the field; nothing (`-`) may stand in all.
    fn fits(self, text: &[u8]) -> bool {
        if matches!(text, b"" | b"-") {
            return true;
        }
        let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        match self {
            Check::Any | Check::Several => true,
            Check::Whole => digits(text.strip_prefix(b"-").unwrap_or(text)),
            Check::Span => with_unit(text).is_some(),
            Check::Number => std::str::from_utf8(text).is_ok_and(|text| text.parse::<f64>().is_ok()),
        }
    }
}

impl Split for Laid {
    fn split<'l>(&self, line: &'l [u8], fields: &mut [Value<'l>]) -> Result<Is, &'static str> {
        fields.fill(Value::Missing);
        if line.trim_ascii().is_empty() || self.only.as_ref().is_some_and(|only| only.find(line).is_none()) {
            return Ok(Is::Nothing);
        }
        let put = |step: &Step, text: &'l [u8]| {
            for (part, slot) in &step.slots {
                fields[*slot] = match part.of(text) {
                    None | Some(b"" | b"-") => Value::Missing,
                    Some(text) => Value::Text(text),
                };
            }
        };
        self.walk(line, put).map(|()| Is::Row).map_err(|(_, _, why)| why)
    }
}

impl Step {
    /// Where the field ends, and where the next one begins.
    #[inline]
    fn end(&self, line: &[u8], from: usize, quoted: bool, last: bool) -> Option<(usize, usize)> {
        let mut found = self.until.find(line, from, quoted);
        for _ in 0..self.within {
            let (_, end) = found?;
            found = self.until.find(line, end, quoted);
        }
        if self.check == Check::Several {
            while let Some((end, next)) = found {
                let goes_on =
                    line[..end].ends_with(b",") || line[..end].ends_with(b" :") || line[next..].starts_with(b": ");
                if !goes_on {
                    break;
                }
                found = self.until.find(line, next, quoted);
            }
        }
        // a space at the end of the layout need not stand at the end of a line
        found.or_else(|| (last && self.until.text == b" ").then_some((line.len(), line.len())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::source::requests::row::plain;

    fn read(layout: &str, within: &[usize], line: &str, wanted: &[&str]) -> Result<Vec<String>, &'static str> {
        let wanted: Vec<String> = wanted.iter().map(|name| name.to_string()).collect();
        let laid = Laid::new(&Layout::parse(layout).unwrap(), within, &wanted).unwrap();
        let mut fields = vec![Value::Int(7); wanted.len()];
        match laid.split(line.as_bytes(), &mut fields)? {
            Is::Row => Ok(fields.iter().map(plain).collect()),
            _ => Ok(vec!["nothing".into()]),
        }
    }

    const NGINX: &str = "$remote_addr - [$time_local] \"$request\" $status $upstream_response_time $request_time";

    #[test]
    fn a_field_ends_where_the_text_behind_it_begins() {
        let line = "192.0.2.7 - [29/Nov/2026:10:00:00 +0000] \"GET /a?b HTTP/1.1\" 200 0.004, 0.001 : 0.002 0.010";
        let wanted =
            ["remote_addr", "time_local", "method", "path", "status", "upstream_response_time", "request_time"];
        assert_eq!(
            read(NGINX, &[], line, &wanted).unwrap(),
            ["192.0.2.7", "29/Nov/2026:10:00:00 +0000", "GET", "/a", "200", "0.004, 0.001 : 0.002", "0.010"]
        );
        let none = "192.0.2.7 - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 502 - 0.010";
        assert_eq!(
            read(NGINX, &[], none, &["status", "upstream_response_time", "request_time"]).unwrap(),
            ["502", "", "0.010"]
        );
    }

    #[test]
    fn quotes_within_quotes_do_not_end_a_field() {
        let layout = "%h %l %u %t \"%r\" %>s %b \"%{User-Agent}i\" %D";
        let line = r#"192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] "GET /\" HTTP/1.1" 200 5 "say \"hi\" 500 \\" 1500"#;
        assert_eq!(
            read(layout, &[], line, &["status", "http_user_agent", "request_time_us"]).unwrap(),
            ["200", r#"say \"hi\" 500 \\"#, "1500"]
        );
    }

    #[test]
    fn a_time_may_have_spaces_in_it() {
        let layout = "{time} {level} {route} took={took:ms}";
        let line = "2026-11-29 10:00:00,123 INFO   /search took=12.5";
        assert_eq!(
            read(layout, &[1], line, &["time", "level", "route", "took"]).unwrap(),
            ["2026-11-29 10:00:00,123", "INFO", "/search", "12.5"]
        );
    }

    #[test]
    fn a_line_that_does_not_fit_is_no_row() {
        let layout = "{time} status={status:int} took={took:ms} end";
        for (line, why) in [
            ("1 status=200 took=5", NO_FIT),
            ("1 status=abc took=5 end", NO_NUMBER),
            ("1 status=200 took=5 end of it", "goes on behind the layout's end"),
            ("Listening on 8080", NO_FIT),
        ] {
            assert_eq!(read(layout, &[], line, &["status"]), Err(why), "{line}");
        }
        assert_eq!(read(layout, &[], "", &["status"]).unwrap(), ["nothing"]);
        let only = Layout::parse(layout).unwrap().of_lines_with("status=".into());
        let laid = Laid::new(&only, &[], &[]).unwrap();
        assert_eq!(laid.split(b"Listening on 8080", &mut []), Ok(Is::Nothing));
        assert_eq!(laid.split(b"1 status=200 tok=5 end", &mut []), Err(NO_FIT));
        assert_eq!(Laid::new(&only, &[], &["route".into()]).err(), Some("route".into()));
    }
}
