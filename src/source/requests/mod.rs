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
//! Latencies are counted in whole nanoseconds on HdrHistogram's cells of three significant digits ([`Grid::THREE_DIGITS`](crate::series::Grid::THREE_DIGITS)):
//! a quantile is within 0.1 % of the exact one from 2 microseconds up to [`LONGEST`]; what took longer is counted at the end,
//! where only "at least so slow" is known.

mod account;
mod asked;
pub mod buckets;
mod clock;
mod colours;
mod columnar;
pub mod condition;
mod counted;
mod crew;
mod document;
mod feed;
pub mod formats;
pub mod hlog;
mod in_table;
mod inputs;
pub mod layout;
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
pub mod preview;
mod program;
pub mod pushdown;
pub mod recipe;
mod row;
pub mod sketch;
mod split;
mod store;
pub mod survey;
mod tabled;
mod taken;
mod unit;
mod unrolled;
mod worker;

pub use asked::{
    Arms, Asked, BETWEEN, By, Columns, Counted, Format, Latency, MAX_BAD, NO_ARM, REST, Requests, Slice, Split, Valued,
    When,
};
pub(in crate::source) use clock::Clock;
pub use condition::Condition;
pub(in crate::source) use inputs::{Input, all as all_inputs};
pub use inputs::{files, share_a_file};
pub use layout::Layout;
pub use pass::read;
pub use row::Value;
pub(in crate::source) use row::plain;
pub(in crate::source) use split::{Split as Splits, json::Json};
pub use tabled::{DIGITS, Engine, Tabled};
pub use taken::{Account, Aggregate, Aggregates, BadRows, Cell, GRID, LONGEST, OfArm, SCALE, Taken};
pub use unit::TimeUnit;
