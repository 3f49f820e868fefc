//! The outside world as series: one file per backend or kind of file, and nothing else in davy waits on it.
//!
//! A [`Query`] is a complete, resolved question about one metric in one arm. Building one does no IO, so a
//! configuration is checked offline by construction; [`fetch`](crate::ingest::ingest) is where it is asked.

pub mod aws;
pub(crate) mod error;
pub mod file;
mod growing;
mod open;
pub mod requests;
pub mod survey;

use std::path::PathBuf;

pub use error::{About, Error, Kind, Place};

use crate::series::{Arm, MetricName, SignedDuration, Timestamp};

/// One question to one source: the points of one metric in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The metric the answer belongs to.
    pub metric: MetricName,
    /// The arm it belongs to.
    pub arm: Arm,
    /// Where to ask.
    pub source: Source,
    /// What to ask for.
    pub ask: Ask,
    /// Each of a column's values by itself.
    pub by: Option<requests::By>,
    /// How far its points are apart, where that is written.
    pub step: Option<SignedDuration>,
    /// Whether anything compares the arms of this metric. If not, one arm's rows may be all there are.
    pub compared: bool,
    /// Whether there is no verdict without it. If not, what cannot be reached is a metric without points.
    pub required: bool,
}

impl Query {
    /// The same question; to a recording, which holds what each step counted whatever it was counted by.
    pub(crate) fn or_recorded(self, is_recorded: bool) -> Query {
        let ask = if is_recorded { self.ask.per_step() } else { self.ask };
        Query { ask, ..self }
    }
}

/// Where points come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file with rows or a saved answer of a monitoring API.
    File(File),
    /// A log with one row per request.
    Requests(Box<requests::Asked>),
    /// CloudWatch metrics.
    CloudWatch(aws::CloudWatch),
    /// CloudWatch alarms.
    Alarms(aws::Alarms),
    /// CloudWatch Logs Insights.
    Insights(aws::Insights),
    /// CloudWatch log events.
    LogEvents(aws::LogEvents),
    /// What could not be reached when it was recorded, and why.
    Lost(String),
}

impl Source {
    /// Whether a service is asked, about a window.
    pub fn is_service(&self) -> bool {
        !matches!(self, Source::File(_) | Source::Requests(_) | Source::Lost(_))
    }

    /// The files that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Source::File(file) => vec![file.path.clone()],
            Source::Requests(asked) => requests::files(&asked.log.inputs),
            _ => Vec::new(),
        }
    }

    /// What tells the rows of the arms apart, where one answer has both.
    pub fn arm(&self) -> Option<&ArmColumn> {
        match self {
            Source::File(file) => file.arm.as_ref(),
            Source::Insights(asked) => asked.arm.as_ref(),
            _ => None,
        }
    }

    /// What is asked there, in full: `: AWS/Lambda Errors Sum {FunctionName: checkout}`; nothing of a file.
    pub fn asked(&self) -> String {
        match self {
            Source::CloudWatch(asked) => {
                let columns: Vec<String> = asked.columns.iter().map(|column| column.measure.in_full()).collect();
                format!(": {}", columns.join("; "))
            }
            Source::Alarms(asked) => {
                let prefix = asked.prefix.iter().map(|prefix| format!("{prefix}*"));
                format!(": {}", asked.names.iter().cloned().chain(prefix).collect::<Vec<_>>().join(", "))
            }
            Source::Insights(asked) => format!(": {}", asked.query),
            Source::LogEvents(asked) => {
                let patterns: Vec<String> = asked.columns.iter().map(|(_, pattern)| format!("{pattern:?}")).collect();
                format!(": {}", patterns.join(", "))
            }
            Source::File(_) | Source::Requests(_) | Source::Lost(_) => String::new(),
        }
    }

    /// Where points come from, in words.
    pub fn shown(&self) -> String {
        match self {
            Source::File(file) => crate::plain::line(&file.shown),
            Source::Requests(asked) => crate::plain::line(&asked.log.shown),
            Source::CloudWatch(asked) => asked.access.shown("CloudWatch"),
            Source::Alarms(asked) => asked.access.shown("CloudWatch alarms"),
            Source::Insights(asked) => format!("{} ({})", asked.access.shown("Logs Insights"), asked.groups.join(", ")),
            Source::LogEvents(asked) => format!("{} ({})", asked.access.shown("log events"), asked.groups.join(", ")),
            Source::Lost(_) => "(not reached when it was recorded)".to_owned(),
        }
    }
}

/// What asking the outside world needs from the program around it.
pub struct Outside<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Whether an interrupt (Ctrl-C, SIGTERM) ends the asking: what was begun elsewhere is stopped, and the error is
    /// [`Kind::Interrupted`].
    pub interruptible: bool,
    /// Whether files may be being written just now: then a last line without an end is not taken.
    pub growing: bool,
    /// Hears how it goes.
    pub told: &'a (dyn Fn(Told) + Sync),
}

impl Outside<'_> {
    /// Nobody listens and nobody interrupts.
    pub fn quiet(now: Timestamp) -> Outside<'static> {
        Outside { now, interruptible: false, growing: false, told: &|_| {} }
    }
}

/// How asking goes, while it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something went wrong and is tried again.
    Again(String),
    /// What a person should look at.
    Doubt(String),
    /// What it took: calls, bytes.
    Cost(String),
    /// How far it is.
    Progress {
        /// What is being done.
        what: &'static str,
        /// How much of it is.
        done: u64,
        /// Of how much, where that is known.
        of: Option<u64>,
    },
    /// How far the reading of files is.
    Reading {
        /// Rows so far.
        rows: u64,
        /// Bytes so far, as they lie on the disk.
        bytes: u64,
        /// Of how many, where that is known.
        of: Option<u64>,
    },
}

/// A file and how to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Where it is; relative paths are already resolved against the configuration's folder.
    pub path: PathBuf,
    /// The path as the user wrote it, for messages.
    pub shown: String,
    /// What it contains.
    pub format: Format,
    /// The column with the time; recognised by name when not given.
    pub time: Option<String>,
    /// The time zone of timestamps without an offset (IANA name); UTC when not given.
    pub zone: Option<String>,
    /// The column that tells the arms apart and the value that means this query's arm. Without it, a column
    /// named `arm` is used when there is one, else all rows belong to the arm.
    pub arm: Option<ArmColumn>,
    /// For long (tidy) files: the columns with the metric's name and its value.
    pub long: Option<Long>,
}

impl File {
    /// A file of a recording.
    pub fn of_recording(path: &std::path::Path) -> File {
        let (path, shown) = (path.to_owned(), path.display().to_string());
        File { path, shown, format: Format::Csv, time: None, zone: None, arm: None, long: None }
    }
}

/// Which rows belong to the arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmColumn {
    /// The column's name.
    pub column: String,
    /// The value that marks this query's arm.
    pub value: String,
    /// The value that marks the other arm, where it is known.
    pub other: Option<String>,
}

/// The columns of a long file: one row per time and name.
#[derive(Debug, Clone, PartialEq)]
pub struct Long {
    /// The column that names what the row measures.
    pub name: String,
    /// The column with the measured value.
    pub value: String,
}

/// What a file contains. Compression (gzip, zstd) is recognised by its first bytes, whatever the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// By the name's extension, then by content.
    Auto,
    /// Comma (or semicolon) separated.
    Csv,
    /// Tab separated.
    Tsv,
    /// One JSON document: an array of objects, an object of arrays, or what the AWS command line prints.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// What is asked of a source, by the shape of the answer. Names are columns (or ids, labels, fields).
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Trials and how many were bad. Two of the three are given; the third follows.
    Counts {
        /// All trials.
        total: Option<String>,
        /// The bad ones.
        bad: Option<String>,
        /// The good ones.
        good: Option<String>,
        /// What an empty cell of `bad` or `good` means where `total` (or the other) has a value.
        missing: Missing,
        /// The column that names the instance (host, pod, region) a row is of; there is one row for each then.
        instance: Option<String>,
        /// Whether the cells are totals since some start, where that is declared.
        counter: Option<bool>,
    },
    /// Occurrences.
    Events {
        /// Occurrences per step.
        count: String,
        /// What they are per.
        exposure: Option<String>,
        /// What an empty cell means.
        missing: Missing,
        /// Whether the cells are totals since some start, where that is declared.
        counter: Option<bool>,
    },
    /// One value per row.
    Values {
        /// The value.
        value: String,
        /// Factor into the metric's unit (1000 for seconds into milliseconds).
        factor: f64,
        /// The least number that can be right.
        least: Least,
    },
    /// Histograms of the values of many requests, as [`encoded`](crate::encoded) text.
    Histograms {
        /// The histograms.
        column: String,
        /// What one unit of them is in the metric's.
        factor: f64,
    },
    /// One number per step.
    Gauge {
        /// The number.
        value: String,
        /// Factor into the metric's unit.
        factor: f64,
        /// Requests behind each number.
        requests: Option<String>,
        /// The least number that can be right.
        least: Least,
        /// Whether the requests are totals since some start, where that is declared.
        counter: Option<bool>,
    },
}

/// The least number that can be right, as far as it is known what the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Any number: degrees, a difference.
    Any,
    /// None below zero: sizes, and single requests, which may take less time than a clock tells.
    Zero,
    /// None below zero, and zero only of what was rounded: times of many requests.
    AboveZero,
}

/// What an empty cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing was measured: the point is absent.
    Gap,
    /// A counter that does not report zeros: zero.
    Zero,
}
