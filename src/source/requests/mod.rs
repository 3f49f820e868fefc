//! Raw requests: logs with one row per request become counts and latency histograms per arm and step, in one pass.
//!
//! ```text
//!  inputs ──► feed ──► rows ──► worker ──► tallies ──► Taken ──► series
//!  files,     whole    fields   time, arm,  packed,               per metric,
//!  folders,   lines,   of one   latency,    one per arm,          arm and group
//!  `-`        chunks   row      error       group and step
//! ```
//!
//! A source of requests is described ([`Requests`]) by what is in its rows; formats that people have bring that along
//! ([`recipe`]). What is asked of one pass is a list of [`Slice`]s: which rows, by which column they are grouped, what is
//! counted and what is measured. All slices over the same inputs are answered by one pass, in memory that depends on the
//! number of arms, groups and steps and not on the number of rows.
//!
//! Latencies are counted in whole nanoseconds on HdrHistogram's cells of three significant digits ([`Grid::THREE_DIGITS`]):
//! a quantile is within 0.1 % of the exact one from 2 microseconds up to [`LONGEST`]; what took longer is counted at the end,
//! where only "at least so slow" is known.

mod clock;
mod columnar;
pub mod condition;
mod counted;
mod feed;
pub mod hlog;
mod inputs;
mod lines;
mod number;
mod outcome;
#[cfg(feature = "frames")]
pub mod parquet;
#[cfg(not(feature = "frames"))]
#[path = "parquet_disabled.rs"]
pub mod parquet;
mod pass;
pub mod percentiles;
mod program;
pub mod recipe;
pub mod sketch;
mod split;
mod store;
pub mod survey;
mod unrolled;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use condition::Condition;
pub use inputs::files;
pub use pass::read;

use crate::series::{Bins, Grid, SignedDuration, Timestamp, Window};

/// Whether two logs have a file in common.
pub fn share_a_file(one: &Requests, other: &Requests) -> bool {
    inputs::common(&one.inputs, &other.inputs)
}

/// The longest latency that has a cell of its own: one day, in nanoseconds.
pub const LONGEST: u64 = 86_400_000_000_000;
/// How finely latencies are told apart.
pub const GRID: Grid = Grid::THREE_DIGITS;
/// What one unit of the histograms is in milliseconds.
pub const SCALE: f64 = 1e-6;
/// The share of rows that may be unreadable, where nothing else is said.
pub const MAX_BAD: f64 = 0.001;

/// Where requests are and what their rows say.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests {
    /// Files, folders, patterns (`logs/*.gz`), or `-` for standard input. Relative paths are already resolved.
    pub inputs: Vec<PathBuf>,
    /// The inputs as the user wrote them, for messages.
    pub shown: String,
    /// How a row is written.
    pub format: Format,
    /// Which columns mean what, where the format or usual names do not say it.
    pub columns: Columns,
    /// Whose request a row is.
    pub arms: Arms,
    /// Which rows are requests at all.
    pub filter: Option<Condition>,
    /// The share of rows that may be unreadable.
    pub max_bad: f64,
}

/// Which columns mean what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// When the request happened.
    pub time: Option<String>,
    /// The time zone of timestamps without an offset (IANA name); UTC when not given.
    pub zone: Option<String>,
    /// The status: errors are those of 500 and more, where no `error` says otherwise.
    pub status: Option<String>,
    /// Which requests are errors.
    pub error: Option<Condition>,
    /// How long it took.
    pub latency: Option<Latency>,
}

/// A column with latencies.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    /// The column's name.
    pub column: String,
    /// What its numbers are in. When not given, the name has to say it (`latency_ms`).
    pub unit: Option<TimeUnit>,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// ns
    Nanoseconds,
    /// us
    Microseconds,
    /// ms
    Milliseconds,
    /// s
    Seconds,
}

impl TimeUnit {
    /// How many nanoseconds one is, as a power of ten.
    pub fn power(self) -> u32 {
        match self {
            TimeUnit::Nanoseconds => 0,
            TimeUnit::Microseconds => 3,
            TimeUnit::Milliseconds => 6,
            TimeUnit::Seconds => 9,
        }
    }

    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Nanoseconds => "ns",
            TimeUnit::Microseconds => "us",
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Seconds => "s",
        }
    }

    /// What one is in milliseconds.
    pub fn in_milliseconds(self) -> f64 {
        match self {
            TimeUnit::Nanoseconds => 1e-6,
            TimeUnit::Microseconds => 1e-3,
            TimeUnit::Milliseconds => 1.0,
            TimeUnit::Seconds => 1e3,
        }
    }

    /// The unit that a word means.
    pub fn named(word: &str) -> Option<TimeUnit> {
        match word {
            "ns" | "nanos" | "nanoseconds" => Some(TimeUnit::Nanoseconds),
            "us" | "µs" | "micros" | "microseconds" => Some(TimeUnit::Microseconds),
            "ms" | "millis" | "milliseconds" | "msec" => Some(TimeUnit::Milliseconds),
            "s" | "sec" | "secs" | "seconds" => Some(TimeUnit::Seconds),
            _ => None,
        }
    }
}

/// Whose request a row is.
#[derive(Debug, Clone, PartialEq)]
pub enum Arms {
    /// All rows are of one arm.
    All(String),
    /// The arm is what this column says. Where no name is given: a column `arm`, or where there is none, all rows are of
    /// the arm [`NO_ARM`].
    Column(Option<String>),
    /// The first condition that holds says the arm. A row for which none does is of no arm.
    When(Vec<(String, Condition)>),
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// By the name's extension, then by content.
    Auto,
    /// Comma, semicolon or tab separated, with a header line.
    Csv,
    /// Tab separated, with a header line.
    Tsv,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// Access logs of an AWS application load balancer.
    Alb,
    /// CloudFront standard logs, and others in the W3C extended format (`#Fields:`).
    W3c,
    /// nginx and Apache access logs in the combined format, with the time a request took at the end.
    Combined,
    /// JMeter's results (JTL), as CSV or XML.
    Jtl,
    /// k6, `--out json` or `--out csv`.
    K6,
    /// Gatling's `simulation.log`, where it is text.
    Gatling,
    /// HdrHistogram's interval logs, V0 to V2.
    Hlog,
    /// HdrHistogram's percentile listings, as wrk2 prints them.
    Percentiles,
    /// What `davy sketch` wrote.
    Sketch,
}

/// What one metric asks of a log, about one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The log.
    pub log: Requests,
    /// What of it.
    pub slice: Slice,
    /// What [`Requests::arms`] calls the arm. Where the arms are told apart by a column that does not exist, all rows are of
    /// the arm without a name, [`NO_ARM`], which is then the one that is meant.
    pub arm: String,
}

/// The arm of all rows, where they have no column that tells the arms apart.
pub const NO_ARM: &str = "";

/// What is asked of one pass, about some of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Only these rows.
    pub filter: Option<Condition>,
    /// Each of this column's values by itself.
    pub by: Option<By>,
    /// What is counted, by the names that an [`Ask`](super::Ask) has for it.
    pub counted: Vec<(String, Counted)>,
    /// What is measured, if anything.
    pub valued: Option<Valued>,
}

/// Groups of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The column whose values tell the groups apart.
    pub column: String,
    /// How many groups there are at most: the busiest; the requests of all others are one more, [`REST`].
    pub most: usize,
}

/// The group of all that are in no group of their own.
pub const REST: &str = "(the rest)";

/// Which rows are counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// All.
    Requests,
    /// Those that are errors.
    Errors,
    /// Those that are errors, and none where the log does not know ([`Account::errors`]).
    ErrorsIfKnown,
    /// Those without what the slice measures.
    Unmeasured,
    /// Those for which it holds.
    When(Condition),
}

/// What is measured of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Valued {
    /// How long it took, in nanoseconds.
    Latency,
    /// The same, where the log knows it.
    LatencyIfKnown,
    /// The number in a column, in thousandths.
    Column(String),
}

/// When: what lies outside of all windows does not count, and steps begin at `origin`.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// The windows that count; all time, where there is none.
    pub windows: Vec<Window>,
    /// A beginning of a step.
    pub origin: Timestamp,
    /// How long one is.
    pub step: SignedDuration,
    /// Whether steps are put together where a series has many, so that memory stays small: ten of them if it reaches over 600,
    /// fifty over 36,000, a hundred over 144,000.
    pub coarsen: bool,
}

/// What one pass found.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// For each slice, by arm and group (empty without [`By`]), the steps by their beginnings.
    pub slices: Vec<BTreeMap<(String, String), BTreeMap<Timestamp, Cell>>>,
    /// What happened to the rows.
    pub account: Account,
}

/// One step of one arm and group.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// In the order of [`Slice::counted`].
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

/// A cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing there.
    Missing,
    /// Text as it stands in the input.
    Text(&'a [u8]),
    /// Text that had to be unescaped.
    Unescaped(Box<[u8]>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// An instant, in nanoseconds since 1970.
    Instant(i64),
    /// Yes or no.
    Bool(bool),
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
}
