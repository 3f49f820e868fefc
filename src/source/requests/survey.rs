//! What a log of requests seems to hold, found by how it begins: for starting a configuration, never for judging.
//!
//! Which columns mean what is not guessed a second time here: it is asked of the `Program` that would count the rows.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::feed::Feed;
use super::inputs::{self, Input};
use super::lines::{HEAD, Shape};
use super::outcome::Means;
use super::parquet::Rows;
use super::program::{Bad, From, Names, Program, Took};
use super::recipe::{self, Recipe, detect, usual};
use super::row::plain;
use super::split::{Is, Split};
use super::{Arms, Columns, Counted, Format, Layout, MAX_BAD, NO_ARM, Requests, Slice, TimeUnit, Value, Valued, When};
use crate::series::{Arm, SignedDuration, Timestamp};
use crate::source::Outside;
use crate::source::error::Error;
use crate::source::file::usual::{self as column, usual_arm};

/// A column with more values than this does not tell arms apart.
const FEW: usize = 4;
/// Words in the names of columns that may tell which version, or whose, a request was.
const OF_VERSIONS: [&str; 28] = [
    "version",
    "release",
    "build",
    "revision",
    "commit",
    "tag",
    "image",
    "variant",
    "group",
    "cohort",
    "experiment",
    "deployment",
    "slot",
    "stage",
    "color",
    "colour",
    "track",
    "canary",
    "env",
    "environment",
    "cluster",
    "pod",
    "host",
    "instance",
    "server",
    "backend",
    "upstream",
    "target",
];

/// What was found in a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// The log as the user named it.
    pub shown: String,
    /// How its rows are written.
    pub format: Format,
    /// Which requests are errors, in words, where that is known.
    pub errors: Option<String>,
    /// What tells the latency, in words, where that is known.
    pub latency: Option<String>,
    /// A column that looks like a latency and does not say its unit.
    pub unit_unknown: Option<String>,
    /// The fields of a layout that could be the latency, if none is it for certain.
    pub spans: Vec<String>,
    /// The program that wrote it, if it leaves out the requests that got no answer.
    pub of_answers: Option<&'static str>,
    /// Whether requests of its program may fail without a word of it.
    pub is_silent: bool,
    /// What tells the arms apart.
    pub arms: Telling,
    /// The names of its columns.
    pub columns: Vec<String>,
}

/// What tells the arms of a log apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Telling {
    /// A column with the usual name.
    Usual(String),
    /// A column with other names, and the values that mean baseline and canary.
    Column(String, String, String),
    /// Nothing for certain. These columns have few values, and names that may say it.
    Perhaps(Vec<(String, Vec<String>)>),
}

/// Looks at how an input begins (at all of it, where its requests are counted already); nothing where that is no log of
/// requests for certain.
///
/// # Errors
///
/// Unreachable or unreadable, or no column that tells the time.
pub fn survey(path: PathBuf) -> Result<Option<Log>, Error> {
    let shown = path.display().to_string();
    let inputs = inputs::all(std::slice::from_ref(&path))?;
    for input in &inputs {
        let about = |error: Error| error.within(&input.shown());
        let mut feed = Feed::new(input.open().map_err(about)?, Arc::default()).map_err(about)?;
        let head = feed.head(HEAD).map_err(about)?;
        if head.trim_ascii().is_empty() {
            continue;
        }
        let Some(format) = detect(&input.shown(), head) else { return Ok(None) };
        let log = plain_log(path, shown);
        return match (format, recipe::of(format, head)) {
            (Format::Parquet, _) => of_parquet(log, input),
            (_, Some(recipe)) => of_lines(log, format, &recipe, head).map_err(about).map(Some),
            (_, None) => counted(log, format).map(Some),
        };
    }
    Ok(None)
}

/// Looks at how an input begins whose lines have a layout of one's own.
///
/// # Errors
///
/// Unreachable or unreadable, or no field that tells the time.
pub fn laid(path: PathBuf, layout: &Arc<Layout>) -> Result<Log, Error> {
    let shown = path.display().to_string();
    let log = Requests { layout: Some(layout.clone()), ..plain_log(path, shown.clone()) };
    for input in &inputs::all(&log.inputs)? {
        let about = |error: Error| error.within(&input.shown());
        let mut feed = super::pass::feed(&log, input, &Arc::default(), false).map_err(about)?;
        let head = feed.head(HEAD).map_err(about)?.to_vec();
        if head.trim_ascii().is_empty() {
            continue;
        }
        let recipe = recipe::of_layout(layout, &head);
        return of_lines(log, Format::Layout, &recipe, &head).map_err(about);
    }
    Err(Error::unreadable("is empty").within(&shown))
}

/// Whether a column with this name usually is of a single request: how long it took, how it ended, what it asked for.
pub fn is_of_a_request(name: &str) -> bool {
    usual::is_of_a_request(name)
}

/// A log of which nothing is said.
pub(super) fn plain_log(path: PathBuf, shown: String) -> Requests {
    Requests {
        inputs: vec![path],
        shown,
        format: Format::Auto,
        columns: Columns::default(),
        arms: Arms::Column(None),
        filter: None,
        layout: None,
        max_bad: MAX_BAD,
        table: None,
    }
}

pub(super) fn whatever_is_known() -> Slice {
    let counted = [("requests", Counted::Requests), ("errors", Counted::ErrorsIfKnown)];
    let counted = counted.into_iter().map(|(name, counted)| (name.to_owned(), counted)).collect();
    Slice { filter: None, by: None, split: Vec::new(), counted, valued: Some(Valued::LatencyIfKnown) }
}

fn of_lines(log: Requests, format: Format, recipe: &Recipe, head: &[u8]) -> Result<Log, Error> {
    let Some(layout) = Shape::of(recipe, head)? else { return Err(Error::unreadable("is empty")) };
    let found = of_program(log, format, recipe, &layout.names())?;
    let wanted = layout.unique();
    let split = layout.split(&wanted)?;
    Ok(Log { arms: telling(&wanted, &values(&*split, &wanted, head)), ..found })
}

fn of_parquet(log: Requests, input: &Input) -> Result<Option<Log>, Error> {
    let Input::File(path) = input else { return Ok(None) };
    // who cannot read it says so where it is read
    let Ok(rows) = Rows::open(path) else { return Ok(None) };
    let known: Vec<String> = rows.names().map(str::to_owned).collect();
    let header = known.join(",") + "\n";
    let Some(recipe) = recipe::of(Format::Csv, header.as_bytes()).filter(|_| usual::is_request(&refs(&known))) else {
        return Ok(None);
    };
    let names = Names { known: &known, open: false };
    of_program(log, Format::Parquet, &recipe, &names).map(Some).map_err(|error| error.within(&input.shown()))
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// What would be counted and measured, in words.
fn of_program(log: Requests, format: Format, recipe: &Recipe, names: &Names) -> Result<Log, Error> {
    let program = Program::new(&log, recipe, &[whatever_is_known()], names)?;
    let (latency, errors) = means(&program, &log, recipe);
    let unknown = usual::pick_latency(&refs(names.known)).filter(|(_, unit)| unit.is_none() && latency.is_none());
    let usual = names.known.iter().find(|name| column::is_usual_arm(name)).cloned();
    let spans = match (&recipe.lines, &latency) {
        (recipe::Lines::Laid(layout), None) => layout.spans().into_iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    Ok(Log {
        shown: log.shown,
        format,
        errors,
        latency,
        unit_unknown: unknown.map(|(name, _)| name.to_owned()),
        spans,
        of_answers: recipe.of_answers(),
        is_silent: recipe.is_silent(),
        arms: usual.map_or(Telling::Perhaps(Vec::new()), Telling::Usual),
        columns: names.known.to_vec(),
    })
}

/// What tells the latency and which requests are errors, in words, where that is known.
pub(super) fn means(program: &Program, log: &Requests, recipe: &Recipe) -> (Option<String>, Option<String>) {
    let because = recipe.because.map(|why| format!(" ({why})")).unwrap_or_default();
    let latency = program.latency.as_ref().map(|took| in_words(took, &program.columns) + &because);
    let errors = match &program.error {
        Bad::Unasked => None,
        Bad::Status(slot) => Some(ends(&[(*slot, Means::Status)], &program.columns)),
        Bad::Ends(several) => Some(ends(several, &program.columns)),
        Bad::When(_) => log.columns.error.as_ref().or(recipe.error.as_ref()).map(ToString::to_string),
    };
    (latency, errors)
}

/// `status of 500 and more, success = false`.
fn ends(ends: &[(usize, Means)], columns: &[String]) -> String {
    let words = ends.iter().map(|(slot, means)| {
        let name = &columns[*slot];
        match means {
            Means::Status => format!("{name} of 500 and more"),
            Means::Grpc => format!("{name} of a fault of the server"),
            Means::Success => format!("{name} = false"),
            Means::Failure => format!("{name} = true"),
            Means::Fault => format!("a text in {name}"),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `target_processing_time in s`.
fn in_words(took: &Took, columns: &[String]) -> String {
    if let From::Written(slot) = took.from {
        return format!("{} in the unit of each cell", columns[slot]);
    }
    let units = [TimeUnit::Nanoseconds, TimeUnit::Microseconds, TimeUnit::Milliseconds, TimeUnit::Seconds];
    let unit = units.into_iter().find(|unit| unit.power() == took.power).map_or("", TimeUnit::name);
    let name = |slot: &usize| columns[*slot].as_str();
    let from = match &took.from {
        From::One(slot) | From::Written(slot) => name(slot).to_owned(),
        From::Sum(slots) => slots.iter().map(name).collect::<Vec<_>>().join(" + "),
        From::Between(start, end) => format!("{} to {}", name(start), name(end)),
    };
    format!("{from} in {unit}")
}

/// The few values that each column has in the first rows; nothing for a column with many.
fn values(split: &dyn Split, names: &[String], head: &[u8]) -> Vec<Option<BTreeSet<String>>> {
    let mut values: Vec<Option<BTreeSet<String>>> = names.iter().map(|_| Some(BTreeSet::new())).collect();
    let mut fields = vec![Value::Missing; names.len()];
    // the last line may be cut off, where it is not the only one
    let whole = head.iter().rposition(|byte| *byte == b'\n').map_or(head, |end| &head[..end]);
    for line in whole.split(|byte| *byte == b'\n') {
        fields.fill(Value::Missing);
        if split.split(line.strip_suffix(b"\r").unwrap_or(line), &mut fields) != Ok(Is::Row) {
            continue;
        }
        for (known, field) in values.iter_mut().zip(&fields) {
            if let Some(few) = known
                && *field != Value::Missing
            {
                few.insert(plain(field));
                if few.len() > FEW {
                    *known = None;
                }
            }
        }
    }
    values
}

/// The column that tells the arms apart, or those that could.
fn telling(names: &[String], values: &[Option<BTreeSet<String>>]) -> Telling {
    if let Some(usual) = names.iter().find(|name| column::is_usual_arm(name)) {
        return Telling::Usual(usual.clone());
    }
    let few = || names.iter().zip(values).filter_map(|(name, values)| Some((name, values.as_ref()?)));
    for (name, values) in few().filter(|(_, values)| values.len() == 2) {
        let is_canary = usual::words(name).iter().any(|word| word == "canary");
        let meaning = |arm: Arm| {
            let flag = if arm == Arm::Baseline { ["false", "0", "no"] } else { ["true", "1", "yes"] };
            let means = |value: &&String| {
                usual_arm(value) == Some(arm) || is_canary && flag.iter().any(|flag| value.eq_ignore_ascii_case(flag))
            };
            values.iter().find(means).cloned()
        };
        if let (Some(baseline), Some(canary)) = (meaning(Arm::Baseline), meaning(Arm::Canary)) {
            return Telling::Column(name.clone(), baseline, canary);
        }
    }
    let of_versions = |name: &str| usual::words(name).iter().any(|word| OF_VERSIONS.contains(&word.as_str()));
    let perhaps = few().filter(|(name, values)| values.len() > 1 && of_versions(name));
    Telling::Perhaps(perhaps.map(|(name, values)| (name.clone(), values.iter().cloned().collect())).collect())
}

/// What was counted already is short enough to be read.
fn counted(log: Requests, format: Format) -> Result<Log, Error> {
    let when = When {
        windows: Vec::new(),
        origin: Timestamp::UNIX_EPOCH,
        step: SignedDuration::from_hours(24),
        coarsen: false,
    };
    let taken = super::read(&log, &[whatever_is_known()], &when, &Outside::quiet(Timestamp::UNIX_EPOCH))?;
    let cells = || taken.slices.iter().flatten();
    let arms: BTreeSet<&str> = cells().map(|((arm, _), _)| arm.as_str()).filter(|arm| *arm != NO_ARM).collect();
    let measured = cells().flat_map(|(_, steps)| steps.values()).any(|cell| cell.bins.is_some());
    Ok(Log {
        shown: log.shown,
        format,
        errors: taken.account.errors.then(|| "errors as counted".to_owned()),
        latency: measured.then(|| "its histograms".to_owned()),
        unit_unknown: None,
        spans: Vec::new(),
        of_answers: None,
        is_silent: false,
        arms: if arms.is_empty() { Telling::Perhaps(Vec::new()) } else { Telling::Usual("arm".to_owned()) },
        columns: Vec::new(),
    })
}
