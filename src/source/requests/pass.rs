//! One pass over all inputs: as many workers as there are processors, each taking the next lines of whatever input is open.
//!
//! The result does not depend on who took what: counts and histograms add up in any order, and of the bad rows those that
//! come first in the inputs are shown. An error ends the pass.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::account::{Chunks, Has, account, all_seen, bearable, beginning};
use super::clock::Clock;
use super::crew::{Failed, crew};
use super::feed::{Chunk, Feed};
use super::inputs::{self, Input};
use super::lines::{self, HEAD, Shape};
use super::program::Program;
use super::recipe::{Lines, Recipe};
use super::split::{Is, Split};
use super::store::{Store, held};
use super::worker::{Seen, Worker};
use super::{Account, Format, Requests, SCALE, Slice, Taken, Value, When};
use crate::source::error::Error;
use crate::source::{Outside, Told};

/// So many lines before the first row may be something else, such as what a program says when it starts.
const MOST_AHEAD: usize = 20;

/// Reads everything once.
///
/// # Errors
///
/// Unreachable: an input that does not exist or cannot be opened. Unreadable: an input of another format, columns that
/// there are not, more bad rows than [`Requests::max_bad`] allows, more arms and groups than can be meant.
pub fn read(log: &Requests, slices: &[Slice], when: &When, outside: &Outside) -> Result<Taken, Error> {
    if let Some(table) = &log.table {
        return table.count(log, slices, when, outside);
    }
    let inputs = inputs::all(&log.inputs)?;
    let read = Arc::new(AtomicU64::new(0));
    let Some((first, format, head, feed)) = first(log, &inputs, &read, outside.growing)? else {
        return Err(Error::unreadable("is empty").within(&log.shown));
    };
    let shown = inputs[first].shown();
    twice(log, &inputs, outside.growing)?;
    if format == Format::Parquet {
        return super::columnar::read(log, &inputs, slices, when, outside);
    }
    let Some(recipe) = lines::recipe(log, format, &head) else {
        return super::counted::read(log, format, &inputs, (first, feed), slices, when, outside);
    };
    let Some(layout) = Shape::of(&recipe, &head).map_err(|error| error.within(&shown))? else {
        return Err(Error::unreadable("is empty").within(&shown));
    };
    let program = Program::new(log, &recipe, slices, &layout.names()).map_err(|error| error.within(&shown))?;
    let store = Store::new(when.coarsen);
    let clock = Clock::new(log.columns.zone.as_deref())?;
    let pass = Pass {
        log,
        format,
        recipe: &recipe,
        inputs: &inputs,
        program: &program,
        next: AtomicUsize::new(first),
        begun: Mutex::new(Some((first, feed))),
        sizes: inputs.iter().map(Input::size).sum(),
        read,
        growing: outside.growing,
        rows: AtomicU64::new(0),
        failed: Failed::default(),
        first_clock: Mutex::default(),
    };
    let (seen, chunks) = pass.run(&store, when, &clock, outside);
    pass.failed.result()?;
    unseen(&program, &seen).map_err(|error| error.within(&log.shown))?;
    let bytes = pass.read.load(Ordering::Relaxed);
    let clock = pass.first_clock.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let clock = clock.map_or("no rows".to_owned(), |(_, words)| words);
    let errors = !matches!(program.error, super::program::Bad::Unasked);
    let place = match &recipe.lines {
        Lines::Access(access) => access.took.as_ref().map(ToString::to_string),
        _ => None,
    };
    let account = Account {
        files: inputs.len(),
        bytes,
        clock,
        errors,
        place,
        beginning: inputs::beginning(&head),
        scale: SCALE,
        ..account(seen, &inputs, &chunks, "line")
    };
    bearable(log, &account)?;
    Ok(Taken { slices: store.into_slices(slices.len(), beginning(when)), account })
}

/// The first input that is not empty: its place, its format, its first bytes and the rest.
type First = (usize, Format, Vec<u8>, Feed);

/// Opens an input, which may be being written.
pub(super) fn feed(log: &Requests, input: &Input, read: &Arc<AtomicU64>, growing: bool) -> Result<Feed, Error> {
    let opened = input.open()?;
    if let Some(layout) = &log.layout {
        return Feed::laid(opened, read.clone(), layout, growing);
    }
    if growing { Feed::growing(opened, read.clone()) } else { Feed::new(opened, read.clone()) }
}

fn first(log: &Requests, inputs: &[Input], read: &Arc<AtomicU64>, growing: bool) -> Result<Option<First>, Error> {
    for (at, input) in inputs.iter().enumerate() {
        let about = |error: Error| error.within(&input.shown());
        let mut feed = feed(log, input, read, growing).map_err(about)?;
        let head = feed.head(HEAD).map_err(about)?.to_vec();
        if !head.trim_ascii().is_empty() {
            let format = lines::format(log, input, &head).map_err(about)?;
            return Ok(Some((at, format, head, feed)));
        }
    }
    Ok(None)
}

/// An error where two inputs begin alike for long: their rows would count twice. A log may stand in a folder as it is and
/// packed, or as a copy.
fn twice(log: &Requests, inputs: &[Input], growing: bool) -> Result<(), Error> {
    let mut known: HashMap<u64, &Input> = HashMap::new();
    for input in inputs.iter().filter(|input| input.size().is_some() && inputs.len() > 1) {
        let about = |error: Error| error.within(&input.shown());
        let mut feed = feed(log, input, &Arc::default(), growing).map_err(about)?;
        let Some(beginning) = inputs::beginning(feed.head(HEAD).map_err(about)?) else { continue };
        if let Some(before) = known.insert(beginning, input) {
            let problem = format!("begins with the same rows as {}, which would count twice", before.shown());
            return Err(about(
                Error::unreadable(problem).hint("Move one of them away, or name the files that are meant."),
            ));
        }
    }
    Ok(())
}

/// An error where a column was named that no row has: a condition on it would never hold, or always.
fn unseen(program: &Program, seen: &Seen) -> Result<(), Error> {
    let is_there = |name: &str| {
        let slot = program.columns.iter().position(|column| column == name);
        slot.is_none_or(|slot| seen.columns.get(slot).copied().unwrap_or(true))
    };
    match program.named.iter().find(|(_, column)| program.open && seen.rows > 0 && !is_there(column)) {
        None => Ok(()),
        Some((key, column)) => {
            let problem = format!("not one of {} rows has a column {column:?}, which {key} names", seen.rows);
            Err(Error::unreadable(problem).hint("Keys of objects within are written with points: `data.status`."))
        }
    }
}

/// What all workers share.
struct Pass<'a> {
    log: &'a Requests,
    format: Format,
    recipe: &'a Recipe,
    inputs: &'a [Input],
    program: &'a Program,
    /// The next input that nobody has opened.
    next: AtomicUsize,
    /// The first of them, which was opened to see what it is.
    begun: Mutex<Option<(usize, Feed)>>,
    sizes: Option<u64>,
    /// Whether inputs may be being written.
    growing: bool,
    read: Arc<AtomicU64>,
    rows: AtomicU64,
    failed: Failed,
    /// How the first input that has times writes them.
    first_clock: Mutex<Option<(usize, String)>>,
}

/// An input that is being read.
struct Open {
    at: usize,
    feed: Feed,
    /// How many lines stand before the first row.
    ahead: usize,
    split: Arc<dyn Split>,
    clock: Clock,
}

impl Pass<'_> {
    fn run(&self, store: &Store, when: &When, clock: &Clock, outside: &Outside) -> (Seen, Chunks) {
        let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
        let open: Vec<Mutex<Option<Open>>> = (0..workers).map(|_| Mutex::default()).collect();
        let so_far = || {
            let (rows, bytes) = (self.rows.load(Ordering::Relaxed), self.read.load(Ordering::Relaxed));
            Told::Reading { rows, bytes, of: self.sizes }
        };
        let work = |me: usize, _| {
            let worker = Worker::new(self.program, when, clock.clone(), store);
            self.work(me % open.len(), &open, worker, clock)
        };
        all_seen(crew(outside, so_far, work))
    }

    /// Takes chunks until there are none.
    fn work(&self, me: usize, open: &[Mutex<Option<Open>>], mut worker: Worker, fresh: &Clock) -> (Seen, Chunks) {
        let (mut chunk, mut counted) = (Chunk::default(), Chunks::new());
        let mut clock_of = usize::MAX;
        while !self.failed.stops() {
            let (at, ahead, split, clock) = match self.take(me, open, &mut chunk, fresh) {
                Ok(Some(taken)) => taken,
                Ok(None) => break,
                Err((at, error)) => {
                    self.failed.at(at, error);
                    break;
                }
            };
            if at != clock_of {
                (worker.clock, clock_of) = (clock, at);
            }
            match self.chunk(&chunk, (at, ahead), &*split, &mut worker) {
                Ok(lines) => counted.insert((at, chunk.number), lines),
                Err(error) => {
                    self.failed.at(at, error.within(&self.inputs[at].shown()));
                    break;
                }
            };
        }
        (worker.finish(), counted)
    }

    /// The next chunk: of one's own input, of the next input, or of what somebody else has open.
    #[allow(clippy::type_complexity)]
    fn take(
        &self,
        me: usize,
        open: &[Mutex<Option<Open>>],
        chunk: &mut Chunk,
        fresh: &Clock,
    ) -> Result<Option<(usize, usize, Arc<dyn Split>, Clock)>, (usize, Error)> {
        for offset in 0..open.len() {
            let mut slot = held(&open[(me + offset) % open.len()]);
            loop {
                if let Some(input) = slot.as_mut() {
                    let wrong = |error: Error| (input.at, error.within(&self.inputs[input.at].shown()));
                    if input.feed.next(chunk).map_err(wrong)? {
                        return Ok(Some((input.at, input.ahead, input.split.clone(), input.clock.clone())));
                    }
                    *slot = None;
                }
                if offset > 0 {
                    break;
                }
                let at = self.next.fetch_add(1, Ordering::Relaxed);
                let Some(input) = self.inputs.get(at) else { break };
                *slot = self.open(at, input, fresh).map_err(|error| (at, error.within(&input.shown())))?;
            }
        }
        Ok(None)
    }

    /// Opens an input; nothing where it is empty.
    fn open(&self, at: usize, input: &Input, fresh: &Clock) -> Result<Option<Open>, Error> {
        let mut feed = match held(&self.begun).take_if(|(first, _)| *first == at) {
            Some((_, begun)) => begun,
            None => feed(self.log, input, &self.read, self.growing)?,
        };
        let head = feed.head(HEAD)?;
        if head.trim_ascii().is_empty() {
            return Ok(None);
        }
        self.check(input, head)?;
        let Some(layout) = Shape::of(self.recipe, head)? else { return Ok(None) };
        let split: Arc<dyn Split> = layout.split(&self.program.columns)?.into();
        let (clock, ahead) = self.clock(head, &*split, fresh);
        if let Some(words) = clock.words() {
            let mut first = held(&self.first_clock);
            if first.as_ref().is_none_or(|(before, _)| at < *before) {
                *first = Some((at, words));
            }
        }
        Ok(Some(Open { at, feed, ahead, split, clock }))
    }

    /// An error where an input is not written like the first.
    fn check(&self, input: &Input, head: &[u8]) -> Result<(), Error> {
        let format = lines::format(self.log, input, head)?;
        let here = lines::recipe(self.log, format, head);
        let alike = here.is_some_and(|here| {
            let known = here.latency.is_empty() || self.recipe.latency.is_empty();
            here.lines == self.recipe.lines && (known || here.latency == self.recipe.latency)
        });
        if format == self.format && alike {
            return Ok(());
        }
        let problem = format!("is not written like the inputs before it ({:?})", self.format).to_lowercase();
        Err(Error::unreadable(problem)
            .hint("Give each way of writing a source of its own, or say the `format:` of all."))
    }

    /// A clock that knows how the first row of an input writes its time, and how many lines stand before that row.
    fn clock(&self, head: &[u8], split: &dyn Split, fresh: &Clock) -> (Clock, usize) {
        let mut clock = fresh.clone();
        let mut fields = vec![Value::Missing; self.program.columns.len()];
        let mut ahead = 0;
        for (at, line) in head.split(|byte| *byte == b'\n').take(1_000).enumerate() {
            if split.split(trimmed(line), &mut fields) == Ok(Is::Row)
                && self.program.only.as_ref().is_none_or(|only| only.holds(&fields))
                && self.program.instant(&mut clock, &fields).is_ok()
            {
                // what stands between a header and its first row is a row
                let may_be = !matches!(self.recipe.lines, Lines::Delimited { .. });
                ahead = if at <= MOST_AHEAD && may_be { at } else { 0 };
                break;
            }
        }
        (clock, ahead)
    }

    /// Counts the rows of a chunk and tells how many lines it has.
    fn chunk(
        &self,
        chunk: &Chunk,
        (at, ahead): (usize, usize),
        split: &dyn Split,
        worker: &mut Worker,
    ) -> Result<Has, Error> {
        let mut fields = vec![Value::Missing; self.program.columns.len()];
        let (bytes, mut from, mut lines, rows) = (chunk.bytes(), 0, 0, worker.seen.rows);
        let mut ends = memchr::memchr_iter(b'\n', bytes);
        while from < bytes.len() {
            let end = ends.next().unwrap_or(bytes.len());
            let line = trimmed(&bytes[from..end]);
            let place = (at, chunk.number, lines);
            match split.split(line, &mut fields) {
                Ok(Is::Row) => worker.row(&fields, place)?,
                Ok(Is::Nothing) => {}
                Ok(Is::OtherColumns) => {
                    let text = super::worker::cut(&String::from_utf8_lossy(line));
                    let hint = "Rows after it would be read wrongly: split the file there.";
                    return Err(Error::unreadable(format!("names other columns in the middle: {text}")).hint(hint));
                }
                Err(_) if chunk.number == 0 && lines < ahead => worker.seen.ahead += 1,
                Err(why) => worker.bad_line(why, place, line),
            }
            lines += 1;
            from = end + 1;
        }
        let rows = worker.seen.rows - rows;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        Ok(Has { lines, rows })
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
