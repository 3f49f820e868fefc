//! Inputs whose requests somebody counted already: sketches, histogram logs, percentile listings.
//!
//! Each of their rows stands for many requests, of which it is known together when they were, whose, how long they took,
//! and in a sketch how many were errors. So a condition can only ask for what is known of all of them, and what nobody
//! counted cannot be asked for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

use super::Aggregates;
use super::account::{Chunks, account, bearable, beginning};
use super::feed::Feed;
use super::inputs::Input;
use super::program::{Names, Program};
use super::recipe::{Lines, Recipe};
use super::store::Store;
use super::worker::Worker;
use super::{
    Account, Aggregate, BadRows, Counted, Format, Requests, Slice, Taken, Value, Valued, When, buckets, hlog,
    percentiles, sketch,
};
use crate::series::Bins;
use crate::source::error::Error;
use crate::source::file::compression;
use crate::source::{Outside, Told};

/// Why an engine could not read a row.
const UNREAD: &str = "have no time, arm or status that can be read, or a wrong latency";
/// The column of a row's own time; it is given with the row.
const TIME: &str = "time";

/// What inputs counted, put together.
#[derive(Default)]
pub(super) struct Known {
    rows: Vec<Aggregate>,
    scale: Option<f64>,
    unread: BTreeMap<String, u64>,
    bytes: u64,
}

impl Known {
    /// Adds what another input counted, which is so many bytes long.
    pub(super) fn add(&mut self, counted: Aggregates, bytes: u64) -> Result<(), Error> {
        if *self.scale.get_or_insert(counted.scale) != counted.scale {
            let hint = "Give each its own source with `latency: { unit: … }`.";
            return Err(Error::unreadable("counts another unit than the inputs before it").hint(hint));
        }
        self.rows.extend(counted.rows);
        self.bytes += bytes;
        counted.unread.into_iter().for_each(|(arm, rows)| *self.unread.entry(arm).or_default() += rows);
        Ok(())
    }
}

/// Reads all inputs and adds their rows up; `begun` is the first that is not empty, which was opened to see what it is.
pub(super) fn read(
    log: &Requests,
    format: Format,
    inputs: &[Input],
    begun: (usize, Feed),
    slices: &[Slice],
    when: &When,
    outside: &Outside,
) -> Result<Taken, Error> {
    let mut known = Known::default();
    let mut parts: Vec<Range<usize>> = Vec::new();
    let (first, begun) = begun;
    let mut begun = Some(begun.into_reader());
    for (at, input) in inputs.iter().enumerate().skip(first) {
        let about = |error: Error| error.within(&input.shown());
        let content: Box<dyn Read + Send> = match begun.take() {
            Some(begun) if at == first => Box::new(begun),
            _ => Box::new(compression::plain(input.open().map_err(about)?).map_err(about)?),
        };
        let content = BufReader::new(content);
        let counted = match format {
            Format::Buckets => buckets::read(log, slices, when, &input.path(), content),
            _ => of(log, format, input, content, when, outside),
        };
        let counted = counted.map_err(about)?;
        if format == Format::Buckets && parts.iter().any(|part| known.rows[part.clone()] == counted.rows) {
            let problem = "has the same counts as an answer before it, which would count twice";
            return Err(about(Error::unreadable(problem).hint("Name each answer once.")));
        }
        parts.push(known.rows.len()..known.rows.len() + counted.rows.len());
        if let Some(doubt) = &counted.doubt {
            (outside.told)(Told::Doubt(format!("{}: {doubt}", input.shown())));
        }
        known.add(counted, input.size().unwrap_or(0)).map_err(about)?;
    }
    taken((log, format, inputs), known, slices, when, outside)
}

/// What is asked of rows that were counted.
pub(super) fn taken(
    (log, format, inputs): (&Requests, Format, &[Input]),
    known: Known,
    slices: &[Slice],
    when: &When,
    outside: &Outside,
) -> Result<Taken, Error> {
    let Known { rows, scale, unread, bytes } = known;
    if let Some(digits) = sketch::fewest_digits(rows.iter().filter_map(|row| row.bins.as_ref())) {
        let shown = &log.shown;
        let text = format!("{shown}: latencies are merged to {digits} significant digits, the fewest of the inputs");
        (outside.told)(Told::Doubt(text));
    }
    if rows.is_empty() && format == Format::Buckets {
        let unread: u64 = unread.values().sum();
        let problem = format!("counts no request, and {unread} rows that have no time, arm or status that can be read");
        let hint = "Does the window have any requests? Are the columns the right ones, and is the type of the times?";
        return Err(Error::unreadable(problem).hint(hint).within(&log.shown));
    }
    let (renamed, noted) = buckets::as_counted(log, slices);
    let (log, slices) = if format == Format::Buckets { (&renamed, noted.as_slice()) } else { (log, slices) };
    answerable(log, format, slices, &rows)?;
    let time = vec![super::recipe::TimeFrom::Column(TIME.to_owned())];
    let recipe = Recipe { time, ..Recipe::plain(Lines::Json) };
    let mut names = vec![TIME.to_owned()];
    for (name, _) in rows.iter().flat_map(|row| &row.fields) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let known = Names { known: &names, open: false };
    // latencies and errors are counted already: what a slice asks of them needs no column
    let plain: Vec<Slice> = slices.iter().map(without_columns).collect();
    let program = Program::new(log, &recipe, &plain, &known).map_err(|error| error.within(&log.shown))?;
    let store = Store::new(when.coarsen);
    let clock = super::clock::Clock::new(None)?;
    let mut worker = Worker::new(&program, when, clock, &store);
    for row in &rows {
        let Some(time) = row.time.and_then(|time| i64::try_from(time.as_nanosecond()).ok()) else { continue };
        let field = |column: &String| {
            let found = row.fields.iter().find(|(name, _)| name == column);
            found.map_or(Value::Missing, |(_, text)| Value::Text(text.as_bytes()))
        };
        let fields: Vec<Value> = program.columns.iter().map(field).collect();
        worker.aggregate(row, slices, time, &fields)?;
    }
    let seen = worker.finish();
    let clock = "as counted".to_owned();
    let scale = scale.unwrap_or(super::SCALE);
    let errors = rows.iter().all(|row| row.errors.is_some());
    let mut account =
        Account { files: inputs.len(), bytes, clock, scale, errors, ..account(seen, inputs, &Chunks::new(), "row") };
    left_out(&mut account, unread);
    bearable(log, &account)?;
    Ok(Taken { slices: store.into_slices(slices.len(), beginning(when)), account })
}

fn of(
    log: &Requests,
    format: Format,
    input: &Input,
    content: impl BufRead,
    when: &When,
    outside: &Outside,
) -> Result<Aggregates, Error> {
    let unit = log.columns.latency.as_ref().and_then(|latency| latency.unit);
    match format {
        Format::Sketch => {
            let Input::File(path) = input else {
                return Err(Error::unreadable("a sketch is read from a file, not from standard input"));
            };
            let sketch = sketch::read(path)?;
            let scale = sketch.unit.in_milliseconds();
            let mut rows: Vec<_> = sketch.rows.iter().map(|row| aggregate(row, &sketch.columns)).collect();
            measured(&mut rows);
            Ok(Aggregates { rows, scale, doubt: None, unread: BTreeMap::new() })
        }
        Format::Percentiles => {
            let mut known = percentiles::read(content, unit)?;
            // a listing does not say when: it is of the window, or of now where there is none
            let time = when.windows.first().map_or(outside.now, |window| window.start);
            known.rows.iter_mut().for_each(|row| row.time = row.time.or(Some(time)));
            Ok(known)
        }
        _ => hlog::read(content, unit),
    }
}

/// Puts rows that whoever counted could not read into the account.
fn left_out(account: &mut Account, unread: BTreeMap<String, u64>) {
    let all: u64 = unread.values().sum();
    account.rows = account.rows.saturating_add(all);
    if all > 0 {
        account.bad.insert(UNREAD, BadRows { count: all, examples: Vec::new() });
    }
    unread.into_iter().for_each(|(arm, rows)| account.arms.entry(arm).or_default().bad += rows);
}

/// Of a small group nothing may have been measured although latencies were: its histogram has nothing in it.
fn measured(rows: &mut [Aggregate]) {
    let Some(known) = rows.iter().find_map(|row| row.bins.as_ref()) else { return };
    let none = Bins::new(known.grid(), known.end(), Vec::new());
    rows.iter_mut().for_each(|row| {
        row.bins.get_or_insert_with(|| none.clone());
    });
}

fn aggregate(row: &sketch::Row, columns: &[String]) -> Aggregate {
    let mut fields = vec![("arm".to_owned(), row.arm.clone())];
    fields.extend(columns.iter().cloned().zip(row.groups.iter().cloned()));
    let (requests, errors, bins) = (row.requests, row.errors, row.bins.clone());
    Aggregate { time: Some(row.time), fields, requests, errors, bins }
}

/// What nobody counted cannot be asked for.
fn answerable(log: &Requests, format: Format, slices: &[Slice], rows: &[Aggregate]) -> Result<(), Error> {
    let wrong = |problem: &str, hint: &str| Err(Error::unreadable(problem.to_owned()).hint(hint).within(&log.shown));
    let asks = |which: &Counted| slices.iter().flat_map(|slice| &slice.counted).any(|(_, counted)| counted == which);
    if asks(&Counted::Errors) && rows.iter().any(|row| row.errors.is_none() && row.requests > 0) {
        let hint = match format {
            Format::Sketch => "Sketch the log again with a column of the status (`--status`) or `--error`.",
            Format::Buckets => "Write `status: COLUMN` or `error: \"…\"` in the source, and print the query again.",
            _ => "Histograms know how long requests took and not how they ended; read errors from another source.",
        };
        return wrong("does not know how many of its requests were errors", hint);
    }
    if log.columns.error.is_some() {
        return wrong("counted its errors already", "Leave `error` out of the source.");
    }
    let valued = |what: fn(&Valued) -> bool| slices.iter().filter_map(|slice| slice.valued.as_ref()).any(what);
    if valued(|valued| matches!(valued, Valued::Column(_))) {
        return wrong("has latencies and no other numbers", "Write `values: { value: latency, unit: ms }`.");
    }
    if valued(|valued| *valued == Valued::Latency) && rows.iter().any(|row| row.bins.is_none() && row.requests > 0) {
        let hint = match format {
            Format::Buckets => "Ask for `latency` in a metric of the configuration, and print the query again.",
            _ => "Sketch the log again with `--latency`.",
        };
        return wrong("does not know how long its requests took", hint);
    }
    Ok(())
}

fn without_columns(slice: &Slice) -> Slice {
    let counted = slice.counted.iter().map(|(name, counted)| match counted {
        Counted::Errors | Counted::ErrorsIfKnown => (name.clone(), Counted::Requests),
        other => (name.clone(), other.clone()),
    });
    Slice {
        filter: slice.filter.clone(),
        by: slice.by.clone(),
        split: slice.split.clone(),
        counted: counted.collect(),
        valued: None,
    }
}
