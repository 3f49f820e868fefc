//! The lines that AWS Lambda writes of each invocation, as JSON objects: `REPORT RequestId: … Duration: 104.19 ms …`.
//!
//! A report itself says of an error only lately (`Status: timeout`). Before, a line of its own does: `[ERROR] Runtime.ExitError`
//! between START and REPORT, or `Task timed out` behind it. So a report is held back until the next line of its stream.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::rewrite::{Rewrite, most};
use crate::source::error::Error;

/// What a report says.
#[derive(Debug)]
struct Report {
    milliseconds: String,
    init: Option<String>,
    failed: bool,
}

/// Reads `REPORT RequestId: …`; nothing where it is another line.
fn report(message: &str) -> Option<Report> {
    let fields = message.trim_start().strip_prefix("REPORT RequestId: ")?;
    let fields: Vec<(&str, &str)> = fields.split('\t').filter_map(|field| field.trim().split_once(": ")).collect();
    let find = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let milliseconds = |name: &str| find(name).and_then(|value| value.strip_suffix(" ms")).map(str::to_owned);
    let failed =
        find("Status").is_some_and(|status| !status.eq_ignore_ascii_case("success")) || find("Error Type").is_some();
    Some(Report { milliseconds: milliseconds("Duration")?, init: milliseconds("Init Duration"), failed })
}

/// Whether a line says that an invocation failed, as the runtime writes it and not what a program logs.
fn is_failure(message: &str) -> bool {
    let message = message.trim_start();
    let unhandled = message.strip_prefix("[ERROR] ").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()));
    let said = [
        "Task timed out after",
        "Invoke Error",
        "Uncaught Exception",
        "Runtime exited",
        "Process exited before completing",
    ];
    unhandled || said.iter().any(|words| message.contains(words))
}

/// The invocations of several streams, as they end.
#[derive(Debug, Default)]
pub(in crate::source::file) struct Invocations {
    streams: BTreeMap<String, State>,
}

#[derive(Debug, Default)]
struct State {
    failed: bool,
    held: Option<(String, Report)>,
}

impl Invocations {
    /// Takes one line of a stream and appends the invocation that is known to have ended by it.
    pub(in crate::source::file) fn add(&mut self, time: &str, stream: &str, message: &str, out: &mut String) {
        let state = self.streams.entry(stream.to_owned()).or_default();
        if let Some((_, held)) = &mut state.held
            && message.contains("Task timed out after")
        {
            held.failed = true;
            return;
        }
        let before = state.held.take();
        let opened = message.trim_start();
        if opened.starts_with("START RequestId: ") {
            state.failed = false;
        } else if let Some(mut report) = report(opened) {
            report.failed |= std::mem::take(&mut state.failed);
            state.held = Some((time.to_owned(), report));
        } else if is_failure(opened) {
            state.failed = true;
        }
        if let Some((time, report)) = before {
            write(&time, stream, &report, out);
        }
    }

    /// Appends those that are left.
    pub(in crate::source::file) fn end(&mut self, out: &mut String) {
        for (stream, state) in std::mem::take(&mut self.streams) {
            if let Some((time, report)) = state.held {
                write(&time, &stream, &report, out);
            }
        }
    }
}

fn write(time: &str, stream: &str, report: &Report, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    // writing to a text does not fail
    let _ = write!(out, "{{\"time\":{time:?},\"duration_ms\":{},\"success\":{}", report.milliseconds, !report.failed);
    let version = stream.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(version, _)| version);
    if let Some(version) = version {
        let _ = write!(out, ",\"version\":{version:?}");
    }
    let _ = write!(out, ",\"cold_start\":{}}}", report.init.is_some());
}

/// A log of lines, as `aws logs tail` prints it or the console exports it.
#[derive(Default)]
struct Lambda {
    invocations: Invocations,
}

/// For a file that begins with such lines.
pub(super) fn of(lines: &[&[u8]]) -> Option<Box<dyn Rewrite>> {
    let told = lines.iter().filter_map(|line| parts(line)).filter(|(_, _, message)| is_of_lambda(message)).count();
    let exported = lines[0].starts_with(b"timestamp,message");
    let prefixed = most(lines, |line| parts(line).is_some()) || exported;
    (told > 0 && prefixed).then(|| Box::new(Lambda::default()) as Box<dyn Rewrite>)
}

fn is_of_lambda(message: &str) -> bool {
    ["REPORT RequestId: ", "START RequestId: ", "END RequestId: "].iter().any(|words| message.starts_with(words))
}

/// A line's time, stream and message: separated by spaces, or by a comma in the table that the console exports.
fn parts(line: &[u8]) -> Option<(&str, &str, &str)> {
    let line = std::str::from_utf8(line).ok()?;
    if let Some((time, message)) = line.split_once(',')
        && time.len() == 13
        && time.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some((time, "", message.trim_matches('"').trim_end()));
    }
    let (time, rest) = line.split_once(' ')?;
    if time.len() < 19 || time.as_bytes()[10] != b'T' || !time.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match rest.split_once(' ') {
        Some((stream, message)) if stream.contains("/[") => Some((time, stream, message)),
        _ => Some((time, "", rest)),
    }
}

impl Rewrite for Lambda {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some((time, stream, message)) = parts(line) else { return Ok(()) };
        let mut text = String::new();
        self.invocations.add(time, stream, message, &mut text);
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let mut text = String::new();
        self.invocations.end(&mut text);
        text.push('\n');
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    const REPORT: &str = "REPORT RequestId: 3604209a\tDuration: 104.19 ms\tBilled Duration: 105 ms\tMemory Size: 512 MB\tMax Memory Used: 83 MB\t";

    #[test]
    fn a_report_is_an_invocation_and_the_lines_around_it_say_how_it_ended() {
        let at = "2026-11-29T10:00:00.000000+00:00 2026/11/29/[41]8ab7e8b8";
        let text = read(&format!(
            "{at} START RequestId: a Version: 41\n{at} END RequestId: a\n{at} {REPORT}\n\
             {at} START RequestId: b Version: 41\n{at} [ERROR] Runtime.ExitError\n{at} END RequestId: b\n{at} {REPORT}\n\
             {at} START RequestId: c Version: 41\n{at} [ERROR]\t2026-11-29T10:00:00Z\tc\tlogged\n{at} {REPORT}\n{at} c Task timed out after 3.00 seconds\n\
             {at} {REPORT}Status: timeout\n"
        ));
        let rows: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let flags: Vec<bool> = rows.iter().map(|row| row.contains("\"success\":true")).collect();
        assert_eq!(flags, [true, false, false, false], "{text}");
        assert!(rows[0].contains("\"duration_ms\":104.19") && rows[0].contains("\"version\":\"41\""), "{text}");
    }

    #[test]
    fn the_console_exports_a_table() {
        let text = read(&format!(
            "timestamp,message\n1795946400000,\"START RequestId: a Version: 1\n\"\n1795946400000,\"{REPORT}\n\"\n"
        ));
        assert_eq!(
            text.trim(),
            "{\"time\":\"1795946400000\",\"duration_ms\":104.19,\"success\":true,\"cold_start\":false}"
        );
    }
}
