//! An answer in the format `buckets` as a log that was counted already, and the questions to it.
//!
//! The engine has applied the source's own condition, arms and errors, and has noted for each row which conditions of metrics
//! hold. So the questions are put to those notes instead of the columns that the answer does not have. An answer to another
//! configuration is refused: a count of something else never stands for what is meant.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use super::condition::{Literal, Relation, Test};
use super::inputs::Input;
use super::lines::HEAD;
use super::pushdown::{flag, log_mark};
use super::recipe;
use super::sketch::{Row, Sketch};
use super::{
    Aggregate, Aggregates, Arms, Columns, Condition, Counted, Format, LONGEST, Requests, SCALE, Slice, TimeUnit, When,
};
use crate::series::Bins;
use crate::source::error::{Error, columns, listed};
use crate::source::file::{self, Buckets, File, compression};
use crate::source::open;

/// The column of the arm.
const ARM: &str = "arm";
const AGAIN: &str = "Print the query again (`davy sketch --sql`) and run it.";

/// Reads an answer, and holds it to what is asked.
pub(super) fn read(
    log: &Requests,
    slices: &[Slice],
    when: &When,
    path: &Path,
    content: impl Read + Send,
) -> Result<Aggregates, Error> {
    let file = File { format: file::Format::Auto, ..File::of_recording(path) };
    let buckets = Buckets::read(&file, content)?;
    fits(&buckets, log, slices, when)?;
    let row = |row: &file::Counted| {
        let arm = Some((ARM.to_owned(), row.arm.clone())).filter(|(_, arm)| !arm.is_empty());
        let groups = buckets.groups.iter().cloned().zip(row.groups.iter().cloned());
        let flags = row.flags.iter().map(|holds| if *holds { "1".to_owned() } else { "0".to_owned() });
        let fields = arm.into_iter().chain(groups).chain(buckets.flags.iter().cloned().zip(flags)).collect();
        let errors = buckets.errors.then_some(row.errors);
        // of a small group nothing may have been measured
        let none = || buckets.grid.map(|grid| Bins::new(grid, Some(grid.index(LONGEST)), Vec::new()));
        let bins = row.bins.clone().or_else(none);
        Aggregate { time: Some(row.time), fields, requests: row.requests, errors, bins }
    };
    let rows = buckets.rows.iter().map(row).collect();
    Ok(Aggregates { rows, scale: SCALE, doubt: None, unread: buckets.unread.clone() })
}

/// An answer as a sketch, without what it notes of conditions; nothing if the file is something else.
///
/// # Errors
///
/// The file cannot be opened, or the answer is not whole.
pub fn sketch(path: &Path) -> Result<Option<Sketch>, Error> {
    let (file, about) = (File { format: file::Format::Auto, ..File::of_recording(path) }, path.display().to_string());
    let open = || open::file(path).map_err(|error| error.within(&about));
    let (head, _) = compression::peek(compression::plain(open()?)?, HEAD as u64)?;
    let input = Input::File(path.to_owned());
    if !(recipe::assumed(&about, &head) == Some(Format::Buckets) || head.starts_with(b"PAR1") && input.is_of_buckets())
    {
        return Ok(None);
    }
    let buckets = Buckets::read(&file, open()?).and_then(|buckets| buckets.bearable().map(|()| buckets));
    let buckets = buckets.map_err(|error| error.within(&about))?;
    let row = |row: file::Counted| Row {
        time: row.time,
        arm: row.arm,
        groups: row.groups,
        requests: row.requests,
        errors: buckets.errors.then_some(row.errors),
        bins: row.bins,
    };
    let rows = buckets.rows.into_iter().map(row).collect();
    Ok(Some(Sketch { step: buckets.step, columns: buckets.groups, unit: TimeUnit::Nanoseconds, rows }))
}

/// The log and the questions as an answer has them: arms in a column `arm`, conditions in columns of their own.
pub(super) fn as_counted(log: &Requests, slices: &[Slice]) -> (Requests, Vec<Slice>) {
    let arms = match &log.arms {
        Arms::All(name) => Arms::All(name.clone()),
        Arms::Column(None) => Arms::Column(None),
        Arms::Column(Some(_)) | Arms::When(_) => Arms::Column(Some(ARM.to_owned())),
    };
    let noted = |condition: &Condition| {
        Condition::Is(Test { column: flag(condition), relation: Relation::Equal, values: vec![Literal::Number(1.0)] })
    };
    let slice = |slice: &Slice| {
        let counted = slice.counted.iter().map(|(name, counted)| match counted {
            Counted::When(condition) => (name.clone(), Counted::When(noted(condition))),
            other => (name.clone(), other.clone()),
        });
        Slice { filter: slice.filter.as_ref().map(noted), counted: counted.collect(), ..slice.clone() }
    };
    let log = Requests { arms, filter: None, columns: Columns::default(), ..log.clone() };
    (log, slices.iter().map(slice).collect())
}

/// An error where an answer is to another question.
fn fits(buckets: &Buckets, log: &Requests, slices: &[Slice], when: &When) -> Result<(), Error> {
    // a source that says nothing of the log takes it as it was counted
    let describes = log.columns != Columns::default() || log.filter.is_some();
    let describes = describes || matches!(log.arms, Arms::When(_) | Arms::Column(Some(_)));
    if describes && buckets.mark.as_deref() != Some(&log_mark(log)) {
        let problem = "was not counted by this configuration: its columns, arms, errors or `where` have changed";
        return Err(Error::unreadable(problem).hint(AGAIN));
    }
    for slice in slices {
        let counted = slice.counted.iter().filter_map(|(_, counted)| match counted {
            Counted::When(condition) => Some(condition),
            _ => None,
        });
        let missing = slice.filter.iter().chain(counted).find(|condition| !buckets.flags.contains(&flag(condition)));
        if let Some(condition) = missing {
            return Err(Error::unreadable(format!("does not say for which requests `{condition}` holds")).hint(AGAIN));
        }
        let groups = slice.by.iter().map(|by| &by.column).chain(&slice.split);
        if let Some(group) = groups.clone().find(|group| !buckets.groups.contains(group)) {
            let hint = format!("{AGAIN} {}", columns(buckets.groups.iter().map(String::as_str)));
            return Err(Error::unreadable(format!("does not tell requests apart by `{group}`")).hint(hint));
        }
    }
    in_steps(buckets, when)?;
    of_one_arm(buckets, log)
}

/// An error where what is judged is not made of whole steps of the answer: nobody knows which part of one belongs to it.
fn in_steps(buckets: &Buckets, when: &When) -> Result<(), Error> {
    if when.step.as_nanos() % buckets.step.as_nanos() != 0 && !when.coarsen {
        let problem = format!("counts steps of {:#}, and steps of {:#} are judged", buckets.step, when.step);
        let hint = "Write whole steps of it as `window: { step: … }`, or print the query with a shorter `--step`.";
        return Err(Error::unreadable(problem).hint(hint));
    }
    match when.windows.iter().find_map(|window| window.end_inside(buckets.step)) {
        None => Ok(()),
        Some(edge) => {
            let problem = format!(
                "counts steps of {:#}, and {edge} is inside one: there the window begins or ends",
                buckets.step
            );
            let hint = "Let the window begin and end with a step: `--from` and `--to`, or `--now` where it ends now.";
            Err(Error::unreadable(problem).hint(hint))
        }
    }
}

/// An error where all of an answer is one arm's, and it counted several.
fn of_one_arm(buckets: &Buckets, log: &Requests) -> Result<(), Error> {
    let arms: BTreeSet<&str> = buckets.rows.iter().map(|row| row.arm.as_str()).collect();
    match &log.arms {
        Arms::All(name) if arms.len() > 1 => {
            let problem = format!("counts the arms {}, and all of it is read as the {name}", listed(arms));
            Err(Error::unreadable(problem).hint("Name the answer once, as the `path` of both arms."))
        }
        _ => Ok(()),
    }
}
