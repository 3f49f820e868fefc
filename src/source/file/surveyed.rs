//! What was found in a file of measurements.

use super::asked::Long;
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
    /// Whether the columns are the results of benchmarks.
    pub benchmarks: bool,
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
