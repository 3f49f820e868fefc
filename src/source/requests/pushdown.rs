//! The pass over a log as one query, for logs that lie in a table which nobody copies.
//!
//! ```text
//!  log, slices ──► asked columns ──► SQL of a dialect ──► an engine ──► buckets ──► what a pass would have found
//!  as configured   condition, value  query                counts        file::Buckets
//! ```
//!
//! An engine counts where the data are, and hands back what davy keeps of a log: a row per step, arm, group and cell of the
//! histogram. The cell is HdrHistogram's own index, computed in whole numbers ([`Grid`](crate::series::Grid)), so that the
//! answer equals what davy counts in the same rows, cell by cell. Floats appear once, where a latency becomes whole
//! nanoseconds, by the same two IEEE multiplications that davy makes.
//!
//! Conditions keep their meaning: a missing cell satisfies `!=` and nothing else, a number is compared as a number, a text byte
//! by byte without the white space around it. What a dialect cannot say in that way is [`Refused`].
//!
//! The names of the answer's columns say how it was counted. So the answer explains itself, whichever format carries it:
//!
//! | column       | content                                                                                    |
//! |--------------|--------------------------------------------------------------------------------------------|
//! | `step_300s`  | when a step of 300 seconds began, in seconds since 1970; null for rows that cannot be read   |
//! | `arm`        | whose requests they are; null if no condition says so                                      |
//! | `by_route`   | the value of the column `route`                                                            |
//! | `if_1f0c…`   | 1 if a condition of a metric holds, else 0; the digits are of the condition ([`flag`])     |
//! | `bucket_2`   | the cell of the latency on the grid of 2 digits, in nanoseconds; null if nobody measured it |
//! | `requests`   | how many                                                                                   |
//! | `errors`     | how many of them are errors                                                                |
//! | `unread`     | rows that have no time, arm or status that can be read                                     |
//! | `total_9a3…` | requests and unread rows of the whole answer, in every row; the digits are of the log ([`log_mark`]) |

mod condition;
mod dialect;
mod query;
mod value;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

pub use dialect::Dialect;
pub use query::query;

use super::{Condition, Requests, TimeUnit};
use crate::series::{SignedDuration, Timestamp};

/// Where the log lies and how it is counted there.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The table's name, its parts separated by points: `logs.requests`.
    pub name: String,
    /// Which SQL the engine speaks.
    pub dialect: Dialect,
    /// What the column with the time holds.
    pub time: TimeType,
    /// The columns that hold text although they are compared with numbers.
    pub texts: BTreeSet<String>,
    /// How long a step is, in whole seconds. Steps begin at multiples of it since 1970.
    pub step: SignedDuration,
    /// HdrHistogram's significant digits: 1, 2 or 3.
    pub digits: u8,
    /// Rows before this instant do not count.
    pub from: Option<Edge>,
    /// Rows from this instant on do not count.
    pub to: Option<Edge>,
}

/// An end of the time that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// An instant.
    At(Timestamp),
    /// One that davy fills in when it sends the query: `from` or `to`.
    Named(&'static str),
}

/// What a column with times holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeType {
    /// An instant: `TIMESTAMP WITH TIME ZONE`, ClickHouse's `DateTime`, Spark's `TIMESTAMP`, BigQuery's `TIMESTAMP`.
    Instant,
    /// A date and a time of the day without a zone, which is UTC: `TIMESTAMP`, `TIMESTAMP_NTZ`, BigQuery's `DATETIME`.
    Utc,
    /// A number of units since 1970.
    Epoch(TimeUnit),
}

/// Why a query cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The text in the configuration that it is about, if there is one.
    pub about: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl Refused {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Refused {
        Refused { about: None, problem: problem.into(), hint: hint.into() }
    }

    fn about(self, text: &str) -> Refused {
        Refused { about: Some(text.to_owned()), ..self }
    }
}

/// The column that says whether a condition holds.
pub fn flag(condition: &Condition) -> String {
    format!("if_{}", digest(&condition.to_string()))
}

/// The digits of what decides how a log is counted: its columns, arms and condition. An answer to another question has others.
pub fn log_mark(log: &Requests) -> String {
    digest(&format!("{:?} {:?} {:?}", log.columns, log.arms, log.filter))
}

/// Twelve hexadecimal digits, which stand in a name of any dialect.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
