//! The lines that AWS Lambda writes of each invocation, as JSON objects: `REPORT RequestId: … Duration: 104.19 ms …`.
//!
//! A report itself says of an error only lately (`Status: timeout`). Before, a line of its own does: `[ERROR] Runtime.ExitError`
//! between START and REPORT, or `Task timed out` behind it. So reports are held back for a while. A failure belongs to the request
//! that its line names, or to one of those that run. Where neither a report nor a line says how any invocation ended, no row does:
//! other languages fail in other words.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use super::rewrite::{Rewrite, most};
use crate::source::error::Error;

/// How many reports of a stream are held back: those of other invocations may stand before what is said of one.
const HELD: usize = 8;
/// Where a row says that its invocation succeeded, if that is known when the log ends.
const PERHAPS: char = '\u{1}';
const SUCCESS: &str = ",\"success\":true";

/// What a report says.
#[derive(Debug)]
struct Report {
    id: String,
    time: String,
    milliseconds: String,
    init: Option<String>,
    /// Whether it says itself how it ended.
    says: bool,
    failed: bool,
}

/// What a report begins with.
const REPORT: &str = "REPORT RequestId: ";

/// Reads `REPORT RequestId: …`; nothing where it is another line, or has no duration.
fn report(time: &str, message: &str) -> Option<Report> {
    let fields = message.strip_prefix(REPORT)?;
    let id = id(fields).to_owned();
    let fields: Vec<(&str, &str)> = fields.split('\t').filter_map(|field| field.trim().split_once(": ")).collect();
    let find = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let milliseconds = |name: &str| find(name).and_then(|value| value.strip_suffix(" ms")).map(str::to_owned);
    let status = find("Status");
    let failed = status.is_some_and(|status| !status.eq_ignore_ascii_case("success")) || find("Error Type").is_some();
    let (says, time) = (status.is_some() || failed, time.to_owned());
    Some(Report {
        id,
        time,
        milliseconds: milliseconds("Duration")?,
        init: milliseconds("Init Duration"),
        says,
        failed,
    })
}

fn id(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// Whether a line says that an invocation failed, as the runtime writes it and not what a program logs.
fn is_failure(message: &str) -> bool {
    let unhandled = message.strip_prefix("[ERROR] ").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()));
    let said = [
        "Task timed out after",
        "Invoke Error",
        "Uncaught Exception",
        "Unhandled Promise Rejection",
        "Runtime exited",
        "Process exited before completing",
        "\"errorType\"",
    ];
    unhandled || is_of_java(message) || said.iter().any(|words| message.contains(words))
}

/// `java.lang.RuntimeException: boom`, as the first word of a line. Python's exceptions have packages, too, and are often logged.
fn is_of_java(message: &str) -> bool {
    const PACKAGES: [&str; 10] =
        ["java.", "javax.", "jakarta.", "kotlin.", "scala.", "com.", "org.", "io.", "net.", "software."];
    let end = message.find(|c: char| !c.is_ascii_alphanumeric() && !"._$".contains(c)).unwrap_or(message.len());
    let (class, rest) = message.split_at(end);
    (class.ends_with("Exception") || class.ends_with("Error"))
        && PACKAGES.iter().any(|package| class.starts_with(package))
        && (rest.is_empty() || rest.starts_with(':'))
}

/// The invocations of several streams, as they end.
#[derive(Debug, Default)]
pub(in crate::source::file) struct Invocations {
    streams: BTreeMap<String, State>,
    /// Whether anything said how an invocation ended.
    told: bool,
}

#[derive(Debug, Default)]
struct State {
    /// Those that run, and whether they failed.
    open: BTreeMap<String, bool>,
    /// How many of them failed without being named.
    failed: usize,
    held: VecDeque<Report>,
}

impl State {
    /// Takes a line that says that an invocation failed.
    fn fail(&mut self, message: &str) {
        let words = || message.split(|c: char| c.is_whitespace() || "\":,{}".contains(c));
        if let Some(report) = self.held.iter_mut().rev().find(|report| words().any(|word| word == report.id)) {
            report.failed = true;
            return;
        }
        if let Some(failed) = words().find(|word| self.open.contains_key(*word)).and_then(|id| self.open.get_mut(id)) {
            *failed = true;
            return;
        }
        match (self.open.len(), self.held.back_mut()) {
            (0, Some(report)) => report.failed = true,
            // one of them, or the one that starts next
            (open, _) => self.failed = (self.failed + 1).min(open.max(1)),
        }
    }

    /// Takes a report; the one that is held back no longer.
    fn end(&mut self, mut report: Report) -> Option<Report> {
        let named = self.open.remove(&report.id) == Some(true);
        let unnamed = !named && self.failed > 0 && (report.failed || !report.says);
        self.failed -= usize::from(unnamed);
        report.failed |= named || unnamed;
        self.held.push_back(report);
        if self.held.len() > HELD { self.held.pop_front() } else { None }
    }
}

impl Invocations {
    /// Takes one line of a stream and appends the invocation that is held back no longer. A report that cannot be read is
    /// appended as it is.
    pub(in crate::source::file) fn add(&mut self, time: &str, stream: &str, message: &str, out: &mut String) {
        let state = self.streams.entry(stream.to_owned()).or_default();
        let message = message.trim();
        if let Some(started) = message.strip_prefix("START RequestId: ") {
            state.open.entry(id(started).to_owned()).or_default();
        } else if let Some(report) = report(time, message) {
            self.told |= report.says;
            if let Some(before) = state.end(report) {
                write(stream, &before, out);
            }
        } else if message.starts_with(REPORT.trim_end()) {
            line(message, out);
        } else if is_failure(message) {
            self.told = true;
            state.fail(message);
        }
    }

    /// Appends those that are left.
    pub(in crate::source::file) fn end(&mut self, out: &mut String) {
        for (stream, state) in std::mem::take(&mut self.streams) {
            state.held.iter().for_each(|report| write(&stream, report, out));
        }
    }

    /// The rows as far as it is known how their invocations ended.
    pub(in crate::source::file) fn said(&self, rows: &str) -> String {
        rows.replace(PERHAPS, if self.told { SUCCESS } else { "" })
    }
}

fn line(text: &str, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(text);
}

fn write(stream: &str, report: &Report, out: &mut String) {
    let ended = if report.failed { ",\"success\":false".to_owned() } else { PERHAPS.to_string() };
    let mut row = format!("{{\"time\":{:?},\"duration_ms\":{}{ended}", report.time, report.milliseconds);
    let version = stream.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(version, _)| version);
    if let Some(version) = version {
        // writing to a text does not fail
        let _ = write!(row, ",\"version\":{version:?}");
    }
    let _ = write!(row, ",\"cold_start\":{}}}", report.init.is_some());
    line(&row, out);
}

/// A log of lines, as `aws logs tail` prints it or the console exports it.
#[derive(Default)]
struct Lambda {
    invocations: Invocations,
    /// What lines become, until it is known whether anything says how invocations end.
    waiting: String,
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
        let mut text = String::new();
        if let Some((time, stream, message)) = parts(line) {
            self.invocations.add(time, stream, message, &mut text);
        }
        self.waiting.push_str(&text);
        if self.waits() {
            self.waiting.push('\n');
        } else {
            let known = std::mem::take(&mut self.waiting);
            out.extend_from_slice(self.invocations.said(&known).as_bytes());
        }
        Ok(())
    }

    fn waits(&self) -> bool {
        !self.invocations.told
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let mut text = String::new();
        self.invocations.end(&mut text);
        text.push('\n');
        let known = std::mem::take(&mut self.waiting) + &text;
        out.extend_from_slice(self.invocations.said(&known).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    fn report(id: &str) -> String {
        format!(
            "REPORT RequestId: {id}\tDuration: 104.19 ms\tBilled Duration: 105 ms\tMemory Size: 512 MB\tMax Memory Used: 83 MB\t"
        )
    }

    /// Whether each invocation succeeded, where that is said.
    fn ends(text: &str) -> Vec<Option<bool>> {
        let of = |row: &str| {
            let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(row).ok()?;
            row.get("success")?.as_bool()
        };
        text.lines().filter(|line| !line.is_empty()).map(of).collect()
    }

    #[test]
    fn a_report_is_an_invocation_and_the_lines_around_it_say_how_it_ended() {
        let at = "2026-11-29T10:00:00.000000+00:00 2026/11/29/[41]8ab7e8b8";
        let [a, b, c, d] = ["a", "b", "c", "d"].map(report);
        let text = read(&format!(
            "{at} START RequestId: a Version: 41\n{at} END RequestId: a\n{at} {a}\n\
             {at} START RequestId: b Version: 41\n{at} [ERROR] Runtime.ExitError\n{at} END RequestId: b\n{at} {b}\n\
             {at} START RequestId: c Version: 41\n{at} [ERROR]\t2026-11-29T10:00:00Z\tc\tlogged\n{at} {c}\n{at} c Task timed out after 3.00 seconds\n\
             {at} {d}Status: timeout\n"
        ));
        let rows: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let flags: Vec<bool> = rows.iter().map(|row| row.contains("\"success\":true")).collect();
        assert_eq!(flags, [true, false, false, false], "{text}");
        assert!(rows[0].contains("\"duration_ms\":104.19") && rows[0].contains("\"version\":\"41\""), "{text}");
    }

    #[test]
    fn the_console_exports_a_table() {
        let text = read(&format!(
            "timestamp,message\n1795946400000,\"START RequestId: a Version: 1\n\"\n1795946400000,\"{}\n\"\n1795946400000,\"{}Status: error\n\"\n",
            report("a"),
            report("b")
        ));
        let row = |success: bool| {
            format!("{{\"time\":\"1795946400000\",\"duration_ms\":104.19,\"success\":{success},\"cold_start\":false}}")
        };
        assert_eq!(text.trim(), row(true) + "\n" + &row(false));
    }

    #[test]
    fn no_failure_is_lost_where_invocations_of_no_stream_run_side_by_side() {
        let at = "2026-11-29T10:00:00.000000+00:00";
        let [a, b, c] = ["a", "b", "c"].map(report);
        let starts = ["a", "b", "c"].map(|id| format!("{at} START RequestId: {id} Version: 41\n")).concat();
        let (well, badly) = (Some(true), Some(false));
        for (failures, ended) in [
            ("[ERROR] KeyError: x", [badly, well, well]),
            ("[ERROR] KeyError: x\n[ERROR] KeyError: y", [badly, badly, well]),
            ("2026-11-29T10:00:00.000Z\tb\tERROR\tUnhandled Promise Rejection \t{}", [well, badly, well]),
            ("RequestId: c Error: Runtime exited with error: signal: killed", [well, well, badly]),
        ] {
            let failures: String = failures.lines().map(|line| format!("{at} {line}\n")).collect();
            let text = read(&format!("{starts}{failures}{at} {a}\n{at} {b}\n{at} {c}\n"));
            assert_eq!(ends(&text), ended, "{failures}{text}");
        }
        // another one starts and ends before what is said of the first
        let text = read(&format!("{starts}{at} {a}\n{at} {b}\n{at} a Task timed out after 3.00 seconds\n{at} {c}\n"));
        assert_eq!(ends(&text), [badly, well, well], "{text}");
        let text = read(&format!("{at} [ERROR] Runtime.ImportModuleError: x\n{starts}{at} {a}\n{at} {b}\n{at} {c}\n"));
        assert_eq!(ends(&text), [badly, well, well], "{text}");
    }

    #[test]
    fn an_invocation_succeeded_only_in_a_log_that_says_who_failed() {
        let at = "2026-11-29T10:00:00.000000+00:00 2026/11/29/[41]8ab7e8b8";
        let started = |id: &str| format!("{at} START RequestId: {id} Version: 41\n");
        let (a, b) = (report("a"), report("b"));
        for failure in [
            "{\"errorMessage\":\"boom\",\"errorType\":\"errorString\"}",
            "java.lang.RuntimeException: boom: java.lang.RuntimeException",
            "com.example.shop.CartException",
            "2026-11-29T10:00:00.000Z\tb\tERROR\tUnhandled Promise Rejection \t{}",
        ] {
            let text = read(&format!("{}{at} {a}\n{}{at} {failure}\n{at} {b}\n", started("a"), started("b")));
            assert_eq!(ends(&text), [Some(true), Some(false)], "{failure}: {text}");
        }
        for silent in
            ["boom", "\tat java.lang.Thread.run", "Caused by: java.lang.Error", "botocore.exceptions.ClientError: x"]
        {
            let text = read(&format!("{}{at} {a}\n{}{at} {silent}\n{at} {b}\n", started("a"), started("b")));
            assert_eq!(ends(&text), [None, None], "{silent}: {text}");
        }
        assert_eq!(ends(&read(&format!("{at} {a}\n{at} {b}Status: success\n"))), [Some(true), Some(true)]);
    }

    #[test]
    fn a_report_that_is_cut_off_is_a_bad_row() {
        let at = "2026-11-29T10:00:00.000000+00:00 2026/11/29/[41]8ab7e8b8";
        let text = read(&format!(
            "{at} {}Status: error\n{at} REPORT RequestId: b\n{at} REPORT RequestId: c\tDura\n",
            report("a")
        ));
        assert!(text.contains("\nREPORT RequestId: b\nREPORT RequestId: c\tDura\n"), "{text}");
    }
}
