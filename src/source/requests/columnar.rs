//! Inputs that are Parquet: each worker takes a group of rows, of which only the wanted columns are decoded, and those groups
//! not at all that lie outside of all windows by what the file says of their times.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::account::{Chunks, Has, account, all_seen, bearable, beginning};
use super::clock::Clock;
use super::crew::{Failed, crew};
use super::inputs::Input;
use super::parquet::Rows;
use super::program::{Bad, Names, Program, Time};
use super::recipe;
use super::store::Store;
use super::worker::{Seen, Worker};
use super::{Account, Format, Requests, SCALE, Slice, Taken, When};
use crate::source::error::Error;
use crate::source::{Outside, Told};

/// Reads everything once.
pub(super) fn read(
    log: &Requests,
    inputs: &[Input],
    slices: &[Slice],
    when: &When,
    outside: &Outside,
) -> Result<Taken, Error> {
    let open = |input: &Input| match input {
        Input::File(path) => Rows::open(path),
        Input::Standard => {
            let hint = "Parquet is read from its end: write it to a file first.";
            Err(Error::unreadable("Parquet cannot be read from standard input").hint(hint))
        }
    };
    let files = inputs.iter().map(open).collect::<Result<Vec<Rows>, Error>>()?;
    let Some(first) = files.first() else { return Err(Error::unreadable("is empty").within(&log.shown)) };
    let known: Vec<String> = first.names().map(str::to_owned).collect();
    let names = Names { known: &known, open: false };
    // what usual columns mean is told by a header
    let header = known.join(",") + "\n";
    let Some(recipe) = recipe::of(Format::Csv, header.as_bytes()) else {
        return Err(Error::unreadable("is not Parquet"));
    };
    let program = Program::new(log, &recipe, slices, &names).map_err(|error| error.within(&inputs[0].shown()))?;
    let time = match program.time {
        Time::One(slot) | Time::Joined(slot, ..) | Time::Formed(slot, _) => program.columns[slot].as_str(),
    };
    if files.iter().any(|rows| rows.is_local(time)) && log.columns.zone.as_deref().is_some_and(|zone| zone != "UTC") {
        let hint = "Write them with a zone, or leave `zone` out if they are in UTC.";
        let error = Error::unreadable("has times without a zone, which are read as UTC").column(time).hint(hint);
        return Err(error.within(&log.shown));
    }
    let groups = files.iter().enumerate().flat_map(|(at, rows)| (0..rows.groups()).map(move |group| (at, group)));
    let store = Store::new(when.coarsen);
    let pass = Pass {
        files: &files,
        inputs,
        wanted: program.columns.iter().map(String::as_str).collect(),
        program: &program,
        time,
        when,
        groups: groups.collect(),
        next: AtomicUsize::new(0),
        rows: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        failed: Failed::default(),
    };
    let clock = Clock::new(log.columns.zone.as_deref())?;
    let of = files.iter().map(|rows| (0..rows.groups()).map(|group| rows.size(group).1).sum::<u64>()).sum();
    let so_far = || {
        let (rows, bytes) = (pass.rows.load(Ordering::Relaxed), pass.bytes.load(Ordering::Relaxed));
        Told::Reading { rows, bytes, of: Some(of) }
    };
    let parts = crew(outside, so_far, |_, _| pass.work(Worker::new(&program, when, clock.clone(), &store), &clock));
    let (seen, chunks) = all_seen(parts);
    pass.failed.result()?;
    let account = Account {
        files: inputs.len(),
        bytes: inputs.iter().filter_map(Input::size).sum(),
        clock: "as the file's columns say".to_owned(),
        errors: !matches!(program.error, Bad::Unasked),
        scale: SCALE,
        ..account(seen, inputs, &chunks, "row")
    };
    bearable(log, &account)?;
    Ok(Taken { slices: store.into_slices(slices.len(), beginning(when)), account })
}

/// What all workers share.
struct Pass<'a> {
    files: &'a [Rows],
    inputs: &'a [Input],
    wanted: Vec<&'a str>,
    program: &'a Program,
    /// The column with the time.
    time: &'a str,
    when: &'a When,
    groups: Vec<(usize, usize)>,
    next: AtomicUsize,
    rows: AtomicU64,
    bytes: AtomicU64,
    failed: Failed,
}

impl Pass<'_> {
    fn work(&self, mut worker: Worker, fresh: &Clock) -> (Seen, Chunks) {
        let mut counted = Chunks::new();
        while !self.failed.stops() {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((at, group)) = self.groups.get(next).copied() else { break };
            let (rows, bytes) = self.files[at].size(group);
            worker.clock = fresh.clone();
            match self.group(at, group, &mut worker) {
                Ok(()) => {
                    counted.insert((at, group), Has { lines: usize::try_from(rows).unwrap_or(usize::MAX), rows });
                    self.rows.fetch_add(rows, Ordering::Relaxed);
                    self.bytes.fetch_add(bytes, Ordering::Relaxed);
                }
                Err(error) => self.failed.at(next, error),
            }
        }
        (worker.finish(), counted)
    }

    fn group(&self, at: usize, group: usize, worker: &mut Worker) -> Result<(), Error> {
        let rows = &self.files[at];
        if self.is_outside(rows, group, worker) && self.program.only.is_none() {
            worker.seen.rows += rows.size(group).0;
            worker.seen.outside += rows.size(group).0;
            return Ok(());
        }
        let (mut row, mut failed) = (0, Ok(()));
        rows.read(group, &self.wanted, |fields| {
            if failed.is_ok() {
                failed = worker.row(fields, (at, group, row));
                row += 1;
            }
        })?;
        failed.map_err(|error| error.within(&self.inputs[at].shown()))
    }

    /// Whether the file says of a group that none of its times lies in a window.
    fn is_outside(&self, rows: &Rows, group: usize, worker: &mut Worker) -> bool {
        let Some((first, last)) = rows.span(group, self.time).filter(|_| !self.when.windows.is_empty()) else {
            return false;
        };
        let (Ok(first), Ok(last)) = (worker.clock.instant(&first), worker.clock.instant(&last)) else { return false };
        let (first, last) = (i128::from(first), i128::from(last));
        let windows = &self.when.windows;
        windows.iter().all(|w| last < w.start.as_nanosecond() || w.end.as_nanosecond() <= first)
    }
}
