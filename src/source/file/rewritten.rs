//! Text as people have it, as the text that is read: line by line, while it goes by.
//!
//! A container's log has a prefix before each line, a spreadsheet a title above its columns, a load generator seconds since its
//! start instead of a time. Each such way of writing is recognised by how a file begins, and each of its lines becomes one line
//! of a way that is read: the number of a line stays what it is in the file. What is not certain stays as it is.

mod count;
mod graphite;
mod haproxy;
mod lambda;
mod pairs;
mod rewrite;
mod runs;
mod servers;
mod table;
mod wrapped;

use std::io::{self, BufRead, BufReader, Cursor, Read};

pub(super) use self::count::numbered_day;
pub(super) use self::lambda::Invocations;
pub(in crate::source) use self::pairs::logfmt;
use self::rewrite::Rewrite;
pub(in crate::source) use self::wrapped::Wrap;
use super::lines::{LONGEST_LINE, Refused, TooLong};
use super::peek::peek;
use crate::source::error::{Error, Place};

/// How much is looked at.
const HEAD: u64 = 1 << 14;
/// A line of a container's log may be one of a syslog, and that one of HAProxy.
const LAYERS: usize = 3;

/// What is read of a text.
pub(super) fn of<'r>(content: impl Read + Send + 'r) -> Result<Box<dyn BufRead + Send + 'r>, Error> {
    let mut content: Box<dyn Read + Send + 'r> = Box::new(content);
    for _ in 0..LAYERS {
        let (head, whole) = peek(content, HEAD)?;
        let Some(rewrite) = chosen(&lines(&head)) else {
            return Ok(Box::new(BufReader::with_capacity(1 << 16, whole)));
        };
        content = Box::new(Rewritten::new(whole, rewrite));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, content)))
}

/// What is read of a text whose lines are known: only what is around them is taken off, until they fit.
pub(in crate::source) fn unwrapped<'r>(
    content: impl Read + Send + 'r,
    fits: impl Fn(&[&[u8]]) -> bool,
) -> Result<Box<dyn BufRead + Send + 'r>, Error> {
    let mut content: Box<dyn Read + Send + 'r> = Box::new(content);
    for _ in 0..LAYERS {
        let (head, whole) = peek(content, HEAD)?;
        let first = lines(&head);
        let rewrite = if fits(&first) { None } else { wrapped::around(&first, &fits) };
        let Some(rewrite) = rewrite else { return Ok(Box::new(BufReader::with_capacity(1 << 16, whole))) };
        content = Box::new(Rewritten::new(whole, rewrite));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, content)))
}

/// The first lines that are whole and not empty.
fn lines(head: &[u8]) -> Vec<&[u8]> {
    let whole = match memchr::memrchr(b'\n', head).filter(|_| head.len() as u64 == HEAD) {
        Some(end) => &head[..end],
        None => head,
    };
    let lines = whole.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.trim_ascii().is_empty()).collect()
}

fn chosen(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    if lines.is_empty() || lines[0].starts_with(b"PAR1") {
        return None;
    }
    wrapped::of(lines)
        .or_else(|| lambda::of(lines))
        .or_else(|| haproxy::of(lines))
        .or_else(|| pairs::of(lines))
        .or_else(|| servers::of(lines))
        .or_else(|| graphite::of(lines))
        .or_else(|| runs::of(lines))
        .or_else(|| table::of(lines))
}

/// A reader that hands over what lines become.
struct Rewritten<R> {
    inner: R,
    rewrite: Box<dyn Rewrite>,
    line: Vec<u8>,
    number: u64,
    /// What is handed over next.
    out: Cursor<Vec<u8>>,
    ended: bool,
}

impl<R: Read> Rewritten<BufReader<R>> {
    fn new(content: R, rewrite: Box<dyn Rewrite>) -> Rewritten<BufReader<R>> {
        let inner = BufReader::with_capacity(1 << 16, content);
        Rewritten { inner, rewrite, line: Vec::new(), number: 0, out: Cursor::default(), ended: false }
    }
}

impl<R: BufRead> Rewritten<R> {
    /// Reads one more line; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.out.get_mut().clear();
        self.out.set_position(0);
        self.number += 1;
        if self.inner.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut self.line)? == 0 {
            let ended = std::mem::replace(&mut self.ended, true);
            if !ended {
                self.rewrite.end(self.out.get_mut());
            }
            return Ok(!ended);
        }
        if self.line.len() > LONGEST_LINE {
            return Err(io::Error::other(TooLong));
        }
        let line = self.line.strip_suffix(b"\n");
        let (line, end) = (line.unwrap_or(&self.line), line.is_some());
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let place = Place::line(self.number);
        self.rewrite.line(line, self.out.get_mut()).map_err(|error| io::Error::other(Refused(error.at(place))))?;
        if end && !self.rewrite.waits() {
            self.out.get_mut().push(b'\n');
        }
        Ok(true)
    }
}

impl<R: BufRead> Read for Rewritten<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.out.position() == self.out.get_ref().len() as u64 {
            if !self.more()? {
                return Ok(0);
            }
        }
        self.out.read(into)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    pub(super) fn read(text: &str) -> String {
        let mut all = String::new();
        of(text.as_bytes()).unwrap().read_to_string(&mut all).unwrap();
        all
    }

    #[test]
    fn what_is_read_already_stays_as_it_is() {
        for text in [
            "ts,p95\n2026-11-21T10:00:00Z,120.5\n",
            "{\"time\":1,\"a\":2}\n{\"time\":2,\"a\":2}\n",
            "#Version: 1.0\n#Fields: date time sc-status\n2026-11-21\t10:00:00\t200\n",
            "192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" 0.005\n",
            "time\tarm\n2026-11-21T10:00:00Z\tcanary",
            "[{\"a\": 1},\n {\"a\": 2}]\n",
            "#[Histogram log format version 1.3]\n0.1,1.0,2.0,HISTFAAA\n",
            "",
        ] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn lines_keep_their_numbers_through_every_layer() {
        let line = "Nov 29 10:00:00 lb haproxy[811]: 192.0.2.7:5512 [29/Nov/2026:10:00:00.000] fe be/s1 0/0/1/95/96 200 512 - - ---- 3/3/0/0/0 0/0 \"GET /p HTTP/1.1\"";
        let text = read(&format!("2026-11-29T10:00:00.1Z stdout F {line}\n\n2026-11-29T10:00:01.1Z stdout F {line}\n"));
        let plain = "192.0.2.7:5512 [29/Nov/2026:10:00:00.000] fe be s1 0 0 1 95 96 200 512 - - ---- 3/3/0/0/0 0/0 \"GET /p HTTP/1.1\"";
        assert_eq!(text, format!("{plain}\n\n{plain}\n"));
    }
}
