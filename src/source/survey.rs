//! What a file seems to hold, found by looking: for starting a configuration, never for judging.

use super::requests::survey::{self as requests, Log};
use super::{Error, File, Long};
use crate::series::SignedDuration;

/// What was found in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The file as the user named it.
    pub shown: String,
    /// Every column but the time, in the file's order.
    pub columns: Vec<Column>,
    /// The time column and how it was read ("epoch seconds", "RFC 3339", "local time, read as UTC").
    pub time: (String, String),
    /// The column that tells the arms apart, with the values that mean baseline and canary, when there is one.
    pub arm: Option<(String, String, String)>,
    /// A column called `arm` whose values do not mean one arm each, with its values.
    pub unclear_arm: Option<(String, Vec<String>)>,
    /// For a long file: the columns, and the names found.
    pub long: Option<(Long, Vec<String>)>,
    /// How many rows there are.
    pub rows: usize,
    /// The spacing of the points, where it is regular: most points of an arm are one step apart.
    pub step: Option<SignedDuration>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Measurements.
    Table(Survey),
    /// A log with one row per request.
    Log(Log),
}

/// One column (or, in a long file, one name).
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
    /// The smallest number in it.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// How many cells are empty.
    pub empty: usize,
    /// How many cells hold something that is not a number.
    pub text: usize,
    /// How its numbers move in the course of time.
    pub motion: Motion,
}

/// How the numbers of a column move in the course of time, in every arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Up and down, as counts of steps do.
    Free,
    /// Not at all.
    Still,
    /// Up and never down, as totals since some start do.
    Climbing,
    /// Up and never down, and the name says that it is a total.
    Counter,
}

impl Motion {
    /// Whether a whole and its part are totals since some start, as far as their motion shows.
    pub fn are_totals(whole: Motion, part: Motion) -> bool {
        let climbs = |motion| matches!(motion, Motion::Climbing | Motion::Counter);
        climbs(whole) && climbs(part) || whole == Motion::Counter && part == Motion::Still
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Mostly numbers, all of them whole and none negative.
    Whole,
    /// Mostly numbers.
    Real,
    /// Mostly anything else.
    Text,
    /// Nothing at all.
    Empty,
}

/// Looks over a file: reads all of it, and understands only its times.
///
/// # Errors
///
/// As reading it for judging: unreachable, unreadable, or no column that tells the time.
pub fn survey(file: &File) -> Result<Survey, Error> {
    super::file::survey(file)
}

/// Looks at what may be a file of measurements, or a log of requests: a file, a folder, a pattern.
///
/// # Errors
///
/// As reading it for judging.
pub fn found(file: &File) -> Result<Found, Error> {
    if file.shown == "-" {
        let hint = "Write it to a file first, or a configuration with a source `requests` and `path: \"-\"`.";
        let error = Error::unreadable("is read once, and what it holds cannot be looked at before");
        return Err(error.hint(hint).within("standard input"));
    }
    let several = file.path.is_dir() || file.shown.contains(['*', '?', '[']) && !file.path.exists();
    // what does not exist, and the like, is told as of any file
    if !several && !file.path.is_file() {
        return survey(file).map(Found::Table);
    }
    match requests::survey(file.path.clone())? {
        Some(log) => Ok(Found::Log(log)),
        None if several => {
            let hint = "Files of measurements are given one by one. For logs in another form write a configuration with a source \
                        `requests` and its `format`.";
            Err(Error::unreadable("is not known as logs of requests").hint(hint).within(&file.shown))
        }
        None => survey(file).and_then(|table| no_log(table, &file.shown)).map(Found::Table),
    }
}

/// A table whose rows come several a second, with a column that single requests have, holds requests: each of its rows would be
/// taken for a step.
fn no_log(table: Survey, shown: &str) -> Result<Survey, Error> {
    let single = |column: &Column| requests::is_of_a_request(&column.name);
    let fast = table.step.is_some_and(|step| step < SignedDuration::from_secs(1));
    let Some(column) = table.columns.iter().find(|column| single(column)).filter(|_| fast) else { return Ok(table) };
    let problem = format!("has several rows a second and a column {:?}: it seems to be a log of requests", column.name);
    let hint = "Write a configuration with a source `requests: { path: …, latency: { column: …, unit: ms }, status: … }`; \
                or, if each row is a measurement, one with a source `file`.";
    Err(Error::unreadable(problem).hint(hint).within(shown))
}
