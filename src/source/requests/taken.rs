//! What one pass found: counts and histograms per step, and what became of the rows.

use std::collections::BTreeMap;

use crate::series::{Bins, Grid, Timestamp};

/// The longest latency that has a cell of its own: one day, in nanoseconds.
pub const LONGEST: u64 = 86_400_000_000_000;

/// How finely latencies are told apart.
pub const GRID: Grid = Grid::THREE_DIGITS;

/// What one unit of the histograms is in milliseconds.
pub const SCALE: f64 = 1e-6;

/// What one pass found.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// For each slice, by arm and group (empty without [`By`](super::By)), the steps by their beginnings.
    pub slices: Vec<BTreeMap<(String, String), BTreeMap<Timestamp, Cell>>>,
    /// What happened to the rows.
    pub account: Account,
}

/// One step of one arm and group.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// In the order of [`Slice::counted`](super::Slice::counted).
    pub counts: Vec<u64>,
    /// What was measured, where anything was.
    pub bins: Option<Bins>,
}

/// What happened to the rows of one pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// Files that were read.
    pub files: usize,
    /// Rows that were read, whatever became of them.
    pub rows: u64,
    /// Bytes as they lie on the disk.
    pub bytes: u64,
    /// Rows that lie outside of all windows.
    pub outside: u64,
    /// Rows that the source's filter, or the format's own, leaves out.
    pub filtered: u64,
    /// Rows of no arm.
    pub armless: u64,
    /// Values larger than [`LONGEST`].
    pub beyond: u64,
    /// Rows that could not be read, by reason.
    pub bad: BTreeMap<&'static str, BadRows>,
    /// Rows that count and lack a latency, by reason.
    pub unmeasured: BTreeMap<&'static str, BadRows>,
    /// What became of the rows of each arm; those of nobody known are under an empty name.
    pub arms: BTreeMap<String, OfArm>,
    /// Lines before the first row of an input, such as a banner.
    pub ahead: u64,
    /// Inputs that have lines and not one request.
    pub rowless: Vec<String>,
    /// Whether it is known which rows are errors.
    pub errors: bool,
    /// How times are written, in words.
    pub clock: String,
    /// Where the lines of an access log have the latency, in words.
    pub place: Option<String>,
    /// A number for how the first input begins, where that is long enough to tell it from others.
    pub beginning: Option<u64>,
    /// What a unit of the histograms is in milliseconds (or in the column's own unit).
    pub scale: f64,
}

/// What became of the rows of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfArm {
    /// Rows that count.
    pub counted: u64,
    /// Rows that could not be read, whole or in part.
    pub bad: u64,
}

/// Rows that could not be read for one reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BadRows {
    /// How many.
    pub count: u64,
    /// The first of them: `access.log, line 17: "abc"`.
    pub examples: Vec<String>,
}

/// Requests that somebody counted already: one row of a sketch, one interval of a histogram log.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// When they were, or when the interval began; a percentile listing does not say.
    pub time: Option<Timestamp>,
    /// What is known of all of them: arm, tag, route.
    pub fields: Vec<(String, String)>,
    /// How many there were.
    pub requests: u64,
    /// How many of them were errors, where that is known.
    pub errors: Option<u64>,
    /// How long they took, where that was measured.
    pub bins: Option<Bins>,
}

/// All aggregates of one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregates {
    /// As they stand in the input.
    pub rows: Vec<Aggregate>,
    /// What a unit of the histograms is in milliseconds.
    pub scale: f64,
    /// A sentence, if something about them seems wrong or is not known well.
    pub doubt: Option<String>,
    /// Rows that whoever counted could not read, by their arm.
    pub unread: BTreeMap<String, u64>,
}
