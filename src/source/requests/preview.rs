//! How davy reads the first lines of a log: field by field, and what they mean.
//!
//! The same code reads them as counts them later, so what is right here is right in a verdict.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use super::feed::Feed;
use super::lines::{self, HEAD, Shape};
use super::outcome::Ended;
use super::program::{Bad, Program};
use super::row::plain;
use super::split::{Is, Split};
use super::survey::{means, plain_log, whatever_is_known};
use super::worker::took;
use super::{Format, Layout, Requests, Value, inputs};
use crate::series::Timestamp;
use crate::source::error::Error;
use crate::source::requests::clock::Clock;

/// The first rows of a log as davy reads them.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// How the rows are written.
    pub format: Format,
    /// What tells when a request was, how long it took and whether it is an error, in words; or why nothing does.
    pub means: Result<Means, String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// What the columns of a log mean, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    /// The latency: `took in ms`.
    pub latency: Option<String>,
    /// The errors: `status of 500 and more`.
    pub errors: Option<String>,
}

/// A row as davy reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its line, from 1.
    pub line: u64,
    /// The line.
    pub text: String,
    /// Where a line stops fitting its layout: the field and the character at which it begins, from 1.
    pub stops: Option<(String, usize)>,
    /// The columns with their texts, or what is wrong with the line.
    pub fields: Result<Vec<(String, String)>, &'static str>,
    /// When the request was, or why nobody knows.
    pub time: Result<Timestamp, &'static str>,
    /// How many nanoseconds it took; none if nobody measured it.
    pub latency: Option<u64>,
    /// Whether it is an error, if that is known.
    pub error: Option<bool>,
    /// Whether it is a request: other rows do not count.
    pub counts: bool,
}

/// Reads the first rows of a content that may be of a format.
///
/// # Errors
///
/// Unreadable: a format that is not known, or has no lines.
pub fn preview_of(content: Box<dyn Read + Send>, name: &str, format: Format, most: usize) -> Result<Preview, Error> {
    let log = Requests { format, ..plain_log(name.into(), name.to_owned()) };
    preview(&log, name, content, most)
}

/// Reads the first rows of a file that may be of a format, or of a layout of one's own.
///
/// # Errors
///
/// Unreachable: a file that cannot be opened. Unreadable as above.
pub fn preview_of_file(
    file: PathBuf,
    format: Format,
    layout: Option<Arc<Layout>>,
    most: usize,
) -> Result<Preview, Error> {
    let name = file.display().to_string();
    let log = Requests { format, layout, ..plain_log(file, name.clone()) };
    let inputs = inputs::all(&log.inputs)?;
    let input = inputs.first().ok_or_else(|| Error::unreadable("is empty"))?;
    preview(&log, &input.shown(), input.open()?, most)
}

/// Reads the first rows of a content.
fn preview(log: &Requests, name: &str, content: Box<dyn Read + Send>, most: usize) -> Result<Preview, Error> {
    let mut feed = match &log.layout {
        Some(layout) => Feed::laid(content, Arc::default(), layout, false)?,
        None => Feed::new(content, Arc::default())?,
    };
    let head = feed.head(HEAD)?.to_vec();
    let format = lines::named_format(log, name, &head)?;
    let recipe = lines::recipe(log, format, &head).ok_or_else(|| {
        let problem = "holds counts or columns rather than lines, so there are no fields to show";
        Error::unreadable(problem).hint("`davy judge` and `davy sketch FILE --csv -` read it.")
    })?;
    let Some(shape) = Shape::of(&recipe, &head)? else { return Err(Error::unreadable("is empty")) };
    let program = Program::new(log, &recipe, &[whatever_is_known()], &shape.names());
    let names = shape.unique();
    let all = shape.split(&names)?;
    let means = program.as_ref().map_err(ToString::to_string).map(|program| {
        let (latency, errors) = means(program, log, &recipe);
        Means { latency, errors }
    });
    let program = program.ok();
    let asked = program.as_ref().map(|program| shape.split(&program.columns)).transpose()?;
    let mut clock = Clock::new(log.columns.zone.as_deref())?;
    let mut rows = Vec::new();
    // the last line of the head may be cut off
    let ends = head.iter().filter(|byte| **byte == b'\n').count().max(1);
    for (at, line) in head.split(|byte| *byte == b'\n').take(ends).enumerate() {
        if rows.len() == most {
            break;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut row = Row {
            line: at as u64 + 1,
            text: String::from_utf8_lossy(line).into_owned(),
            fields: fields(&*all, &names, line).transpose().unwrap_or(Ok(Vec::new())),
            stops: None,
            time: Err("has no time"),
            latency: None,
            error: None,
            counts: false,
        };
        if row.fields.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        if row.fields.is_err() {
            let characters = |at: usize| String::from_utf8_lossy(&line[..at]).chars().count() + 1;
            row.stops = shape.stops(line).map(|(field, at)| (field, characters(at)));
        }
        if let (Some(program), Some(asked)) = (&program, &asked) {
            let mut slots = vec![Value::Missing; program.columns.len()];
            if asked.split(line, &mut slots) == Ok(Is::Row) {
                row.read(program, &slots, &mut clock);
            }
        }
        rows.push(row);
    }
    Ok(Preview { format, means, rows })
}

/// The fields of a line; nothing if it is no row.
fn fields(split: &dyn Split, names: &[String], line: &[u8]) -> Result<Option<Vec<(String, String)>>, &'static str> {
    let mut slots = vec![Value::Missing; names.len()];
    Ok(match split.split(line, &mut slots)? {
        Is::Row => Some(names.iter().cloned().zip(slots.iter().map(plain)).collect()),
        _ => None,
    })
}

impl Row {
    fn read(&mut self, program: &Program, slots: &[Value], clock: &mut Clock) {
        self.counts = program.only.as_ref().is_none_or(|only| only.holds(slots));
        let instant = program.instant(clock, slots).map_err(|(why, _)| why);
        self.time = instant.and_then(|at| Timestamp::from_nanosecond(at.into()).map_err(|_| "has no time"));
        self.latency = program.latency.as_ref().and_then(|from| took(slots, from).ok().flatten());
        self.error = match program.error {
            Bad::Unasked => None,
            _ => program.ended(slots).ok().map(|ended| ended == Ended::Badly),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::formats;
    use super::*;

    #[test]
    fn every_format_reads_its_example_as_its_file_says() {
        let mut read = 0;
        for ready in formats::all().iter().filter(|ready| !ready.example.is_empty()) {
            let name = format!("example.{}", ready.name);
            for format in [Format::Auto, ready.format] {
                let content = Box::new(std::io::Cursor::new(ready.example.clone().into_bytes()));
                let preview = preview_of(content, &name, format, 20).unwrap();
                assert_eq!(preview.format, ready.format, "{}", ready.name);
                let found: Vec<formats::Reads> = preview
                    .rows
                    .iter()
                    .filter(|row| row.counts)
                    .map(|row| formats::Reads {
                        time: row.time.unwrap().to_string(),
                        latency: row.latency.map(|ns| ns as f64 / 1e6),
                        error: row.error.unwrap(),
                    })
                    .collect();
                assert_eq!(found, ready.reads, "{}", ready.name);
                read += 1;
            }
        }
        assert!(read > 30, "{read}");
    }
}
