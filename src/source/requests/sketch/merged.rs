//! The rows of sketches, what makes them sound, and how many sketches become one.

use std::borrow::Cow;
use std::collections::BTreeSet;

#[cfg(test)]
use super::{read, write};
use crate::series::{Bins, SignedDuration, Timestamp};
use crate::source::error::{Error, listed};
use crate::source::requests::TimeUnit;

/// The version that is written, and the latest that is read.
pub const VERSION: u32 = 1;

/// The columns that a sketch has for itself.
pub const RESERVED: [&str; 5] = ["time", "arm", "requests", "errors", "histogram"];

/// What was counted, per arm, step and group.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    /// How long a step is, in whole milliseconds.
    pub step: SignedDuration,
    /// The columns by which requests are told apart.
    pub columns: Vec<String>,
    /// What the histograms count.
    pub unit: TimeUnit,
    /// One per step, arm and group.
    pub rows: Vec<Row>,
}

/// One step of one arm and group.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When the step began.
    pub time: Timestamp,
    /// Whose requests they are.
    pub arm: String,
    /// The values of [`Sketch::columns`], in their order.
    pub groups: Vec<String>,
    /// How many requests there were.
    pub requests: u64,
    /// How many of them were errors, where that is known.
    pub errors: Option<u64>,
    /// How long they took, where that was measured.
    pub bins: Option<Bins>,
}

impl Row {
    fn key(&self) -> (Timestamp, &str, &[String]) {
        (self.time, &self.arm, &self.groups)
    }
}

/// Adds sketches up: in any order and in any parts, the sum is the same.
///
/// # Errors
///
/// They tell requests apart by different columns, count different units, or have steps of which one is not made of whole
/// steps of the other.
pub fn merge(mut sketches: Vec<Sketch>) -> Result<Sketch, Error> {
    sketches.iter().try_for_each(sound)?;
    let Some(first) = sketches.first() else { return Err(Error::unreadable("there is no sketch to merge")) };
    let (columns, unit) = (first.columns.clone(), first.unit);
    for other in &sketches {
        if other.columns != columns {
            let [one, two] = [&columns, &other.columns].map(|names| match names.len() {
                0 => "no columns".to_owned(),
                _ => listed(names.iter().map(String::as_str)),
            });
            let problem = format!("one sketch tells requests apart by {one}, another by {two}");
            return Err(Error::unreadable(problem).hint("Sketch both inputs by the same columns, in the same order."));
        }
        if other.unit != unit {
            let problem = format!("one sketch counts {}, another {}", unit.name(), other.unit.name());
            return Err(Error::unreadable(problem).hint("Sketch both inputs with the same unit."));
        }
    }
    let step = sketches.iter().map(|sketch| sketch.step).max().unwrap_or_default();
    let phase = phase(&sketches, step)?;
    let mut rows: Vec<Row> = Vec::with_capacity(sketches.iter().map(|sketch| sketch.rows.len()).sum());
    for sketch in &mut sketches {
        rows.append(&mut sketch.rows);
    }
    for row in &mut rows {
        let since = (row.time.as_millisecond() - phase).rem_euclid(step.as_millis() as i64);
        row.time = row.time.checked_sub(SignedDuration::from_millis(since)).map_err(|_| before_all_time(row.time))?;
    }
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
    let rows = rows.chunk_by(|a, b| a.key() == b.key()).filter_map(sum).map(Cow::into_owned).collect();
    Ok(Sketch { step, columns, unit, rows })
}

/// The fewest significant digits of histograms, where they are of different grids: on the coarsest they are added up.
pub fn fewest_digits<'a>(bins: impl Iterator<Item = &'a Bins>) -> Option<u8> {
    let digits: BTreeSet<u8> = bins.map(|bins| bins.grid().digits()).collect();
    digits.first().copied().filter(|_| digits.len() > 1)
}

/// Where the steps of all begin, in milliseconds after whole multiples of the longest step.
fn phase(sketches: &[Sketch], step: SignedDuration) -> Result<i64, Error> {
    let whole = step.as_millis() as i64;
    let mut phase = None;
    let mut longest_first: Vec<&Sketch> = sketches.iter().collect();
    longest_first.sort_by_key(|sketch| std::cmp::Reverse(sketch.step));
    for sketch in longest_first {
        let part = sketch.step.as_millis() as i64;
        if whole % part != 0 {
            let problem =
                format!("one sketch has steps of {:#}, another of {step:#}, which is not a multiple", sketch.step);
            return Err(Error::unreadable(problem).hint("Sketch both inputs with the same `step`."));
        }
        let Some(row) = sketch.rows.first() else { continue };
        let begins = row.time.as_millisecond().rem_euclid(whole);
        let of_all = *phase.get_or_insert(if part == whole { begins } else { begins.rem_euclid(part) });
        if (begins - of_all) % part != 0 {
            let problem = format!("steps of {:#} begin at different instants in different sketches", sketch.step);
            let hint =
                "Sketch both inputs again: steps begin at multiples of the step since 1970, unless told otherwise.";
            return Err(Error::unreadable(problem).value(&row.time.to_string()).hint(hint));
        }
    }
    Ok(phase.unwrap_or(0))
}

/// What the contract of a sketch asks of its parts.
pub(super) fn sound(sketch: &Sketch) -> Result<(), Error> {
    let step = sketch.step.as_millis();
    if step < 1 || SignedDuration::from_millis(step as i64) != sketch.step {
        return Err(
            Error::unreadable(format!("a sketch has steps of {:#}", sketch.step)).expected("whole milliseconds")
        );
    }
    for (at, name) in sketch.columns.iter().enumerate() {
        if RESERVED.contains(&name.as_str()) || sketch.columns[..at].contains(name) {
            let problem = "cannot be a column of groups in a sketch, which has one of that name";
            return Err(Error::unreadable(problem).value(name).hint("Rename the column in the input."));
        }
    }
    let mut begins = None;
    for row in &sketch.rows {
        if row.groups.len() != sketch.columns.len() {
            let problem = format!("a row of a sketch has {} groups of {}", row.groups.len(), sketch.columns.len());
            return Err(Error::unreadable(problem));
        }
        let millis = row.time.as_millisecond();
        let begin = millis.rem_euclid(step as i64);
        let exact = Timestamp::from_millisecond(millis).is_ok_and(|time| time == row.time);
        if !exact || *begins.get_or_insert(begin) != begin {
            let problem = format!("is not where a step of {:#} begins", sketch.step);
            return Err(Error::unreadable(problem).value(&row.time.to_string()));
        }
    }
    Ok(())
}

fn before_all_time(time: Timestamp) -> Error {
    Error::unreadable("is in a step that begins before all time").value(&time.to_string())
}

/// Rows of one key as one. What some of them do not know of errors is not known of all; what was not measured adds nothing.
fn sum(rows: &[Row]) -> Option<Cow<'_, Row>> {
    let (first, others) = rows.split_first()?;
    let idle = |bins: &Bins| bins.end().is_some() && !bins.is_ended();
    if others.is_empty() && !first.bins.as_ref().is_some_and(idle) {
        return Some(Cow::Borrowed(first));
    }
    let bins: Vec<Bins> = rows.iter().filter_map(|row| row.bins.clone()).map(Bins::without_idle_end).collect();
    let errors = rows.iter().map(|row| row.errors).reduce(|a, b| Some(a?.saturating_add(b?))).flatten();
    Some(Cow::Owned(Row {
        requests: rows.iter().fold(0, |sum, row| sum.saturating_add(row.requests)),
        errors,
        bins: Bins::sum(&bins),
        ..first.clone()
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "tests.rs"]
mod tests;
