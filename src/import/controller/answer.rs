//! What a controller would do, and what it would have measured.
//!
//! A query that had no answer is not a zero. Each rule says what the controller makes of it.

use std::collections::BTreeMap;

use crate::series::{SignedDuration, Timestamp, Window};

/// What the rules are asked about.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The canary's window.
    pub window: Window,
    /// What the queries of the gate answered, by name; or why one has no answer.
    pub seen: BTreeMap<String, Result<Seen, String>>,
    /// Earlier answers of the same rule, oldest first; nothing if they are not known.
    pub earlier: Option<Vec<Earlier>>,
}

impl Facts {
    /// What a query answered, or why it is not known.
    pub(super) fn answered(&self, query: Option<&String>) -> Result<&Seen, String> {
        match query.and_then(|query| self.seen.get(query)) {
            Some(seen) => seen.as_ref().map_err(String::clone),
            None => Err(UNASKED.to_owned()),
        }
    }

    /// What it answered step by step.
    pub(super) fn steps(&self, query: Option<&String>) -> Result<&Steps, String> {
        match self.answered(query)? {
            Seen::Steps(steps) => Ok(steps),
            Seen::Requests(_) | Seen::Counts(_) => Err(UNASKED.to_owned()),
        }
    }

    /// The same, with NaN where it is known to have answered so.
    pub(super) fn steps_with_nan(&self, query: Option<&String>) -> Result<Steps, String> {
        let mut steps = self.steps(query)?.clone();
        if let Ok(nan) = self.steps(query.map(|query| not_numbers(query)).as_ref()) {
            for (value, nan) in steps.values.iter_mut().zip(&nan.values) {
                *value = value.or_else(|| nan.filter(|count| *count > 0.0).map(|_| f64::NAN));
            }
        }
        Ok(steps)
    }
}

/// The name of the query that counts the answers of another that are NaN.
pub(crate) fn not_numbers(query: &str) -> String {
    format!("{query}.nan")
}

/// What one query answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// One number per step.
    Steps(Steps),
    /// The requests, in the order of time.
    Requests(Vec<Requests>),
    /// The end of each step, how many trials were bad, and how many there were.
    Counts(Vec<(Timestamp, u64, u64)>),
}

/// Requests of one value, or of values between two, as a cell of a histogram has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requests {
    /// By when they had happened.
    pub time: Timestamp,
    /// The least and the largest value that they may have.
    pub values: [f64; 2],
    /// How many there are.
    pub count: u64,
}

/// One number per step; nothing where the query had no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// When the first step begins.
    pub start: Timestamp,
    /// The length of a step.
    pub step: SignedDuration,
    /// The numbers. A query is asked at the end of its step.
    pub values: Vec<Option<f64>>,
}

impl Steps {
    /// When the query of a step was asked.
    pub(super) fn asked(&self, nth: usize) -> Timestamp {
        later(self.start, self.step, nth + 1)
    }

    /// What a query answers at an instant.
    pub(super) fn at(&self, time: Timestamp) -> Option<f64> {
        let steps = time.duration_since(self.start).as_millis() / self.step.as_millis().max(1);
        let nth = usize::try_from(steps).ok()?.checked_sub(1)?;
        self.values.get(nth).copied().flatten()
    }
}

/// An instant some steps after another.
pub(crate) fn later(start: Timestamp, step: SignedDuration, steps: usize) -> Timestamp {
    let span = i32::try_from(steps).ok().and_then(|steps| step.checked_mul(steps));
    span.and_then(|span| start.checked_add(span).ok()).unwrap_or(Timestamp::MAX)
}

/// An earlier answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// What it was.
    pub decision: Decision,
    /// The numbers that it looked at, by name.
    pub values: BTreeMap<String, f64>,
}

/// What a controller would decide, in davy's words; the worse the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// It goes on.
    Pass,
    /// It goes on with a warning.
    Warn,
    /// It is not over, or davy cannot know.
    Open,
    /// It stops.
    Fail,
}

/// What a controller would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it decides.
    pub decision: Decision,
    /// The same in its own words: "roll back after 5 failed checks at 10:07".
    pub sentence: String,
    /// Its score, if it has one.
    pub score: Option<f64>,
    /// What it says of each metric.
    pub lines: Vec<Line>,
    /// What to know of the answer: what it takes lightly, and what davy does not know.
    pub notes: Vec<String>,
}

/// What a controller says of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The metric's name as it was written.
    pub name: String,
    /// davy's metric with the same data.
    pub metric: Option<String>,
    /// The controller's word.
    pub label: String,
    /// Why.
    pub reason: String,
    /// The one number that it looked at.
    pub value: Option<f64>,
}

/// A time of day, as a person reads it in a sentence.
pub(super) fn clock(time: Timestamp) -> String {
    let form = if time.as_second() % 60 == 0 { "%H:%M" } else { "%H:%M:%S" };
    time.strftime(form).to_string()
}

/// A count with its noun.
pub(super) fn many(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A number, as a person reads it in a sentence.
pub(super) fn shown(number: f64) -> String {
    format!("{}", (number * 1e6).round() / 1e6)
}

/// What stands instead of numbers, for a query that was not asked.
pub(super) const UNASKED: &str = "davy did not ask it";
