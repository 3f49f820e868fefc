//! What a file seems to hold, found by looking: for starting a configuration, never for judging.

use std::path::Path;

pub use super::file::{Column, ColumnKind, Motion, Survey};
use super::requests::survey::{self as requests, Log};
use super::{Error, File};
use crate::series::SignedDuration;

/// What a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Measurements.
    Table(Survey),
    /// A log with one row per request.
    Log(Log),
}

/// Looks over a file: reads all of it, and understands only its times.
///
/// # Errors
///
/// As reading it for judging: unreachable, unreadable, or no column that tells the time.
pub fn survey(file: &File) -> Result<Survey, Error> {
    super::file::survey(file)
}

/// Whether a file with the name of a configuration is data: an answer that the AWS command line printed as YAML.
pub fn is_answer_in_yaml(path: &Path) -> bool {
    super::file::is_answer_in_yaml(path)
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
    if super::file::are_results(&file.path) {
        return survey(file).map(Found::Table);
    }
    match requests::survey(file.path.clone())? {
        Some(log) => Ok(Found::Log(log)),
        None if several => {
            let hint = "Files of measurements are given one by one. A folder of results of runs holds nothing else. For logs \
                        in another form write a configuration with a source `requests` and its `format`.";
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
