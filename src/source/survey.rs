//! What a file seems to hold, found by looking: for starting a configuration, never for judging.

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
    /// For a long file: the columns, and the names found.
    pub long: Option<(Long, Vec<String>)>,
    /// How many rows there are.
    pub rows: usize,
    /// The spacing of the points, where it is regular: most points of an arm are one step apart.
    pub step: Option<SignedDuration>,
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
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Whole numbers, none negative.
    Whole,
    /// Numbers.
    Real,
    /// Anything else.
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
