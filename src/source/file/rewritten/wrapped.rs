//! What containers and system logs write before a program's own line: it is taken off, so that the line is what the program wrote.
//!
//! A program that leaves its time to the container gets it back: it is put into an object, or before a line of pairs.

use std::ops::Range;

use super::haproxy;
use super::pairs;
use super::rewrite::{Rewrite, most, quote};
use crate::source::error::Error;
use crate::source::file::days::month_named;
use crate::source::file::usual::is_usual_time;

/// A way of wrapping lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::source) enum Wrap {
    /// `2026-11-29T10:00:00.1Z stdout F …`, as Kubernetes' runtimes write it; `P` is a part of a line.
    Cri,
    /// `{"log":"…\n","stream":"stdout","time":"…"}`
    Docker,
    /// `2026-11-29T10:00:00.1Z …`, as `kubectl logs --timestamps` prints it, with a program's name or without.
    Stamped,
    /// `Nov 29 10:00:00 host nginx[7]: …`, or as RFC 5424 has it.
    Syslog,
    /// `web-1  | …`, as Docker Compose prints it.
    Compose,
    /// `[pod/web-1/nginx] …`, as `kubectl logs --prefix` prints it.
    Pod,
}

const ALL: [Wrap; 6] = [Wrap::Docker, Wrap::Cri, Wrap::Stamped, Wrap::Syslog, Wrap::Compose, Wrap::Pod];

/// A line without what is around it.
pub(in crate::source) struct Unwrapped {
    /// When it was, if that is said there.
    pub(in crate::source) time: Option<String>,
    /// What the program wrote.
    pub(in crate::source) text: Vec<u8>,
    /// Whether the next line goes on with it.
    pub(in crate::source) goes_on: bool,
}

struct Wrapped {
    wrap: Wrap,
    /// Whether the lines need the time of the wrap.
    timed: bool,
    begun: Vec<u8>,
}

/// For a file that begins with such lines, whose own lines are of a kind that is read.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    let wrap = ALL.into_iter().find(|wrap| {
        most(lines, |line| wrap.inner(line).is_some_and(|inner| wrap.is_sure() || is_known(&inner.text)))
    })?;
    let first = lines.iter().filter_map(|line| wrap.inner(line)).find(|inner| is_known(&inner.text));
    let timed = first.is_some_and(|inner| inner.time.is_some() && !has_time(&inner.text));
    Some(Box::new(Wrapped { wrap, timed, begun: Vec::new() }))
}

/// For a file whose own lines are known: what is around them when they fit, or is certain.
pub(super) fn around(lines: &[&[u8]], fits: &impl Fn(&[&[u8]]) -> bool) -> Option<Box<dyn Rewrite>> {
    let wrap = ALL.into_iter().find(|wrap| {
        let inner: Vec<Vec<u8>> = lines.iter().filter_map(|line| Some(wrap.inner(line)?.text)).collect();
        let texts: Vec<&[u8]> = inner.iter().map(Vec::as_slice).collect();
        2 * inner.len() >= lines.len() && (wrap.is_sure() && !inner.is_empty() || fits(&texts))
    })?;
    Some(Box::new(Wrapped { wrap, timed: false, begun: Vec::new() }))
}

/// Whether a line is of a kind that is read, as far as it can be told from one.
fn is_known(line: &[u8]) -> bool {
    let has = |text: &[u8]| memchr::memmem::find(line, text).is_some();
    let access = has(b" [") && has(b"] \"") && has(b" HTTP/");
    line.starts_with(b"{\"")
        || access
        || line.starts_with(b"[") && has(b"Z] \"")
        || haproxy::is(line)
        || pairs::is(line)
}

/// Whether a line says itself when it was.
fn has_time(line: &[u8]) -> bool {
    if line.starts_with(b"{") {
        let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(line);
        let told = |name: &String| is_usual_time(name) || SERVERS.iter().any(|usual| name.eq_ignore_ascii_case(usual));
        return object.is_ok_and(|object| object.keys().any(told));
    }
    !pairs::is(line)
        || line.split(|byte| *byte == b' ').any(|pair| {
            let key = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
            std::str::from_utf8(key).is_ok_and(is_usual_time)
        })
}

/// What servers call the time of a request.
const SERVERS: [&str; 10] = [
    "time_iso8601",
    "time_local",
    "msec",
    "start_time",
    "starttime",
    "StartUTC",
    "started_at",
    "requestTime",
    "@t",
    "event_time",
];

impl Wrap {
    /// Whether nothing else is written so, whatever is inside.
    fn is_sure(self) -> bool {
        matches!(self, Wrap::Docker | Wrap::Cri)
    }

    /// The way in which most of these lines are wrapped, whatever is inside. A time alone is what programs write, too.
    pub(in crate::source) fn around(lines: &[&[u8]]) -> Option<Wrap> {
        let all = ALL.into_iter().filter(|wrap| *wrap != Wrap::Stamped);
        all.into_iter().find(|wrap| most(lines, |line| wrap.inner(line).is_some()))
    }

    pub(in crate::source) fn inner(self, line: &[u8]) -> Option<Unwrapped> {
        let plain = |time: Option<&[u8]>, text: &[u8]| {
            let time = time.map(|time| String::from_utf8_lossy(time).into_owned());
            Some(Unwrapped { time, text: text.to_vec(), goes_on: false })
        };
        match self {
            Wrap::Docker => docker(line),
            Wrap::Cri => {
                let mut parts = line.splitn(4, |byte| *byte == b' ');
                let (time, stream, tag) = (parts.next()?, parts.next()?, parts.next()?);
                let right = is_stamp(time) && matches!(stream, b"stdout" | b"stderr") && matches!(tag, b"F" | b"P");
                let time = Some(String::from_utf8_lossy(time).into_owned());
                right.then(|| Unwrapped { time, text: parts.next().unwrap_or_default().to_vec(), goes_on: tag == b"P" })
            }
            Wrap::Stamped => {
                let space = memchr::memchr(b' ', line)?;
                let (time, text) = (&line[..space], &line[space + 1..]);
                let named = program(text).map_or(text, |colon| text[colon..].trim_ascii_start());
                is_stamp(time).then(|| plain(Some(time), named)).flatten()
            }
            Wrap::Syslog => {
                let (time, text) = syslog(line)?;
                plain(time.map(|time| &line[time]), text)
            }
            Wrap::Pod => {
                let rest = line.strip_prefix(b"[pod/")?;
                let end = memchr::memmem::find(rest, b"] ")?;
                plain(None, &rest[end + 2..])
            }
            Wrap::Compose => {
                let bar = memchr::memmem::find(line, b" | ")?;
                let named = line[..bar].trim_ascii_end();
                let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
                (!named.is_empty() && named.iter().all(word)).then(|| plain(None, &line[bar + 3..])).flatten()
            }
        }
    }
}

/// `2026-11-29T10:00:00Z`, finer or with an offset.
fn is_stamp(time: &[u8]) -> bool {
    let time = std::str::from_utf8(time).unwrap_or_default();
    time.len() >= 20 && time.as_bytes()[10] == b'T' && time.parse::<jiff::Timestamp>().is_ok()
}

/// Where `nginx[7]:` or `heroku[router]:` ends.
fn program(text: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', text)?;
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./[]".contains(byte);
    let name = &text[..colon];
    (!name.is_empty() && !name.starts_with(b"[") && name.iter().all(word) && text.get(colon + 1) == Some(&b' '))
        .then_some(colon + 1)
}

/// What a syslog wrote of a line: the time, where it has a year, and the text.
fn syslog(line: &[u8]) -> Option<(Option<Range<usize>>, &[u8])> {
    let text = match line.strip_prefix(b"<") {
        Some(rest) => &rest[memchr::memchr(b'>', &rest[..rest.len().min(4)])? + 1..],
        None => line,
    };
    if let Some(rest) = text.strip_prefix(b"1 ") {
        // time, host, program, process, id, structured data
        let space = memchr::memchr(b' ', rest).filter(|space| is_stamp(&rest[..*space]))?;
        let from = line.len() - rest.len();
        let message = rest.splitn(7, |byte| *byte == b' ').nth(6)?;
        return Some((Some(from..from + space), message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message)));
    }
    let right = text.len() > 16 && text[9] == b':' && text[12] == b':' && text[15] == b' ';
    let right = right && std::str::from_utf8(&text[..3]).is_ok_and(|word| month_named(word).is_some());
    let host = right.then(|| memchr::memchr(b' ', &text[16..])).flatten()?;
    let rest = &text[16 + host + 1..];
    program(rest).map(|colon| (None, rest[colon..].trim_ascii_start()))
}

fn docker(line: &[u8]) -> Option<Unwrapped> {
    if !line.starts_with(b"{\"log\":\"") {
        return None;
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(line).ok()?;
    let text = |name: &str| object.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let (log, time) = (text("log")?, text("time")?);
    text("stream")?;
    let whole = log.strip_suffix('\n');
    Some(Unwrapped {
        time: Some(time),
        goes_on: whole.is_none(),
        text: whole.unwrap_or(&log).trim_end_matches('\r').into(),
    })
}

impl Rewrite for Wrapped {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(inner) = self.wrap.inner(line) else {
            out.extend_from_slice(line);
            return Ok(());
        };
        self.begun.extend_from_slice(&inner.text);
        if inner.goes_on {
            return Ok(());
        }
        let text = std::mem::take(&mut self.begun);
        match (inner.time.filter(|_| self.timed), text.strip_prefix(b"{")) {
            (Some(time), Some(rest)) => {
                out.extend_from_slice(b"{\"time\":");
                quote(time.as_bytes(), out);
                if rest.trim_ascii_start() != b"}" {
                    out.push(b',');
                }
                out.extend_from_slice(rest);
            }
            (Some(time), None) if pairs::is(&text) => {
                out.extend_from_slice(format!("time={time} ").as_bytes());
                out.extend_from_slice(&text);
            }
            _ => out.extend_from_slice(&text),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_line_is_what_the_program_wrote() {
        let access = "192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" 0.005";
        let object = "{\"time\":\"2026-11-29T10:00:00Z\",\"status\":200}";
        let escaped = access.replace('"', "\\\"");
        for (wrapped, inner) in [
            (format!("2026-11-29T10:00:00.1Z stdout F {access}\n"), access),
            (
                format!(
                    "2026-11-29T10:00:00.1Z stdout P {}\n2026-11-29T10:00:00.1Z stdout F {}\n",
                    &access[..20],
                    &access[20..]
                ),
                access,
            ),
            (
                format!("{{\"log\":\"{escaped}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-29T10:00:00.1Z\"}}\n"),
                access,
            ),
            (format!("2026-11-29T10:00:00.1Z {access}\n"), access),
            (format!("2026-11-29T10:00:00.1Z {object}\n"), object),
            (format!("Nov 29 10:00:00 web nginx[7]: {access}\n"), access),
            (format!("<190>Nov 29 10:00:00 web nginx: {access}\n"), access),
            (format!("<190>1 2026-11-29T10:00:00Z web nginx 7 - - {access}\n"), access),
            (format!("web-1  | {access}\n"), access),
            (format!("[pod/web-1/nginx] {access}\n"), access),
        ] {
            assert_eq!(read(&wrapped).trim(), inner, "{wrapped}");
        }
    }

    #[test]
    fn a_program_without_a_clock_has_the_time_of_its_container() {
        let text = read("2026-11-29T10:00:00.1Z stdout F {\"status\":200,\"duration_ms\":5}\n");
        assert_eq!(text, "{\"time\":\"2026-11-29T10:00:00.1Z\",\"status\":200,\"duration_ms\":5}\n");
        let text = read("2026-11-29T10:00:00.1+00:00 heroku[router]: at=info service=18ms status=200 dyno=web.1\n");
        assert!(
            text.starts_with("{\"time\":\"2026-11-29T10:00:00.1+00:00\",\"at\":\"info\",\"service\":\"18ms\""),
            "{text}"
        );
    }
}
