//! Gatling's binary `simulation.log` as the lines that Gatling wrote while its log was text.
//!
//! A log is one record after the other, with numbers in the order of a network. The first tells of the run: version, class, start,
//! description, scenarios, assertions. Each later one begins with its kind: 1 a request, 2 a user, 3 a group, 4 an error. A text is
//! its length, its bytes, and how they are encoded. One that comes again is written once, and then by its number below zero.
//! Times are milliseconds since the start. No record ends the log, so only a cut inside a record shows: it is refused.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::lines::Refused;
use crate::source::error::{Error, Place};

/// Whose layout is known. Those before write text.
const KNOWN: [&str; 4] = ["3.12", "3.13", "3.14", "3.15"];
/// The longest text that a log may hold, in bytes.
const LONGEST: usize = 1 << 24;
/// The most texts that a log may hold, and the most scenarios, assertions and groups of a record.
const MOST: usize = 1 << 20;

/// How much of a content [`is`] has to see.
pub(super) const HEAD: u64 = 32;

/// Whether a content begins as such a log: with a run of a version such as `3.13.5`.
pub(super) fn is(head: &[u8]) -> bool {
    let Some((kind, rest)) = head.split_first_chunk::<5>() else { return false };
    let [0, length @ ..] = kind else { return false };
    let length = u32::from_be_bytes(*length) as usize;
    let version = rest.get(..length.min(rest.len())).unwrap_or_default();
    let is_of_version = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (3..=24).contains(&length)
        && version.len() == length
        && version[0].is_ascii_digit()
        && version[1] == b'.'
        && version.iter().all(is_of_version)
}

/// A reader that hands over the lines of a binary log.
pub(super) struct Lines<R> {
    inner: R,
    /// When the run began, in milliseconds since 1970; nothing before its record.
    start: Option<i64>,
    scenarios: Vec<String>,
    /// Texts that may come again.
    texts: Vec<String>,
    records: u64,
    /// What is handed over next.
    out: Cursor<Vec<u8>>,
}

impl<R: Read> Lines<BufReader<R>> {
    pub(super) fn new(content: R) -> Self {
        let inner = BufReader::with_capacity(1 << 16, content);
        Lines { inner, start: None, scenarios: Vec::new(), texts: Vec::new(), records: 0, out: Cursor::default() }
    }
}

/// Why a record cannot be read.
enum Trouble {
    Io(io::Error),
    Wrong(Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::Wrong(
                Error::unreadable("breaks off, so this log of Gatling is cut")
                    .hint("Copy the log again. A run that was killed leaves such a log: run it to its end."),
            ),
            _ => Trouble::Io(error),
        }
    }
}

fn damaged(what: &str) -> Trouble {
    Trouble::Wrong(
        Error::unreadable(format!("has {what}, so this log of Gatling is damaged")).hint("Copy the log again."),
    )
}

impl<R: BufRead> Lines<R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn int(&mut self) -> Result<i32, Trouble> {
        self.bytes().map(i32::from_be_bytes)
    }

    fn count(&mut self, what: &str) -> Result<usize, Trouble> {
        let number = self.int()?;
        usize::try_from(number).ok().filter(|count| *count <= MOST).ok_or_else(|| damaged(&format!("{number} {what}")))
    }

    fn truth(&mut self) -> Result<bool, Trouble> {
        match self.bytes()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(damaged(&format!("{other} where 0 or 1 stands"))),
        }
    }

    fn raw(&mut self) -> Result<Vec<u8>, Trouble> {
        let length = self.int()?;
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| damaged("a text without a length"))?;
        let mut bytes = Vec::new();
        if self.inner.by_ref().take(length as u64).read_to_end(&mut bytes)? < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(bytes)
    }

    /// A text on one line, without tabs.
    fn text(&mut self) -> Result<String, Trouble> {
        let bytes = self.raw()?;
        if bytes.is_empty() {
            return Ok(String::new());
        }
        let text: String = match self.bytes()? {
            [0] => bytes.iter().map(|byte| char::from(*byte)).collect(),
            [1] => {
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16_lossy(&units)
            }
            [other] => return Err(damaged(&format!("a text in the encoding {other}"))),
        };
        Ok(text.replace(['\t', '\n', '\r'], " "))
    }

    /// A text that may stand earlier in the log.
    fn known_text(&mut self) -> Result<String, Trouble> {
        let number = self.int()?;
        let at = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        if number > 0 && at == self.texts.len() + 1 && at <= MOST {
            let text = self.text()?;
            self.texts.push(text.clone());
            return Ok(text);
        }
        let known = if number < 0 { self.texts.get(at.wrapping_sub(1)) } else { None };
        known.cloned().ok_or_else(|| damaged(&format!("a text with the number {number}")))
    }

    fn groups(&mut self) -> Result<String, Trouble> {
        let names = (0..self.count("groups")?).map(|_| self.known_text()).collect::<Result<Vec<_>, _>>()?;
        Ok(names.iter().map(|name| name.replace(',', " ")).collect::<Vec<_>>().join(","))
    }

    /// When something happened, in milliseconds since 1970.
    fn time(&mut self) -> Result<i64, Trouble> {
        let since = i64::from(self.int()?);
        let start = self.start.unwrap_or_default();
        start.checked_add(since).ok_or_else(|| damaged(&format!("a start at {start}")))
    }

    fn status(&mut self) -> Result<&'static str, Trouble> {
        Ok(if self.truth()? { "OK" } else { "KO" })
    }

    fn run(&mut self) -> Result<String, Trouble> {
        let version = self.text()?;
        let is_known = KNOWN.iter().any(|known| {
            version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        });
        if !is_known {
            let (first, last) = (KNOWN[1], KNOWN[KNOWN.len() - 1]);
            return Err(Trouble::Wrong(
                Error::unreadable(format!("is a binary log of Gatling {version}, whose layout davy does not know"))
                    .expected(format!("one of Gatling {first} to {last}"))
                    .hint("Judge the counts of the report instead: `js/stats.json` in its folder."),
            ));
        }
        let class = self.text()?;
        let start = i64::from_be_bytes(self.bytes()?);
        self.start = Some(start);
        let description = self.text()?;
        let scenarios = self.count("scenarios")?;
        self.scenarios = (0..scenarios).map(|_| self.text()).collect::<Result<_, _>>()?;
        for _ in 0..self.count("assertions")? {
            self.raw()?;
        }
        Ok(format!("RUN\t{class}\t \t{start}\t{description}\t{version}"))
    }

    fn record(&mut self, kind: u8) -> Result<String, Trouble> {
        Ok(match (kind, self.start.is_some()) {
            (0, false) => self.run()?,
            (1, true) => {
                let (groups, name) = (self.groups()?, self.known_text()?);
                let (start, end) = (self.time()?, self.time()?);
                let (status, message) = (self.status()?, self.known_text()?);
                format!("REQUEST\t{groups}\t{name}\t{start}\t{end}\t{status}\t{message}")
            }
            (2, true) => {
                let scenario = self.int()?;
                let name = usize::try_from(scenario).ok().and_then(|at| self.scenarios.get(at)).cloned();
                let name = name.ok_or_else(|| damaged(&format!("a scenario with the number {scenario}")))?;
                let event = if self.truth()? { "START" } else { "END" };
                format!("USER\t{name}\t{event}\t{}", self.time()?)
            }
            (3, true) => {
                let groups = self.groups()?;
                let (start, end, taken) = (self.time()?, self.time()?, self.int()?);
                format!("GROUP\t{groups}\t{start}\t{end}\t{taken}\t{}", self.status()?)
            }
            (4, true) => {
                let message = self.known_text()?;
                format!("ERROR\t{message}\t{}", self.time()?)
            }
            (kind, _) => return Err(damaged(&format!("a record of the kind {kind}"))),
        })
    }

    /// Reads one more record; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        let Some(kind) = self.inner.fill_buf()?.first().copied() else { return Ok(false) };
        self.inner.consume(1);
        self.records += 1;
        let place = Place { what: "record", number: self.records };
        let line = self.record(kind).map_err(|trouble| match trouble {
            Trouble::Io(error) => error,
            Trouble::Wrong(error) => io::Error::other(Refused(error.at(place))),
        })?;
        self.out.get_mut().clear();
        self.out.set_position(0);
        self.out.get_mut().extend_from_slice(line.as_bytes());
        self.out.get_mut().push(b'\n');
        Ok(true)
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.out.position() == self.out.get_ref().len() as u64 && !self.more()? {
            return Ok(0);
        }
        self.out.read(into)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::peek::broken;
    use super::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        let latin = text.chars().all(|c| u32::from(c) < 256);
        let bytes: Vec<u8> = match latin {
            true => text.chars().map(|c| c as u8).collect(),
            false => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        out.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        out.extend_from_slice(&bytes);
        if !bytes.is_empty() {
            out.push(u8::from(!latin));
        }
    }

    fn ints(out: &mut Vec<u8>, numbers: &[i32]) {
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
    }

    /// A run with a user, two requests in a group, the group itself and an error.
    fn log(version: &str) -> Vec<u8> {
        let mut out = vec![0];
        text(&mut out, version);
        text(&mut out, "shop.Search");
        out.extend_from_slice(&1_795_946_400_000_i64.to_be_bytes());
        text(&mut out, "");
        ints(&mut out, &[1]);
        text(&mut out, "Users");
        ints(&mut out, &[1, 3]);
        out.extend_from_slice(&[9, 9, 9]);
        // a user begins
        out.push(2);
        ints(&mut out, &[0]);
        out.push(1);
        ints(&mut out, &[5]);
        // a request in a group
        out.push(1);
        ints(&mut out, &[1, 1]);
        text(&mut out, "search, fast");
        ints(&mut out, &[2]);
        text(&mut out, "GET /p");
        ints(&mut out, &[10, 106]);
        out.push(1);
        ints(&mut out, &[3]);
        text(&mut out, "");
        // another, which fails
        out.push(1);
        ints(&mut out, &[0, -2, 1000, 1002]);
        out.push(0);
        ints(&mut out, &[4]);
        text(&mut out, "status\t≠ 200");
        // the group, and an error
        out.push(3);
        ints(&mut out, &[1, -1, 10, 106, 96]);
        out.push(1);
        out.push(4);
        ints(&mut out, &[-4, 1003]);
        out
    }

    fn read(bytes: &[u8]) -> Result<String, String> {
        let mut all = String::new();
        let read = Lines::new(bytes).read_to_string(&mut all);
        read.map(|_| all).map_err(|error| broken(&error).to_string().trim_start_matches([',', ':', ' ']).to_owned())
    }

    #[test]
    fn records_are_lines_of_text() {
        let bytes = log("3.13.5");
        assert!(is(&bytes[..HEAD as usize]));
        assert_eq!(
            read(&bytes).unwrap(),
            "RUN\tshop.Search\t \t1795946400000\t\t3.13.5\n\
             USER\tUsers\tSTART\t1795946400005\n\
             REQUEST\tsearch  fast\tGET /p\t1795946400010\t1795946400106\tOK\t\n\
             REQUEST\t\tGET /p\t1795946401000\t1795946401002\tKO\tstatus ≠ 200\n\
             GROUP\tsearch  fast\t1795946400010\t1795946400106\t96\tOK\n\
             ERROR\tstatus ≠ 200\t1795946401003\n"
        );
        for other in [&b"time,a\n"[..], b"\0\0\0\0", b"\0\0\0\0\x063.13", b"\0\0\0\0\x06PAR1xx", b""] {
            assert!(!is(other), "{other:?}");
        }
    }

    #[test]
    fn a_log_that_is_cut_or_damaged_or_of_another_version_is_refused() {
        let bytes = log("3.14.2");
        let whole = read(&bytes).unwrap();
        let mut ends = 0;
        for cut in 1..bytes.len() {
            match read(&bytes[..cut]) {
                Ok(lines) => {
                    assert!(whole.starts_with(&lines) && lines.ends_with('\n'), "{cut}");
                    ends += 1;
                }
                Err(error) => assert!(error.contains("breaks off, so this log of Gatling is cut"), "{cut}: {error}"),
            }
        }
        assert_eq!(ends, 5, "only the end of a record may be the end of a log");
        assert_eq!(
            read(&log("3.16.0")).unwrap_err(),
            "record 1: is a binary log of Gatling 3.16.0, whose layout davy does not know; expected one of Gatling 3.13 to 3.15. \
             Judge the counts of the report instead: `js/stats.json` in its folder."
        );
        let more = |bytes: &[u8]| read(&[&log("3.15.1"), bytes].concat()).unwrap_err();
        assert!(more(&[7]).starts_with("record 7: has a record of the kind 7, so this log of Gatling is damaged"));
        assert!(more(&[4, 0, 0, 0, 9]).contains("a text with the number 9"));
        assert!(more(&[4, 0x80, 0, 0, 0]).contains("a text with the number -2147483648"));
        assert!(more(&[2, 0, 0, 0, 1]).contains("a scenario with the number 1"));
        assert!(more(&[2, 0, 0, 0, 0, 2]).contains("2 where 0 or 1 stands"));
        assert!(more(&[1, 0xff, 0, 0, 0]).contains(" groups, so"));
        assert!(more(&[0]).contains("a record of the kind 0"), "a second run is another log");
    }
}
