//! `davy sketch`: logs of requests counted once, and kept small; and sketches added up.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::console::Console;
use super::places::Places;
use super::{Exit, Failure, pipeline, pushdown};
use crate::cli;
use crate::ingest;
use crate::output;
use crate::plain;
use crate::report::sketch::{Line, steps, whole};
use crate::source::error::{Error, Kind};
use crate::source::requests::buckets;
use crate::source::requests::sketch::{self, Row, Sketch};
use crate::source::requests::{self, Account, Arms, By, Columns, Counted, Format, Latency, Requests, Slice, Taken};
use crate::source::requests::{NO_ARM, TimeUnit, Valued, When};

/// How long a step is where nothing says it.
const STEP: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn run(console: &Console, arguments: cli::Sketch) -> Result<Exit, Failure> {
    if let Some(dialect) = arguments.sql {
        return pushdown::run(console, &arguments, dialect);
    }
    let resolve = &arguments.table.resolve;
    if resolve.from.or(resolve.to).or(resolve.now).is_some() || resolve.phase.is_some() || !resolve.set.is_empty() {
        return Err(Failure::Misused("--from, --to, --now, --phase and --set go with --sql".into()));
    }
    let named = [&arguments.time, &arguments.latency, &arguments.arm, &arguments.by, &arguments.status];
    if arguments.merge && (named.iter().any(|named| named.is_some()) || arguments.filter.is_some()) {
        return Err(Failure::Misused(
            "--merge adds sketches up as they are: leave what says how to read logs out".into(),
        ));
    }
    let csv = arguments.csv.as_ref().filter(|path| path.as_os_str() != "-");
    let places = Places::new(arguments.output.iter().chain(csv).cloned().collect(), Vec::new())?;
    places.spare(requests::files(&arguments.inputs).iter().map(PathBuf::as_path))?;
    let sketch = if arguments.merge { merged(console, &arguments.inputs)? } else { counted(console, &arguments)? };
    let lines = lines(&sketch);
    let to_stdout = arguments.csv.as_deref() == Some(Path::new("-"));
    if let Some(path) = &arguments.output {
        sketch::write(path, &sketch).map_err(|error| match error.kind {
            Kind::Unreachable => {
                Failure::Output { path: path.clone(), error: std::io::Error::other(error.to_string()) }
            }
            _ => failed(error),
        })?;
        let bytes = std::fs::metadata(path).map_or(0, |about| about.len());
        console.note(&format!("wrote {}: {} steps and arms, {bytes} bytes", plain::path(path), sketch.rows.len()));
    }
    match &arguments.csv {
        Some(_) if to_stdout => console.answer(&steps(&lines, &sketch.columns))?,
        Some(path) => {
            output::write(path, &steps(&lines, &sketch.columns)).map_err(Failure::output(path))?;
        }
        None => {}
    }
    if !to_stdout {
        console.answer(&whole(&lines, &sketch.columns))?;
    }
    Ok(Exit::Pass)
}

fn failed(error: Error) -> Failure {
    Failure::Data(ingest::Error::from(error))
}

fn merged(console: &Console, inputs: &[PathBuf]) -> Result<Sketch, Failure> {
    let read = |path: &PathBuf| match buckets::sketch(path)? {
        Some(answer) => Ok(answer),
        None => sketch::read(path),
    };
    let sketches = inputs.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let rows = sketches.iter().flat_map(|sketch| &sketch.rows);
    if let Some(least) = sketch::fewest_digits(rows.filter_map(|row| row.bins.as_ref())) {
        console.note(&format!("latencies are merged to {least} significant digits, the fewest of the inputs"));
    }
    sketch::merge(sketches).map_err(failed)
}

fn counted(console: &Console, arguments: &cli::Sketch) -> Result<Sketch, Failure> {
    let log = log(arguments)?;
    let slice = Slice {
        filter: None,
        by: arguments.by.clone().map(|column| By { column, most: usize::MAX }),
        split: Vec::new(),
        counted: vec![("requests".into(), Counted::Requests), ("errors".into(), Counted::ErrorsIfKnown)],
        valued: Some(Valued::LatencyIfKnown),
    };
    let step = arguments.step.unwrap_or(STEP);
    if step < SignedDuration::from_secs(1) {
        return Err(Failure::Misused("--step: a step is at least a second long".into()));
    }
    let when = When { windows: Vec::new(), origin: Timestamp::UNIX_EPOCH, step, coarsen: false };
    let taken = pipeline::heard(console, Timestamp::now(), |outside| requests::read(&log, &[slice], &when, outside));
    let taken = taken.map_err(failed)?;
    tell(console, &taken.account);
    let sketch = sketch_of(taken, arguments);
    if sketch.rows.iter().all(|row| row.bins.is_none()) && !sketch.rows.is_empty() {
        console.note("nothing says how long requests took: name the column with --latency");
    }
    Ok(sketch)
}

/// The log that the arguments describe.
fn log(arguments: &cli::Sketch) -> Result<Requests, Failure> {
    let latency = arguments.latency.as_deref().map(|written| match written.rsplit_once(':') {
        Some((column, unit)) => match TimeUnit::named(unit) {
            Some(unit) => Ok(Latency { column: column.to_owned(), unit: Some(unit) }),
            None => Err(Failure::Misused(format!("--latency: `{unit}` is not a unit of time: write ns, us, ms or s"))),
        },
        None => Ok(Latency { column: written.to_owned(), unit: None }),
    });
    let arms = match &arguments.arm {
        Some(name) => Arms::All(name.clone()),
        None => Arms::Column(arguments.arm_column.clone()),
    };
    let shown: Vec<String> = arguments.inputs.iter().map(|path| path.display().to_string()).collect();
    Ok(Requests {
        inputs: arguments.inputs.clone(),
        shown: shown.join(", "),
        format: arguments.format.unwrap_or(Format::Auto),
        columns: Columns {
            time: arguments.time.clone(),
            zone: arguments.zone.clone(),
            status: arguments.status.clone(),
            error: arguments.error.clone(),
            latency: latency.transpose()?,
        },
        arms,
        filter: arguments.filter.clone(),
        layout: arguments.layout.clone(),
        max_bad: arguments.max_bad_rows,
        table: None,
    })
}

fn sketch_of(taken: Taken, arguments: &cli::Sketch) -> Sketch {
    let errors = taken.account.errors;
    // what a unit is in milliseconds, as a power of ten of nanoseconds
    let unit = [TimeUnit::Nanoseconds, TimeUnit::Microseconds, TimeUnit::Milliseconds, TimeUnit::Seconds]
        .into_iter()
        .find(|unit| (unit.in_milliseconds() / taken.account.scale - 1.0).abs() < 1e-9)
        .unwrap_or(TimeUnit::Nanoseconds);
    let mut rows = Vec::new();
    for ((arm, group), steps) in taken.slices.into_iter().flatten() {
        let arm = if arm == NO_ARM { "all".to_owned() } else { arm };
        for (time, cell) in steps {
            rows.push(Row {
                time,
                arm: arm.clone(),
                groups: arguments.by.iter().map(|_| group.clone()).collect(),
                requests: cell.counts[0],
                errors: errors.then(|| cell.counts[1]),
                bins: cell.bins,
            });
        }
    }
    rows.sort_by(|a, b| (a.time, &a.arm, &a.groups).cmp(&(b.time, &b.arm, &b.groups)));
    Sketch { step: arguments.step.unwrap_or(STEP), columns: arguments.by.iter().cloned().collect(), unit, rows }
}

/// What became of the rows that are in no step.
fn tell(console: &Console, account: &Account) {
    for (why, bad) in &account.bad {
        let example = bad.examples.first().map(|example| format!(", such as {example}")).unwrap_or_default();
        console.note(&format!(
            "left out: {} {} {why}{example}",
            bad.count,
            if bad.count == 1 { "row" } else { "rows" }
        ));
    }
    if account.rows == 0 {
        console.note("no request was found");
    }
    for input in &account.rowless {
        console.note(&format!("{input} has lines, and not one of them is a request"));
    }
    if !account.errors && account.rows > 0 {
        console.note("nothing says which requests are errors: where a column does, name it with --status or --error");
    }
    if account.beyond > 0 {
        console.note(&format!("{} took longer than a day and count as a day or more", account.beyond));
    }
    let (rows, files, bytes) = (account.rows, account.files, account.bytes);
    console.detail(&format!("{rows} rows, {bytes} bytes in {files} files; times are {}", account.clock));
    console.detail(&format!("{} rows are none of the requests that were asked for", account.filtered));
}

fn lines<'a>(sketch: &'a Sketch) -> Vec<Line<'a>> {
    let scale = sketch.unit.in_milliseconds();
    let line = |row: &'a Row| {
        let Row { time, arm, groups, requests, errors, bins } = row;
        Line { time: *time, arm, groups, requests: *requests, errors: *errors, bins: bins.as_ref(), scale }
    };
    sketch.rows.iter().map(line).collect()
}
