//! One pass over the inputs of both arms, line by line, to templates with their counts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use super::asked::{Lines, Log, Spans};
use super::record::{Line, Reader};
use super::tally::{Cells, Tally};
use super::{document, mask, mine};
use crate::series::{Arm, Pair, Remark, Series, Signatures, Template, Timestamp};
use crate::source::error::Error;
use crate::source::file::{Wrap, compression};
use crate::source::requests::{Arms, Input, all_inputs};
use crate::source::{Outside, Told};

/// How much of an input is looked at for how it is written.
const HEAD: u64 = 1 << 16;
/// No line of a log is longer; what is, is no line.
const LONGEST: usize = 1 << 20;
/// A container's log may be one of a syslog.
const LAYERS: usize = 2;
/// So often somebody is told how far it is.
const TOLD: u64 = 1 << 16;

const TOO_LONG: &str = "is longer than 1 MB";

/// Reads the lines of both arms.
///
/// # Errors
///
/// Unreachable: an input that does not exist or cannot be opened. Unreadable: packed otherwise, no line that can be read, no line
/// that says whose it is.
pub fn read(lines: &Lines, spans: &Spans, outside: &Outside) -> Result<Signatures, Error> {
    let Pair { baseline, canary } = &lines.logs;
    let mut pass = Pass { lines, spans, outside, tally: Tally::default(), all: Cells::new(), seen: Pair::default() };
    // a file of both arms is read once
    match baseline.inputs == canary.inputs {
        true => pass.logs(&[Arm::Baseline, Arm::Canary])?,
        false => Arm::BOTH.into_iter().try_for_each(|arm| pass.logs(&[arm]))?,
    }
    Ok(pass.finish())
}

/// What became of lines.
#[derive(Debug, Clone, Default)]
struct Seen {
    lines: u64,
    /// Lines of no arm that is asked for.
    armless: u64,
    bad: u64,
    /// The first bad one: where it is and what is wrong with it.
    example: Option<String>,
    cut: Option<String>,
}

struct Pass<'a> {
    lines: &'a Lines,
    spans: &'a Spans,
    outside: &'a Outside<'a>,
    tally: Tally,
    /// All lines of each arm, by step.
    all: Cells,
    seen: Pair<Seen>,
}

impl Pass<'_> {
    /// Reads the inputs that some arms have in common.
    fn logs(&mut self, arms: &[Arm]) -> Result<(), Error> {
        let lines = self.lines;
        let logs: Vec<&Log> = arms.iter().map(|arm| lines.logs.get(*arm)).collect();
        let Some(first) = logs.first() else { return Ok(()) };
        let same_time = self.spans.windows.baseline == self.spans.windows.canary;
        if logs.len() > 1 && same_time && logs.iter().all(|log| matches!(log.arms, Arms::All(_))) {
            return Err(Error::unreadable("has the lines of both arms, and nothing tells them apart")
                .within(&first.shown)
                .hint("Write `arm: { column: version, baseline: \"41\", canary: \"42\" }`, or `${arm}` in `path`."));
        }
        let mut seen = Seen::default();
        for input in all_inputs(&first.inputs)? {
            let shown = input.shown();
            self.input(&input, (arms, &logs), &mut seen).map_err(|error| match error.about.shown.is_empty() {
                true => error.within(&shown),
                false => error,
            })?;
        }
        if seen.bad > 0 && seen.bad == seen.lines {
            let example = seen.example.unwrap_or_default();
            return Err(Error::unreadable(format!("has no line that can be read: {example}"))
                .within(&first.shown)
                .hint(
                    "A line needs a time (at its beginning, or in a column `time: …`) and a message (`message: …`).",
                ));
        }
        if seen.lines > 0 && seen.armless == seen.lines - seen.bad {
            return Err(Error::unreadable(format!("not one of {} lines belongs to an arm", seen.lines))
                .within(&first.shown)
                .hint("Check `arm`: the column and the values of both arms."));
        }
        arms.iter().for_each(|arm| *self.seen.get_mut(*arm) = seen.clone());
        Ok(())
    }

    fn input(&mut self, input: &Input, of: (&[Arm], &[&Log]), seen: &mut Seen) -> Result<(), Error> {
        let mut reader = Reader::new(of.1)?;
        let (head, content) = compression::peek(compression::unpacked(input.open()?)?, HEAD)?;
        if document::is(&head) {
            return self.document(content, &mut reader, of, (input, seen));
        }
        let first = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
        let content = BufReader::with_capacity(1 << 17, content);
        match header(first).filter(|(names, _)| reader.knows(names)) {
            Some((names, by)) => self.table(content, (&names, by), &mut reader, of, (input, seen)),
            None => self.text(content, &wraps(&head), &mut reader, of, (input, seen)),
        }
    }

    /// Lines as they are, or wrapped.
    fn text(
        &mut self,
        mut content: impl BufRead,
        wraps: &[Wrap],
        reader: &mut Reader,
        of: (&[Arm], &[&Log]),
        (input, seen): (&Input, &mut Seen),
    ) -> Result<(), Error> {
        let (mut line, mut begun) = (Vec::new(), Vec::new());
        for number in 1.. {
            line.clear();
            let read = content.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line);
            if read.map_err(|error| compression::broken(&error))? == 0 {
                break;
            }
            if line.last() != Some(&b'\n') && line.len() >= LONGEST {
                skip_line(&mut content)?;
                self.bad(TOO_LONG, seen, input, number);
                continue;
            }
            // whoever writes has not finished it
            if line.last() != Some(&b'\n') && self.outside.growing {
                break;
            }
            let (time, text, goes_on) = unwrapped(wraps, &line);
            begun.extend_from_slice(&text);
            if goes_on && begun.len() < LONGEST {
                continue;
            }
            let whole = std::mem::take(&mut begun);
            let read = reader.line(&whole, time.as_deref(), &[]);
            self.take(read, of, (input, number, &mut *seen))?;
        }
        Ok(())
    }

    fn table(
        &mut self,
        content: impl Read,
        (names, by): (&[String], u8),
        reader: &mut Reader,
        of: (&[Arm], &[&Log]),
        (input, seen): (&Input, &mut Seen),
    ) -> Result<(), Error> {
        let mut rows = csv::ReaderBuilder::new().delimiter(by).flexible(true).from_reader(content);
        let mut row = csv::ByteRecord::new();
        while rows.read_byte_record(&mut row).map_err(|error| Error::unreadable(format!("cannot be read ({error})")))? {
            let number = row.position().map_or(0, csv::Position::line);
            let line = if row.len() == names.len() {
                reader.row(names, &row)
            } else {
                Line::Bad("has another number of columns")
            };
            self.take(line, of, (input, number, &mut *seen))?;
        }
        Ok(())
    }

    fn document(
        &mut self,
        content: impl Read,
        reader: &mut Reader,
        of: (&[Arm], &[&Log]),
        (input, seen): (&Input, &mut Seen),
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        content.take(document::LARGEST + 1).read_to_end(&mut bytes).map_err(|error| compression::broken(&error))?;
        if bytes.len() as u64 > document::LARGEST {
            return Err(
                Error::unreadable("is an answer of more than 512 MB").hint("Ask for shorter windows, a file for each.")
            );
        }
        let answer = document::read(&bytes, of.1.first().and_then(|log| log.limit))?;
        if let Some(cut) = answer.cut {
            seen.cut.get_or_insert(format!("{}: {cut}", input.shown()));
        }
        for (number, (time, text, labels)) in (1..).zip(&answer.lines) {
            let time = Some(time.as_str()).filter(|time| !time.is_empty());
            let line = reader.line(text.as_bytes(), time, labels);
            self.take(line, of, (input, number, &mut *seen))?;
        }
        Ok(())
    }

    fn bad(&mut self, why: &str, seen: &mut Seen, input: &Input, number: u64) {
        seen.lines += 1;
        seen.bad += 1;
        // what the line says may be personal
        seen.example.get_or_insert_with(|| format!("{}, line {number}, {why}", input.shown()));
    }

    fn take(
        &mut self,
        line: Line,
        of: (&[Arm], &[&Log]),
        (input, number, seen): (&Input, u64, &mut Seen),
    ) -> Result<(), Error> {
        if number % TOLD == 0 {
            self.outside.interrupt.check()?;
            (self.outside.told)(Told::Progress { what: "lines", done: number, of: None });
        }
        let record = match line {
            Line::Is(record) => record,
            Line::GoesOn | Line::Empty => return Ok(()),
            Line::Bad(why) => {
                self.bad(why, seen, input, number);
                return Ok(());
            }
        };
        seen.lines += 1;
        seen.armless += u64::from(record.of.iter().all(Option::is_none));
        let mut text: Option<String> = None;
        for (arm, counts) in of.0.iter().zip(&record.of).filter_map(|(arm, counts)| Some((*arm, (*counts)?))) {
            let Some(step) = self.step(arm, record.at) else { continue };
            *self.all.entry((arm, step)).or_insert(0) += 1;
            if counts {
                let text = text.get_or_insert_with(|| match self.lines.masks {
                    true => mask::masked(&record.message, &self.lines.words),
                    false => mask::plain(&record.message),
                });
                self.tally.add(text, (arm, step));
            }
        }
        Ok(())
    }

    /// The step of an arm's window in which an instant lies.
    fn step(&self, arm: Arm, at: i64) -> Option<i64> {
        let window = self.spans.windows.get(arm);
        let (at, start, end) = (i128::from(at), window.start.as_nanosecond(), window.end.as_nanosecond());
        let step = self.spans.step.as_nanos().max(1);
        (start <= at && at < end).then(|| i64::try_from((at - start) / step).unwrap_or(i64::MAX))
    }

    fn finish(self) -> Signatures {
        let spilled = self.tally.spilled;
        let (lines, beginnings) = self.tally.into_lines();
        let counted: Vec<(&str, u64)> =
            lines.iter().map(|(line, cells)| (line.as_str(), cells.values().sum())).collect();
        // the text as it is has no marks, and is looked at by itself
        let texts = mine::templates(&counted);
        let mut templates: BTreeMap<String, (String, u64, Cells)> = BTreeMap::new();
        let own = texts.into_iter().zip(&lines).map(|(text, (line, cells))| (text, line.clone(), cells));
        let rest = beginnings.iter().map(|(text, cells)| (text.clone(), text.clone(), cells));
        for (text, line, cells) in own.chain(rest) {
            let count: u64 = cells.values().sum();
            let known = templates.entry(text).or_default();
            if count > known.1 {
                (known.0, known.1) = (line, count);
            }
            cells.iter().for_each(|(cell, count)| *known.2.entry(*cell).or_insert(0) += count);
        }
        let template = |(text, (example, _, cells)): (String, (String, u64, Cells))| {
            let counts = Pair::build(|arm| events(&cells, arm, self.spans));
            Template { text, example, counts }
        };
        let origin = origin(&self.lines.logs);
        Signatures {
            templates: templates.into_iter().map(template).collect(),
            lines: Pair::build(|arm| events(&self.all, arm, self.spans)),
            remarks: Pair::build(|arm| remarks(self.seen.get(arm), self.lines.logs.get(arm), spilled)),
            origin,
        }
    }
}

/// What is to be known of the lines of an arm.
fn remarks(seen: &Seen, log: &Log, spilled: u64) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if let Some(example) = &seen.example {
        let text = format!("{} of {} lines cannot be read: {example}", seen.bad, seen.lines);
        let is_too_much = seen.bad as f64 > log.max_bad * seen.lines as f64;
        remarks.push(if is_too_much { Remark::incomplete(text) } else { Remark::note(text) });
    }
    remarks.extend(seen.cut.clone().map(Remark::incomplete));
    if spilled > 0 {
        remarks.push(Remark::suspect(format!(
            "the log has too many different lines: {spilled} lines are counted by their first words alone"
        )));
    }
    remarks
}

fn origin(logs: &Pair<Log>) -> String {
    let Pair { baseline, canary } = logs;
    if baseline.shown == canary.shown {
        canary.shown.clone()
    } else {
        format!("{} and {}", baseline.shown, canary.shown)
    }
}

fn events(cells: &Cells, arm: Arm, spans: &Spans) -> Series {
    let start = spans.windows.get(arm).start;
    let at =
        |step: i64| i32::try_from(step).ok().and_then(|step| start.checked_add(spans.step.checked_mul(step)?).ok());
    let own = cells.range((arm, i64::MIN)..=(arm, i64::MAX));
    let (time, count): (Vec<Timestamp>, Vec<u64>) =
        own.filter_map(|((_, step), count)| Some((at(*step)?, *count))).unzip();
    Series::Events { time, count, exposure: None }
}

/// The ways in which the lines of an input are wrapped, from the outside in.
fn wraps(head: &[u8]) -> Vec<Wrap> {
    let whole = memchr::memrchr(b'\n', head).map_or(head, |end| &head[..end]);
    let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
    let mut lines: Vec<Vec<u8>> = lines.take(50).map(<[u8]>::to_vec).collect();
    let mut found = Vec::new();
    for _ in 0..LAYERS {
        let wrap = Wrap::around(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let Some(wrap) = wrap else { break };
        found.push(wrap);
        lines = lines.iter().filter_map(|line| wrap.inner(line).map(|inner| inner.text)).collect();
    }
    found
}

/// What a program wrote: the time around it, its text, and whether the next line goes on with it.
fn unwrapped<'l>(wraps: &[Wrap], line: &'l [u8]) -> (Option<String>, std::borrow::Cow<'l, [u8]>, bool) {
    let mut own = (None, std::borrow::Cow::Borrowed(line.trim_ascii_end()), false);
    for wrap in wraps {
        let Some(inner) = wrap.inner(&own.1) else { break };
        own = (inner.time.or(own.0), std::borrow::Cow::Owned(inner.text), own.2 || inner.goes_on);
    }
    own
}

/// The names of the columns of a table and what separates them.
fn header(line: &[u8]) -> Option<(Vec<String>, u8)> {
    let by = [b'\t', b',', b';'].into_iter().find(|by| line.contains(by)).filter(|_| !line.starts_with(b"{"))?;
    let mut reader = csv::ReaderBuilder::new().delimiter(by).has_headers(false).from_reader(line);
    let record = reader.records().next()?.ok()?;
    Some((record.iter().map(|name| name.trim().to_owned()).collect(), by))
}

fn skip_line(content: &mut impl BufRead) -> Result<(), Error> {
    loop {
        let bytes = content.fill_buf().map_err(|error| compression::broken(&error))?;
        let (read, ended) = match memchr::memchr(b'\n', bytes) {
            Some(end) => (end + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        content.consume(read);
        if ended {
            return Ok(());
        }
    }
}
