//! What keeps columns from being a series.

use std::fmt;

/// Why columns are not a series, or two series not a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// A column has another length than the times.
    Length {
        /// What the column holds: "bad".
        column: &'static str,
        /// How long it is.
        len: usize,
        /// How many times there are.
        times: usize,
    },
    /// A time is earlier than the one before it.
    Unsorted(
        /// Its index.
        usize,
    ),
    /// More trials are bad than there are.
    MoreBad(
        /// The index of the step.
        usize,
    ),
    /// A number is infinite or none at all, or an exposure is negative.
    NotANumber(
        /// Its index.
        usize,
    ),
    /// The arms of a metric have other shapes, such as counts and a gauge.
    Shapes(
        /// The metric.
        String,
    ),
    /// A step has no length, or the windows end beyond the calendar.
    NoTime,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Length { column, len, times } => {
                write!(f, "`{column}` has {len} numbers for {times} times: give each time one number")
            }
            Flaw::Unsorted(at) => write!(f, "time {at} is earlier than the one before it: sort the points by time"),
            Flaw::MoreBad(at) => write!(f, "step {at} has more bad ones than trials: `bad` is a part of `total`"),
            Flaw::NotANumber(at) => write!(f, "number {at} is not finite or not possible: leave such a point out"),
            Flaw::Shapes(metric) => write!(f, "the arms of `{metric}` have other shapes: measure both alike"),
            Flaw::NoTime => write!(f, "the steps have no length or end beyond the calendar: give each a length"),
        }
    }
}

impl std::error::Error for Flaw {}
